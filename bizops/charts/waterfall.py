"""Bridges from one amount to another: the full waterfall, and the variance bridge that shows the gap alone.

Rows run from top to bottom in the order given; every step starts where the one before ended, thin level lines show
the running total, labels are signed. Steps of a waterfall that are small beside the totals become slivers, and cutting
the axis would lie: below 20 % of the total the gap gets a picture and a zero of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from bizops import numbers
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import Sketch, Width, draw
from bizops.charts.labels import wrap
from bizops.charts.rows import Rows, checked, colour, value_label
from bizops.errors import InputError
from bizops.language import message, say

Named = tuple[str, float]
_THICK = 0.3
_SLIVER = 0.20
_LIMIT = 12
_TOLERANCE = 1e-6


def bridge(frame: pd.DataFrame, *, start: Named, end: Named, **more: Any) -> Figure:
    """Return ``variance_bridge`` when the steps are less than 20 % of the larger total, else ``waterfall``.

    ``frame`` has the columns label and amount; ``more`` goes to the chart chosen.
    """
    steps = float(frame["amount"].abs().sum()) if "amount" in frame.columns else 0.0
    small = steps < _SLIVER * max(abs(start[1]), abs(end[1]))
    return (variance_bridge if small else waterfall)(frame, start=start, end=end, **more)


def variance_bridge(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, start: Named, end: Named, unit: str = "money",
    currency: str = "", better: str = "up", gap_label: str = message("Gap"), table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return the bridge of the gap alone: from zero through the steps to end − start, both totals as text.

    ``frame`` has one row a step: label, amount (in ``unit``, signed). ``start`` and ``end`` are (name, amount).
    Raises ``InputError`` when the steps do not sum to the gap.
    """
    steps = _steps(frame, id, start, end)
    gap = end[1] - start[1]
    scale = _scale([*steps["amount"], gap], unit)
    totals = [(len(steps), say(gap_label), gap, colour(gap, better), numbers_of(gap, unit, scale, signed=True))]

    def paint(width: Width) -> Sketch:
        both = [
            say("{label} {value}", label=name, value=numbers.quantity(v, unit, currency=currency))
            for name, v in (start, end)
        ]
        headline = " → ".join(both)
        if unit == "money":
            headline = say("{headline}; steps in {unit}", headline=headline, unit=scale.title(currency))
        return _paint(width, steps, 0.0, totals, unit, scale, better, wrap(headline, width.px - 8, width.font))

    return draw(
        paint, id=id, title=title, subtitle=subtitle, table=table, note=note,
        alt=_alt(say("Variance bridge"), subtitle, steps, start, end, unit, currency, table),
    )  # fmt: skip


def waterfall(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, start: Named, end: Named, unit: str = "money",
    currency: str = "", better: str = "up", table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return the bridge from ``start`` to ``end``, both drawn from zero, with the steps between them.

    ``frame`` as for ``variance_bridge``; raises ``InputError`` when start and steps do not sum to end.
    """
    steps = _steps(frame, id, start, end)
    scale = _scale([*steps["amount"], start[1], end[1]], unit)
    totals = [
        (-1, start[0], start[1], "outline", numbers_of(start[1], unit, scale)),
        (len(steps), end[0], end[1], "c1", numbers_of(end[1], unit, scale)),
    ]

    def paint(width: Width) -> Sketch:
        unit_line = [scale.title(currency)] if unit == "money" else []
        return _paint(width, steps, start[1], totals, unit, scale, better, unit_line)

    return draw(
        paint, id=id, title=title, subtitle=subtitle, table=table, note=note,
        alt=_alt(say("Waterfall"), subtitle, steps, start, end, unit, currency, table),
    )  # fmt: skip


def _steps(frame: pd.DataFrame, id: str, start: Named, end: Named) -> pd.DataFrame:
    steps = checked(frame, ("label", "amount"), id)[["label", "amount"]].astype({"amount": float})
    total, gap = float(steps["amount"].sum()), end[1] - start[1]
    if abs(total - gap) > _TOLERANCE * max(1.0, abs(start[1]), abs(end[1])):
        raise InputError(
            f"the steps sum to {numbers.raw(total)}, the gap is {numbers.raw(gap)}",
            where=f"figure {id}",
            fix="add what is missing as a step of its own, named for what it is",
        )
    if len(steps) <= _LIMIT:
        return steps
    kept = steps["amount"].abs().rank(method="first", ascending=False) < _LIMIT
    rest = steps[~kept]
    folded = pd.DataFrame({"label": [say("Other ({n} items)", n=len(rest))], "amount": [float(rest["amount"].sum())]})
    return pd.concat([steps[kept], folded], ignore_index=True)


def _scale(values: Sequence[float], unit: str) -> numbers.Scale:
    return numbers.chart_scale(values) if unit == "money" else numbers.Scale(1.0, "", 0)


def numbers_of(value: float, unit: str, scale: numbers.Scale, *, signed: bool = False) -> str:
    """Return the label of an amount; differences (``signed``) of rates in percentage points."""
    if unit == "money":
        return numbers.money(value, scale=scale, signed=signed)
    return numbers.delta(value, unit) if signed else numbers.quantity(value, unit)


def _paint(
    width: Width, steps: pd.DataFrame, base: float, totals: Sequence[tuple[int, str, float, str, str]], unit: str,
    scale: numbers.Scale, better: str, headline: Sequence[str],
) -> Sketch:  # fmt: skip
    first = 1 if totals[0][0] < 0 else 0
    levels = [base, *(base + steps["amount"].cumsum())]
    words = [numbers_of(a, unit, scale, signed=True) for a in steps["amount"]]
    labels = [*(t[1] for t in totals[:first]), *steps["label"], totals[-1][1]]
    ends = [*levels, *(t[2] for t in totals), 0.0]
    before = [w for w, a in zip(words, steps["amount"], strict=True) if a < 0] + [t[4] for t in totals if t[2] < 0]
    after = [w for w, a in zip(words, steps["amount"], strict=True) if a >= 0] + [t[4] for t in totals if t[2] >= 0]
    low, high = min(ends), max(ends)
    room = _before_room(before, levels, low, high)
    sketch = Rows(width, labels, low, high, room, after, top=6 + 20.0 * len(headline)).sketch()
    for i, line in enumerate(headline):
        sketch.text(0, 10 + 20 * i, line, token="muted")
    for i, amount in enumerate(steps["amount"]):
        row, token = i + first, colour(amount, better)
        sketch.bar((levels[i], levels[i + 1]), (row - _THICK, row + _THICK), token)
        value_label(sketch, row, levels[i], levels[i + 1], words[i])
    for place, _, value, token, shown in totals:
        row = 0 if place < 0 else len(labels) - 1
        outline = token == "outline"
        sketch.bar((0, value), (row - _THICK, row + _THICK), "" if outline else token, outline="c1" if outline else "")
        value_label(sketch, row, 0, value, shown, bold=True)
    level_lines = [
        [(levels[i + 1 - first], i + _THICK), (levels[i + 1 - first], i + 1 - _THICK)] for i in range(len(labels) - 1)
    ]
    sketch.lines(level_lines, "ref")
    sketch.lines([[(0, -0.5), (0, len(labels) - 0.5)]], "ref", wide=1.2)
    return sketch


def _before_room(before: Sequence[str], levels: Sequence[float], low: float, high: float) -> Sequence[str]:
    """Return the words that need room left of the plot: none when every falling bar ends far from its edge."""
    span = (high - low) or 1.0
    near = any(b < a and (b - low) / span < 0.25 for a, b in pairwise(levels))
    return before if near or low < 0 else ()


def _alt(
    kind: str, measure: str, steps: pd.DataFrame, start: Named, end: Named, unit: str, currency: str, table: str
) -> str:
    def show(value: float, *, signed: bool = False) -> str:
        return (numbers.delta if signed else numbers.quantity)(value, unit, currency=currency)

    gap = end[1] - start[1]
    told = {"start": start[0], "from": show(start[1]), "end": end[0], "to": show(end[1])}
    first = say("{start} {from} to {end} {to}, gap {gap}", **told, gap=show(gap, signed=True))
    order = steps["amount"].abs().sort_values(ascending=False, kind="stable").index[:2]
    largest = say(", ").join(f"{steps['label'][i]} {show(steps['amount'][i], signed=True)}" for i in order)
    return alternative(kind, measure, [first, say("Largest steps: {names}", names=largest)], table)
