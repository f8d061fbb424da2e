"""Publishing a run: its directory appears whole or not at all, and ``latest`` moves only to a complete good run.

``outputs/<report>/<case>/`` holds one directory a run, ``latest.html`` (a copy of a page) and ``latest.json``. A run is
built in a hidden sibling, flushed to disk and renamed. What is latest follows from the records in the run directories
alone, so that two runs at once agree on it whoever comes last, and a process killed between two steps is mended by the
next one. All changes to a case's folder are made under a lock that dies with its process.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bizops.errors import RunError
from bizops.runs.record import RUN_ID, dumps

RECORD = "run.json"
LATEST_PAGE = "latest.html"
LATEST = "latest.json"
_STAGED = ".tmp-"
_OWNER = ".owner"
_LOCK = ".lock"
# inside a tag only: prose may speak of links
_LINK = re.compile(
    r'(<[a-zA-Z][^<>]*\shref=")(tables/[^"]+|report\.(?:xlsx|pdf|eml)|notebook\.ipynb|run\.json|findings\.json)(?=")'
)
_OTHER_RUN = re.compile(rf'(<a\b[^<>]*\shref=")\.\./(?={RUN_ID.pattern}/)')


@contextmanager
def staged(folder: Path, run_id: str) -> Iterator[Path]:
    """Give a hidden directory in the case's ``folder`` to build a run in; `publish` renames it, else it disappears."""
    folder.mkdir(parents=True, exist_ok=True)
    stage = folder / f"{_STAGED}{run_id}"
    with locked(folder):
        stage.mkdir()
        owner = _try_lock(stage / _OWNER)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if owner is not None:
            os.close(owner)


def write(stage: Path, name: str, content: str | bytes) -> None:
    """Write one file of a run, with its folders, and flush it to disk."""
    path = stage / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())


def publish(stage: Path, folder: Path, run_id: str) -> bool:
    """Make a staged run visible under its id and settle what is latest; return whether this run is it now."""
    for path in [p for p in stage.rglob("*") if p.is_dir()]:
        _flush_folder(path)
    with locked(folder):
        final = folder / run_id
        if final.exists():
            raise RunError(f"{folder.name}/{run_id}: there is a run with this id already")
        (stage / _OWNER).unlink(missing_ok=True)
        _flush_folder(stage)
        stage.replace(final)
        _flush_folder(folder)
        return _settle(folder) == run_id


def settle(folder: Path) -> str | None:
    """Mend a case's folder after a crash and return the id of its latest run, or None if it has none.

    Staged directories whose process is gone are removed; ``latest`` is brought in line with the records.
    """
    if not folder.is_dir():
        return None
    with locked(folder):
        return _settle(folder)


def latest(folder: Path) -> dict[str, Any] | None:
    """Return what ``latest.json`` of a case says, or None if there is none."""
    path = folder / LATEST
    found: dict[str, Any] | None = _json(path)
    return found


def runs(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the records of a case's runs by id, oldest first; what has no record or no page is no run."""
    found = {}
    for path in sorted(p for p in folder.iterdir() if RUN_ID.fullmatch(p.name)):
        record = _json(path / RECORD)
        if record is not None and (path / str(record.get("page"))).is_file():
            found[path.name] = record
    return found


def _settle(folder: Path) -> str | None:
    _sweep(folder)
    found = runs(folder)
    best = _best(found)
    if best is None:
        return None
    record = found[best]
    page = _relinked((folder / best / str(record["page"])).read_bytes().decode(), best)
    pointer = {
        "version": "1.0",
        "run_id": best,
        "as_of": record["as_of"],
        "started_at": record["started_at"],
        "title": record["title"],
        "record": f"{best}/{RECORD}",
        "page": f"{best}/{record['page']}",
    }
    _replace(folder, LATEST_PAGE, page)
    _replace(folder, LATEST, dumps(pointer))
    return best


def _best(found: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The run that is latest: the newest as_of, then the newest start, among the complete good runs of one company.

    A case speaks for the company that it names itself; a run of another one is never its latest. Where its settings
    now describe another company than before, the one reported last counts, so that a demo's later as_of does not keep
    the page of the company that replaced it from appearing.
    """
    good = {i: r for i, r in found.items() if r.get("status") == "ok" and r.get("is_latest_candidate")}
    own = {i: r for i, r in good.items() if r["company"]["of_case"]}
    if not own:
        return None
    name = max(own.values(), key=lambda r: str(r["started_at"]))["company"]["name"]
    same = [i for i, r in own.items() if r["company"]["name"] == name]
    return max(same, key=lambda i: (str(own[i]["as_of"]), str(own[i]["started_at"]), i))


def _relinked(page: str, run_id: str) -> str:
    """The page with its links to the run's own files and to other runs, made to work one folder higher."""
    return _OTHER_RUN.sub(r"\1", _LINK.sub(lambda m: f"{m[1]}{run_id}/{m[2]}", page))


def _replace(folder: Path, name: str, content: str) -> None:
    """Put ``content`` in place of a file, whole or not at all; leave a file that says it already."""
    path, data = folder / name, content.encode()
    if path.is_file() and path.read_bytes() == data:
        return
    write(folder, f"{_STAGED}{name}", data)
    (folder / f"{_STAGED}{name}").replace(path)
    _flush_folder(folder)


def _sweep(folder: Path) -> None:
    """Remove what processes left that are gone: a live one holds the lock on its staged directory."""
    for path in folder.glob(f"{_STAGED}*"):
        if not path.is_dir():
            path.unlink(missing_ok=True)  # a half-written latest: only the holder of the case's lock writes one
            continue
        owner = _try_lock(path / _OWNER)
        if owner is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(owner)


def _json(path: Path) -> dict[str, Any] | None:
    """A JSON object in a file, or None if it is not there or not whole."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that exists, waiting for whoever holds it.

    The system releases it when the process ends, however it ends.
    """
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _try_lock(path: Path) -> int | None:
    """Lock a file for this process, or return None if another one holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _flush_folder(folder: Path) -> None:
    """Make a folder's entries durable: a rename is lost with the power unless its folder is flushed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
