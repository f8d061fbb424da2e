"""Contracts as they bear on ARR: what one is worth a year, when it was signed, whether it continues another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.columns import column, flag, number
from bizops.metrics.currency import code
from bizops.metrics.customers import with_customer
from bizops.metrics.memory import kept

if TYPE_CHECKING:
    from bizops.schema.data import Data

SIGNED = {"contract": ("contract_id", "account_id", "start_on", "end_on", "signed_on", "tcv")}
NO_CONTRACT = ("draft", "terminated")
"""Statuses of a contract that commits nobody."""

MONTHS_A_YEAR, DAYS_A_YEAR = 12.0, 365.25


def contracts(data: Data) -> ir.Table:
    """Return one row a contract, drafts and terminated ones left out; kept for all scopes.

    Returns
    -------
    ibis.Table
        ``contract_id, own_account_id`` (as recorded), ``account_id, customer_id, profile_id`` (P01), ``signed_on,
        start_on, end_on, months, yearly`` (value / months x 12, in ``currency_code``) and ``is_renewal``. Without
        ``term_months`` the months are whole ones between the two days; those of a few days have no yearly value.

    Notes
    -----
    A contract is a renewal when its opportunity is one; where no opportunity says so, when another contract of the
    account ends on its first day or at most the grace for late renewals (P13) before it.
    """
    return kept(data, "contracts", lambda: _contracts(data))


def _contracts(data: Data) -> ir.Table:
    raw = data["contract"]
    days = raw.end_on.delta(raw.start_on, unit="day").cast("float64")
    months = ibis.coalesce(number(raw, "term_months"), (days * MONTHS_A_YEAR / DAYS_A_YEAR).round()).cast("float64")
    status = column(raw, "status", "string").fill_null("signed")
    rows = raw.select(
        "contract_id",
        "account_id",
        "start_on",
        "end_on",
        signed_on=column(raw, "signed_on", "date"),
        own_account_id=raw.account_id,
        opportunity_id=column(raw, "opportunity_id", "string"),
        months=months,
        yearly=number(raw, "tcv") * MONTHS_A_YEAR / months.nullif(0.0),
        currency_code=code(raw, data),
        in_force=~status.isin(NO_CONTRACT),
    )
    rows = rows.filter(rows.in_force).drop("in_force")
    rows = with_customer(rows, data, unit="contract_id")
    rows = _with_kind(rows, data)
    return rows.mutate(is_renewal=ibis.coalesce(rows.kind == "renewal", rows.continues)).drop(
        "opportunity_id", "kind", "continues"
    )


def _with_kind(rows: ir.Table, data: Data) -> ir.Table:
    """The type of the contract's opportunity, and whether an earlier contract of the account ends when it begins."""
    if data.has("opportunity", "type"):
        sold = data["opportunity"].select(sold_id="opportunity_id", kind="type")
        rows = rows.left_join(sold, rows.opportunity_id == sold.sold_id).drop("sold_id")
    else:
        rows = rows.mutate(kind=ibis.null("string"))
    grace = ibis.interval(days=data.company.policies.p13)
    earlier = rows.select(earlier_account="account_id", earlier_from="start_on", earlier_to="end_on").distinct()
    followed = rows.inner_join(
        earlier,
        [
            rows.account_id == earlier.earlier_account,
            earlier.earlier_from < rows.start_on,
            earlier.earlier_to <= rows.start_on,
            (earlier.earlier_to + grace).cast("date") >= rows.start_on,
        ],
    )
    followed = followed.select(followed_id="contract_id").distinct()
    rows = rows.left_join(followed, rows.contract_id == followed.followed_id)
    return rows.mutate(continues=flag(rows.followed_id.notnull())).drop("followed_id")
