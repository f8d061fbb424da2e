"""Money tables: exchange rates, what is spent, and the monthly finance items."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, START, Numbers, Reals, day, month_start, months
from bizops.sources.demo.keys import CAMPAIGN, SPEND
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.marketing import spending
from bizops.sources.demo.model import Model
from bizops.sources.demo.world import CURRENCIES, CURRENCY, PLAN_RATE, World

FX_FROM = day("2023-01-01")
CENTRES = ("sales", "marketing", "customer_success", "research", "general")
_CENTRE_SHARE = (0.20, 0.05, 0.07, 0.24, 0.13)
"""Monthly cost of each centre against recurring revenue; campaigns come on top."""

ITEMS = ("revenue", "cost_of_revenue", "operating_cash_flow", "capex", "cash_end")
COST_OF_REVENUE = 0.22
CASH_AT_START = 0.8
"""Cash on the first day against a year's revenue."""


def tables(model: Model) -> dict[str, dict[str, Column]]:
    """Return fx_rate, spend, finance_month."""
    revenue = monthly_revenue(model)
    return {"fx_rate": _rates(model.world), "spend": _spend(model, revenue), "finance_month": _finance(model, revenue)}


def all_months() -> Numbers:
    """Return the months of the three years, the running one last."""
    return np.arange(int(months(START)), int(months(LAST)) + 1)


def monthly_revenue(model: Model) -> Reals:
    """Return recurring revenue of each month in company currency: a twelfth of the ARR in its middle."""
    life = model.life
    rate = model.rate[life // LIVES]
    middle = np.minimum(month_start(all_months()) + 14, LAST).tolist()
    return np.array([(model.revenue.yearly(life, np.full(len(life), d)) / 1200 * rate).sum() for d in middle])


def _rates(world: World) -> dict[str, Column]:
    """Plan rates by year, daily spot rates that stray around them and come back, and their monthly means."""
    days = np.arange(FX_FROM, LAST + 1)
    plan_on = np.array([day(f"{y}-01-01") for y in range(2022, 2027)])
    month = np.unique(months(days))
    parts = []
    for currency, usual in enumerate(PLAN_RATE):
        spot = usual * np.exp(_straying(world, currency, days) * (currency > 0))
        mean = np.bincount(months(days) - month[0], weights=spot) / np.bincount(months(days) - month[0])
        for kind, (on, rate) in enumerate(
            ((days, spot), (plan_on, np.full(len(plan_on), usual)), (month_start(month), mean))
        ):
            parts.append((on, np.full(len(on), currency), np.full(len(on), kind), rate))
    on, currency_of, kind_of, rates = (np.concatenate(column) for column in zip(*parts, strict=True))
    return {
        "on": c.date(on),
        "currency": c.label(currency_of, CURRENCIES),
        "rate_type": c.label(kind_of, ("spot", "plan", "month_avg")),
        "rate": c.rate(np.round(rates, 6)),
    }


def _straying(world: World, currency: int, days: Numbers) -> Reals:
    """Return how far (log) the spot rate is from the plan rate: a stationary series with a spread of about 1.5 %."""
    shocks = 0.002 * world.normal(f"fx.{currency}", days)
    out = np.empty(len(days))
    level = 0.0
    for i, shock in enumerate(shocks.tolist()):
        level = 0.99 * level + shock
        out[i] = level
    return out


def _spend(model: Model, revenue: Reals) -> dict[str, Column]:
    """Cost by centre and month, actual and budget; campaigns by channel."""
    month = np.repeat(all_months(), len(CENTRES) * 2)
    centre = np.tile(np.repeat(np.arange(len(CENTRES)), 2), len(all_months()))
    budget = np.tile([0, 1], len(month) // 2).astype("int64")
    number = month * 64 + centre * 2
    base = np.repeat(revenue, len(CENTRES) * 2) * np.array(_CENTRE_SHARE)[centre]
    actual = base * (0.97 + 0.06 * model.world.uniform("spend.actual", number))
    campaigns = spending(model)
    n = len(campaigns["month"])
    day_of_month = month_start(np.concatenate([month, campaigns["month"]])) + 24
    kept = (day_of_month <= LAST) | np.concatenate([budget == 1, np.zeros(n, dtype=bool)])
    cents = np.concatenate([np.round(np.where(budget == 1, base, actual) * 100).astype("int64"), campaigns["cents"]])
    all_centres = np.concatenate([centre, np.full(n, CENTRES.index("marketing"))])
    campaign = np.concatenate([np.full(len(month), -1), campaigns["campaign"]])
    key = np.concatenate([number + budget, 100_000 + np.arange(n)])
    return {
        "spend_id": c.key(SPEND, key[kept]),
        "on": c.date(day_of_month[kept]),
        "cost_centre": c.label(all_centres[kept], CENTRES),
        "category": c.label((campaign[kept] >= 0).astype("int64"), ("people and tools", "campaigns")),
        "campaign_id": c.key(CAMPAIGN, campaign[kept], 3),
        "amount": c.money(cents[kept]),
        "currency": c.same(CURRENCY, int(kept.sum())),
        "kind": c.label(np.concatenate([budget, np.zeros(n, "int64")])[kept], ("actual", "budget")),
    }


def _finance(model: Model, revenue: Reals) -> dict[str, Column]:
    """Monthly items; the running month has a budget only."""
    world, month = model.world, all_months()
    noise = {name: world.normal(f"finance.{name}", month) for name in ITEMS}
    cost = revenue * COST_OF_REVENUE * (1 + 0.02 * noise["cost_of_revenue"])
    flow = revenue * (0.06 + 0.02 * noise["operating_cash_flow"])
    capex = revenue * 0.015 * (1 + 0.1 * noise["capex"])
    cash = 12 * revenue[0] * CASH_AT_START + np.cumsum(flow - capex)
    actual = np.stack([revenue, cost, flow, capex, cash])
    usual = np.stack([revenue, revenue * COST_OF_REVENUE, revenue * 0.06, revenue * 0.015, cash])
    values = np.stack([actual, usual])  # kind x item x month
    kind, item, place = (index.ravel() for index in np.indices(values.shape))
    done = (kind == 1) | (month_start(month[place] + 1) - 1 <= LAST)
    kind, item, place = kind[done], item[done], place[done]
    return {
        "month": c.date(month_start(month[place])),
        "item": c.label(item, ITEMS),
        "kind": c.label(kind, ("actual", "budget")),
        "amount": c.money(np.round(values[kind, item, place] * 100).astype("int64")),
        "currency": c.same(CURRENCY, len(kind)),
    }
