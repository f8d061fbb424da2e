"""The record that every bridge returns: effects by group that add up to a change, at every level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from bizops.errors import InputError
from bizops.methods.frames import require, unkeyed

_RANK = "_rank"


@dataclass(frozen=True, eq=False)
class Bridge:
    """A change from ``start`` to ``finish``, cut into effects that add up to it.

    frame
        Tidy: the columns of ``by``, ``effect`` (an id out of ``effects``), ``amount`` (signed, finish − start, in the
        unit of start and finish). One row a group and effect.
    start, finish
        The two totals; ``start_label`` and ``finish_label`` are their names for a chart.
    by, effects
        Grouping columns; effect ids in the order of display. ``labels`` gives each effect's words.
    detail
        One row a group with the numbers that the effects were computed from.
    convention, notes
        What the effects mean, and what could not be measured or was assumed (one sentence each): print both.
    """

    frame: pd.DataFrame
    start: float
    finish: float
    by: tuple[str, ...]
    effects: tuple[str, ...]
    detail: pd.DataFrame
    convention: str
    labels: Mapping[str, str] = field(default_factory=dict)
    start_label: str = "Before"
    finish_label: str = "After"
    notes: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Finish less start."""
        return self.finish - self.start

    @property
    def remainder(self) -> float:
        """The part of the change that the effects do not explain: 0 but for floating point."""
        return self.change - float(self.frame["amount"].sum())

    def roll_up(self, *levels: str) -> pd.DataFrame:
        """Return the effects added up to ``levels`` (some of ``by``; none for the total): ``*levels, effect, amount``.

        Children add to their parents by construction: every level is a sum of the same rows.
        """
        require(self.frame, levels, "the bridge")
        order = {effect: position for position, effect in enumerate(self.effects)}
        # a sum of unmeasured amounts is unmeasured, not 0
        summed = self.frame.groupby([*levels, "effect"], sort=False)["amount"].sum(min_count=1).reset_index()
        ranked = summed.assign(**{_RANK: summed["effect"].map(order)}).sort_values([*levels, _RANK], key=_sortable)
        return ranked.drop(columns=_RANK).reset_index(drop=True)

    def wide(self, *levels: str) -> pd.DataFrame:
        """Return one row a group of ``levels`` with a column an effect and their sum ``change``, for a table."""
        summed = self.roll_up(*levels).set_index([*levels, "effect"])["amount"]
        # fill_value is for a group without that effect; an effect that could not be measured stays NaN
        grid = summed.unstack("effect", fill_value=0) if levels else summed.to_frame(0).T
        grid = grid.reindex(columns=pd.Index(self.effects), fill_value=0.0).sort_index(key=lambda key: key.astype(str))
        changed = grid.assign(change=grid.sum(axis=1, skipna=False)).rename_axis(columns=None)
        return changed.reset_index(drop=not levels)

    def bars(self) -> pd.DataFrame:
        """Return the total's bars for a waterfall, in order: ``effect, label, amount``."""
        total = self.roll_up().set_index("effect")["amount"].reindex(pd.Index(self.effects), fill_value=0.0)
        words = [self.labels.get(effect, effect.replace("_", " ").capitalize()) for effect in self.effects]
        return pd.DataFrame({"effect": list(self.effects), "label": words, "amount": total.to_numpy(dtype=float)})


@dataclass(frozen=True, eq=False, kw_only=True)
class RateMix(Bridge):
    """A change of a ratio cut into rate and mix (fractions: 0.012 is 1.2 points), with its warnings.

    ``detail`` has a row a group: ``share_before/after``, ``rate_before/after`` (as used), ``rate``, ``mix``,
    ``is_against_total`` (the group's own rate moved the other way than the total).

    is_reversal
        Simpson's reversal: the total moved one way and no group with both rates followed (at least one moved the
        other way). The total says nothing about any group.
    mix_outweighs_rate
        The rate effect has the other sign than the change: without the shift in mix it would have gone the other way.
    """

    is_reversal: bool = False
    mix_outweighs_rate: bool = False


def tidy(effects: pd.DataFrame, order: tuple[str, ...]) -> pd.DataFrame:
    """Return keyed columns of effects as rows ``*keys, effect, amount``, groups in order, effects in ``order``.

    Raises `InputError` if a key has the name of a column that the rows need.
    """
    if taken := {"effect", "amount", *order}.intersection(map(str, effects.index.names)):
        raise InputError(f"a grouping column may not be called '{taken.pop()}'", where="by")
    wide = unkeyed(effects[list(order)])
    keys = [column for column in wide.columns if column not in order]
    tall = wide.melt(keys, list(order), var_name="effect", value_name="amount", ignore_index=False)
    return tall.sort_index(kind="stable").reset_index(drop=True)


def _sortable(column: pd.Series) -> pd.Series:
    return column if column.name == _RANK else column.astype(str)
