"""The set-up works from any state, says in one message what is missing, and needs no more than make and a Python.

The real Makefile and the real script run here against a stand-in for uv that only notes what it was asked to do;
`.ci/run` installs for real, without network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
REQUIRES_PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]

NEEDED = ("awk", "cat", "cksum", "dirname", "echo", "find", "make", "mkdir", "mv", "rm", "sed", "sh", "touch", "ln")
FAKE_UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
[ "$1" = python ] && exit 2
echo "$*" >>"$UV_LOG"
case "$1" in
venv) mkdir -p .venv/bin && ln -s "{python}" .venv/bin/python ;;
pip) [ ! -e broken ] ;;
esac
"""
FAKE_PYTHON = """#!/bin/sh
exec "{python}" -c 'import sys; sys.version_info = ({major}, {minor}, 4, "final", 0); exec(sys.argv[1])' "$2"
"""


class Room:
    """A copy of the packaging files, in a folder with a space, with its own PATH and a stand-in for uv."""

    def __init__(self, place: Path) -> None:
        self.path, self.bin, self.log = place / "my room", place / "bin", place / "uv.log"
        self.bin.mkdir()
        for tool in NEEDED:
            found = shutil.which(tool)
            assert found, f"{tool} is needed to run make"
            (self.bin / tool).symlink_to(found)
        for name in ("Makefile", "pyproject.toml", "requirements.lock", "tests/requirements.lock"):
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        shutil.copytree(ROOT / ".ci", self.path / ".ci")
        self.script("uv", FAKE_UV.format(python=sys.executable))

    def script(self, name: str, text: str) -> Path:
        """Puts a command on the room's PATH."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name: str, minor: int, major: int = 3) -> Path:
        """Puts a Python on the room's PATH that says it is ``major.minor``."""
        return self.script(name, FAKE_PYTHON.format(python=sys.executable, major=major, minor=minor))

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "HOME": str(self.path), "UV_LOG": str(self.log), **variables}
        return subprocess.run(command, cwd=self.path, env=environment, text=True, capture_output=True, timeout=60)

    def asked(self) -> list[str]:
        """What uv was asked for since the last question, without the lines' common arguments."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        short = []
        for line in lines:
            words = line.split()
            short.append(words[0] if words[0] == "venv" else "project" if "--editable" in words else words[-1])
        return short

    def ok(self, target: str, **variables: str) -> list[str]:
        """Runs a target that must succeed; what uv was asked for."""
        done = self.run("make", target, *[f"{k}={v}" for k, v in variables.items()])
        assert done.returncode == 0, done.stderr
        return self.asked()


@pytest.fixture
def room(tmp_path: Path) -> Room:
    room = Room(tmp_path)
    room.python("python3", sys.version_info.minor)
    return room


RUN = ["venv", "requirements.lock", "project"]
TEST = ["venv", "tests/requirements.lock", "project"]


def test_make_alone_prints_every_target(room: Room) -> None:
    listed = room.run("make")
    assert listed.returncode == 0
    assert listed.stdout == room.run("make", "help").stdout
    shown = re.findall(r"(?m)^  ([a-z]+) +\S", listed.stdout)
    assert set(shown) == {"help", "report", "test", "lab", "check", "bench", "docs", "setup", "lock", "wheels", "clean"}
    assert not (room.path / ".venv").exists()


def test_a_set_up_is_made_once(room: Room) -> None:
    assert room.ok("setup") == RUN
    assert room.ok("setup") == []
    assert room.ok("setup-test") == ["tests/requirements.lock"]
    assert room.ok("setup-test") == []
    assert room.ok("setup") == []


def test_what_tests_need_includes_what_reports_need(room: Room) -> None:
    assert room.ok("setup-test") == TEST
    assert room.ok("setup") == []


def test_packages_are_installed_by_hash_and_the_project_without_any_fetch(room: Room) -> None:
    assert room.run("make", "setup").returncode == 0
    venv, lock, project = room.log.read_text().splitlines()
    assert "--require-hashes --no-deps" in lock
    assert "--no-deps --no-build-isolation --editable ." in project
    assert "--no-index" not in lock + project
    assert venv.endswith(" .venv")


def test_an_interrupted_set_up_starts_again(room: Room) -> None:
    (room.path / "broken").touch()
    failed = room.run("make", "setup")
    assert failed.returncode != 0
    assert "same command starts again" in failed.stderr
    assert room.asked() == ["venv", "requirements.lock"]
    (room.path / "broken").unlink()
    assert room.ok("setup") == RUN


def test_an_interrupted_addition_of_the_tests_starts_again(room: Room) -> None:
    room.ok("setup")
    (room.path / "broken").touch()
    assert room.run("make", "setup-test").returncode != 0
    room.asked()
    (room.path / "broken").unlink()
    assert room.ok("setup-test") == ["tests/requirements.lock"]


def test_a_half_removed_environment_is_made_again(room: Room) -> None:
    room.ok("setup")
    (room.path / ".venv" / "bin" / "python").unlink()
    assert room.ok("setup") == RUN


def test_an_interrupted_removal_does_not_pass_for_a_whole_environment(room: Room) -> None:
    room.ok("setup")
    lock = room.path / "requirements.lock"
    before = lock.read_text()
    lock.write_text(before + "# newer\n")
    rm = room.bin / "rm"
    real = rm.readlink()
    rm.unlink()
    room.script("rm", f'#!/bin/sh\n[ "$1" = -rf ] && exit 1\nexec {real} "$@"\n')
    assert room.run("make", "setup").returncode != 0
    rm.unlink()
    rm.symlink_to(real)
    room.asked()
    lock.write_text(before)
    assert room.ok("setup") == RUN


def test_a_moved_or_copied_room_is_set_up_again(room: Room) -> None:
    room.ok("setup")
    shutil.copytree(room.path, room.path.parent / "it's a $copy", symlinks=True)
    room.path = room.path.rename(room.path.parent / "moved away")
    assert room.ok("setup") == RUN
    room.path = room.path.parent / "it's a $copy"
    assert room.ok("setup") == RUN
    assert room.ok("setup") == []


def test_a_changed_lock_is_followed_and_a_changed_setting_only_reinstalls_the_project(room: Room) -> None:
    room.ok("setup-test")
    with (room.path / "pyproject.toml").open("a") as file:
        file.write("\n# a comment\n")
    assert room.ok("setup-test") == ["project"]
    with (room.path / "tests/requirements.lock").open("a") as file:
        file.write("# newer\n")
    assert room.ok("setup") == []
    assert room.ok("setup-test") == TEST
    with (room.path / "requirements.lock").open("a") as file:
        file.write("# newer\n")
    assert room.ok("setup") == RUN


def test_another_python_by_name_is_followed_and_none_keeps_what_is_there(room: Room) -> None:
    room.ok("setup")
    other = room.python("my python", sys.version_info.minor)
    other.write_text(other.read_text().replace("exec(sys", 'sys._base_executable = "/else/where"; exec(sys'))
    assert room.ok("setup", PYTHON=str(other)) == RUN
    assert room.ok("setup", PYTHON=str(other)) == []
    assert room.ok("setup") == []


def test_a_folder_of_wheels_is_the_only_source(room: Room) -> None:
    (room.path / "wheel house").mkdir()
    assert room.run("make", "setup-test", "WHEELS=wheel house").returncode == 0
    _, lock, project = room.log.read_text().splitlines()
    assert "--no-index --find-links wheel house" in lock
    assert "--no-index --find-links wheel house" in project


def test_a_folder_of_wheels_names_the_python_that_it_fits(room: Room) -> None:
    (room.path / "wheels").mkdir()
    (room.path / "wheels" / "made-for").write_text("python3.11\n")
    room.python("python3.13", 13)
    older = room.python("python3.11", 11)
    older.write_text(older.read_text().replace("exec(sys", 'sys._base_executable = "/the/older"; exec(sys'))
    assert room.run("sh", ".ci/environment.sh", "python", WHEELS="wheels").stdout == "/the/older\n"
    assert room.run("sh", ".ci/environment.sh", "python").stdout != "/the/older\n"


def test_a_missing_folder_of_wheels_is_one_clear_message(room: Room) -> None:
    done = room.run("make", "setup", "WHEELS=nowhere")
    assert done.returncode != 0
    assert "WHEELS=nowhere is not a folder" in done.stderr
    assert "make wheels" in done.stderr
    assert not (room.path / ".venv").exists()


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_one_own_index_serves_uv_and_pip(room: Room, variable: str) -> None:
    room.script("uv", FAKE_UV.format(python=sys.executable).replace('"$*"', '"$* $UV_DEFAULT_INDEX $PIP_INDEX_URL"'))
    assert room.run("make", "setup", **{variable: "https://packages.example/simple"}).returncode == 0
    lock = room.log.read_text().splitlines()[1]
    assert lock.endswith("https://packages.example/simple https://packages.example/simple")


def test_the_shell_around_it_adds_nothing_to_the_environment(room: Room) -> None:
    room.script("uv", FAKE_UV.format(python=sys.executable).replace('"$*"', '"$* path:$PYTHONPATH"'))
    assert room.run("make", "setup", PYTHONPATH="/some/where").returncode == 0
    assert {line.split()[-1] for line in room.log.read_text().splitlines()} == {"path:"}


@pytest.mark.parametrize("minor", range(8, 17))
def test_the_pythons_that_the_set_up_takes_are_those_of_pyproject(room: Room, minor: int) -> None:
    (room.bin / "python3").unlink()
    room.python("python3", minor)
    done = room.run("make", "setup")
    allowed = SpecifierSet(REQUIRES_PYTHON).contains(f"3.{minor}.4")
    assert (done.returncode == 0) == allowed
    if not allowed:
        assert f"python3 is CPython-3.{minor}.4" in done.stderr
        assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (room.path / ".venv").exists()


@pytest.mark.parametrize("choice", ["no/such/python", "python2", "python3.9"])
def test_a_python_that_does_not_fit_is_one_clear_message(room: Room, choice: str) -> None:
    room.python("python2", 7, major=2)
    room.python("python3.9", 9)
    done = room.run("make", "report", f"PYTHON={choice}")
    assert done.returncode != 0
    assert choice in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.splitlines()) <= 4  # three of ours, one of make


def test_no_python_at_all_is_one_clear_message(room: Room) -> None:
    (room.bin / "python3").unlink()
    done = room.run("make", "report")
    assert done.returncode != 0
    assert done.stderr.startswith("The workbench needs Python 3.11, 3.12 or 3.13.\nInstall one of them")


def test_commands_that_exist_but_do_not_run_are_passed_over(room: Room) -> None:
    room.script("python3.13", "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n")
    room.python("python3.12", 12)
    room.script("uv", "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n")
    done = room.run("sh", ".ci/environment.sh", "python")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_a_python_without_venv_is_named_with_the_remedy(room: Room) -> None:
    bare = room.python("python3", 12)
    bare.write_text(bare.read_text().replace("exec(sys", 'sys.modules["ensurepip"] = None; exec(sys'))
    # The base interpreter is what is asked for venv.
    bare.write_text(bare.read_text().replace("exec(sys", f'sys._base_executable = "{bare}"; exec(sys'))
    done = room.run("make", "setup", "UV=")
    assert done.returncode != 0
    assert "without the venv module" in done.stderr
    assert "python3.12-venv" in done.stderr
    assert room.run("sh", ".ci/environment.sh", "python").returncode == 0  # uv does not need it


@pytest.mark.parametrize("target", ["report", "test", "lab", "check", "bench", "lock", "wheels", "clean"])
def test_every_recipe_can_be_shown_without_doing_anything(room: Room, target: str) -> None:
    shown = room.run("make", "-n", target)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip()
    assert not (room.path / ".venv").exists()


def test_the_demo_company_is_built_when_absent_or_older_than_its_code(room: Room) -> None:
    source = room.path / "bizops" / "sources" / "demo" / "people.py"
    source.parent.mkdir(parents=True)
    source.touch()
    assert "bizops demo" in room.run("make", "-n", "report").stdout
    truth = room.path / "outputs" / "_data" / "demo" / "truth.json"
    truth.parent.mkdir(parents=True)
    truth.touch()
    os.utime(source, (1, 1))
    assert "bizops demo" not in room.run("make", "-n", "report").stdout
    os.utime(truth, (0, 0))
    assert "bizops demo" in room.run("make", "-n", "report").stdout


def test_report_says_where_the_pages_are_and_keeps_the_exit_code(room: Room) -> None:
    room.ok("setup")
    for folder in ("outputs/_data/demo", ".venv/bin"):
        (room.path / folder).mkdir(parents=True, exist_ok=True)
    (room.path / "outputs/_data/demo/truth.json").touch()
    (room.path / "outputs/index.html").touch()
    command = room.path / ".venv/bin/bizops"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    done = room.run("make", "report")
    assert f"All pages: {room.path}/outputs/index.html" in done.stdout
    assert done.returncode != 0
    command.write_text("#!/bin/sh\nexit 0\n")
    assert room.run("make", "report").returncode == 0


def test_cleaning_keeps_the_record_of_runs(room: Room) -> None:
    room.ok("setup")
    for name in ("outputs/index.html", "wheels/a.whl", "bizops/__pycache__/a.pyc", "tests/a.py", "benchmarks/b.py"):
        (room.path / name).parent.mkdir(parents=True, exist_ok=True)
        (room.path / name).touch()
    assert room.run("make", "clean").returncode == 0
    left = {p.relative_to(room.path).as_posix() for p in room.path.rglob("*") if p.is_file()}
    assert {"outputs/index.html", "wheels/a.whl", "tests/a.py"} <= left
    assert not any(".venv" in name or "__pycache__" in name for name in left)


# ----------------------------------------------------------------------------------------------------- portability

# GNU make after 3.81 (its NEWS, 3.82 to 4.4) and GNU or bash extras that macOS and dash do not have.
NEWER_MAKE = [r"(?m)^\.ONESHELL", r"\.SHELLFLAGS", r"(?m)^\s*(private|undefine|load)\b", r"(?m)^[\w-]+\s*!=", r"::="]
NEWER_MAKE += [r"\$\((file|guile|let|intcmp) ", r"&:", r"\.RECIPEPREFIX", r"\.WAIT", r"(?m)^define\s+\w+\s*[:?+]?="]
NOT_POSIX = [r"\[\[", r"(?m)^\s*(local|declare|source|function)\b", r"\becho -[en]", r"\$'", r"<<<", r"\bpipefail\b"]
NOT_BSD = [r"\bsed -i", r"\breadlink\b", r"\brealpath\b", r"\bgrep -[a-zA-Z]*P", r"\bcp -[a-z]*[ad]", r"\bdate -d"]
NOT_BSD += [r"\b(sha256sum|md5sum|nproc|tac|timeout|setsid)\b", r"\bxargs -[rd]", r"\bfind\b.*-(printf|delete)"]


def test_the_makefile_needs_no_more_than_make_3_81_and_posix_tools() -> None:
    text = (ROOT / "Makefile").read_text()
    assert [p for p in NEWER_MAKE + NOT_POSIX + NOT_BSD if re.search(p, text)] == []


def test_the_set_up_script_needs_no_more_than_posix() -> None:
    text = (ROOT / ".ci" / "environment.sh").read_text()
    assert [p for p in NOT_POSIX + NOT_BSD if re.search(p, text)] == []
    for shell in filter(shutil.which, ("sh", "dash", "bash", "ksh", "zsh")):
        subprocess.run([shell, "-n", str(ROOT / ".ci" / "environment.sh")], check=True)


def test_ci_is_executable_and_strict() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    subprocess.run(["bash", "-n", str(script)], check=True)
