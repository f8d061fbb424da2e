"""Handing an edition on: its files, all of them, and nothing else; whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bizops.cli import cli
from bizops.cli_run import _not_made
from bizops.errors import InputError
from bizops.runs import handout
from bizops.runs.handout import hand_out
from bizops.runs.record import Record

RUN = "20261005T041500Z-3f9c"
FILES = {
    "report.html": '<a href="tables/a.csv">CSV</a> <a class="x" href="../20261001T000000Z-0000/report.html">then</a>',
    "report.eml": "mail",
    "findings.json": '{"report": "qbr", "case": "default", "edition": "leadership"}',
    "tables/a.csv": "a",
    "editions/analyst/report.html": "code",
    "editions/analyst/findings.json": '{"report": "qbr", "case": "default", "edition": "analyst"}',
    "editions/analyst/tables/b.csv": "b",
}
ANALYST = {n.removeprefix("editions/analyst/"): text for n, text in FILES.items() if n.startswith("editions/analyst/")}
EDITIONS = {
    "leadership": {"files": ["report.html", "report.eml", "findings.json", "tables/a.csv"], "not_made": {}},
    "analyst": {
        "files": [f"editions/analyst/{name}" for name in ("report.html", "findings.json", "tables/b.csv")],
        "not_made": {},
    },
}


def write_run(case: Path, run_id: str = RUN, **changes: Any) -> None:
    for name, text in FILES.items():
        (case / run_id / name).parent.mkdir(parents=True, exist_ok=True)
        (case / run_id / name).write_text(text)
    record = {"status": "ok", "run_id": run_id, "page": "report.html", "editions": EDITIONS, **changes}
    (case / run_id / "run.json").write_text(json.dumps(record))
    (case / run_id / "notebook.ipynb").write_text("{}")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs" / "qbr" / "default"
    write_run(folder)
    (folder / "latest.json").write_text(json.dumps({"run_id": RUN}))
    return folder


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_exactly_the_files_of_the_edition(case: Path, tmp_path: Path) -> None:
    to = tmp_path / "share" / "qbr"
    made = hand_out(case, "leadership", to)
    assert content(to) == {
        **{name: FILES[name] for name in EDITIONS["leadership"]["files"]},
        "report.html": '<a href="tables/a.csv">CSV</a> <a class="x">then</a>',
    }
    assert (made.run_id, list(made.files)) == (RUN, sorted(content(to)))
    assert [p.name for p in to.parent.iterdir()] == ["qbr"], "nothing is left beside it"
    hand_out(case, "analyst", tmp_path / "analysts")
    assert content(tmp_path / "analysts") == ANALYST


def test_an_earlier_copy_is_replaced_whole(case: Path, tmp_path: Path) -> None:
    to = tmp_path / "share"
    hand_out(case, "analyst", to)
    later = "20261006T041500Z-3f9c"
    write_run(case, later)
    (case / later / "editions/analyst/tables/b.csv").unlink()
    listed = ["editions/analyst/report.html", "editions/analyst/findings.json"]
    write_run(case, later, editions={"analyst": {"files": listed, "not_made": {}}})
    assert hand_out(case, "analyst", to, later).run_id == later
    assert content(to) == {name: text for name, text in ANALYST.items() if name != "tables/b.csv"}


def test_a_copy_for_other_readers_or_of_another_case_is_left_alone(case: Path, tmp_path: Path) -> None:
    to = tmp_path / "share"
    hand_out(case, "leadership", to)
    before = content(to)
    both = r"the leadership edition of qbr/default; the analyst edition of qbr/default would replace it"
    with pytest.raises(InputError, match=both):
        hand_out(case, "analyst", to)
    other = case.parent / "nordics"
    shutil.copytree(case, other)
    with pytest.raises(InputError, match=r"qbr/default; the leadership edition of qbr/nordics would replace it"):
        hand_out(other, "leadership", to)
    assert content(to) == before
    (to / "findings.json").write_text("{}")
    with pytest.raises(InputError, match="does not say whose it is"):
        hand_out(case, "leadership", to)


@pytest.mark.parametrize("name", ["", "qbr/default", "published/leaders"])
def test_a_folder_in_the_outputs_is_refused(case: Path, tmp_path: Path, name: str) -> None:
    before = content(tmp_path)
    with pytest.raises(InputError, match="lies in the outputs"):
        hand_out(case, "leadership", tmp_path / "outputs" / name)
    (tmp_path / "way").symlink_to(tmp_path / "outputs")
    with pytest.raises(InputError, match="lies in the outputs"):
        hand_out(case, "leadership", tmp_path / "way" / "x")
    (tmp_path / "way").unlink()
    assert content(tmp_path) == before


def test_a_folder_with_other_things_is_left_alone(case: Path, tmp_path: Path) -> None:
    to = tmp_path / "home"
    to.mkdir()
    (to / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"holds other things, such as thesis\.txt"):
        hand_out(case, "leadership", to)
    assert content(to) == {"thesis.txt": "years of work"}
    with pytest.raises(InputError, match="is a file"):
        hand_out(case, "leadership", to / "thesis.txt")


def test_what_fails_half_way_leaves_the_earlier_copy(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "share"
    hand_out(case, "leadership", to)
    before = content(to)

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(handout, "write", full)
    with pytest.raises(OSError, match="no space"):
        hand_out(case, "leadership", to)
    assert content(to) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["outputs", "share"]


def test_a_copy_that_cannot_be_put_in_place_leaves_the_earlier_one(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "share"
    hand_out(case, "leadership", to)
    before, move = content(to), Path.replace

    def stuck(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError("device or resource busy")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", stuck)
    with pytest.raises(OSError, match="busy"):
        hand_out(case, "leadership", to)
    assert content(to) == before


def test_what_does_not_exist_is_refused_by_name(case: Path, tmp_path: Path) -> None:
    to = tmp_path / "share"
    with pytest.raises(InputError, match="Did you mean 'leadership'"):
        hand_out(case, "leadershp", to)
    with pytest.raises(InputError, match=r"no manager edition, only leadership, analyst"):
        hand_out(case, "manager", to)
    with pytest.raises(InputError, match=rf"no good run '{RUN[:-1]}d'.*Did you mean '{RUN}'"):
        hand_out(case, "leadership", to, f"{RUN[:-1]}d")
    with pytest.raises(InputError, match="there is no good run"):
        hand_out(case.parent / "other", "leadership", to)
    assert not to.exists()


def test_a_failed_run_and_one_without_editions_cannot_be_handed_on(case: Path, tmp_path: Path) -> None:
    failed, old = "20261006T041500Z-3f9c", "20251006T041500Z-3f9c"
    write_run(case, failed, status="failed")
    write_run(case, old, editions={})
    with pytest.raises(InputError, match=f"no good run '{failed}'"):
        hand_out(case, "leadership", tmp_path / "x", failed)
    with pytest.raises(InputError, match="made by an earlier version"):
        hand_out(case, "leadership", tmp_path / "x", old)


def test_runs_with_other_parameters_are_named_not_guessed(case: Path, tmp_path: Path) -> None:
    (case / "latest.json").unlink()
    with pytest.raises(InputError, match="no run is the latest of its case"):
        hand_out(case, "leadership", tmp_path / "x")
    assert hand_out(case, "leadership", tmp_path / "x", RUN).run_id == RUN


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd"])
def test_a_record_cannot_name_a_file_outside_of_its_run(case: Path, tmp_path: Path, name: str) -> None:
    write_run(case, editions={"leadership": {"files": [name]}})
    with pytest.raises(InputError, match="not in the run"):
        hand_out(case, "leadership", tmp_path / "x")


def test_from_the_command_line(case: Path, tmp_path: Path) -> None:
    options = ["--out", str(case.parents[1]), "--to", str(tmp_path / "x")]
    done = CliRunner().invoke(cli, ["publish", "qbr", "--edition", "leadership", "--json", *options])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert (found["run_id"], found["edition"], found["files"]) == (RUN, "leadership", sorted(content(tmp_path / "x")))
    done = CliRunner().invoke(cli, ["publish", "qbr", "--edition", "boss", *options])
    assert done.exit_code == 2
    assert "there is no edition 'boss'" in done.output


def test_the_command_line_tells_in_one_line_what_could_not_be_made() -> None:
    lacking = {"files": [], "not_made": {"report.pdf": "no Chromium"}}
    editions = {"leadership": lacking, "manager": lacking, "analyst": {"files": [], "not_made": {}}}
    record = Record("qbr", "default", "ok", editions=editions)
    assert list(_not_made(record)) == ["         without report.pdf (leadership, manager): no Chromium"]
    assert list(_not_made(Record("qbr", "default", "ok"))) == []


def test_a_copy_does_not_need_the_run(case: Path, tmp_path: Path) -> None:
    hand_out(case, "leadership", tmp_path / "x")
    shutil.rmtree(case)
    assert (tmp_path / "x/tables/a.csv").read_text() == "a"
