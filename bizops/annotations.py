"""Dated events of a company (a price change, a new plan of territories), told on the charts that they concern.

They stand in a CSV file beside the company file: ``date,label`` and, where an event concerns less than everything,
``metric`` (an id such as BKG-01), ``level`` and ``member`` (a slice, such as region and DACH).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bizops.errors import InputError, did_you_mean

LEVELS = ("company", "region", "segment", "manager")
_NEEDED = ("date", "label")
_COLUMNS = (*_NEEDED, "metric", "level", "member")


@dataclass(frozen=True)
class Annotation:
    """One event: its day, what happened, and what it concerns.

    An empty ``metric`` concerns every chart over time, an empty ``level`` every slice, an empty ``member`` every slice
    of its level.
    """

    on: date
    label: str
    metric: str = ""
    level: str = ""
    member: str = ""

    def concerns(self, level: str, member: str = "") -> bool:
        """Whether a page of this slice tells the event."""
        return self.level in ("", level) and self.member in ("", member)


def annotations_beside(company: Path) -> Path:
    """Return the file of events of a company file: ``annotations.csv`` for ``company.yaml``.

    A company file of another name, which may have neighbours, keeps its name in front: ``hubspot.annotations.csv``.

    >>> annotations_beside(Path("params/company.yaml")).as_posix()
    'params/annotations.csv'
    """
    return company.with_name("annotations.csv" if company.stem == "company" else f"{company.stem}.annotations.csv")


def read_annotations(path: Path | str, as_of: date) -> tuple[Annotation, ...]:
    """Return the events of a CSV file up to and including ``as_of``, oldest first; none when there is no file.

    Raises ``InputError`` naming file, line and column for a row that cannot be read. Later rows are checked too, but
    left out: nothing after ``as_of`` may be told.
    """
    path = Path(path)
    if not path.is_file():
        return ()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("cannot be read as UTF-8 text", where=str(path), fix="save it as CSV UTF-8") from error
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = _header(next(reader, []), path)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        fix = "close the quotes, or save the file again from a spreadsheet as CSV UTF-8"
        raise InputError(f"not valid CSV: {error}", where=f"{path} line {reader.line_num}", fix=fix) from error
    found = [_read(dict(zip(header, _whole(row, header, path, line), strict=True)), path, line) for line, row in rows]
    return tuple(sorted((a for a in found if a.on <= as_of), key=lambda a: a.on))


def _header(row: Iterable[str], path: Path) -> list[str]:
    names = [name.strip().lower() for name in row]
    fix = f"the first line is {','.join(_COLUMNS)}; all but {' and '.join(_NEEDED)} may be left out"
    for name in names:
        if name not in _COLUMNS:
            near = did_you_mean(name, _COLUMNS)
            raise InputError(f"unknown column '{name}'.{near}", where=f"{path} line 1", fix=fix)
    if missing := [name for name in _NEEDED if name not in names]:
        raise InputError(f"no column '{missing[0]}'", where=f"{path} line 1", fix=fix)
    if len(set(names)) < len(names):
        raise InputError("a column is named twice", where=f"{path} line 1", fix=fix)
    return names


def _whole(row: list[str], header: list[str], path: Path, line: int) -> list[str]:
    """Return the row as long as the header: a spreadsheet may leave out empty cells at its end."""
    if len(row) > len(header):
        fix = 'put a label that has a comma between double quotes: "Prices up, all products"'
        raise InputError(f"{len(row)} cells under {len(header)} columns", where=f"{path} line {line}", fix=fix)
    return row + [""] * (len(header) - len(row))


def _read(cells: Mapping[str, str], path: Path, line: int) -> Annotation:
    values = {name: " ".join(cell.split()) for name, cell in cells.items()}
    level, member = values.get("level", "").lower(), values.get("member", "")

    def wrong(column: str, problem: str, fix: str) -> InputError:
        return InputError(problem, where=f"{path} line {line}, column {column}", fix=fix)

    try:
        on = date.fromisoformat(values["date"])
    except ValueError as error:
        raise wrong("date", f"'{values['date']}' is no date", "write year-month-day, such as 2026-09-03") from error
    if not values["label"]:
        raise wrong("label", "the label is empty", "say in a few words what happened")
    if level not in ("", *LEVELS):
        near = did_you_mean(level, LEVELS)
        raise wrong("level", f"unknown level '{level}'.{near}", f"one of {', '.join(LEVELS)}, or nothing")
    if member and level in ("", "company"):
        raise wrong("member", f"member '{member}' needs a level", "name its level: region, segment or manager")
    return Annotation(on, values["label"], values.get("metric", "").upper(), level, member)
