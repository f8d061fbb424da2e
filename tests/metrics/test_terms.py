"""Contracts by hand: committed ARR (ARR-03), ARR from signature (P02) and ramps (P11)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bizops.metrics import METRICS
from bizops.metrics.arr_month import arr_month
from bizops.metrics.committed import commitments
from tests.metrics.test_arr import bridge, company_of, line, q3


def contract(id_: str, account: str, signed: date, start: date, end: date, tcv: float, **more: Any) -> dict[str, Any]:
    row = {"contract_id": id_, "account_id": account, "signed_on": signed, "start_on": start, "end_on": end, "tcv": tcv}
    return {**row, **more}


OLD = {"signed": date(2024, 12, 1), "start": date(2025, 1, 1), "end": date(2027, 1, 1)}


def promised() -> dict[str, Any]:
    """In force a 100, b 50, c 30, d 40; b and c have given notice by the end of September, d on 2 October."""
    lines = [line("a", 100), line("b", 50), line("c", 30), line("d", 40)]
    subscriptions = {
        "a": {"contract_id": "ka"},
        "b": {"contract_id": "kb", "cancel_requested_at": datetime(2026, 9, 10)},
        "c": {"contract_id": "kc"},
        "d": {"contract_id": "kd"},
    }
    start, end = date(2026, 11, 1), date(2027, 11, 1)
    contracts = [
        contract("ka", "a", **OLD, tcv=200),
        contract("kb", "b", **OLD, tcv=100),
        contract("kc", "c", **OLD, tcv=60, notice_given_on=date(2026, 9, 20)),
        contract("kd", "d", **OLD, tcv=80, notice_given_on=date(2026, 10, 2)),
        contract("n1", "n", date(2026, 9, 15), start, end, 24, term_months=12, opportunity_id="new"),
        contract("n2", "n", date(2026, 9, 15), start, date(2028, 11, 1), 48, term_months=24, opportunity_id="new"),
        contract("n3", "n", date(2026, 10, 1), start, end, 1000, opportunity_id="new"),
        contract("n4", "n", date(2026, 9, 15), start, end, 1000, opportunity_id="new", status="draft"),
        contract("x", "a", date(2026, 9, 20), start, end, 10, term_months=12, opportunity_id="more"),
        contract("r", "a", date(2026, 9, 25), date(2027, 1, 1), date(2028, 1, 1), 110, opportunity_id="again"),
    ]
    renewal = {"term_end_on": date(2027, 1, 1), "closed_on": date(2026, 9, 25)}
    renewals = [
        {"renewal_id": "1", "account_id": "a", "contract_id": "ka", "status": "won", "atr": 100, "renewed_arr": 110},
        {"renewal_id": "2", "account_id": "b", "contract_id": "kb", "status": "lost", "atr": 50, "renewed_arr": 0},
    ]
    kinds = {"new": "new", "more": "expansion", "again": "renewal"}
    sold = [{"opportunity_id": k, "type": v} for k, v in kinds.items()]
    return company_of(
        lines, subscriptions, contract=contracts, renewal=[row | renewal for row in renewals], opportunity=sold
    )


def test_committed_arr(read: Any, make: Any) -> None:
    data = make(promised())
    rows = commitments(data, q3(data))
    parts = read.values(rows.group_by("part").agg(value=rows.amount.sum().cast("float64")), "part")
    assert parts == {"in force": 220, "signed": 24 + 24 + 10, "notified": -80, "renewed": 10}
    assert read.one(METRICS["ARR-03"](data, q3(data))) == {"value": 208, "n": 5}
    # on 4 October d has given notice too, and n has signed another 1,000
    found = read.one(METRICS["ARR-03"](data, data.calendar.shift(q3(data), 1)))
    assert found["value"] == pytest.approx(208 - 40 + 1000, abs=1)


def test_notice_takes_out_what_is_left_only(read: Any, make: Any) -> None:
    # where churn counts from the request (P03), b is out of ARR already; where ARR counts from signature, n is in
    data = make(promised(), P02="signature")
    assert read.one(METRICS["ARR-01"](data, q3(data)))["value"] == pytest.approx(220 + 48 + 10)
    assert read.one(METRICS["ARR-03"](data, q3(data)))["value"] == pytest.approx(208)
    data = make(promised(), P03="cancel_request")
    assert read.one(METRICS["ARR-01"](data, q3(data)))["value"] == 170
    assert read.one(METRICS["ARR-03"](data, q3(data)))["value"] == 208


def test_without_dates_there_is_no_committed_arr(make: Any) -> None:
    tables = promised()
    tables["contract"] = [{k: v for k, v in row.items() if k != "notice_given_on"} for row in tables["contract"]]
    assert METRICS["ARR-03"].missing(make(tables)) == "contract has no column notice_given_on"


def test_without_types_a_contract_that_follows_another_is_a_renewal(read: Any, make: Any) -> None:
    tables = promised()
    del tables["opportunity"]
    data = make(tables)
    assert read.one(METRICS["ARR-03"](data, q3(data)))["value"] == 208


def signed_early() -> dict[str, Any]:
    """n begins on 15 August, a grows on 1 August, b renews on a new line that day; all signed weeks before."""
    aug = date(2026, 8, 1)
    lines = [
        line("n", 24, start=date(2026, 8, 15)),
        line("a", 100, end=aug) | {"line_id": "x"},
        line("a", 120, start=aug) | {"line_id": "x"},
        line("b", 50, end=aug),
        line("b", 60, start=aug),
    ]
    contracts = [
        contract("kn", "n", date(2026, 6, 20), date(2026, 8, 15), date(2027, 8, 15), 24),
        contract("kx", "a", date(2026, 7, 5), aug, date(2027, 8, 1), 20),
        contract("kb", "b", date(2025, 1, 1), date(2025, 8, 1), aug, 50),
        contract("kb2", "b", date(2026, 6, 1), aug, date(2027, 8, 1), 60),
        contract("kz", "z", date(2026, 9, 10), date(2026, 12, 1), date(2027, 12, 1), 12, term_months=12),
    ]
    return company_of(lines, contract=contracts)


def test_p02_arr_from_signature(read: Any, make: Any) -> None:
    def july(data: Any) -> dict[str, float]:
        rows = arr_month(data).filter(lambda t: t.point_on == date(2026, 7, 31))
        return read.values(rows.group_by("account_id").agg(value=rows.arr.sum().cast("float64")), "account_id")

    service = make(signed_early())
    assert july(service) == {"a": 100, "b": 50}
    assert bridge(read, service) == {"opening": 150, "new": 24, "expansion": 30, "closing": 204}
    signature = make(signed_early(), P02="signature")
    # nothing counts twice: a's old line ends at the signature, b's renewal keeps its day of service
    assert july(signature) == {"a": 120, "b": 50, "n": pytest.approx(24)}
    found = bridge(read, signature)
    assert found["opening"] == pytest.approx(174)
    assert found["new"] == pytest.approx(12)
    assert found["closing"] == pytest.approx(216)


def ramp(months: int = 36, *more: dict[str, Any]) -> dict[str, Any]:
    """Ten seats at 10, twenty from the first anniversary, five more added in May 2026."""
    start, step, added = date(2025, 2, 1), date(2026, 2, 1), date(2026, 5, 15)
    lines = [
        line("a", 10, start=start, end=step, quantity=10) | {"line_id": "x"},
        line("a", 10, start=step, end=added, quantity=20) | {"line_id": "x"},
        line("a", 10, start=added, end=more[0]["valid_from"] if more else None, quantity=25) | {"line_id": "x"},
        *more,
    ]
    end = date(2025 + months // 12, 2, 1)
    return company_of(lines, contract=[contract("k", "a", start, start, end, 999, term_months=months)])


def balances(read: Any, data: Any) -> list[float]:
    """ARR in December 2025, March 2026 and September 2026."""
    rows = arr_month(data)
    found = read.values(rows.group_by("month_on").agg(value=rows.arr.sum().cast("float64")), "month_on")
    return [found[date(2025, 12, 1)], found[date(2026, 3, 1)], found[date(2026, 9, 1)]]


def test_p11_ramps(read: Any, make: Any) -> None:
    assert balances(read, make(ramp())) == [100, 200, 250]
    first = make(ramp(), P11="first_year")
    assert balances(read, first) == [100, 100, 150]
    assert balances(read, make(ramp(), P11="exit_year")) == [200, 200, 250]
    # the step is no expansion, the seats that were added are
    year = first.calendar.parse("FY2026", first.as_of_date)
    detail = read.values(METRICS["ARR-04"](first, year, (), detail=True), "step", "sub_class")
    assert detail == {("opening", "opening"): 100, ("expansion", "seats"): 50, ("closing", "closing"): 150}


def test_p11_a_contract_of_a_year_has_no_ramp(read: Any, make: Any) -> None:
    assert balances(read, make(ramp(12), P11="first_year")) == [100, 200, 250]


def test_p11_a_ramp_needs_no_signature_and_no_months(read: Any, make: Any) -> None:
    tables = ramp()
    tables["contract"] = [{k: v for k, v in tables["contract"][0].items() if k not in ("signed_on", "term_months")}]
    assert balances(read, make(tables, P11="first_year")) == [100, 100, 150]


def test_p11_a_cut_below_the_first_year_is_no_churn(read: Any, make: Any) -> None:
    cut = line("a", 10, start=date(2026, 8, 1), quantity=5) | {"line_id": "x"}
    assert balances(read, make(ramp(36, cut), P11="first_year")) == [100, 100, 50]
