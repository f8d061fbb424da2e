"""Sums of the company's books: monthly finance items and spending, whole months or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.bookings import within_days
from bizops.metrics.columns import MONEY, column, exact, number
from bizops.metrics.currency import code, with_rate
from bizops.periods import Period

if TYPE_CHECKING:
    from bizops.schema.data import Data

FINANCE = {"finance_month": ("month", "item", "kind", "amount")}
SPEND = {"spend": ("on", "cost_centre", "amount")}
SELLING = ("sales", "marketing")
"""Cost centres of sales and marketing (S&M)."""

MIDDLE = 14
"""Days from the first of a month to its middle, which says to which fiscal month it belongs."""


def company_only(data: Data) -> str:
    """Return an empty string, or why books cannot be measured in the report's slice."""
    if data.scope.level == "company":
        return ""
    return f"the books are the whole company's: they cannot be cut to a {data.scope.level}"


def months_before(data: Data, period: Period, months: int = 0) -> Period:
    """Return the fiscal months right before a period, as many as it has; or the period, ``months`` earlier."""
    inside = data.calendar.months(period)
    back = months or len(inside)
    first, last = (data.calendar.shift(month, -back) for month in (inside[0], inside[-1]))
    return Period(first.start, last.end, period.kind, f"{period.key}-{back}M", f"{back} months before {period.label}")


def year_to(data: Data, period: Period) -> Period:
    """Return the twelve fiscal months that end with the period, or with its last month that has ended by ``as_of``."""
    month = data.calendar.containing("month", min(period.last_day, data.as_of_date))
    if not month.is_complete(data.as_of_date):
        month = data.calendar.shift(month, -1)
    return data.calendar.trailing_year(month)


def n_months(data: Data, period: Period) -> int:
    """Return the number of fiscal months in a period."""
    return len(data.calendar.months(period))


def books(data: Data, period: Period, *items: str) -> ir.Table:
    """Return the actual finance items of a period as columns of one row, in company currency at the constant rate.

    An item is null unless every month of the period has it: part of the months is not the period. Months are calendar
    months; each belongs to the fiscal month in which its middle lies.
    """
    raw = data["finance_month"]
    middle = (raw.month + ibis.interval(days=MIDDLE)).cast("date")
    rows = raw.filter(raw.kind == "actual", raw["item"].isin(items), within_days(middle, period))
    rows = rows.select("month", item=rows["item"], amount=number(rows, "amount"), currency_code=code(rows, data))
    rows = with_rate(rows, data)
    rows = rows.mutate(amount=exact(rows.amount * rows.rate))
    wanted = n_months(data, period)

    def of(item: str) -> ir.Value:
        here = rows["item"] == item
        there = rows.month.nunique(where=here & rows.amount.notnull()) == wanted
        return there.ifelse(rows.amount.sum(where=here).cast("float64"), ibis.null("float64"))

    return rows.agg(**{item: of(item) for item in items})


def selling_cost(data: Data, period: Period, *, paid_only: bool = False) -> ir.Table:
    """Return ``cost`` of sales and marketing in a period, one row; null unless there is some in every month.

    Parameters
    ----------
    paid_only
        Only what was spent on campaigns, not people and tools.
    """
    rows = _spent(data, period)
    rows = rows.filter(rows.centre.isin(SELLING))
    wanted = n_months(data, period)
    whole = rows.spent_on.truncate("M").nunique() >= wanted
    amount = rows.amount.sum(where=rows.campaign_id.notnull()) if paid_only else rows.amount.sum()
    return rows.agg(cost=whole.ifelse(amount.fill_null(0).cast("float64"), ibis.null("float64")))


def operating_cost(data: Data, period: Period) -> ir.Table:
    """Return ``spent`` of all cost centres in a period, one row; null unless there is some in every month."""
    rows = _spent(data, period)
    whole = rows.spent_on.truncate("M").nunique() >= n_months(data, period)
    return rows.agg(spent=whole.ifelse(rows.amount.sum().cast("float64"), ibis.null("float64")))


def _spent(data: Data, period: Period) -> ir.Table:
    """Actual spending of the period: ``spent_on, centre, campaign_id, amount`` in company currency."""
    raw = data["spend"]
    rows = raw.filter(within_days(raw["on"], period), column(raw, "kind", "string").fill_null("actual") == "actual")
    rows = rows.select(
        spent_on="on",
        centre=rows.cost_centre.strip().lower(),
        campaign_id=column(rows, "campaign_id", "string"),
        amount=number(rows, "amount"),
        currency_code=code(rows, data),
    )
    rows = with_rate(rows, data)
    return rows.mutate(amount=exact(rows.amount * rows.rate).cast(MONEY))
