"""Churn on the base: what left over what was there, at the start or on the average day (REN-07, REN-08, P14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr import DIMENSIONS, MOVING, balance, movements
from bizops.metrics.arr_lines import NEEDS, overdue, recurring_lines
from bizops.metrics.arr_month import months_of, profiles, window
from bizops.metrics.bookings import within_days
from bizops.metrics.columns import MONEY, beside, divided, exact, flag, number, ratio, total
from bizops.metrics.currency import code, with_rate
from bizops.metrics.facts import named_product, within_scope
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

WITH_REASON = {**NEEDS, "subscription": (*NEEDS["subscription"], "cancel_reason")}
DUNNED = {"invoice": ("invoice_id", "status", "due_on", "total", "dunning_status")}
FINISHED = ("success", "exhausted", "stopped")
"""Outcomes of a dunning that is over."""


def base(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return what churn is measured against (P14): ``*by, customers, arr, n``.

    With P14 = ``start_of_period`` customers and ARR at the start of the period; with ``daily_sum`` their mean over the
    days of the period up to ``as_of`` (the sum over days over the number of days), for businesses in which many
    customers come and go within a period. The rate is that of the movements (P10). ``n`` counts the customers at the
    start, or of all days.
    """
    if data.company.policies.p14 == "daily_sum":
        return _daily(data, period, by)
    held = balance(data, window(data, period).opening)
    held = held.filter(held.arr > 0)
    customers = held.customer_id.nunique()
    worth = held.arr if data.company.policies.p10 == "plan_rate" else held.arr_reported
    sums = total(held, by, customers=customers.cast("float64"), arr=worth.sum(), n=customers)
    return sums.mutate(arr=sums.arr.fill_null(0).cast(MONEY))


def _daily(data: Data, period: Period, by: Sequence[str]) -> ir.Table:
    days = _days(data, period)
    rows = _on_days(data, days)
    known = profiles(data).rename(known_id="profile_id", known_m="m")
    rows = rows.left_join(known, [rows.profile_id == known.known_id, rows.m == known.known_m])
    rows = within_scope(named_product(rows.drop("known_id", "known_m"), data, "product_id"), data)
    worth = rows.group_by([*by, "customer_id", "day_on"]).agg(arr=rows.arr.sum())
    worth = worth.filter(worth.arr > 0)
    n_days = float(max(len(days), 1))
    return total(
        worth,
        by,
        customers=worth.count().cast("float64") / n_days,
        arr=exact(worth.arr.sum().fill_null(0).cast("float64") / n_days),
        n=worth.customer_id.nunique(),
    )


def _days(data: Data, period: Period) -> list[tuple[date, int]]:
    """The days of the period up to ``as_of``, each with the number of its month."""
    return [
        (month.start + timedelta(days=k), m)
        for m, month in enumerate(months_of(data))
        for k in range(month.days)
        if period.start <= (day := month.start + timedelta(days=k)) < period.end and day <= data.as_of_date
    ]


def _on_days(data: Data, days: Sequence[tuple[date, int]]) -> ir.Table:
    """One row a line and day on which it is ARR: ``m, day_on, customer_id, profile_id, product_id, arr``."""
    columns: dict[str, list[object]] = {"day_on": [day for day, _ in days], "m": [m for _, m in days]}
    grid = ibis.memtable(columns, schema={"day_on": "date", "m": "int64"})
    lines = recurring_lines(data)
    rows = lines.inner_join(grid, [lines.start_on <= grid.day_on, lines.end_on > grid.day_on])
    if data.company.policies.p12 != "keep":
        paused = (rows.paused_on <= rows.day_on) & (rows.resumed_on.isnull() | (rows.day_on < rows.resumed_on))
        rows = rows.filter(~flag(paused))
    out = overdue(data).rename(out_id="subscription_id")
    late = rows.semi_join(
        out, [rows.subscription_id == out.out_id, out.out_from <= rows.day_on, out.out_to > rows.day_on]
    )
    late = late.select(late_id="line_id", late_start="start_on", late_on="day_on").distinct()
    rows = rows.anti_join(
        late, [rows.line_id == late.late_id, rows.start_on == late.late_start, rows.day_on == late.late_on]
    )
    discount = flag(rows.discount_until <= rows.day_on).ifelse(0.0, rows.discount)
    rows = with_rate(rows.mutate(net=rows.gross - discount), data, on="day_on")
    names = ("m", "day_on", "customer_id", "profile_id", "product_id")
    return rows.select(*names, arr=exact(rows.net * rows.rate))


def daily_logo_churn(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return customers that churned in the period over the mean number of customers a day; a return is not set off."""
    left = movements(data, period, by)
    # with P04 = churn a lost product is churn of ARR, not of the customer
    left = left.filter(left["class"] == "churn", left.sub_class != "product removed")
    gone = total(left, by, numerator=left.customer_id.nunique().cast("float64"))
    there = _daily(data, period, by).select(*by, "n", denominator="customers")
    rows = beside(gone.select(*by, "numerator"), there, by)
    return divided(rows.mutate(numerator=rows.numerator.fill_null(0.0)), by)


def _lost_share(data: Data, period: Period, by: Sequence[str], *sub_classes: str) -> ir.Table:
    """Churned ARR (of the sub-classes, else all) over the base."""
    left = movements(data, period, by)
    left = left.filter(left["class"] == "churn")
    if sub_classes:
        left = left.filter(left.sub_class.isin(sub_classes))
    gone = total(left, by, numerator=(-left.amount.sum()).cast("float64"))
    there = base(data, period, by)
    there = there.select(*by, "n", denominator=there.arr.cast("float64"))
    rows = beside(gone.select(*by, "numerator"), there, by)
    return divided(rows.mutate(numerator=rows.numerator.fill_null(0.0)), by)


@metric(
    id="REN-07-BASE",
    name="Churn on the base",
    unit="rate",
    better="down",
    additivity="ratio",
    definition="Churned ARR of the period, as in the ARR bridge, over ARR at the start of the period or its daily mean "
    "(P14), at the exchange rate of the movements (P10)",
    source="Metric dictionary REN-07; Gainsight shows it apart from churn on renewals; ChartMogul for P14",
    policies=(*MOVING, "P14"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def churn_on_base(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of ARR that churned; ``n`` counts the customers of the denominator."""
    return _lost_share(data, period, by)


@metric(
    id="REN-08",
    name="Involuntary churn",
    unit="rate",
    better="down",
    additivity="ratio",
    definition="ARR lost because a payment failed or was overdue too long (P08) over ARR at the start of the period or "
    "its daily mean (P14), at the exchange rate of the movements (P10)",
    source="Metric dictionary REN-08",
    policies=(*MOVING, "P14"),
    needs=WITH_REASON,
    by=DIMENSIONS,
)
def involuntary_churn(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of ARR lost for want of payment; ``n`` counts the customers of the denominator."""
    return _lost_share(data, period, by, "involuntary")


@metric(
    id="REN-08-RECOVERY",
    name="Recovery of failed payments",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Value of invoices due in the period whose dunning succeeded over value of those whose dunning is over; "
    "invoices still in dunning are in neither part",
    source="Metric dictionary REN-08: recovered over failed",
    needs=DUNNED,
)
def recovery(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of failed value that was recovered; ``n`` counts the invoices."""
    raw = data["invoice"]
    rows = raw.filter(within_days(raw.due_on, period), raw.dunning_status.isin(FINISHED), raw.status != "void")
    rows = rows.select("dunning_status", amount=number(rows, "total"), currency_code=code(rows, data))
    rows = with_rate(rows, data)
    rows = rows.mutate(amount=exact(rows.amount * rows.rate))
    back = rows.amount.sum(where=rows.dunning_status == "success").fill_null(0)
    return ratio(rows, by, back, rows.amount.sum(), rows.count())
