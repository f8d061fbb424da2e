"""The whole report as one Excel workbook: the answer first, then a sheet a table, every number as a number.

Nothing in it is a formula or runs: text is always written as text. Values have full precision; how they look is the
cell's format. The same findings and tables give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bizops.findings import collect, walk
from bizops.findings.wire import guarded
from bizops.language import message, say
from bizops.press.cells import OPTIONS, Book
from bizops.press.document import Payload
from bizops.press.words import about_run
from bizops.theme import STATUS

_HEAD_ROW = 2
_WIDEST, _NARROWEST = 60, 9
_KPI_HEADS = (message("Measure"), message("Value"), message("Status"))
_ASK_HEADS = (message("Ask"), message("Value"), message("Due"), message("Responsible"), message("Why"))
_FINDING_HEADS = (
    message("Finding"), message("Value"), message("Reference"), message("Compared with"), message("At stake"),
    message("Records"), message("Section"),
)  # fmt: skip


def workbook(
    findings: Mapping[str, Any], notebook: Mapping[str, Any], record: Mapping[str, Any], edition: str = ""
) -> bytes:
    """Return the workbook of one edition.

    Parameters
    ----------
    findings
        What the edition says: its ``findings.json``.
    notebook
        The notebook of the edition; its tables become sheets, with all their rows.
    record
        The run's record: title line, and ``as_of`` as the date of the file.
    edition
        The edition in words, for the line under the title.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    buffer = io.BytesIO()
    book = Book(xlsxwriter.Workbook(buffer, OPTIONS))
    book.describe(str(findings["title"] or record.get("title") or ""), record)
    summary, contents = book.sheet(say("Summary")), book.sheet(say("Contents"))
    definitions = _definitions([p for p in walk(collect(notebook)) if p["kind"] == "definition"])
    tables = [*([definitions] if definitions["rows"] else []), *_tables(notebook)]
    places = [(book.sheet(_sheet_name(table)), table) for table in tables]
    _summary(book, summary, findings, record, edition)
    _contents(book, contents, places)
    for sheet, table in places:
        _table(book, sheet, table)
    book.close()
    return buffer.getvalue()


def _summary(book: Book, sheet: Any, findings: Mapping[str, Any], record: Mapping[str, Any], edition: str) -> None:
    """Write title, answer, key figures and findings, one under the other."""
    sheet.hide_gridlines(2)
    widths = (60, 16, 16, 18, 16, 14, 18, 14, 18)
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width)
    answer = findings.get("answer") or {}
    book.put(sheet, 0, 0, findings["title"] or record.get("title") or record.get("report"), bold=True, font_size=16)
    book.put(
        sheet, 1, 0, " · ".join((*about_run(record), edition, str(record.get("run_id") or ""))), font_color="#505A5F"
    )
    row = 3
    editors = {e["sentence"]: e for e in answer.get("edited", ())}
    for said in answer.get("sentences", ()):
        sentence = _edited(said, editors.get(said, {}))
        # over the width of the figures below, so that a sentence is read on one or two lines
        sheet.merge_range(row, 0, row, 6, "", book.format(text_wrap=True))
        book.put(sheet, row, 0, sentence, text_wrap=True)
        sheet.set_row(row, 15 * (1 + len(sentence) // 150))
        row += 1
    row = _kpis(book, sheet, row + 1, findings["kpis"])
    row = _asks(book, sheet, row + 1, findings["asks"])
    row = _changes(book, sheet, row + 1, findings.get("changes") or {})
    _findings(book, sheet, row + 1, findings["findings"])


def _heads(book: Book, sheet: Any, row: int, heads: Sequence[str]) -> int:
    for at, head in enumerate(heads):
        book.put(sheet, row, at, head, bold=True, bottom=1, text_wrap=True)
    return row + 1


def _kpis(book: Book, sheet: Any, row: int, kpis: Sequence[Mapping[str, Any]]) -> int:
    """Write the key figures with their comparisons; return the next free row."""
    if not kpis:
        return row
    labels = list(dict.fromkeys(c["label"] for kpi in kpis for c in kpi["comparisons"]))
    compared = [head for label in labels for head in (label, say("against {label}", label=label))]
    row = _heads(book, sheet, row, [*(say(head) for head in _KPI_HEADS), *compared])
    for kpi in kpis:
        book.put(sheet, row, 0, _with_currency(kpi["label"], kpi), text_wrap=True)
        book.put(sheet, row, 1, kpi["value"], kpi["unit"], bold=True)
        book.put(sheet, row, 2, say(STATUS[kpi["status"]].word))
        for comparison in kpi["comparisons"]:
            at = 3 + 2 * labels.index(comparison["label"])
            book.put(sheet, row, at, comparison["reference"], kpi["unit"])
            book.put(sheet, row, at + 1, comparison["delta"], comparison["delta_unit"])
        row += 1
    return row


def _asks(book: Book, sheet: Any, row: int, asks: Sequence[Mapping[str, Any]]) -> int:
    """Write what is asked; return the next free row."""
    if not asks:
        return row
    row = _heads(book, sheet, row, [say(head) for head in _ASK_HEADS])
    for ask in asks:
        book.put(sheet, row, 0, ask["ask"], text_wrap=True)
        book.put(sheet, row, 1, ask["value"], "money")
        book.put(sheet, row, 2, ask["due"], "date")
        book.put(sheet, row, 3, ask["owner"], text_wrap=True)
        book.put(sheet, row, 4, ask["why"])
        row += 1
    return row


def _changes(book: Book, sheet: Any, row: int, changes: Mapping[str, Any]) -> int:
    """Write what changed since the run compared with; return the next free row."""
    told = [changes.get("remark"), *(c["sentence"] for c in changes.get("items", ())), changes.get("reason")]
    told = [text for text in told if text]
    if not told:
        return row
    row = _heads(book, sheet, row, [say("What changed since the last run")])
    for sentence in told:
        book.put(sheet, row, 0, sentence, text_wrap=True)
        row += 1
    return row


def _findings(book: Book, sheet: Any, row: int, findings: Sequence[Mapping[str, Any]]) -> None:
    if not findings:
        return
    row = _heads(book, sheet, row, [say(head) for head in _FINDING_HEADS])
    for finding in findings:
        book.put(sheet, row, 0, _edited(finding["sentence"], finding), text_wrap=True)
        book.put(sheet, row, 1, finding.get("value"), finding["unit"])
        book.put(sheet, row, 2, finding.get("reference"), finding["unit"])
        book.put(sheet, row, 3, finding.get("reference_label"), text_wrap=True)
        book.put(sheet, row, 4, finding.get("at_stake"), "money")
        book.put(sheet, row, 5, finding.get("n"), "count")
        book.put(sheet, row, 6, finding.get("section"))
        row += 1


def _edited(sentence: str, edit: Mapping[str, Any]) -> str:
    """Return a sentence; one that somebody worded with the name and with the generated sentence."""
    if not edit.get("edited_by"):
        return sentence
    by, was = say("edited by {name}", name=edit["edited_by"]), say("Generated: {sentence}", sentence=edit["generated"])
    return f"{sentence} ({by}) {was}"


def _with_currency(label: str, record: Mapping[str, Any]) -> str:
    return f"{label} ({record['currency']})" if record.get("currency") and record["unit"] == "money" else label


def _contents(book: Book, sheet: Any, places: Sequence[tuple[Any, Payload]]) -> None:
    """Write a line a table, with the link to its sheet."""
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 70)
    row = _heads(book, sheet, 0, [say("Sheet"), say("Table"), say("Rows")])
    for place, table in places:
        link = book.format(font_color="#0B5CAD", underline=1)
        sheet.write_url(row, 0, f"internal:'{place.get_name()}'!A1", link, place.get_name())
        book.put(sheet, row, 1, table["title"], text_wrap=True)
        book.put(sheet, row, 2, table["n_rows"], "count")
        row += 1
    sheet.freeze_panes(1, 0)


def _tables(notebook: Mapping[str, Any]) -> list[Payload]:
    """Return every table once, in the order of the page."""
    found = {p["id"]: p for p in walk(collect(notebook)) if p["kind"] == "table"}
    return list(found.values())


def _definitions(payloads: Sequence[Payload]) -> dict[str, Any]:
    """Return the definitions of the metrics as a table of the workbook; their SQL where the edition has it."""
    heads = {
        "id": say("Metric"),
        "name": say("Name"),
        "definition": say("Definition"),
        "reading": say("Reading"),
        "policies": say("Policy settings"),
        "sources": say("Source tables"),
        "owner": say("Owner"),
        "revision": say("Version"),
        "sql": "SQL",
    }
    columns = [name for name in heads if name != "sql" or any(p.get("sql") for p in payloads)]
    rows = [[_listed(p.get(name)) for name in columns] for p in payloads]
    return {
        "id": say("Definitions"),
        "title": say("Definitions of the metrics used"),
        "columns": [{"name": name, "label": heads[name], "format": "text"} for name in columns],
        "rows": rows,
        "n_rows": len(rows),
    }


def _listed(value: Any) -> str:
    """Return a field of a definition as text: settings with their values, tables with their rows."""
    if not isinstance(value, list):
        return str(value or "")
    return "; ".join(f"{v['id']} = {v['value']}" if "value" in v else f"{v['table']} ({v['rows']})" for v in value)


def _sheet_name(table: Payload) -> str:
    words = " ".join(str(table["id"]).replace("-", " ").replace("_", " ").split())
    return words[:1].upper() + words[1:]


def _table(book: Book, sheet: Any, table: Payload) -> None:
    """Write a table: its title, the frozen heading with filters, all rows, the total, and its note."""
    columns = table["columns"]
    book.put(sheet, 0, 0, table["title"], bold=True)
    widths = [len(head) for head in map(_head, columns, [table] * len(columns))]
    for at, column in enumerate(columns):
        align = {} if _kind(column) in ("text", "date") else {"align": "right"}
        book.put(sheet, _HEAD_ROW, at, _head(column, table), bold=True, bottom=1, text_wrap=True, **align)
    row = _HEAD_ROW + 1
    for n, values in enumerate(_rows(table)):
        for at, (column, value) in enumerate(zip(columns, values, strict=True)):
            kind = _kind(column, table, n)
            book.put(sheet, row, at, _shown(value, column), kind, **({"text_wrap": True} if kind == "text" else {}))
            widths[at] = max(widths[at], 14 if kind != "text" else len(str(value or "")))
        row += 1
    last = row - 1
    total = table.get("total") or {}
    for at, column in enumerate(columns if total else ()):
        book.put(sheet, row, at, total.get(column["name"]), _kind(column) if at else "text", bold=True, top=1)
    if table.get("note"):
        book.put(sheet, row + 2, 0, table["note"], font_color="#505A5F")
    for at, width in enumerate(widths):
        sheet.set_column(at, at, min(max(width + 2, _NARROWEST), _WIDEST))
    if columns and last > _HEAD_ROW:
        sheet.autofilter(_HEAD_ROW, 0, last, len(columns) - 1)
    sheet.freeze_panes(_HEAD_ROW + 1, 1)


def _head(column: Mapping[str, Any], table: Payload) -> str:
    """Return a column's heading with the unit that its numbers do not show themselves."""
    unit = {"money": table.get("currency", ""), "points": say("pp"), "days": say("days")}.get(column["format"], "")
    unit = column.get("unit") or unit
    return f"{column['label']} ({unit})" if unit else str(column["label"])


def _kind(column: Mapping[str, Any], table: Payload | None = None, row: int = -1) -> str:
    """Return how a cell is written; where the unit differs by row, by the unit of its row."""
    if column["format"] in ("quantity", "difference"):
        units = (table or {}).get("units", {}).get(column["name"], ())
        unit = units[row] if 0 <= row < len(units) else "number"
        return "points" if column["format"] == "difference" and unit == "rate" else unit
    return "text" if column["format"] == "status" else str(column["format"])


def _shown(value: Any, column: Mapping[str, Any]) -> Any:
    if column["format"] == "status" and value in STATUS:
        return f"{STATUS[value].icon} {say(STATUS[value].word)}"
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return value


def _rows(table: Payload) -> Iterable[Sequence[Any]]:
    """Return all rows: those of the payload, or of its CSV where the page shows only the first."""
    if len(table["rows"]) == table["n_rows"]:
        return list(table["rows"])
    lines = csv.reader(io.StringIO(str(table["csv"]).removeprefix("\ufeff"), newline=""))
    next(lines)
    return [[_unguarded(cell) for cell in line] for line in lines]


def _unguarded(cell: str) -> str:
    """Return a cell of a CSV without the apostrophe that kept a spreadsheet from running it."""
    bare = cell.removeprefix("'")
    return bare if guarded(bare) == cell else cell
