"""Tables: what is printed, by hand; the HTML by a parser; the CSV read back by pandas and Python's own reader."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.tables import Col, Table, guarded

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x","y")',
    "<script>alert(1)</script>",
    "a & b", '"quoted", with comma', "line\nbreak", "مبيعات", "株式会社", "🚀", "x" * 200, "$x^2$",
    "{{ 7*7 }}", "'already",
]  # fmt: skip


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": ["DACH", "Nordics", "UK"],
            "bookings_eur": [1_412_345.5, 900_000.25, 45.5],
            "gap_eur": [-412_712.0, 10_000.0, float("nan")],
            "win_rate": [31 / 163, 3 / 8, 0.5],
            "n_closed": [163, 8, 4],
            "closed_on": [dt.date(2026, 7, 1), dt.date(2026, 8, 15), None],
        }
    )


COLUMNS = [
    Col("region", "Region"),
    Col("bookings_eur", "Bookings", "money", total="sum"),
    Col("gap_eur", "Gap", "money", signed=True, missing="no plan"),
    Col("win_rate", "Win rate", "rate", n="n_closed", total="given"),
    Col("n_closed", "Deals", "count", total="sum"),
    Col("closed_on", "First deal", "date", missing="none won"),
]


def table(**more: Any) -> Table:
    given: dict[str, Any] = {"total": {"region": "Total", "win_rate": 37 / 175}, "currency": "EUR", **more}
    return Table("gap", "Bookings by region, Q3 FY26", frame(), COLUMNS, **given)


def parsed(shown: Table) -> ElementTree.Element:
    return ElementTree.fromstring(f"<page>{shown.html().replace(' data-sort', ' data-sort=' + chr(34) * 2)}</page>")


def texts(shown: Table) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in parsed(shown).iter("tr")]


def test_what_is_printed() -> None:
    assert [[c.replace("\u00a0", " ") for c in row] for row in texts(table())] == [
        ["Region", "Bookings", "Gap", "Win rate %", "Deals", "First deal"],
        ["DACH", "1,412", "−413", "19", "163", "1 Jul 2026"],
        ["Nordics", "900", "+10", "38", "8", "15 Aug 2026"],
        ["UK", "0", "n/a", "n/a", "4", "n/a"],
        ["Total", "2,312", "–", "21", "175", "–"],
    ]


def test_markup_names_everything() -> None:
    page = parsed(table())
    caption = page.find(".//caption")
    assert caption is not None
    assert "".join(caption.itertext()).replace("\u00a0", " ") == "Bookings by region, Q3 FY26. Money in EUR k."
    region = page.find("div")
    assert region is not None
    assert (region.get("role"), region.get("tabindex"), region.get("aria-labelledby")) == (
        "region",
        "0",
        caption.get("id"),
    )
    assert [th.get("scope") for th in page.findall(".//thead/tr/th")] == ["col"] * 6
    bodies = page.findall(".//tbody")
    assert len(bodies) == 1
    rows = bodies[0].findall("tr")
    assert [row[0].tag for row in rows] == ["th"] * 4
    assert {row[0].get("scope") for row in rows} == {"row"}
    assert [row.get("class") for row in rows] == [None, None, None, "total"]
    assert rows[0][1].get("data-v") == "1412345.5"
    assert float(rows[0][3].get("data-v") or "nan") == 31 / 163
    assert (rows[2][2].get("data-v"), rows[2][2].get("title")) == ("", "no plan")
    assert rows[2][3].get("title") == "fewer than 5 records"
    assert rows[0][5].get("class") == "t"
    assert rows[0][1].get("class") is None
    assert all("".join(cell.itertext()) for row in rows for cell in row), "no empty cells"


def test_rates_get_a_decimal_from_a_thousand_records_on() -> None:
    many = frame().assign(n_closed=[1000, 2000, 3000])
    assert [row[3] for row in texts(Table("g", "t", many, COLUMNS))][1:4] == ["19.0", "37.5", "50.0"]


def test_ratio_totals_are_given_never_summed() -> None:
    with pytest.raises(InputError, match="cannot be summed"):
        Col("win_rate", "Win rate", "rate", total="sum")
    with pytest.raises(InputError, match="is not the sum"):
        table(total={"bookings_eur": 1.0})
    table(total={"bookings_eur": 2_312_391.25})


def test_footnote_when_rounded_parts_do_not_add_up() -> None:
    def notes(values: list[float], **more: Any) -> list[str]:
        data = pd.DataFrame({"x": list("abc")[: len(values)], "v": values})
        return Table(
            "t", "t", data, [Col("x", "X"), Col("v", "Value", "count", **more)], total={"v": sum(values)}
        ).notes()

    assert notes([0.4, 0.4, 0.4], total="sum") == ["Rounded parts do not add up to the total shown: Value."]
    assert notes([1.0, 2.0, 3.0], total="sum") == []
    data = pd.DataFrame({"x": ["a", "b"], "v": [6.0, 7.0]})
    overlapping = Table("t", "t", data, [Col("x", "X"), Col("v", "Logos", "count", total="given")], total={"v": 10.0})
    assert overlapping.notes() == ["The total is not the sum of the rows: Logos."]


def test_decimal_money_sums_exactly() -> None:
    data = pd.DataFrame({"x": ["a", "b", "c"], "v": [Decimal("0.1"), Decimal("0.2"), None]})
    shown = Table("t", "t", data, [Col("x", "X"), Col("v", "V", "money", total="sum")])
    assert shown.totals()["v"] == Decimal("0.3")


def test_long_tables_show_the_top_and_say_so() -> None:
    data = pd.DataFrame({"x": [f"row {i}" for i in range(1234)], "v": range(1234)})
    shown = Table("t", "t", data, [Col("x", "X"), Col("v", "V", "count", total="sum")], note="Source: CRM.")
    rows = texts(shown)
    assert len(rows) == 1 + 50 + 1
    assert rows[-1] == ["Total", f"{1233 * 1234 // 2:,}"]
    assert shown.notes() == ["Source: CRM.", "First 50 of 1,234 rows; the CSV has them all."]
    assert len(shown.to_csv().splitlines()) == 1235
    assert shown.payload()["n_rows"] == 1234
    assert len(shown.payload()["rows"]) == 50


def test_200_rows_are_all_shown() -> None:
    data = pd.DataFrame({"x": [f"row {i}" for i in range(200)]})
    assert len(texts(Table("t", "t", data, [Col("x", "X")]))) == 201


def test_csv_read_back_equals_the_frame() -> None:
    content = table().to_csv()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == 4
    assert content.replace(b"\r\n", b"").count(b"\n") == 0
    back = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig", parse_dates=["closed_on"])
    want = frame()[[c.name for c in COLUMNS]].assign(closed_on=pd.to_datetime(frame()["closed_on"]))
    pd.testing.assert_frame_equal(back, want, check_exact=True)


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-12, 123456789.123456, -5.0, 2**53, 1e300])
def test_csv_keeps_every_digit_and_negative_numbers_stay_numbers(value: float) -> None:
    shown = Table("t", "t", pd.DataFrame({"x": ["a"], "v": [value]}), [Col("x", "X"), Col("v", "V", "number")])
    row = list(csv.reader(io.StringIO(shown.to_csv().decode("utf-8-sig"), newline="")))[1]
    assert float(row[1]) == value
    assert not row[1].startswith("'")


def test_no_cell_or_heading_of_the_csv_is_a_formula() -> None:
    data = pd.DataFrame({"=name": HOSTILE, "v": range(len(HOSTILE))})
    shown = Table("t", "t", data, [Col("=name", "Name"), Col("v", "V", "count")])
    rows = list(csv.reader(io.StringIO(shown.to_csv().decode("utf-8-sig"), newline="")))
    for row, original in zip(rows, ["=name", *HOSTILE], strict=True):
        assert row[0].strip()[:1] not in tuple("=+-@＝")
        assert row[0] in (original, f"'{original}")


def test_guard_leaves_ordinary_text_alone() -> None:
    assert [guarded(x) for x in ("Nordics", "a=b", "", "3-5")] == ["Nordics", "a=b", "", "3-5"]


def test_hostile_text_is_shown_as_text() -> None:
    data = pd.DataFrame({"x": HOSTILE})
    shown = Table("t", HOSTILE[9], data, [Col("x", HOSTILE[9])], note=HOSTILE[9])
    rows = texts(shown)
    assert [row[0] for row in rows[1:]] == [x.replace("\r", "\n") for x in HOSTILE]  # XML reads CR as LF
    assert parsed(shown).find(".//script") is None
    assert "<bdi>مبيعات</bdi>" in shown.html()


def test_a_scorecard_has_a_unit_by_row_and_a_status() -> None:
    data = pd.DataFrame(
        {
            "measure": ["Bookings", "Win rate", "Cycle"],
            "unit": ["money", "rate", "days"],
            "actual": [4.41e6, 0.19, 41.0],
            "gap": [-590_000, -0.062, np.nan],
            "n": [40, 163, 12],
            "status": ["off_track", "off_track", "no_target"],
        }
    )
    shown = Table(
        "score", "Scorecard", data,
        [Col("measure", "Measure"), Col("actual", "Actual", "quantity", unit_by="unit", n="n"),
         Col("gap", "vs plan", "difference", unit_by="unit", missing="no plan"), Col("status", "Status", "status")],
        currency="EUR",
    )  # fmt: skip
    assert [[c.replace("\u00a0", " ") for c in row] for row in texts(shown)][1:] == [
        ["Bookings", "EUR 4.41 M", "EUR −590 k", "■ Off track"],
        ["Win rate", "19 %", "−6.2 pp", "■ Off track"],
        ["Cycle", "41 days", "n/a", "○ No target"],
    ]
    row = next(iter(parsed(shown).iter("tbody")))[0]
    assert [cell.get("class") for cell in row] == [None, None, None, "t s"], "a phone keeps the status in sight"


def test_a_truth_value_is_a_word() -> None:
    data = pd.DataFrame({"parameter": ["people", "level", "member"], "value": [False, "company", True]})
    shown = Table("parameters", "Parameters", data, [Col("parameter", "Parameter"), Col("value", "Value")])
    assert texts(shown)[1:] == [["people", "no"], ["level", "company"], ["member", "yes"]]


@pytest.mark.parametrize(
    ("columns", "total", "message"),
    [
        ([Col("regio", "R")], None, "Did you mean 'region'"),
        ([Col("region", "R"), Col("win_rate", "W", "rate", n="n")], None, "no column 'n'"),
        ([Col("region", "R")], {"bookings": 1}, "no column 'bookings'"),
    ],
)
def test_unknown_columns_are_named(columns: list[Col], total: dict[str, Any] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Table("t", "t", frame(), columns, total)


@pytest.mark.parametrize("bad", [{"format": "euros"}, {"total": "mean"}, {"format": "quantity"}])
def test_unknown_formats_are_refused(bad: dict[str, str]) -> None:
    with pytest.raises(InputError):
        Col("x", "X", **bad)  # type: ignore[arg-type]


def test_an_empty_table_says_so() -> None:
    shown = Table("t", "t", frame().head(0), COLUMNS)
    assert texts(shown)[1:] == [["No rows."]]
    assert shown.payload()["total"] is None


def test_a_sum_of_missing_values_is_missing_and_a_partial_sum_says_so() -> None:
    data = pd.DataFrame({"x": ["a", "b", "c"], "v": [5.0, None, 7.0], "w": [None, None, None]})
    columns = [Col("x", "X"), Col("v", "Plan", "count", total="sum"), Col("w", "Quota", "count", total="sum")]
    shown = Table("t", "t", data, columns)
    assert texts(shown)[-1] == ["Total", "12", "n/a"]
    assert shown.notes() == [
        "The total of Plan leaves out 1 row without a value.", "The total of Quota leaves out 3 rows without a value.",
    ]  # fmt: skip


def test_payload_is_json_and_holds_full_precision() -> None:
    payload = json.loads(json.dumps(table().payload(), allow_nan=False))
    assert payload["kind"] == "table"
    assert payload["rows"][0][1] == 1_412_345.5
    assert payload["rows"][2][2] is None
    assert payload["total"]["win_rate"] == 37 / 175
    assert payload["csv"].startswith("\ufeff")
    assert payload["filename"] == "gap.csv"
    assert payload["unit"].replace("\u00a0", " ") == "Money in EUR k"


def test_a_rate_of_fewer_than_five_is_not_printed_where_units_differ_by_row() -> None:
    """C10 holds in columns of mixed units too: the rate of four deals is left out, the money beside it stays."""
    frame = pd.DataFrame(
        {
            "label": ["Win rate", "Bookings"],
            "unit": ["rate", "money"],
            "value": [0.25, 1200.0],
            "gap": [-0.1, 90.0],
            "n": 4,
        }
    )
    columns = [
        Col("label", "Measure"),
        Col("value", "Actual", "quantity", unit_by="unit", n="n"),
        Col("gap", "Δ plan", "difference", unit_by="unit", n="n"),
    ]
    html = Table("few", "Scorecard", frame, columns, currency="EUR").html().replace("\u00a0", " ")
    assert "25 %" not in html
    assert "10.0 pp" not in html
    assert html.count("fewer than 5 records") == 2
    assert "EUR 1.20 k" in html
