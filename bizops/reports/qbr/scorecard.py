"""The scorecard: five cards for the page's head, and every measure with its comparisons."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bizops import numbers
from bizops.findings import Kpi, Kpis, Section, kpi, status
from bizops.findings.finding import Finding, against
from bizops.findings.grammar import DAY_OF
from bizops.language import plural, say
from bizops.metrics import arr, bookings, pipeline, retention
from bizops.metrics.registry import Metric
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports._words import shown
from bizops.reports.qbr.gap import gap_of
from bizops.reports.qbr.measures import Measure, label_of, measure, measures, not_measurable, past_value
from bizops.reports.qbr.pipeline import coverage_finding
from bizops.reports.qbr.targets import bookings_target_by
from bizops.reports.qbr.trend import trend
from bizops.tables import Col, Table

CARDS: tuple[tuple[Metric, str], ...] = (
    (bookings.bookings, "#s-plan-gap"),
    (bookings.win_rate, "#s-wins"),
    (pipeline.pipeline_created, "#s-pipeline"),
    (arr.net_new_arr, "#s-retention"),
    (retention.gross_retention, "#s-retention"),
    (retention.net_retention, "#s-retention"),
)
_SPARK = 9
TYPES = ("new", "expansion")


def kpis(context: Context) -> Kpis:
    """Return the strip of cards: bookings, win rate, pipeline created, net new ARR, GRR and NRR, where measurable."""
    found = [(measure(context, metric), href) for metric, href in CARDS]
    return Kpis(tuple(_card(context, m, href) for m, href in found if not m.reason))


def _card(context: Context, m: Measure, href: str) -> Kpi:
    references = [
        (m.target.label or say("plan"), m.target.value),
        (label_of(context, m.metric, context.prior), m.prior),
        (label_of(context, m.metric, context.last_year), m.last_year),
    ]
    return kpi(
        m.id.lower(),
        m.label,
        m.value,
        m.metric.unit,
        better=m.better,
        references=references,
        target=m.target.value,
        currency=context.currency,
        tolerance=m.target.tolerance,
        n=m.n,
        k=m.k,
        interval=m.interval,
        href=href,
        note=_note(context, m),
        spark=_spark(context, m.metric),
        metric=m.id,
    )


def _note(context: Context, m: Measure) -> str:
    if m.reason:
        return m.reason
    if context.in_flight and m.metric.id.startswith("ARR"):
        months = context.whole_months(context.period)
        return say("to {day}", day=numbers.day(months.last_day)) if months else ""
    if context.in_flight and m.metric.additivity == "additive":
        return day_of(context)
    return ""


def day_of(context: Context) -> str:
    """Return how far a period in flight is: ``day 41 of 92``."""
    return say(DAY_OF, day=context.window.days, days=context.period.days)


def _spark(context: Context, metric: Metric) -> tuple[float | None, ...]:
    """The last nine periods, oldest first; those before the data began and a period in flight are left out."""
    last = context.calendar.shift(context.period, -1) if context.in_flight else context.period
    periods = [*context.calendar.trailing(last, _SPARK - 1), last]
    values = [past_value(context, metric, p) for p in periods]
    started = next((i for i, v in enumerate(values) if v), len(values))
    return tuple(values[started:])


def headline(context: Context) -> Finding:
    """Return the finding of the page: bookings against their target, without one against the run-rate."""
    m = measure(context, bookings.bookings)
    gap = gap_of(context)
    targeted = m.target.value is not None or not gap.n_quarters
    reference, label = m.target.value, m.target.label or say("plan")
    if not targeted:
        n = gap.n_quarters
        reference = gap.run_rate
        label = plural(n, "the mean of the quarter before", "the mean of the {n} quarters before", n=n)
    return against(
        "bookings",
        say("{period} bookings", period=context.period.short),
        m.value,
        "money",
        plural=True,
        reference=reference,
        reference_label=label,
        better=m.better if targeted else "none",
        currency=context.currency,
        n=m.n,
        records=say("deals won"),
        tolerance=m.target.tolerance,
        grade="arithmetic",
        metric=m.id,
        table="scorecard",
        at_stake=None if m.value is None or m.target.value is None else m.value - m.target.value,
    )


def scorecard(context: Context) -> Section:
    """Return every measure: actual, target, difference, the quarter before, the same quarter last year, status."""
    rows = [_table_row(m) for m in measures(context) if not m.reason]
    rows[1:1] = [_type_row(context, name) for name in TYPES if _has_types(context)]
    outlook = None if context.off("pipeline") else coverage_finding(context)
    if outlook is not None:
        rows.append(_coverage_row(outlook))
    table = Table(
        "scorecard",
        say("Scorecard, {scope}, {period}", scope=context.params.title_scope(), period=context.period.label),
        pd.DataFrame(rows),
        [
            Col("label", say("Measure")),
            Col("value", say("Actual"), "quantity", unit_by="unit", n="n", missing=say("not measurable")),
            Col("target", say("Plan"), "quantity", unit_by="unit", n="n", missing=say("no plan")),
            Col("to_target", say("Δ plan"), "difference", unit_by="unit", n="n", missing=say("no plan")),
            Col("prior", context.prior.short, "quantity", unit_by="unit", n="n", missing=say("no data")),
            Col("last_year", context.last_year.short, "quantity", unit_by="unit", n="n", missing=say("no data")),
            Col("n", say("Records"), "count", missing=say("no data")),
            Col("status", say("Status"), "status"),
        ],
        note=say(" ").join(filter(None, [not_measurable(context), _in_flight_note(context)])),
        currency=context.currency,
        metric_by="metric",
    )
    finding = headline(context)
    told = _takeaway(rows)
    return Section("scorecard", headline_of(told), (finding, table, *trend(context)), evidence=(told,))


def _in_flight_note(context: Context) -> str:
    if not context.in_flight:
        return ""
    return say(
        "The period is in flight, {day_of}: sums are held against the part of the plan that earlier quarters had "
        "booked by the same day, and against the same days of earlier quarters; ARR moves by months and is measured, "
        "and compared, over the months that have passed.",
        day_of=day_of(context),
    )


def _takeaway(rows: list[dict[str, Any]]) -> Finding:
    """The finding on how many of the rows that have a target are on track."""
    judged = [row["status"] for row in rows if row["status"] in ("on_track", "watch", "off_track")]
    if not judged:
        sentence = say("No measure has a target to be held against.")
        return Finding("on-track", sentence, None, "count", table="scorecard")
    good = judged.count("on_track")
    sentence = say("{n} of {all} measures with a target are on track.", n=good, all=len(judged))
    return Finding("on-track", sentence, good, "count", n=len(judged), table="scorecard")


def _has_types(context: Context) -> bool:
    return context.data.has("opportunity", "type") and measure(context, bookings.bookings).value is not None


def _type_row(context: Context, name: str) -> dict[str, Any]:
    """Bookings of one type of deal, against its own plan where there is one."""
    value, n = _of_type(context, name, context.window)
    prior, last_year = (
        _of_type(context, name, p)[0] if context.covers(p) else None for p in (context.prior, context.last_year)
    )
    planned = bookings_target_by(context, ("type",)).set_index("type")["value"]
    target = float(planned[name]) if name in planned.index else None
    return {
        "metric": bookings.bookings.id,
        "label": f"– {shown(name, 'type')}",
        "unit": "money",
        "value": value,
        "target": target,
        "to_target": difference(value, target),
        "prior": prior,
        "last_year": last_year,
        "n": n,
        "status": status(value, target, "up", "money"),
    }


def _of_type(context: Context, name: str, period: Period) -> tuple[float, int]:
    frame = context.frame(bookings.bookings, period, ("type",)).set_index("type")
    return (float(frame["value"][name]), int(frame["n"][name])) if name in frame.index else (0.0, 0)


def _coverage_row(outlook: Finding) -> dict[str, Any]:
    """Coverage of the next quarter; earlier quarters' stands in the pipeline section as what was needed."""
    return {
        "metric": outlook.metric,
        "label": outlook.subject,
        "unit": "multiple",
        "value": outlook.value,
        "target": outlook.reference,
        "to_target": difference(outlook.value, outlook.reference),
        "prior": None,
        "last_year": None,
        "n": outlook.n,
        "status": status(outlook.value, outlook.reference, "up", "multiple"),
    }


def _table_row(m: Measure) -> dict[str, Any]:
    return {
        "metric": m.id,
        "label": m.label,
        "unit": m.metric.unit,
        "value": m.value,
        "target": m.target.value,
        "to_target": difference(m.value, m.target.value),
        "prior": m.prior,
        "last_year": m.last_year,
        "n": m.n,
        "status": m.status,
    }


def difference(value: float | None, reference: float | None) -> float | None:
    """Return value − reference, or None when one of them is missing."""
    if numbers.is_missing(value) or numbers.is_missing(reference):
        return None
    return float(value or 0.0) - float(reference or 0.0)
