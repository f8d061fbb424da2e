"""What every method asks of a frame: its columns are there, its numbers are numbers, its groups have names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from bizops.errors import InputError, did_you_mean

NO_KEY = "(none)"
"""The name of the group of rows whose key is null; they are kept, so that parts add to the whole."""


def key_columns(by: str | Sequence[str]) -> tuple[str, ...]:
    """Return the grouping columns as a tuple; a string is one column, an empty sequence is one single group."""
    keys = (by,) if isinstance(by, str) else tuple(by)
    if len(set(keys)) != len(keys) or "" in keys:
        raise InputError(f"grouping columns must be distinct and named, got {list(keys)}", where="by")
    return keys


def require(frame: pd.DataFrame, columns: Iterable[str], where: str) -> None:
    """Raise `InputError` for the first of ``columns`` that ``frame`` lacks, with the nearest name it has."""
    for column in columns:
        if column not in frame.columns:
            raise InputError(
                f"needs the column '{column}', has {sorted(map(str, frame.columns))}."
                + did_you_mean(column, map(str, frame.columns)),
                where=where,
            )


def as_float(values: pd.Series, where: str) -> pd.Series:
    """Return ``values`` as float64 (decimals and nullable integers included), missing as NaN.

    Raises `InputError` for text and for infinite values.
    """
    try:
        numbers = pd.Series(values.to_numpy(dtype="float64", na_value=np.nan), index=values.index)
    except (TypeError, ValueError) as error:
        raise InputError("holds values that are not numbers", where=where) from error
    if np.isinf(numbers).any():
        raise InputError("holds infinite values", where=where)
    return numbers


def keyed(
    frame: pd.DataFrame, keys: tuple[str, ...], columns: Sequence[str], where: str, *, add: bool = False
) -> pd.DataFrame:
    """Return the float ``columns`` of ``frame`` indexed by ``keys`` (a MultiIndex, also for one key or none).

    Rows with a null key form the group `NO_KEY`. Several rows of one group are added up if ``add`` (a missing part
    makes the sum missing) and are an `InputError` otherwise.
    """
    require(frame, [*keys, *columns], where)
    numbers = pd.DataFrame({c: as_float(frame[c], f"{where}, column {c}").to_numpy() for c in columns})
    numbers.index = _index(frame, keys)
    if numbers.index.has_duplicates:
        if not add:
            twice = sorted({name(key) for key in numbers.index[numbers.index.duplicated()]})
            raise InputError(
                f"has more than one row for {', '.join(twice[:5])}", where=where, fix="aggregate to one row a group"
            )
        codes, groups = numbers.index.factorize()
        sums = numbers.groupby(codes).sum().mask(numbers.isna().groupby(codes).any())
        numbers = sums.set_axis(pd.MultiIndex.from_tuples(list(groups), names=numbers.index.names), axis=0)
    return ordered(numbers)


def align(*frames: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Return the keyed ``frames`` on the union of their groups, in one order; absent groups are rows of NaN."""
    groups = sorted({key for frame in frames for key in frame.index}, key=_text)
    names = frames[0].index.names
    union = pd.MultiIndex.from_tuples(groups, names=names) if groups else frames[0].index[:0]
    return tuple(frame.reindex(union) for frame in frames)


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed ``frame`` sorted by its groups' names, so that no result depends on the order of rows."""
    return frame.loc[sorted(frame.index, key=_text)] if len(frame) else frame


def unkeyed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the keyed ``frame`` with its keys as columns again (none where there was no key)."""
    named = [key for key in frame.index.names if key]
    return frame.reset_index() if named else frame.reset_index(drop=True)


def name(key: tuple[object, ...]) -> str:
    """Return one group's name for a sentence: ``EMEA / SMB``; "the total" where there is no key."""
    return " / ".join(map(str, key)) or "the total"


def _index(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.MultiIndex:
    if not keys:
        return pd.MultiIndex.from_arrays([[""] * len(frame)], names=[""])
    columns = [frame[key].astype(object).where(frame[key].notna(), NO_KEY).to_numpy() for key in keys]
    return pd.MultiIndex.from_arrays(columns, names=list(keys))


def _text(key: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(map(str, key))
