"""Dumbbells, funnels, small multiples and the 6-12 pair against geometry worked out by hand from their data."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from bizops import charts
from bizops.annotations import Annotation
from bizops.errors import InputError

ABOUT: dict[str, Any] = {"id": "f", "title": "Title", "subtitle": "Bookings, Q3 FY26"}


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


def circles(drawing: Any, radius: str, *tokens: str) -> list[tuple[float, float]]:
    """Middles of the round marks of this radius filled with one of the tokens, from left to right."""
    found = [
        (float(c.attrib["cx"]), float(c.attrib["cy"]))
        for c in drawing.root.iter("circle")
        if c.get("r") == radius and set(c.attrib["class"].split()) & {f"f-{t}" for t in tokens}
    ]
    return sorted(found)


def middle(drawing: Any, words: str) -> tuple[float, float]:
    """Where a text stands: its anchor, and the middle of its capitals (0.35 of the font size above the baseline)."""
    text = drawing.text(words)
    size = float(drawing.root.attrib["font-size"])
    return float(text.attrib["x"]), float(text.attrib["y"]) - 0.35 * size


def strokes(drawing: Any, token: str) -> list[list[tuple[float, float]]]:
    """The open lines drawn with a token, each as its points."""
    return [
        [tuple(map(float, p.split())) for p in part.split("L")]  # type: ignore[misc]
        for path in drawing.root.iter("path")
        if f"s-{token}" in path.get("class", "").split() and path.get("fill") == "none" and "z" not in path.attrib["d"]
        for part in path.attrib["d"].split("M")[1:]
    ]


def colour_of(drawing: Any, words: str) -> str:
    return str(drawing.text(words).attrib["class"])


# Dumbbell

ENDS = pd.DataFrame({"label": ["A", "B", "C", "D"], "start": [10.0, 50.0, 30.0, 20.0], "end": [20.0, 10.0, 35.0, None]})


def test_dumbbells_stand_where_their_values_are_and_the_largest_difference_is_first(kit: SimpleNamespace) -> None:
    for drawing in kit.both(charts.dumbbell(ENDS, unit="count", **ABOUT)):
        assert [w for w in drawing.words if w in "ABCD"] == ["B", "A", "C", "D"]
        assert {"−40", "+10", "+5"} <= set(drawing.words), "end less start"
        left = min(x for x, _ in circles(drawing, "5.5", "ref", "c1"))
        per_unit = (max(x for x, _ in circles(drawing, "5.5", "ref", "c1")) - left) / 40
        starts, ends = circles(drawing, "5.5", "ref"), circles(drawing, "5.5", "c1")
        assert [(x - left) / per_unit + 10 for x, _ in starts] == pytest.approx([10, 20, 30, 50], abs=0.1)
        assert [(x - left) / per_unit + 10 for x, _ in ends] == pytest.approx([10, 20, 35], abs=0.1)
        ways = sorted(sorted(p[0] for p in line) for line in strokes(drawing, "ref"))
        found = [[(x - left) / per_unit + 10 for x in way] for way in ways]
        assert [w for pair in found for w in pair] == pytest.approx([10, 20, 10, 50, 30, 35], abs=0.1)


def test_rows_of_a_dumbbell_are_level_with_their_difference(kit: SimpleNamespace) -> None:
    wide = kit.both(charts.dumbbell(ENDS, unit="count", **ABOUT))[0]
    for label, gap in (("B", "−40"), ("A", "+10"), ("C", "+5")):
        assert middle(wide, label)[1] == pytest.approx(middle(wide, gap)[1])
        assert any(y == pytest.approx(middle(wide, gap)[1], abs=0.02) for _, y in circles(wide, "5.5", "c1"))


def test_the_end_of_a_dumbbell_has_the_colour_of_good(kit: SimpleNamespace) -> None:
    up, down = (kit.both(charts.dumbbell(ENDS, unit="count", better=b, **ABOUT))[0] for b in ("up", "down"))
    assert len(circles(up, "5.5", "pos")) == 2
    assert len(circles(up, "5.5", "neg")) == 1
    assert circles(up, "5.5", "pos") == circles(down, "5.5", "neg")
    assert "f-neg" in colour_of(up, "−40")
    assert "f-pos" in colour_of(down, "−40")


def test_a_missing_end_of_a_dumbbell_is_named_and_few_records_are_hollow(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame(
        {"label": ["A", "B", "C"], "start": [0.2, 0.3, None], "end": [0.5, None, None], "n": [19, 200, 200]}
    )
    figure = charts.dumbbell(frame, unit="rate", better="up", start_label="Q3 FY25", end_label="Q3 FY26", **ABOUT)
    for drawing in kit.both(figure):
        assert {"+30.0 pp (n = 19)", "no value for Q3 FY26", "n/a"} <= set(drawing.words)
        assert len(circles(drawing, "5.5", "bg")) == 1
        assert circles(drawing, "5.5", "pos", "neg") == []
        assert "f-muted" in colour_of(drawing, "+30.0 pp (n = 19)")
    assert "A from 20.0 % to 50.0 % (+30.0 pp)" in spaced(figure.alt)


def test_twenty_dumbbells_are_drawn_and_the_chart_says_what_is_left_out(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": [f"r{i}" for i in range(23)], "start": 0.0, "end": [float(i) for i in range(23)]})
    wide = kit.both(charts.dumbbell(frame, unit="count", **ABOUT))[0]
    assert "20 largest of 23" in wide.words
    assert "r3" in wide.words
    assert "r2" not in wide.words


# Funnel

PASSED = pd.DataFrame({"label": ["Leads", "Qualified", "Offer", "Won"], "n": [800, 400, 15, 3]})


def test_bars_of_a_funnel_have_the_length_of_their_records(kit: SimpleNamespace) -> None:
    for drawing in kit.both(charts.funnel(PASSED, **ABOUT)):
        boxes = [b for b in drawing.boxes("c1") if b[2] - b[0] != 14]
        assert len({b[0] for b in boxes}) == 1, "one baseline"
        assert [(b[2] - b[0]) / (boxes[0][2] - boxes[0][0]) for b in boxes] == pytest.approx(
            [1, 0.5, 15 / 800], abs=1e-3
        )
        outlined = [p for p in drawing.root.iter("path") if "s-ink" in p.get("class", "") and p.get("fill") == "none"]
        assert len(outlined) == 2, "the last stage rests on 15 records, and its key"


def test_conversion_is_of_the_stage_before_with_its_records(kit: SimpleNamespace) -> None:
    """400 of 800, 15 of 400 = 3.75 %, 3 of 15 = 20 %."""
    figure = charts.funnel(PASSED.assign(reference=[None, 0.45, 0.05, 0.2]), reference_label="target", **ABOUT)
    for drawing in kit.both(figure):
        assert {"50 % (400 of 800)", "4 % (15 of 400)", "20 % (3 of 15)"} <= set(drawing.words)
        assert {"+5.0 pp", "−1.3 pp", "0.0 pp", "vs target"} <= set(drawing.words)
        assert "f-pos" in colour_of(drawing, "+5.0 pp")
        assert "f-neg" in colour_of(drawing, "−1.3 pp")
        assert "f-muted" in colour_of(drawing, "20 % (3 of 15)")
        assert "800" in drawing.words
    assert "From Leads to Won: 0.4 % (3 of 800). Least pass to Offer: 4 % (15 of 400)" in spaced(figure.alt)


def test_a_missing_stage_leaves_out_its_bar_and_both_its_shares(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": list("abcd"), "n": [800, None, 200, 100]})
    for drawing in kit.both(charts.funnel(frame, **ABOUT)):
        assert len([b for b in drawing.boxes("c1") if b[2] - b[0] != 14]) == 3
        assert drawing.words.count("n/a") == 3, "its number and two shares"
        assert "50 % (100 of 200)" in drawing.words


def test_fewer_than_five_are_counts_only_and_none_has_no_share(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": list("abcd"), "n": [30, 4, 0, 0]})
    for drawing in kit.both(charts.funnel(frame, **ABOUT)):
        assert {"13 % (4 of 30)", "0 of 4", "n/a"} <= set(drawing.words)


@pytest.mark.parametrize(
    ("counts", "message"),
    [([5, 9], "stage 'b' has 9 records, more than the 5"), ([5, None, 7], "more than the 5"), ([-1], "less than none"),
     ([None, None], "no stage has"), (range(20, 0, -1), "20 stages")],
)  # fmt: skip
def test_funnels_refuse_what_is_no_funnel(counts: Any, message: str) -> None:
    frame = pd.DataFrame({"label": [chr(97 + i) for i in range(len(counts))], "n": counts})
    with pytest.raises(InputError, match=message):
        charts.funnel(frame, **ABOUT)


# Small multiples


def trends(ends: dict[str, float], **more: Any) -> pd.DataFrame:
    rows = [(label, f"P{k}", 100.0 + (end - 100) * k / 3) for label, end in ends.items() for k in range(4)]
    return pd.DataFrame(rows, columns=["label", "period", "value"]).assign(**more)


def test_panels_stand_in_the_order_of_their_gap(kit: SimpleNamespace) -> None:
    """Ends 90, 60, 140, 100 against a plan of 100: gaps −10, −40, +40, 0."""
    frame = trends({"A": 90, "B": 60, "C": 140, "D": 100}, plan=100.0)

    def order(better: str) -> str:
        drawing = kit.both(charts.small_multiples(frame, unit="count", better=better, **ABOUT))[0]
        return "".join(w for w in drawing.words if w in "ABCD")

    assert order("up") == "BADC"
    assert order("down") == "CDAB"
    assert order("none") in ("BCAD", "CBAD")
    for drawing in kit.both(charts.small_multiples(frame, unit="count", better="up", **ABOUT)):
        assert {"60", "−40", "90", "−10", "140", "+40", "0"} <= set(drawing.words)
        assert "f-neg" in colour_of(drawing, "−40")
        assert "f-pos" in colour_of(drawing, "+40")


def test_all_panels_have_one_scale(kit: SimpleNamespace) -> None:
    """Ticks 60 to 140 in every panel: a value lies as high above its panel's lowest line as in any other."""
    frame = trends({"A": 90, "B": 60, "C": 140, "D": 100}, plan=100.0)
    wide = kit.both(charts.small_multiples(frame, unit="count", better="up", **ABOUT))[0]
    low, high = middle(wide, "60")[1], middle(wide, "140")[1]  # the first texts with these words are the marks
    assert wide.words.index("60") < wide.words.index("B")
    per_unit = (low - high) / 80
    ends = circles(wide, "4", "c1")
    assert [(low - y) / per_unit + 60 for _, y in ends] == pytest.approx([60, 90, 100, 140], abs=0.2)
    plans = strokes(wide, "ref")
    assert {round((low - y) / per_unit + 60) for line in plans if len(line) > 2 for _, y in line} == {100}
    lines = [line for line in strokes(wide, "c1") if len(line) == 4]
    assert len(lines) == 4
    assert all((low - line[0][1]) / per_unit + 60 == pytest.approx(100, abs=0.2) for line in lines)


def test_a_missing_value_leaves_a_gap_in_its_panel_alone(kit: SimpleNamespace) -> None:
    frame = trends({"A": 90, "B": 60})
    frame.loc[1, "value"] = None
    wide = kit.both(charts.small_multiples(frame, unit="count", reference=80.0, **ABOUT))[0]
    lengths = sorted(len(line) for line in strokes(wide, "c1"))
    assert lengths == [2, 2, 4], "the key of the legend, two of A's four periods, all of B's"
    assert len(circles(wide, "2.5", "c1")) == 1, "a period between gaps is a point"


def test_a_panel_of_few_records_is_grey_and_not_judged(kit: SimpleNamespace) -> None:
    frame = trends({"A": 90, "B": 60}, n=[300] * 4 + [19] * 4).assign(value=lambda d: d["value"] / 200)
    for drawing in kit.both(charts.small_multiples(frame, unit="rate", better="up", reference=0.5, **ABOUT)):
        assert {"30.0 %", "n = 19", "45.0 %", "−5.0 pp", "fewer than 20 records"} <= set(drawing.words)
        assert len(circles(drawing, "4", "c1")) == 1
        assert len(circles(drawing, "4", "bg")) == 2, "the point and its key"
        assert "f-muted" in colour_of(drawing, "n = 19")


def test_units_without_values_or_plan_say_so_and_come_last(kit: SimpleNamespace) -> None:
    frame = trends({"C": 1, "B": 90, "A": 90}, plan=[100.0] * 4 + [None] * 4 + [100.0] * 4)
    frame.loc[:3, "value"] = None
    for drawing in kit.both(charts.small_multiples(frame, unit="count", better="up", **ABOUT)):
        assert [w for w in drawing.words if w in "ABC"] == ["A", "B", "C"]
        assert {"no plan", "n/a", "−10"} <= set(drawing.words)


def test_without_a_plan_the_change_since_the_first_value_counts(kit: SimpleNamespace) -> None:
    figure = charts.small_multiples(trends({"A": 130, "B": 70}), unit="count", better="up", **ABOUT)
    assert {"+30", "−30"} <= set(kit.both(figure)[0].words)
    assert "first B 70 (−30 since the first)" in figure.alt


def test_sixteen_panels_are_drawn_and_the_chart_says_so(kit: SimpleNamespace) -> None:
    frame = trends({f"u{i}": 100.0 + i for i in range(20)}, plan=100.0)
    wide = kit.both(charts.small_multiples(frame, unit="count", better="up", **ABOUT))[0]
    assert len(circles(wide, "4", "c1")) == 16
    assert "16 of 20, by gap" in wide.words
    assert {"u0", "u15"} <= set(wide.words)
    assert "u16" not in wide.words


def test_one_period_is_a_point_and_none_is_refused(kit: SimpleNamespace) -> None:
    one = pd.DataFrame({"label": ["A", "B"], "period": "P1", "value": [3.0, 4.0]})
    assert len(circles(kit.both(charts.small_multiples(one, unit="count", **ABOUT))[0], "4", "c1")) == 2
    with pytest.raises(InputError, match="no period has a value"):
        charts.small_multiples(one.assign(value=None), unit="count", **ABOUT)
    with pytest.raises(InputError, match="twice"):
        charts.small_multiples(one.assign(label="A"), unit="count", **ABOUT)
    with pytest.raises(InputError, match="no unit 'rates'"):
        charts.small_multiples(one, unit="rates", **ABOUT)


# The pair of 6 weeks and 12 months


def recent(weeks: list[float | None], months: list[float | None], **more: Any) -> pd.DataFrame:
    """Weeks from Monday 3 Aug 2026, months from October 2025."""
    rows = [("week", f"W{32 + i}", v, dt.date(2026, 8, 3) + dt.timedelta(7 * i)) for i, v in enumerate(weeks)]
    firsts = [dt.date(2025 + (9 + i) // 12, (9 + i) % 12 + 1, 1) for i in range(len(months))]
    rows += [("month", f"M{i}", v, first) for i, (v, first) in enumerate(zip(months, firsts, strict=True))]
    return pd.DataFrame(rows, columns=["grain", "period", "value", "start"]).assign(**more)


WEEKS: list[float | None] = [99, 50, 60, 55, 50, 70, 65]
MONTHS: list[float | None] = [40, 50, 60, 70, 60, 50, 40, 50, 60, 70, 80, 60]


def values_of(drawing: Any, points: list[tuple[float, float]], low: str, high: str) -> list[float]:
    """Read points off the axis by two of its marks."""
    bottom, top = middle(drawing, low)[1], middle(drawing, high)[1]
    span = float(high.replace(",", "")) - float(low.replace(",", ""))
    return [(bottom - y) / (bottom - top) * span + float(low.replace(",", "")) for _, y in points]


def test_the_last_six_weeks_and_twelve_months_share_one_scale(kit: SimpleNamespace) -> None:
    wide = kit.both(charts.six_twelve(recent(WEEKS, MONTHS), unit="count", **ABOUT))[0]
    points = circles(wide, "4", "c1")
    assert len(points) == 18, "the seventh week from the end is left out"
    found = values_of(wide, points, "40", "80")
    assert found == pytest.approx([50, 60, 55, 50, 70, 65, *MONTHS], abs=0.2)
    assert {"Last 6 weeks", "Last 12 months"} <= set(wide.words)
    assert "Last 6 weeks: W38 65, from W33 50" in charts.six_twelve(recent(WEEKS, MONTHS), unit="count", **ABOUT).alt


def test_on_a_phone_the_panels_lie_one_above_the_other_on_the_same_scale(kit: SimpleNamespace) -> None:
    narrow = kit.both(charts.six_twelve(recent(WEEKS, MONTHS), unit="count", **ABOUT))[1]
    assert middle(narrow, "Last 6 weeks")[0] == middle(narrow, "Last 12 months")[0]
    marks = [float(t.attrib["y"]) for t in narrow.root.iter("text") if t.text in ("40", "80")]
    assert len(marks) == 4, "the same two marks in each panel"
    per_unit = (max(marks[:2]) - min(marks[:2])) / 40
    assert (max(marks[2:]) - min(marks[2:])) / 40 == pytest.approx(per_unit)
    weeks = [y for _, y in circles(narrow, "4", "c1") if y < middle(narrow, "Last 12 months")[1]]
    assert len(weeks) == 6
    assert (max(weeks) - min(weeks)) / per_unit == pytest.approx(70 - 50, abs=0.2)


def test_own_scales_are_said(kit: SimpleNamespace) -> None:
    months = [None if v is None else v * 100 for v in MONTHS]
    wide = kit.both(charts.six_twelve(recent(WEEKS, months), unit="count", own_scales=True, **ABOUT))[0]
    assert "weeks and months have scales of their own" in wide.words
    points = circles(wide, "4", "c1")
    assert values_of(wide, points[:6], "50", "70") == pytest.approx([50, 60, 55, 50, 70, 65], abs=0.2)
    assert values_of(wide, points[6:], "4,000", "8,000") == pytest.approx([v * 100 for v in MONTHS if v], abs=20)


def test_year_before_is_lighter_and_plan_an_outline(kit: SimpleNamespace) -> None:
    frame = recent(WEEKS, MONTHS).assign(prior=lambda d: d["value"] - 5, plan=[70.0] * 18 + [None])
    for drawing in kit.both(charts.six_twelve(frame, unit="count", prior_label="FY25", **ABOUT)):
        soft = [line for line in strokes(drawing, "c1soft") if len(line) > 2]
        assert sorted(len(line) for line in soft) == [6, 12]
        solid = [line for line in strokes(drawing, "c1") if len(line) > 2]
        assert sorted(len(line) for line in solid) == [6, 12]
        outlines = [p.attrib["d"] for p in drawing.root.iter("path") if "s-ink" in p.get("class", "").split()]
        assert sum(d.count("M") for d in outlines) == 6 + 11 + 1, "weeks, months but the last, and the key"
        assert {"FY25", "plan"} <= set(drawing.words)


def test_a_period_in_flight_is_hollow_with_a_dashed_way_to_it(kit: SimpleNamespace) -> None:
    frame = recent(WEEKS, MONTHS).assign(to_day=[None] * 6 + ["day 3 of 7"] + [None] * 11 + ["day 21 of 30"])
    figure = charts.six_twelve(frame, unit="count", **ABOUT)
    for drawing in kit.both(figure):
        assert len(circles(drawing, "4", "c1")) == 16
        assert len(circles(drawing, "4", "bg")) == 3, "both last periods, and the key"
        dashed = [p for p in drawing.root.iter("path") if "s-c1" in p.get("class", "") and p.get("stroke-dasharray")]
        assert len(dashed) == 2
        assert any("day 3 of 7; day 21 of 30" in w for w in drawing.words) or drawing.size[0] == 340
    assert "W38 65 (in flight, day 3 of 7)" in figure.alt


def test_the_last_value_is_written_right_of_its_point(kit: SimpleNamespace) -> None:
    wide = kit.both(charts.six_twelve(recent([None, 5.0, 77.0, 3.0], MONTHS), unit="count", **ABOUT))[0]
    last = circles(wide, "4", "c1")[2]
    x, y = middle(wide, "3")
    assert y == pytest.approx(last[1], abs=0.02)
    assert 4 < x - last[0] < 15


def test_missing_weeks_leave_gaps_and_a_missing_grain_is_said(kit: SimpleNamespace) -> None:
    wide = kit.both(charts.six_twelve(recent([50, 60, None, 40, 50, 60], MONTHS), unit="count", **ABOUT))[0]
    assert sorted(len(line) for line in strokes(wide, "c1")) == [2, 2, 3, 12], "one of two is the key"
    alone = charts.six_twelve(recent([], MONTHS[:1]), unit="count", **ABOUT)
    for drawing in kit.both(alone):
        assert "no values" in drawing.words
        assert "Last 1 month" in drawing.words
        assert len(circles(drawing, "4", "c1")) == 1
    with pytest.raises(InputError, match="no period has a value"):
        charts.six_twelve(recent([None], [None]), unit="count", **ABOUT)
    with pytest.raises(InputError, match="neither week nor month"):
        charts.six_twelve(recent([1.0], []).assign(grain="quarter"), unit="count", **ABOUT)


def test_comparisons_are_percent_for_amounts_and_points_for_rates(kit: SimpleNamespace) -> None:
    told = [("WoW", -0.032), ("vs plan", 0.05), ("YoY", None)]
    frame = recent([0.2, 0.3], [0.4, 0.5])
    amounts = charts.six_twelve(frame, unit="count", better="up", comparisons=told, **ABOUT)
    rates = charts.six_twelve(frame, unit="rate", better="down", comparisons=told, **ABOUT)
    for drawing in kit.both(amounts):
        assert {"WoW", "−3.2 %", "+5.0 %", "YoY", "n/a"} <= set(drawing.words)
        assert "f-neg" in colour_of(drawing, "−3.2 %")
        assert middle(drawing, "WoW")[0] == middle(drawing, "−3.2 %")[0], "each below its name"
    for drawing in kit.both(rates):
        assert {"−3.2 pp", "+5.0 pp"} <= set(drawing.words)
        assert "f-pos" in colour_of(drawing, "−3.2 pp")
    assert "WoW −3.2 %, vs plan +5.0 %, YoY n/a" in spaced(amounts.alt)


def test_events_are_numbered_over_the_periods_that_contain_them(kit: SimpleNamespace) -> None:
    """26 Aug 2026 lies in the week from 24 Aug (W35) and in August (M10); 2 Nov 2025 in no week, and in M1."""
    told = [
        Annotation(dt.date(2026, 8, 26), "New prices"), Annotation(dt.date(2025, 11, 2), "Cut-over"),
        Annotation(dt.date(2025, 11, 2), "Other metric", metric="XYZ-01"), Annotation(dt.date(2024, 1, 1), "Too early"),
    ]  # fmt: skip
    figure = charts.six_twelve(recent(WEEKS, MONTHS), unit="count", annotations=told, metric="BKG-01", **ABOUT)
    assert [spaced(words) for words in figure.annotations] == ["2 Nov 2025: Cut-over", "26 Aug 2026: New prices"]
    for drawing in kit.both(figure):
        assert [w for w in drawing.words if w in ("1", "2")] == ["2", "1", "2"]
    wide = kit.both(figure)[0]
    xs = sorted({x for line in strokes(wide, "ref") for x in (line[-1][0],)})
    points = circles(wide, "4", "c1")
    assert xs == pytest.approx([points[2][0], points[6 + 1][0], points[6 + 10][0]], abs=0.02)


def test_labels_of_periods_never_touch(kit: SimpleNamespace) -> None:
    frame = recent(WEEKS, MONTHS).assign(period=lambda d: [f"Period number {i}" for i in range(len(d))])
    for drawing in kit.both(charts.six_twelve(frame, unit="count", **ABOUT)):
        shown = [w for w in drawing.words if re.match("Period number", w)]
        assert shown
        assert "Period number 18" in shown, "the last one always stays"
