"""The workbook, read back with another library."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pandas as pd
import pytest
from nbformat.v4 import new_notebook
from openpyxl import load_workbook

from bizops import press
from bizops.press.workbook import workbook
from bizops.tables import Col, Table

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "http://evil.example/x", "mailto:a@b.example",
    "internal:Sheet1!A1", "external:c:\\x", "{=A1}", "\t=1", "12", "1e5", "<b>&amp;</b>", "שלום", "数据", "a" * 40_000,
    "line\nbreak", "\x01control",
]  # fmt: skip


def opened(notebook, record):
    return load_workbook(io.BytesIO(workbook(press.findings_of(notebook, record), notebook, record)))


@pytest.fixture(scope="module")
def book(qbr, sample):
    return opened(press.edition_of(qbr, "leadership"), sample.make_record())


def rows_of(sheet, first=4):
    return [list(row) for row in sheet.iter_rows(min_row=first, values_only=True)]


def test_the_first_sheet_is_the_answer(book):
    sheet = book.worksheets[0]
    assert sheet.title == "Summary"
    assert sheet["A1"].value == "New bookings were EUR 4.41 M, 11.8 % below plan"
    assert "Northwind Signal" in sheet["A2"].value
    values = [cell.value for row in sheet.iter_rows() for cell in row]
    assert "Win rate was 19\xa0% (31 of 163), 6.2\xa0pp below plan." in values
    head = next(r for r in sheet.iter_rows() if r[0].value == "Measure")
    assert [c.value for c in head[:7]] == [
        "Measure", "Value", "Status", "plan", "against plan", "Q2 FY26", "against Q2 FY26",
    ]  # fmt: skip
    bookings = sheet[head[0].row + 1]
    assert [c.value for c in bookings[:5]] == ["New bookings (EUR)", 4_410_000, "Off track", 5_000_000, -590_000]
    win = sheet[head[0].row + 2]
    assert win[1].value == pytest.approx(31 / 163, abs=1e-15)
    assert win[1].number_format.startswith("0.0%")


def test_contents_lead_to_a_sheet_a_table(book):
    sheet = book["Contents"]
    links = {row[0].value: row[0].hyperlink.location for row in sheet.iter_rows(min_row=2)}
    assert list(links) == book.sheetnames[2:]
    assert all(place == f"'{name}'!A1" for name, place in links.items())
    assert [row[2] for row in rows_of(sheet, 2)] == [5, 2, 3, 2]


def test_cells_are_typed_complete_and_marked(book, qbr, sample):
    sheet = book["Gap"]
    assert [c.value for c in sheet[3]] == ["Segment", "Gap to plan (EUR)", "Win rate"]
    rows = rows_of(sheet)
    assert [r[0] for r in rows[:5]] == list(sample.STEPS)
    assert [r[1] for r in rows[:5]] == list(sample.STEPS.values())
    assert rows[1][2] is None
    assert rows[5][:2] == ["Total", pytest.approx(sum(sample.STEPS.values()))]
    assert all(isinstance(r[1], int | float) for r in rows[:6])
    assert sheet.freeze_panes == "B4"
    assert sheet.auto_filter.ref == "A3:C8", "the total is outside of what is filtered"
    assert sheet["A9"].font.b
    assert sheet["C4"].number_format.startswith("0.0%")
    text = list(csv.reader(io.StringIO(press.tables_of(qbr)["gap"].removeprefix("\ufeff"), newline="")))
    assert [float(r[1]) for r in text[1:]] == [r[1] for r in rows[:5]]


def sheet_of(sample, frame, columns, **more):
    table = Table("t", "T", frame, columns, **more)
    return opened(new_notebook(cells=[sample.displayed(table)]), {"as_of": "2026-10-04"}).worksheets[-1]


def test_every_format_has_its_type(sample):
    frame = pd.DataFrame(
        {
            "name": ["a", "b"], "on": [dt.date(2026, 10, 4), None], "rate": [0.123456789, None], "points": [-0.01, 0.5],
            "money": [1e12 + 0.25, -0.5], "count": [3, 0], "days": [1.5, 2.0], "times": [2.6, None],
            "status": ["watch", "on_track"], "value": [0.5, 12.0], "unit": ["rate", "count"],
        }
    )  # fmt: skip
    columns = [
        Col("name", "Name"), Col("on", "On", "date"), Col("rate", "Rate", "rate"), Col("points", "Change", "points"),
        Col("money", "Amount", "money"), Col("count", "N", "count"), Col("days", "Cycle", "days"),
        Col("times", "Coverage", "multiple"), Col("status", "Status", "status"),
        Col("value", "Any", "quantity", unit_by="unit"),
    ]  # fmt: skip
    sheet = sheet_of(sample, frame, columns, currency="EUR")
    assert [c.value for c in sheet[3]] == [
        "Name", "On", "Rate", "Change (pp)", "Amount (EUR)", "N", "Cycle (days)", "Coverage", "Status", "Any",
    ]  # fmt: skip
    assert [c.value for c in sheet[4]] == [
        "a", dt.datetime(2026, 10, 4), 0.123456789, -0.01, 1e12 + 0.25, 3, 1.5, 2.6, "▲ Watch", 0.5,
    ]  # fmt: skip
    assert [c.value for c in sheet[5]][1:3] == [None, None]
    assert [sheet[row][9].number_format[:4] for row in (4, 5)] == ["0.0%", "#,##"]


def test_a_long_table_is_whole_and_guards_do_not_stay(sample):
    frame = pd.DataFrame({"deal": [f"={i}" for i in range(1234)], "n": [i / 7 for i in range(1234)]})
    sheet = sheet_of(sample, frame, [Col("deal", "Deal"), Col("n", "N", "number")])
    rows = rows_of(sheet)[:1234]
    assert [r[0] for r in rows] == list(frame["deal"])
    assert [r[1] for r in rows] == pytest.approx(list(frame["n"]), rel=1e-15)


def test_no_text_becomes_a_formula_a_link_or_a_number(sample):
    frame = pd.DataFrame({"text": HOSTILE, "n": range(len(HOSTILE))})
    table = Table("t", "=T()", frame, [Col("text", "=HEAD()"), Col("n", "N", "count")], note="=NOTE()")
    book = opened(new_notebook(cells=[sample.displayed(table)]), {"title": "=TITLE()", "as_of": "2026-10-04"})
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    linked = [c for c in cells if c.hyperlink]
    assert {c.parent.title for c in linked} == {"Contents"}
    assert not [c for c in linked if c.hyperlink.target]
    shown = [row[0].value for row in book.worksheets[-1].iter_rows(min_row=4, max_row=3 + len(HOSTILE))]
    assert all(isinstance(value, str) for value in shown)
    assert [len(v) for v, h in zip(shown, HOSTILE, strict=True) if len(h) > 32_767] == [32_767]
    assert shown[:12] == HOSTILE[:12]


def test_names_of_sheets_are_valid_and_differ(sample):
    frame = pd.DataFrame({"a": [1]})
    names = ["x" * 40, "x" * 41, "X" * 40, "history", "Summary", "contents", "a.b-c_d"]
    tables = [Table(name, name, frame, [Col("a", "A", "count")]) for name in names]
    found = opened(new_notebook(cells=[sample.displayed(*tables)]), {}).sheetnames
    assert len(found) == len(names) + 2
    assert len({name.casefold() for name in found}) == len(found)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in found)
    assert "history" not in {name.casefold() for name in found}


def test_the_file_is_of_the_day_of_the_data(qbr, sample, book):
    assert book.properties.created == dt.datetime(2026, 10, 4)
    assert book.properties.title == "New bookings were EUR 4.41 M, 11.8 % below plan"
    one, two = (workbook(press.findings_of(qbr), qbr, sample.make_record()) for _ in range(2))
    assert one == two


def test_a_report_that_says_nothing_is_a_workbook_too():
    book = opened(new_notebook(), {"title": "Nothing"})
    assert book.sheetnames == ["Summary", "Contents"]
    assert book["Summary"]["A1"].value == "Nothing"
