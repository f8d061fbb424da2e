"""What is planted in the demo company: each effect, its size, and how it acts on a probability.

Effects change probabilities that are compared with the same uniform draws (common random numbers), so that a company
without a plant differs from one with it only where the plant acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bizops.sources.demo.days import START, Numbers, Reals, day, months, quarter, quarter_key
from bizops.sources.demo.world import REGIONS, SEGMENTS

WIN = 0.27
"""Win rate of new and expansion deals in every region, segment and quarter."""

LOSS = (0.26, 0.05, 0.02)
"""Yearly probability that a customer of each segment does not renew."""

GROWTH = 0.06
"""Yearly growth of deal sizes."""


@dataclass(frozen=True)
class Plant:
    """One planted effect: what it says to a reader, and its parameters."""

    name: str
    says: str
    parameters: Mapping[str, Any]


_SEASON = {
    "month_factors": (0.85, 0.88, 0.97, 0.94, 0.97, 1.03, 0.97, 0.93, 1.04, 1.05, 1.10, 1.27),
    "level_shift": 0.12,
    "level_from": "2025-02-01",
}

PLANTS: dict[str, Plant] = {
    plant.name: plant
    for plant in (
        Plant(
            "win_rate",
            "The win rate falls in one region and segment in the last closed quarter",
            {"region": "DACH", "segment": "SMB", "quarter": "2026Q3", "points": -0.08},
        ),
        Plant(
            "churn_cause",
            "The hazard of churn rises in one slice of the customers from a date on",
            {
                "product": "Beacon",
                "industry": "Manufacturing",
                "segment": "SMB",
                "from": "2025-03-01",
                "hazard_ratio": 2.5,
            },
        ),
        Plant(
            "mix_shift",
            "New customers move to the segment that churns most; the rates of the segments stay",
            {"from": "2023-10-01", "arrivals": {"SMB": 3.2, "Mid-market": 0.25, "Enterprise": 0.25}},
        ),
        Plant(
            "unfair_quotas",
            "The quotas of some sellers are over their potential, those of the others under it",
            {"share_of_sellers": 0.2, "excess": 0.35, "from": "2025-01-01"},
        ),
        Plant(
            "forecasters",
            "One seller forecasts too low (sandbagging), one too high (optimistic)",
            {"sandbagging": -0.20, "optimistic": 0.20},
        ),
        Plant("season", "Deals and leads follow a yearly pattern and step up to a new level on a date", _SEASON),
        Plant(
            "hygiene",
            "Defects of CRM hygiene, none of which breaks the contract",
            {
                "close_date_passed": 0.06,
                "next_step_missing": 0.12,
                "no_recent_activity": 0.08,
                "lost_reason_missing": 0.15,
                "duplicate_accounts": 0.012,
                "test_accounts": 0.01,
                "test_deals": 0.008,
                "deleted_deals": 0.008,
            },
        ),
    )
}
"""All plants by name; ``build_demo(plant=...)`` takes any of these names."""

ALL: tuple[str, ...] = tuple(PLANTS)


def season(planted: frozenset[str], days: Numbers) -> Reals:
    """Return the factor on deals that close, or leads that arrive, on each day; 1 where no season is planted."""
    if "season" not in planted:
        return np.ones(len(days))
    factors = np.array(_SEASON["month_factors"])
    return factors[months(days) % 12] * level(planted, days)


def level(planted: frozenset[str], days: Numbers) -> Reals:
    """Return the level that the season plant puts on each day (1 before its shift)."""
    shifted = (days >= day(str(_SEASON["level_from"]))) & ("season" in planted)
    return np.where(shifted, 1 + float(str(_SEASON["level_shift"])), 1.0)


SEASON_MAX = 1.27 * 1.12
"""Largest value of `season`; candidates are drawn at this density and thinned."""


def growth(days: Numbers) -> Reals:
    """Return the factor on deal sizes at each day, 1 at the start of the three years."""
    return np.asarray((1 + GROWTH) ** ((days - START) / 365.25), "float64")


def win_probability(planted: frozenset[str], region: Numbers, segment: Numbers, close: Numbers) -> Reals:
    """Return the probability that a new or expansion deal that closes on ``close`` is won.

    ``region`` and ``segment`` are positions in the company's lists.
    """
    p = np.full(len(close), WIN)
    if "win_rate" in planted:
        p[win_rate_cell(region, segment, close)] += PLANTS["win_rate"].parameters["points"]
    return p


def win_rate_cell(region: Numbers, segment: Numbers, close: Numbers) -> np.ndarray[Any, Any]:
    """Return which deals lie where the win rate falls, planted or not."""
    where = PLANTS["win_rate"].parameters
    closing = quarter(close)
    wanted = [q for q in np.unique(closing) if quarter_key(int(q)) == where["quarter"]]
    here = (region == REGIONS.index(where["region"])) & (segment == SEGMENTS.index(where["segment"]))
    return np.asarray(here & np.isin(closing, wanted))


def loss_probability(planted: frozenset[str], segment: Numbers, years: Reals, in_slice: Any, ends: Numbers) -> Reals:
    """Return the probability that a term of ``years`` that ends on ``ends`` is not renewed.

    Terms are turned into hazards: surviving n years is surviving one year n times, and a hazard ratio is a power.
    """
    exponent = years.copy()
    if "churn_cause" in planted:
        parameters = PLANTS["churn_cause"].parameters
        exponent[in_slice & (ends >= day(parameters["from"]))] *= parameters["hazard_ratio"]
    return np.asarray(1 - (1 - np.array(LOSS)[segment]) ** exponent, "float64")


MIX_FROM = day("2023-10-01")


def arrivals_max(segment: Numbers) -> Reals:
    """Return the largest factor that a plant may put on the prospects of each segment that sellers take up."""
    factors = np.array(list(PLANTS["mix_shift"].parameters["arrivals"].values()), "float64")[segment]
    return np.asarray(np.maximum(1.0, factors), "float64")


def arrivals(planted: frozenset[str], segment: Numbers, days: Numbers) -> Reals:
    """Return the factor on the prospects of each segment that sellers take up."""
    if "mix_shift" not in planted:
        return np.ones(len(days))
    factors = np.array(list(PLANTS["mix_shift"].parameters["arrivals"].values()))[segment]
    return np.where(days >= MIX_FROM, factors, 1.0)
