"""The status rule: how far a number may be from its target before it is coloured (conventions §1.1, C09, C10, C12)."""

from __future__ import annotations

from typing import Any

from bizops import numbers
from bizops.errors import InputError

BETTER = ("up", "down", "none")
# Tolerance and the far end of "watch": relative to the target, or in fractions (0.005 = 0.5 pp) for rates.
_LIMITS = {"rate": (0.005, 0.02)}
_LIMITS_OTHER = (0.02, 0.10)
# Units whose number rests on a sample of n records; sums of money and counts are what they are.
_SAMPLED = ("rate", "days")
_ROUNDING = 1e-9


def status(
    actual: Any,
    target: Any,
    better: str,
    unit: str,
    tolerance: float | None = None,
    n: int | None = None,
    *,
    watch: float | None = None,
    stale: bool = False,
) -> str:
    """Return ``on_track``, ``watch``, ``off_track``, ``no_target``, ``too_little_data`` or ``stale``.

    The deviation is (actual − target) / |target|, or actual − target for rates, signed so that more is better.
    On track down to −tolerance (default 2 %, rates 0.5 pp), off track below −watch (default 10 %, rates 2 pp).
    A target of zero has no percentage: on it or on its better side is on track, the other side is off track.
    A rate or a typical duration from fewer than 20 records (``n``) is not coloured.
    """
    if better not in BETTER or unit not in numbers.UNITS:
        raise InputError(f"better is {better!r} and unit {unit!r}", fix=f"better in {BETTER}, unit in {numbers.UNITS}")
    if stale:
        return "stale"
    if numbers.is_missing(actual) or (unit in _SAMPLED and n is not None and n < numbers.NO_COLOUR_BELOW):
        return "too_little_data"
    if numbers.is_missing(target) or better == "none":
        return "no_target"
    gap = (float(actual) - float(target)) * (1 if better == "up" else -1)
    if unit != "rate" and not target:
        return "on_track" if gap >= 0 else "off_track"
    deviation = gap if unit == "rate" else gap / abs(float(target))
    default = _LIMITS.get(unit, _LIMITS_OTHER)
    near = default[0] if tolerance is None else tolerance
    far = max(near, default[1] if watch is None else watch)
    if deviation >= -near - _ROUNDING:
        return "on_track"
    return "watch" if deviation >= -far - _ROUNDING else "off_track"


def tone(difference: Any, better: str) -> str:
    """Return ``good``, ``bad`` or ``neutral``: colour follows the direction of good, not the sign."""
    if numbers.is_missing(difference) or not difference or better == "none":
        return "neutral"
    return "good" if (difference > 0) == (better == "up") else "bad"
