"""The traps of section 8.6 of the data model, each from the file to the opened table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from bizops.errors import InputError
from bizops.sources.engine import connect, rows
from tests.sources.conftest import Place

HEAD = """opportunity_id: id
      close_on: {constant: 2026-01-01}
      is_closed: {constant: true}
      is_won: {constant: true}"""


def mapping(columns: str, file: str = "", head: str = HEAD) -> str:
    return f"""
files:
  deal: {{file: deal.csv{file}}}
tables:
  opportunity:
    from: deal
    columns:
      {head}
      {columns}
"""


@pytest.fixture(scope="module")
def engine() -> Any:
    return connect().con


def one(engine: Any, sql: str) -> Any:
    return rows(engine, f"SELECT {sql}")[0][0]


# -- 1: Salesforce ids -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001A0000006Vm9u", "001A0000006Vm9uIAC"),  # published examples of the 18-character form
        ("00570000001ZwTi", "00570000001ZwTiAAK"),
        ("00630000001OuEC", "00630000001OuECAA0"),
        ("001A0000006Vm9uIAC", "001A0000006Vm9uIAC"),
        ("Q-17", "Q-17"),
    ],
)
def test_salesforce_ids_become_case_safe(engine: Any, short: str, long: str) -> None:
    assert one(engine, f"sf18('{short}')") == long


def test_ids_that_differ_by_case_alone_stay_two(place: Place) -> None:
    place.write("deal.csv", "id,amount\n00630000001OuEC,1\n00630000001OueC,2\n")
    text = mapping("amount: amount", head=HEAD.replace("opportunity_id: id", "opportunity_id: {sql: sf18(id)}"))
    ids = [r["opportunity_id"] for r in place.frame("opportunity", place.mapped(text))]
    assert len({i.casefold() for i in ids}) == 2


# -- 2: footers of report exports --------------------------------------------------------------------------------------

REPORT = '"id","amount"\n"1","5"\n"2","7"\n"Sales report"\n"Copyright (c) 2026"\n"Confidential, do not distribute"\n'


def test_footer_of_a_report_export_is_no_data(place: Place) -> None:
    place.write("deal.csv", REPORT)
    found = place.frame("opportunity", place.mapped(mapping("amount: amount", ", footer_rows: auto")))
    assert [float(r["amount"]) for r in found] == [5, 7]
    place.write("deal.csv", REPORT.replace('"2","7"\n', '"2"\n"3","9"\n'))
    report = place.check(place.mapped(mapping("amount: amount", ", footer_rows: auto")))
    report.data.close()
    assert [(v.check, v.keys) for v in report.violations] == [("file", ("3",))]


def test_footer_rows_of_full_width_are_counted(place: Place) -> None:
    place.write("deal.csv", "id,amount\n1,5\n2,7\nTotal,12\nReport,2026\n")
    found = place.frame("opportunity", place.mapped(mapping("amount: amount", ", footer_rows: 2")))
    assert [r["opportunity_id"] for r in found] == ["1", "2"]


# -- 3, 5: vocabulary and percent --------------------------------------------------------------------------------------


def test_forecast_means_commit(place: Place) -> None:
    place.write("deal.csv", "id,amount,category\n1,5,Forecast\n2,5,BestCase\n3,5,Odd\n")
    spec = "{column: category, map: {Forecast: commit, BestCase: best_case}, default: null}"
    found = place.frame("opportunity", place.mapped(mapping(f"amount: amount\n      forecast_category: {spec}")))
    assert [r["forecast_category"] for r in found] == ["commit", "best_case", None]


def test_percent_and_fraction(place: Place) -> None:
    place.write("stage.csv", "id,percent,fraction,written\nS-1,62,0.62,62 %\nS-2,5,0.05,5%\n")
    for source in ("{column: percent, percent: true}", "fraction", "written", "{column: written, percent: true}"):
        text = f"""
files:
  stage: {{file: stage.csv}}
tables:
  dim_stage:
    from: stage
    columns: {{stage_id: id, ordinal: {{constant: 1}}, type: {{constant: open}}, crm_probability: {source}}}
"""
        found = place.frame("dim_stage", place.mapped(text))
        assert [float(r["crm_probability"]) for r in found] == [0.62, 0.05], source


# -- 6: days and instants ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "read_as", "zone", "day"),
    [
        ("2026-03-31T22:30:00Z", "instant", "", date(2026, 4, 1)),  # half past midnight in Berlin
        ("2026-03-31T22:30:00Z", "day", "", date(2026, 3, 31)),
        ("2026-03-31 22:30:00", "instant", "America/New_York", date(2026, 4, 1)),
        ("2026-03-31 00:00:00", "", "", date(2026, 3, 31)),
        ("2026-03-31", "instant", "", date(2026, 3, 31)),
        ("2028-02-29 23:30:00", "instant", "UTC", date(2028, 3, 1)),
        ("2026-10-25T22:59:59Z", "instant", "", date(2026, 10, 25)),  # the day with 25 hours
    ],
)
def test_close_dates(place: Place, cell: str, read_as: str, zone: str, day: date) -> None:
    place.write("deal.csv", f"id,amount,closed\n1,5,{cell}\n")
    spec = f"{{column: closed, read_as: {read_as}}}" if read_as else "closed"
    file = f", time_zone: {zone}" if zone else ""
    text = mapping("amount: amount", file, HEAD.replace("{constant: 2026-01-01}", spec))
    assert [r["close_on"] for r in place.frame("opportunity", place.mapped(text), date(2030, 1, 1))] == [day]


@pytest.mark.parametrize(
    ("cell", "zone", "instant"),
    [
        ("2026-01-15 12:00:00", "America/New_York", datetime(2026, 1, 15, 17, tzinfo=UTC)),
        ("2026-03-15 12:00:00", "America/New_York", datetime(2026, 3, 15, 16, tzinfo=UTC)),
        ("2026-01-15T12:00:00Z", "America/New_York", datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("2026-01-15 12:00:00+02:00", "", datetime(2026, 1, 15, 10, tzinfo=UTC)),
        ("2026-01-15 9:05:00", "", datetime(2026, 1, 15, 9, 5, tzinfo=UTC)),
    ],
)
def test_instants_in_the_files_time_zone(place: Place, cell: str, zone: str, instant: datetime) -> None:
    place.write("deal.csv", f"id,amount,made\n1,5,{cell}\n")
    file = f", time_zone: {zone}" if zone else ""
    head = HEAD.replace("2026-01-01", "2026-06-01").replace("constant: true", "constant: false")
    text = mapping("amount: amount\n      created_at: made", file, head)
    assert [r["created_at"] for r in place.frame("opportunity", place.mapped(text))] == [instant]


def test_seconds_since_1970(place: Place) -> None:
    place.write("deal.csv", "id,amount,made\n1,5,1767225600\n")
    text = mapping("amount: amount\n      created_at: {column: made, read_as: epoch}")
    assert [r["created_at"] for r in place.frame("opportunity", place.mapped(text))] == [
        datetime(2026, 1, 1, tzinfo=UTC)
    ]


# -- 9: minor units ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [(1234, "usd", "12.34"), (1234, "JPY", "1234"), (1234, "kwd", "1.234"), (-5, "EUR", "-0.05")],
)
def test_minor_units(engine: Any, amount: int, currency: str, value: str) -> None:
    assert one(engine, f"minor_units({amount}, '{currency}')") == Decimal(value)
    assert one(engine, "minor_units(NULL, 'USD')") is None


# -- 10: Stripe's ends -------------------------------------------------------------------------------------------------

STRIPE = """
files:
  sub: {file: sub.csv}
tables:
  subscription:
    from: sub
    where: "status NOT IN ('incomplete', 'incomplete_expired')"
    columns:
      subscription_id: id
      account_id: customer
      status: {column: status, map: {canceled: cancelled}}
      cancel_requested_at: canceled_at
      ended_on: {column: ended_at, read_as: instant}
"""


def test_request_is_not_the_end_and_incomplete_never_counts(place: Place) -> None:
    place.write(
        "sub.csv",
        "id,customer,status,canceled_at,ended_at\n"
        "S-1,C,active,2026-03-01 10:00:00,\n"
        "S-2,C,canceled,2026-01-01 10:00:00,2026-03-31 22:30:00\n"
        "S-3,C,canceled,2026-01-01 10:00:00,2026-02-01 00:00:00\n"
        "S-4,C,incomplete,,\n",
    )
    found = {
        r["subscription_id"]: (r["status"], r["ended_on"]) for r in place.frame("subscription", place.mapped(STRIPE))
    }
    # S-2 ends in April in Berlin, which is after as_of: at as_of it has not ended and its status is unknown.
    assert found == {"S-1": ("active", None), "S-2": (None, None), "S-3": ("cancelled", date(2026, 2, 1))}


# -- 15: re-exports ----------------------------------------------------------------------------------------------------


def test_the_last_export_wins(place: Place) -> None:
    place.write(
        "deal.csv", "id,amount,synced\n1,5,2026-01-01 00:00:00\n1,8,2026-02-01 00:00:00\n2,1,2026-01-01 00:00:00\n"
    )
    text = mapping("amount: amount\n      extracted_at: synced")
    assert [float(r["amount"]) for r in place.frame("opportunity", place.mapped(text))] == [8, 1]


# -- 17: numbers as people write them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("$1,234.50", ".", ",", "1234.50"),
        ("1.234,50 €", ",", ".", "1234.50"),
        ("1\u202f234,5", ",", " ", "1234.5"),
        ("1\u00a0234\u2009567", ",", " ", "1234567"),
        ("(1,000)", ".", ",", "-1000"),
        ("($5.00)", ".", ",", "-5.00"),
        ("5-", ".", ",", "-5"),
        ("\u22125", ".", ",", "-5"),
        ("-5", ".", ",", "-5"),
        ("USD 12", ".", ",", "12"),
        ("12 EUR", ",", ".", "12"),
        ("US$ 12", ".", ",", "12"),
        ("R$ 5,5", ",", ".", "5.5"),
        ("CHF 1\u2019000.50", ".", "'", "1000.50"),
        ("1e3", ".", ",", "1e3"),
        ("", ".", ",", None),
        ("  ", ".", ",", None),
        ("1,5", ".", ",", "?1,5"),
        ("1.23", ",", ".", "?1.23"),
        ("12k", ".", ",", "?12k"),
        ("5 MIO", ".", ",", "?5 MIO"),
        ("n/a", ".", ",", "?n/a"),
        ("1.2.3", ".", ",", "?1.2.3"),
    ],
)
def test_written_numbers(engine: Any, text: str, decimal: str, thousands: str, value: str | None) -> None:
    found = engine.execute("SELECT number(?, ?, ?)", [text, decimal, thousands]).fetchone()[0]
    assert found == value


@pytest.mark.parametrize(("text", "value"), [("62 %", 0.62), ("-62.5%", -0.625), ("(3%)", -0.03), ("0%", 0)])
def test_percent_strings(engine: Any, text: str, value: float) -> None:
    found = engine.execute("SELECT CAST(number(?, '.', ',') AS DECIMAL(18, 8))", [text]).fetchone()[0]
    assert float(found) == value


# -- 18: formulas in exports stay what they are ------------------------------------------------------------------------


def test_text_that_looks_like_a_formula_is_kept(place: Place) -> None:
    place.write("deal.csv", 'id,amount,title\n1,5,"=1+1"\n2,5,@home\n')
    found = place.frame("opportunity", place.mapped(mapping("amount: amount\n      name: title")))
    assert [r["name"] for r in found] == ["=1+1", "@home"]


# -- other files -------------------------------------------------------------------------------------------------------


def test_excel_sheet_with_title_rows(place: Place) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Notes"
    deals = book.create_sheet("Deals")
    deals.append(["Pipeline 2026"])
    deals.append([])
    deals.append(["id", "amount", "Closed"])
    deals.append([1, 5.5, datetime(2026, 1, 5)])
    deals.append([2, "7,5", date(2026, 2, 5)])
    deals.append([])
    deals.append(["Total", 13])
    book.save(place.folder / "deal.xlsx")
    head = HEAD.replace("{constant: 2026-01-01}", "Closed")
    text = mapping("amount: amount", ", sheet: Deals, header_row: 3, footer_rows: 1, decimal: ','", head)
    report = place.check(place.mapped(text.replace("deal.csv", "deal.xlsx")))
    report.data.close()
    # 5.5 is written with a point in a file that is declared to use commas: refused, with the row as Excel counts it.
    assert [(v.column, v.keys) for v in report.violations] == [("amount", ("4 ('5.5')",))]
    deals["B5"] = 7.5
    book.save(place.folder / "deal.xlsx")
    text = text.replace("deal.csv", "deal.xlsx").replace(", decimal: ','", "")
    found = place.frame("opportunity", place.mapped(text))
    assert [(r["opportunity_id"], float(r["amount"]), r["close_on"]) for r in found] == [
        ("1", 5.5, date(2026, 1, 5)),
        ("2", 7.5, date(2026, 2, 5)),
    ]
    with pytest.raises(InputError, match="there is no sheet 'Deal'"):
        place.check(place.mapped(text.replace("sheet: Deals", "sheet: Deal")))


def test_file_without_a_header_in_another_encoding(place: Place) -> None:
    place.write("deal.csv", "1|Jörg|5\n2|Ål|7\n", "cp1252")
    text = mapping(
        "amount: worth\n      name: who", ', delimiter: "|", encoding: cp1252, header_row: 0, columns: [id, who, worth]'
    )
    found = place.frame("opportunity", place.mapped(text))
    assert [(r["name"], float(r["amount"])) for r in found] == [("Jörg", 5), ("Ål", 7)]
