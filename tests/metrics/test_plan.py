"""Plan values: one level of scopes, one way of filling the period, never the same money twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from bizops.errors import InputError
from bizops.metrics import METRICS
from bizops.metrics.plan import has_plan, plan
from bizops.metrics.targets import target
from bizops.schema.data import Scope

QUARTER = (date(2026, 7, 1), date(2026, 10, 1))
MONTHS = [(date(2026, m, 1), date(2026, m + 1, 1)) for m in (7, 8, 9)]
YEAR = (date(2026, 1, 1), date(2027, 1, 1))


def row(value: float, scope: str = "{}", span: tuple[date, date] = QUARTER, **more: Any) -> dict[str, Any]:
    return {
        "metric_id": "BKG-01",
        "scope": scope,
        "period_start": span[0],
        "period_end": span[1],
        "version": "budget",
        "value": value,
        **more,
    }


def q3(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


@pytest.fixture
def planned(read: Any, make: Any) -> Any:
    """Return a function from plan rows and dimensions to the planned values."""

    def values(rows: Sequence[dict[str, Any]], by: Sequence[str] = (), **options: Any) -> Any:
        scope, metric = options.pop("scope", Scope()), options.pop("metric", "BKG-01")
        data = make({"plan": rows}).within(scope)
        result = plan(data, metric, q3(data), by, **options)
        return read.values(result, *by) if by else read.one(result)["value"]

    return values


REGIONS = [row(60, '{"region":"North"}'), row(40, '{"region": "South"}')]
CELLS = [
    row(25, '{"region":"North","segment":"SMB"}'),
    row(35, '{"segment":"ENT","region":"North"}'),
    row(40, '{"region":"South","segment":"SMB"}'),
]


def test_the_total_row_wins_over_its_parts(planned: Any) -> None:
    assert planned([row(99), *REGIONS, *CELLS]) == 99
    assert planned([row(99), *REGIONS, *CELLS], ["region"]) == {"North": 60, "South": 40}


def test_without_a_total_the_parts_are_summed_once(planned: Any) -> None:
    assert planned([*REGIONS, *CELLS]) == 100
    assert planned(CELLS) == 100
    assert planned(CELLS, ["region"]) == {"North": 60, "South": 40}
    assert planned(CELLS, ["segment"]) == {"SMB": 65, "ENT": 35}
    assert planned(CELLS, ["segment", "region"]) == {
        ("SMB", "North"): 25, ("ENT", "North"): 35, ("SMB", "South"): 40,
    }  # fmt: skip


def test_a_dimension_that_is_not_planned_has_no_plan(planned: Any) -> None:
    assert planned([row(99), *REGIONS], ["product"]) == {}


def test_months_fill_a_quarter_and_a_quarter_row_wins(planned: Any) -> None:
    months = [row(10, span=span) for span in MONTHS]
    assert planned(months) == 30
    assert planned([*months, row(33)]) == 33
    assert planned(months[:2]) is None
    # nothing is split: a year gives a quarter no plan
    assert planned([row(400, span=YEAR)]) is None


def test_scope_of_the_report_selects_its_rows(planned: Any) -> None:
    assert planned([row(99), *REGIONS, *CELLS], scope=Scope("region", "North")) == 60
    assert planned(CELLS, ["segment"], scope=Scope("region", "North")) == {"SMB": 25, "ENT": 35}
    assert planned([row(99)], scope=Scope("region", "North")) is None


def test_versions(planned: Any) -> None:
    rows = [row(10), row(11, version="forecast_2"), row(12, version="forecast_10")]
    assert planned(rows) == 10
    assert planned(rows, version="forecast_2") == 11
    assert planned(rows, version="latest") == 12
    assert planned(rows[:1], version="latest") == 10


def test_balances_take_the_last_month_and_ratios_only_their_own_row(planned: Any) -> None:
    arr = [row(k, span=span) | {"metric_id": "ARR-01"} for k, span in enumerate(MONTHS, 1)]
    assert planned(arr, metric="ARR-01") == 3
    rates = [row(0.9, span=span) | {"metric_id": "ARR-06"} for span in MONTHS]
    assert planned(rates, metric="ARR-06") is None
    assert planned([row(0.9) | {"metric_id": "ARR-06"}], metric="ARR-06") == 0.9
    parts = [each | {"metric_id": "ARR-06"} for each in REGIONS]
    assert planned(parts, metric="ARR-06") is None


def test_other_metrics_are_other_plans(make: Any) -> None:
    data = make({"plan": [row(5) | {"metric_id": "ARR-05"}]})
    assert has_plan(data, "ARR-05", q3(data))
    assert not has_plan(data, "BKG-01", q3(data))
    assert not has_plan(make({"opportunity": [WON]}), "BKG-01", q3(data))


def test_a_scope_that_is_no_json_is_refused(planned: Any) -> None:
    with pytest.raises(InputError, match="is not JSON"):
        planned([row(5, "North")])
    with pytest.raises(InputError, match="no JSON object"):
        planned([row(5, '["North"]')])


WON = {
    "opportunity_id": "a",
    "amount": 45,
    "close_on": date(2026, 8, 1),
    "is_closed": True,
    "is_won": True,
    "owner_id": "p1",
    "region": "North",
}
QUOTA = {"quota_id": "q", "owner_id": "p1", "period_start": QUARTER[0], "period_end": QUARTER[1], "amount": 90}


def test_attainment_to_plan_by_region(read: Any, make: Any) -> None:
    data = make({"opportunity": [WON], "plan": REGIONS})
    found = read.by(METRICS["BKG-02"](data, q3(data), ("region",)), "region")
    assert found["North"]["value"] == 0.75
    assert (found["South"]["numerator"], found["South"]["value"]) == (0, 0)
    assert read.one(METRICS["BKG-02"](data, q3(data)))["value"] == 0.45


def sold(name: str, place: str, **more: Any) -> dict[str, Any]:
    return {**WON, "opportunity_id": name, "region": place, **more}


STILL_OPEN = {"is_closed": False, "is_won": False, "close_on": date(2026, 12, 1)}


@pytest.mark.parametrize(
    ("south", "whole"),
    [
        ({}, None),
        (STILL_OPEN, None),
        ({"is_won": False}, 60),
        ({"close_on": date(2024, 8, 1)}, 60),
        ({"type": "renewal"}, 60),
        ({"region": None}, 60),
    ],
    ids=["won", "open", "lost", "retired", "renewed", "unknown"],
)
def test_a_plan_of_one_region_is_not_the_companys(read: Any, make: Any, south: dict[str, Any], whole: Any) -> None:
    data = make({"opportunity": [WON | {"type": "new"}, sold("b", "South", **south)], "plan": REGIONS[:1]})
    assert read.one(plan(data, "BKG-01", q3(data)))["value"] == whole
    assert has_plan(data, "BKG-01", q3(data)) == (whole is not None)
    # what was asked by region stays for the region that has a plan, and for a report of that region
    assert read.values(plan(data, "BKG-01", q3(data), ["region"]), "region") == {"North": 60}
    assert read.one(plan(data.within(Scope("region", "North")), "BKG-01", q3(data)))["value"] == 60


def test_cells_make_a_region_only_where_each_that_sells_is_planned(read: Any, make: Any) -> None:
    deals = [sold("a", "North", segment="ENT"), sold("b", "South", segment="SMB"), sold("c", "South", segment="ENT")]
    data = make({"opportunity": deals, "plan": CELLS})
    assert read.values(plan(data, "BKG-01", q3(data), ["region"]), "region") == {"North": 60}
    assert read.values(plan(data, "BKG-01", q3(data), ["segment"]), "segment") == {"SMB": 65}
    assert read.one(plan(data, "BKG-01", q3(data)))["value"] is None
    assert read.one(plan(make({"opportunity": deals[:2], "plan": CELLS}), "BKG-01", q3(data)))["value"] == 100


def test_a_region_that_plans_two_months_of_three_leaves_no_total(planned: Any) -> None:
    months = [row(10, '{"region":"South"}', span=span) for span in MONTHS]
    assert planned([REGIONS[0], *months]) == 90
    assert planned([REGIONS[0], *months[:2]]) is None


def test_plans_of_people_name_them_by_id_or_by_name(read: Any, make: Any) -> None:
    deals = [WON, sold("b", "South", owner_id="p2")]
    people = [{"person_id": "p1", "name": "Ada"}, {"person_id": "p2", "name": "Bob"}]
    plans = [row(60, '{"owner":"p1"}'), row(30, '{"owner":"Bob"}')]
    data = make({"opportunity": deals, "dim_person": people, "plan": plans})
    assert read.one(plan(data, "BKG-01", q3(data)))["value"] == 90
    partly = make({"opportunity": deals, "dim_person": people, "plan": plans[:1]})
    assert read.one(plan(partly, "BKG-01", q3(partly)))["value"] is None


def test_target_is_the_plan_else_the_quotas_and_says_which(read: Any, make: Any) -> None:
    tables = {"opportunity": [WON], "quota": [QUOTA]}
    both = target(make(tables | {"plan": [row(60)]}), q3(make(tables)))
    assert (both.label, read.one(both.table)["value"]) == ("plan", 60)
    data = make(tables)
    quotas = target(data, q3(data))
    assert (quotas.label, read.one(quotas.table)["value"]) == ("sum of sellers' quotas", 90)
    assert read.one(METRICS["BKG-02"](data, q3(data)))["value"] == 0.5
    assert read.values(target(data, q3(data), ("owner",)).table, "owner") == {"p1": 90}
    # quotas are people's: there is none per segment
    assert read.values(target(data, q3(data), ("segment",)).table, "segment") == {}
    nothing = target(make({"opportunity": [WON]}), q3(data))
    assert (nothing.label, read.one(nothing.table)["value"]) == ("", None)


def test_no_target_is_no_attainment(read: Any, make: Any) -> None:
    data = make({"opportunity": [WON]})
    assert read.one(METRICS["BKG-02"](data, q3(data))) == {
        "numerator": 45, "denominator": None, "value": None, "n": 1,
    }  # fmt: skip
