"""ARR at a period's end, its movements and the bridge between two balances (ARR-01 to ARR-05, ARR-09 to ARR-11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr_lines import NEEDS
from bizops.metrics.arr_month import PROFILE, arr_month, profiles, window
from bizops.metrics.arr_movement import arr_movement, transfers
from bizops.metrics.columns import MONEY, additive, divided, ratio, total
from bizops.metrics.facts import named_product, within_scope
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("segment", "region", "product", "owner", "manager", "industry")
POLICIES = ("P01", "P02", "P03", "P07", "P08", "P09", "P11", "P12", "P13", "P24")
MOVING = (*POLICIES, "P04", "P05", "P10", "P25")

MONTHS_A_YEAR = 12

STEPS = ("opening", "new", "reactivation", "expansion", "contraction", "churn", "reclass", "fx", "closing")
"""Steps of the bridge in the order in which a page shows them."""


def balance(data: Data, m: int) -> ir.Table:
    """Return `arr_month` at month ``m`` within the scope, with the customer's profile and product of that time."""
    rows = arr_month(data)
    rows = named_product(rows.filter(rows.m == m), data, "product_id")
    known = profiles(data).rename(known_id="profile_id", known_m="m")
    rows = rows.left_join(known, [rows.profile_id == known.known_id, rows.m == known.known_m])
    return within_scope(rows.drop("known_id", "known_m"), data)


def movements(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the movements of a period within the scope, with transfers between the groups of ``by`` (P25).

    Columns as `arr_movement`. A longer period is the sum of its months.
    """
    span = window(data, period)
    rows = arr_movement(data)
    groups = tuple(by) if data.scope.level == "company" else (*by, data.scope.level)
    if any(name in PROFILE for name in groups):
        rows = ibis.union(rows, transfers(data, groups).select(*rows.columns))
    rows = within_scope(rows, data)
    return rows.filter(rows.m >= span.first, rows.m <= span.last)


def _sum_of(rows: ir.Table, *classes: str) -> ir.Value:
    return rows.amount.sum(where=rows["class"].isin(classes)).fill_null(0).cast(MONEY)


@metric(
    id="ARR-01",
    name="ARR",
    unit="money",
    better="up",
    additivity="end_of_period",
    definition="Sum over active lines of price x quantity x intervals a year less recurring discounts, at the end of "
    "the period, at the exchange rate of that day",
    source="Metric dictionary ARR-01; GitLab and Lago take plan prices, not invoices",
    policies=(*POLICIES, "P10"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def arr(data: Data, period: Period, by: Sequence[str] = (), *, constant: bool = False) -> ir.Table:
    """Return ARR at the period's end (or ``as_of``); ``n`` counts customers. ``constant`` takes the plan rate."""
    rows = balance(data, window(data, period).last)
    value = rows.arr if constant else rows.arr_reported
    customers = rows.customer_id.nunique(where=rows.arr > 0)
    return additive(rows, by, value.sum().fill_null(0), customers)


@metric(
    id="ARR-02",
    name="MRR",
    unit="money",
    better="up",
    additivity="end_of_period",
    definition="ARR / 12",
    source="Metric dictionary ARR-02",
    policies=(*POLICIES, "P10"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def mrr(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return a twelfth of ARR at the period's end; ``n`` counts customers."""
    return arr(data, period, by).mutate(value=lambda t: t.value / 12.0)


@metric(
    id="ARR-04",
    name="ARR bridge",
    unit="money",
    better="none",
    additivity="additive",
    definition="Opening ARR + new + reactivation + expansion - contraction - churn + moves between groups + FX = "
    "closing ARR; each customer-month is in one class, a period is the sum of its months",
    source="Metric dictionary ARR-04 and its classification table",
    policies=MOVING,
    needs=NEEDS,
    by=DIMENSIONS,
)
def bridge(data: Data, period: Period, by: Sequence[str] = (), *, detail: bool = False) -> ir.Table:
    """Return the steps from opening to closing ARR, one row a group and step.

    Parameters
    ----------
    detail
        Adds ``sub_class`` (seats, price, discount end, cross-sell ...), one row each.

    Returns
    -------
    ibis.Table
        ``*by, step, [sub_class], value, n``: signed money (contraction and churn negative), number of customers.
        ``opening`` and ``closing`` are at the rates of their days, movements at the constant rate, ``fx`` is the
        difference (P10), so that the steps add up exactly. ``reclass`` holds customers that changed group (P25).
    """
    span = window(data, period)
    moved = movements(data, period, by).rename(step="class")
    keys = [*by, "step", *(["sub_class"] if detail else [])]
    parts = [moved.select(*keys, "customer_id", "amount")]
    for step, m in (("opening", span.opening), ("closing", span.last)):
        held = balance(data, m)
        held = held.filter(held.arr_reported != 0).mutate(step=ibis.literal(step), sub_class=ibis.literal(step))
        parts.append(held.select(*keys, "customer_id", amount="arr_reported"))
    rows = ibis.union(*parts)
    return additive(rows, keys, rows.amount.sum(), rows.customer_id.nunique())


@metric(
    id="ARR-05",
    name="Net new ARR",
    unit="money",
    better="up",
    additivity="additive",
    definition="New + reactivation + expansion - contraction - churn, at constant exchange rate",
    source="Metric dictionary ARR-05",
    policies=MOVING,
    needs=NEEDS,
    by=DIMENSIONS,
)
def net_new_arr(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the sum of the movements without FX and without transfers between groups; ``n`` counts customers."""
    rows = movements(data, period, by)
    rows = rows.filter(~rows["class"].isin(("fx", "reclass")))
    return additive(rows, by, rows.amount.sum().fill_null(0), rows.customer_id.nunique())


_GAINS = ("new", "reactivation", "expansion")


def _quick_ratio(data: Data, period: Period, by: Sequence[str], gains: tuple[str, ...]) -> ir.Table:
    rows = movements(data, period, by)
    rows = rows.filter(~rows["class"].isin(("fx", "reclass")))
    lost = (-_sum_of(rows, "contraction", "churn")).cast(MONEY)
    return ratio(rows, by, _sum_of(rows, *gains), lost, rows.customer_id.nunique())


@metric(
    id="ARR-09",
    name="Quick ratio",
    unit="multiple",
    better="up",
    additivity="ratio",
    definition="(New + reactivation + expansion) over the size of (contraction + churn)",
    source="Metric dictionary ARR-09; ICONIQ",
    policies=MOVING,
    needs=NEEDS,
    by=DIMENSIONS,
)
def quick_ratio(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return gained over lost ARR; null where nothing was lost."""
    return _quick_ratio(data, period, by, _GAINS)


@metric(
    id="ARR-09-WITHOUT-REACTIVATION",
    name="Quick ratio without reactivation",
    unit="multiple",
    better="up",
    additivity="ratio",
    definition="(New + expansion) over the size of (contraction + churn)",
    source="Metric dictionary ARR-09; ICONIQ",
    policies=MOVING,
    needs=NEEDS,
    by=DIMENSIONS,
)
def quick_ratio_without_reactivation(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return gained over lost ARR, returning customers left out."""
    return _quick_ratio(data, period, by, ("new", "expansion"))


def _growth(data: Data, period: Period, by: Sequence[str], *, constant: bool) -> ir.Table:
    span = window(data, period)
    now, then = balance(data, span.last), balance(data, span.last - MONTHS_A_YEAR)
    name = "arr" if constant else "arr_reported"
    sides = ibis.union(
        now.select(*by, "customer_id", now=name, then=ibis.literal(0).cast(MONEY)),
        then.select(*by, "customer_id", now=ibis.literal(0).cast(MONEY), then=name),
    )
    sums = total(
        sides, by, now=sides.now.sum(), denominator=sides.then.sum(), n=sides.customer_id.nunique(where=sides.now > 0)
    )
    return divided(sums.mutate(numerator=sums.now - sums.denominator), by)


@metric(
    id="ARR-10",
    name="ARR growth",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="ARR at the end of the period over ARR a year before, less one, both at the constant exchange rate",
    source="Metric dictionary ARR-10",
    policies=POLICIES,
    needs=NEEDS,
    by=DIMENSIONS,
)
def arr_growth(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the growth over the same period a year earlier; null where there was no ARR then."""
    return _growth(data, period, by, constant=True)


@metric(
    id="ARR-10-REPORTED",
    name="ARR growth as reported",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="ARR at the end of the period over ARR a year before, less one, each at the exchange rate of its day",
    source="Metric dictionary ARR-10",
    policies=POLICIES,
    needs=NEEDS,
    by=DIMENSIONS,
)
def arr_growth_reported(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the growth over the same period a year earlier, changes of exchange rates included."""
    return _growth(data, period, by, constant=False)


@metric(
    id="ARR-11",
    name="ARR per customer",
    unit="money",
    better="none",
    additivity="ratio",
    definition="ARR at the end of the period over the number of customers that have any",
    source="Metric dictionary ARR-11",
    policies=POLICIES,
    needs=NEEDS,
    by=DIMENSIONS,
)
def arpa(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the mean ARR of a paying customer."""
    rows = balance(data, window(data, period).last)
    rows = rows.filter(rows.arr > 0)
    customers = rows.customer_id.nunique()
    return ratio(rows, by, rows.arr_reported.sum(), customers, customers)


@metric(
    id="ARR-11-MEDIAN",
    name="Median ARR per customer",
    unit="money",
    better="none",
    additivity="ratio",
    definition="Median ARR of the customers that have any at the end of the period",
    source="Metric dictionary ARR-11",
    policies=POLICIES,
    needs=NEEDS,
    by=DIMENSIONS,
)
def arpa_median(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the median ARR of a paying customer."""
    rows = balance(data, window(data, period).last)
    customers = rows.group_by([*by, "customer_id"]).agg(arr=rows.arr_reported.sum())
    customers = customers.filter(customers.arr > 0)
    found = total(customers, by, value=customers.arr.cast("float64").median(), n=customers.count())
    return found.select(*by, value=found.value.cast("float64"), n=found.n.cast("int64"))


__all__ = [
    "DIMENSIONS",
    "MOVING",
    "POLICIES",
    "STEPS",
    "arpa",
    "arpa_median",
    "arr",
    "arr_growth",
    "arr_growth_reported",
    "arr_month",
    "arr_movement",
    "balance",
    "bridge",
    "movements",
    "mrr",
    "net_new_arr",
    "quick_ratio",
    "quick_ratio_without_reactivation",
]
