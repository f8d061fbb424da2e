"""How records are spread: a histogram for one group, and for several one row each on a common scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bizops import numbers
from bizops.charts.axis import apart, axis_scale, tick_label, ticks
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.rows import Rows, checked
from bizops.errors import InputError
from bizops.language import plural, say

_AXIS = 24.0
_PLOT = {"wide": 200.0, "narrow": 160.0}
_THICK = 0.26
_DOT = {"wide": 3.0, "narrow": 2.6}
_ROOM = 11.0
_BINS = 16
_WHISKERS = (5, 95)


def distribution(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str, currency: str = "", table: str = "",
    note: str = "",
) -> Figure:  # fmt: skip
    """Return how the values of one group, or of several, are spread, the median marked and printed.

    ``frame`` has one row a record: label (its group) and value (in ``unit``; records without one are left out). One
    group of 20 records or more is a histogram. Otherwise each group is a row, the largest median first: from 20
    records on a box (quartiles with linear interpolation, whiskers at the 5th and 95th percentile), below that every
    record is a dot, and equal ones are stacked.
    """
    data = checked(frame, ("label", "value"), id, allow_missing=("value",))
    groups = _groups(data)
    if not any(g.n for g in groups):
        fix = "state the reason in a note (findings.Off) instead"
        raise InputError("no record has a value", where=f"figure {id}", fix=fix)
    spread = _Spread(groups, unit, currency)
    single = len(groups) == 1 and groups[0].n >= numbers.NO_COLOUR_BELOW
    kind = say("Histogram") if single else say("Distributions by group")
    return draw(
        spread.histogram if single else spread.rows, id=id, title=title, subtitle=subtitle, table=table, note=note,
        alt=alternative(kind, subtitle, spread.messages(), table),
    )  # fmt: skip


@dataclass(frozen=True)
class _Group:
    """The known values of one group, sorted, and what marks them."""

    label: str
    values: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def boxed(self) -> bool:
        return self.n >= numbers.NO_COLOUR_BELOW

    def at(self, percent: float) -> float:
        return float(np.percentile(self.values, percent))

    @property
    def median(self) -> float:
        return self.at(50)

    @property
    def ends(self) -> tuple[float, float]:
        if self.boxed:
            return self.at(_WHISKERS[0]), self.at(_WHISKERS[1])
        return float(self.values[0]), float(self.values[-1])


def _groups(data: pd.DataFrame) -> list[_Group]:
    """The groups, largest median first, those without a value last."""
    known = [None if numbers.is_missing(v) else float(v) for v in data["value"]]
    values = pd.Series(known, dtype="float64").groupby(data["label"].astype(str), sort=False)
    groups = [_Group(str(label), np.sort(found.dropna().to_numpy())) for label, found in values]
    return sorted(groups, key=lambda g: -g.median if g.n else math.inf)


class _Spread:
    """The groups, their common scale, and the two ways of drawing them."""

    def __init__(self, groups: Sequence[_Group], unit: str, currency: str) -> None:
        self.groups, self.unit, self.currency = groups, unit, currency
        self.full = [g for g in groups if g.n]
        ends = [v for g in self.full for v in g.ends]
        self.marks = ticks(min(ends), max(ends), 5)
        self.scale = axis_scale(self.marks, unit)
        self.printed = numbers.chart_scale([g.median for g in self.full])

    def shown(self, value: float) -> str:
        """Return a value as a label."""
        if self.unit == "money":
            return numbers.money(value, scale=self.printed)
        return numbers.quantity(value, self.unit)

    def read(self, value: float) -> str:
        """Return a value as prose."""
        return numbers.quantity(value, self.unit, currency=self.currency)

    def money_entry(self) -> list[tuple[str, str, str]]:
        """Return the unit of the labels of money, for the legend."""
        return [("", "", self.printed.title(self.currency))] if self.unit == "money" else []

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend of the rows."""
        found = self.money_entry()
        if any(g.boxed for g in self.full):
            found.append(("fill", "c1soft", say("middle half of the records")))
            low, high = (numbers.percent(p / 100, decimals=0) for p in _WHISKERS)
            found.append(("line", "c1", say("from {low} to {high} of them", low=low, high=high)))
        if any(not g.boxed for g in self.full):
            found.append(("hollow", "c1", say("one record each, where fewer than {n}", n=numbers.NO_COLOUR_BELOW)))
        return [*found, ("tick", "ink", say("median, printed with n"))]

    def rows(self, width: Width) -> Sketch:
        """Return the drawing with one row a group."""
        entries = self.entries()
        words = [self._words(g, short=width.px < 500) for g in self.groups]
        column = max(width_of(w, width.font) for w in words) + 18
        top = 8 + LEGEND_ROW * legend_rows(entries, width)
        labels = [g.label for g in self.groups]
        rows = Rows(width, labels, self.marks[0], self.marks[-1], column=column, top=top, bottom=_AXIS)
        sketch = rows.sketch()
        sketch.legend(entries)
        sketch.lines([[(m, -0.5), (m, len(labels) - 0.5)] for m in self.marks], "grid", under=True)
        self._boxes(sketch)
        medians = [(g.median, i) for i, g in enumerate(self.groups) if g.n]
        sketch.lines([[(m, i - 0.36), (m, i + 0.36)] for m, i in medians], "ink", wide=2.2)
        self._dots(sketch)
        for i, group in enumerate(self.groups):
            sketch.text(width.px - 4, sketch.y(i), words[i], align="right", token="ink" if group.n else "muted")
        self._axis(sketch)
        return sketch

    def _words(self, group: _Group, *, short: bool) -> str:
        n = numbers.count(group.n)
        if not group.n:
            return f"{numbers.missing()}, n = {n}"
        return f"{self.shown(group.median)} ({n})" if short else f"{self.shown(group.median)} (n = {n})"

    def _boxes(self, sketch: Sketch) -> None:
        boxed = [(i, g) for i, g in enumerate(self.groups) if g.boxed]
        whiskers = [[(a, i), (b, i)] for i, g in boxed for a, b in ((g.ends[0], g.at(25)), (g.at(75), g.ends[1]))]
        sketch.lines(whiskers, "c1", wide=1.6)
        for i, group in boxed:
            sketch.bar((group.at(25), group.at(75)), (i - _THICK, i + _THICK), "c1soft")

    def _dots(self, sketch: Sketch) -> None:
        """Draw the records of small groups, equal ones one beside the other across the row."""
        size = _DOT[sketch.width.name]
        places = []
        for i, group in enumerate(self.groups):
            if group.n and not group.boxed:
                across = sketch.y(1) - sketch.y(0)
                for value, off in zip(group.values, _stacked([sketch.x(v) for v in group.values], size), strict=True):
                    places.append((float(value), i + off / across))
        sketch.dots(places, "c1", radius=size, hollow=True)

    def _axis(self, sketch: Sketch) -> None:
        words = [tick_label(m, self.marks, self.unit, self.scale) for m in self.marks]
        for i in apart([sketch.x(m) for m in self.marks], words, sketch.font):
            half = width_of(words[i], sketch.font) / 2
            x = min(max(sketch.x(self.marks[i]), half), sketch.width.px - half - 2)
            sketch.text(x, sketch.height - _AXIS / 2, words[i], token="muted", align="center")

    def histogram(self, width: Width) -> Sketch:
        """Return the histogram of the only group: as many records in a bar as its height says."""
        (group,) = self.groups
        edges, counts = bins(group.values)
        n, median = numbers.count(group.n), self.shown(group.median)
        entries = self.money_entry()
        entries.append(("fill", "c1", say("{group}, records (n = {n})", group=clean(group.label), n=n)))
        entries.append(("line", "c3", say("median {value}", value=median)))
        top = 12 + LEGEND_ROW * legend_rows(entries, width)
        levels = ticks(0, float(max(counts)), 4)
        left = max(width_of(numbers.count(m), width.font) for m in levels) + 12
        sketch = Sketch(width, top + _PLOT[width.name] + _AXIS, (left, top, 16, _AXIS))
        sketch.limits((edges[0], edges[-1]), (0, levels[-1]))
        sketch.legend(entries)
        sketch.lines([[(edges[0], m), (edges[-1], m)] for m in levels if m], "grid", under=True)
        gap = (edges[-1] - edges[0]) / sketch.box[2] * 0.75
        for k, count in enumerate(counts):
            if count:
                sketch.bar((edges[k] + gap, edges[k + 1] - gap), (0, float(count)), "c1")
        sketch.lines([[(edges[0], 0), (edges[-1], 0)]], "ref", wide=1.2)
        sketch.lines([[(group.median, 0), (group.median, levels[-1])]], "bg", wide=4.5)
        sketch.lines([[(group.median, 0), (group.median, levels[-1])]], "c3", wide=2.2)
        for level in levels:
            sketch.text(left - 8, sketch.y(level), numbers.count(level), token="muted", align="right")
        self.marks = [m for m in ticks(edges[0], edges[-1], 5) if edges[0] <= m <= edges[-1]]
        self._axis(sketch)
        return sketch

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text."""

        def told(group: _Group) -> str:
            low, high = (group.at(25), group.at(75)) if group.boxed else group.ends
            span = numbers.interval(low, high, self.unit, currency=self.currency)
            what = say("middle half {span}", span=span) if group.boxed else say("all within {span}", span=span)
            n = plural(group.n, "{count} record", "{count} records", count=numbers.count(group.n))
            return say("{group} median {value} ({what}, {n})", group=clean(group.label), value=self.read(group.median),
                       what=what, n=n)  # fmt: skip

        if len(self.full) == 1:
            return [told(self.full[0])]
        return [say("Highest {group}", group=told(self.full[0])), say("Lowest {group}", group=told(self.full[-1]))]


def bins(values: NDArray[np.float64]) -> tuple[list[float], list[int]]:
    """Return edges and counts of a histogram: bins of equal round width, near the Freedman–Diaconis width.

    A bin holds its lower edge, the last one both. Source of the width: Freedman and Diaconis, 1981
    (2 × interquartile range / n^(1/3)).
    """
    low, high = float(values.min()), float(values.max())
    quarter, three = np.percentile(values, [25, 75])
    width = 2 * float(three - quarter) / len(values) ** (1 / 3)
    wanted = round((high - low) / width) if width > 0 else _BINS
    edges = ticks(low, high, min(max(wanted, 5), _BINS))
    counts, _ = np.histogram(values, edges)
    return edges, [int(c) for c in counts]


def _stacked(places: Sequence[float], size: float) -> list[float]:
    """Return how far (pixels) each dot of sorted places moves across its row so that none touches another.

    Where more dots fall together than the row has room for, all of the row move closer and overlap, but none hides.
    """
    for closer in (1.0, 0.8, 0.6, 0.4, 0.25, 0.15):
        found = _packed(places, (2 * size + 0.8) * closer)
        if found is not None:
            break
    return found or [0.0] * len(places)


def _packed(places: Sequence[float], pitch: float) -> list[float] | None:
    """Return offsets within the row that keep dots ``pitch`` apart, the nearest to its middle first; None: no room."""
    steps = [0.0, *(s * k * pitch / 2 for k in range(1, int(2 * _ROOM / pitch) + 1) for s in (1, -1))]
    done: list[tuple[float, float]] = []
    for x in places:
        near = [(a, b) for a, b in done if x - a < pitch]
        free = next((s for s in steps if all((x - a) ** 2 + (s - b) ** 2 >= 0.98 * pitch**2 for a, b in near)), None)
        if free is None:
            return None
        done.append((x, free))
    return [off for _, off in done]
