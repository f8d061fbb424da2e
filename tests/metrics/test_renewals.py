"""Renewals by hand: what was renewed, how late, at which risk, and churn on renewals beside churn on the base."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bizops.metrics import METRICS
from tests.metrics.test_arr import company_of, line, q3

RATES = [{"on": date(2026, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.5}]


def term(id_: str, account: str, end: date, atr: float, status: str, **more: Any) -> dict[str, Any]:
    row = {"renewal_id": id_, "account_id": account, "contract_id": f"k{id_}", "term_end_on": end, "atr": atr}
    return {**row, "status": status, **more}


TERMS = [
    term("1", "a", date(2026, 7, 10), 100, "won", renewed_arr=120, closed_on=date(2026, 7, 1)),
    # 400 and 300 dollars at 0.50, twenty days late
    term("2", "b", date(2026, 8, 1), 400, "won", renewed_arr=300, closed_on=date(2026, 8, 21), currency="USD"),
    term("3", "c", date(2026, 9, 1), 50, "lost", closed_on=date(2026, 9, 1)),
    # waiting for 45 and 4 days on 4 October
    term("4", "d", date(2026, 8, 20), 80, "late", risk_class="will_churn"),
    term("5", "e", date(2026, 9, 30), 40, "open"),
    # renewed on an unknown day at an unknown value
    term("6", "a", date(2026, 7, 15), 10, "won"),
    term("7", "f", date(2026, 12, 1), 70, "open", risk_class="will_renew"),
]
ACCOUNTS = [{"account_id": "c", "ultimate_parent_id": "a"}, *({"account_id": name} for name in "abdef")]
USED = [("a", date(2026, 6, 1)), ("b", date(2026, 4, 1)), ("c", date(2026, 10, 1))]
USAGE = [{"account_id": account, "product_id": "p", "on": on} for account, on in USED]


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    return {"renewal": TERMS, "dim_account": ACCOUNTS, "fx_rate": RATES, "usage_daily": USAGE}


@pytest.fixture(scope="module")
def data(make: Any, tables: Any) -> Any:
    return make(tables)


@pytest.mark.parametrize(
    ("metric", "numerator", "denominator", "n"),
    [
        ("REN-02", 100 + 150, 100 + 200 + 50, 3),
        ("REN-02-WORST", 250, 350 + 80 + 40, 5),
        ("REN-02-BEST", 250 + 120, 470, 5),
        ("REN-03", 120 + 150, 350, 3),
        ("REN-04", 2, 2, 2),
        ("REN-05", 2, 5, 5),
        ("REN-07", 50, 480, 6),
        ("REN-09", 200 + 50 + 80 + 40, 480, 6),
    ],
)
def test_rates(read: Any, data: Any, metric: str, numerator: float, denominator: float, n: int) -> None:
    found = read.one(METRICS[metric](data, q3(data)))
    assert (found["numerator"], found["denominator"], found["n"]) == (numerator, denominator, n)
    assert found["value"] == pytest.approx(numerator / denominator)


def test_amounts_and_ages(read: Any, data: Any) -> None:
    def by(metric: str, dimension: str) -> dict[str, float]:
        return read.values(METRICS[metric](data, q3(data), (dimension,)), dimension)

    assert by("REN-01", "age_band") == {
        "on time": 150, "1–30 days": 240, "31–60 days": 80, "unknown": 10,
    }  # fmt: skip
    assert by("REN-05-LATE", "age_band") == {"1–30 days": 240, "31–60 days": 80}
    assert by("REN-06", "risk_class") == {"will_churn": 80, "unknown": 40}
    assert read.one(METRICS["REN-06-AT-RISK"](data, q3(data))) == {"value": 80, "n": 1}


def test_what_lies_ahead_is_not_late(read: Any, data: Any) -> None:
    ahead = data.calendar.shift(q3(data), 1)
    assert read.values(METRICS["REN-06"](data, ahead, ("age_band",)), "age_band") == {"not due": 70}
    assert read.one(METRICS["REN-05"](data, ahead))["value"] is None
    assert read.one(METRICS["REN-02"](data, ahead))["value"] is None


def test_p01_the_customer_of_a_renewal(read: Any, make: Any, tables: Any) -> None:
    # c, whose parent a renewed, is a lost logo only where accounts are customers
    data = make(tables, P01="account")
    assert read.one(METRICS["REN-04"](data, q3(data)))["value"] == pytest.approx(2 / 3)


def left(reason: str | None = None) -> dict[str, Any]:
    """Customer a (100) leaves at the end of July, b (300) stays, c (60) is there in August only."""
    lines = [
        line("a", 100, end=date(2026, 8, 1)),
        line("b", 300),
        line("c", 60, start=date(2026, 8, 1), end=date(2026, 9, 1)),
    ]
    return company_of(lines, {"a": {"cancel_reason": reason}, "b": {}, "c": {}})


def test_churn_on_the_base(read: Any, make: Any) -> None:
    data = make(left("payment_failed"))
    found = read.one(METRICS["REN-07-BASE"](data, q3(data)))
    # as in the bridge, c included
    assert (found["numerator"], found["denominator"], found["n"]) == (160, 400, 2)
    assert read.one(METRICS["REN-08"](data, q3(data)))["value"] == 0.25
    assert read.one(METRICS["ARR-08"](data, q3(data)))["value"] == 0.5


def test_p14_churn_over_the_mean_of_the_days(read: Any, make: Any) -> None:
    # 92 days: a on 31 of them, b on all, c on 31
    data = make(left("payment_failed"), P14="daily_sum")
    logos = read.one(METRICS["ARR-08"](data, q3(data)))
    assert logos["value"] == pytest.approx(2 / ((31 + 92 + 31) / 92))
    assert logos["n"] == 3
    arr = read.one(METRICS["REN-07-BASE"](data, q3(data)))
    assert arr["denominator"] == pytest.approx((31 * 100 + 92 * 300 + 31 * 60) / 92, abs=1e-3)
    assert arr["numerator"] == 160


def test_p14_days_without_arr_do_not_count(read: Any, make: Any) -> None:
    tables = left()
    pause = {"paused_on": date(2026, 7, 11), "resumed_on": date(2026, 7, 21)}
    tables["subscription"] = [row | pause if row["account_id"] == "b" else row for row in tables["subscription"]]
    bill = {"invoice_id": "i", "subscription_id": "s-a", "status": "open", "issued_on": date(2026, 5, 1), "total": 1}
    # sixty days past due on 20 July
    tables["invoice"] = [bill | {"due_on": date(2026, 5, 21), "paid_on": None}]
    data = make(tables, P14="daily_sum")
    found = read.one(METRICS["ARR-08"](data, q3(data)))
    assert found["denominator"] == pytest.approx((19 + 82 + 31) / 92)


def test_recovery_of_failed_payments(read: Any, make: Any) -> None:
    outcomes = {"success": 300, "exhausted": 100, "in_progress": 500, None: 900}
    invoices = [
        {"invoice_id": f"i{k}", "status": "open", "issued_on": date(2026, 7, 1), "due_on": date(2026, 7, 15),
         "total": total, "dunning_status": outcome}
        for k, (outcome, total) in enumerate(outcomes.items())
    ]  # fmt: skip
    data = make({"invoice": invoices})
    found = read.one(METRICS["REN-08-RECOVERY"](data, q3(data)))
    assert (found["value"], found["n"]) == (0.75, 2)


def test_a_source_without_dates_has_no_on_time_rate(make: Any) -> None:
    bare = [{k: v for k, v in row.items() if k not in ("closed_on", "renewed_arr")} for row in TERMS]
    data = make({"renewal": bare})
    assert METRICS["REN-05"].missing(data) == "renewal has no column closed_on"
    assert METRICS["REN-02"].missing(data) == "renewal has no column renewed_arr"
    assert METRICS["REN-09"].missing(data) == "no table usage_daily"
    assert METRICS["REN-07"].missing(data) == ""
