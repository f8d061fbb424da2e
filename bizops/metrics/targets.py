"""The target of bookings: the plan, else the sum of the sellers' quotas, and which of the two it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from bizops.language import message
from bizops.metrics import quota as quotas
from bizops.metrics.bookings import NEEDS as OPPORTUNITY
from bizops.metrics.bookings import bookings
from bizops.metrics.columns import beside, divided
from bizops.metrics.facts import DIMENSIONS
from bizops.metrics.plan import has_plan, plan
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from bizops.periods import Period
    from bizops.schema.data import Data

BOOKINGS = "BKG-01"
PLAN, QUOTAS = message("plan"), message("sum of sellers' quotas")
"""What a target can be."""


@dataclass(frozen=True)
class Target:
    """A target by group (``*by, value, n``) and what it is: ``plan``, ``sum of sellers' quotas`` or ``""`` for none."""

    table: ibis.Table
    label: str


def target(data: Data, period: Period, by: Sequence[str] = ()) -> Target:
    """Return the target of bookings for a period and its groups.

    The plan counts where it knows the period; else the sum of the quotas of sellers, which has no segment, product or
    type. Without either, and by a dimension that the target does not have, the table is empty (by = (): value null).
    """
    if has_plan(data, BOOKINGS, period):
        return Target(plan(data, BOOKINGS, period, by), PLAN)
    if not data.missing(quotas.NEEDS) and data.scope.level != "segment":
        whole = quotas.quota(data, period).execute()
        if whole["value"].notna().any():
            by_person = set(by) <= set(quotas.DIMENSIONS)
            return Target(quotas.quota(data, period, by) if by_person else _nothing(by), QUOTAS)
    return Target(_nothing(by), "")


def _nothing(by: Sequence[str]) -> ir.Table:
    schema = {**dict.fromkeys(by, "string"), "value": "float64", "n": "int64"}
    columns: dict[str, list[object]] = {name: [] for name in schema}
    if not by:
        columns = {"value": [None], "n": [0]}
    return ibis.memtable(columns, schema=schema)


@metric(
    id="BKG-02",
    name="Attainment to plan",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Bookings over the plan for the period; without plan over the sum of the sellers' quotas",
    source="Metric dictionary BKG-02",
    policies=("P10", "P15", "P21", "P24"),
    needs=OPPORTUNITY,
    by=DIMENSIONS,
)
def attainment_to_plan(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return bookings over target; ``n`` is the number of won deals. Value null where there is no target."""
    actual = bookings(data, period, by).rename(numerator="value")
    goal = target(data, period, by).table.select(*by, denominator="value")
    rows = beside(actual, goal, by)
    return divided(rows.mutate(numerator=rows.numerator.fill_null(0.0)), by)
