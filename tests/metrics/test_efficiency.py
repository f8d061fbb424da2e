"""What growth costs, by hand: magic number, burn multiple, CAC, payback, lifetime value, Rule of 40, ARR per head."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bizops.metrics import METRICS
from bizops.metrics.acquisition import lag_months
from bizops.schema.data import Scope
from tests.metrics.test_arr import company_of, line, q3

MONTHS = [date(2025 + (6 + k) // 12, (6 + k) % 12 + 1, 1) for k in range(15)]
"""July 2025 to September 2026."""

REVENUE = {month: 80 if month < date(2026, 4, 1) else 100 if month < date(2026, 7, 1) else 130 for month in MONTHS}
MARGIN, FLOW, CAPEX = 0.8, -10, 5


def finance() -> list[dict[str, Any]]:
    rows = []
    for month in MONTHS:
        cost = REVENUE[month] * (1 - MARGIN)
        items = {"revenue": REVENUE[month], "cost_of_revenue": cost, "operating_cash_flow": FLOW, "capex": CAPEX}
        rows += [{"month": month, "item": item, "kind": "actual", "amount": v} for item, v in items.items()]
        rows.append({"month": month, "item": "revenue", "kind": "budget", "amount": 9999})
    return rows


def spend() -> list[dict[str, Any]]:
    """Sales 30 a month (60 in May), marketing 10 and as much on campaigns, research 5; budgets beside."""
    rows = []
    for month in MONTHS:
        sales = 60 if month == date(2026, 5, 1) else 30
        for centre, campaign, amount in (
            ("Sales", None, sales), ("marketing", None, 10), ("marketing", "c", 10), ("research", None, 5),
        ):  # fmt: skip
            key = {"spend_id": f"{month}{centre}{campaign}", "on": month + timedelta(days=24), "cost_centre": centre}
            rows.append({**key, "campaign_id": campaign, "amount": amount, "kind": None})
            rows.append({**key, "spend_id": f"b{key['spend_id']}", "amount": 9999, "kind": "budget"})
    return rows


def deal(id_: str, account: str, close: date, **more: Any) -> dict[str, Any]:
    created = datetime(close.year, close.month, close.day, 9) - timedelta(days=60)
    row = {"opportunity_id": id_, "account_id": account, "type": "new", "amount": 1, "close_on": close}
    return {**row, "created_at": created, "is_closed": True, "is_won": True, "campaign_id": None, **more}


def tables(**more: Any) -> dict[str, Any]:
    """a stays with 1,000, x (60) leaves in August, n (240) and m (120) are won in the quarter; 2.5 full-time people."""
    lines = [
        line("a", 1000),
        line("x", 60, end=date(2026, 8, 1)),
        line("n", 240, start=date(2026, 8, 1)),
        line("m", 120, start=date(2026, 9, 1)),
    ]
    deals = [
        deal("1", "n", date(2026, 7, 20)),
        deal("2", "n", date(2026, 7, 21)),
        deal("3", "m", date(2026, 8, 20), campaign_id="c"),
        deal("4", "a", date(2026, 8, 20), type="expansion"),
    ]
    hired = {"hired_on": date(2020, 1, 1), "left_on": None}
    people = [
        {"person_id": "1", "fte": 1, **hired},
        {"person_id": "2", "fte": 0.5, **hired},
        {"person_id": "3", "fte": None, **hired},
        {"person_id": "4", "fte": 1, **hired, "left_on": date(2026, 9, 30)},
        {"person_id": "5", "fte": 1, "hired_on": date(2026, 10, 1), "left_on": None},
    ]
    given = {"finance_month": finance(), "spend": spend(), "opportunity": deals, "dim_person": people, **more}
    return company_of(lines, **given)


@pytest.fixture(scope="module")
def data(make: Any) -> Any:
    return make(tables())


def value(read: Any, data: Any, metric: str) -> float | None:
    return read.one(METRICS[metric](data, q3(data)))["value"]


def test_the_cycle_moves_cost_back_by_two_months(data: Any) -> None:
    assert lag_months(data, q3(data)) == 2


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # net new 240 + 120 - 60; S&M of April to June 50 + 80 + 50
        ("ARR-13", 300 / 180),
        ("ARR-13-REVENUE", 4 * (390 - 300) / 180),
        ("ARR-14", 3 * 15 / 300),
        # S&M of May to July for n and m; campaigns for m
        ("ARR-15", 180 / 2),
        ("ARR-15-PAID", 30 / 1),
        ("ARR-16", 90 / (180 * 0.8 / 365)),
        ("ARR-16-REVENUE", 90 / (180 / 365)),
        # of a and x, a stays: a churn of a half
        ("ARR-17", 1360 / 3 * 0.8 / 0.5),
        ("ARR-17-TO-CAC", 1360 / 3 * 0.8 / 0.5 / 90),
        ("ARR-18", 1360 / 1060 - 1 - 12 * 15 / (6 * 80 + 300 + 390)),
        ("ARR-19", 1360 / 2.5),
    ],
)
def test_values(read: Any, data: Any, metric: str, expected: float) -> None:
    assert value(read, data, metric) == pytest.approx(expected)


def test_p18_and_p19(read: Any, make: Any) -> None:
    data = make(tables(), P18="paid_only", P19="ebitda")
    assert value(read, data, "ARR-15") == pytest.approx(30 / 2)
    revenue = 6 * 80 + 300 + 390
    spent = 12 * (30 + 10 + 10 + 5) + 30
    found = read.one(METRICS["ARR-18"](data, q3(data)))
    assert found["margin"] == pytest.approx((revenue * MARGIN - spent) / revenue)
    assert found["value"] == pytest.approx(1360 / 1060 - 1 + (revenue * MARGIN - spent) / revenue)


def test_part_of_the_months_is_not_the_period(read: Any, make: Any) -> None:
    short = [row for row in finance() if row["month"] != date(2026, 8, 1)]
    no_april = [row for row in spend() if not date(2026, 4, 1) <= row["on"] < date(2026, 5, 1)]
    data = make(tables(finance_month=short, spend=no_april))
    for metric in ("ARR-13", "ARR-13-REVENUE", "ARR-14", "ARR-16", "ARR-17", "ARR-18"):
        assert value(read, data, metric) is None, metric
    assert value(read, data, "ARR-15") == 90
    # October has not ended: its books are not the quarter's
    assert read.one(METRICS["ARR-14"](data, data.calendar.shift(q3(data), 1)))["value"] is None


def test_burning_while_shrinking_is_not_available(read: Any, make: Any) -> None:
    shrinking = company_of([line("a", 1000), line("x", 60, end=date(2026, 8, 1))], finance_month=finance())
    found = read.one(METRICS["ARR-14"](make(shrinking), q3(make(shrinking))))
    assert (found["numerator"], found["denominator"], found["value"]) == (45, None, None)


def test_lifetime_value_has_an_end_and_needs_a_year(read: Any, make: Any) -> None:
    many = [line(f"c{k}", 100) for k in range(19)]
    data = make(company_of([*many, line("x", 100, end=date(2026, 8, 1))], finance_month=finance()))
    # one of twenty leaves: twenty years, cut to five
    assert value(read, data, "ARR-17") == pytest.approx(100 * 0.8 * 5)
    assert value(read, make(company_of(many, finance_month=finance())), "ARR-17") is None
    young = [line("a", 100, start=date(2025, 12, 1)), line("x", 100, start=date(2025, 12, 1), end=date(2026, 8, 1))]
    assert value(read, make(company_of(young, finance_month=finance())), "ARR-17") is None


def test_books_are_the_companys(make: Any, data: Any) -> None:
    part = data.within(Scope("region", "North"))
    for metric in ("ARR-13", "ARR-14", "ARR-15", "ARR-15-PAID", "ARR-16", "ARR-17-TO-CAC", "ARR-18", "ARR-19"):
        assert "cannot be cut to a region" in METRICS[metric].missing(part), metric
    assert METRICS["ARR-17"].missing(part) == ""
    without = tables()
    del without["spend"]
    assert METRICS["ARR-18"].missing(make(without)) == ""
    assert "EBITDA (P19) needs operating cost" in METRICS["ARR-18"].missing(make(without, P19="ebitda"))
