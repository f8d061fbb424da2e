"""The index over all reports: for each case its latest good page, what its last run came to, and its history.

Everything is read from the records that the runs left, so that the index can be rebuilt at any time and says the same.
Links are relative: the folder can be moved, zipped, or opened from a file share.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bizops.press.templates import fill
from bizops.press.words import day_of, duration_of, instant_of

INDEX = "index.html"
RECORD = "run.json"
LATEST = "latest.json"
LATEST_PAGE = "latest.html"


@dataclass(frozen=True)
class Run:
    """One run as the index lists it; ``href`` is empty when its directory has no page."""

    run_id: str
    status: str
    title: str
    as_of: str
    started: str
    took: str
    href: str
    overrides: tuple[tuple[str, str], ...]
    is_kept: bool
    is_latest: bool


@dataclass(frozen=True)
class CaseEntry:
    """One case: its latest good page, its runs (newest first), and those made with other parameters than its own."""

    report: str
    heading: str
    case: str
    title: str
    href: str
    about: tuple[str, ...]
    last: Run | None
    runs: tuple[Run, ...]
    kept: tuple[Run, ...]


def build_site(outputs: Path) -> Path:
    """Write ``outputs/index.html`` from the runs below ``outputs`` and return its path.

    The file appears whole or not at all. Folders whose names start with ``_`` or ``.`` are not reports; a run whose
    record cannot be read is listed as such.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    cases = list(_cases(outputs))
    reports = {name: [c for c in cases if c.report == name] for name in sorted({c.report for c in cases})}
    failed = [c for c in cases if c.last is not None and c.last.status != "ok"]
    page = fill("site.html.j2", title="Reports", lang="en", reports=reports, n_cases=len(cases), failed=failed)
    index = outputs / INDEX
    _replace(index, page)
    return index


def _cases(outputs: Path) -> Iterator[CaseEntry]:
    for report in _folders(outputs):
        for folder in _folders(report):
            runs = sorted(_runs(folder), key=lambda r: r.run_id, reverse=True)  # ids sort by time
            if runs:
                yield _case(folder, runs)


def _folders(parent: Path) -> list[Path]:
    return sorted(p for p in parent.iterdir() if p.is_dir() and p.name[0] not in "_.")


def _case(folder: Path, runs: list[Run]) -> CaseEntry:
    own, kept = [r for r in runs if not r.is_kept], [r for r in runs if r.is_kept]
    best = next((r for r in own if r.is_latest), None) or next((r for r in own if r.status == "ok"), None)
    has_copy = best is not None and best.is_latest and (folder / LATEST_PAGE).is_file()
    record = (_json(folder / best.run_id / RECORD) or {}) if best else {}
    return CaseEntry(
        report=folder.parent.name,
        heading=str(record.get("report_title") or folder.parent.name.replace("_", " ")),
        case=folder.name,
        title=(best.title or "Page without a title") if best else "",
        href=_href(folder, LATEST_PAGE) if has_copy else best.href if best else "",
        about=tuple(_about(record)),
        last=own[0] if own else None,
        runs=tuple(own),
        kept=tuple(kept),
    )


def _about(record: Mapping[str, Any]) -> Iterator[str]:
    company, scope, period = (record.get(k) or {} for k in ("company", "scope", "period"))
    yield from (str(x) for x in (company.get("name"), scope.get("label"), period.get("label")) if x)
    if record.get("as_of"):
        yield f"data as of {day_of(record['as_of'])}"
    if record.get("started_at"):
        yield f"made {instant_of(record['started_at'])}"


def _runs(folder: Path) -> Iterator[Run]:
    latest = (_json(folder / LATEST) or {}).get("run_id")
    for path in _folders(folder):
        if not (path / RECORD).is_file():
            continue  # not a run: nothing was ever published here
        record = _json(path / RECORD)
        if record is None:
            yield Run(path.name, "unreadable", "", "", "", "", "", (), False, False)
        else:
            yield _run(path, record, is_latest=path.name == latest)


def _run(path: Path, record: Mapping[str, Any], *, is_latest: bool) -> Run:
    page = str(record.get("page") or "")
    started = str(record.get("started_at") or "")
    overrides = _differing(record)
    return Run(
        run_id=path.name,
        status=str(record.get("status") or "unreadable"),
        title=str(record.get("title") or ""),
        as_of=day_of(record["as_of"]) if record.get("as_of") else "",
        started=instant_of(started) if started else "",
        took=duration_of(record.get("duration_s")),
        href=_href(path, page) if page and (path / page).is_file() else "",
        overrides=tuple((str(k), str(v)) for k, v in overrides.items()),
        is_kept=bool(overrides),
        is_latest=is_latest,
    )


def _differing(record: Mapping[str, Any]) -> dict[str, Any]:
    """What sets a run apart from its case: overridden parameters, and a company that the case does not name."""
    found, company = dict(record.get("overrides") or {}), record.get("company") or {}
    if company.get("of_case") is False:
        found.setdefault("company", company.get("file", ""))
    return found


def _href(folder: Path, name: str) -> str:
    """Return the link from the index: report, case and the rest, each part quoted."""
    depth = 2 if name == LATEST_PAGE else 3
    return "/".join(quote(part) for part in (*folder.parts[-depth:], *Path(name).parts))


def _json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, None if it is missing or not one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _replace(path: Path, text: str) -> None:
    """Put ``text`` in place of the file at once: a reader sees the old page or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".index-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
