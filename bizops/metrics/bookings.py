"""Bookings, win rate, cycle time and deal size: what was closed in a period (BKG-01 to BKG-05)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.language import say
from bizops.metrics.columns import MONEY, additive, flag, ones, ratio, total
from bizops.metrics.facts import DIMENSIONS, sales
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

NEEDS = {"opportunity": ("amount", "close_on", "is_closed", "is_won")}
WITH_CREATION = {"opportunity": (*NEEDS["opportunity"], "created_at")}

NOT_LOST = ("omitted", "duplicate", "admin_closed")
"""Reasons of closing that are no lost sale; they count in no win rate."""

UNKNOWN_SHARE = 0.05
"""Where more than this share of the lost deals has no value, the value win rate is unknown rather than flattering."""


def closed(data: Data, period: Period) -> ir.Table:
    """Return the deals closed in the period, those closed for administrative reasons left out."""
    rows = sales(data)
    reason = rows.lost_reason.strip().lower().replace(" ", "_").replace("-", "_")
    no_sale = flag(rows.stage_type == "omitted") | flag(reason.isin(NOT_LOST))
    return rows.filter(rows.is_closed, within_days(rows.close_on, period), rows.is_won | ~no_sale)


def won(data: Data, period: Period) -> ir.Table:
    """Return the deals won with a close date in the period."""
    rows = sales(data)
    return rows.filter(rows.is_won, within_days(rows.close_on, period))


def within_days(day: ir.Value, period: Period) -> ir.BooleanValue:
    """Return whether a day lies in the period."""
    return (day >= ibis.date(period.start)) & (day < ibis.date(period.end))


@metric(
    id="BKG-01",
    name="Bookings",
    unit="money",
    better="up",
    additivity="additive",
    definition="Sum of the value by P15 (first-year or total contract value) of opportunities won with a close date in "
    "the period; where it is unknown, of their amount; renewals are retention, not bookings",
    source="Metric dictionary BKG-01; a16z: bookings need a signed contract and are not revenue",
    policies=("P10", "P15", "P24"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def bookings(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return won value in company currency; ``n`` is the number of won deals. A period without wins has value 0."""
    rows = won(data, period)
    return additive(rows, by, rows.value.sum().fill_null(0), rows.count())


def _cohort(data: Data, period: Period) -> ir.Table:
    """Deals of the win rate by P16: closed in the period, or created in it and closed since."""
    if data.company.policies.p16 == "closed_in_period":
        return closed(data, period)
    rows = closed(data, _always(period))
    return rows.filter(within_days(rows.created_on, period))


def _always(period: Period) -> Period:
    """The period stretched over all days, for cohorts that are cut by another date."""
    from datetime import date

    return type(period)(date(1900, 1, 1), date(9999, 1, 1), period.kind, period.key, period.label)


@metric(
    id="BKG-03",
    name="Win rate",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Won deals over won and lost deals of the cohort by P16 (deals closed in the period, or created in it "
    "and closed since); duplicates, omitted and administratively closed deals do not count",
    source="Metric dictionary BKG-03",
    policies=("P16", "P24"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def win_rate(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of closed deals that were won, by count; ``n`` is the number of closed deals."""
    rows = _cohort(data, period)
    return ratio(rows, by, ones(rows.is_won).sum(), rows.count().cast("int64"), rows.count())


@metric(
    id="BKG-03-VALUE",
    name="Win rate by value",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Won value over won and lost value of the cohort by P16 (deals closed in the period, or created in it "
    "and closed since); unknown where more than 5 % of the lost deals have no value",
    source="Metric dictionary BKG-03",
    policies=("P10", "P15", "P16", "P24"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def win_rate_value(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of closed value that was won; null where the value of lost deals is unknown.

    A lost deal with value 0 counts as unknown: sources that clear the amount of lost deals would otherwise show 100 %.
    """
    rows = _cohort(data, period)
    lost = ~rows.is_won
    unknown = lost & (rows.value.isnull() | (rows.value == 0))
    n_lost = ones(lost).sum()
    known = ones(unknown).sum().cast("float64") <= n_lost.cast("float64") * UNKNOWN_SHARE
    gained = rows.value.sum(where=rows.is_won).fill_null(0)
    offered = known.ifelse(rows.value.sum().cast(MONEY), ibis.null(MONEY))
    return ratio(rows, by, gained, offered, rows.count())


def unknown_lost_values(data: Data, period: Period) -> str:
    """Return an empty string, or the sentence that says why the value win rate of the period is not measurable."""
    rows = _cohort(data, period)
    lost = rows.filter(~rows.is_won)
    counts = lost.agg(lost=lost.count(), unknown=lost.count(where=lost.value.isnull() | (lost.value == 0)))
    found = counts.execute().iloc[0]
    if not found.lost or found.unknown <= found.lost * UNKNOWN_SHARE:
        return ""
    told = {"n": int(found.unknown), "all": int(found.lost)}
    return say("{n} of {all} lost deals carry no value: win rate by value is not measurable", **told)


@metric(
    id="BKG-04",
    name="Cycle time, median",
    unit="days",
    better="down",
    additivity="ratio",
    definition="Median of close date minus creation date of deals won in the period",
    source="Metric dictionary BKG-04",
    policies=("P24",),
    needs=WITH_CREATION,
    by=DIMENSIONS,
)
def cycle_days(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the median days from creation to close of won deals; deals created after their close are left out."""
    rows = _cycles(data, period)
    return _spread(rows, by, rows.cycle_days.median())


@metric(
    id="BKG-04-P80",
    name="Cycle time, 80th percentile",
    unit="days",
    better="down",
    additivity="ratio",
    definition="80th percentile (linear interpolation) of close date minus creation date of deals won in the period",
    source="Metric dictionary BKG-04",
    policies=("P24",),
    needs=WITH_CREATION,
    by=DIMENSIONS,
)
def cycle_days_p80(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the days within which eight of ten won deals were closed."""
    rows = _cycles(data, period)
    return _spread(rows, by, rows.cycle_days.quantile(0.8))


def _cycles(data: Data, period: Period) -> ir.Table:
    rows = won(data, period)
    rows = rows.mutate(cycle_days=rows.close_on.delta(rows.created_on, unit="day").cast("float64"))
    return rows.filter(rows.cycle_days >= 0)


def _spread(rows: ir.Table, by: Sequence[str], value: ir.Value) -> ir.Table:
    found = total(rows, by, value=value, n=rows.count())
    return found.select(*by, value=found.value.cast("float64"), n=found.n.cast("int64"))


@metric(
    id="BKG-05",
    name="Average deal",
    unit="money",
    better="up",
    additivity="ratio",
    definition="Won value over number of won deals of the period (renewals apart)",
    source="Metric dictionary BKG-05",
    policies=("P10", "P15", "P24"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def average_deal(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the mean value of a won deal; won deals without value are in neither part."""
    rows = won(data, period)
    return ratio(rows, by, rows.value.sum(), rows.value.count(), rows.count())


@metric(
    id="BKG-05-MEDIAN",
    name="Median deal",
    unit="money",
    better="up",
    additivity="ratio",
    definition="Median value of deals won in the period",
    source="Metric dictionary BKG-05",
    policies=("P10", "P15", "P24"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def median_deal(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the median value of a won deal."""
    rows = won(data, period)
    return _spread(rows, by, rows.value.cast("float64").median())


def components(data: Data, periods: Sequence[Period], by: Sequence[str] = ()) -> ir.Table:
    """Return the factors of bookings: number closed, number won and won value, a row a period and group.

    Parameters
    ----------
    periods
        Periods that do not overlap, such as a quarter and the four before it.

    Returns
    -------
    ibis.Table
        ``period`` (key), ``*by, n_closed, n_won, won_value``: bookings = n_closed x (n_won / n_closed) x
        (won_value / n_won), the factors of the plan-gap bridge (fixture W13).

    Notes
    -----
    Always of deals closed in the period, whatever P16 says: the product must give the period's bookings.
    """
    parts = []
    for period in periods:
        rows = closed(data, period)
        sums = total(
            rows,
            by,
            n_closed=rows.count().cast("int64"),
            n_won=ones(rows.is_won).sum().fill_null(0).cast("int64"),
            won_value=rows.value.sum(where=rows.is_won).fill_null(0).cast("float64"),
        )
        parts.append(sums.select(*by, "n_closed", "n_won", "won_value", period=ibis.literal(period.key)))
    united = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return united.select("period", *by, "n_closed", "n_won", "won_value")
