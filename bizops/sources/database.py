"""Databases: a DuckDB file, or any engine that Ibis speaks, used in place.

A URL may hold ``${NAME}``, which is read from the environment, so that no secret lies in a file or a record.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bizops.errors import InputError, did_you_mean
from bizops.schema import TABLES
from bizops.schema.check import Violation
from bizops.schema.table import Column, Table
from bizops.sources.engine import literal, quoted, rows
from bizops.sources.raw import Raw, fingerprint

if TYPE_CHECKING:
    import duckdb
    import ibis
    from ibis.backends import BaseBackend

_FAMILIES = {
    "string": ("string", "uuid", "json"),
    "integer": ("integer", "decimal", "floating"),
    "decimal": ("integer", "decimal", "floating"),
    "boolean": ("boolean",),
    "date": ("date", "timestamp"),
    "timestamp": ("timestamp", "date"),
}


def attach_duckdb(
    con: duckdb.DuckDBPyConnection, path: Path, only: frozenset[str] | None = None, alias: str = "source"
) -> dict[str, Raw]:
    """Attach a DuckDB file read-only and return its tables that the contract knows.

    Raises
    ------
    InputError
        The file is missing, no DuckDB file, locked by another program, or has no table of the contract.
    """
    attach(con, path, alias)
    print_ = fingerprint(path)
    tables = {}
    for schema, name in tables_of(con, alias):
        if name in TABLES and (only is None or name in only):
            relation = f"{quoted(alias)}.{quoted(schema)}.{quoted(name)}"
            columns = tuple(r[0] for r in rows(con, f"DESCRIBE SELECT * FROM {relation}"))
            count = rows(con, f"SELECT count(*) FROM {relation}")[0][0]
            tables[name] = Raw(relation, f"{path.name}/{name}", columns, count, print_)
    if not tables:
        fix = "create tables or views named as in the contract, such as opportunity, or write a mapping"
        raise InputError("the database holds no table of the contract", where=str(path), fix=fix)
    return tables


def attach(con: duckdb.DuckDBPyConnection, path: Path, alias: str) -> None:
    """Attach a DuckDB file read-only as catalogue ``alias``; raises ``InputError`` when that is not possible."""
    import duckdb

    if not path.is_file():
        raise InputError("the file does not exist", where=str(path), fix="correct source.path in the company file")
    try:
        con.execute(f"ATTACH {literal(str(path))} AS {quoted(alias)} (READ_ONLY)")
    except duckdb.Error as error:
        locked = "lock" in str(error).lower()
        problem = "another program holds the file open for writing" if locked else "not a readable DuckDB file"
        fix = "close that program" if locked else "check the file, or write it again with DuckDB 1.x"
        raise InputError(problem, where=str(path), fix=fix) from error


def tables_of(con: duckdb.DuckDBPyConnection, alias: str) -> list[tuple[str, str]]:
    """Return schema and name of the tables and views of an attached catalogue; schema ``main`` comes last."""
    found = rows(
        con,
        "SELECT table_schema, table_name FROM information_schema.tables "
        f"WHERE table_catalog = {literal(alias)} ORDER BY table_schema <> 'main', 1, 2",
    )
    return [(schema, name) for schema, name in found]


def connect_url(url: str) -> BaseBackend:
    """Return the Ibis backend behind ``url`` after filling in ``${NAME}`` from the environment.

    Raises
    ------
    InputError
        A name is not set, the backend is unknown or not installed, or no connection is possible. The message never
        shows the filled-in URL.
    """
    import ibis

    filled = re.sub(r"\$\{(\w+)\}", lambda found: _environment(found[1], url), url)
    try:
        return ibis.connect(filled)
    except Exception as error:  # noqa: BLE001  every backend raises its own kinds
        kind = url.split(":", 1)[0]
        problem = f"no connection ({type(error).__name__})"
        fix = f"check host, port, user and password, and that the driver is there: pip install 'ibis-framework[{kind}]'"
        raise InputError(problem, where=safe(url), fix=fix) from None


def safe(url: str) -> str:
    """Return ``url`` without what may be a secret: the password, and every value of its query."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    user = parts.username or ""
    secret = ":***" if parts.password is not None else ""
    query = "&".join(f"{pair.partition('=')[0]}=***" for pair in parts.query.split("&") if pair)
    netloc = f"{user}{secret}@{place}" if "@" in parts.netloc else place
    return f"{parts.scheme}://{netloc}{parts.path}" + (f"?{query}" if query else "")


def _environment(name: str, url: str) -> str:
    if name not in os.environ:
        raise InputError(f"the environment has no {name}", where=safe(url), fix=f"set {name} before you call")
    return os.environ[name]


def open_tables(
    backend: BaseBackend, origin: str, zone: str, only: frozenset[str] | None = None
) -> tuple[dict[str, ibis.Table], dict[str, str], list[Violation]]:
    """Return the typed canonical tables of a database in place, their content fingerprints, and what is wrong.

    Raises
    ------
    InputError
        The database holds no table of the contract.
    """
    names = [n for n in backend.list_tables() if n in TABLES and (only is None or n in only)]
    if not names:
        hint = next((h for n in backend.list_tables() if (h := did_you_mean(n, TABLES))), "")
        fix = "create views named as in the contract, such as opportunity, or write a mapping"
        raise InputError(f"the database holds no table of the contract.{hint}", where=origin, fix=fix)
    _use_utc(backend)
    tables: dict[str, ibis.Table] = {}
    prints: dict[str, str] = {}
    found: list[Violation] = []
    for name in names:
        source = backend.table(name)
        tables[name], violations = _typed(TABLES[name], source, f"{origin}/{name}", zone)
        prints[name] = _content(backend, name, source)
        found += violations
    return tables, prints, found


def _use_utc(backend: BaseBackend) -> None:
    """An instant without an offset is UTC, whatever the server thinks."""
    if backend.name == "postgres":
        backend.raw_sql("SET TimeZone = 'UTC'").close()


def _typed(table: Table, source: ibis.Table, origin: str, zone: str) -> tuple[ibis.Table, list[Violation]]:
    found, chosen = [], {}
    schema = source.schema()
    for name in source.columns:
        if name not in table.names:
            says = f"the contract knows no such column, it is left out.{did_you_mean(name, table.names)}"
            found.append(Violation("column", "warning", origin, table.name, name, says, "rename it, or ignore this"))
            continue
        column, given = table[name], schema[name]
        kind = "string" if column.type in ("enum", "json") else column.type
        fits = any(getattr(given, f"is_{family}")() for family in _FAMILIES[kind])
        if not fits and kind != "string":
            found.append(_wrong_type(table, column, str(given), origin))
            continue
        chosen[name] = _cast(source[name], column, zone)
    return source.select(**chosen), found


def _wrong_type(table: Table, column: Column, given: str, origin: str) -> Violation:
    says = f"the column is {given} where {column.type} belongs"
    fix = "cast it in a view, or read the table through a mapping"
    return Violation("type", "error", origin, table.name, column.name, says, fix)


def _cast(cell: Any, column: Column, zone: str) -> Any:
    from bizops.schema.instants import instant_of_day, local_day

    given = cell.type()
    if column.type == "date" and given.is_timestamp():
        return local_day(cell, zone) if given.timezone else cell.date()
    if column.type == "timestamp" and given.is_date():
        return instant_of_day(cell, zone)
    return cell.cast(column.dtype)


def _content(backend: BaseBackend, name: str, source: ibis.Table) -> str:
    """Row count, and on Postgres a hash of every row that does not depend on their order."""
    if backend.name == "postgres":
        row = "('x' || substr(md5(t::text), 1, 8))::bit(32)::bigint"
        sql = f"SELECT count(*), coalesce(sum({row}), 0) FROM {quoted(name)} t"
        with backend.raw_sql(sql) as cursor:
            count, total = cursor.fetchone()
        return f"rows:{count}:{int(total):x}"
    return f"rows:{source.count().to_pyarrow().as_py()}"
