"""Whole runs: real kernel, real data, real pages; what is written, what is not, and what the record says."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bizops.errors import InputError
from bizops.runs import clock
from bizops.runs.prepare import prepare
from bizops.runs.record import Record
from bizops.runs.run import Outcome, run_all, run_case

RUN_FILES = [
    "editions", "findings.json", "notebook.ipynb", "report.eml", "report.html", "report.xlsx", "run.json", "tables",
]  # fmt: skip


def run(project: SimpleNamespace, case: str = "default", *overrides: str, **options: Any) -> Record:
    return run_case(project.request(case, *overrides, **options), project.root, project.out)


def folder_of(project: SimpleNamespace, record: Record) -> Path:
    return project.out / record.report / record.case / record.run_id


def latest_of(project: SimpleNamespace, case: str = "default") -> Any:
    return json.loads((project.out / "tiny" / case / "latest.json").read_text())


def test_a_good_run(good: Any) -> None:
    folder = good.folder
    assert sorted(p.name for p in folder.iterdir()) == RUN_FILES
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", good.record.run_id)
    page = (folder / "report.html").read_text()
    assert "Deals were 3" in page
    assert "import json" not in page
    assert (folder / "tables/by-region.csv").read_bytes().startswith(b"\xef\xbb\xbfregion,deals\r\nNorth,3")
    assert json.loads((folder / "findings.json").read_text())["run_id"] == good.record.run_id
    assert json.loads((folder.parent / "latest.json").read_text())["run_id"] == good.record.run_id
    assert f'href="{good.record.run_id}/tables/by-region.csv"' in (folder.parent / "latest.html").read_text()
    notebook = (folder / "notebook.ipynb").read_text()
    assert str(good.root) not in notebook
    assert 'as_of = \\"2026-10-04\\"' in notebook, "the resolved day is injected, so that nothing reads the clock"


def test_the_record_lists_the_files_of_every_edition(good: Any) -> None:
    editions = json.loads((good.folder / "run.json").read_text())["editions"]
    assert list(editions) == ["leadership", "analyst"]
    listed = [name for edition in editions.values() for name in edition["files"]]
    written = {p.relative_to(good.folder).as_posix() for p in good.folder.rglob("*") if p.is_file()}
    assert len(listed) == len(set(listed))
    assert written == {*listed, "run.json", "notebook.ipynb"}
    latest = (good.folder.parent / "latest.html").read_text()
    assert f'href="{good.record.run_id}/report.xlsx"' in latest
    assert "import json" in (good.folder / "editions/analyst/report.html").read_text()


def test_the_record_is_true_and_complete(good: Any) -> None:
    text = (good.folder / "run.json").read_text()
    found = json.loads(text)
    assert found == json.loads(json.dumps(good.record.document()))
    assert found["version"] == "1.0"
    assert found["status"] == "ok"
    assert found["parameters"] == {
        "company": "params/company.yaml",
        "as_of": "2026-10-04",
        "period": "2026Q3",
        "weight": 3,
        "code": "",
        "act": "",
        "wait": 0,
        "locale": "",
    }
    assert found["period"] == {
        "key": "2026Q3",
        "label": "Q3 FY26 (Jul–Sep 2026)",
        "start": "2026-07-01",
        "end": "2026-10-01",
    }
    assert found["scope"] == {"level": "company", "member": "", "label": "company"}
    assert (found["title"], found["page"]) == ("Deals were 3", "report.html")
    assert [(c["index"], c["status"]) for c in found["cells"]] == [(i, "ok") for i in (1, 2, 3, 5, 6)]
    assert [c["id"] for c in found["cells"]] == ["parameters", "injected-parameters", "answer", "table", "act"]
    assert found["data"]["opportunity"]["rows"] == 30
    assert found["data"]["opportunity"]["origin"].endswith("opportunity.csv")
    assert found["data_window"]["until"] == "2026-10-04T22:00:00.000Z", "the end of 4 October in Berlin"
    assert found["code"]["version"] == "0.1.0"
    assert found["code"]["fingerprint"].startswith("sha256:")
    assert {"papermill", "pandas", "nbconvert", "duckdb"} <= set(found["packages"])
    assert found["is_latest_candidate"] is True
    assert found["error"] is None
    assert found["previous"] is None
    for hidden in (str(good.root), "Jane Quill", "jane.quill"):
        assert hidden not in text


@pytest.mark.parametrize(
    ("act", "kind", "status"),
    [("fail", "KeyError", "failed"), ("die", "DeadKernel", "killed")],
)
def test_a_failed_run(project: SimpleNamespace, act: str, kind: str, status: str) -> None:
    record = run(project, "default", f"act={act}")
    folder = folder_of(project, record)
    assert sorted(p.name for p in folder.iterdir()) == ["failure.html", "notebook.ipynb", "run.json"]
    found = json.loads((folder / "run.json").read_text())
    assert (found["status"], found["error"]["type"], found["error"]["cell"]) == ("failed", kind, 6)
    assert [c["status"] for c in found["cells"]][-2:] == ["ok", status]
    assert found["is_latest_candidate"] is False
    assert kind in (folder / "failure.html").read_text()
    assert Outcome((record,)).exit_code == 1


def test_an_error_shows_no_person_and_no_path(project: SimpleNamespace) -> None:
    record = run(project, "default", "act=quote")
    assert record.error is not None
    assert record.error["message"] == "cannot use data/x.csv of …, …, row 7"
    for name in ("run.json", "failure.html"):
        text = (folder_of(project, record) / name).read_text()
        assert "Quill" not in text
        assert str(project.root) not in text


def test_a_page_that_cannot_be_laid_out_is_a_failed_run(project: SimpleNamespace) -> None:
    trouble: dict[str, str] = {}
    request = project.request("default", "act=two tables")
    record = run_case(request, project.root, project.out, trouble=trouble)
    assert record.status == "failed"
    assert record.error is not None
    assert "by-region" in record.error["message"]
    assert "Traceback" in trouble[record.run_id]
    assert [c.status for c in record.cells] == ["ok"] * 5


@pytest.mark.parametrize(
    ("act", "says"), [("change", "made: opportunity; run it again"), ("remove", "made: opportunity")]
)
def test_data_that_change_under_a_run_make_it_fail(project: SimpleNamespace, act: str, says: str) -> None:
    record = run(project, "default", f"act={act}")
    assert record.status == "failed"
    assert record.error is not None
    assert f"the data changed while the report was being {says}" in record.error["message"]


REFUSALS: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "unknown parameter": (["wieght=3"], {}, "unknown parameter 'wieght'. Did you mean 'weight'?"),
    "wrong type": (["weight=1.5"], {}, "expected a whole number, found '1.5'"),
    "out of range": (["weight=0"], {}, "'weight': Input should be greater than or equal to 1"),
    "period unknown": (["period=2026Q5"], {}, "'2026Q5' names no period"),
    "period not begun": (["period=2027Q1"], {}, "after the as-of day"),
    "as_of no day": ([], {"as_of": "4.10.2026"}, "--as-of: 'as_of': expected a day as YYYY-MM-DD"),
    "as_of to come": ([], {"as_of": "2999-01-01"}, "later than today"),
    "as_of twice": (["as_of=2026-10-01"], {"as_of": "2026-10-01"}, "--as-of and -p as_of"),
    "company missing": ([], {"company": "params/compny.yaml"}, "the file does not exist"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_refused_and_nothing_is_written(project: SimpleNamespace, name: str) -> None:
    overrides, options, says = REFUSALS[name]
    with pytest.raises(InputError) as caught:
        run(project, "default", *overrides, **options)
    assert says in str(caught.value)
    assert not project.out.exists()


@pytest.mark.parametrize(
    ("path", "content", "says"),
    [
        (
            "data/opportunity.csv",
            "opportunity_id,amount,close_on,is_closed,is_won\nO-1,x,2026-08-01,true,true\n",
            "amount",
        ),
        ("notebooks/tiny.ipynb", "{}", "not a valid notebook"),
        ("params/tiny.yaml", "cases: {default: {weight: x}}", "params/tiny.yaml line 1, case 'default': 'weight'"),
        ("params/company.yaml", "name: [", "not valid YAML"),
    ],
)
def test_broken_files_are_refused(project: SimpleNamespace, path: str, content: str, says: str) -> None:
    (project.root / path).write_text(content)
    with pytest.raises(InputError) as caught:
        run(project)
    assert says in str(caught.value)
    assert not project.out.exists()


def test_latest_and_overrides(project: SimpleNamespace) -> None:
    first = run(project)
    older = run(project, as_of="2026-09-30")
    overridden = run(project, "default", "weight=9")
    assert latest_of(project)["run_id"] == first.run_id
    assert older.period is not None
    assert older.period["key"] == "2026Q3", "the quarter is complete at the end of 30 September"
    assert overridden.previous == first.run_id
    assert overridden.overrides == {"weight": 9}
    assert "Deals were 9" in (folder_of(project, overridden) / "report.html").read_text(), "kept"


def test_a_text_that_looks_like_a_number_stays_text(project: SimpleNamespace) -> None:
    assert prepare(project.request("short"), project.root).parameters["code"] == "00123"
    assert prepare(project.request("short", "code=007"), project.root).parameters["code"] == "007"


def test_the_clock_is_asked_only_if_nobody_says(project: SimpleNamespace, monkeypatch: Any) -> None:
    settings = project.root / "params/company.yaml"
    settings.write_text(settings.read_text().replace("as_of: 2026-10-04\n", ""))
    instant = clock.now().replace(year=2026, month=11, day=1, hour=23, minute=30)
    monkeypatch.setattr(clock, "now", lambda: instant)
    assert prepare(project.request(), project.root).as_of == date(2026, 11, 2), "half past midnight in Berlin"
    assert prepare(project.request(as_of="2026-10-31"), project.root).as_of == date(2026, 10, 31)


def test_a_company_file_outside_of_the_project(project: SimpleNamespace, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "acme.yaml").write_text((project.root / "params/company.yaml").read_text().replace("Acme", "Other"))
    shutil.copytree(project.root / "data", other / "data")
    found = prepare(project.request(company=str(other / "acme.yaml")), project.root)
    assert found.company.name == "Other"
    assert found.company_of_case is False
    assert found.parameters["company"] == "../elsewhere/acme.yaml"
    assert found.overrides == {"company": "../elsewhere/acme.yaml"}
    own = prepare(project.request(company="params/company.yaml"), project.root)
    assert (own.company_of_case, own.overrides) == (True, {})


def test_a_run_of_another_company_is_kept_and_never_the_latest(project: SimpleNamespace) -> None:
    settings = project.root / "params/company.yaml"
    (project.root / "params/other.yaml").write_text(settings.read_text().replace("Acme", "Other"))
    record = run(project, company="params/other.yaml")
    assert record.ok
    assert record.overrides == {"company": "params/other.yaml"}
    assert record.is_latest_candidate is False
    assert not (project.out / "tiny/default/latest.json").exists()
    (project.root / "params/tiny.yaml").write_text("cases:\n  default: {company: params/other.yaml}\n")
    named = run(project, company="params/other.yaml")
    assert (named.overrides, latest_of(project)["run_id"]) == ({}, named.run_id)


def test_the_record_says_where_values_came_from_and_how_to_run_it_again(project: SimpleNamespace) -> None:
    options = {"as_of": "2026-09-30", "company": str(project.root / "params/company.yaml")}
    found = prepare(project.request("short", "act=a b", **options), project.root)
    assert found.origins == {
        "company": "--company",
        "as_of": "--as-of",
        "period": "default",
        "weight": "default",
        "code": "case",
        "act": "-p",
        "wait": "case",
        "locale": "default",
    }
    assert found.command == (
        *("bizops", "run", "tiny", "--case", "short", "-p", "act=a b"),
        *("--as-of", "2026-09-30", "--company", "params/company.yaml"),
    )


def test_what_the_data_cannot_answer_is_told_where_it_was_given(
    project: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = project.request("short", "act=x")

    def check(self: Any, data: Any) -> None:
        raise InputError("there is no act 'x'", where="act", fix="choose another")

    monkeypatch.setattr(request.report.params, "check", check)
    with pytest.raises(InputError, match=r"^-p act: there is no act 'x'"):
        prepare(request, project.root)


def test_a_failed_notebook_names_no_folder_of_this_machine(project: SimpleNamespace) -> None:
    notebook = project.root / "notebooks/tiny.ipynb"
    act = "import os, sys, pandas\\nprint(os.getcwd(), os.__file__)\\nprint(pandas.__file__, file=sys.stderr)\\n"
    text = notebook.read_text().replace("import os, signal, time\\n", act + "pandas.DataFrame({'a': [1]})['b']\\n")
    notebook.write_text(text)
    record = run(project)
    assert record.status == "failed"
    folder = folder_of(project, record)
    found = (folder / "notebook.ipynb").read_text()
    assert "KeyError" in found
    for hidden in (str(project.root), "site-packages", sys.prefix, sys.base_prefix, "ipykernel_"):
        assert hidden not in found, hidden
    assert "pandas/core/frame.py, line" in (folder / "failure.html").read_text()


def test_all_cases_one_refused_one_failing(project: SimpleNamespace) -> None:
    seen: list[str] = []
    progress = SimpleNamespace(
        started=seen.append, advanced=lambda done, total: None, finished=lambda r: seen.append(r.status)
    )
    requests = [project.request(c) for c in ("default", "fails", "refused")]
    outcome = run_all(requests, project.root, project.out, progress=progress)
    assert [r.status for r in outcome.records] == ["ok", "failed", "refused"]
    assert seen == ["tiny/default", "ok", "tiny/fails", "failed", "tiny/refused", "refused"]
    assert outcome.exit_code == 1
    assert outcome.site == project.out / "index.html"
    assert "tiny" in outcome.site.read_text()
    assert not (project.out / "tiny" / "refused").exists()
    assert not (project.out / "tiny" / "fails" / "latest.html").exists()


def test_exit_codes(project: SimpleNamespace) -> None:
    outcome = run_all([project.request("refused")], project.root, project.out)
    assert (outcome.exit_code, outcome.site) == (2, None)
    assert not project.out.exists()
    ok, failed, refused = (Record("r", "c", s) for s in ("ok", "failed", "refused"))  # type: ignore[arg-type]
    assert Outcome((ok, ok)).exit_code == 0
    assert Outcome((ok, refused)).exit_code == 1
    assert Outcome((failed, refused)).exit_code == 1
    assert Outcome((refused, refused)).exit_code == 2


def test_the_record_names_the_version_of_the_contract() -> None:
    from bizops.runs.record import Record
    from bizops.schema import CONTRACT_VERSION

    document = Record("qbr", "default", "ok").document()
    assert (document["version"], document["contract"]) == ("1.0", CONTRACT_VERSION)
