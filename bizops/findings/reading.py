"""From a payload back to the record that made it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from bizops.findings.cards import Comparison, Kpi, Kpis
from bizops.findings.changes import Baseline, Change, Changes, Stated
from bizops.findings.definition import Definition, Setting, SharedFact, SharedFacts, SourceTable
from bizops.findings.finding import Fact, Finding
from bizops.findings.grammar import numerals
from bizops.findings.page import Answer, Appendix, Ask, Asks, Off, Only, Section
from bizops.findings.tracked import Tracked, TrackedValue
from bizops.findings.wire import Displayable, Recorded, check_payload


def read(payload: Mapping[str, Any]) -> Displayable:
    """Return the record of a payload; tables and figures come back as ``Recorded``, which shows what was stored.

    The numbers of an answer's and a section's own text were checked when they were made; the findings that stood
    behind them travel elsewhere on the page, so a stored text is its own evidence here.
    """
    checked = check_payload(dict(payload))
    make = _READERS.get(checked["kind"])
    return Recorded(checked) if make is None else make(checked)


def _fields(cls: type, payload: Mapping[str, Any], **replaced: Any) -> Any:
    names = {f.name for f in dataclasses.fields(cls)}
    return cls(**{k: v for k, v in payload.items() if k in names} | replaced)


def _finding(payload: Mapping[str, Any]) -> Finding:
    facts = tuple(_fields(Fact, f) for f in payload.get("facts", ()))
    return _fields(Finding, payload, facts=facts)  # type: ignore[no-any-return]


def _kpi(item: Mapping[str, Any]) -> Kpi:
    compared = tuple(_fields(Comparison, c) for c in item["comparisons"])
    interval = tuple(item["interval"]) if item.get("interval") else None
    return _fields(Kpi, item, comparisons=compared, interval=interval, spark=tuple(item["spark"]))  # type: ignore[no-any-return]


def _ask(item: Mapping[str, Any]) -> Ask:
    due = dt.date.fromisoformat(item["due"]) if item.get("due") else None
    return _fields(Ask, item, due=due)  # type: ignore[no-any-return]


@dataclasses.dataclass(frozen=True)
class _Stored:
    """The evidence of a text that was checked before it was stored: the text itself."""

    texts: tuple[str, ...]

    def numerals(self) -> frozenset[str]:
        """Return the numerals of the texts."""
        return numerals(" ; ".join(self.texts))


def _answer(payload: Mapping[str, Any]) -> Answer:
    sentences = tuple(payload["sentences"])
    stored = _Stored((payload["title"], *sentences))
    return Answer(payload["title"], sentences, payload.get("status", ""), evidence=(*_evidence(payload), stored))


def _evidence(payload: Mapping[str, Any]) -> tuple[Finding, ...]:
    return tuple(_finding(f) for f in payload.get("evidence", ()))


def _section(payload: Mapping[str, Any]) -> Section:
    stored = _Stored((payload["headline"],))
    return Section(payload["id"], payload["headline"], _blocks(payload), evidence=(*_evidence(payload), stored))


def _blocks(payload: Mapping[str, Any]) -> tuple[Displayable, ...]:
    return tuple(read(b) for b in payload["blocks"])


def _definition(payload: Mapping[str, Any]) -> Definition:
    settings = tuple(_fields(Setting, p) for p in payload["policies"])
    sources = tuple(_fields(SourceTable, t, columns=tuple(t["columns"])) for t in payload["sources"])
    return _fields(Definition, payload, policies=settings, sources=sources)  # type: ignore[no-any-return]


def _changes(payload: Mapping[str, Any]) -> Changes:
    baseline = _fields(Baseline, payload["baseline"]) if payload.get("baseline") else None
    items = tuple(_change(i) for i in payload["items"])
    return Changes(items, baseline, payload["reason"], payload["remark"], tuple(payload["shown"]))


def _change(item: Mapping[str, Any]) -> Change:
    stated = tuple(_fields(Stated, n) for n in item["numbers"])
    return _fields(Change, item, numbers=stated, quoted=tuple(item["quoted"]), names=tuple(item["names"]))  # type: ignore[no-any-return]


_READERS: dict[str, Callable[[Mapping[str, Any]], Displayable]] = {
    "finding": _finding,
    "kpis": lambda p: Kpis(tuple(_kpi(i) for i in p["items"])),
    "answer": _answer,
    "section": _section,
    "note": lambda p: Off(p["id"], p["title"], p["reason"]),
    "asks": lambda p: Asks(
        tuple(_ask(i) for i in p["items"]), tuple(_ask(i) for i in p.get("previous", ())), p.get("note", "")
    ),
    "only": lambda p: Only(tuple(p["audience"]), _blocks(p)),
    "definition": _definition,
    "facts": lambda p: SharedFacts(tuple(_fields(SharedFact, f) for f in p["facts"])),
    "tracked": lambda p: Tracked(tuple(_fields(TrackedValue, v) for v in p["values"])),
    "changes": _changes,
    "appendix": lambda p: Appendix(p["id"], p["title"], _blocks(p)),
}
