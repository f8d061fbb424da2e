"""From the cells of a source to the types of the contract, naming every cell that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bizops.errors import did_you_mean
from bizops.schema.check import SHOWN, Violation
from bizops.schema.table import Column, Table
from bizops.sources.engine import literal, quoted, rows
from bizops.sources.footer import Footer, footer
from bizops.sources.raw import FILE, ROW, Raw

if TYPE_CHECKING:
    import duckdb

_SQL_TYPES = {
    "string": "VARCHAR",
    "enum": "VARCHAR",
    "json": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}

_DAY = r"'^\s*\d{4}-\d{2}-\d{2}\s*$'"
_MIDNIGHT = r"'^\s*\d{4}-\d{2}-\d{2}[T ]00:00(:00(\.0+)?)?\s*$'"
_INSTANT = r"'^\s*\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[-+]\d{2}(:?\d{2})?)?\s*$'"
_OFFSET = r"'(Z|UTC|:\d{2}(\.\d+)?\s*[-+]\d{2}(:?\d{2})?)\s*$'"

_WANTED = {
    "integer": ("no whole number", "write digits only, such as 1200; a mapping can read other forms"),
    "decimal": ("no number", "write plain digits such as 1234.50; a mapping reads currency signs and decimal commas"),
    "boolean": ("neither true nor false", "write true or false"),
    "date": ("no possible day of the form YYYY-MM-DD", "correct the date; a mapping can read other forms"),
    "timestamp": (
        "no possible instant of the form YYYY-MM-DDTHH:MM:SS with Z or an offset",
        "correct it; a mapping can read other forms and other time zones",
    ),
}


@dataclass(frozen=True)
class Cell:
    """How a source column becomes a contract column: SQL of the value, and SQL that is true where a cell is refused."""

    value: str
    refused: str = "FALSE"


@dataclass
class Conformed:
    """A typed table in the engine under ``relation``, and what was found on the way."""

    relation: str
    rows: int
    columns: tuple[str, ...]
    found: list[Violation] = field(default_factory=list)


def sql_type(column: Column) -> str:
    """Return DuckDB's name of a contract column's type."""
    if column.type == "decimal":
        return "DECIMAL(18, 8)" if column.unit == "rate" else "DECIMAL(18, 4)"
    return _SQL_TYPES[column.type]


def cell(column: Column, source_type: str, reference: str, zone: str) -> Cell:
    """Return how a value of DuckDB type ``source_type`` is read as ``column``.

    ``zone`` gives days a midnight and instants a day. Text without an offset is UTC. What has no reading is refused
    unless it is empty.
    """
    family = _family(source_type)
    reader: Callable[[Column, str, str], Cell] | None = _READERS.get((family, _kind(column)))
    if reader is None:
        return Cell(f"CAST(NULL AS {sql_type(column)})", f"{reference} IS NOT NULL")
    return reader(column, reference, zone)


def _family(source_type: str) -> str:
    upper = source_type.upper()
    if upper.startswith(("VARCHAR", "UUID", "ENUM", "JSON")):
        return "text"
    if upper.startswith(("FLOAT", "DOUBLE", "REAL")):
        return "float"
    if upper.startswith("DECIMAL") or upper.endswith(("INT", "INTEGER", "BIGINT")):
        return "number"
    if upper == "TIMESTAMP WITH TIME ZONE":
        return "instant"
    if upper.startswith("TIMESTAMP"):
        return "naive"
    return upper.lower()


def _kind(column: Column) -> str:
    return "string" if column.type in ("string", "enum", "json") else column.type


def _tried(column: Column, value: str, source: str) -> Cell:
    return Cell(value, f"{source} IS NOT NULL AND {value} IS NULL")


def _text_number(column: Column, ref: str, zone: str) -> Cell:
    return _tried(column, f"TRY_CAST({ref} AS {sql_type(column)})", f"nullif(trim({ref}), '')")


def _text_integer(column: Column, ref: str, zone: str) -> Cell:
    exact = f"TRY_CAST({ref} AS DECIMAL(28, 6))"
    whole = f"CASE WHEN {exact} = floor({exact}) THEN TRY_CAST({exact} AS BIGINT) END"
    return _tried(column, whole, f"nullif(trim({ref}), '')")


def _text_date(column: Column, ref: str, zone: str) -> Cell:
    form = f"regexp_matches({ref}, {_DAY}) OR regexp_matches({ref}, {_MIDNIGHT})"
    return _tried(column, f"CASE WHEN {form} THEN TRY_CAST({ref} AS DATE) END", f"nullif(trim({ref}), '')")


def _text_timestamp(column: Column, ref: str, zone: str) -> Cell:
    day = f"timezone({literal(zone)}, TRY_CAST({ref} AS TIMESTAMP))"
    value = (
        f"CASE WHEN regexp_matches({ref}, {_DAY}) THEN {day} "
        f"WHEN regexp_matches({ref}, {_INSTANT}) THEN TRY_CAST({ref} AS TIMESTAMPTZ) END"
    )
    return _tried(column, value, f"nullif(trim({ref}), '')")


def _float(column: Column, ref: str, zone: str) -> Cell:
    # pandas writes a missing number as NaN.
    present = f"CASE WHEN isnan({ref}) THEN NULL ELSE {ref} END"
    if column.type == "integer":
        return _tried(column, f"CASE WHEN {ref} = floor({ref}) THEN TRY_CAST({ref} AS BIGINT) END", present)
    if column.type == "decimal":
        return _tried(column, f"TRY_CAST({ref} AS {sql_type(column)})", present)
    whole = f"CASE WHEN {ref} = floor({ref}) THEN CAST(TRY_CAST({ref} AS BIGINT) AS VARCHAR) END"
    return Cell(f"coalesce({whole}, CAST({present} AS VARCHAR))")


def _number(column: Column, ref: str, zone: str) -> Cell:
    if column.type == "integer":
        return _tried(column, f"CASE WHEN {ref} = floor({ref}) THEN TRY_CAST({ref} AS BIGINT) END", ref)
    return _tried(column, f"TRY_CAST({ref} AS {sql_type(column)})", ref)


def _cast(column: Column, ref: str, zone: str) -> Cell:
    return Cell(f"CAST({ref} AS {sql_type(column)})")


def _zero_one(column: Column, ref: str, zone: str) -> Cell:
    return _tried(column, f"CASE WHEN {ref} = 1 THEN TRUE WHEN {ref} = 0 THEN FALSE END", ref)


def _day_of_naive(column: Column, ref: str, zone: str) -> Cell:
    value = f"CASE WHEN CAST({ref} AS DATE) = {ref} THEN CAST({ref} AS DATE) END"
    return _tried(column, value, ref)


_READERS: dict[tuple[str, str], Callable[[Column, str, str], Cell]] = {
    ("text", "string"): lambda c, ref, z: Cell(
        f"nullif(CAST({ref} AS VARCHAR), '')", f"contains(CAST({ref} AS VARCHAR), chr(0))"
    ),
    ("text", "decimal"): _text_number,
    ("text", "boolean"): _text_number,
    ("text", "integer"): _text_integer,
    ("text", "date"): _text_date,
    ("text", "timestamp"): _text_timestamp,
    ("float", "string"): _float,
    ("float", "integer"): _float,
    ("float", "decimal"): _float,
    ("float", "boolean"): _zero_one,
    ("number", "string"): _cast,
    ("number", "integer"): _number,
    ("number", "decimal"): _number,
    ("number", "boolean"): _zero_one,
    ("boolean", "boolean"): _cast,
    ("boolean", "string"): _cast,
    ("date", "date"): _cast,
    ("date", "string"): _cast,
    ("date", "timestamp"): lambda c, ref, zone: Cell(f"timezone({literal(zone)}, CAST({ref} AS TIMESTAMP))"),
    ("naive", "timestamp"): lambda c, ref, z: Cell(f"timezone('UTC', CAST({ref} AS TIMESTAMP))"),
    ("naive", "date"): _day_of_naive,
    ("instant", "timestamp"): _cast,
    ("instant", "date"): lambda c, ref, zone: Cell(f"local_day({ref}, {literal(zone)})"),
}


def conform(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw, zone: str) -> Conformed:
    """Type the columns that the contract knows and put the result into the engine as ``typed.<table>``.

    Columns that the contract does not know are left out with a warning; refused cells are errors that name the file,
    the column, the row and, unless the column is personal, the value.
    """
    types = {row[0]: row[1] for row in rows(con, f"DESCRIBE SELECT * FROM {raw.relation}")}
    known = [c for c in table.columns if c.name in types]
    cells = {c.name: cell(c, types[c.name], quoted(c.name), zone) for c in known}
    refused, end = _refused(con, table, raw, cells, types)
    found = [*raw.broken, *_unknown(table, raw), *refused]
    relation = f"typed.{quoted(table.name)}"
    # Text is parsed once; tables that have types are read where they are, once more when they are cut at `as_of`.
    kind = "TABLE" if raw.is_text else "VIEW"
    chosen = ", ".join(f"{c.value} AS {quoted(name)}" for name, c in cells.items()) or "NULL AS nothing"
    # What is said of a footer is said once: its cells are not looked at again.
    body = f"{raw.relation} WHERE {ROW} < {end.start}" if end else raw.relation
    con.execute(f"CREATE {kind} {relation} AS SELECT {chosen} FROM {body}")
    if raw.is_text:
        con.execute(f"DROP TABLE IF EXISTS {raw.relation}")
    return Conformed(relation, raw.rows, tuple(cells), found)


def _unknown(table: Table, raw: Raw) -> list[Violation]:
    found = []
    for name in raw.columns:
        if name not in table.names:
            says = f"the contract knows no such column, it is left out.{did_you_mean(name, table.names)}"
            fix = "rename it to the contract's name, or ignore this"
            found.append(Violation("column", "warning", raw.origin, table.name, name, says, fix))
    return found


def _refused(
    con: duckdb.DuckDBPyConnection, table: Table, raw: Raw, cells: Mapping[str, Cell], types: Mapping[str, str]
) -> tuple[list[Violation], Footer | None]:
    """What is wrong with single cells, and the footer that the last rows seem to be."""
    if not cells:
        return [], None
    instants = [n for n in cells if table[n].type == "timestamp" and _family(types[n]) == "text"]
    tests = [f"count_if({cells[n].refused})" for n in cells]
    tests += [f"count_if({_is_instant(n)} AND {_has_offset(n)})" for n in instants]
    tests += [f"count_if({_is_instant(n)} AND NOT {_has_offset(n)})" for n in instants]
    counts = rows(con, f"SELECT {', '.join(tests)} FROM {raw.relation}")[0]
    typed = {n: cells[n].refused for n in cells if _kind(table[n]) != "string"}
    end = footer(con, raw, typed) if sum(map(bool, counts[: len(cells)])) > 1 else None
    if end:
        before = {n: Cell(c.value, f"({c.refused}) AND {ROW} < {end.start}") for n, c in cells.items()}
        return [end.violation(raw, table.name), *_refused(con, table, raw, before, types)[0]], end
    found = [_bad_cells(con, table[n], table, raw, cells[n].refused, counts[i], types[n]) for i, n in enumerate(cells)]
    with_offset, without = counts[len(cells) :][: len(instants)], counts[len(cells) + len(instants) :]
    mixed = [
        _mixed(con, table, raw, name, without[i]) for i, name in enumerate(instants) if with_offset[i] and without[i]
    ]
    return [each for each in found if each] + mixed, None


def _is_instant(name: str) -> str:
    return f"regexp_matches({quoted(name)}, {_INSTANT})"


def _has_offset(name: str) -> str:
    return f"regexp_matches({quoted(name)}, {_OFFSET})"


def _bad_cells(
    con: duckdb.DuckDBPyConnection, column: Column, table: Table, raw: Raw, refused: str, count: int, source_type: str
) -> Violation | None:
    if not count:
        return None
    says, fix = _WANTED.get(column.type, ("the text holds a NUL byte", "export the file again as plain text"))
    if _family(source_type) == "naive":
        says, fix = "an instant where a day belongs", "give the local day"
    elif _family(source_type) != "text":
        says = f"{source_type.lower()} where {column.type} belongs"
    keys = _rows_named(con, raw, column.name, refused, show=not column.personal)
    return Violation("type", "error", raw.origin, table.name, column.name, says, fix, count, raw.rows, "row", keys)


def _mixed(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw, name: str, count: int) -> Violation:
    says = "instants without an offset stand beside instants with one"
    fix = "give every instant Z or its offset, or give none and state time_zone in a mapping"
    where = f"{_is_instant(name)} AND NOT {_has_offset(name)}"
    keys = _rows_named(con, raw, name, where, show=not table[name].personal)
    return Violation("time_zone", "error", raw.origin, table.name, name, says, fix, count, raw.rows, "row", keys)


def _rows_named(con: duckdb.DuckDBPyConnection, raw: Raw, column: str, where: str, *, show: bool) -> tuple[str, ...]:
    there = {row[0] for row in rows(con, f"DESCRIBE SELECT * FROM {raw.relation}")}
    number = f"{ROW} + {raw.offset}" if ROW in there else "row_number() OVER ()"
    file = f"{FILE} || ' row '" if FILE in there else "''"
    value = f"CAST({quoted(column)} AS VARCHAR)"
    sql = f"SELECT {file} AS f, {number} AS n, {value} AS v, {where} AS bad FROM {raw.relation}"
    bad = rows(con, f"SELECT f, n, v FROM ({sql}) WHERE bad ORDER BY f, n LIMIT {SHOWN}")
    return tuple(f"{f}{n} ({_shown(v)})" if show else f"{f}{n}" for f, n, v in bad)


def _shown(value: str) -> str:
    # A number that could not be read carries a mark of `number()`.
    text = value.removeprefix("?")
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
