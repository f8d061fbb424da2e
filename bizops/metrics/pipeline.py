"""Open pipeline now and then: coverage, creation, ageing (BKG-07, BKG-08)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.language import message
from bizops.metrics.bookings import NEEDS as OPPORTUNITY
from bizops.metrics.bookings import within_days, won
from bizops.metrics.clock import start_of
from bizops.metrics.columns import MONEY, additive, beside, flag, known_sum, total
from bizops.metrics.facts import DIMENSIONS, sales
from bizops.metrics.history import NEEDS as HISTORY
from bizops.metrics.history import first_qualified, in_stage_since, states
from bizops.metrics.registry import metric
from bizops.metrics.targets import target

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

BUCKETS = (
    (0, message("0–30 days")),
    (31, message("31–60 days")),
    (61, message("61–90 days")),
    (91, message("91–180 days")),
    (181, message("over 180 days")),
)
"""Lower bound in days and label of the ageing buckets."""


def open_pipeline(data: Data, at: datetime | None = None) -> ir.Table:
    """Return the qualified open deals at an instant, one row a deal.

    Parameters
    ----------
    at
        Exclusive instant; ``None`` is ``as_of``, the only one that needs no history.

    Returns
    -------
    ibis.Table
        `deals` with ``close_on`` and ``value`` as they were. Qualified is P17: from its stage on, not omitted, and not
        at amount zero. A deal whose amount is unknown stays, with a null value; where there are no stages every open
        deal counts.
    """
    rows = sales(data)
    if at is not None and at < data.as_of:
        then = states(data, at).filter(lambda t: t.is_qualified)
        then = then.select(then_id="opportunity_id", then_close_on="close_on", then_value="value")
        rows = rows.inner_join(then, rows.opportunity_id == then.then_id)
        rows = rows.mutate(close_on=rows.then_close_on, value=rows.then_value)
        rows = rows.drop("then_id", "then_close_on", "then_value")
        return rows.filter(rows.value.isnull() | (rows.value > 0))
    dropped = flag(rows.forecast_category == "omitted") | flag(rows.stage_type.isin(("omitted", "won", "lost")))
    qualified = rows.is_qualified.fill_null(True)
    return rows.filter(~rows.is_closed, qualified, ~dropped, rows.value.isnull() | (rows.value > 0))


@metric(
    id="BKG-07-OPEN",
    name="Open pipeline",
    unit="money",
    better="up",
    additivity="additive",
    definition="Value of qualified open deals (P17) with a close date in the period",
    source="Metric dictionary BKG-07",
    policies=("P10", "P15", "P17"),
    needs=OPPORTUNITY,
    by=DIMENSIONS,
)
def pipeline_value(data: Data, period: Period, by: Sequence[str] = (), *, at: datetime | None = None) -> ir.Table:
    """Return the open pipeline closing in the period; null where deals are open but no value or no date is known.

    A group with open deals of which none closes in the period has value 0.
    """
    rows = open_pipeline(data, at)
    inside = flag(within_days(rows.close_on, period))
    undated = (rows.count() > 0) & (rows.close_on.count() == 0)
    value = undated.ifelse(ibis.null(MONEY), known_sum(rows.value, inside))
    return additive(rows, by, value, rows.count(where=inside))


@metric(
    id="BKG-07",
    name="Pipeline coverage",
    unit="multiple",
    better="up",
    additivity="ratio",
    definition="Open pipeline with a close date in the period over the target of the period less what is won already; "
    "not applicable where the target is met",
    source="Metric dictionary BKG-07; GitLab, pipeline coverage",
    policies=("P10", "P15", "P17", "P21"),
    needs=OPPORTUNITY,
    by=DIMENSIONS,
)
def coverage(data: Data, period: Period, by: Sequence[str] = (), *, at: datetime | None = None) -> ir.Table:
    """Return pipeline over the gap to target, at ``at`` or ``as_of``; value null where the gap is zero or negative.

    ``denominator`` keeps the gap itself (negative: the target is exceeded by that much; null: there is no target).
    """
    open_ = pipeline_value(data, period, by, at=at).rename(numerator="value", n_open="n")
    gained = won(data, period)
    if at is not None:
        last = data.calendar.local_date(at - timedelta(microseconds=1))
        gained = gained.filter(gained.close_on <= ibis.date(last))
    done = total(gained, by, won_value=gained.value.sum().fill_null(0).cast("float64"))
    goal = target(data, period, by).table.select(*by, goal="value")
    rows = beside(beside(goal, done, by), open_, by)
    gap = rows.goal - rows.won_value.fill_null(0.0)
    # a group without any open deal is covered by nothing: zero, not unknown
    pipeline = rows.n_open.isnull().ifelse(0.0, rows.numerator)
    rows = rows.mutate(numerator=pipeline, denominator=gap, n=rows.n_open.fill_null(0).cast("int64"))
    value = (rows.denominator > 0).ifelse(rows.numerator / rows.denominator.nullif(0.0), ibis.null("float64"))
    return rows.select(*by, "numerator", "denominator", value=value, n="n")


def same_day(data: Data, period: Period, by: Sequence[str] = (), *, quarters: int = 8) -> ir.Table:
    """Return the pipeline of earlier periods at the same day, and what was booked of it afterwards.

    Parameters
    ----------
    quarters
        Number of earlier periods of the same kind.

    Returns
    -------
    ibis.Table
        ``period`` (key), ``*by, pipeline, n, won_before, won_after``: qualified pipeline closing in that period, as it
        was after as many of its days as have passed of ``period`` now, and what was won up to and after that instant.
        ``won_after / pipeline`` is the historical close rate, its inverse the coverage that was needed.
    """
    day = period.elapsed(data.as_of_date)
    parts = []
    for earlier in data.calendar.trailing(period, quarters):
        cut = min(day, earlier.days)
        at = start_of(data, earlier.start + timedelta(days=cut))
        open_ = pipeline_value(data, earlier, by, at=at).rename(pipeline="value")
        gained = won(data, earlier)
        early = gained.close_on < ibis.date(earlier.start + timedelta(days=cut))
        sums = total(
            gained,
            by,
            won_before=gained.value.sum(where=early).fill_null(0).cast("float64"),
            won_after=gained.value.sum(where=~early).fill_null(0).cast("float64"),
        )
        rows = beside(open_, sums, by)
        parts.append(
            rows.select(
                *by,
                "pipeline",
                n=rows.n.fill_null(0),
                won_before=rows.won_before.fill_null(0.0),
                won_after=rows.won_after.fill_null(0.0),
                period=ibis.literal(earlier.key),
            )
        )
    return ibis.union(*parts).select("period", *by, "pipeline", "n", "won_before", "won_after")


@metric(
    id="BKG-08",
    name="Pipeline created",
    unit="money",
    better="up",
    additivity="additive",
    definition="Value of deals on the day they first entered a qualified stage (P17), for entries in the period",
    source="Metric dictionary BKG-08",
    policies=("P15", "P17"),
    needs=HISTORY,
    by=DIMENSIONS,
)
def pipeline_created(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return created pipeline, valued at entry and not at today's amount; ``n`` counts the deals."""
    entered = first_qualified(data)
    entered = entered.filter(within_days(entered.entered_on, period)).rename(entered_id="opportunity_id")
    rows = sales(data)
    rows = rows.inner_join(entered, rows.opportunity_id == entered.entered_id)
    return additive(rows, by, known_sum(rows.entered_value), rows.count())


def ageing(data: Data, by: Sequence[str] = (), at: datetime | None = None) -> ir.Table:
    """Return the open pipeline by age since creation.

    Returns
    -------
    ibis.Table
        ``*by, bucket, bucket_from, n, value, median_days``: label and lower bound in days, number and value of deals,
        their median age. Deals without creation date are in the bucket ``unknown`` (lower bound -1).
    """
    rows = open_pipeline(data, at)
    today = data.as_of_date if at is None else data.calendar.local_date(at - timedelta(microseconds=1))
    rows = rows.mutate(days=ibis.date(today).delta(rows.created_on, unit="day"))
    return _bucketed(rows, by)


def stage_ageing(data: Data, by: Sequence[str] = ()) -> ir.Table:
    """Return the open pipeline by days in its present stage; columns as `ageing`. Needs the history."""
    since = in_stage_since(data)
    rows = open_pipeline(data)
    rows = rows.left_join(since, rows.opportunity_id == since.since_id)
    rows = rows.mutate(days=ibis.date(data.as_of_date).delta(rows.stage_since_on, unit="day"))
    return _bucketed(rows, by)


def _bucketed(rows: ir.Table, by: Sequence[str]) -> ir.Table:
    old_first = BUCKETS[::-1]
    rows = rows.mutate(
        bucket=ibis.cases(*[(rows.days >= low, label) for low, label in old_first], else_=message("unknown")),
        bucket_from=ibis.cases(*[(rows.days >= low, low) for low, _ in old_first], else_=-1).cast("int64"),
    )
    keys = [*by, "bucket", "bucket_from"]
    return total(
        rows,
        keys,
        n=rows.count().cast("int64"),
        value=known_sum(rows.value).cast("float64"),
        median_days=rows.days.cast("float64").median(),
    )
