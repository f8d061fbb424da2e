"""SQL that reads one source column as one contract column: numbers, dates and instants as the file writes them."""

from __future__ import annotations

from bizops.schema.table import Column
from bizops.sources.engine import literal
from bizops.sources.mapping import ColumnSpec, FileSpec

_PLAIN = FileSpec.model_construct(decimal=".", thousands=",", dates="", instants="", time_zone="")


def value_sql(
    spec: ColumnSpec, column: Column, reference: str, source_type: str, file: FileSpec | None, zone: str
) -> str:
    """Return SQL of the value of ``reference`` (of DuckDB type ``source_type``) for ``column``.

    Text stays text of the contract's form, so that typing can refuse and name what it cannot read. ``zone`` is the
    company's time zone; instants without an offset are in the file's, by default UTC.
    """
    file = file or _PLAIN
    is_text = source_type.upper().startswith("VARCHAR")
    if spec.map is not None:
        sql = _mapped(spec, reference)
    elif column.type in ("decimal", "integer"):
        sql = _number(spec, reference, file, is_text=is_text)
    elif spec.read_as == "epoch":
        sql = f"to_timestamp(TRY_CAST({reference} AS DOUBLE))"
        sql = f"local_day({sql}, {literal(zone)})" if column.type == "date" else sql
    elif column.type == "date":
        sql = _date(spec, reference, file, zone, is_text=is_text)
    elif column.type == "timestamp":
        sql = _instant(spec, reference, file, zone, is_text=is_text)
    else:
        sql = reference
    if spec.empty is not None:
        sql = f"coalesce(nullif(CAST({sql} AS VARCHAR), ''), {_text(spec.empty)})"
    return sql


def _mapped(spec: ColumnSpec, reference: str) -> str:
    cell = f"CAST({reference} AS VARCHAR)"
    branches = " ".join(f"WHEN {literal(str(k))} THEN {_text(v)}" for k, v in (spec.map or {}).items())
    other = _text(spec.default) if spec.has_default else cell
    if not branches:
        return f"CASE WHEN {reference} IS NULL THEN NULL ELSE {other} END"
    # An empty cell is no value outside the map: `empty` decides about it.
    return f"CASE WHEN {reference} IS NULL THEN NULL ELSE CASE {cell} {branches} ELSE {other} END END"


def _text(value: object) -> str:
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    return literal(str(value).lower() if isinstance(value, bool) else str(value))


def _number(spec: ColumnSpec, reference: str, file: FileSpec, *, is_text: bool) -> str:
    if not is_text:
        return f"({reference} / 100.0)" if spec.percent else reference
    signs = f"{literal(file.decimal)}, {literal(file.thousands_sign)}"
    number = f"number({reference}, {signs})"
    if not spec.percent:
        return number
    hundredth = f"CAST(TRY_CAST({number} AS DECIMAL(28, 10)) * 0.01 AS VARCHAR)"
    return f"CASE WHEN contains({reference}, '%') THEN {number} ELSE coalesce({hundredth}, {number}) END"


def _written(reference: str, form: str) -> str:
    """The naive timestamp that text of a given form stands for."""
    return f"try_strptime(trim({reference}), {literal(form)})"


def _date(spec: ColumnSpec, reference: str, file: FileSpec, zone: str, *, is_text: bool) -> str:
    form = spec.date or file.dates
    if spec.read_as == "instant":
        instant = _instant(spec, reference, file, zone, is_text=is_text)
        return f"coalesce(CAST(local_day(TRY_CAST({instant} AS TIMESTAMPTZ), {literal(zone)}) AS VARCHAR), {instant})"
    if is_text and form:
        return _or_marked(f"CAST(CAST({_written(reference, form)} AS DATE) AS VARCHAR)", reference)
    if spec.read_as == "day":
        return f"left(trim(CAST({reference} AS VARCHAR)), 10)"
    return reference


def _instant(spec: ColumnSpec, reference: str, file: FileSpec, zone: str, *, is_text: bool) -> str:
    """Text of the instant with its offset; a naive one is in the file's time zone, a day begins in the company's."""
    home = literal(file.time_zone or "UTC")
    if not is_text:
        # Parquet, Excel and databases have types of their own; only naive ones in another zone need one.
        return reference if not file.time_zone else f"timezone({home}, CAST({reference} AS TIMESTAMP))"
    if form := spec.date or file.instants:
        return _or_marked(f"CAST(timezone({home}, {_written(reference, form)}) AS VARCHAR)", reference)
    if file.dates:
        return _or_marked(f"CAST(timezone({literal(zone)}, {_written(reference, file.dates)}) AS VARCHAR)", reference)
    naive = r"'^\s*\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*$'"
    local = _or_marked(f"CAST(timezone({home}, TRY_CAST({reference} AS TIMESTAMP)) AS VARCHAR)", reference)
    return f"CASE WHEN regexp_matches({reference}, {naive}) THEN {local} ELSE {reference} END"


def _or_marked(read: str, reference: str) -> str:
    """What was read, or the text with a mark that no type accepts, so that the cell is refused and named."""
    return f"coalesce({read}, '?' || nullif(trim({reference}), ''))"
