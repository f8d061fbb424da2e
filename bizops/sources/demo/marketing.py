"""Where demand comes from: campaigns, their cost, and leads on their way to deals."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo import plants
from bizops.sources.demo.columns import NEVER_AT, Column
from bizops.sources.demo.days import END, LAST, NOW_AT, START, Numbers, Reals, instant, month_start, months, working_day
from bizops.sources.demo.deals import NEW
from bizops.sources.demo.keys import ACCOUNT, CAMPAIGN, DEAL, LEAD, PERSON
from bizops.sources.demo.model import Model
from bizops.sources.demo.world import REGION_SHARE, World

SOURCES = ("web", "event", "partner", "referral", "outbound")
_SOURCE_SHARE = (0.35, 0.18, 0.15, 0.12, 0.20)
OUTBOUND = SOURCES.index("outbound")
CHANNELS = ("Search", "Events", "Partners", "Referrals")
FIRST_HALF = (2022 - 1970) * 2
HALVES = 10
"""Campaigns run for half a year each, from 2022 on."""

LEADS = 2400.0
"""Inquiries a year that come to nothing, at scale 1."""

STATUSES = ("open", "working", "accepted", "rejected", "converted", "recycled")
REJECTED = ("no budget", "wrong company", "student", "competitor", "no answer")


def lead_source(world: World, number: Numbers) -> Numbers:
    """Return the position in ``SOURCES`` of where each new deal came from."""
    return world.choice("deals.source", number, _SOURCE_SHARE)


def campaign_of(world: World, source: Numbers, days: Numbers) -> Numbers:
    """Return the number of the campaign behind each source on each day, -1 for none."""
    half = np.clip(months(days) // 6 - FIRST_HALF, 0, HALVES - 1)
    return np.where((source >= 0) & (source < len(CHANNELS)), source * HALVES + half, -1)


def tables(model: Model) -> dict[str, dict[str, Column]]:
    """Return dim_campaign and lead."""
    return {"dim_campaign": _campaigns(model.world), "lead": _leads(model)}


def _campaigns(world: World) -> dict[str, Column]:
    number = np.arange(len(CHANNELS) * HALVES)
    half = FIRST_HALF + number % HALVES
    first = month_start(half * 6)
    names = [f"{CHANNELS[i // HALVES]} {1970 + h // 2} H{h % 2 + 1}" for i, h in enumerate(half.tolist())]
    budget = (np.array((180, 240, 120, 60))[number // HALVES] * 1000 * world.scale).astype("int64")
    return {
        "campaign_id": c.key(CAMPAIGN, number, 3),
        "name": c.text(names),
        "channel": c.label(number // HALVES, CHANNELS),
        "type": c.label(number // HALVES, ("digital", "event", "partner", "referral")),
        "start_on": c.date(first),
        "end_on": c.date(month_start(half * 6 + 6)),
        "budget": c.quantity(budget),
        "parent_id": c.key(CAMPAIGN, np.full(len(number), -1), 3),
    }


def _leads(model: Model) -> dict[str, Column]:
    converted, other = _converted(model), _unconverted(model)
    lead = {name: np.concatenate([converted[name], other[name]]) for name in converted}
    order = np.argsort(lead["number"], kind="stable")
    lead = {name: values[order] for name, values in lead.items()}
    touched = np.where(lead["touched"] < NOW_AT, lead["touched"], NEVER_AT)
    known = {name: np.where(lead[name] < NOW_AT, lead[name], NEVER_AT) for name in ("mql", "sal", "sql")}
    rejected = np.where((lead["status"] == 3) & (lead["sal"] < NOW_AT), lead["sal"], NEVER_AT)
    is_rejected = rejected < NEVER_AT
    return {
        "lead_id": c.key(LEAD, lead["number"], 8),
        "account_id": c.key(ACCOUNT, lead["account"], 5),
        "lead_source": c.label(lead["source"], SOURCES),
        "campaign_id": c.key(CAMPAIGN, campaign_of(model.world, lead["source"], lead["created"] // 86_400), 3),
        "created_at": c.stamp(lead["created"]),
        "status": c.label(_status(lead, touched), STATUSES),
        "assigned_to": c.key(PERSON, lead["person"], 4),
        "assigned_at": c.stamp(lead["created"] + 600),
        "first_touch_at": c.stamp(touched),
        "accepted_at": c.stamp(np.where(is_rejected, NEVER_AT, known["sal"])),
        "rejected_at": c.stamp(rejected),
        "reject_reason": c.label(np.where(is_rejected, lead["number"] % len(REJECTED), -1), REJECTED),
        "mql_at": c.stamp(known["mql"]),
        "sal_at": c.stamp(np.where(is_rejected, NEVER_AT, known["sal"])),
        "sql_at": c.stamp(known["sql"]),
        "converted_at": c.stamp(lead["converted"]),
        "converted_opportunity_id": c.key(DEAL, lead["deal"], 8),
    }


def _status(lead: dict[str, Numbers], touched: Numbers) -> Numbers:
    """A lead that nobody has touched yet is open; one whose next step lies ahead is being worked on."""
    ahead = (lead["status"] != 4) & (lead["sal"] >= NOW_AT) & (lead["sal"] < NEVER_AT)
    status = np.where(ahead, 1, lead["status"])
    return np.where(touched < NEVER_AT, status, 0)


def _converted(model: Model) -> dict[str, Numbers]:
    """Leads that became new deals: all of those that sellers did not find themselves."""
    deals, world = model.pipeline, model.world
    source = lead_source(world, deals.number)
    deal = np.flatnonzero((deals.kind == NEW) & (source != OUTBOUND))
    number = deals.number[deal] * 2
    account = deals.account[deal]
    at = deals.created_at[deal]
    ahead = 4 + (world.uniform("leads.ahead", number) * 40).astype("int64")
    created = at - ahead * 86_400
    return {
        "number": number,
        "account": account,
        "source": source[deal],
        "created": created,
        "touched": created + 3600 + (world.uniform("leads.touch", number) * 80_000).astype("int64"),
        "mql": created + 86_400,
        "sal": created + 2 * 86_400,
        "sql": created + 3 * 86_400,
        "converted": at,
        "status": np.full(len(deal), 4),
        "deal": deals.number[deal],
        "person": model.people.in_region("sdr", model.accounts.region[account], number // 8),
    }


def _unconverted(model: Model) -> dict[str, Numbers]:
    """Leads that came to nothing, or have not come to anything yet."""
    world = model.world
    first = START - 60
    n = world.count(LEADS * (END - first) / 365.25 * plants.SEASON_MAX)
    number = np.arange(n) * 2 + 1
    days = working_day(first + (world.uniform("leads.created", number) * (END - first)).astype("int64"))
    share: Reals = plants.season(world.planted, days) / plants.SEASON_MAX
    kept = (world.uniform("leads.kept", number) < share) & (days <= LAST)
    number, days = number[kept], days[kept]
    created = instant(days, 7.0, world.uniform("leads.hour", number) * 9)
    step = [
        created + 1800 + (world.uniform(f"leads.{name}", number) * 4 * 86_400).astype("int64") + i * 4 * 86_400
        for i, name in enumerate(("mql", "sal", "sql"))
    ]
    # how far it came: not marketing-qualified, rejected, accepted only, sales-qualified only
    far = world.choice("leads.far", number, (0.5, 0.2, 0.15, 0.15))
    never = np.full(len(number), NEVER_AT)
    return {
        "number": number,
        "account": np.full(len(number), -1),
        "source": world.choice("leads.source", number, (0.5, 0.25, 0.15, 0.1)),
        "created": created,
        "touched": created + 3600 + (world.uniform("leads.touch", number) * 80_000).astype("int64"),
        "mql": np.where(far >= 1, step[0], never),
        "sal": np.where(far >= 1, step[1], never),
        "sql": np.where(far >= 3, step[2], never),
        "converted": never,
        "status": np.array((5, 3, 2, 5))[far],
        "deal": np.full(len(number), -1),
        "person": model.people.in_region("sdr", world.choice("leads.region", number, REGION_SHARE), number // 2),
    }


def spending(model: Model) -> dict[str, Numbers]:
    """Return what campaigns cost: a record a month and channel (``month``, ``campaign``, cents)."""
    month = np.repeat(np.arange(int(months(START)), int(months(LAST)) + 1), len(CHANNELS))
    channel = np.tile(np.arange(len(CHANNELS)), len(month) // len(CHANNELS))
    number = month * len(CHANNELS) + channel
    budget = np.array((180, 240, 120, 60))[channel] * 1000 * model.world.scale / 6
    spent = budget * (0.9 + 0.15 * model.world.uniform("spend.campaign", number))
    campaign = channel * HALVES + np.clip(month // 6 - FIRST_HALF, 0, HALVES - 1)
    return {"month": month, "campaign": campaign, "cents": np.round(spent * 100).astype("int64")}
