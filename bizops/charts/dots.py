"""Estimates with their uncertainty: a dot for the estimate, a line for the interval, the records in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bizops import numbers
from bizops.charts.axis import apart, axis_scale, tick_label, ticks
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.rows import Rows, checked
from bizops.errors import InputError
from bizops.language import say

_AXIS = 24.0


def dot_whisker(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "rate", currency: str = "",
    reference: float | None = None, reference_label: str = "", level: int = 95, table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return a row for each estimate, lowest first: dot, interval, and the value with its n as text.

    ``frame`` has one row an estimate: label, value, lower, upper (rates as fractions), n (records). Estimates from
    fewer than 20 records are hollow; from fewer than 5 the value is not drawn, only its n. ``reference`` is drawn as
    a dashed line. Raises ``InputError`` when an interval does not contain its value.
    """
    drawn = ("value", "lower", "upper")
    data = checked(frame, ("label", *drawn, "n"), id, allow_missing=drawn)
    data = data.sort_values("value", kind="stable", ignore_index=True, na_position="last")
    records = data[["label", *drawn, "n"]].astype({"n": int}).to_dict("records")
    rows = [_Estimate(**{str(k): v for k, v in r.items()}) for r in records]
    wrong = [clean(r.label) for r in rows if r.drawn and not r.lower <= r.value <= r.upper]
    if wrong:
        raise InputError(f"the interval does not contain the value: {', '.join(wrong)}", where=f"figure {id}")
    spans = [v for r in rows if r.drawn for v in (r.lower, r.upper)] + ([] if reference is None else [reference])
    marks = ticks(min(spans, default=0.0), max(spans, default=1.0), 5)
    entries = [("dot", "c1", say("estimate with {level}\u00a0% interval", level=level))]
    if any(r.drawn and r.n < numbers.NO_COLOUR_BELOW for r in rows):
        entries.append(("hollow", "c1", say("fewer than {n} records", n=numbers.NO_COLOUR_BELOW)))
    if reference is not None:
        shown = numbers.quantity(reference, unit, currency=currency)
        named = say("{label} {value}", label=reference_label or say("reference"), value=shown)
        entries.append(("dash", "ink", named))

    def paint(width: Width) -> Sketch:
        return _paint(width, rows, marks, entries, unit, currency, reference)

    messages = _messages(rows, unit, currency, reference, reference_label)
    alt = alternative(say("Dot plot with intervals"), subtitle, messages, table)
    return draw(paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


class _Estimate:
    """One row: whether it is drawn, and how it reads."""

    def __init__(self, label: Any, value: Any, lower: Any, upper: Any, n: int) -> None:
        self.label, self.value, self.lower, self.upper, self.n = label, value, lower, upper, n
        known = not any(numbers.is_missing(v) for v in (value, lower, upper))
        self.drawn = known and n >= numbers.COUNTS_ONLY_BELOW

    def words(self, unit: str, currency: str, least: int, *, short: bool) -> str:
        """Return value and n, or n alone; ``least`` is the smallest n of the chart, so that all have equal decimals."""
        counted = say("n = {n}", n=numbers.count(self.n))
        if not self.drawn:
            return say("{value}, {records}", value=numbers.missing(), records=counted)
        value = numbers.quantity(self.value, unit, currency=currency, n=least)
        return say("{number} ({records})", number=value, records=numbers.count(self.n) if short else counted)


def _paint(
    width: Width, rows: Sequence[_Estimate], marks: Sequence[float], entries: Sequence[tuple[str, str, str]], unit: str,
    currency: str, reference: float | None,
) -> Sketch:  # fmt: skip
    least = min((r.n for r in rows if r.drawn), default=0)
    words = [r.words(unit, currency, least, short=width.px < 500) for r in rows]
    column = max(width_of(w, width.font) for w in words) + 18
    top = 6 + LEGEND_ROW * legend_rows(entries, width)
    labels = [str(r.label) for r in rows]
    sketch = Rows(width, labels, marks[0], marks[-1], column=column, top=top, bottom=_AXIS).sketch()
    sketch.legend(entries)
    ends = (-0.5, len(rows) - 0.5)
    sketch.lines([[(m, ends[0]), (m, ends[1])] for m in marks], "grid")
    if reference is not None:
        sketch.lines([[(reference, ends[0]), (reference, ends[1])]], "ink", wide=1.2, dash=True)
    sketch.lines([[(r.lower, i), (r.upper, i)] for i, r in enumerate(rows) if r.drawn], "c1", wide=1.8)
    places = [(r.value, float(i), r.n < numbers.NO_COLOUR_BELOW) for i, r in enumerate(rows) if r.drawn]
    for few in (False, True):
        sketch.dots([(x, y) for x, y, hollow in places if hollow == few], "c1", radius=5, hollow=few)
    for i, estimate in enumerate(rows):
        token = "ink" if estimate.drawn else "muted"
        sketch.text(width.px - 4, sketch.y(i), words[i], align="right", token=token)
    scale = axis_scale(marks, unit)
    words = [tick_label(m, marks, unit, scale) for m in marks]
    for i in apart([sketch.x(m) for m in marks], words, width.font):
        sketch.text(sketch.x(marks[i]), sketch.height - _AXIS / 2, words[i], token="muted", align="center")
    return sketch


def _messages(
    rows: Sequence[_Estimate], unit: str, currency: str, reference: float | None, reference_label: str
) -> list[str]:
    def read(row: _Estimate) -> str:
        span = numbers.interval(row.lower, row.upper, unit, currency=currency, n=row.n)
        value = numbers.quantity(row.value, unit, currency=currency, n=row.n)
        told = {"label": clean(row.label), "value": value, "span": span, "n": numbers.count(row.n)}
        return say("{label} {value} (interval {span}, n {n})", **told)

    drawn = [r for r in rows if r.drawn]
    if not drawn:
        few = numbers.COUNTS_ONLY_BELOW
        return [say("{groups} groups, each of fewer than {n} records", groups=len(rows), n=few)]
    messages = [say("Lowest {estimate}", estimate=read(drawn[0]))]
    if len(drawn) > 1:
        messages.append(say("Highest {estimate}", estimate=read(drawn[-1])))
    if reference is not None:
        below = sum(r.upper < reference for r in drawn)
        above = sum(r.lower > reference for r in drawn)
        name = reference_label or say("the reference")
        told = {"n": len(drawn), "below": below, "above": above, "reference": name}
        messages.append(say("Of {n}, {below} lie wholly below {reference} and {above} above", **told))
    return messages
