"""What a file looks like before anything is known of it: its header, some rows, how it seems to be laid out."""

from __future__ import annotations

import codecs
import collections
import csv
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bizops.errors import InputError
from bizops.sources.engine import literal, rows
from bizops.sources.raw import open_text, stem

SAMPLE = 200
"""Rows that are looked at for signs of dates, numbers and stages."""

MOST_FOOTER = 20
"""More short rows than these at the end are ragged data, no footer."""

_DATE_FORMS = (
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y"),
)


@dataclass
class Sheet:
    """One file: its name in the mapping, its layout, its header and some rows."""

    name: str
    path: Path
    header: list[str]
    rows: list[list[str]]
    layout: dict[str, Any] = field(default_factory=dict)

    def values(self, column: str) -> list[str]:
        """Non-empty cells of a column among the rows looked at."""
        place = self.header.index(column)
        return [row[place] for row in self.rows if place < len(row) and row[place].strip()]


def snake(name: str) -> str:
    """Return a header in snake_case, without a vendor's prefix (``property_closedate`` is ``closedate``)."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9_]+", "_", split.lower()).strip("_").removeprefix("property_") or name.lower()


def read_header(path: Path) -> Sheet:
    """Return the header, some rows and the layout of a file; raises ``InputError`` where it cannot be read."""
    if not path.is_file():
        raise InputError("the file does not exist", where=str(path), fix="check the path")
    name = snake(stem(path)).removesuffix("_data")
    name = name if re.match(r"[a-z]", name) else f"file_{name}"
    if path.name.lower().endswith(".parquet"):
        return Sheet(name, path, _parquet_columns(path), [])
    if path.name.lower().endswith(".xlsx"):
        return _excel(path, name)
    return _text(path, name)


def _parquet_columns(path: Path) -> list[str]:
    import duckdb

    with duckdb.connect() as con:
        return [row[0] for row in rows(con, f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})")]


def _text(path: Path, name: str) -> Sheet:
    encoding = _encoding(path)
    with open_text(path, "utf-8-sig" if encoding == "utf-8" else encoding, errors="replace") as text:
        sample = text.read(1 << 20)
        end = _end_of(text, sample)
    if not sample.strip():
        raise InputError("the file is empty", where=str(path), fix="export it again")
    first = sample.splitlines()[0]
    delimiter = max(",;\t|", key=first.count)
    records = list(itertools.islice(csv.reader(sample.splitlines(), delimiter=delimiter), SAMPLE))
    sheet = Sheet(name, path, [c.strip() for c in records[0]], records[1:])
    if delimiter != ",":
        sheet.layout["delimiter"] = delimiter
    if encoding != "utf-8":
        sheet.layout["encoding"] = encoding
    if footer := _footer_rows(end, delimiter, len(sheet.header)):
        sheet.layout["footer_rows"] = footer
        if len(records) == len(sample.splitlines()) < SAMPLE:
            sheet.rows = sheet.rows[:-footer]
    _signs(sheet)
    return sheet


def _encoding(path: Path) -> str:
    """The encoding of a whole file: UTF-8 if it is that to the end, UTF-16 by its mark, else Windows-1252."""
    # Latin-1 gives every byte back as the letter of its number.
    with open_text(path, "latin-1") as text:
        if text.read(2).encode("latin-1") in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    try:
        with open_text(path, "utf-8") as text:
            for _ in iter(lambda: text.read(1 << 20), ""):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _end_of(text: IO[str], sample: str) -> list[str]:
    """The last lines of a text of which ``sample`` has been read."""
    last = collections.deque(sample.splitlines(), maxlen=SAMPLE)
    if len(sample) == 1 << 20:
        for line in text:
            last.append(line.rstrip("\r\n"))
    return list(last)


def _footer_rows(lines: Sequence[str], delimiter: str, width: int) -> int:
    """How many rows at the end have fewer cells than the header, blank lines among them not counted."""
    records = [record for record in csv.reader(lines, delimiter=delimiter) if record]
    short = sum(1 for _ in itertools.takewhile(lambda record: len(record) < width, reversed(records)))
    return short if short <= MOST_FOOTER and short < len(records) - 1 else 0


def _excel(path: Path, name: str) -> Sheet:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    values = itertools.islice(book.worksheets[0].values, SAMPLE)
    grid = [["" if cell is None else str(cell) for cell in row] for row in values]
    title = book.sheetnames[0]
    book.close()
    width = max((sum(bool(c) for c in row) for row in grid), default=0)
    place = next((i for i, row in enumerate(grid) if sum(bool(c) for c in row) >= max(width - 1, 1)), 0)
    if not grid:
        raise InputError("the first sheet is empty", where=str(path), fix="check the file")
    layout: dict[str, Any] = {"sheet": title}
    if place:
        layout["header_row"] = place + 1
    header = [c.strip() for c in grid[place]]
    while header and not header[-1]:
        header.pop()
    return Sheet(name, path, header, grid[place + 1 :], layout)


def _signs(sheet: Sheet) -> None:
    """Decimal commas and forms of dates, as far as the rows looked at show them."""
    cells = [c.strip() for row in sheet.rows for c in row if c.strip()]
    if any(re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d{1,2}", c) for c in cells) and not any(
        re.fullmatch(r"-?\d+\.\d{1,2}", c) for c in cells
    ):
        sheet.layout["decimal"] = ","
    for pattern, form in _DATE_FORMS:
        found = [c for c in cells if re.fullmatch(pattern, c)]
        if found:
            sheet.layout["dates"] = form
            break
