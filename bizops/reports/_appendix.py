"""The appendices that every report ends with: definitions, data quality, provenance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bizops import numbers
from bizops.company import POLICIES
from bizops.findings import Appendix, Displayable, Off
from bizops.metrics.registry import Metric
from bizops.reports._context import Context
from bizops.tables import Col, Table

_BETTER = {"up": "higher is better", "down": "lower is better", "none": "no direction of good"}
_ADDITIVITY = {"additive": "adds up", "end_of_period": "level at the end", "ratio": "recomputed at each level"}


@dataclass(frozen=True)
class TieOut:
    """A check that two numbers of the page agree: what it says, the difference, and the tolerance in their unit."""

    says: str
    difference: float
    tolerance: float = 0.01

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.difference) <= self.tolerance


def definitions(context: Context, metrics: Iterable[Metric]) -> Appendix:
    """Return the definitions of ``metrics`` and the policy settings that the report honours, with their values."""
    measurable = [m for m in metrics if not m.missing(context.data)]
    used = sorted({m.id: m for m in measurable}.values(), key=lambda m: m.id)
    rows = [
        {
            "id": m.id,
            "name": m.name,
            "definition": m.definition,
            "reading": f"{_BETTER[m.better]}; {_ADDITIVITY[m.additivity]}",
            "policies": ", ".join(m.policies) or "none",
            "owner": setting.owner if (setting := context.company.metrics.get(m.id)) and setting.owner else "not set",
        }
        for m in used
    ]
    metric_table = Table(
        "definitions",
        "Metrics used, with the policies that they honour",
        pd.DataFrame(rows),
        [
            Col("id", "Metric"),
            Col("name", "Name"),
            Col("definition", "Definition"),
            Col("reading", "Reading"),
            Col("policies", "Policies"),
            Col("owner", "Owner"),
        ],
    )
    return Appendix("definitions", "Definitions and settings", (metric_table, _policies(context, used)))


def _policies(context: Context, used: Iterable[Metric]) -> Table:
    chosen = [POLICIES[id_] for id_ in sorted({p for m in used for p in m.policies})]
    rows = [
        {
            "id": p.id,
            "name": p.name,
            "value": str(context.company.policy(p.id)),
            "default": "default" if context.company.policy(p.id) == p.default else f"changed from {p.default}",
            "meaning": p.meaning,
        }
        for p in chosen
    ]
    columns = [
        Col("id", "Policy"),
        Col("name", "Setting"),
        Col("value", "Value"),
        Col("default", "Against the default"),
        Col("meaning", "Meaning"),
    ]
    return Table("policies", "Policy settings that this report honours", pd.DataFrame(rows), columns)


def data_quality(context: Context, ties: Sequence[TieOut], hygiene: pd.DataFrame | None = None) -> Appendix:
    """Return the checks of the data and of the page's own sums, and the records left out, by reason.

    ``hygiene`` has one row a check of CRM fields: ``check, n, of, value`` (money).
    """
    found = context.data.quality.to_dict("records")
    rows = [
        {
            "check": str(q["check"]).replace("_", " "),
            "result": {"ok": "passed", "warning": "warning", "error": "failed"}.get(q["severity"], q["severity"]),
            "where": f"{q['table']}.{q['column']}" if q["column"] else str(q["table"]),
            "rows": q["rows"],
            "of": q["of"],
            "detail": str(q["detail"]),
        }
        for q in found
    ]
    rows.sort(key=lambda r: (r["result"] == "passed", str(r["where"])))
    summed = [
        {"check": t.says, "result": "passed" if t.holds else "failed", "difference": round(t.difference, 6)}
        for t in ties
    ]
    columns = [
        Col("check", "Check"),
        Col("result", "Result"),
        Col("where", "Where"),
        Col("rows", "Rows", "count"),
        Col("of", "Of", "count"),
        Col("detail", "Detail", missing="nothing to add"),
    ]
    blocks: list[Displayable] = [
        Table(
            "tie-outs",
            "Sums of this page that must agree",
            pd.DataFrame(summed),
            [Col("check", "Check"), Col("result", "Result"), Col("difference", "Difference", "number")],
        )
        if summed
        else Off("tie-outs", "Sums of this page", "no section with parts and a whole is on"),
        Table("quality", "Checks of the data against the contract and the mapping", pd.DataFrame(rows), columns)
        if rows
        else Off("quality", "Checks of the data", "the source reported no check"),
        *([_hygiene(context, hygiene)] if hygiene is not None and len(hygiene) else []),
        _excluded(context),
    ]
    return Appendix("quality", "Data quality", tuple(blocks))


def _hygiene(context: Context, found: pd.DataFrame) -> Table:
    rows = found.sort_values(["n", "check"], ascending=[False, True], ignore_index=True)
    rows = rows.assign(share=rows["n"] / rows["of"].where(rows["of"] > 0))
    columns = [
        Col("check", "Field of the CRM"),
        Col("n", "Deals", "count"),
        Col("of", "Of", "count"),
        Col("share", "Share", "rate", n="of", missing="no deal to look at"),
        Col("value", "Value", "money"),
    ]
    title = f"CRM hygiene at the end of {numbers.day(context.as_of)}"
    return Table("hygiene", title, rows, columns, currency=context.currency)


def _excluded(context: Context) -> Displayable:
    rows = [
        {"table": info.name, "reason": reason, "rows": count}
        for info in context.data.info.values()
        for reason, count in info.excluded.items()
        if count
    ]
    if not rows:
        return Off("excluded", "Records left out", "none: no test, internal, deleted or later record was found")
    columns = [Col("table", "Table"), Col("reason", "Reason"), Col("rows", "Rows", "count", total="sum")]
    return Table("excluded", "Records left out", pd.DataFrame(rows), columns)


def freshness(context: Context) -> Table:
    """Return what was read: a row a table with its origin, rows, extract instant and content fingerprint."""
    rows = [
        {
            "table": info.name,
            "origin": info.origin,
            "rows": info.rows,
            "extracted": info.extracted_at.astimezone(context.company.zone).strftime("%Y-%m-%d %H:%M")
            if info.extracted_at
            else None,
            "fingerprint": info.fingerprint.removeprefix("sha256:")[:12],
        }
        for info in context.data.info.values()
    ]
    columns = [
        Col("table", "Table"),
        Col("origin", "Read from"),
        Col("rows", "Rows", "count"),
        Col("extracted", f"Extracted ({context.company.time_zone})", missing="the source does not say"),
        Col("fingerprint", "Content"),
    ]
    title = f"Tables as of the end of {numbers.day(context.as_of)}, after records left out"
    return Table("sources", title, pd.DataFrame(rows), columns)


def provenance(context: Context) -> Appendix:
    """Return the parameters and the tables that this page was made from."""
    # the settings file is a path of whoever ran the report
    values = context.params.model_dump(mode="json", exclude={"company"})
    rows = [{"name": name, "value": "" if value is None else str(value)} for name, value in values.items()]
    rows += [
        {"name": "data as of", "value": f"end of {context.as_of.isoformat()}, {context.company.time_zone}"},
        {"name": "period", "value": f"{context.period.label}, {context.period.start} to {context.period.last_day}"},
    ]
    parameters = Table(
        "parameters",
        "Parameters",
        pd.DataFrame(rows),
        [Col("name", "Parameter"), Col("value", "Value", missing="not given")],
    )
    return Appendix("provenance", "Where this page comes from", (parameters, freshness(context)))
