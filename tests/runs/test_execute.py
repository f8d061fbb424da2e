"""Real kernels: whatever a cell does, the account of the cells is true, and papermill's own marks are not believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bizops.errors import InputError
from bizops.runs.execute import Execution, execute, read_notebook


def notebook(*cells: str) -> Any:
    given = new_code_cell("x = 1", metadata={"tags": ["parameters"]})
    return new_notebook(cells=[new_markdown_cell("# Title"), given, *map(new_code_cell, cells)])


def run(folder: Path, *cells: str, timeout: int = 60, **parameters: Any) -> Execution:
    return execute(notebook(*cells), {"x": 2, **parameters}, folder, cell_timeout_s=timeout)


def states(execution: Execution) -> list[str]:
    return [c.status for c in execution.cells][2:]  # after the parameters cell and the injected one


def printed(execution: Execution) -> str:
    return "".join(o.text for c in execution.notebook.cells for o in c.get("outputs", []) if o.output_type == "stream")


def test_a_good_notebook(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    nasty = {
        "x": "a\"b'\\n\n{y}\té世",
        "y": [1, 2.5, True, None, "z"],
        "z": {"k": "v"},
        "n": None,
        "f": 0.1,
        "b": False,
    }
    source = notebook("import json, os; print(json.dumps([x, y, z, n, f, b])); print(os.getcwd())", " ")
    found = execute(source, nasty, tmp_path, advance=lambda done, total: seen.append((done, total)))
    assert found.ok
    assert found.failure is None
    assert [c.status for c in found.cells] == ["ok", "ok", "ok"]
    assert [c.index for c in found.cells] == [1, 2, 3]
    values, folder = printed(found).splitlines()
    assert json.loads(values) == list(nasty.values())
    assert Path(folder) == tmp_path
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)
    assert len(source.cells) == 4, "the notebook that was given is not changed"


def test_the_same_run_gives_the_same_notebook(tmp_path: Path) -> None:
    source = notebook("print({'b', 'a', 'c'}, x)")
    texts = {nbformat.writes(execute(source, {"x": 2}, tmp_path).notebook) for _ in range(2)}
    assert len(texts) == 1
    assert str(tmp_path) not in texts.pop()


@pytest.mark.parametrize(
    ("cell", "kind", "status"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "DeadKernel", "killed"),
        ("import time; time.sleep(60)", "CellTimeout", "timed out"),
        ("1 / 0", "ZeroDivisionError", "failed"),
        ("import sys; sys.exit(0)", "EarlyExit", "failed"),
        ("import sys; sys.exit(3)", "SystemExit", "failed"),
        ("raise BaseException('x')", "BaseException", "failed"),
        ("def f(:", "SyntaxError", "failed"),
    ],
)
def test_a_failing_cell(tmp_path: Path, cell: str, kind: str, status: str) -> None:
    found = run(tmp_path, "1", cell, "2", "3", timeout=3)
    assert not found.ok
    assert found.failure is not None
    assert found.failure.type == kind
    assert states(found) == ["ok", status, "not run", "not run"]
    assert found.cells[-1].duration_s is None
    marks = [c.metadata.get("papermill", {}).get("status") for c in found.notebook.cells]
    assert marks[-2:] == ["not run", "not run"], "the saved notebook must not call them completed"
    assert "completed" not in marks[4:]
    assert [c.id for c in found.notebook.cells if c.id] == [c.id for c in found.notebook.cells]


def test_the_cell_of_a_failure_is_named(tmp_path: Path) -> None:
    failure = run(tmp_path, "1", "{}['Jane']", "2").failure
    assert failure is not None
    assert (failure.type, failure.message, failure.cell) == ("KeyError", "'Jane'", 4)


def test_errors_are_not_allowed_by_tags(tmp_path: Path) -> None:
    source = notebook("1 / 0", "2")
    source.cells[2].metadata["tags"] = ["raises-exception"]
    found = execute(source, {}, tmp_path)
    assert not found.ok


def test_a_skipped_cell_is_told_as_skipped(tmp_path: Path) -> None:
    source = notebook("1 / 0", "2")
    source.cells[2].metadata["tags"] = ["skip-execution"]
    found = execute(source, {"x": 1}, tmp_path)
    assert found.ok
    assert states(found) == ["skipped", "ok"]


def test_a_kernel_that_cannot_start_is_a_failure(tmp_path: Path) -> None:
    found = execute(notebook("1"), {}, tmp_path / "gone")
    assert not found.ok
    assert found.failure is not None
    assert found.failure.type == "FileNotFoundError"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from nbformat.v4 import new_code_cell, new_notebook
from bizops.runs.execute import execute
source = new_notebook(cells=[new_code_cell("x = 1", metadata={"tags": ["parameters"]}), new_code_cell(sys.argv[1])])
execute(source, {}, Path(sys.argv[2]), cell_timeout_s=3)
children = Path(f"/proc/self/task/{os.getpid()}/children")
print(children.read_text() if children.exists() else "", {p.name for p in Path("/tmp").glob(f"bizops-{os.getpid()}-*")})
"""
    sleeper = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '987'])\n"
        "open('pid', 'w').write(str(p.pid)); time.sleep(60)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, sleeper, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"
    assert done.stderr == ""
    child = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split(")")[1].split()[0] == "Z"


def test_the_kernel_is_this_python_whatever_the_user_has_installed(tmp_path: Path, monkeypatch: Any) -> None:
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(
        json.dumps({"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = run(tmp_path, "import os, sys; print(sys.executable, os.environ['PYTHONHASHSEED'])")
    assert printed(found).split() == [sys.executable, "0"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        ("", "not a valid notebook"),
        ("{}", "not a valid notebook"),
        ('{"cells": [', "not a valid notebook"),
        (nbformat.writes(new_notebook(cells=[new_code_cell("1")])), "one cell tagged 'parameters', found 0"),
        (
            nbformat.writes(
                new_notebook(cells=[new_code_cell(c, metadata={"tags": ["parameters"]}) for c in ("1", "2")])
            ),
            "one cell tagged 'parameters', found 2",
        ),
    ],
)
def test_a_notebook_that_cannot_run_is_refused(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "r.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=says):
        read_notebook(path)


def test_the_environment_of_the_caller_is_not_changed(tmp_path: Path) -> None:
    before, folder = dict(os.environ), Path.cwd()
    run(tmp_path, "1")
    assert dict(os.environ) == before
    assert Path.cwd() == folder
