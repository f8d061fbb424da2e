"""Candidate accounts: customers of the first day, and prospects in the order of their slots of chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizops.sources.demo import plants
from bizops.sources.demo.days import END, NEVER, START, Flags, Numbers, Reals, day
from bizops.sources.demo.people import Seats
from bizops.sources.demo.world import (
    ARRIVALS,
    CORE_SHARE,
    CUSTOMER_SHARE,
    INDUSTRIES,
    INDUSTRY_SHARE,
    INITIAL_CUSTOMERS,
    LICENCES,
    PRODUCTS,
    REGION_SHARE,
    SEGMENTS,
    World,
)

BIRTH = day("2020-10-01")
"""Prospects arrive from here on, so that the three years start in a steady state."""

MOVING = 0.015
"""Accounts that move to the neighbouring segment some time in the three years."""

CHILDREN = 0.04
"""First-day customers that belong to another one."""

COUNTRIES = (("DE", "AT", "CH"), ("GB", "IE"), ("SE", "DK", "NO", "FI"), ("ES", "IT", "PT", "GR"))
_COUNTRY_SHARES = ((0.7, 0.15, 0.15), (0.85, 0.15), (0.4, 0.25, 0.2, 0.15), (0.4, 0.35, 0.15, 0.1))
_CURRENCY_SHARES = ((0.95, 0.0, 0.05), (0.10, 0.85, 0.05), (0.85, 0.0, 0.15), (0.95, 0.0, 0.05))
_TERM_SHARES = ((1.0, 0.0, 0.0), (0.8, 0.2, 0.0), (0.5, 0.35, 0.15))
_DISCOUNT_SHARES = (0.4, 0.2, 0.2, 0.15, 0.05)
_EMPLOYEES = ((20, 200), (200, 2000), (2000, 20000))


@dataclass(frozen=True)
class Accounts:
    """Candidate accounts by number. Which of them the company ever meets is decided by `lives`.

    ``created`` is the day of arrival; ``initial`` marks the customers of the first day; ``segment`` holds until
    ``moves``, then ``next_segment``; ``licences`` is the typical size of the platform there; ``discount`` applies to
    list prices; ``term`` is months of a contract; ``parent`` is an account number, or the account itself.
    """

    created: Numbers
    initial: Flags
    region: Numbers
    segment: Numbers
    next_segment: Numbers
    moves: Numbers
    industry: Numbers
    core: Numbers
    country: Numbers
    currency: Numbers
    licences: Reals
    discount: Reals
    term: Numbers
    employees: Numbers
    parent: Numbers

    def __len__(self) -> int:
        return len(self.created)

    def segment_on(self, account: Numbers, days: Numbers) -> Numbers:
        """Return the segment of each account on each day."""
        return np.where(days >= self.moves[account], self.next_segment[account], self.segment[account])

    def seat_on(self, seats: Seats, account: Numbers, days: Numbers) -> Numbers:
        """Return the seat that serves each account on each day."""
        return seats.at(self.region[account], self.segment_on(account, days), account)

    def in_slice(self, account: Numbers, days: Numbers) -> Flags:
        """Return which accounts are of the product, industry and segment of the planted churn cause on each day."""
        where = plants.PLANTS["churn_cause"].parameters
        core = self.core[account] == PRODUCTS.index(where["product"])
        industry = self.industry[account] == INDUSTRIES.index(where["industry"])
        return np.asarray(core & industry & (self.segment_on(account, days) == SEGMENTS.index(where["segment"])))


def found(world: World) -> Accounts:
    """Return the candidate accounts."""
    segment, created, initial = _arrivals(world)
    n = len(segment)
    number = np.arange(n)
    region, industry, core = _cells(world, segment, initial)
    low, high = np.array(_EMPLOYEES, "float64").T
    size = np.exp(world.uniform("accounts.size", number) * np.log(high / low)[segment]) * low[segment]
    step = np.where(segment == 0, 1, np.where(segment == 2, -1, np.where(number % 2 == 0, 1, -1)))
    moving = world.uniform("accounts.moving", number) < MOVING
    moves = START + (world.uniform("accounts.moves", number) * (END - START)).astype("int64")
    moves = np.where(moving & (moves > created), moves, NEVER)
    return Accounts(
        created=created,
        initial=initial,
        region=region,
        segment=segment,
        next_segment=np.where(moves < NEVER, segment + step, segment),
        moves=moves,
        industry=industry,
        core=core,
        country=_by_row(world, "accounts.country", number, region, _COUNTRY_SHARES),
        currency=_by_row(world, "accounts.currency", number, region, _CURRENCY_SHARES),
        licences=np.array(LICENCES)[segment] * world.lognormal("accounts.licences", number, 0.35),
        discount=np.array((0.0, 0.05, 0.1, 0.15, 0.2))[world.choice("accounts.discount", number, _DISCOUNT_SHARES)],
        term=12 * (1 + _by_row(world, "accounts.term", number, segment, _TERM_SHARES)),
        employees=size.astype("int64"),
        parent=_parents(world, region, segment, industry, initial),
    )


def _arrivals(world: World) -> tuple[Numbers, Numbers, Flags]:
    """Return segment, day of arrival and whether a first-day customer; prospects as dense as any plant may want."""
    first = np.array([world.count(INITIAL_CUSTOMERS * share) for share in CUSTOMER_SHARE])
    years = (END - BIRTH) / 365.25
    most = plants.arrivals_max(np.arange(len(SEGMENTS))) * plants.SEASON_MAX
    later = np.array([world.count(rate * years * m) for rate, m in zip(ARRIVALS, most, strict=True)])
    segment = np.repeat(np.tile(np.arange(len(SEGMENTS)), 2), np.concatenate([first, later]))
    number = np.arange(len(segment))
    initial = number < first.sum()
    u = world.uniform("accounts.created", number)
    before = START - 1180 - (u * 3 * 365).astype("int64")
    return segment, np.where(initial, before, BIRTH + (u * (END - BIRTH)).astype("int64")), initial


def _cells(world: World, segment: Numbers, initial: Flags) -> tuple[Numbers, Numbers, Numbers]:
    """Return region, industry and platform: their joint shares are the same in every segment, to within one account."""
    shares = np.multiply.outer(np.multiply.outer(REGION_SHARE, INDUSTRY_SHARE), CORE_SHARE).ravel()
    bounds = np.cumsum(shares) / shares.sum()
    order = world.order("accounts.cells", len(segment))
    group = segment[order] + len(SEGMENTS) * initial[order]
    cell = np.empty(len(segment), "int64")
    for each in np.unique(group):
        members = order[group == each]
        cell[members] = np.searchsorted(bounds, (np.arange(len(members)) + 0.5) / len(members))
    industry = cell // len(CORE_SHARE)
    return industry // len(INDUSTRIES), industry % len(INDUSTRIES), cell % len(CORE_SHARE)


def _by_row(world: World, stream: str, number: Numbers, row: Numbers, shares: tuple[tuple[float, ...], ...]) -> Numbers:
    drawn = np.stack([world.choice(stream, number, each) for each in shares])
    return drawn[row, number]


def _parents(world: World, region: Numbers, segment: Numbers, industry: Numbers, initial: Flags) -> Numbers:
    """Return each account's parent: some first-day customers belong to a like one of the same region and segment."""
    parent = np.arange(len(region))
    likes = np.flatnonzero(initial)
    likes = likes[np.lexsort((likes, industry[likes], segment[likes], region[likes]))]
    child, above = likes[1::2], likes[: len(likes) - 1 : 2]
    alike = (region[child] == region[above]) & (segment[child] == segment[above])
    chosen = alike & (world.uniform("accounts.children", child) < 2 * CHILDREN)
    parent[child[chosen]] = above[chosen]
    return parent
