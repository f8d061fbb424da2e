"""What a number means: its formula, how to read it, the settings and the tables behind it, and its SQL.

Every card, column, row and sentence that states a metric links to one of these: ``#m-bkg-01`` for BKG-01.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup, escape

from bizops import numbers
from bizops.errors import InputError
from bizops.findings.wire import Displayable, Payload, anchor, checked_id
from bizops.language import message, plural, say

UNITS = {
    "money": message("money in {currency}"),
    "rate": message("share, in percent"),
    "count": message("number of records"),
    "days": message("days"),
    "multiple": message("factor"),
}
BETTER = {
    "up": message("higher is better"),
    "down": message("lower is better"),
    "none": message("no direction of good"),
}
_ADDITIVITY = {
    "additive": message("adds up over periods and parts"),
    "end_of_period": message("level at the end of a period: adds up over parts, not over periods"),
    "ratio": message("recomputed from its sums at every level, never added or averaged"),
}
EVIDENCE = {
    "arithmetic": (
        message("adds up exactly"),
        message("Part of sums that the page shows in full; it says how much, and not what made people do so."),
    ),
    "associated": (
        message("goes together"),
        message("Moves with another number in the records; whether one causes the other is not tested."),
    ),
    "tested": (
        message("tested"),
        message("A statistical test, named with its error rate, tells it from chance."),
    ),
    "descriptive": (
        message("observed"),
        message("States what the records hold; no cause is claimed."),
    ),
}
"""What each grade of evidence is in words, and what it means."""


@dataclass(frozen=True)
class Setting:
    """A policy that the metric honours, its value here and its default, both as text, and what it decides."""

    id: str
    name: str
    value: str
    default: str
    meaning: str

    @property
    def is_default(self) -> bool:
        """Whether the value is the one that holds when nothing is set."""
        return self.value == self.default


@dataclass(frozen=True)
class SourceTable:
    """A table that the metric reads: where it came from, rows at ``as_of``, when it was extracted, columns used."""

    table: str
    origin: str
    rows: int
    extracted_at: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition(Displayable):
    """The explanation of one metric.

    ``unit``, ``better`` and ``additivity`` are those of the metric registry, ``target`` and ``tolerance`` the company's
    in that unit, ``source`` says where the definition comes from, ``revision`` is its `version_of`. ``sql`` is the
    query of the number on the page as the engine got it; only an analyst edition shows it. Raises ``InputError`` for
    a unit, direction or additivity that is not known.
    """

    id: str
    name: str
    definition: str
    unit: str
    better: str = "none"
    additivity: str = "additive"
    policies: tuple[Setting, ...] = ()
    sources: tuple[SourceTable, ...] = ()
    source: str = ""
    owner: str = ""
    target: float | None = None
    tolerance: float | None = None
    currency: str = ""
    as_of: str = ""
    revision: str = ""
    sql: str = ""

    kind: ClassVar[str] = "definition"

    def __post_init__(self) -> None:
        checked_id(self.id, "metric")
        for name, known in (("unit", UNITS), ("better", BETTER), ("additivity", _ADDITIVITY)):
            if getattr(self, name) not in known:
                raise InputError(
                    f"{name} is '{getattr(self, name)}'", where=f"metric {self.id}", fix=f"one of {', '.join(known)}"
                )

    @property
    def reading(self) -> str:
        """How the number is read: its unit, the direction of good, and how it adds up."""
        unit = say(UNITS[self.unit], currency=self.currency or say("company currency"))
        return say("; ").join((unit, say(BETTER[self.better]), say(_ADDITIVITY[self.additivity])))

    def data(self) -> dict[str, Any]:
        """Return the fields, and the reading in words."""
        return {**super().data(), "reading": self.reading}

    def html(self) -> str:
        """Return the explanation, folded behind the metric's name; without the SQL."""
        shown = "".join(f"<dt>{escape(name)}</dt><dd>{told}</dd>" for name, told in self._lines())
        title = escape(f"{self.name} ({self.id})")
        place = anchor(self.kind, self.id)
        return f'<details class="definition" id="{place}"><summary>{title}</summary><dl>{shown}</dl></details>'

    def _lines(self) -> list[tuple[str, Markup]]:
        owner = self.owner or say("no owner is set")
        settings = [escape(_told(p)) for p in self.policies]
        tables = [escape(_read(t)) for t in self.sources]
        lines = [
            (say("Definition"), escape(self.definition)),
            (say("Reading"), escape(self.reading)),
            (say("Policy settings"), _list(settings) or escape(say("none: no policy changes it"))),
            (self._as_of(), _list(tables) or escape(say("none"))),
            (say("Owner"), escape(owner)),
            (say("Target"), escape(self._target())),
            (say("After"), escape(self.source)),
            (say("Version"), Markup("<code>{}</code> {}").format(self.revision, say(_CHANGES))),
        ]
        return [(name, told) for name, told in lines if told]

    def _as_of(self) -> str:
        """What the list of tables is called: they stand as they were at the end of a day."""
        if not self.as_of:
            return say("Source tables")
        return say("Source tables at the end of {day}", day=numbers.day(dt.date.fromisoformat(self.as_of)))

    def _target(self) -> str:
        if self.target is None:
            return ""
        told = numbers.quantity(self.target, self.unit, currency=self.currency)
        if self.tolerance is None:
            return told
        return f"{told} ± {numbers.quantity(self.tolerance, self.unit, currency=self.currency)}"

    def text(self) -> str:
        """Return name, definition, reading and settings, a line each."""
        settings = ", ".join(f"{p.id} = {p.value}" for p in self.policies) or say("none: no policy changes it")
        return f"{self.name} ({self.id})\n{self.definition}\n{self.reading}\n{say('Policy settings')}: {settings}"


_CHANGES = message("changes with the definition and its settings, not with the data")


def _told(policy: Setting) -> str:
    """A setting with its value, and what it means."""
    default = say("the default") if policy.is_default else say("default: {value}", value=policy.default)
    named = {"id": policy.id, "name": policy.name, "value": policy.value, "default": default}
    return say("{id} {name}: {value} ({default}); {meaning}", meaning=policy.meaning, **named)


def _read(table: SourceTable) -> str:
    """Rows, freshness, origin and columns of a source table, in words."""
    rows = numbers.count(table.rows)
    parts = [plural(table.rows, "{table}: {count} row", "{table}: {count} rows", table=table.table, count=rows)]
    if table.origin:
        parts.append(say("read from {origin}", origin=table.origin))
    if table.extracted_at:
        instant = dt.datetime.fromisoformat(table.extracted_at)
        parts.append(say("extracted {day}, {time}", day=numbers.day(instant), time=f"{instant:%H:%M}"))
    else:
        parts.append(say("the source does not say when it was extracted"))
    if table.columns:
        parts.append(say("columns {names}", names=", ".join(table.columns)))
    return say("; ").join(parts)


def _list(items: Iterable[Markup]) -> Markup:
    found = Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
    return Markup("<ul>{}</ul>").format(found) if found else found


def version_of(id: str, definition: str, unit: str, additivity: str, settings: Mapping[str, Any]) -> str:
    """Return the version of a metric: eight hexadecimal digits of a hash over what decides its value.

    It changes when the words of the definition, the unit or the value of a policy that the metric honours change, and
    not with rows, targets or the language of the page (``definition`` is the English text).
    """
    content = [id, definition, unit, additivity, sorted((str(k), str(v)) for k, v in settings.items())]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()[:8]


def sql_html(payload: Mapping[str, Any]) -> str:
    """Return the compiled SQL of a definition's payload, folded; an empty string where it has none."""
    if not payload.get("sql"):
        return ""
    title = escape(say("SQL of {metric}, as it was run", metric=payload["id"]))
    return (
        f'<details class="code"><summary>{title}</summary>'
        f'<pre class="source"><code>{escape(payload["sql"])}</code></pre></details>'
    )


@dataclass(frozen=True)
class SharedFact:
    """A table that several queries read and that is computed once: its name and the statement that makes it."""

    name: str
    sql: str


@dataclass(frozen=True)
class SharedFacts(Displayable):
    """The facts that the queries of a report share, in the order in which their statements can be run."""

    facts: tuple[SharedFact, ...]

    kind: ClassVar[str] = "facts"

    def html(self) -> str:
        """Return a heading, how to run a query by oneself, and each statement, folded behind the fact's name."""
        folded = (
            '<details class="code" id="{}"><summary>{}</summary><pre class="source"><code>{}</code></pre></details>'
        )
        shown = (Markup(folded).format(anchor(self.kind, f.name), f.name, f"{f.sql};") for f in self.facts)
        return f"<h3>{escape(say(_SHARED))}</h3><p>{escape(say(_RUN))}</p>{''.join(shown)}"

    def text(self) -> str:
        """Return the statements, ready to be run."""
        return "\n\n".join(f"{f.sql};" for f in self.facts)


_SHARED = message("Facts that the queries share")
_RUN = message(
    "Run these statements in this order on the source tables, then the SQL of a metric in the same session; "
    "it gives the number on this page."
)


def with_sql(payload: Payload) -> str:
    """Return the HTML of a definition's payload with its SQL inside: the form for an analyst edition."""
    return str(payload["html"]).removesuffix("</details>") + sql_html(payload) + "</details>"


def link(metric: str, *, of: str = "", sign: bool = False) -> Markup:
    """Return the link to a metric's definition, an empty text for no metric.

    Its words are "Definition" or, where room is short, the ``sign`` ⓘ; its accessible name says of what.
    """
    if not metric:
        return Markup("")
    words = "ⓘ" if sign else say("Definition")
    name = say("Definition of {name}", name=of or metric)
    return Markup('<a class="def" href="#{}" aria-label="{}">{}</a>').format(anchor("definition", metric), name, words)


def term(metric: str, text: Markup) -> Markup:
    """Return ``text``, the name of a row, as the link to the definition of its metric."""
    if not metric:
        return text
    return Markup('<a href="#{}" title="{}">{}</a>').format(anchor("definition", metric), say("Definition"), text)


def evidence(grade: str) -> Markup:
    """Return the grade of a finding in words, as the link to what it means; nothing for what is only observed."""
    if grade == "descriptive":
        return Markup("")
    told = say("Evidence: {grade}", grade=say(EVIDENCE[grade][0]))
    return Markup('<a class="def" href="#{}">{}</a>').format(anchor("table", "grades"), told)
