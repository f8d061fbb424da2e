"""Everything that is simulated, before any table is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bizops.sources.demo.accounts import found
from bizops.sources.demo.days import LAST, Flags, Numbers, Reals
from bizops.sources.demo.deals import make
from bizops.sources.demo.lives import LIVES, live
from bizops.sources.demo.past import Past
from bizops.sources.demo.paths import walk
from bizops.sources.demo.people import hire
from bizops.sources.demo.pipeline import Pipeline, pipeline
from bizops.sources.demo.prices import Prices
from bizops.sources.demo.subscriptions import subscribe
from bizops.sources.demo.world import PLAN_RATE, World


@dataclass(frozen=True)
class Model(Past):
    """One demo company with its pipeline at the clock."""

    pipeline: Pipeline

    @cached_property
    def account(self) -> Numbers:
        """Numbers of the accounts that exist, in order."""
        return np.flatnonzero(self.lives.exists)

    @cached_property
    def life(self) -> Numbers:
        """Life numbers of all customers that have been, in order."""
        return np.flatnonzero(np.repeat(self.lives.exists, LIVES) & (self.lives.start <= LAST))

    @cached_property
    def rate(self) -> Reals:
        """Company currency for one unit of each account's currency, at plan rates."""
        return np.array(PLAN_RATE)[self.accounts.currency]

    def customer(self, days: int = LAST) -> Flags:
        """Return by account number whether it is a customer on a day."""
        inside = (self.lives.start <= days) & (days < self.lives.end)
        return np.asarray(inside.reshape(-1, LIVES).any(axis=1) & self.lives.exists)


def simulate(world: World) -> Model:
    """Return the demo company of a world."""
    people = hire(world)
    accounts = found(world)
    lives = live(world, accounts)
    prices = Prices(world, accounts, lives)
    deals, lines = make(world, accounts, lives, prices, people.seats)
    revenue = subscribe(world, accounts, lives, prices, deals, lines)
    past = Past(world, people, accounts, lives, prices, deals, lines, walk(world, deals), revenue)
    return Model(**vars(past), pipeline=pipeline(past))
