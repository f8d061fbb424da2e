"""Which numbers a text contains, and whether records stand behind them.

A number in prose is a claim. ``unsupported`` names those that no record printed; names of periods, dates, metric ids,
confidence levels and "day 41 of 92" are not claims. Numbers are read in the active locale, the way `bizops.numbers`
writes them there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Protocol

from bizops import language, numbers
from bizops.errors import InputError
from bizops.language import message, say

LEVELS = (50, 80, 90, 95, 99)
# Phrases of the frame whose numbers are no claims, as the catalogue says them.
DAY_OF = message("day {day} of {days}")
INTERVAL = message("{level}\u00a0% interval")
CONFIDENCE = message("{level}\u00a0% confidence interval")
AGES = (message("{low} to {high} days old"), message("{low}–{high} days old"))

# A name has no number in it that is a claim: 2026, 2026-07, 2026-07-01; Q3, FY26, 2026Q3, BKG-01.
_YEAR = r"(?<![\d.,])\b(?:19|20)\d{2}(?:[-/.]\d{1,2}){0,2}\b(?![.,]?\d)"
_NAME = r"\b(?=\w*[A-Za-z])[A-Za-z0-9]+(?:-\d+)?\b"
# Words that name a cause, and words that claim a test, in every language that has a catalogue.
_CAUSAL = re.compile(
    r"\bbecause\b|\bdue to\b|\bcaused by\b|\bparce que\b|\bà cause de\b|\ben raison d[eu]\b|因为|由于|导致",
    re.IGNORECASE,
)
_SIGNIFICANT = re.compile(r"\bsignifican|\bsignificati[fv]|显著", re.IGNORECASE)


# Characters of scripts that set no spaces between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


class Evidence(Protocol):
    """A record that can say which numerals it printed."""

    def numerals(self) -> frozenset[str]:
        """Return the numerals, thousands separators removed."""


def numerals(text: str) -> frozenset[str]:
    """Return the numerals of ``text`` that are claims, thousands separators removed.

    >>> sorted(numerals("Q3 FY26 win rate fell to 19 % (31 of 1,163) on 2 Oct 2026"))
    ['1163', '19', '31']
    """
    reading = _reading(language.active())
    bare = reading.names.sub(" ", text.replace(numbers.NBSP, " "))
    return frozenset(reading.plain(m.group()) for m in reading.numeral.finditer(bare))


class _Reading:
    """How numbers are read in a locale: what a numeral looks like, and what only looks like one."""

    def __init__(self, locale: str) -> None:
        form = numbers.form(locale)
        self.groups = "".join({form.group, "\u202f"})
        self.decimal = form.decimal
        part = rf"(?:{re.escape(self.decimal)}\d+)?"
        spaced = rf"\d{{1,3}}(?: \d{{3}})+(?!\d){part}|" if form.group.isspace() else ""
        self.numeral = re.compile(rf"{spaced}\d[\d{re.escape(self.groups)}]*{part}")
        self.names = re.compile(_not_a_claim(), re.ASCII)

    def plain(self, numeral: str) -> str:
        """Return a numeral with a decimal point and without separators of thousands."""
        bare = numeral.replace(" ", "")
        for group in self.groups:
            bare = bare.replace(group, "")
        return bare.replace(self.decimal, ".")


@cache
def _reading(locale: str) -> _Reading:
    with language.speaking(locale):
        return _Reading(locale)


def _not_a_claim() -> str:
    """Return a pattern of what is no claim: dates, years, levels of confidence, days of a period, names."""
    months = "|".join(re.escape(m) for m in sorted({*language.months(), *numbers.MONTHS}, key=len, reverse=True))
    levels = "|".join(map(str, LEVELS))
    day_of, *ages = (_loose(text) for text in (DAY_OF, *AGES))
    said = [_loose(text, level=rf"(?:{levels})") for text in (INTERVAL, CONFIDENCE)]
    return "|".join(
        [
            rf"\b\d{{1,2}}\s(?:{months})\w*(?:\s\d{{4}})?",  # 2 Oct 2026
            rf"\b(?:{months})\s\d{{1,2}},\s\d{{4}}",  # Oct 2, 2026
            r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{4}年",  # 2026年10月2日
            _YEAR,
            *said,
            rf"\b(?:{levels})\s?%(?=\s?[:：])",
            day_of,
            *ages,
            _NAME,
        ]
    )


def _loose(text: str, **patterns: str) -> str:
    """Return a pattern for a text of the catalogue with any whole numbers in its places."""
    shown = say(text).replace(numbers.NBSP, " ")
    pieces = re.split(r"(\{\w+\})", shown)
    numeral = {f"{{{name}}}": pattern for name, pattern in patterns.items()}
    found = "".join(numeral.get(p, r"\d+") if p.startswith("{") else re.escape(p) for p in pieces)
    return (r"\b" if pieces[0] == "" or pieces[0][0].isascii() else "") + found


def words_in(text: str) -> int:
    """Return how many words a reader reads: two characters make a word where words are not set apart."""
    unspaced = sum(_UNSPACED.match(c) is not None for c in text)
    return len(_UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2


def interval_of(level: int, span: str) -> str:
    """Return the range of an interval with its level: ``95 % interval 14–26 %``."""
    return say("{interval} {span}", interval=say(INTERVAL, level=level), span=span)


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
