"""Invoices: one for each billing period of a subscription, and one for what is added within a period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizops.sources.demo import columns as c
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, NEVER, START, Numbers, add_months, month_start, months
from bizops.sources.demo.keys import ACCOUNT, CONTRACT, INVOICE, SUBSCRIPTION
from bizops.sources.demo.lives import LIVES
from bizops.sources.demo.model import Model
from bizops.sources.demo.world import CURRENCIES, INTERVAL_MONTHS

TAX = (0.19, 0.20, 0.25, 0.21)
"""Tax rate by region."""

DUE_DAYS = 30
MOST_LATE = 45
"""Days after the due date by which everybody has paid."""


@dataclass(frozen=True)
class Bills:
    """Invoices by life and day of issue; ``subtotal`` in cents, ``paid`` perhaps ahead of the clock."""

    life: Numbers
    issued: Numbers
    due: Numbers
    paid: Numbers
    subtotal: Numbers


def bill(model: Model) -> Bills:
    """Return all invoices issued in the three years."""
    whole, parts = _regular(model), _added(model)
    life, day, cents = (np.concatenate(columns) for columns in zip(whole, parts, strict=True))
    kept = (day >= START) & (day <= LAST) & (cents > 0)
    life, day, cents = life[kept], day[kept], cents[kept]
    paused = (model.revenue.paused[life] <= day) & (day < model.revenue.resumed[life])
    life, day, cents = life[~paused], day[~paused], cents[~paused]
    order = np.lexsort((day, life))
    life, day, cents = life[order], day[order], cents[order]
    first = np.flatnonzero(np.r_[True, (life[1:] != life[:-1]) | (day[1:] != day[:-1])])
    subtotal = np.add.reduceat(cents, first)
    life, day = life[first], day[first]
    number = _number(life, day)
    auto = model.accounts.segment[life // LIVES] == 0
    lag = np.where(
        auto,
        (model.world.uniform("invoices.lag", number) * 4).astype("int64"),
        np.minimum(20 * np.exp(0.5 * model.world.normal("invoices.wait", number)), DUE_DAYS + MOST_LATE).astype(
            "int64"
        ),
    )
    return Bills(life, day, day + np.where(auto, 14, DUE_DAYS), day + lag, subtotal)


def _number(life: Numbers, day: Numbers) -> Numbers:
    return life * 4096 + (day - START)


def _periods(model: Model, life: Numbers) -> tuple[Numbers, Numbers]:
    """Return the first day of the told service of each life, and the months of its billing period."""
    return model.lives.start[life], np.array(INTERVAL_MONTHS)[model.accounts.segment[life // LIVES]]


def _begun(anchor: Numbers, day: Numbers, length: Numbers) -> Numbers:
    """Return how many billing periods of ``length`` months have begun before ``day``."""
    inside = (day - month_start(months(day))) < (anchor - month_start(months(anchor)))
    whole = months(day) - months(anchor) - inside  # whole months passed
    exact = add_months(anchor, whole) == day
    return np.asarray(np.maximum((whole + np.where(exact, length - 1, length)) // length, 0), "int64")


def _regular(model: Model) -> tuple[Numbers, Numbers, Numbers]:
    """At the start of each billing period, what is in force then."""
    rows = model.revenue.rows
    life = rows.life
    anchor, length = _periods(model, life)
    first = _begun(anchor, np.maximum(rows.start, START), length)
    stop = _begun(anchor, np.minimum(rows.end, LAST + 1), length)
    counts = np.maximum(stop - first, 0)
    row = np.repeat(np.arange(len(life)), counts)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + first[row]
    day = add_months(anchor[row], rank * length[row])
    return life[row], day, rows.monthly[row] * length[row]


def _added(model: Model) -> tuple[Numbers, Numbers, Numbers]:
    """Within a billing period, what is added to the product's line, for the rest of the period."""
    rows = model.revenue.rows
    life = rows.life
    anchor, length = _periods(model, life)
    before = np.r_[0, rows.monthly[:-1]]
    follows = np.r_[False, (rows.position[1:] == rows.position[:-1]) & (rows.start[1:] == rows.end[:-1])]
    more = rows.monthly - np.where(follows, before, 0)
    period = _begun(anchor, rows.start, length)
    start = add_months(anchor, np.maximum(period - 1, 0) * length)
    end = add_months(anchor, np.maximum(period, 1) * length)
    inside = (rows.start > start) & (rows.start < end) & (more > 0) & (rows.start <= LAST)
    share = (end - rows.start)[inside] / (end - start)[inside]
    return life[inside], rows.start[inside], np.round(more[inside] * length[inside] * share).astype("int64")


def overdue_since(model: Model) -> Numbers:
    """Return by life the due date of the oldest invoice that is unpaid a week after it was due; NEVER for none."""
    bills = bill(model)
    late = (bills.paid > LAST) & (bills.due + 7 <= LAST)
    since = np.full(len(model.lives.start), NEVER)
    np.minimum.at(since, bills.life[late], bills.due[late])
    return since


def _contract(model: Model, bills: Bills) -> Numbers:
    """Return the number of the contract behind each invoice: the last one that had begun and was signed by then."""
    terms = model.lives.terms
    signed = model.revenue.terms
    since = np.where(terms.rank[signed] > 0, terms.decided[signed - 1], 0)
    keys = terms.life[signed] * 2**20 + np.maximum(terms.start[signed], since)
    place = np.searchsorted(keys, bills.life * 2**20 + bills.issued, side="right") - 1
    return np.asarray(terms.number[signed[place]] * 2)


def table(model: Model) -> dict[str, Column]:
    """Return the table invoice."""
    bills = bill(model)
    account = bills.life // LIVES
    tax = np.round(bills.subtotal * np.array(TAX)[model.accounts.region[account]]).astype("int64")
    total = bills.subtotal + tax
    paid = bills.paid <= LAST
    late = ~paid & (bills.due < LAST)
    return {
        "invoice_id": c.key(INVOICE, _number(bills.life, bills.issued), 8),
        "account_id": c.key(ACCOUNT, account, 5),
        "subscription_id": c.key(SUBSCRIPTION, bills.life, 6),
        "contract_id": c.key(CONTRACT, _contract(model, bills), 8),
        "status": c.label(paid.astype("int64"), ("open", "paid")),
        "issued_on": c.date(bills.issued),
        "due_on": c.date(bills.due),
        "paid_on": c.date(np.where(paid, bills.paid, NEVER)),
        "subtotal": c.money(bills.subtotal),
        "tax": c.money(tax),
        "total": c.money(total),
        "amount_due": c.money(total),
        "amount_paid": c.money(np.where(paid, total, 0)),
        "currency": c.label(model.accounts.currency[account], CURRENCIES),
        "n_attempts": c.integer(np.where(paid | late, 1, 0)),
        "dunning_status": c.label(np.where(late, 0, -1), ("in_progress",)),
    }
