"""Malformed input: one clear message with file, table, column, row and fix, and no personal value."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bizops.errors import ContractError, InputError
from bizops.sources import open_data
from tests.sources.conftest import AS_OF, DEALS, PEOPLE, Place

HEADER = DEALS.splitlines()[0]
GOOD = "O-9,P-1,1,2025-11-01T10:00:00Z,2026-01-05,true,true"


@dataclass(frozen=True)
class Case:
    """Files, and what the message must and must not hold."""

    says: tuple[str, ...]
    deals: str = DEALS
    files: dict[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()
    encoding: str = "utf-8"


def rows(*lines: str) -> str:
    return "\n".join((HEADER, *lines)) + "\n"


def changed(old: str, new: str) -> str:
    assert old in DEALS
    return DEALS.replace(old, new)


CASES: dict[str, Case] = {
    "wrong delimiter": Case(
        ("opportunity.csv", "separated by a semicolon, not by a comma", "delimiter: ';'"), DEALS.replace(",", ";")
    ),
    "tab in a csv": Case(("separated by a tab, not by a comma",), DEALS.replace(",", "\t")),
    "duplicate key": Case(
        ("opportunity.csv", "opportunity.opportunity_id", "1 key occurs more than once", "O-9", "keep one row a key"),
        rows(GOOD, GOOD),
    ),
    "text in a number column": Case(
        ("opportunity.csv", "opportunity.amount", "1 of 3 rows", "no number", "row 2 ('a lot')", "plain digits"),
        changed("100.5", "a lot"),
    ),
    "currency sign": Case(("opportunity.amount", "no number", "row 2 ('€100')", "mapping"), changed("100.5", "€100")),
    "decimal comma": Case(("opportunity.amount", "row 2 ('100,5')"), changed("100.5", '"100,5"')),
    "infinite number": Case(("opportunity.amount", "no number", "row 2 ('inf')"), changed("100.5", "inf")),
    "impossible date": Case(
        ("opportunity.close_on", "no possible day", "row 2 ('2026-02-30')", "correct the date"),
        changed("2026-01-05", "2026-02-30"),
    ),
    "american date": Case(("opportunity.close_on", "row 2 ('01/05/2026')"), changed("2026-01-05", "01/05/2026")),
    "instant for a day": Case(
        ("opportunity.close_on", "row 2 ('2026-01-05 17:30:00')"), changed("2026-01-05", "2026-01-05 17:30:00")
    ),
    "impossible instant": Case(
        ("opportunity.created_at", "no possible instant", "row 2 ('2025-11-31T10:00:00Z')"),
        changed("2025-11-01T10:00:00Z", "2025-11-31T10:00:00Z"),
    ),
    "mixed time zones": Case(
        ("opportunity.created_at", "1 of 3 rows", "without an offset", "row 2", "time_zone"),
        changed("2025-11-01T10:00:00Z", "2025-11-01T10:00:00"),
    ),
    "no boolean": Case(
        ("opportunity.is_won", "neither true nor false", "row 2 ('maybe')"),
        changed("2026-01-05,true,true", "2026-01-05,true,maybe"),
    ),
    "empty boolean": Case(
        ("opportunity.is_won", "the cell is empty", "O-1", "fill it"),
        changed("2026-01-05,true,true", "2026-01-05,true,"),
    ),
    "empty key": Case(("opportunity.opportunity_id", "the cell is empty"), changed("O-1", "")),
    "unknown currency": Case(
        ("opportunity.currency", "neither EUR nor in fx_rate", "O-1 ('XXX')", "fx_rate"),
        "opportunity_id,amount,close_on,is_closed,is_won,currency\nO-1,1,2026-01-05,true,true,XXX\n",
    ),
    "currency without a rate": Case(
        ("opportunity.currency", "O-1 ('USD')"),
        "opportunity_id,amount,close_on,is_closed,is_won,currency\nO-1,1,2026-01-05,true,true,USD\n",
        {"fx_rate.csv": "on,currency,rate_type,rate\n2026-01-01,GBP,spot,1.1\n"},
    ),
    "header only": Case(("opportunity.csv", "a header and no rows", "export it again"), HEADER + "\n"),
    "empty file": Case(("opportunity.csv", "the file is empty", "export it again"), ""),
    "required column missing": Case(
        ("opportunity.amount", "required column is missing", "Did you mean 'ammount'?"), changed("amount", "ammount")
    ),
    "two required columns missing": Case(
        ("opportunity.close_on", "opportunity.amount"), "opportunity_id,is_closed,is_won\nO-1,true,true\n"
    ),
    "column twice": Case(("column 'amount' occurs twice", "rename or remove"), changed("owner_id", "amount")),
    "column without a name": Case(("column 2 of the header has no name",), changed("owner_id", "")),
    "too few cells": Case(
        ("opportunity.csv", "fewer cells than the header", "row 3"), rows(GOOD, "O-8,P-1", GOOD.replace("O-9", "O-7"))
    ),
    "too many cells": Case(("opportunity.csv", "more cells than the header", "row 2"), rows(GOOD + ",x,y")),
    "latin-1 bytes": Case(
        ("opportunity.csv", "not UTF-8 text", "row 2", "encoding: cp1252"),
        changed("P-1,100.5", "Jörg,100.5"),
        encoding="latin-1",
    ),
    "day of the first century": Case(
        ("opportunity.close_on", "no possible day", "O-1 ('0026-08-01')", "correct the year"),
        changed("2026-01-05", "0026-08-01"),
    ),
    "NUL byte": Case(
        ("opportunity.csv", "opportunity.owner_id", "holds a NUL byte", "row 2"), changed("P-1,100.5", "P\0-1,100.5")
    ),
    "latin-1 header": Case(
        ("opportunity.csv", "header is not UTF-8 text"), changed("owner_id", "größe"), encoding="latin-1"
    ),
    "utf-16": Case(("opportunity.csv", "is not UTF-8 text", "encoding"), DEALS, encoding="utf-16"),
    "no allowed value": Case(
        (
            "opportunity.type",
            "no allowed value",
            "O-1 ('New Business')",
            "use one of: new, expansion, renewal, services",
        ),
        "opportunity_id,amount,close_on,is_closed,is_won,type\nO-1,1,2026-01-05,true,true,New Business\n",
    ),
    "closed without a date": Case(
        ("opportunity.close_on", "a closed opportunity needs close_on", "O-1"), changed("2026-01-05,true", ",true")
    ),
    "closed without an amount": Case(
        ("opportunity.amount", "a closed opportunity needs amount", "O-3", "gaps:"), changed("P-2,50", "P-2,")
    ),
    "won and open": Case(
        ("a won opportunity is closed", "O-1"), changed("2026-01-05,true,true", "2026-01-05,false,true")
    ),
    "percent for a fraction": Case(
        ("dim_stage.crm_probability", "above 1", "fractions: 0.62, not 62", "S-1"),
        files={"dim_stage.csv": "stage_id,ordinal,type,crm_probability\nS-1,1,open,62\n"},
    ),
    "negative count": Case(
        ("dim_account.n_employees", "below 0", "A-1 ('-5')"),
        files={"dim_account.csv": "account_id,n_employees\nA-1,-5\n"},
    ),
    "part of a person": Case(
        ("dim_account.n_employees", "no whole number", "row 2 ('2.5')"),
        files={"dim_account.csv": "account_id,n_employees\nA-1,2.5\n"},
    ),
    "overlapping intervals": Case(
        ("opportunity_history.valid_to", "still open when the next one", "O-1", "end each interval"),
        files={
            "opportunity_history.csv": "opportunity_id,valid_from,valid_to,stage_id\n"
            "O-1,2025-11-01T00:00:00Z,2025-12-10T00:00:00Z,S-1\nO-1,2025-12-01T00:00:00Z,,S-2\n"
        },
    ),
    "period that ends before it starts": Case(
        ("quota.period_end", "a period ends after it starts", "Q-1", "first day after the period"),
        files={"quota.csv": "quota_id,owner_id,period_start,period_end,amount\nQ-1,P-1,2026-04-01,2026-01-01,5\n"},
    ),
    "scope that is no object": Case(
        ("plan.period_start", "a plan's scope is a JSON object", "{}"),
        files={
            "plan.csv": "metric_id,scope,period_start,period_end,version,value\n"
            "BKG-01,company,2026-01-01,2026-04-01,budget,5\n"
        },
    ),
    "table in two files": Case(
        ("opportunity.csv.gz", "the table is also in opportunity.csv", "keep one of the two"),
        files={"opportunity.csv.gz": "x"},
    ),
    "not a parquet file": Case(
        ("dim_account.parquet", "not a readable Parquet file"), files={"dim_account.parquet": "PAR1 nonsense"}
    ),
    "broken gzip": Case(("lead.csv.gz", "the file cannot be read"), files={"lead.csv.gz": "no gzip"}),
    "personal value of a wrong kind": Case(
        ("survey_response.score", "no number"),
        files={"survey_response.csv": "response_id,type,score,at,comment\nR-1,nps,ten,2026-01-01,Ada says hello\n"},
        hides=("Ada",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_message_names_place_and_fix(place: Place, name: str) -> None:
    case = CASES[name]
    place.write("opportunity.csv", case.deals, case.encoding)
    place.write("dim_person.csv", PEOPLE)
    for file, text in case.files.items():
        place.write(file, text)
    with pytest.raises(ContractError) as caught:
        open_data(place.company(), AS_OF)
    message = str(caught.value)
    for part in case.says:
        assert part in message
    assert "fix:" in message
    for value in ("Ada", "Grace", "example.com", *case.hides):
        assert value not in message


def test_every_violation_is_listed_at_once(place: Place) -> None:
    place.write("opportunity.csv", changed("100.5", "a lot").replace("2026-02-05", "2026-02-31"))
    place.write("dim_account.csv", "account_id,n_employees\nA-1,-5\nA-1,7\n")
    with pytest.raises(ContractError) as caught:
        open_data(place.company(), AS_OF)
    broken = {(v.table, v.column, v.check) for v in caught.value.violations}
    assert {
        ("opportunity", "amount", "type"),
        ("opportunity", "close_on", "type"),
        ("dim_account", "n_employees", "range"),
        ("dim_account", "account_id", "unique"),
    } <= broken


def test_personal_values_never_show(place: Place) -> None:
    # An enumeration whose value is somebody's name, an orphan manager, a duplicate person: only keys may show.
    place.write("opportunity.csv", DEALS)
    place.write(
        "dim_person.csv",
        "person_id,name,email,location,fte\n"
        "P-1,Ada Lovelace,ada@example.com,Home,5\nP-1,Ada King,king@example.com,Home,x\n",
    )
    report = place.check()
    text = "\n".join(map(str, (*report.violations, *report.warnings))) + report.quality.to_string()
    report.data.close()
    assert "P-1" in text
    assert "dim_person.fte" in text
    for value in ("Ada", "King", "example.com", "Home"):
        assert value not in text


def test_first_five_rows_are_named(place: Place) -> None:
    place.write(
        "opportunity.csv", rows(*(f"O-{i},P-1,x{i},2025-11-01T10:00:00Z,2026-01-05,true,true" for i in range(9)))
    )
    report = place.check()
    report.data.close()
    found = next(v for v in report.violations if v.check == "type")
    assert (found.rows, found.of, found.keys) == (9, 9, tuple(f"{i + 2} ('x{i}')" for i in range(5)))
    assert "row 2 ('x0'), 3 ('x1'), 4 ('x2'), 5 ('x3'), 6 ('x4'), ..." in str(found)


def test_missing_folder(place: Place) -> None:
    with pytest.raises(InputError, match="the folder does not exist") as caught:
        open_data(place.company(kind="folder", path="nowhere"), AS_OF)
    assert "nowhere" in str(caught.value)
    assert "source.path" in str(caught.value)


def test_folder_without_a_known_table(place: Place) -> None:
    place.write("opportunities.csv", DEALS)
    with pytest.raises(
        InputError, match=r"no table of the contract\. opportunities\.csv: Did you mean 'opportunity'\?"
    ):
        open_data(place.company(), AS_OF)


def test_no_as_of(small: Place) -> None:
    with pytest.raises(InputError, match="no as_of is given"):
        open_data(small.company())


def test_one_row_is_enough(place: Place) -> None:
    place.write("opportunity.csv", rows(GOOD))
    assert [r["opportunity_id"] for r in place.frame("opportunity")] == ["O-9"]


def test_byte_order_mark_windows_lines_and_quotes(place: Place) -> None:
    text = rows(
        '"O-9","P ""x"", 1",1,2025-11-01T10:00:00Z,2026-01-05,true,true',
        '"O-10","two\nlines",2,,2026-06-05,false,false',
    )
    place.write("opportunity.csv", "\ufeff" + text.replace("\n", "\r\n"))
    found = {r["opportunity_id"]: r["owner_id"] for r in place.frame("opportunity")}
    assert found["O-9"] == 'P "x", 1'
    assert found["O-10"].split() == ["two", "lines"]


def test_blank_lines_and_empty_rows_are_no_rows(place: Place) -> None:
    place.write("opportunity.csv", rows(GOOD, ",,,,,,", "", ",,,,,,"))
    assert len(place.frame("opportunity")) == 1


def test_unknown_columns_and_files_are_warnings(small: Place) -> None:
    small.write("opportunity.csv", DEALS.replace("owner_id", "favourite_colour"))
    small.write("notes.csv", "a,b\n1,2\n")
    report = small.check()
    report.data.close()
    assert not report.violations
    assert {(v.table, v.column) for v in report.warnings if v.check in ("column", "file")} == {
        ("opportunity", "favourite_colour"),
        ("notes", ""),
    }


def test_lists_the_row_of_the_file_after_quoted_line_ends(place: Place) -> None:
    place.write("opportunity.csv", rows('O-1,"a\nb",1,,2026-06-05,false,false', "O-2,P-1,bad,,2026-06-05,false,false"))
    report = place.check()
    report.data.close()
    assert report.violations[0].keys == ("3 ('bad')",)


SALESFORCE_END = '"Confidential Information - Do Not Distribute"\nCopyright (c) 2000-2026\n'


def messages(place: Place) -> list[str]:
    report = place.check()
    report.data.close()
    return [v.sentence for v in report.violations]


def test_footer_rows_are_one_error(place: Place) -> None:
    place.write("opportunity.csv", DEALS + SALESFORCE_END)
    report = place.check()
    report.data.close()
    assert [str(v).split("opportunity: ")[1] for v in report.violations] == [
        "rows 5, 6 have 1 of 7 cells, fewer cells than the header: footer rows?\n"
        "    fix: footer_rows: 2 in a mapping, or remove them"
    ]


def test_a_short_row_amid_the_others_is_one_error_and_no_footer(place: Place) -> None:
    place.write("opportunity.csv", rows(GOOD, "O-8,P-1", "O-7,P-1,2", *(GOOD.replace("9", n) for n in "23456")))
    assert messages(place) == ["the row has fewer cells than the header (2 to 3 of 7) (row 3, 4)"]


def test_a_footer_of_full_width_is_one_error_beside_the_others(place: Place) -> None:
    text = changed("100.5", "a lot") + "Total,,sum,all,x,,\nMade,by,CRM,on,a,rainy,day\n"
    place.write("opportunity.csv", text)
    assert messages(place) == [
        "rows 5, 6 do not read in 5 columns (amount, created_at, close_on, is_closed, is_won): footer rows?",
        "1 of 5 rows: no number (row 2 ('a lot'))",
    ]


def test_a_file_in_another_form_has_no_footer(place: Place) -> None:
    lines = [f"O-{n},P-1,1,01.11.2025,05.01.2026,true,true" for n in range(30)]
    place.write("opportunity.csv", rows(*lines))
    assert [m.split(":")[0] for m in messages(place)] == ["30 of 30 rows", "30 of 30 rows"]


def test_a_wrong_encoding_is_one_error(place: Place) -> None:
    lines = [GOOD.replace("O-9,P-1", f"O-{n},Jörg") for n in range(30)]
    place.write("opportunity.csv", rows(*lines), "latin-1")
    assert messages(place) == ["the file is not UTF-8 text (row 2, 3, 4, 5, 6, ...)"]
