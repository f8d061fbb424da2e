"""The contract: the canonical tables, their grain, keys, columns, units and rules.

``TABLES`` maps a table's name to its declaration; reports name these columns and never those of a system.
"""

from __future__ import annotations

from bizops.schema import dimensions, gotomarket, programmes, revenue, service
from bizops.schema.table import Column, Rule, Table, TimeRule

CONTRACT_VERSION = "1.0"

TABLES: dict[str, Table] = {
    table.name: table for domain in (dimensions, gotomarket, revenue, service, programmes) for table in domain.TABLES
}

__all__ = ["CONTRACT_VERSION", "TABLES", "Column", "Rule", "Table", "TimeRule"]
