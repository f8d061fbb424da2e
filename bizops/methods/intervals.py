"""How sure is a rate, a difference of two rates, a median? Intervals that hold for few events too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import erfc, isnan, nan, sqrt
from statistics import NormalDist
from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bizops.errors import InputError
from bizops.methods.frames import as_float

Numbers = pd.Series | NDArray[np.generic] | Sequence[float]


@dataclass(frozen=True)
class Interval:
    """A proportion and its interval.

    ``k`` events of ``n``; ``value`` = k/n, ``lower`` and ``upper`` are fractions between 0 and 1, all three NaN
    where n is 0 (nothing was observed: "n/a", never 0 %). ``level`` is the confidence level (0.95).
    """

    k: float
    n: float
    value: float
    lower: float
    upper: float
    level: float

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound."""
        return self.lower, self.upper

    @property
    def frame(self) -> pd.DataFrame:
        """The record as a frame of one row."""
        return pd.DataFrame([asdict(self)])


@dataclass(frozen=True, eq=False)
class Intervals:
    """Many proportions and their intervals.

    ``frame`` has a row each, with the index that came in, and the columns ``k, n, value, lower, upper`` as in
    `Interval`. ``level`` is the confidence level of each, not of all together.
    """

    frame: pd.DataFrame
    level: float


@dataclass(frozen=True)
class RateDifference:
    """A rate less another, with its interval and a test of "no difference".

    ``value`` = rate − rate_before as a fraction (0.05 is five points); ``lower``, ``upper``: Newcombe's hybrid score
    interval at confidence ``level``; ``p_value``: two-sided, by the test named in ``test``; ``n``, ``n_before``: the
    two denominators. The interval and the test are different methods and can disagree at the border; say "changed" by
    the test. Everything measured is NaN, and ``test`` empty, where a denominator is 0.
    """

    rate: float
    rate_before: float
    value: float
    lower: float
    upper: float
    p_value: float
    test: str
    n: int
    n_before: int
    level: float

    @property
    def frame(self) -> pd.DataFrame:
        """The record as a frame of one row."""
        return pd.DataFrame([asdict(self)])


@dataclass(frozen=True)
class MedianInterval:
    """A median and its distribution-free interval, in the unit of the values.

    ``lower`` and ``upper`` are the ``rank``-th smallest and ``rank``-th largest of the ``n`` values; ``coverage`` is
    their exact confidence, at least ``level``. With too few values (below 6 at 95 %) there is no such pair: the
    bounds and the coverage are NaN and ``rank`` is 0.
    """

    value: float
    lower: float
    upper: float
    n: int
    level: float
    coverage: float
    rank: int

    @property
    def frame(self) -> pd.DataFrame:
        """The record as a frame of one row."""
        return pd.DataFrame([asdict(self)])


@overload
def wilson(k: float, n: float, level: float = 0.95) -> Interval: ...
@overload
def wilson(k: Numbers, n: float | Numbers, level: float = 0.95) -> Intervals: ...
@overload
def wilson(k: float, n: Numbers, level: float = 0.95) -> Intervals: ...
def wilson(k: float | Numbers, n: float | Numbers, level: float = 0.95) -> Interval | Intervals:
    """Return k/n with Wilson's score interval (fractions): an `Interval` for two numbers, else `Intervals`.

    Parameters
    ----------
    k, n
        Events and trials, 0 ≤ k ≤ n; numbers, or series of one index, or arrays of one length (a number beside an
        array counts for all of it). A missing k or n, or n = 0, gives NaN.
    level
        Confidence level, between 0 and 1.

    Raises
    ------
    InputError
        k outside 0..n, a level outside (0, 1), lengths that differ.

    Notes
    -----
    centre ± half width = [p + z²/2n ± z √(p(1−p)/n + z²/4n²)] / (1 + z²/n). Wilson (1927), JASA 22:209. It stays
    within 0..1 and is right with few events, where p ± 1.96 standard errors is not.

    Examples
    --------
    >>> wilson(3, 8).bounds  # doctest: +ELLIPSIS
    (0.136..., 0.694...)
    >>> wilson([3, 0], [8, 12]).frame.round(3)
         k     n  value  lower  upper
    0  3.0   8.0  0.375  0.137  0.694
    1  0.0  12.0  0.000  0.000  0.242
    """
    z = _z(level)
    frame = _trials(k, n)
    trials = frame["n"].where(frame["n"] > 0)
    p, width = frame["k"] / trials, z * z / trials
    centre = (p + width / 2) / (1 + width)
    half = z * np.sqrt(p * (1 - p) / trials + width / (4 * trials)) / (1 + width)
    frame = frame.assign(value=p, lower=(centre - half).clip(lower=0.0), upper=(centre + half).clip(upper=1.0))
    # rounding leaves 1e-17 at the ends, where the bound is exactly the end
    frame.loc[frame["k"] == 0, "lower"] = 0.0 * frame["value"]
    frame.loc[frame["k"] == frame["n"], "upper"] = frame["value"]
    if np.ndim(k) == 0 and np.ndim(n) == 0:
        row = frame.iloc[0]
        return Interval(**{str(column): float(number) for column, number in row.items()}, level=level)
    return Intervals(frame, level)


def rate_difference(k: int, n: int, k_before: int, n_before: int, level: float = 0.95) -> RateDifference:
    """Return the rate k/n less the rate k_before/n_before (a fraction), with an interval and a test.

    Parameters
    ----------
    k, n, k_before, n_before
        Whole events and trials of two independent groups, 0 ≤ k ≤ n.
    level
        Confidence level of the interval.

    Raises
    ------
    InputError
        Counts that are not whole, negative, or more events than trials.

    Notes
    -----
    Interval: Newcombe (1998), Statistics in Medicine 17:873, method 10, from the two Wilson intervals (l, u):
    d − √((p − l)² + (u₀ − p₀)²) to d + √((u − p)² + (p₀ − l₀)²).
    Test: Campbell (2007), Statistics in Medicine 26:3661: the N − 1 chi-squared test where every expected count is
    at least 1, else the Fisher–Irwin exact test. Non-overlap of two intervals is not used as a test: it misses real
    differences.

    Examples
    --------
    >>> d = rate_difference(56, 70, 48, 80)
    >>> round(d.value, 4), round(d.lower, 4), round(d.upper, 4)
    (0.2, 0.0524, 0.3339)
    """
    counts = [_whole(c, label) for c, label in ((k, "k"), (n, "n"), (k_before, "k_before"), (n_before, "n_before"))]
    now, before = wilson(counts[0], counts[1], level), wilson(counts[2], counts[3], level)
    value = now.value - before.value
    if isnan(value):
        return RateDifference(now.value, before.value, nan, nan, nan, nan, "", counts[1], counts[3], level)
    lower = value - sqrt((now.value - now.lower) ** 2 + (before.upper - before.value) ** 2)
    upper = value + sqrt((now.upper - now.value) ** 2 + (before.value - before.lower) ** 2)
    p_value, test = _no_difference(*counts)
    return RateDifference(
        now.value, before.value, value, max(lower, -1.0), min(upper, 1.0), p_value, test, counts[1], counts[3], level
    )


def median_interval(values: Numbers, level: float = 0.95) -> MedianInterval:
    """Return the median of ``values`` and an interval that assumes nothing of their distribution.

    Missing values are left out and not counted in n. Notes: the number of values below the true median is
    binomial(n, ½); the bounds are the order statistics of the largest rank whose two tails hold at most 1 − level.
    Conover, Practical Nonparametric Statistics, §3.2.

    >>> median_interval([12, 15, 9, 30, 22, 18, 41, 11, 16, 20])
    MedianInterval(value=17.0, lower=11.0, upper=30.0, n=10, level=0.95, coverage=0.978515625, rank=2)
    """
    from scipy.stats import binom  # here, so that importing a report does not load scipy

    _z(level)
    numbers = np.sort(as_float(pd.Series(values, dtype=object), "values").dropna().to_numpy())
    n, tail = len(numbers), (1 - level) / 2
    middle = float(np.median(numbers)) if n else nan
    rank = int(binom.ppf(tail, n, 0.5)) if n else 0
    if n and binom.cdf(rank, n, 0.5) <= tail:  # ppf is the first count at or above the tail: exactly on it counts
        rank += 1
    if rank < 1:
        return MedianInterval(middle, nan, nan, n, level, nan, 0)
    coverage = float(1 - 2 * binom.cdf(rank - 1, n, 0.5))
    return MedianInterval(middle, float(numbers[rank - 1]), float(numbers[n - rank]), n, level, coverage, rank)


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"must lie between 0 and 1, got {level}", where="level", fix="write 95 % as 0.95")
    return NormalDist().inv_cdf((1 + level) / 2)


def _trials(k: float | Numbers, n: float | Numbers) -> pd.DataFrame:
    indexed = [v.index for v in (k, n) if isinstance(v, pd.Series)]
    sizes = {np.size(v) for v in (k, n) if np.ndim(v)}
    if len(sizes) > 1 or (len(indexed) == 2 and not indexed[0].equals(indexed[1])):
        raise InputError("events and trials must have one length and one index", where="wilson")
    size = sizes.pop() if sizes else 1
    index = indexed[0] if indexed else pd.RangeIndex(size)
    columns = {
        label: as_float(pd.Series(np.resize(np.asarray(v, dtype=object), size), dtype=object), label).to_numpy()
        for label, v in (("k", k), ("n", n))
    }
    frame = pd.DataFrame(columns, index=index)
    wrong = (frame["k"] < 0) | (frame["n"] < 0) | (frame["k"] > frame["n"])
    if wrong.any():
        row = frame[wrong].iloc[0]
        raise InputError(f"{row['k']:g} events of {row['n']:g} trials is impossible: need 0 ≤ k ≤ n", where="wilson")
    return frame


def _whole(count: float, where: str) -> int:
    if count != int(count):
        raise InputError(f"must be a whole number, got {count}", where=where)
    return int(count)


def _no_difference(k: int, n: int, k_before: int, n_before: int) -> tuple[float, str]:
    total, events = n + n_before, k + k_before
    if min(n, n_before) * min(events, total - events) / total >= 1:
        cross = k * (n_before - k_before) - k_before * (n - k)
        square = cross * cross * (total - 1) / (n * n_before * events * (total - events))
        return erfc(sqrt(square / 2)), "N − 1 chi-squared"
    from scipy.stats import fisher_exact  # here, so that importing a report does not load scipy

    return float(fisher_exact(np.array([[k, n - k], [k_before, n_before - k_before]]))[1]), "Fisher–Irwin exact"
