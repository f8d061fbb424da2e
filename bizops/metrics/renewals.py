"""Renewals that fall due, by how sure they are (REN-01)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.accounts import as_it_was
from bizops.metrics.bookings import within_days
from bizops.metrics.columns import additive, column, exact, number
from bizops.metrics.currency import code, with_rate
from bizops.metrics.facts import within_scope
from bizops.metrics.people import people
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("risk_class", "status", "segment", "region", "owner", "manager", "industry")
NEEDS = {"renewal": ("account_id", "term_end_on", "atr", "status")}


def renewals(data: Data, period: Period) -> ir.Table:
    """Return the contract terms that end in the period, by their original end, one row a term, within the scope.

    Returns
    -------
    ibis.Table
        ``renewal_id, account_id, term_end_on, status, risk_class`` (``unknown`` where nobody classed it), ``atr,
        renewed_arr`` in company currency, and the account's ``segment, region, owner, manager, industry`` at the term's
        end, for a term that ends later at ``as_of``.
    """
    raw = data["renewal"]
    rows = raw.filter(within_days(raw.term_end_on, period))
    rows = rows.select(
        "renewal_id",
        "account_id",
        "term_end_on",
        "status",
        risk_class=column(rows, "risk_class", "string").fill_null("unknown"),
        available=number(rows, "atr"),
        renewed=number(rows, "renewed_arr"),
        currency_code=code(rows, data),
        profile_on=ibis.least(rows.term_end_on, ibis.date(data.as_of_date)),
    )
    rows = as_it_was(with_rate(rows, data), data, key="account_id", on="profile_on")
    sellers = people(data)
    rows = rows.left_join(sellers, rows.account_owner_id == sellers.person_id)
    rows = rows.mutate(
        atr=exact(rows.available * rows.rate),
        renewed_arr=exact(rows.renewed * rows.rate),
        segment=rows.account_segment,
        region=ibis.coalesce(rows.account_region, rows.team_region),
        owner=ibis.coalesce(rows.person, rows.account_owner_id),
    )
    names = ("renewal_id", "account_id", "term_end_on", "atr", "renewed_arr", "manager_id", *DIMENSIONS)
    return within_scope(rows.select(*names), data)


@metric(
    id="REN-01",
    name="ARR available to renew",
    unit="money",
    better="none",
    additivity="additive",
    definition="ARR of contract terms that end in the period, as at term end, by the original term end",
    source="Metric dictionary REN-01; risk classes of GitLab (REN-06)",
    policies=("P24",),
    needs=NEEDS,
    by=DIMENSIONS,
)
def available_to_renew(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return ARR due in the period, which may lie ahead; ``n`` counts the terms. By ``risk_class`` for a forecast."""
    rows = renewals(data, period)
    return additive(rows, by, rows.atr.sum().fill_null(0), rows.count())
