"""Pipeline: created, open against the coming quarters' targets, and how old it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pandas as pd

from bizops import charts, numbers
from bizops.findings import Displayable, Finding, Off, Section, against
from bizops.language import message, say
from bizops.metrics.history import NEEDS as HISTORY
from bizops.metrics.pipeline import ageing, coverage, open_pipeline, pipeline_created, pipeline_value, same_day
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports._words import source_lacks
from bizops.reports.qbr.gap import covered
from bizops.reports.qbr.measures import measure
from bizops.reports.qbr.targets import own_target
from bizops.tables import Col, Table

_LONG_AGO = date(1900, 1, 1)
_AHEAD = 3
_EARLIER = 8


def pipeline_section(context: Context) -> Section:
    """Return pipeline created, coverage of the coming quarters with what history says is needed, and ageing."""
    reason = _not_seen(context)
    if reason:
        off = Off("pipeline-then", "", reason)
        return Section("pipeline", say("Pipeline is not measurable"), (off, *_created(context)))
    ahead = coverage_ahead(context)
    finding = coverage_finding(context)
    blocks = (*_created(context), *_coverage(context, ahead), *_ageing(context))
    if finding is None:
        return Section("pipeline", say("Coverage of the coming quarters is not measurable"), blocks)
    return Section("pipeline", headline_of(finding), blocks, evidence=(finding,))


def seen_at(context: Context) -> datetime | None:
    """Return the instant at which the pipeline is looked at: None for ``as_of``, else the end of an older period."""
    after = context.calendar.shift(context.period, 1)
    return context.calendar.instant_after(context.period.last_day) if after.is_complete(context.as_of) else None


def _not_seen(context: Context) -> str:
    """Why the pipeline of an older period cannot be seen; it is never replaced by today's (C05)."""
    if seen_at(context) is None:
        return ""
    missing = source_lacks(context.data, HISTORY)
    if missing:
        told = {"period": context.period.short, "missing": missing}
        return say("the pipeline at the end of {period} is past and needs history: {missing}", **told)
    if not covered(context, context.period):
        return say("the history of deals begins after {period} began", period=context.period.short)
    return ""


def coverage_ahead(context: Context) -> pd.DataFrame:
    """Return one row a coming quarter: ``period, open, n, target, won, to_go, coverage, needed``."""
    return context.once("coverage", lambda: pd.DataFrame([_ahead(context, p) for p in _periods(context)]))


def _periods(context: Context) -> list[Period]:
    first = context.period if context.in_flight else context.calendar.shift(context.period, 1)
    return [first, *(context.calendar.shift(first, k) for k in range(1, _AHEAD))]


def first_ahead(context: Context) -> Period:
    """Return the coming quarter whose coverage the review speaks of: the running one, else the next."""
    return _periods(context)[0]


def _ahead(context: Context, period: Period) -> dict[str, object]:
    row = coverage(context.data, period, at=seen_at(context)).to_pandas().iloc[0]
    to_go = None if pd.isna(row["denominator"]) else float(row["denominator"])
    return {
        "period": period.short,
        "open": None if pd.isna(row["numerator"]) else float(row["numerator"]),
        "n": int(row["n"]),
        "to_go": to_go,
        "coverage": None if pd.isna(row["value"]) else float(row["value"]),
        "needed": _needed(context, period),
    }


def _needed(context: Context, period: Period) -> float | None:
    """The coverage that earlier quarters turned out to need at the same day: open pipeline over what it became."""
    if context.data.missing(HISTORY) or seen_at(context) is not None or not period.elapsed(context.as_of):
        return None
    earlier = context.calendar.trailing(period, _EARLIER)
    known = [p.key for p in earlier if covered(context, p)]
    if len(known) < _EARLIER // 2:
        return None
    rows = same_day(context.data, period, quarters=_EARLIER).to_pandas()
    rows = rows[rows["period"].isin(known)]
    became = float(rows["won_after"].sum())
    return float(rows["pipeline"].sum()) / became if became > 0 else None


def coverage_finding(context: Context) -> Finding | None:
    """Return the finding on the next quarter's coverage against what history needed, or None if not measurable."""
    if _not_seen(context):
        return None
    ahead = coverage_ahead(context)
    first = ahead.iloc[0]
    if _no_coverage(ahead) or numbers.is_missing(first["coverage"]):
        return None
    needed = None if numbers.is_missing(first["needed"]) else float(first["needed"])
    setting = context.company.metrics.get("BKG-07")
    goal = own_target(context, "BKG-07")
    reference, label = goal, say("the target of {goal}", goal=numbers.multiple(goal))
    if goal is None:
        shown = numbers.multiple(needed)
        reference = needed
        label = say("the {needed} that earlier quarters needed at the same day", needed=shown)
    return against(
        "coverage",
        say("{period} pipeline coverage", period=first["period"]),
        float(first["coverage"]),
        "multiple",
        reference=reference,
        reference_label=label if reference else "",
        better=(setting.better if setting and setting.better else "up") if goal is not None else "none",
        tolerance=setting.tolerance if setting else None,
        n=int(first["n"]),
        records=say("open deals"),
        grade="arithmetic",
        metric="BKG-07",
        table="coverage",
        at_stake=float(first["open"]) - float(first["to_go"]) * reference if reference else None,
        currency=context.currency,
    )


def _created(context: Context) -> tuple[Displayable, ...]:
    m = measure(context, pipeline_created)
    if m.value is None:
        return (Off("pipeline-created", say("Pipeline created"), m.reason),)
    target = m.target.value is not None
    return (
        against(
            "pipeline-created",
            say("Pipeline created"),
            m.value,
            "money",
            reference=m.target.value if target else m.prior,
            reference_label=m.target.label if target else context.prior.short,
            better=m.better if target else "none",
            tolerance=m.target.tolerance,
            currency=context.currency,
            n=m.n,
            records=say("deals"),
            grade="arithmetic",
            metric=m.id,
            table="scorecard",
        ),
    )


NEEDED = message("Needed by history: open pipeline at the same day of earlier quarters over what was won afterwards.")

QUALIFIED = message(
    "Qualified are the deals that P17 counts as pipeline; the checks of CRM fields look at every open deal."
)


def _no_coverage(ahead: pd.DataFrame) -> str:
    """Why coverage is not measurable, or an empty string."""
    n = int(ahead["n"].sum())
    if not n:
        return say("no open deal has a close date in the coming quarters")
    return say("{n} open deals carry no amount", n=numbers.count(n)) if ahead["open"].isna().any() else ""


def _coverage(context: Context, ahead: pd.DataFrame) -> tuple[Displayable, ...]:
    when = seen_at(context)
    day = context.period.last_day if when else context.as_of
    reason = _no_coverage(ahead)
    if reason:
        return (Off("coverage", say("Coverage"), reason),)
    return (
        Table(
            "coverage",
            say("Qualified open pipeline against the coming quarters, at the end of {day}", day=numbers.day(day)),
            ahead,
            [
                Col("period", say("Quarter")),
                Col("open", say("Open pipeline"), "money", metric="BKG-07-OPEN"),
                Col("n", say("Deals"), "count"),
                Col("to_go", say("Target less won"), "money", missing=say("no plan"), metric="BKG-07"),
                Col(
                    "coverage",
                    say("Coverage"),
                    "multiple",
                    missing=say("no plan, or the target is met"),
                    metric="BKG-07",
                ),
                Col(
                    "needed",
                    say("Needed by history"),
                    "multiple",
                    missing=say("measured for a quarter that has begun"),
                    metric="BKG-07",
                ),
            ],
            note=say(" ").join(filter(None, [say(NEEDED), *_elsewhere(context, ahead), say(QUALIFIED)])),
            currency=context.currency,
        ),
    )


def _elsewhere(context: Context, ahead: pd.DataFrame) -> list[str]:
    """Sentences on the qualified open deals that are in none of the coming quarters."""
    overdue, n = _overdue(context)
    every = context.once("open deals", lambda: int(open_pipeline(context.data, seen_at(context)).count().execute()))
    later = every - int(ahead["n"].sum()) - n
    if not later:
        return [overdue] if overdue else []
    told = {"n": numbers.count(later), "all": numbers.count(every)}
    rest = say("{n} of {all} qualified open deals close after these quarters or have no close date.", **told)
    return [overdue, rest] if overdue else [rest]


def _overdue(context: Context) -> tuple[str, int]:
    """What is open with a close date that has passed, and how many: it is in no coming quarter."""
    day = (context.period.last_day if seen_at(context) else context.as_of) + timedelta(days=1)
    past = replace(context.period, start=_LONG_AGO, end=day if seen_at(context) else _periods(context)[0].start)
    row = pipeline_value(context.data, past, at=seen_at(context)).to_pandas().iloc[0]
    count = int(row["n"])
    if not count:
        return "", 0
    n = numbers.count(count)
    if pd.isna(row["value"]):
        return say("{n} more open deals have a close date before these quarters.", n=n), count
    value = numbers.money(row["value"], context.currency)
    return say("{n} more open deals, {value} have a close date before these quarters.", n=n, value=value), count


def _ageing(context: Context) -> tuple[Displayable, ...]:
    if not context.data.has("opportunity", "created_at"):
        why = source_lacks(context.data, {"opportunity": ("created_at",)})
        return (Off("ageing", say("Ageing"), why),)
    rows = ageing(context.data, at=seen_at(context)).to_pandas().sort_values("bucket_from", ignore_index=True)
    if rows.empty:
        return (Off("ageing", say("Ageing"), say("no deal is open")),)
    valued = rows["value"].notna().all()
    columns = [Col("bucket", say("Age"), said=True), Col("n", say("Open deals"), "count", total="sum")]
    if valued:
        columns.append(Col("value", say("Open pipeline"), "money", total="sum", metric="BKG-07-OPEN"))
    note = "" if valued else say("The amount of open deals is not recorded, so the pipeline is counted and not valued.")
    title = say("Qualified open pipeline by age since creation")
    table = Table("ageing", title, rows, columns, note=note, currency=context.currency)
    if len(rows) < 2:
        return (table,)
    oldest = rows[rows["bucket_from"] > 180]
    count, of = int(oldest["n"].sum()), int(rows["n"].sum())
    sizes = rows["value" if valued else "n"].astype(float)
    told = {"share": numbers.share(count, of), "days": 180}
    figure = charts.stacked(
        pd.DataFrame({"label": rows["bucket"].map(say), "series": say("Open"), "value": sizes}),
        id="ageing",
        title=say("{share} of the qualified open deals are older than {days} days", **told),
        subtitle=title,
        unit="money" if valued else "count",
        currency=context.currency if valued else "",
        table="ageing",
    )
    return (figure, table)
