"""From a mapping file to raw canonical tables in the embedded engine, counting what was read as something else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bizops.errors import InputError, did_you_mean
from bizops.schema import TABLES
from bizops.schema.check import Violation
from bizops.schema.table import Column
from bizops.sources.database import attach, connect_url, safe, tables_of
from bizops.sources.engine import literal, quoted, rows
from bizops.sources.expressions import value_sql
from bizops.sources.mapping import Block, ColumnSpec, FileSpec, Mapping, load_mapping
from bizops.sources.raw import FILE, ROW, Raw, fingerprint, placed, read_file

if TYPE_CHECKING:
    import duckdb

    from bizops.company import Company


@dataclass
class Mapped:
    """Raw canonical tables, what is wrong with the files, declared gaps, and rows for the data quality panel."""

    tables: dict[str, Raw] = field(default_factory=dict)
    found: list[Violation] = field(default_factory=list)
    gaps: dict[str, str] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Build:
    """What every step needs: engine, mapping with place and fingerprint, the company's zone, the source tables."""

    con: duckdb.DuckDBPyConnection
    mapping: Mapping
    where: str
    zone: str
    print: str
    sources: dict[str, Raw]


def read_mapped(con: duckdb.DuckDBPyConnection, company: Company, only: frozenset[str] | None = None) -> Mapped:
    """Return the canonical tables that the company's mapping describes.

    Raises
    ------
    InputError
        The mapping is not valid, names a column that a file does not have, or holds SQL that the engine refuses.
    """
    where = str(company.source.mapping)
    path = company.resolve(company.source.mapping)  # type: ignore[arg-type]
    mapping = load_mapping(path, where)
    folder = company.resolve(company.source.path or mapping.path)
    mapped = Mapped(gaps=dict(mapping.gaps))
    wanted = {name: blocks for name, blocks in mapping.tables.items() if only is None or name in only}
    build = _Build(con, mapping, where, company.time_zone, fingerprint(path), {})
    for name, spec in mapping.files.items():
        build.sources[name] = _read_source(con, name, spec, folder)
        mapped.found += build.sources[name].broken
    for name, sql in mapping.views.items():
        build.sources[name] = _view(build, name, sql)
    for name, blocks in wanted.items():
        mapped.tables[name] = _table(build, name, blocks)
        for block in blocks:
            mapped.notes += _value_notes(build, name, block)
    return mapped


def _read_source(con: duckdb.DuckDBPyConnection, name: str, spec: FileSpec, folder: Path) -> Raw:
    if spec.url:
        return _read_url(con, name, spec)
    path = folder / spec.file  # type: ignore[operator]
    if spec.table:
        return _read_attached(con, name, spec.table, path)
    return read_file(con, path, name, spec.layout)


def _read_attached(con: duckdb.DuckDBPyConnection, name: str, table: str, path: Path) -> Raw:
    alias = f"file_{name}"
    attach(con, path, alias)
    known = {each: schema for schema, each in reversed(tables_of(con, alias))}
    if table not in known:
        raise InputError(
            f"there is no table '{table}'.{did_you_mean(table, known)}", where=str(path), fix="correct 'table'"
        )
    relation = f"{quoted(alias)}.{quoted(known[table])}.{quoted(table)}"
    con.execute(f"CREATE VIEW {placed(name)} AS SELECT * FROM {relation}")
    return _raw(con, placed(name), f"{path.name}/{table}", fingerprint(path))


def _read_url(con: duckdb.DuckDBPyConnection, name: str, spec: FileSpec) -> Raw:
    """Copy one database table into the engine; a database in canonical form is used in place instead."""
    backend = connect_url(spec.url)
    try:
        known = backend.list_tables()
        if spec.table not in known:
            hint = did_you_mean(spec.table, known)
            raise InputError(f"there is no table '{spec.table}'.{hint}", where=safe(spec.url), fix="correct 'table'")
        copy = backend.table(spec.table).to_pyarrow()
    finally:
        backend.disconnect()
    con.register("copied", copy)
    con.execute(f"CREATE TABLE {placed(name)} AS SELECT * FROM copied")
    con.unregister("copied")
    return _raw(con, placed(name), f"{safe(spec.url)}/{spec.table}", f"rows:{copy.num_rows}")


def _raw(con: duckdb.DuckDBPyConnection, relation: str, origin: str, print_: str) -> Raw:
    columns = tuple(row[0] for row in rows(con, f"DESCRIBE SELECT * FROM {relation}") if row[0] not in (ROW, FILE))
    count = rows(con, f"SELECT count(*) FROM {relation}")[0][0]
    return Raw(relation, origin, columns, count, print_)


def _view(build: _Build, name: str, sql: str) -> Raw:
    """A view reads the source tables by their names, so they stand in the search path."""
    build.con.execute("SET search_path = 'raw,main'")
    _run(build, f"CREATE TABLE {placed(name)} AS {sql}", f"views.{name}")
    used = [raw for key, raw in build.sources.items() if re.search(rf"\b{re.escape(key)}\b", sql)]
    return _raw(build.con, placed(name), _origins(used) or Path(build.where).name, _prints(build, used))


def _origins(raws: list[Raw]) -> str:
    return " + ".join(dict.fromkeys(part for raw in raws for part in raw.origin.split(" + ")))


def _prints(build: _Build, raws: list[Raw]) -> str:
    """One fingerprint of what a table is made of: the hash of those of its sources and of the mapping."""
    prints = [build.print, *sorted({raw.fingerprint for raw in raws})]
    return f"sha256:{hashlib.sha256(' '.join(prints).encode()).hexdigest()}"


def _run(build: _Build, sql: str, place: str) -> None:
    import duckdb

    try:
        build.con.execute(sql)
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        text = str(error).splitlines()[0]
        raise InputError(f"{place}: {text}", where=build.where, fix="correct the SQL expression") from None
    except duckdb.Error as error:
        # The engine's message may quote a cell, which may be personal.
        problem = f"{place}: the SQL expression fails on a row ({type(error).__name__})"
        raise InputError(problem, where=build.where, fix="use TRY_CAST, so that the cell is reported") from None


def _table(build: _Build, name: str, blocks: tuple[Block, ...]) -> Raw:
    selects = [_select(build, name, block, several=len(blocks) > 1) for block in blocks]
    relation = f"mapped.{quoted(name)}"
    _run(build, f"CREATE TABLE {relation} AS {' UNION ALL BY NAME '.join(selects)}", f"tables.{name}")
    used = [build.sources[each] for block in blocks for each in (block.from_, *(j.table for j in block.join))]
    found = _raw(build.con, relation, _origins(used), _prints(build, used))
    offset = build.sources[blocks[0].from_].offset if len(blocks) == 1 else 0
    return Raw(found.relation, found.origin, found.columns, found.rows, found.fingerprint, offset)


def _select(build: _Build, table: str, block: Block, *, several: bool) -> str:
    """SQL of one block; a column that the engine refuses is named."""
    relation = _relation(build, block)
    chosen = {}
    for column, spec in block.columns.items():
        sql = _expression(build, table, column, spec, block)
        _run(build, f"SELECT {sql} FROM {relation} LIMIT 0", f"tables.{table}.columns.{column}")
        chosen[column] = sql
    if block.source and "source" not in chosen:
        chosen["source"] = literal(block.source)
    main = build.sources[block.from_]
    if ROW in _described(build, main):
        number = f"{quoted(block.from_)}.{ROW}"
        chosen[ROW] = f"{number} + {main.offset}" if several else number
        chosen |= {FILE: literal(main.origin)} if several else {}
    return f"SELECT {', '.join(f'{sql} AS {quoted(name)}' for name, sql in chosen.items())} FROM {relation}"


def _described(build: _Build, raw: Raw) -> dict[str, str]:
    return {row[0]: row[1] for row in rows(build.con, f"DESCRIBE SELECT * FROM {raw.relation}")}


def _relation(build: _Build, block: Block) -> str:
    """SQL after FROM: the source table, its joins and the condition; each under its name in the mapping."""
    sql = f"{build.sources[block.from_].relation} AS {quoted(block.from_)}"
    for join in block.join:
        other = build.sources[join.table].relation
        sql += f" {join.type.upper()} JOIN {other} AS {quoted(join.table)} ON ({join.condition})"
    return f"{sql} WHERE ({block.where})" if block.where else sql


def _expression(build: _Build, table: str, column: str, spec: ColumnSpec, block: Block) -> str:
    declared = TABLES[table][column]
    if spec.sql:
        sql = f"({spec.sql})"
    elif spec.column:
        source, given = _found(build, table, column, spec.column, block)
        reference = f"{quoted(source)}.{quoted(given[0])}"
        file = build.mapping.files.get(source)
        sql = value_sql(spec, declared, reference, given[1], file, build.zone)
    else:
        sql = literal(spec.constant)
    if block.key_prefix and _is_key(table, declared):
        sql = f"{literal(block.key_prefix)} || {sql}"
    return sql


def _is_key(table: str, column: Column) -> bool:
    is_own_key = column.name in TABLES[table].key and column.name != "currency"
    return column.type == "string" and (is_own_key or bool(column.ref))


def _found(build: _Build, table: str, column: str, wanted: str, block: Block) -> tuple[str, tuple[str, str]]:
    """The source table that has the wanted column (``file.column`` is possible), and its name and type there."""
    sources = [block.from_, *(j.table for j in block.join)]
    prefix, _, rest = wanted.partition(".")
    if rest and prefix in sources:
        sources, wanted = [prefix], rest
    known: dict[str, tuple[str, tuple[str, str]]] = {}
    for source in reversed(sources):
        types = _described(build, build.sources[source])
        known |= {name: (source, (name, kind)) for name, kind in types.items() if name not in (ROW, FILE)}
    if wanted not in known:
        hint = did_you_mean(wanted, known) or f" It has {', '.join(list(known)[:8])}, ..."
        problem = f"tables.{table}.columns.{column}: {build.sources[sources[0]].origin} has no column '{wanted}'.{hint}"
        raise InputError(problem, where=build.where, fix="name a column of the file")
    return known[wanted]


def _value_notes(build: _Build, table: str, block: Block) -> Iterator[dict[str, Any]]:
    """What value maps changed, and what they did not know."""
    relation = _relation(build, block)
    for column, spec in block.columns.items():
        if spec.map is None:
            continue
        source, (name, _) = _found(build, table, column, spec.column, block)
        cell = f"CAST({quoted(source)}.{quoted(name)} AS VARCHAR)"
        sql = f"SELECT v, count(*) FROM (SELECT {cell} AS v FROM {relation}) WHERE v IS NOT NULL GROUP BY v ORDER BY v"
        counts = dict(rows(build.con, sql))
        of = sum(counts.values())
        yield from _notes(table, TABLES[table][column], spec, counts, of)


def _notes(table: str, column: Column, spec: ColumnSpec, counts: dict[str, int], of: int) -> Iterator[dict[str, Any]]:
    known = spec.map or {}
    base = {"table": table, "column": column.name, "of": of}
    if column.type == "string":
        for value, n in counts.items():
            if value in known and str(known[value]) != value:
                shown = "a value read as another" if column.personal else f"'{value}' read as '{known[value]}'"
                detail = f"{_rows(n)}: {shown}"
                yield {"check": "value_map", "severity": "warning", **base, "rows": n, "detail": detail}
    if spec.has_default and spec.default is None:
        lost = {value: n for value, n in counts.items() if value not in known}
        if lost:
            shown = "" if column.personal else f" ({', '.join(map(repr, list(lost)[:5]))})"
            n = sum(lost.values())
            detail = f"{_rows(n)}: no entry in the value map, left empty{shown}"
            yield {"check": "value_map", "severity": "warning", **base, "rows": n, "detail": detail}


def _rows(n: int) -> str:
    return f"{n:,} row" if n == 1 else f"{n:,} rows"
