"""What changed since an earlier run: one sentence a change, each number in it with the value that it prints."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup, escape

from bizops import numbers
from bizops.errors import InputError
from bizops.findings import grammar
from bizops.findings.wire import Displayable, checked_id
from bizops.language import message, plural, say

CLASSES = {
    "value": message("Value"),
    "restated": message("Restated"),
    "definition": message("Definition"),
    "data": message("Data"),
    "findings": message("Findings"),
}
SHOWN = 7
_RESTATED_SHOWN = 2
_LINK_HERE = "\N{OBJECT REPLACEMENT CHARACTER}"
# Places behind the point that are tried, one after the other, for two values that print alike.
_MORE_PLACES = (0, 1, 2, 4, 6, 9, 12)
# The last digit that prose prints of a rate: one decimal of a percentage from so many records on (`bizops.numbers`).
_DECIMAL_FROM = 1000
_MONEY_DIGITS = 3


@dataclass(frozen=True)
class Stated:
    """A number in a sentence: the value, its unit, and how it is printed there."""

    value: float | None
    unit: str
    text: str

    def numerals(self) -> frozenset[str]:
        """Return the numerals that it prints."""
        return grammar.numerals(self.text)


def stated(value: Any, unit: str, *, currency: str = "", n: int | None = None) -> Stated:
    """Return ``value`` as prose prints it."""
    return Stated(_float(value), unit, numbers.quantity(value, unit, currency=currency, n=n))


def stated_pair(
    old: Any, new: Any, unit: str, *, currency: str = "", n_old: int | None = None, n_new: int | None = None
) -> tuple[Stated, Stated, Stated]:
    """Return two values and their difference, with as many places as it takes to tell the two apart."""
    before, after = stated(old, unit, currency=currency, n=n_old), stated(new, unit, currency=currency, n=n_new)
    gap = None if numbers.is_missing(old) or numbers.is_missing(new) else float(new) - float(old)
    kind = "points" if unit == "rate" else unit
    difference = Stated(gap, kind, numbers.delta(gap, unit, currency=currency))
    if gap and (before.text == after.text or not any(c in "123456789" for c in difference.text)):
        for places in _MORE_PLACES:
            texts = [_fixed(v, unit, currency, places) for v in (old, new)]
            if texts[0] != texts[1]:
                exact = _fixed(gap, kind, currency, places, signed=True)
                return (
                    Stated(_float(old), unit, texts[0]),
                    Stated(_float(new), unit, texts[1]),
                    Stated(gap, kind, exact),
                )
    return before, after, difference


def is_noticeable(old: Any, new: Any, unit: str, *, n: int | None = None) -> bool:
    """Whether two values differ by at least half a unit of the last digit that prose prints of them."""
    if numbers.is_missing(old) or numbers.is_missing(new):
        return bool(numbers.is_missing(old) != numbers.is_missing(new))
    largest = max(abs(float(old)), abs(float(new)))
    if unit == "money":
        step = 10.0 ** (math.floor(math.log10(largest)) - _MONEY_DIGITS + 1) if largest else 1.0
    elif unit == "rate":
        step = 0.001 if n is None or n >= _DECIMAL_FROM else 0.01
    else:
        step = 0.1 if unit == "multiple" else 1.0
    return abs(float(new) - float(old)) >= step / 2


def _fixed(value: Any, unit: str, currency: str, places: int, *, signed: bool = False) -> str:
    """A value with exactly so many places, in full."""
    if unit == "rate":
        return numbers.percent(value, decimals=places, signed=signed)
    if unit == "points":
        return numbers.points(value, decimals=places, signed=signed)
    if unit == "days":
        return numbers.days(value, decimals=places, signed=signed)
    text = numbers.fixed(value, places, signed=signed)
    if unit == "money" and currency:
        return f"{currency}{numbers.NBSP}{text}"
    return f"{text}×" if unit == "multiple" else text


def _float(value: Any) -> float | None:
    return None if numbers.is_missing(value) else float(value)


@dataclass(frozen=True)
class Change:
    """One change: its class, the sentence, the money concerned (``currency``; None if that is not known).

    ``numbers`` are those of the sentence; ``quoted`` is text of a finding, headline or ask that was checked when it was
    made, ``names`` are labels that may contain digits; ``href`` is the place on the page that the change is about;
    ``under`` is the id of the change that causes this one, and that it is told with.

    Raises ``InputError`` when the sentence contains a number that none of them has.
    """

    kind: str
    id: str
    sentence: str
    money: float | None = None
    currency: str = ""
    tone: str = "neutral"
    href: str = ""
    metric: str = ""
    numbers: tuple[Stated, ...] = ()
    quoted: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    under: str = ""

    def __post_init__(self) -> None:
        checked_id(self.id, "change")
        if self.kind not in CLASSES:
            raise InputError(f"class is '{self.kind}'", where=f"change {self.id}", fix=f"one of {', '.join(CLASSES)}")
        known = [*self.numbers, *(Stated(None, "text", text) for text in self.quoted)]
        grammar.require_support(self.sentence, known, f"change {self.id}", self.names)

    def html(self, caused: Sequence[Change] = ()) -> str:
        """Return the change as an item of a list: its class, the sentence, and what it causes."""
        sentence = escape(self.sentence)
        if self.href:
            sentence += Markup(' <a href="{}">{}</a>').format(self.href, say("Where"))
        more = _list(caused)
        if caused and self.kind == "restated":
            words = plural(len(caused), "{count} value", "{count} values", count=numbers.count(len(caused)))
            more = f"<details><summary>{escape(words)}</summary>{more}</details>"
        return f"<li><strong>{escape(say(CLASSES[self.kind]))}:</strong> {sentence}{more}</li>"


@dataclass(frozen=True)
class Baseline:
    """The run that was compared with; ``href`` leads from the page of this run to that run's page."""

    run_id: str
    href: str = ""
    as_of: str = ""
    period: str = ""
    made_on: str = ""
    is_same_period: bool = True


@dataclass(frozen=True)
class Changes(Displayable):
    """What changed since ``baseline``, ordered by money; without a baseline ``reason`` says why there is none.

    ``remark`` is a sentence on the comparison itself: that nothing changed beyond what is listed, or that a part could
    not be compared.
    """

    items: tuple[Change, ...] = ()
    baseline: Baseline | None = None
    reason: str = ""
    remark: str = ""
    shown: tuple[str, ...] = ()

    kind: ClassVar[str] = "changes"

    def __post_init__(self) -> None:
        if (self.baseline is None) == (not self.reason):
            fix = "name the run compared with, or say why there is none"
            raise InputError("either a baseline or a reason", where="changes", fix=fix)

    def html(self) -> str:
        """Return what was compared, at most seven changes, and the others behind a summary."""
        if self.baseline is None:
            return f'<p class="off">{escape(self.reason)}</p>'
        parts = [self._compared()]
        if self.remark:
            parts.append(f"<p>{escape(self.remark)}</p>")
        own = [c for c in self.items if not c.under]
        first = [c for c in own if c.id in self.shown]
        rest = [c for c in own if c.id not in self.shown]
        parts.append(_list(first, self.items))
        if rest:
            words = plural(len(rest), "{count} more change", "{count} more changes", count=numbers.count(len(rest)))
            parts.append(f"<details><summary>{escape(words)}</summary>{_list(rest, self.items)}</details>")
        return "".join(parts)

    def _compared(self) -> str:
        """What this run is compared with: the run with a link to its page, its period and its day."""
        assert self.baseline is not None
        run = escape(self.baseline.run_id)
        if self.baseline.href:
            run = Markup('<a href="{}">{}</a>').format(self.baseline.href, self.baseline.run_id)
        text = say(
            "Compared with the run {run} ({period}, data as of {day}).",
            run=_LINK_HERE,
            period=self.baseline.period or numbers.missing(),
            day=_day(self.baseline.as_of),
        )
        return f'<p class="sub">{str(escape(text)).replace(_LINK_HERE, str(run), 1)}</p>'

    def text(self) -> str:
        """Return a line a change."""
        if self.baseline is None:
            return self.reason
        return "\n".join(filter(None, [self.remark, *(c.sentence for c in self.items)]))


def _list(changes: Sequence[Change], among: Sequence[Change] = ()) -> str:
    """Return changes as a list, each with those ``among`` others that it causes."""
    items = "".join(c.html([other for other in among if other.under == c.id]) for c in changes)
    return f"<ul>{items}</ul>" if changes else ""


def _day(text: str) -> str:
    try:
        return numbers.day(dt.date.fromisoformat(text[:10]))
    except ValueError:
        return numbers.missing()


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes by the money concerned, largest first; those without an amount after them, by class.

    What a change causes follows it.
    """
    ranks = {"restated": 0, "definition": 1, "data": 2, "value": 3, "findings": 4}
    by_money = sorted(changes, key=lambda c: (-abs(c.money or 0.0), ranks[c.kind], c.tone != "bad"))
    own = (c for c in by_money if not c.under)
    return tuple(c for first in own for c in (first, *(other for other in by_money if other.under == first.id)))


def in_sight(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the at most seven of ``changes``, given by `ordered`, that are read without opening anything.

    Restatements are always among them: the lines that stand for those of one cause, the two largest others, each of
    another metric, and a line that counts the rest. Then comes the first of every class that changed, then what is left
    by money. What a change causes is read with it, so it is not counted.
    """
    own = [c for c in changes if not c.under]
    causes = {c.under for c in changes if c.under}
    restated = [c for c in own if c.kind == "restated" and c.id not in causes]
    largest = {c.metric: c for c in reversed(restated)}.values()
    chosen = [c for c in restated if c in largest][:_RESTATED_SHOWN]
    others = [c for c in restated if c not in chosen]
    chosen += [_further(others)] if len(others) > 1 else others
    chosen += [c for c in own if c.kind == "restated" and c.id in causes]
    for kind in CLASSES:
        if kind != "restated":
            chosen += [c for c in own if c.kind == kind][:1]
    left = [c for c in own if c.kind != "restated" and c not in chosen]
    return ordered([*chosen, *left[: max(0, SHOWN - len(chosen))]])


def _further(restated: Sequence[Change]) -> Change:
    """One line for restatements that stand below."""
    names = list(dict.fromkeys(name for c in restated for name in c.names[:1]))
    count = Stated(len(restated), "count", numbers.count(len(restated)))
    sentence = plural(
        len(restated),
        "{count} more value of a closed period has changed, of {names}.",
        "{count} more values of closed periods have changed, of {names}.",
        count=count.text,
        names=", ".join(names),
    )
    return Change("restated", "restated-more", sentence, metric="-", numbers=(count,), names=tuple(names))
