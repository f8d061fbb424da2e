"""What a licence costs whom and when, in cents of the account's currency a month."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo.accounts import Accounts
from bizops.sources.demo.days import NEVER, Numbers
from bizops.sources.demo.lives import TERMS, Lives
from bizops.sources.demo.world import PLAN_RATE, PRICE, World

UPLIFT = 0.03
"""Rise of all prices of a customer at a renewal, where there is one."""

UPLIFT_SHARE = 0.5
"""Renewals that raise prices."""


def list_price(product: Numbers, currency: Numbers) -> Numbers:
    """Return the list price of a licence a month, in cents of ``currency``."""
    return np.asarray(np.round(np.array(PRICE)[product] * 100 / np.array(PLAN_RATE)[currency]), "int64")


class Prices:
    """Prices by account, product, life and day; a renewal may raise them."""

    def __init__(self, world: World, accounts: Accounts, lives: Lives) -> None:
        self.accounts = accounts
        terms = lives.terms
        raised = world.uniform("renewals.uplift", terms.number) < UPLIFT_SHARE
        raised &= ~terms.lost & terms.known
        self.rises = np.full((len(lives.start), TERMS), NEVER)
        self.rises[terms.life[raised], terms.rank[raised]] = terms.end[raised]

    def n_rises(self, life: Numbers, days: Numbers) -> Numbers:
        """Return how often prices of each life (-1: none yet) had risen by each day."""
        return np.where(life < 0, 0, (self.rises[life] <= days[:, None]).sum(axis=1))

    def base(self, account: Numbers, product: Numbers) -> Numbers:
        """Return the price of a licence a month at the start of a life."""
        listed = list_price(product, self.accounts.currency[account])
        return np.round(listed * (1 - self.accounts.discount[account])).astype("int64")

    def risen(self, base: Numbers, n_rises: Numbers) -> Numbers:
        """Return prices after a number of rises."""
        return np.round(base * (1 + UPLIFT) ** n_rises).astype("int64")

    def listed(self, account: Numbers, product: Numbers, life: Numbers, days: Numbers) -> Numbers:
        """Return the list price that belongs to the price of each day: it rises with it."""
        return self.risen(list_price(product, self.accounts.currency[account]), self.n_rises(life, days))

    def price(self, account: Numbers, product: Numbers, life: Numbers, days: Numbers) -> Numbers:
        """Return the price of a licence a month on each day."""
        return self.risen(self.base(account, product), self.n_rises(life, days))
