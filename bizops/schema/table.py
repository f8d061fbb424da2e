"""The records in which the contract is written: a column, a rule, how time acts on a table, a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ibis
    import ibis.expr.datatypes as dt

ColumnType = Literal["string", "integer", "date", "timestamp", "decimal", "boolean", "enum", "json"]
Severity = Literal["error", "warning"]

# Four decimals hold every currency's minor unit; rates get eight. Eighteen digits stay one machine word in DuckDB.
_ENGINE_TYPES: dict[str, str] = {
    "string": "string",
    "enum": "string",
    "json": "string",
    "integer": "int64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp('UTC')",
}


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name
        snake_case; instants end ``_at``, dates ``_on``, counts start ``n_``, booleans ``is_``.
    type
        ``enum`` and ``json`` are strings in the engine; ``timestamp`` is an instant in UTC; ``date`` is a day in the
        company's time zone; ``decimal`` is exact.
    required
        The table is unusable without this column. Other columns may be absent, which switches off what needs them.
    nullable
        Whether a present column may have empty cells.
    values
        What an ``enum`` may hold.
    personal
        Personal data: errors, logs and records show the column's name and the row's key, never the value.
    expected
        Empty cells are allowed and counted in the data quality panel.
    unit
        ``money`` (in the row's ``currency``), ``rate`` (fraction), ``days``, ``months``, ``minutes`` or empty.
    ref
        ``table.column`` that holds the same key; rows without a partner are warnings.
    minimum, maximum
        Bounds of a number, inclusive.
    meaning
        One line for people.
    """

    name: str
    type: ColumnType
    required: bool = False
    nullable: bool = True
    values: tuple[str, ...] = ()
    personal: bool = False
    expected: bool = False
    unit: str = ""
    ref: str = ""
    minimum: float | None = None
    maximum: float | None = None
    meaning: str = ""

    @property
    def engine_type(self) -> str:
        """Ibis' name of the type that the opened table has."""
        if self.type == "decimal":
            return "decimal(18, 8)" if self.unit == "rate" else "decimal(18, 4)"
        return _ENGINE_TYPES[self.type]

    @property
    def dtype(self) -> dt.DataType:
        """The Ibis data type that the opened table has."""
        import ibis.expr.datatypes as dt

        return dt.dtype(self.engine_type)


Check = Callable[["ibis.Table", Mapping[str, "ibis.Table"]], "ibis.Table"]


@dataclass(frozen=True)
class Rule:
    """A rule over more than one cell.

    ``check(table, tables)`` returns the offending rows: the table's key columns plus the columns concerned. It may
    use only columns named in ``columns`` (of this table) and ``others`` (``table`` or ``table.column`` elsewhere);
    the rule is skipped where one of them is absent.
    """

    id: str
    severity: Severity
    says: str
    check: Check
    columns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True)
class TimeRule:
    """How ``as_of`` acts on a table.

    Parameters
    ----------
    known_at
        Rows whose ``known_at`` is later than ``as_of`` did not exist yet and are dropped; empty cells stay.
    month
        ``known_at`` names a month's first day, and the row is known when that month has ended.
    ahead
        Column and values of rows that are known ahead of their date (budgets, plan rates) and therefore stay.
    closes
        Date or instant columns that are set to null where they are later than ``as_of``.
    resets
        For a column of ``closes``: what the columns that follow from it held before (``None``: empty, unknown).
    follows
        Foreign key columns: a row goes with the parent row that ``as_of`` or an exclusion removed.
    """

    known_at: str | None = None
    month: bool = False
    ahead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    closes: tuple[str, ...] = ()
    resets: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    follows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One canonical table: what a row is, its key, its columns and the rules they obey.

    ``interval`` names the columns within which ``[valid_from, valid_to)`` must not overlap (effective-dated tables).
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    time: TimeRule = TimeRule()
    domain: str = ""
    interval: tuple[str, ...] = ()

    def __getitem__(self, column: str) -> Column:
        """Return the declaration of ``column``; raises ``KeyError`` for a column that the contract does not know."""
        for each in self.columns:
            if each.name == column:
                return each
        raise KeyError(f"{self.name}.{column}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns in declared order."""
        return tuple(each.name for each in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the table is unusable."""
        return tuple(each.name for each in self.columns if each.required)

    @property
    def personal(self) -> frozenset[str]:
        """Names of the columns that hold personal data."""
        return frozenset(each.name for each in self.columns if each.personal)


PROVENANCE: tuple[Column, ...] = (
    Column("source", "string", meaning="System that the row came from"),
    Column("source_id", "string", meaning="Key of the row in that system"),
    Column("extracted_at", "timestamp", meaning="Instant at which the row was read from that system"),
)
"""Columns that every table may carry."""
