"""A folder of CSV or Parquet files in canonical form: one file a table, named by the table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bizops.errors import InputError, did_you_mean
from bizops.schema import TABLES
from bizops.schema.check import Violation
from bizops.sources.raw import Raw, read_file, stem

if TYPE_CHECKING:
    import duckdb

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def read_folder(
    con: duckdb.DuckDBPyConnection, folder: Path, only: frozenset[str] | None = None
) -> tuple[dict[str, Raw], list[Violation]]:
    """Return the raw tables of a folder by canonical name, and what is wrong with its files.

    Raises
    ------
    InputError
        The folder does not exist, or holds no file that is named like a table of the contract.
    """
    if not folder.is_dir():
        fix = "correct source.path in the company file, or create the folder"
        raise InputError("the folder does not exist", where=str(folder), fix=fix)
    files = sorted(p for p in folder.iterdir() if p.name.lower().endswith(SUFFIXES) and not p.name.startswith("."))
    tables: dict[str, Raw] = {}
    found: list[Violation] = []
    for path in files:
        name = stem(path)
        if name not in TABLES:
            found.append(_unknown(path, name))
        elif name in tables:
            found.append(_twice(path, name, tables[name].origin))
        elif only is None or name in only:
            try:
                tables[name] = read_file(con, path, name)
            except InputError as error:
                found.append(unreadable(path, name, error))
    if not tables and not any(v.severity == "error" for v in found):
        known = ", ".join(list(TABLES)[:3])
        raise InputError(
            f"the folder holds no table of the contract.{_nearest(files)}",
            where=str(folder),
            fix=f"name the files by their tables, such as opportunity.csv ({known}, ...), or write a mapping",
        )
    return tables, found


def unreadable(path: Path, name: str, error: InputError) -> Violation:
    """Return the violation for a file that cannot be read."""
    return Violation("file", "error", path.name, name, "", error.problem, error.fix)


def _unknown(path: Path, name: str) -> Violation:
    says = f"the contract has no table '{name}', the file is left out.{did_you_mean(name, TABLES)}"
    return Violation("file", "warning", path.name, name, "", says, "rename the file, or ignore this")


def _twice(path: Path, name: str, other: str) -> Violation:
    return Violation("file", "error", path.name, name, "", f"the table is also in {other}", "keep one of the two files")


def _nearest(files: list[Path]) -> str:
    for path in files:
        if hint := did_you_mean(stem(path), TABLES):
            return f" {path.name}:{hint}"
    return ""
