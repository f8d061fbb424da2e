"""``bizops publish``: one edition of a run, copied to where its readers find it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bizops.company import project_root
from bizops.reports import base
from bizops.runs.cases import DEFAULT
from bizops.runs.handout import hand_out


def publish_edition(
    report: str, case: str | None, edition: str, to: Path, run_id: str | None, out: Path | None
) -> dict[str, Any]:
    """Copy an edition and return what was copied; raises `InputError` for an unknown report, edition or run."""
    name = base.find_report(report).name
    outputs = out if out is not None else project_root() / "outputs"
    made = hand_out(outputs.resolve() / name / (case or DEFAULT), edition, to.absolute(), run_id or "")
    return {
        "version": "1.0",
        "report": name,
        "case": case or DEFAULT,
        "run_id": made.run_id,
        "edition": made.edition,
        "folder": str(made.folder),
        "files": list(made.files),
    }


def published_text(document: dict[str, Any]) -> str:
    """Return what was copied, for people."""
    what = f"{document['edition']} edition of {document['report']}/{document['case']}, run {document['run_id']}"
    return f"published {what}: {len(document['files'])} files\n         {document['folder']}"
