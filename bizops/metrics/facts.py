"""The base facts of sales metrics: one row an opportunity, with every dimension that reports cut by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.accounts import as_it_was
from bizops.metrics.clock import local_date
from bizops.metrics.columns import column, exact, flag, number
from bizops.metrics.currency import code, with_rate
from bizops.metrics.memory import kept
from bizops.metrics.people import people

if TYPE_CHECKING:
    from bizops.schema.data import Data

DIMENSIONS = (
    "region",
    "segment",
    "product",
    "type",
    "owner",
    "manager",
    "industry",
    "source",
    "competitor",
    "lost_reason",
    "stage",
    "forecast_category",
)
"""Columns of `deals` that a sales metric can be grouped by."""

DEFAULT_STAGE = 2
"""The default of P17: with it the stage table's own ``is_qualified`` decides, any other value counts ordinals."""

_TEXTS = ("account_id", "owner_id", "type", "stage_id", "forecast_category", "competitor", "lost_reason", "lead_source")


def deals(data: Data) -> ir.Table:
    """Return one row an opportunity of the scope, as it stood at ``as_of``.

    Returns
    -------
    ibis.Table
        ``opportunity_id, account_id, owner_id, owner, manager_id, manager, region, segment, product, type, industry,
        source, lead_source, competitor, lost_reason, stage_id, stage, stage_ordinal, stage_type, is_qualified,
        forecast_category, created_on, close_on, is_closed, is_won, value, value_share, n``. What the source does not
        have is a typed null. ``value`` is exact, in company currency.

    Notes
    -----
    ``region`` is the opportunity's own, else that of the owner's team, else the account's. ``segment`` is the
    opportunity's own, else the account's on the day of closing, or at ``as_of`` while open (P24). ``product`` is the
    one with the largest line. ``value`` is the first-year value, or with P15 = ``tcv`` the value of the whole term;
    where that is unknown, the amount. It is converted at the constant plan rate, with P10 = ``period_end`` at the spot
    rate of the closing day. ``value_share`` is value over amount: it turns past amounts into values.
    """
    return within_scope(all_deals(data), data)


def all_deals(data: Data) -> ir.Table:
    """Return the rows of `deals` whatever the scope."""
    return kept(data, "deals", lambda: _deals(data))


def sales(data: Data) -> ir.Table:
    """Return `deals` without renewals: what they keep is retention (REN), what they add is an expansion.

    Bookings, win rates and pipeline are of sales, so that a base that renews cannot lift the win rate.
    """
    rows = deals(data)
    return rows.filter(rows.type.isnull() | (rows.type != "renewal"))


def within_scope(table: ir.Table, data: Data) -> ir.Table:
    """Return the rows of a table with dimensions that belong to the report's scope."""
    scope = data.scope
    if scope.level == "company":
        return table
    if scope.level == "manager":
        return table.filter(flag((table.manager == scope.member) | (table.manager_id == scope.member)))
    return table.filter(flag(table[scope.level] == scope.member))


def _deals(data: Data) -> ir.Table:
    rows = _with_value(with_stage(_opportunities(data), data), data)
    rows = as_it_was(rows, data, key="account_id", on="segment_on")
    sellers = people(data)
    rows = rows.left_join(sellers, rows.owner_id == sellers.person_id)
    rows = _with_product(rows, data)
    return rows.select(
        "opportunity_id",
        "account_id",
        "pipeline_id",
        "owner_id",
        "manager_id",
        "manager",
        "product",
        "type",
        "industry",
        "lead_source",
        "competitor",
        "lost_reason",
        "stage_id",
        "stage",
        "stage_ordinal",
        "stage_type",
        "is_qualified",
        "forecast_category",
        "created_on",
        "close_on",
        "is_closed",
        "is_won",
        "value",
        "value_share",
        owner=ibis.coalesce(rows.person, rows.owner_id),
        region=ibis.coalesce(rows.own_region, rows.team_region, rows.account_region),
        segment=ibis.coalesce(rows.own_segment, rows.account_segment),
        source=rows.lead_source,
        n=ibis.literal(1, type="int64"),
    )


def _opportunities(data: Data) -> ir.Table:
    raw = data["opportunity"]
    closed = flag(raw.is_closed)
    return raw.select(
        "opportunity_id",
        "close_on",
        **{name: column(raw, name, "string") for name in _TEXTS},
        pipeline_id=column(raw, "pipeline_id", "string").fill_null(""),
        main_product_id=column(raw, "product_id", "string"),
        own_region=column(raw, "region", "string"),
        own_segment=column(raw, "segment", "string"),
        created_on=local_date(column(raw, "created_at", "timestamp('UTC')"), data),
        is_closed=closed,
        is_won=closed & flag(raw.is_won),
        segment_on=closed.ifelse(raw.close_on, ibis.null("date")),
        rate_on=closed.ifelse(raw.close_on, ibis.date(data.as_of_date)),
        currency_code=code(raw, data),
        amount=number(raw, "amount"),
        acv=number(raw, "acv"),
        tcv=number(raw, "tcv"),
    )


def stages(data: Data) -> ir.Table:
    """Return ``stage_pipeline, stage_key, stage, stage_ordinal, stage_type, is_qualified``, one row a stage."""
    if not data.has("dim_stage"):
        schema = {
            "stage_pipeline": "string",
            "stage_key": "string",
            "stage": "string",
            "stage_ordinal": "int64",
            "stage_type": "string",
            "is_qualified": "boolean",
        }
        return ibis.memtable({name: [] for name in schema}, schema=schema)
    raw = data["dim_stage"]
    first = data.company.policies.p17
    by_ordinal = raw.ordinal >= first
    declared = column(raw, "is_qualified", "boolean")
    return raw.select(
        stage_pipeline=column(raw, "pipeline_id", "string").fill_null(""),
        stage_key="stage_id",
        stage=ibis.coalesce(column(raw, "name", "string"), raw.stage_id),
        stage_ordinal="ordinal",
        stage_type="type",
        is_qualified=ibis.coalesce(declared, by_ordinal) if first == DEFAULT_STAGE else by_ordinal,
    )


def with_stage(rows: ir.Table, data: Data) -> ir.Table:
    """Return ``rows`` with the columns of their stage, found by ``pipeline_id`` and ``stage_id``, else by id alone."""
    exact_stage = stages(data)
    alone = exact_stage.mutate(
        place=ibis.row_number().over(
            ibis.window(
                group_by=exact_stage.stage_key, order_by=[exact_stage.stage_ordinal, exact_stage.stage_pipeline]
            )
        )
    ).filter(lambda t: t.place == 0)
    names = ("stage", "stage_ordinal", "stage_type", "is_qualified")
    alone = alone.select(any_key="stage_key", **{f"any_{name}": name for name in names})
    both = rows.left_join(
        exact_stage, [rows.pipeline_id == exact_stage.stage_pipeline, rows.stage_id == exact_stage.stage_key]
    )
    both = both.left_join(alone, both.stage_id == alone.any_key)
    return both.mutate(**{name: ibis.coalesce(both[name], both[f"any_{name}"]) for name in names}).drop(
        "stage_pipeline", "stage_key", "any_key", *(f"any_{name}" for name in names)
    )


def _with_value(rows: ir.Table, data: Data) -> ir.Table:
    rated = with_rate(rows, data, on="rate_on")
    chosen = rated.tcv if data.company.policies.p15 == "tcv" else rated.acv
    value = ibis.coalesce(chosen, rated.amount)
    return rated.mutate(
        value=exact(value * rated.rate),
        value_share=ibis.coalesce(value / rated.amount.nullif(0.0), 1.0),
    )


def _with_product(rows: ir.Table, data: Data) -> ir.Table:
    """The product with the largest sum of lines, ties by id; else the opportunity's own; else null."""
    if data.has("opportunity_line", "product_id"):
        lines = data["opportunity_line"].filter(lambda t: t.product_id.notnull())
        sums = lines.group_by("opportunity_id", "product_id").agg(amount=number(lines, "amount").sum())
        place = ibis.row_number().over(
            ibis.window(group_by=sums.opportunity_id, order_by=[sums.amount.desc(nulls_first=False), sums.product_id])
        )
        largest = sums.mutate(place=place).filter(lambda t: t.place == 0)
        largest = largest.select(line_deal="opportunity_id", line_product_id="product_id")
        rows = rows.left_join(largest, rows.opportunity_id == largest.line_deal)
        rows = rows.mutate(main_product_id=ibis.coalesce(rows.line_product_id, rows.main_product_id))
    return named_product(rows, data, "main_product_id")


def named_product(rows: ir.Table, data: Data, key: str) -> ir.Table:
    """Return ``rows`` with ``product``: the product's name, else its id."""
    if not data.has("dim_product", "name"):
        return rows.mutate(product=rows[key])
    names = data["dim_product"].select(named_product_id="product_id", product_name="name")
    joined = rows.left_join(names, rows[key] == names.named_product_id)
    return joined.mutate(product=ibis.coalesce(joined.product_name, joined[key])).drop(
        "named_product_id", "product_name"
    )
