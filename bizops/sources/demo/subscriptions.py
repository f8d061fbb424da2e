"""What customers pay for, when: effective-dated licences and prices, and contract terms as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizops.sources.demo.accounts import Accounts
from bizops.sources.demo.days import LAST, NEVER, START, Numbers, add_months
from bizops.sources.demo.deals import DealLines, Deals
from bizops.sources.demo.lives import HORIZON, LIVES, Lives
from bizops.sources.demo.prices import Prices
from bizops.sources.demo.world import CORE, PRODUCTS, World

DOWNSELL = 0.15
"""Share of its first licences that a customer gives back at some renewals."""

DOWNSELL_SHARE = 0.08

PAUSES = 0.03
"""Customer lives with a pause some time."""

P = len(PRODUCTS)


@dataclass(frozen=True)
class Rows:
    """Effective-dated lines: one row each for a product of a life, ``start`` up to, not including, ``end``.

    Rows that start after the clock are there where they are agreed already (sold, or renewed ahead of time).

    ``position`` is life x number of products + product; ``price`` is cents a month for one licence, ``promotion``
    cents a month off the row.
    """

    position: Numbers
    start: Numbers
    end: Numbers
    licences: Numbers
    price: Numbers
    promotion: Numbers

    @property
    def life(self) -> Numbers:
        """Life number of each row."""
        return self.position // P

    @property
    def monthly(self) -> Numbers:
        """Cents a month of each row, in the account's currency."""
        return self.licences * self.price - self.promotion


@dataclass(frozen=True)
class Revenue:
    """Rows, and what is known at the clock of contract terms and lives.

    ``terms`` are positions in ``lives.terms`` of the terms that are signed; ``paused`` and ``resumed`` are days by
    life number (NEVER: none).
    """

    rows: Rows
    terms: Numbers
    paused: Numbers
    resumed: Numbers
    first_row: Numbers

    def on(self, life: Numbers, days: Numbers) -> tuple[Numbers, Numbers]:
        """Return (asked, row): all rows in force for each asked life and day."""
        first, last = self.first_row[life], self.first_row[life + 1]
        asked = np.repeat(np.arange(len(life)), last - first)
        row = np.arange(len(asked)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[asked]
        there = (self.rows.start[row] <= days[asked]) & (days[asked] < self.rows.end[row])
        return asked[there], row[there]

    def yearly(self, life: Numbers, days: Numbers) -> Numbers:
        """Return the ARR of each asked life and day, in cents of its currency."""
        asked, row = self.on(life, days)
        return 12 * np.bincount(asked, weights=self.rows.monthly[row], minlength=len(life)).astype("int64")


def subscribe(
    world: World, accounts: Accounts, lives: Lives, prices: Prices, deals: Deals, lines: DealLines
) -> Revenue:
    """Return what customers pay for, from their first licences, won deals, renewals and endings known at the clock."""
    events = _Events()
    _first_licences(world, accounts, lives, events)
    _sold(deals, lines, events)
    n_first = events.count()
    _given_back(world, accounts, lives, events, n_first)
    _risen(prices, events)
    rows = _rows(accounts, lives, prices, events)
    paused, resumed = _pauses(world, lives)
    bounds = np.searchsorted(rows.life, np.arange(len(lives.start) + 1))
    return Revenue(rows, _signed(lives), paused, resumed, bounds)


class _Events:
    """Changes of one product of one life on one day: licences, rises of price, cents of promotion."""

    def __init__(self) -> None:
        self.parts: list[tuple[Numbers, ...]] = []

    def add(
        self,
        position: Numbers,
        days: Numbers,
        *,
        licences: Numbers | int = 0,
        rises: int = 0,
        promotion: Numbers | int = 0,
    ) -> None:
        changes = (np.broadcast_to(np.asarray(each, "int64"), position.shape) for each in (licences, rises, promotion))
        self.parts.append((position, days, *changes))

    def joined(self) -> list[Numbers]:
        return [np.concatenate(column) for column in zip(*self.parts, strict=True)]

    def count(self) -> tuple[Numbers, Numbers]:
        """Return the positions that have events so far, and the licences of the first of each."""
        position, days, licences, _, _ = self.joined()
        order = np.lexsort((days, position))
        found, first = np.unique(position[order], return_index=True)
        return found, licences[order][first]


def _first_licences(world: World, accounts: Accounts, lives: Lives, events: _Events) -> None:
    """First-day customers have a platform and perhaps add-ons, as large as those who came later have grown to be."""
    account = np.flatnonzero(accounts.initial)
    life = account * LIVES
    licences = np.maximum(
        3, np.round(1.2 * accounts.licences[account] * world.lognormal("first.licences", account, 0.2))
    )
    events.add(life * P + accounts.core[account], lives.start[life], licences=licences.astype("int64"))
    for product in range(CORE, P):
        has = world.uniform(f"first.{product}", account) < 0.4
        extra = np.maximum(2, np.round(licences[has] / 2)).astype("int64")
        events.add(life[has] * P + product, lives.start[life[has]], licences=extra)


def _sold(deals: Deals, lines: DealLines, events: _Events) -> None:
    sold = deals.won & deals.closed & (deals.life >= 0)
    line = np.flatnonzero(sold[lines.deal])
    deal = lines.deal[line]
    position = deals.life[deal] * P + lines.product[line]
    events.add(position, deals.starts[deal], licences=lines.licences[line])
    promoted = lines.promotion[line] > 0
    line, deal, position = line[promoted], deal[promoted], position[promoted]
    off = lines.monthly_promotion(lines.licences)[line]
    events.add(position, deals.starts[deal], promotion=off)
    events.add(position, add_months(deals.starts[deal], 12), promotion=-off)


def _given_back(
    world: World, accounts: Accounts, lives: Lives, events: _Events, first: tuple[Numbers, Numbers]
) -> None:
    terms = lives.terms
    smaller = ~terms.lost & terms.known & (world.uniform("renewals.downsell", terms.number) < DOWNSELL_SHARE)
    position = terms.life[smaller] * P + accounts.core[terms.account[smaller]]
    found, licences = first
    where = np.searchsorted(found, position)
    back = np.maximum(1, np.floor(licences[where] * DOWNSELL)).astype("int64")
    events.add(position, terms.end[smaller], licences=-back)


def _risen(prices: Prices, events: _Events) -> None:
    """A rise of prices reaches every product of the life."""
    position = np.unique(events.joined()[0])
    for rank in range(prices.rises.shape[1]):
        days = prices.rises[position // P, rank]
        risen = days < NEVER
        events.add(position[risen], days[risen], rises=1)


def _rows(accounts: Accounts, lives: Lives, prices: Prices, events: _Events) -> Rows:
    """Add up the events of each product of each life to rows that last until the next event or the end of the life."""
    position, days, licences, rises, promotion = events.joined()
    order = np.lexsort((days, position))
    position, days = position[order], days[order]
    starts = np.flatnonzero(np.r_[True, (position[1:] != position[:-1]) | (days[1:] != days[:-1])])
    total = {
        "licences": np.cumsum(licences[order]),
        "rises": np.cumsum(rises[order]),
        "promotion": np.cumsum(promotion[order]),
    }
    last = np.r_[starts[1:] - 1, len(position) - 1]
    position, days = position[starts], days[starts]
    head = np.searchsorted(position, position)  # first row of the same position
    for name, values in total.items():
        running = values[last]
        before = np.where(head > 0, running[head - 1], 0)
        total[name] = running - before
    following = np.r_[days[1:], NEVER]
    same = np.r_[position[1:] == position[:-1], False]
    life = position // P
    end = np.minimum(np.where(same, following, NEVER), lives.end[life])
    kept = (total["licences"] > 0) & (days < end)
    base = prices.base(life // LIVES, position % P)
    price = prices.risen(base, total["rises"])
    return Rows(
        position=position[kept],
        start=days[kept],
        end=end[kept],
        licences=total["licences"][kept],
        price=price[kept],
        promotion=total["promotion"][kept],
    )


def _signed(lives: Lives) -> Numbers:
    """A term is signed when its life has started or the renewal before it is won, as known at the clock."""
    terms = lives.terms
    before = np.r_[False, terms.known[:-1] & ~terms.lost[:-1]]
    return np.flatnonzero((terms.rank == 0) | before)


def _pauses(world: World, lives: Lives) -> tuple[Numbers, Numbers]:
    """Return first day of a pause and first day after it by life; a pause lies inside one term."""
    terms = lives.terms
    paused, resumed = np.full(len(lives.start), NEVER), np.full(len(lives.start), NEVER)
    begin = terms.start + 60 + (world.uniform("pauses.begin", terms.number) * 150).astype("int64")
    finish = begin + 60 + (world.uniform("pauses.days", terms.number) * 40).astype("int64")
    inside = (begin >= START) & (finish + 30 <= terms.end) & (begin <= LAST)
    chosen = inside & (world.uniform("pauses.chosen", terms.number) < PAUSES / 2)
    paused[terms.life[chosen]] = begin[chosen]
    resumed[terms.life[chosen]] = np.where(finish[chosen] <= LAST, finish[chosen], NEVER)
    return paused, resumed


def due(lives: Lives, revenue: Revenue) -> Numbers:
    """Return positions of the signed terms whose renewal is a matter of the three years or of the next quarters."""
    end = lives.terms.end[revenue.terms]
    return revenue.terms[(end >= START) & (end < HORIZON)]
