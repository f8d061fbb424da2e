"""How much of a target is due by now? By the shape of earlier quarters, not by a straight line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bizops.errors import InputError
from bizops.methods.frames import as_float, require


@dataclass(frozen=True, eq=False)
class ProRated:
    """A target's part due by ``elapsed``.

    ``target``, ``value`` (the part due), ``lower`` and ``upper`` (by the least and the most front-loaded earlier
    period) in the target's unit; ``elapsed`` and ``share`` are fractions; ``n_periods`` earlier periods were used;
    ``frame``: one row an earlier period with its ``share`` by ``elapsed``.
    """

    frame: pd.DataFrame
    target: float
    elapsed: float
    share: float
    value: float
    lower: float
    upper: float
    n_periods: int


def pro_rate(target: float, curve: pd.DataFrame, elapsed: float) -> ProRated:
    """Return the part of ``target`` that earlier periods had booked by the same elapsed share of the period.

    Parameters
    ----------
    target
        The full period's target, any unit.
    curve
        One row a period and point: ``period``, ``elapsed`` (share of the period's business days gone, 0..1) and
        ``share`` (share of the period's total booked by then; 1 at ``elapsed`` 1). Between points it is
        interpolated; before the first point it starts from 0 at 0.
    elapsed
        The share of the current period's business days that is gone, 0..1.

    Raises
    ------
    InputError
        A column that is missing, an empty curve, ``elapsed`` outside 0..1 or given twice in a period, or a period
        that does not end at (1, 1).

    Notes
    -----
    The share is the plain mean over periods, so that one big quarter does not set the shape. Returns and
    cancellations may make a curve fall; it is used as it is.

    Examples
    --------
    >>> curve = pd.DataFrame({"period": ["Q1", "Q1", "Q2", "Q2"], "elapsed": [0.5, 1, 0.5, 1],
    ...                       "share": [0.3, 1, 0.4, 1]})
    >>> due = pro_rate(1000, curve, 0.5)
    >>> round(due.value, 6), round(due.lower, 6), round(due.upper, 6)
    (350.0, 300.0, 400.0)
    """
    require(curve, ("period", "elapsed", "share"), "curve")
    if not 0 <= elapsed <= 1:
        raise InputError(f"must lie between 0 and 1, got {elapsed}", where="elapsed")
    if curve.empty:
        raise InputError("has no rows: no earlier period shows the shape", where="curve")
    points = pd.DataFrame({c: as_float(curve[c], f"curve, column {c}") for c in ("elapsed", "share")})
    points["period"] = curve["period"]
    shares = {str(period): _share(part, str(period), elapsed) for period, part in points.groupby("period")}
    frame = pd.DataFrame({"period": list(shares), "share": list(shares.values())})
    share = float(frame["share"].mean())
    ends = sorted((target * min(shares.values()), target * max(shares.values())))
    return ProRated(frame, target, elapsed, share, target * share, ends[0], ends[1], len(frame))


def _share(points: pd.DataFrame, period: str, elapsed: float) -> float:
    points = points.sort_values("elapsed")
    days, shares = points["elapsed"].to_numpy(), points["share"].to_numpy()
    if points.isna().any(axis=None) or days[0] < 0 or (np.diff(days) == 0).any():
        raise InputError("needs distinct elapsed shares between 0 and 1, none missing", where=f"curve, {period}")
    if days[-1] != 1 or abs(shares[-1] - 1) > 1e-9:
        raise InputError(
            f"must end at elapsed 1 with share 1, ends at {days[-1]:g} with {shares[-1]:g}",
            where=f"curve, {period}",
            fix="use completed periods only, each divided by its own total",
        )
    if days[0] > 0:
        days, shares = np.append(0.0, days), np.append(0.0, shares)
    return float(np.interp(elapsed, days, shares))
