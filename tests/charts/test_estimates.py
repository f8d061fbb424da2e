"""Distributions, relations, survival, forecasts and dated events against the geometry that their data demand."""

from __future__ import annotations

import base64
import io
import re
from datetime import date
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from statsmodels.duration.survfunc import SurvfuncRight

from bizops import charts, theme
from bizops.annotations import Annotation
from bizops.charts.distribution import bins
from bizops.charts.house import NARROW, WIDE
from bizops.charts.markers import numbered, radius, spread
from bizops.errors import InputError

ABOUT: dict[str, Any] = {"id": "f", "title": "Title", "subtitle": "Bookings, Q3 FY26"}
HOSTILE = ["$x^2$", "<b>&amp;", "🚀 growth", "株式会社サンプル", "مبيعات", "x" * 200]


def scale(drawing: Any, one: str, other: str, axis: str) -> tuple[float, float]:
    """Pixels of the two tick labels (x or, at the middle of their capitals, y)."""
    size = float(drawing.root.attrib["font-size"])
    shift = 0.35 * size if axis == "y" else 0.0
    return tuple(float(drawing.text(w).attrib[axis]) - shift for w in (one, other))  # type: ignore[return-value]


def corners(path: Any) -> list[tuple[float, float]]:
    """The corners of a path of straight lines."""
    return [tuple(map(float, p.split())) for p in re.split("[ML]", path.attrib["d"].strip("z")) if p]  # type: ignore[misc]


# distribution


def spread_of(groups: dict[str, list[float | None]], **more: Any) -> charts.Figure:
    rows = [(name, value) for name, values in groups.items() for value in values]
    return charts.distribution(pd.DataFrame(rows, columns=["label", "value"]), **{**ABOUT, "unit": "days", **more})


def test_boxes_are_numpy_s_quartiles_on_one_scale(kit: SimpleNamespace) -> None:
    long = np.random.default_rng(3).lognormal(4, 0.5, 60)
    short = np.random.default_rng(4).lognormal(3, 0.5, 25)
    figure = spread_of({"Short": short.tolist(), "Long": long.tolist()})
    for drawing in kit.both(figure):
        assert [w for w in drawing.words if w in ("Long", "Short")] == ["Long", "Short"], "largest median first"
        zero, fifty = scale(drawing, "0", "50", "x") if "50" in drawing.words else scale(drawing, "0", "100", "x")
        unit = (fifty - zero) / (50 if "50" in drawing.words else 100)
        boxes = [b for b in drawing.boxes("c1soft") if b[2] - b[0] != 14]  # 14 pixels is the key
        for box, values in zip(boxes, (long, short), strict=True):
            quartiles = np.percentile(values, [25, 75])
            assert ((np.array([box[0], box[2]]) - zero) / unit) == pytest.approx(quartiles, abs=0.3 / unit)
        medians = [p for p in drawing.root.iter("path") if "s-ink" in p.get("class", "").split()][:2]
        found = [(corners(p)[0][0] - zero) / unit for p in medians]
        assert found == pytest.approx([np.median(long), np.median(short)], abs=0.3 / unit)
        printed = f"{np.median(long):.0f} days"
        assert any(w.startswith(printed) for w in drawing.words)


def test_every_record_of_a_small_group_is_a_dot_and_none_covers_another(kit: SimpleNamespace) -> None:
    values: list[float | None] = [30, 30, 30, 45, 45, 46, 50, 51, 90, None]
    for drawing in kit.both(spread_of({"UK": values, "Two": [20.0, 80.0], "None": [None]})):
        size = "3" if drawing.size[0] == 720 else "2.6"
        dots = [c for c in drawing.root.iter("circle") if c.get("r") == size]
        assert len(dots) == 9 + 2
        places = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in dots]
        apart = [np.hypot(a[0] - b[0], a[1] - b[1]) for i, a in enumerate(places) for b in places[:i]]
        assert min(apart) >= 2 * float(size)
        low, high = scale(drawing, "20", "100", "x")
        assert (max(x for x, _ in places) - low) / (high - low) * 80 + 20 == pytest.approx(90, abs=0.5)
        assert "n/a, n = 0" in drawing.words


def test_as_many_equal_records_as_can_be_stay_apart_within_their_row(kit: SimpleNamespace) -> None:
    for drawing in kit.both(spread_of({"Equal": [5.0] * 19, "Other": [9.0, 1.0]})):
        dots = [c for c in drawing.root.iter("circle") if c.get("r") in ("3", "2.6")]
        places = {(c.attrib["cx"], c.attrib["cy"]) for c in dots}
        assert len(places) == 21
        heights = [float(y) for _, y in places]
        assert max(heights) - min(heights) < 30 + 24, "two rows of 30 pixels, each dot within its own"


def test_a_histogram_holds_every_record_once(kit: SimpleNamespace) -> None:
    values = np.random.default_rng(5).lognormal(10, 0.7, 400)
    edges, counts = bins(values)
    assert sum(counts) == 400
    assert counts == [int(((values >= a) & (values < b)).sum()) for a, b in pairwise(edges[:-1])] + [counts[-1]]
    assert np.ptp(np.diff(edges)) == pytest.approx(0, abs=1e-6)
    figure = spread_of({"All": values.tolist()}, unit="money", currency="EUR")
    assert figure.alt.startswith("Histogram")
    for drawing in kit.both(figure):
        zero, hundred = scale(drawing, "0", "100", "y")
        bars = [b for b in drawing.boxes("c1") if b[2] - b[0] != 14]
        heights = [(b[3] - b[1]) / (zero - hundred) * 100 for b in bars]
        assert heights == pytest.approx([c for c in counts if c], abs=1)
        assert any(w.startswith(f"median {np.median(values) / 1000:.1f}") for w in drawing.words)


def test_twenty_equal_values_and_one_are_drawn() -> None:
    assert "median 7 days" in spread_of({"All": [7.0] * 20}).alt.replace("\u00a0", " ")
    assert "1 record" in spread_of({"All": [7.0]}).alt


def test_groups_without_a_value_are_refused_with_a_reason() -> None:
    with pytest.raises(InputError, match="no record has a value"):
        spread_of({"A": [None, float("nan")]})


# scatter

SCALES: dict[str, Any] = {"x_label": "Days", "y_label": "Share", "x_unit": "count", "y_unit": "count"}


def relation(x: Any, y: Any, fit: pd.DataFrame | None = None, **more: Any) -> charts.Figure:
    frame = pd.DataFrame({"x": x, "y": y, **more.pop("columns", {})})
    return charts.scatter(frame, fit, **{**ABOUT, **SCALES, **more})


def test_points_and_fit_stand_where_the_axes_say(kit: SimpleNamespace) -> None:
    fit = pd.DataFrame({"x": [100.0, 0.0], "y": [50.0, 0.0], "lower": [40.0, -10.0], "upper": [60.0, 10.0]})
    figure = relation([0, 50, 100, None], [10, 20, 50, 3], fit, rho=-0.5)
    assert "rank correlation −0.50" in figure.alt
    for drawing in kit.both(figure):
        (x0, x1), (y0, y1) = scale(drawing, "50", "100", "x"), scale(drawing, "20", "40", "y")
        dots = [c for c in drawing.root.iter("circle") if c.get("r") in ("4", "3.5")]
        marks = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in dots if float(c.attrib["cy"]) > 50]
        read = [(50 + (x - x0) / (x1 - x0) * 50, 20 + (y - y0) / (y1 - y0) * 20) for x, y in marks]
        assert np.array(read) == pytest.approx(np.array([(0, 10), (50, 20), (100, 50)]), abs=0.6)
        band = max(drawing.boxes("band"), key=lambda b: b[2] - b[0])
        assert (band[3] - band[1]) / (y0 - y1) * 20 == pytest.approx(70, abs=0.6)
        assert "one record each (n = 3, ρ = −0.50)" in drawing.words
        assert "1 without both values" in drawing.words


def test_many_marks_are_one_picture_in_line_with_the_axes(kit: SimpleNamespace) -> None:
    """The marks at the far corners of a lattice of 24 × 24 are found in the pixels of the picture."""
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(100, 200, 24), np.linspace(0, 50, 24)))
    figure = relation(x, y)
    for drawing in kit.both(figure):
        assert len(list(drawing.root.iter("circle"))) == 1, "the key alone"
        (image,) = drawing.root.iter("image")
        data = base64.b64decode(image.attrib["href"].removeprefix("data:image/png;base64,"))
        alpha = np.array(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3]
        wide, high = float(image.attrib["width"]), float(image.attrib["height"])
        move = float(re.search(r"translate\(0 (-?[\d.]+)\)", image.attrib["transform"])[1])  # type: ignore[index]
        left, top = float(image.attrib["x"]), -(float(image.attrib["y"]) + move) - high
        (x0, x1), (y0, y1) = scale(drawing, "100", "200", "x"), scale(drawing, "0", "40", "y")
        columns, rows = np.nonzero(alpha.sum(0))[0], np.nonzero(alpha.sum(1))[0]
        per = wide / alpha.shape[1]
        assert left + (columns[0] * per) + 2 == pytest.approx(x0, abs=1)
        assert left + (columns[-1] + 1) * per - 2 == pytest.approx(x1, abs=1)
        # mirrored by its transform: the first row of pixels is the lowest on the page
        assert top + high - rows[0] * per - 2 == pytest.approx(y0, abs=1)
        assert top + high - (rows[-1] + 1) * per + 2 == pytest.approx(y1 - (y0 - y1) / 4, abs=1)
    assert theme.contrast(theme.LIGHT["c2"], theme.LIGHT["bg"]) >= 3
    assert theme.contrast(theme.LIGHT["c2"], theme.DARK["bg"]) >= 3, "a picture keeps its colour on the dark ground"
    assert len(figure.svg_wide) + len(figure.svg_narrow) < 60_000


def test_five_hundred_marks_are_still_vectors(kit: SimpleNamespace) -> None:
    values = np.arange(500.0)
    for drawing in kit.both(relation(values, values)):
        assert not list(drawing.root.iter("image"))
        assert len(list(drawing.root.iter("circle"))) == 501


def test_outliers_are_named_five_at_most_and_labels_come_out_right(kit: SimpleNamespace) -> None:
    n = 60
    y = [float(i % 7) for i in range(n)]
    names = [f"point {i}" for i in range(n)]
    for k, name in enumerate(HOSTILE):
        y[5 + 10 * k], names[5 + 10 * k] = (-1.0) ** k * (500.0 + 100 * k), name
    figure = relation(range(n), y, columns={"label": names})
    wide = kit.both(figure)[0]
    assert set(HOSTILE[1:5]) <= set(wide.words), "the five farthest"
    assert HOSTILE[0] not in wide.words
    assert next(w for w in wide.words if w.startswith("xxx")).endswith("…")
    assert not [w for w in wide.words if w.startswith("point")]


@pytest.mark.parametrize(
    ("x", "y", "more", "message"),
    [
        ([1.0, None], [None, 2.0], {}, "no record has both"),
        ([1.0], [2.0], {"rho": 1.2}, "rho is 1.2"),
        ([1.0], [2.0], {"fit": pd.DataFrame({"x": [0.0], "y": [5.0], "lower": [6.0], "upper": [7.0]})}, "not contain"),
    ],
)
def test_relations_that_cannot_be_are_refused(x: list[Any], y: list[Any], more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        relation(x, y, **more)


def test_one_record_is_drawn() -> None:
    assert "1 record" in relation([3.0], [4.0]).alt


# survival

MONTHS = [2, 3, 3, 5, 6, 6, 8, 9, 12, 12]
EVENTS = [1, 1, 0, 1, 1, 0, 0, 1, 0, 0]


def kaplan_meier() -> pd.DataFrame:
    """The curve of ten records by statsmodels; at risk and censored counted by hand from the two lists."""
    found = SurvfuncRight(np.array(MONTHS, float), np.array(EVENTS))
    share = dict(zip(found.surv_times, found.surv_prob, strict=True))
    times = [2, 3, 5, 6, 8, 9, 12]
    at_risk, censored, now, rows = [10, 9, 7, 6, 4, 3, 2], [0, 1, 0, 1, 1, 0, 2], 1.0, []
    for moment, n, gone in zip(times, at_risk, censored, strict=True):
        now = share.get(moment, now)
        rows.append(("Alpha", float(moment), now, max(now - 0.2, 0), min(now + 0.2, 1), n, gone))
    return pd.DataFrame(rows, columns=["group", "time", "survival", "lower", "upper", "at_risk", "censored"])


def curve(frame: pd.DataFrame, **more: Any) -> charts.Figure:
    return charts.survival(frame, **{**ABOUT, "time_label": "Months since the contract", **more})


def test_steps_stand_where_statsmodels_has_them(kit: SimpleNamespace) -> None:
    found = SurvfuncRight(np.array(MONTHS, float), np.array(EVENTS))
    for drawing in kit.both(curve(kaplan_meier())):
        lines = [p for p in drawing.root.iter("path") if "s-c1" in p.get("class", "").split()]
        steps = corners(max(lines, key=lambda p: max(x for x, _ in corners(p)) - min(x for x, _ in corners(p))))
        (x0, x10), (y0, y1) = scale(drawing, "0", "10", "x"), scale(drawing, "0 %", "100 %", "y")
        read = [((x - x0) / (x10 - x0) * 10, (y - y0) / (y1 - y0)) for x, y in steps]
        assert read[0] == pytest.approx((0, 1), abs=0.02)
        falls = [(a[0], a[1], b[1]) for a, b in pairwise(read) if abs(a[0] - b[0]) < 0.02 and a[1] - b[1] > 0.01]
        assert [t for t, _, _ in falls] == pytest.approx(found.surv_times.tolist(), abs=0.05)
        assert [after for *_, after in falls] == pytest.approx(found.surv_prob.tolist(), abs=0.006)
        assert [before for _, before, _ in falls] == pytest.approx([1.0, *found.surv_prob[:-1]], abs=0.006)
        assert read[-1][0] == pytest.approx(12, abs=0.05), "the curve runs to the last record"


def test_numbers_at_risk_stand_under_their_times(kit: SimpleNamespace) -> None:
    """Just before 2 all ten are there, before 4 seven (three left at 2 and 3), before 10 and before 12 two."""
    counted = {"0": 10, "2": 10, "4": 7, "6": 6, "8": 4, "10": 2, "12": 2}
    for drawing in kit.both(curve(kaplan_meier())):
        texts = [(t.text, float(t.attrib["x"]), float(t.attrib["y"])) for t in drawing.root.iter("text")]
        line = float(drawing.text("At risk").attrib["y"])
        ticks = {w: x for w, x, y in texts if w in counted and y < line}
        risks = [(int(w), x) for w, x, y in texts if y > line and w.isdigit()]
        assert len(risks) == len(ticks) >= 4
        for (n, x), (word, place) in zip(risks, sorted(ticks.items(), key=lambda t: t[1]), strict=True):
            assert x == pytest.approx(place, abs=0.5), "in line with its tick"
            assert n == counted[word]


def test_censored_records_have_ticks_on_the_curve(kit: SimpleNamespace) -> None:
    wide = kit.both(curve(kaplan_meier()))[0]
    (x0, x10) = scale(wide, "0", "10", "x")
    ticks = [p for p in wide.root.iter("path") if p.attrib["d"].count("M") == 4]
    assert len(ticks) == 1
    places = sorted({(x - x0) / (x10 - x0) * 10 for x, _ in corners(ticks[0])})
    assert places == pytest.approx([3, 6, 8, 12], abs=0.05)
    assert "not observed further" in wide.words
    without = kit.both(curve(kaplan_meier().drop(columns="censored")))[0]
    assert "not observed further" not in without.words


def test_names_of_near_ends_do_not_cover_each_other(kit: SimpleNamespace) -> None:
    frame = pd.concat([kaplan_meier().assign(group=name) for name in ("One", "Two", "Three", "Four")])
    for drawing in kit.both(curve(frame)):
        bold = [t for t in drawing.root.iter("text") if t.get("font-weight") == "600"]
        places = sorted(float(t.attrib["y"]) for t in bold)
        assert len(places) == 4
        assert min(b - a for a, b in pairwise(places)) >= float(drawing.root.attrib["font-size"])
        assert drawing.words.count("Three") == 2, "at the curve and in the table"


def test_hostile_groups_come_out_right(kit: SimpleNamespace) -> None:
    for names in (HOSTILE[:3], HOSTILE[3:]):
        frame = pd.concat([kaplan_meier().assign(group=name) for name in names])
        for drawing in kit.both(curve(frame, time_label=names[0])):
            joined = " ".join(drawing.words)
            assert all(name[:6] in joined for name in names)


def test_a_band_ends_where_there_is_no_interval_and_one_row_is_enough() -> None:
    frame = kaplan_meier()
    frame.loc[4:, ["lower", "upper"]] = None
    assert "10" in curve(frame).alt
    assert "n = 10" in curve(frame.head(1)).alt.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"survival": [0.9, 0.95, 0.5, 0.4, 0.3, 0.2, 0.1]}, "do not fall"),
        ({"time": [2, 2, 5, 6, 8, 9, 12]}, "do not rise"),
        ({"lower": 0.99}, "does not contain"),
        ({"survival": None}, "no group has a share"),
        ({"group": list("ABCDEFG")}, "7 groups"),
    ],
)
def test_what_is_no_survival_curve_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        curve(kaplan_meier().assign(**change))


# fan

QUARTERS = [f"Q{i % 4 + 1} FY{25 + i // 4}" for i in range(10)]
STARTS = [date(2025 + i // 4, 3 * (i % 4) + 1, 1) for i in range(10)]
AS_OF = date(2026, 9, 30)


def forecast(closed: int = 7, **more: Any) -> charts.Figure:
    """Seven closed quarters of 48 and three ahead of 50; 50 % is ±5, 80 % ±10, 95 % ±15."""
    past = pd.DataFrame({"period": QUARTERS[:closed], "value": 48.0, "start": STARTS[:closed]})
    ahead = pd.DataFrame({"period": QUARTERS[7:], "median": 50.0, "start": STARTS[7:], "plan": [55.0, None, 60.0]})
    for level, half in ((50, 5), (80, 10), (95, 15)):
        ahead = ahead.assign(**{f"lower{level}": 50.0 - half, f"upper{level}": 50.0 + half})
    past = more.pop("past", past)
    return charts.fan(more.pop("ahead", ahead), past, **{**ABOUT, "unit": "count", "as_of": AS_OF, **more})


def test_bands_lie_within_each_other_and_are_as_high_as_their_intervals(kit: SimpleNamespace) -> None:
    figure = forecast()
    for drawing in kit.both(figure):
        forty, sixty = scale(drawing, "40", "60", "y")
        bands = [max(drawing.boxes(t), key=lambda b: b[2] - b[0]) for t in ("c1soft", "line", "band")]
        for inner, outer in pairwise(bands):
            assert outer[1] < inner[1] < inner[3] < outer[3]
            assert inner[0] == outer[0]
            assert inner[2] == outer[2]
        tops = [40 + (forty - b[1]) / (forty - sixty) * 20 for b in bands]
        assert tops == pytest.approx([55, 60, 65], abs=0.3)
        assert {"50 % interval", "80 % interval", "95 % interval", "plan", "known to 30 Sep 2026"} <= set(drawing.words)
        median = [p for p in drawing.root.iter("path") if p.get("stroke-dasharray") and "s-c1" in p.get("class", "")]
        assert len(median) == 2, "the dashed line and its key"
    assert "80 % interval 40–60" in figure.alt.replace("\u00a0", " ")


def test_plan_is_an_outline_and_the_origin_stands_at_as_of(kit: SimpleNamespace) -> None:
    for drawing in kit.both(forecast()):
        closed = sorted(float(c.attrib["cx"]) for c in drawing.root.iter("circle"))
        pitch = (closed[-1] - closed[0]) / 6
        squares = [p for p in drawing.root.iter("path") if p.get("transform", "").startswith("translate")]
        places = [tuple(map(float, re.findall(r"-?[\d.]+", p.attrib["transform"]))) for p in squares]
        assert [x for x, _ in places] == pytest.approx([closed[-1] + pitch, closed[-1] + 3 * pitch], abs=0.5)
        assert all(p.get("fill", "none") == "none" and "s-ink" in p.attrib["class"] for p in squares)
        upright = [corners(p) for p in drawing.root.iter("path") if "s-ref" in p.get("class", "").split()]
        (origin,) = [line for line in upright if abs(line[0][1] - line[-1][1]) > 100]
        assert origin[0][0] == pytest.approx(closed[-1] + pitch / 2, abs=0.5), "between the last closed and the next"


def test_a_quarter_in_flight_is_hollow_and_the_origin_lies_within_it(kit: SimpleNamespace) -> None:
    past = pd.DataFrame({"period": QUARTERS[:8], "value": [40.0] * 7 + [12.0], "start": STARTS[:8]})
    figure = forecast(past=past, in_flight="day 46 of 92", as_of=date(2026, 11, 15))
    for drawing in kit.both(figure):
        circles = list(drawing.root.iter("circle"))
        hollow = [c for c in circles if "f-bg" in c.attrib["class"].split()]
        assert len(hollow) == 2, "the open quarter and its key"
        places = sorted(float(c.attrib["cx"]) for c in circles if c not in hollow)
        pitch = (places[-1] - places[0]) / 6
        assert any(float(c.attrib["cx"]) == pytest.approx(places[-1] + pitch, abs=0.5) for c in hollow)
        upright = [corners(p) for p in drawing.root.iter("path") if "s-ref" in p.get("class", "").split()]
        (origin,) = [line for line in upright if abs(line[0][1] - line[-1][1]) > 100]
        assert origin[0][0] == pytest.approx(places[-1] + pitch, abs=0.5), "half of the quarter has passed"


def test_a_forecast_without_a_past_and_of_one_period_is_drawn(kit: SimpleNamespace) -> None:
    ahead = pd.DataFrame({"period": ["Q1"], "median": [5.0]})
    for level in (50, 80, 95):
        ahead = ahead.assign(**{f"lower{level}": 5.0 - level / 50, f"upper{level}": 5.0 + level / 50})
    figure = forecast(ahead=ahead, past=pd.DataFrame({"period": [], "value": []}))
    for drawing in kit.both(figure):
        band = max(drawing.boxes("band"), key=lambda b: b[3] - b[1])
        assert band[2] - band[0] > 20
    gap = pd.DataFrame({"period": QUARTERS[:7], "value": [40.0, None, 40.0, 41.0, None, None, None]})
    assert "Last closed: Q4 FY25 41" in forecast(past=gap, ahead=ahead.assign(period="Q4 FY26")).alt


def test_bands_that_cross_are_refused() -> None:
    ahead = pd.DataFrame({"period": ["Q1"], "median": [5.0]})
    for level in (50, 80, 95):
        ahead = ahead.assign(**{f"lower{level}": 4.0, f"upper{level}": 6.0})
    with pytest.raises(InputError, match="intervals of Q1 do not lie within"):
        forecast(ahead=ahead.assign(lower80=4.5))


def test_hostile_periods_come_out_right(kit: SimpleNamespace) -> None:
    for name in HOSTILE:
        ahead = pd.DataFrame({"period": [name], "median": [5.0]})
        for level in (50, 80, 95):
            ahead = ahead.assign(**{f"lower{level}": 4.0, f"upper{level}": 6.0})
        for drawing in kit.both(forecast(ahead=ahead, past=pd.DataFrame({"period": [], "value": []}))):
            assert name[:6] in " ".join(drawing.words)


# events

PRICES = Annotation(date(2025, 8, 3), "Prices <up> & $more$")
EVENTS_TOLD = (
    Annotation(date(2024, 12, 31), "before the first quarter"),
    Annotation(date(2026, 9, 30), "last day"),
    PRICES,
    Annotation(date(2025, 9, 1), "only elsewhere", metric="BKG-03"),
    Annotation(date(2025, 9, 2), "here", metric="BKG-01"),
    Annotation(date(2026, 10, 1), "after the last quarter"),
)


def trend(annotations: tuple[Annotation, ...] = EVENTS_TOLD, **more: Any) -> charts.Figure:
    frame = pd.DataFrame({"period": QUARTERS[:7], "value": [3.0, 4, 5, 4, 6, 5, 7], "start": STARTS[:7]})
    return charts.line_xmr(
        more.pop("frame", frame), **{**ABOUT, "unit": "count", "metric": "BKG-01", "annotations": annotations, **more}
    )


def discs(drawing: Any) -> list[tuple[float, float]]:
    """The marks of events: filled round marks in the colour of captions."""
    found = [c for c in drawing.root.iter("circle") if "f-muted" in c.attrib["class"].split()]
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in found]


def test_events_of_the_metric_and_the_span_are_numbered_and_listed() -> None:
    figure = trend()
    told = ("3 Aug 2025: Prices <up> & $more$", "2 Sep 2025: here", "30 Sep 2026: last day")
    assert tuple(a.replace("\u00a0", " ") for a in figure.annotations) == told
    items = re.findall(r'<li id="([^"]+)">([^<]*)</li>', figure.html().replace("\u00a0", " "))
    assert items[0] == ("fig-f-e1", "3 Aug 2025: Prices &lt;up&gt; &amp; $more$")
    assert [name for name, _ in items] == ["fig-f-e1", "fig-f-e2", "fig-f-e3"]
    assert '<ol class="note">' in figure.html()
    assert figure.payload()["annotations"] == list(figure.annotations)
    assert "Events: 1 3 Aug 2025" in figure.alt.replace("\u00a0", " ")
    without = trend(()).html()
    assert "<ol" not in without


def test_marks_stand_over_their_periods_and_never_touch(kit: SimpleNamespace) -> None:
    """Two events fall into Q3 FY25, the third quarter, and share it side by side; the third into the last quarter."""
    for drawing, width in zip(kit.both(trend()), (WIDE, NARROW), strict=True):
        points = sorted(float(c.attrib["cx"]) for c in drawing.root.iter("circle") if "f-c1" in c.get("class", ""))
        marks = sorted(discs(drawing))
        assert (marks[0][0] + marks[1][0]) / 2 == pytest.approx(points[2], abs=0.5)
        assert marks[2][0] == pytest.approx(points[6], abs=radius(width)), "moved no further than the edge demands"
        assert min(b[0] - a[0] for a, b in pairwise(marks)) >= 2 * radius(width)
        words = [t for t in drawing.root.iter("text") if "f-bg" in t.attrib["class"].split()]
        assert [w.text for w in words] == ["1", "2", "3"]
        assert [float(w.attrib["x"]) for w in words] == pytest.approx([x for x, _ in marks], abs=0.1)


def test_very_many_events_take_further_rows(kit: SimpleNamespace) -> None:
    events = tuple(Annotation(date(2025, 7, 1 + i), f"event {i}") for i in range(28))
    for drawing, width in zip(kit.both(trend(events)), (WIDE, NARROW), strict=True):
        marks = discs(drawing)
        assert len(marks) == 28
        assert all(radius(width) <= x <= width.px - radius(width) for x, _ in marks)
        apart = [np.hypot(a[0] - b[0], a[1] - b[1]) for i, a in enumerate(marks) for b in marks[:i]]
        assert min(apart) >= 2 * radius(width)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_events_are_text(name: str) -> None:
    html = trend((Annotation(date(2025, 8, 3), name),)).html()
    assert "<b>" not in html
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html


def test_the_last_period_ends_where_it_says_or_is_as_long_as_the_one_before() -> None:
    months = pd.DataFrame({"start": ["2026-01-01", "2026-02-01"]})
    days = [date(2026, 2, 28), date(2026, 3, 1)]
    events = [Annotation(day, "x") for day in days]
    assert [m.rows for m in numbered(events, months)] == [(1,)]
    assert [m.rows for m in numbered(events, months.assign(end=["2026-02-01", "2026-03-02"]))] == [(1,), (1,)]
    weeks = pd.DataFrame({"start": [date(2026, 2, 16), date(2026, 2, 23)]})
    assert [m.rows for m in numbered(events, months, weeks)] == [(1, 1), (None, 1)], "one number for both axes"


def test_events_need_starts_in_order() -> None:
    with pytest.raises(InputError, match="no column 'start'"):
        trend(frame=pd.DataFrame({"period": ["a", "b"], "value": [1.0, 2.0]}))
    with pytest.raises(InputError, match="not in the order"):
        numbered([PRICES], pd.DataFrame({"start": ["2026-02-01", "2026-01-01"]}))
    with pytest.raises(InputError, match="'soon' is no date"):
        numbered([PRICES], pd.DataFrame({"start": ["soon"]}))
    assert trend((), frame=pd.DataFrame({"period": ["a", "b"], "value": [1.0, 2.0]})).annotations == ()


def test_a_fan_marks_events_of_its_past(kit: SimpleNamespace) -> None:
    figure = forecast(annotations=(PRICES, Annotation(date(2024, 1, 1), "too early")))
    assert len(figure.annotations) == 1
    for drawing in kit.both(figure):
        points = sorted(float(c.attrib["cx"]) for c in drawing.root.iter("circle") if "f-c1" in c.get("class", ""))
        ((x, _),) = discs(drawing)
        assert x == pytest.approx(points[2], abs=0.5)


def test_marks_are_moved_apart_as_little_as_can_be() -> None:
    assert spread([10.0, 50.0], 20, 0, 100) == [10, 50]
    assert spread([50.0, 50.0], 20, 0, 100) == [40, 60]
    assert spread([0.0, 1.0, 90.0], 20, 0, 100) == [0, 20, 90]
    assert spread([99.0, 100.0], 20, 0, 100) == pytest.approx([80, 100])
    assert spread([], 20, 0, 100) == []
