"""Tables of accounts: present state and history of segment, owner and territory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bizops.sources.demo import columns as c
from bizops.sources.demo.accounts import COUNTRIES
from bizops.sources.demo.columns import NEVER_AT, Column
from bizops.sources.demo.days import LAST, NEVER, Numbers, instant
from bizops.sources.demo.hygiene import afflicted
from bizops.sources.demo.keys import ACCOUNT, PERSON, SEAT
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.model import Model
from bizops.sources.demo.names import company_domains, company_names, salesforce_ids
from bizops.sources.demo.people_tables import Tables
from bizops.sources.demo.potential import usual_potential
from bizops.sources.demo.world import INDUSTRIES, REGIONS, SEGMENTS

KNOWN_BEFORE = 50
"""Days by which an account is in the CRM before the first deal with it can be."""

TYPES = ("prospect", "customer", "former", "test")


def account_names(model: Model) -> pa.Array:
    """Return the name of each existing account, in the order of ``model.account``."""
    who, accounts = model.account, model.accounts
    return company_names(who, accounts.region[who], accounts.country[who], accounts.industry[who])


def tables(model: Model) -> Tables:
    """Return dim_account and dim_account_history."""
    return {"dim_account": _accounts(model), "dim_account_history": _history(model)}


def idle(model: Model) -> Numbers:
    """Return account numbers of prospects without any deal."""
    met = np.zeros(len(model.accounts), dtype=bool)
    met[model.pipeline.account] = True
    return model.account[~met[model.account]]


def _accounts(model: Model) -> dict[str, Column]:
    accounts, lives = model.accounts, model.lives
    own = model.account
    twins = own[afflicted(model.world, "duplicate_accounts", own) & (accounts.parent[own] == own)]
    who = np.concatenate([own, twins])
    is_twin = np.arange(len(who)) >= len(own)
    number = np.where(is_twin, who + len(accounts), who)
    segment = accounts.segment_on(who, np.full(len(who), LAST))
    seat = accounts.seat_on(model.people.seats, who, np.full(len(who), LAST))
    owner = model.people.seats.owner(seat, np.full(len(who), LAST))
    first = np.where(lives.since[who * LIVES] <= LAST, lives.since[who * LIVES], NEVER)
    potential = usual_potential(model)
    return {
        "account_id": c.key(ACCOUNT, number, 5),
        "name": c.text(_with_variants(account_names(model), is_twin, own, twins)),
        "parent_id": c.key(ACCOUNT, np.where((accounts.parent[who] == who) | is_twin, -1, accounts.parent[who]), 5),
        "ultimate_parent_id": c.key(ACCOUNT, np.where(is_twin, number, accounts.parent[who]), 5),
        "domain": c.text(company_domains(who)),
        "country": c.label(accounts.region[who] * 4 + accounts.country[who], _countries()),
        "region": c.label(accounts.region[who], REGIONS),
        "industry": c.label(accounts.industry[who], INDUSTRIES),
        "n_employees": c.integer(accounts.employees[who]),
        "annual_revenue": c.money(accounts.employees[who] * 15_000_000),
        "segment": c.label(segment, SEGMENTS),
        "type": c.label(_types(model, who, is_twin), TYPES),
        "owner_id": c.key(PERSON, owner, 4),
        "territory_id": c.key(SEAT, seat, 3),
        "created_at": c.stamp(instant(accounts.created[who] - KNOWN_BEFORE, 6.0) + is_twin * 60),
        "first_customer_on": c.date(np.where(is_twin, NEVER, first)),
        "external_ids": c.text(_external(who, is_twin)),
        "potential_value": c.money(np.round(potential[who] * 100).astype("int64")),
        "potential_source": c.same("model of firmographics", len(who)),
        "merged_into": c.same(None, len(who), pa.string()),
    }


def _countries() -> list[str]:
    return [name for row in COUNTRIES for name in (*row, *[""] * (4 - len(row)))]


def _types(model: Model, who: Numbers, is_twin: np.ndarray) -> Numbers:
    was = model.lives.since[who * LIVES] <= LAST
    kind = np.where(model.customer()[who], 1, np.where(was, 2, 0))
    unused = np.isin(who, idle(model)) & afflicted(model.world, "test_accounts", who * 3)
    return np.where(is_twin, 0, np.where(unused, 3, kind)).astype("int64")


def _with_variants(names: pa.Array, is_twin: np.ndarray, own: Numbers, twins: Numbers) -> pa.Array:
    """A duplicate is written in capitals and without its legal form."""
    shouted = pc.utf8_upper(pc.replace_substring_regex(pc.take(names, np.searchsorted(own, twins)), r" \S+$", ""))
    return pa.concat_arrays([names, shouted])


def _external(who: Numbers, is_twin: np.ndarray) -> pa.Array:
    """The same record has 18 characters from the vendor's interface and 15 from its reports."""
    ids = salesforce_ids(who)
    ids = pc.if_else(pa.array(is_twin), pc.utf8_slice_codeunits(ids, 0, 15), ids)
    return pc.binary_join_element_wise('{"salesforce":"', ids, '"}', "")


def _history(model: Model) -> dict[str, Column]:
    """One row for each time at which an account's segment or owner changed."""
    accounts, seats = model.accounts, model.people.seats
    who = model.account
    begin, moves = accounts.created[who] - KNOWN_BEFORE, accounts.moves[who]
    seat = seats.at(accounts.region[who], accounts.segment[who], who)
    later = seats.at(accounts.region[who], accounts.next_segment[who], who)
    parts = [(who, begin), (who, np.where(moves <= LAST, moves, NEVER))]
    for change in (seats.leaves, seats.joins):
        parts.append((who, np.where(change[seat] < moves, change[seat], NEVER)))
        parts.append((who, np.where((change[later] > moves) & (moves < NEVER), change[later], NEVER)))
    account, since = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = (since <= LAST) & (since >= accounts.created[account] - KNOWN_BEFORE)
    account, since = account[kept], since[kept]
    pair = np.unique(np.stack([account, since], axis=1), axis=0)
    account, since = pair[:, 0], pair[:, 1]
    same = np.r_[account[1:] == account[:-1], False]
    seat = accounts.seat_on(seats, account, since)
    # the first row begins with the account, later ones with the day
    at = instant(since, 5.0) + np.where(np.r_[True, ~same[:-1]], 3600, 0)
    return {
        "account_id": c.key(ACCOUNT, account, 5),
        "valid_from": c.stamp(at),
        "valid_to": c.stamp(np.where(same, np.r_[at[1:], 0], NEVER_AT)),
        "segment": c.label(accounts.segment_on(account, since), SEGMENTS),
        "region": c.label(accounts.region[account], REGIONS),
        "owner_id": c.key(PERSON, seats.owner(seat, since), 4),
        "territory_id": c.key(SEAT, seat, 3),
    }
