"""ARR by hand: what a line is worth, when it counts, and in which class a change falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pytest

from bizops.errors import InputError
from bizops.metrics import METRICS
from bizops.metrics.arr_month import arr_month
from bizops.metrics.arr_movement import arr_movement
from bizops.schema.data import Scope

START = date(2025, 1, 1)


def line(account: str, amount: float, start: date = START, end: date | None = None, **more: Any) -> dict[str, Any]:
    """A yearly line of an account's only subscription."""
    product = more.pop("product", "core")
    return {
        "line_id": f"{account}-{product}-{start}",
        "subscription_id": f"s-{account}",
        "product_id": product,
        "quantity": 1,
        "unit_price": amount,
        "valid_from": start,
        "valid_to": end,
        **more,
    }


def company_of(
    lines: Sequence[Mapping[str, Any]],
    subscriptions: Mapping[str, Mapping[str, Any]] | None = None,
    **tables: Any,
) -> dict[str, Any]:
    """Tables in which every account of the lines has one subscription."""
    extra = subscriptions or {}
    accounts = dict.fromkeys(str(each["subscription_id"]).removeprefix("s-") for each in lines)
    rows = [{"subscription_id": f"s-{a}", "account_id": a, **extra.get(a, {})} for a in accounts]
    return {"subscription": rows, "subscription_line": list(lines), **tables}


def q3(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


def arr(read: Any, data: Any) -> float:
    return read.one(METRICS["ARR-01"](data, q3(data)))["value"]


def bridge(read: Any, data: Any, *by: str) -> dict[Any, float]:
    return read.values(METRICS["ARR-04"](data, q3(data), by), *by, "step")


def detail(read: Any, data: Any) -> dict[Any, float]:
    return read.values(METRICS["ARR-04"](data, q3(data), (), detail=True), "step", "sub_class")


@pytest.mark.parametrize(
    ("changes", "worth"),
    [
        ({"interval": "year"}, 1200),
        ({"interval": None}, 1200),
        ({"interval": "year", "interval_count": 3}, 400),
        ({"interval": "quarter"}, 4800),
        ({"interval": "month"}, 14400),
        ({"interval": "month", "interval_count": 6}, 2400),
        ({"interval": "week"}, 62400),
        ({"interval": "day", "interval_count": 30}, 14600),
        ({"interval": "one_off"}, 0),
        ({"quantity": 2.5}, 3000),
        ({"discount_amount": 200}, 1000),
        ({"interval": "month", "discount_amount": 100, "discount_kind": "forever"}, 13200),
        ({"discount_amount": 200, "discount_kind": "once"}, 1200),
        ({"discount_amount": 200, "discount_kind": "repeating", "discount_months": 3}, 1200),
        ({"discount_amount": 200, "discount_kind": "repeating", "discount_months": 24}, 1000),
        ({"discount_amount": 5000, "discount_kind": "forever"}, 0),
        ({"is_metered": True}, 0),
        ({"is_metered": True, "committed_minimum": 500}, 500),
        ({"is_metered": False, "committed_minimum": 500}, 1200),
    ],
)
def test_worth_of_a_line(read: Any, make: Any, changes: dict[str, Any], worth: float) -> None:
    assert arr(read, make(company_of([line("a", 1200) | changes]))) == worth


def test_a_discount_ends_after_its_months(read: Any, make: Any) -> None:
    promo = {"discount_amount": 200, "discount_kind": "repeating", "discount_months": 4}
    data = make(company_of([line("a", 1200, date(2026, 4, 15), **promo)]))
    # deducted at the ends of April to July; it ends on 15 August
    assert detail(read, data)["expansion", "discount end"] == 200
    assert bridge(read, data)["opening"] == 1000


def test_a_repeating_discount_without_months_lasts_as_long_as_its_line(read: Any, make: Any) -> None:
    promo = {"discount_amount": 200, "discount_kind": "repeating"}
    three = [
        line("a", 1200, date(2026, 5, 15), date(2026, 8, 15), **promo) | {"line_id": "x"},
        line("a", 1200, date(2026, 8, 15)) | {"line_id": "y"},
    ]
    assert bridge(read, make(company_of(three)))["opening"] == 1200
    longer = [three[0] | {"valid_to": date(2026, 8, 16)}, three[1] | {"valid_from": date(2026, 8, 16)}]
    assert bridge(read, make(company_of(longer)))["opening"] == 1000


def test_p09_usage_above_the_commitment(read: Any, make: Any) -> None:
    metered = {"is_metered": True, "committed_minimum": 500, "quantity": 3}
    tables = company_of([line("a", 400, **metered), line("b", 100, **metered)])
    assert arr(read, make(tables)) == 1000
    assert arr(read, make(tables, P09="metered_included")) == 1700


def test_services_never_recur_and_usage_is_metered(read: Any, make: Any) -> None:
    products = [
        {"product_id": "core", "name": "Core", "category": "recurring"},
        {"product_id": "help", "name": "Help", "category": "services"},
        {"product_id": "api", "name": "Calls", "category": "usage"},
    ]
    lines = [line("a", 100), line("a", 30, product="help"), line("a", 50, product="api", committed_minimum=20)]
    data = make(company_of(lines, dim_product=products))
    assert read.values(METRICS["ARR-01"](data, q3(data), ("product",)), "product") == {"Core": 100, "Calls": 20}


def test_trials_do_not_count_until_they_end(read: Any, make: Any) -> None:
    subscriptions = {
        "open": {"status": "trial"},
        "over": {"status": "active", "trial_end_on": date(2026, 8, 1)},
        "later": {"status": "trial", "trial_end_on": date(2026, 11, 1)},
    }
    data = make(company_of([line(a, 100, date(2026, 6, 1)) for a in subscriptions], subscriptions))
    assert bridge(read, data) == {"new": 100, "closing": 100}


def test_p12_pause_and_resume(read: Any, make: Any) -> None:
    subscriptions = {
        "a": {"paused_on": date(2026, 8, 10)},
        "b": {"paused_on": date(2026, 5, 10), "resumed_on": date(2026, 7, 10)},
        "c": {},
    }
    tables = company_of([line("a", 100), line("b", 70), line("c", 30)], subscriptions)
    data = make(tables)
    assert detail(read, data) == {
        ("opening", "opening"): 130,
        ("contraction", "paused"): -100,
        ("expansion", "resumed"): 70,
        ("closing", "closing"): 100,
    }
    # a paused customer has not churned
    assert read.one(METRICS["ARR-08"](data, q3(data)))["value"] == 0
    assert bridge(read, make(tables, P12="keep")) == {"opening": 200, "closing": 200}


def test_p03_end_of_service_or_request(read: Any, make: Any) -> None:
    asked = {
        "ended_on": date(2026, 9, 1),
        "cancel_requested_at": datetime(2026, 6, 10),
        "current_term_end_on": date(2026, 12, 1),
    }
    tables = company_of([line("a", 100, end=date(2026, 9, 1)), line("b", 10)], {"a": asked})
    assert bridge(read, make(tables)) == {"opening": 110, "churn": -100, "closing": 10}
    assert bridge(read, make(tables, P03="cancel_request")) == {"opening": 10, "closing": 10}
    assert bridge(read, make(tables, P03="period_end")) == {"opening": 110, "closing": 110}


def test_p13_grace_for_late_renewals(read: Any, make: Any) -> None:
    def tables(term_end: date, status: str) -> dict[str, Any]:
        renewal = {"renewal_id": "r", "account_id": "a", "contract_id": "k", "term_end_on": term_end, "atr": 100}
        return company_of(
            [line("a", 100, end=term_end)], {"a": {"contract_id": "k"}}, renewal=[renewal | {"status": status}]
        )

    late = make(tables(date(2026, 9, 15), "open"))
    assert bridge(read, late) == {"opening": 100, "closing": 100}
    assert read.one(METRICS["ARR-08"](late, q3(late)))["value"] == 0
    at_close = arr_month(late)
    last = at_close.filter(at_close.point_on == date(2026, 9, 30)).select("late").to_pyarrow().to_pylist()
    assert [float(each["late"]) for each in last] == [100]
    # lost, beyond the grace at as_of (4 October), or grace switched off: churn, dated at the term end
    assert bridge(read, make(tables(date(2026, 9, 15), "lost")))["churn"] == -100
    assert bridge(read, make(tables(date(2026, 9, 4), "open")))["churn"] == -100
    assert bridge(read, make(tables(date(2026, 9, 5), "open"))) == {"opening": 100, "closing": 100}
    assert bridge(read, make(tables(date(2026, 9, 15), "open"), P13=0))["churn"] == -100


def test_p13_a_late_renewal_is_no_churn_and_return(read: Any, make: Any) -> None:
    renewal = {"renewal_id": "r", "account_id": "a", "contract_id": "k", "term_end_on": date(2026, 7, 20), "atr": 100}
    lines = [line("a", 100, end=date(2026, 7, 20)), line("a", 100, start=date(2026, 8, 10))]
    tables = company_of(lines, {"a": {"contract_id": "k"}}, renewal=[renewal | {"status": "won"}])
    assert bridge(read, make(tables)) == {"opening": 100, "closing": 100}
    assert bridge(read, make(tables, P13=20)) == {
        "opening": 100, "churn": -100, "reactivation": 100, "closing": 100,
    }  # fmt: skip


def test_p01_parents_and_merged_accounts(read: Any, make: Any) -> None:
    accounts = [
        {"account_id": "parent", "ultimate_parent_id": "parent"},
        {"account_id": "child", "ultimate_parent_id": "parent"},
        {"account_id": "old", "merged_into": "new"},
        {"account_id": "new"},
        {"account_id": "orphan", "ultimate_parent_id": "unknown"},
    ]
    lines = [
        line("parent", 100),
        line("child", 40, end=date(2026, 8, 1)),
        line("old", 50, end=date(2026, 8, 1)),
        line("new", 50, start=date(2026, 8, 1)),
        line("orphan", 5),
    ]
    tables = company_of(lines, dim_account=accounts)
    # the group shrinks; a merger is no movement at any level of accounts
    assert bridge(read, make(tables)) == {"opening": 195, "contraction": -40, "closing": 155}
    assert bridge(read, make(tables, P01="account")) == {"opening": 195, "churn": -40, "closing": 155}
    assert bridge(read, make(tables, P01="subscription")) == {
        "opening": 195, "churn": -90, "new": 50, "closing": 155,
    }  # fmt: skip


def test_p10_movements_at_plan_or_at_period_end_rate(read: Any, make: Any) -> None:
    # 10 units of 100 dollars, then 12; plan 0.80, spot 0.90 to the end of August, 1.00 in September
    rates = [
        {"on": date(2026, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.80},
        {"on": date(2025, 1, 1), "currency": "USD", "rate_type": "spot", "rate": 0.90},
        {"on": date(2026, 9, 1), "currency": "USD", "rate_type": "spot", "rate": 1.00},
    ]
    lines = [
        line("a", 100, end=date(2026, 9, 10), currency="USD", quantity=10) | {"line_id": "x"},
        line("a", 100, start=date(2026, 9, 10), currency="USD", quantity=12) | {"line_id": "x"},
    ]
    tables = company_of(lines, fx_rate=rates)
    assert detail(read, make(tables)) == {
        ("opening", "opening"): 900,
        ("expansion", "seats"): 160,
        ("fx", "exchange rate"): 140,
        ("closing", "closing"): 1200,
    }
    assert detail(read, make(tables, P10="period_end")) == {
        ("opening", "opening"): 900,
        ("expansion", "seats"): 200,
        ("fx", "exchange rate"): 100,
        ("closing", "closing"): 1200,
    }


def test_a_currency_without_rate_is_unknown_not_par(read: Any, make: Any) -> None:
    tables = company_of([line("a", 100), line("b", 70, currency="CHF")])
    assert arr(read, make(tables)) == 100


def test_seats_and_price_split_at_old_price_and_new_quantity(read: Any, make: Any) -> None:
    # 10 at 20 becomes 12 at 25: seats 2 x 20, price 12 x 5
    lines = [
        line("a", 20, end=date(2026, 8, 1), quantity=10) | {"line_id": "x"},
        line("a", 25, start=date(2026, 8, 1), quantity=12) | {"line_id": "x"},
    ]
    found = detail(read, make(company_of(lines)))
    assert (found["expansion", "seats"], found["expansion", "price"]) == (40, 60)


def test_discount_added_cross_sell_and_removed_product(read: Any, make: Any) -> None:
    aug = date(2026, 8, 1)
    lines = [
        line("a", 100, end=aug) | {"line_id": "x"},
        line("a", 100, start=aug, discount_amount=30) | {"line_id": "x"},
        line("b", 100),
        line("b", 25, start=aug, product="plus"),
        line("c", 100),
        line("c", 40, end=aug, product="plus"),
    ]
    assert detail(read, make(company_of(lines))) == {
        ("opening", "opening"): 340,
        ("contraction", "discount added"): -30,
        ("expansion", "cross-sell"): 25,
        ("contraction", "product removed"): -40,
        ("closing", "closing"): 295,
    }


def test_a_customer_that_leaves_and_returns_inside_the_quarter_does_not_vanish(read: Any, make: Any) -> None:
    lines = [line("a", 100, end=date(2026, 7, 15)), line("a", 80, start=date(2026, 9, 3))]
    data = make(company_of(lines))
    assert bridge(read, data) == {"opening": 100, "churn": -100, "reactivation": 80, "closing": 80}
    # point to point on the opening cohort the customer is there, for less
    assert read.one(METRICS["ARR-06"](data, q3(data)))["value"] == 0.8
    assert read.one(METRICS["ARR-08"](data, q3(data)))["value"] == 0


def test_nrr_leaves_out_expansion_of_customers_won_in_the_period(read: Any, make: Any) -> None:
    aug, sep = date(2026, 8, 1), date(2026, 9, 1)
    lines = [line("a", 100), line("new", 50, aug), line("new", 30, sep, product="plus")]
    data = make(company_of(lines))
    assert bridge(read, data)["expansion"] == 30
    assert read.one(METRICS["ARR-07"](data, q3(data)))["value"] == 1.0


def test_churn_reasons(read: Any, make: Any) -> None:
    reasons = {"a": "payment_failed", "b": "end_of_business", "c": "other", "d": None}
    subscriptions = {a: {"cancel_reason": r, "ended_on": date(2026, 8, 1)} for a, r in reasons.items()}
    found = detail(read, make(company_of([line(a, 10) for a in reasons], subscriptions)))
    assert found["churn", "involuntary"] == -10
    assert found["churn", "end of business"] == -10
    assert found["churn", "voluntary"] == -20


def test_p08_a_bill_paid_late_brings_the_customer_back(read: Any, make: Any) -> None:
    def bill(**more: Any) -> dict[str, Any]:
        row = {"invoice_id": "i", "subscription_id": "s-a", "issued_on": date(2026, 5, 1), "due_on": date(2026, 5, 10)}
        return row | {"status": "paid", "paid_on": date(2026, 9, 5), "total": 1} | more

    # out from 9 July, sixty days after it was due, until it is paid on 5 September
    late = make(company_of([line("a", 100), line("b", 1)], invoice=[bill()]))
    assert bridge(read, late) == {"opening": 101, "churn": -100, "reactivation": 100, "closing": 101}
    assert bridge(read, make(company_of([line("a", 100)], invoice=[bill()]), P08=200)) == {
        "opening": 100,
        "closing": 100,
    }
    for settled in ({"status": "void", "paid_on": None}, {"paid_on": None}, {"paid_on": date(2026, 7, 9)}):
        data = make(company_of([line("a", 100)], invoice=[bill(**settled)]))
        assert bridge(read, data) == {"opening": 100, "closing": 100}, settled
    written_off = make(company_of([line("a", 100)], invoice=[bill(status="uncollectible", paid_on=None)]))
    assert bridge(read, written_off) == {"opening": 100, "churn": -100}


def test_unpaid_without_an_end_is_out_at_as_of_only(read: Any, make: Any) -> None:
    tables = company_of([line("a", 100), line("b", 10)], {"a": {"status": "unpaid"}})
    assert arr(read, make(tables)) == 110
    data = make(tables, as_of=date(2026, 9, 30))
    assert bridge(read, data) == {"opening": 110, "churn": -100, "closing": 10}


MOVED = {
    "dim_account": [
        {"account_id": "a", "segment": "ENT", "region": "North"},
        {"account_id": "b", "segment": "SMB", "region": "North"},
    ],
    "dim_account_history": [
        {"account_id": "a", "segment": "SMB", "valid_from": datetime(2025, 1, 1), "valid_to": datetime(2026, 8, 9, 22)},
        {"account_id": "a", "segment": "ENT", "valid_from": datetime(2026, 8, 9, 22), "valid_to": None},
    ],
}


def moved() -> dict[str, Any]:
    """Customer a grows by 20 and moves from SMB to ENT on 10 August, local time; b stays."""
    lines = [
        line("a", 100, end=date(2026, 9, 1)) | {"line_id": "x"},
        line("a", 120, start=date(2026, 9, 1)) | {"line_id": "x"},
        line("b", 50),
    ]
    return company_of(lines, **MOVED)


def test_p25_segment_moves_have_their_own_rows(read: Any, make: Any) -> None:
    data = make(moved())
    assert bridge(read, data, "segment") == {
        ("SMB", "opening"): 150,
        ("SMB", "reclass"): -100,
        ("SMB", "closing"): 50,
        ("ENT", "reclass"): 100,
        ("ENT", "expansion"): 20,
        ("ENT", "closing"): 120,
    }
    assert bridge(read, data) == {"opening": 150, "expansion": 20, "closing": 170}
    assert bridge(read, data.within(Scope("segment", "ENT"))) == {"reclass": 100, "expansion": 20, "closing": 120}
    net = read.values(METRICS["ARR-05"](data, q3(data), ("segment",)), "segment")
    assert net == {"ENT": 20}


def test_p25_inside_the_movements(read: Any, make: Any) -> None:
    data = make(moved(), P25="in_movements")
    assert bridge(read, data, "segment")["SMB", "contraction"] == -100
    assert bridge(read, data, "segment")["ENT", "expansion"] == 120
    assert "reclass" not in {step for _, step in bridge(read, data, "segment")}


def test_p24_retention_by_the_segment_at_the_start(read: Any, make: Any) -> None:
    data = make(moved())
    found = read.by(METRICS["ARR-07"](data, q3(data), ("segment",)), "segment")
    assert set(found) == {"SMB"}
    assert found["SMB"]["value"] == pytest.approx(170 / 150)
    assert read.values(METRICS["ARR-01"](data, q3(data), ("segment",)), "segment") == {"SMB": 50, "ENT": 120}


def test_an_owner_change_moves_arr_between_managers(read: Any, make: Any) -> None:
    people = [
        {"person_id": "m1", "name": "Mia", "role": "manager"},
        {"person_id": "m2", "name": "Max", "role": "manager"},
        {"person_id": "p1", "name": "Ann", "role": "am", "manager_id": "m1"},
        {"person_id": "p2", "name": "Bob", "role": "am", "manager_id": "m2"},
    ]
    moved_at = datetime(2026, 8, 10)
    tables = {
        "dim_person": people,
        "dim_account": [{"account_id": "a", "owner_id": "p2"}],
        "dim_account_history": [
            {"account_id": "a", "owner_id": "p1", "valid_from": datetime(2025, 1, 1), "valid_to": moved_at},
            {"account_id": "a", "owner_id": "p2", "valid_from": moved_at, "valid_to": None},
        ],
    }
    data = make(company_of([line("a", 100)], **tables))
    assert bridge(read, data.within(Scope("manager", "Mia"))) == {"opening": 100, "reclass": -100}
    assert bridge(read, data.within(Scope("manager", "m2"))) == {"reclass": 100, "closing": 100}
    # a manager's retention is of the customers that the team had at the start
    retained = METRICS["ARR-07"](data, q3(data), ("manager",))
    assert read.values(retained, "manager") == {"Mia": 1.0}


def test_growth_over_a_trailing_year(read: Any, make: Any) -> None:
    lines = [line("a", 100), line("b", 20, start=date(2026, 2, 1))]
    data = make(company_of(lines))
    window = data.calendar.trailing_year(q3(data))
    assert read.one(METRICS["ARR-10"](data, window))["value"] == pytest.approx(0.2)
    assert read.values(METRICS["ARR-04"](data, window), "step") == {"opening": 100, "new": 20, "closing": 120}


def test_months_of_a_week_scheme(read: Any, make: Any) -> None:
    # 4-4-5: the first quarter of 2026 is 29 December to 29 March; the line ends on its last day
    lines = [line("a", 100, end=date(2026, 3, 29)), line("b", 10)]
    data = make(company_of(lines), week_scheme="4-4-5")
    first = data.calendar.parse("2026Q1", data.as_of_date)
    assert first.end == date(2026, 3, 30)
    found = read.values(METRICS["ARR-04"](data, first), "step")
    assert found == {"opening": 110, "churn": -100, "closing": 10}


def test_weeks_are_refused(make: Any) -> None:
    data = make(company_of([line("a", 100)]))
    week = data.calendar.parse("2026W31", data.as_of_date)
    with pytest.raises(InputError, match="ARR moves by months"):
        METRICS["ARR-04"](data, week)


def test_before_the_first_line_there_is_nothing(read: Any, make: Any) -> None:
    data = make(company_of([line("a", 100)]))
    early = data.calendar.parse("2024Q1", data.as_of_date)
    assert read.one(METRICS["ARR-01"](data, early)) == {"value": 0, "n": 0}
    assert read.one(METRICS["ARR-06"](data, early))["value"] is None
    assert read.values(METRICS["ARR-04"](data, early), "step") == {}


def test_movements_have_one_row_a_part(read: Any, make: Any) -> None:
    data = make(company_of([line("a", 100, date(2026, 8, 5))], dim_account=[{"account_id": "a", "segment": "SMB"}]))
    record = read.one(arr_movement(data))
    assert {k: record[k] for k in ("customer_id", "class", "sub_class", "segment", "month_on")} == {
        "customer_id": "a",
        "class": "new",
        "sub_class": "new",
        "segment": "SMB",
        "month_on": date(2026, 8, 1),
    }
    assert float(record["amount"]) == 100
