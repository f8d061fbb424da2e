"""XmR limits against fixture W08, a published example and invariants."""

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizops.errors import InputError
from bizops.methods.control import xmr

W08 = [52, 48, 55, 50, 47, 53, 49, 51, 54, 50]


def test_w08_to_the_printed_digit() -> None:
    chart = xmr(W08)
    assert round(chart.centre, 1) == 50.9
    assert round(chart.mean_moving_range, 3) == 4.222
    assert (round(chart.lower, 2), round(chart.upper, 2)) == (39.67, 62.13)
    assert round(chart.range_limit, 2) == 13.81
    assert (chart.changed, chart.latest) == (False, "")


def test_a_published_example() -> None:
    # README of the package spc-plotly 0.1.3: 38 monthly counts with mean 2820.63, mean moving range 571.89,
    # upper limit 4341.864011379801; the points above it are 4412, 4385 and 4699
    counts = [
        *(2478, 2350, 2485, 2296, 2359, 2567, 3089, 2668, 1788, 2854, 2365, 1883, 1959, 1927, 2640, 2626, 2144, 2409),
        *(4412, 3287, 3049, 3364, 3078, 2972, 3415, 2753, 3102, 2191, 3693, 4385, 4699, 3031, 2659, 3885, 2628, 2621),
        *(3071, 2002),
    ]
    chart = xmr(counts)
    assert chart.centre == pytest.approx(2820.6315789473683)
    assert chart.mean_moving_range == pytest.approx(571.8918918918919)
    assert chart.upper == pytest.approx(4341.864011379801)
    assert chart.frame.loc[chart.frame["is_outside"], "value"].tolist() == [4412, 4385, 4699]
    assert chart.latest == ""
    # November 2021 to June 2022, all below the mean
    assert chart.frame["is_run"].to_numpy().nonzero()[0].tolist() == list(range(10, 18))


def test_fewer_than_eight_points_have_no_limits_and_say_so() -> None:
    chart = xmr(W08[:7])
    assert not chart.has_limits
    assert chart.reason == "7 points, limits need 8: no change can be told from noise"
    assert isnan(chart.lower)
    assert chart.centre == pytest.approx(50.571429)
    assert not chart.changed
    assert xmr(W08[:7], minimum=7).has_limits
    assert xmr([]).reason.startswith("0 points")
    assert xmr([1]).reason.startswith("1 point,")


def test_a_point_outside_and_the_step_into_it() -> None:
    chart = xmr(pd.Series([*W08, 90.0], index=[f"2026-{m:02}" for m in range(1, 12)]))
    assert chart.latest == "above the upper limit"
    assert chart.frame.index[chart.frame["is_outside"]].tolist() == ["2026-11"]
    assert chart.frame.loc["2026-11", "is_range_outside"]
    assert xmr([*W08, 5]).latest == "below the lower limit"


def test_a_large_step_alone_is_not_a_change() -> None:
    values = [10, 11, 10, 11, 10, 11, 10, 11, 13.9, 7.2, 10, 11, 10, 11, 10, 11, 10, 11]
    chart = xmr(values)
    assert chart.frame["is_range_outside"].sum() == 1
    assert not chart.frame["is_outside"].any()
    assert not chart.changed


def test_eight_on_one_side_are_a_run_and_seven_are_not() -> None:
    low, high = [10, 12, 11, 10, 12, 11, 10], [20, 22, 21, 20, 22, 21, 20, 21]
    chart = xmr([*low, *high])
    assert chart.frame["is_run"].tolist() == [False] * 7 + [True] * 8
    assert chart.frame["signal"].iloc[-1] == "in a run above the mean"
    assert not xmr([*low, *high[:7]]).frame["is_run"].any()


def test_a_point_on_the_mean_ends_a_run() -> None:
    below, above = [8.0, 9.0, 8.0, 9.0], [11.0, 12.0, 11.0, 12.0]
    series = [*below, *below, *above, *above]
    assert xmr(series).frame["is_run"].all()
    cut = [*below, 10.0, *below, *above, 10.0, *above]
    assert xmr(cut).centre == 10
    assert not xmr(cut).frame["is_run"].any()


def test_a_missing_value_has_no_range_and_ends_a_run() -> None:
    chart = xmr([*W08[:5], None, *W08[5:]])  # type: ignore[list-item]
    known = pd.Series(W08, dtype=float)
    ranges = known.diff().abs().drop(5)  # the step over the gap is not a step
    assert chart.n == 10
    assert chart.mean_moving_range == pytest.approx(ranges.mean())
    gap = xmr([1, 1, 1, 1, nan, 1, 1, 1, 1, 5, 5, 5, 5, nan, 5, 5, 5, 5])
    assert not gap.frame["is_run"].any()
    lonely = xmr([1, nan] * 9)
    assert (lonely.has_limits, lonely.n) == (False, 9)
    assert "neighbouring" in lonely.reason


@pytest.mark.parametrize("value", [0.1, 0.0, 1e9 / 3, -7.7])
def test_a_constant_series_is_ordinary(value: float) -> None:
    chart = xmr([value] * 11)
    assert not chart.changed
    assert not chart.frame["is_run"].any()


def test_natural_bounds_cut_the_limits() -> None:
    rates = [0.02, 0.09, 0.01, 0.08, 0.02, 0.07, 0.01, 0.09]
    assert xmr(rates).lower < 0
    assert xmr(rates, at_least=0, at_most=1).lower == 0
    # bookings net of returns can be below 0: then 0 is no bound
    assert xmr([*rates, -0.1], at_least=0).lower == xmr([*rates, -0.1]).lower
    high = [0.95, 0.99, 0.94, 1.0, 0.93, 0.99, 0.95, 1.0]
    assert (xmr(high).upper > 1, xmr(high, at_most=1).upper) == (True, 1)
    assert xmr([*high, 1.1], at_most=1).upper == xmr([*high, 1.1]).upper


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="not numbers"):
        xmr(["52", "a"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="infinite"):
        xmr([*W08, np.inf])
    with pytest.raises(InputError, match="at least 3"):
        xmr(W08, minimum=2)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-1000, 1000), min_size=8, max_size=40),
    st.integers(1, 50),
    st.integers(-500, 500),
)
def test_shift_scale_and_mirror(values: list[int], scale: int, shift: int) -> None:
    chart, moved = xmr(values), xmr([scale * v + shift for v in values])
    assert moved.upper == pytest.approx(scale * chart.upper + shift, abs=1e-6)
    assert moved.range_limit == pytest.approx(scale * chart.range_limit, abs=1e-6)
    assert moved.frame["signal"].tolist() == chart.frame["signal"].tolist()
    mirrored = xmr([-v for v in values]).frame["signal"]
    swap = {"above the upper limit": "below the lower limit", "in a run above the mean": "in a run below the mean"}
    swap |= {below: above for above, below in swap.items()} | {"": ""}
    assert mirrored.map(swap).tolist() == chart.frame["signal"].tolist()
