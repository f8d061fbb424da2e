"""How much of ARR hangs on few customers (ARR-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr import DIMENSIONS, POLICIES, balance
from bizops.metrics.arr_lines import NEEDS
from bizops.metrics.arr_month import window
from bizops.metrics.columns import ratio
from bizops.metrics.customers import with_customer
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

TOP = 10
CONCENTRATED = tuple(policy for policy in POLICIES if policy != "P01")


def groups(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return ``*by, customer_id, worth, place``: ARR of every ultimate parent at the period's end, the largest at 0."""
    rows = balance(data, window(data, period).last).drop("customer_id", "profile_id")
    rows = with_customer(rows, data, unit="account_id", level="ultimate_parent")
    sums = rows.group_by([*by, "customer_id"]).agg(worth=rows.arr_reported.sum())
    sums = sums.filter(sums.worth > 0)
    order = ibis.window(group_by=[sums[name] for name in by], order_by=[sums.worth.desc(), sums.customer_id])
    return sums.mutate(place=ibis.row_number().over(order))


@metric(
    id="ARR-12",
    name=f"Share of the {TOP} largest customers",
    unit="rate",
    better="down",
    additivity="ratio",
    definition=f"ARR of the {TOP} largest customers over ARR of all at the end of the period, a customer being the "
    "ultimate parent whatever P01 says",
    source="Metric dictionary ARR-12",
    policies=CONCENTRATED,
    needs=NEEDS,
    by=DIMENSIONS,
)
def top_share(data: Data, period: Period, by: Sequence[str] = (), *, top: int = TOP) -> ir.Table:
    """Return the share of the ``top`` largest customers in the ARR of their group; ``n`` counts all customers."""
    rows = groups(data, period, by)
    return ratio(rows, by, rows.worth.sum(where=rows.place < top), rows.worth.sum(), rows.count())


@metric(
    id="ARR-12-HHI",
    name="Concentration of ARR",
    unit="rate",
    better="down",
    additivity="ratio",
    definition="Herfindahl index: sum over customers (ultimate parents) of their squared share of ARR at the end of "
    "the period; 1 is a single customer, 1/n is n equal ones",
    source="Metric dictionary ARR-12",
    policies=CONCENTRATED,
    needs=NEEDS,
    by=DIMENSIONS,
)
def herfindahl(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the sum of squares over the square of the sum; ``n`` counts the customers."""
    rows = groups(data, period, by)
    worth = rows.worth.cast("float64")
    whole = worth.sum()
    return ratio(rows, by, (worth * worth).sum(), whole * whole, rows.count())
