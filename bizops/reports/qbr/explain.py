"""What stands behind the review's numbers: the query of each metric, and the values that later runs compare with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bizops.findings import Tracked, TrackedValue
from bizops.language import say
from bizops.metrics.linearity import linearity
from bizops.metrics.pipeline import coverage
from bizops.metrics.quota import attainment, quota
from bizops.metrics.registry import METRICS, Metric
from bizops.metrics.renewals import available_to_renew
from bizops.reports._context import Context
from bizops.reports._explain import TRACKED, tracked_value
from bizops.reports.qbr.measures import Measure, days_of, measures, past_measure
from bizops.reports.qbr.pipeline import coverage_finding, first_ahead, seen_at

WHOLE_QUARTER = (attainment, quota, linearity)
"""Measured over the whole quarter, also while it runs."""


def queries(context: Context, metric_ids: tuple[str, ...]) -> dict[str, Any]:
    """Return the expression behind what the review shows of each metric, of those that the data can answer."""
    known = [METRICS[id_] for id_ in metric_ids if not METRICS[id_].missing(context.data)]
    found = {metric.id: _query(context, metric) for metric in known}
    return {id_: query for id_, query in found.items() if query is not None}


def _query(context: Context, metric: Metric) -> Any:
    if metric is coverage:
        return coverage(context.data, first_ahead(context), at=seen_at(context))
    if metric is available_to_renew:
        return context.expression(metric, context.calendar.shift(context.period, 1))
    period = context.period if metric in WHOLE_QUARTER else days_of(context, metric, context.window)
    return context.expression(metric, period) if period else None


def tracked(context: Context) -> Tracked:
    """Return every measure of the scorecard for the quarter and the eight before it, and the coverage of the next.

    A later run reads in them what has moved, and which quarter that was closed by then has changed since.
    """
    found = [value for m in measures(context) if not m.metric.missing(context.data) for value in _of(context, m)]
    return Tracked((*found, *_coverage(context)))


def _of(context: Context, m: Measure) -> Iterator[TrackedValue]:
    for period in context.calendar.trailing(context.period, TRACKED):
        yield tracked_value(context, m.metric, m.label, period, *past_measure(context, m.metric, period))
    yield tracked_value(context, m.metric, m.label, context.period, m.value, m.n)


def _coverage(context: Context) -> Iterator[TrackedValue]:
    finding = None if context.off("pipeline") else coverage_finding(context)
    if finding is None:
        return
    yield tracked_value(context, coverage, say(coverage.name), first_ahead(context), finding.value, finding.n)
