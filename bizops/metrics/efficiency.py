"""What growth costs: magic number, burn multiple, Rule of 40 and ARR per employee (ARR-13, ARR-14, ARR-18, ARR-19)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr import MOVING, POLICIES, arr, arr_growth, net_new_arr
from bizops.metrics.arr_lines import NEEDS
from bizops.metrics.columns import divided, flag, number
from bizops.metrics.finance import (
    FINANCE,
    SPEND,
    books,
    company_only,
    months_before,
    n_months,
    operating_cost,
    selling_cost,
    year_to,
)
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

PEOPLE = {"dim_person": ("hired_on", "left_on")}
MONTHS_A_YEAR = 12.0


@metric(
    id="ARR-13",
    name="Net magic number",
    unit="multiple",
    better="up",
    additivity="ratio",
    definition="Net new ARR of the period over sales and marketing cost of the same number of months right before it",
    source="Metric dictionary ARR-13; ICONIQ",
    policies=MOVING,
    needs={**NEEDS, **SPEND},
    unless=company_only,
)
def magic_number(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return ARR won for each unit of money spent before; ``n`` counts customers that moved.

    Null where a month before has no cost of sales and marketing.
    """
    gained = net_new_arr(data, period).select(numerator="value", n="n")
    cost = selling_cost(data, months_before(data, period)).rename(denominator="cost")
    return divided(gained.cross_join(cost), by)


@metric(
    id="ARR-13-REVENUE",
    name="Magic number on revenue",
    unit="multiple",
    better="up",
    additivity="ratio",
    definition="Change of recognised revenue from the months before, a year's worth (4 x that of a quarter), over "
    "sales and marketing cost of the same number of months right before the period",
    source="Metric dictionary ARR-13, the revenue version",
    needs={**FINANCE, **SPEND},
    unless=company_only,
)
def magic_number_on_revenue(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return yearly revenue won for each unit of money spent before; ``n`` counts the months of the period."""
    before = months_before(data, period)
    months = n_months(data, period)
    now = books(data, period, "revenue").rename(now="revenue")
    then = books(data, before, "revenue").rename(then="revenue")
    rows = now.cross_join(then).cross_join(selling_cost(data, before).rename(denominator="cost"))
    grown = (rows.now - rows.then) * (MONTHS_A_YEAR / months)
    return divided(rows.mutate(numerator=grown, n=ibis.literal(months)), by)


@metric(
    id="ARR-14",
    name="Burn multiple",
    unit="multiple",
    better="down",
    additivity="ratio",
    definition="Net burn (capital expenditure less operating cash flow) over net new ARR of the period; not available "
    "where net new ARR is not above zero, negative where the company earns cash",
    source="Metric dictionary ARR-14",
    policies=MOVING,
    needs={**NEEDS, **FINANCE},
    unless=company_only,
)
def burn_multiple(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return cash burnt for each unit of net new ARR; ``numerator`` is the burn, ``n`` counts customers that moved.

    Null also while a month of the period has no finance items.
    """
    flow = books(data, period, "operating_cash_flow", "capex")
    gained = net_new_arr(data, period).select(gained="value", n="n")
    rows = gained.cross_join(flow)
    growing = (rows.gained > 0).ifelse(rows.gained, ibis.null("float64"))
    return divided(rows.mutate(numerator=rows.capex - rows.operating_cash_flow, denominator=growing), by)


def _no_margin(data: Data) -> str:
    """Why the Rule of 40 is not measurable: the slice, or an EBITDA without operating cost."""
    if data.company.policies.p19 == "ebitda" and (lacking := data.missing(SPEND)):
        return f"EBITDA (P19) needs operating cost: {lacking}"
    return company_only(data)


def margin(data: Data, period: Period) -> ir.Table:
    """Return ``margin`` of a period (P19), a fraction of revenue, one row: free cash flow or EBITDA.

    Free cash flow is operating cash flow less capital expenditure. EBITDA is revenue less cost of revenue less all
    actual spending of the cost centres: the books of the contract have no line of their own for it.
    """
    if data.company.policies.p19 == "ebitda":
        rows = books(data, period, "revenue", "cost_of_revenue").cross_join(operating_cost(data, period))
        left = rows.revenue - rows.cost_of_revenue - rows.spent
    else:
        rows = books(data, period, "revenue", "operating_cash_flow", "capex")
        left = rows.operating_cash_flow - rows.capex
    return rows.select(margin=left / rows.revenue.nullif(0.0))


@metric(
    id="ARR-18",
    name="Rule of 40",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="ARR growth over a year at constant exchange rate plus the margin of the same twelve months: free cash "
    "flow, or EBITDA (P19), over revenue",
    source="Metric dictionary ARR-18",
    policies=(*POLICIES, "P19"),
    needs={**NEEDS, **FINANCE},
    unless=_no_margin,
)
def rule_of_40(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return growth plus margin as a fraction (0.40 is forty points), with both; ``n`` counts customers.

    Returns
    -------
    ibis.Table
        ``value, n, growth, margin``. The twelve months end with the period, while it runs with its last whole month.
    """
    year = year_to(data, period)
    grown = arr_growth(data, year).select(growth="value", n="n")
    rows = grown.cross_join(margin(data, year))
    return rows.select(*by, "growth", "margin", value=rows.growth + rows.margin, n=rows.n)


@metric(
    id="ARR-19",
    name="ARR per employee",
    unit="money",
    better="up",
    additivity="ratio",
    definition="ARR at the end of the period over full-time equivalents employed on that day; a person without a share "
    "counts as one",
    source="Metric dictionary ARR-19",
    policies=(*POLICIES, "P10"),
    needs={**NEEDS, **PEOPLE},
    unless=company_only,
)
def arr_per_fte(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return ARR for each full-time equivalent; ``n`` counts persons. It is as complete as the table of people is."""
    day = min(period.end - timedelta(days=1), data.as_of_date)
    raw = data["dim_person"]
    here = raw.filter(flag(raw.hired_on <= ibis.date(day)), raw.left_on.isnull() | (raw.left_on > ibis.date(day)))
    staff = here.agg(denominator=number(here, "fte").fill_null(1.0).sum(), n=here.count())
    return divided(arr(data, period).select(numerator="value").cross_join(staff), by)
