"""What a metric's number was computed with: the SQL that the engine got, and the tables and columns that it read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from bizops.metrics.memory import built_from

if TYPE_CHECKING:
    from bizops.schema.data import Data

Columns = Mapping[str, frozenset[str]]


def sql_of(expression: ir.Table) -> str:
    """Return the query of an expression in the SQL of the engine that holds its tables, laid out for reading.

    Facts that several metrics share are tables of the engine called ``bizops_<fact>_<n>``; `shared_facts` returns the
    statements that make them. Small tables of constants
    (the months of the calendar, plan values chosen by the workbench) stand in the query as values.
    """
    backend = expression.get_backend()
    text = str(backend.compile(expression, pretty=True))
    for table in expression.op().find(ops.InMemoryTable):
        values = str(backend.compile(_values(table)))
        text = re.sub(rf'[`"]?{re.escape(table.name)}[`"]?', lambda _, v=values: f"({v})", text)  # type: ignore[misc]
    return text


def _values(table: ops.InMemoryTable) -> ir.Table:
    """The rows of a table of constants as an expression that needs no table."""
    types = table.schema
    rows = table.data.to_frame().to_dict("records")
    if not rows:
        empty = {name: ibis.null(type_) for name, type_ in types.items()}
        return _row(empty).limit(0)
    found = [_row({name: _literal(row[name], type_) for name, type_ in types.items()}) for row in rows]
    return ibis.union(*found) if len(found) > 1 else found[0]


def _literal(value: object, type_: ibis.DataType) -> ir.Value:
    missing = value is None or value != value
    return ibis.null(type_) if missing else ibis.literal(value, type=type_)


def _row(cells: Mapping[str, ir.Value]) -> ir.Table:
    return ops.DummyTable({name: value.op() for name, value in cells.items()}).to_expr()


def shared_facts(data: Data, expressions: Iterable[ir.Table]) -> dict[str, str]:
    """Return the statements that make the facts behind ``expressions``, by the name of each fact.

    They stand in the order in which they can be run: a fact after those that it reads. Run after them in one session,
    with nothing but the source tables there, the SQL of any of the expressions gives what it gives here.
    """
    found: dict[str, str] = {}
    for expression in expressions:
        _add_facts(data, expression, found)
    return {_short(name): made for name, made in found.items()}


def _add_facts(data: Data, expression: ir.Table, found: dict[str, str]) -> None:
    for name in sorted(_read(data, expression)):
        fact = built_from(data, name)
        if fact is not None and name not in found:
            _add_facts(data, fact, found)
            found[name] = f'CREATE TEMP TABLE "{_short(name)}" AS\n{sql_of(fact)}'


def _short(name: str) -> str:
    """A table's own name, without the engine's catalogue and schema before it."""
    return name.rpartition(".")[2]


def tables_read(data: Data, expression: ir.Table) -> dict[str, frozenset[str]]:
    """Return the tables of ``data`` that an expression reads, each with the columns used, shared facts included."""
    own = {table.get_name(): name for name, table in data.tables.items()}
    found: dict[str, set[str]] = {}
    for name, columns in _everything_read(data, expression):
        if name in own:
            found.setdefault(own[name], set()).update(columns)
    return {name: frozenset(columns) for name, columns in sorted(found.items())}


def _everything_read(data: Data, expression: ir.Table) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the tables of the engine behind an expression with their columns, then those behind each shared fact."""
    seen: set[str] = set()
    waiting = [expression]
    while waiting:
        for name, columns in _read(data, waiting.pop()).items():
            yield name, columns
            fact = built_from(data, name)
            if fact is not None and name not in seen:
                seen.add(name)
                waiting.append(fact)


def _read(data: Data, expression: ir.Table) -> Columns:
    """The engine's tables that one expression names, and their columns; of shared facts it is asked for once."""
    key = ("read", expression.op())
    if key not in data.kept:
        data.kept[key] = _fields(expression)
    columns: Columns = data.kept[key]
    return columns


def _fields(expression: ir.Table) -> dict[str, frozenset[str]]:
    node = expression.op()
    found: dict[str, set[str]] = {}
    for table in node.find(ops.PhysicalTable):
        if not isinstance(table, ops.InMemoryTable):
            found[_full_name(table)] = set()
    for field in node.find(ops.Field):
        name = _full_name(_below(field.rel))
        if name in found:
            found[name].add(field.name)
    return {name: frozenset(columns) for name, columns in found.items()}


def _below(table: ops.Relation) -> ops.Relation:
    """The relation under steps that leave the columns as they are: a column of a filtered table is the table's."""
    while isinstance(table, ops.Filter | ops.Sort | ops.Limit | ops.Distinct | ops.JoinReference | ops.SelfReference):
        table = table.parent
    return table


def _full_name(table: ops.Relation) -> str:
    return str(table.to_expr().get_name()) if isinstance(table, ops.PhysicalTable) else ""
