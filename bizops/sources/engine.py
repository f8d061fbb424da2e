"""The embedded engine: DuckDB in memory, with its settings and the SQL functions of mappings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bizops.sources.macros import SETUP

if TYPE_CHECKING:
    import duckdb
    from ibis.backends.duckdb import Backend

THREADS = min(4, os.cpu_count() or 1)

SETTINGS = (
    "TimeZone = 'UTC'",
    # An extension that is not built in must never be fetched behind the user's back.
    "autoinstall_known_extensions = false",
    # The number of a row in its file is counted while reading.
    "preserve_insertion_order = true",
)

SCHEMAS = ("raw", "mapped", "typed", "restored", "removed")
"""Where tables stand on their way: as the source has them, mapped, typed, at ``as_of``, and rows that went."""


def quoted(name: str) -> str:
    """Return ``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Return a string, number, boolean or nothing as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def connect() -> Backend:
    """Return an empty in-memory DuckDB as an Ibis backend: UTC, a stated number of threads, no downloads."""
    import ibis

    backend: Backend = ibis.duckdb.connect(threads=THREADS)
    for setting in SETTINGS:
        backend.con.execute(f"SET {setting}")
    backend.con.execute(SETUP)
    backend.con.execute("".join(f"CREATE SCHEMA {name};" for name in SCHEMAS))
    return backend


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Return all rows of a query."""
    found: list[tuple[Any, ...]] = con.execute(sql).fetchall()
    return found
