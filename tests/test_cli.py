"""The command line as people and schedulers use it, with a small report and real kernels.

What it answers is tested in this process, what a process does (exit code, terminal, two at once, a report written and
run) in a copy of the workbench.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import shutil
import subprocess
import sys
import termios
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from bizops.cli import cli
from bizops.errors import InputError
from bizops.reports import base

HOME = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location("runs_conftest", HOME / "tests/runs/conftest.py")
assert _spec is not None
assert _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

_text = (HOME / "tests/runs/conftest.py").read_text()
_params = _text[_text.index("class Params(") : _text.index("def notebook(")].rstrip() + "\n"
MODULE = f'''"""A small report."""

from pydantic import Field

from bizops.reports.base import ReportParams, SectionNeeds

TITLE = "Tiny report"
QUESTION = "How many deals?"
POLICIES = ("P16",)
SECTIONS = (
    SectionNeeds("deals", "Deals", {{"opportunity": ("close_on", "region")}}),
    SectionNeeds("quota", "Attainment", {{"quota": ()}}),
)


{_params}'''
Call = Callable[..., SimpleNamespace]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose only report is ``tiny``, the working directory in it."""
    folder: Path = small.build(tmp_path / "a project")
    (folder / "README.md").write_text("# Bench\n\nHow to use it.\n")
    module = types.ModuleType("bizops.reports.tiny")
    exec(MODULE, vars(module))
    monkeypatch.setitem(sys.modules, "bizops.reports.tiny", module)
    monkeypatch.setattr(base, "report_names", lambda: ["tiny"])
    monkeypatch.setattr("bizops.cli._known_reports", lambda: ["tiny"])
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def call(root: Path) -> Call:
    """Call the command line in this process, in the project."""

    def run(*arguments: str) -> SimpleNamespace:
        found = CliRunner().invoke(cli, arguments, prog_name="bizops")
        return SimpleNamespace(code=found.exit_code, out=found.stdout, err=found.stderr)

    return run


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workbench around a small project, for real processes."""
    folder: Path = small.build(tmp_path_factory.mktemp("bench") / "work bench")
    shutil.copytree(HOME / "bizops", folder / "bizops")
    shutil.rmtree(folder / "bizops/reports/qbr")
    shutil.copy2(HOME / "pyproject.toml", folder)
    (folder / "bizops/reports/tiny.py").write_text(MODULE)
    return folder


def process(bench: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=bench,
        env={**os.environ, "PYTHONPATH": str(bench)},
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def outcome(running: subprocess.Popen[str]) -> SimpleNamespace:
    out, err = running.communicate(timeout=300)
    return SimpleNamespace(code=running.returncode, out=out, err=err)


def document(found: SimpleNamespace) -> Any:
    return json.loads(found.out)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


# -- run ---------------------------------------------------------------------------------------------------------------


def test_run_all_tells_every_case(root: Path, call: Call) -> None:
    found = call("run", "--all", "--json")
    assert found.code == 1
    answer = document(found)
    assert answer["exit_code"] == 1
    assert [(r["case"], r["status"]) for r in answer["runs"]] == [
        ("default", "ok"),
        ("short", "ok"),
        ("fails", "failed"),
        ("refused", "refused"),
    ]
    ok, _, failed, refused = answer["runs"]
    assert (Path(ok["directory"]) / "report.html").is_file()
    assert (Path(failed["directory"]) / "failure.html").is_file()
    assert refused["directory"] is None
    assert "line 5, case 'refused': 'weight': expected a whole number, found '1.5'" in refused["error"]["message"]
    assert Path(answer["index"]) == root / "outputs/index.html"
    assert sorted(p.name for p in (root / "outputs/tiny").iterdir()) == ["default", "fails", "short"]
    assert "Traceback" not in found.err


def _read(master: int) -> bytes:
    try:
        return os.read(master, 10_000)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_run_for_people_on_a_terminal(bench: Path, tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    shown: list[bytes] = []
    reader = threading.Thread(target=lambda: shown.extend(iter(lambda: _read(master), b"")))
    reader.start()
    run = ["-m", "bizops.cli", "run", "tiny", "--out", str(tmp_path / "pages")]
    found = outcome(process(bench, *run, stderr=terminal))
    os.close(terminal)
    reader.join()
    os.close(master)
    assert found.code == 0
    first, page, index = found.out.splitlines()
    assert first.startswith("ok       tiny/default  Q3 FY26 (Jul–Sep 2026), as of 2026-10-04, ")
    assert Path(page.strip()).is_file()
    assert index == f"index    {tmp_path / 'pages' / 'index.html'}"
    text = b"".join(shown).decode()
    assert "tiny/default (1 of 1)" in text
    assert "%|" in text


def test_a_failed_run_exits_1_and_says_why(call: Call) -> None:
    found = call("run", "tiny", "--case", "fails")
    assert found.code == 1
    assert "failed   tiny/fails  KeyError: '…'" in found.out
    assert "failure.html" in found.out
    assert "running  tiny/fails (1 of 1)" in found.err
    assert "Jane Quill" not in found.out + found.err


def test_two_at_once_agree_on_the_latest(bench: Path) -> None:
    both = [process(bench, "-m", "bizops.cli", "run", "tiny", "--json") for _ in range(2)]
    found = [outcome(running) for running in both]
    assert [f.code for f in found] == [0, 0]
    answers = [document(f)["runs"][0] for f in found]
    newest = max(answers, key=lambda r: (r["started_at"], r["run_id"]))
    latest = json.loads((bench / "outputs/tiny/default/latest.json").read_text())
    assert latest["run_id"] == newest["run_id"]
    index = (bench / "outputs/index.html").read_text()
    assert all(r["run_id"] in index for r in answers)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "tiyn"], "there is no report 'tiyn'. Did you mean 'tiny'?"),
        (["run", "tiny", "--case", "defalt"], "has no case 'defalt'. Did you mean 'default'?"),
        (["run", "tiny", "-p", "wieght=3"], "unknown parameter 'wieght'. Did you mean 'weight'?"),
        (["run", "tiny", "-p", "weight"], "expected name=value"),
        (["run", "tiny", "-p", "weight=0x3"], "expected a whole number, found '0x3'"),
        (["run", "tiny", "-p", "period=Q3"], "'Q3' names no period"),
        (["run", "tiny", "--as-of", "yesterday"], "expected a day as YYYY-MM-DD"),
        (["run", "tiny", "--company", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "tiny", "--case", "refused"], "params/tiny.yaml line 5"),
        (["run"], "name a REPORT, or give --all"),
        (["run", "--all", "-p", "weight=3"], "--all runs every case as it is"),
        (["rnu"], "No such command 'rnu'"),
        (["describe", "tiney"], "Did you mean 'tiny'?"),
        (["check", "--as-of", "4 Oct"], "expected a day as YYYY-MM-DD"),
        (["demo", "--plant", "win_rat"], "Did you mean 'win_rate'?"),
        (["demo", "--scale", "0"], "scale is 0"),
        (["map", "nothing.csv"], "nothing.csv"),
        (["completion", "tcsh"], "tcsh"),
        (["run", "tiny", "--out", "/proc/nope"], "--out: cannot write to the folder /proc/nope"),
        (["demo", "--out", "/proc/x"], "--out: cannot write to the folder /proc"),
        (["map", "notebooks/tiny.ipynb", "params/tiny.yaml"], "params/tiny.yaml"),
        (["map", "README.md"], "README.md: no header is like a table of the contract"),
    ],
)
def test_bad_input_exits_2_and_writes_nothing(root: Path, call: Call, arguments: list[str], says: str) -> None:
    before = files(root)
    found = call(*arguments)
    assert found.code == 2
    assert says in found.err
    assert found.out == ""
    assert "Traceback" not in found.err
    assert files(root) == before


@pytest.mark.parametrize("arguments", [["run", "tiyn"], ["run", "tiny", "-p", "weight=x"], ["describe", "tiyn"]])
def test_json_of_bad_input_is_one_document(call: Call, arguments: list[str]) -> None:
    found = call(*arguments, "--json")
    assert found.code == 2
    answer = document(found)
    error = answer["error"] if "error" in answer else answer["runs"][0]["error"]
    assert error["type"] == "InputError"


def test_exit_code_and_streams_of_a_process(bench: Path) -> None:
    found = outcome(process(bench, "-m", "bizops.cli", "run", "tiny", "-p", "weight=x"))
    assert (found.code, found.out) == (2, "")
    assert "error: -p weight: 'weight': expected a whole number, found 'x'" in found.err


def test_outside_of_a_project(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = call("run", "tiny")
    assert found.code == 2
    assert "no folder here or above holds notebooks/ and params/" in found.err


def test_from_a_folder_of_the_project(root: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "params")
    assert call("list").code == 0
    assert call("check", "--company", "company.yaml").code == 0


def test_an_unexpected_error_is_short_and_its_traceback_is_to_be_had(call: Call, monkeypatch: Any) -> None:
    monkeypatch.setattr("bizops.cli_show.description_document", lambda name: 1 / 0)
    found = call("describe", "tiny")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("error: unexpected ZeroDivisionError: division by zero\n  fix: ")
    assert "Traceback" not in found.err
    assert "Traceback" in call("--debug", "describe", "tiny").err


# -- list, describe, check ---------------------------------------------------------------------------------------------


def test_list(call: Call) -> None:
    answer = document(call("list", "--json"))
    (report,) = answer["reports"]
    assert (report["name"], report["title"]) == ("tiny", "Tiny report")
    assert report["cases"][0] == {"name": "default", "latest": None}
    text = call("list").out
    assert "tiny: Tiny report" in text
    assert "no page yet" in text


def test_describe(call: Call) -> None:
    answer = document(call("describe", "tiny", "--json"))
    weight = next(p for p in answer["parameters"] if p["name"] == "weight")
    assert weight == {
        "name": "weight",
        "type": "whole number",
        "choices": [],
        "required": False,
        "default": 3,
        "meaning": "number of deals",
    }
    assert answer["sections"][1] == {"id": "quota", "title": "Attainment", "needs": {"quota": []}}
    assert answer["policies"][0]["id"] == "P16"
    assert answer["cases"] == ["default", "short", "fails", "refused"]
    text = call("describe", "tiny").out
    for line in (
        "  weight (whole number; default: 3)",
        "    number of deals",
        "  as_of (day (YYYY-MM-DD), or null; default: none)",
        "    needs opportunity (close_on, region)",
        "  P16 Win rate cohort: deals closed, or deals created, in the period",
        "Cases: default, short, fails, refused",
    ):
        assert line in text.splitlines()


def test_check_of_good_data(call: Call) -> None:
    found = call("check", "--json")
    assert found.code == 0
    answer = document(found)
    assert answer["errors"] == []
    assert answer["as_of"] == "2026-10-04"
    assert {t["table"]: t["rows"] for t in answer["tables"]} == {"opportunity": 30, "dim_person": 2}
    (report,) = answer["reports"]
    assert [bool(s["off"]) for s in report["sections"]] == [False, True]
    text = call("check").out
    assert "  on   Deals" in text
    assert "  off  Attainment: no table quota" in text
    assert text.rstrip().endswith("the data keep the contract")


def test_check_tells_a_report_that_cannot_run(root: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(self: Any, data: Any) -> None:
        raise InputError("a tiny report needs quotas", where="Acme", fix="add them")

    monkeypatch.setattr(sys.modules["bizops.reports.tiny"].Params, "check", check)
    found = call("check")
    assert found.code == 2
    assert "  cannot run: a tiny report needs quotas" in found.out
    assert found.out.rstrip().endswith("the data keep the contract\nthese reports cannot run on them: tiny")
    assert document(call("check", "--json"))["reports"][0]["refused"] == "a tiny report needs quotas"


def test_check_tells_settings_of_metrics_that_nobody_knows(
    root: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["bizops.reports.tiny"], "METRICS", {"BKG-01": None}, raising=False)
    settings = root / "params/company.yaml"
    settings.write_text(settings.read_text() + "metrics: {BKG-10: {target: 3}, BKG-01: {target: 4}}\n")
    found = call("check")
    assert found.code == 0
    last = found.out.rstrip().splitlines()[-1]
    assert last.startswith("params/company.yaml: ")
    assert last.endswith("'BKG-10' is unknown. Did you mean 'BKG-01'?")
    assert len(document(call("check", "--json"))["settings_warnings"]) == 1


def test_check_tells_events_of_metrics_that_nobody_knows(root: Path, call: Call) -> None:
    events = root / "params/annotations.csv"
    rows = ["date,label,metric", "2026-09-01,New prices,BKG-13X", "2026-09-02,New team,BKG-01", "2026-09-03,Fair,"]
    events.write_text("\n".join(rows))
    found = call("check")
    assert found.code == 0
    told = document(call("check", "--json"))["settings_warnings"]
    assert told == [
        "annotations.csv names a metric that does not exist, in 'New prices': 'BKG-13X' is unknown. "
        "Did you mean 'BKG-13'?"
    ]
    assert found.out.rstrip().endswith(told[0])


def test_check_of_bad_data(root: Path, call: Call) -> None:
    deals = root / "data/opportunity.csv"
    deals.write_text(deals.read_text() + "O-3,10,2026-01-01T09:00:00Z,2026-08-01,true,true,North\n")
    people = root / "data/dim_person.csv"
    people.write_text(people.read_text() + "P-2,Ann Secret,ann@acme.example,ae\n")
    found = call("check")
    assert found.code == 2
    assert "opportunity.csv: opportunity" in found.out
    assert "O-3" in found.out
    assert "P-2" in found.out
    assert "Secret" not in found.out + found.err
    answer = document(call("check", "--json"))
    assert {e["table"] for e in answer["errors"]} == {"opportunity", "dim_person"}
    refused = call("run", "tiny")
    assert refused.code == 2
    assert "O-3" in refused.err
    assert not (root / "outputs").exists()


# -- new, map, demo ----------------------------------------------------------------------------------------------------


def test_a_new_report_runs_at_once(bench: Path) -> None:
    found = outcome(process(bench, "-m", "bizops.cli", "new", "win-rates", "--json"))
    assert found.code == 0, found.err
    written = document(found)["files"]
    assert written == [
        "bizops/reports/win_rates.py",
        "notebooks/win_rates.ipynb",
        "params/win_rates.yaml",
        "tests/reports/test_win_rates.py",
    ]
    ran = process(bench, "-m", "bizops.cli", "run", "win_rates", "--json")
    tested = process(bench, "-m", "pytest", "-q", "-p", "no:cacheprovider", written[3])
    found = outcome(ran)
    assert found.code == 0, found.out
    (record,) = document(found)["runs"]
    page = (Path(record["directory"]) / "report.html").read_text()
    assert "20 of 30" in page, "two of three deals in the data are won"
    found = outcome(tested)
    assert "3 passed" in found.out, found.out
    for check in (["check"], ["format", "--check"]):
        found = outcome(process(bench, "-m", "ruff", *check, written[0], written[1], written[3]))
        assert found.code == 0, found.out


def test_new_does_not_overwrite(root: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "bizops/reports").mkdir(parents=True)
    monkeypatch.setattr("bizops.cli_new._REPORTS", root / "bizops/reports")
    (root / "params/funnel.yaml").write_text("mine")
    before = files(root)
    found = call("new", "funnel")
    assert found.code == 2
    assert "params/funnel.yaml: the file is there already" in found.err
    for name in ("Funnel", "2nd", "my report", "class", "../x", "base", "tiny"):
        assert call("new", name).code == 2, name
    assert files(root) == before
    monkeypatch.setattr("bizops.cli_new._REPORTS", HOME / "bizops/reports")
    assert "bizops is installed apart from this project" in call("new", "other").err


def test_map_drafts_once(root: Path, call: Call) -> None:
    deals = root / "deals.csv"
    deals.write_text("Opportunity ID,Amount,Close Date,Stage,Shoe Size\nO-1,10,2026-08-01,Closed Won,42\n")
    found = call("map", "deals.csv", "--out", "params/mappings/draft.yaml")
    assert found.code == 0, found.err
    draft = root / "params/mappings/draft.yaml"
    assert "opportunity" in draft.read_text()
    assert "Shoe Size" in found.out
    before = draft.read_text()
    again = call("map", "deals.csv", "--out", "params/mappings/draft.yaml")
    assert again.code == 2
    assert draft.read_text() == before


def test_demo_is_built_and_checked(root: Path, call: Call) -> None:
    found = call("demo", "--scale", "0.05", "--plant", "none", "--json")
    assert found.code == 0, found.err
    answer = document(found)
    assert answer["planted"] == []
    assert Path(answer["truth"]) == root / "outputs/_data/demo/truth.json"
    assert "opportunity" in answer["tables"]
    settings = root / "params/company.yaml"
    settings.write_text(settings.read_text().replace("path: data", "path: outputs/_data/demo"))
    assert call("check").code == 0


# -- completion and speed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("run t", ["tiny"]),
        ("run tiny --case ", ["default", "short", "fails", "refused"]),
        ("run tiny --case re", ["refused"]),
        ("run tiny -p we", ["weight="]),
        ("run nothing --case ", []),
        ("run nothing -p ", []),
        ("describe ", ["tiny"]),
        ("comp", ["completion"]),
    ],
)
def test_the_shell_completes_names(root: Path, typed: str, offered: list[str]) -> None:
    *complete, incomplete = typed.split(" ")
    found = BashComplete(cli, {}, "bizops", "_BIZOPS_COMPLETE").get_completions(complete, incomplete)
    assert [item.value for item in found] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(call: Call, shell: str) -> None:
    found = call("completion", shell)
    assert found.code == 0
    assert "_BIZOPS_COMPLETE" in found.out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=found.out, text=True, check=True)


def best_of(count: int, *command: str) -> float:
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
    return min(taken)


def test_the_command_line_answers_at_once() -> None:
    heavy = {"pydantic", "yaml", "pandas", "numpy", "ibis", "duckdb", "papermill", "nbconvert", "matplotlib", "tqdm"}
    code = "import sys, bizops.cli; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
    python = best_of(5, sys.executable, "-c", "pass")
    assert best_of(5, sys.executable, "-c", "import bizops") - python < 0.1
    assert best_of(5, sys.executable, "-m", "bizops.cli", "--help") < 0.5


def test_version(call: Call) -> None:
    assert call("--version").out == "bizops 0.1.0\n"


def test_help_names_every_command(call: Call) -> None:
    text = call("--help").out
    for command in ("run", "list", "describe", "check", "demo", "new", "map", "completion"):
        assert f"\n  {command} " in text
        helped = call(command, "--help")
        assert helped.code == 0
        assert "Usage" in helped.out
        assert "\\b" not in helped.out
    assert "\n  bizops run qbr\n" in call("run", "--help").out
