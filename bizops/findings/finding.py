"""A finding: one record, rendered to one sentence by the grammar *subject, verb, number, comparison, cause grade*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import escape

from bizops import numbers
from bizops.errors import InputError
from bizops.findings import definition, grammar
from bizops.findings.status import status
from bizops.findings.wire import Displayable, anchor, checked_id
from bizops.language import message, say

GRADES = (message("arithmetic"), message("associated"), message("tested"), message("descriptive"))
SEVERITIES = ("good", "watch", "bad", "info")
_SEVERITY_OF = {"on_track": "good", "watch": "watch", "off_track": "bad"}


@dataclass(frozen=True)
class Fact:
    """A further number that a finding's sentence names, e.g. the whole gap of which it explains a part."""

    value: float
    unit: str
    currency: str = ""
    n: int | None = None

    def numerals(self) -> frozenset[str]:
        """Return the numerals that this number can be printed with."""
        return _printed(self.value, self.unit, self.n)


@dataclass(frozen=True)
class Finding(Displayable):
    """One sentence with the number behind it.

    ``value`` and ``reference`` are in the metric's unit (rates as fractions), ``lower`` and ``upper`` an interval or
    the limits of the normal range, ``n`` the records behind a rate and ``k`` those of them counted, ``at_stake`` the
    money concerned (signed, ``currency``), ``subject`` and ``reference_label`` the names used in the sentence,
    ``metric``, ``table``, ``figure`` the ids of definition and evidence, ``facts`` further numbers in the sentence.

    Raises ``InputError`` when a rate has no n, when the sentence contains a number that the record does not, and when
    its words claim more than its grade.
    """

    id: str
    sentence: str
    value: float | None
    unit: str
    reference: float | None = None
    reference_label: str = ""
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    grade: str = "descriptive"
    severity: str = "info"
    metric: str = ""
    table: str = ""
    figure: str = ""
    action: str | None = None
    owner: str | None = None
    at_stake: float | None = None
    currency: str = ""
    k: int | None = None
    subject: str = ""
    facts: tuple[Fact, ...] = ()

    kind: ClassVar[str] = "finding"

    def __post_init__(self) -> None:
        checked_id(self.id, "finding")
        where = f"finding {self.id}"
        for name, given, known in (
            ("unit", self.unit, numbers.UNITS),
            ("grade", self.grade, GRADES),
            ("severity", self.severity, SEVERITIES),
        ):
            if given not in known:
                raise InputError(f"{name} is '{given}'", where=where, fix=f"one of {', '.join(known)}")
        if self.unit == "rate" and self.n is None and not numbers.is_missing(self.value):
            raise InputError("a rate without n", where=where, fix="pass n, the number of records behind the rate")
        if not self.sentence.strip():
            raise InputError("an empty sentence", where=where, fix="build it with a constructor of bizops.findings")
        grammar.require_support(self.sentence, [self], where, (self.subject, self.reference_label))
        named = self.sentence.replace(self.subject, " ") if self.subject else self.sentence
        grammar.require_graded(named, self.grade, where)

    def numerals(self) -> frozenset[str]:
        """Return every numeral that the sentence may contain: those of the record's own fields."""
        printed: frozenset[str] = frozenset()
        for value in (self.value, self.reference, self.lower, self.upper):
            printed |= _printed(value, self.unit, self.n)
        if not numbers.is_missing(self.value) and not numbers.is_missing(self.reference):
            printed |= _printed(_difference(self.value, self.reference), "points" if self.unit == "rate" else self.unit)
            printed |= _printed(numbers.change(self.value, self.reference), "rate")
        for whole in (self.n, self.k):
            printed |= _printed(whole, "count")
        printed |= _printed(self.at_stake, "money")
        if self.lower is not None and self.upper is not None:
            printed |= grammar.numerals(numbers.interval(self.lower, self.upper, self.unit, n=self.n))
        return printed.union(*(fact.numerals() for fact in self.facts))

    def html(self) -> str:
        """Return a paragraph with the sentence, links to its evidence and the action that follows."""
        links = "".join(
            f' <a href="#{anchor(kind, target)}">{escape(word)}</a>'
            for kind, target, word in (("figure", self.figure, say("Chart")), ("table", self.table, say("Table")))
            if target
        )
        action = ""
        if self.action:
            asked = say("Action: {action}", action=self.action)
            if self.owner:
                asked = say("Action: {action} ({owner})", action=self.action, owner=self.owner)
            action = f' <span class="action">{escape(asked)}</span>'
        links += "".join(f" {found}" for found in self.explained())
        place = anchor("finding", self.id)
        return f'<p class="finding {self.severity}" id="{place}">{escape(self.sentence)}{links}{action}</p>'

    def explained(self) -> tuple[str, ...]:
        """Return the links to the definition of its metric, and to what its grade of evidence means."""
        return tuple(filter(None, (definition.link(self.metric), definition.evidence(self.grade))))

    def text(self) -> str:
        """Return the sentence."""
        return self.sentence


def _difference(value: Any, reference: Any) -> float:
    return float(value) - float(reference)


def _printed(value: Any, unit: str, n: int | None = None) -> frozenset[str]:
    if numbers.is_missing(value):
        return frozenset()
    if unit == "points":
        return grammar.numerals(numbers.points(value) + " " + numbers.points(value, decimals=0))
    texts = [numbers.quantity(value, unit, n=n)]
    if unit == "rate":
        texts += [numbers.percent(value, decimals=d) for d in (0, 1)]
    return grammar.numerals(" ".join(texts))


def against(
    id: str,
    subject: str,
    value: float | None,
    unit: str,
    *,
    reference: float | None = None,
    reference_label: str = "",
    better: str = "none",
    currency: str = "",
    n: int | None = None,
    k: int | None = None,
    lower: float | None = None,
    upper: float | None = None,
    records: str = "",
    plural: bool = False,
    tolerance: float | None = None,
    explains: tuple[float, float, str] | None = None,
    grade: str = "descriptive",
    **more: Any,
) -> Finding:
    """Return the finding "*subject* was *value*, *difference* above or below *reference label*".

    ``subject`` opens the sentence; ``plural`` says whether it takes "were". ``records`` names what n counts ("deals").
    ``explains`` is (amount, total, name of the total) for the clause "explains 0.26 M of the 0.59 M gap". A rate from
    fewer than 5 records is stated as counts, without a comparison; an interval is printed when given.
    ``better`` and ``tolerance`` give the severity by the status rule. ``more`` are further fields of ``Finding``.
    """
    told: dict[str, str] = {"subject": subject}
    if numbers.is_missing(value):
        value, side = None, "missing"
    else:
        few = unit == "rate" and n is not None and n < numbers.COUNTS_ONLY_BELOW
        told["number"] = _number(value, unit, currency, k, n, lower, upper, records)
        side, compared = ("", {}) if few else _comparison(value, reference, reference_label, unit, currency)
        told |= compared
    clause = say(_AGAINST[side][plural], **told)
    facts: tuple[Fact, ...] = tuple(more.pop("facts", ()))
    if explains is not None:
        amount, total, total_label = explains
        how, shown = _explains(amount, total, total_label, currency, grade)
        sentence = say(_ALSO[how], sentence=clause, **shown)
        facts += (Fact(abs(total), "money", currency),)
        more.setdefault("at_stake", amount)
    else:
        sentence = say("{sentence}.", sentence=clause)
    severity = _SEVERITY_OF.get(status(value, reference, better, unit, tolerance, n), "info")
    fields = {"severity": severity, **more}
    return Finding(
        id, sentence, value, unit, reference, reference_label, lower, upper, n,
        grade=grade, currency=currency, k=k, subject=subject, facts=facts, **fields,
    )  # fmt: skip


# What a value is said to be against its reference, of one thing and of many; a catalogue has each as a whole.
_AGAINST = {
    "": (message("{subject} was {number}"), message("{subject} were {number}")),
    "missing": (message("{subject} was not measurable"), message("{subject} were not measurable")),
    "none": (message("{subject} was {number}; {absent}"), message("{subject} were {number}; {absent}")),
    "equal": (
        message("{subject} was {number}, equal to {reference}"),
        message("{subject} were {number}, equal to {reference}"),
    ),
    "above": (
        message("{subject} was {number}, {gap} above {reference}"),
        message("{subject} were {number}, {gap} above {reference}"),
    ),
    "below": (
        message("{subject} was {number}, {gap} below {reference}"),
        message("{subject} were {number}, {gap} below {reference}"),
    ),
}
_CONTRIBUTES = {
    "adds": message("{subject} adds {part} against the {whole} {label} ({grade})."),
    "takes": message("{subject} takes {part} against the {whole} {label} ({grade})."),
    "together": message("{subject} goes together with {part} of the {whole} {label} ({grade})."),
    "more": message("{subject} accounts for {part}, more than the whole {whole} {label} ({grade})."),
    "explains": message("{subject} explains {part} of the {whole} {label} ({grade})."),
}
_ALSO = {
    "adds": message("{sentence}; adds {part} against the {whole} {label} ({grade})."),
    "takes": message("{sentence}; takes {part} against the {whole} {label} ({grade})."),
    "together": message("{sentence}; goes together with {part} of the {whole} {label} ({grade})."),
    "more": message("{sentence}; accounts for {part}, more than the whole {whole} {label} ({grade})."),
    "explains": message("{sentence}; explains {part} of the {whole} {label} ({grade})."),
}


def _number(
    value: Any, unit: str, currency: str, k: int | None, n: int | None, lower: Any, upper: Any, records: str
) -> str:
    shown = numbers.quantity(value, unit, currency=currency, n=n)
    if unit == "rate" and n is not None and k is not None:
        if n < numbers.COUNTS_ONLY_BELOW:
            return numbers.share(k, n)
        inside = [numbers.of(k, n)]
    elif n is not None and (records or unit == "rate"):
        inside = [
            say("{n} {records}", n=numbers.count(n), records=records) if records else say("n = {n}", n=numbers.count(n))
        ]
    else:
        inside = []
    if not numbers.is_missing(lower) and not numbers.is_missing(upper):
        inside.append(grammar.interval_of(95, numbers.interval(lower, upper, unit, currency=currency, n=n)))
    return say("{number} ({records})", number=shown, records=say("; ").join(inside)) if inside else shown


def _comparison(value: Any, reference: Any, label: str, unit: str, currency: str) -> tuple[str, dict[str, str]]:
    """Return on which side of its reference a value is, and the words for the sentence."""
    if not label:
        return "", {}
    if numbers.is_missing(reference):
        return "none", {"absent": numbers.absent(label)}
    gap = _difference(value, reference)
    shown = numbers.delta(abs(gap), unit, currency=currency, signed=False)
    if not any(c in "123456789" for c in shown):
        return "equal", {"reference": label}
    relative = numbers.change(value, reference)
    if unit not in ("rate", "multiple") and relative is not None:
        shown = say("{gap} ({share})", gap=shown, share=numbers.percent(abs(relative)))
    return "above" if gap > 0 else "below", {"gap": shown, "reference": label}


def _explains(amount: float, total: float, label: str, currency: str, grade: str) -> tuple[str, dict[str, str]]:
    """Return what a part does to a whole by its grade of evidence, and the words for the sentence."""
    part, whole = (numbers.money(abs(v), currency) for v in (amount, total))
    told = {"part": part, "whole": whole, "label": label, "grade": say(grade)}
    if amount * total < 0:
        return "adds" if amount > 0 else "takes", told
    if grade not in ("arithmetic", "tested"):
        return "together", told
    return "more" if abs(amount) > abs(total) else "explains", told


def contribution(
    id: str, subject: str, amount: float, total: float, total_label: str, *,
    currency: str = "", grade: str = "arithmetic", severity: str = "", **more: Any,
) -> Finding:  # fmt: skip
    """Return the finding "*subject* explains *amount* of the *total* *total label*", both amounts of money, signed.

    An amount of the other sign is said to add or take against the total. The severity follows the sign of the amount.
    """
    how, told = _explains(amount, total, total_label, currency, grade)
    severity = severity or ("info" if not amount else "good" if amount > 0 else "bad")
    return Finding(
        id, say(_CONTRIBUTES[how], subject=subject, **told), amount, "money", total, total_label,
        grade=grade, severity=severity, currency=currency, subject=subject, at_stake=amount,
        facts=(Fact(abs(amount), "money"), Fact(abs(total), "money")), **more,
    )  # fmt: skip


_UNCHANGED = (
    message("{subject} is unchanged at {value} (normal range {span})."),
    message("{subject} are unchanged at {value} (normal range {span})."),
)
_IN_A_RUN = (
    message("{subject} is at {value}, {signal}, inside the normal range {span}."),
    message("{subject} are at {value}, {signal}, inside the normal range {span}."),
)
_MOVED = {
    "rose": message("{subject} rose to {value} from {before} in {period}, above the normal range {span}."),
    "fell": message("{subject} fell to {value} from {before} in {period}, below the normal range {span}."),
    "above": message("{subject} stayed above the normal range {span} at {value}, after {before} in {period}."),
    "below": message("{subject} stayed below the normal range {span} at {value}, after {before} in {period}."),
}


def movement(
    id: str, subject: str, value: float, previous: float, unit: str, limits: tuple[float, float], *,
    previous_label: str = message("the period before"), better: str = "none", currency: str = "", n: int | None = None,
    plural: bool = False, signal: str = "", **more: Any,
) -> Finding:  # fmt: skip
    """Return the finding of a trend: "is unchanged at" inside the XmR limits, "rose to" or "fell to" outside (C16).

    ``limits`` are the natural process limits (lower, upper) in the unit of the value. ``signal`` says what else the
    rules see in a point inside the limits ("in a run below the mean"): then nothing is called unchanged.
    """
    low, high = limits
    previous_label = say(previous_label)
    told = {
        "subject": subject,
        "value": numbers.quantity(value, unit, currency=currency, n=n),
        "span": numbers.interval(low, high, unit, currency=currency, n=n),
    }
    inside = low <= value <= high
    if inside and signal:
        sentence = say(_IN_A_RUN[plural], **told, signal=say(signal))
    elif inside:
        sentence = say(_UNCHANGED[plural], **told)
    else:
        before = numbers.quantity(previous, unit, currency=currency, n=n)
        how = "above" if value > high else "below"  # moved back towards the range without reaching it
        if (value > previous) == (value > high) and value != previous:
            how = "rose" if value > previous else "fell"
        sentence = say(_MOVED[how], **told, before=before, period=previous_label)
    outside_good = (value > high) == (better == "up")
    severity = "info" if inside or better == "none" else "good" if outside_good else "bad"
    return Finding(
        id, sentence, value, unit, previous, previous_label, low, high, n,
        severity=severity, currency=currency, subject=subject, **more,
    )  # fmt: skip
