"""Exchange rates: every amount is counted in company currency by the one declared policy (P10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.columns import column, number

if TYPE_CHECKING:
    from bizops.schema.data import Data

_PREFERENCE = {"plan": 0, "month_avg": 1, "spot": 2}


def code(table: ir.Table, data: Data) -> ir.StringValue:
    """Return the currency of each row; absent or empty means the company's."""
    return column(table, "currency", "string").fill_null(data.company.currency)


def constant_rates(data: Data) -> ir.Table:
    """Return ``currency, constant_rate``: one rate a currency, the same for every day, so that growth is growth.

    It is the latest plan rate that has begun by ``as_of``; a currency without plan rate takes the latest monthly
    average, else the latest spot rate.
    """
    if not data.has("fx_rate"):
        return _none("constant_rate")
    rates = data["fx_rate"].filter(lambda t: t.on <= ibis.date(data.as_of_date))
    ranked = rates.mutate(
        place=ibis.row_number().over(
            ibis.window(
                group_by=rates.currency,
                order_by=[
                    ibis.cases(*[(rates.rate_type == k, v) for k, v in _PREFERENCE.items()], else_=9),
                    rates.on.desc(),
                ],
            )
        )
    )
    return ranked.filter(ranked.place == 0).select("currency", constant_rate=number(ranked, "rate"))


def spot_intervals(data: Data) -> ir.Table:
    """Return ``currency, spot_from, spot_to, spot_rate``: each spot rate holds until the next one (end exclusive)."""
    if not data.has("fx_rate"):
        return _none("spot_rate", spot_from="date", spot_to="date")
    rates = data["fx_rate"].filter(lambda t: t.rate_type == "spot")
    following = rates.on.lead().over(ibis.window(group_by=rates.currency, order_by=rates.on))
    return rates.select("currency", spot_from=rates.on, spot_to=following, spot_rate=number(rates, "rate"))


def with_rate(table: ir.Table, data: Data, on: str = "") -> ir.Table:
    """Return ``table`` with ``rate``, company currency for one unit of the row's ``currency_code``.

    Parameters
    ----------
    on
        Date column at which P10 = ``period_end`` reads the spot rate; the default policy takes the constant rate.

    Notes
    -----
    The company's own currency has rate 1. A currency without any rate has a null rate: its amounts are unknown, never
    counted at par.
    """
    constant = constant_rates(data).rename(constant_code="currency")
    rated = table.left_join(constant, table.currency_code == constant.constant_code).drop("constant_code")
    rate: ir.Value = rated.constant_rate
    if on and data.company.policies.p10 == "period_end":
        spot = spot_intervals(data).rename(spot_code="currency")
        rated = rated.left_join(
            spot,
            [
                rated.currency_code == spot.spot_code,
                spot.spot_from <= rated[on],
                spot.spot_to.isnull() | (rated[on] < spot.spot_to),
            ],
        ).drop("spot_code", "spot_from", "spot_to")
        rate = ibis.coalesce(rated.spot_rate, rated.constant_rate)
        rated = rated.mutate(constant_rate=rate).drop("spot_rate")
    own = rated.currency_code == data.company.currency
    return rated.mutate(rate=own.ifelse(1.0, rated.constant_rate)).drop("constant_rate")


def _none(value: str, **more: str) -> ir.Table:
    """An empty table of rates, for companies that have a single currency."""
    schema = {"currency": "string", **more, value: "float64"}
    return ibis.memtable({name: [] for name in schema}, schema=schema)
