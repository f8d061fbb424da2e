"""``bizops check``: the data against the contract, and the sections of every report that they can support."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from bizops.company import DEFAULT_FILE, Company, load_company, unknown_metrics
from bizops.errors import InputError
from bizops.reports import base
from bizops.reports.base import Report
from bizops.runs import clock
from bizops.runs.typed import from_text
from bizops.schema import CONTRACT_VERSION
from bizops.schema.check import Violation
from bizops.schema.data import Data
from bizops.sources import CheckReport, check_data

# optional in every table, and without them no section is off
_SELDOM = ("source", "source_id", "extracted_at")


def check_document(company_file: str | None, as_of: str | None) -> dict[str, Any]:
    """Return what is wrong with a company's data, what was read, and what each report can show of it.

    ``errors`` are broken rules of the contract; while there is one, no report is made. A report that the data cannot
    carry at all says why in ``refused``; ``settings_warnings`` are settings that nothing reads. ``quality`` is what a
    report's data quality panel shows, changes made by a mapping included. A section that is off names what it lacks.
    """
    company = load_company(company_file)
    day = _day(as_of, company)
    found = check_data(company, day)
    with found.data as data:
        good = not found.violations
        reports = [_support(base.find_report(name), data, day if good else None) for name in base.report_names()]
    return {
        "version": "1.0",
        "contract": CONTRACT_VERSION,
        "company": found.company,
        "settings": company_file or DEFAULT_FILE,
        "as_of": day.isoformat(),
        "errors": [_told(v) for v in found.violations],
        "warnings": [_told(v) for v in found.warnings],
        "settings_warnings": [*_unknown_metrics(company), *base.unknown_events(company_file or DEFAULT_FILE)],
        "quality": found.quality.to_dict("records"),
        "tables": _tables(found),
        "reports": reports,
    }


def _unknown_metrics(company: Company) -> list[str]:
    """A sentence on settings of metrics that there are not, with the nearest ids; nothing ever reads them."""
    known = {id_ for name in base.report_names() for id_ in getattr(base.find_report(name).module, "METRICS", ())}
    told = unknown_metrics(company, known) if known else ""
    return [told] if told else []


def _day(as_of: str | None, company: Company) -> date:
    if as_of is None:
        return company.as_of or clock.today(company.zone)
    try:
        day: date = from_text(as_of, date)
    except ValueError as error:
        raise InputError(str(error), where="--as-of", fix="write for example --as-of 2026-09-30") from None
    return day


def _told(violation: Violation) -> dict[str, Any]:
    return {**asdict(violation), "text": str(violation)}


def _tables(found: CheckReport) -> list[dict[str, Any]]:
    return [
        {
            "table": str(t.table),
            "origin": str(t.origin),
            "rows": int(str(t.rows)),
            "excluded": t.excluded,
            "missing": list(t.missing),  # type: ignore[arg-type]
        }
        for t in found.tables.itertuples()
    ]


def _support(report: Report, data: Data, day: date | None) -> dict[str, Any]:
    """The sections of a report, each with the reason for which it is off, and why there can be no report (empty: none).

    Without a ``day`` the data are broken, and what a report would refuse in them is not asked.
    """
    sections = [{"id": s.id, "title": s.title, "off": s.off(data)} for s in report.sections]
    refused = _refusal(report, data, day) if day is not None else ""
    return {"name": report.name, "title": report.title, "refused": refused, "sections": sections}


def _refusal(report: Report, data: Data, day: date) -> str:
    """Why the report, with its own defaults, cannot be made of these data; empty if it can."""
    if any(f.is_required() for f in report.params.model_fields.values()):
        return ""  # what it would be asked for is not known here
    try:
        report.params.model_validate({"as_of": day}).resolved(data.company, day).check(data)
    except InputError as error:
        return str(error.problem)
    return ""


def check_text(document: dict[str, Any]) -> str:
    """Return the check for people: what is wrong first, then what was read, then what the reports can show."""
    errors, warnings = document["errors"], document["warnings"]
    lines = [f"{document['company']} ({document['settings']}), as of the end of {document['as_of']}", ""]
    lines += _listed(f"{_counted(errors, 'error')}: no report is made until it is mended", errors) if errors else []
    lines += _listed(_counted(warnings, "warning"), warnings) if warnings else []
    told = {w["text"] for w in warnings} | {w["says"] for w in warnings}
    handled = [q for q in document["quality"] if q["rows"] and not _is_told(q, told) and q["severity"] != "error"]
    if handled:
        lines += ["Changed or left out", *(f"  {_place(q)}: {q['detail']}" for q in handled), ""]
    lines += ["Tables", *(_table(t) for t in document["tables"]), ""]
    for report in document["reports"]:
        lines.append(f"{report['name']}: {report['title']}")
        lines += [f"  cannot run: {report['refused']}"] if report["refused"] else []
        lines += [f"  {'off' if s['off'] else 'on ':<3}  {s['title']}{_because(s)}" for s in report["sections"]]
        lines.append("")
    return "\n".join([*lines, *_verdict(document)])


def _verdict(document: dict[str, Any]) -> list[str]:
    """The last words: whether the contract is kept, which reports cannot run all the same, what the settings lack."""
    errors, settings = document["errors"], document["settings_warnings"]
    stuck = [report["name"] for report in document["reports"] if report["refused"]]
    lines = ["the data keep the contract" if not errors else f"{_counted(errors, 'error')}; see the top of this list"]
    lines += [f"these reports cannot run on them: {', '.join(stuck)}"] if stuck else []
    return lines + [f"{document['settings']}: {problem}" for problem in settings]


def _listed(heading: str, violations: list[dict[str, Any]]) -> list[str]:
    return [heading, *(f"  {v['text']}" for v in violations), ""]


def _counted(items: list[Any], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"


def _is_told(quality: dict[str, Any], told: set[str]) -> bool:
    return any(quality["detail"] in text for text in told)


def _place(quality: dict[str, Any]) -> str:
    return f"{quality['table']}.{quality['column']}" if quality["column"] else str(quality["table"])


def _table(table: dict[str, Any]) -> str:
    columns = [c for c in table["missing"] if c not in _SELDOM]
    missing = f"; not there: {', '.join(columns)}" if columns else ""
    return f"  {table['table']:<24} {table['rows']:>10,} rows  {table['origin']}{missing}"


def _because(section: dict[str, Any]) -> str:
    return f": {section['off']}" if section["off"] else ""
