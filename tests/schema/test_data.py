"""`Data`: what is there, what is missing and how that is said."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from bizops.company import Company
from bizops.errors import InputError
from bizops.periods import Calendar
from bizops.schema.data import QUALITY_COLUMNS, Data, Scope


@pytest.fixture
def data() -> Data:
    settings: dict[str, Any] = {"name": "X", "currency": "EUR", "time_zone": "Asia/Tokyo", "source": {"path": Path()}}
    company = Company.model_validate(settings)
    closed: list[str] = []
    return Data(
        company=company,
        as_of=datetime(2026, 3, 31, 15, tzinfo=UTC),
        calendar=Calendar(company),
        tables={"opportunity": ibis.memtable({"opportunity_id": ["O-1"], "amount": [1.0]})},
        info={},
        quality=pd.DataFrame(columns=list(QUALITY_COLUMNS)),
        on_close=lambda: closed.append("closed"),
    )


def test_absent_table_is_named_with_its_neighbour(data: Data) -> None:
    with pytest.raises(InputError, match=r"no table oportunity\. Did you mean 'opportunity'\?"):
        data["oportunity"]


def test_has_and_missing(data: Data) -> None:
    assert data.has("opportunity")
    assert data.has("opportunity", "amount")
    assert not data.has("opportunity", "amount", "acv")
    assert not data.has("plan")
    assert "opportunity" in data
    assert "plan" not in data
    assert data.missing({"opportunity": ("amount",)}) == ""
    assert data.missing({"plan": (), "opportunity": ("amount", "acv", "type")}) == (
        "no table plan; opportunity has no column acv or type"
    )


def test_as_of_date_is_the_last_local_day(data: Data) -> None:
    # 15:00 UTC is midnight in Tokyo: 1 April has not begun.
    assert data.as_of_date == date(2026, 3, 31)


def test_scope_changes_nothing_else(data: Data) -> None:
    north = data.within(Scope("region", "North"))
    assert (data.scope, north.scope) == (Scope(), Scope("region", "North"))
    assert north["opportunity"] is data["opportunity"]


def test_closes_once_at_the_end(data: Data) -> None:
    seen: list[str] = []
    object.__setattr__(data, "on_close", lambda: seen.append("closed"))
    with data as same:
        assert same is data
        assert not seen
    assert seen == ["closed"]
