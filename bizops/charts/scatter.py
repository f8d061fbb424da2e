"""How two measures go together: a mark for every record, and a fitted line with its interval where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bizops import numbers
from bizops.charts.axis import apart, axis_scale, padded, tick_label, ticks_within
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.labels import fit as cut
from bizops.charts.rows import checked
from bizops.errors import InputError
from bizops.language import plural, say

RASTER_ABOVE = 500
"""Above this many records their marks are one picture: as vectors they would outweigh the page."""

_PLOT = {"wide": 300.0, "narrow": 230.0}
_AXIS = 44.0
_LABELLED = 5
# A modified z-score above this names an outlier (Iglewicz and Hoaglin, 1993); 1.4826 × MAD estimates one deviation.
_FAR = 3.5
_MAD = 1.4826
# The one series colour that reaches 3:1 on both grounds in its light value: a picture cannot change with the theme.
_CLOUD = "c2"

Reals = NDArray[np.float64]
Box = tuple[float, float, float, float]


def scatter(
    frame: pd.DataFrame, fit: pd.DataFrame | None = None, *, id: str, title: str, subtitle: str, x_label: str,
    y_label: str, x_unit: str, y_unit: str, currency: str = "", rho: float | None = None, level: int = 95,
    table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return a mark for every record, with n and, where given, the rank correlation ``rho`` in the legend.

    ``frame`` has one row a record: x, y (in their units; records without both are left out and counted) and, where
    wanted, label: up to five outliers, more than 3.5 robust deviations from the fit or from the middle, are named.
    ``fit`` has x, y, lower, upper: a line and the band of its ``level`` % interval, both from ``bizops.methods``.
    More than 500 marks are drawn as one picture inside the drawing.
    """
    where = f"figure {id}"
    data = checked(frame, ("x", "y"), id, allow_missing=("x", "y"))
    data = data.assign(x=_floats(data["x"]), y=_floats(data["y"]))
    known = np.isfinite(data["x"]) & np.isfinite(data["y"])
    if not known.any():
        raise InputError("no record has both values", where=where, fix="state the reason in a note (findings.Off)")
    curve = None
    if fit is not None:
        curve = checked(fit, ("x", "y", "lower", "upper"), id).astype(float).sort_values("x", ignore_index=True)
        if not ((curve["lower"] <= curve["y"]) & (curve["y"] <= curve["upper"])).all():
            raise InputError("the interval of the fit does not contain the fit", where=where)
    if rho is not None and not -1 <= rho <= 1:
        raise InputError(f"rho is {rho}", where=where, fix="a correlation lies between -1 and 1")
    cloud = _Cloud(
        data[known].reset_index(drop=True), curve, (x_label, y_label), (x_unit, y_unit), currency,
        int((~known).sum()), rho, level,
    )  # fmt: skip
    alt = alternative(say("Scatter plot"), subtitle, cloud.messages(), table)
    return draw(cloud.paint, id=id, title=title, subtitle=subtitle, table=table, note=note, alt=alt)


class _Cloud:
    """The records, the fit, both scales, and the drawing."""

    def __init__(
        self, data: pd.DataFrame, curve: pd.DataFrame | None, labels: tuple[str, str], units: tuple[str, str],
        currency: str, left_out: int, rho: float | None, level: int,
    ) -> None:  # fmt: skip
        self.x, self.y = (data[c].to_numpy("float64") for c in ("x", "y"))
        self.names = [clean(v) for v in data["label"]] if "label" in data.columns else []
        self.curve, self.labels, self.units, self.currency = curve, labels, units, currency
        self.left_out, self.rho, self.level = left_out, rho, level
        extra = [] if curve is None else [*curve["lower"], *curve["upper"]]
        self.x_span = padded([*self.x, *([] if curve is None else curve["x"])])
        self.y_span = padded([*self.y, *extra])
        self.x_marks, self.y_marks = ticks_within(*self.x_span), ticks_within(*self.y_span)
        self.scales = axis_scale(self.x_marks, units[0]), axis_scale(self.y_marks, units[1])

    @property
    def dense(self) -> bool:
        """Whether the marks are drawn as one picture."""
        return len(self.x) > RASTER_ABOVE

    def axis_title(self, axis: int) -> str:
        """Return the name of an axis with its unit where the tick labels have none."""
        name = clean(self.labels[axis])
        return f"{name}, {self.scales[axis].title(self.currency)}" if self.units[axis] == "money" else name

    def entries(self) -> list[tuple[str, str, str]]:
        """Return the legend: what goes upwards, the records with n and rho, the fit with its interval."""
        n = f"n = {numbers.count(len(self.x))}" + ("" if self.rho is None else f", ρ = {numbers.fixed(self.rho, 2)}")
        found = [("", "", f"↑ {self.axis_title(1)}")]
        found.append(("dot", _CLOUD if self.dense else "c1", say("one record each ({n})", n=n)))
        if self.left_out:
            found.append(("", "", say("{n} without both values", n=numbers.count(self.left_out))))
        if self.curve is not None:
            share = numbers.percent(self.level / 100, decimals=0)
            found += [("line", "ink", say("fit")), ("fill", "band", say("{share} interval", share=share))]
        return found

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        entries = self.entries()
        top = 12 + LEGEND_ROW * legend_rows(entries, width)
        words = [tick_label(m, self.y_marks, self.units[1], self.scales[1]) for m in self.y_marks]
        left = max(width_of(w, width.font) for w in words) + 12
        sketch = Sketch(width, top + _PLOT[width.name] + _AXIS, (left, top, 18, _AXIS))
        sketch.limits(self.x_span, self.y_span)
        sketch.legend(entries)
        self._band(sketch)
        for mark, word in zip(self.y_marks, words, strict=True):
            sketch.text(left - 8, sketch.y(mark), word, token="muted", align="right")
        self._below(sketch)
        points = list(zip(self.x.tolist(), self.y.tolist(), strict=True))
        if self.dense:
            sketch.cloud(points, _CLOUD)
        else:
            sketch.dots(points, "c1", radius=4.0 if width.name == "wide" else 3.5)
        self._line(sketch)
        self._names(sketch)
        return sketch

    def _band(self, sketch: Sketch) -> None:
        if self.curve is not None:
            x, lower, upper = (self.curve[c].tolist() for c in ("x", "lower", "upper"))
            sketch.area(x, lower, upper, "band")
        (low, high), (bottom, top) = self.x_span, self.y_span
        sketch.lines([[(low, m), (high, m)] for m in self.y_marks], "grid", under=True)
        sketch.lines([[(m, bottom), (m, top)] for m in self.x_marks], "grid", under=True)

    def _line(self, sketch: Sketch) -> None:
        if self.curve is not None:
            points = list(zip(self.curve["x"].tolist(), self.curve["y"].tolist(), strict=True))
            if self.dense:
                sketch.lines([points], "bg", wide=4.5)
            sketch.lines([points], "ink", wide=2.2)

    def _below(self, sketch: Sketch) -> None:
        """Write the ticks of the horizontal axis and, under them at the right, its name."""
        words = [tick_label(m, self.x_marks, self.units[0], self.scales[0]) for m in self.x_marks]
        for i in apart([sketch.x(m) for m in self.x_marks], words, sketch.font):
            half = width_of(words[i], sketch.font) / 2
            x = min(max(sketch.x(self.x_marks[i]), half), sketch.width.px - half - 2)
            sketch.text(x, sketch.height - _AXIS + 13, words[i], token="muted", align="center")
        end = sketch.box[0] + sketch.box[2]
        sketch.text(end, sketch.height - 9, f"{self.axis_title(0)} →", token="muted", align="right", room=end - 4)

    def outliers(self) -> list[int]:
        """Return the records that are named, the farthest first."""
        if not self.names:
            return []
        if self.curve is None:
            far = np.maximum(_deviations(self.x), _deviations(self.y))
        else:
            far = _deviations(self.y - np.interp(self.x, self.curve["x"], self.curve["y"]))
        order = np.argsort(-far, kind="stable")[:_LABELLED]
        return [int(i) for i in order if far[i] > _FAR]

    def _names(self, sketch: Sketch) -> None:
        """Write the names of the outliers beside their marks, where none covers another or a mark."""
        most = 150.0 if sketch.width.name == "wide" else 110.0
        marks = [(sketch.x(x), sketch.y(y)) for x, y in zip(self.x, self.y, strict=True)]
        taken: list[Box] = [] if self.dense else [(x - 5, y - 5, x + 5, y + 5) for x, y in marks]
        for i in self.outliers():
            words = cut(self.names[i], most, sketch.font)
            place = _free(marks[i], width_of(words, sketch.font), sketch, taken)
            if place is not None:
                taken.append(place)
                sketch.text(place[0], (place[1] + place[3]) / 2, words)

    def messages(self) -> list[str]:
        """Return the sentences of the alternative text."""
        n = plural(len(self.x), "{count} record", "{count} records", count=numbers.count(len(self.x)))
        rho = "" if self.rho is None else say(", rank correlation {rho}", rho=numbers.fixed(self.rho, 2))
        found = [f"{n}{rho}"]
        shown = self.outliers()[:2] or ([int(np.argmax(self.y))] if self.names else [])
        if shown:
            named = ", ".join(
                f"{self.names[i]} ({self._read(0, self.x[i])}; {self._read(1, self.y[i])})" for i in shown
            )
            far = self.outliers()
            found.append(say("Farthest out: {names}", names=named) if far else say("Highest: {names}", names=named))
        return found

    def _read(self, axis: int, value: Any) -> str:
        return numbers.quantity(float(value), self.units[axis], currency=self.currency)


def _floats(values: pd.Series) -> Reals:
    return pd.to_numeric(values).to_numpy("float64", na_value=np.nan)


def _deviations(values: Reals) -> Reals:
    """Return how many robust deviations each value lies from the median; 0 where values do not vary."""
    off = np.abs(values - np.median(values))
    scale = _MAD * float(np.median(off)) or 1.2533 * float(np.mean(off))
    return np.asarray(off / scale if scale else np.zeros(len(values)), "float64")


def _free(at: tuple[float, float], wide: float, sketch: Sketch, taken: Sequence[Box]) -> Box | None:
    """Return a box for a name beside, above or below the mark at pixels ``at`` that lies free within the plot."""
    (x, y), half = at, sketch.font * 0.6
    left, top = sketch.box[:2]
    right, bottom = left + sketch.box[2] + 14, top + sketch.box[3]
    for start, middle in (
        (x + 8, y), (x - 8 - wide, y), (x - wide / 2, y - 15), (x - wide / 2, y + 15), (x + 5, y - 14),
        (x - 5 - wide, y - 14), (x + 5, y + 14), (x - 5 - wide, y + 14),
    ):  # fmt: skip
        box = (start, middle - half, start + wide, middle + half)
        inside = box[0] >= left and box[2] <= right and box[1] >= top - 12 and box[3] <= bottom
        if inside and not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            return box
    return None
