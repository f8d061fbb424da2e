"""A sentence in an analyst's words: the number stays the generated one, and who edited it is shown.

A template names the numbers of its finding, ``"Mid-market held {value}, {delta} below {reference}"``; each is filled
with what the generated sentence prints. Other digits must be supported by the finding, as in any sentence.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from bizops import numbers
from bizops.errors import InputError, RunError, did_you_mean
from bizops.findings import grammar
from bizops.findings.finding import Finding
from bizops.findings.page import Answer, Section
from bizops.findings.reading import read
from bizops.findings.wire import Payload
from bizops.language import say

PLACES = ("value", "reference", "delta", "n", "interval")


@dataclass(frozen=True)
class Edit:
    """One edited sentence: of which finding, the template, who edited it, and where it was written."""

    finding: str
    sentence: str
    by: str
    where: str = "params/edits.yaml"


def check_template(sentence: str, where: str) -> None:
    """Raise ``InputError`` when a template names something else than the numbers of a finding."""
    try:
        parts = list(string.Formatter().parse(sentence))
    except ValueError as error:
        fix = "write {value}; a brace that is meant as such is written twice"
        raise InputError(f"the sentence cannot be read: {error}", where=where, fix=fix) from error
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in PLACES or form or conversion:
            shown = f"{{{name}{'!' + conversion if conversion else ''}{':' + form if form else ''}}}"
            known = ", ".join(f"{{{place}}}" for place in PLACES)
            near = did_you_mean(name, PLACES)
            raise InputError(f"the sentence names {shown}.{near}", where=where, fix=f"choose among {known}")


def apply(payloads: Sequence[Mapping[str, Any]], edits: Sequence[Edit]) -> list[Payload]:
    """Return payloads with the edited sentences in them.

    An edit reaches the finding's own block, wherever it stands, the sentences of an answer and the headline of a
    section that say the same. The payload of the finding gets ``generated`` (the sentence as it was) and ``edited_by``.

    Raises
    ------
    RunError
        There is no such finding, a number of the template is missing or not supported, or the value is not in it.
    """
    found = [dict(payload) for payload in payloads]
    for edit in edits:
        records = [p for p in _findings(found) if p["id"] == edit.finding]
        if not records:
            known = sorted({p["id"] for p in _findings(found)})
            near = did_you_mean(edit.finding, known)
            raise RunError(f"{edit.where}: this run has no finding '{edit.finding}'.{near} Remove the entry or mend it")
        texts = {str(p["sentence"]): _sentence(p, edit) for p in records}
        found = [_edited(payload, edit, texts) for payload in found]
    return found


def _findings(value: Any) -> list[Mapping[str, Any]]:
    """All payloads of findings within a value, at any depth."""
    if isinstance(value, list):
        return [f for item in value for f in _findings(item)]
    if not isinstance(value, Mapping):
        return []
    if value.get("kind") == "finding":
        return [value]
    return [f for key in ("blocks", "evidence") for f in _findings(value.get(key))]


def _sentence(payload: Mapping[str, Any], edit: Edit) -> str:
    """The edited sentence of a finding, held against its record."""
    finding = _record(payload)
    shown = printed(finding)
    named = [name for _, name, _, _ in string.Formatter().parse(edit.sentence) if name is not None]
    absent = [name for name in named if not shown.get(name)]
    if absent:
        raise RunError(f"{edit.where}: finding '{edit.finding}' has no {{{absent[0]}}}; it says: {finding.sentence}")
    text = edit.sentence.format(**shown)
    if shown["value"] and shown["value"].replace(numbers.NBSP, " ") not in text.replace(numbers.NBSP, " "):
        raise RunError(
            f"{edit.where}: the sentence for '{edit.finding}' has lost its number; keep {{value}}, which is "
            f"{shown['value'].replace(numbers.NBSP, ' ')}"
        )
    try:
        replace(finding, sentence=text)
    except InputError as error:
        raise RunError(f"{edit.where}: {error.problem}. {error.fix}") from error
    return text


def printed(finding: Finding) -> dict[str, str]:
    """Return the numbers of a finding as its generated sentence prints them, by the name of their place."""
    unit, currency, n = finding.unit, finding.currency, finding.n

    def number(value: Any) -> str:
        if numbers.is_missing(value):
            return ""
        texts = [numbers.quantity(v, unit, currency=currency, n=n) for v in (value, abs(value))]
        return next((t for t in texts if t in finding.sentence), texts[0])

    value = number(finding.value)
    if value and unit == "rate" and n is not None and n < numbers.COUNTS_ONLY_BELOW and finding.k is not None:
        value = numbers.share(finding.k, n)
    gap = ""
    if not numbers.is_missing(finding.value) and not numbers.is_missing(finding.reference):
        distance = abs(float(finding.value or 0.0) - float(finding.reference or 0.0))
        gap = numbers.delta(distance, unit, currency=currency, signed=False)
    has_range = not numbers.is_missing(finding.lower) and not numbers.is_missing(finding.upper)
    span = numbers.interval(finding.lower, finding.upper, unit, currency=currency, n=n) if has_range else ""
    count = "" if numbers.is_missing(n) else numbers.count(n)
    return {"value": value, "reference": number(finding.reference), "delta": gap, "n": count, "interval": span}


def _record(payload: Mapping[str, Any]) -> Finding:
    record = read(payload)
    assert isinstance(record, Finding)
    return record


def _edited(payload: Mapping[str, Any], edit: Edit, texts: Mapping[str, str]) -> Payload:
    """A payload with the edit in it; ``texts`` are the generated sentences and what they become."""
    kept = dict(payload)
    for key in ("blocks", "evidence"):
        if key in kept:
            kept[key] = [_edited(block, edit, texts) for block in kept[key]]
    make = {"finding": _finding, "answer": _answer, "section": _section}.get(str(payload.get("kind")))
    return make(kept, edit, texts) if make is not None else kept


def _finding(payload: Payload, edit: Edit, texts: Mapping[str, str]) -> Payload:
    if payload["id"] != edit.finding:
        return payload
    generated = str(payload["sentence"])
    record = replace(_record(payload), sentence=texts[generated])
    html = f'<div class="edited">{record.html()}{edited_by(edit.by, generated)}</div>'
    return {**payload, "sentence": record.sentence, "html": html, "generated": generated, "edited_by": edit.by}


def _answer(payload: Payload, edit: Edit, texts: Mapping[str, str]) -> Payload:
    lines = [texts.get(s, s) for s in payload["sentences"]]
    if lines == payload["sentences"]:
        return payload
    record = read({**payload, "sentences": lines})
    assert isinstance(record, Answer)
    changed = [s for s in payload["sentences"] if s in texts]
    earlier = list(payload.get("edited", ()))
    told = [{"generated": s, "sentence": texts[s], "edited_by": edit.by} for s in changed]
    edited = [*earlier, *told]
    notes = "".join(edited_by(e["edited_by"], e["generated"]) for e in edited)
    return {**payload, "sentences": lines, "html": record.html() + notes, "edited": edited}


def _section(payload: Payload, edit: Edit, texts: Mapping[str, str]) -> Payload:
    """A section whose headline is the sentence; without the finding among its blocks it says who edited it."""
    headlines = {_bare(old): _bare(new) for old, new in texts.items()}
    if payload["headline"] not in headlines:
        return payload
    headline = headlines[payload["headline"]]
    html = Section(payload["id"], headline, evidence=(_Said(headline),)).html()
    if not any(f["id"] == edit.finding for f in _findings(payload["blocks"])):
        html += str(edited_by(edit.by, payload["headline"]))  # not Markup, which would escape what it is added to
    return {**payload, "headline": headline, "html": html, "generated": payload["headline"], "edited_by": edit.by}


@dataclass(frozen=True)
class _Said:
    """The evidence of a headline that is the sentence of a checked finding: the sentence itself."""

    text: str

    def numerals(self) -> frozenset[str]:
        """Return the numerals of the sentence."""
        return grammar.numerals(self.text)


def _bare(sentence: str) -> str:
    return sentence.removesuffix(".")


def edited_by(name: str, generated: str) -> Markup:
    """Return who edited a sentence, and the generated one a step away, as HTML."""
    words, was = say("edited by {name}", name=name), say("Generated: {sentence}", sentence=generated)
    return Markup('<details class="note"><summary>{}</summary><p>{}</p></details>').format(words, was)
