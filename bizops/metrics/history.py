"""Opportunities as they were at an earlier instant, from their history of validity intervals."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from bizops.metrics.clock import instant, local_date
from bizops.metrics.columns import column, exact, flag, number
from bizops.metrics.currency import code, with_rate
from bizops.metrics.facts import all_deals, with_stage
from bizops.metrics.memory import kept

if TYPE_CHECKING:
    from bizops.schema.data import Data

NEEDS = {
    "opportunity": ("amount", "close_on", "is_closed", "is_won"),
    "opportunity_history": ("valid_from", "valid_to", "stage_id", "amount", "close_on"),
    "dim_stage": ("stage_id", "ordinal", "type"),
}
"""What every metric of the past needs; without it the past is not measurable (C05)."""


def intervals(data: Data) -> ir.Table:
    """Return one row an opportunity and validity interval, with its state and value.

    Returns
    -------
    ibis.Table
        ``opportunity_id, valid_from, valid_to, stage_id, stage_type, is_open, is_qualified, close_on, value`` for all
        scopes. ``is_qualified`` (P17) is true for open, qualified, not omitted and not deleted intervals only.
        ``value`` is the amount of that time at the share that the deal's value has of its amount now, in company
        currency at the constant rate.
    """
    return kept(data, "intervals", lambda: _intervals(data))


def _intervals(data: Data) -> ir.Table:
    raw = data["opportunity_history"]
    rows = raw.select(
        "opportunity_id",
        "valid_from",
        "valid_to",
        "close_on",
        "stage_id",
        category=column(raw, "forecast_category", "string"),
        is_deleted=flag(column(raw, "is_deleted", "boolean")),
        amount=number(raw, "amount"),
        currency_code=code(raw, data),
    )
    rows = with_rate(rows, data)
    now = all_deals(data).select("pipeline_id", deal_id="opportunity_id", share="value_share")
    rows = with_stage(rows.inner_join(now, rows.opportunity_id == now.deal_id), data)
    is_open = flag(rows.stage_type == "open") & ~rows.is_deleted
    return rows.select(
        "opportunity_id",
        "valid_from",
        "valid_to",
        "close_on",
        "stage_id",
        stage_type=rows.is_deleted.ifelse("deleted", rows.stage_type),
        is_open=is_open,
        is_qualified=is_open & flag(rows.is_qualified) & ~flag(rows.category == "omitted"),
        value=exact(rows.amount * rows.rate * rows.share),
    )


def states(data: Data, moment: datetime) -> ir.Table:
    """Return one row an opportunity that existed just before ``moment``, with its state at that time.

    What happened exactly at ``moment`` is not in it: an instant is an exclusive upper bound, like ``as_of``. Columns as
    `intervals`. Overlapping intervals count once, by the latest.
    """
    rows = intervals(data)
    at = instant(moment)
    rows = rows.filter(rows.valid_from < at, rows.valid_to.isnull() | (rows.valid_to >= at))
    newest = ibis.row_number().over(ibis.window(group_by=rows.opportunity_id, order_by=rows.valid_from.desc()))
    return rows.mutate(place=newest).filter(lambda t: t.place == 0).drop("place")


def first_qualified(data: Data) -> ir.Table:
    """Return ``opportunity_id, entered_at, entered_on, entered_value, entered_close_on`` of every deal that qualified.

    The value is that of the first qualified interval, not today's. A deal that was qualified already when the history
    begins has no known entry and is left out.
    """
    return kept(data, "first_qualified", lambda: _first_qualified(data))


def _first_qualified(data: Data) -> ir.Table:
    rows = intervals(data)
    entries = rows.filter(rows.is_qualified)
    place = ibis.row_number().over(ibis.window(group_by=entries.opportunity_id, order_by=entries.valid_from))
    entry = entries.mutate(place=place).filter(lambda t: t.place == 0)
    begin = rows.agg(history_from=rows.valid_from.min())
    created = all_deals(data).select(deal_id="opportunity_id", created_on="created_on")
    entry = entry.cross_join(begin)
    entry = entry.inner_join(created, entry.opportunity_id == created.deal_id)
    entered_on = local_date(entry.valid_from, data)
    inherited = (entry.valid_from == entry.history_from) & flag(entry.created_on < entered_on)
    return entry.filter(~inherited).select(
        "opportunity_id",
        entered_at="valid_from",
        entered_on=local_date(entry.valid_from, data),
        entered_value="value",
        entered_close_on="close_on",
    )


def in_stage_since(data: Data) -> ir.Table:
    """Return ``since_id, stage_since_on``: the day on which a deal entered the stage that it is in at ``as_of``."""
    rows = intervals(data)
    before = rows.stage_id.lag().over(ibis.window(group_by=rows.opportunity_id, order_by=rows.valid_from))
    entries = rows.mutate(before=before)
    entries = entries.filter(entries.before.isnull() | (entries.before != entries.stage_id))
    last = entries.group_by("opportunity_id").agg(since_at=entries.valid_from.max())
    return last.select(since_id="opportunity_id", stage_since_on=local_date(last.since_at, data))


def history_starts(data: Data) -> datetime | None:
    """Return the first instant that the history of opportunities covers, or None where there is no history."""
    if data.missing({"opportunity_history": ("valid_from",)}):
        return None
    first = data["opportunity_history"].valid_from.min().execute()
    return None if pd.isna(first) else pd.Timestamp(first).tz_convert("UTC").to_pydatetime()
