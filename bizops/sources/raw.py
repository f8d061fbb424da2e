"""Files as they are: CSV, Parquet and Excel become tables of the embedded engine, with the row number in the file.

Text files keep their text; types come later, so that every cell that does not fit can be named.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bizops.errors import InputError
from bizops.schema.check import Violation
from bizops.sources.broken import SHORT, Line, unreadable_lines
from bizops.sources.engine import literal, quoted, rows
from bizops.sources.excel import write_sheet

if TYPE_CHECKING:
    import duckdb

ROW = "__row"
"""Column that holds the number of a row within its file, counted from 1 without the header."""

FILE = "__file"
"""Column that names the file of a row where a table is made of several."""

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".xlsx")

_NATIVE = ("utf-8", "utf8", "utf-8-sig")


@dataclass(frozen=True)
class Layout:
    """How a text or Excel file is laid out.

    ``header_row`` counts from 1; ``footer_rows`` rows at the end are no data (-1: all short lines at the end, as in
    Salesforce report exports); ``columns`` names the columns of a file without a header (``header_row`` 0).
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    header_row: int = 1
    footer_rows: int = 0
    sheet: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raw:
    """A table as the source has it.

    ``relation`` is SQL that stands after FROM; ``offset`` plus the row number is the row as a spreadsheet counts it;
    ``broken`` lists rows that could not be read at all.
    """

    relation: str
    origin: str
    columns: tuple[str, ...]
    rows: int
    fingerprint: str
    offset: int = 0
    is_text: bool = False
    broken: tuple[Violation, ...] = field(default=())


def placed(name: str) -> str:
    """Return the SQL name of the raw table ``name``."""
    return f"raw.{quoted(name)}"


def stem(path: Path) -> str:
    """Return a file's name without its suffixes (``opportunity`` of ``opportunity.csv.gz``)."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def fingerprint(path: Path) -> str:
    """Return ``sha256:`` and the hash of the file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def read_file(con: duckdb.DuckDBPyConnection, path: Path, name: str, layout: Layout = Layout()) -> Raw:
    """Load or attach one file under ``name`` and return it as a `Raw` table.

    Raises
    ------
    InputError
        The file is missing, empty, of an unknown kind, in another encoding, or its header cannot be read.
    """
    if not path.is_file():
        raise InputError("the file does not exist", where=str(path), fix="check the path, or export the file again")
    if path.stat().st_size == 0:
        raise InputError("the file is empty", where=str(path), fix="export it again; a table needs at least its header")
    lower = path.name.lower()
    if lower.endswith(".parquet"):
        return _read_parquet(con, path, name)
    if lower.endswith(".xlsx"):
        return _read_excel(con, path, name, layout)
    if lower.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")):
        if ".tsv" in lower and layout.delimiter == ",":
            layout = Layout("\t", layout.encoding, layout.header_row, layout.footer_rows, columns=layout.columns)
        return _read_text(con, path, name, layout)
    raise InputError("no file of a known kind", where=str(path), fix=f"use one of {', '.join(SUFFIXES)}")


def _read_parquet(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> Raw:
    import duckdb

    sql = (
        f"CREATE OR REPLACE VIEW {placed(name)} AS SELECT file_row_number + 1 AS {ROW}, * EXCLUDE (file_row_number) "
        f"FROM read_parquet({literal(str(path))}, file_row_number = true)"
    )
    try:
        con.execute(sql)
    except duckdb.Error as error:
        raise InputError("not a readable Parquet file", where=str(path), fix="write the file again") from error
    count = rows(con, f"SELECT count(*) FROM {placed(name)}")[0][0]
    return Raw(placed(name), path.name, _columns(con, name), count, fingerprint(path))


def _columns(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, ...]:
    return tuple(row[0] for row in rows(con, f"DESCRIBE {placed(name)}") if row[0] != ROW)


def open_text(path: Path, encoding: str, errors: str = "strict") -> IO[str]:
    """Return the text of a file, unpacked if its name ends in ``.gz``; raises ``InputError`` for unknown encodings."""
    try:
        if path.name.lower().endswith(".gz"):
            return io.TextIOWrapper(gzip.open(path), encoding=encoding, errors=errors, newline="")
        return path.open(encoding=encoding, errors=errors, newline="")
    except LookupError as error:
        fix = "use a name that Python knows, such as utf-8, cp1252 or latin-1"
        raise InputError(f"unknown encoding '{encoding}'", where=str(path), fix=fix) from error


def _header(path: Path, layout: Layout) -> list[str]:
    """Names in the header row, checked."""
    encoding = "utf-8-sig" if layout.encoding.lower() in _NATIVE else layout.encoding
    try:
        with open_text(path, encoding, errors="surrogateescape") as text:
            records = csv.reader(text, delimiter=layout.delimiter)
            for _ in range(layout.header_row):
                record = next(records, None)
    except UnicodeError as error:
        raise _encoding_error(path, layout, "the file") from error
    except (OSError, EOFError, csv.Error) as error:
        raise InputError(f"the file cannot be read: {error}", where=str(path), fix="export the file again") from error
    if record is None:
        raise InputError(f"there is no row {layout.header_row}", where=str(path), fix="correct header_row")
    if any("\udc80" <= letter <= "\udcff" for name in record for letter in name):
        raise _encoding_error(path, layout, "the header")
    names = [name.strip() for name in record]
    while len(names) > 1 and not names[-1]:
        names.pop()
    _check_header(path, layout, names)
    return names


def _check_header(path: Path, layout: Layout, names: list[str]) -> None:
    if "" in names:
        place = names.index("") + 1
        raise InputError(f"column {place} of the header has no name", where=str(path), fix="name it or remove it")
    folded = [name.casefold() for name in names]
    double = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if double:
        raise InputError(f"column '{double}' occurs twice", where=str(path), fix="rename or remove one of the two")
    others = [d for d in DELIMITERS if d != layout.delimiter and d in names[0]]
    if len(names) == 1 and others:
        found = DELIMITERS[others[0]]
        expected = DELIMITERS.get(layout.delimiter, repr(layout.delimiter))
        fix = f"save the file with {expected}, or read it through a mapping with delimiter: {others[0]!r}"
        raise InputError(f"the columns are separated by {found}, not by {expected}", where=str(path), fix=fix)


def _encoding_error(path: Path, layout: Layout, place: str) -> InputError:
    fix = "save the file as UTF-8, or read it through a mapping with its encoding, such as encoding: cp1252"
    return InputError(f"{place} is not {layout.encoding.upper()} text", where=str(path), fix=fix)


def _read_text(con: duckdb.DuckDBPyConnection, path: Path, name: str, layout: Layout, origin: str = "") -> Raw:
    names = list(layout.columns) or _header(path, layout)
    with tempfile.TemporaryDirectory() as folder:
        source = path if layout.encoding.lower() in _NATIVE else _as_utf8(path, layout, Path(folder))
        broken = _load(con, source, name, names, layout)
    read = rows(con, f"SELECT count(*) FROM {placed(name)}")[0][0]
    bad, dropped = _without_footer(broken, read, layout)
    last = read + layout.header_row
    blank = " AND ".join(f"{quoted(each)} IS NULL" for each in names)
    con.execute(f"DELETE FROM {placed(name)} WHERE {ROW} > {read - dropped} OR ({blank})")
    return Raw(
        relation=placed(name),
        origin=origin or path.name,
        columns=tuple(names),
        rows=rows(con, f"SELECT count(*) FROM {placed(name)}")[0][0],
        fingerprint=fingerprint(path),
        offset=layout.header_row,
        is_text=True,
        broken=tuple(unreadable_lines(origin or path.name, stem(Path(origin or path.name)), bad, len(names), last)),
    )


def _as_utf8(path: Path, layout: Layout, folder: Path) -> Path:
    target = folder / "text.csv"
    try:
        with open_text(path, layout.encoding) as text, target.open("w", encoding="utf-8", newline="") as out:
            for chunk in iter(lambda: text.read(1 << 20), ""):
                out.write(chunk)
    except UnicodeError as error:
        raise _encoding_error(path, layout, "the file") from error
    return target


def _load(con: duckdb.DuckDBPyConnection, path: Path, name: str, names: list[str], layout: Layout) -> list[Line]:
    """Load all cells as text; return the rows that do not parse."""
    import duckdb

    columns = ", ".join(f"{literal(each)}: 'VARCHAR'" for each in names)
    errors = f"rejects_{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]}"
    sql = (
        f"CREATE OR REPLACE TABLE {placed(name)} AS SELECT row_number() OVER () AS {ROW}, * FROM read_csv("
        f"{literal(str(path))}, auto_detect = false, header = {str(layout.header_row > 0).lower()}, "
        f"skip = {max(layout.header_row - 1, 0)}, delim = {literal(layout.delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, nullstr = '', store_rejects = true, rejects_table = '{errors}', "
        f"rejects_scan = '{errors}_scan', rejects_limit = 0)"
    )
    try:
        con.execute(sql)
    except duckdb.Error as error:
        text = str(error).splitlines()[0]
        raise InputError(f"the file cannot be read: {text}", where=str(path), fix="export the file again") from error
    # A row that is short is refused once for each cell that it lacks.
    found = rows(
        con,
        f"SELECT line, error_type, coalesce(min_by(column_name, column_idx), ''), any_value(csv_line) FROM {errors} "
        "GROUP BY line, error_type ORDER BY line, error_type",
    )
    con.execute(f"DROP TABLE {errors}; DROP TABLE {errors}_scan")
    return [Line(line, kind, column, _cells(text or "", layout)) for line, kind, column, text in found]


def _cells(text: str, layout: Layout) -> int:
    """Cells of a line as the engine kept it, which may begin with the blank lines before it."""
    return max(map(len, csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter)), default=0)


def _without_footer(broken: list[Line], count: int, layout: Layout) -> tuple[list[Line], int]:
    """Return the broken lines that are no footer, and how many read rows at the end are footer."""
    if not layout.footer_rows:
        return broken, 0
    last = count + layout.header_row
    tail = [row for row in broken if row.number > last and row.kind == SHORT]
    kept = [row for row in broken if row not in tail]
    if layout.footer_rows < 0:
        return kept, 0
    return kept, min(max(layout.footer_rows - len(tail), 0), count)


def _read_excel(con: duckdb.DuckDBPyConnection, path: Path, name: str, layout: Layout) -> Raw:
    """Read a sheet through its text, so that both kinds of file obey the same rules."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "sheet.csv"
        write_sheet(path, target, layout.sheet, max(layout.header_row, 1))
        inner = Layout(header_row=min(layout.header_row, 1), footer_rows=layout.footer_rows, columns=layout.columns)
        raw = _read_text(con, target, name, inner, origin=path.name)
    return replace(raw, fingerprint=fingerprint(path), offset=layout.header_row)
