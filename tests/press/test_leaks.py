"""No file of an edition holds more than its readers may see: looked for in everything that is published with it."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from openpyxl import load_workbook

from bizops import press
from bizops.findings import Answer, Appendix, Ask, Asks, Finding, Kpis, Only, Section, kpi
from bizops.findings.definition import Definition
from bizops.press import pdf
from bizops.reports import qbr
from bizops.sources.demo import build_demo
from bizops.tables import Col, Table
from tests.press.reading import text_of

ROOT = Path(__file__).parents[2]
PLANTED = {
    "seller": "Zelda Quotareach",
    "pay": "87654",
    "analyst's": "residuals look skewed",
    "leaders'": "board only remark",
    "code": "secret_margin = 0.42",
    "stream": "rows read: 90817",
    "warning": "FutureWarning: chained",
    "traceback": "KeyError: 'zelda'",
    "path": "/home/analyst/exports/deals.csv",
    "address": "zelda@customer.example",
    "contact": "ops@northwind.example",
    "sql": "SELECT sum(amount_hidden)",
    "secret": "hunter2-token",
    "prose": "Prose for analysts alone",
}
# Who may see what; the rest must be in no file of the edition.
MAY = {
    "leadership": {"leaders'"},
    "manager": {"seller", "pay"},
    "analyst": {"seller", "pay", "analyst's", "code", "stream", "warning", "traceback", "path", "contact", "sql"}
    | {"prose", "address", "secret"},
}


def table(id, name, values, **more):
    frame = pd.DataFrame({"who": [name, "Other"], "n": values})
    return Table(id, f"Table {id}", frame, [Col("who", "Who"), Col("n", "N", "number")], **more)


def small_notebook():
    """A report with something planted for everybody, and a mess in its cells."""
    people = table("people", PLANTED["seller"], [float(PLANTED["pay"]), 1.0])
    named = Finding("best", f"{PLANTED['seller']} sold most.", 1.0, "count", table="people")
    open_ = Finding("deals", "Deals were 777.", 777.0, "count", table="people")
    by_region = table("regions", "North", [1.0, 2.0])
    section = Section(
        "people",
        "How people did",
        (
            open_,
            by_region,
            Only(("manager", "analyst"), (named, people)),
            Only(("analyst",), (table("residuals", PLANTED["analyst's"], [1.0, 2.0]),)),
            Only(("leadership",), (table("board", PLANTED["leaders'"], [1.0, 2.0]),)),
        ),
    )
    strip = Kpis((kpi("deals", "Deals", 777.0, "count", better="up", references=[("plan", 700.0)], href="#t-people"),))
    explained = Definition("BKG-01", "Bookings", "What was signed", "money", sql=PLANTED["sql"])
    asks = Asks((Ask("Hire", "too few", None, "R. Berg", None, "#t-people"),))
    error = new_output("error", ename="KeyError", evalue="'zelda'", traceback=[PLANTED["traceback"]])
    mess = [
        new_output("stream", name="stdout", text=f"{PLANTED['stream']} {PLANTED['path']} {PLANTED['address']}\n"),
        new_output("stream", name="stderr", text=PLANTED["warning"]),
        error,
        new_output("execute_result", data={"text/plain": f"<Client {PLANTED['secret']}>"}),
    ]

    def shown(*records, extra=()):
        outputs = [new_output("display_data", data=r._repr_mimebundle_()) for r in records]
        return new_code_cell(PLANTED["code"], outputs=[*outputs, *extra])

    cells = [
        new_markdown_cell("# Review\n\nWhat happened?"),
        new_markdown_cell(f"## Data\n\n{PLANTED['prose']}", metadata={"tags": ["analyst"]}),
        shown(Answer("Deals were 777", (open_,)), strip, asks, extra=mess),
        new_markdown_cell("## How did people do?"),
        shown(section),
        new_markdown_cell("## Definitions"),
        shown(Appendix("definitions", "Definitions", (explained,))),
    ]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def record(sample):
    company = {"name": "Northwind", "confidentiality": "Confidential", "contact": f"Ops, {PLANTED['contact']}"}
    company["file"] = PLANTED["path"]
    data = {"opportunity": {"origin": PLANTED["path"], "rows": 3, "fingerprint": "sha256:0", "extracted_at": None}}
    parameters = {"company": PLANTED["path"], "token": PLANTED["secret"]}
    scope = {"level": "region", "member": "North", "label": "region North"}
    return sample.make_record(company=company, data=data, parameters=parameters, scope=scope)


@pytest.fixture(scope="module")
def small(record):
    """Text of every file of the small report by edition and name."""
    return by_edition(press.release(small_notebook(), record, pdf=pdf.browser() is not None))


def by_edition(made):
    found = {}
    for edition, listed in made.editions.items():
        contents = {name: made.files[name] for name in listed["files"]}
        found[edition] = {n: text_of(n, c.encode() if isinstance(c, str) else c) for n, c in contents.items()}
    return found


@pytest.mark.parametrize("edition", MAY)
def test_nothing_planted_for_others_is_in_any_file(small, edition):
    for name, text in small[edition].items():
        found = {what for what, words in PLANTED.items() if words in text}
        assert found <= MAY[edition], name


def test_what_was_planted_would_be_found(small):
    """Else the test above would pass on empty files."""
    for edition, allowed in MAY.items():
        everywhere = "\n".join(small[edition].values())
        assert {what for what, words in PLANTED.items() if words in everywhere} == allowed
    names = small["manager"]
    files = ["report.html", "report.xlsx", "findings.json", "tables/people.csv"]
    files += ["report.pdf"] if pdf.browser() else []
    assert all(PLANTED["seller"] in names[f"editions/manager/{name}"] for name in files)


def test_code_and_streams_are_on_the_analysts_page_alone(small):
    hidden = ("code", "stream", "warning", "traceback", "path", "address", "secret")
    for name, text in small["analyst"].items():
        if not name.endswith(".html"):
            assert [what for what in hidden if PLANTED[what] in text] == [], name


def test_a_mail_names_nobody_who_is_restricted(small):
    text = small["manager"]["editions/manager/report.eml"]
    assert "Deals were 777" in text
    assert PLANTED["seller"] not in text


def test_a_link_to_what_was_left_out_is_no_link(small):
    page, data = small["leadership"]["report.html"], json.loads(small["leadership"]["findings.json"])
    assert "t-people" not in page.replace('data-csv="t-people"', "")
    assert [f["table"] for f in data["findings"]] == [""]
    assert (data["asks"][0]["href"], data["kpis"][0]["href"]) == ("", "")
    kept = json.loads(small["manager"]["editions/manager/findings.json"])
    assert kept["asks"][0]["href"] == "#t-people"


def test_every_edition_lists_its_own_files_and_no_other(small):
    for edition, files in small.items():
        inside = {n.startswith(f"editions/{edition}/") for n in files}
        assert inside == ({True} if edition != "leadership" else {False})
    tables = {e: sorted(n.rpartition("/")[2] for n in files if "tables/" in n) for e, files in small.items()}
    assert tables == {
        "leadership": ["asks.csv", "board.csv", "regions.csv"],
        "manager": ["asks.csv", "people.csv", "regions.csv"],
        "analyst": ["asks.csv", "people.csv", "regions.csv", "residuals.csv"],
    }


def test_without_a_slice_there_is_no_managers_edition(record):
    whole = {**record, "scope": {"level": "company", "member": "", "label": "company"}}
    assert list(press.release(small_notebook(), whole, pdf=False).editions) == ["leadership", "analyst"]


# -- a real run of the review, cut to a region, of a company whose people are known


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    root = tmp_path_factory.mktemp("leaks") / "project"
    for name in ("params", "notebooks"):
        shutil.copytree(ROOT / name, root / name)
    build_demo(root / "outputs/_data/demo", scale=0.3)
    people = pd.read_parquet(root / "outputs/_data/demo/dim_person.parquet")
    quotas = pd.read_parquet(root / "outputs/_data/demo/quota.parquet")
    command = [sys.executable, "-m", "bizops.cli", "run", "qbr", "--json", "-p", "level=region", "-p", "member=Nordics"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(root)}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    folder = Path(run["directory"])
    texts = {
        edition: {name: text_of(name, (folder / name).read_bytes()) for name in listed["files"]}
        for edition, listed in run["editions"].items()
    }
    leads = set(people["manager_id"].dropna())
    sellers = people[people["person_id"].isin(quotas["owner_id"]) & ~people["person_id"].isin(leads)]
    return SimpleNamespace(root=root, folder=folder, texts=texts, sellers=set(sellers["name"]), people=people)


def test_a_real_leadership_edition_names_no_seller_and_no_machine(real):
    assert len(real.sellers) > 20
    for name, text in real.texts["leadership"].items():
        assert not {seller for seller in real.sellers if seller in text}, name
        assert not [a for a in real.people["email"].dropna() if a in text], name
        assert not re.search(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", text), name
        places = (str(real.root), f"{Path.home()}/", "/home/", "/tmp/", "site-packages")
        for hidden in (*places, "Traceback", "SELECT", "import "):
            assert hidden not in text, (name, hidden)


def test_a_real_managers_edition_names_the_own_people_in_one_table(real):
    text = real.texts["manager"]["editions/manager/tables/attainment-people.csv"]
    own = {seller for seller in real.sellers if seller in text}
    assert own
    for name, text in real.texts["manager"].items():
        assert {seller for seller in real.sellers if seller in text} <= own, name
        assert not re.search(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", text), name
        assert "SELECT" not in text, name
    assert not [s for s in real.sellers if s in real.texts["manager"]["editions/manager/report.eml"]]
    assert "tables/attainment-people.csv" not in "".join(real.texts["leadership"])


def test_a_real_run_lists_every_file_that_it_wrote(real):
    listed = {name for files in real.texts.values() for name in files}
    written = {p.relative_to(real.folder).as_posix() for p in real.folder.rglob("*") if p.is_file()}
    assert written == listed | {"run.json", "notebook.ipynb"}


def test_the_whole_company_shows_no_name_to_anybody_unless_asked(real, monkeypatch):
    monkeypatch.chdir(real.root)
    context = qbr.start(qbr.Params.read({"company": "params/company.yaml", "period": "2026Q3", "as_of": "2026-10-04"}))
    text = json.dumps(qbr.attainment(context).payload(), ensure_ascii=False)
    context.data.close()
    assert not {seller for seller in real.sellers if seller in text}


def test_a_real_workbook_has_no_formula_and_no_link_out(real):
    for edition, files in real.texts.items():
        top = "" if edition == "leadership" else f"editions/{edition}/"
        book = load_workbook(io.BytesIO((real.folder / f"{top}report.xlsx").read_bytes()))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert not [c for c in cells if c.data_type == "f"]
        assert not [c for c in cells if c.hyperlink and c.hyperlink.target]
        tables = [n for n in files if "tables/" in n and not n.endswith("/asks.csv")]
        assert len(book.sheetnames) == 3 + len(tables), "summary, contents, definitions, and a sheet a table"
