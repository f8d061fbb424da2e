"""Is this change more than the series' ordinary variation? The XmR (individuals and moving range) chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bizops.errors import InputError
from bizops.language import message, plural, say
from bizops.methods.frames import as_float

LIMIT_FACTOR = 2.66
"""3 / d₂ with d₂ = 1.128, the mean range of two normal values in standard deviations."""
RANGE_FACTOR = 3.27
"""D₄ for two values."""
RUN = 8
"""Points in a row on one side of the mean that count as a change."""


@dataclass(frozen=True, eq=False)
class XmR:
    """A series with its limits of ordinary variation.

    frame
        One row a point, in order, with the index that came in: ``value``, ``moving_range``, ``centre``, ``lower``,
        ``upper``, ``is_outside``, ``is_run`` (a member of a run of 8 or more), ``is_range_outside`` (the step into
        this point exceeds the range limit; shown, but alone not a change), ``signal`` in words or "".
    n
        Points that are not missing.
    centre, mean_moving_range, lower, upper, range_limit
        In the unit of the values; NaN without limits (``centre`` is the mean wherever there is a point).
    has_limits
        Whether there were enough points.
    reason
        Why there are no limits, one sentence; "" where there are.
    """

    frame: pd.DataFrame
    n: int
    centre: float
    mean_moving_range: float
    lower: float
    upper: float
    range_limit: float
    has_limits: bool
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Whether any point carries a signal."""
        return bool((self.frame["signal"] != "").any())

    @property
    def latest(self) -> str:
        """The signal of the last point in words; "" if it is ordinary variation, and not to be narrated."""
        return str(self.frame["signal"].iloc[-1]) if len(self.frame) else ""


def xmr(
    values: pd.Series | NDArray[np.generic] | Sequence[float],
    minimum: int = 8,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> XmR:
    """Return the limits of ordinary variation of an ordered series, and the points that are signals.

    Parameters
    ----------
    values
        One value a period, oldest first, complete periods only. A missing value stays missing: it has no moving
        range to either neighbour and it ends a run.
    minimum
        Fewest points for limits. Below it there are none, and ``reason`` says so.
    at_least, at_most
        Natural bounds of the measure (0 for a count, 0 and 1 for a rate): limits are cut there. A bound that a value
        breaks (bookings net of returns below 0) is none, and is left out.

    Raises
    ------
    InputError
        Values that are not numbers, or ``minimum`` below 3.

    Notes
    -----
    Limits: mean ± 2.66 × mean moving range; range limit 3.27 × mean moving range. A point is a signal outside the
    limits or in a run of 8 on one side of the mean; a point on the mean belongs to neither side and ends a run.
    Wheeler, Understanding Variation. Limits assume points without trend or season: compare like with like first.

    Examples
    --------
    >>> chart = xmr([52, 48, 55, 50, 47, 53, 49, 51, 54, 50])
    >>> round(chart.lower, 2), round(chart.upper, 2), chart.changed
    (39.67, 62.13, False)
    """
    if minimum < 3:
        raise InputError(f"limits need at least 3 points, got {minimum}", where="minimum")
    given = values if isinstance(values, pd.Series) else pd.Series(values, dtype=object)
    series = as_float(given, "values")
    n = int(series.notna().sum())
    centre = float(series.mean()) if n else nan
    ranges = series.diff().abs()
    mean_range = float(ranges.mean()) if ranges.notna().any() else nan
    if n < minimum or np.isnan(mean_range):
        reason = plural(
            n,
            "{n} point, limits need {minimum}: no change can be told from noise",
            "{n} points, limits need {minimum}: no change can be told from noise",
            n=n,
            minimum=minimum,
        )
        if n >= minimum:
            reason = say("no two neighbouring points: no moving range and no limits")
        return XmR(_frame(series, ranges, centre, nan, nan, nan), n, centre, nan, nan, nan, nan, False, reason)
    lower, upper = centre - LIMIT_FACTOR * mean_range, centre + LIMIT_FACTOR * mean_range
    lower, upper = _cut(series, lower, upper, at_least, at_most)
    limit = RANGE_FACTOR * mean_range
    frame = _frame(series, ranges, centre, lower, upper, limit)
    return XmR(frame, n, centre, mean_range, lower, upper, limit, True)


def _cut(
    series: pd.Series, lower: float, upper: float, at_least: float | None, at_most: float | None
) -> tuple[float, float]:
    if at_least is not None and series.min() >= at_least:
        lower = max(lower, at_least)
    if at_most is not None and series.max() <= at_most:
        upper = min(upper, at_most)
    return lower, upper


def _frame(
    series: pd.Series, ranges: pd.Series, centre: float, lower: float, upper: float, limit: float
) -> pd.DataFrame:
    # a constant series has limits of width 0: rounding in its mean must not make every point a signal
    slack = 1e-9 * max(1e-300, float(series.abs().max())) if len(series) and series.notna().any() else 0.0
    above, below = series > upper + slack, series < lower - slack
    side = np.sign(series - centre).where((series - centre).abs() > slack, 0.0)
    run = _runs(side) if not np.isnan(lower) else pd.Series(False, index=series.index)
    signal = pd.Series("", index=series.index, dtype=object)
    signal[run & (side > 0)] = message("in a run above the mean")
    signal[run & (side < 0)] = message("in a run below the mean")
    signal[above] = message("above the upper limit")
    signal[below] = message("below the lower limit")
    return pd.DataFrame(
        {
            "value": series,
            "moving_range": ranges,
            "centre": centre,
            "lower": lower,
            "upper": upper,
            "is_outside": above | below,
            "is_run": run,
            "is_range_outside": ranges > limit + slack,
            "signal": signal,
        }
    )


def _runs(side: pd.Series) -> pd.Series:
    block = (side != side.shift()).cumsum()
    length = side.groupby(block).transform("size")
    return (length >= RUN) & (side != 0) & side.notna()
