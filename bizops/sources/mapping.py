"""The mapping file: how any tables become the contract's. Strict models of the YAML, and its reading.

A mapping names files (or database tables), optional views over them, and for each canonical table the columns: a
source column, a constant, a value map or an SQL expression.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from bizops.company import read_yaml
from bizops.errors import InputError, did_you_mean
from bizops.schema import TABLES
from bizops.sources.raw import Layout


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _zone(value: str) -> str:
    if value and value not in available_timezones():
        raise ValueError(f"'{value}' is no IANA time zone.{did_you_mean(value, available_timezones())}")
    return value


class FileSpec(_Strict):
    """One source table: a CSV, Parquet or Excel file, or a ``table`` of a DuckDB ``file`` or of a database ``url``.

    ``decimal`` and ``thousands`` are the signs in its numbers, ``dates`` and ``instants`` the forms of its dates
    (``%d.%m.%Y``; empty: ISO 8601), ``time_zone`` that of instants without an offset.
    """

    file: Path | None = None
    url: str = ""
    table: str = ""
    sheet: str = ""
    header_row: Annotated[int, Field(ge=0)] = 1
    footer_rows: Annotated[int, Field(ge=0)] | Literal["auto"] = 0
    columns: tuple[str, ...] = ()
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", ""] | None = None
    dates: str = ""
    instants: str = ""
    time_zone: Annotated[str, BeforeValidator(_zone)] = ""

    @model_validator(mode="after")
    def _one_place(self) -> FileSpec:
        if bool(self.file) == bool(self.url):
            raise ValueError("give either 'file' or 'url'")
        if self.url and not self.table:
            raise ValueError("a 'url' needs the name of a 'table'")
        if self.thousands_sign == self.decimal:
            raise ValueError("'decimal' and 'thousands' are the same sign")
        if not self.header_row and not self.columns:
            raise ValueError("a file without a header needs 'columns'")
        return self

    @property
    def thousands_sign(self) -> str:
        """The thousands sign; by default the one of comma and point that is not the decimal sign."""
        if self.thousands is not None:
            return self.thousands
        return "," if self.decimal == "." else "."

    @property
    def layout(self) -> Layout:
        """How the file is laid out."""
        return Layout(
            delimiter=self.delimiter,
            encoding=self.encoding,
            header_row=self.header_row,
            footer_rows=-1 if self.footer_rows == "auto" else self.footer_rows,
            sheet=self.sheet,
            columns=self.columns,
        )


Value = str | bool | int | float | None
_VALUE_TYPES = ("str", "bool", "int", "float")


class ColumnSpec(_Strict):
    """Where a canonical column comes from: one of ``column``, ``constant`` and ``sql``.

    ``map`` replaces values of ``column``; a value that is not in it becomes ``default`` if that is given and stays as
    it is if not; ``empty`` fills empty cells. ``date`` is the form of a date or instant, ``read_as`` says what an
    instant in a day's place means (``day``: its date as written; ``instant``: its day in the company's time zone) or
    that a number counts seconds (``epoch``). ``percent`` divides numbers without a percent sign by 100.
    """

    column: str = ""
    constant: Value = None
    sql: str = ""
    map: dict[str, Value] | None = None
    default: Value = None
    empty: Value = None
    date: str = ""
    read_as: Literal["", "day", "instant", "epoch"] = ""
    percent: bool = False

    @field_validator("constant", "default", "empty", mode="before")
    @classmethod
    def _plain_dates(cls, value: Any) -> Any:
        # YAML reads 2026-01-01 as a date; the contract's form of it is the same text.
        return value.isoformat() if isinstance(value, date) else value

    @field_validator("map", mode="before")
    @classmethod
    def _quoted_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            if any(isinstance(key, bool) for key in value):
                raise ValueError("quote the keys: YAML reads a bare Yes, No, On or Off as true or false")
            return {str(key): each for key, each in value.items()}
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnSpec:
        given = [name for name in ("column", "constant", "sql") if name in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(f"give one of 'column', 'constant' and 'sql', not {' and '.join(given) or 'none'}")
        extra = self.model_fields_set - {"column", "constant", "sql"}
        if extra and not self.column:
            raise ValueError(f"'{min(extra)}' needs 'column'")
        if "default" in extra and self.map is None:
            raise ValueError("'default' needs 'map'")
        return self

    @property
    def has_default(self) -> bool:
        """Whether values outside the map become ``default``."""
        return "default" in self.model_fields_set


def _column(value: Any) -> Any:
    return {"column": str(value)} if isinstance(value, str | int | float) else value


class Join(_Strict):
    """Another source table, joined by an SQL condition (``deals.owner = people.id``)."""

    table: str
    # YAML reads a bare `on` as true.
    condition: Annotated[str, Field(alias="on")]
    type: Literal["left", "inner"] = "left"


class Block(_Strict):
    """Rows of one canonical table from one source table and what is joined to it.

    ``key_prefix`` (``crm:``) goes before every key and reference of the block, ``source`` into the column ``source``.
    """

    from_: Annotated[str, Field(alias="from")]
    join: tuple[Join, ...] = ()
    where: str = ""
    columns: Annotated[dict[str, Annotated[ColumnSpec, BeforeValidator(_column)]], Field(min_length=1)]
    key_prefix: str = ""
    source: str = ""


def _blocks(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class Mapping(_Strict):
    """A whole mapping file. ``path`` is the folder of the files; ``gaps`` states what is unknown, and why."""

    version: Literal[1] = 1
    about: str = ""
    path: Path = Path()
    files: Annotated[dict[str, FileSpec], Field(min_length=1)]
    views: dict[str, str] = {}
    tables: Annotated[dict[str, Annotated[tuple[Block, ...], BeforeValidator(_blocks)]], Field(min_length=1)]
    gaps: dict[str, str] = {}


def load_mapping(path: Path, where: str = "") -> Mapping:
    """Return the mapping in a YAML file.

    Raises
    ------
    InputError
        The file is missing or no YAML, has an unknown name (with near matches and the line), or maps to a table or
        column that the contract does not know.
    """
    where = where or str(path)
    content = _with_plain_on(read_yaml(path))
    lines = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        problems = list(dict.fromkeys(_explained(item, lines) for item in error.errors()))
        raise InputError("; ".join(problems), where=where, fix="correct the named lines of the mapping") from None
    problems = [f"line {_line(lines, place)}: {text}" for place, text in _unknown_names(mapping)]
    if problems:
        raise InputError("; ".join(problems), where=where, fix="`bizops check` lists the contract's tables and columns")
    return mapping


def _with_plain_on(value: Any, parent: str = "") -> Any:
    """YAML 1.1 reads the key ``on`` as true; give it back its name, except in value maps, where it may be another."""
    if isinstance(value, dict):
        items = {("on" if key is True and parent != "map" else key): each for key, each in value.items()}
        return {key: _with_plain_on(each, str(key)) for key, each in items.items()}
    return [_with_plain_on(each) for each in value] if isinstance(value, list) else value


def _line(node: Any, place: tuple[Any, ...]) -> int:
    """Line of the node at ``place``, or of the nearest one above it."""
    line: int = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                continue
            line, node = found[0].start_mark.line + 1, found[1]
            continue
        else:
            continue
        line = node.start_mark.line + 1
    return line


def _explained(item: Any, lines: Any) -> str:
    place = tuple(part for part in item["loc"] if part != "[key]")
    if place[-1] in _VALUE_TYPES:
        name = ".".join(str(part) for part in place[:-1])
        return f"line {_line(lines, place[:-1])}: '{name}' is no text, number, true or false"
    name = ".".join(str(part) for part in place)
    line = f"line {_line(lines, place)}: "
    if item["type"] == "extra_forbidden":
        return f"{line}unknown name '{name}'.{did_you_mean(str(place[-1]), _allowed(place))}"
    if item["type"] == "missing":
        return f"{line}'{name}' is missing"
    return f"{line}'{name}': {item['msg'].removeprefix('Value error, ')}"


def _allowed(place: tuple[Any, ...]) -> list[str]:
    """Names that may stand where an unknown one was found."""
    words = [part for part in place if isinstance(part, str)]
    model: type[BaseModel] = Mapping
    if words[0] == "files" and len(words) > 2:
        model = FileSpec
    elif words[0] == "tables" and "join" in words[2:-1]:
        model = Join
    elif words[0] == "tables" and "columns" in words[2:-1]:
        model = ColumnSpec
    elif words[0] == "tables" and len(words) > 2:
        model = Block
    return [each.alias or name for name, each in model.model_fields.items()]


def _unknown_names(mapping: Mapping) -> list[tuple[tuple[Any, ...], str]]:
    """Places and problems of names that neither the mapping nor the contract knows."""
    found: list[tuple[tuple[Any, ...], str]] = []
    sources = [*mapping.files, *mapping.views]
    for table, blocks in mapping.tables.items():
        if table not in TABLES:
            found.append((("tables", table), f"the contract has no table '{table}'.{did_you_mean(table, TABLES)}"))
            continue
        for block in blocks:
            for source in (block.from_, *(j.table for j in block.join)):
                if source not in sources:
                    text = f"'{source}' is neither under files nor under views.{did_you_mean(source, sources)}"
                    found.append((("tables", table, "from"), text))
            for column in block.columns:
                if column not in TABLES[table].names:
                    hint = did_you_mean(column, TABLES[table].names)
                    text = f"the contract has no column '{table}.{column}'.{hint}"
                    found.append((("tables", table, "columns", column), text))
    for gap in mapping.gaps:
        table, _, column = gap.partition(".")
        if table not in TABLES or column not in TABLES[table].names:
            found.append((("gaps", gap), f"the contract has no column '{gap}'"))
    return found
