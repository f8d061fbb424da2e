"""The scorecard: five cards for the page's head, and every measure with its comparisons."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bizops import numbers
from bizops.findings import Kpi, Kpis, Section, kpi
from bizops.findings.finding import Finding, against
from bizops.metrics import arr, bookings, pipeline, retention
from bizops.metrics.registry import Metric
from bizops.reports._context import Context
from bizops.reports.qbr.measures import Measure, label_of, measure, measures, not_measurable, past_value
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


def kpis(context: Context) -> Kpis:
    """Return the strip of cards: bookings, win rate, pipeline created, net new ARR, GRR and NRR, where measurable."""
    found = [(measure(context, metric), href) for metric, href in CARDS]
    return Kpis(tuple(_card(context, m, href) for m, href in found if not m.reason))


def _card(context: Context, m: Measure, href: str) -> Kpi:
    references = [
        (m.target.label or "plan", m.target.value),
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
    )


def _note(context: Context, m: Measure) -> str:
    if m.reason:
        return m.reason
    if context.in_flight and m.metric.additivity == "additive":
        return f"day {context.window.days} of {context.period.days}"
    return ""


def _spark(context: Context, metric: Metric) -> tuple[float | None, ...]:
    """The last nine periods, oldest first; those before the data began and a period in flight are left out."""
    last = context.calendar.shift(context.period, -1) if context.in_flight else context.period
    periods = [*context.calendar.trailing(last, _SPARK - 1), last]
    values = [past_value(context, metric, p) for p in periods]
    started = next((i for i, v in enumerate(values) if v), len(values))
    return tuple(values[started:])


def headline(context: Context) -> Finding:
    """Return the finding of the page: bookings against their target, without one against the quarter before."""
    m = measure(context, bookings.bookings)
    targeted = m.target.value is not None or m.prior is None
    reference, label = (m.target.value, m.target.label or "plan") if targeted else (m.prior, context.prior.short)
    return against(
        "bookings",
        f"{context.period.short} bookings",
        m.value,
        "money",
        plural=True,
        reference=reference,
        reference_label=label,
        better=m.better if targeted else "none",
        currency=context.currency,
        n=m.n,
        records="deals won",
        tolerance=m.target.tolerance,
        grade="arithmetic",
        metric=m.id,
        table="scorecard",
        at_stake=None if m.value is None or m.target.value is None else m.value - m.target.value,
    )


def scorecard(context: Context) -> Section:
    """Return every measure: actual, target, difference, the quarter before, the same quarter last year, status."""
    rows = [_table_row(m) for m in measures(context) if not m.reason]
    table = Table(
        "scorecard",
        f"Scorecard, {context.params.title_scope()}, {context.period.label}",
        pd.DataFrame(rows),
        [
            Col("label", "Measure"),
            Col("value", "Actual", "quantity", unit_by="unit", n="n", missing="not measurable"),
            Col("target", "Plan", "quantity", unit_by="unit", n="n", missing="no plan"),
            Col("to_target", "Δ plan", "difference", unit_by="unit", missing="no plan"),
            Col("prior", context.prior.short, "quantity", unit_by="unit", n="n", missing="no data"),
            Col("last_year", context.last_year.short, "quantity", unit_by="unit", n="n", missing="no data"),
            Col("n", "Records", "count", missing="no data"),
            Col("status", "Status", "status"),
        ],
        note=" ".join(filter(None, [not_measurable(context), _in_flight_note(context)])),
        currency=context.currency,
    )
    finding = headline(context)
    return Section("scorecard", _takeaway(context), (finding, table, *trend(context)), evidence=(_Counts(context),))


def _in_flight_note(context: Context) -> str:
    if not context.in_flight:
        return ""
    return (
        f"The period is in flight, day {context.window.days} of {context.period.days}: sums are held against the part "
        "of the plan that earlier quarters had booked by the same day, and against the same days of earlier quarters."
    )


def _takeaway(context: Context) -> str:
    judged = [m for m in measures(context) if m.status in ("on_track", "watch", "off_track")]
    if not judged:
        return "No measure has a target to be held against"
    good = sum(m.status == "on_track" for m in judged)
    return f"{good} of {len(judged)} measures with a target are on track"


class _Counts:
    """The counts that the takeaway names."""

    def __init__(self, context: Context) -> None:
        judged = [m for m in measures(context) if m.status in ("on_track", "watch", "off_track")]
        self.known = frozenset({str(sum(m.status == "on_track" for m in judged)), str(len(judged))})

    def numerals(self) -> frozenset[str]:
        """Return them as the grammar of findings reads them."""
        return self.known


def _table_row(m: Measure) -> dict[str, Any]:
    return {
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
