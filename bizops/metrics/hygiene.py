"""CRM hygiene: fields that are empty or contradict the day, counted and weighed by value (DQ-01, DQ-02, DQ-04)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.bookings import closed
from bizops.metrics.clock import local_date
from bizops.metrics.columns import column, flag
from bizops.metrics.facts import sales

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

QUIET_DAYS = 30
"""Days without activity after which an open deal counts as quiet (DQ-04)."""


def open_defects(data: Data) -> ir.Table:
    """Return the defects of open deals: ``check, n, of, value``, one row a check that the source can answer.

    ``n`` of ``of`` open deals have the defect, ``value`` is theirs in company currency.
    """
    today = ibis.date(data.as_of_date)
    rows = sales(data).filter(lambda t: ~t.is_closed)
    raw = data["opportunity"]
    fields = raw.select(
        field_id="opportunity_id",
        next_step=column(raw, "next_step", "string"),
        active_on=local_date(column(raw, "last_activity_at", "timestamp('UTC')"), data),
    )
    rows = rows.left_join(fields, rows.opportunity_id == fields.field_id)
    quiet = ibis.date(data.as_of_date - timedelta(days=QUIET_DAYS))
    checks: dict[str, ir.BooleanValue] = {
        "Open deal with a close date that has passed": flag(rows.close_on < today),
        "Open deal without a close date": rows.close_on.isnull(),
        "Open deal without an amount": rows.value.isnull() | flag(rows.value == 0),
    }
    if data.has("opportunity", "next_step"):
        checks["Open deal without a next step"] = rows.next_step.fill_null("").strip() == ""
    if data.has("opportunity", "last_activity_at"):
        checks[f"Open deal without activity for {QUIET_DAYS} days"] = rows.active_on.isnull() | (rows.active_on < quiet)
    return _counted(rows, checks)


def closed_defects(data: Data, period: Period) -> ir.Table:
    """Return the defects of deals closed in the period; columns as `open_defects`."""
    rows = closed(data, period)
    unvalued = rows.is_won & flag(rows.value.fill_null(0) == 0)
    checks: dict[str, ir.BooleanValue] = {"Won deal without an amount": unvalued}
    if data.has("opportunity", "lost_reason"):
        checks["Lost deal without a reason"] = ~rows.is_won & (rows.lost_reason.fill_null("").strip() == "")
    return _counted(rows, checks)


def _counted(rows: ir.Table, checks: dict[str, ir.BooleanValue]) -> ir.Table:
    parts = [
        rows.agg(
            n=rows.count(where=defect).cast("int64"),
            of=rows.count().cast("int64"),
            value=rows.value.sum(where=defect).fill_null(0).cast("float64"),
        ).mutate(check=ibis.literal(says))
        for says, defect in checks.items()
    ]
    united = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return united.select("check", "n", "of", "value")
