"""Tables of deals: present state, history, lines and splits."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo.account_tables import account_names
from bizops.sources.demo.activities import last_activity
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, NEVER, Numbers, Reals, year
from bizops.sources.demo.deals import KINDS, NEW, RENEWAL, STAGES
from bizops.sources.demo.history import LOST
from bizops.sources.demo.hygiene import afflicted, removable
from bizops.sources.demo.keys import ACCOUNT, CAMPAIGN, DEAL, LINE, PERSON, SEAT, SPLIT
from bizops.sources.demo.marketing import SOURCES, campaign_of, lead_source
from bizops.sources.demo.model import Model
from bizops.sources.demo.people_tables import (
    CATEGORIES,
    CATEGORY,
    PROBABILITY,
    Tables,
    product_key,
    stage_key,
)
from bizops.sources.demo.world import CURRENCIES, World

COMPETITORS = ("Trellwood", "Ostrava One", "Kitepath")
REASONS = ("price", "no decision", "missing feature", "timing", "budget cut", "competitor")
CHURN_REASONS = (
    "price_budget",
    "value_not_realised",
    "missing_feature",
    "quality_reliability",
    "too_complex",
    "service_experience",
    "competitor",
    "sponsor_left",
    "business_change",
    "involuntary_payment",
)
NEXT_STEPS = (
    "Agree on the need with the sponsor",
    "Show the product to the users",
    "Run the trial and agree on its measures",
    "Walk through the offer with the buyer",
    "Settle terms with legal",
)

SHARED = 0.06
"""Deals whose credit two sellers share."""

OVERLAY = 0.05
"""Deals with a sales engineer's overlay credit."""


def lost_reason(world: World, number: Numbers, competitor: Numbers) -> Numbers:
    """Return the position of each deal's stated reason, if it is lost: a competitor only where there is one."""
    reason = world.choice("deals.reason", number, (0.25, 0.3, 0.2, 0.15, 0.1))
    beaten = (competitor >= 0) & (world.uniform("deals.beaten", number) < 0.4)
    return np.where(beaten, len(REASONS) - 1, reason)


def competitor_of(world: World, number: Numbers) -> Numbers:
    """Return the position of the competitor of each deal, -1 without one; it does not change who wins."""
    present = world.uniform("deals.contested", number) < 0.45
    return np.where(present, world.choice("deals.competitor", number, (0.45, 0.33, 0.22)), -1)


def churn_reason(model: Model, term: Numbers) -> Numbers:
    """Return the position in ``CHURN_REASONS`` of each lost term; losses by the planted cause name quality mostly."""
    world, terms = model.world, model.lives.terms
    number = terms.number[term]
    reason = world.choice("renewals.reason", number, (0.2, 0.17, 0.12, 0.1, 0.07, 0.08, 0.1, 0.06, 0.06, 0.04))
    quality = terms.by_cause[term] & (world.uniform("renewals.by_cause", number) < 0.6)
    return np.where(quality, CHURN_REASONS.index("quality_reliability"), reason)


def tables(model: Model) -> Tables:
    """Return opportunity, opportunity_history, opportunity_line, opportunity_split."""
    return {
        "opportunity": _deals(model),
        "opportunity_history": _history(model),
        "opportunity_line": _lines(model),
        "opportunity_split": _splits(model),
    }


def _deals(model: Model) -> dict[str, Column]:
    world, deals = model.world, model.pipeline
    n, number = len(deals), deals.number
    competitor = np.where(deals.kind == RENEWAL, -1, competitor_of(world, number))
    created = np.asarray(deals.created_at // 86_400)
    source = np.where(deals.kind == NEW, lead_source(world, number), -1)
    return {
        "opportunity_id": c.key(DEAL, number, 8),
        "account_id": c.key(ACCOUNT, deals.account, 5),
        "owner_id": c.key(PERSON, deals.owner, 4),
        "name": _names(model, year(created)),
        "type": c.label(deals.kind, KINDS),
        "pipeline_id": c.same("sales", n),
        "stage_id": stage_key(deals.stage),
        "forecast_category": c.label(CATEGORY[deals.stage - 1], CATEGORIES),
        **_values(model),
        "created_at": c.stamp(deals.created_at),
        "qualified_at": c.stamp(deals.qualified_at),
        "close_on": c.date(deals.close_on),
        "is_closed": c.flag(deals.closed),
        "is_won": c.flag(deals.won),
        "lost_reason": _reasons(model, competitor),
        "competitor": c.label(competitor, COMPETITORS),
        "lead_source": _sources(model, source),
        "campaign_id": c.key(CAMPAIGN, campaign_of(world, source, created), 3),
        "next_step": _next_steps(model),
        "last_activity_at": c.stamp(last_activity(model)),
        "n_pushes": c.integer(deals.n_pushes),
        "territory_id": c.key(SEAT, deals.patch, 3),
        "is_test": c.flag(removable(deals.kind, deals.closed) & afflicted(world, "test_deals", number)),
        "is_deleted": c.flag(deals.deleted),
    }


def _names(model: Model, years: Numbers) -> Column:
    """Names such as ``Velmont Tooling GmbH · Expansion · 2025``."""
    deals = model.pipeline
    account = c.label(np.searchsorted(model.account, deals.account), account_names(model))
    kind = c.label(deals.kind, [name.capitalize() for name in KINDS])
    return c.joined(" · ", account, kind, c.label(years, [str(y) for y in range(2100)]))


def _values(model: Model) -> dict[str, Column]:
    """The value of each deal: at a lost renewal the amount is what was at stake."""
    deals = model.pipeline
    lost = (deals.kind == RENEWAL) & deals.closed & ~deals.won
    return {
        "amount": c.money(deals.amount),
        "currency": c.label(model.accounts.currency[deals.account], CURRENCIES),
        "acv": c.money(deals.amount),
        "tcv": c.money(np.round(deals.amount * deals.term / 12).astype("int64")),
        "arr_delta": c.money(np.where(lost, -deals.before, deals.amount - deals.before)),
        "term_months": c.integer(deals.term),
    }


def _reasons(model: Model, competitor: Numbers) -> Column:
    """Reasons of lost sales, and of customers who left at a lost renewal."""
    deals, world = model.pipeline, model.world
    reason = lost_reason(world, deals.number, competitor)
    renewal = np.flatnonzero(deals.kind == RENEWAL)
    term = np.searchsorted(model.lives.terms.number, deals.number[renewal] // 4)
    reason[renewal] = len(REASONS) + churn_reason(model, term)
    told = (deals.stage == LOST) & ~afflicted(world, "lost_reason_missing", deals.number)
    return c.label(np.where(told, reason, -1), (*REASONS, *CHURN_REASONS))


def _sources(model: Model, source: Numbers) -> Column:
    kind = model.pipeline.kind
    own = np.where(kind == NEW, source, len(SOURCES) + np.minimum(kind - 1, 1))
    return c.label(own, (*SOURCES, "customer", "renewal"))


def _next_steps(model: Model) -> Column:
    deals = model.pipeline
    forgotten = afflicted(model.world, "next_step_missing", deals.number)
    return c.label(np.where(deals.closed | forgotten, -1, deals.stage - 1), NEXT_STEPS)


def _history(model: Model) -> dict[str, Column]:
    deals, history = model.pipeline, model.pipeline.history
    step = np.where(history.stage <= STAGES, history.stage - 1, -1)
    last = np.zeros(len(history.deal), dtype=bool)
    last[history.last(len(deals))] = True
    forgotten = afflicted(model.world, "next_step_missing", deals.number)[history.deal] & last
    return {
        "opportunity_id": c.key(DEAL, deals.number[history.deal], 8),
        "valid_from": c.stamp(history.valid_from),
        "valid_to": c.stamp(history.valid_to),
        "stage_id": stage_key(history.stage),
        "forecast_category": c.label(CATEGORY[history.stage - 1], CATEGORIES),
        "amount": c.money(history.amount),
        "currency": c.label(model.accounts.currency[deals.account[history.deal]], CURRENCIES),
        "close_on": c.date(history.close_on),
        "owner_id": c.key(PERSON, history.owner, 4),
        "probability": c.rate(PROBABILITY[history.stage - 1]),
        "next_step": c.label(np.where(forgotten, -1, step), NEXT_STEPS),
        "is_deleted": c.flag(history.deleted == 1),
    }


def _lines(model: Model) -> dict[str, Column]:
    deals, lines = model.pipeline, model.pipeline.lines
    listed = 12 * lines.listed
    full: Reals = (lines.licences * listed).astype("float64")
    discount = np.clip(1 - lines.amount / full, 0, 1)
    number = deals.number[lines.deal] * len(STAGE_LIMIT) + lines.product
    until = deals.until[lines.deal]
    return {
        "line_id": c.key(LINE, number, 9),
        "opportunity_id": c.key(DEAL, deals.number[lines.deal], 8),
        "product_id": product_key(lines.product),
        "quantity": c.quantity(lines.licences),
        "unit_price": c.money(12 * lines.price),
        "list_price": c.money(listed),
        "discount": c.rate(discount),
        "start_on": c.date(deals.starts[lines.deal]),
        "end_on": c.date(np.where(until < NEVER, until, NEVER)),
        "amount": c.money(lines.amount),
    }


STAGE_LIMIT = range(8)
"""Numbers of lines leave room for this many products."""


def _splits(model: Model) -> dict[str, Column]:
    """Revenue credit of 100 % for each sale, sometimes shared by two sellers of a team; overlay credit apart."""
    deals, world, seats = model.pipeline, model.world, model.people.seats
    sale = np.flatnonzero(deals.kind != RENEWAL)
    number = deals.number[sale]
    on = np.minimum(deals.close_on[sale], LAST)
    other = seats.owner(_colleague(model, deals.patch[sale]), on)
    shared = (world.uniform("splits.shared", number) < SHARED) & (other != deals.owner[sale])
    share = np.where(shared, np.where(world.uniform("splits.share", number) < 0.5, 0.5, 0.7), 1.0)
    own = np.round(deals.amount[sale] * share).astype("int64")
    engineer = model.people.in_region("se", model.accounts.region[deals.account[sale]], number // 4)
    assisted = world.uniform("splits.overlay", number) < OVERLAY
    rest = np.flatnonzero(shared)
    helped = np.flatnonzero(assisted)
    order = np.argsort(np.concatenate([sale, sale[rest], sale[helped]]), kind="stable")
    kind = np.repeat([0, 1, 2], [len(sale), len(rest), len(helped)])[order]
    deal = np.concatenate([sale, sale[rest], sale[helped]])[order]
    return {
        "split_id": c.key(SPLIT, deals.number[deal] * 4 + kind, 9),
        "opportunity_id": c.key(DEAL, deals.number[deal], 8),
        "person_id": c.key(PERSON, np.concatenate([deals.owner[sale], other[rest], engineer[helped]])[order], 4),
        "split_type": c.label((kind == 2).astype("int64"), ("revenue", "overlay")),
        "share": c.rate(np.concatenate([share, 1 - share[rest], np.full(len(helped), 0.5)])[order]),
        "amount": c.money(
            np.concatenate(
                [own, deals.amount[sale[rest]] - own[rest], np.round(deals.amount[sale[helped]] * 0.5).astype("int64")]
            )[order]
        ),
    }


def _colleague(model: Model, seat: Numbers) -> Numbers:
    """Return the next seat of the same manager (the same one where the manager has no other)."""
    seats = model.people.seats
    order = np.lexsort((np.arange(len(seats)), seats.manager))
    place = np.empty(len(seats), "int64")
    place[order] = np.arange(len(seats))
    lead = seats.manager[order]
    first, last = np.searchsorted(lead, lead), np.searchsorted(lead, lead, side="right")
    following = first + (np.arange(len(seats)) - first + 1) % (last - first)
    return order[following[place[seat]]]
