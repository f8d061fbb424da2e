"""The figure of a report: two drawings of the same data, the words around them and the text instead of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from bizops.charts.labels import clean, fit
from bizops.errors import InputError
from bizops.findings import Displayable, anchor
from bizops.findings.wire import checked_id

ALT_LIMIT = 280
ALT_LEAST = 40


@dataclass(frozen=True)
class Figure(Displayable):
    """A chart as inline SVG for two widths (720 and 340 CSS pixels), of which the page shows one.

    ``title`` is the finding, ``subtitle`` says measure, unit, scope and period, ``alt`` is at most 280 characters with
    a number in it, ``table`` is the id of the table with the same data, ``note`` says source, as-of and n.
    """

    id: str
    title: str
    subtitle: str
    alt: str
    svg_wide: str
    svg_narrow: str
    table: str = ""
    note: str = ""

    kind: ClassVar[str] = "figure"

    def __post_init__(self) -> None:
        checked_id(self.id, "figure")
        if not ALT_LEAST <= len(self.alt) <= ALT_LIMIT or not any(c.isdigit() for c in self.alt):
            raise InputError(
                f"the alternative text has {len(self.alt)} characters: '{self.alt}'",
                where=f"figure {self.id}",
                fix=f"{ALT_LEAST} to {ALT_LIMIT} characters with a number in them",
            )

    def html(self) -> str:
        """Return the ``<figure>``: title and subtitle above, both drawings, note and link to the data below."""
        subtitle = Markup('<span class="sub">{}</span>').format(self.subtitle) if self.subtitle else Markup("")
        data = Markup('<a href="#{}">Data</a>').format(anchor("table", self.table)) if self.table else Markup("")
        foot = Markup(" · ").join(x for x in (Markup("{}").format(self.note) if self.note else Markup(""), data) if x)
        return str(
            Markup(
                '<figure id="{}"><figcaption><strong class="title">{}</strong>{}</figcaption>{}{}{}</figure>'
            ).format(
                anchor("figure", self.id),
                self.title,
                Markup("<br>") + subtitle if subtitle else subtitle,
                Markup(self.svg_wide),
                Markup(self.svg_narrow),
                Markup('<p class="note">{}</p>').format(foot) if foot else Markup(""),
            )
        )

    def text(self) -> str:
        """Return title and alternative text."""
        return f"{self.title}\n{self.alt}"


def alternative(kind: str, measure: str, messages: list[str], table: str) -> str:
    """Return alternative text: chart type, measure and scope, messages while there is room, where the data are.

    The measure gives way first, then the last messages; the first message always stays.
    """
    measure, messages = clean(measure), [clean(m) for m in messages]
    where = " Data in the table below." if table else ""
    room = ALT_LIMIT - len(where)
    text = f"{kind}: {fit(measure, 700, 10).rstrip('.')}. {messages[0].rstrip('.')}."
    if len(text) > room:
        text = f"{kind}: {messages[0].rstrip('.')}."
    for message in messages[1:]:
        longer = f"{text} {message.rstrip('.')}."
        if len(longer) > room:
            break
        text = longer
    if len(text) > room:
        text = text[: room - 2] + "…"
    return text + where
