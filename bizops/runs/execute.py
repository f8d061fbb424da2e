"""Executing a notebook with papermill, and a truthful account of every cell.

Papermill's saved notebook calls every cell completed after a dead kernel, a timeout or a ``sys.exit(0)``. The account
kept here lies outside the notebook: a cell is ok only if the kernel acknowledged it, and a run is complete only if
every cell is ok.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat import NotebookNode

from bizops.errors import InputError

CellStatus = Literal["ok", "failed", "timed out", "killed", "not run", "skipped"]
Advance = Callable[[int, int], None]

CELL_TIMEOUT_S = 900
_INJECTED = "injected-parameters"
_PAPERMILL_STATUS = {"ok": "completed", "skipped": "completed", "failed": "failed"}


@dataclass(frozen=True)
class CellRun:
    """What became of one code cell; ``index`` is its place in the executed notebook, from 0."""

    index: int
    id: str
    status: CellStatus = "not run"
    duration_s: float | None = None


@dataclass(frozen=True)
class Failure:
    """Why an execution is not complete: the exception's name, its message as raised, and the cell if one is known."""

    type: str
    message: str
    cell: int | None = None


@dataclass(frozen=True)
class Execution:
    """An executed notebook, in part if it failed, with the account of its code cells."""

    notebook: NotebookNode
    cells: tuple[CellRun, ...]
    failure: Failure | None

    @property
    def ok(self) -> bool:
        """Whether every cell was acknowledged by the kernel."""
        return self.failure is None and all(c.status in ("ok", "skipped") for c in self.cells)


def read_notebook(path: Path) -> NotebookNode:
    """Return a report's notebook.

    Raises
    ------
    InputError
        It is missing, is no notebook, or has not exactly one cell tagged ``parameters``; papermill would only warn and
        then build the report with the defaults.
    """
    if not path.is_file():
        raise InputError("the notebook does not exist", where=path.name, fix="restore it, or write the report anew")
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError, KeyError) as error:
        raise InputError("not a valid notebook", where=path.name, fix="restore it from version control") from error
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise InputError(
            f"expected one cell tagged 'parameters', found {len(tagged)}",
            where=path.name,
            fix="tag the one cell that assigns the parameters",
        )
    return notebook


def execute(
    notebook: NotebookNode,
    parameters: Mapping[str, Any],
    folder: Path,
    *,
    cell_timeout_s: int = CELL_TIMEOUT_S,
    advance: Advance | None = None,
) -> Execution:
    """Execute ``notebook`` with ``parameters`` in a kernel of its own, with ``folder`` as working directory.

    Parameters
    ----------
    notebook
        As `read_notebook` returns it; it is not changed.
    parameters
        Plain values (text, numbers, booleans, lists, mappings, None), injected after the cell tagged ``parameters``.
    cell_timeout_s
        Seconds that one cell may take; the kernel and its children are killed after that.
    advance
        Called with (cells done, cells in all) at each step.

    Returns
    -------
    Execution
        Never raises for what a cell does: an exception, ``sys.exit``, a dead kernel or a timeout is its ``failure``.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from bizops.runs.kernel import NAME, PrivateKernelManager

    watch = _Watch(advance)
    _quiet()
    failure: Failure | None = None
    try:
        papermill.execute_notebook(
            notebook,
            None,
            parameters=dict(parameters),
            kernel_name=NAME,
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            execution_timeout=cell_timeout_s,
            iopub_timeout=60,
            shutdown_kernel="immediate",
            force_raise_errors=True,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder)}},
            kernel_manager_class=PrivateKernelManager,
            on_notebook_start=watch.begin,
            on_cell_start=watch.start,
            on_cell_executed=watch.acknowledge,
        )
    except PapermillExecutionError as error:
        failure = Failure(error.ename, error.evalue, watch.current)
    except Exception as error:  # noqa: BLE001  a dead kernel, a timeout, a kernel that does not start: all are answers here
        failure = watch.explain(error, cell_timeout_s)
    return _account(notebook, watch, failure)


class _Watch:
    """Listens to nbclient's hooks and keeps the account of the cells."""

    def __init__(self, advance: Advance | None) -> None:
        self.notebook: NotebookNode | None = None
        self.cells: dict[int, CellRun] = {}
        self.current: int | None = None
        self._advance = advance
        self._started = 0.0

    def begin(self, notebook: NotebookNode) -> None:
        self.notebook = notebook
        for index, cell in enumerate(notebook.cells):
            if _INJECTED in cell.metadata.get("tags", []):
                cell.id = _INJECTED  # papermill draws a random id; a page made again must be the same
            if cell.cell_type == "code" and cell.source.strip():
                skipped = "skip-execution" in cell.metadata.get("tags", [])
                self.cells[index] = CellRun(index, cell.id, "skipped" if skipped else "not run")
        self._tell()

    def start(self, cell: NotebookNode, cell_index: int) -> None:
        if cell_index in self.cells and self.cells[cell_index].status == "not run":
            self.current, self._started = cell_index, time.monotonic()

    def acknowledge(self, cell: NotebookNode, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        status: CellStatus = "ok" if execute_reply["content"]["status"] == "ok" else "failed"
        self._settle(cell_index, status)
        if status == "ok":
            self.current = None
        self._tell()

    def explain(self, error: Exception, cell_timeout_s: int) -> Failure:
        """Name what stopped the run from outside a cell, and settle the cell that it hit."""
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        if isinstance(error, CellTimeoutError):
            self._settle(self.current, "timed out")
            return Failure("CellTimeout", f"the cell took longer than {cell_timeout_s} s and was stopped", self.current)
        if isinstance(error, DeadKernelError):
            self._settle(self.current, "killed")
            return Failure("DeadKernel", "the kernel died; it was killed, ran out of memory, or crashed", self.current)
        return Failure(type(error).__name__, str(error), self.current)

    def _settle(self, index: int | None, status: CellStatus) -> None:
        if index is not None:
            taken = round(time.monotonic() - self._started, 3)
            self.cells[index] = replace(self.cells[index], status=status, duration_s=taken)

    def _tell(self) -> None:
        if self._advance is not None:
            done = sum(c.status != "not run" for c in self.cells.values())
            self._advance(done, len(self.cells))


def _account(source: NotebookNode, watch: _Watch, failure: Failure | None) -> Execution:
    """The executed notebook without papermill's marks and clock times, its cells' true states in their place."""
    executed = watch.notebook if watch.notebook is not None else source
    executed.cells = [c for c in executed.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
    cells = tuple(watch.cells.values())
    states = {c.index: c.status for c in cells}
    for index, cell in enumerate(executed.cells):
        cell.metadata.pop("papermill", None)
        if index in states:
            cell.metadata["papermill"] = {"status": _PAPERMILL_STATUS.get(states[index], states[index])}
        if not cell.metadata.get("tags", ["-"]):
            del cell.metadata["tags"]
    executed.metadata.pop("papermill", None)
    if failure is None and (left := [c for c in cells if c.status not in ("ok", "skipped")]):
        # sys.exit(0) is no error to papermill, and ends the notebook early
        failure = Failure("EarlyExit", f"the notebook ended before all cells had run ({len(left)} left)", left[0].index)
    return Execution(executed, cells, failure)


def _quiet() -> None:
    """Papermill and nbclient log what the account says already; without a handler Python prints it on stderr."""
    for name in ("papermill", "traitlets"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
