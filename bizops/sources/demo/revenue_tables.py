"""Tables of contracts, subscriptions, their lines and renewals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bizops.sources.demo import columns as c
from bizops.sources.demo.account_tables import idle
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, NEVER, START, Flags, Numbers, instant
from bizops.sources.demo.deals import EXPANSION, NEW, RENEWAL
from bizops.sources.demo.invoices import overdue_since
from bizops.sources.demo.keys import ACCOUNT, CONTRACT, DEAL, POSITION, SUBSCRIPTION
from bizops.sources.demo.keys import RENEWAL as RENEWAL_KEY
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.model import Model
from bizops.sources.demo.people_tables import Tables, product_key
from bizops.sources.demo.pipeline_tables import CHURN_REASONS, churn_reason
from bizops.sources.demo.prices import UPLIFT, UPLIFT_SHARE
from bizops.sources.demo.subscriptions import P, due
from bizops.sources.demo.world import CURRENCIES, INTERVAL_MONTHS

STATUSES = ("trial", "active", "non_renewing", "past_due", "paused", "cancelled")
TRIAL, ACTIVE, NON_RENEWING, PAST_DUE, PAUSED, CANCELLED = range(6)

CANCELLED_BY = ("voluntary", "payment_failed")
INTERVALS = ("month", "quarter", "year")
RISKS = ("will_renew", "will_contract", "will_churn_actionable", "will_churn")

TRIALS = 0.12
"""Prospects without a deal that tried the product."""


def tables(model: Model) -> Tables:
    """Return contract, subscription, subscription_line, renewal."""
    return {
        "contract": _contracts(model),
        "subscription": _subscriptions(model),
        "subscription_line": _lines(model),
        "renewal": _renewals(model),
    }


def _contracts(model: Model) -> dict[str, Column]:
    """One contract for each signed term, and an amendment for each expansion that was won."""
    base, more = _term_contracts(model), _amendments(model)
    rows = {name: np.concatenate([base[name], more[name]]) for name in base}
    n = len(rows["number"])
    ended = rows["end"] <= LAST
    status = np.where(rows["start"] > LAST, 0, np.where(ended & ~rows["pending"], 2, 1))
    raised = model.world.uniform("renewals.uplift", rows["term"]) < UPLIFT_SHARE
    return {
        "contract_id": c.key(CONTRACT, rows["number"], 8),
        "account_id": c.key(ACCOUNT, rows["account"], 5),
        "opportunity_id": c.key(DEAL, rows["deal"], 8),
        "signed_on": c.date(rows["signed"]),
        "start_on": c.date(rows["start"]),
        "end_on": c.date(rows["end"]),
        "term_months": c.integer(rows["months"]),
        "is_auto_renew": c.flag(np.zeros(n, dtype=bool)),
        "notice_days": c.integer(np.full(n, 10)),
        "tcv": c.money(rows["tcv"]),
        "currency": c.label(model.accounts.currency[rows["account"]], CURRENCIES),
        "uplift_rate": c.rate(np.where(raised, UPLIFT, 0.0)),
        "status": c.label(status, ("signed", "active", "expired")),
        "notice_given_on": c.date(rows["notice"]),
    }


def _term_contracts(model: Model) -> dict[str, Numbers]:
    terms, revenue, deals = model.lives.terms, model.revenue, model.pipeline
    t = revenue.terms
    number, life, rank, account = terms.number[t], terms.life[t], terms.rank[t], terms.account[t]
    attempts = model.lives.attempts
    opened = np.full(len(model.lives.start), -1)
    opened[attempts.life[attempts.life >= 0]] = np.flatnonzero(attempts.life >= 0)
    attempt = opened[life]
    deal = np.where(
        rank > 0, (number - 1) * 4 + RENEWAL, np.where(attempt >= 0, attempts.number[attempt] * 4 + NEW, -1)
    )
    signed = np.where(
        rank > 0, terms.decided[t - 1], np.where(attempt >= 0, attempts.close[attempt], terms.start[t] - 15)
    )
    place = np.minimum(np.searchsorted(np.sort(deals.number), deal), len(deals) - 1)
    value = deals.amount[np.argsort(deals.number, kind="stable")][place]
    first = revenue.yearly(life, terms.start[t])
    months = model.accounts.term[account]
    known = terms.known[t]
    return {
        "number": number * 2,
        "account": account,
        "deal": deal,
        "signed": signed,
        "start": terms.start[t],
        "end": terms.end[t],
        "months": months,
        "tcv": np.round(np.where(deal >= 0, value, first) * months / 12).astype("int64"),
        "term": number,
        "notice": np.where(known & terms.lost[t], terms.decided[t], NEVER),
        "pending": ~known,
    }


def _amendments(model: Model) -> dict[str, Numbers]:
    deals = model.pipeline
    d = np.flatnonzero((deals.kind == EXPANSION) & deals.won)
    return {
        "number": deals.number[d] * 2 + 1,
        "account": deals.account[d],
        "deal": deals.number[d],
        "signed": deals.close_on[d],
        "start": deals.starts[d],
        "end": deals.until[d],
        "months": deals.term[d],
        "tcv": np.round(deals.amount[d] * deals.term[d] / 12).astype("int64"),
        "term": deals.number[d],
        "notice": np.full(len(d), NEVER),
        "pending": np.zeros(len(d), dtype=bool),
    }


def _current_term(model: Model, life: Numbers) -> Numbers:
    """Return the position of the last signed term that has started, for each life."""
    terms, t = model.lives.terms, model.revenue.terms
    t = t[terms.start[t] <= LAST]
    return t[np.searchsorted(terms.life[t], life, side="right") - 1]


def _subscriptions(model: Model) -> dict[str, Column]:
    """One subscription for each life of a customer, and those of prospects on trial."""
    lives, life = model.lives, model.life
    term = _current_term(model, life)
    tried = _trials(model)
    n, m = len(life), len(tried["account"])
    nothing, never, over = np.full(m, -1), np.full(m, NEVER), tried["end"] <= LAST
    end, ended = lives.end[life], lives.end[life] <= LAST
    paused, resumed = model.revenue.paused[life], model.revenue.resumed[life]
    since = np.where(ended, NEVER, overdue_since(model)[life])
    reason = np.where(end < NEVER, churn_reason(model, term), -1)
    unpaid = (reason == len(CHURN_REASONS) - 1).astype("int64")
    status = _statuses(end, since, (paused < NEVER) & (resumed == NEVER))
    both = np.concatenate
    account = both([life // LIVES, tried["account"]])
    return {
        "subscription_id": c.key(SUBSCRIPTION, both([life, tried["number"]]), 6),
        "account_id": c.key(ACCOUNT, account, 5),
        "contract_id": c.key(CONTRACT, both([lives.terms.number[term] * 2, nothing]), 8),
        "status": c.label(both([status, np.where(over, CANCELLED, TRIAL)]), STATUSES),
        "started_on": c.date(both([lives.since[life], tried["start"]])),
        "trial_end_on": c.date(both([np.full(n, NEVER), tried["end"]])),
        "current_term_end_on": c.date(both([np.where(ended, NEVER, lives.terms.end[term]), never])),
        "cancel_requested_at": c.stamp(instant(both([lives.notice[life], never]), 9.0)),
        "cancel_at": c.stamp(instant(both([end, never]), 0.0)),
        "ended_on": c.date(both([np.where(ended, end, NEVER), np.where(over, tried["end"], NEVER)])),
        "paused_on": c.date(both([paused, never])),
        "resumed_on": c.date(both([resumed, never])),
        "past_due_since_on": c.date(both([since, never])),
        "cancel_reason": c.label(both([np.where(reason < 0, -1, unpaid), np.where(over, 0, -1)]), CANCELLED_BY),
        "cancel_feedback": c.label(both([reason, nothing]), CHURN_REASONS),
        "collection": c.label((model.accounts.segment[account] == 0).astype("int64"), ("manual", "auto")),
    }


def _statuses(end: Numbers, overdue: Numbers, paused: Flags) -> Numbers:
    """Return the status of each life by what is strongest: an end, a pause, a known end, an unpaid invoice."""
    status = np.where(overdue < NEVER, PAST_DUE, ACTIVE)
    status = np.where(end < NEVER, NON_RENEWING, status)
    status = np.where(paused, PAUSED, status)
    return np.where(end <= LAST, CANCELLED, status)


def _trials(model: Model) -> dict[str, Numbers]:
    """Prospects who tried the product for thirty days and did not stay, or are trying it now."""
    account = idle(model)
    account = account[model.world.uniform("trials.chosen", account) < TRIALS]
    begin = np.maximum(model.accounts.created[account], START)
    start = begin + (model.world.uniform("trials.start", account) * (LAST - begin)).astype("int64")
    return {
        "number": (len(model.accounts) + account) * LIVES,
        "account": account,
        "start": start,
        "end": start + 30,
        "licences": np.maximum(3, np.round(0.3 * model.accounts.licences[account])).astype("int64"),
    }


def _lines(model: Model) -> dict[str, Column]:
    """Effective-dated lines: a line of a product keeps its key through all changes of licences and price."""
    rows, accounts = model.revenue.rows, model.accounts
    r = np.flatnonzero((rows.start <= LAST) & model.lives.exists[rows.life // LIVES])
    tried = _trials(model)
    account = np.concatenate([rows.life[r] // LIVES, tried["account"]])
    product = np.concatenate([rows.position[r] % P, accounts.core[tried["account"]]])
    interval = accounts.segment[account]
    times = np.array(INTERVAL_MONTHS)[interval]
    price = np.concatenate([rows.price[r], model.prices.base(tried["account"], accounts.core[tried["account"]])])
    promotion = np.concatenate([rows.promotion[r], np.zeros(len(tried["account"]), "int64")])
    promoted: Flags = promotion > 0
    end = np.concatenate([rows.end[r], tried["end"]])
    n = len(account)
    return {
        "line_id": c.key(POSITION, np.concatenate([rows.position[r], tried["number"] * P]), 7),
        "subscription_id": c.key(SUBSCRIPTION, np.concatenate([rows.life[r], tried["number"]]), 6),
        "product_id": product_key(product),
        "plan_id": c.same("standard", n),
        "quantity": c.quantity(np.concatenate([rows.licences[r], tried["licences"]])),
        "unit_price": c.money(price * times),
        "currency": c.label(accounts.currency[account], CURRENCIES),
        "interval": c.label(interval, INTERVALS),
        "interval_count": c.integer(np.ones(n, "int64")),
        "discount_amount": c.money(promotion * times, ~promoted),
        "discount_kind": c.label(np.where(promoted, 0, -1), ("repeating",)),
        "discount_months": c.integer(np.full(n, 12), ~promoted),
        "is_metered": c.flag(np.zeros(n, dtype=bool)),
        "committed_minimum": c.money(np.zeros(n, "int64"), np.ones(n, dtype=bool)),
        "valid_from": c.date(np.concatenate([rows.start[r], tried["start"]])),
        "valid_to": c.date(np.where(end <= LAST, end, NEVER)),
    }


def _renewals(model: Model) -> dict[str, Column]:
    """Terms that end in the three years or the next three quarters, with what became of them."""
    terms, revenue, world = model.lives.terms, model.revenue, model.world
    t = due(model.lives, revenue)
    number, life, account, end = terms.number[t], terms.life[t], terms.account[t], terms.end[t]
    decided, lost = terms.known[t], terms.lost[t]
    status = np.where(decided, np.where(lost, 1, 0), np.where(end <= LAST, 3, 2))
    after = np.where(lost, 0, revenue.yearly(life, end))
    gone = decided & lost
    reason = np.where(gone, churn_reason(model, t), -1)
    # the class is a person's guess: right more often than not
    guess = world.uniform("renewals.guess", number)
    bounds = np.where(lost[:, None], (0.35, 0.5, 0.75), (0.84, 0.92, 0.98))
    n = len(t)
    return {
        "renewal_id": c.key(RENEWAL_KEY, number, 7),
        "account_id": c.key(ACCOUNT, account, 5),
        "contract_id": c.key(CONTRACT, number * 2, 8),
        "term_end_on": c.date(end),
        "atr": c.money(revenue.yearly(life, end - 1)),
        "currency": c.label(model.accounts.currency[account], CURRENCIES),
        "status": c.label(status, ("won", "lost", "open", "late")),
        "renewed_arr": c.money(after, ~decided),
        "closed_on": c.date(np.where(decided, terms.decided[t], NEVER)),
        "risk_class": c.label((guess[:, None] > bounds).sum(axis=1), RISKS),
        "reason": c.label(reason, CHURN_REASONS),
        "sub_reason": c.same(None, n, pa.string()),
        "is_avoidable": _avoidable(reason, gone),
    }


def _avoidable(reason: Numbers, gone: Flags) -> Column:
    """Whether a loss could have been avoided; empty where nothing was lost."""
    codes = np.where(gone, np.isin(reason, (8, 9)).astype("int64"), -1)
    return c.label(codes, pa.array([True, False]))
