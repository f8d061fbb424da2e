"""A company's data by hand: rows in, `Data` out, typed as the contract says, on either engine."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from bizops.company import Company, Policies, Source
from bizops.periods import Calendar
from bizops.schema import TABLES
from bizops.schema.data import QUALITY_COLUMNS, Data
from bizops.sources import open_data

Rows = Sequence[Mapping[str, Any]]
AS_OF = date(2026, 10, 4)


def company(**settings: Any) -> Company:
    """A company in EUR and Berlin; policies are given by id (``P05=30``)."""
    policies = {k: settings.pop(k) for k in list(settings) if k.startswith("P")}
    given = {"name": "Test", "currency": "EUR", "time_zone": "Europe/Berlin", **settings}
    return Company(source=Source(kind="folder", path=Path()), policies=Policies(**policies), **given)


def typed(table: str, rows: Rows) -> ibis.Table:
    """Rows of a canonical table with the contract's types; columns that no row has are absent."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    schema = ibis.schema({name: TABLES[table][name].dtype for name in names})
    columns = {name: [_cell(row.get(name), getattr(schema[name], "scale", None)) for row in rows] for name in names}
    return ibis.memtable(pa.table(columns, schema=schema.to_pyarrow()), schema=schema)


def _cell(value: Any, decimals: int | None) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if decimals and isinstance(value, int | float):
        return Decimal(str(round(value, decimals)))
    return value


def on_engine(backend: Any, tables: Mapping[str, Rows], as_of: date = AS_OF, **settings: Any) -> Data:
    """`Data` with the tables held by ``backend``. Nothing is cut at ``as_of``: the rows are what was known then."""
    who = company(**settings)
    calendar = Calendar(who)
    held = {
        name: backend.create_table(ibis.util.gen_name(name), typed(name, rows), temp=True)
        for name, rows in tables.items()
        if rows
    }
    return Data(
        company=who,
        as_of=calendar.instant_after(as_of).astimezone(UTC),
        calendar=calendar,
        tables=held,
        info={},
        quality=pd.DataFrame(columns=list(QUALITY_COLUMNS)),
    )


@pytest.fixture(scope="session")
def duck() -> Any:
    """One embedded engine for all tests."""
    return ibis.duckdb.connect()


@pytest.fixture(scope="session")
def make(duck: Any) -> Callable[..., Data]:
    """Return a function from tables and settings to `Data`; ``backend=`` chooses another engine."""

    def build(tables: Mapping[str, Rows], as_of: date = AS_OF, backend: Any = None, **settings: Any) -> Data:
        return on_engine(backend or duck, tables, as_of, **settings)

    return build


@pytest.fixture(scope="session")
def world() -> Callable[..., Data]:
    """Return a function that opens a worked example from its files, through the same door as every report.

    The files are read once a day of ``as_of``; policies act on the tables that are open.
    """
    opened: dict[tuple[str, date], Data] = {}

    def open_world(name: str, as_of: date = AS_OF, **settings: Any) -> Data:
        who = company(**settings)
        source = Source(kind="folder", path=Path(__file__).parent / "data" / name)
        if (name, as_of) not in opened:
            opened[name, as_of] = open_data(who.model_copy(update={"source": source}), as_of)
        return replace(opened[name, as_of], company=who)

    return open_world


class Reader:
    """Results as plain Python values."""

    def one(self, table: ibis.Table) -> dict[str, Any]:
        """The only row."""
        records = self._records(table)
        assert len(records) == 1
        return records[0]

    def by(self, table: ibis.Table, *keys: str) -> dict[Any, dict[str, Any]]:
        """The rows by key (several keys: a tuple); a group that comes twice fails."""
        found: dict[Any, dict[str, Any]] = {}
        for record in self._records(table):
            parts = tuple(record[k] for k in keys)
            key = parts[0] if len(keys) == 1 else parts
            assert key not in found, f"group {key} comes twice"
            found[key] = record
        return found

    def values(self, table: ibis.Table, *keys: str) -> dict[Any, float | None]:
        """The column ``value`` by key."""
        return {key: record["value"] for key, record in self.by(table, *keys).items()}

    @staticmethod
    def _records(table: ibis.Table) -> list[dict[str, Any]]:
        return table.to_pyarrow().to_pylist()  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def read() -> Reader:
    """What turns a result into plain values."""
    return Reader()


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else None


class _Server:
    """A Postgres of its own in ``folder``, reachable by a socket only."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 54_321
        self.prefix: list[str] = []
        if os.getuid() == 0:
            # initdb refuses root; Debian's package brings this user
            self.prefix = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")

    def run(self, name: str, *arguments: str) -> None:
        binary = _binary(name)
        assert binary
        command = [*self.prefix, binary, "-D", str(self.folder / "data"), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        self.run("initdb", "-A", "trust", "-U", "bizops", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-F -p {self.port} -k {self.folder} -c listen_addresses=''"
        self.run("pg_ctl", "-o", options, "-w", "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A real Postgres; skipped with the reason where there is none."""
    if not (_binary("initdb") and _binary("pg_ctl")):
        pytest.skip("no initdb and pg_ctl on this machine")
    pytest.importorskip("psycopg", reason="the Postgres driver is not installed")
    if os.getuid() == 0 and not shutil.which("runuser"):
        pytest.skip("initdb refuses root and there is no runuser")
    # not pytest's folder: it is closed to other users, and its path is too long for a socket on some systems
    folder = Path(tempfile.mkdtemp(prefix="bizops-pg-"))
    server = _Server(folder)
    server.start()
    connection = ibis.postgres.connect(host=str(folder), port=server.port, user="bizops", database="postgres")
    try:
        yield connection
    finally:
        connection.disconnect()
        server.stop()
        shutil.rmtree(folder)


STAGES = ("lead", "offer", "sign")
START = date(2025, 7, 1)


@pytest.fixture(scope="session")
def any_company() -> dict[str, Any]:
    """A small company with rows in every table that a metric reads, empty cells and two currencies among them."""
    rng = random.Random(5)
    tables = {**organisation(rng), **revenue(rng), **sales(rng)}
    return {**tables, **decided(tables, random.Random(6)), **books(random.Random(7))}


def decided(tables: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """The rows of ``tables`` with what was decided about them: signatures, notices, renewals, payments, seats taken."""
    renewals = []
    for row in tables["renewal"]:
        status = rng.choice([row["status"], "lost"])
        known = status in ("won", "lost") and rng.random() < 0.9
        renewals.append(
            {
                **row,
                "status": status,
                "currency": rng.choice(["EUR", "USD"]),
                "closed_on": row["term_end_on"] + timedelta(days=rng.randrange(-90, 90)) if known else None,
                "renewed_arr": row["atr"] * rng.choice([0.5, 1, 1.2]) if status == "won" and known else None,
            }
        )
    contracts = []
    for k, row in enumerate(tables["contract"]):
        years = rng.choice([1, 1, 2])
        end = date(row["start_on"].year + years, row["start_on"].month, min(row["start_on"].day, 28))
        dates = {"signed_on": row["start_on"] - timedelta(days=rng.randrange(60)), "end_on": end}
        notice = row["start_on"] + timedelta(days=300) if k % 5 == 0 else None
        contracts.append({**row, **dates, "term_months": 12 * years, "notice_given_on": notice})
    ahead = [
        {"contract_id": f"k-ahead-{k}", "account_id": f"a{k}", "start_on": date(2026, 11, 1),
         "end_on": date(2027, 11, 1), "signed_on": date(2026, 9, 1), "tcv": 5000 + k, "currency": "USD",
         "term_months": 12, "notice_given_on": None}
        for k in (1, 2, 29)
    ]  # fmt: skip
    # two years with a step on the anniversary, and an account that renews one contract and leaves another
    ramp = {"contract_id": "k-ramp", "account_id": "a20", "start_on": date(2025, 7, 10), "end_on": date(2027, 7, 10)}
    ahead.append({**ramp, "signed_on": START, "tcv": 9000, "currency": "EUR", "term_months": 24})
    ramping = {**dict.fromkeys(tables["subscription"][0]), "subscription_id": "s-ramp", "account_id": "a20"}
    step = date(2026, 7, 10)
    line = {**tables["subscription_line"][0], "line_id": "ramp", "subscription_id": "s-ramp", "currency": "EUR"}
    ramped = [
        {**line, "quantity": 10, "valid_from": ramp["start_on"], "valid_to": step},
        {**line, "quantity": 30, "valid_from": step, "valid_to": None},
    ]
    for key, status in (("r-one", "won"), ("r-two", "lost")):
        row = {**renewals[0], "renewal_id": key, "contract_id": key, "account_id": "a2", "status": status}
        dates = {"term_end_on": date(2026, 8, 1), "closed_on": date(2026, 7, 20)}
        renewals.append({**row, **dates, "renewed_arr": 5 if status == "won" else None})
    people = [{**row, "hired_on": START, "left_on": date(2026, 8, 1) if row["person_id"] == "p3" else None, "fte": 0.8}
              for row in tables["dim_person"]]  # fmt: skip
    return {
        "renewal": renewals,
        "contract": contracts + ahead,
        "subscription_line": [*tables["subscription_line"], *ramped],
        "dim_person": people,
        "invoice": [
            {**row, "dunning_status": rng.choice([None, "success", "exhausted", "in_progress"])}
            for row in tables["invoice"]
        ],
        "opportunity": [{**row, "campaign_id": rng.choice(["c1", None])} for row in tables["opportunity"]],
        "subscription": [
            {**row, "cancel_requested_at": at(row["ended_on"] - timedelta(days=20)) if row["ended_on"] else None}
            for row in [*tables["subscription"], ramping]
        ],
    }


def books(rng: random.Random) -> dict[str, Any]:
    """Monthly finance items, spending and use of the product."""
    months = [date(2025 + (6 + k) // 12, (6 + k) % 12 + 1, 1) for k in range(15)]
    items = {"revenue": 90_000, "cost_of_revenue": 20_000, "operating_cash_flow": -9_000, "capex": 3_000}
    return {
        "finance_month": [
            {"month": month, "item": item, "kind": "actual", "amount": usual + rng.randrange(900), "currency": "EUR"}
            for month in months
            for item, usual in items.items()
        ],
        "spend": [
            {
                "spend_id": f"{month}{centre}{campaign}",
                "on": month + timedelta(days=rng.randrange(28)),
                "cost_centre": centre,
                "campaign_id": campaign,
                "amount": rng.randrange(1000, 9000),
                "currency": rng.choice(["EUR", "USD"]),
                "kind": rng.choice(["actual", None]),
            }
            for month in months
            for centre, campaign in (("sales", None), ("Marketing", None), ("marketing", "c1"), ("research", None))
        ],
        "usage_daily": [
            {"account_id": f"a{k}", "product_id": "core", "on": START + timedelta(days=10 * d), "active_users": 3}
            for k in range(0, 30, 2)
            for d in range(44)
        ],
    }


def day(rng: random.Random, span: int = 440) -> date:
    return START + timedelta(days=rng.randrange(span))


def at(day_: date, hour: int = 23) -> datetime:
    return datetime(day_.year, day_.month, day_.day, hour, 30)


def organisation(rng: random.Random) -> dict[str, Any]:
    accounts = [
        {
            "account_id": f"a{k}",
            "ultimate_parent_id": f"a{k - k % 2}" if k < 10 else None,
            "merged_into": "a1" if k == 11 else None,
            "segment": rng.choice(["SMB", "ENT", None]),
            "region": rng.choice(["N", "S", None]),
            "industry": rng.choice(["retail", "steel"]),
            "owner_id": rng.choice(["p1", "p2", None]),
        }
        for k in range(30)
    ]
    history = []
    for k in range(0, 30, 3):
        moved = at(day(rng))
        history += [
            {"account_id": f"a{k}", "segment": "SMB", "owner_id": "p1", "valid_from": at(START), "valid_to": moved},
            {"account_id": f"a{k}", "segment": "ENT", "owner_id": "p2", "valid_from": moved, "valid_to": None},
        ]
    return {
        "dim_account": accounts,
        "dim_account_history": history,
        "dim_person": [
            {"person_id": "p1", "name": "Ann", "role": "ae", "team_id": "t1", "manager_id": "m"},
            {"person_id": "p2", "name": "Ann", "role": "ae", "team_id": "t2", "manager_id": "m"},
            {"person_id": "p3", "name": None, "role": None, "team_id": None, "manager_id": None},
            {"person_id": "m", "name": "Mia", "role": "manager", "team_id": "t1", "manager_id": None},
        ],
        "dim_team": [{"team_id": "t1", "region": "N"}, {"team_id": "t2", "region": None}],
        "dim_product": [
            {"product_id": "core", "name": "Core", "category": "recurring"},
            {"product_id": "plus", "name": "Plus", "category": "usage"},
        ],
        "dim_stage": [
            *({"pipeline_id": "x", "stage_id": s, "ordinal": k, "type": "open"} for k, s in enumerate(STAGES, 1)),
            {"pipeline_id": "x", "stage_id": "won", "ordinal": 8, "type": "won"},
            {"pipeline_id": "x", "stage_id": "lost", "ordinal": 9, "type": "lost"},
        ],
        "fx_rate": [
            {"on": date(2026, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.9},
            *(
                {"on": START + timedelta(days=30 * k), "currency": "USD", "rate_type": "spot", "rate": 0.8 + k / 100}
                for k in range(16)
            ),
        ],
    }


def revenue(rng: random.Random) -> dict[str, Any]:
    subscriptions, lines, contracts, invoices, renewals = [], [], [], [], []
    for k in range(40):
        begin = day(rng, 300)
        ended = begin + timedelta(days=rng.randrange(40, 400)) if k % 3 == 0 else None
        account = f"a{k % 30}"
        subscriptions.append(
            {
                "subscription_id": f"s{k}",
                "account_id": account,
                "contract_id": f"k{k}",
                "status": "past_due" if k % 11 == 0 else "active",
                "ended_on": ended,
                "trial_end_on": begin + timedelta(days=20) if k % 7 == 0 else None,
                "paused_on": begin + timedelta(days=100) if k % 5 == 1 else None,
                "resumed_on": begin + timedelta(days=170) if k % 10 == 1 else None,
                "current_term_end_on": ended + timedelta(days=60) if ended else None,
                "past_due_since_on": date(2026, 8, 1) if k % 11 == 0 else None,
                "cancel_reason": rng.choice(["voluntary", "payment_failed", "end_of_business", None])
                if ended
                else None,
            }
        )
        split = begin + timedelta(days=rng.randrange(30, 200))
        for place, (since, until) in enumerate(((begin, split), (split, ended))):
            if until and until < since:
                continue
            lines.append(
                {
                    "line_id": f"l{k}",
                    "subscription_id": f"s{k}",
                    "product_id": rng.choice(["core", "core", "plus"]),
                    "quantity": rng.randrange(1, 20),
                    "unit_price": rng.randrange(100, 99_999) / 100,
                    "currency": rng.choice(["EUR", "EUR", "USD"]),
                    "interval": rng.choice(["month", "quarter", "year"]),
                    "interval_count": rng.choice([1, 1, 3]),
                    "discount_amount": rng.choice([None, 3.5]),
                    "discount_kind": rng.choice(["forever", "repeating"]),
                    "discount_months": rng.choice([2, 7, None]),
                    "is_metered": None,
                    "committed_minimum": 40 if place else None,
                    "valid_from": since,
                    "valid_to": until,
                }
            )
        term_end = begin + timedelta(days=365)
        contracts.append(
            {
                "contract_id": f"k{k}",
                "account_id": account,
                "start_on": begin,
                "end_on": term_end,
                "tcv": rng.randrange(1, 99_999) / 7,
                "currency": rng.choice(["EUR", "USD"]),
            }
        )
        renewals.append(
            {
                "renewal_id": f"r{k}",
                "account_id": account,
                "contract_id": f"k{k}",
                "term_end_on": term_end if k % 2 else (ended or term_end),
                "atr": rng.randrange(1000),
                "status": rng.choice(["open", "won", "late"]),
                "risk_class": rng.choice(["will_renew", "will_churn", None]),
            }
        )
        invoices.append(
            {
                "invoice_id": f"i{k}",
                "account_id": account,
                "subscription_id": f"s{k}",
                "contract_id": f"k{k}",
                "status": rng.choice(["open", "paid", "void"]),
                "issued_on": begin,
                "due_on": begin + timedelta(days=30),
                "paid_on": begin + timedelta(days=rng.randrange(10, 200)) if k % 4 else None,
                "total": 100.5,
                "currency": "EUR",
            }
        )
    # a renewal that is late at as_of, within its grace
    late = date(2026, 9, 15)
    subscriptions.append(subscriptions[1] | {"subscription_id": "s-late", "contract_id": "k-late", "paused_on": None})
    lines.append(lines[2] | {"line_id": "late", "subscription_id": "s-late", "valid_to": late, "quantity": 50})
    renewals.append(
        renewals[1] | {"renewal_id": "late", "contract_id": "k-late", "term_end_on": late, "status": "late"}
    )
    return {
        "subscription": subscriptions,
        "subscription_line": lines,
        "contract": contracts,
        "invoice": invoices,
        "renewal": renewals,
    }


def sales(rng: random.Random) -> dict[str, Any]:
    deals_, history, lines, splits = [], [], [], []
    for k in range(120):
        created = day(rng, 400)
        states = [(at(created), "lead"), (at(created + timedelta(days=9)), rng.choice(STAGES))]
        close = created + timedelta(days=rng.randrange(20, 120))
        outcome = rng.choice(["won", "won", "lost", "open"])
        if outcome != "open" and close <= date(2026, 10, 4):
            states.append((at(close, 9), outcome))
        else:
            outcome = "open"
        amount = rng.choice([None, *(rng.randrange(100, 9_999_999) / 100 for _ in range(9))])
        for place, (since, stage) in enumerate(states):
            until = states[place + 1][0] if place + 1 < len(states) else None
            grown = amount * (1 + place / 4) if amount and place < len(states) - 1 else amount
            history.append(
                {
                    "opportunity_id": f"o{k}",
                    "valid_from": since,
                    "valid_to": until,
                    "stage_id": stage,
                    "amount": round(grown, 2) if grown else grown,
                    "currency": "EUR",
                    "close_on": close + timedelta(days=rng.choice([0, 0, 60])) if place < 2 else close,
                    "forecast_category": rng.choice(["pipeline", "commit", "omitted", None]),
                }
            )
        deals_.append(
            {
                "opportunity_id": f"o{k}",
                "account_id": f"a{k % 40}",
                "owner_id": rng.choice(["p1", "p2", "p3", "m"]),
                "type": rng.choice(["new", "expansion", "renewal"]),
                "pipeline_id": "x",
                "stage_id": states[-1][1],
                "forecast_category": rng.choice(["pipeline", "commit", None]),
                "amount": amount,
                "acv": rng.choice([None, round(amount / 2, 2) if amount else None]),
                "currency": rng.choice(["EUR", "EUR", "USD"]),
                "created_at": at(created),
                "close_on": history[-1]["close_on"],
                "is_closed": outcome != "open",
                "is_won": outcome == "won",
                "lost_reason": rng.choice([None, "Price", "duplicate"]),
                "competitor": rng.choice([None, "Rival"]),
                "lead_source": rng.choice(["web", "event"]),
            }
        )
        for product in ("core", "plus"):
            line = {"line_id": f"{k}{product}", "opportunity_id": f"o{k}", "product_id": product}
            lines.append(line | {"amount": rng.randrange(900)})
        if k % 3 == 0:
            for person, share in (("p1", 0.6), ("p2", 0.4)):
                split = {"split_id": f"{k}{person}", "opportunity_id": f"o{k}", "person_id": person}
                splits.append(split | {"split_type": "revenue", "share": share})
    return {
        "opportunity": deals_,
        "opportunity_history": history,
        "opportunity_line": lines,
        "opportunity_split": splits,
        "quota": [
            {
                "quota_id": f"q{p}{m}",
                "owner_id": p,
                "period_start": date(2026, m, 1),
                "period_end": date(2026, m + 1, 1),
                "amount": 50_000 + m,
                "level": "manager" if p == "m" else "rep",
                "relief_amount": 9_000 if m == 8 else None,
            }
            for p in ("p1", "p2", "m")
            for m in range(1, 12)
        ],
        "plan": [
            {
                "metric_id": "BKG-01",
                "scope": f'{{"region":"{region}"}}',
                "period_start": date(2026, 3 * q - 2, 1),
                "period_end": date(2026 + q // 4, 3 * q % 12 + 1, 1),
                "version": "budget",
                "value": 900_000 + q,
            }
            for region in ("N", "S")
            for q in range(1, 5)
        ],
        "lead": [
            {
                "lead_id": f"l{k}",
                "created_at": (created := at(day(rng))),
                "converted_at": created + timedelta(days=40) if k % 4 == 0 else None,
                "lead_source": rng.choice(["web", None]),
                "assigned_to": rng.choice(["p1", None]),
            }
            for k in range(60)
        ],
    }
