"""All deals as a CRM knows them at the clock: new, expansion and renewal, with their histories."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bizops.sources.demo.columns import NEVER_AT
from bizops.sources.demo.days import LAST, NEVER, Flags, Numbers, add_months, instant, working_day
from bizops.sources.demo.deals import RENEWAL
from bizops.sources.demo.history import LOST, WON, Events, History
from bizops.sources.demo.hygiene import afflicted, removable, stale_close_dates
from bizops.sources.demo.lives import LIVES, Terms
from bizops.sources.demo.past import Past
from bizops.sources.demo.paths import REVISED_IN, final_amounts, first_amounts
from bizops.sources.demo.subscriptions import P, due
from bizops.sources.demo.world import World

LEAD_DAYS = 110
"""A renewal deal begins this long before the end of the term, give or take."""


@dataclass(frozen=True)
class Lines:
    """Lines of deals at the clock; ``deal`` is a position in the pipeline, prices are cents a month."""

    deal: Numbers
    product: Numbers
    licences: Numbers
    price: Numbers
    listed: Numbers
    amount: Numbers


@dataclass(frozen=True)
class Pipeline:
    """Deals at the clock, one row each; instants are seconds (UTC), money is cents of the account's currency.

    ``amount`` is the first-year value; ``before`` is the ARR that a renewal deal is about, else 0; ``until`` the day
    on which the term of a deal ends or would end; ``term`` its months; ``patch`` the seat of the seller, -1 for
    renewals.
    """

    number: Numbers
    kind: Numbers
    account: Numbers
    life: Numbers
    created_at: Numbers
    qualified_at: Numbers
    closed: Flags
    won: Flags
    stage: Numbers
    amount: Numbers
    before: Numbers
    close_on: Numbers
    owner: Numbers
    patch: Numbers
    starts: Numbers
    until: Numbers
    term: Numbers
    n_pushes: Numbers
    deleted: Flags
    history: History
    lines: Lines

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True)
class _Renewals:
    """Renewal deals known at the clock; ``term`` is a position in the terms."""

    term: Numbers
    number: Numbers
    created: Numbers
    before: Numbers
    after: Numbers
    owner: Numbers


def pipeline(past: Past) -> Pipeline:
    """Return the deals at the clock."""
    past = replace(past, paths=stale_close_dates(past.world, past.deals, past.paths))
    deals, terms, paths = past.deals, past.lives.terms, past.paths
    renewals = _renewals(past)
    t, n_sales = renewals.term, len(deals)
    history = _history(past, renewals)
    number = np.concatenate([deals.number, renewals.number])
    last = history.last(len(number))
    stage = history.stage[last]
    first = history.valid_from[np.searchsorted(history.deal, np.arange(len(number)))]
    account = np.concatenate([deals.account, terms.account[t]])
    life = np.concatenate([deals.life, terms.life[t]])
    starts = np.concatenate([deals.starts, terms.end[t]])
    until = _until(terms, life, starts)
    until[n_sales:] = add_months(terms.end[t], past.accounts.term[account[n_sales:]])
    months = np.maximum(1, np.round((until - starts) / 30.44)).astype("int64")
    return Pipeline(
        number=number,
        kind=np.concatenate([deals.kind, np.full(len(t), RENEWAL)]),
        account=account,
        life=life,
        created_at=first,
        qualified_at=np.concatenate([_qualified(past), first[n_sales:]]),
        closed=stage >= WON,
        won=stage == WON,
        stage=stage,
        amount=history.amount[last],
        before=np.concatenate([np.zeros(n_sales, "int64"), renewals.before]),
        close_on=history.close_on[last],
        owner=history.owner[last],
        patch=np.concatenate([deals.seat, np.full(len(t), -1)]),
        starts=starts,
        until=until,
        term=np.where(until < NEVER, months, past.accounts.term[account]),
        n_pushes=np.concatenate([paths.n_pushes, np.zeros(len(t), "int64")]),
        deleted=history.deleted[last] == 1,
        history=history,
        lines=_lines(past, renewals),
    )


def _history(past: Past, renewals: _Renewals) -> History:
    """Return what was known of all deals when, sales first."""
    events = Events()
    _sales_events(past, events)
    _moves(past, events)
    _renewal_events(past, renewals, events)
    return events.history()


def _qualified(past: Past) -> Numbers:
    """Return the instants at which sales entered the second stage."""
    days = past.paths.stage_day[:, 1]
    return np.where(days <= LAST, _at(past.world, past.deals.number, days, 1), NEVER_AT)


def _at(world: World, number: Numbers, days: Numbers, stage: int) -> Numbers:
    """Return the instants at which deals enter open stage ``stage`` (0 is the first); later stages at later hours."""
    spread = world.uniform(f"hours.stage{stage}", number) * 0.5
    return instant(days, 7.0 if stage == 0 else 9.5 + 0.65 * stage, spread)


def _sales_events(past: Past, events: Events) -> None:
    """Creation, stages, revised amounts and closing of new and expansion deals."""
    world, deals, paths = past.world, past.deals, past.paths
    row, number, n = np.arange(len(deals)), deals.number, len(deals)
    first, final = first_amounts(past.deal_lines, n), final_amounts(past.deal_lines, n)
    owner = past.people.seats.owner(deals.seat, deals.created)
    created = _at(world, number, deals.created, 0)
    events.add(row, created, stage=1, amount=first, close_on=paths.expected[:, 0], owner=owner, deleted=0)
    for stage in range(1, paths.stage_day.shape[1]):
        there = np.flatnonzero(paths.stage_day[:, stage] < NEVER)
        events.add(there, _at(world, number[there], paths.stage_day[there, stage], stage), stage=stage + 1)
    for stage in REVISED_IN:
        same_day = (paths.revised == paths.stage_day[:, stage]) & (paths.revised < NEVER)
        there = np.flatnonzero(same_day & (first != final))
        events.add(there, _at(world, number[there], paths.revised[there], stage), amount=final[there])
    at = instant(deals.close, 15.0, world.uniform("hours.close", number))
    events.add(row, at, stage=np.where(deals.won, WON, LOST), close_on=deals.close)
    deleted = np.flatnonzero(removable(deals.kind, deals.closed) & afflicted(world, "deleted_deals", number))
    events.add(deleted, instant(np.full(len(deleted), LAST), 8.0), deleted=1)


def _moves(past: Past, events: Events) -> None:
    """Moves of the close date, and changes of the owner where a seller leaves or follows."""
    world, deals, paths, seats = past.world, past.deals, past.paths, past.people.seats
    for k in range(paths.moved.shape[1]):
        there = np.flatnonzero(paths.moved[:, k] < NEVER)
        hours = world.uniform("hours.moved", deals.number[there]) * 0.2
        at = instant(paths.moved[there, k], 13.0 + 0.3 * k, hours)
        events.add(there, at, close_on=paths.expected[there, k + 1])
    for change, who in ((seats.leaves, seats.manager), (seats.joins, seats.following)):
        days = change[deals.seat]
        there = np.flatnonzero((days > deals.created) & (days <= deals.close))
        events.add(there, instant(days[there], 5.0), owner=who[deals.seat[there]])


def _renewals(past: Past) -> _Renewals:
    world, revenue, terms = past.world, past.revenue, past.lives.terms
    t = due(past.lives, revenue)
    number = terms.number[t] * 4 + RENEWAL
    begun = terms.end[t] - LEAD_DAYS - (world.uniform("renewals.begun", number) * 20).astype("int64")
    begun = working_day(begun)
    t, number, begun = t[begun <= LAST], number[begun <= LAST], begun[begun <= LAST]
    end, life, account = terms.end[t], terms.life[t], terms.account[t]
    return _Renewals(
        term=t,
        number=number,
        created=begun,
        before=revenue.yearly(life, end - 1),
        after=np.where(terms.lost[t], 0, revenue.yearly(life, end)),
        owner=past.people.in_region("csm", past.accounts.region[account], account),
    )


def _renewal_events(past: Past, renewals: _Renewals, events: Events) -> None:
    """Creation, stages, late decisions and closing of renewal deals."""
    world, terms, t, number = past.world, past.lives.terms, renewals.term, renewals.number
    row = len(past.deals) + np.arange(len(t))
    end, decided, lost = terms.end[t], terms.decided[t], terms.lost[t]
    planned = working_day(end - 3)
    created = _at(world, number, renewals.created, 0)
    events.add(row, created, stage=2, amount=renewals.before, close_on=planned, owner=renewals.owner, deleted=0)
    for stage, ahead in ((3, 70), (4, 35)):
        days = working_day(end - ahead)
        there = np.flatnonzero(days < decided)
        events.add(row[there], _at(world, number[there], days[there], stage), stage=stage + 1)
    late = np.flatnonzero(decided > planned)
    at = instant(working_day(planned[late] - 2), 13.0)
    events.add(row[late], at, close_on=decided[late])
    amount = np.where(lost, renewals.before, renewals.after)
    at = instant(decided, 15.0, world.uniform("hours.close", number))
    events.add(row, at, stage=np.where(lost, LOST, WON), close_on=decided, amount=amount)


def _until(terms: Terms, life: Numbers, days: Numbers) -> Numbers:
    """Return the end of the contract term of each life on each day; NEVER where there is none."""
    ends = terms.life * 2**20 + terms.end
    place = np.searchsorted(ends, life * 2**20 + days, side="right")
    place = np.minimum(place, len(ends) - 1)
    found = (life >= 0) & (terms.life[place] == life)
    return np.where(found, terms.end[place], NEVER)


def _lines(past: Past, renewals: _Renewals) -> Lines:
    """Return lines as they are at the clock: quoted or final licences of sales, the customer's rows for renewals."""
    lines, revenue, terms = past.deal_lines, past.revenue, past.lives.terms
    final = (past.paths.revised <= LAST)[lines.deal]
    licences = np.where(final, lines.licences, lines.first_licences)
    t = renewals.term
    won = terms.known[t] & ~terms.lost[t]
    on = np.where(won, terms.end[t], terms.end[t] - 1)
    asked, row = revenue.on(terms.life[t], on)
    rows = revenue.rows
    product = rows.position[row] % P
    listed = past.prices.listed(rows.life[row] // LIVES, product, rows.life[row], on[asked])
    return Lines(
        deal=np.concatenate([lines.deal, len(past.deals) + asked]),
        product=np.concatenate([lines.product, product]),
        licences=np.concatenate([licences, rows.licences[row]]),
        price=np.concatenate([lines.price, rows.price[row]]),
        listed=np.concatenate([lines.listed, listed]),
        amount=np.concatenate([lines.amount(licences), 12 * rows.monthly[row]]),
    )
