"""How accounts become customers, renew, leave and come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bizops.sources.demo import plants
from bizops.sources.demo.accounts import Accounts
from bizops.sources.demo.days import (
    END,
    LAST,
    NEVER,
    START,
    Flags,
    Numbers,
    Reals,
    add_months,
    service_day,
    working_day,
)
from bizops.sources.demo.world import World

ATTEMPTS = 24
"""Slots for attempts to win an account that is not a customer."""

LIVES = 3
"""Times that an account may be a customer."""

TERMS = 7
"""Contract terms in a life, as far as the calendar reaches."""

HORIZON = END + 275
"""Terms that end before this day are there as open renewals: three quarters ahead."""

WIN_BACK = 0.15
"""Share of the slots in which a former customer is tried again."""

PATIENCE = 5
"""After this many lost deals an account is tried no more."""


@dataclass(frozen=True)
class Attempts:
    """Deals to win an account, one row each. ``won`` is the outcome even where it lies ahead of the clock.

    ``number`` is the slot's own number; ``life`` the life that a known win starts, else -1.
    """

    number: Numbers
    account: Numbers
    created: Numbers
    close: Numbers
    won: Flags
    would_win: Flags
    life: Numbers


@dataclass(frozen=True)
class Terms:
    """Contract terms, one row each, ``start`` up to, not including, ``end``.

    ``decided`` is the day on which the renewal is won or lost (perhaps ahead of the clock), ``lost`` its outcome;
    ``by_cause`` marks losses that only the planted cause brings. ``life`` is account x LIVES + life, ``number`` the
    number of the term.
    """

    number: Numbers
    account: Numbers
    life: Numbers
    rank: Numbers
    start: Numbers
    end: Numbers
    lost: Flags
    by_cause: Flags
    decided: Numbers

    @property
    def known(self) -> Flags:
        """Whether the renewal at the end of the term is decided at the clock."""
        return self.decided <= LAST


@dataclass(frozen=True)
class Lives:
    """Customer lives: ``exists`` by account; the others by life number, NEVER where there is none.

    ``since`` is the first day as a customer, ``start`` the start of the first term that is told (first-day customers
    had earlier ones), ``end`` the known first day without service, ``notice`` the day on which that was known.
    """

    exists: Flags
    since: Numbers
    start: Numbers
    end: Numbers
    notice: Numbers
    attempts: Attempts
    terms: Terms


def cycle(world: World, stream: str, numbers: Numbers, segment: Numbers) -> Numbers:
    """Return days from creation to closing; the same for won and lost deals."""
    typical = np.array((70.0, 84.0, 102.0))[segment]
    days = 7 + typical * np.exp(0.5 * world.normal(stream, numbers))
    return np.asarray(np.minimum(days, 330), "int64")


def live(world: World, accounts: Accounts) -> Lives:
    """Return the lives of all candidate accounts."""
    return _Story(world, accounts).told()


class _Story:
    """Walks the slots of all accounts side by side; arrays are by account unless said otherwise."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self.world, self.accounts = world, accounts
        n = len(accounts)
        self.exists = accounts.initial.copy()
        self.idle = np.zeros(n, dtype=bool)  # prospects that nobody takes up
        self.busy = np.zeros(n, "int64")  # no attempt starts before this day
        self.n_lost = np.zeros(n, "int64")
        self.n_lives = np.zeros(n, "int64")
        self.start = np.full(n * LIVES, NEVER)
        self.end = np.full(n * LIVES, NEVER)
        self.notice = np.full(n * LIVES, NEVER)
        self.terms: list[dict[str, Any]] = []
        self.attempts: list[dict[str, Any]] = []

    def told(self) -> Lives:
        self._first_day()
        created = self._first_slots()
        for slot in range(ATTEMPTS):
            self._attempt(slot, created)
            numbers = np.arange(len(created)) * ATTEMPTS + slot
            wait = -np.log(self.world.uniform("attempts.gap", numbers)) * 70
            created = created + 15 + wait.astype("int64")
        # who was won before the first day is among the customers of that day already; who was given up is forgotten
        recent, early = np.zeros((2, len(self.exists)), dtype=bool)
        for part in self.attempts:
            recent[part["account"]] |= part["close"] >= START
            early[part["account"]] |= part["won"] & (part["close"] < START)
        self.exists &= self.accounts.initial | (recent & ~early)
        self.exists |= self.idle
        since = np.where(self.start < START, np.repeat(self.accounts.created + 60, LIVES), self.start)
        attempts = _gather(self.attempts, self.exists)
        terms = _gather(self.terms, self.exists)
        return Lives(self.exists, since, self.start, self.end, self.notice, Attempts(**attempts), Terms(**terms))

    def _first_day(self) -> None:
        """First-day customers are somewhere in a running term."""
        who = np.flatnonzero(self.accounts.initial)
        days = self.accounts.term[who] // 12 * 365
        into = 1 + (self.world.uniform("lives.first_day", who) * (days - 1)).astype("int64")
        self._begin(who, service_day(START - into))

    def _first_slots(self) -> Numbers:
        number = np.arange(len(self.accounts))
        u = self.world.uniform("attempts.first", number)
        return np.where(self.accounts.initial, START - (u * 90).astype("int64"), self.accounts.created)

    def _attempt(self, slot: int, created: Numbers) -> None:
        """Try every account that is free in its slot number ``slot``."""
        arrival = ~self.accounts.initial & (slot == 0)
        who = np.flatnonzero((created >= self.busy) & (created < END) & (self.exists | arrival))
        numbers = who * ATTEMPTS + slot
        begun = working_day(created[who])
        segment = self.accounts.segment_on(who, begun)
        close = working_day(begun + cycle(self.world, "attempts.cycle", numbers, segment))
        u, share = self.world.uniform("attempts.kept", numbers), self._density(who, close)
        if slot == 0:
            taken = share * self._taken_up(who)
            self.idle[who] = (u < share) & (u >= taken) & (created[who] >= plants.MIX_FROM)
            share = taken
        kept = u < share
        who, numbers, begun, close = who[kept], numbers[kept], begun[kept], close[kept]
        self.exists[who] = True
        segment = self.accounts.segment_on(who, close)
        u = self.world.uniform("attempts.closing", numbers)
        won = u < plants.win_probability(self.world.planted, self.accounts.region[who], segment, close)
        self._settle(who, numbers, begun, close, won, u < plants.WIN)

    def _settle(
        self, who: Numbers, numbers: Numbers, begun: Numbers, close: Numbers, won: Flags, would_win: Flags
    ) -> None:
        known = close <= LAST
        self.busy[who] = np.where(known, close + 15, NEVER)
        self.n_lost[who] += known & ~won
        starts = known & won
        life = np.where(starts, who * LIVES + self.n_lives[who], -1)
        self.attempts.append(
            {
                "number": numbers,
                "account": who,
                "created": begun,
                "close": close,
                "won": won,
                "would_win": would_win,
                "life": life,
            }
        )
        wait = 1 + (self.world.uniform("attempts.service", numbers) * 10).astype("int64")
        self._begin(who[starts], service_day(close + wait)[starts])

    def _taken_up(self, who: Numbers) -> Reals:
        """Return the share of the prospects that sellers take up; the others stay without a deal."""
        segment, created = self.accounts.segment[who], self.accounts.created[who]
        share = plants.arrivals(self.world.planted, segment, created) / plants.arrivals_max(segment)
        return np.where(self.accounts.initial[who], 1.0, share)

    def _density(self, who: Numbers, close: Numbers) -> Reals:
        """Return the share of slots that are used: fewer for former customers, and as the season says."""
        share = plants.season(self.world.planted, close) / plants.SEASON_MAX
        former = self.n_lives[who] > 0
        return share * np.where(former, WIN_BACK, 1.0) * ((self.n_lost[who] < PATIENCE) & (self.n_lives[who] < LIVES))

    def _begin(self, who: Numbers, start: Numbers) -> None:
        """Start a life of each account ``who`` and follow its terms to the end or to the horizon."""
        life = who * LIVES + self.n_lives[who]
        self.n_lives[who] += 1
        self.start[life] = start
        self.busy[who] = NEVER
        for rank in range(TERMS):
            end = add_months(start, self.accounts.term[who])
            number = life * TERMS + rank
            lost, by_cause = self._outcome(who, number, end)
            u = self.world.uniform("renewals.decided", number)
            decided = working_day(
                np.where(lost, end - 12 - (u * 50).astype("int64"), end + 10 - (u * 55).astype("int64"))
            )
            self.terms.append(
                {
                    "number": number,
                    "account": who,
                    "life": life,
                    "rank": np.full(len(who), rank),
                    "start": start,
                    "end": end,
                    "lost": lost,
                    "by_cause": by_cause,
                    "decided": decided,
                }
            )
            ended = lost & (decided <= LAST)
            self.end[life[ended]] = end[ended]
            self.notice[life[ended]] = decided[ended]
            self.busy[who[ended]] = end[ended] + 45
            goes_on = ~lost & (end < HORIZON)
            who, life, start = who[goes_on], life[goes_on], end[goes_on]

    def _outcome(self, who: Numbers, number: Numbers, end: Numbers) -> tuple[Flags, Flags]:
        segment = self.accounts.segment_on(who, end)
        years = self.accounts.term[who] / 12
        in_slice = self.accounts.in_slice(who, end)
        u = self.world.uniform("renewals.outcome", number)
        lost = u < plants.loss_probability(self.world.planted, segment, years, in_slice, end)
        anyway = u < plants.loss_probability(frozenset(), segment, years, in_slice, end)
        return lost, lost & ~anyway


def _gather(parts: list[dict[str, Any]], exists: Flags) -> dict[str, Any]:
    """Join the parts and keep existing accounts, in the order of their numbers."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["number"], kind="stable")
    order = order[exists[joined["account"][order]]]
    return {name: column[order] for name, column in joined.items()}
