"""Bookings, win rate, cycle and deal size by hand, and the dimensions of a deal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bizops.errors import InputError
from bizops.metrics import METRICS
from bizops.metrics.bookings import components, unknown_lost_values
from bizops.metrics.facts import deals
from bizops.schema.data import Scope


def deal(name: str, amount: float | None = 100, close_on: Any = date(2026, 8, 1), **more: Any) -> dict[str, Any]:
    won = more.pop("won", True)
    row = {
        "opportunity_id": name,
        "amount": amount,
        "close_on": close_on,
        "created_at": datetime(2026, 5, 1),
        "is_closed": True,
        "is_won": won,
    }
    return row | more


def q3(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


def metric(read: Any, data: Any, id_: str) -> dict[str, Any]:
    return read.one(METRICS[id_](data, q3(data)))


def test_bookings_are_half_open_in_the_quarter(read: Any, make: Any) -> None:
    rows = [
        deal("before", 1, date(2026, 6, 30)),
        deal("first", 10, date(2026, 7, 1)),
        deal("last", 100, date(2026, 9, 30)),
        deal("after", 1000, date(2026, 10, 1)),
        deal("lost", 10000, won=False),
        deal("open", 100000, is_closed=False, won=False),
    ]
    assert metric(read, make({"opportunity": rows}), "BKG-01") == {"value": 110, "n": 2}


def test_a_period_without_wins_has_no_bookings(read: Any, make: Any) -> None:
    data = make({"opportunity": [deal("lost", 5, won=False)]})
    assert metric(read, data, "BKG-01") == {"value": 0, "n": 0}
    assert metric(read, data, "BKG-03")["value"] == 0
    assert metric(read, data, "BKG-05")["value"] is None
    assert metric(read, data, "BKG-04") == {"value": None, "n": 0}


def test_p15_first_year_or_whole_term(read: Any, make: Any) -> None:
    rows = [deal("multi", 300, acv=100, tcv=300), deal("plain", 40, acv=None, tcv=None)]
    tables = {"opportunity": rows}
    assert metric(read, make(tables), "BKG-01")["value"] == 140
    assert metric(read, make(tables, P15="tcv"), "BKG-01")["value"] == 340


def test_p10_plan_rate_or_rate_of_the_closing_day(read: Any, make: Any) -> None:
    rates = [
        {"on": date(2026, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.8},
        {"on": date(2026, 1, 1), "currency": "USD", "rate_type": "spot", "rate": 0.9},
        {"on": date(2026, 8, 1), "currency": "USD", "rate_type": "spot", "rate": 0.95},
    ]
    rows = [
        deal("a", 100, currency="USD"),
        deal("b", 100, date(2026, 7, 31), currency="USD"),
        deal("c", 7, currency="EUR"),
    ]
    tables = {"opportunity": rows, "fx_rate": rates}
    assert metric(read, make(tables), "BKG-01")["value"] == 167
    assert metric(read, make(tables, P10="period_end"), "BKG-01")["value"] == 192


def test_a_new_plan_rate_holds_once_it_has_begun(read: Any, make: Any) -> None:
    rates = [
        {"on": date(2026, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.8},
        {"on": date(2027, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.5},
    ]
    data = make({"opportunity": [deal("a", 100, currency="USD")], "fx_rate": rates})
    assert metric(read, data, "BKG-01")["value"] == 80


def test_win_rate_by_count_and_value(read: Any, make: Any) -> None:
    rows = [
        deal("w", 300),
        deal("l1", 100, won=False),
        deal("l2", 200, won=False, lost_reason="Price"),
        deal("twice", 999, won=False, lost_reason="Duplicate"),
        deal("tidy", 999, won=False, lost_reason="admin closed"),
    ]
    data = make({"opportunity": rows})
    assert metric(read, data, "BKG-03") == {"numerator": 1, "denominator": 3, "value": 1 / 3, "n": 3}
    assert metric(read, data, "BKG-03-VALUE")["value"] == 0.5
    assert unknown_lost_values(data, q3(data)) == ""


@pytest.mark.parametrize("unknown", [None, 0])
def test_value_win_rate_is_unknown_where_lost_values_are(read: Any, make: Any, unknown: float | None) -> None:
    rows = [deal("w", 300), deal("l1", unknown, won=False), deal("l2", 200, won=False)]
    data = make({"opportunity": rows})
    found = metric(read, data, "BKG-03-VALUE")
    assert (found["value"], found["denominator"], found["n"]) == (None, None, 3)
    assert unknown_lost_values(data, q3(data)).startswith("1 of 2 lost deals carry no value")


def test_a_few_unknown_lost_values_do_not_silence_the_rate(read: Any, make: Any) -> None:
    rows = [deal("w", 50), *(deal(f"l{k}", 10 if k else None, won=False) for k in range(20))]
    assert metric(read, make({"opportunity": rows}), "BKG-03-VALUE")["value"] == pytest.approx(50 / 240)


def test_p16_cohort_of_creation(read: Any, make: Any) -> None:
    in_july = datetime(2026, 7, 3)
    rows = [
        deal("a"),
        deal("b", created_at=in_july),
        deal("c", created_at=in_july, won=False),
        deal("d", close_on=date(2026, 10, 2), created_at=in_july, won=False),
        deal("e", created_at=in_july, is_closed=False, won=False),
    ]
    tables = {"opportunity": rows}
    assert metric(read, make(tables), "BKG-03")["value"] == pytest.approx(2 / 3)
    assert metric(read, make(tables, P16="created_in_period"), "BKG-03")["value"] == pytest.approx(1 / 3)


def test_cycle_median_and_p80_in_local_days(read: Any, make: Any) -> None:
    # 22:30 UTC on 30 April is 1 May in Berlin: 92 days to 1 August
    created = [datetime(2026, 4, 30, 22, 30), datetime(2026, 7, 22), datetime(2026, 7, 12), datetime(2026, 9, 1)]
    rows = [deal(str(k), created_at=at) for k, at in enumerate(created)]
    data = make({"opportunity": rows})
    assert metric(read, data, "BKG-04") == {"value": 20, "n": 3}
    # linear interpolation between 20 and 92 at 0.6
    assert metric(read, data, "BKG-04-P80")["value"] == pytest.approx(20 + 0.6 * 72)


def test_average_and_median_deal(read: Any, make: Any) -> None:
    data = make({"opportunity": [deal("a", 10), deal("b", 20), deal("c", 90)]})
    assert metric(read, data, "BKG-05") == {"numerator": 120, "denominator": 3, "value": 40, "n": 3}
    assert metric(read, data, "BKG-05-MEDIAN")["value"] == 20


def w13() -> list[dict[str, Any]]:
    """W13 as whole deals: 1,000 closed, 250 won at 20; then 900 closed, 198 won at 22."""
    rows = []
    for quarter, closed, won, size in (("2026-05-01", 1000, 250, 20), ("2026-08-01", 900, 198, 22)):
        day = date.fromisoformat(quarter)
        rows += [deal(f"{quarter}-{k}", size if k < won else 15, day, won=k < won) for k in range(closed)]
    return rows


def test_w13_components(read: Any, make: Any) -> None:
    data = make({"opportunity": w13()})
    now = q3(data)
    before = data.calendar.shift(now, -1)
    found = read.by(components(data, [before, now]), "period")
    assert found["2026Q2"] == {"period": "2026Q2", "n_closed": 1000, "n_won": 250, "won_value": 5000}
    assert found["2026Q3"] == {"period": "2026Q3", "n_closed": 900, "n_won": 198, "won_value": 4356}


def test_components_give_the_bookings_of_every_group(read: Any, make: Any) -> None:
    rows = [deal("a", 10, segment="SMB"), deal("b", 20, segment="ENT"), deal("c", 5, segment="ENT", won=False)]
    data = make({"opportunity": rows})
    found = read.by(components(data, [q3(data)], ("segment",)), "segment")
    assert {k: v["won_value"] for k, v in found.items()} == {"SMB": 10, "ENT": 20}
    assert found["ENT"]["n_closed"] == 2


ORGANISATION: dict[str, Any] = {
    "dim_person": [
        {"person_id": "boss", "name": "Bea Boss", "role": "manager", "team_id": "t1", "manager_id": "vp"},
        {"person_id": "vp", "name": "Vic President", "role": "other"},
        {"person_id": "rep", "name": "Rob Rep", "role": "ae", "team_id": "t1", "manager_id": "boss"},
        {"person_id": "x1", "name": "Sam Same", "role": "ae", "team_id": "t2", "manager_id": "boss"},
        {"person_id": "x2", "name": "Sam Same", "role": "ae"},
    ],
    "dim_team": [{"team_id": "t1", "region": "North"}, {"team_id": "t2", "region": None}],
    "dim_account": [{"account_id": "a", "region": "West", "segment": "SMB", "industry": "retail"}],
}


def dimensions(read: Any, make: Any, *rows: dict[str, Any], **tables: Any) -> dict[str, Any]:
    data = make({"opportunity": list(rows), **ORGANISATION, **tables})
    return read.by(deals(data), "opportunity_id")


def test_owner_manager_and_region(read: Any, make: Any) -> None:
    found = dimensions(
        read,
        make,
        deal("rep", owner_id="rep", account_id="a"),
        deal("boss", owner_id="boss", account_id="a"),
        deal("same", owner_id="x1", account_id="a"),
        deal("free", owner_id="x2", account_id="a"),
        deal("gone", owner_id="nobody", account_id="a"),
        deal("own", owner_id="rep", account_id="a", region="South", segment="ENT"),
    )
    assert {k: (v["owner"], v["manager"], v["region"], v["segment"]) for k, v in found.items()} == {
        "rep": ("Rob Rep", "Bea Boss", "North", "SMB"),
        # who manages others counts under the own name
        "boss": ("Bea Boss", "Bea Boss", "North", "SMB"),
        "same": ("Sam Same (x1)", "Bea Boss", "West", "SMB"),
        "free": ("Sam Same (x2)", None, "West", "SMB"),
        "gone": ("nobody", None, "West", "SMB"),
        "own": ("Rob Rep", "Bea Boss", "South", "ENT"),
    }


def test_scopes_select_deals(read: Any, make: Any) -> None:
    rows = [deal("a", 1, owner_id="rep", account_id="a"), deal("b", 10, owner_id="x2", account_id="a")]
    data = make({"opportunity": rows, **ORGANISATION})
    for scope, expected in (
        (Scope("region", "North"), 1),
        (Scope("region", "West"), 10),
        (Scope("manager", "Bea Boss"), 1),
        (Scope("manager", "boss"), 1),
        (Scope("segment", "SMB"), 11),
        (Scope("segment", "ENT"), 0),
    ):
        assert metric(read, data.within(scope), "BKG-01")["value"] == expected


def test_p24_segment_at_close(read: Any, make: Any) -> None:
    history = [
        {
            "account_id": "a",
            "segment": "micro",
            "valid_from": datetime(2026, 1, 1),
            "valid_to": datetime(2026, 7, 31, 22),
        },
        {"account_id": "a", "segment": "SMB", "valid_from": datetime(2026, 7, 31, 22), "valid_to": None},
    ]
    found = dimensions(
        read,
        make,
        deal("before", account_id="a", close_on=date(2026, 7, 31)),
        deal("on", account_id="a", close_on=date(2026, 8, 1)),
        deal("long_ago", account_id="a", close_on=date(2024, 1, 1)),
        deal("open", account_id="a", close_on=date(2026, 7, 1), is_closed=False, won=False),
        dim_account_history=history,
    )
    assert {k: v["segment"] for k, v in found.items()} == {
        "before": "micro", "on": "SMB", "long_ago": "micro", "open": "SMB",
    }  # fmt: skip


def test_product_of_the_largest_line(read: Any, make: Any) -> None:
    lines = [
        {"line_id": "1", "opportunity_id": "many", "product_id": "p1", "amount": 40},
        {"line_id": "2", "opportunity_id": "many", "product_id": "p2", "amount": 30},
        {"line_id": "3", "opportunity_id": "many", "product_id": "p2", "amount": 30},
    ]
    found = dimensions(
        read,
        make,
        deal("many", product_id="p1"),
        deal("one", product_id="p3"),
        deal("none"),
        opportunity_line=lines,
        dim_product=[{"product_id": "p2", "name": "Two"}],
    )
    assert {k: v["product"] for k, v in found.items()} == {"many": "Two", "one": "p3", "none": None}


def test_stage_by_pipeline_or_alone(read: Any, make: Any) -> None:
    stages = [
        {"pipeline_id": "sales", "stage_id": "s", "ordinal": 1, "type": "open", "name": "Talk"},
        {"pipeline_id": "partner", "stage_id": "s", "ordinal": 3, "type": "open", "name": "Sign"},
    ]
    found = dimensions(
        read,
        make,
        deal("one", pipeline_id="sales", stage_id="s"),
        deal("two", pipeline_id="partner", stage_id="s"),
        deal("unsaid", stage_id="s"),
        dim_stage=stages,
    )
    assert {k: (v["stage"], v["is_qualified"]) for k, v in found.items()} == {
        "one": ("Talk", False), "two": ("Sign", True), "unsaid": ("Talk", False),
    }  # fmt: skip


def test_a_bare_export_has_typed_nulls_and_no_error(make: Any) -> None:
    data = make({"opportunity": [{k: v for k, v in deal("a").items() if k != "created_at"}]})
    frame = deals(data).schema()
    assert frame["segment"].is_string()
    assert frame["stage_ordinal"].is_integer()
    assert frame["created_on"].is_date()


def test_what_is_missing_is_said(make: Any) -> None:
    data = make({"opportunity": [{k: v for k, v in deal("a").items() if k != "created_at"}]})
    assert METRICS["BKG-04"].missing(data) == "opportunity has no column created_at"
    with pytest.raises(InputError, match="opportunity has no column created_at"):
        METRICS["BKG-04"](data, q3(data))
    with pytest.raises(InputError, match="Did you mean 'region'"):
        METRICS["BKG-01"](data, q3(data), ("regoin",))
