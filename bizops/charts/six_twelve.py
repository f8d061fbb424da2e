"""The last 6 weeks beside the last 12 months of one metric: what just happened, and what it is part of.

The pair of charts of Amazon's weekly business review (workingbackwards.com/wbr-app), in the house's notation: this
year solid, the year before lighter, plan as an outlined mark, a period that has not ended hollow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bizops import numbers
from bizops.annotations import Annotation
from bizops.charts import markers
from bizops.charts.amounts import Amounts, gap_token, known, optional
from bizops.charts.axis import apart, tick_label, ticks
from bizops.charts.board import Board, Box, Panel, Point
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, fit, width_of
from bizops.charts.rows import checked
from bizops.errors import InputError
from bizops.language import plural, say

GRAINS = {"week": 6, "month": 12}
_PLOT = {"wide": 180.0, "narrow": 120.0}
_AXIS = 26.0
_BETWEEN = 14.0
_BOLD = 1.06
_COMPARED = 40.0
_NAME_ROOM = 340.0
_WEEKS = 0.45
_DOT = 4.0
Comparison = tuple[str, float | None]


def six_twelve(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str, currency: str = "", better: str = "none",
    prior_label: str = "", plan_label: str = "", comparisons: Sequence[Comparison] = (),
    own_scales: bool = False, annotations: Iterable[Annotation] = (), metric: str = "", table: str = "",
    note: str = "",
) -> Figure:  # fmt: skip
    """Return the last 6 weeks and the last 12 months of a metric: side by side, on a phone one above the other.

    ``frame`` has one row a period, oldest first within its grain: grain ("week" or "month"), period (label), value
    (in ``unit``; missing values leave gaps) and, where known, prior (the value a year before), plan, to_day (words
    for a period that has not ended, "day 3 of 7": its point is hollow, its line dashed) and start (the period's first
    day, needed for ``annotations``, the dated events of ``metric``). Earlier periods are left out.

    ``comparisons`` are written below: (name, difference), a relative change as a fraction ("WoW", −0.032), for rates
    the difference of the two fractions; None is written as missing. Both panels have one scale; sums of a month
    dwarf those of a week, so ``own_scales`` gives each its own, and the chart says so.
    """
    data = checked(frame, ("grain", "period", "value"), id, allow_missing=("grain", "value"))
    odd = [clean(g) for g in data["grain"] if g not in GRAINS]
    if odd:
        raise InputError(f"the grain '{odd[0]}' is neither week nor month", where=f"figure {id}")
    if not known(data["value"]):
        raise InputError("no period has a value", where=f"figure {id}", fix="state the reason in a note instead")
    parts = [data[data["grain"] == grain].tail(count).reset_index(drop=True) for grain, count in GRAINS.items()]
    events = markers.numbered(annotations, *parts, metric=metric, where=f"figure {id}")
    names = (prior_label or say("year before"), plan_label or say("plan"))
    series = [_series(grain, part) for grain, part in zip(GRAINS, parts, strict=True)]
    amounts = Amounts.of([v for s in series for v in s.spans()], unit, currency, id)
    pair = _Pair(series, amounts, better, names, list(comparisons), own_scales, events)
    alt = alternative(say("Lines, 6 weeks and 12 months"), subtitle, pair.messages(), table)
    return draw(
        pair.paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note,
        annotations=markers.words(events),
    )  # fmt: skip


@dataclass(frozen=True)
class _Series:
    """The periods of one grain with what is known of each."""

    grain: str
    periods: Sequence[str]
    values: Sequence[float | None]
    priors: Sequence[float | None]
    plans: Sequence[float | None]
    to_day: Sequence[str]

    def spans(self) -> list[float]:
        """Return all numbers that the scale must hold."""
        return known([*self.values, *self.priors, *self.plans])

    @property
    def last(self) -> tuple[int, float] | None:
        """The place and the value of the last period that has one."""
        return next(((i, v) for i, v in reversed(list(enumerate(self.values))) if v is not None), None)

    @property
    def title(self) -> str:
        """What the panel shows."""
        n = len(self.periods)
        if self.grain == "week":
            return plural(n, "Last {count} week", "Last {count} weeks", count=n)
        return plural(n, "Last {count} month", "Last {count} months", count=n)


def _series(grain: str, part: pd.DataFrame) -> _Series:
    def column(name: str) -> list[float | None]:
        return optional(part[name]) if name in part else [None] * len(part)

    open_ones = part["to_day"] if "to_day" in part else [None] * len(part)
    to_day = ["" if numbers.is_missing(w) or not str(w).strip() else clean(w) for w in open_ones]
    return _Series(grain, [clean(p) for p in part["period"]], optional(part["value"]), column("prior"),
                   column("plan"), to_day)  # fmt: skip


@dataclass(frozen=True)
class _Pair:
    """Both panels, their scale or scales, and the two drawings of them."""

    series: Sequence[_Series]
    amounts: Amounts
    better: str
    names: tuple[str, str]
    comparisons: Sequence[Comparison]
    own_scales: bool
    events: Sequence[markers.Marker]

    def marks(self, series: _Series) -> list[float]:
        """Return the marks of a panel's scale, the same for both unless each has its own."""
        spans = series.spans() if self.own_scales else [v for s in self.series for v in s.spans()]
        return ticks(min(spans, default=0.0), max(spans, default=1.0), 4)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend."""
        prior, plan = (clean(name) for name in self.names)
        found = [("line", "c1", self.amounts.key(say("actual")))]
        if any(known(s.priors) for s in self.series):
            found.append(("line", "c1soft", prior))
        if any(known(s.plans) for s in self.series):
            found.append(("outline", "ink", plan))
        open_ones = [w for s in self.series for v, w in zip(s.values, s.to_day, strict=True) if w and v is not None]
        if open_ones:
            found.append(("hollow", "c1", say("in flight, {to_day}", to_day="; ".join(dict.fromkeys(open_ones)))))
        if self.own_scales:
            found.append(("", "muted", say("weeks and months have scales of their own")))
        return found

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries, font = self.entries(), width.font
        legend = 4 + LEGEND_ROW * legend_rows(entries, width)
        above = markers.room(self.events, width)
        head, plot = font + 14, _PLOT[width.name]
        stacked = width.px < 500
        block = head + above + 8 + plot + _AXIS
        compared = self._compared(width)
        height = legend + block * (2 if stacked else 1) + _COMPARED * len(compared) + 4
        board = Board(width, height)
        board.legend(entries)
        panels = self._panels(width, legend + head + above + 8, plot, block if stacked else 0.0)
        for series, panel in zip(self.series, panels, strict=True):
            board.text(panel.box[0], panel.box[1] - above - 8 - head / 2, series.title, bold=True)
            self._draw(board, series, panel)
        for row, (panel, series) in enumerate(zip(panels, self.series, strict=True)):
            self._events(board, panel, series, row, panel.box[1] - above - 8)
        self._compare(board, compared, height - _COMPARED * len(compared))
        return board

    def _panels(self, width: Width, top: float, plot: float, below: float) -> list[Panel]:
        rooms = [max(width_of(w, width.font) for w in self._ticks(s)) + 10 for s in self.series]
        ends = [width_of(self.amounts.short(s.last[1]), width.font) * _BOLD + 8 if s.last else 0.0 for s in self.series]
        if below:
            boxes: list[Box] = [(rooms[i], top + below * i, width.px - ends[i], top + below * i + plot) for i in (0, 1)]
        else:
            own = rooms[1] if self.own_scales else 0.0
            across = width.px - rooms[0] - ends[0] - _BETWEEN - own - ends[1]
            middle = rooms[0] + across * _WEEKS
            after = middle + ends[0] + _BETWEEN + own
            boxes = [(rooms[0], top, middle, top + plot), (after, top, width.px - ends[1], top + plot)]
        panels = []
        for series, box in zip(self.series, boxes, strict=True):
            marks, count = self.marks(series), max(len(series.periods), 1)
            panels.append(Panel(box, (-0.4, count - 0.6), (marks[0], marks[-1])))
        return panels

    def _ticks(self, series: _Series) -> list[str]:
        marks = self.marks(series)
        axis = self.amounts.scale or numbers.Scale(1.0, "", 0)
        return [tick_label(m, marks, self.amounts.unit, axis) for m in marks]

    def _draw(self, board: Board, series: _Series, panel: Panel) -> None:
        marks = self.marks(series)
        left, top, right, low = panel.box
        board.runs([[(left, panel.at(0, m)[1]), (right, panel.at(0, m)[1])] for m in marks], "grid")
        if self.own_scales or series is self.series[0] or board.width.px < 500:
            placed = [(left - 8, panel.at(0, m)[1], w) for m, w in zip(marks, self._ticks(series), strict=True)]
            board.words(placed, token="muted", align="right")
        if series.last is None:
            words = say("no values")
            board.text((left + right) / 2, (top + low) / 2, words, token="muted", align="center")
            return
        priors = panel.through(series.priors)
        board.runs(priors, "c1soft", wide=2.2)
        board.dots([run[0] for run in priors if len(run) == 1], "c1soft", radius=_DOT)
        self._plans(board, series, panel)
        self._actual(board, series, panel)
        self._periods(board, series, panel)

    def _plans(self, board: Board, series: _Series, panel: Panel) -> None:
        places = [panel.at(i, v) for i, v in enumerate(series.plans) if v is not None]
        board.cells([(x - 7, y - 2.5, x + 7, y + 2.5) for x, y in places], outline="ink")

    def _actual(self, board: Board, series: _Series, panel: Panel) -> None:
        closed = [None if w else v for v, w in zip(series.values, series.to_day, strict=True)]
        board.runs(panel.through(closed), "c1", wide=2.2)
        points = [(i, v) for i, v in enumerate(series.values) if v is not None]
        open_ones = [(i, v) for i, v in points if series.to_day[i]]
        ways: list[list[Point]] = []
        for i, value in open_ones:
            before = series.values[i - 1] if i else None
            if before is not None:
                ways.append([panel.at(i - 1, before), panel.at(i, value)])
        board.runs(ways, "c1", wide=2.0, dash=True)
        board.dots([panel.at(i, v) for i, v in points if not series.to_day[i]], "c1", radius=_DOT)
        board.dots([panel.at(i, v) for i, v in open_ones], "c1", radius=_DOT, hollow=True)
        self._label(board, series, panel)

    def _label(self, board: Board, series: _Series, panel: Panel) -> None:
        """Write the last value right of its point, where no line is."""
        assert series.last is not None
        i, value = series.last
        x, y = panel.at(i, value)
        board.text(x + _DOT + 6, y, self.amounts.short(value), bold=True)

    def _periods(self, board: Board, series: _Series, panel: Panel) -> None:
        """Write the labels of the periods that fit, counted back from the last."""
        left, _, right, low = panel.box
        words = [fit(p, (right - left) / 2, board.font) for p in series.periods]
        places = [panel.at(i, panel.y[0])[0] for i in range(len(words))]
        placed = []
        for i in apart(places, words, board.font):
            half = width_of(words[i], board.font) / 2
            x = min(max(places[i], left - 8 + half), board.width.px - half)
            placed.append((x, low + _AXIS / 2 + 2, words[i]))
        board.words(placed, token="muted", align="center")

    def _events(self, board: Board, panel: Panel, series: _Series, row: int, top: float) -> None:
        spots = []
        for event in self.events:
            place = event.rows[row]
            if place is not None:
                value = series.values[place]
                x, y = panel.at(place, panel.y[1] if value is None else value)
                spots.append((event.number, x, max(top, y - _DOT - 3)))
        markers.mark(board, spots, top)

    def _compared(self, width: Width) -> list[list[tuple[float, str, str, str]]]:
        """Return the rows of comparisons: place, name, difference and its token."""
        rows: list[list[tuple[float, str, str, str]]] = []
        x = float(width.px)
        for name, difference in self.comparisons:
            shown, token = self._difference(difference), gap_token(difference, self.better)
            token = "ink" if token == "muted" and difference is not None else token
            label = fit(clean(name), min(width.px, _NAME_ROOM), width.font)
            needed = max(width_of(label, width.font), width_of(shown, width.font) * _BOLD)
            if x + needed > width.px:
                rows.append([])
                x = 0.0
            rows[-1].append((x, label, shown, token))
            x += needed + 24
        return rows

    def _difference(self, difference: float | None) -> str:
        if difference is None or numbers.is_missing(difference):
            return numbers.missing()
        return numbers.points(difference) if self.amounts.unit == "rate" else numbers.percent(difference, signed=True)

    def _compare(self, board: Board, rows: Sequence[Sequence[tuple[float, str, str, str]]], top: float) -> None:
        for k, row in enumerate(rows):
            y = top + k * _COMPARED + board.font
            for x, label, shown, token in row:
                board.text(x, y, label, token="muted")
                board.text(x, y + board.font * 1.35, shown, token=token, bold=True)

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text: where each panel ends, and the comparisons."""
        found = [self._told(s) for s in self.series if s.last is not None]
        differences = [f"{clean(name)} {self._difference(d)}" for name, d in self.comparisons]
        told = ["; ".join(found), ", ".join(differences)]
        return [t for t in told if t] + markers.spoken(self.events)

    def _told(self, series: _Series) -> str:
        assert series.last is not None
        i, value = series.last
        words = f"{series.title}: {series.periods[i]} {self.amounts.full(value)}"
        if series.to_day[i]:
            words = say("{value} (in flight, {to_day})", value=words, to_day=series.to_day[i])
        first = next((j, v) for j, v in enumerate(series.values) if v is not None)
        if first[0] == i:
            return words
        return say(
            "{value}, from {start}", value=words, start=f"{series.periods[first[0]]} {self.amounts.full(first[1])}"
        )
