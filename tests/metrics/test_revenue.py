"""The revenue clock (W10), renewals due, and the two readings of a funnel (W15)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bizops.errors import InputError
from bizops.metrics import METRICS
from bizops.metrics.funnel import is_mature
from bizops.metrics.revenue import revenue_clock

CONTRACT = {
    "contract_id": "k",
    "account_id": "a",
    "start_on": date(2026, 3, 15),
    "end_on": date(2027, 3, 15),
    "tcv": 120_000,
}
INVOICE = {
    "invoice_id": "i",
    "account_id": "a",
    "contract_id": "k",
    "status": "paid",
    "issued_on": date(2026, 3, 15),
    "total": 142_800,
    "subtotal": 120_000,
}


def quarter(data: Any, key: str) -> Any:
    return data.calendar.parse(key, data.as_of_date)


def test_w10(read: Any, make: Any) -> None:
    data = make({"contract": [CONTRACT], "invoice": [INVOICE]})
    found = read.one(revenue_clock(data, date(2026, 3, 31)))
    assert {k: round(float(found[k]), 2) for k in ("recognised", "deferred", "unbilled", "backlog", "remaining")} == {
        "recognised": 5589.04,
        "deferred": 114410.96,
        "unbilled": 0.0,
        "backlog": 0.0,
        "remaining": 114410.96,
    }


def test_revenue_metrics_at_and_in_the_quarter(read: Any, make: Any) -> None:
    data = make({"contract": [CONTRACT], "invoice": [INVOICE]})
    first, second = quarter(data, "2026Q1"), quarter(data, "2026Q2")
    assert read.one(METRICS["FIN-02"](data, first))["value"] == pytest.approx(120_000 * 17 / 365, abs=1e-3)
    assert read.one(METRICS["FIN-02"](data, second))["value"] == pytest.approx(120_000 * 91 / 365, abs=1e-3)
    assert read.one(METRICS["FIN-03"](data, first))["value"] == pytest.approx(120_000 * 348 / 365, abs=1e-3)
    assert read.one(METRICS["FIN-04"](data, second))["value"] == pytest.approx(120_000 * 257 / 365, abs=1e-3)


def test_service_ahead_of_billing_is_an_unbilled_asset(read: Any, make: Any) -> None:
    later = INVOICE | {"issued_on": date(2026, 4, 15)}
    void = INVOICE | {"invoice_id": "v", "status": "void"}
    found = read.one(revenue_clock(make({"contract": [CONTRACT], "invoice": [later, void]}), date(2026, 3, 31)))
    assert (float(found["deferred"]), round(float(found["unbilled"]), 2)) == (0, 5589.04)
    assert float(found["backlog"]) == 120_000


def test_revenue_by_segment_stays_whole_when_the_account_moves(read: Any, make: Any) -> None:
    history = [
        {"account_id": "a", "segment": "SMB", "valid_from": datetime(2026, 1, 1), "valid_to": datetime(2026, 5, 1)},
        {"account_id": "a", "segment": "ENT", "valid_from": datetime(2026, 5, 1), "valid_to": None},
    ]
    accounts = [{"account_id": "a", "segment": "ENT"}]
    data = make({"contract": [CONTRACT], "dim_account": accounts, "dim_account_history": history})
    found = read.values(METRICS["FIN-02"](data, quarter(data, "2026Q2"), ("segment",)), "segment")
    assert found == {"ENT": pytest.approx(120_000 * 91 / 365, abs=1e-3)}


def test_without_invoices_deferred_revenue_is_off(make: Any) -> None:
    data = make({"contract": [CONTRACT]})
    assert METRICS["FIN-03"].missing(data) == "no table invoice"
    assert METRICS["FIN-02"].missing(data) == ""


def renewal(name: str, atr: float, term_end_on: date, risk: str | None, **more: Any) -> dict[str, Any]:
    row = {"renewal_id": name, "account_id": "a", "atr": atr, "term_end_on": term_end_on, "risk_class": risk}
    return row | {"status": "open"} | more


def test_renewals_due_by_risk_class(read: Any, make: Any) -> None:
    rows = [
        renewal("1", 100, date(2026, 10, 1), "will_renew"),
        renewal("2", 40, date(2026, 12, 31), "will_churn"),
        renewal("3", 7, date(2026, 11, 1), None),
        renewal("4", 999, date(2027, 1, 1), "will_renew"),
        renewal("5", 10, date(2026, 11, 1), "will_renew", currency="USD"),
    ]
    rates = [{"on": date(2026, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.5}]
    data = make({"renewal": rows, "fx_rate": rates})
    following = data.calendar.parse("2026Q4", data.as_of_date)
    found = read.by(METRICS["REN-01"](data, following, ("risk_class",)), "risk_class")
    assert {k: (v["value"], v["n"]) for k, v in found.items()} == {
        "will_renew": (105, 2), "will_churn": (40, 1), "unknown": (7, 1),
    }  # fmt: skip
    assert read.one(METRICS["REN-01"](data, data.calendar.shift(following, 1)))["value"] == 999


def w15() -> list[dict[str, Any]]:
    """100 leads in January, 200 in February; one in five converts a month later."""
    rows = []
    for month, size in ((1, 100), (2, 200)):
        for k in range(size):
            at = datetime(2026, month + 1, 20, 12) if k % 5 == 0 else None
            rows.append({"lead_id": f"{month}-{k}", "created_at": datetime(2026, month, 20, 12), "converted_at": at})
    return rows


def test_w15_the_ratio_halves_while_the_conversion_stays(read: Any, make: Any) -> None:
    data = make({"lead": w15()})
    january, february = quarter(data, "2026-01"), quarter(data, "2026-02")
    assert read.one(METRICS["FUN-03"](data, february))["value"] == 0.10
    for month, size in ((january, 100), (february, 200)):
        found = read.one(METRICS["FUN-02"](data, month))
        assert (found["value"], found["n"]) == (0.20, size)


def test_a_cohort_converts_within_its_window_only(read: Any, make: Any) -> None:
    data = make({"lead": w15()})
    assert read.one(METRICS["FUN-02"](data, quarter(data, "2026-01"), (), days=30))["value"] == 0
    assert read.one(METRICS["FUN-02"](data, quarter(data, "2026-01"), (), days=31))["value"] == 0.20
    with pytest.raises(InputError, match="Did you mean 'converted_at'"):
        METRICS["FUN-02"](data, quarter(data, "2026-01"), (), reached="convertd_at")


def test_a_young_cohort_is_not_mature(make: Any) -> None:
    data = make({"lead": w15()})
    assert is_mature(data, quarter(data, "2026Q2"))
    assert not is_mature(data, quarter(data, "2026Q3"))
