"""What an account was at a day: segment, region and owner from its history, else its present state (P24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.clock import local_date
from bizops.metrics.columns import column
from bizops.metrics.people import people

if TYPE_CHECKING:
    from bizops.schema.data import Data

_NOW = dict.fromkeys(("account_id", "segment", "region", "owner_id", "industry"), "string")


def present(data: Data) -> ir.Table:
    """Return ``account_id, segment, region, owner_id, industry`` as they are at ``as_of``."""
    if not data.has("dim_account"):
        return ibis.memtable({name: [] for name in _NOW}, schema=_NOW)
    table = data["dim_account"]
    return table.select("account_id", **{name: column(table, name, "string") for name in _NOW if name != "account_id"})


def as_it_was(table: ir.Table, data: Data, *, key: str, on: str) -> ir.Table:
    """Return ``table`` with ``account_segment, account_region, account_owner_id, industry`` at the day ``on``.

    Parameters
    ----------
    table
        Rows unique by ``(key, on)`` and by whatever else they hold; rows are neither lost nor doubled.
    key, on
        Its column of account ids and its column of days (null: the present state).

    Notes
    -----
    The first interval of the history also covers what was before it. Where intervals overlap the latest one counts.
    """
    now = present(data).rename(now_id="account_id", now_segment="segment", now_region="region", now_owner="owner_id")
    joined = table.left_join(now, table[key] == now.now_id)
    if not data.has("dim_account_history"):
        return joined.mutate(
            account_segment=joined.now_segment, account_region=joined.now_region, account_owner_id=joined.now_owner
        ).drop("now_id", "now_segment", "now_region", "now_owner")
    days = table.filter(table[key].notnull(), table[on].notnull()).select(at_id=key, at_on=on).distinct()
    was = _intervals(data)
    found = days.left_join(
        was,
        [
            days.at_id == was.was_id,
            was.was_from <= days.at_on,
            was.was_to.isnull() | (days.at_on < was.was_to),
        ],
    )
    newest = ibis.row_number().over(
        ibis.window(group_by=[found.at_id, found.at_on], order_by=found.was_from.desc(nulls_first=False))
    )
    found = found.mutate(place=newest).filter(lambda t: t.place == 0)
    found = found.select("at_id", "at_on", "was_segment", "was_region", "was_owner")
    both = joined.left_join(found, [joined[key] == found.at_id, joined[on] == found.at_on])
    return both.mutate(
        account_segment=ibis.coalesce(both.was_segment, both.now_segment),
        account_region=ibis.coalesce(both.was_region, both.now_region),
        account_owner_id=ibis.coalesce(both.was_owner, both.now_owner),
    ).drop(
        "now_id", "now_segment", "now_region", "now_owner",
        "at_id", "at_on", "was_segment", "was_region", "was_owner",
    )  # fmt: skip


def with_profile(table: ir.Table, data: Data, *, key: str, on: str) -> ir.Table:
    """Return ``table`` with the account's ``segment, region, owner, manager, manager_id, industry`` at the day ``on``.

    ``region`` is that of the account, else that of its owner's team. Parameters as `as_it_was`.
    """
    rows = as_it_was(table, data, key=key, on=on)
    sellers = people(data)
    rows = rows.left_join(sellers, rows.account_owner_id == sellers.person_id)
    return rows.mutate(
        segment=rows.account_segment,
        region=ibis.coalesce(rows.account_region, rows.team_region),
        owner=ibis.coalesce(rows.person, rows.account_owner_id),
    )


def _intervals(data: Data) -> ir.Table:
    """The history with local days; the first interval of an account reaches back without end."""
    raw = data["dim_account_history"]
    first = ibis.row_number().over(ibis.window(group_by=raw.account_id, order_by=raw.valid_from)) == 0
    return raw.select(
        was_id="account_id",
        was_from=first.ifelse(ibis.date(1900, 1, 1), local_date(raw.valid_from, data)),
        was_to=local_date(raw.valid_to, data),
        was_segment=column(raw, "segment", "string"),
        was_region=column(raw, "region", "string"),
        was_owner=column(raw, "owner_id", "string"),
    )
