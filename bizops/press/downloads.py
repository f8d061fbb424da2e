"""What travels beside a page: the findings as JSON, every table as CSV, and the links to them.

A page is also sent around alone. So a table's link names the file beside the page, and the page's script, where there
is one, makes the same file from the table itself.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from bizops import numbers
from bizops.errors import RunError
from bizops.findings import anchor, collect, facts_only, walk
from bizops.findings.wire import guarded
from bizops.language import say
from bizops.press.document import Payload

VERSION = "1.0"
_ABOUT_RUN = ("run_id", "report", "case", "edition", "as_of", "period", "scope")


def tables_of(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Return the CSV of every table of an executed notebook by its name (``tables/<name>.csv``), at full precision.

    The text starts with a byte order mark and has CRLF line ends: write it as UTF-8, without translating line ends.

    Raises
    ------
    RunError
        When two different tables have the same name.
    """
    files: dict[str, str] = {}
    for payload in walk(collect(notebook)):
        found = _file_of(payload)
        if found is None:
            continue
        name, text = found
        if files.setdefault(name, text) != text:
            raise RunError(f"two different tables are called '{name}'; give one of them another id")
    return files


def findings_of(notebook: Mapping[str, Any], record: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the report says as plain JSON values: the document of ``findings.json``.

    Keys: ``version``; the run's ``run_id``, ``report``, ``case``, ``edition``, ``as_of``, ``period``, ``scope`` as far
    as ``record`` has them; ``title`` and ``answer``; ``kpis``, ``findings`` (each with its ``section``), ``asks`` and
    ``asks_previous`` (of the last round, with status);
    ``sections`` (id and headline), ``off`` (parts switched off, with the reason); ``tables`` (id, title, section, file
    and number of rows) and ``figures`` (id, title, section, alternative text); ``tracked`` (the values that later runs
    compare themselves with), ``definitions`` of the metrics used, ``changes`` since the baseline (None without a
    comparison); ``data`` (origin, rows and extract of every table read) and ``checks`` of them, with their result.
    """
    payloads = collect(notebook)
    about = {key: record[key] for key in _ABOUT_RUN if record and key in record}
    answer = next((facts_only(p) for p in payloads if p["kind"] == "answer"), None)
    placed = _with_section(payloads)
    return {
        "version": VERSION,
        **about,
        "title": answer["title"] if answer else "",
        "answer": {k: v for k, v in _bare(answer).items() if k != "evidence"} if answer else None,
        "kpis": [item for p in payloads if p["kind"] == "kpis" for item in p["items"]],
        "findings": [{**_bare(p), "section": s} for p, s in placed if p["kind"] == "finding"],
        "asks": [item for p in payloads if p["kind"] == "asks" for item in p["items"]],
        "asks_previous": [item for p in payloads if p["kind"] == "asks" for item in p.get("previous", ())],
        "sections": [{"id": p["id"], "headline": p["headline"]} for p in payloads if p["kind"] == "section"],
        "off": [{**_bare(p), "section": s} for p, s in placed if p["kind"] == "note"],
        "tables": [_listed(p, s, file=p["filename"], n_rows=p["n_rows"]) for p, s in placed if p["kind"] == "table"],
        "figures": [_listed(p, s, alt=p["alt"]) for p, s in placed if p["kind"] == "figure"],
        "tracked": [value for p in payloads if p["kind"] == "tracked" for value in p["values"]],
        "definitions": [{**_bare(p), "version": p["revision"]} for p, _ in placed if p["kind"] == "definition"],
        "changes": next((_bare(p) for p in payloads if p["kind"] == "changes"), None),
        "data": {name: _read(table) for name, table in ((record or {}).get("data") or {}).items()},
        "checks": _checks(payloads),
    }


def _checks(payloads: Iterable[Payload]) -> list[dict[str, Any]]:
    """Return the checks of the data, as the tables of the quality appendix list them: name, place, result, rows."""
    found = []
    for table in walk([p for p in payloads if p["kind"] == "appendix" and p["id"] == "quality"]):
        names = [column["name"] for column in table.get("columns", ())]
        if table["kind"] == "table" and {"check", "result"} <= set(names):
            kept = [(names.index(n), n) for n in ("check", "where", "result", "rows") if n in names]
            found += [{name: row[at] for at, name in kept} for row in table["rows"]]
    return found


def csv_link(payload: Payload) -> Markup:
    """Return the download line of a table, nothing for a payload without one.

    The page's script makes the file from the rows in the page; a table that shows only its first rows links to the
    file with all of them.
    """
    file = _file_of(payload)
    if file is None:
        return Markup("")
    script, words = Markup(""), "CSV"
    if payload["kind"] == "asks":
        names, target, title = _ask_columns(payload), "asks", say("Decisions asked")
    else:
        names, target, title = [c["name"] for c in payload["columns"]], anchor("table", payload["id"]), payload["title"]
    if payload.get("n_rows", 0) > len(payload.get("rows", ())):
        rows = numbers.count(payload["n_rows"])
        words = say("CSV with all {count} rows, in the folder of this page", count=rows)
    else:
        script = Markup(' data-csv="{}" data-names="{}"').format(target, json.dumps(names, ensure_ascii=False))
    link = Markup('<a href="tables/{}.csv" download{}>{}<span class="hidden"> {}</span></a>')
    shown = link.format(file[0], script, words, say("of {title}", title=title))
    return Markup('<p class="data">{}</p>').format(shown)


def _file_of(payload: Payload) -> tuple[str, str] | None:
    """Return file name (without its extension) and text of a payload's CSV, or None for what is not a table."""
    if payload["kind"] == "table":
        return payload["filename"].removesuffix(".csv"), payload["csv"]
    if payload["kind"] == "asks" and _asks(payload):
        return "asks", _asks_csv(payload)
    return None


def _asks(payload: Payload) -> list[Mapping[str, Any]]:
    return [*payload["items"], *payload.get("previous", ())]


def _ask_columns(payload: Payload) -> list[str]:
    """Return the columns of the asks as the page shows them; the currency, where there is one, is part of a name."""
    currencies = sorted({ask["currency"] for ask in _asks(payload) if ask["currency"]})
    value = f"value_{'_'.join(currencies)}" if currencies else "value"
    status = ["status"] if any(ask["status"] for ask in _asks(payload)) else []
    return ["ask", "why", value, "owner", "due", *status]


def _asks_csv(payload: Payload) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    columns = _ask_columns(payload)
    writer.writerow(columns)
    for ask in _asks(payload):
        cells = [ask["ask"], ask["why"], ask["value"], ask["owner"], ask["due"], ask["status"] or "new"]
        writer.writerow([guarded(c) if isinstance(c, str) else numbers.raw(c) for c in cells[: len(columns)]])
    return "\ufeff" + buffer.getvalue()


def _with_section(payloads: Iterable[Payload]) -> list[tuple[Payload, str]]:
    """Return every payload once, with the id of the section or appendix that it stands in, "" outside of one."""
    found: dict[tuple[str, str], tuple[Payload, str]] = {}
    for payload in payloads:
        section = payload["id"] if payload["kind"] in ("section", "appendix") else ""
        for inner in (*walk([payload]), *payload.get("evidence", ())):
            key = (inner["kind"], inner.get("id", ""))
            if key not in found or not found[key][1]:
                found[key] = (inner, section)
    return list(found.values())


def _read(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was read of a table; of the place that it came from, its name and no folder."""
    origin = str(table.get("origin") or "")
    name = origin if "://" in origin else origin.replace("\\", "/").rpartition("/")[2]
    return {"origin": name, **{key: table.get(key) for key in ("rows", "extracted_at")}}


def _bare(payload: Payload) -> dict[str, Any]:
    return {k: v for k, v in facts_only(payload).items() if k not in ("version", "kind")}


def _listed(payload: Payload, section: str, **more: Any) -> dict[str, Any]:
    return {"id": payload["id"], "title": payload["title"], "section": section, **more}
