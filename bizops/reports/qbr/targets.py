"""What a measure is held against: plan, quotas or the company's own target; pro-rated while the period runs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bizops.language import message, say
from bizops.metrics.bookings import bookings
from bizops.metrics.linearity import QUARTERS, linearity
from bizops.metrics.plan import NEEDS as PLAN
from bizops.metrics.plan import plan
from bizops.metrics.registry import Metric
from bizops.metrics.targets import target
from bizops.reports._context import Context


@dataclass(frozen=True)
class Target:
    """A target in the metric's unit with what it is ("plan", "sum of quotas", "target"), and why there is none.

    ``whole`` is the target of the whole period where ``value`` is pro-rated to the days that have passed.
    """

    value: float | None = None
    label: str = ""
    whole: float | None = None
    tolerance: float | None = None
    reason: str = message("no plan")


def target_of(context: Context, metric: Metric) -> Target:
    """Return the target of a metric for the period: of bookings the plan or quotas, else the setting, else the plan."""
    setting = context.company.metrics.get(metric.id)
    tolerance = setting.tolerance if setting else None
    own = own_target(context, metric.id)
    if own is not None and metric is not bookings:
        return Target(own, say("target"), own, tolerance)
    if metric is bookings:
        found = target(context.data, context.period)
        whole, label = _first(found.table.to_pandas()), say(found.label) if found.label else ""
    else:
        whole, label = _planned(context, metric), say("plan")
    if whole is None:
        return Target(tolerance=tolerance)
    if not context.in_flight or metric.additivity != "additive":
        return Target(whole, label, whole, tolerance)
    share = usual_share(context, metric)
    if share is None:
        why = say("target cannot be pro-rated: no earlier quarter shows the usual course")
        return Target(None, label, whole, tolerance, why)
    return Target(whole * share, say("{target} due by now", target=label), whole, tolerance)


def own_target(context: Context, id: str) -> float | None:
    """Return the company's own target of a metric by its id; None in a slice.

    A target of the company is no target of a part: segments differ for good reasons.
    """
    setting = context.company.metrics.get(id)
    return setting.target if setting and context.params.scope.level == "company" else None


def usual_share(context: Context, metric: Metric) -> float | None:
    """Return the share of a period's sum that is usual by now (1.0 when complete); None without earlier periods.

    For bookings it is their linearity (BKG-13); for other sums what the eight periods before had reached by the same
    share of their days, ARR by the same number of months. It is the company's share for every part of it, so that the
    parts' targets add up to the whole.
    """
    if not context.in_flight:
        return 1.0
    context = context.whole_company
    if metric is bookings:
        return context.value(linearity, context.period)
    whole = reached = 0.0
    for period in context.calendar.trailing(context.period, QUARTERS):
        part = context.whole_months(period) if metric.id.startswith("ARR") else context.alike(period)
        if part is None:
            return None
        if context.covers(period):
            whole += context.value(metric, period) or 0.0
            reached += context.value(metric, part) or 0.0
    return reached / whole if whole > 0 else None


def bookings_target_by(context: Context, by: tuple[str, ...]) -> pd.DataFrame:
    """Return the target of bookings for each group that has one: ``*by, value``, pro-rated while the period runs."""
    frame = target(context.data, context.period, by).table.to_pandas()
    share = usual_share(context, bookings)
    frame["value"] = frame["value"].astype(float) * (share if share is not None else float("nan"))
    kept: pd.DataFrame = frame.dropna(subset=["value"])[[*by, "value"]]
    return kept


def _planned(context: Context, metric: Metric) -> float | None:
    if context.data.missing(PLAN):
        return None
    return _first(plan(context.data, metric.id, context.period).to_pandas())


def _first(frame: pd.DataFrame) -> float | None:
    value = frame["value"].iloc[0] if len(frame) else None
    return None if value is None or pd.isna(value) else float(value)
