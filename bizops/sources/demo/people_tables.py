"""Tables of people, teams, territories, products and stages."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, NEVER, day
from bizops.sources.demo.deals import STAGES
from bizops.sources.demo.keys import PERSON, PRODUCT, SEAT, STAGE, TEAM
from bizops.sources.demo.model import Model
from bizops.sources.demo.names import person_emails, person_names
from bizops.sources.demo.people import FUNCTIONS, ROLES
from bizops.sources.demo.prices import list_price
from bizops.sources.demo.world import CORE, CURRENCIES, PRODUCTS, REGIONS, SEGMENTS

Tables = dict[str, dict[str, Column]]

STAGE_NAMES = ("Discovery", "Qualified", "Evaluation", "Proposal", "Negotiation", "Closed won", "Closed lost")
PROBABILITY = np.array((0.1, 0.25, 0.4, 0.6, 0.8, 1.0, 0.0))
"""What the CRM believes of each stage."""

CATEGORIES = ("pipeline", "best_case", "most_likely", "commit", "closed", "omitted")
CATEGORY = np.array((0, 0, 1, 2, 3, 4, 5))
"""Forecast category of each stage."""


def stage_key(stage: np.ndarray) -> Column:
    """Return the key of each stage number (1 .. 7)."""
    return c.label(stage - 1, [f"{STAGE}{i + 1}" for i in range(len(STAGE_NAMES))])


def product_key(product: np.ndarray) -> Column:
    """Return the key of each product number."""
    return c.label(product, [f"{PRODUCT}{name.lower()}" for name in PRODUCTS])


def tables(model: Model) -> Tables:
    """Return dim_person, dim_team, dim_territory, territory_assignment, dim_product, price_list, dim_stage."""
    return {
        "dim_person": _persons(model),
        "dim_team": _teams(model),
        **_territories(model),
        "dim_product": _products(),
        "price_list": _prices(),
        "dim_stage": _stages(),
    }


def _persons(model: Model) -> dict[str, Column]:
    people = model.people
    who = np.flatnonzero(people.exists)
    carrier = (people.role == ROLES.index("ae")) | ((people.role == 0) & (np.arange(len(people.role)) > 0))
    left = people.left[who]
    return {
        "person_id": c.key(PERSON, who, 4),
        "name": c.text(person_names(who)),
        "email": c.text(person_emails(who)),
        "role": c.label(people.role[who], ROLES),
        "team_id": c.key(TEAM, people.team[who], 2),
        "manager_id": c.key(PERSON, people.manager[who], 4),
        "is_quota_carrier": c.flag(carrier[who]),
        "hired_on": c.date(people.hired[who]),
        "left_on": c.date(np.where(left <= LAST, left, NEVER)),
        "seat_start_on": c.date(people.hired[who]),
        "location": c.label(people.region[who], ("Leipzig", "Leeds", "Aarhus", "Valencia")),
        "fte": c.rate(np.ones(len(who))),
    }


def _teams(model: Model) -> dict[str, Column]:
    people = model.people
    n = len(people.team_name)
    return {
        "team_id": c.key(TEAM, np.arange(n), 2),
        "name": c.text(people.team_name),
        "parent_team_id": c.key(TEAM, people.team_parent, 2),
        "function": c.label(people.team_function, FUNCTIONS),
        "region": c.label(people.team_region, REGIONS),
        "leader_id": c.key(PERSON, people.team_leader, 4),
    }


def _territories(model: Model) -> Tables:
    seats = model.people.seats
    n = len(seats)
    number = np.arange(n)
    names = [
        f"{REGIONS[r]} {SEGMENTS[s]} {i:02d}" for i, (r, s) in enumerate(zip(seats.region, seats.segment, strict=True))
    ]
    hired = model.people.hired[seats.first]
    changed = np.flatnonzero(seats.leaves < NEVER)
    house, owner = np.ones(len(changed), "int64"), np.zeros(len(changed), "int64")
    territory = np.concatenate([number, changed, changed])
    since = np.concatenate([hired, seats.leaves[changed], seats.joins[changed]])
    until = np.concatenate([seats.leaves, seats.joins[changed], np.full(len(changed), NEVER)])
    order = np.lexsort((since, territory))
    return {
        "dim_territory": {
            "territory_id": c.key(SEAT, number, 3),
            "name": c.text(names),
            "segment": c.label(seats.segment, SEGMENTS),
            "region": c.label(seats.region, REGIONS),
        },
        "territory_assignment": {
            "territory_id": c.key(SEAT, territory[order], 3),
            "person_id": c.key(
                PERSON,
                np.concatenate([seats.first, seats.manager[changed], seats.following[changed]])[order],
                4,
            ),
            "role": c.label(np.concatenate([np.zeros(n, "int64"), house, owner])[order], ("owner", "house")),
            "valid_from": c.date(since[order]),
            "valid_to": c.date(until[order]),
        },
    }


def _products() -> dict[str, Column]:
    n = len(PRODUCTS)
    return {
        "product_id": product_key(np.arange(n)),
        "name": c.text(PRODUCTS),
        "family": c.label((np.arange(n) >= CORE).astype("int64"), ("Platform", "Add-on")),
        "category": c.same("recurring", n),
        "is_active": c.flag(np.ones(n, dtype=bool)),
    }


def _prices() -> dict[str, Column]:
    product = np.repeat(np.arange(len(PRODUCTS)), len(CURRENCIES))
    currency = np.tile(np.arange(len(CURRENCIES)), len(PRODUCTS))
    n = len(product)
    return {
        "product_id": product_key(product),
        "plan_id": c.same("standard", n),
        "currency": c.label(currency, CURRENCIES),
        "unit_amount": c.money(list_price(product, currency)),
        "interval": c.same("month", n),
        "interval_count": c.integer(np.ones(n, "int64")),
        "valid_from": c.date(np.full(n, day("2018-01-01"))),
        "valid_to": c.date(np.full(n, NEVER)),
        "is_list": c.flag(np.ones(n, dtype=bool)),
    }


def _stages() -> dict[str, Column]:
    n = len(STAGE_NAMES)
    number = np.arange(n)
    kinds = np.where(number < STAGES, 0, number - STAGES + 1)
    return {
        "pipeline_id": c.same("sales", n),
        "stage_id": stage_key(number + 1),
        "name": c.text(STAGE_NAMES),
        "ordinal": c.integer(number + 1),
        "type": c.label(kinds, ("open", "won", "lost")),
        "crm_probability": c.rate(PROBABILITY),
        "forecast_category": c.label(CATEGORY, CATEGORIES),
        "is_qualified": c.flag((number >= 1) & (number < STAGES)),
    }
