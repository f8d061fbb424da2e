"""What the runs below ``outputs`` left, case by case: latest good page, last run, history, and the latest documents."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bizops import numbers
from bizops.language import say
from bizops.press.words import about_run, day_of, duration_of, instant_of
from bizops.theme import STATUS, Mark

RECORD, FINDINGS = "run.json", "findings.json"
LATEST, LATEST_PAGE = "latest.json", "latest.html"
# A page that is so many days behind the newest one of the folder is called stale.
STALE_AFTER_DAYS = 7
_CHANGES_SHOWN = 2
_LISTS = ("kpis", "findings", "tracked", "definitions")


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
class Headline:
    """The first card of a page: label, value, and its status as icon and word."""

    label: str
    value: str
    mark: Mark


@dataclass(frozen=True)
class CaseEntry:
    """One case: its latest good page, its runs (newest first), and those made with other parameters than its own.

    ``findings`` is the findings document of that page and ``as_of`` its day; ``behind`` are the days that it is older
    than the newest page of the folder, None if that cannot be told.
    """

    report: str
    heading: str
    case: str
    title: str
    href: str
    about: tuple[str, ...]
    last: Run | None
    runs: tuple[Run, ...]
    kept: tuple[Run, ...]
    as_of: str = ""
    locale: str = ""
    period: str = ""
    behind: int | None = None
    findings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_stale(self) -> bool:
        """Whether the page is more than a week older than the newest one."""
        return self.behind is not None and self.behind > STALE_AFTER_DAYS

    @property
    def headline(self) -> Headline | None:
        """The first card of the page, None for a page without cards."""
        card = next(iter(self.findings.get("kpis") or ()), None)
        if not isinstance(card, Mapping) or card.get("unit") not in numbers.UNITS:
            return None
        value = numbers.quantity(
            card.get("value"), card["unit"], currency=str(card.get("currency") or ""), n=card.get("n")
        )
        return Headline(str(card.get("label", "")), value, STATUS.get(str(card.get("status")), STATUS["no_target"]))

    @property
    def changes(self) -> tuple[str, ...]:
        """The first two sentences on the comparison with the run before and on what changed, or why there are none."""
        found = self.findings.get("changes") or {}
        shown = [
            c for c in found.get("items") or () if isinstance(c, Mapping) and c.get("id") in found.get("shown", ())
        ]
        told = [found.get("remark"), *(c.get("sentence") for c in shown), found.get("reason")]
        return tuple([str(t) for t in told if t][:_CHANGES_SHOWN])


def cases(outputs: Path) -> list[CaseEntry]:
    """Return every case that has a run below ``outputs``, by report and name.

    Folders whose names start with ``_`` or ``.`` are not reports; a run whose record cannot be read is listed as such.
    """
    found = [
        _case(folder, runs) for report in _folders(outputs) for folder in _folders(report) if (runs := _runs(folder))
    ]
    newest = max((c.as_of for c in found), default="")
    return [replace(c, behind=_days(c.as_of, newest)) for c in found]


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, None if it is missing or not one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _days(day: str, newest: str) -> int | None:
    try:
        return (dt.date.fromisoformat(newest) - dt.date.fromisoformat(day)).days
    except ValueError:
        return None


def _folders(parent: Path) -> list[Path]:
    return sorted(p for p in parent.iterdir() if p.is_dir() and p.name[0] not in "_.")


def _case(folder: Path, runs: Sequence[Run]) -> CaseEntry:
    own, kept = [r for r in runs if not r.is_kept], [r for r in runs if r.is_kept]
    best = next((r for r in own if r.is_latest), None) or next((r for r in own if r.status == "ok"), None)
    has_copy = best is not None and best.is_latest and (folder / LATEST_PAGE).is_file()
    record = (read_json(folder / best.run_id / RECORD) or {}) if best else {}
    findings = _sound(read_json(folder / best.run_id / FINDINGS) or {}) if best else {}
    return CaseEntry(
        report=folder.parent.name,
        heading=str(record.get("report_title") or folder.parent.name.replace("_", " ")),
        case=folder.name,
        title=(best.title or say("Page without a title")) if best else "",
        href=_href(folder, LATEST_PAGE) if has_copy else best.href if best else "",
        about=tuple(_about(record)),
        last=own[0] if own else None,
        runs=tuple(own),
        kept=tuple(kept),
        as_of=str(record.get("as_of") or ""),
        locale=str(record.get("locale") or ""),
        period=str((record.get("period") or {}).get("label") or ""),
        findings=findings,
    )


def _sound(findings: Mapping[str, Any]) -> dict[str, Any]:
    """A findings document without what is not of the form that it should be: a damaged one must not stop the site."""
    kept = {k: v for k, v in findings.items() if k not in _LISTS}
    for key in ("period", "scope", "answer", "changes"):
        if not isinstance(kept.get(key), Mapping):
            kept[key] = {}
    for part, name in (("answer", "sentences"), ("changes", "items"), ("changes", "shown")):
        if not isinstance(kept[part].get(name, []), list):
            kept[part] = {}
    for key in _LISTS:
        items = findings.get(key)
        kept[key] = [i for i in items if _is_sound(i, key)] if isinstance(items, list) else []
    return kept


def _is_sound(item: Any, key: str) -> bool:
    """Whether a record of a list has the fields that the site reads, each of its type."""
    if not isinstance(item, Mapping):
        return False
    if any(not isinstance(item.get(name), (int, float, type(None))) for name in ("value", "n")):
        return False
    if key == "tracked":
        return all(isinstance(item.get(name), str) for name in ("metric", "period"))
    policies = item.get("policies", [])
    return isinstance(policies, list) and all(isinstance(p, Mapping) for p in policies)


def _about(record: Mapping[str, Any]) -> Iterator[str]:
    yield from about_run(record)
    if record.get("started_at"):
        yield say("made {instant}", instant=instant_of(record["started_at"]))


def _runs(folder: Path) -> list[Run]:
    """The runs in a case's folder, newest first: ids sort by time."""
    latest = (read_json(folder / LATEST) or {}).get("run_id")
    found = []
    for path in _folders(folder):
        if not (path / RECORD).is_file():
            continue  # not a run: nothing was ever published here
        record = read_json(path / RECORD)
        if record is None:
            found.append(Run(path.name, "unreadable", "", "", "", "", "", (), False, False))
        else:
            found.append(_run(path, record, is_latest=path.name == latest))
    return sorted(found, key=lambda r: r.run_id, reverse=True)


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
