"""The page of a run that did not complete: for the analyst, readable, without a single value from the data."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bizops import errors
from bizops.language import DEFAULT, speaking
from bizops.press.templates import fill
from bizops.press.words import day_of, duration_of, instant_of

# Errors whose wording is our own: they name tables, columns and row keys, never values. The last four are how a run
# names an end that came from outside a cell.
_OURS = {c.__name__ for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.BizopsError)}
_OURS |= {"CellTimeout", "DeadKernel", "EarlyExit", "DataChanged"}
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FRAME = re.compile(
    r"^\s*(?:File (?P<file>[^\n]+?):(?P<line>\d+)(?:, in (?P<name>[\w.<>]+))?|Cell In\s?\[\d+\], line (?P<own>\d+))"
)

_ADVICE = {
    "DeadKernel": "Look at the memory of the machine; a smaller period or fewer workers need less.",
    "CellTimeout": "Run the notebook in JupyterLab to see what takes the time.",
    "EarlyExit": "Take the exit out of the notebook; a report runs to its last cell.",
}
_MEND = "Mend what the message above names."
_OPEN = "Open notebook.ipynb beside this page in JupyterLab: it holds the failed cell with the whole error."


@dataclass(frozen=True)
class Frame:
    """One step of a traceback: where, never with what values."""

    file: str
    line: int
    name: str


@speaking(DEFAULT)
def failure_page(record: Mapping[str, Any], notebook: Mapping[str, Any] | None = None) -> str:
    """Return the page of a failed run as one self-contained HTML file.

    It is English like all errors, which are for the person at the keyboard. The message of an error is shown only if
    it is one of ours; of any other error the page shows the type, the source of the cell and the places in the
    traceback, because its message may quote a person's name.

    Parameters
    ----------
    record
        The run's record (``run.json``) with ``error`` (type, message, cell: the index in the executed notebook).
    notebook
        The notebook as far as it was executed; without it the page shows neither source nor traceback.
    """
    error = record.get("error") or {}
    kind = str(error.get("type") or "Error")
    index = error.get("cell")
    cell = _cell(notebook, index)
    frames = _frames(cell)
    runs = list(record.get("cells") or ())
    report = str(record.get("report_title") or str(record.get("report", "report")).replace("_", " "))
    name = f"{report} ({record.get('case', 'default')})"
    return fill(
        "failure.html.j2",
        title=f"{name} did not complete: {kind}{_where(runs, index)}",
        parameters=dict(record.get("parameters") or {}),
        kind=kind,
        message=str(error.get("message") or "") if kind in _OURS else "",
        source=[] if cell is None else str(cell["source"]).splitlines(),
        failing=next((f.line for f in frames if not f.file), None),
        frames=frames,
        advice=_advice(kind, record),
        done=sum(c.get("status") in ("ok", "skipped") for c in runs),
        cells=len(runs),
        origins=dict(record.get("origins") or {}),
        last_good=bool(record.get("previous")),
        facts=_facts(record),
    )


def _where(runs: list[Mapping[str, Any]], index: Any) -> str:
    place = next((n for n, c in enumerate(runs, 1) if c.get("index") == index), None)
    return "" if place is None or index is None else f" in code cell {place} of {len(runs)}"


def _cell(notebook: Mapping[str, Any] | None, index: Any) -> Mapping[str, Any] | None:
    cells = notebook["cells"] if notebook else []
    if not isinstance(index, int) or not 0 <= index < len(cells) or cells[index]["cell_type"] != "code":
        return None
    found: Mapping[str, Any] = cells[index]
    return found


def _frames(cell: Mapping[str, Any] | None) -> list[Frame]:
    """Return the places of a cell's traceback, from IPython's text: file within the package, line, function."""
    traced = [o["traceback"] for o in (cell or {"outputs": []})["outputs"] if o["output_type"] == "error"]
    lines = [line for part in (traced[-1] if traced else []) for line in _ANSI.sub("", part).splitlines()]
    found = []
    for match in filter(None, map(_FRAME.match, lines)):
        if match["own"]:
            found.append(Frame("", int(match["own"]), ""))
        else:
            found.append(Frame(_within(match["file"]), int(match["line"]), match["name"] or ""))
    return found


def _within(file: str) -> str:
    """Return a source file's path from its package on, without the folders of this machine above it."""
    path = file.replace("\\", "/")
    if not re.match(r"[/~]|[A-Za-z]:", path):
        return path
    for mark, kept in (("/site-packages/", ""), ("/bizops/", "bizops/")):
        if mark in path:
            return kept + path.rpartition(mark)[2]
    return path.rpartition("/")[2]


def _advice(kind: str, record: Mapping[str, Any]) -> list[str]:
    plain = ("bizops", "run", record.get("report", "REPORT"), "--case", record.get("case", "default"))
    again = shlex.join(map(str, record.get("command") or plain))
    first = _ADVICE.get(kind, _MEND if kind in _OURS else _OPEN)
    return [first, f"Run it again: {again}"]


def _facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    period, code = record.get("period") or {}, record.get("code") or {}
    facts = [
        ("Period", str(period.get("label", ""))),
        ("Data as of", day_of(record["as_of"]) if record.get("as_of") else ""),
        ("Started", instant_of(record["started_at"]) if record.get("started_at") else ""),
        ("Took", duration_of(record.get("duration_s"))),
        ("Run", str(record.get("run_id", ""))),
        ("Code", " ".join(str(code[k])[:12] for k in ("version", "commit") if code.get(k))),
    ]
    return [(name, value) for name, value in facts if value]
