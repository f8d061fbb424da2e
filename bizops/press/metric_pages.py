"""A page per metric: what it means, which reports show it, its value there now, and its history over closed periods.

Definitions come from the latest page that shows the metric; the catalogue handed over adds those that none shows yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bizops import numbers
from bizops.findings import anchor
from bizops.findings.definition import BETTER, UNITS
from bizops.language import message, say
from bizops.press.shelf import CaseEntry
from bizops.press.words import day_of

_ID = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
# A metric that no page shows yet has no currency.
_UNITS = {**UNITS, "money": message("money")}
# Closed periods that a history lists, newest first.
_PERIODS = 16


@dataclass(frozen=True)
class Shown:
    """A metric on the page of one case: the case's words, the value there, and the link to its definition.

    ``value`` is empty where the page explains the metric but states no single value of it.
    """

    case: str
    href: str
    period: str
    value: str
    raw: str
    n: str
    scope: str
    as_of: str
    past: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricEntry:
    """One metric: its definition as stored, and where it is shown."""

    id: str
    name: str
    definition: str
    reading: str
    owner: str
    source: str
    policies: tuple[Mapping[str, str], ...]
    shown: tuple[Shown, ...] = ()

    @property
    def file(self) -> str:
        """The name of its page."""
        return f"{self.id.lower()}.html"

    @property
    def periods(self) -> tuple[tuple[str, str], ...]:
        """Keys and labels of the closed periods in the histories, newest first."""
        found = {key: label for s in self.shown for key, (label, _) in s.past.items()}
        return tuple(sorted(found.items(), reverse=True)[:_PERIODS])


def metrics(entries: Iterable[CaseEntry], catalogue: Iterable[Mapping[str, Any]] = ()) -> list[MetricEntry]:
    """Return every metric that a latest page defines or that ``catalogue`` lists, by id.

    Parameters
    ----------
    catalogue
        Records of all registered metrics: ``id``, ``name``, ``definition``, ``unit``, ``better``, ``source``, ``owner``
        and ``policies`` (id, name, value and meaning).
    """
    stored: dict[str, tuple[str, Mapping[str, Any]]] = {}
    shown: dict[str, list[Shown]] = {}
    for entry in entries:
        for definition in entry.findings.get("definitions") or ():
            id_ = str(definition.get("id", ""))
            if _ID.fullmatch(id_) and entry.href:
                if id_ not in stored or stored[id_][0] < entry.as_of:
                    stored[id_] = (entry.as_of, definition)
                shown.setdefault(id_, []).append(_shown(id_, entry))
    known = {str(m["id"]): m for m in catalogue if _ID.fullmatch(str(m.get("id", "")))}
    known |= {id_: definition for id_, (_, definition) in stored.items()}
    return [_entry(id_, known[id_], shown.get(id_, ())) for id_ in sorted(known)]


def _entry(id_: str, found: Mapping[str, Any], shown: Sequence[Shown]) -> MetricEntry:
    reading = str(found.get("reading") or "")
    if not reading:
        unit, better = (str(found.get(key) or "") for key in ("unit", "better"))
        reading = "; ".join(say(words[key]) for words, key in ((_UNITS, unit), (BETTER, better)) if key in words)
    policies = tuple(
        {key: str(p.get(key) or "") for key in ("id", "name", "value", "meaning")}
        for p in found.get("policies") or ()
        if isinstance(p, Mapping)
    )
    return MetricEntry(
        id_,
        str(found.get("name") or id_),
        str(found.get("definition") or ""),
        reading,
        str(found.get("owner") or ""),
        str(found.get("source") or ""),
        policies,
        tuple(shown),
    )


def _shown(id_: str, entry: CaseEntry) -> Shown:
    values = [v for v in entry.findings.get("tracked") or () if str(v.get("metric")) == id_]
    now = str((entry.findings.get("period") or {}).get("key") or "")
    own, period = _stated(id_, entry, values, now)
    past = {
        str(v["period"]): (str(v.get("period_label") or v["period"]), _value(v)) for v in values if v.get("is_closed")
    }
    return Shown(
        case=f"{entry.heading}: {entry.case}",
        href=f"{entry.href}#{anchor('definition', id_)}",
        period=period,
        value=_value(own) if own else "",
        raw=numbers.raw(own.get("value")),
        n=numbers.count(own["n"]) if own.get("n") is not None else "",
        scope=str(own.get("scope") or (entry.findings.get("scope") or {}).get("label") or ""),
        as_of=day_of(entry.as_of) if entry.as_of else "",
        past=past,
    )


def _stated(id_: str, entry: CaseEntry, values: Sequence[Mapping[str, Any]], now: str) -> tuple[Mapping[str, Any], str]:
    """Return the record of a metric's value on a page with the words for its period, nothing where there is none.

    The value tracked for the page's own period comes first, then its card, then the latest period tracked, then a
    finding: only one on the metric itself counts, not one on a part of it, whose value is what is at stake.
    """
    for found in values:
        if str(found.get("period")) == now:
            return found, entry.period
    cards = [card for card in entry.findings.get("kpis") or () if card.get("metric") == id_]
    if cards:
        return cards[0], entry.period
    if values:
        latest = max(values, key=lambda v: str(v.get("period")))
        return latest, str(latest.get("period_label") or latest.get("period"))
    unit = next((d.get("unit") for d in entry.findings.get("definitions") or () if d.get("id") == id_), None)
    told = [f for f in entry.findings.get("findings") or () if f.get("metric") == id_ and _is_whole(f, unit)]
    return (told[0] if len({f["value"] for f in told}) == 1 else {}), entry.period


def _is_whole(finding: Mapping[str, Any], unit: Any) -> bool:
    value = finding.get("value")
    return finding.get("unit") == unit and not numbers.is_missing(value) and value != finding.get("at_stake")


def _value(value: Mapping[str, Any]) -> str:
    """A tracked value as people read it; n/a where there is none."""
    if value.get("unit") not in numbers.UNITS:
        return say(numbers.NA)
    currency = str(value.get("currency") or "")
    return numbers.quantity(value.get("value"), value["unit"], currency=currency, n=value.get("n"))
