"""Which numbers a text contains, and whether records stand behind them.

A number in prose is a claim. ``unsupported`` names those that no record printed; names of periods, dates, metric ids,
confidence levels and "day 41 of 92" are not claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from bizops import numbers
from bizops.errors import InputError

_NUMERAL = re.compile(r"\d[\d,\u202f]*(?:\.\d+)?")
_MONTHS = "|".join(numbers.MONTHS)
_NOT_A_CLAIM = re.compile(
    rf"\b\d{{1,2}}\s(?:{_MONTHS})\w*(?:\s\d{{4}})?"  # 2 Oct 2026
    r"|(?<![\d.,])\b(?:19|20)\d{2}(?:[-/.]\d{1,2}){0,2}\b(?![.,]?\d)"  # 2026, 2026-07, 2026-07-01
    r"|\b(?:50|80|90|95|99)\s%(?=\s(?:confidence\s)?interval|:)"
    r"|\bday\s\d+\sof\s\d+"
    r"|\b\d+\s(?:to|–)\s\d+\sdays\sold"
    r"|\b(?=\w*[A-Za-z])[A-Za-z0-9]+(?:-\d+)?\b",  # Q3, FY26, 2026Q3, BKG-01
    re.ASCII,
)
_CAUSAL = re.compile(r"\bbecause\b|\bdue to\b|\bcaused by\b", re.IGNORECASE)
_SIGNIFICANT = re.compile(r"\bsignifican", re.IGNORECASE)


class Evidence(Protocol):
    """A record that can say which numerals it printed."""

    def numerals(self) -> frozenset[str]:
        """Return the numerals, thousands separators removed."""


def numerals(text: str) -> frozenset[str]:
    """Return the numerals of ``text`` that are claims, thousands separators removed.

    >>> sorted(numerals("Q3 FY26 win rate fell to 19 % (31 of 1,163) on 2 Oct 2026"))
    ['1163', '19', '31']
    """
    bare = _NOT_A_CLAIM.sub(" ", text.replace(numbers.NBSP, " "))
    return frozenset(m.group().rstrip(",").replace(",", "").replace("\u202f", "") for m in _NUMERAL.finditer(bare))


def unsupported(text: str, evidence: Iterable[Evidence], labels: Iterable[str] = ()) -> list[str]:
    """Return the numerals of ``text`` that no evidence printed; ``labels`` are names and may contain digits."""
    for label in sorted((x for x in labels if x), key=len, reverse=True):
        text = text.replace(label, " ")
    known = frozenset().union(*(e.numerals() for e in evidence))
    return sorted(numerals(text) - known)


def require_support(text: str, evidence: Iterable[Evidence], where: str, labels: Iterable[str] = ()) -> None:
    """Raise ``InputError`` when ``text`` contains a number that no evidence printed."""
    orphans = unsupported(text, evidence, labels)
    if orphans:
        raise InputError(
            f"no finding stands behind {', '.join(orphans)} in '{text}'",
            where=where,
            fix="take the sentence from a finding, or pass the finding as evidence",
        )


def require_graded(text: str, grade: str, where: str) -> None:
    """Raise ``InputError`` when the words claim more than the grade of evidence allows (C22)."""
    if grade not in ("arithmetic", "tested") and _CAUSAL.search(text):
        raise InputError(f"'{text}' names a cause on {grade} evidence", where=where, fix="say 'goes together with'")
    if grade != "tested" and _SIGNIFICANT.search(text):
        raise InputError(f"'{text}' says significant without a test", where=where, fix="state the number instead")
