"""The way of each deal through the stages, the expected close dates and the amounts on the table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizops.sources.demo.days import LAST, NEVER, Numbers, quarter, working_day
from bizops.sources.demo.deals import LOST_IN, STAGES, DealLines, Deals
from bizops.sources.demo.world import World

TIME_IN_STAGE = (0.12, 0.28, 0.25, 0.20, 0.15)
"""Typical share of a deal's time in each stage."""

MOVES = (0.45, 0.30, 0.15, 0.10)
"""How often the expected close date is pushed: never, once, twice, three times."""

PULLED_IN = 0.25
"""Share of the never pushed deals whose close date is pulled in."""


REVISED_IN = (2, 3)
"""Open stages (0 is the first) in which the final amount may be put on the table."""


@dataclass(frozen=True)
class Paths:
    """Paths of deals, one row each.

    ``stage_day`` (n x 5) is the day on which each open stage is entered, NEVER if it is not; ``expected`` (n x 4) the
    close dates in their order, ``moved`` (n x 3) the day of the move to the next of them; ``revised`` the day from
    which the amount is the final one.
    """

    reached: Numbers
    stage_day: Numbers
    expected: Numbers
    moved: Numbers
    revised: Numbers

    @property
    def n_moved(self) -> Numbers:
        """Moves of the close date that are known at the clock."""
        return np.asarray((self.moved <= LAST).sum(axis=1), "int64")

    @property
    def n_pushes(self) -> Numbers:
        """Known moves of the close date to a later quarter."""
        later = quarter(self.expected[:, 1:]) > quarter(self.expected[:, :-1])
        return np.asarray((later & (self.moved <= LAST)).sum(axis=1), "int64")


def walk(world: World, deals: Deals) -> Paths:
    """Return the paths of all deals, as if the clock did not stand still."""
    number = deals.number
    lost_in = 1 + world.choice("paths.lost_in", number, LOST_IN)
    reached = np.where(deals.won, STAGES, lost_in)
    stage_day = _stages(world, deals, reached)
    expected, moved = _close_dates(world, deals)
    late = world.uniform("paths.revised", number) < 0.5
    at = np.where(late, REVISED_IN[1], REVISED_IN[0])
    return Paths(reached, stage_day, expected, moved, stage_day[np.arange(len(at)), at])


def _stages(world: World, deals: Deals, reached: Numbers) -> Numbers:
    spent = np.stack(
        [
            -np.log(world.uniform(f"paths.stage{stage}", deals.number)) * share
            for stage, share in enumerate(TIME_IN_STAGE)
        ],
        axis=1,
    )
    stages = np.arange(STAGES)
    spent = np.where(stages < reached[:, None], spent, 0.0)
    before = np.cumsum(spent, axis=1) - spent
    share = before / spent.sum(axis=1, keepdims=True)
    days = working_day(deals.created[:, None] + (share * (deals.close - deals.created)[:, None]).astype("int64"))
    return np.where(stages < reached[:, None], days, NEVER)


def _close_dates(world: World, deals: Deals) -> tuple[Numbers, Numbers]:
    """Return expected close dates and the days of their moves: pushes when the date comes near, or one pull-in."""
    n, number = len(deals), deals.number
    pushes = world.choice("paths.pushes", number, MOVES)
    lengths = np.stack([15 + (world.uniform(f"paths.push{i}", number) * 45).astype("int64") for i in range(3)], axis=1)
    back = working_day(deals.close[:, None] - np.cumsum(lengths, axis=1))
    dates = np.concatenate([deals.close[:, None], back], axis=1)  # dates[j]: j pushes before the end
    possible = (np.arange(1, 4) <= pushes[:, None]) & (back >= deals.created[:, None] + 10)
    m = possible.sum(axis=1)
    rows = np.arange(n)
    expected = np.stack([dates[rows, np.maximum(m - k, 0)] for k in range(4)], axis=1)
    moved = np.full((n, 3), NEVER)
    for k in range(3):
        ahead = (world.uniform(f"paths.ahead{k}", number) * 5).astype("int64")
        moved[:, k] = np.where(k < m, working_day(expected[:, k] - ahead), NEVER)
    early = (m == 0) & (world.uniform("paths.pulled", number) < PULLED_IN)
    later = working_day(deals.close + 10 + (world.uniform("paths.pull", number) * 50).astype("int64"))
    expected[early, 0] = later[early]
    share = 0.5 + 0.4 * world.uniform("paths.pull_day", number)
    pull_day = working_day(deals.created + (share * (deals.close - deals.created)).astype("int64"))
    moved[early, 0] = pull_day[early]
    return expected, moved


def final_amounts(lines: DealLines, n: int) -> Numbers:
    """Return the final first-year value of each deal, in cents."""
    return np.bincount(lines.deal, weights=lines.amount(lines.licences), minlength=n).astype("int64")


def first_amounts(lines: DealLines, n: int) -> Numbers:
    """Return the first-year value of each deal as first quoted, in cents."""
    return np.bincount(lines.deal, weights=lines.amount(lines.first_licences), minlength=n).astype("int64")
