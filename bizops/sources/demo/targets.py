"""What was promised: the plan by region and segment, and quotas of sellers, managers, heads and the company."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo import plants
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import (
    LAST,
    NEVER,
    START,
    Numbers,
    Reals,
    day,
    month_start,
    quarter,
    quarter_start,
    year,
)
from bizops.sources.demo.deals import LOST_IN, NEW
from bizops.sources.demo.keys import PERSON, QUOTA
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.model import Model
from bizops.sources.demo.paths import final_amounts
from bizops.sources.demo.potential import seat_potential, yearly_view
from bizops.sources.demo.world import CURRENCY, REGIONS, SEGMENTS

AMBITION = 1.02
"""The plan over what the year's deals would bring at the usual win rate."""

OVER_ASSIGNED = (1.03, 1.02)
"""Sum of the sellers' quotas over their manager's, and of the managers' over the region's plan."""

QUARTERS = np.arange(int(quarter(START)), int(quarter(day("2027-12-31"))) + 1)
"""Quarters that are planned: the next year's budget is known at the clock."""

CELLS = len(REGIONS) * len(SEGMENTS)
ATTRITION = 0.015
"""ARR given back by customers who stay, less price rises, a year; small."""


@dataclass(frozen=True)
class Plan:
    """Planned money by cell (region x segment) and quarter of ``QUARTERS``; company currency, whole units.

    ``bookings`` is split in new and expansion along the first axis.
    """

    bookings: Reals
    created: Reals
    net_new: Reals

    @property
    def total(self) -> Reals:
        """Bookings by cell and quarter."""
        return np.asarray(self.bookings.sum(axis=0), "float64")


def plan(model: Model) -> Plan:
    """Return the plan: what each year's deals would bring at the usual win rate, plus some ambition.

    Planners know the season and the level at the time of planning (the autumn before), and no other plant.
    """
    yearly = _expected(model)
    quarters = QUARTERS
    years = year(quarter_start(quarters))
    season = _season(model, quarters)
    within = (1 + plants.GROWTH) ** ((quarters % 4 - 1.5) / 4)
    known = plants.level(model.world.planted, _planned_on(years))
    bookings = np.round(AMBITION * yearly[:, :, years - int(years[0])] / 4 * season * within * known)
    reach = 1 - (1 - plants.WIN) * LOST_IN[0]
    total = bookings.sum(axis=0)
    loss = _lost(model, years)
    return Plan(bookings, np.round(total / plants.WIN * reach), np.round(total - loss / 4))


def _planned_on(years: Numbers) -> Numbers:
    """Budgets are set in the middle of September of the year before."""
    return month_start((years - 1 - 1970) * 12 + 8) + 14


def _season(model: Model, quarters: Numbers) -> Reals:
    """Return the seasonal factor of each quarter without the level."""
    start = np.array([month_start(quarters * 3 + m) for m in range(3)])
    flat = [plants.season(model.world.planted, s) / plants.level(model.world.planted, s) for s in start]
    return np.asarray(np.mean(flat, axis=0), "float64")


def _expected(model: Model) -> Reals:
    """Return by kind, cell and year what deals closed in the year would bring at the usual win rate, season removed.

    The year before the first whole one and the year after the last quarter take their neighbour's, less or plus
    growth; the last year is made whole from its closed quarters.
    """
    deals, world = model.deals, model.world
    amount = final_amounts(model.deal_lines, len(deals)) / 100 * model.rate[deals.account] * plants.WIN
    amount = amount / plants.season(world.planted, deals.close)
    cell = deals.region * len(SEGMENTS) + deals.segment
    first = int(year(START))
    years = year(deals.close)
    out = np.zeros((2, CELLS, 5))
    whole = deals.close < quarter_start(quarter(LAST))
    kept = whole & (years > first)
    index = ((deals.kind != NEW) * CELLS + cell) * 5 + years - first
    out += np.bincount(index[kept], weights=amount[kept], minlength=out.size).reshape(out.shape)
    out[:, :, 3] *= 4 / 3
    step = 1 + plants.GROWTH
    out[:, :, 0], out[:, :, 4] = out[:, :, 1] / step, out[:, :, 3] * step
    return out


def _lost(model: Model, years: Numbers) -> Reals:
    """Return by cell and quarter the yearly ARR that is expected to be lost, from the ARR at the year's start."""
    life = model.life
    account = life // LIVES
    out = np.zeros((CELLS, len(years)))
    for each in np.unique(years).tolist():
        on = max(min(int(month_start((each - 1970) * 12)), LAST), START)
        days = np.full(len(life), on)
        arr = model.revenue.yearly(life, days) / 100 * model.rate[account]
        segment = model.accounts.segment_on(account, days)
        loss = arr * (np.array(plants.LOSS)[segment] + ATTRITION)
        cell = model.accounts.region[account] * len(SEGMENTS) + segment
        out[:, years == each] = np.bincount(cell, weights=loss, minlength=CELLS)[:, None]
    return out


def plan_table(model: Model, planned: Plan) -> dict[str, Column]:
    """Return the table plan: company, region, segment and both together; additive ones also by type of deal."""
    rows: list[tuple[str, str, int, float]] = []
    money = {"BKG-01": planned.total, "BKG-08": planned.created, "ARR-05": planned.net_new}
    for metric, values in money.items():
        for scope, cells in _scopes():
            rows += [(metric, scope, q, float(v)) for q, v in enumerate(values[cells].sum(axis=0))]
    for kind, name in enumerate(("new", "expansion")):
        scope = json.dumps({"type": name}, separators=(",", ":"))
        rows += [("BKG-01", scope, q, float(v)) for q, v in enumerate(planned.bookings[kind].sum(axis=0))]
    n_quarters = len(QUARTERS)
    rows += [("BKG-03", scope, q, plants.WIN) for scope, _ in _scopes() for q in range(n_quarters)]
    rows += [(metric, "{}", q, value) for metric, value in _RETENTION for q in range(n_quarters)]
    metrics, scopes, place, value = zip(*rows, strict=True)
    quarters = QUARTERS[np.array(place)]
    is_rate = np.isin(metrics, ["BKG-03", *(name for name, _ in _RETENTION)])
    n = len(rows)
    return {
        "metric_id": c.text(metrics),
        "scope": c.text(scopes),
        "period_start": c.date(quarter_start(quarters)),
        "period_end": c.date(quarter_start(quarters + 1)),
        "version": c.same("budget", n),
        "value": c.rate(np.array(value)),
        "currency": c.label(np.where(is_rate, -1, 0), (CURRENCY,)),
        "effective_on": c.date(_planned_on(year(quarter_start(quarters)))),
    }


_RETENTION = (("ARR-06", 0.89), ("ARR-07", 1.05), ("ARR-08", 0.14))
"""Planned retention of the company over twelve months: gross, net, and logos lost."""


def _scopes() -> list[tuple[str, Numbers]]:
    """Return scopes as JSON with the cells they cover."""
    cell = np.arange(CELLS)
    region, segment = cell // len(SEGMENTS), cell % len(SEGMENTS)
    found: list[tuple[dict[str, str], Numbers]] = [({}, cell)]
    found += [({"region": name}, cell[region == i]) for i, name in enumerate(REGIONS)]
    found += [({"segment": name}, cell[segment == i]) for i, name in enumerate(SEGMENTS)]
    found += [
        ({"region": REGIONS[r], "segment": SEGMENTS[s]}, cell[[i]])
        for i, (r, s) in enumerate(zip(region, segment, strict=True))
    ]
    return [(json.dumps(scope, separators=(",", ":"), ensure_ascii=False), cells) for scope, cells in found]


def unfair(model: Model) -> Numbers:
    """Return the seats whose quotas are too high where that is planted: a fifth of each region's, a fifth of its worth.

    Of many drawn sets it is the one whose share of each region's potential is nearest to the wanted share.
    """
    seats = model.people.seats
    share = float(plants.PLANTS["unfair_quotas"].parameters["share_of_sellers"])
    worth = seat_potential(model, yearly_view(int(year(LAST))))
    chosen = []
    for region in range(len(REGIONS)):
        here = np.flatnonzero(seats.region == region)
        wanted = max(1, round(share * len(here)))
        part = worth[here] / worth[here].sum()
        sets = [model.world.order(f"quotas.unfair{region}.{i}", len(here))[:wanted] for i in range(40)]
        gaps = [abs(part[each].sum() - share * 1.03) for each in sets]
        chosen.append(here[sets[int(np.argmin(gaps))]])
    return np.sort(np.concatenate(chosen))


def seat_quotas(model: Model, planned: Plan, *, fair: bool = False) -> Reals:
    """Return the quota of each seat and quarter up to the clock's, company currency, whole units.

    Within a region the plan is divided by the potential of the seats in the year; where it is planted, and ``fair`` is
    not asked for, some seats get more than that and the others of their region so much less.
    """
    seats = model.people.seats
    quarters = QUARTERS[int(quarter(LAST)) >= QUARTERS]
    years = year(quarter_start(quarters))
    out = np.zeros((len(seats), len(quarters)))
    parameters = plants.PLANTS["unfair_quotas"].parameters
    planted = "unfair_quotas" in model.world.planted and not fair
    too_high = np.isin(np.arange(len(seats)), unfair(model)) & planted
    by_region = planned.total.reshape(len(REGIONS), len(SEGMENTS), -1).sum(axis=1)[:, : len(quarters)]
    for each in np.unique(years).tolist():
        worth = seat_potential(model, yearly_view(each))
        worth = worth * np.exp(0.02 * model.world.normal(f"quotas.rounding{each}", np.arange(len(seats))))
        if each < int(year(day(parameters["from"]))):
            excess = np.ones(len(seats))
        else:
            excess = np.where(too_high, 1 + float(parameters["excess"]), 1.0)
        for region in range(len(REGIONS)):
            here = np.flatnonzero(seats.region == region)
            share = _shares(worth[here], excess[here])
            street = by_region[region, years == each] * OVER_ASSIGNED[0] * OVER_ASSIGNED[1]
            out[np.ix_(here, np.flatnonzero(years == each))] = np.round(share[:, None] * street[None, :])
    return out


def _shares(worth: Reals, excess: Reals) -> Reals:
    """Return shares of a sum by worth; those with an excess get so much more, the others as much less."""
    share = worth / worth.sum() * excess
    usual = excess == 1
    return np.asarray(np.where(usual, share * (1 - share[~usual].sum()) / share[usual].sum(), share), "float64")


def quota_table(model: Model, planned: Plan) -> dict[str, Column]:
    """Return the table quota: levels contain one another; who has a seat for a part of a quarter has relief."""
    by_seat = seat_quotas(model, planned)
    rows = [*_sellers(model, by_seat), *_leaders(model, planned, by_seat)]
    owner, level, place, amount, relief, since = (np.array(column) for column in zip(*rows, strict=True))
    quarters = QUARTERS[place.astype("int64")]
    order = np.lexsort((owner, level, quarters))
    owner, level, quarters = owner[order], level[order], quarters[order]
    amount, relief, since = amount[order], relief[order], since[order].astype("int64")
    n = len(owner)
    relieved = relief > 0
    return {
        "quota_id": c.key(QUOTA, np.arange(n), 6),
        "owner_id": c.key(PERSON, owner.astype("int64"), 4),
        "level": c.label(level.astype("int64"), ("rep", "manager", "vp", "company")),
        "period_start": c.date(quarter_start(quarters)),
        "period_end": c.date(quarter_start(quarters + 1)),
        "measure": c.same("bookings", n),
        "amount": c.money(np.round(amount * 100).astype("int64")),
        "currency": c.same(CURRENCY, n),
        "kind": c.label((level >= 2).astype("int64"), ("street", "plan")),
        "version": c.integer(np.ones(n, "int64")),
        "effective_on": c.date(np.maximum(_planned_on(year(quarter_start(quarters))), since)),
        "relief_amount": c.money(np.round(relief * 100).astype("int64"), ~relieved),
        "relief_reason": c.label(np.where(relieved, 0, -1), ("part of the quarter in seat",)),
        "approved_by": c.key(PERSON, np.where(relieved, 0, -1), 4),
    }


def _sellers(model: Model, by_seat: Reals) -> list[tuple[float, ...]]:
    """Return (person, level, quarter, amount, relief, hired) of all sellers."""
    seats = model.people.seats
    quarters = QUARTERS[: by_seat.shape[1]]
    first, after = quarter_start(quarters), quarter_start(quarters + 1)
    rows: list[tuple[float, ...]] = []
    spans = (
        (seats.first, np.zeros(len(seats), "int64"), seats.leaves),
        (seats.following, seats.joins, np.full(len(seats), NEVER)),
    )
    for who, since, until in spans:
        inside = np.minimum(after, until[:, None]) - np.maximum(first, since[:, None])
        share = np.clip(inside / (after - first), 0, 1)
        for seat, place in zip(*np.nonzero(share > 0), strict=True):
            amount = by_seat[seat, place]
            relief = np.round(amount * (1 - share[seat, place]), 2)
            rows.append((who[seat], 0, place, amount, relief, since[seat]))
    return rows


def _leaders(model: Model, planned: Plan, by_seat: Reals) -> list[tuple[float, ...]]:
    people, seats = model.people, model.people.seats
    rows: list[tuple[float, ...]] = []
    n = by_seat.shape[1]
    for lead in np.unique(seats.manager).tolist():
        team = by_seat[seats.manager == lead].sum(axis=0) / OVER_ASSIGNED[0]
        rows += [(lead, 1, q, round(v), 0.0, 0) for q, v in enumerate(team)]
    by_region = planned.total.reshape(len(REGIONS), len(SEGMENTS), -1).sum(axis=1)[:, :n]
    heads = np.flatnonzero((people.role == 0) & (people.manager == 0))
    rows += [(heads[r], 2, q, v, 0.0, 0) for r in range(len(REGIONS)) for q, v in enumerate(by_region[r])]
    rows += [(0, 3, q, v, 0.0, 0) for q, v in enumerate(by_region.sum(axis=0))]
    return rows
