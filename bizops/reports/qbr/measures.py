"""The numbers of the scorecard: each with its target, the quarter before and the same quarter last year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bizops.findings import status
from bizops.language import message, say
from bizops.methods.intervals import wilson
from bizops.metrics import arr, bookings, pipeline, retention
from bizops.metrics.losses import losses_recorded
from bizops.metrics.registry import Metric
from bizops.periods import Period
from bizops.reports._context import Context
from bizops.reports._words import source_lacks
from bizops.reports.qbr.targets import Target, target_of

TRAILING_YEAR = (retention.gross_retention, retention.net_retention, retention.logo_churn)
"""Retention is measured on the opening cohort over the twelve months that end with the period (ARR-06 to ARR-08)."""

TOO_YOUNG = message("the source's records do not reach twelve months back")
NO_MONTH = message("no month of the period has passed")
WIN_RATES = (bookings.win_rate, bookings.win_rate_value)
NO_LOSSES = message("no lost deal is recorded anywhere in the source, so a win rate would be 100 % by construction")

ROWS: tuple[tuple[Metric, str], ...] = (
    (bookings.bookings, message("Bookings")),
    (bookings.win_rate, message("Win rate by count")),
    (bookings.win_rate_value, message("Win rate by value")),
    (bookings.average_deal, message("Average deal won")),
    (bookings.cycle_days, message("Median cycle of deals won")),
    (pipeline.pipeline_created, message("Pipeline created")),
    (arr.net_new_arr, message("Net new ARR")),
    (retention.net_retention, message("Net revenue retention, 12 months")),
    (retention.gross_retention, message("Gross revenue retention, 12 months")),
    (retention.logo_churn, message("Logo churn, 12 months")),
)


@dataclass(frozen=True)
class Measure:
    """One row of the scorecard. Values are in the metric's unit; None is not measurable, with ``reason``.

    ``n`` is the number of records behind it, for a share of records ``k`` of them with the 95 % Wilson interval.
    """

    metric: Metric
    label: str
    value: float | None
    prior: float | None
    last_year: float | None
    target: Target
    better: str
    n: int | None = None
    k: int | None = None
    interval: tuple[float, float] | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        """The metric's id."""
        return self.metric.id

    @property
    def status(self) -> str:
        """The status against the target by the rule of conventions §1.1."""
        return status(self.value, self.target.value, self.better, self.metric.unit, self.target.tolerance, self.n)


def measures(context: Context) -> list[Measure]:
    """Return the rows of the scorecard in the order of the page; a metric that the data lack has its reason."""
    return context.once("measures", lambda: [_measure(context, metric, say(label)) for metric, label in ROWS])


def measure(context: Context, metric: Metric) -> Measure:
    """Return one row of the scorecard by its metric."""
    return next(m for m in measures(context) if m.metric is metric)


def not_measurable(context: Context) -> str:
    """Return the sentence that names the measures without a value by their reason, or an empty string."""
    by_reason: dict[str, list[str]] = {}
    for m in measures(context):
        if m.reason:
            by_reason.setdefault(m.reason, []).append(m.label)
    told = say("; ").join(
        say("{names}: {reason}", names=say(", ").join(labels), reason=reason) for reason, labels in by_reason.items()
    )
    return say("Not measurable — {told}.", told=told) if told else ""


def days_of(context: Context, metric: Metric, period: Period) -> Period | None:
    """Return the days that a metric is measured over for ``period``; None where ARR has no month yet.

    ARR is measured over whole months, retention over the twelve months that end with those.
    """
    if not metric.id.startswith("ARR"):
        return period
    months = context.whole_months(period)
    return context.calendar.trailing_year(months) if months and metric in TRAILING_YEAR else months


def _measure(context: Context, metric: Metric, label: str) -> Measure:
    setting = context.company.metrics.get(metric.id)
    better = setting.better if setting and setting.better else metric.better
    reason = source_lacks(context.data, metric.needs) or metric.missing(context.data) or _no_losses(context, metric)
    if reason:
        return Measure(metric, label, None, None, None, Target(), better, reason=reason)
    now = _row(context, metric, context.window)
    days = days_of(context, metric, context.window)
    if metric in TRAILING_YEAR and days is not None and not covered_days(context, metric, days):
        return Measure(metric, label, None, None, None, Target(), better, reason=say(TOO_YOUNG))
    prior, last_year = (past_value(context, metric, p) for p in (context.prior, context.last_year))
    value, n = now.get("value"), _whole(now.get("n"))
    k, interval = _share(metric, now, n)
    reason = "" if value is not None else _why(context, metric)
    target = target_of(context, metric)
    return Measure(metric, label, value, prior, last_year, target, better, n, k, interval, reason)


def _no_losses(context: Context, metric: Metric) -> str:
    if metric in WIN_RATES and not context.once("losses recorded", lambda: losses_recorded(context.data)):
        return say(NO_LOSSES)
    return ""


def covered_days(context: Context, metric: Metric, days: Period) -> bool:
    """Whether the source's records reach back to the start of the days that a metric is measured over."""
    return context.covers_service(days.start) if metric.id.startswith("ARR") else context.covers(days)


def label_of(context: Context, metric: Metric, period: Period) -> str:
    """Return what an earlier period is called beside a metric: cut by days, or by months for ARR."""
    months = context.whole_months(period) if metric.id.startswith("ARR") else None
    return (months or period).short


def past_value(context: Context, metric: Metric, period: Period) -> float | None:
    """Return a metric's value for an earlier period, or None where the source's records begin within it or later."""
    return past_measure(context, metric, period)[0]


def past_measure(context: Context, metric: Metric, period: Period) -> tuple[float | None, int | None]:
    """Return value and number of records of a metric for an earlier period, None where they are not known."""
    days = days_of(context, metric, period)
    if days is None or not covered_days(context, metric, days) or _no_losses(context, metric):
        return None, None
    row = _row(context, metric, period)
    value = row.get("value")
    return None if value is None else float(value), _whole(row.get("n"))


def _row(context: Context, metric: Metric, period: Period) -> dict[str, Any]:
    days = days_of(context, metric, period)
    return context.row(metric, days) if days else {}


def _share(metric: Metric, row: dict[str, Any], n: int | None) -> tuple[int | None, tuple[float, float] | None]:
    """Counted records and interval of a share of records; a ratio of money has neither."""
    if metric not in (bookings.win_rate, retention.logo_churn) or not n:
        return None, None
    k = int(row["numerator"])
    found = wilson(k, n)
    return k, (found.lower, found.upper)


def _why(context: Context, metric: Metric) -> str:
    if metric is bookings.win_rate_value:
        return bookings.unknown_lost_values(context.data, context.window) or say("no deal was closed")
    if days_of(context, metric, context.window) is None:
        return say(NO_MONTH)
    return say("nothing to divide by in the period") if metric.additivity == "ratio" else say("no value in the period")


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
