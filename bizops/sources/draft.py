"""A first mapping for a team's own files: what their headers seem to mean, and what is left to a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bizops.errors import InputError
from bizops.schema import TABLES
from bizops.schema.table import Column
from bizops.sources.headers import Sheet, read_header, snake
from bizops.sources.vocabulary import TABLE_WORDS, names_of

_YAML_WORDS = ("yes", "no", "on", "off", "true", "false", "null", "y", "n")


@dataclass(frozen=True)
class Draft:
    """A proposed mapping: its YAML, source columns with no place (``file.column``), and doubtful choices in words."""

    yaml: str
    unmapped: tuple[str, ...]
    ambiguous: tuple[str, ...]


def draft_mapping(files: Sequence[Path]) -> Draft:
    """Return a mapping proposed from the headers of ``files`` (CSV, Parquet or Excel).

    Known names of Salesforce (API and warehouse), HubSpot, Stripe and common English headers are mapped; all else is
    named in comments. The YAML is valid and can be edited at once.

    Raises
    ------
    InputError
        There are no files, or one cannot be read.
    """
    if not files:
        raise InputError("no files are given", where="bizops map", fix="name the files to map")
    sheets = [read_header(Path(path)) for path in files]
    lines = ["# Drafted from the headers: read every line, above all those with a comment.", "files:"]
    folder = sheets[0].path.parent
    for sheet in sheets:
        lines.append(f"  {sheet.name}: {_flow({'file': _relative(sheet.path, folder), **sheet.layout})}")
    unmapped: list[str] = []
    ambiguous: list[str] = []
    blocks: dict[str, list[list[str]]] = {}
    views: list[str] = []
    for sheet in sheets:
        table, doubt = _table_of(sheet)
        ambiguous += doubt
        if table is None:
            unmapped += [f"{sheet.name}.{column}" for column in sheet.header]
            continue
        block, left, unclear = _block(sheet, table)
        if sql := _distinct(sheet, table, block, left):
            views.append(f"  {sheet.name}_rows: {_string(sql)}")
            block[0] = f"from: {sheet.name}_rows  # its key repeats in the file"
        blocks.setdefault(table, []).append(block)
        unmapped += [f"{sheet.name}.{column}" for column in left]
        ambiguous += unclear
    head = [lines[0], f"path: {_quoted(str(folder))}", *lines[1:]]
    body = [line for table, parts in blocks.items() for line in _table_lines(table, parts)]
    if not blocks:
        raise InputError("no header is like a table of the contract", where=str(folder), fix="write a mapping by hand")
    views = ["views:", *views, ""] if views else []
    notes = [f"# no place found: {name}" for name in unmapped] + [f"# unclear: {text}" for text in ambiguous]
    return Draft("\n".join([*head, "", *views, "tables:", *body, *notes]) + "\n", tuple(unmapped), tuple(ambiguous))


def _relative(path: Path, folder: Path) -> str:
    return path.name if path.parent == folder else str(path)


def _table_lines(table: str, parts: list[list[str]]) -> list[str]:
    lines = [f"  {table}:"]
    for part in parts:
        first, *rest = part
        if len(parts) > 1:
            lines += [f"    - {first}", *(f"      {line}" for line in rest)]
        else:
            lines += [f"    {line}" for line in part]
    return lines


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z_./][A-Za-z0-9_./ -]*", value) and value.strip() == value else f'"{value}"'


def _flow(record: dict[str, Any]) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, int) else "null" if value is None else _string(str(value))

    return "{" + ", ".join(f"{k}: {_flow(v) if isinstance(v, dict) else shown(v)}" for k, v in record.items()) + "}"


def _string(text: str) -> str:
    safe = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.() -]*", text) and text.lower() not in _YAML_WORDS
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if safe else f'"{escaped}"'


# -- finding tables and columns ----------------------------------------------------------------------------------------


def _table_of(sheet: Sheet) -> tuple[str | None, list[str]]:
    """The table that the file's name and header fit best, and a doubt where two fit as well."""
    scores = {table: _score(sheet, table) for table in TABLES}
    ranked = sorted(scores, key=lambda t: -scores[t])
    best, second = ranked[:2]
    if best == "plan" and _vendor(sheet) == "stripe":
        return "price_list", []
    if scores[best] < 3:
        return None, []
    if scores[second] >= scores[best] - 0.5:
        return best, [f"{sheet.name} is read as {best}; it might be {second}"]
    return best, []


def _score(sheet: Sheet, table: str) -> float:
    name = re.sub(r"^(sf|hs|hubspot|salesforce|stripe|crm)_", "", sheet.name)
    words = (*TABLE_WORDS.get(table, ()), table)
    named = 4.0 if name in words else 1.5 if any(re.search(rf"(^|_){w}(_|$)", name) for w in words) else 0.0
    header = {snake(c) for c in sheet.header}
    hits = sum(1 for c in TABLES[table].columns if header & set(names_of(table, c.name)))
    needed = [c for c in TABLES[table].required if header & set(names_of(table, c))]
    share = len(needed) / max(len(TABLES[table].required), 1)
    return named + share * 2 + min(hits, 12) / 6


def _block(sheet: Sheet, table: str) -> tuple[list[str], list[str], list[str]]:
    """Lines of one block, source columns without a place, doubts."""
    by_plain: dict[str, list[str]] = {}
    for header in sheet.header:
        by_plain.setdefault(snake(header), []).append(header)
    lines, doubts = [f"from: {sheet.name}", "columns:"], list[str]()
    used: set[str] = set()
    for column in TABLES[table].columns:
        if column.name in ("source", "source_id"):
            continue  # systems use these names for other things; the block's `source` is the contract's
        fitting = [each for name in names_of(table, column.name) for each in by_plain.get(name, [])]
        free = [each for each in fitting if each not in used] or fitting[:1]
        if not free:
            continue
        used.add(free[0])
        if others := [each for each in free[1:] if each not in used]:
            doubts.append(f"{table}.{column.name} is taken from {free[0]}; it might be {', '.join(others)}")
        lines.append(f"  {column.name}: {_origin(sheet, table, column, free[0])}")
    lines += _derived(sheet, table, lines)
    have = {line.split(":")[0].strip() for line in lines}
    lines += [f"  # missing and required: {each}" for each in TABLES[table].required if each not in have]
    mapped = used | {each for each in sheet.header if any(f"column: {each}" in line for line in lines)}
    return lines, [c for c in sheet.header if c not in mapped], doubts


def _distinct(sheet: Sheet, table: str, block: list[str], left: list[str]) -> str:
    """SQL of the distinct teams in a file that names its team in every row (a list of people), else nothing."""
    key = next((line.split(": ", 1)[1].strip('"') for line in block if line.startswith("  team_id: ")), "")
    if table != "dim_team" or key not in sheet.header or len(set(sheet.values(key))) == len(sheet.values(key)):
        return ""
    used = [c if re.fullmatch(r"[a-z_][a-z0-9_]*", c) else f'"{c}"' for c in sheet.header if c not in left]
    return f"SELECT DISTINCT {', '.join(used)} FROM {sheet.name}"


def _vendor(sheet: Sheet) -> str:
    header = {snake(c) for c in sheet.header}
    if "livemode" in header:
        return "stripe"
    if any(c.startswith(("property_", "hs_")) for c in sheet.header) or "portal_id" in header:
        return "hubspot"
    if header & {"system_modstamp", "stage_name", "is_won", "user_role_id", "last_referenced_date"}:
        return "salesforce"
    return ""


def _origin(sheet: Sheet, table: str, column: Column, source: str) -> str:
    """The YAML value that reads ``source`` as ``column``, with the vendor's traps handled."""
    vendor = _vendor(sheet)
    reference = f'"{source}"' if not re.fullmatch(r"\w+", source) else source
    is_key = column.type == "string" and (column.ref or column.name in TABLES[table].key)
    if is_key and column.name != "stage_id" and (vendor == "salesforce" or _short_ids(sheet, source)):
        return _flow({"sql": f"sf18({sheet.name}.{reference})"})
    if column.name == "forecast_category" and vendor == "salesforce":
        known = ["Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed"]
        return _flow({"column": source, "map": dict(zip(known, column.values, strict=True)), "default": None})
    if vendor == "stripe" and column.unit == "money":
        return _flow({"sql": f"minor_units({reference}, currency)"})
    if vendor == "stripe" and column.name == "currency":
        return _flow({"sql": f"upper({reference})"})
    if column.type == "date" and vendor:
        return _flow({"column": source, "read_as": "day" if vendor == "salesforce" else "instant"})
    if column.unit == "rate" and any(_number(v) > 1 for v in sheet.values(source)):
        return _flow({"column": source, "percent": True})
    return _mapped_values(sheet, column, source) or _string(source)


def _short_ids(sheet: Sheet, source: str) -> bool:
    """Whether a column holds 15-character, case-sensitive Salesforce ids, as report exports have."""
    seen = sheet.values(source)
    return bool(seen) and all(re.fullmatch(r"[a-zA-Z0-9]{5}0[a-zA-Z0-9]{9}", v) and not v.isalpha() for v in seen)


def _number(text: str) -> float:
    try:
        return float(text.strip("% "))
    except ValueError:
        return 0.0


def _mapped_values(sheet: Sheet, column: Column, source: str) -> str:
    """A value map for an enumeration whose values are not the contract's."""
    if column.type != "enum" or not sheet.values(source):
        return ""
    seen = sorted(set(sheet.values(source)))[:20]
    if set(seen) <= set(column.values):
        return ""
    return _flow({"column": source, "map": {_string(v): _nearest(v, column) for v in seen}, "default": None})


def _nearest(value: str, column: Column) -> str | None:
    """The allowed value that ``value`` begins with (``Meeting held`` is ``meeting``), or nothing."""
    letters = snake(value).replace("_", "")
    return next((each for each in column.values if letters.startswith(each.replace("_", ""))), None)


def _derived(sheet: Sheet, table: str, lines: list[str]) -> list[str]:
    """Outcomes of opportunities from the stage, where no column tells them; the values seen decide the map."""
    have = {line.split(":")[0].strip() for line in lines}
    if table != "opportunity" or "stage_id" not in have:
        return []
    names = names_of("opportunity", "stage_id")
    stage = next((c for n in names for c in sheet.header if snake(c) == n), None)
    if stage is None:
        return []
    won = [v for v in sorted(set(sheet.values(stage))) if re.search(r"\bwon\b|closedwon", v, re.IGNORECASE)]
    lost = [v for v in sorted(set(sheet.values(stage))) if re.search(r"\blost\b|closedlost", v, re.IGNORECASE)]
    derived = []
    for name, stages in (("is_closed", [*won, *lost]), ("is_won", won)):
        if name not in have and stages:
            record = {"column": stage, "map": {_string(v): True for v in stages}, "default": False}
            derived.append(f"  {name}: {_flow(record)}  # from the stages seen; add those that are not in the file")
    return derived
