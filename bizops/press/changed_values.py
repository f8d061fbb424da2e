"""Values of two runs: those of closed periods that changed (restated), and those that moved with time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from bizops import numbers
from bizops.findings.changes import Change, Stated, stated, stated_pair
from bizops.findings.status import tone
from bizops.language import message, say
from bizops.press.changed_data import tables_changed
from bizops.press.changed_settings import redefined
from bizops.press.stored import Key, Run, differ, id_of, period_of, tracked_of
from bizops.theme import STATUS

_RESTATED = {
    "is": message("{label} for {period}, closed before, is {new} and was {old}; {cause}."),
    "rose": message("{label} for {period}, closed before, rose to {new} from {old} ({delta}); {cause}."),
    "fell": message("{label} for {period}, closed before, fell to {new} from {old} ({delta}); {cause}."),
}
_RANGE = {
    True: message(", inside its normal range {range}"),
    False: message(", outside its normal range {range}"),
}
_STATUS = {
    False: message("{label} is unchanged at {value}; its status is {new}, before {old}."),
    True: message("The status of {label} is {new}, before {old}, at {value}."),
}
# The limits of the XmR chart: mean ± 2.66 mean moving ranges, from eight points on (`bizops.methods.control`).
_LIMIT_FACTOR, _FEWEST = 2.66, 8


def restated_values(before: Run, after: Run) -> Iterator[Change]:
    """Yield every value of a period that was closed in the earlier run and is another one now, however small."""
    old, new = tracked_of(before["findings"]), tracked_of(after["findings"])
    for key, was in old.items():
        if was["is_closed"] and key in new and differ(was["value"], new[key]["value"]):
            yield _restated(was, new[key], _cause(was["metric"], before, after))


def value_changes(before: Run, after: Run, *, same_period: bool) -> Iterator[Change]:
    """Yield the cards that moved, except those of a period that was closed already, which are restated."""
    closed = {(k[0], k[1]) for k, v in tracked_of(before["findings"]).items() if v["is_closed"]}
    period = period_of(after)
    cards = {card["id"]: card for card in before["findings"].get("kpis", ())}
    for card in after["findings"].get("kpis", ()):
        was = cards.get(card["id"])
        if was is None or was["unit"] != card["unit"]:
            continue
        known = same_period and (str(card.get("metric") or ""), period) in closed
        if differ(was["value"], card["value"]) and not known:
            yield _moved(was, card, before, after, same_period=same_period)
        elif was["status"] != card["status"] and same_period:
            yield _status_changed(was, card, after)


def money_at_stake(metric: str, findings: Mapping[str, Any]) -> float | None:
    """Return the largest amount that the findings name for a metric, None if they name none."""
    amounts = [f["at_stake"] for f in findings.get("findings", ()) if f.get("metric") == metric and f.get("at_stake")]
    return max(amounts, key=abs, default=None) if metric else None


def _restated(was: Mapping[str, Any], now: Mapping[str, Any], cause: str) -> Change:
    unit, currency = now["unit"], now.get("currency") or ""
    old, new, gap = stated_pair(
        was["value"], now["value"], unit, currency=currency, n_old=was.get("n"), n_new=now.get("n")
    )
    words = {"label": now["label"], "period": now.get("period_label") or now["period"], "cause": cause}
    if gap.value is None:
        sentence = say(_RESTATED["is"], new=new.text, old=old.text, **words)
    elif gap.value > 0:
        sentence = say(_RESTATED["rose"], new=new.text, old=old.text, delta=gap.text, **words)
    else:
        sentence = say(_RESTATED["fell"], new=new.text, old=old.text, delta=gap.text, **words)
    return Change(
        "restated", id_of("restated", was["metric"], was["period"]), sentence,
        money=gap.value if unit == "money" else None, currency=currency,
        tone=tone(gap.value, now.get("better") or "none"), metric=was["metric"], numbers=(old, new, gap),
        names=(str(now["label"]), str(words["period"]), cause),
    )  # fmt: skip


def _cause(metric: str, before: Run, after: Run) -> str:
    """Say what is known to have changed of what the value is made from; more than that is not known."""
    by_definition = redefined(metric, before, after)
    tables = tables_changed(metric, before, after)
    if by_definition and tables:
        return say("its definition and the rows of {tables} have changed", tables=", ".join(tables))
    if by_definition:
        return say("its definition has changed")
    if tables:
        return say("the rows of {tables} have changed", tables=", ".join(tables))
    return say("the cause is not known")


def _moved(was: Mapping[str, Any], card: Mapping[str, Any], before: Run, after: Run, *, same_period: bool) -> Change:
    unit, currency, metric = card["unit"], card.get("currency") or "", str(card.get("metric") or "")
    old, new, gap = stated_pair(
        was["value"], card["value"], unit, currency=currency, n_old=was.get("n"), n_new=card.get("n")
    )
    figures: tuple[Stated, ...] = (old, new, gap)
    prior = str((before["record"].get("period") or {}).get("label") or "")
    since = "" if same_period else say(" in {period}", period=prior)
    words = {"label": card["label"], "new": new.text, "old": old.text, "since": since}
    if gap.value is None:
        sentence = say("{label} is {new} and was {old}{since}", **words)
    elif gap.value > 0:
        sentence = say("{label} rose to {new} from {old}{since} ({delta})", delta=gap.text, **words)
    else:
        sentence = say("{label} fell to {new} from {old}{since} ({delta})", delta=gap.text, **words)
    limits = normal_range(metric, after, at_least=_least(unit))
    if limits is not None and not numbers.is_missing(card["value"]):
        inside = limits[0] <= float(card["value"]) <= limits[1]
        shown = numbers.interval(*limits, unit, currency=currency, n=card.get("n"))
        sentence += say(_RANGE[inside], range=shown)
        figures += (Stated(limits[0], unit, shown), Stated(limits[1], unit, shown))
    if was["status"] != card["status"] and same_period:
        sentence += say("; its status is {new}, before {old}", new=_word(card), old=_word(was))
    return Change(
        "value", id_of("value", card["id"]), sentence + ".",
        money=gap.value if unit == "money" else money_at_stake(metric, after["findings"]), currency=currency,
        tone=tone(gap.value, card.get("better") or "none"), href=card.get("href") or "", metric=metric,
        numbers=figures, names=(str(card["label"]), prior),
    )  # fmt: skip


def _status_changed(was: Mapping[str, Any], card: Mapping[str, Any], after: Run) -> Change:
    """A card whose status alone is told: its target moved, or its value is restated."""
    value = stated(card["value"], card["unit"], currency=card.get("currency") or "", n=card.get("n"))
    sentence = say(
        _STATUS[differ(was["value"], card["value"])],
        label=card["label"],
        value=value.text,
        new=_word(card),
        old=_word(was),
    )
    metric = str(card.get("metric") or "")
    return Change(
        "findings", id_of("status", card["id"]), sentence,
        money=money_at_stake(metric, after["findings"]), currency=card.get("currency") or "",
        href=card.get("href") or "", metric=metric, numbers=(value,), names=(str(card["label"]),),
    )  # fmt: skip


def _word(card: Mapping[str, Any]) -> str:
    mark = STATUS.get(card["status"])
    return say(mark.word) if mark is not None else str(card["status"])


def normal_range(metric: str, run: Run, *, at_least: float | None = None) -> tuple[float, float] | None:
    """Return the natural limits of a metric's closed periods before the run's own, None for fewer than eight."""
    period = period_of(run)
    values = _history(metric, period, tracked_of(run["findings"]))
    if len(values) < _FEWEST:
        return None
    spread = _LIMIT_FACTOR * fmean(abs(b - a) for a, b in pairwise(values))
    low, high = fmean(values) - spread, fmean(values) + spread
    return (max(low, at_least) if at_least is not None and min(values) >= at_least else low), high


def _history(metric: str, period: str, tracked: Mapping[Key, Mapping[str, Any]]) -> Sequence[float]:
    """The values of a metric's closed periods of the same kind before ``period``, oldest first."""
    found = {k[1]: v["value"] for k, v in tracked.items() if metric and k[0] == metric and v["is_closed"]}
    alike = sorted(k for k in found if len(k) == len(period) and k < period)
    return [float(found[k]) for k in alike if not numbers.is_missing(found[k])]


def _least(unit: str) -> float | None:
    return 0.0 if unit in ("rate", "count", "days", "multiple") else None
