"""The lead funnel: conversion of cohorts, and the period ratio that is mistaken for it (FUN-02, FUN-03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.errors import InputError, did_you_mean
from bizops.metrics.bookings import within_days
from bizops.metrics.clock import INSTANT, local_date
from bizops.metrics.columns import column, ones, ratio
from bizops.metrics.facts import within_scope
from bizops.metrics.people import people
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("source", "owner", "manager", "region")
STAGES = ("created_at", "mql_at", "sal_at", "sql_at", "converted_at")
NEEDS = {"lead": ("lead_id", "created_at", "converted_at")}
WINDOW_DAYS = 90


def leads(data: Data, entered: str, reached: str) -> ir.Table:
    """Return one row a lead of the scope: ``entered_on, reached_on``, local days, and the dimensions.

    Raises
    ------
    InputError
        ``entered`` or ``reached`` is no stage of the funnel.
    """
    for name in (entered, reached):
        if name not in STAGES:
            raise InputError(f"'{name}' is no stage of a lead.{did_you_mean(name, STAGES)}", where="funnel")
    raw = data["lead"]
    rows = raw.select(
        "lead_id",
        entered_on=local_date(column(raw, entered, INSTANT), data),
        reached_on=local_date(column(raw, reached, INSTANT), data),
        source=column(raw, "lead_source", "string"),
        person=column(raw, "assigned_to", "string"),
    )
    sellers = people(data).rename(owner="person")
    named = rows.left_join(sellers, rows.person == sellers.person_id)
    return within_scope(named.mutate(region=named.team_region, segment=ibis.null("string")), data)


@metric(
    id="FUN-02",
    name="Cohort conversion",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Of the leads that entered a stage in the period, the share that reached a later one within 90 days",
    source="Metric dictionary FUN-02, fixture W15",
    needs=NEEDS,
    by=DIMENSIONS,
)
def cohort_conversion(
    data: Data,
    period: Period,
    by: Sequence[str] = (),
    *,
    entered: str = "created_at",
    reached: str = "converted_at",
    days: int = WINDOW_DAYS,
) -> ir.Table:
    """Return the conversion of the cohort that entered in the period; ``n`` is its size.

    The cohort is immature, and its conversion too low, until ``days`` have passed since the period's end: see
    `is_mature`.
    """
    rows = leads(data, entered, reached)
    rows = rows.filter(within_days(rows.entered_on, period))
    in_time = (rows.reached_on >= rows.entered_on) & (rows.reached_on <= rows.entered_on + ibis.interval(days=days))
    return ratio(rows, by, ones(in_time).sum(), rows.count().cast("int64"), rows.count())


def is_mature(data: Data, period: Period, days: int = WINDOW_DAYS) -> bool:
    """Whether every lead of the period's cohort has had ``days`` to convert by ``as_of``."""
    return period.last_day + timedelta(days=days) <= data.as_of_date


@metric(
    id="FUN-03",
    name="Period ratio",
    unit="rate",
    better="none",
    additivity="ratio",
    definition="Leads that reached a stage in the period over leads that entered an earlier one in the same period; a "
    "ratio of two flows, not a conversion",
    source="Metric dictionary FUN-03, fixture W15",
    needs=NEEDS,
    by=DIMENSIONS,
)
def period_ratio(
    data: Data,
    period: Period,
    by: Sequence[str] = (),
    *,
    entered: str = "created_at",
    reached: str = "converted_at",
) -> ir.Table:
    """Return reached over entered; it moves with the volume although nobody converts better or worse."""
    rows = leads(data, entered, reached)
    arrived = ones(within_days(rows.reached_on, period)).sum()
    came = ones(within_days(rows.entered_on, period)).sum()
    return ratio(rows, by, arrived, came, came)
