"""The wall clock, read here and nowhere else: analysis gets its date as a parameter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present instant, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """Return the local day in ``zone`` at the present instant."""
    return now().astimezone(zone).date()


def stamp(instant: datetime) -> str:
    """Return an instant as ISO 8601 in UTC to the millisecond (``2026-10-05T04:15:00.123Z``).

    Texts sort as instants.
    """
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
