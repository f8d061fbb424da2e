"""Days of instants in a time zone, on both sides of a clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime

import ibis
import pytest

from bizops.schema.instants import instant_of_day, local_day

BERLIN, TOKYO, DENVER = "Europe/Berlin", "Asia/Tokyo", "America/Denver"


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), BERLIN, date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), BERLIN, date(2026, 3, 29)),  # winter: one hour ahead
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), BERLIN, date(2026, 3, 29)),  # summer: two hours ahead
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), BERLIN, date(2026, 3, 30)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), BERLIN, date(2026, 10, 25)),
        (datetime(2028, 2, 29, 15, 0, tzinfo=UTC), TOKYO, date(2028, 3, 1)),
        (datetime(2026, 1, 1, 6, 59, tzinfo=UTC), DENVER, date(2025, 12, 31)),
        (None, BERLIN, None),
    ],
)
def test_local_day(instant: datetime | None, zone: str, day: date | None) -> None:
    cell = ibis.literal(instant, type="timestamp('UTC')")
    assert local_day(cell, zone).to_pyarrow().as_py() == day


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 3, 29), BERLIN, datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 3, 30), BERLIN, datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 26), BERLIN, datetime(2026, 10, 25, 23, tzinfo=UTC)),
        (date(2026, 1, 1), TOKYO, datetime(2025, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_instant_of_day(day: date, zone: str, instant: datetime) -> None:
    assert instant_of_day(ibis.literal(day), zone).to_pyarrow().as_py() == instant
