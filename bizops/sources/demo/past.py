"""Everything that happened to the demo company, before a CRM wrote any of it down."""

from __future__ import annotations

from dataclasses import dataclass

from bizops.sources.demo.accounts import Accounts
from bizops.sources.demo.deals import DealLines, Deals
from bizops.sources.demo.lives import Lives
from bizops.sources.demo.paths import Paths
from bizops.sources.demo.people import People
from bizops.sources.demo.prices import Prices
from bizops.sources.demo.subscriptions import Revenue
from bizops.sources.demo.world import World


@dataclass(frozen=True)
class Past:
    """One demo company: people, accounts and their lives, prices, deals with lines and paths, and revenue."""

    world: World
    people: People
    accounts: Accounts
    lives: Lives
    prices: Prices
    deals: Deals
    deal_lines: DealLines
    paths: Paths
    revenue: Revenue
