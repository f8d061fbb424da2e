"""Which customer an account belongs to: after mergers, and at the level of P01."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.columns import column

if TYPE_CHECKING:
    from bizops.schema.data import Data


def customers(data: Data, *, whole_group: bool) -> ir.Table:
    """Return ``member_id, account_of, customer_of``: each account's account after mergers, and its customer.

    Parameters
    ----------
    whole_group
        Whether the customer is the ultimate parent, not the account.

    Notes
    -----
    A merged account is the account that it was merged into, for its whole past: a merger is no movement. A parent that
    the source does not know leaves the account on its own.
    """
    raw = data["dim_account"]
    rows = raw.select(
        "account_id",
        into=ibis.coalesce(column(raw, "merged_into", "string"), raw.account_id),
        parent=ibis.coalesce(column(raw, "ultimate_parent_id", "string"), column(raw, "parent_id", "string")),
    )
    known = rows.select(known_id="account_id", known_parent="parent")
    merged = rows.left_join(known, rows.into == known.known_id)
    merged = merged.select(
        "account_id", into=ibis.coalesce(merged.known_id, merged.account_id), parent=merged.known_parent
    )
    if not whole_group:
        return merged.select(member_id="account_id", account_of="into", customer_of="into")
    top = rows.select(top_id="account_id")
    grouped = merged.left_join(top, merged.parent == top.top_id)
    customer = ibis.coalesce(grouped.top_id, grouped.into)
    return grouped.select(member_id="account_id", account_of="into", customer_of=customer)


def with_customer(rows: ir.Table, data: Data, *, unit: str, level: str = "") -> ir.Table:
    """Return ``rows`` with ``customer_id`` and ``profile_id``, and ``account_id`` after mergers.

    Parameters
    ----------
    unit
        Column that is the customer at the level of the single subscription.
    level
        Level of the customer instead of that of P01.

    Notes
    -----
    The profile is the account whose segment, region and owner the customer has: its own, or the parent's.
    """
    level = level or data.company.policies.p01
    if level == "subscription":
        return rows.mutate(customer_id=rows[unit], profile_id=rows.account_id)
    if not data.has("dim_account"):
        return rows.mutate(customer_id=rows.account_id, profile_id=rows.account_id)
    owners = customers(data, whole_group=level == "ultimate_parent")
    rows = rows.left_join(owners, rows.account_id == owners.member_id)
    customer = ibis.coalesce(rows.customer_of, rows.account_id)
    account = ibis.coalesce(rows.account_of, rows.account_id)
    rows = rows.mutate(customer_id=customer, profile_id=customer, account_id=account)
    return rows.drop("member_id", "account_of", "customer_of")
