"""How long until something happens: Kaplan–Meier steps with their bands, and under them how many are still at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from bizops import numbers
from bizops.charts.axis import apart, tick_label, ticks
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, fit_apart, width_of
from bizops.charts.markers import spread
from bizops.charts.rows import checked
from bizops.errors import InputError
from bizops.language import say
from bizops.theme import LIGHT, SERIES

_PLOT = {"wide": 230.0, "narrow": 190.0}
_LABEL = {"wide": 150.0, "narrow": 74.0}
_AXIS = 44.0
_ROW = 18.0
_KEY = 23.0
_OPACITY = 0.16
_PLAIN = numbers.Scale(1.0, "", 0)

Points = list[tuple[float, float]]


def survival(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, time_label: str, level: int = 95, table: str = "",
    note: str = "",
) -> Figure:  # fmt: skip
    """Return the share still there over time for up to four groups, with bands and the numbers at risk.

    ``frame`` has one row a group and time at which any record left it, by event or by the end of its observation:
    group, time (0 or later, rising within a group), survival (share still there after it, as a fraction), lower and
    upper (of its ``level`` % interval; missing where there is none), at_risk (records just before it) and, where
    known, censored (records not observed further from it on, marked by a tick). ``time_label`` names the axis with its
    unit. Raises ``InputError`` for more than four groups and for a share that rises or lies outside its interval.
    """
    where = f"figure {id}"
    data = checked(frame, ("group", "time", "survival", "lower", "upper", "at_risk"), id, allow_missing=_FREE)
    data = data[[not numbers.is_missing(v) for v in data["survival"]]]
    if data.empty:
        raise InputError("no group has a share", where=where, fix="state the reason in a note (findings.Off) instead")
    curves = [_Curve.of(str(name), rows, where) for name, rows in data.groupby("group", sort=False, dropna=False)]
    if len(curves) > len(SERIES):
        fix = "draw the four that matter, or one chart each on a common scale"
        raise InputError(f"{len(curves)} groups in one chart of survival", where=where, fix=fix)
    chart = _Survival(curves, time_label, level)
    alt = alternative(say("Survival curves"), subtitle, chart.messages(), table)
    return draw(chart.paint, id=id, title=title, subtitle=subtitle, table=table, note=note, alt=alt)


_FREE = ("group", "survival", "lower", "upper")


@dataclass(frozen=True)
class _Curve:
    """One group: its times, the share after each, its band, the records at risk before each, and the censored."""

    label: str
    time: list[float]
    share: list[float]
    lower: list[float | None]
    upper: list[float | None]
    at_risk: list[int]
    censored: list[float]

    @classmethod
    def of(cls, label: str, rows: pd.DataFrame, where: str) -> _Curve:
        """Read the rows of one group and refuse what no survival curve is."""
        time, share = ([float(v) for v in rows[c]] for c in ("time", "survival"))
        lower, upper = ([_known(v) for v in rows[c]] for c in ("lower", "upper"))
        if time[0] < 0 or any(b <= a for a, b in pairwise(time)):
            raise InputError(f"the times of {clean(label)} do not rise from 0", where=where)
        if any(b > a + 1e-9 for a, b in pairwise([1.0, *share])) or share[-1] < -1e-9:
            raise InputError(f"the shares of {clean(label)} do not fall from 1 to 0", where=where)
        bands = zip(lower, share, upper, strict=True)
        if any(a is not None and b is not None and not a - 1e-9 <= s <= b + 1e-9 for a, s, b in bands):
            raise InputError(f"an interval of {clean(label)} does not contain its share", where=where)
        gone = rows["censored"] if "censored" in rows.columns else [0] * len(rows)
        ended = [t for t, c in zip(time, gone, strict=True) if not numbers.is_missing(c) and c > 0]
        return cls(label, time, share, lower, upper, [int(v) for v in rows["at_risk"]], ended)

    def at(self, moment: float) -> float:
        """Return the share still there after ``moment``."""
        return next((s for t, s in zip(reversed(self.time), reversed(self.share), strict=True) if t <= moment), 1.0)

    def risk(self, moment: float) -> int:
        """Return how many records are at risk just before ``moment``; 0 after the last of them left."""
        return next((n for t, n in zip(self.time, self.at_risk, strict=True) if t >= moment), 0)

    def steps(self) -> Points:
        """Return the corners of the curve from time 0 and all to the last time."""
        points = [(0.0, 1.0)]
        for moment, share in zip(self.time, self.share, strict=True):
            points += [(moment, points[-1][1]), (moment, share)]
        return points

    def band(self) -> tuple[list[float], list[float], list[float]]:
        """Return the corners of the band as times, lower and upper ends; it stops where there is no interval."""
        found = ([0.0], [1.0], [1.0])
        for moment, low, high in zip(self.time, self.lower, self.upper, strict=True):
            for line, value in zip(found, (moment, found[1][-1], found[2][-1]), strict=True):
                line.append(value)
            if low is None or high is None:
                break
            for line, value in zip(found, (moment, low, high), strict=True):
                line.append(value)
        return found


def _known(value: Any) -> float | None:
    return None if numbers.is_missing(value) else float(value)


class _Survival:
    """The curves, their scales, and the drawing."""

    def __init__(self, curves: Sequence[_Curve], time_label: str, level: int) -> None:
        self.curves, self.time_label, self.level = curves, time_label, level
        self.last = max(c.time[-1] for c in curves) or 1.0
        self.times = [m for m in ticks(0.0, self.last, 6) if m <= self.last * (1 + 1e-9)]
        least = min(min(c.share[-1], *c.band()[1]) for c in curves)
        self.marks = ticks(least if least > 0.5 else 0.0, 1.0, 5)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend."""
        share = numbers.percent(self.level / 100, decimals=0)
        found = [("", "", f"↑ {say('share still there')}"), ("fill", "band", say("{share} interval", share=share))]
        if any(c.censored for c in self.curves):
            found.append(("tick", SERIES[0], say("not observed further")))
        return found

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries = self.entries()
        top = 12 + LEGEND_ROW * legend_rows(entries, width)
        words = [tick_label(m, self.marks, "rate", _PLAIN) for m in self.marks]
        left = max(width_of(w, width.font) for w in words) + 12
        names = fit_apart([clean(c.label) for c in self.curves], _LABEL[width.name], width.font)
        right = max(width_of(n, width.font) for n in names) + _KEY + 6
        below = _AXIS + _ROW * (2 * len(self.curves) + 1.3)
        sketch = Sketch(width, top + _PLOT[width.name] + below, (left, top, right, below))
        sketch.limits((0.0, self.last), (self.marks[0], self.marks[-1]))
        sketch.legend(entries)
        for curve, token in zip(self.curves, SERIES, strict=False):
            sketch.area(*curve.band(), token, opacity=_OPACITY)
        sketch.lines([[(0.0, m), (self.last, m)] for m in self.marks], "grid", under=True)
        for mark, word in zip(self.marks, words, strict=True):
            sketch.text(left - 8, sketch.y(mark), word, token="muted", align="right")
        for curve, token in zip(self.curves, SERIES, strict=False):
            sketch.lines([curve.steps()], token, wide=2.2)
            _censored(sketch, curve, token)
        self._names(sketch, names)
        self._below(sketch)
        return sketch

    def _names(self, sketch: Sketch, names: Sequence[str]) -> None:
        """Write the name of each curve at its end with its key, moved apart where two ends are near."""
        x, top, wide, high = sketch.box
        ends = sorted((sketch.y(c.share[-1]), k) for k, c in enumerate(self.curves))
        places = spread([y for y, _ in ends], sketch.font + 4, top + 4, top + high - 4)
        for place, (_, k) in zip(places, ends, strict=True):
            end = min(sketch.x(self.curves[k].time[-1]), x + wide)
            sketch.swatch(end + 4, place, "line", SERIES[k])
            sketch.text(end + _KEY, place, names[k], bold=True)

    def _below(self, sketch: Sketch) -> None:
        """Write the times, what they are, and in line with them the records at risk of every group."""
        floor = sketch.box[1] + sketch.box[3]
        labels = [tick_label(m, self.times, "count", _PLAIN) for m in self.times]
        risks = [[numbers.count(c.risk(m)) for m in self.times] for c in self.curves]
        widest = [max(column, key=len) for column in zip(labels, *risks, strict=True)]
        places = [sketch.x(m) for m in self.times]
        shown = sorted(apart(places, widest, sketch.font, 6.0))
        for i in shown:
            sketch.text(places[i], floor + 13, labels[i], token="muted", align="center")
        sketch.text(0, floor + 33, self.time_label, token="muted", room=sketch.width.px)
        row = floor + _AXIS + _ROW * 0.6
        sketch.text(0, row, say("At risk"), token="muted")
        for k, curve in enumerate(self.curves):
            row += _ROW
            sketch.swatch(0, row, "line", SERIES[k])
            sketch.text(20, row, clean(curve.label), room=sketch.width.px - 24)
            row += _ROW
            for i in shown:
                half = width_of(risks[k][i], sketch.font) / 2
                sketch.text(max(places[i], half), row, risks[k][i], align="center")

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text."""

        def told(curve: _Curve) -> str:
            when = tick_label(curve.time[-1], [curve.time[-1]], "count", _PLAIN)
            return say("{group} {share} still there at {time} (n = {n})", group=clean(curve.label),
                       share=numbers.percent(max(curve.share[-1], 0.0), curve.at_risk[0]), time=when,
                       n=numbers.count(curve.at_risk[0]))  # fmt: skip

        return [*map(told, self.curves), say("Time: {label}", label=clean(self.time_label))]


def _censored(sketch: Sketch, curve: _Curve, token: str) -> None:
    """Draw the ticks of records not observed further as one mark, not more than one to a pixel."""
    places = {round(sketch.x(t)): (sketch.x(t), sketch.height - sketch.y(curve.at(t))) for t in curve.censored}
    if places:
        ends = [(x, y + up) for x, y in places.values() for up in (-4.5, 4.5)]
        path = Path(ends, [Path.MOVETO, Path.LINETO] * len(places))
        sketch.canvas.add_artist(
            PathPatch(path, transform=None, facecolor="none", edgecolor=LIGHT[token], linewidth=1.4)
        )
