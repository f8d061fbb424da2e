"""The declared contract holds together: names, keys, references, time rules, personal marks, minimum inputs."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from bizops.schema import CONTRACT_VERSION, TABLES
from bizops.schema.table import Column, Table

COLUMNS = [(t, c) for t in TABLES.values() for c in t.columns]
IDS = [f"{t.name}.{c.name}" for t, c in COLUMNS]


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_table_holds_together(table: Table) -> None:
    names = table.names
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    time = table.time
    used = {*time.closes, *time.resets, *time.ahead, *time.follows, *table.interval}
    used |= set(chain.from_iterable(time.resets.values())) | ({time.known_at} if time.known_at else set())
    assert used <= set(names)
    assert set(time.resets) <= set(time.closes)
    for rule in table.rules:
        assert set(rule.columns) <= set(names), rule.id
        assert rule.fix
    for column in time.follows:
        assert table[column].ref
    if table.interval:
        assert {"valid_from", "valid_to"} <= set(names)


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=IDS)
def test_column_is_well_formed(table: Table, column: Column) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
    assert bool(column.values) == (column.type == "enum")
    if column.type == "boolean":
        assert column.name.startswith("is_")
    if column.type == "timestamp":
        assert column.name.endswith("_at") or column.name in ("at", "cancel_at", "valid_from", "valid_to")
    if column.type == "date":
        assert column.name.endswith("_on") or column.name in (
            "on", "month", "period_start", "period_end", "valid_from", "valid_to"
        )  # fmt: skip
    if column.minimum is not None or column.maximum is not None:
        assert column.type in ("integer", "decimal")
    if column.ref:
        parent, key = column.ref.split(".")
        assert key in TABLES[parent].key
        assert TABLES[parent][key].type == column.type
    for resets in table.time.resets.values():
        value = resets.get(column.name)
        assert value is None or value in column.values


def test_version_and_breadth() -> None:
    assert re.fullmatch(r"\d+\.\d+", CONTRACT_VERSION)
    needed = (
        "dim_account dim_account_history dim_person dim_team dim_territory territory_assignment dim_product dim_stage "
        "fx_rate opportunity opportunity_history opportunity_line opportunity_split quota plan forecast_submission "
        "lead activity contract subscription subscription_line renewal invoice finance_month spend usage_daily ticket "
        "survey_response initiative okr_objective okr_key_result okr_checkin"
    )
    assert set(needed.split()) <= set(TABLES)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("opportunity", {"opportunity_id", "amount", "close_on", "is_closed", "is_won"}),
        ("dim_person", {"person_id"}),
        ("dim_account", {"account_id"}),
        ("quota", {"quota_id", "owner_id", "period_start", "period_end", "amount"}),
        ("plan", {"metric_id", "scope", "period_start", "period_end", "version", "value"}),
    ],
)
def test_minimum_inputs_stay_small(table: str, columns: set[str]) -> None:
    assert set(TABLES[table].required) == columns


def test_names_and_addresses_are_personal() -> None:
    marked = {f"{t.name}.{c.name}" for t, c in COLUMNS if c.personal}
    assert {"dim_person.name", "dim_person.email", "lead.email_hash", "survey_response.comment"} <= marked
    suspicious = re.compile(r"email|comment|requester|person_hash|reason_text|note")
    harmless = {"contract.notice_days", "contract.notice_given_on", "okr_checkin.note"}
    for table, column in COLUMNS:
        if suspicious.search(column.name) and column.type in ("string", "json"):
            assert column.personal or f"{table.name}.{column.name}" in harmless, f"{table.name}.{column.name}"


def test_engine_types() -> None:
    deal = TABLES["opportunity"]
    assert str(deal["amount"].dtype) == "decimal(18, 4)"
    assert str(TABLES["fx_rate"]["rate"].dtype) == "decimal(18, 8)"
    assert str(deal["created_at"].dtype) == "timestamp('UTC')"
    assert str(deal["type"].dtype) == "string"
    with pytest.raises(KeyError, match=r"opportunity\.colour"):
        deal["colour"]
