"""`as_of` is applied once: what happened later cannot change any opened table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bizops.errors import InputError
from bizops.schema import TABLES
from bizops.schema.table import Column, Table
from bizops.sources import check_data, open_data
from tests.sources.conftest import AS_OF, DEALS, Place

LIMIT = datetime(2026, 3, 31, 22, tzinfo=UTC)
"""The end of 31 March 2026 in Berlin, where summer time is two hours ahead."""

Row = dict[str, Any]


def cell(table: Table, column: Column, number: int, day: date) -> Any:
    """A valid value; ``number`` tells rows apart, ``day`` is when everything happens."""
    if column.values:
        return column.values[-1 if table.name == "dim_stage" else 0]
    if column.name in ("parent_id", "ultimate_parent_id", "merged_into", "parent_team_id", "parent_opportunity_id"):
        return ""
    if column.type == "date":
        return day.replace(day=1) if table.time.month else day
    if column.type == "timestamp":
        return f"{day}T12:00:00Z"
    if column.type == "boolean":
        return "false"
    if column.type == "json":
        return f'{{"owner":"{number}"}}'
    if column.type in ("decimal", "integer"):
        return 1
    return "EUR" if column.name == "currency" and table.name != "fx_rate" else f"K{number}"


def row(name: str, number: int, day: date, **changes: Any) -> Row:
    """A valid row of a table; all its dates are ``day`` unless changed."""
    table = TABLES[name]
    made = {c.name: cell(table, c, number, day) for c in table.columns if c.name != "extracted_at"}
    made |= {c: "" for c in ("valid_to", *table.time.closes) if c in made}
    for start, end in (("period_start", "period_end"), ("start_on", "end_on")):
        if start in made and end in made:
            made[end] = day + timedelta(days=90)
    return made | changes


def text(rows: Iterable[Mapping[str, Any]]) -> str:
    found = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()


def opened(place: Place, tables: Mapping[str, list[Row]], as_of: date = AS_OF) -> dict[str, list[Row]]:
    """All opened tables as rows, in order of their keys."""
    for file in place.folder.glob("*.csv"):
        file.unlink()
    for name, rows in tables.items():
        place.write(f"{name}.csv", text(rows))
    with check_data(place.company(), as_of, check=False).data as data:
        return {
            n: data[n].order_by([k for k in TABLES[n].key if k in data[n].columns]).to_pyarrow().to_pylist()
            for n in data
        }


BEFORE, AFTER = AS_OF - timedelta(days=40), AS_OF + timedelta(days=40)
WORLD = {name: [row(name, i, BEFORE - timedelta(days=i)) for i in range(3)] for name in TABLES}
TIMED = [name for name, table in TABLES.items() if table.time.known_at]


def ahead(name: str, made: Row) -> Row:
    """The row without what makes it known ahead of its date (a budget becomes an actual)."""
    for column, values in TABLES[name].time.ahead.items():
        made[column] = next(v for v in TABLES[name][column].values if v not in values)
    return made


def test_future_rows_of_every_table_change_nothing(place: Place) -> None:
    base = {n: [ahead(n, dict(r)) for r in rows] for n, rows in WORLD.items()}
    later = {
        n: [*rows, *(ahead(n, row(n, 10 + i, AFTER + timedelta(days=i))) for i in range(2))]
        for n, rows in base.items()
        if n in TIMED
    }
    assert len(TIMED) > 20
    assert opened(place, {**base, **later}) == opened(place, base)


@pytest.mark.parametrize("name", [n for n, t in TABLES.items() if t.time.closes])
def test_what_ends_later_has_not_ended(place: Place, name: str) -> None:
    table = TABLES[name]
    for column in table.time.closes:
        followers = table.time.resets.get(column, {})
        was = {f: "" if v is None else v for f, v in followers.items()}
        base = {name: [row(name, 0, BEFORE, **{column: "", **was})]}
        end = AFTER if table[column].type == "date" else f"{AFTER}T00:00:00Z"
        now = {
            f: next((v for v in table[f].values if v != was[f]), "1") for f in followers if table[f].type != "boolean"
        }
        changed = {name: [row(name, 0, BEFORE, **{column: end, **dict.fromkeys(followers, ""), **now})]}
        assert opened(place, changed)[name] == opened(place, base)[name], column


def test_budgets_and_plan_rates_are_known_ahead(place: Place) -> None:
    months = [row("finance_month", 0, AFTER, kind=k) for k in ("actual", "budget")]
    rates = [row("fx_rate", 0, AFTER, rate_type=k, currency="USD") for k in ("spot", "plan", "month_avg")]
    found = opened(place, {"finance_month": months, "fx_rate": rates})
    assert [r["kind"] for r in found["finance_month"]] == ["budget"]
    assert [r["rate_type"] for r in found["fx_rate"]] == ["plan"]


def test_a_month_is_known_when_it_has_ended(place: Place) -> None:
    months = [row("finance_month", 0, date(2026, m, 1), kind="actual") for m in (2, 3, 4)]
    for day, known in ((date(2026, 3, 30), [2]), (date(2026, 3, 31), [2, 3]), (date(2026, 4, 29), [2, 3])):
        found = opened(place, {"finance_month": months}, day)["finance_month"]
        assert [r["month"].month for r in found] == known, day


@pytest.mark.parametrize(
    ("instant", "is_there"),
    [("2026-03-31T21:59:59.999Z", True), ("2026-03-31T22:00:00Z", False), ("2026-04-01T00:30:00+09:00", True)],
)
def test_the_day_ends_at_local_midnight(place: Place, instant: str, *, is_there: bool) -> None:
    found = opened(place, {"lead": [row("lead", 0, BEFORE, created_at=instant)]})
    assert bool(found["lead"]) == is_there


def test_an_instant_bounds_exclusively(small: Place) -> None:
    small.write("lead.csv", "lead_id,created_at\nL-1,2026-01-01T11:59:59Z\nL-2,2026-01-01T12:00:00Z\n")
    with open_data(small.company(), datetime(2026, 1, 1, 12, tzinfo=UTC)) as data:
        assert data["lead"].lead_id.to_pyarrow().to_pylist() == ["L-1"]
        assert data.as_of_date == date(2026, 1, 1)
    with pytest.raises(InputError, match="no time zone"):
        open_data(small.company(), datetime(2026, 1, 1, 12))


# -- opportunities -----------------------------------------------------------------------------------------------------


def deal(**changes: Any) -> Row:
    made = {
        "opportunity_id": "O-1", "owner_id": "P-1", "stage_id": "S-2", "forecast_category": "commit", "amount": 80,
        "acv": 70, "created_at": "2026-01-01T00:00:00Z", "close_on": "2026-04-15", "is_closed": "false",
        "is_won": "false", "lost_reason": "", "n_pushes": 1, "next_step": "call",
    }  # fmt: skip
    return made | changes


def state(since: str, until: str = "", **changes: Any) -> Row:
    made = {
        "opportunity_id": "O-1", "valid_from": since, "valid_to": until, "stage_id": "S-2",
        "forecast_category": "commit", "amount": 80,
        "close_on": "2026-04-15", "owner_id": "P-1", "next_step": "call", "is_deleted": "false",
    }  # fmt: skip
    return made | changes


STAGES = [
    {"stage_id": "S-1", "ordinal": 1, "type": "open"},
    {"stage_id": "S-2", "ordinal": 2, "type": "open"},
    {"stage_id": "S-W", "ordinal": 3, "type": "won"},
    {"stage_id": "S-L", "ordinal": 4, "type": "lost"},
]
WON = {"stage_id": "S-W", "amount": 99, "close_on": "2026-05-02", "owner_id": "P-2", "forecast_category": "closed"}
CLOSED = {**WON, "is_closed": "true", "is_won": "true", "next_step": "", "n_pushes": 3}


def first(place: Place, as_of: date = AS_OF, **tables: list[Row]) -> Row:
    found = opened(place, {"dim_stage": STAGES, **tables}, as_of)["opportunity"]
    assert len(found) == 1
    return found[0]


def test_state_comes_from_history(place: Place) -> None:
    past = [
        state("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", stage_id="S-1", amount=60),
        state("2026-02-01T00:00:00Z", "2026-05-02T00:00:00Z"),
    ]
    history = [*past, state("2026-05-02T00:00:00Z", **WON)]
    found = first(place, opportunity=[deal(**CLOSED)], opportunity_history=history)
    expected = {"stage_id": "S-2", "amount": 80, "owner_id": "P-1", "forecast_category": "commit", "next_step": "call"}
    assert {k: found[k] for k in expected} == expected
    assert (found["is_closed"], found["is_won"], found["close_on"]) == (False, False, date(2026, 4, 15))
    # What no history holds is unknown for a deal that changed since.
    assert (found["acv"], found["n_pushes"], found["lost_reason"]) == (None, None, None)
    february = first(place, date(2026, 1, 31), opportunity=[deal(**CLOSED)], opportunity_history=history)
    assert (february["stage_id"], february["amount"]) == ("S-1", 60)
    today = first(place, date(2026, 6, 1), opportunity=[deal(**CLOSED)], opportunity_history=history)
    assert (today["stage_id"], today["amount"], today["is_won"], today["acv"], today["n_pushes"]) == (
        "S-W",
        99,
        True,
        70,
        3,
    )


def test_outcome_without_stages_comes_from_deals_in_the_same_stage(place: Place) -> None:
    history = [state("2026-01-01T00:00:00Z", "2026-05-02T00:00:00Z"), state("2026-05-02T00:00:00Z", **WON)]
    for as_of, is_won in ((AS_OF, False), (date(2026, 6, 1), True)):
        found = opened(place, {"opportunity": [deal(**CLOSED)], "opportunity_history": history}, as_of)["opportunity"]
        assert [(r["is_closed"], r["is_won"]) for r in found] == [(is_won, is_won)]


def test_without_history_a_deal_closed_later_is_open_and_unknown(place: Place) -> None:
    report_row = first(place, opportunity=[deal(**CLOSED, lost_reason="price")])
    unknown = ("stage_id", "amount", "acv", "close_on", "forecast_category", "lost_reason", "n_pushes")
    assert [report_row[c] for c in unknown] == [None] * len(unknown)
    assert (report_row["is_closed"], report_row["is_won"]) == (False, False)
    quality = check_data(place.company(), AS_OF).quality
    assert quality[quality.check == "as_of"].rows.tolist() == [1]


def test_history_of_stages_alone_leaves_the_rest_unknown(place: Place) -> None:
    # Some systems keep no history of amount and close date.
    keep = ("opportunity_id", "valid_from", "valid_to", "stage_id")
    past = [state("2026-01-01T00:00:00Z", "2026-05-02T00:00:00Z"), state("2026-05-02T00:00:00Z", **WON)]
    history = [{k: r[k] for k in keep} for r in past]
    found = first(place, opportunity=[deal(**CLOSED)], opportunity_history=history)
    assert (found["stage_id"], found["is_closed"], found["amount"], found["close_on"]) == ("S-2", False, None, None)
    still_open = first(place, opportunity=[deal()], opportunity_history=[{k: r[k] for k in keep} for r in past[:1]])
    assert (still_open["stage_id"], still_open["amount"], still_open["close_on"]) == ("S-2", 80, date(2026, 4, 15))


def test_a_deal_without_a_state_follows_the_rule_without_history(place: Place) -> None:
    deals = [deal(), deal(**CLOSED, opportunity_id="O-2"), deal(opportunity_id="O-3")]
    found = opened(
        place, {"opportunity": deals, "opportunity_history": [state("2026-01-01T00:00:00Z")], "dim_stage": STAGES}
    )["opportunity"]
    assert [(r["opportunity_id"], r["stage_id"], r["is_closed"]) for r in found] == [
        ("O-1", "S-2", False),
        ("O-2", None, False),
        ("O-3", "S-2", False),
    ]


def test_deletion_counts_from_its_instant(place: Place) -> None:
    history = [state("2026-01-01T00:00:00Z", "2026-05-02T00:00:00Z"), state("2026-05-02T00:00:00Z", is_deleted="true")]
    tables = {"opportunity": [deal(is_deleted="true")], "opportunity_history": history, "dim_stage": STAGES}
    assert len(opened(place, tables)["opportunity"]) == 1
    assert opened(place, tables, date(2026, 6, 1))["opportunity"] == []


moves = st.lists(
    st.fixed_dictionaries(
        {
            "stage_id": st.sampled_from(["S-1", "S-2", "S-W", "S-L"]),
            "amount": st.integers(1, 500),
            "owner_id": st.sampled_from(["P-1", "P-2"]),
            "close_on": st.dates(date(2026, 1, 2), date(2026, 12, 31)),
            "forecast_category": st.sampled_from(["pipeline", "commit"]),
        }
    ),
    max_size=4,
)
SEEN = ("stage_id", "amount", "owner_id", "close_on", "forecast_category", "is_closed", "is_won")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=moves, future=moves)
def test_later_moves_never_change_the_past(place: Place, past: list[Row], future: list[Row]) -> None:
    def story(moved: list[Row]) -> dict[str, list[Row]]:
        days = [*(date(2026, 1, 1) + timedelta(days=10 * i) for i in range(len(past) + 1))]
        days += [date(2026, 4, 2) + timedelta(days=10 * i) for i in range(len(moved))]
        ends = [*(f"{d}T00:00:00Z" for d in days[1:]), ""]
        changes: list[Row] = [{}, *past, *moved]
        history = [state(f"{d}T00:00:00Z", e, **c) for d, e, c in zip(days, ends, changes, strict=True)]
        last = changes[-1]
        outcome = {"S-W": ("true", "true"), "S-L": ("true", "false")}.get(str(last.get("stage_id")), ("false", "false"))
        now = deal(**last, is_closed=outcome[0], is_won=outcome[1])
        return {"opportunity": [now], "opportunity_history": history, "dim_stage": STAGES}

    alone, with_future = opened(place, story([])), opened(place, story(future))
    assert with_future["opportunity_history"] == alone["opportunity_history"]
    assert [[r[c] for c in SEEN] for r in with_future["opportunity"]] == [
        [r[c] for c in SEEN] for r in alone["opportunity"]
    ]


# -- exclusions --------------------------------------------------------------------------------------------------------


def test_excluded_records_go_with_what_follows_them_and_are_counted(place: Place) -> None:
    place.write("dim_account.csv", "account_id,type\nA-1,customer\nA-2,test\nA-3,internal\nA-4,partner\n")
    heads = "opportunity_id,account_id,amount,close_on,is_closed,is_won,is_test,is_deleted"
    rows = [f"O-{i},A-{i},10,2026-01-01,true,true,," for i in range(1, 5)]
    rows += [
        "O-5,A-1,10,2026-01-01,true,true,true,",
        "O-6,A-1,10,2026-01-01,true,true,,true",
        "O-7,,10,2026-01-01,true,true,,",
    ]
    place.write("opportunity.csv", "\n".join([heads, *rows]) + "\n")
    place.write(
        "opportunity_line.csv", "line_id,opportunity_id,amount\n" + "".join(f"L-{i},O-{i},10\n" for i in range(1, 8))
    )
    with open_data(place.company(), AS_OF) as data:
        assert sorted(data["opportunity"].opportunity_id.to_pyarrow().to_pylist()) == ["O-1", "O-7"]
        assert sorted(data["opportunity_line"].line_id.to_pyarrow().to_pylist()) == ["L-1", "L-7"]
        assert data.info["dim_account"].excluded == {"internal account": 1, "partner account": 1, "test account": 1}
        assert data.info["opportunity"].excluded == {"deleted": 1, "dim_account excluded": 3, "test record": 1}
        assert data.info["opportunity_line"].excluded == {"opportunity excluded": 5}
        assert data.info["opportunity"].rows == 2
        excluded = data.quality[data.quality.check == "excluded"]
        assert int(excluded.rows.sum()) == 13


def test_the_latest_extract_known_then_wins(place: Place) -> None:
    place.write(
        "opportunity.csv",
        DEALS.splitlines()[0] + ",extracted_at\n"
        "O-1,P-1,1,2025-11-01T10:00:00Z,2026-06-05,false,false,2026-01-01T00:00:00Z\n"
        "O-1,P-1,2,2025-11-01T10:00:00Z,2026-06-05,false,false,2026-02-01T00:00:00Z\n"
        "O-1,P-1,3,2025-11-01T10:00:00Z,2026-06-05,false,false,2026-05-01T00:00:00Z\n",
    )
    assert [r["amount"] for r in place.frame("opportunity")] == [2]
    assert [r["amount"] for r in place.frame("opportunity", as_of=date(2026, 6, 1))] == [3]
    with open_data(place.company(), AS_OF) as data:
        assert data.info["opportunity"].excluded == {"replaced by a later extract": 2}
        assert data.info["opportunity"].extracted_at == datetime(2026, 2, 1, tzinfo=UTC)


def test_two_rows_of_one_extract_break_the_key(place: Place) -> None:
    line = "O-1,P-1,1,2025-11-01T10:00:00Z,2026-06-05,false,false,2026-01-01T00:00:00Z\n"
    place.write("opportunity.csv", DEALS.splitlines()[0] + ",extracted_at\n" + line + line)
    report = place.check()
    report.data.close()
    assert [v.check for v in report.violations] == ["unique"]
