"""New and expansion deals: to whom, when, for what, and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bizops.sources.demo import plants
from bizops.sources.demo.accounts import Accounts
from bizops.sources.demo.days import END, LAST, START, Flags, Numbers, Reals, working_day
from bizops.sources.demo.lives import LIVES, Lives, cycle
from bizops.sources.demo.people import Seats
from bizops.sources.demo.prices import Prices
from bizops.sources.demo.world import CORE, PRICE, World

NEW, EXPANSION, RENEWAL = 0, 1, 2
KINDS = ("new", "expansion", "renewal")

EXPANSIONS = 7.0
"""Expansion deals begun a year for each customer."""

SLOT_DAYS = 30
FIRST_SLOT = START - 390
SLOTS = (END - FIRST_SLOT) // SLOT_DAYS + 1

LANDING = 0.75
"""Licences that a new customer starts with, of the typical number of the platform."""

MORE = 0.12
"""Licences of an expansion deal, of the typical number of the platform."""

PROMOTION = 0.10
"""Discount on the platform in the first twelve months, for some new customers."""

PROMOTION_SHARE = 0.08

STAGES = 5
"""Open stages; a won deal passes all of them."""

LOST_IN = (0.14, 0.28, 0.24, 0.20, 0.14)
"""In which open stage lost deals are lost."""


@dataclass(frozen=True)
class Deals:
    """New and expansion deals, one row each, in the order of ``number``.

    ``life`` is the customer life that an expansion belongs to or a won new deal starts, else -1. ``won`` is the
    outcome even where it lies ahead of the clock. ``starts`` is the day on which a won deal's service starts.
    """

    number: Numbers
    kind: Numbers
    account: Numbers
    life: Numbers
    created: Numbers
    close: Numbers
    won: Flags
    would_win: Flags
    seat: Numbers
    region: Numbers
    segment: Numbers
    starts: Numbers

    def __len__(self) -> int:
        return len(self.number)

    @property
    def closed(self) -> Flags:
        """Whether a deal is closed at the clock."""
        return self.close <= LAST


@dataclass(frozen=True)
class DealLines:
    """Lines of deals, one row each; ``deal`` is the position of the deal.

    ``licences`` is what is sold in the end, ``first_licences`` what was on the table at first; ``price`` and
    ``listed`` are cents a month for one licence, ``promotion`` the fraction off in the first year.
    """

    deal: Numbers
    product: Numbers
    licences: Numbers
    first_licences: Numbers
    price: Numbers
    listed: Numbers
    promotion: Reals

    def monthly_promotion(self, licences: Numbers) -> Numbers:
        """Return the cents that the promotion takes off a month."""
        return np.round(licences * self.price * self.promotion).astype("int64")

    def amount(self, licences: Numbers) -> Numbers:
        """Return the first-year value of each line, in cents."""
        return 12 * (licences * self.price - self.monthly_promotion(licences))


def make(world: World, accounts: Accounts, lives: Lives, prices: Prices, seats: Seats) -> tuple[Deals, DealLines]:
    """Return all new and expansion deals that were open at some time in the three years, with their lines."""
    rows = _expansions(world, accounts, lives)
    attempts = lives.attempts
    for name, values in (
        ("number", attempts.number * 4 + NEW),
        ("kind", np.full(len(attempts.number), NEW)),
        ("account", attempts.account),
        ("life", attempts.life),
        ("created", attempts.created),
        ("close", attempts.close),
        ("won", attempts.won),
        ("would_win", attempts.would_win),
        ("starts", np.where(attempts.life >= 0, lives.start[attempts.life], attempts.close + 1)),
    ):
        rows[name] = np.concatenate([values, rows[name]])
    kept = np.flatnonzero((rows["close"] >= START) & (rows["created"] <= LAST))
    kept = kept[np.argsort(rows["number"][kept], kind="stable")]
    rows = {name: values[kept] for name, values in rows.items()}
    account, close = rows["account"], rows["close"]
    deals = Deals(
        **rows,
        seat=accounts.seat_on(seats, account, rows["created"]),
        region=accounts.region[account],
        segment=accounts.segment_on(account, close),
    )
    return deals, _lines(world, accounts, prices, deals)


def _expansions(world: World, accounts: Accounts, lives: Lives) -> dict[str, Any]:
    who = np.flatnonzero(lives.exists)
    parts = [_expansion_slot(world, accounts, lives, who, slot) for slot in range(SLOTS)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _expansion_slot(world: World, accounts: Accounts, lives: Lives, who: Numbers, slot: int) -> dict[str, Any]:
    """Return the expansion deals begun in one slot of thirty days, at most one an account."""
    number = (who * SLOTS + slot) * 4 + EXPANSION
    begun = FIRST_SLOT + slot * SLOT_DAYS + (world.uniform("expansions.begun", number) * SLOT_DAYS).astype("int64")
    begun = working_day(begun)
    segment = accounts.segment_on(who, begun)
    close = working_day(begun + cycle(world, "expansions.cycle", number, segment))
    density = EXPANSIONS * SLOT_DAYS / 365.25 * plants.season(world.planted, close)
    life = _life(lives, who, begun, close)
    kept = (world.uniform("expansions.kept", number) < density) & (life >= 0) & (begun <= LAST)
    who, number, begun, close, life = who[kept], number[kept], begun[kept], close[kept], life[kept]
    segment = accounts.segment_on(who, close)
    u = world.uniform("expansions.verdict", number)
    starts = close + 1 + (world.uniform("expansions.service", number) * 10).astype("int64")
    return {
        "number": number,
        "kind": np.full(len(who), EXPANSION),
        "account": who,
        "life": life,
        "created": begun,
        "close": close,
        "won": u < plants.win_probability(world.planted, accounts.region[who], segment, close),
        "would_win": u < plants.WIN,
        "starts": starts,
    }


def _life(lives: Lives, who: Numbers, begun: Numbers, close: Numbers) -> Numbers:
    """Return the life in which a deal would be made, -1 where the account is no customer or leaves before it closes."""
    found = np.full(len(who), -1)
    for rank in range(LIVES):
        life = who * LIVES + rank
        inside = (lives.since[life] + 30 <= begun) & (close + 15 <= lives.notice[life])
        found[inside] = life[inside]
    return found


def _lines(world: World, accounts: Accounts, prices: Prices, deals: Deals) -> DealLines:
    """Return the lines: the platform and perhaps an add-on for new deals, one product for expansions."""
    number, account = deals.number, deals.account
    typical = accounts.licences[account] * plants.growth(deals.created)
    addon = CORE + world.choice("lines.addon", number, (0.4, 0.3, 0.3))
    is_new = deals.kind == NEW
    landing = np.maximum(3, np.round(LANDING * typical * world.lognormal("lines.landing", number, 0.2)))
    more = MORE * typical * world.lognormal("lines.more", number, 0.35)
    on_core = is_new | (world.uniform("lines.core", number) < 0.6)
    product = np.where(on_core, accounts.core[account], addon)
    more = np.maximum(1, np.round(more * PRICE[0] / np.array(PRICE)[product]))
    second = is_new & (world.uniform("lines.second", number) < 0.35)
    promoted = is_new & (world.uniform("lines.promotion", number) < PROMOTION_SHARE)
    row = np.concatenate([np.arange(len(deals)), np.flatnonzero(second)])
    first = np.arange(len(row)) < len(deals)
    order = np.lexsort((~first, row))
    row, first = row[order], first[order]
    licences = np.where(is_new, landing, more)[row]
    licences = np.where(first, licences, np.maximum(2, np.round(licences / 2))).astype("int64")
    sold = np.where(first, product[row], addon[row])
    change = np.exp(0.2 * world.normal("lines.first", number)) * (world.uniform("lines.revised", number) < 0.5)
    first_licences = np.where(change[row] > 0, np.maximum(1, np.round(licences * change[row])), licences)
    quoted = np.minimum(deals.starts, LAST)
    return DealLines(
        deal=row,
        product=sold,
        licences=licences,
        first_licences=first_licences.astype("int64"),
        price=prices.price(account[row], sold, deals.life[row], quoted[row]),
        listed=prices.listed(account[row], sold, deals.life[row], quoted[row]),
        promotion=np.where(promoted[row] & first, PROMOTION, 0.0),
    )
