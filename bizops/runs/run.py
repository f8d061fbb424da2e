"""Running cases: prepared, executed, laid out, recorded, published; one failing run fails alone."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bizops import language, press
from bizops.errors import BizopsError, InputError
from bizops.periods import Calendar
from bizops.press.document import Payload
from bizops.runs import clock
from bizops.runs.baseline import choose, settings_of
from bizops.runs.execute import CELL_TIMEOUT_S, Execution, Failure, execute
from bizops.runs.folders import strip
from bizops.runs.inputs import changed_tables, file_stats, personal_values
from bizops.runs.prepare import Prepared, Request, prepare
from bizops.runs.provenance import packages, python
from bizops.runs.publish import latest, locked, publish, settle, staged, write
from bizops.runs.record import Record, between, dumps, error_of, new_run_id, refusal
from bizops.runs.since import Since

PAGE, FAILURE_PAGE = "report.html", "failure.html"


class Progress(Protocol):
    """Who is told how far the runs are."""

    def started(self, label: str) -> None:
        """A case begins."""

    def advanced(self, done: int, total: int) -> None:
        """``done`` of the ``total`` cells of the case are behind."""

    def finished(self, record: Record) -> None:
        """A case has ended, well or not."""


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: a record a case, refused ones included, and the site's index if anything ran.

    ``trouble`` holds tracebacks of failures outside the notebooks, for ``--debug``; they are never written.
    """

    records: tuple[Record, ...]
    site: Path | None = None
    trouble: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 if all is good, 2 if nothing was executed, else 1."""
        if all(r.status == "refused" for r in self.records):
            return 2
        return 0 if all(r.ok for r in self.records) else 1


def run_all(
    requests: Iterable[Request],
    root: Path,
    out: Path,
    *,
    progress: Progress | None = None,
    cell_timeout_s: int = CELL_TIMEOUT_S,
    catalogue: Sequence[Mapping[str, Any]] = (),
) -> Outcome:
    """Run every request, one after another, and rebuild the site below ``out`` if anything was executed.

    A refused case and a failing run are records like the others; neither stops the rest. ``catalogue`` holds records of
    all registered metrics, for the site's pages on those that no report shows.
    """
    records: list[Record] = []
    trouble: dict[str, str] = {}
    for request in requests:
        if progress is not None:
            progress.started(f"{request.report.name}/{request.case}")
        try:
            record = run_case(request, root, out, progress=progress, cell_timeout_s=cell_timeout_s, trouble=trouble)
        except InputError as error:
            record = refusal(request.report.name, request.case, error)
        records.append(record)
        if progress is not None:
            progress.finished(record)
    ran = any(r.status != "refused" for r in records)
    return Outcome(tuple(records), _site(out, catalogue) if ran else None, trouble)


def _site(out: Path, catalogue: Sequence[Mapping[str, Any]]) -> Path:
    """Rebuild the index; one process at a time, so that the last one to end has seen every page."""
    with locked(out):
        return press.build_site(out, catalogue)


def run_case(
    request: Request,
    root: Path,
    out: Path,
    *,
    progress: Progress | None = None,
    cell_timeout_s: int = CELL_TIMEOUT_S,
    trouble: dict[str, str] | None = None,
) -> Record:
    """Run one case and publish it below ``out``; the site is left to the caller.

    Returns
    -------
    Record
        Of a good run, published as the latest of its case if it may be; or of a failed one, published with a failure
        page, the latest left where it is.

    Raises
    ------
    InputError
        Bad input; nothing was executed or written.
    OSError
        The run could not be written; what was staged of it is removed.
    """
    started = clock.now()
    prepared = prepare(request, root)
    folder = out / request.report.name / prepared.case
    settle(folder)
    calendar = Calendar(prepared.company)
    company, parameters = prepared.company.name, prepared.parameters
    baseline = choose(folder, request.baseline, company, calendar, prepared.period, parameters)
    since = Since(baseline, root, folder, cell_timeout_s)
    execution = execute(
        prepared.notebook,
        prepared.parameters,
        root,
        cell_timeout_s=cell_timeout_s,
        advance=progress.advanced if progress is not None else None,
    )
    strip(execution.notebook, root)
    record = _record(prepared, execution, started, previous=(latest(folder) or {}).get("run_id"))
    record = replace(record, baseline=baseline.run_id or None)
    failure = execution.failure or _changed(prepared, root)
    files: dict[str, str | bytes] = {}
    if failure is None:
        try:
            record, files = _good(record, execution, prepared, since)
        except Exception as error:  # noqa: BLE001  a page that cannot be laid out is a failed run, told as one
            failure = Failure(type(error).__name__, str(error))
            if trouble is not None:
                trouble[record.run_id] = traceback.format_exc()
    if failure is not None:
        record, files = _failed(record, failure, prepared, execution, root)
    return _publish(record, files, execution, folder)


def _record(prepared: Prepared, execution: Execution, started: datetime, previous: str | None) -> Record:
    """The record of an execution as far as it is known before the page is made."""
    period = prepared.period
    return Record(
        report=prepared.report.name,
        report_title=prepared.report.title,
        case=prepared.case,
        status="ok",
        run_id=new_run_id(started),
        parameters=prepared.parameters,
        overrides=prepared.overrides,
        origins=prepared.origins,
        command=prepared.command,
        company={
            "name": prepared.company.name,
            "file": prepared.company_file,
            "of_case": prepared.company_of_case,
            "confidentiality": prepared.company.brand.confidentiality,
            "contact": prepared.company.brand.contact,
            "site_url": prepared.company.brand.site_url,
        },
        as_of=prepared.as_of.isoformat(),
        period={
            "key": period.key,
            "label": period.label,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
        },
        scope=prepared.scope,
        locale=prepared.locale,
        **between(started, clock.now()),
        cells=execution.cells,
        data=prepared.data,
        data_window=prepared.data_window,
        code=vars(prepared.code),
        packages=packages(),
        python=python(),
        previous=previous,
        settings=settings_of(prepared.company),
    )


def _good(
    record: Record, execution: Execution, prepared: Prepared, since: Since
) -> tuple[Record, dict[str, str | bytes]]:
    """The record of a complete run and the files of all its editions."""
    record = replace(record, page=PAGE, is_latest_candidate=not record.overrides)
    with language.speaking(prepared.locale):
        notebook = press.edited(execution.notebook, prepared.edits)
    findings = press.findings_of(press.edition_of(notebook, "leadership"), record.document())
    record = replace(record, title=str(findings["title"] or prepared.report.title))
    # what the run itself has to say joins the notebook here, before editions are cut from it
    payloads: tuple[Payload, ...] = (since.told(prepared, findings, record),)
    made = press.release(press.with_payloads(notebook, payloads), record.document(), pdf=prepared.company.pdf)
    return replace(record, editions=made.editions), made.files


def _failed(
    record: Record, failure: Failure, prepared: Prepared, execution: Execution, root: Path
) -> tuple[Record, dict[str, str | bytes]]:
    """The record of a failed run and its failure page."""
    error = error_of(failure, root)
    if failure.type != "RunError":  # the wording of these is ours, and they come from outside the notebook
        error["message"] = _without_personal_values(error["message"], prepared)
    record = replace(record, status="failed", title="", page=FAILURE_PAGE, is_latest_candidate=False, error=error)
    return record, {FAILURE_PAGE: press.failure_page(record.document(), execution.notebook)}


def _publish(record: Record, files: Mapping[str, str | bytes], execution: Execution, folder: Path) -> Record:
    import nbformat

    with staged(folder, record.run_id) as stage:
        for name, content in files.items():
            write(stage, name, content)
        write(stage, "notebook.ipynb", nbformat.writes(execution.notebook) + "\n")  # type: ignore[no-untyped-call]
        write(stage, "run.json", dumps(record.document()))
        publish(stage, folder, record.run_id)
    return record


def _changed(prepared: Prepared, root: Path) -> Failure | None:
    """A page is made from one state of the data; say so if a table was replaced while the notebook read it."""
    if prepared.files is not None and prepared.files == file_stats(prepared.company):
        return None
    told = "the data changed while the report was being made"
    try:
        changed = changed_tables(prepared.company, prepared.as_of, prepared.data, root)
    except BizopsError:
        return Failure("RunError", f"{told} and cannot be read any more; `bizops check` says why")
    return Failure("RunError", f"{told}: {', '.join(changed)}; run it again") if changed else None


def _without_personal_values(message: str, prepared: Prepared) -> str:
    """The message without any value of a personal column, and without anything if that cannot be told."""
    try:
        values = personal_values(prepared.company, prepared.as_of, message)
    except Exception:  # noqa: BLE001  nothing is lost: the notebook beside the record holds the message
        return "left out, because the data could not be searched for personal values in it; see the notebook"
    for value in values:
        message = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", message)
    return message
