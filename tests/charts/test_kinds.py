"""Each kind against the geometry that its data demand, measured in the drawing."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from bizops import charts
from bizops.charts.axis import apart, ticks
from bizops.charts.labels import clean, fit, width_of, wrap
from bizops.errors import InputError

ABOUT: dict[str, Any] = {"id": "f", "title": "Title", "subtitle": "Bookings, Q3 FY26"}
# W13 of the fixtures: 500.0 -> 435.6 k
STEPS = pd.DataFrame({"label": ["Volume", "Win rate", "Deal size"], "amount": [-49_300.0, -59_800.0, 44_700.0]})
RUN_RATE, ACTUAL = ("Run-rate", 500_000.0), ("Actual", 435_600.0)


def test_small_steps_get_the_variance_bridge_and_large_ones_the_waterfall() -> None:
    """Steps of 153.8 on 500.0 are 31 %; on ten times the total they are 3 %."""
    assert charts.bridge(STEPS, start=RUN_RATE, end=ACTUAL, **ABOUT).alt.startswith("Waterfall")
    tenfold = ("Plan", 5_000_000.0), ("Actual", 4_935_600.0)
    assert charts.bridge(STEPS, start=tenfold[0], end=tenfold[1], **ABOUT).alt.startswith("Variance bridge")
    edge = pd.DataFrame({"label": ["a"], "amount": [-20.0]})
    assert charts.bridge(edge, start=("P", 100.0), end=("A", 80.0), **ABOUT).alt.startswith("Waterfall")
    below = pd.DataFrame({"label": ["a"], "amount": [-19.9]})
    assert charts.bridge(below, start=("P", 100.0), end=("A", 80.1), **ABOUT).alt.startswith("Variance bridge")


def test_variance_bridge_has_its_own_zero_and_the_w13_labels(kit: SimpleNamespace) -> None:
    figure = charts.variance_bridge(STEPS, start=RUN_RATE, end=ACTUAL, currency="EUR", **ABOUT)
    for drawing in kit.both(figure):
        assert {"−49.3", "−59.8", "+44.7", "−64.4"} <= set(drawing.words)
        assert "Run-rate EUR 500 k → Actual EUR 436 k" in " ".join(drawing.words)
        *steps, gap = drawing.boxes("pos", "neg")
        zero = steps[0][2]
        per_k = (steps[0][2] - steps[0][0]) / 49.3
        assert steps[1][2] == pytest.approx(steps[0][0], abs=0.02), "a step starts where the one before ended"
        assert (steps[1][2] - steps[1][0]) / per_k == pytest.approx(59.8, rel=2e-3)
        assert steps[2][0] == pytest.approx(steps[1][0], abs=0.02)
        assert gap[2] == pytest.approx(zero, abs=0.02), "the gap starts at zero"
        assert gap[0] == pytest.approx(steps[2][2], abs=0.02), "and ends where the last step ended"
        tops = [box[1] for box in (*steps, gap)]
        assert tops == sorted(tops)
    assert "gap EUR −64.4 k. Largest steps: Win rate EUR −59.8 k, Volume EUR −49.3 k" in figure.alt


def test_waterfall_draws_both_totals_from_zero(kit: SimpleNamespace) -> None:
    """W01: opening 419, +30 +24 +38 −35 −50 −1.5, closing 424.5."""
    labels = ["New", "Reactivation", "Expansion", "Contraction", "Churn", "FX"]
    moves = pd.DataFrame({"label": labels, "amount": [30e3, 24e3, 38e3, -35e3, -50e3, -1.5e3]})
    figure = charts.waterfall(
        moves, start=("Opening ARR", 419e3), end=("Closing ARR", 424.5e3), currency="EUR", **ABOUT
    )
    for drawing in kit.both(figure):
        assert {"419.0", "+30.0", "+24.0", "+38.0", "−35.0", "−50.0", "−1.5", "424.5", "EUR k"} <= set(drawing.words)
        (closing,) = drawing.boxes("c1")
        steps = drawing.boxes("pos", "neg")
        per_k = (closing[2] - closing[0]) / 424.5
        levels = [419, 449, 473, 511, 476, 426, 424.5]
        for step, before, after in zip(steps, levels, levels[1:], strict=False):
            low, high = sorted((before, after))
            assert step[0] == pytest.approx(closing[0] + low * per_k, abs=0.05)
            assert step[2] == pytest.approx(closing[0] + high * per_k, abs=0.05)


def test_a_bridge_that_does_not_close_is_refused() -> None:
    with pytest.raises(InputError, match="steps sum to -64400, the gap is -64401"):
        charts.variance_bridge(STEPS, start=RUN_RATE, end=("Actual", 435_599.0), **ABOUT)


def test_many_steps_are_folded_and_still_close(kit: SimpleNamespace) -> None:
    amounts = [float(i) for i in range(1, 21)]
    frame = pd.DataFrame({"label": [f"s{i}" for i in range(20)], "amount": amounts})
    wide = kit.both(charts.waterfall(frame, start=("a", 1000.0), end=("b", 1210.0), **ABOUT))[0]
    assert "Other (9 items)" in wide.words
    assert "+45" in wide.words  # 1 + 2 + ... + 9
    assert len(wide.boxes("pos")) == 12


def test_sorted_bars_put_the_side_of_the_total_first(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": ["A", "B", "C", "D"], "value": [-10.0, -300.0, 40.0, -100.0]})
    wide = kit.both(charts.sorted_bars(frame, signed=True, better="up", **ABOUT))[0]
    assert [w for w in wide.words if w in "ABCD"] == ["B", "D", "A", "C"]
    boxes = wide.boxes("pos", "neg")
    widths = [right - left for left, _, right, _ in boxes]
    assert [w / widths[0] for w in widths] == pytest.approx([1, 1 / 3, 1 / 30, 40 / 300], rel=0.01)
    assert len({round(x, 1) for x in (boxes[0][2], boxes[1][2], boxes[2][2], boxes[3][0])}) == 1, "all from zero"
    rising = frame.assign(value=-frame["value"])
    assert [w for w in kit.both(charts.sorted_bars(rising, **ABOUT))[0].words if w in "ABCD"] == ["B", "D", "A", "C"]


def test_sorted_bars_show_three_digits_at_most(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": ["A", "B", "C", "D"], "value": [-60_180.0, -4_321.0, 999.0, -12_345.0]})
    for drawing in kit.both(charts.sorted_bars(frame, signed=True, currency="EUR", **ABOUT)):
        assert {"−60.2", "−12.3", "−4.32", "+1.00"} <= set(drawing.words)


def test_colour_follows_the_direction_of_good(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": ["A", "B"], "value": [-10.0, 30.0]})
    up, down = (
        kit.both(charts.sorted_bars(frame, signed=True, better=better, **ABOUT))[0] for better in ("up", "down")
    )
    assert [len(up.boxes(t)) for t in ("pos", "neg")] == [1, 1]
    assert up.boxes("pos") == down.boxes("neg")


def test_long_rankings_fold_the_small_ones(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": [f"r{i}" for i in range(20)], "value": [float(i) for i in range(1, 21)]})
    assert "Others (8)" in kit.both(charts.sorted_bars(frame, **ABOUT))[0].words
    rates = frame.assign(value=frame["value"] / 100)
    shown = kit.both(charts.sorted_bars(rates, unit="rate", additive=False, **ABOUT))[0]
    assert not [w for w in shown.words if w.startswith("Others")]


def test_a_rate_from_few_records_is_hollow(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": ["A", "B"], "value": [0.5, 0.3], "n": [20, 19]})
    wide = kit.both(charts.sorted_bars(frame, unit="rate", **ABOUT))[0]
    assert len(wide.boxes("c1")) == 1


def test_bullet_shows_actual_inside_plan(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame(
        {"label": ["DACH", "UK"], "actual": [1.5e6, 1.2e6], "plan": [2.0e6, None], "prior": [1e6, None]}
    )
    for drawing in kit.both(charts.bullet(frame, currency="EUR", prior_label="Q3 FY25", **ABOUT)):
        dach, uk = (b for b in drawing.boxes("c1") if b[2] - b[0] != 14)  # 14 pixels is the key
        outlines = [
            p for p in drawing.root.iter("path") if "s-ink" in p.get("class", "") and p.get("fill", "none") == "none"
        ]
        plans = [p.attrib["d"] for p in outlines if f"M{dach[0]:g} " in p.attrib["d"]]
        assert len(plans) == 1
        edge = max(float(point.split()[0]) for point in plans[0].strip("Mz").split("L"))
        assert (edge - dach[0]) / (dach[2] - dach[0]) == pytest.approx(2.0 / 1.5, rel=0.01)
        assert (uk[2] - uk[0]) / (dach[2] - dach[0]) == pytest.approx(1.2 / 1.5, rel=0.01)
        assert "no plan" in drawing.words
        assert "Q3 FY25" in drawing.words
    assert "−0.50 (−25.0 %)" in kit.both(charts.bullet(frame, currency="EUR", **ABOUT))[0].words


def test_dots_lie_in_their_intervals_and_small_samples_are_hollow(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame(
        {"label": ["A", "B", "C"], "value": [0.4, 0.2, 0.5], "lower": [0.3, 0.1, 0.1], "upper": [0.6, 0.4, 0.9],
         "n": [200, 12, 4]}
    )  # fmt: skip
    figure = charts.dot_whisker(frame, reference=0.25, reference_label="plan", **ABOUT)
    for drawing in kit.both(figure):
        assert [w for w in drawing.words if w in "ABC"] == ["B", "A", "C"]
        assert "n/a, n = 4" in drawing.words, "fewer than five: no value is drawn"
        marks = [c for c in drawing.root.iter("circle") if c.get("r") == "5"]
        assert [("f-c1" in c.attrib["class"].split()) for c in marks] == [True, False]
        axis = {w: float(drawing.text(w).attrib["x"]) for w in ("0 %", "40 %") if w in drawing.words}
        assert float(marks[0].attrib["cx"]) == pytest.approx(axis["40 %"], abs=0.5)
        assert any("95 % interval" in w for w in drawing.words)
    assert "Of 2, 0 lie wholly below plan and 1 above" in figure.alt.replace("\u00a0", " ")


def test_an_interval_that_misses_its_value_is_refused() -> None:
    frame = pd.DataFrame({"label": ["A"], "value": [0.4], "lower": [0.5], "upper": [0.6], "n": [200]})
    with pytest.raises(InputError, match="does not contain"):
        charts.dot_whisker(frame, **ABOUT)


def line(values: list[float | None], **more: Any) -> charts.Figure:
    frame = pd.DataFrame({"period": [f"Q{i % 4 + 1} FY{24 + i // 4}" for i in range(len(values))], "value": values})
    return charts.line_xmr(frame, **{**ABOUT, "unit": "count", **more})


def test_w08_has_no_signal(kit: SimpleNamespace) -> None:
    values: list[float | None] = [52, 48, 55, 50, 47, 53, 49, 51, 54, 50]
    figure = line(values, limits=(39.67, 50.9, 62.13), better="up")
    wide = kit.both(figure)[0]
    assert not [c for c in wide.root.iter("circle") if "f-c1" not in c.attrib["class"].split()]
    assert "no closed period outside it" in figure.alt
    band = max(wide.boxes("band"), key=lambda b: b[2] - b[0])
    forty, sixty = (float(wide.text(w).attrib["y"]) for w in ("40", "60"))
    per_unit = (forty - sixty) / 20
    assert (band[3] - band[1]) / per_unit == pytest.approx(62.13 - 39.67, rel=0.01)


def test_points_outside_are_marked_and_the_open_period_is_not_judged(kit: SimpleNamespace) -> None:
    values: list[float | None] = [52, 48, 55, 50, 47, 53, 49, 51, 64, 38, 12]
    figure = line(values, limits=(39.67, 50.9, 62.13), better="up", in_flight="day 41 of 92")
    for drawing in kit.both(figure):
        marked = [c.attrib["class"] for c in drawing.root.iter("circle") if c.get("r") == "5.5"]
        assert sorted("pos" if "f-pos" in m else "neg" for m in marked) == ["neg", "pos"]
        hollow = [c for c in drawing.root.iter("circle") if "f-bg" in c.attrib["class"].split()]
        assert len(hollow) == 2, "the open period and its key"
        assert {"64", "38", "12", "in flight, day 41 of 92"} <= set(drawing.words)
    assert "outside it: Q1 FY26 64, Q2 FY26 38" in figure.alt


def test_a_gap_stays_a_gap(kit: SimpleNamespace) -> None:
    wide = kit.both(line([1.0, 2.0, None, 4.0, 5.0]))[0]
    lines = [p for p in wide.root.iter("path") if "s-c1" in p.get("class", "").split()]
    assert len(lines) == 2
    assert len(list(wide.root.iter("circle"))) == 4


def test_two_values_are_the_least_that_make_a_line() -> None:
    with pytest.raises(InputError, match="fewer than two"):
        line([1.0, None])
    with pytest.raises(InputError, match="not lower, mean, upper"):
        line([1.0, 2.0], limits=(3.0, 2.0, 1.0))


def test_stacks_add_up_and_groups_share_zero(kit: SimpleNamespace) -> None:
    pairs = [("young", "a", 10.0), ("young", "b", 30.0), ("old", "a", 20.0)]
    frame = pd.DataFrame(pairs, columns=["label", "series", "value"])
    wide = kit.both(charts.stacked(frame, **ABOUT))[0]
    assert {"40", "20"} <= set(wide.words)
    young_a, old_a = (b for b in wide.boxes("c1") if b[2] - b[0] != 14)
    (young_b,) = (b for b in wide.boxes("c2") if b[2] - b[0] != 14)
    assert young_b[0] == pytest.approx(young_a[2], abs=0.02)
    assert (young_b[2] - young_b[0]) / (young_a[2] - young_a[0]) == pytest.approx(3, rel=0.01)
    assert old_a[0] == young_a[0]
    assert "n/a" in kit.both(charts.grouped(frame, **ABOUT))[0].words


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("l", s, 1.0) for s in "abcde"], "5 series"),
        ([("l", "a", 1.0), ("l", "a", 2.0)], "twice"),
        ([("l", "a", -1.0)], "negative"),
    ],
)
def test_stacks_refuse_what_they_cannot_show(rows: list[tuple[str, str, float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        charts.stacked(pd.DataFrame(rows, columns=["label", "series", "value"]), **ABOUT)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (39.67, 62.13, [30, 40, 50, 60, 70]),
        (-3.0, 7.0, None),
    ],
)
def test_ticks_are_round_few_and_enclose(low: float, high: float, expected: list[float] | None) -> None:
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 6
    assert expected is None or found == pytest.approx(expected)


def test_equal_ends_still_make_an_axis() -> None:
    assert len(ticks(5.0, 5.0)) >= 2
    assert len(ticks(0.0, 0.0)) >= 2


def test_tick_labels_are_left_out_until_none_touch() -> None:
    words = ["Q1 FY26"] * 10
    kept = apart([i * 30.0 for i in range(10)], words, 13)
    assert kept[0] == 9
    gaps = {a - b for a, b in pairwise(kept)}
    assert len(gaps) == 1
    assert gaps.pop() * 30 >= width_of("Q1 FY26", 13)
    assert apart([], [], 13) == []


def test_labels_are_cut_and_broken() -> None:
    assert fit("Nordics", 200, 13) == "Nordics"
    assert fit("x" * 50, 60, 13).endswith("…")
    assert width_of(fit("株" * 50, 60, 13), 13) <= 60
    assert wrap("North America Enterprise", 110, 13) == ["North America", "Enterprise"]
    assert len(wrap("word " * 40, 100, 13)) == 2
    assert clean(" a\t b\u202e\x00 ") == "a b"
    assert clean("") == "(blank)"
    assert fit("👩‍👩‍👧‍👦" * 9, 60, 13)[-2] != "\u200d"


def test_all_values_of_a_dot_plot_have_equal_decimals(kit: SimpleNamespace) -> None:
    frame = pd.DataFrame({"label": ["A", "B"], "value": [0.252, 0.288], "lower": 0.2, "upper": 0.3, "n": [1323, 704]})
    words = kit.both(charts.dot_whisker(frame, **ABOUT))[0].words
    assert {"25 % (n = 1,323)", "29 % (n = 704)"} <= set(words)
