"""The planted defects of CRM hygiene: what is wrong with which records. Nothing here breaks the contract."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bizops.sources.demo import plants
from bizops.sources.demo.days import LAST, NEVER, Flags, Numbers, working_day
from bizops.sources.demo.deals import EXPANSION, Deals
from bizops.sources.demo.paths import Paths
from bizops.sources.demo.world import World


def share(name: str) -> float:
    """Return the planted share of a kind of defect."""
    return float(plants.PLANTS["hygiene"].parameters[name])


def afflicted(world: World, name: str, numbers: Numbers) -> Flags:
    """Return which things have a kind of defect; none where hygiene is not planted."""
    if "hygiene" not in world.planted:
        return np.zeros(len(numbers), dtype=bool)
    return np.asarray(world.uniform(f"hygiene.{name}", numbers) < share(name))


def afflicted_among(world: World, name: str, numbers: Numbers, of: Flags, possible: Flags) -> Flags:
    """Return which of the ``possible`` things have a defect, so that it meets its stated share of all things ``of``."""
    if "hygiene" not in world.planted:
        return np.zeros(len(numbers), dtype=bool)
    wanted = share(name) * of.sum() / max(possible.sum(), 1)
    return np.asarray(possible & (world.uniform(f"hygiene.{name}", numbers) < wanted))


def removable(kind: Numbers, closed: Flags) -> Flags:
    """Return which deals may be test or deleted records: open expansions, on which nothing else rests."""
    return np.asarray((kind == EXPANSION) & ~closed)


def stale_close_dates(world: World, deals: Deals, paths: Paths) -> Paths:
    """Return paths in which some open deals were not moved on when their close date passed."""
    stale = working_day(LAST - 4 - (world.uniform("hygiene.stale_days", deals.number) * 40).astype("int64"))
    n_moved = paths.n_moved
    last_move = np.where(paths.moved <= LAST, paths.moved, 0).max(axis=1)
    possible = ~deals.closed & (deals.created + 10 < stale) & (last_move + 5 < stale)
    chosen = afflicted_among(world, "close_date_passed", deals.number, ~deals.closed, possible)
    if not chosen.any():
        return paths
    expected, moved = paths.expected.copy(), paths.moved.copy()
    expected[np.flatnonzero(chosen), n_moved[chosen]] = stale[chosen]
    moved[chosen] = np.where(moved[chosen] > LAST, NEVER, moved[chosen])
    return replace(paths, expected=expected, moved=moved)
