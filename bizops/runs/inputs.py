"""The data of a run: what is recorded of them, whether they changed meanwhile, and what of them must not be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bizops.company import Company
from bizops.runs.clock import stamp
from bizops.runs.record import TableRead
from bizops.schema.data import Data
from bizops.sources import open_data

Stats = tuple[tuple[str, int, int], ...]


def tables_read(data: Data, root: Path) -> dict[str, TableRead]:
    """Return what is recorded of every opened table; files by their path from the project root."""
    return {
        name: TableRead(_origin(info.origin, root), info.rows, info.fingerprint, _stamp(info.extracted_at))
        for name, info in sorted(data.info.items())
    }


def file_stats(company: Company) -> Stats | None:
    """Return path, size and time of change of every file that a company's rows come from; None for a database.

    Two equal answers mean that nothing was written in between, at a ten-thousandth of the cost of reading the data.
    """
    source = company.source
    if source.kind == "url":
        return None
    if source.kind == "mapping":
        files = _mapped_files(company)
    else:
        path = company.resolve(Path(str(source.path)))
        files = path.rglob("*") if path.is_dir() else [path, path.with_name(path.name + ".wal")]
    return None if files is None else tuple(sorted(_stat(p) for p in files if p.is_file()))


def changed_tables(company: Company, day: date, before: Mapping[str, TableRead], root: Path) -> list[str]:
    """Return the tables that are not now what they were when the run began."""
    with open_data(company, day, check=False) as data:
        now = tables_read(data, root)
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def personal_values(company: Company, day: date, text: str) -> list[str]:
    """Return the values of personal columns that occur in ``text``, longest first, so that they can be left out."""
    from bizops.schema import TABLES

    found: set[str] = set()
    with open_data(company, day, check=False) as data:
        for name in data:
            columns = [c.name for c in TABLES[name].columns if c.personal] if name in TABLES else []
            for column in columns:
                if data.has(name, column):
                    found |= _occurring(data[name], column, text)
    return sorted(found, key=len, reverse=True)


def _mapped_files(company: Company) -> Iterable[Path] | None:
    """The mapping and the files that it names; None if it also reads a database."""
    from bizops.sources.mapping import load_mapping

    path = company.resolve(Path(str(company.source.mapping)))
    mapping = load_mapping(path, str(company.source.mapping))
    if any(spec.url for spec in mapping.files.values()):
        return None
    folder = company.resolve(company.source.path or mapping.path)
    return [path, *(folder / spec.file for spec in mapping.files.values() if spec.file is not None)]


def _stat(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns


def _occurring(table: Any, column: str, text: str) -> set[str]:
    """The distinct values of a column that are part of ``text``; the engine looks, so that no column is loaded."""
    value = table[column].cast("string")
    inside = (value.substr(0, 0) + text).contains(value)  # the text as an expression of this table
    rows = table.filter((value.length() > 2) & inside).select(value.name("value")).distinct()
    return {str(v) for v in rows.to_pandas()["value"]}


def _origin(origin: str, root: Path) -> str:
    """A table's origin without secrets and without the part of a path above the project."""
    if "://" in origin:
        scheme, _, rest = origin.partition("://")
        return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
    return origin.replace(f"{root.resolve()}/", "").replace(f"{root}/", "")


def _stamp(instant: datetime | None) -> str | None:
    return stamp(instant) if instant is not None and instant.tzinfo is not None else None
