"""Days of instants and instants of days, in a time zone, on every engine: the only place that converts them in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

_FUNCTIONS: dict[str, Any] = {}


def local_day(instant: ir.TimestampValue, zone: str) -> ir.DateValue:
    """Return the day of an instant in the IANA time zone ``zone``; empty where the instant is empty (C01)."""
    wall = _functions()["wall"](zone, instant.cast("timestamp('UTC')"))
    day: ir.DateValue = wall.date()
    return day


def instant_of_day(day: ir.DateValue, zone: str) -> ir.TimestampValue:
    """Return the instant at which ``day`` begins in the IANA time zone ``zone``."""
    instant: ir.TimestampValue = _functions()["instant"](zone, day.cast("timestamp"))
    return instant


def _functions() -> dict[str, Any]:
    """DuckDB and Postgres share ``timezone(zone, x)``: an instant becomes wall time, wall time an instant."""
    if not _FUNCTIONS:
        import ibis

        @ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
        def wall(zone, instant): ...  # type: ignore[no-untyped-def]

        @ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
        def instant(zone, wall): ...  # type: ignore[no-untyped-def]

        _FUNCTIONS.update(wall=wall, instant=instant)
    return _FUNCTIONS
