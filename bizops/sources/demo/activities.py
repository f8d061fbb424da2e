"""What sellers did on each deal: meetings, calls, e-mails and tasks, every few weeks while it is open."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, Flags, Numbers, instant, working_day
from bizops.sources.demo.deals import RENEWAL
from bizops.sources.demo.hygiene import afflicted_among
from bizops.sources.demo.keys import ACCOUNT, ACTIVITY, DEAL, PERSON
from bizops.sources.demo.model import Model

TYPES = ("meeting", "call", "email", "task")

RHYTHM = 28
"""Days between two activities, at most."""

MOST = 16
"""Activities of a deal, at most."""


def last_activity(model: Model) -> Numbers:
    """Return the instant of the last activity of each deal."""
    deal = np.arange(len(model.pipeline))
    return _at(model, deal, _how_many(model)[deal] - 1)


def table(model: Model) -> dict[str, Column]:
    """Return the table activity."""
    deals, world = model.pipeline, model.world
    counts = _how_many(model)
    deal = np.repeat(np.arange(len(deals)), counts)
    rank = np.arange(len(deal)) - np.repeat(np.cumsum(counts) - counts, counts)
    number = deals.number[deal] * MOST + rank
    at = _at(model, deal, rank)
    kind = world.choice("activities.type", number, (0.25, 0.3, 0.35, 0.1))
    seat = deals.patch[deal]
    owner = np.where(seat < 0, deals.owner[deal], model.people.seats.owner(np.maximum(seat, 0), at // 86_400))
    minutes = 15 * (1 + (world.uniform("activities.minutes", number) * 4).astype("int64"))
    return {
        "activity_id": c.key(ACTIVITY, number, 9),
        "at": c.stamp(at),
        "type": c.label(kind, TYPES),
        "person_id": c.key(PERSON, owner, 4),
        "account_id": c.key(ACCOUNT, deals.account[deal], 5),
        "opportunity_id": c.key(DEAL, deals.number[deal], 8),
        "direction": c.label(
            np.where(
                (kind == 1) | (kind == 2), (world.uniform("activities.direction", number) < 0.6).astype("int64"), -1
            ),
            ("inbound", "outbound"),
        ),
        "duration_min": c.integer(minutes, kind > 1),
    }


def _span(model: Model) -> tuple[Numbers, Numbers, Flags]:
    """Return first and last day on which something can happen on each deal, and whether it is being worked on."""
    deals = model.pipeline
    first = np.asarray(deals.created_at // 86_400)
    last = np.where(deals.closed, deals.close_on, LAST)
    active = ~deals.closed & (deals.kind != RENEWAL)
    quiet = afflicted_among(model.world, "no_recent_activity", deals.number, active, active & (first < LAST - 60))
    return first, np.where(quiet, LAST - 40, last), ~deals.closed & ~quiet


def _how_many(model: Model) -> Numbers:
    first, last, _ = _span(model)
    return np.asarray(np.minimum(1 + (last - first) // RHYTHM, MOST), "int64")


def _at(model: Model, deal: Numbers, rank: Numbers) -> Numbers:
    """Return the instant of activity number ``rank`` of each deal: one in each equal part of its time."""
    first, last, active = _span(model)
    counts = _how_many(model)
    number = model.pipeline.number[deal] * MOST + rank
    u = model.world.uniform("activities.at", number)
    days = first[deal] + ((rank + u) * (last - first)[deal] / counts[deal]).astype("int64")
    # a deal that is worked on has seen something in the last days
    recent = LAST - 2 - (u * 8).astype("int64")
    latest = active[deal] & (rank == counts[deal] - 1) & (recent > first[deal])
    days = working_day(np.where(latest, np.maximum(days, recent), days))
    renewal = model.pipeline.kind[deal] == RENEWAL
    days = np.where(renewal, np.minimum(days, last[deal]), days)
    # later activities at later hours: two may fall on one day
    hour = (rank + model.world.uniform("activities.hour", number)) / counts[deal]
    return instant(days, 10.0, hour * 4.5)
