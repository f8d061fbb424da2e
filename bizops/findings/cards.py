"""The KPI strip: cards with value, status, three comparisons and a sparkline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import escape

from bizops import numbers
from bizops.errors import InputError
from bizops.findings import definition, grammar
from bizops.findings.status import BETTER, status, tone
from bizops.findings.wire import Displayable, anchor, checked_id
from bizops.language import message, say
from bizops.theme import LIGHT, STATUS

_SPARK_WIDE, _SPARK_HIGH, _SPARK_PAD = 120, 28, 4
_LINE = LIGHT["c1"]
# The difference of two ratios is stated as it is; a percentage of a ratio says nothing.
_RATIOS = ("rate", "multiple")


@dataclass(frozen=True)
class Comparison:
    """One comparison of a card: against ``label``, the reference, the difference in its unit, and both in words.

    ``delta_unit`` is the metric's unit, or "points" for the difference of two rates; ``tone`` is good, bad or neutral.
    """

    label: str
    reference: float | None
    delta: float | None
    delta_unit: str
    text: str
    tone: str = "neutral"


def comparison(
    label: str, value: float | None, reference: float | None, unit: str, *,
    better: str = "none", currency: str = "", n: int | None = None, reason: str = "",
) -> Comparison:  # fmt: skip
    """Return the comparison of ``value`` with ``reference``; a missing one says so (``no plan``) or why.

    Quantities show the difference and its percentage, rates and multiples the difference alone; the percentage of a
    reference that is zero or negative is left out (C09), and so is any comparison of fewer than 5 records (C10).
    """
    delta_unit = "points" if unit == "rate" else unit
    if numbers.is_missing(reference):
        return Comparison(label, None, None, delta_unit, reason or numbers.absent(label))
    if numbers.is_missing(value):
        text = say("{difference} vs {label}", difference=numbers.missing(), label=label)
        return Comparison(label, reference, None, delta_unit, text)
    if unit == "rate" and n is not None and n < numbers.COUNTS_ONLY_BELOW:
        text = say("too few records to compare with {label}", label=label)
        return Comparison(label, reference, None, delta_unit, text)
    gap = float(value or 0.0) - float(reference or 0.0)
    relative = None if unit in _RATIOS else numbers.change(value, reference)
    shown = numbers.delta(gap, unit, currency=currency)
    if relative is not None:
        shown = say("{gap} ({share})", gap=shown, share=numbers.percent(relative, signed=True))
    text = say("{difference} vs {label}", difference=shown, label=label)
    return Comparison(label, reference, gap, delta_unit, text, tone(gap, better))


@dataclass(frozen=True)
class Kpi:
    """One card. ``value`` is in ``unit`` (rates as fractions), ``interval`` in the same unit, ``k`` of ``n`` records.

    ``href`` is where the card leads (``#s-bridge``), ``metric`` the id of its definition, ``spark`` the last 8 to 13
    periods, oldest first.
    Raises ``InputError`` when a rate has no n, or when unit, status or direction is unknown.
    """

    id: str
    label: str
    value: float | None
    unit: str
    currency: str = ""
    status: str = "no_target"
    comparisons: tuple[Comparison, ...] = ()
    better: str = "none"
    n: int | None = None
    interval: tuple[float, float] | None = None
    note: str = ""
    href: str = ""
    spark: tuple[float | None, ...] = ()
    k: int | None = None
    metric: str = ""

    def __post_init__(self) -> None:
        checked_id(self.id, "KPI")
        for name, given, known in (
            ("unit", self.unit, numbers.UNITS),
            ("status", self.status, tuple(STATUS)),
            ("better", self.better, BETTER),
        ):
            if given not in known:
                raise InputError(f"{name} is '{given}'", where=f"KPI {self.id}", fix=f"one of {', '.join(known)}")
        if self.unit == "rate" and self.n is None and not numbers.is_missing(self.value):
            raise InputError("a rate without n", where=f"KPI {self.id}", fix="pass n, the records behind the rate")

    def shown(self) -> str:
        """Return the value as the card prints it: counts alone for a rate from fewer than 5 records."""
        few = self.unit == "rate" and self.n is not None and self.n < numbers.COUNTS_ONLY_BELOW
        if few and not numbers.is_missing(self.value):
            assert self.n is not None
            return numbers.of(self.k, self.n) if self.k is not None else numbers.missing(say("too few records"))
        return numbers.quantity(self.value, self.unit, currency=self.currency, n=self.n)

    def records(self) -> str:
        """Return n and interval in words, or an empty string."""
        parts = []
        if self.n is not None and self.unit == "rate" and self.n >= numbers.COUNTS_ONLY_BELOW:
            alone = say("n = {n}", n=numbers.count(self.n))
            parts.append(alone if self.k is None else numbers.of(self.k, self.n))
        if self.interval is not None:
            span = numbers.interval(*self.interval, self.unit, currency=self.currency, n=self.n)
            parts.append(grammar.interval_of(95, span))
        return say("; ").join(parts)

    def numerals(self) -> frozenset[str]:
        """Return the numerals that the card prints."""
        return grammar.numerals(" ; ".join([self.shown(), self.records(), *(c.text for c in self.comparisons)]))

    def html(self) -> str:
        """Return the card, a list item."""
        compared = "".join(f'<li class="{c.tone}">{escape(c.text)}</li>' for c in self.comparisons)
        notes = "".join(f'<span class="note">{escape(t)}</span>' for t in (self.records(), self.note) if t)
        label = f'<span class="label">{escape(self.label)}</span>'
        if self.href:
            label = f'<a href="{escape(_safe_href(self.href))}">{label}</a>'
        return (
            f'<li class="kpi" id="{anchor("kpi", self.id)}">{label}'
            f'<span class="value" data-v="{numbers.raw(self.value)}">{escape(self.shown())}</span>'
            f"{status_mark(self.status)}{self._sparkline()}<ul>{compared}</ul>{notes}"
            f"{definition.link(self.metric, of=self.label)}</li>"
        )

    def _sparkline(self) -> str:
        if sum(not numbers.is_missing(v) for v in self.spark) < 2:
            return ""
        last = next(v for v in reversed(self.spark) if not numbers.is_missing(v))
        value = numbers.quantity(last, self.unit, currency=self.currency, n=self.n)
        words = say(_SPARK_WORDS[_trend(self.spark)], label=self.label, n=len(self.spark), value=value)
        return sparkline(self.spark, anchor("kpi", self.id) + "-spark", words)


def status_mark(status: str) -> str:
    """Return a status as HTML: its icon, its word, and a class for its colour."""
    mark = STATUS[status]
    word = escape(say(mark.word))
    return f'<span class="status st-{status}"><span aria-hidden="true">{mark.icon}</span> {word}</span>'


def _safe_href(href: str) -> str:
    if not href.startswith("#"):
        raise InputError(f"the link '{href}' leaves the page", where="KPI", fix="link to a section: '#s-<id>'")
    return href


_SPARK_WORDS = {
    "rising": message("{label}, last {n} periods, rising, last value {value}"),
    "falling": message("{label}, last {n} periods, falling, last value {value}"),
    "level": message("{label}, last {n} periods, level, last value {value}"),
}


def _trend(values: Sequence[float | None]) -> str:
    known = [float(v) for v in values if v is not None and not numbers.is_missing(v)]
    return "rising" if known[-1] > known[0] else "falling" if known[-1] < known[0] else "level"


def sparkline(values: Sequence[float | None], id: str, words: str) -> str:
    """Return a small line as SVG, its last point marked, named ``words``; missing values leave a gap."""
    known = [float(v) for v in values if v is not None and not numbers.is_missing(v)]
    low, high = min(known), max(known)
    step = (_SPARK_WIDE - 2 * _SPARK_PAD) / max(1, len(values) - 1)
    runs: list[list[str]] = [[]]
    last = ("0", "0")
    for i, value in enumerate(values):
        if value is None or numbers.is_missing(value):
            runs.append([])
            continue
        level = (float(value) - low) / (high - low) if high > low else 0.5
        height = _SPARK_HIGH - _SPARK_PAD - level * (_SPARK_HIGH - 2 * _SPARK_PAD)
        last = (f"{_SPARK_PAD + i * step:.1f}", f"{height:.1f}")
        runs[-1].append(",".join(last))
    lines = "".join(
        f'<polyline points="{" ".join(run)}" fill="none" class="s-c1" stroke="{_LINE}" stroke-width="1.5"/>'
        for run in runs
        if len(run) > 1
    )
    return (
        f'<svg class="spark" width="{_SPARK_WIDE}" height="{_SPARK_HIGH}" viewBox="0 0 {_SPARK_WIDE} {_SPARK_HIGH}"'
        f' role="img" aria-labelledby="{id}"><title id="{id}">{escape(words)}</title>{lines}'
        f'<circle cx="{last[0]}" cy="{last[1]}" r="3" class="f-c1" fill="{_LINE}"/></svg>'
    )


@dataclass(frozen=True)
class Kpis(Displayable):
    """The strip of four to six cards."""

    items: tuple[Kpi, ...]

    kind: ClassVar[str] = "kpis"

    def __post_init__(self) -> None:
        ids = [item.id for item in self.items]
        if len(set(ids)) < len(ids):
            raise InputError(f"two cards have the same id: {', '.join(ids)}", where="KPIs")

    def html(self) -> str:
        """Return the cards as a list."""
        return f'<ul class="kpis">{"".join(item.html() for item in self.items)}</ul>'

    def text(self) -> str:
        """Return a line a card."""
        return "\n".join(
            f"{k.label}: {k.shown()} ({say(STATUS[k.status].word)}); " + "; ".join(c.text for c in k.comparisons)
            for k in self.items
        )


def kpi(
    id: str, label: str, value: float | None, unit: str, *,
    better: str, references: Iterable[tuple[str, float | None]] = (), target: float | None = None,
    currency: str = "", tolerance: float | None = None, n: int | None = None, stale: bool = False, **more: Any,
) -> Kpi:  # fmt: skip
    """Return a card with its status against ``target`` and one comparison a reference.

    ``references`` are (label, value) pairs, by convention plan, the prior period and the same period last year; a
    value of None says which one is missing. ``more`` are further fields of ``Kpi``.
    """
    state = status(value, target, better, unit, tolerance, n, stale=stale)
    compared = tuple(
        comparison(name, value, other, unit, better=better, currency=currency, n=n) for name, other in references
    )
    return Kpi(id, label, value, unit, currency, state, compared, better, n, **more)
