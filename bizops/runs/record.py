"""The record of a run (``run.json``): what ran, on what, with what outcome.

It is written outside the notebook, holds no personal values, no secrets and no absolute paths, and carries a version of
its own. Readers ignore fields that they do not know.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bizops.runs.clock import stamp
from bizops.schema import CONTRACT_VERSION

if TYPE_CHECKING:
    from bizops.runs.execute import CellRun, Failure

VERSION = "1.0"
RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")
Status = Literal["ok", "failed", "refused"]

# The wording of our own errors names tables, columns and row keys, never values; that of others may quote anything.
_OUR_ERRORS = {"BizopsError", "InputError", "ContractError", "RunError", "CellTimeout", "DeadKernel", "EarlyExit"}
_QUOTED = re.compile(r"(?<!\w)(['\"`])(?:(?!\1).){1,2000}?\1(?!\w)", re.DOTALL)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PATH = re.compile(r"(?<![\w/.])(?:/[\w .@+-]+){2,}/?|\b[A-Za-z]:\\\S+")


@dataclass(frozen=True)
class TableRead:
    """One table that the run could read: its file or table, rows left at as_of, content, and instant of extraction."""

    origin: str
    rows: int
    fingerprint: str
    extracted_at: str | None = None


@dataclass(frozen=True)
class Record:
    """Everything worth knowing of a run; `document` is ``run.json``.

    ``overrides`` are the parameters that differ from the case's, a company that it does not name included; ``origins``
    says of every parameter where its value came from, ``command`` how the run is asked for again.
    ``locale`` is the language and country that the pages are written for. ``is_latest_candidate`` says whether the run
    may become the latest of its case: complete, of a named case, nothing overridden. ``editions`` says of every edition
    which ``files`` of the run are its own, and so may be published to its readers, and under ``not_made`` which others
    could not be made and why. ``previous`` is the id of the run that was the case's latest when this one started,
    ``baseline`` that of the one compared with, ``settings`` are those of the company that decide its numbers. Instants
    are ISO 8601 in UTC, durations seconds; cells are numbered from 0 in the executed notebook.
    """

    report: str
    case: str
    status: Status
    run_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    company: Mapping[str, Any] = field(default_factory=dict)
    as_of: str = ""
    period: Mapping[str, str] | None = None
    scope: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    started_at: str = ""
    finished_at: str = ""
    duration_s: float = 0.0
    cells: tuple[CellRun, ...] = ()
    data: Mapping[str, TableRead] = field(default_factory=dict)
    data_window: Mapping[str, str | None] = field(default_factory=dict)
    code: Mapping[str, Any] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    report_title: str = ""
    title: str = ""
    error: Mapping[str, Any] | None = None
    page: str = ""
    editions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_latest_candidate: bool = False
    previous: str | None = None
    baseline: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    contract: str = CONTRACT_VERSION
    version: str = VERSION

    @property
    def ok(self) -> bool:
        """Whether the run is complete and good."""
        return self.status == "ok"

    def document(self) -> dict[str, Any]:
        """Return the record as plain JSON values, version first."""
        found = asdict(self)
        return {"version": found.pop("version"), **found}


def new_run_id(instant: datetime) -> str:
    """Return an id that sorts by time and is unique: ``20261005T041500Z-3f9c``."""
    return f"{instant:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def error_of(failure: Failure, root: Path) -> dict[str, Any]:
    """Return a failure for the record: type, message and cell.

    The message of an error that is not ours may quote a person's name or address, so what it quotes is left out; the
    whole of it stands in the notebook beside the record. Paths lose the part above the project.
    """
    message = failure.message.replace(f"{root}/", "").replace(str(root), ".")
    if failure.type not in _OUR_ERRORS:
        message = _ADDRESS.sub("…", _QUOTED.sub("'…'", message))
    message = _PATH.sub(lambda m: f"…/{m[0].rstrip('/').rpartition('/')[2]}", message)
    return {"type": failure.type, "message": message, "cell": failure.cell}


def refusal(report: str, case: str, error: Exception) -> Record:
    """Return the record of a case that was refused before anything ran; it is told, never written."""
    return Record(report, case, "refused", error={"type": type(error).__name__, "message": str(error), "cell": None})


def dumps(value: Any) -> str:
    """Return JSON text as our files hold it: UTF-8, two spaces, no NaN, a newline at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def instant(text: str) -> datetime:
    """Return the instant of a record's text."""
    return datetime.fromisoformat(text)


def between(started: datetime, finished: datetime) -> dict[str, Any]:
    """Return the three time fields of a record."""
    taken = round((finished - started).total_seconds(), 3)
    return {"started_at": stamp(started), "finished_at": stamp(finished), "duration_s": taken}
