"""The figure of a report: two drawings of the same data, the words around them and the text instead of them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from bizops.charts.labels import clean, fit
from bizops.errors import InputError
from bizops.findings import Displayable, anchor
from bizops.findings.wire import checked_id
from bizops.language import say

ALT_LIMIT = 280
ALT_LEAST = 40


@dataclass(frozen=True)
class Figure(Displayable):
    """A chart as inline SVG for two widths (720 and 340 CSS pixels), of which the page shows one.

    ``title`` is the finding, ``subtitle`` says measure, unit, scope and period, ``alt`` is at most 280 characters with
    a number in it, ``table`` is the id of the table with the same data, ``note`` says source, as-of and n,
    ``annotations`` are the events that the numbered marks of the chart stand for, from 1.
    """

    id: str
    title: str
    subtitle: str
    alt: str
    svg_wide: str
    svg_narrow: str
    table: str = ""
    note: str = ""
    annotations: tuple[str, ...] = ()

    kind: ClassVar[str] = "figure"

    def __post_init__(self) -> None:
        checked_id(self.id, "figure")
        if len(self.alt) > ALT_LIMIT or _spelled(self.alt) < ALT_LEAST or not any(c.isdigit() for c in self.alt):
            raise InputError(
                f"the alternative text has {len(self.alt)} characters: '{self.alt}'",
                where=f"figure {self.id}",
                fix=f"{ALT_LEAST} to {ALT_LIMIT} characters with a number in them",
            )

    def html(self) -> str:
        """Return the ``<figure>``: title and subtitle above, both drawings, note and link to the data below."""
        subtitle = Markup('<span class="sub">{}</span>').format(self.subtitle) if self.subtitle else Markup("")
        data = Markup("")
        if self.table:
            data = Markup('<a href="#{}">{}</a>').format(anchor("table", self.table), say("Data"))
        foot = Markup(" · ").join(x for x in (Markup("{}").format(self.note) if self.note else Markup(""), data) if x)
        return str(
            Markup(
                '<figure id="{}"><figcaption><strong class="title">{}</strong>{}</figcaption>{}{}{}{}</figure>'
            ).format(
                anchor("figure", self.id),
                self.title,
                Markup("<br>") + subtitle if subtitle else subtitle,
                Markup(self.svg_wide),
                Markup(self.svg_narrow),
                self._events(),
                Markup('<p class="note">{}</p>').format(foot) if foot else Markup(""),
            )
        )

    def _events(self) -> Markup:
        """The list of the numbered marks; the list's own numbers are theirs."""
        name = anchor("figure", self.id)
        items = [Markup('<li id="{}-e{}">{}</li>').format(name, i, x) for i, x in enumerate(self.annotations, 1)]
        return Markup('<ol class="note">{}</ol>').format(Markup("").join(items)) if items else Markup("")

    def text(self) -> str:
        """Return title and alternative text."""
        return f"{self.title}\n{self.alt}"


def _spelled(text: str) -> int:
    """Return how long a text reads: a character of a script without an alphabet says as much as two letters."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def alternative(kind: str, measure: str, messages: list[str], table: str) -> str:
    """Return alternative text: chart type, measure and scope, messages while there is room, where the data are.

    The measure gives way first, then the last messages; the first message always stays.
    """
    measure, messages = clean(measure), [clean(m) for m in messages]
    where = say(" ") + say("Data in the table below.") if table else ""
    room = ALT_LIMIT - len(where)
    measure, messages = fit(measure, 700, 10).rstrip(".。"), [m.rstrip(".。") for m in messages]
    text = say("{kind}: {measure}. {message}.", kind=kind, measure=measure, message=messages[0])
    if len(text) > room:
        text = say("{kind}: {message}.", kind=kind, message=messages[0])
    for message in messages[1:]:
        longer = say("{text} {message}.", text=text, message=message)
        if len(longer) > room:
            break
        text = longer
    if len(text) > room:
        # the numbers stand at the end: a long name loses its middle
        text = f"{text[: room // 2]}…{text[len(text) + room // 2 + 1 - room :]}"
    return text + where
