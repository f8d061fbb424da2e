"""The same trend for many units: small panels on one scale, the unit that is furthest from its plan first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bizops import numbers
from bizops.charts.amounts import Amounts, gap_token, known, optional
from bizops.charts.axis import tick_label, ticks
from bizops.charts.board import Board, Panel, Point
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, fit, width_of
from bizops.charts.rows import checked
from bizops.errors import InputError
from bizops.language import plural, say

_MOST = 16
_COLUMNS = {"wide": 4, "narrow": 2}
_PLOT = {"wide": 62.0, "narrow": 54.0}
_GUTTER = 16.0
_AXIS = 20.0
_DOT = 4.0


def small_multiples(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str, currency: str = "", better: str = "none",
    reference: float | None = None, reference_label: str = "", in_flight: str = "", table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return a small line a unit, all on one scale, the largest gap on the side of bad first.

    ``frame`` is long: label (unit), period (in order of appearance), value (in ``unit``; missing values and pairs
    leave gaps) and, where known, plan (the value to compare with, a dashed line) and n (records behind the value).
    The gap of a panel is its last value less the plan of that period, else less ``reference`` (one for all), else
    less its first value. Without a direction of good the largest gap comes first, whichever its sign. Rates and
    durations of fewer than 20 records are hollow and grey, and not judged. ``in_flight`` is for a last period that
    has not ended ("day 41 of 92"): its point is hollow. More than 16 units become the first 16, and the chart says so.
    """
    data = checked(frame, ("label", "period", "value"), id, allow_missing=("value",))
    data = data.assign(label=data["label"].map(str))
    if data.duplicated(["label", "period"]).any():
        raise InputError("a pair of label and period appears twice", where=f"figure {id}", fix="sum them first")
    if not known(data["value"]):
        raise InputError("no period has a value", where=f"figure {id}", fix="state the reason in a note instead")
    periods = list(dict.fromkeys(data["period"]))
    planned = reference is not None or ("plan" in data and bool(known(data["plan"])))
    parts = data.groupby("label", sort=False)
    units = [_unit(str(label), part, periods, reference, planned) for label, part in parts]
    units.sort(key=lambda u: u.order(better))
    amounts = Amounts.of(data["value"], unit, currency, id)
    against = (reference_label or say("plan")) if planned else ""
    chart = _Panels(units[:_MOST], len(units), [clean(p) for p in periods], amounts, better, against, in_flight)
    alt = alternative(say("Small multiples, lines"), subtitle, chart.messages(), table)
    return draw(chart.paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


@dataclass(frozen=True)
class _Unit:
    """One panel: a value and what it is compared with for each period, and the records behind the last value."""

    label: str
    values: Sequence[float | None]
    plans: Sequence[float | None]
    compared: float | None
    n: float | None

    @property
    def last(self) -> tuple[int, float] | None:
        """The place and the value of the last period that has one."""
        return next(((i, v) for i, v in reversed(list(enumerate(self.values))) if v is not None), None)

    @property
    def gap(self) -> float | None:
        """The last value less what it is compared with."""
        return None if self.last is None or self.compared is None else self.last[1] - self.compared

    def order(self, better: str) -> tuple[int, float]:
        """Return the key that puts the worst gap first then units without one, then those without a value."""
        if self.gap is None:
            return (2 if self.last is None else 1), 0.0
        return 0, {"up": self.gap, "down": -self.gap}.get(better, -abs(self.gap))


def _unit(label: str, part: pd.DataFrame, periods: list[object], reference: float | None, planned: bool) -> _Unit:
    rows = part.set_index("period").reindex(periods)
    values = optional(rows["value"])
    own = optional(rows["plan"]) if "plan" in rows else [None] * len(values)
    plans = [reference if plan is None else plan for plan in own]
    places = [i for i, v in enumerate(values) if v is not None]
    if not places:
        return _Unit(clean(label), values, plans, None, None)
    last = places[-1]
    compared = plans[last]
    if not planned and len(places) > 1:
        compared = values[places[0]]
    return _Unit(clean(label), values, plans, compared, optional(rows["n"])[last] if "n" in rows else None)


@dataclass(frozen=True)
class _Panels:
    """The units in order, their one scale, and the two drawings of them."""

    units: Sequence[_Unit]
    all: int
    periods: Sequence[str]
    amounts: Amounts
    better: str
    against: str
    in_flight: str

    def marks(self) -> list[float]:
        """Return the marks of the one scale: round numbers around all values and plans that are drawn."""
        spans = known(v for u in self.units for v in (*u.values, *u.plans))
        return ticks(min(spans), max(spans), 4)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend: unit, comparison, that all panels have one scale, what is left out."""
        found = [("line", "c1", self.amounts.key(say("one scale in all panels")))]
        if self.against:
            found.append(("dash", "ref", clean(self.against)))
        if self.in_flight:
            found.append(("hollow", "c1", say("in flight, {to_day}", to_day=clean(self.in_flight))))
        if any(self.amounts.few(u.n) for u in self.units):
            found.append(("hollow", "ref", say("fewer than {n} records", n=numbers.NO_COLOUR_BELOW)))
        if len(self.units) < self.all:
            found.append(("", "muted", say("{shown} of {all}, by gap", shown=len(self.units), all=self.all)))
        return found

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries, marks, font = self.entries(), self.marks(), width.font
        columns = min(_COLUMNS[width.name], max(len(self.units), 2))
        rows = -(-len(self.units) // columns)
        ends = (marks[0], marks[-1])
        names = [tick_label(m, ends, self.amounts.unit, self._axis()) for m in ends]
        left = max(width_of(name, font) for name in names) + 8
        across = (width.px - left - _DOT - 2 - _GUTTER * (columns - 1)) / columns
        head = 2 * (font + 5) + 8
        pitch = head + _PLOT[width.name] + 12
        top = LEGEND_ROW * legend_rows(entries, width) + 4
        board = Board(width, top + rows * pitch + _AXIS)
        board.legend(entries)
        panels = []
        edge = 0.15
        for i in range(len(self.units)):
            x = left + (i % columns) * (across + _GUTTER)
            y = top + (i // columns) * pitch + head
            box = (x, y, x + across, y + _PLOT[width.name])
            panels.append(Panel(box, (-edge, max(len(self.periods) - 1, 1) + edge), (marks[0], marks[-1])))
        self._ground(board, panels, marks, names, columns)
        self._lines(board, panels)
        self._heads(board, panels, head)
        self._periods(board, panels[-columns:])
        return board

    def _axis(self) -> numbers.Scale:
        return self.amounts.scale or numbers.Scale(1.0, "", 0)

    def _ground(
        self, board: Board, panels: Sequence[Panel], marks: Sequence[float], names: Sequence[str], columns: int
    ) -> None:
        lines = [[(p.box[0], p.at(0, m)[1]), (p.box[2], p.at(0, m)[1])] for p in panels for m in marks]
        board.runs(lines, "grid")
        placed = [
            (p.box[0] - 6, p.at(0, mark)[1], name)
            for p in panels[::columns]
            for mark, name in ((marks[0], names[0]), (marks[-1], names[-1]))
        ]
        board.words(placed, token="muted", align="right")

    def _lines(self, board: Board, panels: Sequence[Panel]) -> None:
        solid: dict[bool, list[list[Point]]] = {False: [], True: []}
        plans, lone = [], []
        last: dict[tuple[str, bool], list[Point]] = {}
        for unit, panel in zip(self.units, panels, strict=True):
            few = self.amounts.few(unit.n)
            runs = panel.through(unit.values)
            solid[few] += runs
            plans += panel.through(unit.plans)
            if unit.last is not None:
                open_one = bool(self.in_flight) and unit.last[0] == len(self.periods) - 1
                point = panel.at(*unit.last)
                last.setdefault(("ref" if few else "c1", few or open_one), []).append(point)
                lone += [run[0] for run in runs if len(run) == 1 and run[0] != point]
        board.runs(plans, "ref", wide=1.2, dash=True)
        for few, runs in solid.items():
            board.runs(runs, "ref" if few else "c1", wide=1.8)
        board.dots(lone, "c1", radius=2.5)
        for (token, hollow), points in last.items():
            board.dots(points, token, radius=_DOT, hollow=hollow)

    def _heads(self, board: Board, panels: Sequence[Panel], head: float) -> None:
        """Write the label of every panel and, below it, its last value and the gap."""
        labels, values = [], []
        gaps: dict[str, list[tuple[float, float, str]]] = {}
        font = board.font
        for unit, panel in zip(self.units, panels, strict=True):
            left, top, right, _ = panel.box
            first, second = top - head + font / 2 + 3, top - head + font * 1.5 + 8
            labels.append((left, first, fit(unit.label, (right - left) / 1.06, font)))
            shown = numbers.missing() if unit.last is None else self.amounts.short(unit.last[1])
            values.append((left, second, shown))
            token = gap_token(unit.gap, self.better, few=self.amounts.few(unit.n))
            x = left + width_of(shown, font) + 10
            words = fit(self._gap(unit), right - x, font)
            if words:
                gaps.setdefault(token, []).append((x, second, words))
        board.words(labels, bold=True)
        board.words(values)
        for token, placed in gaps.items():
            board.words(placed, token=token)

    def _gap(self, unit: _Unit) -> str:
        if self.amounts.few(unit.n):
            return f"n = {numbers.count(unit.n)}"
        if unit.gap is None:
            return numbers.absent(clean(self.against).lower()) if self.against and unit.last else ""
        return self.amounts.gap(unit.gap)

    def _periods(self, board: Board, panels: Sequence[Panel]) -> None:
        """Write the first and the last period below the lowest panel of every column."""
        ends = []
        for panel in panels:
            left, _, right, low = panel.box
            room = (right - left) / (2 if len(self.periods) > 1 else 1) - 4
            y = low + 12
            if len(self.periods) > 1:
                board.words([(left, y, fit(self.periods[0], room, board.font))], token="muted")
            ends.append((right, y, fit(self.periods[-1], room, board.font)))
        board.words(ends, token="muted", align="right")

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text: the first panels, and how many lie on which side."""
        units = plural(self.all, "{count} panel", "{count} panels", count=self.all)
        found = [say("{units}; first {row}", units=units, row=self._told(self.units[0]))]
        found += [self._told(u) for u in self.units[1:3]]
        gaps = [u.gap for u in self.units if u.gap is not None]
        if self.against and len(gaps) > 1:
            below, name = sum(g < 0 for g in gaps), clean(self.against)
            found.append(say("{below} of {all} below {reference}", below=below, all=len(gaps), reference=name))
        return found

    def _told(self, unit: _Unit) -> str:
        if unit.last is None:
            return f"{unit.label} {numbers.missing()}"
        value = f"{unit.label} {self.amounts.full(unit.last[1])}"
        if unit.gap is None:
            return value
        against = say("vs {reference}", reference=clean(self.against)) if self.against else say("since the first")
        return f"{value} ({self.amounts.full_gap(unit.gap)} {against})"
