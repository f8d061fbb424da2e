"""Values of two runs: those of closed periods that changed (restated), and those that moved with time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from typing import Any

from bizops import numbers
from bizops.findings.changes import Change, Stated, is_noticeable, stated, stated_pair
from bizops.findings.status import tone
from bizops.language import message, plural, say
from bizops.press.changed_data import tables_changed
from bizops.press.changed_settings import causes_of, redefined, setting_label
from bizops.press.stored import Key, Run, definitions_of, differ, id_of, period_of, tracked_of
from bizops.theme import STATUS

_RESTATED = {
    "is": message("{label} for {period}, closed before, is {new} and was {old}; {cause}."),
    "rose": message("{label} for {period}, closed before, rose to {new} from {old} ({delta}); {cause}."),
    "fell": message("{label} for {period}, closed before, fell to {new} from {old} ({delta}); {cause}."),
}
_AHEAD = {
    "is": message("{label} for {period} is {new} and was {old}."),
    "rose": message("{label} for {period} rose to {new} from {old} ({delta})."),
    "fell": message("{label} for {period} fell to {new} from {old} ({delta})."),
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


def restated_values(before: Run, after: Run, effect: Mapping[str, Any] | None = None) -> Iterator[Change]:
    """Yield every value of a period that was closed in the earlier run and is another one now, however small.

    Those that changed settings alone restate (under the old ones, ``effect``, they are what they were) stand under one
    line, which names the settings.
    """
    old, new, by_old = (tracked_of(f) for f in (before["findings"], after["findings"], effect or {}))
    folded: dict[tuple[str, ...], list[Change]] = {}
    for key, was in old.items():
        if not (was["is_closed"] and key in new and differ(was["value"], new[key]["value"])):
            continue
        causes = causes_of(was["metric"], before, after)
        by_settings = causes and key in by_old and not differ(by_old[key]["value"], was["value"])
        change = _restated(was, new[key], _cause(was["metric"], before, after, only_defined=bool(by_settings)))
        if by_settings:
            folded.setdefault(causes, []).append(change)
        else:
            yield change
    for causes, changes in folded.items():
        yield from _by_settings(causes, changes, before, after)


def _by_settings(causes: Sequence[str], changes: Sequence[Change], before: Run, after: Run) -> Iterator[Change]:
    """Yield the line for what settings restate, then the values under it, largest first."""
    n, m = len(changes), len({c.metric for c in changes})
    counts = tuple(Stated(k, "count", numbers.count(k)) for k in (n, m))
    settings = ", ".join(setting_label(i, after, before) for i in causes)
    sentence = say(
        "{values} of {metrics} restated by {settings}.",
        values=plural(n, "{count} value of a closed period", "{count} values of closed periods", count=counts[0].text),
        metrics=plural(m, "{count} metric", "{count} metrics", count=counts[1].text),
        settings=settings,
    )
    head = Change("restated", id_of("restated-by", *causes), sentence, numbers=counts, names=(settings,))
    largest = max((c for c in changes if c.money is not None), key=lambda c: abs(c.money or 0.0), default=None)
    if largest is not None:
        head = replace(head, money=largest.money, currency=largest.currency)
    yield head
    yield from (replace(c, under=head.id) for c in changes)


def value_changes(
    before: Run, after: Run, effect: Mapping[str, Any] | None = None, *, same_period: bool
) -> Iterator[Change]:
    """Yield the cards that moved, except those told elsewhere.

    That are those of a period that was closed already, which are restated, and those that changed settings alone move.
    """
    old, by_old = tracked_of(before["findings"]), tracked_of(effect or {})
    closed = {
        (k[0], k[1]) for k, v in old.items()
        if v["is_closed"] or (k in by_old and causes_of(k[0], before, after) and _is_the_same(v, by_old[k]))
    }  # fmt: skip
    period = period_of(after)
    cards = {card["id"]: card for card in before["findings"].get("kpis", ())}
    for card in after["findings"].get("kpis", ()):
        was = cards.get(card["id"])
        if was is None or was["unit"] != card["unit"]:
            continue
        known = same_period and (str(card.get("metric") or ""), period) in closed
        if _is_told(was, card) and not known:
            yield _moved(was, card, before, after, same_period=same_period)
        elif was["status"] != card["status"] and same_period:
            yield _status_changed(was, card, after)


def tracked_changes(before: Run, after: Run, *, same_period: bool) -> Iterator[Change]:
    """Yield the values of periods open or ahead that moved and that no card tells: same metric, scope and period."""
    old, new = tracked_of(before["findings"]), tracked_of(after["findings"])
    carded = _told_by_cards(before, after, same_period=same_period)
    for key, now in new.items():
        was = old.get(key)
        if was is None or was["is_closed"] or was["unit"] != now["unit"] or not _is_told(was, now):
            continue
        if not any(key[0] == metric and not differ(value, now["value"]) for metric, value in carded):
            yield _moved_ahead(was, now, after)


def _told_by_cards(before: Run, after: Run, *, same_period: bool) -> list[tuple[str, Any]]:
    """The metrics and values of the cards that a comparison tells of the same period."""
    known = {card["id"] for card in before["findings"].get("kpis", ())} if same_period else set()
    cards = after["findings"].get("kpis", ())
    return [(str(card.get("metric") or ""), card["value"]) for card in cards if card["id"] in known]


def _is_the_same(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return not differ(was["value"], now["value"])


def _is_told(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two values differ by more than what their last printed digit hides."""
    old, new = was["value"], now["value"]
    return differ(old, new) and is_noticeable(old, new, now["unit"], n=now.get("n"))


def _moved_ahead(was: Mapping[str, Any], now: Mapping[str, Any], after: Run) -> Change:
    unit, currency, metric = now["unit"], now.get("currency") or "", str(now["metric"])
    sentence, figures, period = _told(_AHEAD, was, now)
    gap = figures[2].value
    href = f"#m-{metric.lower()}" if metric in definitions_of(after["findings"]) else ""
    return Change(
        "value", id_of("tracked", metric, now["period"]), sentence,
        money=gap if unit == "money" else money_at_stake(metric, after["findings"]), currency=currency,
        tone=tone(gap, now.get("better") or "none"), href=href, metric=metric,
        numbers=figures, names=(str(now["label"]), period),
    )  # fmt: skip


def _told(
    templates: Mapping[str, str], was: Mapping[str, Any], now: Mapping[str, Any], **more: str
) -> tuple[str, tuple[Stated, Stated, Stated], str]:
    """Return the sentence on two tracked values, its numbers and the words for the period."""
    currency = now.get("currency") or ""
    old, new, gap = stated_pair(
        was["value"], now["value"], now["unit"], currency=currency, n_old=was.get("n"), n_new=now.get("n")
    )
    period = str(now.get("period_label") or now["period"])
    words = {"label": now["label"], "period": period, "old": old.text, "new": new.text, **more}
    if gap.value is None:
        return say(templates["is"], **words), (old, new, gap), period
    way = "rose" if gap.value > 0 else "fell"
    return say(templates[way], delta=gap.text, **words), (old, new, gap), period


def money_at_stake(metric: str, findings: Mapping[str, Any]) -> float | None:
    """Return the largest amount that the findings name for a metric, None if they name none."""
    amounts = [f["at_stake"] for f in findings.get("findings", ()) if f.get("metric") == metric and f.get("at_stake")]
    return max(amounts, key=abs, default=None) if metric else None


def _restated(was: Mapping[str, Any], now: Mapping[str, Any], cause: str) -> Change:
    sentence, figures, period = _told(_RESTATED, was, now, cause=cause)
    gap = figures[2].value
    return Change(
        "restated", id_of("restated", was["metric"], was["period"]), sentence,
        money=gap if now["unit"] == "money" else None, currency=now.get("currency") or "",
        tone=tone(gap, now.get("better") or "none"), metric=was["metric"], numbers=figures,
        names=(str(now["label"]), period, cause),
    )  # fmt: skip


def _cause(metric: str, before: Run, after: Run, *, only_defined: bool = False) -> str:
    """Say what is known to have changed of what the value is made from; more than that is not known."""
    by_definition = redefined(metric, before, after) or only_defined
    tables = [] if only_defined else tables_changed(metric, before, after)
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
