"""The site over all reports: what every case says now, a search over all of it, and a page per metric.

Everything is read from the records that the runs left, so that the site can be rebuilt at any time and says the same.
Links are relative and nothing is fetched: the folder can be moved, zipped, or opened from a file share.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bizops import language
from bizops.findings import anchor
from bizops.language import say
from bizops.press.metric_pages import MetricEntry, metrics
from bizops.press.shelf import CaseEntry, cases
from bizops.press.templates import FOLDER, fill

INDEX = "index.html"
METRICS = "_site/metrics"


def build_site(outputs: Path, catalogue: Iterable[Mapping[str, Any]] = ()) -> Path:
    """Write ``outputs/index.html`` and a page per metric from the runs below ``outputs``; return the index's path.

    Every file appears whole or not at all; pages of metrics that are gone are removed. The site speaks the language of
    the newest page. Folders whose names start with ``_`` or ``.`` are not reports.

    Parameters
    ----------
    catalogue
        Records of all registered metrics (`bizops.press.metric_pages.metrics`), so that also those have a page that no
        report shows yet.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    with language.speaking(_locale(outputs)):
        found = cases(outputs)
        entries = metrics(found, catalogue)
        for name, page in _metric_pages(entries):
            _replace(outputs / METRICS / name, page)
        _remove_gone(outputs / METRICS, {m.file for m in entries} | {INDEX} if entries else set())
        index = outputs / INDEX
        _replace(index, _index(found, entries))
    return index


def _locale(outputs: Path) -> str:
    """The language of the newest page, the house's where there is none or it is not known any more."""
    newest = max((c for c in cases(outputs) if c.locale), key=lambda c: c.as_of, default=None)
    known = newest is not None and newest.locale.split("-")[0] in {"en", *language.languages()}
    return newest.locale if newest is not None and known else language.DEFAULT


def _index(found: Sequence[CaseEntry], entries: Sequence[MetricEntry]) -> str:
    reports = {name: [c for c in found if c.report == name] for name in sorted({c.report for c in found})}
    failed = [c for c in found if c.last is not None and c.last.status != "ok"]
    stale = [c for c in found if c.is_stale]
    return _filled(
        "site.html.j2",
        title=say("Reports"),
        reports=reports,
        n_cases=len(found),
        failed=failed,
        stale=stale,
        metrics=entries,
        data=_search_data(found, entries),
    )


def _metric_pages(entries: Sequence[MetricEntry]) -> Iterator[tuple[str, str]]:
    """Yield file name and text of the list of metrics and of every metric's page; nothing without metrics."""
    if entries:
        yield INDEX, _filled("site_metrics.html.j2", title=say("Metrics"), metrics=entries)
    for metric in entries:
        yield metric.file, _filled("site_metric.html.j2", title=f"{metric.name} ({metric.id})", metric=metric)


def _search_data(found: Sequence[CaseEntry], entries: Sequence[MetricEntry]) -> Markup:
    """Return what the search box looks through, as JSON that no text can break out of: words, kind, place, link."""
    items = [item for case in found if case.href for item in _case_items(case)]
    kind = say("Metric")
    items += [{"t": f"{m.name} ({m.id})", "k": kind, "w": m.definition, "h": f"{METRICS}/{m.file}"} for m in entries]
    text = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _case_items(case: CaseEntry) -> Iterator[dict[str, str]]:
    """Yield the title, the answer and every finding of a case's latest page."""
    where = f"{case.heading}: {case.case}"
    answer = case.findings.get("answer") or {}
    told = [str(s) for s in answer.get("sentences") or ()]
    about = " ".join(case.about)
    yield {"t": case.title, "k": say("Report"), "w": f"{where} {about} {' '.join(told)}", "h": case.href, "p": where}
    for finding in case.findings.get("findings") or ():
        if (sentence := str(finding.get("sentence") or "")) and sentence not in told:
            place = f"#{anchor('finding', str(finding.get('id', '')))}"
            yield {"t": sentence, "k": say("Finding"), "w": "", "h": f"{case.href}{place}", "p": where}


def _filled(template: str, **values: Any) -> str:
    """Return a page of the site: its own style sheet and script count too."""
    page = fill(template, site_style=_style(), site_script=_script(), **values)
    page = page.replace("; style-src ", f"; style-src {_hash(_style())} ", 1)
    return page.replace("; script-src ", f"; script-src {_hash(_script())} ", 1)


@cache
def _style() -> Markup:
    rules = re.sub(r"/\*.*?\*/", "", (FOLDER / "site.css").read_text(encoding="utf-8"), flags=re.S)
    return Markup("".join(line.strip() for line in rules.splitlines()))


@cache
def _script() -> Markup:
    lines = (line.strip() for line in (FOLDER / "site.js").read_text(encoding="utf-8").splitlines())
    return Markup("\n".join(line for line in lines if line and not line.startswith("//")))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _remove_gone(folder: Path, kept: set[str]) -> None:
    """Remove pages of metrics that are neither registered nor shown any more, and folders left empty by that."""
    if not folder.is_dir():
        return
    for path in folder.glob("*.html"):
        if path.name not in kept:
            path.unlink()
    for empty in (folder, folder.parent):
        if not any(empty.iterdir()):
            empty.rmdir()


def _replace(path: Path, text: str) -> None:
    """Put ``text`` in place of the file at once: a reader sees the old page or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
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
