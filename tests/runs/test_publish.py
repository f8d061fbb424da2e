"""Publication with real processes: whole or not at all, and latest is the newest as_of, then the newest run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bizops.errors import RunError
from bizops.runs.publish import latest, settle, staged, write

SCRIPT = Path(__file__).parent / "publishing.py"
_spec = importlib.util.spec_from_file_location("publishing", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
publishing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(publishing)
OLD, NEW = publishing.OLD, publishing.NEW


def process(what: str, folder: Path) -> list[Any]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), what, str(folder)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_at_any_moment_the_last_page_stays_whole(tmp_path: Path) -> None:
    points = process("killed", tmp_path)
    assert len(points) > 30, "the publication has more steps than were cut"
    assert [p["killed"] for p in points[-2:]] == [True, False]
    for point in points:
        before, after = point["before"], point["after"]
        assert before["page"] in (OLD, NEW), point
        assert before["pointer"] in (OLD, NEW), point
        assert before["whole"], point
        assert before["runs"] in ([OLD], [OLD, NEW]), point
        expected = NEW if NEW in before["runs"] else OLD
        assert point["latest"] == after["page"] == after["pointer"] == expected, point
        assert after["hidden"] == [], point
    assert {p["before"]["page"] for p in points} == {OLD, NEW}
    assert points[-1]["before"]["page"] == NEW


def test_many_processes_agree_on_the_latest(tmp_path: Path) -> None:
    assert process("together", tmp_path) == [[0] * 24]
    runs = [p for p in tmp_path.iterdir() if p.is_dir()]
    assert len(runs) == 24
    records = {p.name: json.loads((p / "run.json").read_text()) for p in runs}
    newest = max(records, key=lambda i: (records[i]["as_of"], records[i]["started_at"]))
    found = latest(tmp_path)
    assert found is not None
    assert found["run_id"] == newest
    assert newest in (tmp_path / "latest.html").read_text()


def test_what_latest_says(tmp_path: Path) -> None:
    assert publishing.publish_run(tmp_path, OLD, "2026-10-01")
    pointer = json.loads((tmp_path / "latest.json").read_text())
    assert pointer == {
        "version": "1.0",
        "run_id": OLD,
        "as_of": "2026-10-01",
        "started_at": "2026-10-01T00:00:00.000Z",
        "title": f"Title of {OLD}",
        "record": f"{OLD}/run.json",
        "page": f"{OLD}/report.html",
    }
    page = (tmp_path / "latest.html").read_text()
    assert f'<a href="{OLD}/tables/a.csv">' in page
    assert (tmp_path / OLD / "tables" / "a.csv").is_file(), "the link leads to the table"
    assert not any(p.is_symlink() for p in tmp_path.rglob("*"))
    assert sorted(p.name for p in (tmp_path / OLD).iterdir()) == ["report.html", "run.json", "tables"]


@pytest.mark.parametrize(
    "later",
    [
        {"as_of": "2026-09-30"},
        {"as_of": "2026-10-09", "is_latest_candidate": False},
        {"as_of": "2026-10-09", "status": "failed", "page": "failure.html", "is_latest_candidate": False},
        {"as_of": "2026-10-09", "company": {"name": "Other", "file": "x.yaml", "of_case": False}},
    ],
)
def test_latest_does_not_move(tmp_path: Path, later: dict[str, Any]) -> None:
    publishing.publish_run(tmp_path, OLD, "2026-10-01")
    assert publishing.publish_run(tmp_path, NEW, **later) is False
    assert latest(tmp_path)["run_id"] == OLD  # type: ignore[index]
    assert (tmp_path / NEW / "run.json").is_file(), "the run is kept"


@pytest.mark.parametrize(
    ("as_of", "changes"),
    [
        ("2026-10-01", {}),
        ("2026-10-02", {}),
        ("2017-12-31", {"company": {"name": "Own", "file": "params/company.yaml", "of_case": True}}),
    ],
    ids=["same as_of, later run", "newer as_of", "the case speaks for another company now"],
)
def test_latest_moves(tmp_path: Path, as_of: str, changes: dict[str, Any]) -> None:
    publishing.publish_run(tmp_path, OLD, "2026-10-01")
    assert publishing.publish_run(tmp_path, NEW, as_of, **changes) is True


def test_a_run_of_another_company_is_never_the_latest(tmp_path: Path) -> None:
    other = {"name": "Other", "file": "x.yaml", "of_case": False}
    assert publishing.publish_run(tmp_path, OLD, "2026-10-09", company=other) is False
    assert latest(tmp_path) is None
    assert publishing.publish_run(tmp_path, NEW, "2026-10-01") is True


def test_an_earlier_start_that_ends_later_does_not_take_over(tmp_path: Path) -> None:
    publishing.publish_run(tmp_path, NEW, "2026-10-01")
    assert publishing.publish_run(tmp_path, OLD, "2026-10-01") is False


def test_a_run_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    publishing.publish_run(tmp_path, OLD, "2026-10-01")
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(OSError, match="No space left"), staged(tmp_path, NEW) as stage:  # noqa: PT012
        write(stage, "report.html", "x")
        raise OSError(28, "No space left on device")
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_an_id_is_not_used_twice(tmp_path: Path) -> None:
    publishing.publish_run(tmp_path, OLD, "2026-10-01")
    with pytest.raises(RunError, match="a run with this id already"):
        publishing.publish_run(tmp_path, OLD, "2026-10-02")
    assert (tmp_path / OLD / "report.html").read_text() == publishing.page_of(OLD)


def test_a_staged_run_of_a_live_process_is_left_alone(tmp_path: Path) -> None:
    with staged(tmp_path, OLD) as stage:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"from bizops.runs.publish import settle; settle(__import__('pathlib').Path({str(tmp_path)!r}))",
            ],
            check=True,
            capture_output=True,
        )
        assert done.stderr == b""
        assert stage.is_dir()
    assert not stage.exists()


def test_settle_of_nothing(tmp_path: Path) -> None:
    assert settle(tmp_path / "none") is None
    assert not (tmp_path / "none").exists(), "a refused run writes nothing"
    (tmp_path / OLD).mkdir()
    (tmp_path / OLD / "run.json").write_text("{")
    assert settle(tmp_path) is None
    assert latest(tmp_path) is None
