r"""Findings: the sentences, cards and blocks of a report, and their wire form in a notebook's outputs.

>>> from bizops.findings import against
>>> against("win", "Win rate", 0.19, "rate", reference=0.252, reference_label="plan", k=31, n=163).sentence
'Win rate was 19\xa0% (31 of 163), 6.2\xa0pp below plan.'
"""

from bizops.findings.cards import Comparison, Kpi, Kpis, comparison, kpi, sparkline
from bizops.findings.definition import Definition, Setting, SharedFact, SharedFacts, SourceTable, version_of
from bizops.findings.finding import Fact, Finding, against, contribution, movement
from bizops.findings.page import AUDIENCES, Answer, Appendix, Ask, Asks, Off, Only, Section
from bizops.findings.reading import read
from bizops.findings.status import status, tone
from bizops.findings.tracked import Tracked, TrackedValue
from bizops.findings.wire import (
    KINDS,
    MIME,
    VERSION,
    Displayable,
    Payload,
    Recorded,
    anchor,
    check_payload,
    collect,
    facts_only,
    fragment,
    walk,
)

__all__ = [
    "AUDIENCES", "KINDS", "MIME", "VERSION",
    "Answer", "Appendix", "Ask", "Asks", "Comparison", "Definition", "Displayable", "Fact", "Finding", "Kpi", "Kpis",
    "Off", "Only", "Payload", "Recorded", "Section", "Setting", "SharedFact", "SharedFacts", "SourceTable", "Tracked",
    "TrackedValue",
    "against", "anchor", "check_payload", "collect", "comparison", "contribution", "facts_only", "fragment", "kpi",
    "movement", "read", "sparkline", "status", "tone", "version_of", "walk",
]  # fmt: skip
