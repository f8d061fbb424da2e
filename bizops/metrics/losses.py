"""What a source records of closed deals: since when, whether lost ones too, and why they were lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pandas as pd

from bizops.metrics.bookings import closed
from bizops.metrics.columns import total
from bizops.metrics.facts import all_deals

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data


def first_close(data: Data) -> date | None:
    """Return the day of the first closed deal in the source, in whatever scope, or None where nothing was closed."""
    rows = all_deals(data)
    first = rows.filter(rows.is_closed).close_on.min().execute()
    return None if pd.isna(first) else pd.Timestamp(first).date()


def first_ended_line(data: Data) -> date | None:
    """Return the day on which the first subscription line ended, or None where none has.

    Sources keep the lines that run; that one has ended shows since when they keep those that stopped. Before that day a
    customer base would be seen as if nobody had ever left.
    """
    if data.missing({"subscription_line": ("valid_to",)}):
        return None
    first = data["subscription_line"].valid_to.min().execute()
    return None if pd.isna(first) else pd.Timestamp(first).date()


def losses_recorded(data: Data) -> bool:
    """Return whether any lost deal is in the source, in whatever scope; without one a win rate is always 100 %."""
    rows = all_deals(data)
    lost = rows.filter(rows.is_closed, ~rows.is_won).limit(1).count().execute()
    return bool(lost)


def closed_lost(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return deals lost in the period: ``*by, n, n_valued, value``.

    ``n_valued`` counts those with a value other than zero: sources that clear the amount of a lost deal have none.
    """
    rows = closed(data, period)
    rows = rows.filter(~rows.is_won)
    valued = rows.value.notnull() & (rows.value != 0)
    return total(
        rows,
        by,
        n=rows.count().cast("int64"),
        n_valued=rows.count(where=valued).cast("int64"),
        value=rows.value.sum(where=valued).fill_null(0).cast("float64"),
    )
