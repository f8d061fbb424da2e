"""Words that reports share: what the company is cut by, what is not named, what the data lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bizops.language import message, say

if TYPE_CHECKING:
    import pandas as pd

    from bizops.schema.data import Data

UNNAMED = message("(none)")
"""What parts without a name are called in frames, so that they still add up; `shown` says it on a page."""
ALL = message("All deals")

_DIMENSIONS = {
    "company": message("company"),
    "region": message("region"),
    "segment": message("segment"),
    "manager": message("manager"),
    "type": message("type"),
    "product": message("product"),
    "owner": message("owner"),
}
_HEADINGS = {
    "region": message("Region"),
    "segment": message("Segment"),
    "manager": message("Manager"),
    "type": message("Type"),
    "product": message("Product"),
    "owner": message("Owner"),
}
_OWN = frozenset({UNNAMED, ALL, message("(not allocated)")})
_TYPES = frozenset({message("new"), message("expansion"), message("renewal"), message("services")})


def dimension(name: str) -> str:
    """Return what a dimension is called within a sentence: ``region``."""
    return say(_DIMENSIONS.get(name, name))


def heading(name: str) -> str:
    """Return what a column of a dimension's parts is headed: ``Region``."""
    return say(_HEADINGS[name]) if name in _HEADINGS else name.capitalize()


def shown(part: Any, dimension: str = "") -> str:
    """Return a part's name for a page: as the data have it, names of ours in the reader's language.

    Ours are those of parts without a name, and the types of deals, which are words of the contract.
    """
    return say(part) if part in _OWN or (dimension == "type" and part in _TYPES) else str(part)


def relabelled(frame: pd.DataFrame, column: str, cut: str = "") -> pd.DataFrame:
    """Return ``frame`` with the parts in ``column`` named for a page; column ``cut`` has the dimension of each."""
    of = frame[cut] if cut else [""] * len(frame)
    return frame.assign(**{column: [shown(part, name) for part, name in zip(frame[column], of, strict=True)]})


def capitalised(text: str) -> str:
    """Return ``text`` with its first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


def lacking(data: Data, needs: Mapping[str, Iterable[str]]) -> str:
    """Return an empty string, or which tables and columns of ``needs`` the data do not have: ``no table quota``."""
    return _lacking(data, needs, message("no table {table}"))


def source_lacks(data: Data, needs: Mapping[str, Iterable[str]]) -> str:
    """Return the same as a clause, for "not shown, because …": ``the source has no table quota``."""
    return _lacking(data, needs, message("the source has no table {table}"))


def _lacking(data: Data, needs: Mapping[str, Iterable[str]], no_table: str) -> str:
    reasons = []
    for table, columns in needs.items():
        if table not in data:
            reasons.append(say(no_table, table=table))
            continue
        absent = [column for column in columns if not data.has(table, column)]
        if absent:
            reasons.append(say("{table} has no column {columns}", table=table, columns=say(" or ").join(absent)))
    return say("; ").join(reasons)
