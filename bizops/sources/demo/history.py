"""Histories with validity intervals from events: who knew what about each deal, when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizops.sources.demo.days import NEVER, NOW_AT, Numbers

KEEP = -1
"""An event that leaves a field as it is."""

WON, LOST = 6, 7
"""Stage numbers after the five open ones."""


@dataclass(frozen=True)
class History:
    """Rows by deal and validity interval; ``deal`` is the position of the deal, instants are seconds (UTC)."""

    deal: Numbers
    valid_from: Numbers
    valid_to: Numbers
    stage: Numbers
    amount: Numbers
    close_on: Numbers
    owner: Numbers
    deleted: Numbers

    def last(self, n: int) -> Numbers:
        """Return the position of the last row of each of ``n`` deals."""
        return np.searchsorted(self.deal, np.arange(n), side="right") - 1


class Events:
    """Collects what happened to deals; every deal needs a first event that sets all fields."""

    def __init__(self) -> None:
        self.parts: list[tuple[Numbers, ...]] = []

    def add(
        self,
        deal: Numbers,
        at: Numbers,
        *,
        stage: Numbers | int = KEEP,
        amount: Numbers | int = KEEP,
        close_on: Numbers | int = KEEP,
        owner: Numbers | int = KEEP,
        deleted: int = KEEP,
    ) -> None:
        """Add one event for each of ``deal``; events after the clock are dropped."""
        known = at < NOW_AT
        fields = (stage, amount, close_on, owner, deleted)
        cut = (np.broadcast_to(np.asarray(each, "int64"), deal.shape)[known] for each in fields)
        self.parts.append((deal[known], at[known], *cut))

    def history(self) -> History:
        """Return the intervals between the events; events at the same instant are one."""
        deal, at, *fields = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.lexsort((at, deal))
        deal, at = deal[order], at[order]
        filled = [_fill(values[order]) for values in fields]
        lasting = np.r_[(deal[1:] != deal[:-1]) | (at[1:] != at[:-1]), True]
        deal, at = deal[lasting], at[lasting]
        same = np.r_[deal[1:] == deal[:-1], False]
        until = np.where(same, np.r_[at[1:], 0], NEVER * 86_400)
        return History(deal, at, until, *(values[lasting] for values in filled))


def _fill(values: Numbers) -> Numbers:
    """Carry the last known value forward."""
    known = np.where(values != KEEP, np.arange(len(values)), 0)
    return values[np.maximum.accumulate(known)]
