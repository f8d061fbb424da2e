"""``bizops run``: requests from names, progress on the terminal, the outcome as text or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bizops.company import project_root
from bizops.errors import InputError
from bizops.reports import base
from bizops.reports.base import Report
from bizops.runs.cases import DEFAULT, find_case, from_options, read_cases
from bizops.runs.folders import writable
from bizops.runs.prepare import Request
from bizops.runs.record import Record, refusal
from bizops.runs.run import Outcome, run_all


def run_reports(
    name: str | None,
    case: str | None,
    *,
    overrides: tuple[str, ...],
    as_of: str | None,
    company: str | None,
    baseline: str,
    out: Path | None,
    as_json: bool,
    debug: bool,
) -> int:
    """Run one case of a report, every case of it (``case`` None), or all of all reports (``name`` None too).

    Returns the exit code; raises `InputError` for a name or an option that is wrong for every case.
    """
    root = project_root()
    settings = from_options(overrides)
    reports = [base.find_report(n) for n in ([name] if name else base.report_names())]
    if not reports:
        raise InputError("there is no report", where="bizops/reports", fix="write one with `bizops new NAME`")
    if case is not None:
        find_case(root, reports[0].name, case)
    unreadable: list[Record] = []
    cases = [(reports[0], case)] if case is not None else list(_all_cases(reports, root, unreadable))
    requests = [Request(report, found, settings, as_of, company, baseline) for report, found in cases]
    target = out.resolve() if out is not None else root / "outputs"
    writable(target, "--out" if out is not None else "outputs")
    with _Terminal(len(requests), target, quiet=as_json) as progress:
        for record in unreadable:
            progress.finished(record)
        outcome = run_all(requests, root, target, progress=progress, catalogue=base.catalogue())
    outcome = Outcome((*unreadable, *outcome.records), outcome.site, outcome.trouble)
    if debug:
        click.echo("\n".join(outcome.trouble.values()), err=True)
    if as_json:
        click.echo(json.dumps(_document(outcome, target), indent=2, ensure_ascii=False, allow_nan=False))
    elif outcome.site is not None:
        click.echo(f"index    {_shown(outcome.site)}")
    return outcome.exit_code


def _all_cases(reports: list[Report], root: Path, unreadable: list[Record]) -> Iterator[tuple[Report, str]]:
    """Every case of ``reports``; a case file that cannot be read refuses its report alone."""
    for report in reports:
        try:
            names = list(read_cases(root, report.name))
        except InputError as error:
            unreadable.append(refusal(report.name, DEFAULT, error))
            continue
        yield from ((report, name) for name in names)


def _document(outcome: Outcome, out: Path) -> dict[str, Any]:
    """The outcome as JSON: one entry a case, with the paths that a program opens next."""
    return {
        "version": "1.0",
        "exit_code": outcome.exit_code,
        "index": str(outcome.site) if outcome.site else None,
        "runs": [{**r.document(), "directory": _directory(r, out)} for r in outcome.records],
    }


def _directory(record: Record, out: Path) -> str | None:
    return str(out / record.report / record.case / record.run_id) if record.run_id else None


def _shown(path: Path) -> str:
    """A path as people want to see it: from where they are, if that is above it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _not_made(record: Record) -> Iterator[str]:
    """A line for every file that an edition of a good run lacks, editions that lack it for one reason together."""
    lacking = [(file, why, name) for name, e in record.editions.items() for file, why in e.get("not_made", {}).items()]
    for file, why in dict.fromkeys((file, why) for file, why, _ in lacking):
        names = ", ".join(name for f, w, name in lacking if (f, w) == (file, why))
        yield f"         without {file} ({names}): {why}"


class _Terminal:
    """Progress for people: a bar while a terminal watches, and a line for every case that has ended."""

    def __init__(self, total: int, out: Path, *, quiet: bool) -> None:
        self._out, self._quiet = out, quiet
        self._cases, self._begun, self._done = total, 0, 0.0
        self._bar: Any = None
        if sys.stderr.isatty() and total:
            from tqdm import tqdm

            bar = "{desc} {percentage:3.0f}%|{bar}| {elapsed}"
            self._bar = tqdm(total=float(total), bar_format=bar, leave=False, file=sys.stderr)

    def __enter__(self) -> _Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def started(self, label: str) -> None:
        """Name the case on the bar, or on a line of its own where nobody watches."""
        self._begun += 1
        if self._bar is not None:
            self._bar.set_description_str(f"{label} ({self._begun} of {self._cases})")
        elif not self._quiet:
            click.echo(f"running  {label} ({self._begun} of {self._cases})", err=True)

    def advanced(self, done: int, total: int) -> None:
        """Move the bar by the share of cells that are behind."""
        self._move(self._begun - 1 + done / max(total, 1))

    def finished(self, record: Record) -> None:
        """Tell how the case ended."""
        self._move(float(self._begun))
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.clear()
        click.echo(self._line(record), err=record.status == "refused")
        if self._bar is not None:
            self._bar.refresh()

    def _move(self, to: float) -> None:
        if self._bar is not None and to > self._done:
            self._bar.update(to - self._done)
            self._done = to

    def _line(self, record: Record) -> str:
        name = f"{record.report}/{record.case}"
        error = record.error or {}
        if record.status == "refused":
            return f"refused  {name}\nerror: {error['message']}"
        page = _shown(Path(str(_directory(record, self._out))) / record.page)
        what = f"{(record.period or {}).get('label', '')}, as of {record.as_of}, {record.duration_s:.1f} s"
        if record.ok:
            return "\n".join([f"ok       {name}  {what}", f"         {page}", *_not_made(record)])
        return f"failed   {name}  {error['type']}: {error['message']}\n         {page}"
