"""A project in a temporary folder: settings, small canonical data, a report with a real notebook, its cases."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pydantic import Field

from bizops.findings import Answer, Finding, Section
from bizops.reports.base import ReportParams
from bizops.runs.cases import from_options
from bizops.runs.prepare import Request
from bizops.runs.run import run_case
from bizops.tables import Col, Table

COMPANY = """\
name: Acme
currency: EUR
time_zone: Europe/Berlin
source: {kind: folder, path: data}
as_of: 2026-10-04
brand: {contact: ops@acme.example}
pdf: false
"""
CASES = """\
cases:
  default:
  short: {wait: 0, code: 00123}
  fails: {act: fail}
  refused: {weight: 1.5}
"""
OPPORTUNITIES = "opportunity_id,amount,created_at,close_on,is_closed,is_won,region\n" + "".join(
    f"O-{i},{1000 * i},2026-0{1 + i % 6}-01T09:00:00Z,2026-0{7 + i % 3}-15,true,{'true' if i % 3 else 'false'},"
    f"{('North', 'South')[i % 2]}\n"
    for i in range(1, 31)
)
PEOPLE = "person_id,name,email,role\nP-1,Jane Quill,jane.quill@acme.example,ae\nP-2,Omar Reyes,omar@acme.example,ae\n"

# The cells display what real records put on the wire; building them here spares every kernel the import of pandas.
_DEALS = Finding("deals", "Deals were 777.", 777.0, "count")
ANSWER = json.dumps(Answer("Deals were 777", (_DEALS,)).payload())
TABLE = json.dumps(
    Section(
        "by-region",
        "Where deals were made",
        (
            Table(
                "by-region",
                "Deals by region",
                pd.DataFrame({"region": ["North", "South"], "deals": [777, 2]}),
                [Col("region", "Region"), Col("deals", "Deals", "count", total="sum")],
            ),
        ),
    ).payload()
)
SHOW = """\
import json

def show(payload):
    display({"application/vnd.bizops+json": json.loads(payload.replace("777", str(weight)))}, raw=True)

"""
ACT = """\
import os, signal, time
time.sleep(wait)
if act == "fail":
    {}[open("data/dim_person.csv").read().split(",")[4]]
elif act == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif act == "quote":
    name, email = open("data/dim_person.csv").read().split(",")[4:6]
    raise RuntimeError(f"cannot use {os.getcwd()}/data/x.csv of {name}, {email}, row 7")
elif act == "change":
    open("data/opportunity.csv", "a").write("O-99,1,2026-01-01T09:00:00Z,2026-08-01,true,true,North\\n")
elif act == "remove":
    os.remove("data/opportunity.csv")
elif act == "two tables":
    show(TABLE.replace("South", "West"))"""


class Params(ReportParams):
    """Parameters of the report that the tests run."""

    weight: int = Field(3, ge=1, description="number of deals")
    code: str = Field("", description="a text that looks like a number")
    act: str = Field("", description="what the last cell does")
    wait: int = Field(0, description="seconds that it waits")


def notebook() -> Any:
    given = 'company = "params/company.yaml"\nas_of = ""\nperiod = "last"\nweight = 3\ncode = ""\nact = ""\nwait = 0'
    cells = [
        new_markdown_cell("# Tiny report\n\nHow many deals?", id="about"),
        new_code_cell(given, id="parameters", metadata={"tags": ["parameters"]}),
        new_code_cell(f"{SHOW}show({ANSWER!r})", id="answer"),
        new_markdown_cell("## Where?", id="where"),
        new_code_cell(f"TABLE = {TABLE!r}\nshow(TABLE)", id="table"),
        new_code_cell(ACT, id="act"),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


class Tiny:
    """A report as the runs see it, without a place in the package."""

    name = "tiny"
    title = "Tiny report"
    params = Params

    def notebook(self, root: Path) -> Path:
        return root / "notebooks" / "tiny.ipynb"


def build(root: Path) -> Path:
    for name in ("params", "notebooks", "data"):
        (root / name).mkdir(parents=True)
    (root / "params/company.yaml").write_text(COMPANY)
    (root / "params/tiny.yaml").write_text(CASES)
    (root / "data/opportunity.csv").write_text(OPPORTUNITIES)
    (root / "data/dim_person.csv").write_text(PEOPLE)
    nbformat.write(notebook(), root / "notebooks/tiny.ipynb")
    return root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A fresh project, the working directory in it, and a way to ask for runs of its report."""
    root = build(tmp_path / "project")
    monkeypatch.chdir(root)

    def request(case: str = "default", *overrides: str, **options: Any) -> Request:
        return Request(Tiny(), case, from_options(overrides), **options)

    return SimpleNamespace(root=root, out=root / "outputs", request=request)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One good run, for all that only look at it."""
    root = build(tmp_path_factory.mktemp("good") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        record = run_case(Request(Tiny()), root, root / "outputs")
    return SimpleNamespace(root=root, record=record, folder=root / "outputs" / "tiny" / "default" / record.run_id)
