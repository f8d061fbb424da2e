"""Local days in the engine equal those of Python's own time zones, at every change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pytest

from bizops.metrics.clock import local_date


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_local_days(make: Any, duck: Any, zone: str) -> None:
    start = datetime(2017, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(hours=7 * k, minutes=30) for k in range(12_000)]
    data = make({"opportunity": [{"opportunity_id": "a", "amount": 1}]}, time_zone=zone)
    table = ibis.memtable({"at": moments}, schema={"at": "timestamp('UTC')"})
    found = duck.to_pyarrow(table.mutate(day=local_date(table.at, data))).to_pylist()
    assert all(row["day"] == row["at"].astimezone(ZoneInfo(zone)).date() for row in found)
    assert len(found) == len(moments)
