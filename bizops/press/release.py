"""The files of a run by edition: which there are, what is in them, and which could not be made.

The leadership edition lies at the top of a run's folder, the others in ``editions/<name>/``. Links between the files of
an edition are relative, so that an edition may be copied away whole and still works.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bizops.errors import RunError
from bizops.findings import collect
from bizops.language import say, speaking
from bizops.press.claims import require_support
from bizops.press.compare import seen_from
from bizops.press.downloads import findings_of, tables_of
from bizops.press.editions import EDITIONS, edition_of, editions_of
from bizops.press.mail import mail
from bizops.press.page import locale_of, render
from bizops.press.pdf import printed
from bizops.press.workbook import workbook

PAGE, WORKBOOK, MAIL, PAPER, FINDINGS = "report.html", "report.xlsx", "report.eml", "report.pdf", "findings.json"
Files = dict[str, str | bytes]


@dataclass(frozen=True)
class Release:
    """The files of all editions by their path in the run's folder, and what ``run.json`` says of the editions."""

    files: Files = field(default_factory=dict)
    editions: dict[str, dict[str, Any]] = field(default_factory=dict)


def release(notebook: Mapping[str, Any], record: Mapping[str, Any], *, pdf: bool = True) -> Release:
    """Return the files of every edition of a run.

    Parameters
    ----------
    notebook
        The executed notebook, whole.
    record
        The run's record (``run.json``).
    pdf
        Whether the leadership and manager editions get a PDF.

    Raises
    ------
    InputError
        An output is of another version of the wire form.
    RunError
        Two different exhibits share an id, there are two answers, KPI strips, or lists of asks, or the prose contains
        a number without a finding behind it.
    """
    made = Release()
    open_to_all = edition_of(notebook, "leadership")
    with speaking(locale_of(record)):
        for edition in editions_of(record):
            cut = edition_of(notebook, edition)
            require_support(cut)  # a number that only others may see is no support here
            folder = "" if edition == "leadership" else f"editions/{edition}/"
            files, not_made = _files(cut, edition, record, pdf=pdf)
            files[PAGE] = seen_from(str(files[PAGE]), folder)
            if edition != "analyst":
                _try(MAIL, partial(_mail, open_to_all, edition, record, folder, files), files, not_made)
            made.files.update({f"{folder}{name}": content for name, content in files.items()})
            made.editions[edition] = {"files": sorted(f"{folder}{name}" for name in files), "not_made": not_made}
    return made


def _files(
    notebook: Mapping[str, Any], edition: str, record: Mapping[str, Any], *, pdf: bool
) -> tuple[Files, dict[str, str]]:
    """Return the files of one edition by name, and why others were not made; ``notebook`` is that of the edition."""
    findings = findings_of(notebook, {**record, "edition": edition})
    files: Files = {f"tables/{name}.csv": text for name, text in tables_of(notebook).items()}
    files[FINDINGS] = json.dumps(findings, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    files[WORKBOOK] = workbook(findings, notebook, record, say(EDITIONS[edition]))
    not_made: dict[str, str] = {}
    if edition != "analyst" and pdf:
        _try(PAPER, partial(_paper, notebook, edition, record), files, not_made)
    files[PAGE] = render(notebook, edition, record, beside=[name for name in (WORKBOOK, PAPER) if name in files])
    return files, not_made


def _try(name: str, make: Callable[[], bytes], files: Files, not_made: dict[str, str]) -> None:
    """Add a file that a good run may lack; record and command line tell which are missing and why."""
    try:
        files[name] = make()
    except RunError as error:
        not_made[name] = str(error)


def _mail(open_to_all: Mapping[str, Any], edition: str, record: Mapping[str, Any], folder: str, files: Files) -> bytes:
    """Return the mail of an edition: what all readers may see, and the way to the edition's own files."""
    run = "/".join(str(record.get(key) or "") for key in ("report", "case", "run_id"))
    beside = [name for name in (PAGE, PAPER, WORKBOOK) if name in files]
    return mail(collect(open_to_all), record, edition=say(EDITIONS[edition]), folder=f"{run}/{folder}", beside=beside)


def _paper(notebook: Mapping[str, Any], edition: str, record: Mapping[str, Any]) -> bytes:
    """Return the PDF of an edition, with the label of confidentiality at every foot."""
    company = record.get("company") or {}
    footer = " · ".join(filter(None, (company.get("confidentiality"), company.get("name"))))
    return printed(render(notebook, edition, record), footer=footer, moment=str(record.get("finished_at") or ""))
