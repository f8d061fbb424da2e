"""What a build refuses, and what it makes of data that hold next to nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
import yaml
from nbformat.v4 import new_code_cell

from tests.browser.conftest import HOME, Project, Published
from tests.reports.conftest import closed_deals

SAYS = 'from bizops.findings import Answer, Finding, Section\nSection("new", "{}", ()).payload()'


def seller_deals(**more: Any) -> pd.DataFrame:
    """Deals of two quarters: 40 closed in the second, 12 of them won, 30 in the first with 10."""
    now = closed_deals("2026-07-06", 40, 12, 1000.0, "now", **more)
    return pd.concat([closed_deals("2026-04-06", 30, 10, 900.0, "then", **more), now], ignore_index=True)


def nothing() -> dict[str, pd.DataFrame]:
    """Deals, and every other table with its columns and no row."""
    from bizops.schema import TABLES

    empty = {name: pd.DataFrame(columns=[c.name for c in table.columns]) for name, table in TABLES.items()}
    return {**empty, "opportunity": seller_deals()}


COMPANIES: dict[str, dict[str, pd.DataFrame]] = {
    "no-rows": nothing(),
    "no-plan": {"opportunity": seller_deals(region="North", segment="Large")},
    "one-period": {"opportunity": closed_deals("2026-07-06", 40, 12, 1000.0, "now", region="North")},
    "all-null": {"opportunity": seller_deals(region=None, segment=None, owner_id=None, lost_reason=None, type=None)},
    "none-won": {"opportunity": closed_deals("2026-07-06", 40, 0, 1000.0, "now")},
    "none-closed": {"opportunity": closed_deals("2026-04-06", 30, 10, 900.0, "then")},
}


@pytest.fixture(scope="module")
def degenerate(once: Any) -> dict[str, Published]:
    """One run of each of these companies, all in one call."""

    def build(root: Path) -> None:
        for name in ("params", "notebooks"):
            (root / name).mkdir(parents=True)
        notebook = HOME / "notebooks/qbr.ipynb"
        (root / "notebooks/qbr.ipynb").write_bytes(notebook.read_bytes())
        cases = {}
        for name, tables in COMPANIES.items():
            folder = root / "data" / name
            folder.mkdir(parents=True)
            for table, frame in tables.items():
                frame.to_csv(folder / f"{table}.csv", index=False)
            source = {"kind": "folder", "path": f"data/{name}"}
            settings = {"name": name, "currency": "EUR", "as_of": "2026-10-04", "source": source}
            (root / f"params/{name}.yaml").write_text(yaml.safe_dump(settings))
            cases[name] = {"company": f"params/{name}.yaml", "period": "2026Q3"}
        (root / "params/qbr.yaml").write_text(yaml.safe_dump({"cases": cases}))
        done = Project(root).call("run", "qbr", "--all", "--json")
        (root / "done.json").write_text(done.stdout)

    runs = json.loads((once("degenerate", build) / "done.json").read_text())["runs"]
    return {run["case"]: Published(Path(run["directory"])) for run in runs}


@pytest.mark.parametrize("case", COMPANIES)
def test_a20_data_that_hold_next_to_nothing_make_a_whole_page(degenerate: Any, case: str) -> None:
    run = degenerate[case]
    assert run.record["status"] == "ok"
    soup, findings = run.soup(), run.json("findings.json")
    assert soup.h1.get_text(strip=True)
    text = soup.main.get_text(" ")
    for raw in ("nan", "NaN", "None", "NaT", "inf", "<NA>"):
        assert f" {raw} " not in f" {text} ", raw
    assert "plan" not in {
        c["label"] for k in findings["kpis"] for c in k["comparisons"] if c.get("reference") is not None
    }
    # each part that the data cannot support is named with its reason, none is left out without a word
    assert [note["id"] for note in findings["off"] if note["id"].startswith("retention")]
    for note in findings["off"]:
        assert note["reason"] in text
    for kpi in soup.select(".kpi"):
        assert kpi.select_one(".value").get_text(strip=True)


def test_a20_no_closed_deal_in_the_period_is_said_and_not_shown_as_a_rate(degenerate: Any) -> None:
    findings = degenerate["none-closed"].json("findings.json")
    assert [k["id"] for k in findings["kpis"] if k["unit"] == "rate" and k["value"] is not None] == []
    assert "win-rate" in {note["id"] for note in findings["off"]}


@pytest.mark.parametrize(("text", "numeral"), [("Bookings fell by 42 %", "42"), ("Bookings were EUR 7.3 M", "7.3")])
def test_a09_a_number_without_a_finding_fails_the_build(tmp_path: Path, text: str, numeral: str) -> None:
    project = Project(tmp_path)
    for name in ("params", "notebooks", "data"):
        (tmp_path / name).mkdir()
    seller_deals().to_csv(tmp_path / "data/opportunity.csv", index=False)
    settings = {"name": "Acme", "currency": "EUR", "as_of": "2026-10-04", "source": {"kind": "folder", "path": "data"}}
    (tmp_path / "params/company.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "params/qbr.yaml").write_text("cases:\n  default:\n")
    notebook = nbformat.read(HOME / "notebooks/qbr.ipynb", as_version=4)
    parameters = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    notebook.cells = [parameters, new_code_cell(SAYS.format(text))]
    nbformat.write(notebook, tmp_path / "notebooks/qbr.ipynb")
    run = project.run(expect=1)
    assert run.record["status"] == "failed"
    assert numeral in run.record["error"]["message"]
    assert "finding" in run.record["error"]["message"]
    assert not (tmp_path / "outputs/qbr/default/latest.html").exists()
    assert not (run.folder / "report.html").exists()
