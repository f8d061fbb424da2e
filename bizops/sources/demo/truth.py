"""What is true of a demo company: its constants, and each planted effect: where it is, how large, whom it met."""

from __future__ import annotations

from typing import Any

import numpy as np

from bizops.sources.demo import hygiene, plants
from bizops.sources.demo.days import LAST, NEVER, Flags, Numbers, day
from bizops.sources.demo.deals import KINDS
from bizops.sources.demo.forecasts import biased
from bizops.sources.demo.keys import ACCOUNT, DEAL, PERSON, SEAT
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.model import Model
from bizops.sources.demo.targets import AMBITION, OVER_ASSIGNED, unfair
from bizops.sources.demo.world import COMPANY, CURRENCY, SEGMENTS

VERSION = "1"


def truth(model: Model) -> dict[str, Any]:
    """Return the record that lies beside the data as ``truth.json``."""
    world = model.world
    found = {
        "win_rate": _win_rate,
        "churn_cause": _churn_cause,
        "mix_shift": _mix_shift,
        "unfair_quotas": _unfair_quotas,
        "forecasters": _forecasters,
        "season": _nothing,
        "hygiene": _hygiene,
    }
    return {
        "version": VERSION,
        "company": COMPANY,
        "currency": CURRENCY,
        "seed": world.seed,
        "scale": world.scale,
        "as_of": "2026-10-04",
        "extracted_at": "2026-10-05T04:00:00Z",
        "planted": [name for name in plants.PLANTS if name in world.planted],
        "rates": {
            "win_rate": plants.WIN,
            "yearly_loss": dict(zip(SEGMENTS, plants.LOSS, strict=True)),
            "deal_growth": plants.GROWTH,
            "plan_over_expected": AMBITION,
            "over_assigned": list(OVER_ASSIGNED),
        },
        "plants": {
            name: {
                "planted": name in world.planted,
                "says": plant.says,
                "parameters": dict(plant.parameters),
                **found[name](model),
            }
            for name, plant in plants.PLANTS.items()
        },
    }


def _keys(prefix: str, numbers: Numbers, width: int) -> list[str]:
    return [f"{prefix}{n:0{width}d}" for n in np.sort(numbers).tolist()]


def _win_rate(model: Model) -> dict[str, Any]:
    """Deals of the cell, and those that would have been won without the plant."""
    deals = model.deals
    cell = plants.win_rate_cell(deals.region, deals.segment, deals.close) & deals.closed
    lost = cell & deals.would_win & ~deals.won
    return {
        "deal_types": list(KINDS[:2]),
        "n_closed": int(cell.sum()),
        "n_won": int((cell & deals.won).sum()),
        "opportunity_ids": _keys(DEAL, deals.number[cell], 8),
        "lost_by_plant": _keys(DEAL, deals.number[lost], 8),
    }


def _churn_cause(model: Model) -> dict[str, Any]:
    """Customers of the slice from the date on, and those that only the cause has lost, as known at the clock."""
    parameters = plants.PLANTS["churn_cause"].parameters
    lives, accounts = model.lives, model.accounts
    since = day(parameters["from"])
    late = (lives.start <= LAST) & (lives.end > since) & np.repeat(lives.exists, LIVES)
    exposed = np.unique(np.flatnonzero(late) // LIVES)
    inside = exposed[accounts.in_slice(exposed, np.full(len(exposed), LAST))]
    there = np.flatnonzero(model.customer(since))
    share = accounts.in_slice(there, np.full(len(there), since)).mean()
    terms = lives.terms
    lost: Flags = terms.by_cause & terms.known
    return {
        "share_of_customers": round(float(share), 4),
        "account_ids": _keys(ACCOUNT, inside, 5),
        "lost_by_plant": _keys(ACCOUNT, np.unique(terms.account[lost]), 5),
    }


def _mix_shift(model: Model) -> dict[str, Any]:
    """Customers by segment when it begins and at the clock."""
    accounts = model.accounts
    out = {}
    for name, on in (("at_start", plants.MIX_FROM), ("at_as_of", LAST)):
        who = np.flatnonzero(model.customer(on))
        counts = np.bincount(accounts.segment_on(who, np.full(len(who), on)), minlength=len(SEGMENTS))
        out[name] = dict(zip(SEGMENTS, counts.tolist(), strict=True))
    return {"customers": out}


def _unfair_quotas(model: Model) -> dict[str, Any]:
    """Seats with too high quotas and who sat there since."""
    if "unfair_quotas" not in model.world.planted:
        return {"territory_ids": [], "person_ids": []}
    seats, chosen = model.people.seats, unfair(model)
    since = day(plants.PLANTS["unfair_quotas"].parameters["from"])
    first = seats.first[chosen][seats.leaves[chosen] > since]
    following = seats.following[chosen][seats.leaves[chosen] < NEVER]
    return {
        "territory_ids": _keys(SEAT, chosen, 3),
        "person_ids": _keys(PERSON, np.concatenate([first, following]), 4),
    }


def _forecasters(model: Model) -> dict[str, Any]:
    if "forecasters" not in model.world.planted:
        return {"person_ids": {}}
    return {"person_ids": {name: f"{PERSON}{who:04d}" for name, who in biased(model).items()}}


def _nothing(model: Model) -> dict[str, Any]:
    """Of a season there is no list of records."""
    return {"opportunity_ids": []}


def _hygiene(model: Model) -> dict[str, Any]:
    """Deals with each kind of defect."""
    deals, world = model.pipeline, model.world
    passed = ~deals.closed & (deals.close_on <= LAST)
    defects = {
        "close_date_passed": passed,
        "next_step_missing": ~deals.closed & hygiene.afflicted(world, "next_step_missing", deals.number),
        "test_deals": hygiene.removable(deals.kind, deals.closed)
        & hygiene.afflicted(world, "test_deals", deals.number),
        "deleted_deals": deals.deleted,
    }
    twins = model.account[hygiene.afflicted(world, "duplicate_accounts", model.account)]
    twins = twins[model.accounts.parent[twins] == twins]
    return {
        "opportunity_ids": {name: _keys(DEAL, deals.number[mask], 8) for name, mask in defects.items()},
        "duplicate_accounts": [
            [f"{ACCOUNT}{n:05d}", f"{ACCOUNT}{n + len(model.accounts):05d}"] for n in np.sort(twins).tolist()
        ],
    }
