"""Two points a row and the way between them: last year and this year, plan and actual, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bizops import numbers
from bizops.charts.amounts import Amounts, gap_token, known, optional
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.rows import Rows, checked, colour
from bizops.errors import InputError
from bizops.language import say

_MOST = 20
_COLUMN = 150.0
_RADIUS = 5.5


def dumbbell(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "money", currency: str = "",
    better: str = "none", start_label: str = "", end_label: str = "", table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return a row a label with both values as points, joined, and the difference as text; the largest first.

    ``frame`` has one row a label: label, start, end (in ``unit``; a missing one leaves its point out) and, where
    known, n (the smaller number of records behind the two: below 20 a rate or duration is not judged, and hollow).
    The difference is end − start, of rates in percentage points, coloured by the direction of good. More than 20 rows
    become the 20 with the largest difference, and the chart says so. The scale need not contain zero.
    """
    data = checked(frame, ("label", "start", "end"), id, allow_missing=("start", "end"))
    amounts = Amounts.of([*data["start"], *data["end"]], unit, currency, id)
    starts, ends = optional(data["start"]), optional(data["end"])
    records = list(data["n"]) if "n" in data else [None] * len(data)
    rows = [
        _Row(clean(label), a, b, amounts.few(n), "" if numbers.is_missing(n) else numbers.count(n))
        for label, a, b, n in zip(data["label"], starts, ends, records, strict=True)
    ]
    if not known([*starts, *ends]):
        raise InputError("no row has a value", where=f"figure {id}", fix="state the reason in a note instead")
    rows.sort(key=lambda r: -1.0 if r.gap is None else abs(r.gap), reverse=True)
    chart = _Dumbbells(rows[:_MOST], len(rows), amounts, better, start_label or say("before"), end_label or say("now"))
    alt = alternative(say("Dumbbell chart"), subtitle, chart.messages(), table)
    return draw(chart.paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


def _ends(rows: Sequence[_Row]) -> tuple[float, float]:
    values = known(v for r in rows for v in (r.start, r.end))
    return min(values), max(values)


def _within(label: str) -> str:
    """Return a label as it stands within a sentence: ``Prior year`` small, ``Q3 FY26`` as it is."""
    return label.lower() if label[1:].islower() else label


@dataclass(frozen=True)
class _Row:
    """One row: both values, and whether too few records stand behind them to judge."""

    label: str
    start: float | None
    end: float | None
    few: bool
    n: str

    @property
    def gap(self) -> float | None:
        """The difference end − start, None when either is missing."""
        return None if self.start is None or self.end is None else self.end - self.start


@dataclass(frozen=True)
class _Dumbbells:
    """The rows in order of their difference, and the two drawings of them."""

    rows: list[_Row]
    all: int
    amounts: Amounts
    better: str
    start_label: str
    end_label: str

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend: what the two points are, what hollow means, what is left out."""
        found = [
            ("dot", "ref", self.amounts.key(clean(self.start_label))),
            ("dot", "c1" if self.better == "none" else "pos", clean(self.end_label)),
        ]
        judged = [r.gap for r in self.rows if r.gap and not r.few]
        tokens = {colour(gap, self.better) for gap in judged} - {"ref"}
        if self.better != "none" and judged:
            found[1] = ("dot", "pos", say("{label}, better", label=clean(self.end_label)))
            worse = ("dot", "neg", say("{label}, worse", label=clean(self.end_label)))
            found = [found[0], *([found[1]] if "pos" in tokens else []), *([worse] if "neg" in tokens else [])]
        if any(r.few for r in self.rows):
            found.append(("hollow", "ref", say("fewer than {n} records", n=numbers.NO_COLOUR_BELOW)))
        if len(self.rows) < self.all:
            found.append(("", "muted", say("{shown} largest of {all}", shown=len(self.rows), all=self.all)))
        return found

    def difference(self, row: _Row) -> str:
        """Return the difference as text, with n where it is too small to judge."""
        if row.gap is None:
            missing = self.start_label if row.start is None else self.end_label
            both = row.start is None and row.end is None
            return numbers.missing() if both else numbers.absent(_within(clean(missing)))
        return self.amounts.gap(row.gap) + (f" (n = {row.n})" if row.few else "")

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries = self.entries()
        top = 8 + LEGEND_ROW * legend_rows(entries, width)
        words = [self.difference(r) for r in self.rows]
        low, high = _ends(self.rows)
        sketch, places = (self._beside if width.px > 500 else self._below)(width, top, words, low, high)
        sketch.legend(entries)
        self._marks(sketch, list(zip(places, self.rows, strict=True)), low, high)
        for place, row in zip(places, self.rows, strict=True):
            self._values(sketch, place, row)
        return sketch

    def _beside(
        self, width: Width, top: float, words: Sequence[str], low: float, high: float
    ) -> tuple[Sketch, list[float]]:
        """Return the wide surface: label, points and difference on one line."""
        column = min(_COLUMN, max(width_of(w, width.font) for w in words)) + 14
        labels, sides = [r.label for r in self.rows], self._sides()
        sketch = Rows(width, labels, low, high, sides, sides, column=column, top=top).sketch()
        for i, (row, text) in enumerate(zip(self.rows, words, strict=True)):
            self._difference(sketch, sketch.y(i), row, text, column - 8)
        return sketch, [float(i) for i in range(len(self.rows))]

    def _below(
        self, width: Width, top: float, words: Sequence[str], low: float, high: float
    ) -> tuple[Sketch, list[float]]:
        """Return the narrow surface: the points have the whole width, label and difference stand above them."""
        side = max(width_of(w, width.font) for w in self._sides()) + 8
        pitch, count = 4 * width.font, len(self.rows)
        sketch = Sketch(width, top + count * pitch, (side, top, side, 0.0))
        sketch.limits((low, high if high > low else low + 1.0), (count - 0.5, -0.5))
        for i, (row, text) in enumerate(zip(self.rows, words, strict=True)):
            y = sketch.y(i) - width.font
            self._difference(sketch, y, row, text, _COLUMN)
            room = width.px - min(_COLUMN, width_of(text, width.font)) - 20
            sketch.text(0, y, row.label, room=room)
        return sketch, [i + 0.16 for i in range(count)]

    def _sides(self) -> list[str]:
        return [self.amounts.short(v) + "  " for v in known(v for r in self.rows for v in (r.start, r.end))]

    def _difference(self, sketch: Sketch, y: float, row: _Row, text: str, room: float) -> None:
        token = gap_token(row.gap, self.better, few=row.few)
        token = "ink" if row.gap is not None and not row.few and self.better == "none" else token
        sketch.text(sketch.width.px - 4, y, text, token=token, align="right", room=room)

    def _marks(self, sketch: Sketch, places: Sequence[tuple[float, _Row]], left: float, right: float) -> None:
        sketch.lines([line for i, row in places for line in self._guides(sketch, i, row, left, right)], "grid")
        ways = [[(r.start, i), (r.end, i)] for i, r in places if r.start is not None and r.end is not None]
        sketch.lines(ways, "ref", wide=2.5)
        sketch.dots([(r.start, i) for i, r in places if r.start is not None], "ref", radius=_RADIUS)
        for token in ("c1", "pos", "neg", "ref"):
            found = [(r.end, i) for i, r in places if r.end is not None and not r.few and self._token(r) == token]
            sketch.dots(found, token, radius=_RADIUS)
        few = [(r.end, i) for i, r in places if r.end is not None and r.few]
        sketch.dots(few, "ref", radius=_RADIUS, hollow=True)

    def _guides(
        self, sketch: Sketch, place: float, row: _Row, left: float, right: float
    ) -> list[list[tuple[float, float]]]:
        """Return the faint line of a row, from the ends of the scale to the words beside its points."""
        values = sorted(known([row.start, row.end]))
        if not values:
            return [[(left, place), (right, place)]]
        per_pixel = (right - left) / sketch.box[2]
        room = [(width_of(self.amounts.short(v), sketch.font) + _RADIUS + 10) * per_pixel for v in values]
        ends = (values[0] - room[0], values[-1] + room[-1])
        return [[(left, place), (ends[0], place)]] * (left < ends[0]) + [[(ends[1], place), (right, place)]] * (
            ends[1] < right
        )

    def _token(self, row: _Row) -> str:
        return "c1" if row.gap is None else colour(row.gap, self.better)

    def _values(self, sketch: Sketch, i: float, row: _Row) -> None:
        """Write both values on the outer sides of their points, where the other one never is."""
        rising = row.start is None or row.end is None or row.end >= row.start
        for value, is_end in ((row.start, False), (row.end, True)):
            if value is not None:
                after = is_end == rising
                x = sketch.x(value) + (_RADIUS + 5) * (1 if after else -1)
                token = "ink" if is_end else "muted"
                words = self.amounts.short(value)
                sketch.text(x, sketch.y(i), words, token=token, align="left" if after else "right")

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text: the largest differences, and how many rose."""
        both = [r for r in self.rows if r.gap is not None]
        if not both:
            return [say("{n} rows without both values", n=len(self.rows)), *(self._one(r) for r in self.rows[:2])]
        rose, fell = (sum((r.gap or 0) * side > 0 for r in both) for side in (1, -1))
        counted = say("{rose} of {all} higher, {fell} lower", rose=rose, fell=fell, all=len(both))
        return [say("Largest: {row}", row=self._way(both[0])), *(self._way(r) for r in both[1:3]), counted]

    def _one(self, row: _Row) -> str:
        value = row.start if row.end is None else row.end
        return f"{row.label} {numbers.missing() if value is None else self.amounts.full(value)}"

    def _way(self, row: _Row) -> str:
        start, end = (numbers.missing() if v is None else self.amounts.full(v) for v in (row.start, row.end))
        gap = "" if row.gap is None else self.amounts.full_gap(row.gap)
        return say("{label} from {start} to {end} ({gap})", label=row.label, start=start, end=end, gap=gap)
