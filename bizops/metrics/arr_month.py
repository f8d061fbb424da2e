"""ARR at the end of every month, by customer, account and product, and what the customer was at that time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from bizops.errors import InputError
from bizops.metrics.accounts import as_it_was
from bizops.metrics.arr_lines import overdue, recurring_lines
from bizops.metrics.columns import exact, flag
from bizops.metrics.currency import constant_rates, spot_intervals
from bizops.metrics.memory import kept
from bizops.metrics.people import people

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

KEY = ("customer_id", "profile_id", "account_id", "product_id")
PROFILE = ("segment", "region", "owner", "manager", "manager_id", "industry")


@dataclass(frozen=True)
class Months:
    """Numbers of months: the opening balance is at the end of ``opening``, movements are in ``first`` to ``last``."""

    opening: int
    first: int
    last: int


def months_of(data: Data) -> list[Period]:
    """Return the fiscal months from the first subscription line to the one that holds ``as_of``, oldest first."""
    key = ("months", id(data.tables), data.as_of)
    if key not in data.kept:
        first = data["subscription_line"].valid_from.min().execute()
        start = data.as_of_date if pd.isna(first) else min(pd.Timestamp(first).date(), data.as_of_date)
        found = [data.calendar.containing("month", start)]
        while found[-1].end <= data.as_of_date:
            found.append(data.calendar.shift(found[-1], 1))
        data.kept[key] = found
    months: list[Period] = data.kept[key]
    return months


def window(data: Data, period: Period) -> Months:
    """Return the months of a period, those after ``as_of`` left out.

    Raises
    ------
    InputError
        The period does not start and end with a fiscal month: ARR moves by months.
    """
    months = months_of(data)
    inside = data.calendar.months(period)
    if (inside[0].start, inside[-1].end) != (period.start, period.end):
        raise InputError(
            f"ARR moves by months; {period.label} does not start and end with one",
            where="period",
            fix="ask for a month, a quarter or a year",
        )
    first = sum(month.start < period.start for month in months)
    last = sum(month.start < period.end for month in months) - 1
    return Months(first - 1, first, last)


def points(data: Data) -> ir.Table:
    """Return ``m, month_on, point_on, next_point_on``: the number, first day and last measured day of every month."""
    months = months_of(data)
    ends = [min(month.end - timedelta(days=1), data.as_of_date) for month in months]
    columns: dict[str, list[int] | list[date]] = {
        "m": list(range(len(months))),
        "month_on": [month.start for month in months],
        "point_on": ends,
        "next_point_on": [*ends[1:], ends[-1]],
    }
    schema = {"m": "int64", "month_on": "date", "point_on": "date", "next_point_on": "date"}
    return kept(data, "months", lambda: ibis.memtable(columns, schema=schema))


def arr_month(data: Data) -> ir.Table:
    """Return ARR at month ends, for all scopes.

    Returns
    -------
    ibis.Table
        One row a month, customer (P01), account and product with a line in force: ``m, month_on, point_on,
        customer_id, profile_id, account_id, product_id, arr`` (constant rate), ``arr_reported`` (rate of the month's
        end), ``arr_restated`` (this month's ARR at the rate of the next month's end), ``gross, discount, quantity,
        paused, past_due, late, starts_on, ends_on, reason``; amounts are exact and in company currency.

    Notes
    -----
    Measured at the end of the month's last day, in the running month at ``as_of``. Paused lines (P12) and lines too
    long past due (P08) are no ARR; their worth is in ``paused`` and ``past_due``. ``late`` is the part of ARR whose
    renewal is overdue but within its grace (P13).
    """
    return kept(data, "arr_month", lambda: _arr_month(data))


def _arr_month(data: Data) -> ir.Table:
    rows = line_months(data)
    active = ~rows.is_paused & ~rows.is_past_due
    net = rows.gross - rows.discount
    rows = rows.mutate(
        worth=exact(net * rows.constant_rate),
        reported=exact(net * rows.spot_rate),
        restated=exact(net * rows.next_rate),
        list_worth=exact(rows.gross * rows.constant_rate),
        deducted=exact(rows.discount * rows.constant_rate),
        is_active=active,
    )

    def of(amount: ir.Value, condition: ir.Value) -> ir.Value:
        return amount.sum(where=condition).fill_null(0).cast("decimal(38, 4)")

    return rows.group_by("m", "month_on", "point_on", *KEY).agg(
        arr=of(rows.worth, rows.is_active),
        arr_reported=of(rows.reported, rows.is_active),
        arr_restated=of(rows.restated, rows.is_active),
        gross=of(rows.list_worth, rows.is_active),
        discount=of(rows.deducted, rows.is_active),
        quantity=rows.quantity.sum(where=rows.is_active).fill_null(0.0),
        paused=of(rows.worth, rows.is_paused & ~rows.is_past_due),
        past_due=of(rows.worth, rows.is_past_due),
        late=of(rows.worth, rows.is_active & (rows.paid_to_on <= rows.point_on)),
        starts_on=rows.start_on.min(where=rows.is_active),
        ends_on=rows.end_on.max(where=rows.is_active),
        reason=rows.reason.max(),
    )


def line_months(data: Data) -> ir.Table:
    """Return one row a line and month end at which it is in force, with its state and its rates, for all scopes.

    Columns of `recurring_lines` and `points` with ``is_paused, is_past_due, constant_rate, spot_rate, next_rate``; the
    discount is that of the day.
    """
    return kept(data, "line_months", lambda: _line_months(data))


def _line_months(data: Data) -> ir.Table:
    lines, grid = recurring_lines(data), points(data)
    rows = lines.inner_join(grid, [lines.start_on <= grid.point_on, lines.end_on > grid.point_on])
    keep_paused = data.company.policies.p12 == "keep"
    paused = (rows.paused_on <= rows.point_on) & (rows.resumed_on.isnull() | (rows.point_on < rows.resumed_on))
    rows = rows.mutate(
        is_paused=ibis.literal(False) if keep_paused else flag(paused),
        discount=flag(rows.discount_until <= rows.point_on).ifelse(0.0, rows.discount),
    )
    spans = overdue(data)
    out = spans.inner_join(grid, [spans.out_from <= grid.point_on, spans.out_to > grid.point_on])
    out = out.select(out_id="subscription_id", out_m="m").distinct()
    rows = rows.left_join(out, [rows.subscription_id == out.out_id, rows.m == out.out_m])
    rows = rows.mutate(is_past_due=rows.out_id.notnull()).drop("out_id", "out_m")
    return _with_rates(rows, data)


def _with_rates(rows: ir.Table, data: Data) -> ir.Table:
    """Rates to company currency: the constant one, and spot at this and at the next month's end (P10)."""
    own = rows.currency_code == data.company.currency
    if not data.has("fx_rate"):
        rate = own.ifelse(1.0, ibis.null("float64"))
        return rows.mutate(constant_rate=rate, spot_rate=rate, next_rate=rate)
    rates = month_rates(data)
    rows = rows.left_join(rates, [rows.currency_code == rates.rate_code, rows.m == rates.rate_m])
    rows = rows.rename(found_constant="constant_rate", found_spot="spot_rate", found_next="next_rate")
    return rows.mutate(
        constant_rate=own.ifelse(1.0, rows.found_constant),
        spot_rate=own.ifelse(1.0, rows.found_spot),
        next_rate=own.ifelse(1.0, rows.found_next),
    )


def month_rates(data: Data) -> ir.Table:
    """Return ``rate_code, rate_m, constant_rate, spot_rate, next_rate``; spot falls back on the constant rate."""
    base = constant_rates(data).cross_join(points(data))
    spot = spot_intervals(data)
    for day, name in (("point_on", "spot"), ("next_point_on", "next")):
        held = spot.select(code="currency", held_from="spot_from", held_to="spot_to", held=spot.spot_rate)
        base = base.left_join(
            held,
            [
                base.currency == held.code,
                held.held_from <= base[day],
                held.held_to.isnull() | (base[day] < held.held_to),
            ],
        )
        base = base.mutate(**{name: ibis.coalesce(base.held, base.constant_rate)})
        base = base.drop("code", "held_from", "held_to", "held")
    return base.select("constant_rate", rate_code="currency", rate_m="m", spot_rate="spot", next_rate="next")


def profiles(data: Data) -> ir.Table:
    """Return what each customer was at every month end: ``profile_id, m, segment, region, owner, manager, ...``.

    ``region`` is that of the account, else that of its owner's team. Months reach one beyond a customer's last, so that
    a customer that left still has a segment.
    """
    return kept(data, "profiles", lambda: _profiles(data))


def _profiles(data: Data) -> ir.Table:
    seen = arr_month(data).select("profile_id", "m").distinct()
    grid = points(data).select("point_on", grid_m="m")
    rows = ibis.union(seen, seen.mutate(m=seen.m + 1), distinct=True)
    rows = rows.inner_join(grid, rows.m == grid.grid_m).select("profile_id", "m", "point_on")
    rows = as_it_was(rows, data, key="profile_id", on="point_on")
    sellers = people(data)
    rows = rows.left_join(sellers, rows.account_owner_id == sellers.person_id)
    return rows.select(
        "profile_id",
        "m",
        "manager",
        "manager_id",
        "industry",
        segment="account_segment",
        region=ibis.coalesce(rows.account_region, rows.team_region),
        owner=ibis.coalesce(rows.person, rows.account_owner_id),
    )
