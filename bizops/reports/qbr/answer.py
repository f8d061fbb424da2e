"""The answer in five sentences, the decisions asked, and what would change the answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from bizops import numbers
from bizops.findings import Answer, Ask, Asks, Finding, Off, Section
from bizops.findings.grammar import words_in
from bizops.findings.page import TITLE_LIMIT, WORD_LIMIT
from bizops.language import plural, say
from bizops.metrics.bookings import bookings
from bizops.metrics.retention import gross_retention, net_retention
from bizops.reports._context import Context
from bizops.reports.qbr.gap import contributions, drivers, gap_of, plan_mismatch
from bizops.reports.qbr.measures import Measure, days_of, measure, measures, not_measurable
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
        sentences.append(plural(len(asked), "A decision is asked below.", "Decisions are asked below."))
    while sum(words_in(s.sentence if isinstance(s, Finding) else s) for s in sentences) > WORD_LIMIT:
        sentences.pop(-2 if len(sentences) > 2 else -1)
    state = measure(context, bookings).status
    return Answer(_title(context, result), tuple(sentences), state, evidence=(result,))


def _outlook(context: Context) -> Finding | None:
    return coverage_finding(context) if seen_at(context) is None else None


def _title(context: Context, result: Finding) -> str:
    """The conclusion with its number, at most 90 characters: scope, period, bookings, distance to plan."""
    shown = numbers.money(result.value, context.currency)
    alone = say("{period} bookings {value}", period=context.period.short, value=shown)
    text = _against(context, result, alone)
    scope, member = context.params.scope.level, context.params.scope.member
    scoped = text if scope == "company" else say("{scope}: {title}", scope=member, title=text)
    return next((x for x in (scoped, text, alone) if len(x) <= TITLE_LIMIT), alone)


def _against(context: Context, result: Finding, title: str) -> str:
    """The title with the distance to the reference, where there is one."""
    if result.reference is None or result.value is None:
        return title
    gap = result.value - result.reference
    relative = numbers.change(result.value, result.reference)
    away = numbers.percent(abs(relative)) if relative is not None else numbers.money(abs(gap), context.currency)
    told = {"title": title, "reference": result.reference_label}
    if not round(gap, 2):
        return say("{title}, on {reference}", **told)
    if gap > 0:
        return say("{title}, {gap} above {reference}", **told, gap=away)
    return say("{title}, {gap} below {reference}", **told, gap=away)


def asks(context: Context) -> Asks:
    """Return at most three decisions, those with the most money at stake first, and what else is off track in a note.

    Each has the metric's owner and a due date; where money cannot be named it stands last, without a value.
    """
    return context.once("asks", lambda: _ranked(context, _asks(context)))


def _ranked(context: Context, found: dict[str, Ask]) -> Asks:
    order = sorted(found, key=lambda id_: -abs(found[id_].value or 0.0))
    kept = order[:_MOST_ASKS]
    rest = [name for id_, name in _off_track(context) if id_ not in kept]
    told = {"names": say(", ").join(rest), "count": len(rest)}
    note = plural(
        len(rest),
        "{count} more measure is off track: {names}.",
        "{count} more measures are off track: {names}.",
        **told,
    ) if rest else ""  # fmt: skip
    return Asks(tuple(found[id_] for id_ in kept), note=note)


def _off_track(context: Context) -> list[tuple[str, str]]:
    """Id and name of all that is off track on the scorecard."""
    found = [(m.id, m.label) for m in measures(context) if m.status == "off_track"]
    outlook = None if context.off("pipeline") else _outlook(context)
    if outlook is not None and outlook.severity == "bad":
        found.append((outlook.metric, outlook.subject))
    return found


def _at_stake(context: Context, m: Measure) -> float | None:
    """What missing the target is worth: the gap of a sum, the shortfall of retention on its opening ARR."""
    if m.value is None or m.target.value is None:
        return None
    short = m.value - m.target.value
    if m.metric.unit == "money" and m.metric.additivity == "additive":
        return short
    if m.metric in (gross_retention, net_retention):
        days = days_of(context, m.metric, context.window)
        opening = context.row(m.metric, days).get("denominator") if days else None
        return None if opening is None else short * float(opening)
    return None


def _asks(context: Context) -> dict[str, Ask]:
    due = context.calendar.business_day_after(context.as_of, _DUE_IN)
    found: dict[str, Ask] = {}
    missed = measure(context, bookings).status in ("watch", "off_track")
    parts = contributions(context) if not context.off("contribution") else None
    if missed and parts is not None and len(parts) > 1 and parts["gap"].iloc[0] < 0:
        worst = parts.iloc[0]
        found["BKG-01"] = _ask(
            context, say("Decide on a recovery plan for {part}", part=worst["part"]),
            say("Largest part of the gap"), "BKG-01", due, "#s-contribution", float(worst["gap"]),
        )  # fmt: skip
    elif missed:
        gap = measure(context, bookings)
        short = (gap.value or 0.0) - (gap.target.value or 0.0)
        found["BKG-01"] = _ask(
            context, say("Decide on a recovery plan for the shortfall"), say("Bookings below target"), "BKG-01",
            due, "#s-plan-gap", short,
        )  # fmt: skip
    outlook = _outlook(context) if not context.off("pipeline") else None
    if outlook is not None and outlook.at_stake is not None and outlook.at_stake < 0:
        found["BKG-07"] = _ask(
            context, say("Decide on a programme to create pipeline for the coming quarter"),
            say("Coverage below {reference}", reference=outlook.reference_label), "BKG-07", due, "#s-pipeline",
            outlook.at_stake,
        )  # fmt: skip
    for m in measures(context):
        if m.status == "off_track" and m.id in PLACES:
            place = PLACES[m.id]
            what = say("Decide what to do about {measure}", measure=m.label)
            found[m.id] = _ask(context, what, say("Off track"), m.id, due, place, _at_stake(context, m))
    return found


def _ask(context: Context, ask: str, why: str, metric: str, due: date, href: str, value: float | None = None) -> Ask:
    setting = context.company.metrics.get(metric)
    owner = setting.owner if setting and setting.owner else say("no owner set")
    return Ask(ask, why, value, owner, due, href, currency=context.currency)


def what_would_change(context: Context, parts: Iterable[Section | Off] = ()) -> Section:
    """Return what the answer rests on and what could overturn it: assumptions, missing data, small samples.

    ``parts`` are the sections of the page: what is switched off in them, or whole, is listed.
    """
    notes = [Off(f"change-{i + 1}", "", text) for i, text in enumerate(_reservations(context, parts))]
    return Section("what-would-change", say("What would change this answer"), tuple(notes))


def _as_extracted(context: Context) -> str:
    """What a past page takes from today's tables because the source keeps no history of it."""
    newest = max((i.extracted_at for i in context.data.info.values() if i.extracted_at), default=None)
    if newest is None:
        return ""
    day = context.calendar.local_date(newest)
    if day > context.as_of + timedelta(days=_EXTRACT_LAG):
        return say(
            "The tables were extracted on {day}, after the day of this review: teams, managers, lines, splits and risk "
            "classes are as of the extract, since the source keeps no history of them.",
            day=numbers.day(day),
        )
    if day < context.as_of - timedelta(days=_EXTRACT_LAG):
        return say(
            "The newest extract is of {day}; what happened since then is not in these numbers.", day=numbers.day(day)
        )
    return ""


def _not_shown(context: Context, parts: Iterable[Section | Off]) -> list[str]:
    """A sentence on each part of the page that is switched off, but for those told as not measurable."""
    told = {m.reason for m in measures(context) if m.reason}
    found = []
    for part in parts:
        if isinstance(part, Off):
            found.append(part.sentence())
            continue
        for block in part.blocks:
            if isinstance(block, Off) and block.reason not in told:
                # a block without a title stands alone under its section's headline
                alone = say("{title}: {reason}", title=part.headline, reason=block.reason)
                found.append(block.sentence() if block.title else alone)
    return [say("{sentence}.", sentence=text) for text in found]


def _basis(context: Context) -> str:
    """That a plan may be of another value than the bookings held against it."""
    if context.company.policy("P15") != "tcv" or measure(context, bookings).target.value is None:
        return ""
    return say(
        "Bookings are total contract value (P15); on which value the {target} is made is not known, so the two may not "
        "be comparable.",
        target=measure(context, bookings).target.label,
    )


def _reservations(context: Context, parts: Iterable[Section | Off]) -> list[str]:
    found = []
    gap = gap_of(context)
    if not gap.reason:
        found += [n for n in gap.notes if n]
    found += [text for text in (plan_mismatch(context), _basis(context), _as_extracted(context)) if text]
    if context.in_flight:
        found.append(say("The period is in flight; deals that close before its end change every number here."))
    small = [m.label for m in measures(context) if m.status == "too_little_data" and not m.reason]
    if small:
        found.append(say("Too few records to judge: {names}.", names=say(", ").join(small)))
    found += [text for text in [not_measurable(context)] if text]
    found += _not_shown(context, parts)
    warned = context.data.quality
    count = int((warned["severity"] == "warning").sum()) if len(warned) else 0
    if count:
        warned_of = say("{n} checks of the data gave a warning; they are listed under data quality.", n=count)
        found.append(warned_of)
    return found or [say("Nothing is known that would: all sections are on, every check of the data passed.")]
