"""Deals that changed quarter: pushed out of it, or pulled into it, since it began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.bookings import within_days
from bizops.metrics.clock import start_of
from bizops.metrics.columns import flag, ratio, total
from bizops.metrics.facts import DIMENSIONS, sales
from bizops.metrics.history import NEEDS, states
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data


def last_instant(data: Data, period: Period) -> datetime:
    """Return the end of the period, or ``as_of`` while it runs."""
    return min(start_of(data, period.end), data.as_of)


def _moves(data: Data, period: Period, start: datetime) -> ir.Table:
    """One row a deal that was open at ``start``, with where it stood at the period's end."""
    before = states(data, start).filter(lambda t: t.is_open)
    before = before.select("opportunity_id", "is_qualified", expected_on="close_on", expected_value="value")
    after = states(data, last_instant(data, period)).select(
        end_id="opportunity_id", end_open="is_open", end_close_on="close_on", end_type="stage_type"
    )
    rows = sales(data).inner_join(before, "opportunity_id", rname="start_{name}")
    rows = rows.left_join(after, rows.opportunity_id == after.end_id)
    complete = start_of(data, period.end) <= data.as_of
    still_open = flag(rows.end_open)
    late = flag(rows.end_close_on >= ibis.date(period.end)) | ibis.literal(complete)
    expected = within_days(rows.expected_on, period)
    closed_here = flag(rows.end_type.isin(("won", "lost"))) & within_days(rows.end_close_on, period)
    return rows.mutate(
        is_expected=flag(expected),
        is_slipped=flag(expected) & still_open & late,
        is_pulled_in=flag(rows.expected_on >= ibis.date(period.end)) & closed_here,
        ends_won=flag(rows.end_type == "won"),
    )


def timing(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return what changed quarter, counted and valued: the timing bar of the plan-gap bridge.

    Returns
    -------
    ibis.Table
        ``*by, n_expected, expected_value, n_slipped, slipped_value, n_pulled_in, n_pulled_in_won,
        pulled_in_won_value``. *Expected*: open when the period began, with a close date in it, at the value of that
        time. *Slipped*: expected and not closed by the period's end (while it runs: moved to a later date).
        *Pulled in*: open when the period began with a later close date, closed within it; won ones at won value.
    """
    rows = _moves(data, period, start_of(data, period.start))
    counted = {
        "n_expected": rows.is_expected,
        "n_slipped": rows.is_slipped,
        "n_pulled_in": rows.is_pulled_in,
        "n_pulled_in_won": rows.is_pulled_in & rows.ends_won,
    }
    valued = {
        "expected_value": rows.expected_value.sum(where=rows.is_expected),
        "slipped_value": rows.expected_value.sum(where=rows.is_slipped),
        "pulled_in_won_value": rows.value.sum(where=rows.is_pulled_in & rows.ends_won),
    }
    parts = {name: rows.count(where=condition).cast("int64") for name, condition in counted.items()}
    parts |= {name: value.fill_null(0).cast("float64") for name, value in valued.items()}
    return total(rows, by, **parts)


@metric(
    id="BKG-10",
    name="Slip rate",
    unit="rate",
    better="down",
    additivity="ratio",
    definition="Value of qualified pipeline expected at the start of the period to close in it that did not close in "
    "it, over all that value",
    source="Metric dictionary BKG-10",
    policies=("P15", "P17"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def slip_rate(data: Data, period: Period, by: Sequence[str] = (), *, day: int = 0) -> ir.Table:
    """Return slipped over expected value; ``day`` counts from the period's start to the instant of expectation."""
    rows = _moves(data, period, start_of(data, period.start + timedelta(days=day)))
    rows = rows.filter(flag(rows.start_is_qualified), rows.is_expected)
    slipped = rows.expected_value.sum(where=rows.is_slipped).fill_null(0)
    return ratio(rows, by, slipped, rows.expected_value.sum(), rows.count())
