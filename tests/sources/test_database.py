"""DuckDB files and other engines: the same rows as from the folder, used where they are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import ibis
import pytest

from bizops.company import Company
from bizops.errors import ContractError, InputError
from bizops.sources import open_data
from bizops.sources.database import connect_url, safe
from tests.sources.conftest import AS_OF, Place

SQL = """
CREATE TABLE dim_person AS SELECT * FROM (VALUES
  ('P-1', 'Ada Lovelace', DATE '2020-01-01'), ('P-2', 'Grace', NULL)) t(person_id, name, hired_on);
CREATE TABLE dim_stage AS SELECT * FROM (VALUES ('S-1', 1, 'open'), ('S-W', 2, 'won')) t(stage_id, ordinal, type);
CREATE TABLE opportunity AS SELECT * FROM (VALUES
  ('O-1', 'P-1', 'S-W', 100.5, TIMESTAMP '2025-11-01 10:00:00', DATE '2026-01-05', 'new'),
  ('O-2', 'P-1', 'S-1', NULL, TIMESTAMP '2025-11-02 10:00:00', DATE '2026-05-05', 'new'),
  ('O-3', 'P-2', 'S-W', 70, TIMESTAMP '2026-03-31 21:59:59', DATE '2026-06-05', 'expansion'),
  ('O-4', 'P-2', 'S-1', 70, TIMESTAMP '2026-03-31 22:00:00', DATE '2026-06-05', 'expansion')
) t(opportunity_id, owner_id, stage_id, amount, created_at, close_on, type);
CREATE TABLE gossip AS SELECT 1 AS x;
"""  # fmt: skip

EXPECTED = [
    ("O-1", "S-W", 100.5, date(2026, 1, 5), True, True),
    ("O-2", "S-1", None, date(2026, 5, 5), False, False),
    ("O-3", None, None, None, False, False),  # closed after as_of, without history
]


def seen(company: Company) -> list[tuple[object, ...]]:
    with open_data(company, AS_OF) as data:
        rows = data["opportunity"].order_by("opportunity_id").to_pyarrow().to_pylist()
        assert data.has("opportunity", "is_won", "currency")
    return [
        (
            r["opportunity_id"],
            r["stage_id"],
            r["amount"] and float(r["amount"]),
            r["close_on"],
            r["is_closed"],
            r["is_won"],
        )
        for r in rows
    ]


@pytest.fixture
def file(place: Place) -> Path:
    path = place.folder / "company.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(SQL)
    return path


def test_duckdb_file(place: Place, file: Path) -> None:
    company = place.company(kind="duckdb", path=file.name)
    assert seen(company) == EXPECTED
    with open_data(company, AS_OF) as data:
        assert sorted(data) == ["dim_person", "dim_stage", "opportunity"]
        assert data.info["opportunity"].origin == "company.duckdb/opportunity"
        assert data.info["opportunity"].excluded == {"later than as_of": 1}
        # Types of the contract, whatever the file has.
        assert str(data["opportunity"].amount.type()) == "decimal(18, 4)"
        assert str(data["opportunity"].created_at.type()) == "timestamp('UTC', 6)"


def test_outcomes_come_from_stages(place: Place, file: Path) -> None:
    with open_data(place.company(kind="duckdb", path=file.name), date(2026, 7, 1)) as data:
        rows = data["opportunity"].order_by("opportunity_id").to_pyarrow().to_pylist()
    assert [r["is_won"] for r in rows] == [True, False, True, False]


def test_the_file_is_left_alone(place: Place, file: Path) -> None:
    before = file.read_bytes()
    seen(place.company(kind="duckdb", path=file.name))
    assert file.read_bytes() == before
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE later AS SELECT 1")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the file does not exist"),
        (b"no database", "not a readable DuckDB file"),
        (b"", "not a readable DuckDB file|no table"),
    ],
)
def test_unreadable_files(place: Place, content: bytes | None, says: str) -> None:
    if content is not None:
        (place.folder / "x.duckdb").write_bytes(content)
    with pytest.raises(InputError, match=says):
        open_data(place.company(kind="duckdb", path="x.duckdb"), AS_OF)


def test_database_without_a_table_of_the_contract(place: Place) -> None:
    with duckdb.connect(str(place.folder / "x.duckdb")) as con:
        con.execute("CREATE TABLE deals AS SELECT 1 AS x")
    with pytest.raises(InputError, match="holds no table of the contract"):
        open_data(place.company(kind="duckdb", path="x.duckdb"), AS_OF)


def test_wrong_types_name_the_column(place: Place, file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("ALTER TABLE opportunity ALTER close_on TYPE VARCHAR USING strftime(close_on, '%d.%m.%Y')")
    with pytest.raises(
        ContractError, match=r"company\.duckdb/opportunity: opportunity\.close_on: 4 of 4 rows: no possible day"
    ):
        open_data(place.company(kind="duckdb", path=file.name), AS_OF)


# -- other engines -----------------------------------------------------------------------------------------------------


def load(url: str) -> None:
    backend = ibis.connect(url)
    for statement in SQL.split(";"):
        if statement.strip():
            name = statement.split()[2]
            backend.raw_sql(f"DROP TABLE IF EXISTS {name} CASCADE; {statement}").close()
    backend.con.commit()
    backend.disconnect()


def test_postgres_in_place(place: Place, postgres_url: str) -> None:
    load(postgres_url)
    company = place.company(kind="url", url=postgres_url)
    # The server's own time zone is Tokyo; instants without an offset are UTC all the same.
    assert seen(company) == EXPECTED
    with open_data(company, AS_OF) as data:
        assert data["opportunity"].get_backend().name == "postgres"
        assert data.info["opportunity"].fingerprint.startswith("rows:4:")
        first = data.info["opportunity"].fingerprint
    backend = ibis.connect(postgres_url)
    backend.raw_sql("UPDATE opportunity SET amount = 71 WHERE opportunity_id = 'O-3'").close()
    backend.con.commit()
    backend.disconnect()
    with open_data(company, AS_OF) as data:
        assert data.info["opportunity"].fingerprint != first


def test_postgres_violations_and_mappings(place: Place, postgres_url: str) -> None:
    load(postgres_url)
    backend = ibis.connect(postgres_url)
    backend.raw_sql("INSERT INTO opportunity SELECT * FROM opportunity WHERE opportunity_id = 'O-1'").close()
    backend.raw_sql("ALTER TABLE dim_person ALTER hired_on TYPE text").close()
    backend.con.commit()
    backend.disconnect()
    with pytest.raises(ContractError) as caught:
        open_data(place.company(kind="url", url=postgres_url), AS_OF)
    assert "opportunity.opportunity_id" in str(caught.value)
    assert "dim_person.hired_on: the column is string where date belongs" in str(caught.value)
    text = f"""
files:
  deals: {{url: "{postgres_url}", table: opportunity}}
tables:
  opportunity:
    from: deals
    where: opportunity_id <> 'O-1'
    columns:
      opportunity_id: opportunity_id
      amount: amount
      close_on: close_on
      created_at: created_at
      is_closed: {{column: stage_id, map: {{S-W: true}}, default: false}}
      is_won: {{column: stage_id, map: {{S-W: true}}, default: false}}
"""
    assert [r["opportunity_id"] for r in place.frame("opportunity", place.mapped(text))] == ["O-2", "O-3"]


def test_a_url_never_shows_its_password(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert safe("postgres://me:secret@host/db") == "postgres://me:***@host/db"
    monkeypatch.setenv("PASSWORD_OF_TEST", "very-secret")
    with pytest.raises(InputError) as caught:
        connect_url("postgres://me:${PASSWORD_OF_TEST}@127.0.0.1:1/db?connect_timeout=1")
    assert "very-secret" not in str(caught.value)
    assert "no connection" in str(caught.value)
    with pytest.raises(InputError, match="the environment has no NOT_SET_HERE"):
        connect_url("postgres://me:${NOT_SET_HERE}@host/db")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://u:p@ss@h:5432/db?sslpassword=x&a=b", "postgres://u:***@h:5432/db?sslpassword=***&a=***"),
        ("postgres://u@h/db", "postgres://u@h/db"),
        ("duckdb:///folder/file.db", "duckdb:///folder/file.db"),
    ],
)
def test_a_url_is_told_without_its_secrets(url: str, shown: str) -> None:
    from bizops.sources.database import safe

    assert safe(url) == shown
