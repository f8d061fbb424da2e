"""The data quality panel: one record a check, and an overview of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bizops.schema import TABLES
from bizops.schema.check import Passed, Violation, spoken
from bizops.schema.data import QUALITY_COLUMNS, TableInfo

if TYPE_CHECKING:
    import pandas as pd


def emptiness(info: Mapping[str, TableInfo]) -> list[Violation]:
    """Return a violation for each table without rows: an error for opportunities that were never there."""
    found = []
    for name, each in info.items():
        if each.rows:
            continue
        if each.excluded:
            why = ", ".join(f"{n:,} {reason}" for reason, n in each.excluded.items())
            says, severity = f"no row is left: {why}", "warning"
            fix = "check as_of and the flags is_deleted and is_test"
        else:
            says, severity = "the table has a header and no rows", "error" if name == "opportunity" else "warning"
            fix = "export it again, or remove the file if there is nothing"
        found.append(Violation("rows", severity, each.origin, name, "", says, fix))  # type: ignore[arg-type]
    return found


def row(check: str, severity: str, table: str, column: str, rows: int, of: int, detail: str) -> dict[str, Any]:
    """Return one record of the data quality panel."""
    values = (check, severity, table, column, rows, of, detail)
    return dict(zip(QUALITY_COLUMNS, values, strict=True))


def quality_frame(
    found: list[Violation], passed: list[Passed], info: Mapping[str, TableInfo], notes: list[dict[str, Any]]
) -> pd.DataFrame:
    """Return the data quality panel, worst first: what is broken, noted, excluded and kept."""
    import pandas as pd

    records = [row(v.check, v.severity, v.table, v.column, v.rows, v.of, v.sentence) for v in found] + notes
    for name, each in info.items():
        total = each.rows + sum(each.excluded.values())
        for reason, count in each.excluded.items():
            records.append(row("excluded", "ok", name, "", count, total, f"{count:,} of {total:,} rows: {reason}"))
    for p in passed:
        rules = f"{p.rules} rule{'s' if p.rules > 1 else ''}"
        records.append(row(p.check, "ok", p.table, "", 0, p.of, f"{spoken(p.check)}: {rules} kept"))
    frame = pd.DataFrame(records, columns=list(QUALITY_COLUMNS))
    rank = frame.severity.map({"error": 0, "warning": 1, "ok": 2})
    return frame.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)


def overview(info: Mapping[str, TableInfo]) -> pd.DataFrame:
    """Return one row a table with the optional columns that it does not have."""
    import pandas as pd

    optional = {n: [c.name for c in TABLES[n].columns if c.name not in i.columns] for n, i in info.items()}
    records = [(n, i.origin, i.rows, dict(i.excluded), i.columns, tuple(optional[n])) for n, i in info.items()]
    return pd.DataFrame(records, columns=["table", "origin", "rows", "excluded", "columns", "missing"])
