"""The contract check on tables in the engine: what offends, how it is named, what is excused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pytest

from bizops.schema import TABLES
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
