"""Opening a company's data: read, type, complete, cut at ``as_of``, check against the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bizops.errors import ContractError, InputError, did_you_mean
from bizops.schema import TABLES
from bizops.schema.check import Context, Passed, Violation, check_table
from bizops.schema.data import Data, TableInfo
from bizops.sources.asof import AsOf, Cut, cut, ordered
from bizops.sources.complete import complete
from bizops.sources.conform import Conformed, conform
from bizops.sources.database import attach_duckdb, connect_url, open_tables, safe
from bizops.sources.engine import connect, quoted
from bizops.sources.folder import read_folder
from bizops.sources.quality import emptiness, overview, quality_frame, row
from bizops.sources.raw import Raw
from bizops.sources.state import closed_later, restore

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    from ibis.backends import BaseBackend

    from bizops.company import Company


HELD_BELOW = 1_000_000
"""Tables of fewer rows are held in memory; larger ones that have types are read where they are, through a view."""

FOLLOWED = frozenset(t[c].ref.split(".")[0] for t in TABLES.values() for c in t.time.follows)
"""Tables whose rows take the rows of other tables with them when they go."""


@dataclass(frozen=True)
class CheckReport:
    """What is wrong with a company's data, and what is there.

    ``violations`` block every report, ``warnings`` are counted in its data quality panel. ``tables`` has one row a
    table: ``table``, ``origin``, ``rows``, ``excluded`` (a dictionary), ``columns``, ``missing`` (optional columns
    that are not there). ``quality`` is that of `Data`. ``data`` holds the opened tables; close it after use.
    """

    company: str
    as_of: datetime
    violations: tuple[Violation, ...]
    warnings: tuple[Violation, ...]
    tables: pd.DataFrame
    quality: pd.DataFrame
    data: Data = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Whether a report can be made."""
        return not self.violations


@dataclass
class _Source:
    """Typed tables of a source with where they came from; tables of the embedded engine can be held in it."""

    backend: BaseBackend
    tables: dict[str, ibis.Table] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)
    is_local: bool = True
    large: set[str] = field(default_factory=set)
    found: list[Violation] = field(default_factory=list)
    gaps: dict[str, str] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


def open_data(
    company: Company,
    as_of: date | datetime | None = None,
    *,
    check: bool = True,
    only: frozenset[str] | None = None,
) -> Data:
    """Return the company's canonical tables as they were at ``as_of``.

    Parameters
    ----------
    company
        Settings with the source.
    as_of
        A day (all of it, in the company's time zone, is included) or an aware instant (exclusive); default
        ``company.as_of``.
    check
        Whether to check the rows against the contract. Columns and types are always checked.
    only
        Names of the tables to open; default all that the source has.

    Raises
    ------
    InputError
        There is no ``as_of``, or the source cannot be read.
    ContractError
        The data break the contract; lists every violation. Nothing is written.
    """
    report = check_data(company, as_of, check=check, only=only)
    if report.violations:
        report.data.close()
        raise ContractError(report.violations, where=company.name)
    return report.data


def check_data(
    company: Company,
    as_of: date | datetime | None = None,
    *,
    check: bool = True,
    only: frozenset[str] | None = None,
) -> CheckReport:
    """Return all that is wrong with the company's data without raising for it; parameters as for `open_data`.

    Raises
    ------
    InputError
        There is no ``as_of``, or the source as a whole cannot be read.
    """
    limit = _limit(company, as_of)
    source = _read(company, only)
    try:
        return _checked(company, limit, source, check=check)
    except BaseException:
        source.backend.disconnect()
        raise


def _limit(company: Company, as_of: date | datetime | None) -> AsOf:
    from bizops.periods import Calendar

    given = company.as_of if as_of is None else as_of
    if given is None:
        raise InputError("no as_of is given", where="as_of", fix="pass a date, or set as_of in the company file")
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise InputError("the instant has no time zone", where="as_of", fix="pass a date, or an aware instant")
        instant = given.astimezone(UTC)
    else:
        instant = Calendar(company).instant_after(given).astimezone(UTC)
    return AsOf(instant, (instant - timedelta(microseconds=1)).astimezone(company.zone).date())


def _read(company: Company, only: frozenset[str] | None) -> _Source:
    kind = company.source.kind
    if kind == "url":
        return _read_url(company, only)
    backend = connect()
    try:
        return _read_local(backend, company, only)
    except BaseException:
        backend.disconnect()
        raise


def _read_url(company: Company, only: frozenset[str] | None) -> _Source:
    url = str(company.source.url)
    backend = connect_url(url)
    try:
        tables, prints, found = open_tables(backend, safe(url), company.time_zone, only)
    except BaseException:
        backend.disconnect()
        raise
    origins = {name: f"{safe(url)}/{name}" for name in tables}
    return _Source(backend, tables, origins, prints, is_local=False, found=found)


def _read_local(backend: Any, company: Company, only: frozenset[str] | None) -> _Source:
    source = _Source(backend)
    raws: Mapping[str, Raw]
    con = backend.con
    if company.source.kind == "folder":
        raws, source.found = read_folder(con, company.resolve(company.source.path), only)  # type: ignore[arg-type]
    elif company.source.kind == "duckdb":
        raws = attach_duckdb(con, company.resolve(company.source.path), only)  # type: ignore[arg-type]
    else:
        from bizops.sources.mapped import read_mapped

        mapped = read_mapped(con, company, only)
        raws, source.found, source.gaps, source.notes = mapped.tables, mapped.found, mapped.gaps, mapped.notes
    for name, raw in raws.items():
        typed = conform(con, TABLES[name], raw, company.time_zone)
        _take(source, name, raw, typed)
    return source


def _take(source: _Source, name: str, raw: Raw, typed: Conformed) -> None:
    source.found += typed.found
    source.origins[name], source.prints[name] = raw.origin, raw.fingerprint
    if typed.columns:
        source.tables[name] = source.backend.table(name, database="typed")
    if raw.rows >= HELD_BELOW and not raw.is_text:
        source.large.add(name)


def _checked(company: Company, limit: AsOf, source: _Source, *, check: bool) -> CheckReport:
    found = list(source.found)
    tables = complete(source.tables, company.currency)
    tables, absent = _usable(tables, source)
    found += absent
    opened, info = _cut(tables, source, limit)
    unread = [v.origin for v in source.found if v.check == "file" and v.severity == "error"]
    found += [each for each in emptiness(info) if not any(origin in each.origin.split(" + ") for origin in unread)]
    passed: list[Passed] = []
    if check:
        context = Context(opened, company.currency, source.gaps, source.origins)
        for name, rows in opened.items():
            results = check_table(TABLES[name], rows, context)
            passed += [each for each in results if isinstance(each, Passed)]
            found += [each for each in results if isinstance(each, Violation) and not _follows(each, source.found)]
    quality = quality_frame(found, passed, info, source.notes)
    data = _data(company, limit, source, opened, info, quality)
    return CheckReport(
        company=company.name,
        as_of=limit.instant,
        violations=tuple(v for v in found if v.severity == "error"),
        warnings=tuple(v for v in found if v.severity == "warning"),
        tables=overview(info),
        quality=quality,
        data=data,
    )


def _follows(violation: Violation, found: list[Violation]) -> bool:
    """Whether a cell is only empty because it could not be read, which is already told."""
    told = {(each.table, each.column) for each in found if each.check == "type"}
    about_empty = violation.check in ("not_empty", "completeness") or violation.check.startswith("closed_needs_")
    return about_empty and (violation.table, violation.column) in told


def _usable(tables: Mapping[str, ibis.Table], source: _Source) -> tuple[dict[str, ibis.Table], list[Violation]]:
    """Tables that have their required columns, and a violation for each that is not there."""
    good, found = {}, []
    dropped = {(v.table, v.column) for v in source.found if v.check == "column"}
    for name, rows in tables.items():
        missing = [c for c in TABLES[name].required if c not in rows.columns]
        if not missing:
            good[name] = rows
        for column in missing:
            hint = did_you_mean(column, [c for t, c in dropped if t == name])
            says = f"the required column is missing.{hint}"
            fix = f"add a column named {column}, or map one to it"
            found.append(Violation("column", "error", source.origins[name], name, column, says, fix))
    return good, found


def _cut(
    tables: dict[str, ibis.Table], source: _Source, limit: AsOf
) -> tuple[dict[str, ibis.Table], dict[str, TableInfo]]:
    """Apply ``as_of`` to every table, parents first; hold the result in the embedded engine."""
    if "opportunity" in tables:
        if "opportunity_history" not in tables:
            source.notes += _unknown_outcomes(tables["opportunity"], limit)
        deals = restore(tables["opportunity"], tables.get("opportunity_history"), tables.get("dim_stage"), limit)
        tables["opportunity"] = _held(source, "opportunity", deals, stage="restored")
    opened: dict[str, ibis.Table] = {}
    info: dict[str, TableInfo] = {}
    removed: dict[str, ibis.Table] = {}
    for name in ordered(tables):
        result = cut(name, tables[name], limit, removed)
        opened[name] = _held(source, name, result.kept)
        if result.excluded and name in FOLLOWED:
            removed[name] = _held(source, name, result.removed.select(*TABLES[name].key), stage="removed")
        info[name] = _info(name, opened[name], source, result)
    if source.is_local and not source.large:
        _forget(source)
    return {n: opened[n] for n in TABLES if n in opened}, {n: info[n] for n in TABLES if n in info}


def _unknown_outcomes(deals: ibis.Table, limit: AsOf) -> list[dict[str, Any]]:
    later = deals.filter(closed_later(deals, limit)).count().to_pyarrow().as_py()
    if not later:
        return []
    of = deals.count().to_pyarrow().as_py()
    detail = "closed after as_of and without history: counted as open, stage, amount and close date unknown"
    return [row("as_of", "warning", "opportunity", "stage_id", later, of, f"{later:,} of {of:,} rows: {detail}")]


def _held(source: _Source, name: str, rows: ibis.Table, stage: str = "main") -> ibis.Table:
    """In the embedded engine, hold ``rows`` as a table of schema ``stage`` (a view, if large); elsewhere leave them."""
    if not source.is_local:
        return rows
    con: Any = source.backend
    kind = "VIEW" if name in source.large and stage == "main" and name != "opportunity" else "TABLE"
    con.con.execute(f"CREATE {kind} {stage}.{quoted(name)} AS {con.compile(rows)}")
    held: ibis.Table = con.table(name, database=stage)
    return held


def _forget(source: _Source) -> None:
    """Free the steps on the way; large tables are views that still read them."""
    con: Any = source.backend
    for schema in ("mapped", "typed", "restored", "removed"):
        con.con.execute(f"DROP SCHEMA {schema} CASCADE")


def _info(name: str, opened: ibis.Table, source: _Source, result: Cut) -> TableInfo:
    return TableInfo(
        name=name,
        origin=source.origins[name],
        rows=result.rows,
        columns=tuple(opened.columns),
        excluded=result.excluded,
        extracted_at=result.extracted_at.astimezone(UTC) if result.extracted_at else None,
        fingerprint=source.prints[name],
    )


def _data(
    company: Company,
    limit: AsOf,
    source: _Source,
    opened: Mapping[str, ibis.Table],
    info: Mapping[str, TableInfo],
    quality: pd.DataFrame,
) -> Data:
    from bizops.periods import Calendar

    close: Callable[[], None] = source.backend.disconnect
    return Data(
        company=company,
        as_of=limit.instant,
        calendar=Calendar(company),
        tables=opened,
        info=info,
        quality=quality,
        gaps=dict(source.gaps),
        on_close=close,
    )
