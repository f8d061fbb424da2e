"""``bizops preview`` and its two exporters: the saved outputs as the page of their reader, and nothing executed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from nbconvert.exporters import get_exporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bizops import press
from bizops.cli import cli
from bizops.errors import InputError
from bizops.findings import MIME, Answer, Finding
from bizops.runs.preview import AnalystPreviewExporter, PreviewExporter, doubts_of, parameters_of, read_saved
from bizops.tables import Col, Table

PARAMETERS = 'company: str = "params/acme.yaml"\nas_of = "2026-10-04"\nperiod = "2026Q3"\nlevel = "company"\nn = -1'
COMPANY = """\
name: Acme
currency: EUR
source: {kind: folder, path: data}
brand: {confidentiality: Internal, contact: "Ops, ops@acme.example"}
"""


def executed(**changes: Any) -> nbformat.NotebookNode:
    """A notebook as JupyterLab saves it after all cells were run."""
    deals = Finding("deals", "Deals were 777.", 777.0, "count")
    shown = new_output("execute_result", data=Answer("Deals were 777", (deals,))._repr_mimebundle_(), execution_count=2)
    cells = [
        new_markdown_cell("# Tiny report\n\nHow many deals?"),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, execution_count=1),
        new_code_cell("secret_call()", outputs=[shown], execution_count=2),
        new_code_cell("raise SystemExit  # executed by nobody", execution_count=3),
    ]
    for index, change in changes.items():
        cells[int(index[1:])].update(change)
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "no-such-kernel", "display_name": "None"}})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one executed notebook, the working directory in it."""
    for name in ("notebooks", "params"):
        (tmp_path / name).mkdir()
    (tmp_path / "params/acme.yaml").write_text(COMPANY)
    save(executed(), tmp_path / "notebooks/tiny.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(notebook: nbformat.NotebookNode, path: Path) -> Path:
    nbformat.write(notebook, path)
    return path


def call(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["preview", *arguments], prog_name="bizops")


def test_the_page_is_the_leaders_and_says_whose_and_when(project: Path) -> None:
    done = call("notebooks/tiny.ipynb")
    assert (done.exit_code, done.stderr) == (0, "")
    page = project / "outputs/_preview/tiny.html"
    assert done.stdout.strip() == str(page)
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    assert soup.h1.get_text() == "Deals were 777"
    header = soup.main.header.get_text(" ")
    for told in ("Acme", "Q3 FY26 (Jul–Sep 2026)", "4\xa0Oct\xa02026", "Leadership edition"):
        assert told in header, told
    assert "secret_call" not in soup.get_text()
    assert "Internal" in soup.get_text()


def test_the_analyst_edition_has_the_code_and_a_file_can_be_named(project: Path) -> None:
    done = call("notebooks/tiny.ipynb", "--edition", "analyst", "--to", "seen/page.html", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"version": "1.0", "page": "seen/page.html", "edition": "analyst"}
    assert "secret_call" in (project / "seen/page.html").read_text(encoding="utf-8")
    assert not (project / "outputs").exists()


@pytest.mark.parametrize("edition", ["leadership", "analyst"])
def test_it_links_to_no_file_since_none_lies_beside_it(project: Path, edition: str) -> None:
    frame = pd.DataFrame({"region": ["DACH"], "value": [1.0]})
    cell = new_code_cell(execution_count=3)
    shown = Table("gap", "By region", frame, [Col("region", "Region"), Col("value", "Value", "money")], currency="EUR")
    cell.outputs = [new_output("display_data", data={MIME: shown.payload()})]
    notebook = executed()
    notebook.cells.append(cell)
    saved = read_saved(save(notebook, project / "notebooks/tables.ipynb"))
    page = BeautifulSoup(saved.page(edition), "html.parser")
    assert page.select_one("#t-gap") is not None
    assert [a["href"] for a in page.select("a[href]") if not a["href"].startswith("#")] == []
    assert page.select(".data") == []
    assert 'href="tables/gap.csv"' in press.render(saved.notebook, edition, saved.record)
    exported, _ = PreviewExporter().from_notebook_node(saved.notebook)
    assert "tables/gap.csv" not in exported


def test_nothing_is_executed_and_the_notebook_is_left_as_it_was(project: Path) -> None:
    before = (project / "notebooks/tiny.ipynb").read_bytes()
    assert call("notebooks/tiny.ipynb").exit_code == 0  # its kernel does not exist, and its last cell would exit
    assert (project / "notebooks/tiny.ipynb").read_bytes() == before


def test_a_notebook_without_results_is_refused_in_words(project: Path) -> None:
    save(executed(c2={"outputs": []}), project / "notebooks/tiny.ipynb")
    done = call("notebooks/tiny.ipynb")
    assert done.exit_code == 2
    assert "tiny.ipynb: the saved notebook holds no results" in done.stderr
    assert "run all cells" in done.stderr
    assert not (project / "outputs").exists()


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("notebooks/none.ipynb", "the notebook does not exist"),
        ("qbrr", "there is no report 'qbrr'. Did you mean 'qbr'?"),
        ("params/broken.ipynb", "not a valid notebook"),
    ],
)
def test_what_is_no_notebook_is_refused_in_words(project: Path, named: str, problem: str) -> None:
    (project / "params/broken.ipynb").write_text("not json")
    done = call(named)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_is_named_by_its_name(project: Path) -> None:
    shutil.copy(project / "notebooks/tiny.ipynb", project / "notebooks/qbr.ipynb")
    assert call("qbr").exit_code == 0
    assert (project / "outputs/_preview/qbr.html").is_file()


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"c3": {"execution_count": None}}, "1 cell was not executed: what belongs to it is missing or old"),
        ({"c1": {"execution_count": 9}}, "the cells were not executed from top to bottom"),
        ({"c3": {"outputs": [new_output("error", ename="E", evalue="e", traceback=[])]}}, "1 cell failed"),
    ],
)
def test_stale_results_are_told(project: Path, changes: dict[str, Any], doubt: str) -> None:
    assert doubts_of(executed()) == ()
    save(executed(**changes), project / "notebooks/tiny.ipynb")
    done = call("notebooks/tiny.ipynb")
    assert done.exit_code == 0
    assert f"note: {doubt}" in done.stderr


def test_settings_that_cannot_be_read_leave_the_page_without_them(project: Path) -> None:
    (project / "params/acme.yaml").unlink()
    done = call("notebooks/tiny.ipynb")
    assert done.exit_code == 0
    assert "the page does not name company, period and day" in done.stderr
    assert "Deals were 777" in (project / "outputs/_preview/tiny.html").read_text(encoding="utf-8")


def test_parameters_that_are_no_plain_python_are_told(project: Path) -> None:
    notebook = executed()
    next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())).source = "%load_ext autoreload"
    save(notebook, project / "notebooks/tiny.ipynb")
    done = call("notebooks/tiny.ipynb")
    assert (done.exit_code, "not plain Python" in done.stderr) == (0, True)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_record_is_refused_in_words(project: Path, content: str) -> None:
    (project / "run.json").write_text(content)
    done = call(str(save(executed(), project / "notebook.ipynb")))
    assert (done.exit_code, "record of the run is damaged" in done.output) == (2, True)


def test_the_notebook_of_a_run_is_shown_with_its_record(project: Path) -> None:
    run = project / "outputs/tiny/default/20261005T041500Z-3f9c"
    run.mkdir(parents=True)
    record = {"report": "tiny", "case": "default", "run_id": run.name, "company": {"name": "Recorded"}}
    (run / "run.json").write_text(json.dumps(record))
    saved = read_saved(save(executed(c3={"execution_count": None}), run / "notebook.ipynb"))
    assert (saved.name, saved.doubts) == (f"tiny-default-{run.name}", ())
    assert "Recorded" in saved.page("leadership")
    assert saved.page("leadership") == press.render(saved.notebook, "leadership", record)


def test_parameters_are_read_from_their_cells_and_injected_ones_win() -> None:
    notebook = executed()
    assert parameters_of(notebook) == {
        "company": "params/acme.yaml", "as_of": "2026-10-04", "period": "2026Q3", "level": "company",
    }  # fmt: skip
    notebook.cells.append(new_code_cell('period = "2026Q2"\nx = f()', metadata={"tags": ["injected-parameters"]}))
    assert parameters_of(notebook)["period"] == "2026Q2"
    assert "x" not in parameters_of(notebook)


@pytest.mark.parametrize(
    ("name", "made", "has_code"), [("bizops", PreviewExporter, False), ("bizops_analyst", AnalystPreviewExporter, True)]
)
def test_nbconvert_and_jupyter_find_the_exporters(project: Path, name: str, made: type, has_code: bool) -> None:
    assert get_exporter(name) is made
    assert name.isidentifier(), "Jupyter's server takes a format of word characters only"
    resources = {"metadata": {"name": "tiny", "path": str(project / "notebooks")}}
    page, after = made().from_notebook_node(executed(), resources)
    assert after["output_extension"] == ".html"
    assert ("secret_call" in page) == has_code
    assert "Acme" in page
    with pytest.raises(InputError, match="holds no results"):
        made().from_notebook_node(executed(c2={"outputs": []}), resources)
