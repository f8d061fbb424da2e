"""What a new customer costs and is worth: CAC, its payback and lifetime value (ARR-15 to ARR-17, P18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from bizops.metrics.arr import DIMENSIONS as ARR_DIMENSIONS
from bizops.metrics.arr import MOVING, POLICIES, arpa, movements
from bizops.metrics.arr_lines import NEEDS
from bizops.metrics.arr_month import window
from bizops.metrics.bookings import WITH_CREATION, won
from bizops.metrics.columns import beside, divided
from bizops.metrics.customers import with_customer
from bizops.metrics.finance import FINANCE, SPEND, books, company_only, months_before, selling_cost, year_to
from bizops.metrics.registry import metric
from bizops.metrics.retention import logo_churn

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

WINS = {"opportunity": (*WITH_CREATION["opportunity"], "account_id", "type")}
COST = {**SPEND, **WINS}
PAID = {"spend": (*SPEND["spend"], "campaign_id"), "opportunity": (*WINS["opportunity"], "campaign_id")}

DAYS_A_MONTH, DAYS_A_YEAR = 365.25 / 12, 365.0
HORIZON_YEARS = 5.0
"""No customer is assumed to stay longer than this (a convention of the house)."""


def lag_months(data: Data, period: Period) -> int:
    """Return how many whole months cost comes before the customer: the median cycle of new business of twelve months.

    0 where nothing was won in the twelve months that end with the period.
    """
    key = ("lag", id(data.tables), data.as_of, period.start, period.end)
    if key not in data.kept:
        data.kept[key] = _lag_months(data, data.calendar.trailing_year(period))
    lag: int = data.kept[key]
    return lag


def _lag_months(data: Data, year: Period) -> int:
    rows = won(data, year)
    rows = rows.filter(rows.type == "new")
    cycle = rows.close_on.delta(rows.created_on, unit="day").cast("float64")
    found = rows.mutate(cycle=cycle).filter(lambda t: t.cycle >= 0).agg(days=lambda t: t.cycle.median()).execute()
    days = found["days"].iloc[0]
    return 0 if pd.isna(days) else round(float(days) / DAYS_A_MONTH)


def _new_customers(data: Data, period: Period, *, paid_only: bool = False) -> ir.Table:
    """``n``: customers with a deal of new business won in the period; of paid ones, with a campaign."""
    rows = won(data, period)
    rows = rows.filter(rows.type == "new", rows.account_id.notnull())
    if paid_only:
        raw = data["opportunity"]
        paid = raw.filter(raw.campaign_id.notnull()).select(paid_id="opportunity_id")
        rows = rows.semi_join(paid, rows.opportunity_id == paid.paid_id)
    rows = with_customer(rows, data, unit="account_id")
    return rows.agg(n=rows.customer_id.nunique())


def _cost_of_each(data: Data, period: Period, *, paid_cost: bool, paid_customers: bool = False) -> ir.Table:
    """``numerator, denominator, value, n``: cost, lagged by the median cycle, over new customers."""
    lag = lag_months(data, period)
    spent_in = months_before(data, period, lag) if lag else period
    cost = selling_cost(data, spent_in, paid_only=paid_cost).rename(numerator="cost")
    customers = _new_customers(data, period, paid_only=paid_customers)
    rows = cost.cross_join(customers)
    return divided(rows.mutate(denominator=rows.n), ())


def _no_basis(data: Data) -> str:
    """Why the cost of acquisition is not measurable: the slice, or P18 = ``paid_only`` without campaigns."""
    if data.company.policies.p18 == "paid_only" and (lacking := data.missing({"spend": ("campaign_id",)})):
        return f"paid cost (P18) is that of campaigns: {lacking}"
    return company_only(data)


@metric(
    id="ARR-15",
    name="Customer acquisition cost",
    unit="money",
    better="down",
    additivity="ratio",
    definition="Cost of sales and marketing, all of it or campaigns only (P18), earlier by the median cycle in whole "
    "months, over customers with a deal of new business won in the period, whatever brought them (blended)",
    source="Metric dictionary ARR-15; a16z asks for blended and paid apart",
    policies=("P01", "P18"),
    needs=COST,
    unless=_no_basis,
)
def acquisition_cost(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return cost of each new customer; ``n`` counts them. Null where a month has no cost, or nobody was won."""
    return _cost_of_each(data, period, paid_cost=data.company.policies.p18 == "paid_only")


@metric(
    id="ARR-15-PAID",
    name="Customer acquisition cost, paid",
    unit="money",
    better="down",
    additivity="ratio",
    definition="Cost of campaigns, earlier by the median cycle in whole months, over customers with a deal of new "
    "business won in the period that came from a campaign",
    source="Metric dictionary ARR-15; a16z asks for blended and paid apart",
    policies=("P01",),
    needs=PAID,
    unless=company_only,
)
def acquisition_cost_paid(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return campaign cost of each customer that campaigns brought; ``n`` counts them."""
    return _cost_of_each(data, period, paid_cost=True, paid_customers=True)


def _new_arr(data: Data, period: Period) -> ir.Table:
    """``worth``: ARR of a customer new in the period, the mean of the bridge's class *new*."""
    rows = movements(data, period)
    rows = rows.filter(rows["class"] == "new")
    sums = rows.agg(gained=rows.amount.sum().cast("float64"), came=rows.customer_id.nunique().cast("float64"))
    return sums.select(worth=sums.gained / sums.came.nullif(0.0))


def _gross_margin(data: Data, period: Period) -> ir.Table:
    """``margin``: revenue less cost of revenue over revenue, null unless every month is there."""
    rows = books(data, period, "revenue", "cost_of_revenue")
    return rows.select(margin=(rows.revenue - rows.cost_of_revenue) / rows.revenue.nullif(0.0))


def _payback(data: Data, period: Period, margin: ir.Table) -> ir.Table:
    cost = acquisition_cost(data, period).select(cost="value", n="n")
    rows = cost.cross_join(_new_arr(data, period)).cross_join(margin)
    a_day = rows.worth * rows.margin / DAYS_A_YEAR
    # no profit never pays back
    return rows.select(value=rows.cost / (a_day > 0).ifelse(a_day, ibis.null("float64")), n=rows.n)


@metric(
    id="ARR-16",
    name="CAC payback",
    unit="days",
    better="down",
    additivity="ratio",
    definition="Customer acquisition cost over the daily gross profit of a new customer (mean ARR of customers new in "
    "the period x gross margin of the period / 365); months are days x 12 / 365",
    source="Metric dictionary ARR-16",
    policies=(*MOVING, "P18"),
    needs={**NEEDS, **COST, **FINANCE},
    unless=_no_basis,
)
def payback(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the days until a new customer has earned its cost; ``n`` counts new customers."""
    return _payback(data, period, _gross_margin(data, period))


@metric(
    id="ARR-16-REVENUE",
    name="Revenue payback of CAC",
    unit="days",
    better="down",
    additivity="ratio",
    definition="Customer acquisition cost over the daily revenue of a new customer (mean ARR of customers new in the "
    "period / 365): what is left of the payback where the gross margin is unknown",
    source="Metric dictionary ARR-16",
    policies=(*MOVING, "P18"),
    needs={**NEEDS, **COST},
    unless=_no_basis,
)
def revenue_payback(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the days until a new customer has brought its cost in revenue; ``n`` counts new customers."""
    whole = ibis.memtable({"margin": [1.0]}, schema={"margin": "float64"})
    return _payback(data, period, whole)


@metric(
    id="ARR-17",
    name="Lifetime value",
    unit="money",
    better="up",
    additivity="ratio",
    definition="ARR per customer x gross margin of twelve months / logo churn of twelve months, at most "
    f"{HORIZON_YEARS:g} years' gross profit; not available without churn or with less than twelve months of history",
    source="Metric dictionary ARR-17; the horizon is a convention of the house",
    policies=(*POLICIES, "P14"),
    needs={**NEEDS, **FINANCE},
    by=tuple(name for name in ARR_DIMENSIONS if name != "product"),
)
def lifetime_value(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return gross profit that a customer brings until it leaves; ``n`` counts customers twelve months before.

    ARR and churn are those of the group, the gross margin is the company's: books have no groups.
    """
    year = year_to(data, period)
    left = logo_churn(data, year, tuple(by)).select(*by, churn="value", n="n")
    worth = arpa(data, year, tuple(by)).select(*by, worth="value")
    rows = beside(left, worth, by).cross_join(_gross_margin(data, year))
    measurable = (rows.churn > 0) & ibis.literal(window(data, year).opening >= 0)
    years = ibis.least(1.0 / rows.churn.nullif(0.0), HORIZON_YEARS)
    value = measurable.ifelse(rows.worth * rows.margin * years, ibis.null("float64"))
    return rows.select(*by, value=value, n=rows.n.fill_null(0).cast("int64"))


@metric(
    id="ARR-17-TO-CAC",
    name="Lifetime value to acquisition cost",
    unit="multiple",
    better="up",
    additivity="ratio",
    definition="Lifetime value (ARR-17) over customer acquisition cost (ARR-15)",
    source="Metric dictionary ARR-17: Skok's threshold is 3",
    policies=(*POLICIES, "P14", "P18"),
    needs={**NEEDS, **COST, **FINANCE},
    unless=_no_basis,
)
def value_to_cost(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return how often a customer earns back its cost; ``n`` counts new customers."""
    cost = acquisition_cost(data, period).select(cost="value", n="n")
    rows = lifetime_value(data, period).select(worth="value").cross_join(cost)
    return rows.select(value=rows.worth / rows.cost.nullif(0.0), n=rows.n)
