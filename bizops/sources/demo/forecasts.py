"""What sellers and managers said each week about the quarter, and how right they were."""

from __future__ import annotations

import json

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo import plants
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import (
    LAST,
    NEVER,
    START,
    Flags,
    Numbers,
    Reals,
    instant,
    quarter,
    quarter_key,
    quarter_start,
)
from bizops.sources.demo.deals import RENEWAL
from bizops.sources.demo.keys import PERSON
from bizops.sources.demo.model import Model
from bizops.sources.demo.targets import AMBITION, OVER_ASSIGNED, Plan, seat_quotas
from bizops.sources.demo.world import CURRENCY, REGIONS

CATEGORIES = ("commit", "call", "best_case")
FACTORS = (1.0, 1.03, 1.2)
"""What each category says, against the forecaster's own estimate."""


def biased(model: Model) -> dict[str, int]:
    """Return person numbers of the sandbagging and the optimistic seller; both have been there all the time."""
    seats = model.people.seats
    stayed = np.flatnonzero(seats.leaves == NEVER)
    drawn = stayed[np.argsort(model.world.uniform("forecasts.biased", stayed), kind="stable")]
    other = drawn[seats.manager[drawn] != seats.manager[drawn[0]]]
    return {"sandbagging": int(seats.first[drawn[0]]), "optimistic": int(seats.first[other[0]])}


def table(model: Model, planned: Plan) -> dict[str, Column]:
    """Return the table forecast_submission: each Monday, for the quarter that runs."""
    mondays = np.arange(START + (7 - (START + 3) % 7) % 7, LAST + 1, 7)
    who, own, scopes, errs = _forecasters(model)
    outcome, so_far = _results(model, planned, mondays, own)
    quarters = quarter(mondays)
    sigma = errs[:, None] * (0.03 + 0.17 * (quarter_start(quarters + 1) - mondays) / 91)[None, :]
    estimate = outcome * _bias(model, who)[:, None] * np.exp(sigma * _noise(model, who, mondays) - sigma**2 / 2)
    said = np.maximum(np.round(estimate, -2), np.ceil(so_far))
    seated = _seated(model, who, mondays)
    f, m = np.nonzero(seated)
    f, m = np.repeat(f, len(CATEGORIES)), np.repeat(m, len(CATEGORIES))
    kind = np.tile(np.arange(len(CATEGORIES)), seated.sum())
    amount = np.maximum(np.round(said[f, m] * np.array(FACTORS)[kind], -2), np.ceil(so_far[f, m]))
    order = np.lexsort((kind, who[f], mondays[m]))
    f, m, kind, amount = f[order], m[order], kind[order], amount[order]
    minute = model.world.uniform("forecasts.hour", who[f] * 65536 + m)
    names = [quarter_key(q) for q in range(int(quarters.max()) + 1)]
    return {
        "submitted_at": c.stamp(instant(mondays[m], 7.0, minute * 2)),
        "forecaster_id": c.key(PERSON, who[f], 4),
        "scope": c.label(f, scopes),
        "period": c.label(quarters[m], names),
        "category": c.label(kind, CATEGORIES),
        "amount": c.money((amount * 100).astype("int64")),
        "currency": c.same(CURRENCY, len(f)),
    }


def _forecasters(model: Model) -> tuple[Numbers, list[Numbers], list[str], Reals]:
    """Return persons, the persons whose sales they forecast, their scopes as JSON and the size of their errors."""
    people, seats = model.people, model.people.seats
    sellers = np.unique(np.concatenate([seats.first, seats.following[seats.leaves < NEVER]]))
    leads = np.unique(seats.manager)
    heads = np.flatnonzero((people.role == 0) & (people.manager == 0))
    team = [
        np.flatnonzero(((people.manager == lead) | (np.arange(len(people.role)) == lead)) & people.exists)
        for lead in leads
    ]
    region = [
        np.flatnonzero((people.region == r) & np.isin(people.role, (0, 1)) & people.exists) for r in range(len(REGIONS))
    ]
    everyone = np.flatnonzero(np.isin(people.role, (0, 1)) & people.exists)
    own = [np.array([p]) for p in sellers] + team + region + [everyone]
    scopes = [json.dumps({"owner": f"{PERSON}{p:04d}"}, separators=(",", ":")) for p in sellers.tolist()]
    scopes += [json.dumps({"manager": f"{PERSON}{p:04d}"}, separators=(",", ":")) for p in leads.tolist()]
    scopes += [json.dumps({"region": name}, separators=(",", ":")) for name in REGIONS] + ["{}"]
    errors = np.repeat([1.0, 0.7, 0.6, 0.5], [len(sellers), len(leads), len(heads), 1])
    return np.concatenate([sellers, leads, heads, [0]]), own, scopes, errors


def _results(model: Model, planned: Plan, mondays: Numbers, own: list[Numbers]) -> tuple[Reals, Reals]:
    """Return what each forecaster's people sold in each Monday's quarter in the end, and up to the Monday.

    The quarter that runs at the clock is not known: there it is what the quotas say, without ambition.
    """
    deals = model.pipeline
    sold = deals.won & (deals.kind != RENEWAL) & (deals.close_on >= START)
    value = (deals.amount / 100 * model.rate[deals.account])[sold]
    person, close = deals.owner[sold], deals.close_on[sold]
    n_people = len(model.people.role)
    weeks = np.searchsorted(mondays, close, side="right")  # known from this Monday on
    first = int(quarter(START))
    n_quarters = int(quarter(LAST)) - first + 1
    total = _table(person, quarter(close) - first, value, n_people, n_quarters)
    total[:, -1] = _current(model, planned, n_people)
    weekly = _table(person, weeks, value, n_people, len(mondays) + 1)
    running = np.cumsum(weekly, axis=1)[:, :-1]
    place = quarter(mondays) - first
    sums = np.concatenate([np.zeros((n_people, 1)), np.cumsum(total, axis=1)], axis=1)
    so_far = np.maximum(running - sums[:, place], 0.0)
    in_the_end = np.stack([total[people].sum(axis=0) for people in own])
    by_then = np.stack([so_far[people].sum(axis=0) for people in own])
    return in_the_end[:, place], by_then


def _table(row: Numbers, column: Numbers, value: Reals, n_rows: int, n_columns: int) -> Reals:
    flat = np.bincount(row * n_columns + column, weights=value, minlength=n_rows * n_columns)
    return np.asarray(flat.reshape(n_rows, n_columns), "float64")


def _current(model: Model, planned: Plan, n_people: int) -> Reals:
    """Return what each person is expected to sell in the quarter that runs at the clock."""
    seats = model.people.seats
    out = np.zeros(n_people)
    street = seat_quotas(model, planned, fair=True)[:, -1] / (AMBITION * OVER_ASSIGNED[0] * OVER_ASSIGNED[1])
    np.add.at(out, seats.owner(np.arange(len(seats)), np.full(len(seats), LAST)), street)
    return out


def _bias(model: Model, who: Numbers) -> Reals:
    out = np.ones(len(who))
    if "forecasters" in model.world.planted:
        for name, person in biased(model).items():
            out[who == person] = 1 + float(plants.PLANTS["forecasters"].parameters[name])
    return out


def _noise(model: Model, who: Numbers, mondays: Numbers) -> Reals:
    """Return errors with variance 1: a part that all share in a quarter, one's own in the quarter, and the week's."""
    quarters = quarter(mondays)
    world = model.world
    shared = world.normal("forecasts.shared", quarters)[None, :]
    own = world.normal("forecasts.own", (who[:, None] * 4096 + quarters[None, :]).ravel()).reshape(len(who), -1)
    week = world.normal("forecasts.week", (who[:, None] * 65536 + np.arange(len(mondays))).ravel()).reshape(
        len(who), -1
    )
    return np.asarray(0.6 * shared + 0.65 * own + 0.467 * week, "float64")


def _seated(model: Model, who: Numbers, mondays: Numbers) -> Flags:
    """Return on which Mondays each forecaster was there."""
    people = model.people
    inside = (people.hired[who][:, None] <= mondays) & (mondays < people.left[who][:, None])
    return np.asarray(inside)
