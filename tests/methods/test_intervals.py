"""Intervals against published tables, statsmodels and scipy."""

from decimal import Decimal
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from scipy.stats import quantile_test
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, test_proportions_2indep

from bizops.errors import InputError
from bizops.methods.intervals import Interval, median_interval, rate_difference, wilson

score_test = test_proportions_2indep
score_test.__test__ = False  # statsmodels' name makes pytest collect it
del test_proportions_2indep


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [(3, 8, 13.7, 69.4), (30, 80, 27.7, 48.5), (0, 12, 0.0, 24.2)],
)
def test_wilson_gives_the_percentages_of_convention_c10(k: int, n: int, lower: float, upper: float) -> None:
    interval = wilson(k, n)
    assert (round(100 * interval.lower, 1), round(100 * interval.upper, 1)) == (lower, upper)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_equals_statsmodels_for_every_count_up_to_25(level: float) -> None:
    pairs = [(k, n) for n in range(1, 26) for k in range(n + 1)]
    k, n = np.array(pairs).T
    ours = wilson(k, n, level).frame
    lower, upper = proportion_confint(k, n, alpha=1 - level, method="wilson")
    np.testing.assert_allclose(ours["lower"], lower, atol=1e-12)
    np.testing.assert_allclose(ours["upper"], upper, atol=1e-12)


def test_wilson_ends_are_exact() -> None:
    assert wilson(0, 12).lower == 0
    assert wilson(12, 12).upper == 1
    assert wilson(7, 7).value == 1


def test_wilson_of_nothing_is_not_available_and_never_zero() -> None:
    interval = wilson(0, 0)
    assert [isnan(x) for x in (interval.value, *interval.bounds)] == [True, True, True]


def test_wilson_of_series_keeps_the_index_and_the_missing() -> None:
    k = pd.Series([3, None, 2], index=["a", "b", "c"], dtype="Int64")
    frame = wilson(k, pd.Series([Decimal(8), Decimal(9), Decimal(0) + 4], index=["a", "b", "c"])).frame
    assert list(frame.index) == ["a", "b", "c"]
    assert list(frame.columns) == ["k", "n", "value", "lower", "upper"]
    assert frame.loc["a", "value"] == 0.375
    assert frame.loc["b"].isna()[["k", "value", "lower", "upper"]].all()
    assert frame.loc["c", "upper"] < 1


def test_one_number_serves_a_whole_array() -> None:
    assert wilson([1, 2], 4).frame["value"].tolist() == [0.25, 0.5]
    assert wilson(1, [2, 4]).frame["value"].tolist() == [0.5, 0.25]
    assert wilson([], 4).frame.empty


def test_wilson_of_numbers_is_a_record_of_plain_floats() -> None:
    interval = wilson(np.int64(3), np.int64(8))
    assert isinstance(interval, Interval)
    assert {type(getattr(interval, name)) for name in ("k", "n", "value", "lower", "upper")} == {float}
    assert interval.frame.loc[0, "upper"] == interval.upper


@pytest.mark.parametrize(("k", "n"), [(9, 8), (-1, 8), (0, -1), ([1, 9], [2, 8])])
def test_impossible_counts_are_refused(k: object, n: object) -> None:
    with pytest.raises(InputError, match="impossible"):
        wilson(k, n)  # type: ignore[call-overload]


def test_lengths_and_indexes_must_agree() -> None:
    with pytest.raises(InputError, match="one length"):
        wilson([1, 2], [3, 4, 5])
    with pytest.raises(InputError, match="one index"):
        wilson(pd.Series([1], index=["a"]), pd.Series([2], index=["b"]))
    with pytest.raises(InputError, match="not numbers"):
        wilson(["one"], [2])  # type: ignore[list-item]


@pytest.mark.parametrize("level", [0, 1, 95, -0.1])
def test_a_level_in_percent_is_refused(level: float) -> None:
    with pytest.raises(InputError, match=r"0\.95"):
        wilson(1, 2, level)
    with pytest.raises(InputError, match=r"0\.95"):
        median_interval([1.0, 2.0], level)


# Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]


@pytest.mark.parametrize(("k", "n", "k_before", "n_before", "lower", "upper"), NEWCOMBE)
def test_difference_gives_newcombes_table(
    k: int, n: int, k_before: int, n_before: int, lower: float, upper: float
) -> None:
    difference = rate_difference(k, n, k_before, n_before)
    assert (round(difference.lower, 4), round(difference.upper, 4)) == (lower, upper)
    assert difference.value == pytest.approx(k / n - k_before / n_before)


COUNTS = [(56, 70, 48, 80), (22, 90, 25, 100), (198, 900, 250, 1000), (5, 56, 3, 29), (40, 41, 30, 44)]


@pytest.mark.parametrize("counts", COUNTS)
def test_difference_equals_statsmodels(counts: tuple[int, int, int, int]) -> None:
    difference = rate_difference(*counts)
    k, n, k_before, n_before = counts
    lower, upper = confint_proportions_2indep(k, n, k_before, n_before, method="newcomb", compare="diff")
    assert (difference.lower, difference.upper) == pytest.approx((lower, upper), abs=1e-10)
    theirs = score_test(k, n, k_before, n_before, method="score", compare="diff", correction=True)
    assert difference.p_value == pytest.approx(theirs.pvalue, rel=1e-6)
    assert difference.test == "N − 1 chi-squared"


def test_sparse_tables_get_the_exact_test() -> None:
    assert rate_difference(3, 4, 1, 4).test == "N − 1 chi-squared"  # every expected count is 2
    # expected count 4 * 1 / 10 = 0.4 below 1: tables at least as unlikely as this one have probability 4/10
    sparse = rate_difference(1, 4, 0, 6)
    assert sparse.test == "Fisher–Irwin exact"
    assert sparse.p_value == pytest.approx(0.4)
    assert rate_difference(0, 10, 0, 20).p_value == 1
    assert rate_difference(10, 10, 20, 20).p_value == 1


def test_a_difference_changes_sign_with_its_sides() -> None:
    there, back = rate_difference(9, 10, 3, 10), rate_difference(3, 10, 9, 10)
    assert there.value == -back.value
    assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower))
    assert there.p_value == back.p_value


def test_overlapping_intervals_can_hide_a_difference() -> None:
    a, b = wilson(40, 100), wilson(55, 100)
    assert a.upper > b.lower
    assert rate_difference(55, 100, 40, 100).p_value < 0.05


def test_a_difference_to_nothing_is_not_available() -> None:
    difference = rate_difference(3, 8, 0, 0)
    assert difference.rate == 0.375
    assert isnan(difference.value)
    assert isnan(difference.p_value)
    assert difference.test == ""
    with pytest.raises(InputError, match="whole"):
        rate_difference(0.5, 8, 1, 2)  # type: ignore[arg-type]


# n: rank and confidence (%), from the published table of confidence intervals for the population median (Table A.7 of
# its textbook; the narrowest pair with at least 95 %)
MEDIAN_TABLE = {
    6: (1, 96.9),
    7: (1, 98.4),
    8: (1, 99.2),
    9: (2, 96.1),
    10: (2, 97.9),
    11: (2, 98.8),
    12: (3, 96.1),
    13: (3, 97.8),
    14: (3, 98.7),
    15: (4, 96.5),
    16: (4, 97.9),
    17: (5, 95.1),
    18: (5, 96.9),
    19: (5, 98.1),
    20: (6, 95.9),
}


@pytest.mark.parametrize("n", MEDIAN_TABLE)
def test_median_interval_gives_the_published_ranks(n: int) -> None:
    interval = median_interval(list(range(n, 0, -1)))
    rank, coverage = MEDIAN_TABLE[n]
    assert interval.rank == rank
    assert (interval.lower, interval.upper) == (rank, n + 1 - rank)
    assert 100 * interval.coverage == pytest.approx(coverage, abs=0.06)
    assert interval.value == (n + 1) / 2


def test_median_interval_equals_scipy_on_skewed_values() -> None:
    values = np.random.default_rng(3).lognormal(size=41)
    ours = median_interval(values, 0.9)
    theirs = quantile_test(values, q=float(np.median(values)), p=0.5).confidence_interval(confidence_level=0.9)
    assert (ours.lower, ours.upper) == (theirs.low, theirs.high)


def test_a_tail_hit_exactly_is_used() -> None:
    # n = 5: P(all on one side) = 1/32 a tail, so 1 - 2/32 is exactly attainable
    exact = median_interval([1, 2, 3, 4, 5], level=1 - 2 / 32)
    assert (exact.lower, exact.upper, exact.coverage) == (1, 5, 0.9375)


def test_too_few_values_have_a_median_without_an_interval() -> None:
    short = median_interval([5, 1, 3, nan, None, 2, 4])  # type: ignore[list-item]
    assert (short.value, short.n, short.rank) == (3, 5, 0)
    assert isnan(short.lower)
    assert isnan(median_interval([]).value)
