"""The pipeline bridge: how the open pipeline of a period became what it is at a later instant (BKG-09)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.bookings import within_days
from bizops.metrics.clock import instant, start_of
from bizops.metrics.columns import MONEY, additive, exact, flag
from bizops.metrics.facts import DIMENSIONS, sales
from bizops.metrics.history import NEEDS, first_qualified, states
from bizops.metrics.registry import metric
from bizops.metrics.timing import last_instant

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

STEPS = (
    "open",
    "created",
    "pulled_in",
    "amount_up",
    "amount_down",
    "pushed_out",
    "lost",
    "won",
    "close",
)
"""Steps in the order in which a page shows them."""


def entries_and_exits(
    data: Data, period: Period, start: datetime | None = None, end: datetime | None = None
) -> ir.Table:
    """Return one row a deal that belonged to the period's pipeline between two instants.

    Parameters
    ----------
    period
        The period in which the close date lies.
    start, end
        Exclusive instants; the period's start, and its end or ``as_of``.

    Returns
    -------
    ibis.Table
        `deals` with ``entry`` (open, created, pulled_in), ``entry_value``, ``exit`` (won, lost, pushed_out, close) and
        ``exit_value``.

    Notes
    -----
    The amount changes before the exit, which is at the last amount. ``created`` first became qualified between the two
    instants, at its value of that day; a deal won without ever being qualified was created at its last amount.
    ``pulled_in`` existed with a later close date or was not qualified any more, at its opening amount. A deal that is
    deleted, omitted or back below the qualified stage has left as ``lost``. Unknown amounts count as zero.
    """
    begin = start or start_of(data, period.start)
    finish = end or last_instant(data, period)
    rows = _two_states(data, begin, finish)
    inside_0 = flag(rows.was_qualified) & flag(within_days(rows.was_close_on, period))
    inside_1 = flag(rows.is_now_qualified) & flag(within_days(rows.now_close_on, period))
    entered = flag((rows.entered_at >= instant(begin)) & (rows.entered_at < instant(finish)))
    entered_here = entered & flag(within_days(rows.entered_close_on, period))
    won = flag(rows.now_type == "won") & ~flag(rows.was_type == "won") & flag(within_days(rows.now_close_on, period))
    is_fresh = rows.was_type.isnull() | (~flag(rows.was_qualified) & won & rows.entered_at.isnull())
    created = ~inside_0 & ((entered & (entered_here | inside_1 | won)) | (is_fresh & won))
    pulled = ~inside_0 & ~created & (inside_1 | won)
    rows = rows.mutate(
        entry=ibis.cases((inside_0, "open"), (created, "created"), (pulled, "pulled_in"), else_=None),
        exit=ibis.cases(
            (won, "won"),
            (inside_1, "close"),
            (flag(rows.is_now_qualified), "pushed_out"),
            else_="lost",
        ),
    )
    rows = rows.filter(rows.entry.notnull())
    zero = exact(ibis.literal(0.0))
    last = ibis.coalesce(rows.now_value, zero)
    first = ibis.cases(
        (rows.entry == "created", ibis.coalesce(rows.entered_value, rows.now_value, zero)),
        else_=ibis.coalesce(rows.was_value, zero),
    )
    return rows.mutate(entry_value=first.cast(MONEY), exit_value=last.cast(MONEY))


def _two_states(data: Data, begin: datetime, finish: datetime) -> ir.Table:
    """Deals with their state at both instants and their first entry into the pipeline."""
    was = states(data, begin)
    was = was.select(
        was_id="opportunity_id",
        was_type="stage_type",
        was_qualified="is_qualified",
        was_close_on="close_on",
        was_value="value",
    )
    now = states(data, finish)
    now = now.select(
        now_id="opportunity_id",
        now_type="stage_type",
        is_now_qualified="is_qualified",
        now_close_on="close_on",
        now_value="value",
    )
    entry = first_qualified(data).rename(entry_id="opportunity_id")
    rows = sales(data)
    rows = rows.inner_join(now, rows.opportunity_id == now.now_id)
    rows = rows.left_join(was, rows.opportunity_id == was.was_id)
    return rows.left_join(entry, rows.opportunity_id == entry.entry_id)


@metric(
    id="BKG-09",
    name="Pipeline bridge",
    unit="money",
    better="none",
    additivity="additive",
    definition="Open + created + pulled in + amount up - amount down - pushed out - lost - won = close, for deals with "
    "a close date in the period; every deal has one entry, at most one change of amount and one exit",
    source="Metric dictionary BKG-09, fixture W14; Sourcegraph",
    policies=("P15", "P17"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def pipeline_bridge(
    data: Data,
    period: Period,
    by: Sequence[str] = (),
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> ir.Table:
    """Return the steps between two instants: ``*by, step, value, n``; outflows are negative, the steps sum to close."""
    rows = entries_and_exits(data, period, start, end)
    change = (rows.exit_value - rows.entry_value).cast(MONEY)
    left = (rows["exit"] == "close").ifelse(rows.exit_value, (-rows.exit_value).cast(MONEY))
    sides = [
        rows.select(*by, step="entry", amount="entry_value"),
        rows.filter(change > 0).select(*by, step=ibis.literal("amount_up"), amount=change),
        rows.filter(change < 0).select(*by, step=ibis.literal("amount_down"), amount=change),
        rows.select(*by, step="exit", amount=left),
    ]
    steps = ibis.union(*sides)
    return additive(steps, [*by, "step"], steps.amount.sum(), steps.count())
