"""Columns that may be absent, exact money, and results: how every metric handles the three."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

MONEY = "decimal(38, 4)"
"""Exact type of summed money: parts add up to their total whatever the order in which the engine adds them."""


def column(table: ir.Table, name: str, type_: str) -> ir.Value:
    """Return the column cast to ``type_``, or a null of that type where the table does not have it."""
    return table[name].cast(type_) if name in table.columns else ibis.null(type_)


def number(table: ir.Table, name: str) -> ir.FloatingValue:
    """Return a numeric column as float64, or a null."""
    return column(table, name, "float64")


def exact(value: ir.Value) -> ir.DecimalValue:
    """Return an amount rounded once to four decimals: from here on sums are exact."""
    return value.cast("decimal(18, 4)").cast(MONEY)


def flag(value: ir.Value) -> ir.BooleanValue:
    """Return a condition with unknown counted as false."""
    return value.fill_null(False)


def ones(condition: ir.Value) -> ir.Value:
    """Return 1 where a condition holds and 0 elsewhere; Postgres casts no boolean to a big integer."""
    return condition.ifelse(1, 0).cast("int64")


def total(table: ir.Table, by: Sequence[str], **parts: ir.Value) -> ir.Table:
    """Return the aggregates by group, or one row for all where ``by`` is empty."""
    return table.group_by(list(by)).agg(**parts) if by else table.agg(**parts)


def additive(table: ir.Table, by: Sequence[str], value: ir.Value, n: ir.Value) -> ir.Table:
    """Return ``*by, value, n`` with ``value`` as float64."""
    summed = total(table, by, value=value, n=n)
    return summed.select(*by, value=summed.value.cast("float64"), n=summed.n.fill_null(0).cast("int64"))


def ratio(table: ir.Table, by: Sequence[str], numerator: ir.Value, denominator: ir.Value, n: ir.Value) -> ir.Table:
    """Return ``*by, numerator, denominator, value, n``; ``value`` is null where the denominator is zero or unknown."""
    return divided(total(table, by, numerator=numerator, denominator=denominator, n=n), by)


def divided(table: ir.Table, by: Sequence[str]) -> ir.Table:
    """Return a table that has ``numerator``, ``denominator`` and ``n`` with their ratio as ``value``."""
    above, below = table.numerator.cast("float64"), table.denominator.cast("float64")
    return table.select(
        *by,
        numerator=above,
        denominator=below,
        value=above / below.nullif(0.0),
        n=table.n.fill_null(0).cast("int64"),
    )


def known_sum(value: ir.Value, where: ir.Value | bool = True) -> ir.Value:
    """Return the sum, 0 where there is no row and null where there are rows but every value is unknown."""
    known = value.notnull() & where
    unknown = ones(value.isnull() & where).sum().fill_null(0)
    nothing = (unknown > 0) & (ones(known).sum() == 0)
    return nothing.ifelse(ibis.null(MONEY), value.sum(where=known).fill_null(0).cast(MONEY))


def beside(left: ir.Table, right: ir.Table, by: Sequence[str]) -> ir.Table:
    """Return two results of the same groups side by side; a group that only one of them has stays, with nulls.

    Not an outer join: Postgres has none on conditions that treat two nulls as equal.
    """
    if not by:
        return left.cross_join(right)
    lefts, rights = ([name for name in side.columns if name not in by] for side in (left, right))
    names = [*by, *lefts, *rights]
    first = left.mutate(**{name: ibis.null(right[name].type()) for name in rights}).select(names)
    second = right.mutate(**{name: ibis.null(left[name].type()) for name in lefts}).select(names)
    both = ibis.union(first, second)
    return both.group_by(list(by)).agg(**{name: both[name].max() for name in (*lefts, *rights)})
