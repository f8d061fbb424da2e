"""Round numbers for a scale, few of them, and the labels that they get."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from bizops import numbers
from bizops.charts.labels import clean, fit, width_of
from bizops.language import say

if TYPE_CHECKING:
    from bizops.charts.house import Sketch

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most ``most`` + 1 evenly spaced round numbers that enclose ``low`` and ``high``.

    >>> ticks(39.7, 62.1)
    [30.0, 40.0, 50.0, 60.0, 70.0]
    """
    if high <= low:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (s * power * scale for scale in (1.0, 10.0) for s in _STEPS):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            return [_clean(i * step) for i in range(first, last + 1)]
    return [low, high]


def padded(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of an axis that need not start at a round number: those of the values with a little air."""
    known = [float(v) for v in values]
    low, high = min(known), max(known)
    air = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    return low - air, high + air


def ticks_within(low: float, high: float) -> list[float]:
    """Return the round numbers for an axis from ``low`` to ``high`` that lie on it, at least two and at most six."""
    for most in (6, 8, 12):
        marks = [m for m in ticks(low, high, most) if low <= m <= high]
        if len(marks) > 1:
            break
    return marks[:6]


def _clean(value: float) -> float:
    return float(f"{value:.12g}")


def axis_scale(marks: Sequence[float], unit: str) -> numbers.Scale:
    """Return the scale of the labels of a money axis, or the plain one."""
    return numbers.chart_scale(marks) if unit == "money" else numbers.Scale(1.0, "", 0)


def tick_label(value: float, marks: Sequence[float], unit: str, scale: numbers.Scale) -> str:
    """Return the label of a tick with the decimals that the step between ticks needs."""
    step = abs(marks[1] - marks[0]) if len(marks) > 1 else abs(value)
    if unit == "money":
        return numbers.money(value, scale=numbers.Scale(scale.factor, "", _places(step / scale.factor)))
    if unit == "rate":
        return numbers.percent(value, decimals=_places(step * 100))
    shown = numbers.fixed(value, _places(step))
    return say("{n}×", n=shown) if unit == "multiple" else shown


def _places(step: float) -> int:
    return next((p for p in range(4) if abs(step * 10**p - round(step * 10**p)) < 1e-6), 3)


def apart(places: Sequence[float], words: Sequence[str], font: float, gap: float = 10.0) -> list[int]:
    """Return which of the labels centred at ``places`` (pixels) to write so that none touches its neighbour.

    Labels are left out evenly, the last one always stays.
    """
    half = [width_of(word, font) / 2 for word in words]
    for every in range(1, len(places)):
        kept = list(range(len(places) - 1, -1, -every))
        if all(abs(places[a] - places[b]) >= half[a] + half[b] + gap for a, b in pairwise(kept)):
            return kept
    return [len(places) - 1] if places else []


def period_labels(sketch: Sketch, periods: Sequence[object], axis: float) -> None:
    """Write the labels of the periods 0, 1, ... that fit below a plot, counted back from the last; ``axis`` high."""
    words = [fit(clean(p), sketch.width.label_room, sketch.font) for p in periods]
    half = [width_of(word, sketch.font) / 2 for word in words]
    places = [min(max(sketch.x(i), h), sketch.width.px - h - 2) for i, h in enumerate(half)]
    for i in apart(places, words, sketch.font):
        sketch.text(places[i], sketch.height - axis / 2, words[i], token="muted", align="center")
