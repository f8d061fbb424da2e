"""Excel sheets as text: what a cell shows, without its formatting."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from bizops.errors import InputError


def write_sheet(path: Path, target: Path, sheet: str = "", first_row: int = 1) -> None:
    """Write the rows of a sheet (default: the first) from ``first_row`` on as CSV to ``target``.

    Cells right of the first row's last name are left out; days and instants become ISO 8601.

    Raises
    ------
    InputError
        The file is no Excel workbook, or has no such sheet.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise InputError("not a readable Excel file", where=str(path), fix="save it as .xlsx again") from error
    try:
        if sheet and sheet not in book.sheetnames:
            known = ", ".join(book.sheetnames)
            raise InputError(f"there is no sheet '{sheet}'", where=str(path), fix=f"use one of: {known}")
        chosen = book[sheet or book.sheetnames[0]]
        with target.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(_cells(chosen.iter_rows(min_row=first_row, values_only=True)))
    finally:
        book.close()


def _cells(records: Iterator[tuple[Any, ...]]) -> Iterator[list[str]]:
    width = 0
    for record in records:
        cells = [_text(cell) for cell in record]
        if not width:
            while cells and not cells[-1]:
                cells.pop()
            width = len(cells)
        yield cells[:width]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
