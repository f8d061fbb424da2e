"""Linearity: how much of a quarter is usually booked by its day n, to pro-rate targets in flight (BKG-13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.bookings import NEEDS, won
from bizops.metrics.columns import ratio, total
from bizops.metrics.facts import DIMENSIONS
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

QUARTERS = 8
STEPS = 20


def _earlier(data: Data, period: Period, quarters: int) -> ir.Table:
    """Deals won in the complete periods before, with the share of their period that had passed at the close."""
    parts = []
    for earlier in data.calendar.trailing(period, quarters):
        rows = won(data, earlier)
        day = rows.close_on.delta(ibis.date(earlier.start), unit="day") + 1
        parts.append(rows.mutate(elapsed=day.cast("float64") / float(earlier.days)))
    return ibis.union(*parts)


@metric(
    id="BKG-13",
    name="Linearity",
    unit="rate",
    better="none",
    additivity="ratio",
    definition="Share of won value that the eight periods before had booked by the share of the period elapsed now",
    source="Metric dictionary BKG-13; C04",
    policies=("P10", "P15"),
    needs=NEEDS,
    by=DIMENSIONS,
)
def linearity(data: Data, period: Period, by: Sequence[str] = (), *, quarters: int = QUARTERS) -> ir.Table:
    """Return the share of a period's bookings that is usual by now: 1 when it is complete, ``n`` earlier deals.

    Null where nothing was won in the earlier periods; then a target in flight cannot be pro-rated.
    """
    rows = _earlier(data, period, quarters)
    passed = period.elapsed(data.as_of_date) / period.days
    # a day's share is n/days exactly on both sides; the margin only absorbs the rounding of the division
    booked = rows.value.sum(where=rows.elapsed <= passed + 1e-9).fill_null(0)
    return ratio(rows, by, booked, rows.value.sum(), rows.count())


def linearity_curve(data: Data, period: Period, by: Sequence[str] = (), *, quarters: int = QUARTERS) -> ir.Table:
    """Return the whole curve: ``*by, elapsed, value, n``, the booked share by twentieths of the period elapsed.

    ``value`` is the won value booked up to that share over all won value of the earlier periods.
    """
    rows = _earlier(data, period, quarters)
    grid = ibis.memtable({"step": list(range(STEPS + 1))}, schema={"step": "int64"})
    passed = grid.mutate(elapsed_to=grid.step.cast("float64") / float(STEPS))
    pairs = rows.select(*by, "value", "elapsed").cross_join(passed)
    inside = pairs.elapsed <= pairs.elapsed_to + 1e-9
    sums = total(
        pairs,
        [*by, "elapsed_to"],
        booked=pairs.value.sum(where=inside).fill_null(0).cast("float64"),
        whole=pairs.value.sum().cast("float64"),
        n=pairs.count(where=inside).cast("int64"),
    )
    return sums.select(*by, elapsed="elapsed_to", value=sums.booked / sums.whole.nullif(0.0), n="n")
