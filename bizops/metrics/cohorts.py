"""Cohorts: of the customers that began in a month or quarter, how many and how much ARR were left at each age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr_month import PROFILE, arr_month, months_of, profiles, window
from bizops.metrics.columns import MONEY, total
from bizops.metrics.facts import within_scope
from bizops.metrics.memory import kept

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

Grain = Literal["month", "quarter"]
MONTHS = {"month": 1, "quarter": 3}
"""Months between two ages of a cohort."""


def cohorts(data: Data, period: Period, by: Sequence[str] = (), *, grain: Grain = "quarter") -> ir.Table:
    """Return the cohort table of all customers that began by the end of the period, with every age reached by then.

    Parameters
    ----------
    by
        Dimensions of the customer in its first month (segment, region, owner, manager, industry).
    grain
        Customers are put together by the fiscal month or quarter of their first ARR; an age is a month or a quarter.

    Returns
    -------
    ibis.Table
        ``*by, cohort`` (key of the period), ``cohort_on`` (its first day), ``age, n`` (customers that began),
        ``n_left`` (those with ARR at that age), ``arr_first, arr, held`` (money at the constant rate: at age 0, at that
        age, and of each customer at most what it began with), ``logo_retention, net_retention, gross_retention``
        (fractions).

    Notes
    -----
    Age counts from each customer's own first month-end with ARR, which is age 0, so a customer of March is one quarter
    old in June. A cell is there only once the whole cohort has reached the age by a month that has ended. Customers
    whose first line is older than the source's records belong to the cohort of its first month.
    """
    step = MONTHS[grain]
    last = _last_complete(data, window(data, period).last)
    starts = _calendar(data, grain, last)
    rows = _ages(data).filter(lambda t: t.age_months % step == 0)
    rows = rows.inner_join(starts, rows.first_m == starts.start_m)
    # a cell is measured for all customers of the cohort or not at all
    rows = rows.filter(rows.cohort_last_m + rows.age_months <= last)
    rows = within_scope(_with_profile(rows, data), data)
    rows = rows.mutate(age=(rows.age_months / step).cast("int64"), least=ibis.least(rows.arr, rows.arr_first))
    sums = total(
        rows,
        [*by, "cohort", "cohort_on", "age"],
        n=rows.customer_id.nunique(),
        n_left=rows.customer_id.nunique(where=rows.arr > 0),
        first=rows.arr_first.sum(),
        now=rows.arr.sum(),
        least=rows.least.sum(),
    )
    first, now, least = (sums[name].cast("float64") for name in ("first", "now", "least"))
    return sums.select(
        *by,
        "cohort",
        "cohort_on",
        "age",
        n=sums.n.cast("int64"),
        n_left=sums.n_left.cast("int64"),
        arr_first=first,
        arr=now,
        held=least,
        logo_retention=sums.n_left.cast("float64") / sums.n.cast("float64"),
        net_retention=now / first.nullif(0.0),
        gross_retention=least / first.nullif(0.0),
    )


def _last_complete(data: Data, last: int) -> int:
    """The last month that has ended by ``as_of``, at most ``last``."""
    ended = sum(month.is_complete(data.as_of_date) for month in months_of(data)) - 1
    return min(last, ended)


def _calendar(data: Data, grain: Grain, last: int) -> ir.Table:
    """``start_m, cohort, cohort_on, cohort_last_m``: the cohort of customers that begin in each month."""
    months = months_of(data)
    held = [data.calendar.containing(grain, month.start) for month in months]
    columns: dict[str, list[int] | list[str] | list[date]] = {
        "start_m": list(range(len(months))),
        "cohort": [period.key for period in held],
        "cohort_on": [period.start for period in held],
        "cohort_last_m": [_last_of(months, period) for period in held],
    }
    schema = {"start_m": "int64", "cohort": "string", "cohort_on": "date", "cohort_last_m": "int64"}
    table = ibis.memtable(columns, schema=schema)
    return table.filter(table.start_m <= last)


def _last_of(months: Sequence[Period], cohort: Period) -> int:
    """Number of the cohort's last month; one beyond all months where it has not begun."""
    begun = sum(month.start < cohort.end for month in months) - 1
    return begun if months[begun].end == cohort.end else len(months)


def _ages(data: Data) -> ir.Table:
    """One row a customer and month since its first one, months without ARR included.

    Columns ``customer_id, profile_id, first_m, age_months, arr_first, arr``.
    """
    return kept(data, "cohort_ages", lambda: _all_ages(data))


def _all_ages(data: Data) -> ir.Table:
    held = arr_month(data)
    sums = held.group_by("customer_id", "profile_id", "m").agg(arr=held.arr.sum())
    sums = sums.filter(sums.arr > 0)
    place = ibis.row_number().over(ibis.window(group_by=sums.customer_id, order_by=sums.m))
    first = sums.mutate(place=place).filter(lambda t: t.place == 0)
    first = first.select("customer_id", "profile_id", first_m="m", arr_first=first.arr.cast(MONEY))
    last = len(months_of(data)) - 1
    grid = ibis.memtable({"age_months": list(range(last + 1))}, schema={"age_months": "int64"})
    rows = first.inner_join(grid, first.first_m + grid.age_months <= last)
    now = sums.select(now_id="customer_id", now_m="m", now_arr=sums.arr.cast(MONEY))
    rows = rows.left_join(now, [rows.customer_id == now.now_id, rows.first_m + rows.age_months == now.now_m])
    return rows.select(
        "customer_id", "profile_id", "first_m", "age_months", "arr_first", arr=rows.now_arr.fill_null(0).cast(MONEY)
    )


def _with_profile(rows: ir.Table, data: Data) -> ir.Table:
    known = profiles(data).select("m", known_id="profile_id", **{name: name for name in PROFILE})
    return rows.left_join(known, [rows.profile_id == known.known_id, rows.first_m == known.m]).drop("known_id", "m")
