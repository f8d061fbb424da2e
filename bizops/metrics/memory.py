"""Facts computed once: what many metrics share is kept as a temporary table of the engine."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from bizops.schema.data import Data

_numbers = count(1)


def kept(data: Data, name: str, build: Callable[[], ir.Table], *parts: Hashable) -> ir.Table:
    """Return what ``build`` returns, computed once for these tables, this instant and these policies.

    The temporary table lives as long as the engine's connection. ``parts`` are further things that the fact depends
    on, such as the scope.
    """
    key = (name, id(data.tables), data.as_of, data.company.policies, data.company.currency, *parts)
    if key not in data.kept:
        # the mapping of tables stays referenced beside the fact, so that its id is never taken by another one
        expression = build()
        table = _materialised(data, expression, name)
        data.kept[key] = (table, data.tables)
        data.kept["built from", table.get_name()] = expression
    found: ir.Table = data.kept[key][0]
    return found


def built_from(data: Data, table: str) -> ir.Table | None:
    """Return the expression behind a fact that is kept under the engine's name ``table``; None for any other table."""
    return data.kept.get(("built from", table))


def _materialised(data: Data, expression: ir.Table, name: str) -> ir.Table:
    """The expression as a temporary table; the engine is asked of the data, a table of constants belongs to none."""
    backend = next(iter(data.tables.values())).get_backend()
    if not backend.supports_temporary_tables:
        return expression.cache()
    return backend.create_table(f"bizops_{name}_{next(_numbers)}", expression, temp=True)
