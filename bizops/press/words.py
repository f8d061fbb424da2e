"""What records say, in words: days, instants, states."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bizops import numbers
from bizops.findings import anchor, walk
from bizops.language import plural, say

_ADDRESS = re.compile(r"[\s,;(<]*[\w.+-]+@[\w-]+(?:\.[\w-]+)+[)>]?")


def about_run(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a run is about: company, scope, period, and the day as of which it is true, as far as it says so."""
    for name, key in (("company", "name"), ("scope", "label"), ("period", "label")):
        if told := (record.get(name) or {}).get(key):
            yield str(told)
    if record.get("as_of"):
        yield say("data as of {day}", day=day_of(record["as_of"]))


def confidentiality_and_contact(record: Mapping[str, Any], *, with_address: bool = False) -> Iterator[str]:
    """Yield how confidential a report is and whom to ask; what travels names the contact without the address."""
    company = record.get("company") or {}
    if company.get("confidentiality"):
        yield str(company["confidentiality"])
    contact = str(company.get("contact") or "")
    if contact := contact if with_address else _ADDRESS.sub("", contact).strip():
        yield say("questions to {contact}", contact=contact)


def day_of(text: str) -> str:
    """Return the day of an ISO date or instant for people (``4 Oct 2026``), the text itself if it is none."""
    try:
        return numbers.day(dt.date.fromisoformat(str(text)[:10]))
    except ValueError:
        return str(text)


def instant_of(text: str) -> str:
    """Return an ISO instant for people, in the zone it is written in (``5 Oct 2026, 04:15 UTC``)."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    zone = f" {found.tzname()}" if found.tzinfo else ""
    return f"{numbers.day(found)}, {found:%H:%M}{zone}"


def duration_of(seconds: Any) -> str:
    """Return a duration for people: ``0.4 s``, ``41 s``, ``2 min 5 s``."""
    if numbers.is_missing(seconds):
        return numbers.missing()
    if float(seconds) < 60:
        return f"{numbers.fixed(seconds, 1 if float(seconds) < 10 else 0)}{numbers.NBSP}s"
    minutes, rest = divmod(round(float(seconds)), 60)
    return f"{numbers.count(minutes)}{numbers.NBSP}min {rest}{numbers.NBSP}s"


def quality_of(appendices: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """Return state, icon, words and place of the data-quality checks, or None for a page without that appendix.

    The state is read from the column ``result`` (passed, warning or failed) of the appendix's tables, so that the line
    under the title and the panel that it leads to cannot disagree.
    """
    panel = next((a for a in appendices if a["id"] == "quality"), None)
    if panel is None:
        return None
    found = [s for block in walk([panel]) if block["kind"] == "table" for s in _results(block)]
    errors, warnings = found.count("failed"), found.count("warning")
    if errors:
        counted = numbers.count(errors)
        words = plural(errors, "{count} data check failed", "{count} data checks failed", count=counted)
        state, icon = "error", "■"
    elif warnings:
        counted = numbers.count(warnings)
        words = plural(warnings, "{count} data warning", "{count} data warnings", count=counted)
        state, icon = "warning", "▲"
    elif found:
        state, icon, words = "ok", "●", say("all data checks passed")
    else:
        state, icon, words = "none", "○", say("data quality")
    return {"state": state, "icon": icon, "words": words, "href": f"#{anchor('appendix', 'quality')}"}


def _results(table: Mapping[str, Any]) -> list[str]:
    names = [column["name"] for column in table["columns"]]
    at = names.index("result") if "result" in names else None
    return [] if at is None else [str(row[at]) for row in table["rows"]]
