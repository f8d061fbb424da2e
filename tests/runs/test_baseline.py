"""The run compared with: which one, what the page says of it, what a setting does alone, and edited sentences."""

from __future__ import annotations

import email.policy
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from openpyxl import load_workbook

from bizops.company import load_company
from bizops.errors import InputError
from bizops.periods import Calendar, Period
from bizops.reports.base import ReportParams
from bizops.runs.baseline import choose
from bizops.runs.cases import Setting
from bizops.runs.edits import edits_of
from bizops.runs.prepare import Request, prepare
from bizops.runs.provenance import Code
from bizops.runs.record import Record
from bizops.runs.run import run_case
from bizops.runs.since import company_with

NBSP = "\u00a0"

# -- which run ---------------------------------------------------------------------------------------------------------


def stored(folder: Path, run_id: str, **changes: Any) -> None:
    record = {
        "status": "ok", "run_id": run_id, "page": "report.html", "as_of": "2026-10-04", "is_latest_candidate": True,
        "started_at": f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}T00:00:00Z", "overrides": {},
        "company": {"name": "Acme", "of_case": True}, "period": {"key": "2026Q3", "label": "Q3 FY26"}, **changes,
    }  # fmt: skip
    (folder / run_id).mkdir(parents=True)
    (folder / run_id / "run.json").write_text(json.dumps(record))
    (folder / run_id / "report.html").write_text("page")
    (folder / run_id / "findings.json").write_text(json.dumps({"title": run_id}))


@pytest.fixture
def calendar(project: SimpleNamespace) -> Calendar:
    return Calendar(load_company(project.root / "params/company.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case with a good run of the quarter before, of a year before, a newest one, and one that is not to be taken."""
    case = tmp_path / "tiny" / "default"
    stored(case, "20260701T000000Z-0001", period={"key": "2026Q2", "label": "Q2"}, as_of="2026-07-04")
    stored(case, "20260702T000000Z-0002", period={"key": "2026Q2", "label": "Q2"}, as_of="2026-07-05")
    stored(case, "20251001T000000Z-0003", period={"key": "2025Q3", "label": "Q3"}, as_of="2025-10-04")
    stored(case, "20261005T000000Z-0004")
    stored(case, "20261006T000000Z-0005", status="failed")
    stored(case, "20261007T000000Z-0006", company={"name": "Other", "of_case": False})
    stored(case, "20261008T000000Z-0007", period={"key": "2026Q2", "label": "Q2"}, overrides={"level": "region"})
    (case / "latest.json").write_text(json.dumps({"run_id": "20261005T000000Z-0004"}))
    return case


def period(calendar: Calendar) -> Period:
    return calendar.quarter(2026, 3)


@pytest.mark.parametrize(
    ("wanted", "run_id"),
    [
        ("previous", "20261005T000000Z-0004"),
        ("last-quarter", "20260702T000000Z-0002"),
        ("last-year", "20251001T000000Z-0003"),
        ("20260701T000000Z-0001", "20260701T000000Z-0001"),
    ],
)
def test_the_run_that_is_named(folder: Path, calendar: Calendar, wanted: str, run_id: str) -> None:
    found = choose(folder, wanted, "Acme", calendar, period(calendar))
    assert found.run_id == run_id
    assert found.documents is not None
    assert found.documents["findings"]["title"] == run_id


def test_the_latest_of_another_company_is_no_baseline(folder: Path, calendar: Calendar) -> None:
    (folder / "latest.json").write_text(json.dumps({"run_id": "20261007T000000Z-0006"}))
    assert choose(folder, "previous", "Acme", calendar, period(calendar)).run_id == "20261005T000000Z-0004"


def test_months_go_back_by_a_quarter_and_years_have_none(tmp_path: Path, calendar: Calendar) -> None:
    month = calendar.parse("2026-08", calendar.company.as_of or period(calendar).end)
    case = tmp_path / "case"
    earlier = calendar.shift(month, -3)
    stored(case, "20260701T000000Z-0001", period={"key": earlier.key, "label": ""})
    assert choose(case, "last-quarter", "Acme", calendar, month).run_id == "20260701T000000Z-0001"
    with pytest.raises(InputError, match="a year has no quarter before it"):
        choose(case, "last-quarter", "Acme", calendar, calendar.year(2026))


def test_why_there_is_none(folder: Path, calendar: Calendar, tmp_path: Path) -> None:
    assert "first run of this case" in choose(tmp_path / "new", "previous", "Acme", calendar, period(calendar)).told()
    assert "No comparison" in choose(folder, "none", "Acme", calendar, period(calendar)).told()
    none = choose(folder, "last-quarter", "Acme", calendar, calendar.quarter(2025, 2)).told()
    assert none == "There is no good run of this case for Q1 FY25 (Jan–Mar 2025) to compare with."


def test_a_run_made_for_another_period_is_taken_if_it_is_of_the_same_slice(tmp_path: Path, calendar: Calendar) -> None:
    case, cut = tmp_path / "case", {"level": "company", "member": "", "people": False, "as_of": "2026-10-04"}
    q2 = {"period": {"key": "2026Q2", "label": "Q2"}, "overrides": {"period": "2026Q2"}}
    stored(case, "20261001T000000Z-0001", parameters={**cut, "period": "2026Q2"}, **q2)
    stored(case, "20261002T000000Z-0002", parameters={**cut, "period": "2026Q2", "people": True}, **q2)
    stored(case, "20261003T000000Z-0003", parameters={**cut, "level": "region", "member": "North"}, **q2)
    asked = {**cut, "period": "2026Q3", "locale": "fr"}

    def chosen(wanted: str, **changes: Any) -> str:
        return choose(case, wanted, "Acme", calendar, period(calendar), {**asked, **changes}).run_id

    assert chosen("last-quarter") == "20261001T000000Z-0001"
    assert chosen("last-quarter", people=True) == "20261002T000000Z-0002"
    assert chosen("previous") == "20261001T000000Z-0001", "no run without -p, so one with it"
    assert chosen("previous", level="region", member="North") == "20261003T000000Z-0003"
    # the latest of the case is of another slice than what is asked for now
    stored(case, "20261004T000000Z-0004", parameters=cut)
    (case / "latest.json").write_text(json.dumps({"run_id": "20261004T000000Z-0004"}))
    assert chosen("previous") == "20261004T000000Z-0004"
    assert chosen("previous", people=True) == "20261002T000000Z-0002"


def test_a_case_with_other_runs_is_not_told_to_have_none(folder: Path, calendar: Calendar) -> None:
    found = choose(folder, "previous", "Acme", calendar, period(calendar), {"level": "segment"})
    assert found.told() == (
        "This case has no earlier good run of this company with the same parameters: there is none to compare with."
    )


def test_an_unknown_run_is_refused_with_the_nearest(folder: Path, calendar: Calendar) -> None:
    with pytest.raises(InputError, match=r"no run '20261005T000000Z-0009'\. Did you mean '2026"):
        choose(folder, "20261005T000000Z-0009", "Acme", calendar, period(calendar))
    with pytest.raises(InputError, match="Did you mean 'previous'"):
        choose(folder, "previus", "Acme", calendar, period(calendar))


@pytest.mark.parametrize(("content", "says"), [(None, "is missing"), ("{", "is damaged"), ("[]", "is damaged")])
def test_one_that_cannot_be_read_is_a_reason(folder: Path, calendar: Calendar, content: str | None, says: str) -> None:
    file = folder / "20261005T000000Z-0004" / "findings.json"
    file.unlink() if content is None else file.write_text(content)
    found = choose(folder, "previous", "Acme", calendar, period(calendar))
    assert found.documents is None
    assert found.told() == (
        f"The run 20261005T000000Z-0004 cannot be read (findings.json {says}), so nothing is compared with it."
    )


def test_settings_for_the_second_execution_leave_nothing_behind(project: SimpleNamespace, tmp_path: Path) -> None:
    company = load_company(project.root / "params/company.yaml")
    with company_with(company, {"P15": "tcv"}, tmp_path) as file:
        found = load_company(file)
        assert found.policy("P15") == "tcv"
        assert found.resolve(Path(str(found.source.path))) == (project.root / "data").resolve()
        assert {**found.model_dump(), "policies": 0, "source": 0, "root": 0} == {
            **company.model_dump(), "policies": 0, "source": 0, "root": 0,
        }  # fmt: skip
    assert list(tmp_path.iterdir()) == [project.root]


# -- whole runs --------------------------------------------------------------------------------------------------------

READ = """\
import csv
from bizops.company import load_company
from bizops.findings import (
    Answer, Asks, Ask, Definition, Kpi, Kpis, Section, Setting, SourceTable, Tracked, TrackedValue, against, version_of,
)

settings = load_company(company)
basis = settings.policy("P15")
folder = settings.resolve(settings.source.path)
rows = list(csv.DictReader(open(folder / "opportunity.csv")))
booked = {}
for row in rows:
    quarter = f"2026Q{(int(row['close_on'][5:7]) + 2) // 3}"
    worth = float(row["amount"]) * (2 if basis == "tcv" else 1)
    booked[quarter] = booked.get(quarter, 0.0) + worth
now = booked["2026Q3"]
"""
SHOW = """\
from IPython.display import display

words = "Bookings fell short of the plan, due to fewer deals in the quarter."
plan = 1_000_000.0
found = against(
    "bookings", "Bookings", now, "money",
    reference=plan, reference_label="plan", better="up", currency="EUR", metric="BKG-01",
)
display(Answer("Bookings " + found.sentence.split(" was ")[1].split(",")[0], (found,), evidence=(found,)))
display(Kpis((Kpi("bkg-01", "Bookings", now, "money", "EUR", better="up", n=len(rows), metric="BKG-01"),)))
display(Asks((Ask("Decide on a plan", "why", plan - now, "CRO", None, currency="EUR"),)))
display(Section("gap", found.sentence.removesuffix("."), (found,)))
display(Tracked(tuple(
    TrackedValue("BKG-01", "Bookings", "money", q, q, True, worth, len(rows), "up", "EUR")
    for q, worth in sorted(booked.items())
)))
policy = Setting("P15", "Bookings value", basis, "acv", "first-year or total contract value")
display(Definition(
    "BKG-01", "Bookings", "Value of deals won", "money", "up", "additive", (policy,),
    (SourceTable("opportunity", "opportunity.csv", len(rows)),), currency="EUR",
    revision=version_of("BKG-01", "Value of deals won", "money", "additive", {"P15": basis}),
))"""


class Params(ReportParams):
    """Parameters of the small report."""


class Booked:
    """A report on bookings by quarter that honours one policy."""

    name = "booked"
    title = "Bookings"
    params = Params

    def notebook(self, root: Path) -> Path:
        return root / "notebooks" / "booked.ipynb"


@pytest.fixture
def booked(project: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A project with that report, its rows in two quarters, and an optional table; its code is always the same."""
    monkeypatch.setattr("bizops.runs.prepare.code_of", lambda _: Code("0.1.0", "", None, "sha256:0"))
    given = 'company = "params/company.yaml"\nas_of = ""\nperiod = "last"\nlocale = ""'
    cells = [
        new_markdown_cell("# Bookings\n\nHow much?", id="about"),
        new_code_cell(given, id="parameters", metadata={"tags": ["parameters"]}),
        new_code_cell(READ, id="read"),
        new_markdown_cell("## How much was booked?", id="q"),
        new_code_cell(SHOW, id="show"),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), project.root / "notebooks/booked.ipynb")
    (project.root / "params/booked.yaml").write_text("cases:\n  default: {}\n  other: {}\n")
    rows = "".join(
        f"O-{i},{10_000 * i},2026-01-01T09:00:00Z,2026-0{5 if i % 2 else 8}-15,true,true,North\n" for i in range(1, 11)
    )
    header = "opportunity_id,amount,created_at,close_on,is_closed,is_won,region\n"
    (project.root / "data/opportunity.csv").write_text(header + rows)
    return SimpleNamespace(root=project.root, out=project.out, case=project.out / "booked" / "default")


def run(project: SimpleNamespace, **options: Any) -> Record:
    return run_case(Request(Booked(), **options), project.root, project.out)


def page_of(project: SimpleNamespace, record: Record, name: str = "report.html") -> BeautifulSoup:
    return BeautifulSoup((project.case / record.run_id / name).read_text(encoding="utf-8"), "html.parser")


def changes(page: BeautifulSoup) -> BeautifulSoup:
    return page.find(id="changes").find_parent("section")


def test_a19_the_second_page_lists_what_was_planted(booked: SimpleNamespace) -> None:
    """A19: a restatement, a changed setting and a missing table, between two runs of the same case."""
    first = run(booked)
    assert first.ok, first.error
    assert first.baseline is None
    assert first.settings["policies"]["P15"] == "acv"
    assert "This is the first run of this case" in changes(page_of(booked, first)).get_text()

    data = booked.root / "data/opportunity.csv"
    # the deals of the second quarter are 10, 30, 50, 70 and 90 thousand: one is corrected by a cent
    data.write_text(data.read_text().replace("O-1,10000,", "O-1,10000.01,"))
    (booked.root / "data/dim_person.csv").unlink()
    company = booked.root / "params/company.yaml"
    company.write_text(company.read_text() + "policies: {P15: tcv}\n")
    second = run(booked)
    assert second.ok, second.error
    assert second.baseline == first.run_id

    told = [li.get_text().replace(NBSP, " ") for li in changes(page_of(booked, second)).find_all("li")]
    # by the new setting all is double: the third quarter's 300 thousand are 600, the second's 250,000.01 are 500,000.02
    assert told == [
        "Restated: 1 value of a closed period of 1 metric restated by Bookings value (P15).1 valueRestated: Bookings "
        "for 2026Q3, closed before, rose to EUR 600 k from EUR 300 k (EUR +300 k); its definition has changed.",
        "Restated: Bookings for 2026Q3, closed before, rose to EUR 600 k from EUR 300 k (EUR +300 k); its definition "
        "has changed.",
        "Definition: Bookings value (P15) is “tcv”, before “acv”; on the same data Bookings is EUR 600 k by the new "
        "setting and EUR 300 k by the old one (EUR +300 k).",
        "Findings: The ask “Decide on a plan” is about EUR 400 k, before EUR 700 k.",
        "Restated: Bookings for 2026Q2, closed before, rose to EUR 500 k from EUR 250 k (EUR +250 k); its definition "
        "and the rows of opportunity have changed.",
        "Data: The table dim_person is missing; it had 2 rows.",
        "Data: Rows of the table opportunity have changed, not their number.",
        "Findings: The headline was “Bookings EUR 300 k”.",
    ]
    assert [p.name for p in booked.case.glob(".tmp-*")] == [], "the settings of the second execution are gone"
    document = json.loads((booked.case / second.run_id / "findings.json").read_text())
    assert document["changes"]["baseline"]["run_id"] == first.run_id
    links(booked, second, first)


def links(project: SimpleNamespace, record: Record, baseline: Record) -> None:
    """The link to the baseline works from the run, from its analyst edition, and from the case's latest page."""
    for name in (f"{record.run_id}/report.html", f"{record.run_id}/editions/analyst/report.html", "latest.html"):
        page = BeautifulSoup((project.case / name).read_text(encoding="utf-8"), "html.parser")
        link = changes(page).find("a", string=baseline.run_id)
        target = (project.case / name).parent / unquote(link["href"])
        assert target.resolve() == (project.case / baseline.run_id / "report.html").resolve()
        assert target.is_file()


def test_a_cent_is_told_and_nothing_else_has_changed(booked: SimpleNamespace) -> None:
    run(booked)
    data = booked.root / "data/opportunity.csv"
    data.write_text(data.read_text().replace("O-1,10000,", "O-1,10000.01,"))
    told = [li.get_text().replace(NBSP, " ") for li in changes(page_of(booked, run(booked))).find_all("li")]
    assert told == [
        "Restated: Bookings for 2026Q2, closed before, rose to EUR 250,000.01 from EUR 250,000.00 (EUR +0.01); the "
        "rows of opportunity have changed.",
        "Data: Rows of the table opportunity have changed, not their number.",
    ]


def test_a_damaged_baseline_is_told_on_the_page(booked: SimpleNamespace) -> None:
    first = run(booked)
    (booked.case / first.run_id / "findings.json").write_text(json.dumps({"kpis": [3], "tracked": [{}]}))
    second = run(booked)
    assert second.ok
    assert f"The run {first.run_id} cannot be read" in changes(page_of(booked, second)).get_text()


def test_an_unknown_baseline_is_refused_before_anything_runs(booked: SimpleNamespace) -> None:
    with pytest.raises(InputError, match="no run 'yesterday'"):
        run(booked, baseline="yesterday")
    assert not booked.out.exists() or not list(booked.out.rglob("run.json"))


def test_the_record_says_how_to_ask_for_the_same_comparison(project: SimpleNamespace) -> None:
    assert prepare(project.request(baseline="last-year"), project.root).command[-2:] == ("--baseline", "last-year")
    assert "--baseline" not in prepare(project.request(), project.root).command


# -- edited sentences --------------------------------------------------------------------------------------------------

EDIT = """\
- report: booked
  period: 2026Q3
  finding: bookings
  sentence: 'Late deals left {value}, {delta} short of {reference}.'
  by: A. Quill
- {report: booked, period: 2026Q2, finding: no-longer-there, sentence: '{value}', by: A. Quill}
- {report: booked, case: other, period: 2026Q3, finding: not-here, sentence: '{value}', by: A. Quill}
"""


def test_an_edited_sentence_reaches_the_page_and_names_its_editor(booked: SimpleNamespace) -> None:
    (booked.root / "params/edits.yaml").write_text(EDIT)
    record = run(booked)
    assert record.ok, record.error
    page = page_of(booked, record)
    sentence = f"Late deals left EUR{NBSP}300{NBSP}k, EUR{NBSP}700{NBSP}k short of EUR{NBSP}1.00{NBSP}M."
    assert page.find(id="f-bookings").get_text().startswith(sentence)
    assert sentence in page.find("section", class_="answer").get_text()
    assert page.find(id="s-gap").get_text() == sentence.removesuffix(".")
    assert "edited by A. Quill" in page.find("section", class_="answer").get_text()
    assert "edited by A. Quill" in page.find(id="f-bookings").parent.get_text()
    mail = email.message_from_bytes(
        (booked.case / record.run_id / "report.eml").read_bytes(), policy=email.policy.default
    )
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert " ".join(f"{sentence} (edited by A. Quill)".split()) in text
    found = json.loads((booked.case / record.run_id / "findings.json").read_text())["findings"][0]
    assert found["sentence"] == sentence
    assert found["edited_by"] == "A. Quill"
    assert re.match(r"Bookings was EUR\s300\sk", found["generated"])
    sheet = load_workbook(booked.case / record.run_id / "report.xlsx")["Summary"]
    told = [str(cell.value) for row in sheet.iter_rows() for cell in row if sentence in str(cell.value)]
    assert told == [f"{sentence} (edited by A. Quill) Generated: {found['generated']}"] * 2, "answer and finding"


def test_a_sentence_edited_since_the_last_run_is_told(booked: SimpleNamespace) -> None:
    run(booked)
    (booked.root / "params/edits.yaml").write_text(EDIT)
    block = changes(page_of(booked, run(booked))).get_text().replace(NBSP, " ")
    assert "Edited by A. Quill: Late deals left EUR 300 k, EUR 700 k short of EUR 1.00 M." in block
    assert "Nothing changed" not in block


def test_the_first_of_a_slice_and_a_later_period_are_told_as_they_are(booked: SimpleNamespace) -> None:
    run(booked, overrides={"period": Setting("period", "2026Q3", "-p")})
    second = run(booked)
    assert second.baseline is not None, "a run with -p, of the same parameters otherwise"
    earlier = run(booked, overrides={"period": Setting("period", "2026Q2", "-p")})
    assert earlier.baseline == second.run_id
    assert "is of a later period" in changes(page_of(booked, earlier)).get_text()
    third = run(booked, baseline="last-quarter")
    assert third.baseline == earlier.run_id


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("finding: bookings", "finding: bokings", "line 1, entry 1: this run has no finding 'bokings'. Did you mean"),
        ("{value}, {delta}", "{value}, 12 %, {delta}", "entry 1: no finding stands behind 12"),
        ("left {value}, {delta} short", "were {delta} short", "has lost its number"),
    ],
)
def test_an_edit_that_does_not_fit_fails_the_run(booked: SimpleNamespace, old: str, new: str, message: str) -> None:
    (booked.root / "params/edits.yaml").write_text(EDIT.replace(old, new))
    record = run(booked)
    assert not record.ok
    assert record.error is not None
    assert message in record.error["message"]
    assert not (booked.case / "latest.html").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("edits: []", "expected a list of entries"),
        ("- {report: tiny, period: 2026Q3, finding: x, sentence: '{value}'}", "entry 1: by missing"),
        ("- {report: tiny, periode: 2026Q3}", "unknown name 'periode'. Did you mean 'period'?"),
        ("- {report: tinny, period: 2026Q3, finding: x, sentence: '{value}', by: A}", "no report 'tinny'. Did you"),
        ("- {report: tiny, case: shrt, period: 2026Q3, finding: x, sentence: '{value}', by: A}", "no case 'shrt'"),
        ("- {report: tiny, period: last, finding: x, sentence: '{value}', by: A}", "another period with every one"),
        ("- {report: tiny, period: soon, finding: x, sentence: '{value}', by: A}", "names no period"),
        ("- {report: tiny, period: 2026Q3, finding: x, sentence: '{worth}', by: A}", "names {worth}"),
        ("- {report: tiny, period: 2026Q3, finding: x, sentence: '', by: A}", "'sentence' is no text"),
        ("- {report: tiny, period: 2026Q3, finding: x, sentence: [a], by: A}", "'sentence' is no text"),
        (
            "- &a {report: tiny, period: 2026Q3, finding: x, sentence: '{value}', by: A}\n- *a",
            "'x' is edited twice",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_entry(
    project: SimpleNamespace, calendar: Calendar, text: str, message: str
) -> None:
    (project.root / "params/edits.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        edits_of(project.root, "tiny", "default", "2026Q3", calendar)
    assert message in str(caught.value)
    assert "params/edits.yaml" in str(caught.value)
    assert caught.value.fix


def test_edits_of_other_reports_cases_and_periods_are_left_out(booked: SimpleNamespace, calendar: Calendar) -> None:
    (booked.root / "params/edits.yaml").write_text(EDIT)
    found = edits_of(booked.root, "booked", "default", "2026Q3", calendar)
    assert [(e.finding, e.by) for e in found] == [("bookings", "A. Quill")]
    assert [e.finding for e in edits_of(booked.root, "booked", "other", "2026Q3", calendar)] == ["bookings", "not-here"]
    assert edits_of(booked.root, "tiny", "default", "2026Q3", calendar) == ()


def test_no_page_tells_of_a_later_day_or_of_another_company(folder: Path, calendar: Calendar) -> None:
    early = {"as_of": "2026-07-05"}
    assert choose(folder, "previous", "Acme", calendar, period(calendar), early).run_id == "20260702T000000Z-0002"
    with pytest.raises(InputError, match="later than this one for 2026-07-05"):
        choose(folder, "20261005T000000Z-0004", "Acme", calendar, period(calendar), early)
    with pytest.raises(InputError, match="another company, Acme"):
        choose(folder, "20261005T000000Z-0004", "Beta", calendar, period(calendar), {"as_of": "2026-10-04"})
