"""Days as integers since 1970-01-01, and the demo company's clock. The fiscal year is the calendar year."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
IntLike = Numbers | int

NEVER = 2**31 - 1
"""A day that does not come; written as an empty cell."""

_EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    """Return the day number of an ISO date.

    >>> day("1970-01-02")
    1
    """
    return (date.fromisoformat(text) - _EPOCH).days


START = day("2023-10-01")
"""First day of the three years."""

LAST = day("2026-10-04")
"""Last day of which anything is known (``as_of``)."""

END = LAST + 1

AS_OF = date(2026, 10, 4)
"""The demo clock: reports of this company are true for the end of this day."""

NOW_AT = (END * 24 - 2) * 3600
"""Second (UTC) at which that day ends in Berlin: nothing in the tables happened at or after it."""

EXTRACTED_AT = (END * 24 + 4) * 3600
"""Second (UTC) at which all tables were read: the morning after."""


def months(days: Any) -> Numbers:
    """Return the month of each day, counted from January 1970."""
    return np.asarray(days, "int64").astype("datetime64[D]").astype("datetime64[M]").astype("int64")


def month_start(month: Any) -> Numbers:
    """Return the first day of each month number."""
    return np.asarray(month, "int64").astype("datetime64[M]").astype("datetime64[D]").astype("int64")


def add_months(days: Numbers, n: IntLike) -> Numbers:
    """Return the same day of the month ``n`` months later; the day of the month must be 28 or less."""
    month = months(days)
    return month_start(month + n) + (days - month_start(month))


def quarter(days: Any) -> Numbers:
    """Return the fiscal quarter of each day, counted from 1970Q1."""
    return months(days) // 3


def quarter_start(quarters: Any) -> Numbers:
    """Return the first day of each quarter number."""
    return month_start(np.asarray(quarters, "int64") * 3)


def quarter_key(number: int) -> str:
    """Return the name of a quarter number.

    >>> quarter_key(int(quarter(day("2026-07-01"))))
    '2026Q3'
    """
    return f"{1970 + number // 4}Q{number % 4 + 1}"


def year(days: Any) -> Numbers:
    """Return the fiscal year of each day."""
    return months(days) // 12 + 1970


def working_day(days: Numbers) -> Numbers:
    """Move Saturdays to the Friday before and Sundays to the Monday after."""
    weekday = (days + 3) % 7
    return np.asarray(days - (weekday == 5) + (weekday == 6), "int64")


def service_day(days: Numbers) -> Numbers:
    """Move the last days of long months to the next first, so that anniversaries exist in every month."""
    month = months(days)
    return np.where(days - month_start(month) > 27, month_start(month + 1), days)


def instant(days: Numbers, hour: float, spread: Reals | float = 0.0) -> Numbers:
    """Return seconds since 1970 (UTC) of ``hour`` plus ``spread`` hours on each day; NEVER stays NEVER."""
    seconds = days * 86_400 + (np.asarray(spread) * 3600 + hour * 3600).astype("int64")
    return np.where(days >= NEVER, NEVER * 86_400, seconds)
