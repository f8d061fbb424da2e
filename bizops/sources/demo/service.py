"""How customers use the products, ask for help, and what they say about it. None of it foretells who leaves."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo.columns import NEVER_AT, Column
from bizops.sources.demo.days import LAST, NOW_AT, START, Numbers, instant, month_start, months, working_day
from bizops.sources.demo.keys import ACCOUNT, ANSWER, PERSON, TICKET
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.model import Model
from bizops.sources.demo.people_tables import product_key
from bizops.sources.demo.subscriptions import P

TICKETS = 4.0
"""Tickets a year of a customer."""

SURVEYED = 0.25
"""Share of the customers who answer the quarterly survey."""

PRIORITIES = ("low", "normal", "high", "urgent")


def tables(model: Model) -> dict[str, dict[str, Column]]:
    """Return usage_daily, ticket, survey_response."""
    return {"usage_daily": _usage(model), "ticket": _tickets(model), "survey_response": _surveys(model)}


def _usage(model: Model) -> dict[str, Column]:
    """Use of each product on the last working day of each month."""
    month = np.arange(int(months(START)), int(months(LAST)))
    days = working_day(month_start(month + 1) - 3)
    rows = model.revenue.rows
    first, stop = np.searchsorted(days, np.maximum(rows.start, START)), np.searchsorted(days, rows.end)
    there = model.lives.exists[rows.life // LIVES]
    counts = np.where(there, np.maximum(stop - first, 0), 0)
    row = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + first[row]
    number = rows.position[row] * 1024 + place
    paid = rows.licences[row]
    usual = 0.6 + 0.3 * model.world.uniform("usage.usual", rows.position[row])
    share = np.clip(usual + 0.06 * model.world.normal("usage.month", number), 0.05, 1)
    active = np.maximum(1, np.round(paid * share)).astype("int64")
    users = np.maximum(1, np.round(active * 0.55)).astype("int64")
    events = np.round(users * (12 + 10 * model.world.uniform("usage.events", number))).astype("int64")
    order = np.lexsort((rows.position[row], place))
    row, place, paid, active, users, events = (v[order] for v in (row, place, paid, active, users, events))
    return {
        "account_id": c.key(ACCOUNT, rows.position[row] // P // LIVES, 5),
        "product_id": product_key(rows.position[row] % P),
        "on": c.date(days[place]),
        "active_users": c.integer(users),
        "events": c.integer(events),
        "value_actions": c.integer(events // 4),
        "seats_paid": c.integer(paid),
        "seats_active": c.integer(active),
    }


def _asked(model: Model) -> tuple[Numbers, Numbers, Numbers]:
    """Return number, account and instant of each ticket: four a year each, at any time of a customer's life."""
    world, life = model.world, model.life
    slots = int((LAST - START) / 365.25 * TICKETS * 2)
    number = (life[:, None] * 64 + np.arange(slots)).ravel()
    of_life = np.repeat(life, slots)
    days = START + (world.uniform("tickets.created", number) * (LAST - START)).astype("int64")
    days = np.minimum(working_day(days), LAST - 2)
    inside = (days >= model.lives.since[of_life]) & (days < model.lives.end[of_life])
    kept = inside & (world.uniform("tickets.kept", number) < 0.5)
    number, account, days = number[kept], of_life[kept] // LIVES, days[kept]
    return number, account, instant(days, 7.0, world.uniform("tickets.hour", number) * 9)


def _tickets(model: Model) -> dict[str, Column]:
    """Tickets with the times of the first reply and of the solution, as far as they are known."""
    world = model.world
    number, account, created = _asked(model)
    reply = np.round(90 * np.exp(0.9 * world.normal("tickets.reply", number))).astype("int64") + 2
    solving = reply + np.round(1500 * np.exp(world.normal("tickets.solving", number))).astype("int64")
    solved = np.where(created + solving * 60 < NOW_AT, created + solving * 60, NEVER_AT)
    done = solved < NEVER_AT
    rated = done & (world.uniform("tickets.rated", number) < 0.3) & (solved + 7200 < NOW_AT)
    bad = world.uniform("tickets.good", number) >= 0.88
    agents = model.people.in_region("cs_agent", model.accounts.region[account], number)
    return {
        "ticket_id": c.key(TICKET, number, 7),
        "account_id": c.key(ACCOUNT, account, 5),
        "created_at": c.stamp(created),
        "solved_at": c.stamp(solved),
        "status": c.label(done.astype("int64"), ("open", "solved")),
        "priority": c.label(world.choice("tickets.priority", number, (0.25, 0.5, 0.2, 0.05)), PRIORITIES),
        "channel": c.label(world.choice("tickets.channel", number, (0.5, 0.3, 0.2)), ("email", "chat", "portal")),
        "type": c.label(world.choice("tickets.type", number, (0.5, 0.3, 0.2)), ("question", "problem", "request")),
        "assignee_id": c.key(PERSON, agents, 4),
        "product_id": product_key(model.accounts.core[account]),
        "first_reply_min_cal": c.integer(reply, created + reply * 60 >= NOW_AT),
        "full_resolution_min_cal": c.integer(solving, ~done),
        "n_reopens": c.integer((world.uniform("tickets.reopened", number) < 0.07).astype("int64")),
        "n_replies": c.integer(1 + (world.uniform("tickets.replies", number) * 5).astype("int64")),
        "csat": c.label(np.where(rated, bad.astype("int64"), -1), ("good", "bad")),
        "csat_at": c.stamp(np.where(rated, solved + 7200, NEVER_AT)),
    }


def _surveys(model: Model) -> dict[str, Column]:
    """A quarterly recommendation score of a quarter of the customers."""
    world = model.world
    parts = []
    for month in range(int(months(START)) + 1, int(months(LAST)) + 1, 3):
        on = int(month_start(month)) + 9
        customers = np.flatnonzero(model.customer(on))
        parts.append((customers * 1024 + month, customers, np.full(len(customers), on)))
    number, account, days = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = world.uniform("surveys.answered", number) < SURVEYED
    number, account, days = number[kept], account[kept], days[kept]
    later: Numbers = (world.uniform("surveys.wait", number) * 10).astype("int64")
    sent = instant(working_day(days), 8.0)
    score = np.clip(np.round(8.1 + 1.7 * world.normal("surveys.score", number)), 0, 10).astype("int64")
    return {
        "response_id": c.key(ANSWER, number, 8),
        "account_id": c.key(ACCOUNT, account, 5),
        "type": c.same("nps", len(number)),
        "score": c.quantity(score),
        "at": c.stamp(sent + 3600 + later * 86_400),
        "sent_at": c.stamp(sent),
    }
