"""Fifty ways to get it wrong: each gives one clear error that names the place and the fix, and nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bizops.cli import cli

ROOT = Path(__file__).parents[1]
COMPANY = "name: Acme\ncurrency: EUR\ntime_zone: Europe/Berlin\nas_of: 2026-09-30\nsource: {kind: folder, path: data}\n"
HEAD = "opportunity_id,owner_id,amount,currency,created_at,close_on,is_closed,is_won\n"
ROWS = [
    "o1,p1,100.00,EUR,2026-07-01T08:00:00Z,2026-08-01,true,true",
    "o2,p1,200.00,EUR,2026-07-02T08:00:00Z,2026-08-02,true,false",
    "o3,p2,300.00,EUR,2026-07-03T08:00:00Z,2026-10-03,false,false",
]
PEOPLE = "person_id,name,email\np1,Sue Example,sue@example.invalid\np2,Sam Example,sam@example.invalid\n"


class Project:
    """A small project that works, until a test breaks one file of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("notebooks", "params", "data"):
            (root / folder).mkdir()
        shutil.copy(ROOT / "notebooks" / "qbr.ipynb", root / "notebooks")
        self.write("params/company.yaml", COMPANY)
        self.write("params/qbr.yaml", "cases:\n  default: {period: last}\n")
        self.deals(*ROWS)
        self.write("data/dim_person.csv", PEOPLE)

    def write(self, name: str, text: str | bytes) -> None:
        """Write a file of the project."""
        (self.root / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))

    def deals(self, *rows: str, head: str = HEAD) -> None:
        """Write the opportunities."""
        self.write("data/opportunity.csv", head + "".join(f"{row}\n" for row in rows))

    def run(self, *arguments: str) -> Result:
        """Run ``bizops run qbr`` in the project."""
        return CliRunner().invoke(cli, ["run", *(arguments or ("qbr",))])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def swap(row: str, old: str, new: str) -> str:
    assert old in row
    return row.replace(old, new)


Break = Callable[[Project], object]
DATA: dict[str, tuple[Break, tuple[str, ...]]] = {
    "folder missing": (lambda p: shutil.rmtree(p.root / "data"), ("data", "fix:")),
    "no table in the folder": (lambda p: [f.unlink() for f in (p.root / "data").iterdir()], ("data", "fix:")),
    "needed table missing": (lambda p: (p.root / "data/opportunity.csv").unlink(), ("opportunity",)),
    "empty file": (lambda p: p.write("data/opportunity.csv", ""), ("opportunity.csv",)),
    "wrong delimiter": (
        lambda p: p.deals(*(r.replace(",", ";") for r in ROWS), head=HEAD.replace(",", ";")),
        ("opportunity.csv", "delimiter"),
    ),
    "needed column missing": (
        lambda p: p.deals(*ROWS, head=HEAD.replace("close_on", "closing")),
        ("opportunity.csv", "close_on"),
    ),
    "column twice": (lambda p: p.deals(*ROWS, head=HEAD.replace("currency", "amount")), ("opportunity.csv", "amount")),
    "row too long": (lambda p: p.deals(ROWS[0] + ",extra", *ROWS[1:]), ("opportunity.csv",)),
    "row too short": (lambda p: p.deals("o9,p1", *ROWS[1:]), ("opportunity",)),
    "duplicate key": (lambda p: p.deals(ROWS[0], *ROWS), ("opportunity", "opportunity_id", "o1")),
    "empty key": (lambda p: p.deals("," + ROWS[0][3:], *ROWS[1:]), ("opportunity_id",)),
    "text in a number": (lambda p: p.deals(swap(ROWS[0], "100.00", "a lot")), ("opportunity.csv", "amount", "row 2")),
    "decimal comma unmapped": (lambda p: p.deals(swap(ROWS[0], "100.00", '"1.234,56"')), ("opportunity.csv", "amount")),
    "impossible date": (lambda p: p.deals(swap(ROWS[0], "2026-08-01", "2026-02-30")), ("close_on", "row 2")),
    "local date form": (lambda p: p.deals(swap(ROWS[0], "2026-08-01", "01.08.2026")), ("close_on", "row 2")),
    "impossible instant": (lambda p: p.deals(swap(ROWS[0], "T08:00", "T28:00")), ("created_at", "row 2")),
    "instant without zone beside one with": (
        lambda p: p.deals(swap(ROWS[0], "08:00:00Z", "08:00:00"), *ROWS[1:]),
        ("created_at",),
    ),
    "no boolean": (lambda p: p.deals(swap(ROWS[0], "true,true", "true,perhaps")), ("is_won", "row 2")),
    "unknown currency": (lambda p: p.deals(swap(ROWS[0], "EUR", "XQQ")), ("currency", "XQQ")),
    "closed without amount": (lambda p: p.deals(swap(ROWS[0], "100.00", "")), ("amount", "o1")),
    "closed without close date": (lambda p: p.deals(swap(ROWS[0], "2026-08-01", "")), ("close_on", "o1")),
    "won but not closed": (lambda p: p.deals(swap(ROWS[2], "false,false", "false,true")), ("o3",)),
    "value outside the list": (
        lambda p: p.deals(ROWS[0] + ",gift", head=HEAD.strip() + ",type\n"),
        ("opportunity", "type", "gift"),
    ),
    "not UTF-8": (
        lambda p: p.write("data/opportunity.csv", (HEAD + ROWS[0] + "é").encode("latin-1")),
        ("opportunity.csv",),
    ),
    "no Parquet": (
        lambda p: [(p.root / "data/opportunity.csv").unlink(), p.write("data/opportunity.parquet", b"PAR0")],
        ("opportunity.parquet",),
    ),
    "table twice": (
        lambda p: shutil.copy(p.root / "data/dim_person.csv", p.root / "data/dim_person.csv.gz"),
        ("dim_person",),
    ),
    "overlapping intervals": (
        lambda p: p.write(
            "data/dim_account_history.csv",
            "account_id,valid_from,valid_to,segment\na1,2026-01-01T00:00:00Z,2026-06-01T00:00:00Z,SMB\n"
            "a1,2026-05-01T00:00:00Z,,ENT\n",
        ),
        ("dim_account_history", "a1"),
    ),
    "header only": (lambda p: p.deals(), ("opportunity.csv", "no rows")),
    "plan scope is no JSON": (
        lambda p: p.write(
            "data/plan.csv",
            "metric_id,scope,period_start,period_end,version,value\nBKG-01,North,2026-07-01,2026-10-01,budget,1\n",
        ),
        ("plan", "scope"),
    ),
    "plan scope in braces but no JSON": (
        lambda p: p.write(
            "data/plan.csv",
            "metric_id,scope,period_start,period_end,version,value\n"
            "BKG-01,{region: N},2026-07-01,2026-10-01,budget,1\n",
        ),
        ("plan.scope", "{region: N}", "JSON"),
    ),
    "plan in another currency": (
        lambda p: p.write(
            "data/plan.csv",
            "metric_id,scope,period_start,period_end,version,value,currency\n"
            "BKG-01,{},2026-07-01,2026-10-01,budget,800,USD\n",
        ),
        ("plan.currency", "USD", "EUR"),
    ),
    "plan twice": (
        lambda p: p.write(
            "data/plan.csv",
            "metric_id,scope,period_start,period_end,version,value\n"
            + "BKG-01,{},2026-07-01,2026-10-01,budget,1\n" * 2,
        ),
        ("plan", "BKG-01"),
    ),
}  # fmt: skip

SETTINGS: dict[str, tuple[Break, tuple[str, ...]]] = {
    "company file missing": (lambda p: (p.root / "params/company.yaml").unlink(), ("company.yaml", "does not exist")),
    "company file no YAML": (lambda p: p.write("params/company.yaml", "name: [\n"), ("company.yaml", "line")),
    "setting misspelt": (
        lambda p: p.write("params/company.yaml", COMPANY.replace("currency", "curency")),
        ("company.yaml", "Did you mean 'currency'?"),
    ),
    "setting of the wrong type": (
        lambda p: p.write("params/company.yaml", COMPANY + "fiscal_year_start: July\n"),
        ("company.yaml", "fiscal_year_start"),
    ),
    "setting twice": (lambda p: p.write("params/company.yaml", COMPANY + "name: B\n"), ("'name' is given twice",)),
    "unknown time zone": (
        lambda p: p.write("params/company.yaml", COMPANY.replace("Berlin", "Berlni")),
        ("time_zone", "Europe/Berlin"),
    ),
    "unknown policy value": (
        lambda p: p.write("params/company.yaml", COMPANY + "policies: {P15: gross}\n"),
        ("P15", "gross"),
    ),
    "mapping missing": (
        lambda p: p.write(
            "params/company.yaml", COMPANY.replace("{kind: folder, path: data}", "{kind: mapping, mapping: m.yaml}")
        ),
        ("m.yaml",),
    ),
    "DuckDB file missing": (
        lambda p: p.write(
            "params/company.yaml", COMPANY.replace("{kind: folder, path: data}", "{kind: duckdb, path: a.duckdb}")
        ),
        ("a.duckdb",),
    ),
    "case file no YAML": (
        lambda p: p.write("params/qbr.yaml", "cases: {default: {period: last\n"),
        ("qbr.yaml", "line"),
    ),
    "case file without cases": (lambda p: p.write("params/qbr.yaml", "case: {}\n"), ("qbr.yaml", "cases")),
    "parameter misspelt in a case": (
        lambda p: p.write("params/qbr.yaml", "cases:\n  default: {perod: last}\n"),
        ("qbr.yaml", "Did you mean 'period'?"),
    ),
    "parameter of the wrong type in a case": (
        lambda p: p.write("params/qbr.yaml", "cases:\n  default: {people: maybe}\n"),
        ("qbr.yaml", "people", "maybe"),
    ),
    "event without a day": (
        lambda p: p.write("params/annotations.csv", "date,label\n3.9.2026,Prices up\n"),
        ("annotations.csv line 2, column date", "year-month-day"),
    ),
    "event in an unknown column": (
        lambda p: p.write("params/annotations.csv", "date,lable\n2026-09-03,Prices up\n"),
        ("annotations.csv line 1", "Did you mean 'label'?"),
    ),
    "edited sentence no YAML": (lambda p: p.write("params/edits.yaml", "- [\n"), ("edits.yaml", "line")),
    "edited sentence without its author": (
        lambda p: p.write(
            "params/edits.yaml",
            "- {report: qbr, period: 2026Q3, finding: bookings, sentence: 'Bookings were {value}.'}\n",
        ),
        ("edits.yaml", "by"),
    ),
    "edited sentence without its number": (
        lambda p: p.write(
            "params/edits.yaml",
            "- {report: qbr, period: 2026Q3, finding: bookings, by: A, sentence: 'It went {value'}\n",
        ),
        ("edits.yaml", "sentence"),
    ),
    "unknown locale": (
        lambda p: p.write("params/company.yaml", COMPANY + "locale: english\n"),
        ("locale", "english"),
    ),
    "notebook missing": (lambda p: (p.root / "notebooks/qbr.ipynb").unlink(), ("qbr.ipynb",)),
    "notebook no JSON": (lambda p: p.write("notebooks/qbr.ipynb", "{"), ("qbr.ipynb",)),
}  # fmt: skip

ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unknown report": (("qrb",), ("Did you mean 'qbr'?",)),
    "unknown case": (("qbr", "--case", "defualt"), ("Did you mean 'default'?",)),
    "unknown parameter": (("qbr", "-p", "perod=last"), ("Did you mean 'period'?",)),
    "parameter without value": (("qbr", "-p", "period"), ("period",)),
    "no such period": (("qbr", "-p", "period=2026Q5"), ("2026Q5",)),
    "period of the future": (("qbr", "-p", "period=2027Q1"), ("2027Q1", "as_of")),
    "quarter before any data": (("qbr", "-p", "period=2020Q1"), ("2020Q1 ends before", "2026-08-01")),
    "region that is not there": (("qbr", "-p", "level=region", "-p", "member=North"), ("no region 'North'",)),
    "day before any data": (("qbr", "--as-of", "2019-12-31"), ("no opportunity is left",)),
    "week instead of a quarter": (("qbr", "-p", "period=2026W30"), ("is a week",)),
    "level without member": (("qbr", "-p", "level=region"), ("needs a member",)),
    "flag guessed": (("qbr", "-p", "people=yes"), ("people",)),
    "as-of no day": (("qbr", "--as-of", "30.09.2026"), ("30.09.2026",)),
    "as-of in the future": (("qbr", "--as-of", "2999-01-01"), ("later than today",)),
    "unknown baseline": (("qbr", "--baseline", "20200101T000000Z-0000"), ("baseline", "20200101T000000Z-0000")),
    "unknown language": (("qbr", "-p", "locale=klingon"), ("locale", "klingon")),
    "company option missing": (("qbr", "--company", "nowhere.yaml"), ("nowhere.yaml",)),
}


def refused(project: Project, result: Result, parts: tuple[str, ...]) -> None:
    """One error, exit code 2, place and fix named, no traceback, no personal value, nothing written."""
    assert result.exit_code == 2, result.output
    for part in parts:
        assert part in result.output, f"{part!r} not in\n{result.output}"
    assert result.output.count("error: ") + result.output.count("refused") >= 1
    assert "Traceback" not in result.output
    assert "Sue Example" not in result.output
    assert "example.invalid" not in result.output
    assert not (project.root / "outputs").exists()


@pytest.mark.parametrize("name", DATA)
def test_bad_data(project: Project, name: str) -> None:
    breaks, parts = DATA[name]
    breaks(project)
    refused(project, project.run(), parts)


@pytest.mark.parametrize("name", SETTINGS)
def test_bad_settings(project: Project, name: str) -> None:
    breaks, parts = SETTINGS[name]
    breaks(project)
    refused(project, project.run(), parts)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_bad_arguments(project: Project, name: str) -> None:
    arguments, parts = ARGUMENTS[name]
    refused(project, project.run(*arguments), parts)


def test_there_are_fifty() -> None:
    assert len(DATA) + len(SETTINGS) + len(ARGUMENTS) >= 50


STATED: dict[str, tuple[Break, str]] = {
    "splits not 100 %": (
        lambda p: p.write(
            "data/opportunity_split.csv",
            "split_id,opportunity_id,person_id,split_type,share\ns1,o1,p1,revenue,0.5\ns2,o1,p2,revenue,0.4\n",
        ),
        "data warning",
    ),
    "one row": (lambda p: p.deals(ROWS[0]), "bookings"),
    "quarter without data": (lambda p: p.deals(ROWS[2]), "no deal"),
}


@pytest.mark.parametrize("name", STATED)
def test_little_data_gives_a_page_that_says_so(project: Project, name: str) -> None:
    breaks, says = STATED[name]
    breaks(project)
    result = project.run()
    assert result.exit_code == 0, result.output
    page = (project.root / "outputs/qbr/default/latest.html").read_text(encoding="utf-8")
    assert says in page
    assert "Traceback" not in page
