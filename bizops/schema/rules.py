"""Rules over more than one cell. Each check returns the offending rows: keys, then the columns concerned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bizops.schema.table import Rule

if TYPE_CHECKING:
    import ibis

    Tables = Mapping[str, ibis.Table]

SPLIT_TOLERANCE = 0.0001
"""Revenue splits of an opportunity may miss 100 % by a hundredth of a point (rounding at the source)."""

LINE_TOLERANCE = 0.01
"""The lines of an opportunity may miss its amount by one per cent (reconciliation 2 of the data model)."""


METRIC_ID = r"^[A-Z]{2,3}-[0-9]{2}(-[A-Z0-9-]+)?$"
"""Form of the id of a metric: family, number and, for some, a variant (BKG-01, ARR-11-MEDIAN)."""


def _closed_without(column: str) -> Rule:
    """A closed opportunity needs ``column``; an open one does not."""

    def check(table: ibis.Table, tables: Tables) -> ibis.Table:
        return table.filter(table.is_closed, table[column].isnull()).select("opportunity_id", column)

    return Rule(
        id=f"closed_needs_{column}",
        severity="error",
        says=f"a closed opportunity needs {column}",
        check=check,
        columns=("is_closed", column),
        fix=f"fill {column} at the source, or declare under `gaps:` in the mapping why it is unknown",
    )


def _won_is_closed(table: ibis.Table, tables: Tables) -> ibis.Table:
    return table.filter(table.is_won, ~table.is_closed).select("opportunity_id", "is_won", "is_closed")


def _created_after_close(table: ibis.Table, tables: Tables) -> ibis.Table:
    import ibis

    # One day of grace: the instant is in UTC, the close date in the company's time zone.
    late = table.created_at.date() > table.close_on + ibis.interval(days=1)
    return table.filter(table.is_closed, late).select("opportunity_id", "created_at", "close_on")


def _negative_won(table: ibis.Table, tables: Tables) -> ibis.Table:
    return table.filter(table.is_won, table.amount <= 0).select("opportunity_id", "amount")


OPPORTUNITY = (
    _closed_without("close_on"),
    _closed_without("amount"),
    _closed_without("created_at"),
    Rule(
        id="won_is_closed",
        severity="error",
        says="a won opportunity is closed",
        check=_won_is_closed,
        columns=("is_won", "is_closed"),
        fix="set is_closed to true wherever is_won is true",
    ),
    Rule(
        id="created_before_close",
        severity="warning",
        says="a closed opportunity was created before it was closed",
        check=_created_after_close,
        columns=("is_closed", "created_at", "close_on"),
        fix="correct created_at or close_on; the cycle time of these deals is negative",
    ),
    Rule(
        id="won_amount_positive",
        severity="warning",
        says="a won opportunity has an amount above zero",
        check=_negative_won,
        columns=("is_won", "amount"),
        fix="correct the amount, or book credits as their own record",
    ),
)


def _lines_differ(table: ibis.Table, tables: Tables) -> ibis.Table:
    lines = table.group_by("opportunity_id").agg(lines=table.amount.sum().cast("float64"))
    deals = tables["opportunity"].select("opportunity_id", "amount")
    both = lines.join(deals, "opportunity_id").filter(deals.amount.notnull())
    amount = both.amount.cast("float64")
    return both.filter((both.lines - amount).abs() > LINE_TOLERANCE * amount.abs()).select(
        "opportunity_id", "lines", "amount"
    )


OPPORTUNITY_LINE = (
    Rule(
        id="lines_sum_to_amount",
        severity="warning",
        says="the lines of an opportunity add up to its amount within 1 %",
        check=_lines_differ,
        columns=("opportunity_id", "amount"),
        others=("opportunity.opportunity_id", "opportunity.amount"),
        fix="recompute the amount from the lines, or say which of the two is right",
    ),
)


def _splits_differ(table: ibis.Table, tables: Tables) -> ibis.Table:
    revenue = table.filter(table.split_type == "revenue")
    total = revenue.group_by("opportunity_id").agg(share=revenue.share.sum().cast("float64"))
    return total.filter((total.share - 1.0).abs() > SPLIT_TOLERANCE)


OPPORTUNITY_SPLIT = (
    Rule(
        id="revenue_splits_sum_to_one",
        severity="warning",
        says="the revenue splits of an opportunity add up to 100 %",
        check=_splits_differ,
        columns=("opportunity_id", "split_type", "share"),
        fix="correct the shares; overlay credit is its own split type and need not add up",
    ),
)


def _empty_period(table: ibis.Table, tables: Tables) -> ibis.Table:
    key = "quota_id" if "quota_id" in table.columns else "metric_id"
    return table.filter(table.period_end <= table.period_start).select(key, "period_start", "period_end")


PERIOD = Rule(
    id="period_not_empty",
    severity="error",
    says="a period ends after it starts (the end is exclusive)",
    check=_empty_period,
    columns=("period_start", "period_end"),
    fix="period_end is the first day after the period: 2026-07-01 to 2026-10-01 is the third quarter",
)


def _inclusive_end(table: ibis.Table, tables: Tables) -> ibis.Table:
    """Rows from the first day of a month to the last day of one: their end was meant to be included."""
    import ibis

    first_day_after = (table.period_end + ibis.interval(days=1)).day() == 1
    keys = ("quota_id",) if "quota_id" in table.columns else ("metric_id", "scope", "period_start", "version")
    shown = [each for each in keys if each in table.columns]
    return table.filter(table.period_start.day() == 1, first_day_after).select(*shown, "period_end")


EXCLUSIVE = Rule(
    id="period_end_is_exclusive",
    severity="warning",
    says="period_end is exclusive: write 2026-10-01 for a quarter that ends on 30 September",
    check=_inclusive_end,
    columns=("period_start", "period_end"),
    fix="write the first day after the period; these rows fit no fiscal period and are not counted",
)


def _no_metric_id(table: ibis.Table, tables: Tables) -> ibis.Table:
    unlike = ~table.metric_id.re_search(METRIC_ID)
    return table.filter(unlike).select("metric_id", "scope", "period_start")


def _scope_not_object(table: ibis.Table, tables: Tables) -> ibis.Table:
    text = table.scope.strip()
    return table.filter(~(text.startswith("{") & text.endswith("}"))).select("metric_id", "period_start", "scope")


QUOTA = (PERIOD, EXCLUSIVE)

PLAN = (
    PERIOD,
    EXCLUSIVE,
    Rule(
        id="metric_id_has_form",
        severity="warning",
        says="no id of a metric; its plan is not read",
        check=_no_metric_id,
        columns=("scope", "period_start", "metric_id"),
        fix="write an id such as BKG-01 (bookings) or BKG-03-VALUE; docs/metrics.md lists them",
    ),
    Rule(
        id="scope_is_object",
        severity="error",
        says="a plan's scope is a JSON object",
        check=_scope_not_object,
        columns=("scope", "period_start"),
        fix='write {} for the company or, for example, {"region":"North"}',
    ),
)


def _in_a_circle(table: ibis.Table, tables: Tables) -> ibis.Table:
    """People who are above themselves. No engine walks a chain of unknown length alike, so the two keys are fetched."""
    pairs = table.filter(table.manager_id.notnull()).select("person_id", "manager_id").to_pyarrow().to_pylist()
    above = {pair["person_id"]: pair["manager_id"] for pair in pairs}
    circle: set[str] = set()
    seen: set[str] = set()
    for person in above:
        path: dict[str, int] = {}
        while person in above and person not in seen:
            seen.add(person)
            path[person] = len(path)
            person = above[person]
        if person in path:
            circle |= {each for each, place in path.items() if place >= path[person]}
    return table.filter(table.person_id.isin(sorted(circle))).select("person_id", "manager_id")


DIM_PERSON = (
    Rule(
        id="managers_form_no_circle",
        severity="warning",
        says="a chain of managers leads back to where it starts",
        check=_in_a_circle,
        columns=("person_id", "manager_id"),
        fix="correct manager_id; leave it empty for whoever has no manager",
    ),
)


def _interval_backwards(table: ibis.Table, tables: Tables) -> ibis.Table:
    key = next(each for each in ("line_id", "contract_id") if each in table.columns)
    start, end = ("valid_from", "valid_to") if key == "line_id" else ("start_on", "end_on")
    return table.filter(table[end] < table[start]).select(key, start, end)


SUBSCRIPTION_LINE = (
    Rule(
        id="line_interval_forward",
        severity="error",
        says="a subscription line ends on or after the day it starts",
        check=_interval_backwards,
        columns=("valid_from", "valid_to"),
        fix="valid_to is the first day without the line; correct it or valid_from",
    ),
)

CONTRACT = (
    Rule(
        id="contract_forward",
        severity="error",
        says="a contract ends on or after the day it starts",
        check=_interval_backwards,
        columns=("start_on", "end_on"),
        fix="correct start_on or end_on",
    ),
)


def _renewal_above(table: ibis.Table, tables: Tables) -> ibis.Table:
    return table.filter(table.status == "lost", table.renewed_arr > 0).select("renewal_id", "status", "renewed_arr")


RENEWAL = (
    Rule(
        id="lost_renewal_is_zero",
        severity="warning",
        says="a lost renewal renewed nothing",
        check=_renewal_above,
        columns=("status", "renewed_arr"),
        fix="set renewed_arr to 0, or the status to won",
    ),
)
