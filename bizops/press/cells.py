"""Cells of a workbook: each value with the type and the look of its unit, text always as text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bizops import numbers

# Text is text, whatever it looks like.
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
# What Excel shows of a number, by the unit of a metric or the format of a column.
_FORMATS = {
    "money": "#,##0;−#,##0",
    "count": "#,##0;−#,##0",
    "rate": "0.0%;−0.0%",
    "points": "+0.0%;−0.0%;0.0%",
    "days": "#,##0.0;−#,##0.0",
    "multiple": '0.00"×";−0.00"×"',
    "number": "#,##0.0;−#,##0.0",
    "date": "yyyy-mm-dd",
}
# Excel's own limits: characters in a cell and in the name of a sheet.
_CELL, _NAME = 32_767, 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


class Book:
    """A workbook with its cell formats and the names of its sheets."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._names: set[str] = set()

    def describe(self, title: str, record: Mapping[str, Any]) -> None:
        """Write the properties of the file; its date is the day as of which the report is true."""
        day = dt.datetime.fromisoformat(f"{str(record.get('as_of') or '2000-01-01')[:10]}T00:00:00")
        about = {"title": title[:255], "created": day, "comments": str(record.get("run_id") or "")}
        self._book.set_properties(about)

    def sheet(self, name: str) -> Any:
        """Add a sheet; its name is made valid and unique."""
        base = " ".join(name.translate(_FORBIDDEN).split())[:_NAME] or "Sheet"
        unique, n = base, 1
        while unique.casefold() in {*self._names, "history"}:
            n += 1
            unique = f"{base[: _NAME - len(str(n)) - 1]} {n}"
        self._names.add(unique.casefold())
        return self._book.add_worksheet(unique)

    def format(self, **wanted: Any) -> Any:
        """Return a cell format, made once."""
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"valign": "top", **wanted})
        return self._formats[key]

    def put(self, sheet: Any, row: int, column: int, value: Any, kind: str = "text", **look: Any) -> None:
        """Write one cell: a number as a number, a day as a day, everything else as text, a missing value not at all."""
        if kind == "date" and (day := _day(value)) is not None:
            sheet.write_datetime(row, column, day, self.format(num_format=_FORMATS["date"], align="left", **look))
        elif kind in _FORMATS and kind != "date" and (number := _number(value)) is not None:
            sheet.write_number(row, column, number, self.format(num_format=_FORMATS[kind], **look))
        elif value == "" or (not isinstance(value, str) and numbers.is_missing(value)):
            sheet.write_blank(row, column, None, self.format(**look))
        else:
            sheet.write_string(row, column, str(value)[:_CELL], self.format(**look))

    def close(self) -> None:
        """Write the file."""
        self._book.close()


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return None if numbers.is_missing(value) else float(value)


def _day(value: Any) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(value)[:10])
    except ValueError:
        return None
