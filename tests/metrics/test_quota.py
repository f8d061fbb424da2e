"""Quotas by hand: levels, versions, proration, relief, credit by splits."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bizops.metrics import METRICS
from bizops.schema.data import Scope

QUARTER = (date(2026, 7, 1), date(2026, 10, 1))
YEAR = (date(2026, 1, 1), date(2027, 1, 1))
PEOPLE = [
    {"person_id": "m", "name": "Mia", "role": "manager", "team_id": "t"},
    {"person_id": "p1", "name": "Ann", "role": "ae", "manager_id": "m", "team_id": "t"},
    {"person_id": "p2", "name": "Bob", "role": "ae", "manager_id": "m", "team_id": "t"},
    {"person_id": "p3", "name": "Cid", "role": "ae", "team_id": "t"},
]
TEAMS = [{"team_id": "t", "region": "North"}]


def quota(owner: str, amount: float, span: tuple[date, date] = QUARTER, **more: Any) -> dict[str, Any]:
    name = "-".join(str(v) for v in (owner, amount, *span, *more.values()))
    return {
        "quota_id": name,
        "owner_id": owner,
        "amount": amount,
        "period_start": span[0],
        "period_end": span[1],
    } | more


def won(owner: str, amount: float, name: str = "") -> dict[str, Any]:
    return {
        "opportunity_id": name or f"{owner}-{amount}",
        "owner_id": owner,
        "amount": amount,
        "close_on": date(2026, 8, 1),
        "is_closed": True,
        "is_won": True,
    }


def q3(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


def company(quotas: list[dict[str, Any]], deals: list[dict[str, Any]] | None = None, **tables: Any) -> dict[str, Any]:
    return {
        "quota": quotas,
        "opportunity": deals or [won("p1", 1)],
        "dim_person": PEOPLE,
        "dim_team": TEAMS,
        **tables,
    }


def total(read: Any, data: Any) -> float:
    return read.one(METRICS["QTA-00"](data, q3(data)))["value"]


def test_levels_are_never_added(read: Any, make: Any) -> None:
    rows = [quota("p1", 100, level="rep"), quota("p2", 80, level="rep"), quota("m", 150, level="manager")]
    data = make(company(rows))
    assert total(read, data) == 180
    assert read.one(METRICS["QTA-00"](data, q3(data), (), level="manager"))["value"] == 150
    assert read.values(METRICS["QTA-00"](data, q3(data), ("manager",)), "manager") == {"Mia": 180}


def test_months_add_up_and_a_year_gives_its_days(read: Any, make: Any) -> None:
    months = [quota("p1", 10, (date(2026, m, 1), date(2026, m % 12 + 1, 1))) for m in (6, 7, 8, 9, 10)]
    assert total(read, make(company(months))) == 30
    assert total(read, make(company([quota("p1", 365, YEAR)]))) == pytest.approx(92)
    # who has both is not counted twice
    assert total(read, make(company([*months, quota("p1", 365, YEAR)]))) == 30


def test_the_highest_version_holds_and_street_comes_before_plan(read: Any, make: Any) -> None:
    rows = [quota("p1", 100, version=1), quota("p1", 120, version=2), quota("p2", 50, version=1)]
    assert total(read, make(company(rows))) == 170
    kinds = [quota("p1", 100, kind="plan", version=3), quota("p1", 110, kind="street", version=1)]
    assert total(read, make(company(kinds))) == 110


def test_products_are_parts_of_the_whole(read: Any, make: Any) -> None:
    rows = [
        quota("p1", 100),
        quota("p1", 70, product_id="a"),
        quota("p2", 20, product_id="a"),
        quota("p2", 30, product_id="b"),
    ]
    assert total(read, make(company(rows))) == 150


def test_p21_relief(read: Any, make: Any) -> None:
    # 50 of 90 for three months: one whole month and two thirds of another
    tables = company([quota("p1", 90, relief_amount=50)])
    assert total(read, make(tables)) == 40
    assert total(read, make(tables, P21="monthly_steps")) == 60
    assert total(read, make(tables, P21="none")) == 90
    month = company([quota("p1", 90, relief_amount=30)])
    assert total(read, make(month, P21="monthly_steps")) == 60


def test_other_measures_are_other_quotas(read: Any, make: Any) -> None:
    rows = [quota("p1", 100, measure="bookings"), quota("p1", 7, measure="units")]
    assert total(read, make(company(rows))) == 100


def test_attainment_by_person_and_in_total(read: Any, make: Any) -> None:
    rows = [quota("p1", 100), quota("p2", 80)]
    deals = [won("p1", 50), won("p3", 30)]
    data = make(company(rows, deals))
    found = read.by(METRICS["QTA-01"](data, q3(data), ("owner",)), "owner")
    assert {k: v["value"] for k, v in found.items()} == {"Ann": 0.5, "Bob": 0.0, "Cid": None}
    # a seller without quota is no part of the team's attainment
    assert read.one(METRICS["QTA-01"](data, q3(data))) == {
        "numerator": 50, "denominator": 180, "value": pytest.approx(50 / 180), "n": 2,
    }  # fmt: skip
    mine = data.within(Scope("manager", "Mia"))
    assert set(read.by(METRICS["QTA-01"](mine, q3(data), ("owner",)), "owner")) == {"Ann", "Bob"}


def test_revenue_splits_share_the_credit_and_overlays_add_none(read: Any, make: Any) -> None:
    splits = [
        {"split_id": "1", "opportunity_id": "big", "person_id": "p1", "split_type": "revenue", "share": 0.75},
        {"split_id": "2", "opportunity_id": "big", "person_id": "p2", "split_type": "revenue", "share": 0.25},
        {"split_id": "3", "opportunity_id": "big", "person_id": "p3", "split_type": "overlay", "share": 1.0},
    ]
    deals = [won("p1", 80, "big"), won("p2", 10, "own")]
    data = make(company([quota(p, 100) for p in ("p1", "p2", "p3")], deals, opportunity_split=splits))
    found = read.by(METRICS["QTA-01"](data, q3(data), ("owner",)), "owner")
    assert {k: v["numerator"] for k, v in found.items()} == {"Ann": 60, "Bob": 30, "Cid": 0}


def test_p15_credits_the_chosen_value(read: Any, make: Any) -> None:
    tables = company([quota("p1", 100)], [won("p1", 90) | {"acv": 30, "tcv": 90}])
    data, whole = make(tables), make(tables, P15="tcv")
    assert read.one(METRICS["QTA-01"](data, q3(data)))["value"] == 0.3
    assert read.one(METRICS["QTA-01"](whole, q3(whole)))["value"] == 0.9
