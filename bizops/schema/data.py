"""What a report opens: the tables as they were at ``as_of``, where they came from, and how good they are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self
from zoneinfo import ZoneInfo

from bizops.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from bizops.company import Company
    from bizops.periods import Calendar

Level = Literal["company", "region", "segment", "manager"]

QUALITY_COLUMNS = ("check", "severity", "table", "column", "rows", "of", "detail")


@dataclass(frozen=True)
class Scope:
    """The slice of the company that a report is about; ``member`` names it (empty for the whole company)."""

    level: Level = "company"
    member: str = ""


@dataclass(frozen=True)
class TableInfo:
    """Where a table came from.

    ``origin`` is a file or a database table, ``rows`` the number left at ``as_of`` after exclusions, ``excluded``
    counts the rows left out by reason, ``fingerprint`` identifies the content (``sha256:...`` of the files' bytes or
    ``rows:...`` of a database table).
    """

    name: str
    origin: str
    rows: int
    columns: tuple[str, ...]
    excluded: Mapping[str, int] = field(default_factory=dict)
    extracted_at: datetime | None = None
    fingerprint: str = ""


def _nothing() -> None:
    """Close nothing."""


@dataclass(frozen=True)
class Data:
    """The canonical tables of one company at one instant. ``data["opportunity"]`` is an Ibis table.

    Parameters
    ----------
    as_of
        Aware instant in UTC, exclusive: what happened at or after it is not in the tables.
    quality
        One row a check: ``check``, ``severity`` (ok, warning, error), ``table``, ``column``, ``rows`` (offending or
        changed), ``of`` (looked at), ``detail`` (a sentence without personal values).
    gaps
        ``table.column`` to the reason why its values are unknown although the column is there.
    kept
        Facts that metrics have computed from these tables and keep in the engine; every scope shares them.
    """

    company: Company
    as_of: datetime
    calendar: Calendar
    tables: Mapping[str, ibis.Table]
    info: Mapping[str, TableInfo]
    quality: pd.DataFrame
    scope: Scope = Scope()
    gaps: Mapping[str, str] = field(default_factory=dict)
    on_close: Callable[[], None] = _nothing
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def __getitem__(self, name: str) -> ibis.Table:
        """Return a table; raises ``InputError`` where the source does not have it."""
        if name not in self.tables:
            raise InputError(
                f"the source has no table {name}.{did_you_mean(name, self.tables)}",
                where=str(self.company.name),
                fix=f"add {name} to the source or to the mapping; `bizops check` lists what is there",
            )
        return self.tables[name]

    def __contains__(self, name: str) -> bool:
        """Whether the source has the table."""
        return name in self.tables

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the tables."""
        return iter(self.tables)

    @property
    def as_of_date(self) -> date:
        """The last day, in the company's time zone, of which anything is in the tables."""
        last = self.as_of - timedelta(microseconds=1)
        return last.astimezone(ZoneInfo(self.company.time_zone)).date()

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there with all these columns."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def missing(self, needs: Mapping[str, Iterable[str]]) -> str:
        """Return an empty string, or a sentence naming the tables and columns that are not there.

        Parameters
        ----------
        needs
            Table to the columns needed of it (none: the table itself).
        """
        reasons: list[str] = []
        for table, columns in needs.items():
            if table not in self.tables:
                reasons.append(f"no table {table}")
                continue
            absent = [column for column in columns if column not in self.tables[table].columns]
            if absent:
                reasons.append(f"{table} has no column {' or '.join(absent)}")
        return "; ".join(reasons)

    def within(self, scope: Scope) -> Data:
        """Return the same tables with another scope; metrics apply it in their base facts."""
        return replace(self, scope=scope)

    def close(self) -> None:
        """Release the engine; the tables cannot be used afterwards."""
        self.on_close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engine."""
        self.close()
