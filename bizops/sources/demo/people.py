"""Who works there: sellers with their seats (territories), managers, and the teams around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizops.sources.demo.days import END, NEVER, START, Flags, Numbers, day
from bizops.sources.demo.world import MANAGERS, REGIONS, SEATS, SEGMENTS, World

ROLES = ("manager", "ae", "csm", "sdr", "se", "cs_agent", "marketing", "ops")
FUNCTIONS = ("sales", "customer_success", "marketing", "service", "ops")

LEAVING = 0.08
"""Sellers who leave a year; another follows on the same seat after a gap in which the manager covers it."""


@dataclass(frozen=True)
class Seats:
    """One seller's patch each: a region, a segment, and who sits there when.

    ``first`` sits there until ``leaves``, the manager covers it until ``joins``, then ``following`` has it. Without a
    change ``leaves`` and ``joins`` are NEVER. All persons are person numbers.
    """

    region: Numbers
    segment: Numbers
    manager: Numbers
    first: Numbers
    following: Numbers
    leaves: Numbers
    joins: Numbers

    def __len__(self) -> int:
        return len(self.region)

    def owner(self, seat: Numbers, days: Numbers) -> Numbers:
        """Return the person number of who has each seat on each day."""
        later = np.where(days >= self.joins[seat], self.following[seat], self.manager[seat])
        return np.where(days < self.leaves[seat], self.first[seat], later)

    def at(self, region: Numbers, segment: Numbers, number: Numbers) -> Numbers:
        """Return the seat that serves account ``number`` of a region and segment: accounts go round the seats."""
        order = np.lexsort((np.arange(len(self)), self.segment, self.region))
        cell = self.region[order] * len(SEGMENTS) + self.segment[order]
        wanted = region * len(SEGMENTS) + segment
        first, last = np.searchsorted(cell, wanted), np.searchsorted(cell, wanted, side="right")
        return order[first + number % (last - first)]


@dataclass(frozen=True)
class People:
    """All persons by number, whether they ever worked there, and the seats of the sellers."""

    role: Numbers
    team: Numbers
    manager: Numbers
    hired: Numbers
    left: Numbers
    exists: Flags
    seats: Seats
    region: Numbers
    team_parent: Numbers
    team_function: Numbers
    team_region: Numbers
    team_leader: Numbers
    team_name: tuple[str, ...]

    def of_role(self, role: str) -> Numbers:
        """Return the person numbers of a role."""
        return np.flatnonzero((self.role == ROLES.index(role)) & self.exists)

    def in_region(self, role: str, region: Numbers, number: Numbers) -> Numbers:
        """Return for each thing ``number`` in ``region`` a person of ``role`` there; things go round the persons."""
        members = self.of_role(role)
        members = members[np.argsort(self.region[members], kind="stable")]
        places = self.region[members]
        first, last = np.searchsorted(places, region), np.searchsorted(places, region, side="right")
        return members[first + number % (last - first)]


class _Roll:
    """Collects persons group by group and numbers them."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Numbers]] = {k: [] for k in ("role", "team", "manager", "hired", "left", "region")}
        self.n = 0

    def add(self, n: int, role: str, **columns: Numbers | int) -> Numbers:
        values = {"role": ROLES.index(role), "left": NEVER, "hired": day("2020-01-01"), **columns}
        for name, column in self.columns.items():
            column.append(np.broadcast_to(np.asarray(values[name], "int64"), (n,)))
        self.n += n
        return np.arange(self.n - n, self.n)

    def column(self, name: str) -> Numbers:
        return np.concatenate(self.columns[name])


def hire(world: World) -> People:
    """Return the people of the company."""
    teams = _teams(world)
    roll = _Roll()
    chief = roll.add(1, "manager", team=0, manager=-1, region=-1, hired=day("2018-02-01"))
    regions = np.arange(len(REGIONS))
    heads = roll.add(len(REGIONS), "manager", team=1 + regions, manager=int(chief[0]), region=regions)
    per_region = np.array([world.count(n) for n in MANAGERS])
    of_region = np.repeat(regions, per_region)
    first_team = 1 + len(REGIONS)
    leads = roll.add(
        len(of_region),
        "manager",
        team=first_team + np.arange(len(of_region)),
        manager=heads[of_region],
        region=of_region,
    )
    seats = _seats(world, roll, leads, of_region, first_team)
    _others(world, roll, int(chief[0]), first_team + len(of_region))
    exists = np.ones(roll.n, dtype=bool)
    exists[seats.following] = seats.leaves < NEVER
    return People(
        role=roll.column("role"),
        team=roll.column("team"),
        manager=roll.column("manager"),
        hired=roll.column("hired"),
        left=roll.column("left"),
        exists=exists,
        seats=seats,
        region=roll.column("region"),
        team_parent=teams["parent"],
        team_function=teams["function"],
        team_region=teams["region"],
        team_leader=np.concatenate([chief, heads, leads, [-1] * len(_STAFF)]),
        team_name=_team_names(of_region),
    )


_STAFF = (
    ("Customer success", "customer_success", "csm", 12),
    ("Sales development", "marketing", "sdr", 8),
    ("Sales engineering", "sales", "se", 8),
    ("Support", "service", "cs_agent", 12),
    ("Marketing", "marketing", "marketing", 6),
    ("Operations", "ops", "ops", 4),
)


def _teams(world: World) -> dict[str, Numbers]:
    per_region = np.array([world.count(n) for n in MANAGERS])
    of_region = np.repeat(np.arange(len(REGIONS)), per_region)
    sales = [0] * (1 + len(REGIONS) + len(of_region))
    return {
        "parent": np.concatenate([[-1], [0] * len(REGIONS), 1 + of_region, [-1] * len(_STAFF)]).astype("int64"),
        "function": np.array(sales + [FUNCTIONS.index(function) for _, function, _, _ in _STAFF]),
        "region": np.concatenate([[-1], np.arange(len(REGIONS)), of_region, [-1] * len(_STAFF)]).astype("int64"),
    }


def _team_names(of_region: Numbers) -> tuple[str, ...]:
    first = np.searchsorted(of_region, of_region)
    small = [f"{REGIONS[r]} {i + 1 - f}" for i, (r, f) in enumerate(zip(of_region, first, strict=True))]
    return ("Sales", *REGIONS, *small, *(name for name, _, _, _ in _STAFF))


def _seats(world: World, roll: _Roll, leads: Numbers, of_region: Numbers, first_team: int) -> Seats:
    counts = np.array([[world.count(n) for n in row] for row in SEATS]).T.ravel()
    cell = np.repeat(np.arange(len(counts)), counts)
    region, segment = cell // len(SEGMENTS), cell % len(SEGMENTS)
    n = len(cell)
    number = np.arange(n)
    # sellers of a region go round its managers, so that every team sells to every segment
    first_lead = np.searchsorted(of_region, region)
    n_leads = np.searchsorted(of_region, region, side="right") - first_lead
    lead = first_lead + (number - np.searchsorted(region, region)) % n_leads
    wait = -np.log(world.uniform("people.leaving", number)) / LEAVING * 365.25
    leaves = START + 60 + wait.astype("int64")
    leaves = np.where(leaves < END - 150, leaves, NEVER)
    gap = 21 + (world.uniform("people.gap", number) * 50).astype("int64")
    joins = np.where(leaves < NEVER, leaves + gap, NEVER)
    hired = day("2019-01-07") + (world.uniform("people.hired", number) * 1300).astype("int64")
    where = {"team": first_team + lead, "manager": leads[lead], "region": region}
    first = roll.add(n, "ae", hired=hired, left=leaves, **where)
    following = roll.add(n, "ae", hired=joins, **where)
    return Seats(region, segment, leads[lead], first, following, leaves, joins)


def _others(world: World, roll: _Roll, chief: int, first_team: int) -> None:
    for i, (_, _, role, typical) in enumerate(_STAFF):
        n = world.count(typical, least=len(REGIONS))
        number = np.arange(n)
        hired = day("2018-06-01") + (world.uniform(f"people.{role}", number) * 1500).astype("int64")
        region = number % len(REGIONS)
        roll.add(n, role, team=first_team + i, manager=chief, region=region, hired=hired)
