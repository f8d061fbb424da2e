"""The contract check: what is wrong in a table, in which rows, and what to do about it.

The checks are Ibis expressions, so they run in whatever engine holds the rows. Every cell-level rule of a table is a
boolean expression, and one aggregate query counts them all; only a broken rule costs a second query, for the keys of
its first rows. Messages name rows by key and never show the value of a personal column.

Why no validation library on top: pandera 0.35 on Ibis sends one query a column and check, fetches a whole check column
when it fails, puts values into its messages and names no keys of empty cells; pointblank 1.1 needs polars for Ibis
tables. Both lack references between tables and intervals, which are half of the contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bizops.schema.table import Column, Rule, Severity, Table

if TYPE_CHECKING:
    import ibis
    import ibis.expr.types as ir

SHOWN = 5
"""Offending rows that a message names."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Days before the first and from the last of these years on are slips of the pen or a system's "never"."""


@dataclass(frozen=True)
class Violation:
    """One broken rule.

    ``rows`` of ``of`` rows break it; ``keys`` names the first of them (``O-17`` or ``O-17 ('weird')``), prefixed once
    by ``key`` (``opportunity_id`` or ``row``).
    """

    check: str
    severity: Severity
    origin: str
    table: str
    column: str
    says: str
    fix: str
    rows: int = 0
    of: int = 0
    key: str = ""
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return file, table, column, what is wrong, the first rows and the fix in two lines."""
        place = f"{self.table}.{self.column}" if self.column else self.table
        return f"{self.origin}: {place}: {self.sentence}\n    fix: {self.fix}"

    @property
    def sentence(self) -> str:
        """What is wrong, how often and in which rows."""
        count = f"{self.rows:,} of {self.of:,} rows: " if self.rows and self.of else ""
        more = ", ..." if self.rows > len(self.keys) else ""
        where = f" ({self.key} {', '.join(self.keys)}{more})" if self.keys else ""
        return f"{count}{self.says}{where}"


@dataclass(frozen=True)
class Passed:
    """A family of rules that a table keeps: ``rules`` of them, looked at in ``of`` rows."""

    check: str
    table: str
    rules: int
    of: int


@dataclass(frozen=True)
class Context:
    """What a table is checked against: all tables, the company's currency, declared gaps, where tables came from."""

    tables: Mapping[str, ibis.Table]
    currency: str
    gaps: Mapping[str, str]
    origins: Mapping[str, str]


@dataclass(frozen=True)
class _Test:
    """One cell-level rule: ``offends`` is true for a row that breaks it."""

    check: str
    severity: Severity
    column: str
    says: str
    fix: str
    offends: ir.BooleanValue
    show: bool = True


def check_table(table: Table, rows: ibis.Table, context: Context) -> list[Violation | Passed]:
    """Return what is broken in ``rows`` (typed as declared), and one record for each family of rules that is kept.

    A violation whose column is a declared gap is a warning that carries the reason.
    """
    tests = list(_tests(table, rows, context))
    keys = tuple(k for k in table.key if k in rows.columns)
    counts = _counts(rows, tests, keys)
    total = int(counts["n"])
    found: list[Violation] = []
    for index, test in enumerate(tests):
        if broken := int(counts[f"t{index}"] or 0):
            found.append(_violation(table, rows, test, broken, total, context))
    if counts.get("keys") is None or counts["keys"] < counts["filled"]:
        found += _duplicates(table, rows, total, context)
    found += _overlaps(table, rows, total, context)
    rules = [r for r in table.rules if _applies(r, rows, context)]
    for rule in rules:
        found += _broken_rule(table, rule, rows, total, context)
    found = [_excused(each, context) for each in found]
    return [*found, *_kept(table, tests, rules, found, total)]


def _tests(table: Table, rows: ibis.Table, context: Context) -> Iterator[_Test]:
    for column in table.columns:
        if column.name in rows.columns:
            yield from _column_tests(table, column, rows, context)


def _column_tests(table: Table, column: Column, rows: ibis.Table, context: Context) -> Iterator[_Test]:
    cell: Any = rows[column.name]
    if not column.nullable or (column.name in table.key and column.required):
        yield _Test("not_empty", "error", column.name, "the cell is empty", "fill it", cell.isnull(), show=False)
    elif column.expected:
        says, fix = "the cell is empty", "fill it at the source, or live with what is switched off or uncounted"
        yield _Test("completeness", "warning", column.name, says, fix, cell.isnull(), show=False)
    if column.values:
        allowed = ", ".join(column.values)
        fix = f"use one of: {allowed}; or map the value in the mapping file"
        yield _Test("values", "error", column.name, "no allowed value", fix, cell.notnull() & cell.notin(column.values))
    if column.type in ("date", "timestamp"):
        says, fix = f"no possible day ({FIRST_YEAR} to {LAST_YEAR})", "correct the year; leave unknown days empty"
        yield _Test("range", "error", column.name, says, fix, _impossible(cell))
    yield from _bounds(column, cell)
    if column.name == "currency":
        yield _currency(table, cell, context)
    if column.ref:
        yield from _reference(column, cell, context)


def _impossible(cell: Any) -> ir.BooleanValue:
    """Whether a day or instant lies outside 1900-01-01 to 2200-01-01."""
    impossible: ir.BooleanValue = (cell.year() < FIRST_YEAR) | (cell.year() >= LAST_YEAR)
    return impossible


def _bounds(column: Column, cell: Any) -> Iterator[_Test]:
    if column.minimum is not None:
        says = f"below {column.minimum:g}"
        yield _Test("range", "error", column.name, says, "correct the number or its unit", cell < column.minimum)
    if column.maximum is not None:
        says = f"above {column.maximum:g}"
        hint = " (rates are fractions: 0.62, not 62)" if column.unit == "rate" else ""
        yield _Test("range", "error", column.name, says, f"correct the number or its unit{hint}", cell > column.maximum)


def _currency(table: Table, cell: Any, context: Context) -> _Test:
    unknown = cell.notnull() & (cell != context.currency)
    if table.name != "fx_rate" and "fx_rate" in context.tables:
        known = context.tables["fx_rate"]
        unknown = unknown & cell.notin(known.filter(known.currency.notnull()).currency)
    elif table.name == "fx_rate":
        unknown = cell.notnull() & ~cell.re_search("^[A-Z]{3}$")
    says = f"the currency is neither {context.currency} nor in fx_rate"
    if table.name == "fx_rate":
        says = "no ISO 4217 code"
    return _Test("currency", "error", "currency", says, "correct the code, or add its rates to fx_rate", unknown)


def _reference(column: Column, cell: Any, context: Context) -> Iterator[_Test]:
    parent, key = column.ref.split(".")
    if parent not in context.tables or key not in context.tables[parent].columns:
        return
    known = context.tables[parent]
    orphan = cell.notnull() & cell.notin(known.filter(known[key].notnull())[key])
    says = f"not found in {column.ref}"
    yield _Test("reference", "warning", column.name, says, f"add the row to {parent}, or correct the key", orphan)


def _counts(rows: ibis.Table, tests: list[_Test], keys: tuple[str, ...]) -> dict[str, Any]:
    """Count every test in one pass; a test's name is its place in the list. A key of one column is counted as well."""
    sums = {f"t{index}": test.offends.ifelse(1, 0).sum() for index, test in enumerate(tests)}
    if len(keys) == 1:
        sums |= {"keys": rows[keys[0]].nunique(), "filled": rows[keys[0]].count()}
    return _fetch(rows.aggregate(n=rows.count(), **sums))[0]


def _fetch(rows: ibis.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.to_pyarrow().to_pylist()
    return found


def _violation(table: Table, rows: ibis.Table, test: _Test, broken: int, total: int, context: Context) -> Violation:
    keys = tuple(k for k in table.key if k in rows.columns)
    shown = [*keys, test.column] if test.show and test.column not in keys else list(keys)
    first = _fetch(rows.filter(test.offends).select(*shown).order_by(*shown).limit(SHOWN))
    return Violation(
        check=test.check,
        severity=test.severity,
        origin=context.origins.get(table.name, table.name),
        table=table.name,
        column=test.column,
        says=test.says,
        fix=test.fix,
        rows=broken,
        of=total,
        key=" + ".join(keys),
        keys=tuple(_name(row, keys, table) for row in first),
    )


def _name(row: Mapping[str, Any], keys: tuple[str, ...], table: Table) -> str:
    """The key of a row, and in brackets the other values unless they are personal."""
    name = " + ".join("(empty)" if row[k] is None else str(row[k]) for k in keys)
    others = [repr(str(v)) for k, v in row.items() if k not in keys and v is not None and k not in table.personal]
    return f"{name} ({', '.join(others)})" if others else name


def _duplicates(table: Table, rows: ibis.Table, total: int, context: Context) -> list[Violation]:
    keys = tuple(k for k in table.key if k in rows.columns)
    groups = rows.group_by(*keys).aggregate(_n=rows.count())
    groups = groups.filter(groups["_n"] > 1)
    summary = _fetch(groups.aggregate(groups=groups.count(), rows=groups["_n"].sum()))[0]
    if not summary["groups"]:
        return []
    first = _fetch(groups.order_by(*keys).limit(SHOWN))
    return [
        Violation(
            check="unique",
            severity="error",
            origin=context.origins.get(table.name, table.name),
            table=table.name,
            column=" + ".join(keys),
            says=f"{summary['groups']:,} {'key occurs' if summary['groups'] == 1 else 'keys occur'} more than once",
            fix="keep one row a key; with extracted_at the newest is taken by itself",
            rows=int(summary["rows"]),
            of=total,
            key=" + ".join(keys),
            keys=tuple(_name({k: row[k] for k in keys}, keys, table) for row in first),
        )
    ]


def _overlaps(table: Table, rows: ibis.Table, total: int, context: Context) -> list[Violation]:
    if not table.interval or not {"valid_from", "valid_to", *table.interval} <= set(rows.columns):
        return []
    import ibis

    window = ibis.window(group_by=list(table.interval), order_by="valid_from")
    following = rows.select(*table.interval, "valid_from", "valid_to", _next=rows.valid_from.lead().over(window))
    broken = following.filter(
        following["_next"].notnull(), following.valid_to.isnull() | (following.valid_to > following["_next"])
    )
    says = "the interval is still open when the next one of the same key starts"
    rule = Rule("overlap", "error", says, lambda *_: rows, fix="end each interval where the next one starts")
    return _from_rows(table, rule, broken.select(*table.interval, "valid_from"), "valid_to", total, context)


def _applies(rule: Rule, rows: ibis.Table, context: Context) -> bool:
    if not set(rule.columns) <= set(rows.columns):
        return False
    for other in rule.others:
        name, _, column = other.partition(".")
        if name not in context.tables or (column and column not in context.tables[name].columns):
            return False
    return True


def _broken_rule(table: Table, rule: Rule, rows: ibis.Table, total: int, context: Context) -> list[Violation]:
    column = rule.columns[-1] if rule.columns else ""
    return _from_rows(table, rule, rule.check(rows, context.tables), column, total, context)


def _from_rows(
    table: Table, rule: Rule, broken: ibis.Table, column: str, total: int, context: Context
) -> list[Violation]:
    count = int(_fetch(broken.aggregate(n=broken.count()))[0]["n"])
    if not count:
        return []
    keys = tuple(c for c in broken.columns if c in table.key or c in table.interval or c == "opportunity_id")
    first = _fetch(broken.order_by(*keys).limit(SHOWN))
    return [
        Violation(
            check=rule.id,
            severity=rule.severity,
            origin=context.origins.get(table.name, table.name),
            table=table.name,
            column=column,
            says=rule.says,
            fix=rule.fix or "correct the rows at the source",
            rows=count,
            of=total,
            key=" + ".join(keys),
            keys=tuple(_name(row, keys, table) for row in first),
        )
    ]


def _excused(violation: Violation, context: Context) -> Violation:
    """A gap that the mapping declares is known: it warns, with the declared reason, and blocks nothing."""
    reason = context.gaps.get(f"{violation.table}.{violation.column}", "")
    if not reason:
        return violation
    return replace(violation, severity="warning", says=f"{violation.says}; {reason}")


def _kept(table: Table, tests: list[_Test], rules: list[Rule], found: list[Violation], total: int) -> Iterator[Passed]:
    families: dict[str, int] = {"unique": 1}
    if table.interval:
        families["overlap"] = 1
    for name in [*(t.check for t in tests), *(r.id for r in rules)]:
        families[name] = families.get(name, 0) + 1
    broken = {each.check for each in found}
    for name, count in families.items():
        if name not in broken:
            yield Passed(name, table.name, count, total)


def spoken(check: str) -> str:
    """Return the id of a check as words."""
    return re.sub("_+", " ", check)
