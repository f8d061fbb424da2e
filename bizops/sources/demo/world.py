"""The demo company: what it sells, where, to whom; and its streams of chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from bizops.sources.demo.days import Numbers, Reals

COMPANY = "Tarnwick Signal"
CURRENCY = "EUR"

REGIONS = ("DACH", "UK & Ireland", "Nordics", "Southern Europe")
SEGMENTS = ("SMB", "Mid-market", "Enterprise")
INDUSTRIES = ("Manufacturing", "Business services", "Retail", "Logistics", "Healthcare", "Public sector")
PRODUCTS = ("Beacon", "Relay", "Insights", "Connect", "Assure")
CORE = 2
"""The first two products are the platforms; a customer has one of them, and may add the others."""

REGION_SHARE = (25 / 60, 15 / 60, 10 / 60, 10 / 60)
INDUSTRY_SHARE = (0.36, 0.20, 0.15, 0.12, 0.10, 0.07)
CORE_SHARE = (0.55, 0.45)
CUSTOMER_SHARE = (0.46, 0.43, 0.11)
"""Customers at the start by segment."""

ARRIVALS = (72.0, 23.0, 4.0)
"""New prospects a year by segment, at scale 1."""

SEATS = ((10, 6, 4, 4), (11, 6, 4, 4), (4, 3, 2, 2))
"""Sellers by segment and region, at scale 1: sixty."""

MANAGERS = (3, 2, 2, 1)
"""Managers by region, at scale 1: eight."""

LICENCES = (30.0, 60.0, 100.0)
"""Typical number of licences of the platform by segment."""

PRICE = (40, 40, 12, 9, 15)
"""List price of a licence a month in company currency, by product."""

INTERVAL_MONTHS = (1, 3, 12)
"""Billing interval by segment."""

INITIAL_CUSTOMERS = 570
"""Customers on the first day, at scale 1."""

CURRENCIES = ("EUR", "GBP", "USD")
PLAN_RATE = (1.0, 1.16, 0.92)
"""Company currency for one unit of each currency, the same in every year."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class World:
    """Seed, size and plants of one demo company, and its streams of chance.

    A draw belongs to a named stream and to the number of the thing it is for (counter-based SplitMix64 whose key
    comes from numpy's ``SeedSequence``), so that no draw depends on how many others were made: what a plant does not
    touch stays as it was, and any subset can be drawn in any order.
    """

    seed: int = 7
    scale: float = 1.0
    planted: frozenset[str] = field(default_factory=frozenset)

    def uniform(self, stream: str, numbers: Numbers) -> Reals:
        """Return one draw in (0, 1) for each number."""
        key = np.random.SeedSequence(self.seed, spawn_key=(crc32(stream.encode()),)).generate_state(1, np.uint64)
        z = numbers.astype(np.uint64) * _GOLDEN + key
        z ^= z >> np.uint64(30)
        z *= _MIX_1
        z ^= z >> np.uint64(27)
        z *= _MIX_2
        z ^= z >> np.uint64(31)
        return np.asarray((z >> np.uint64(11)) * 2.0**-53 + 2.0**-54, "float64")

    def normal(self, stream: str, numbers: Numbers) -> Reals:
        """Return one standard normal draw for each number."""
        radius = np.sqrt(-2 * np.log(self.uniform(f"{stream}/radius", numbers)))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniform(f"{stream}/angle", numbers)), "float64")

    def lognormal(self, stream: str, numbers: Numbers, sigma: float) -> Reals:
        """Return lognormal draws with mean 1."""
        return np.asarray(np.exp(sigma * self.normal(stream, numbers) - sigma**2 / 2), "float64")

    def choice(self, stream: str, numbers: Numbers, shares: tuple[float, ...]) -> Numbers:
        """Return positions in ``shares``, each drawn with its share."""
        bounds = np.cumsum(shares) / np.sum(shares)
        return np.minimum(np.searchsorted(bounds, self.uniform(stream, numbers)), len(shares) - 1).astype("int64")

    def order(self, stream: str, n: int) -> Numbers:
        """Return a permutation of 0 .. n - 1."""
        return np.argsort(self.uniform(stream, np.arange(n)), kind="stable").astype("int64")

    def count(self, typical: float, least: int = 1) -> int:
        """Return a number of things at this scale."""
        return max(least, round(typical * self.scale))
