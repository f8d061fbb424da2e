"""What is said of the lines of a text file that do not parse: one message for each kind, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bizops.schema.check import SHOWN, Violation

SHORT = "MISSING COLUMNS"
"""The engine's name for a row with fewer cells than the header."""

ENCODING = "INVALID ENCODING"

_SAYS = {
    "TOO MANY COLUMNS": "the row has more cells than the header",
    ENCODING: "the file is not UTF-8 text",
    "UNQUOTED VALUE": "a quotation mark is not closed",
}

_QUOTE = "quote cells that hold the delimiter or a quotation mark, or declare footer_rows in a mapping"


@dataclass(frozen=True)
class Line:
    """A line that does not parse: its number in the file, the engine's name of the fault, where, and its cells."""

    number: int
    kind: str
    column: str = ""
    cells: int = 0


def unreadable_lines(origin: str, table: str, lines: Sequence[Line], width: int, last: int) -> Iterator[Violation]:
    """Yield one violation for each kind of fault in the file ``origin``; ``width`` is the number of its columns.

    ``last`` is the last line that has been read: short lines after it look like the footer of a report export.
    """
    footer = [line for line in lines if line.kind == SHORT and line.number > last]
    short = [line for line in lines if line.kind == SHORT and line.number <= last]
    if footer:
        says = (
            f"{_have(footer)} {_cells(footer)} of {width} cells, fewer cells than the header: {footers(len(footer))}?"
        )
        fix = f"footer_rows: {len(footer)} in a mapping, or remove them"
        yield Violation("file", "error", origin, table, "", says, fix)
    if short:
        says = f"the row has fewer cells than the header ({_cells(short)} of {width})"
        yield _violation(origin, table, short, says, _QUOTE)
    for kind in dict.fromkeys(line.kind for line in lines if line.kind != SHORT):
        some = [line for line in lines if line.kind == kind]
        fix = _QUOTE
        if kind == ENCODING:
            fix = "save the file as UTF-8, or read it through a mapping with its encoding, such as encoding: cp1252"
        yield _violation(origin, table, some, _SAYS.get(kind, kind.lower()), fix)


def _have(lines: Sequence[Line]) -> str:
    return f"{named_rows([line.number for line in lines])} {'has' if len(lines) == 1 else 'have'}"


def named_rows(numbers: Sequence[int]) -> str:
    """Return ``row 7`` or ``rows 7, 8``; of many the first."""
    named = ", ".join(map(str, numbers[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")
    return f"row {named}" if len(numbers) == 1 else f"rows {named}"


def footers(count: int) -> str:
    """Return ``a footer row`` or ``footer rows``."""
    return "a footer row" if count == 1 else "footer rows"


def _cells(lines: Sequence[Line]) -> str:
    counts = sorted({line.cells for line in lines})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _violation(origin: str, table: str, lines: Sequence[Line], says: str, fix: str) -> Violation:
    columns = {line.column for line in lines}
    return Violation(
        check="file",
        severity="error",
        origin=origin,
        table=table,
        column=columns.pop() if len(columns) == 1 else "",
        says=says,
        fix=fix,
        rows=len(lines),
        key="row",
        keys=tuple(str(line.number) for line in lines[:SHOWN]),
    )
