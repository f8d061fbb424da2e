"""How much of what fell due was renewed, by ARR and by customers (REN-02 to REN-04, REN-07)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.columns import MONEY, ratio
from bizops.metrics.registry import metric
from bizops.metrics.renewals import DIMENSIONS, NEEDS, renewals

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

RENEWED = {"renewal": (*NEEDS["renewal"], "renewed_arr")}


def _known(data: Data, period: Period) -> ir.Table:
    """Terms with ``held``, the renewed ARR up to what was due; won terms of unknown renewed ARR are left out."""
    rows = renewals(data, period)
    rows = rows.filter(rows.atr.notnull(), ~rows.is_decided | rows.renewed_arr.notnull())
    held = rows.is_decided.ifelse(ibis.least(rows.renewed_arr, rows.atr), ibis.null(MONEY))
    return rows.mutate(held=held.cast(MONEY))


@metric(
    id="REN-02",
    name="Gross renewal rate",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Renewed ARR, of each term at most what was due, over ARR due, of decided terms that end in the period; "
    "won terms of unknown renewed ARR are in neither part",
    source="Metric dictionary REN-02; GitLab",
    policies=("P24",),
    needs=RENEWED,
    by=DIMENSIONS,
)
def gross_renewal(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of decided ARR that was renewed, never above 1; ``n`` counts decided terms."""
    rows = _known(data, period)
    rows = rows.filter(rows.is_decided)
    return ratio(rows, by, rows.held.sum(), rows.atr.sum(), rows.count())


@metric(
    id="REN-02-WORST",
    name="Gross renewal rate, worst case",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Renewed ARR, of each term at most what was due, over ARR due of all terms that end in the period: "
    "nothing undecided renews",
    source="Metric dictionary REN-02; GitLab",
    policies=("P24",),
    needs=RENEWED,
    by=DIMENSIONS,
)
def gross_renewal_worst(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the renewal rate if everything undecided is lost; ``n`` counts all terms."""
    rows = _known(data, period)
    return ratio(rows, by, rows.held.sum().fill_null(0), rows.atr.sum(), rows.count())


@metric(
    id="REN-02-BEST",
    name="Gross renewal rate, best case",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Renewed ARR, of each term at most what was due, plus all undecided ARR, over ARR due of all terms that "
    "end in the period",
    source="Metric dictionary REN-02; GitLab",
    policies=("P24",),
    needs=RENEWED,
    by=DIMENSIONS,
)
def gross_renewal_best(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the renewal rate if everything undecided is won; ``n`` counts all terms."""
    rows = _known(data, period)
    hoped = ibis.coalesce(rows.held, rows.atr)
    return ratio(rows, by, hoped.sum(), rows.atr.sum(), rows.count())


@metric(
    id="REN-03",
    name="Net renewal rate",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Renewed ARR with its uplift over ARR due, of decided terms that end in the period; won terms of "
    "unknown renewed ARR are in neither part",
    source="Metric dictionary REN-03",
    policies=("P24",),
    needs=RENEWED,
    by=DIMENSIONS,
)
def net_renewal(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return renewed over due ARR, which may exceed 1; ``n`` counts decided terms."""
    rows = _known(data, period)
    rows = rows.filter(rows.is_decided)
    return ratio(rows, by, rows.renewed_arr.sum(), rows.atr.sum(), rows.count())


@metric(
    id="REN-04",
    name="Logo renewal rate",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Customers that renewed at least one term over customers with a decided term that ends in the period",
    source="Metric dictionary REN-04; Gainsight shows it beside the rates of ARR",
    policies=("P01", "P24"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def logo_renewal(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of customers that renewed; ``n`` counts the customers that decided."""
    rows = renewals(data, period)
    rows = rows.filter(rows.is_decided)
    stayed = rows.customer_id.nunique(where=rows.status == "won")
    customers = rows.customer_id.nunique()
    return ratio(rows, by, stayed, customers, customers)


@metric(
    id="REN-07",
    name="Churn on renewals",
    unit="rate",
    better="down",
    additivity="ratio",
    definition="ARR of lost terms over ARR of all terms that end in the period; never in one chart with churn on the "
    "base, which mostly annual contracts make look smaller",
    source="Metric dictionary REN-07; Gainsight",
    policies=("P24",),
    needs=NEEDS,
    by=DIMENSIONS,
)
def churn_on_renewals(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of due ARR that was lost; ``n`` counts all terms."""
    rows = renewals(data, period)
    lost = rows.atr.sum(where=rows.status == "lost").fill_null(0)
    return ratio(rows, by, lost, rows.atr.sum(), rows.count())
