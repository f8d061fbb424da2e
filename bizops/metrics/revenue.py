"""The revenue clock of contracts: billed, recognised, deferred and still to come (FIN-02 to FIN-04)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.accounts import as_it_was
from bizops.metrics.columns import MONEY, additive, exact, number
from bizops.metrics.currency import code, with_rate
from bizops.metrics.facts import within_scope
from bizops.metrics.people import people
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("segment", "region", "owner", "manager", "industry")
NEEDS = {"contract": ("contract_id", "account_id", "start_on", "end_on", "tcv")}
BILLED = {**NEEDS, "invoice": ("contract_id", "issued_on", "total", "status")}


def revenue_clock(data: Data, on: date, *, seen_on: date | None = None) -> ir.Table:
    """Return where every contract stands at the end of day ``on``, in company currency, within the scope.

    Parameters
    ----------
    seen_on
        Day of the account's dimensions (default: ``on``).

    Returns
    -------
    ibis.Table
        ``contract_id, account_id, tcv, recognised, billed, deferred, unbilled, backlog, remaining`` and the account's
        dimensions. ``recognised``: total value x service days passed / service days, straight line, days inclusive;
        ``billed``: invoices issued, net of tax where the subtotal is known, drafts and void ones left out;
        ``deferred`` = billed - recognised where positive, ``unbilled`` (contract asset) where negative;
        ``backlog`` = value not billed yet; ``remaining`` = value not recognised yet (RPO).

    Notes
    -----
    Analytical, not statutory: no milestones, no allocation to performance obligations.
    """
    raw = data["contract"]
    rows = raw.filter(raw.tcv.notnull(), raw.end_on > raw.start_on)
    passed = ibis.date(on + timedelta(days=1)).delta(rows.start_on, unit="day")
    whole = rows.end_on.delta(rows.start_on, unit="day")
    rows = rows.select(
        "contract_id",
        "account_id",
        share=ibis.least(ibis.greatest(passed, 0), whole).cast("float64") / whole.cast("float64"),
        value=number(rows, "tcv"),
        currency_code=code(rows, data),
        profile_on=ibis.date(min(seen_on or on, data.as_of_date)),
    )
    rows = with_rate(rows, data)
    rows = rows.mutate(tcv=exact(rows.value * rows.rate), recognised=exact(rows.value * rows.rate * rows.share))
    rows = _with_billed(rows, data, on)
    ahead = rows.billed - rows.recognised
    zero = exact(ibis.literal(0.0))
    rows = rows.mutate(
        deferred=ibis.greatest(ahead, zero),
        unbilled=ibis.greatest(-ahead, zero),
        backlog=rows.tcv - rows.billed,
        remaining=rows.tcv - rows.recognised,
    )
    return within_scope(_with_profile(rows, data), data)


def _with_billed(rows: ir.Table, data: Data, on: date) -> ir.Table:
    if data.missing(BILLED):
        return rows.mutate(billed=ibis.null(MONEY))
    raw = data["invoice"]
    bills = raw.filter(raw.contract_id.notnull(), raw.issued_on <= ibis.date(on), ~raw.status.isin(("draft", "void")))
    bills = bills.select(
        bill_contract="contract_id",
        net=ibis.coalesce(number(bills, "subtotal"), number(bills, "total")),
        currency_code=code(bills, data),
    )
    bills = with_rate(bills, data)
    sums = bills.group_by("bill_contract").agg(billed_sum=exact(bills.net * bills.rate).sum())
    joined = rows.left_join(sums, rows.contract_id == sums.bill_contract)
    return joined.mutate(billed=joined.billed_sum.fill_null(0).cast(MONEY))


def _with_profile(rows: ir.Table, data: Data) -> ir.Table:
    rows = as_it_was(rows, data, key="account_id", on="profile_on")
    sellers = people(data)
    rows = rows.left_join(sellers, rows.account_owner_id == sellers.person_id)
    rows = rows.mutate(
        segment=rows.account_segment,
        region=ibis.coalesce(rows.account_region, rows.team_region),
        owner=ibis.coalesce(rows.person, rows.account_owner_id),
    )
    amounts = ("tcv", "recognised", "billed", "deferred", "unbilled", "backlog", "remaining")
    return rows.select("contract_id", "account_id", *amounts, "manager_id", *DIMENSIONS)


def _last_day(data: Data, period: Period) -> date:
    return min(period.last_day, data.as_of_date)


@metric(
    id="FIN-02",
    name="Recognised revenue (straight line)",
    unit="money",
    better="up",
    additivity="additive",
    definition="Contract value x service days in the period over service days of the contract; analytical, not "
    "statutory",
    source="Metric dictionary FIN-02, fixture W10",
    needs=NEEDS,
    by=DIMENSIONS,
)
def recognised_revenue(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return revenue recognised in the period, up to ``as_of``; ``n`` counts contracts with any."""
    last = _last_day(data, period)
    before = revenue_clock(data, period.start - timedelta(days=1), seen_on=last)
    before = before.mutate(amount=(-before.recognised).cast(MONEY))
    after = revenue_clock(data, last)
    after = after.mutate(amount=after.recognised.cast(MONEY))
    names = [*by, "contract_id", "amount"]
    rows = ibis.union(before.select(names), after.select(names))
    per = rows.group_by([*by, "contract_id"]).agg(amount=rows.amount.sum())
    return additive(per, by, per.amount.sum().fill_null(0), per.count(where=per.amount != 0))


@metric(
    id="FIN-03",
    name="Deferred revenue",
    unit="money",
    better="none",
    additivity="end_of_period",
    definition="Billed less recognised, by contract, where positive",
    source="Metric dictionary FIN-03, fixture W10",
    needs=BILLED,
    by=DIMENSIONS,
)
def deferred_revenue(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return what is billed and not yet earned at the period's end; ``n`` counts contracts."""
    rows = revenue_clock(data, _last_day(data, period))
    return additive(rows, by, rows.deferred.sum().fill_null(0), rows.count(where=rows.deferred > 0))


@metric(
    id="FIN-04",
    name="Remaining performance obligation",
    unit="money",
    better="up",
    additivity="end_of_period",
    definition="Contracted less recognised value",
    source="Metric dictionary FIN-04, fixture W10",
    needs=NEEDS,
    by=DIMENSIONS,
)
def remaining_obligation(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return contracted value not yet recognised at the period's end; ``n`` counts contracts."""
    rows = revenue_clock(data, _last_day(data, period))
    return additive(rows, by, rows.remaining.sum().fill_null(0), rows.count(where=rows.remaining > 0))
