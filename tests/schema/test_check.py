"""The contract check on tables in the engine: what offends, how it is named, what is excused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from bizops import company
from bizops.metrics import METRICS
from bizops.schema import TABLES, rules
from bizops.schema.check import Context, Passed, Violation, check_table

Rows = list[dict[str, Any]]


def table(name: str, rows: Rows) -> ibis.Table:
    names = list(dict.fromkeys(k for row in rows for k in row))
    schema = ibis.schema({n: TABLES[name][n].dtype for n in names})
    columns = {n: pa.array([exact(r.get(n)) for r in rows], schema[n].to_pyarrow()) for n in names}
    return ibis.memtable(pa.table(columns), schema=schema)


def exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float | int) and not isinstance(value, bool) else value


def found(name: str, given: Mapping[str, Rows], **gaps: str) -> list[Violation]:
    tables = {n: table(n, rows) for n, rows in given.items()}
    context = Context(tables, "EUR", {k.replace("__", "."): v for k, v in gaps.items()}, {name: f"{name}.csv"})
    return [v for v in check_table(TABLES[name], tables[name], context) if isinstance(v, Violation)]


def deal(number: int, **changes: Any) -> dict[str, Any]:
    made = {
        "opportunity_id": f"O-{number}",
        "amount": 10,
        "close_on": date(2026, 1, 5),
        "is_closed": True,
    }
    return {**made, "is_won": True, **changes}


def test_good_rows_pass_and_every_family_is_reported() -> None:
    tables = {"opportunity": table("opportunity", [deal(1), deal(2, is_won=False)])}
    results = check_table(TABLES["opportunity"], tables["opportunity"], Context(tables, "EUR", {}, {}))
    assert all(isinstance(r, Passed) for r in results)
    assert {r.check for r in results} >= {"unique", "not_empty", "closed_needs_amount", "won_is_closed"}
    assert {r.of for r in results if isinstance(r, Passed)} == {2}


def test_orphans_are_warnings_and_say_which_key_is_missing() -> None:
    given = {
        "opportunity": [deal(i, account_id=a) for i, a in enumerate(["A-1", "A-9", None])],
        "dim_account": [{"account_id": "A-1"}, {"account_id": "A-2"}],
    }
    orphan = next(v for v in found("opportunity", given) if v.check == "reference")
    assert (orphan.severity, orphan.rows, orphan.of, orphan.keys) == ("warning", 1, 3, ("O-1 ('A-9')",))
    assert str(orphan) == (
        "opportunity.csv: opportunity.account_id: 1 of 3 rows: not found in dim_account.account_id "
        "(opportunity_id O-1 ('A-9'))\n    fix: add the row to dim_account, or correct the key"
    )


def test_no_reference_is_checked_without_the_other_table() -> None:
    assert [v.check for v in found("opportunity", {"opportunity": [deal(1, account_id="A-9")]})] == []


def test_declared_gap_warns_with_its_reason() -> None:
    rows = {"opportunity": [deal(1, is_won=False, amount=None), deal(2)]}
    blocked = [v for v in found("opportunity", rows) if v.check == "closed_needs_amount"]
    assert [v.severity for v in blocked] == ["error"]
    excused = [
        v for v in found("opportunity", rows, opportunity__amount="lost deals carry no value") if v.column == "amount"
    ]
    assert {v.severity for v in excused} == {"warning"}
    assert all("lost deals carry no value" in v.says for v in excused)


@pytest.mark.parametrize(
    ("shares", "count"),
    [([("O-1", 0.5), ("O-1", 0.5)], 0), ([("O-1", 0.333), ("O-1", 0.667)], 0), ([("O-1", 0.5), ("O-1", 0.4)], 1),
     ([("O-1", 1.0), ("O-2", 1.1)], 1)],
)  # fmt: skip
def test_revenue_splits_sum_to_one(shares: list[tuple[str, float]], count: int) -> None:
    rows = [
        {"split_id": f"S-{i}", "opportunity_id": o, "person_id": "P", "split_type": "revenue", "share": s}
        for i, (o, s) in enumerate(shares)
    ]
    # Overlay credit need not add up.
    rows.append({"split_id": "S-x", "opportunity_id": "O-1", "person_id": "P", "split_type": "overlay", "share": 3})
    broken = [
        v for v in found("opportunity_split", {"opportunity_split": rows}) if v.check == "revenue_splits_sum_to_one"
    ]
    assert [(v.severity, v.rows) for v in broken] == ([("warning", count)] if count else [])


@pytest.mark.parametrize(("amounts", "is_broken"), [((50, 50), False), ((50, 50.9), False), ((50, 52), True)])
def test_lines_sum_to_the_amount_within_one_percent(amounts: tuple[float, float], *, is_broken: bool) -> None:
    lines = [{"line_id": f"L-{i}", "opportunity_id": "O-1", "amount": a} for i, a in enumerate(amounts)]
    given = {"opportunity_line": lines, "opportunity": [deal(1, amount=100), deal(2)]}
    assert [v.check for v in found("opportunity_line", given)] == (["lines_sum_to_amount"] if is_broken else [])


def test_touching_intervals_are_no_overlap() -> None:
    days = [date(2026, month, 1) for month in (1, 2, 3)]

    def line(start: int, end: int | None, key: str = "L") -> dict[str, Any]:
        made = {"line_id": key, "subscription_id": "S", "quantity": 1, "unit_price": 1}
        return {**made, "valid_from": days[start], "valid_to": None if end is None else days[end]}

    touching = [line(0, 1), line(1, None), line(0, None, "M")]
    assert found("subscription_line", {"subscription_line": touching}) == []
    for bad in ([line(0, None), line(1, None)], [line(0, 2), line(1, None)]):
        assert [v.check for v in found("subscription_line", {"subscription_line": bad})] == ["overlap"]


def test_currencies_need_a_rate() -> None:
    rates = [{"on": date(2026, 1, 1), "currency": "USD", "rate_type": "spot", "rate": 0.9}]
    rows = [deal(i, currency=c) for i, c in enumerate(["EUR", "USD", "GBP", None])]
    broken = [v for v in found("opportunity", {"opportunity": rows, "fx_rate": rates}) if v.check == "currency"]
    assert [v.keys for v in broken] == [("O-2 ('GBP')",)]
    rates[0]["currency"] = "Dollar"
    assert [v.check for v in found("fx_rate", {"fx_rate": rates})] == ["currency"]


def test_messages_hold_no_personal_values() -> None:
    people = [{"person_id": "P-1", "name": "Ada", "email": "ada@example.com", "fte": 4, "skills": "{}"}] * 2
    text = "\n".join(map(str, found("dim_person", {"dim_person": people})))
    assert "dim_person.fte" in text
    assert "more than once" in text
    assert "Ada" not in text
    assert "example" not in text


def planned(end: date, metric: str = "BKG-01", start: date = date(2026, 7, 1)) -> dict[str, Any]:
    made = {"metric_id": metric, "scope": "{}", "period_start": start, "period_end": end}
    return {**made, "version": "budget", "value": 5}


def test_an_inclusive_end_of_a_period_is_a_warning_with_keys() -> None:
    good = [planned(date(2026, 10, 1)), planned(date(2026, 10, 1), start=date(2026, 9, 1))]
    assert found("plan", {"plan": good}) == []
    bad = next(v for v in found("plan", {"plan": [*good, planned(date(2026, 9, 30))]}))
    assert (bad.check, bad.severity, bad.rows, bad.of) == ("period_end_is_exclusive", "warning", 1, 3)
    assert "write 2026-10-01 for a quarter that ends on 30 September" in str(bad)
    assert "BKG-01 + {} + 2026-07-01 + budget" in bad.keys[0]
    # a week may end anywhere, also before the last day of a month
    assert found("plan", {"plan": [planned(date(2026, 8, 31), start=date(2026, 8, 24))]}) == []
    quota = {"quota_id": "Q-1", "owner_id": "P", "amount": 1, "period_start": date(2026, 2, 1)}
    assert [
        (v.check, v.keys[0].split()[0]) for v in found("quota", {"quota": [quota | {"period_end": date(2026, 2, 28)}]})
    ] == [("period_end_is_exclusive", "Q-1")]


@pytest.mark.parametrize(("metric", "is_known"), [("ARR-11-MEDIAN", True), ("Bookings", False), ("bkg-01", False)])
def test_plans_name_metrics_by_id(metric: str, *, is_known: bool) -> None:
    broken = found("plan", {"plan": [planned(date(2026, 10, 1)), planned(date(2026, 10, 1), metric)][is_known:]})
    assert [(v.check, v.severity, v.rows) for v in broken] == (
        [] if is_known else [("metric_id_has_form", "warning", 1)]
    )
    assert is_known or f"{metric} + {{}} + 2026-07-01" in str(broken[0])


def test_the_form_of_ids_fits_every_metric() -> None:
    assert METRICS
    assert all(re.search(rules.METRIC_ID, name) and company.METRIC_ID.fullmatch(name) for name in METRICS)


def test_managers_in_a_circle() -> None:
    chains = [
        ("boss", None),
        ("a", "boss"),
        ("b", "a"),
        ("x", "y"),
        ("y", "z"),
        ("z", "x"),
        ("under", "x"),
        ("me", "me"),
    ]
    people = [{"person_id": p, "manager_id": m} for p, m in chains]
    (broken,) = (v for v in found("dim_person", {"dim_person": people}) if v.check != "reference")
    assert (broken.check, broken.severity, broken.rows, broken.of) == ("managers_form_no_circle", "warning", 4, 8)
    assert broken.keys == ("me ('me')", "x ('y')", "y ('z')", "z ('x')")
    assert found("dim_person", {"dim_person": people[:3]}) == []


def test_days_that_no_business_knows() -> None:
    rows = [
        deal(1, close_on=date(26, 8, 1)),
        deal(2, close_on=date(2926, 8, 1)),
        deal(3),
        deal(4, close_on=date(1900, 1, 1)),
    ]
    (broken,) = (v for v in found("opportunity", {"opportunity": rows}) if v.column == "close_on")
    assert (broken.severity, broken.rows) == ("error", 2)
    assert broken.keys == ("O-1 ('0026-08-01')", "O-2 ('2926-08-01')")
    assert "no possible day" in str(broken)
