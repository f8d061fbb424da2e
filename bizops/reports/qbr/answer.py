"""The answer in five sentences, the decisions asked, and what would change the answer."""

from __future__ import annotations

from datetime import date, timedelta

from bizops import numbers
from bizops.findings import Answer, Ask, Asks, Finding, Off, Section
from bizops.metrics.bookings import bookings
from bizops.reports._context import Context
from bizops.reports.qbr.gap import contributions, drivers, gap_of, plan_mismatch
from bizops.reports.qbr.measures import measure, measures, not_measurable
from bizops.reports.qbr.pipeline import coverage_finding, seen_at
from bizops.reports.qbr.scorecard import headline

PLACES = {"BKG-03": "#s-wins", "BKG-08": "#s-pipeline", "ARR-05": "#s-retention", "ARR-06": "#s-retention"} | {
    "ARR-07": "#s-retention",
    "ARR-08": "#s-retention",
}
"""Measures whose missing the target asks for a decision, and the section that shows why."""

_EXTRACT_LAG = 2
_DUE_IN = 10
_MOST_ASKS = 3


def answer(context: Context) -> Answer:
    """Return the page's first block: result against plan, the two largest causes, outlook, and what is asked."""
    result = headline(context)
    found: list[Finding] = [result, *drivers(context)]
    outlook = None if context.off("pipeline") else _outlook(context)
    sentences: list[str | Finding] = [*found, *([outlook] if outlook else [])]
    asked = asks(context).items
    if asked:
        sentences.append("Decisions are asked below." if len(asked) > 1 else "A decision is asked below.")
    while sum(len(s.sentence.split() if isinstance(s, Finding) else s.split()) for s in sentences) > 90:
        sentences.pop(-2 if len(sentences) > 2 else -1)
    state = measure(context, bookings).status
    return Answer(_title(context, result), tuple(sentences), state, evidence=(result,))


def _outlook(context: Context) -> Finding | None:
    return coverage_finding(context) if seen_at(context) is None else None


def _title(context: Context, result: Finding) -> str:
    """The conclusion with its number, at most 90 characters: scope, period, bookings, distance to plan."""
    scope = "" if context.params.scope.level == "company" else f"{context.params.scope.member}: "
    shown = numbers.money(result.value, context.currency)
    text = f"{scope}{context.period.short} bookings {shown}"
    if result.reference is not None and result.value is not None:
        gap = result.value - result.reference
        relative = numbers.change(result.value, result.reference)
        away = numbers.percent(abs(relative)) if relative is not None else numbers.money(abs(gap), context.currency)
        side = "above" if gap > 0 else "below"
        text += f", {away} {side} {result.reference_label}" if round(gap, 2) else f", on {result.reference_label}"
    return text if len(text) <= 90 else text[len(scope) :]


def asks(context: Context) -> Asks:
    """Return at most three decisions that follow from the findings, with the metric's owner and a due date."""
    return context.once("asks", lambda: Asks(tuple(_asks(context)[:_MOST_ASKS])))


def _asks(context: Context) -> list[Ask]:
    due = context.calendar.business_day_after(context.as_of, _DUE_IN)
    found: list[Ask] = []
    missed = measure(context, bookings).status in ("watch", "off_track")
    parts = contributions(context) if not context.off("contribution") else None
    if missed and parts is not None and len(parts) > 1 and parts["gap"].iloc[0] < 0:
        worst = parts.iloc[0]
        found.append(
            _ask(context, f"Decide on a recovery plan for {worst['part']}", "Largest part of the gap", "BKG-01", due,
                 "#s-contribution", float(worst["gap"]))
        )  # fmt: skip
    elif missed:
        gap = measure(context, bookings)
        short = (gap.value or 0.0) - (gap.target.value or 0.0)
        found.append(
            _ask(context, "Decide on a recovery plan for the shortfall", "Bookings below target", "BKG-01", due,
                 "#s-plan-gap", short)
        )  # fmt: skip
    outlook = _outlook(context) if not context.off("pipeline") else None
    if outlook is not None and outlook.at_stake is not None and outlook.at_stake < 0:
        found.append(
            _ask(context, "Decide on a programme to create pipeline for the coming quarter",
                 f"Coverage below {outlook.reference_label}", "BKG-07", due, "#s-pipeline", outlook.at_stake)
        )  # fmt: skip
    for m in measures(context):
        if m.status == "off_track" and m.id in PLACES:
            place = PLACES[m.id]
            found.append(_ask(context, f"Decide what to do about {m.label}", "Off track", m.id, due, place))
    return found


def _ask(context: Context, ask: str, why: str, metric: str, due: date, href: str, value: float | None = None) -> Ask:
    setting = context.company.metrics.get(metric)
    owner = setting.owner if setting and setting.owner else "no owner set"
    return Ask(ask, why, value, owner, due, href, currency=context.currency)


def what_would_change(context: Context) -> Section:
    """Return what the answer rests on and what could overturn it: assumptions, missing data, small samples."""
    notes = [Off(f"change-{i + 1}", "", text) for i, text in enumerate(_reservations(context))]
    return Section("what-would-change", "What would change this answer", tuple(notes))


def _as_extracted(context: Context) -> str:
    """What a past page takes from today's tables because the source keeps no history of it."""
    newest = max((i.extracted_at for i in context.data.info.values() if i.extracted_at), default=None)
    if newest is None:
        return ""
    day = context.calendar.local_date(newest)
    if day > context.as_of + timedelta(days=_EXTRACT_LAG):
        return (
            f"The tables were extracted on {numbers.day(day)}, after the day of this review: teams, managers, lines, "
            "splits and risk classes are as of the extract, since the source keeps no history of them."
        )
    if day < context.as_of - timedelta(days=_EXTRACT_LAG):
        return f"The newest extract is of {numbers.day(day)}; what happened since then is not in these numbers."
    return ""


def _reservations(context: Context) -> list[str]:
    found = []
    gap = gap_of(context)
    if not gap.reason:
        found += [n for n in gap.notes if n]
    found += [text for text in (plan_mismatch(context), _as_extracted(context)) if text]
    if context.in_flight:
        found.append("The period is in flight; deals that close before its end change every number here.")
    small = [m.label for m in measures(context) if m.status == "too_little_data" and not m.reason]
    if small:
        found.append(f"Too few records to judge: {', '.join(small)}.")
    found += [text for text in [not_measurable(context)] if text]
    warned = context.data.quality
    count = int((warned["severity"] == "warning").sum()) if len(warned) else 0
    if count:
        found.append(f"{count} checks of the data gave a warning; they are listed under data quality.")
    return found or ["Nothing is known that would: all sections are on, every check of the data passed."]
