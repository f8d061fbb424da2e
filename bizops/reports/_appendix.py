"""The appendices that every report ends with: definitions, data quality, provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bizops import numbers
from bizops.company import POLICIES
from bizops.findings import Appendix, Displayable, Off
from bizops.findings.definition import EVIDENCE
from bizops.language import message, say
from bizops.metrics.registry import Metric
from bizops.reports._context import Context
from bizops.reports._explain import explained, shared
from bizops.tables import Col, Table


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


def definitions(context: Context, metrics: Iterable[Metric], queries: Mapping[str, Any] | None = None) -> Appendix:
    """Return the explanations of ``metrics``, the policy settings that the report honours, and the evidence grades.

    A metric that the data lack is left out. ``queries`` are the expressions, by metric id, of numbers that the page
    shows for another period than the window.
    """
    measurable = [m for m in metrics if not m.missing(context.data)]
    used = sorted({m.id: m for m in measurable}.values(), key=lambda m: m.id)
    asked = queries or {}
    told = [explained(context, m, asked.get(m.id)) for m in used]
    blocks = (*told, *shared(context, used, asked), _policies(context, used), _grades())
    return Appendix("definitions", say("Definitions and settings"), blocks)


def _grades() -> Table:
    rows = [{"grade": grade, "words": say(words), "means": say(means)} for grade, (words, means) in EVIDENCE.items()]
    columns = [
        Col("words", say("Evidence")),
        Col("grade", say("Grade"), said=True),
        Col("means", say("What it means")),
    ]
    return Table("grades", say("What stands behind a sentence"), pd.DataFrame(rows), columns)


def _policies(context: Context, used: Iterable[Metric]) -> Table:
    chosen = [POLICIES[id_] for id_ in sorted({p for m in used for p in m.policies})]
    rows = [
        {
            "id": p.id,
            "name": say(p.name),
            "value": str(context.company.policy(p.id)),
            "default": say("default")
            if context.company.policy(p.id) == p.default
            else say("changed from {value}", value=p.default),
            "meaning": say(p.meaning),
        }
        for p in chosen
    ]
    columns = [
        Col("id", say("Policy")),
        Col("name", say("Setting")),
        Col("value", say("Value")),
        Col("default", say("Against the default")),
        Col("meaning", say("Meaning")),
    ]
    frame = pd.DataFrame(rows, columns=[c.name for c in columns])
    return Table("policies", say("Policy settings that this report honours"), frame, columns)


_RESULTS = {"ok": message("passed"), "warning": message("warning"), "error": message("failed")}
_REASONS = (
    message("deleted"),
    message("test record"),
    message("test account"),
    message("internal account"),
    message("partner account"),
    message("dim_account excluded"),
    message("opportunity excluded"),
)
"""Why records are left out, as the sources say it."""


def data_quality(context: Context, ties: Sequence[TieOut], hygiene: pd.DataFrame | None = None) -> Appendix:
    """Return the checks of the data and of the page's own sums, and the records left out, by reason.

    ``hygiene`` has one row a check of CRM fields: ``check, n, of, value`` (money).
    """
    found = context.data.quality.to_dict("records")
    rows = [
        {
            "check": str(q["check"]).replace("_", " "),
            "result": _RESULTS.get(q["severity"], q["severity"]),
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
        Col("check", say("Check"), said=True),
        Col("result", say("Result"), said=True),
        Col("where", say("Where")),
        Col("rows", say("Rows"), "count"),
        Col("of", say("Of"), "count"),
        Col("detail", say("Detail"), missing=say("nothing to add")),
    ]
    blocks: list[Displayable] = [
        Table(
            "tie-outs",
            say("Sums of this page that must agree"),
            pd.DataFrame(summed),
            [
                Col("check", say("Check")),
                Col("result", say("Result"), said=True),
                Col("difference", say("Difference"), "number"),
            ],
        )
        if summed
        else Off("tie-outs", say("Sums of this page"), say("no section with parts and a whole is on")),
        Table("quality", say("Checks of the data against the contract and the mapping"), pd.DataFrame(rows), columns)
        if rows
        else Off("quality", say("Checks of the data"), say("the source reported no check")),
        *([_hygiene(context, hygiene)] if hygiene is not None and len(hygiene) else []),
        _excluded(context),
    ]
    return Appendix("quality", say("Data quality"), tuple(blocks))


def _hygiene(context: Context, found: pd.DataFrame) -> Table:
    rows = found.sort_values(["n", "check"], ascending=[False, True], ignore_index=True)
    rows = rows.assign(share=rows["n"] / rows["of"].where(rows["of"] > 0))
    columns = [
        Col("check", say("Field of the CRM"), said=True),
        Col("n", say("Deals"), "count"),
        Col("of", say("Of"), "count"),
        Col("share", say("Share"), "rate", n="of", missing=say("no deal to look at")),
        Col("value", say("Value"), "money"),
    ]
    title = say("CRM hygiene at the end of {day}", day=numbers.day(context.as_of))
    note = say("Every open deal is looked at here, whether or not it counts as pipeline (P17).")
    return Table("hygiene", title, rows, columns, note=note, currency=context.currency)


def _excluded(context: Context) -> Displayable:
    rows = [
        {"table": info.name, "reason": reason, "rows": count}
        for info in context.data.info.values()
        for reason, count in info.excluded.items()
        if count
    ]
    if not rows:
        why = say("no test, internal, deleted or later record was found")
        return Off("excluded", say("Records left out"), why)
    columns = [
        Col("table", say("Table")),
        Col("reason", say("Reason"), said=True),
        Col("rows", say("Rows"), "count", total="sum"),
    ]
    return Table("excluded", say("Records left out"), pd.DataFrame(rows), columns)


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
    zone = context.company.time_zone
    columns = [
        Col("table", say("Table")),
        Col("origin", say("Read from")),
        Col("rows", say("Rows"), "count"),
        Col("extracted", say("Extracted ({zone})", zone=zone), missing=say("the source does not say")),
        Col("fingerprint", say("Content")),
    ]
    title = say("Tables as of the end of {day}, after records left out", day=numbers.day(context.as_of))
    return Table("sources", title, pd.DataFrame(rows), columns)


def provenance(context: Context) -> Appendix:
    """Return the parameters and the tables that this page was made from."""
    # the settings file is a path of whoever ran the report
    values = context.params.model_dump(mode="json", exclude={"company"})
    rows = [{"name": name, "value": "" if value is None else str(value)} for name, value in values.items()]
    as_of = {"day": context.as_of.isoformat(), "zone": context.company.time_zone}
    period = {"period": context.period.label, "first": context.period.start, "last": context.period.last_day}
    rows += [
        {"name": say("data as of"), "value": say("end of {day}, {zone}", **as_of)},
        {"name": say("period"), "value": say("{period}, {first} to {last}", **period)},
    ]
    parameters = Table(
        "parameters",
        say("Parameters"),
        pd.DataFrame(rows),
        [Col("name", say("Parameter")), Col("value", say("Value"), missing=say("not given"))],
    )
    return Appendix("provenance", say("Where this page comes from"), (parameters, freshness(context)))
