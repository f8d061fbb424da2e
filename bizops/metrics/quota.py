"""Quotas and attainment: targets of people, each level on its own (QTA-01)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.bookings import NEEDS as OPPORTUNITY
from bizops.metrics.bookings import won
from bizops.metrics.columns import MONEY, additive, beside, column, divided, exact, number, ones, total
from bizops.metrics.currency import code, with_rate
from bizops.metrics.facts import within_scope
from bizops.metrics.people import people
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("owner", "manager", "region")
DAYS_A_MONTH = 365.25 / 12
NEEDS = {"quota": ("owner_id", "period_start", "period_end", "amount")}


def quotas(data: Data, period: Period, *, level: str = "rep", measure: str = "bookings") -> ir.Table:
    """Return the quota of each person for the period: ``owner_id, owner, manager_id, manager, region, quota``.

    Parameters
    ----------
    level
        One level of the hierarchy; levels contain one another and are never added together.

    Notes
    -----
    A quota counts with the share of its days that lie in the period: months add up to quarters, a year gives a quarter
    its days, unless there are finer ones. Of each quota the highest version known at ``as_of`` counts, street quotas
    before planned ones. Where a person has a quota for all products, those per product are parts of it. Relief reduces
    it (P21).
    """
    rows = _current(data, level, measure)
    first, last = ibis.date(period.start), ibis.date(period.end)
    rows = rows.filter(rows.period_start < last, rows.period_end > first)
    inside = ibis.least(rows.period_end, last).delta(ibis.greatest(rows.period_start, first), unit="day")
    whole = rows.period_end.delta(rows.period_start, unit="day")
    rows = rows.mutate(part=exact(rows.amount * rows.rate * inside.cast("float64") / whole.cast("float64")))
    rows = _once(rows)
    sums = rows.group_by("owner_id").agg(quota=rows.part.sum())
    sellers = people(data)
    named = sums.left_join(sellers, sums.owner_id == sellers.person_id)
    named = named.select(
        "owner_id", "manager_id", "manager", "quota", owner=ibis.coalesce(named.person, named.owner_id),
        region="team_region", segment=ibis.null("string"),
    )  # fmt: skip
    return within_scope(named, data)


def _current(data: Data, level: str, measure: str) -> ir.Table:
    """The highest version of each quota of a level, with the relief taken off and a rate beside it."""
    raw = data["quota"]
    rows = raw.select(
        "owner_id",
        "period_start",
        "period_end",
        product_id=column(raw, "product_id", "string").fill_null(""),
        level=column(raw, "level", "string").fill_null("rep"),
        measure=column(raw, "measure", "string").fill_null("bookings"),
        kind=column(raw, "kind", "string").fill_null("street"),
        version=column(raw, "version", "int64").fill_null(0),
        amount=number(raw, "amount") - _relief(raw, data),
        currency_code=code(raw, data),
    )
    rows = rows.filter(rows.level == level, rows.measure == measure)
    group = [rows.owner_id, rows.period_start, rows.period_end, rows.product_id]
    place = ibis.rank().over(ibis.window(group_by=group, order_by=[rows.kind.desc(), rows.version.desc()]))
    rows = rows.mutate(place=place).filter(lambda t: t.place == 0)
    return with_rate(rows, data)


def _relief(raw: ir.Table, data: Data) -> ir.Value:
    """What leave and moves take off a quota (P21): as recorded, only its whole months, or nothing."""
    relief = number(raw, "relief_amount").fill_null(0.0)
    setting = data.company.policies.p21
    if setting == "none":
        return relief * 0.0
    if setting == "calendar_days":
        return relief
    amount = number(raw, "amount")
    months = (raw.period_end.delta(raw.period_start, unit="day").cast("float64") / DAYS_A_MONTH).round()
    # a third of a quarter is one month; the margin absorbs the rounding of the division
    whole = (relief / amount.nullif(0.0) * months + 1e-6).floor().cast("float64")
    return (amount * whole / months.nullif(0.0)).fill_null(0.0)


def _once(rows: ir.Table) -> ir.Table:
    """Keep what is not the sum of other rows of the same person.

    A quota for all products contains those per product; a year's contains its months'.
    """
    for_all = ones(rows.product_id == "").max().over(ibis.window(group_by=rows.owner_id))
    rows = rows.mutate(for_all=for_all).filter(lambda t: (t.for_all == 0) | (t.product_id == ""))
    inner = rows.select(
        in_owner="owner_id", in_product="product_id", in_start="period_start", in_end="period_end"
    ).view()
    return rows.anti_join(
        inner,
        [
            rows.owner_id == inner.in_owner,
            rows.product_id == inner.in_product,
            rows.period_start <= inner.in_start,
            rows.period_end >= inner.in_end,
            (rows.period_start < inner.in_start) | (rows.period_end > inner.in_end),
        ],
    )


def credited(data: Data, period: Period) -> ir.Table:
    """Return won value by the person credited: ``owner_id, owner, manager_id, manager, region, credit, n``.

    Revenue splits divide a deal among people; without them its owner is credited. Overlay splits are no credit here:
    they need not add up to the deal.
    """
    gained = won(_whole(data), period).select("opportunity_id", "owner_id", "value")
    if data.has("opportunity_split", "person_id", "share", "split_type"):
        splits = data["opportunity_split"].filter(lambda t: t.split_type == "revenue")
        splits = splits.select(deal_id="opportunity_id", person_split="person_id", share=number(splits, "share"))
        gained = gained.left_join(splits, gained.opportunity_id == splits.deal_id)
        gained = gained.select(
            owner_id=ibis.coalesce(gained.person_split, gained.owner_id),
            value=exact(gained.value.cast("float64") * gained.share.fill_null(1.0)),
        )
    sums = gained.group_by("owner_id").agg(credit=gained.value.sum(), n=gained.count())
    sellers = people(data)
    named = sums.left_join(sellers, sums.owner_id == sellers.person_id)
    named = named.select(
        "owner_id", "manager_id", "manager", "credit", "n", owner=ibis.coalesce(named.person, named.owner_id),
        region="team_region", segment=ibis.null("string"),
    )  # fmt: skip
    return within_scope(named, data)


def _whole(data: Data) -> Data:
    """The data without scope: a split credits people whose deals lie outside the slice."""
    from bizops.schema.data import Scope

    return data.within(Scope())


@metric(
    id="QTA-00",
    name="Quota",
    unit="money",
    better="none",
    additivity="additive",
    definition="Sum of the quotas of sellers (level rep), prorated by days to the period",
    source="Metric dictionary 3.5",
    policies=("P21",),
    needs=NEEDS,
    by=DIMENSIONS,
)
def quota(data: Data, period: Period, by: Sequence[str] = (), *, level: str = "rep") -> ir.Table:
    """Return the summed quotas of one level; null where nobody has one, ``n`` is the number of people."""
    rows = quotas(data, period, level=level)
    return additive(rows, by, rows.quota.sum(), rows.count())


@metric(
    id="QTA-01",
    name="Quota attainment",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Credited bookings (revenue splits) over quota prorated to the period, of people with a quota",
    source="Metric dictionary QTA-01",
    policies=("P10", "P15", "P21"),
    needs={**OPPORTUNITY, **NEEDS},
    by=DIMENSIONS,
)
def attainment(data: Data, period: Period, by: Sequence[str] = (), *, level: str = "rep") -> ir.Table:
    """Return credit over quota; ``n`` counts people with a quota.

    By ``owner`` a seller without quota stays, with a null value: no quota is not zero attainment (C17).
    """
    carriers = quotas(data, period, level=level)
    earned = credited(data, period)
    keys = ("owner_id", "owner", "manager_id", "manager", "region")
    rows = beside(carriers.select(*keys, "quota"), earned.select(*keys, "credit"), keys)
    if "owner" not in by:
        rows = rows.filter(rows.quota.notnull())
    sums = total(
        rows,
        by,
        numerator=rows.credit.sum().fill_null(0).cast(MONEY),
        denominator=rows.quota.sum(),
        n=rows.quota.count(),
    )
    return divided(sums, by)
