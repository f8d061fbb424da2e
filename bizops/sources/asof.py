"""The one place where ``as_of`` is applied: what was not known then is not in the tables.

A row goes for the first reason that holds: a later extract replaces it, it is deleted, a test record or belongs to an
account that no report counts (C08), it became known later, or its parent went. Rows that stay lose what happened
later: end dates and what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bizops.schema import TABLES
from bizops.schema.dimensions import EXCLUDED_ACCOUNT_TYPES
from bizops.schema.table import Table

if TYPE_CHECKING:
    import ibis

REASON = "__reason"
LATER = "later than as_of"
SUPERSEDED = "replaced by a later extract"


@dataclass(frozen=True)
class AsOf:
    """The exclusive upper bound: ``instant`` for instants, ``day`` (the last one included) for local days."""

    instant: datetime
    day: date

    def is_later(self, cell: Any) -> Any:
        """An expression: the date or instant is later than ``as_of`` (empty where the cell is empty)."""
        return cell >= self.instant if cell.type().is_timestamp() else cell > self.day


@dataclass(frozen=True)
class Cut:
    """A table at ``as_of``: ``kept`` rows, ``removed`` rows with their reason, how many, and the latest extract."""

    kept: ibis.Table
    removed: ibis.Table
    rows: int
    excluded: Mapping[str, int]
    extracted_at: datetime | None = None


def ordered(tables: Mapping[str, Any]) -> list[str]:
    """Names of the tables, parents before the tables whose rows follow them."""
    placed: list[str] = []
    while len(placed) < len(tables):
        for name in tables:
            parents = {p for p, _ in _parents(TABLES[name]) if p in tables and p != name}
            if name not in placed and parents <= set(placed):
                placed.append(name)
    return placed


def _parents(table: Table) -> Iterator[tuple[str, str]]:
    """Parent table and own column of each key that the table's rows follow."""
    for column in table.time.follows:
        yield table[column].ref.split(".")[0], column


def cut(name: str, rows: ibis.Table, as_of: AsOf, removed: Mapping[str, ibis.Table]) -> Cut:
    """Return table ``name`` as it was at ``as_of``.

    ``removed`` holds, of the tables cut before, the rows that went; only tables that lost any.
    """
    import ibis

    table = TABLES[name]
    first, last = _extracts(rows)
    branches = list(_branches(table, rows, as_of, removed, is_one_extract=first == last))
    nothing = ibis.null("string")
    marked = rows.mutate(**{REASON: ibis.cases(*branches, else_=nothing) if branches else nothing})
    found = marked.group_by(REASON).aggregate(n=marked.count()).to_pyarrow().to_pylist()
    counts = {row[REASON]: int(row["n"]) for row in found}
    excluded = {str(reason): n for reason, n in counts.items() if reason is not None}
    kept = marked.filter(marked[REASON].isnull()).drop(REASON) if excluded else rows
    gone = marked.filter(marked[REASON].notnull())
    if last and excluded:
        last = _extracts(kept)[1]
    return Cut(_closed(table, kept, as_of), gone, counts.get(None, 0), dict(sorted(excluded.items())), last)


def _extracts(rows: ibis.Table) -> tuple[datetime | None, datetime | None]:
    """The first and the last instant at which rows were extracted."""
    if "extracted_at" not in rows.columns:
        return None, None
    cell = rows.extracted_at
    found = rows.aggregate(first=cell.min(), last=cell.max()).to_pyarrow().to_pylist()[0]
    return found["first"], found["last"]


def _branches(
    table: Table, rows: ibis.Table, as_of: AsOf, removed: Mapping[str, ibis.Table], *, is_one_extract: bool
) -> Iterator[tuple[Any, str]]:
    """Conditions under which a row goes, with their reasons; the first that holds counts."""
    if not is_one_extract and (replaced := _replaced(table, rows, as_of)) is not None:
        yield replaced, SUPERSEDED
    if (later := _known_later(table, rows, as_of)) is not None:
        yield later, LATER
    if "is_deleted" in rows.columns:
        yield rows.is_deleted.fill_null(False), "deleted"
    if "is_test" in rows.columns:
        yield rows.is_test.fill_null(False), "test record"
    if table.name == "dim_account" and "type" in rows.columns:
        for kind in EXCLUDED_ACCOUNT_TYPES:
            yield (rows.type == kind).fill_null(False), f"{kind} account"
    for parent, column in _parents(table):
        if parent in removed and column in rows.columns and parent != table.name:
            keys = removed[parent][table[column].ref.split(".")[1]]
            yield rows[column].notnull() & rows[column].isin(keys), f"{parent} excluded"


def _replaced(table: Table, rows: ibis.Table, as_of: AsOf) -> Any:
    """True for a row of which a later extract known at ``as_of`` exists; ties stay and break the key."""
    import ibis

    keys = [k for k in table.key if k in rows.columns]
    twice = rows.group_by(*keys).having(rows.count() > 1).aggregate(n=rows.count())
    if not twice.count().to_pyarrow().as_py():
        return None
    known = (rows.extracted_at < as_of.instant).fill_null(False)
    order = [known.desc(), rows.extracted_at.desc(nulls_first=False)]
    return ibis.rank().over(ibis.window(group_by=keys, order_by=order)) > 0


def _known_later(table: Table, rows: ibis.Table, as_of: AsOf) -> Any:
    column = table.time.known_at
    if column is None or column not in rows.columns:
        return None
    when: Any = rows[column]
    # A month is known when it has ended: it began before the month of the day after as_of.
    current_month = (as_of.day + timedelta(days=1)).replace(day=1)
    later = when >= current_month if table.time.month else as_of.is_later(when)
    for other, values in table.time.ahead.items():
        if other in rows.columns:
            later = later & ~rows[other].isin(values).fill_null(False)
    return later.fill_null(False)


def _closed(table: Table, rows: ibis.Table, as_of: AsOf) -> ibis.Table:
    """Empty what is later than ``as_of``, and set back what follows from it."""
    import ibis

    changes: dict[str, Any] = {}
    for name in table.time.closes:
        if name not in rows.columns:
            continue
        later = as_of.is_later(rows[name]).fill_null(False)
        changes[name] = later.ifelse(ibis.null(rows[name].type()), rows[name])
        for follower, value in table.time.resets.get(name, {}).items():
            if follower in rows.columns:
                before = changes.get(follower, rows[follower])
                was = ibis.null(rows[follower].type()) if value is None else ibis.literal(value)
                changes[follower] = later.ifelse(was, before)
    return rows.mutate(**changes) if changes else rows
