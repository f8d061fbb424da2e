"""Footer rows of full width: the last rows of a file whose cells do not read, told once and not once a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bizops.schema.check import Violation
from bizops.sources.broken import footers, named_rows
from bizops.sources.engine import quoted, rows
from bizops.sources.raw import FILE, ROW, Raw

if TYPE_CHECKING:
    import duckdb

MOST = 10
"""More unreadable rows than these at the end are a file in another form, no footer."""


@dataclass(frozen=True)
class Footer:
    """Rows at the end that seem to be no data: the first one's number, all numbers, columns that do not read."""

    start: int
    numbers: tuple[int, ...]
    columns: tuple[str, ...]

    def violation(self, raw: Raw, table: str) -> Violation:
        """Return the one message for all cells of the footer."""
        count = len(self.numbers)
        verb = "does" if count == 1 else "do"
        where = f"{len(self.columns)} columns ({', '.join(self.columns)})"
        says = f"{named_rows(self.numbers)} {verb} not read in {where}: {footers(count)}?"
        fix = f"footer_rows: {count} in a mapping, or remove them; otherwise correct these cells"
        return Violation("type", "error", raw.origin, table, "", says, fix)


def footer(con: duckdb.DuckDBPyConnection, raw: Raw, refused: Mapping[str, str]) -> Footer | None:
    """Return the rows at the end of a file of which most cells are refused, two at least, or nothing.

    Parameters
    ----------
    refused
        For each column that is not text, SQL that is true where its cell is refused.
    """
    there = {row[0] for row in rows(con, f"DESCRIBE SELECT * FROM {raw.relation}")}
    if ROW not in there or FILE in there or len(refused) < 2:
        return None
    tests = ", ".join(f"{quoted(name)} IS NOT NULL, {sql}" for name, sql in refused.items())
    last = rows(con, f"SELECT {ROW}, {tests} FROM {raw.relation} ORDER BY {ROW} DESC LIMIT {MOST + 1}")
    found: list[int] = []
    columns: dict[str, None] = {}
    for number, *cells in last:
        bad = [name for name, is_bad in zip(refused, cells[1::2], strict=True) if is_bad]
        if len(bad) < 2 or 2 * len(bad) < sum(cells[::2]):
            break
        found.append(number)
        columns |= dict.fromkeys(bad)
    if not found or len(found) > MOST or 2 * len(found) > raw.rows:
        return None
    numbers = tuple(sorted(number + raw.offset for number in found))
    return Footer(min(found), numbers, tuple(name for name in refused if name in columns))
