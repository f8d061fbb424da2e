"""What accounts and territories are worth: bookings a year to be expected of them. Quotas and plans rest on it."""

from __future__ import annotations

import numpy as np

from bizops.sources.demo import plants
from bizops.sources.demo.days import AS_OF, LAST, START, Numbers, Reals, day
from bizops.sources.demo.deals import EXPANSIONS, LANDING, MORE
from bizops.sources.demo.lives import LIVES, WIN_BACK
from bizops.sources.demo.model import Model
from bizops.sources.demo.world import PRICE

TRIES = 1.8
"""Deals a year with a prospect that is in play."""

UNTOUCHED = 0.03
"""What a prospect that nobody works on is worth, against its yearly price."""


def account_potential(model: Model, days: int) -> Reals:
    """Return by account number the bookings of a year to be expected on a day, in company currency.

    Customers buy more, prospects in play may be won, former customers may come back.
    """
    accounts, lives = model.accounts, model.lives
    n = len(accounts)
    yearly = accounts.licences * PRICE[0] * 12 * (1 - accounts.discount) * plants.growth(np.full(n, days))
    last = np.zeros(n, "int64")
    np.maximum.at(last, lives.attempts.account, lives.attempts.close)
    was = lives.since[np.arange(n) * LIVES] <= days
    tries = TRIES * plants.WIN * LANDING * 1.08  # with add-ons
    share = np.where(last >= days, tries, UNTOUCHED)
    share = np.where(was, tries * WIN_BACK, share)
    share = np.where(model.customer(days), EXPANSIONS * plants.WIN * MORE, share)
    return np.where(lives.exists & (accounts.created <= days), share * yearly, 0.0)


def yearly_view(year: int) -> Numbers:
    """Return the days on which a year's potential is looked at: the first of its quarters, as far as they are known."""
    first = np.array([day(f"{year}-{month:02d}-01") for month in (1, 4, 7, 10)])
    return np.unique(np.clip(first, START, LAST))


def usual_potential(model: Model) -> Reals:
    """Return by account number the mean potential of the running year, as quotas were made from it."""
    days = yearly_view(AS_OF.year).tolist()
    return np.asarray(np.mean([account_potential(model, each) for each in days], axis=0), "float64")


def seat_potential(model: Model, on: Numbers) -> Reals:
    """Return by seat the mean potential of its accounts over the days ``on``."""
    who = model.account
    total = np.zeros(len(model.people.seats))
    for days in on.tolist():
        seat = model.accounts.seat_on(model.people.seats, who, np.full(len(who), days))
        total += np.bincount(seat, weights=account_potential(model, days)[who], minlength=len(total))
    return np.asarray(total / len(on), "float64")
