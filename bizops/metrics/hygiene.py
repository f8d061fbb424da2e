"""CRM hygiene: fields that are empty or contradict the day, counted and weighed by value (DQ-01, DQ-02, DQ-04)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import ibis
import ibis.expr.types as ir

from bizops.language import message
from bizops.metrics.bookings import closed
from bizops.metrics.clock import local_date
from bizops.metrics.columns import column, flag
from bizops.metrics.facts import sales

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

# What a check is called, the deals that could have the defect, and those that have it.
_Checks: TypeAlias = "dict[str, tuple[ir.BooleanValue, ir.BooleanValue]]"

QUIET_DAYS = 30
"""Days without activity after which an open deal counts as quiet (DQ-04)."""
QUIET = message("Open deal without activity for 30 days")


def open_defects(data: Data) -> ir.Table:
    """Return the defects of open deals: ``check, n, of, value``, one row a check that the source can answer.

    ``n`` deals have the defect, ``of`` is the number that could have it (of all open deals; a close date that has
    passed: of those that have one), ``value`` is that of the deals with the defect, in company currency.
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
    every = ibis.literal(True)
    checks: _Checks = {
        message("Open deal with a close date that has passed"): (rows.close_on.notnull(), flag(rows.close_on < today)),
        message("Open deal without a close date"): (every, rows.close_on.isnull()),
        message("Open deal without an amount"): (every, rows.value.isnull() | flag(rows.value == 0)),
    }
    if data.has("opportunity", "next_step"):
        checks[message("Open deal without a next step")] = (every, rows.next_step.fill_null("").strip() == "")
    if data.has("opportunity", "last_activity_at"):
        is_quiet = rows.active_on.isnull() | (rows.active_on < quiet)
        checks[QUIET] = (every, is_quiet)
    return _counted(rows, checks)


def closed_defects(data: Data, period: Period) -> ir.Table:
    """Return the defects of deals closed in the period; columns as `open_defects`, ``of`` the won or the lost deals."""
    rows = closed(data, period)
    unvalued = rows.is_won & flag(rows.value.fill_null(0) == 0)
    checks: _Checks = {message("Won deal without an amount"): (rows.is_won, unvalued)}
    if data.has("opportunity", "lost_reason"):
        unexplained = ~rows.is_won & (rows.lost_reason.fill_null("").strip() == "")
        checks[message("Lost deal without a reason")] = (~rows.is_won, unexplained)
    return _counted(rows, checks)


def _counted(rows: ir.Table, checks: _Checks) -> ir.Table:
    parts = [
        rows.agg(
            n=rows.count(where=base & defect).cast("int64"),
            of=rows.count(where=base).cast("int64"),
            value=rows.value.sum(where=base & defect).fill_null(0).cast("float64"),
        ).mutate(check=ibis.literal(says))
        for says, (base, defect) in checks.items()
    ]
    united = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return united.select("check", "n", "of", "value")
