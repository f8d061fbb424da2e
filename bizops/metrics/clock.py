"""Instants and local days inside the engine: timestamps are UTC, days are days of the company's time zone (C01)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

if TYPE_CHECKING:
    from bizops.schema.data import Data

INSTANT = "timestamp('UTC')"
_YEARS_BACK = 10


def instant(moment: datetime) -> ir.TimestampScalar:
    """Return an aware instant as a literal."""
    return ibis.literal(moment.astimezone(UTC), type=INSTANT)


def start_of(data: Data, day: date) -> datetime:
    """Return the aware instant at which a local day begins."""
    return data.calendar.instant_after(day - timedelta(days=1))


def local_date(value: ir.Value, data: Data) -> ir.DateValue:
    """Return the local day of a UTC timestamp column, daylight saving included.

    Engines differ in their time zone functions, so the offsets of the zone are written out: about two branches a year
    for the ten years before ``as_of``; earlier instants take the oldest offset.
    """
    stamp = value.cast(INSTANT)
    changes = _offsets(data.company.time_zone, data.as_of.year)
    branches = [(stamp < instant(until), stamp + ibis.interval(minutes=minutes)) for minutes, until in changes[:-1]]
    last = stamp + ibis.interval(minutes=changes[-1][0])
    shifted = ibis.cases(*branches, else_=last) if branches else last
    return shifted.date()


@lru_cache(maxsize=64)
def _offsets(zone: str, year: int) -> tuple[tuple[int, datetime], ...]:
    """Offsets from UTC in minutes with the instant until which each holds, oldest first."""
    where = ZoneInfo(zone)
    moment = datetime(year - _YEARS_BACK, 1, 1, tzinfo=UTC)
    end = datetime(year + 2, 1, 1, tzinfo=UTC)
    found: list[tuple[int, datetime]] = []
    while moment < end:
        following = moment + timedelta(days=7)
        if _offset(where, moment) != _offset(where, following):
            found.append((_offset(where, moment), _change(where, moment, following)))
        moment = following
    return (*found, (_offset(where, end), end))


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    shift = moment.astimezone(zone).utcoffset()
    return int(shift.total_seconds() // 60) if shift else 0


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The minute between two instants at which the zone's offset changes."""
    old = _offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=1) // 2)
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after
