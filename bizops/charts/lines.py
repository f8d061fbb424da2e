"""A metric over time with its normal range."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import seaborn as sns

from bizops import numbers
from bizops.annotations import Annotation
from bizops.charts import markers
from bizops.charts.axis import period_labels, tick_label, ticks
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.rows import checked
from bizops.errors import InputError
from bizops.language import say
from bizops.theme import LIGHT

_AXIS = 26.0
_PLOT = {"wide": 210.0, "narrow": 170.0}


def line_xmr(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str, currency: str = "", better: str = "none",
    limits: tuple[float, float, float] | None = None, in_flight: str = "", annotations: Sequence[Annotation] = (),
    metric: str = "", table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return a line over periods with the band of its normal range.

    ``frame`` has one row a period, oldest first: period (label) and value (in ``unit``; missing values leave a gap).
    ``limits`` are (lower, mean, upper) of the XmR chart; without them (fewer than 8 periods) there is no band.
    Points outside the limits are marked and labelled, coloured by the direction of good. ``in_flight`` is for a last
    period that has not ended ("day 41 of 92"): its point is hollow, its line dashed, and it is not judged.

    ``annotations`` that concern ``metric`` (an id), or no metric in particular, and fall into the periods are marked
    with numbers and listed below; the frame then needs ``start``, the first day of each period (see
    ``bizops.charts.markers``).
    """
    data = checked(frame, ("period", "value"), id, allow_missing=("value",))
    values = [None if numbers.is_missing(v) else float(v) for v in data["value"]]
    if sum(v is not None for v in values) < 2:
        raise InputError("fewer than two periods with a value", where=f"figure {id}", fix="state the value in a card")
    if limits is not None and not limits[0] <= limits[1] <= limits[2]:
        raise InputError(f"limits {limits} are not lower, mean, upper", where=f"figure {id}")
    events = markers.numbered(annotations, data, metric=metric, where=f"figure {id}")
    trend = _Trend([str(p) for p in data["period"]], values, unit, currency, better, limits, in_flight, events)
    return draw(
        trend.paint, id=id, title=title, subtitle=subtitle, table=table, note=note, annotations=markers.words(events),
        alt=alternative(say("Line over time"), subtitle, trend.messages(), table),
    )  # fmt: skip


class _Trend:
    """The series, its scale, and the two drawings of it."""

    def __init__(
        self, periods: Sequence[str], values: Sequence[float | None], unit: str, currency: str, better: str,
        limits: tuple[float, float, float] | None, in_flight: str, events: Sequence[markers.Marker],
    ) -> None:  # fmt: skip
        self.periods, self.values, self.unit, self.currency = periods, values, unit, currency
        self.better, self.limits, self.in_flight, self.events = better, limits, in_flight, events
        self.points = [(i, v) for i, v in enumerate(values) if v is not None]
        self.closed = [(i, v) for i, v in self.points if not (in_flight and i == len(values) - 1)]
        known = [v for _, v in self.points]
        spans = [*known, *((limits[0], limits[2]) if limits else ())]
        self.marks = ticks(min(spans), max(spans), 5)
        self.scale = numbers.chart_scale(known)

    def outside(self) -> list[tuple[int, float]]:
        """Return the closed points outside the limits."""
        if self.limits is None:
            return []
        low, _, high = self.limits
        return [(i, v) for i, v in self.closed if not low <= v <= high]

    def shown(self, value: float) -> str:
        """Return a value as a label."""
        return numbers.money(value, scale=self.scale) if self.unit == "money" else numbers.quantity(value, self.unit)

    def tick(self, value: float) -> str:
        """Return a tick's label, without needless decimals."""
        return tick_label(value, self.marks, self.unit, self.scale)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend: unit, band and mean with their numbers, what the marks mean."""
        found = [("line", "c1", self.scale.title(self.currency))] if self.unit == "money" else []
        if self.limits:
            low, mean, high = self.limits
            band = say("normal range {low} to {high}", low=self.shown(low), high=self.shown(high))
            found.append(("fill", "band", band))
            found.append(("dash", "ref", say("mean {value}", value=self.shown(mean))))
        if self.in_flight:
            found.append(("hollow", "c1", say("in flight, {days}", days=self.in_flight)))
        return found

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries = self.entries()
        under = LEGEND_ROW * legend_rows(entries, width)
        top = 12 + under + markers.room(self.events, width)
        left = max(width_of(self.tick(m), width.font) for m in self.marks) + 12
        right = max(14.0, width_of(self.shown(self.points[-1][1]), width.font) / 2 + 4)
        sketch = Sketch(width, top + _PLOT[width.name] + _AXIS, (left, top, right, _AXIS))
        count = len(self.values)
        edge = 0.3
        sketch.limits((-edge, count - 1 + edge), (self.marks[0], self.marks[-1]))
        self._ground(sketch, -edge, count - 1 + edge)
        sketch.legend(entries)
        self._marks(sketch, under)
        self._line(sketch)
        self._points(sketch)
        period_labels(sketch, self.periods, _AXIS)
        return sketch

    def _ground(self, sketch: Sketch, left: float, right: float) -> None:
        if self.limits:
            sketch.bar((left, right), (self.limits[0], self.limits[2]), "band")
        sketch.lines([[(left, m), (right, m)] for m in self.marks], "grid")
        if self.limits:
            sketch.lines([[(left, self.limits[1]), (right, self.limits[1])]], "ref", dash=True)
        for mark in self.marks:
            sketch.text(sketch.box[0] - 8, sketch.y(mark), self.tick(mark), token="muted", align="right")

    def _marks(self, sketch: Sketch, top: float) -> None:
        """Mark the events: a line from each number to the point of its period, or to the axis where there is none."""
        floor, spots = sketch.box[1] + sketch.box[3], []
        for event in self.events:
            (row,) = event.rows
            value = None if row is None else self.values[row]
            if row is not None:
                spots.append((event.number, sketch.x(row), floor if value is None else self._top(sketch, row, value)))
        markers.mark(sketch, spots, top)

    def _line(self, sketch: Sketch) -> None:
        runs: list[list[tuple[int, float]]] = [[]]
        for i, value in enumerate(self.values):
            if value is None:
                runs.append([])
            elif (i, value) in self.closed:
                runs[-1].append((i, value))
        points = [(i, v, k) for k, run in enumerate(runs) for i, v in run]
        several = len({k for _, _, k in points}) > 1
        sns.lineplot(
            x=[i for i, _, _ in points], y=[v for _, v, _ in points], estimator=None, errorbar=None,
            units=[k for *_, k in points] if several else None, color=LIGHT["c1"], linewidth=2.2, sort=False,
            legend=False, ax=sketch.ax, clip_on=False,
        )  # fmt: skip
        if self.in_flight and len(self.points) > 1 and self.points[-1] not in self.closed:
            sketch.lines([self.points[-2:]], "c1", wide=2.0, dash=True)

    def _points(self, sketch: Sketch) -> None:
        outside = dict(self.outside())
        marked = {t: [(i, v) for i, v in outside.items() if self._token(v) == t] for t in ("pos", "neg", "c3")}
        sketch.dots([(i, v) for i, v in self.closed if i not in outside], "c1")
        sketch.dots([p for p in self.points if p not in self.closed], "c1", radius=4.5, hollow=True)
        for token, points in marked.items():
            sketch.dots(points, token, radius=5.5)
        last = self.points[-1]
        for i, value in dict([*outside.items(), last]).items():
            place = self._label_y(sketch, i, value)
            half = width_of(self.shown(value), sketch.font) / 2
            x = min(max(sketch.x(i), sketch.box[0] + half), sketch.width.px - half - 2)
            sketch.text(x, place, self.shown(value), align="center", bold=True)

    def _label_y(self, sketch: Sketch, row: int, value: float) -> float:
        """Where the label of a point stands: above it, or below where the line comes down to it."""
        before = self.values[row - 1] if row else None
        under = before is not None and before > value and sketch.y(value) + 15 < sketch.box[1] + sketch.box[3]
        return sketch.y(value) + (15 if under else -15)

    def _top(self, sketch: Sketch, row: int, value: float) -> float:
        """The upper end of what is drawn at a period: its point, or the label above it."""
        labelled = (row, value) in (*self.outside(), self.points[-1])
        return min(sketch.y(value) - 7, self._label_y(sketch, row, value) - 9 if labelled else sketch.y(value))

    def _token(self, value: float) -> str:
        assert self.limits is not None
        if self.better == "none":
            return "c3"
        return "pos" if (value > self.limits[2]) == (self.better == "up") else "neg"

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text."""

        def read(value: float) -> str:
            return numbers.quantity(value, self.unit, currency=self.currency)

        (first, before), (last, now) = self.points[0], self.points[-1]
        told = {"first": clean(self.periods[first]), "before": read(before), "last": clean(self.periods[last])}
        told |= {"now": read(now), "n": str(len(self.points))}
        messages = [say("{first} {before}, {last} {now}, {n} periods", **told)]
        if self.in_flight:
            told["days"] = self.in_flight
            messages = [say("{first} {before}, {last} {now} (in flight, {days}), {n} periods", **told)]
        if self.limits:
            span = numbers.interval(self.limits[0], self.limits[2], self.unit, currency=self.currency)
            names = [f"{clean(self.periods[i])} {read(v)}" for i, v in self.outside()]
            messages.append(say("Normal range {span}; no closed period outside it", span=span))
            if names:
                named = say(", ").join(names)
                messages[-1] = say("Normal range {span}; outside it: {names}", span=span, names=named)
        return messages + markers.spoken(self.events)
