"""Retention of the customers that a period opened with: GRR, NRR, logo churn (ARR-06 to ARR-08)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr import DIMENSIONS, POLICIES
from bizops.metrics.arr_lines import NEEDS
from bizops.metrics.arr_month import PROFILE, arr_month, profiles, window
from bizops.metrics.arr_movement import arr_movement
from bizops.metrics.churn import daily_logo_churn
from bizops.metrics.columns import MONEY, ones, ratio
from bizops.metrics.facts import named_product, within_scope
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data


def cohort(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return one row a customer with ARR at the start or the end of the period, at the constant rate.

    Returns
    -------
    ibis.Table
        ``customer_id, opening, closing, paused, is_returned`` and the profile at the period's start (P24), of customers
        that came later at its end. By ``product`` the unit is customer x product. ``is_returned``: a customer without
        ARR at the start that came back in the period (P05).
    """
    span = window(data, period)
    held = arr_month(data)
    unit = ["customer_id", "profile_id", *(["product_id"] if "product" in by else [])]
    held = held.filter(held.m.isin((span.opening, span.last)))
    start, end = held.m == span.opening, held.m == span.last
    rows = held.group_by(unit).agg(
        opening=held.arr.sum(where=start).fill_null(0).cast(MONEY),
        closing=held.arr.sum(where=end).fill_null(0).cast(MONEY),
        paused=held.paused.sum(where=end).fill_null(0).cast(MONEY),
    )
    whole = ibis.window(group_by=rows.customer_id)
    rows = rows.mutate(customer_opening=rows.opening.sum().over(whole))
    moved = arr_movement(data)
    back = moved.filter(moved["class"] == "reactivation", moved.m >= span.first, moved.m <= span.last)
    back = back.select(back_id="customer_id").distinct()
    rows = rows.left_join(back, rows.customer_id == back.back_id)
    rows = rows.mutate(
        is_returned=rows.back_id.notnull() & (rows.customer_opening == 0),
        profile_m=(rows.customer_opening > 0).ifelse(span.opening, span.last),
    )
    known = profiles(data).select("m", known_id="profile_id", **{name: name for name in PROFILE})
    rows = rows.left_join(known, [rows.profile_id == known.known_id, rows.profile_m == known.m])
    if "product" in by:
        rows = named_product(rows, data, "product_id")
    return within_scope(rows, data)


@metric(
    id="ARR-06",
    name="Gross revenue retention",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Of the customers with ARR at the start: sum of the smaller of closing and opening ARR over opening "
    "ARR, at constant exchange rate",
    source="Metric dictionary ARR-06",
    policies=POLICIES,
    needs=NEEDS,
    by=DIMENSIONS,
)
def gross_retention(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return GRR, never above 1; ``n`` counts customers at the start. By product it is that of customer x product."""
    rows = cohort(data, period, by)
    rows = rows.filter(rows.opening > 0)
    kept = ibis.least(rows.opening, rows.closing)
    return ratio(rows, by, kept.sum(), rows.opening.sum(), rows.customer_id.nunique())


def _net_retention(data: Data, period: Period, by: Sequence[str], *, returned: bool) -> ir.Table:
    rows = cohort(data, period, by)
    counted = rows.opening > 0
    # expansion of a product that a customer adds belongs to the customer's retention
    counted = counted | (rows.customer_opening > 0)
    if returned:
        counted = counted | rows.is_returned
    rows = rows.filter(counted)
    return ratio(rows, by, rows.closing.sum(), rows.opening.sum(), rows.customer_id.nunique(where=rows.opening > 0))


@metric(
    id="ARR-07",
    name="Net revenue retention",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Closing ARR of the customers with ARR at the start over their opening ARR, at constant exchange rate; "
    "customers new in the period are in neither part, returning ones as P06 says",
    source="Metric dictionary ARR-07",
    policies=(*POLICIES, "P05", "P06"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def net_retention(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return NRR; ``n`` counts customers at the start."""
    return _net_retention(data, period, by, returned=data.company.policies.p06 == "included")


@metric(
    id="ARR-07-WITH-REACTIVATION",
    name="Net revenue retention with reactivation",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="As net revenue retention, customers that returned in the period added to the closing ARR",
    source="Metric dictionary ARR-07, P06 printed both ways",
    policies=(*POLICIES, "P05"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def net_retention_with_reactivation(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return NRR that counts returning customers; ``n`` counts customers at the start."""
    return _net_retention(data, period, by, returned=True)


@metric(
    id="ARR-08",
    name="Logo churn",
    unit="rate",
    better="down",
    additivity="ratio",
    definition="Customers with ARR at the start and none at the end over customers with ARR at the start (P14: or "
    "those that churned over the mean number a day); paused customers (P12) and late renewals in their grace (P13) "
    "have not churned",
    source="Metric dictionary ARR-08; ChartMogul for P14",
    policies=(*POLICIES, "P14"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def logo_churn(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of customers lost; ``numerator`` and ``n`` are counts. By product: of customer x product.

    With P14 = ``daily_sum`` customers that churned, those won in the period included, over the mean number a day.
    """
    if data.company.policies.p14 == "daily_sum":
        return daily_logo_churn(data, period, by)
    rows = cohort(data, period, by)
    rows = rows.filter(rows.opening > 0)
    lost = (rows.closing == 0) & (rows.paused == 0)
    return ratio(rows, by, ones(lost).sum(), rows.count().cast("int64"), rows.count())
