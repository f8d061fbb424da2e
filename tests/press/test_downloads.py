"""What travels beside the page: CSV and JSON, at full precision, from the same outputs."""

import csv
import io
import json

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from bizops import press
from bizops.errors import RunError


def rows_of(text):
    assert text.startswith("\ufeff")
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_every_table_has_its_file_at_full_precision(qbr, sample):
    files = press.tables_of(qbr)
    assert sorted(files) == ["asks", "checks", "definitions", "gap", "inputs"]
    rows = rows_of(files["gap"])
    assert rows[0] == ["segment", "gap", "win_rate"]
    assert [float(r[1]) for r in rows[1:]] == list(sample.STEPS.values())
    assert rows[2][2] == ""


def test_asks_are_a_table_too_and_no_cell_of_it_is_a_formula(qbr):
    rows = rows_of(press.tables_of(qbr)["asks"])
    assert rows == [
        ["ask", "why", "value_EUR", "owner", "due"],
        ["Move two sellers to Nordics", "Nordics has 1.2x coverage", "120000", "R. Berg", "2026-10-30"],
        ["'=HYPERLINK(1)", "", "", "", ""],
    ]


def test_a_notebook_without_tables_has_no_files():
    assert press.tables_of(new_notebook(cells=[new_markdown_cell("# x")])) == {}


def test_two_tables_of_one_name_are_an_error(sample):
    cells = [sample.displayed(sample.gap_table()), sample.displayed(sample.gap_table({"Other": 1.0}))]
    with pytest.raises(RunError, match="'gap'"):
        press.tables_of(new_notebook(cells=cells))


def test_the_findings_tell_run_title_numbers_and_what_is_off(qbr, sample):
    found = press.findings_of(qbr, sample.make_record())
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["version"] == "1.0"
    assert found["run_id"] == "20261005T041500Z-3f9c"
    assert found["period"]["key"] == "2026Q3"
    assert found["title"] == "New bookings were EUR 4.41 M, 11.8 % below plan"
    assert [(k["id"], k["value"]) for k in found["kpis"]][:2] == [("bookings", 4_410_000.0), ("win", 31 / 163)]
    assert [(f["id"], f["section"], f["value"]) for f in found["findings"]] == [
        ("enterprise", "gap", -412_345.67),
        ("win", "wins", 31 / 163),
        ("ent", "", -412_345.67),  # stands in the answer alone
    ]
    assert found["sections"] == [
        {"id": "gap", "headline": "Enterprise explains EUR 412 k of the gap"},
        {"id": "wins", "headline": "Win rate was 6.2 pp below plan"},
    ]
    assert [(o["id"], o["reason"]) for o in found["off"]] == [
        ("pipeline", "no table opportunity_history: not measurable")
    ]
    (gap,) = (t for t in found["tables"] if t["id"] == "gap")
    title = "Gap to plan by segment, Q3 FY26"
    assert gap == {"id": "gap", "title": title, "section": "gap", "file": "gap.csv", "n_rows": 5}
    assert found["figures"][0]["alt"]


def test_the_findings_hold_no_looks_and_no_run_where_there_is_none(qbr):
    found = press.findings_of(qbr)
    assert "run_id" not in found
    assert "<" not in json.dumps({k: v for k, v in found.items() if k in ("kpis", "findings", "answer", "sections")})


def test_a_table_shown_twice_is_listed_once_where_it_belongs(sample):
    shown = sample.displayed(sample.gap_table(), sample.gap_section())
    (table,) = press.findings_of(new_notebook(cells=[shown]))["tables"]
    assert table["section"] == "gap"
