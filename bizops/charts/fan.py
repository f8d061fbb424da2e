"""A forecast as what it is: the actual line to where it is known, then a median within bands that widen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from bizops import numbers
from bizops.annotations import Annotation
from bizops.charts import markers
from bizops.charts.axis import padded, period_labels, tick_label, ticks_within
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.rows import checked
from bizops.errors import InputError
from bizops.language import say
from bizops.theme import LIGHT

LEVELS = (95, 80, 50)
"""The intervals that are drawn, widest first: columns ``lower95`` and ``upper95``, and so on."""

_TOKENS = {95: "band", 80: "line", 50: "c1soft"}
_AXIS = 26.0
_PLOT = {"wide": 230.0, "narrow": 190.0}
_EDGE = 0.35


def fan(
    frame: pd.DataFrame, actual: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str, as_of: date,
    currency: str = "", in_flight: str = "", annotations: Sequence[Annotation] = (), metric: str = "",
    table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return the actual line, and from its last closed period on the forecast: median, 50, 80 and 95 % intervals.

    ``frame`` has one row a forecast period, oldest first: period, median, lower50, upper50, lower80, upper80, lower95,
    upper95, all from ``bizops.methods``. ``actual`` has period and value (missing values leave a gap). Both may have
    plan (drawn as an outline) and start, the first day of the period: then the line of origin stands exactly at the
    end of ``as_of``, else after the last closed period; ``annotations`` need it (see ``bizops.charts.markers``).
    ``in_flight`` ("day 41 of 92") is for a last actual period that has not ended: it is hollow, and the forecast of
    the same period starts from the one before. Raises ``InputError`` when the intervals do not lie within each other.
    """
    where = f"figure {id}"
    columns = ["period", "median", *(f"{end}{level}" for level in LEVELS for end in ("lower", "upper"))]
    ahead = checked(frame, columns, id)
    past = actual.reset_index(drop=True)
    if len(past):
        past = checked(actual, ("period", "value"), id, allow_missing=("value",))
    _nested(ahead, where)
    chart = _Fan(ahead, past, unit, currency, in_flight, as_of, where)
    events = markers.numbered(annotations, chart.frame, metric=metric, where=where) if len(chart.frame) else ()
    chart.events = tuple(e for e in events)
    alt = alternative(say("Forecast fan"), subtitle, chart.messages(), table)
    return draw(
        chart.paint, id=id, title=title, subtitle=subtitle, table=table, note=note, alt=alt,
        annotations=markers.words(chart.events),
    )  # fmt: skip


def _nested(ahead: pd.DataFrame, where: str) -> None:
    lows = ["lower95", "lower80", "lower50", "median", "upper50", "upper80", "upper95"]
    for period, row in zip(ahead["period"], ahead[lows].astype(float).to_numpy(), strict=True):
        if any(b < a for a, b in pairwise(row)):
            raise InputError(f"the intervals of {clean(period)} do not lie within each other", where=where)


class _Fan:
    """The periods on one axis, the actual values and the forecast by their places on it, and the drawing."""

    def __init__(
        self, ahead: pd.DataFrame, past: pd.DataFrame, unit: str, currency: str, in_flight: str, as_of: date,
        where: str,
    ) -> None:  # fmt: skip
        self.ahead, self.unit, self.currency, self.in_flight, self.as_of = ahead, unit, currency, in_flight, as_of
        self.events: tuple[markers.Marker, ...] = ()
        both = pd.concat([past, ahead], ignore_index=True) if len(past) else ahead
        self.frame = both.drop_duplicates("period", ignore_index=True)
        self.periods = [str(p) for p in self.frame["period"]]
        row = {name: i for i, name in enumerate(self.periods)}
        values: Sequence[Any] = past["value"].tolist() if len(past) else []
        self.values = [None if numbers.is_missing(v) else float(v) for v in values]
        self.places = [row[str(p)] for p in ahead["period"]]
        closed = len(self.values) - (1 if in_flight else 0)
        self.closed = [(i, v) for i, v in enumerate(self.values[:closed]) if v is not None]
        self.flying = [(i, v) for i, v in enumerate(self.values) if i >= closed and v is not None]
        self.plans = _plans(past, row) | _plans(ahead, row)
        self.origin = markers.position(as_of, self.frame, where) if "start" in self.frame.columns else closed - 0.5
        known = [*(v for v in self.values if v is not None), *ahead["lower95"], *ahead["upper95"], *self.plans.values()]
        self.span = padded(known)
        self.marks = ticks_within(*self.span)
        self.scale = numbers.chart_scale([*(v for v in self.values if v is not None), *ahead["median"]])

    def shown(self, value: float) -> str:
        """Return a value as a label."""
        return numbers.money(value, scale=self.scale) if self.unit == "money" else numbers.quantity(value, self.unit)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend."""
        found = [("", "", self.scale.title(self.currency))] if self.unit == "money" else []
        if self.closed:
            found.append(("line", "c1", say("actual")))
        if self.flying:
            found.append(("hollow", "c1", say("in flight, {how_far}", how_far=self.in_flight)))
        found.append(("dash", "c1", say("forecast, median")))
        for level in reversed(LEVELS):
            share = numbers.percent(level / 100, decimals=0)
            found.append(("fill", _TOKENS[level], say("{share} interval", share=share)))
        if self.plans:
            found.append(("outline", "ink", say("plan")))
        return [*found, ("tick", "ref", say("known to {day}", day=numbers.day(self.as_of)))]

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries = self.entries()
        under = LEGEND_ROW * legend_rows(entries, width)
        top = 12 + under + markers.room(self.events, width)
        words = [tick_label(m, self.marks, self.unit, self.scale) for m in self.marks]
        left = max(width_of(w, width.font) for w in words) + 12
        right = width_of(self.shown(float(self.ahead["median"].iloc[-1])), width.font) + 12
        sketch = Sketch(width, top + _PLOT[width.name] + _AXIS, (left, top, right, _AXIS))
        ends = (-_EDGE, len(self.periods) - 1 + _EDGE)
        sketch.limits(ends, self.span)
        sketch.legend(entries)
        self._bands(sketch)
        sketch.lines([[(ends[0], m), (ends[1], m)] for m in self.marks], "grid", under=True)
        for mark, word in zip(self.marks, words, strict=True):
            sketch.text(left - 8, sketch.y(mark), word, token="muted", align="right")
        self._origin(sketch)
        self._marks(sketch, under)
        self._plans(sketch)
        self._actual(sketch)
        period_labels(sketch, self.periods, _AXIS)
        return sketch

    def _path(self, column: str) -> list[tuple[float, float]]:
        """Return a line of the forecast, from the last closed value on; a lone period becomes a short bar."""
        path = [(float(x), float(v)) for x, v in zip(self.places, self.ahead[column], strict=True)]
        before = [(float(i), v) for i, v in self.closed if i < self.places[0]][-1:]
        if not before and len(path) == 1:
            (x, value) = path[0]
            return [(x - 0.2, value), (x + 0.2, value)]
        return before + path

    def _bands(self, sketch: Sketch) -> None:
        for level in LEVELS:
            low, high = self._path(f"lower{level}"), self._path(f"upper{level}")
            sketch.area([x for x, _ in low], [v for _, v in low], [v for _, v in high], _TOKENS[level])

    def _origin(self, sketch: Sketch) -> None:
        """Draw where the known ends; the legend says its day."""
        x = max(self.origin, -_EDGE)
        sketch.lines([[(x, self.span[0]), (x, self.span[1])]], "ref", wide=1.6)

    def _marks(self, sketch: Sketch, top: float) -> None:
        spots = []
        for event in self.events:
            row = event.rows[0] or 0
            value = self.values[row] if row < len(self.values) else None
            end = sketch.box[1] + sketch.box[3] if value is None else sketch.y(value) - 7
            spots.append((event.number, sketch.x(row), end))
        markers.mark(sketch, spots, top)

    def _plans(self, sketch: Sketch) -> None:
        """Draw the plan as outlined squares, which hide nothing of what is behind them."""
        if self.plans:
            sketch.canvas.add_artist(
                Line2D(
                    [sketch.x(i) for i in self.plans], [sketch.height - sketch.y(v) for v in self.plans.values()],
                    transform=None, linestyle="none", marker="s", markersize=8, markeredgewidth=1.5,
                    markerfacecolor="none", markeredgecolor=LIGHT["ink"],
                )
            )  # fmt: skip

    def _actual(self, sketch: Sketch) -> None:
        runs: dict[int, list[tuple[float, float]]] = {}
        for k, (i, value) in enumerate(self.closed):
            runs.setdefault(i - k, []).append((i, value))
        sketch.lines(list(runs.values()), "c1", wide=2.2)
        sketch.lines([self._path("median")], "c1", wide=2.0, dash=True)
        tight = sketch.box[2] < 22 * len(self.periods)
        sketch.dots(self.closed, "c1", radius=3.0 if tight else 4.0)
        sketch.dots(self.flying, "c1", radius=4.5, hollow=True)
        last = (float(self.places[-1]), float(self.ahead["median"].iloc[-1]))
        sketch.text(sketch.x(last[0]) + 10, sketch.y(last[1]), self.shown(last[1]), bold=True)

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text."""

        def read(value: Any) -> str:
            return numbers.quantity(float(value), self.unit, currency=self.currency)

        def told(row: pd.Series[Any]) -> str:
            span = numbers.interval(row["lower80"], row["upper80"], self.unit, currency=self.currency)
            return say("{period} {median} ({share} interval {span})", period=clean(row["period"]), span=span,
                       median=read(row["median"]), share=numbers.percent(0.8, decimals=0))  # fmt: skip

        found = [say("Forecast for {forecast}", forecast=told(self.ahead.iloc[-1]))]
        if self.closed:
            i, value = self.closed[-1]
            found.append(say("Last closed: {period} {value}", period=clean(self.periods[i]), value=read(value)))
        if len(self.ahead) > 1:
            found.append(say("Next: {forecast}", forecast=told(self.ahead.iloc[0])))
        return [*found, *markers.spoken(self.events)]


def _plans(frame: pd.DataFrame, row: dict[str, int]) -> dict[int, float]:
    """The plan of each period that has one, by its place."""
    if "plan" not in frame.columns:
        return {}
    pairs = zip(frame["period"], frame["plan"], strict=True)
    return {row[str(p)]: float(v) for p, v in pairs if not numbers.is_missing(v)}
