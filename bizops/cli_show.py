"""``bizops list`` and ``bizops describe``: what there is, as a document for programs and as text for people."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from bizops.company import POLICIES, project_root
from bizops.errors import InputError
from bizops.reports import base
from bizops.reports.base import Report
from bizops.runs.cases import case_names, read_cases
from bizops.runs.publish import latest
from bizops.runs.typed import choices, expected

_WIDTH = 100


def reports_document(out: Path | None) -> dict[str, Any]:
    """Return every report with its cases and the latest page of each below ``out`` (default: outputs/)."""
    root = project_root()
    folder = out if out is not None else root / "outputs"
    return {"version": "1.0", "reports": [_listed(base.find_report(n), root, folder) for n in base.report_names()]}


def _listed(report: Report, root: Path, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"name": report.name, "title": report.title, "question": report.question}
    try:
        cases = read_cases(root, report.name)
    except InputError as error:
        return {**found, "cases": [], "error": str(error)}
    entries = [{"name": name, "latest": latest(folder / report.name / name)} for name in cases]
    return {**found, "cases": entries, "error": None}


def reports_text(document: dict[str, Any]) -> str:
    """Return the list of reports for people."""
    lines: list[str] = []
    for report in document["reports"]:
        lines += [f"{report['name']}: {report['title']}", *_wrapped(report["question"])]
        lines += [f"    {case['name']:<24} {_latest(case['latest'])}" for case in report["cases"]]
        lines += [f"    error: {report['error']}"] if report["error"] else []
        lines.append("")
    return "\n".join(lines).rstrip() or "no reports; write one with `bizops new NAME`"


def _latest(pointer: dict[str, Any] | None) -> str:
    return f"latest as of {pointer['as_of']}, run {pointer['run_id']}" if pointer else "no page yet"


def description_document(name: str) -> dict[str, Any]:
    """Return everything that a report says of itself: parameters, sections with their needs, policies, cases."""
    report = base.find_report(name)
    return {
        "version": "1.0",
        "name": report.name,
        "title": report.title,
        "question": report.question,
        "parameters": [_parameter(n, f) for n, f in report.params.model_fields.items()],
        "sections": [
            {"id": s.id, "title": s.title, "needs": {t: list(c) for t, c in s.needs.items()}} for s in report.sections
        ],
        "policies": [{"id": p, "name": POLICIES[p].name, "meaning": POLICIES[p].meaning} for p in report.policies],
        "cases": case_names(project_root(), report.name),
    }


def _parameter(name: str, field: Any) -> dict[str, Any]:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return {
        "name": name,
        "type": expected(field.annotation),
        "choices": list(choices(field.annotation)),
        "required": field.is_required(),
        "default": default if isinstance(default, str | int | float | bool | list | None) else str(default),
        "meaning": field.description or "",
    }


def description_text(document: dict[str, Any]) -> str:
    """Return a report's description for people."""
    lines = [f"{document['name']}: {document['title']}", *_wrapped(document["question"]), "", "Parameters"]
    for parameter in document["parameters"]:
        lines.append(f"  {parameter['name']} ({parameter['type']}; {_default(parameter)})")
        lines += _wrapped(parameter["meaning"])
    lines += ["", "Sections, and the data without which a section is switched off"]
    for section in document["sections"]:
        lines.append(f"  {section['id']}: {section['title']}")
        needs = (f"{t} ({', '.join(c)})" if c else t for t, c in section["needs"].items())
        lines += _wrapped("needs " + "; ".join(needs) if section["needs"] else "needs nothing of its own")
    lines += ["", "Policy settings that it honours (params/company.yaml)"]
    lines += [f"  {p['id']} {p['name']}: {p['meaning']}" for p in document["policies"]] or ["  none"]
    return "\n".join([*lines, "", f"Cases: {', '.join(document['cases']) or 'none'}"])


def _default(parameter: dict[str, Any]) -> str:
    if parameter["required"]:
        return "required"
    default = parameter["default"]
    if isinstance(default, bool):
        return f"default: {str(default).lower()}"
    return f"default: {default}" if default not in (None, "", []) else "default: none"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
