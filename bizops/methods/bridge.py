"""Where does a change come from? Bridges whose parts add up to the change, exactly, at every level."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, nan, prod

import numpy as np
import pandas as pd

from bizops.errors import InputError
from bizops.methods.frames import align, key_columns, keyed, name, unkeyed
from bizops.methods.result import Bridge, RateMix, tidy

PVM_CONVENTION = (
    "Price–volume–mix over the items sold in both periods: price = Σ q1 (p1 − p0), at the new quantities; "
    "volume = (Q1 − Q0) × the old average price; mix = Σ (q1 − q0) p0 − volume; new and lost items are apart."
)
PVM_EFFECTS = ("price", "volume", "mix", "new", "lost")
SHAPLEY_CONVENTION = (
    "Each factor's effect is the mean, over all orders in which the factors could have changed, of what its change "
    "does to the product (Shapley); the effects add up to the change."
)
RATE_MIX_CONVENTION = (
    "Rate = Σ mean share × change of the group's rate; mix = Σ change of the group's share × (its mean rate − the mean "
    "total rate); means are of the two periods (Kitagawa), so that the two effects add up to the change."
)


def shapley_product(
    before: pd.DataFrame, after: pd.DataFrame, factors: Sequence[str], by: str | Sequence[str] = ()
) -> Bridge:
    """Return the change of a product of 2 to 5 factors, cut into one effect a factor and group.

    Parameters
    ----------
    before, after
        One row a group: the columns of ``by`` and ``factors``. A group absent on one side has a first factor of 0.
    factors
        The product's factors, the count first: (count, win rate, deal size).
    by
        Grouping columns; none for one single group.

    Returns
    -------
    Bridge
        ``effects`` are the factors; ``detail`` has ``value_before``, ``value_after`` and each factor before and after
        as used.

    Raises
    ------
    InputError
        Missing columns, two rows for a group, or a factor that is missing although no factor before it is 0.

    Notes
    -----
    effect_i = Σ over sets S of the other factors |S|! (k − 1 − |S|)! / k! × (after_i − before_i) × Π_S after × Π_rest
    before: the mean over the k! orders. Shapley (1953); Das Gupta (1978), Demography 15:99.
    A factor that is undefined because one before it is 0 (no deal: no win rate and no deal size) takes the other
    side's value: the effect then falls to the factor that is 0. Undefined on both sides it changes nothing.

    Examples
    --------
    >>> before = pd.DataFrame({"n": [100], "rate": [0.25], "size": [20]})
    >>> after = pd.DataFrame({"n": [90], "rate": [0.22], "size": [22]})
    >>> bridge = shapley_product(before, after, ["n", "rate", "size"])
    >>> bridge.bars()["amount"].round(1).tolist()
    [-49.3, -59.8, 44.7]
    """
    names, keys = key_columns(factors), key_columns(by)
    if not 2 <= len(names) <= 5:
        raise InputError(f"needs 2 to 5 factors, got {len(names)}", where="factors")
    sides = align(keyed(before, keys, names, "before"), keyed(after, keys, names, "after"))
    old, new = (side.fillna({names[0]: 0.0}).where(_present(side), _absent(side)) for side in sides)
    old, new = _complete(old, new, "before"), _complete(new, old, "after")
    effects = {factor: _effect(old, new, factor) for factor in names}
    values = {"value_before": old.prod(axis=1), "value_after": new.prod(axis=1)}
    columns = {f"{f}_{side}": frame[f] for f in names for side, frame in (("before", old), ("after", new))}
    return Bridge(
        frame=tidy(pd.DataFrame(effects, index=old.index), names),
        start=float(values["value_before"].sum()),
        finish=float(values["value_after"].sum()),
        by=keys,
        effects=names,
        detail=unkeyed(pd.DataFrame({**values, **columns}, index=old.index)),
        convention=SHAPLEY_CONVENTION,
    )


def price_volume_mix(
    before: pd.DataFrame, after: pd.DataFrame, key: str | Sequence[str], quantity: str, price: str
) -> Bridge:
    """Return the change of revenue Σ quantity × price, cut into price, volume, mix, new and lost items.

    Parameters
    ----------
    before, after
        One row an item (the finest there is: product × customer): the columns of ``key``, ``quantity``, ``price``
        (money a unit; may be missing where the quantity is 0).
    key
        What identifies an item.

    Returns
    -------
    Bridge
        Effects ``price, volume, mix, new, lost``; one row an item in ``detail`` with its ``status`` (continuing, new,
        lost), quantities, prices and effects. ``convention`` is to be printed.

    Raises
    ------
    InputError
        Missing columns, two rows for an item, a quantity without a price.

    Notes
    -----
    PRC-01. An item's volume is its share of a growth in proportion, q0 (Q1/Q0 − 1) p0, its mix the rest of
    (q1 − q0) p0: the quantity and mix variances of cost accounting. If the continuing quantities before add up to 0
    (returns), volume and mix cannot be told apart: all of it is mix, and a note says so.

    Examples
    --------
    >>> before = pd.DataFrame({"item": ["P1", "P2"], "units": [100, 50], "price": [10, 20]})
    >>> after = pd.DataFrame({"item": ["P1", "P2"], "units": [90, 70], "price": [12, 20]})
    >>> price_volume_mix(before, after, "item", "units", "price").wide().round(2).iloc[0].tolist()
    [180.0, 133.33, 166.67, 0.0, 0.0, 480.0]
    """
    keys = key_columns(key)
    sides = []
    for side, where in ((before, "before"), (after, "after")):
        items = keyed(side, keys, (quantity, price), where).rename(columns={quantity: "q", price: "p"})
        sides.append(items.assign(q=_known(items["q"], where, quantity)))
    old, new = align(*sides)
    q0, q1 = old["q"].fillna(0.0), new["q"].fillna(0.0)
    p0, p1 = _priced(old["p"], q0, "before"), _priced(new["p"], q1, "after")
    status = np.select([(q0 != 0) & (q1 != 0), q1 != 0, q0 != 0], ["continuing", "new", "lost"], "none")
    stays = pd.Series(status == "continuing", index=q0.index)
    total0, total1 = float(q0[stays].sum()), float(q1[stays].sum())
    is_split = abs(total0) > 1e-12 * float(q0[stays].abs().sum())
    volume = q0 * p0 * ((total1 / total0 - 1) if is_split else 0.0)
    effects = pd.DataFrame(
        {
            "price": (q1 * (p1 - p0)).where(stays, 0.0),
            "volume": volume.where(stays, 0.0),
            "mix": ((q1 - q0) * p0 - volume).where(stays, 0.0),
            "new": (q1 * p1).where(status == "new", 0.0),
            "lost": (-q0 * p0).where(status == "lost", 0.0),
        }
    )
    numbers = {"quantity_before": q0, "quantity_after": q1, "price_before": old["p"], "price_after": new["p"]}
    detail = pd.concat([pd.DataFrame({"status": status, **numbers}, index=q0.index), effects], axis=1)
    unsplit = "The quantities before of the continuing items add up to 0: volume cannot be told from mix."
    return Bridge(
        frame=tidy(effects, PVM_EFFECTS),
        start=float((q0 * p0).sum()),
        finish=float((q1 * p1).sum()),
        by=keys,
        effects=PVM_EFFECTS,
        detail=unkeyed(detail),
        convention=PVM_CONVENTION,
        labels={"new": "New items", "lost": "Lost items"},
        notes=() if is_split or not stays.any() else (unsplit,),
    )


def rate_mix(
    before: pd.DataFrame, after: pd.DataFrame, by: str | Sequence[str], numerator: str, denominator: str
) -> RateMix:
    """Return the change of a ratio of sums, cut into the groups' own rates and the mix of the groups.

    Parameters
    ----------
    before, after
        The columns of ``by``, ``numerator`` and ``denominator`` (≥ 0); several rows of a group are added up. A group
        absent on one side has a share of 0 there.

    Returns
    -------
    RateMix
        ``start`` and ``finish`` are the two total ratios; effects ``rate`` and ``mix`` by group, as fractions.

    Raises
    ------
    InputError
        Missing columns or values, a negative denominator, a numerator over a denominator of 0.

    Notes
    -----
    CHN-02, Kitagawa (1955), JASA 50:1168: rate = Σ w̄ (r1 − r0), mix = Σ (w1 − w0)(r̄ − R̄), bars are means of both
    periods; centring on R̄ leaves the sum as it is and makes a group's mix effect readable. A group new or gone has
    its one rate on both sides: its whole effect is mix. Without any denominator on one side the ratio there does not
    exist: start or finish and all effects are NaN, and a note says so.

    Examples
    --------
    >>> before = pd.DataFrame({"size": ["SMB", "ENT"], "lost": [30, 4], "logos": [600, 400]})
    >>> after = pd.DataFrame({"size": ["SMB", "ENT"], "lost": [44, 2], "logos": [800, 200]})
    >>> rate_mix(before, after, "size", "lost", "logos").wide().round(4).iloc[0].tolist()
    [0.0035, 0.0085, 0.012]
    """
    keys = key_columns(by)
    pairs = [
        keyed(side, keys, (numerator, denominator), where, add=True).set_axis(["x", "n"], axis=1)
        for side, where in ((before, "before"), (after, "after"))
    ]
    for pair, where in zip(pairs, ("before", "after"), strict=True):
        if pair.isna().any(axis=None) or (pair["n"] < 0).any() or ((pair["n"] == 0) & (pair["x"] != 0)).any():
            raise InputError(
                "needs every numerator and denominator, no denominator below 0 and none of 0 under a numerator",
                where=where,
            )
    old, new = (side.fillna(0.0) for side in align(*pairs))
    totals = [float(side["x"].sum() / side["n"].sum()) if side["n"].sum() > 0 else nan for side in (old, new)]
    own = [(side["x"] / side["n"].where(side["n"] > 0)) for side in (old, new)]
    r0, r1 = own[0].fillna(own[1]).fillna(0.0), own[1].fillna(own[0]).fillna(0.0)
    w0, w1 = (side["n"] / side["n"].sum() if side["n"].sum() > 0 else side["n"] * nan for side in (old, new))
    effects = pd.DataFrame(
        {"rate": (w0 + w1) / 2 * (r1 - r0), "mix": (w1 - w0) * ((r0 + r1) / 2 - sum(totals) / 2)},
        index=old.index,
    )
    change = totals[1] - totals[0]
    moves, sense = _sign(own[1] - own[0]), _sign(change)
    numbers = {"share_before": w0, "share_after": w1, "rate_before": r0, "rate_after": r1}
    detail = pd.DataFrame({**numbers, **effects, "is_against_total": moves * sense < 0}, index=old.index)
    empty = [when for total, when in zip(totals, ("before", "after"), strict=True) if np.isnan(total)]
    return RateMix(
        frame=tidy(effects, ("rate", "mix")),
        start=totals[0],
        finish=totals[1],
        by=keys,
        effects=("rate", "mix"),
        detail=unkeyed(detail),
        convention=RATE_MIX_CONVENTION,
        labels={"rate": "Rate", "mix": "Mix"},
        notes=tuple(f"The denominator is 0 {when}: the ratio does not exist and its change is n/a." for when in empty),
        is_reversal=bool((moves * sense < 0).any() and not (moves * sense > 0).any()),
        mix_outweighs_rate=bool(_sign(effects["rate"].sum()) * sense < 0),
    )


def _present(side: pd.DataFrame) -> pd.Series:
    return side.notna().any(axis=1)


def _absent(side: pd.DataFrame) -> pd.DataFrame:
    empty = pd.DataFrame(nan, index=side.index, columns=side.columns)
    empty.iloc[:, 0] = 0.0
    return empty


def _complete(side: pd.DataFrame, other: pd.DataFrame, where: str) -> pd.DataFrame:
    is_zero = pd.Series(False, index=side.index)
    filled = side.copy()
    for factor in side.columns:
        undefined = side[factor].isna()
        if (undefined & ~is_zero).any():
            group = name(next(iter(side.index[undefined & ~is_zero])))
            raise InputError(
                f"'{factor}' is missing for {group}, and no factor before it is 0",
                where=where,
                fix="a factor may be missing only where an earlier one is 0",
            )
        filled[factor] = side[factor].fillna(other[factor]).fillna(1.0)
        is_zero |= side[factor] == 0
    return filled


def _effect(old: pd.DataFrame, new: pd.DataFrame, factor: str) -> pd.Series:
    others = [column for column in old.columns if column != factor]
    context = pd.Series(0.0, index=old.index)
    for size in range(len(others) + 1):
        # |S|! (k-1-|S|)! / k! = 1 / (k × C(k-1, |S|))
        weight = 1 / (len(old.columns) * comb(len(others), size))
        for changed in combinations(others, size):
            context += weight * prod((new if other in changed else old)[other] for other in others)
    return (new[factor] - old[factor]) * context


def _known(values: pd.Series, where: str, column: str) -> pd.Series:
    if values.isna().any():
        raise InputError(f"'{column}' is missing for {name(next(iter(values.index[values.isna()])))}", where=where)
    return values


def _priced(prices: pd.Series, quantities: pd.Series, where: str) -> pd.Series:
    _known(prices.where(quantities != 0, 0.0), where, "price")
    return prices.where(quantities != 0, 0.0)


def _sign(values: pd.Series | float) -> np.ndarray:
    """-1, 0 or 1; rounding of a ratio (1e-12) is no movement."""
    numbers = np.nan_to_num(np.asarray(values, dtype=float))
    return np.where(np.abs(numbers) > 1e-12, np.sign(numbers), 0.0)
