"""A notebook as a run leaves it: real payloads, real mess (code, streams, warnings, reprs), hostile names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bizops.charts import bridge
from bizops.findings import (
    Answer,
    Appendix,
    Ask,
    Asks,
    Displayable,
    Finding,
    Kpis,
    Off,
    Section,
    against,
    contribution,
    kpi,
)
from bizops.tables import Col, Table

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)> {{ 7*7 }} =cmd|' /C calc'!A0 $a$ &amp; עברית"
SECRETS = {
    "code": "connect(password_reference)",
    "stdout": "printed: 4711 rows",
    "stderr": "FutureWarning: this will change",
    "path": "/home/analyst/exports/deals.csv",
    "address": "jane.doe@customer.example",
    "repr": "<bizops.schema.data.Data object at 0x7f>",
}

STEPS = {
    "Enterprise": -412_345.67, "Mid-market": -218_000.0, "Nordics": -41_250.5, HOSTILE: 12_000.0, "SMB": 69_595.67,
}  # fmt: skip
LITERALS = {"HOSTILE": HOSTILE, "SECRETS": SECRETS, "STEPS": STEPS}


def displayed(*shown: Displayable, source: str = "", streams: Iterable[tuple[str, str]] = ()) -> NotebookNode:
    """A code cell that displays records, as IPython stores them."""
    outputs = [new_output("stream", name=name, text=text) for name, text in streams]
    outputs += [new_output("display_data", data=s._repr_mimebundle_()) for s in shown]
    return new_code_cell(source or SECRETS["code"], outputs=outputs)


def gap_table(rows: dict[str, float] | None = None, id: str = "gap") -> Table:
    frame = pd.DataFrame({"segment": list(rows or STEPS), "gap": list((rows or STEPS).values())})
    frame["win_rate"], frame["n"] = [i / 7 + 0.1 for i in range(len(frame))], 120
    frame.loc[1, "win_rate"] = None
    columns = [
        Col("segment", "Segment"),
        Col("gap", "Gap to plan", "money", total="sum", signed=True),
        Col("win_rate", "Win rate", "rate", n="n", missing="no deal closed"),
    ]
    return Table(id, "Gap to plan by segment, Q3 FY26", frame, columns, currency="EUR")


def gap_section() -> Section:
    steps = pd.DataFrame({"label": list(STEPS), "amount": list(STEPS.values())})
    total = float(steps["amount"].sum())
    figure = bridge(
        steps, id="gap", start=("Plan", 5_000_000.0), end=("Actual", 5_000_000.0 + total), currency="EUR",
        title="Enterprise explains most of the gap", subtitle="New ARR, EUR, company, Q3 FY26", table="gap",
        note="Opportunities closed in Q3 FY26",
    )  # fmt: skip
    cause = contribution(
        "enterprise", "Enterprise", STEPS["Enterprise"], total, "gap", currency="EUR", table="gap", figure="gap"
    )
    return Section("gap", "Enterprise explains EUR 412 k of the gap", (cause, figure, gap_table()))


def win_rate() -> Finding:
    return against(
        "win", "Win rate", 31 / 163, "rate", reference=0.252, reference_label="plan", better="up", k=31, n=163
    )


def strip() -> Kpis:
    many = [
        kpi("bookings", "New bookings", 4_410_000.0, "money", better="up", currency="EUR", target=5_000_000.0,
            references=[("plan", 5_000_000.0), ("Q2 FY26", 4_600_000.0), ("Q3 FY25", 3_900_000.0)],
            spark=(3.1, 3.4, 3.3, 3.9, 4.2, 4.4, 4.6, 4.41), href="#s-gap"),
        kpi("win", "Win rate", 31 / 163, "rate", better="up", target=0.252, n=163, k=31,
            references=[("plan", 0.252), ("Q2 FY26", 0.24), ("Q3 FY25", None)], href="#s-wins"),
        kpi("nrr", "Net revenue retention", 1.043, "rate", better="up", target=1.05, n=412,
            references=[("plan", 1.05), ("Q2 FY26", 1.04), ("Q3 FY25", 1.06)], spark=(1.06, 1.05, 1.04, 1.043)),
        kpi("churn", "Logo churn", 0.021, "rate", better="down", target=0.025, n=1412,
            references=[("plan", 0.025), ("Q2 FY26", 0.019), ("Q3 FY25", 0.02)]),
        kpi("coverage", "Pipeline coverage", 2.6, "multiple", better="up",
            references=[("plan", None), ("Q2 FY26", 2.8), ("Q3 FY25", 2.4)], note="next quarter, day 41 of 92"),
    ]  # fmt: skip
    return Kpis(tuple(many))


def quality(result: str = "warning") -> Appendix:
    frame = pd.DataFrame(
        {
            "check": ["duplicate keys", "unknown product", HOSTILE],
            "result": ["passed", result, "passed"],
            "rows": [0, 12, 3],
            "of": [8800, 8800, 85],
        }
    )
    columns = [Col("check", "Check"), Col("result", "Result"), Col("rows", "Rows", "count"), Col("of", "Of", "count")]
    return Appendix("quality", "Data quality", (Table("checks", "Checks of the data", frame, columns),))


def definitions() -> Appendix:
    frame = pd.DataFrame(
        {
            "metric": ["BKG-01", "BKG-03"],
            "definition": [
                "First-year contract value of all opportunities won in the period, in company currency, without tests",
                "Won opportunities / (won + lost), both closed in the period",
            ],
        }
    )
    table = Table("definitions", "Definitions used", frame, [Col("metric", "Metric"), Col("definition", "Definition")])
    return Appendix("definitions", "Definitions", (table,))


def provenance() -> Appendix:
    frame = pd.DataFrame({"table": ["opportunity", "quota"], "rows": [8800, 240]})
    columns = [Col("table", "Table"), Col("rows", "Rows", "count")]
    return Appendix("provenance", "Provenance", (Table("inputs", "Tables read", frame, columns),))


def asks() -> Asks:
    return Asks(
        (
            Ask("Move two sellers to Nordics", "Nordics has 1.2x coverage", 120_000.0, "R. Berg", dt.date(2026, 10, 30),
                "#s-gap", currency="EUR"),
            Ask("=HYPERLINK(1)", "", None, "", None),
        )
    )  # fmt: skip


def make_qbr() -> NotebookNode:
    """The review: blocks in an order that is not the page's, mess in every cell."""
    win = win_rate()
    mess = [
        ("stdout", f"{SECRETS['stdout']} from {SECRETS['path']}\n"),
        ("stderr", f"{SECRETS['path']}:3: {SECRETS['stderr']} {SECRETS['address']}\n"),
    ]
    plain = new_output("execute_result", data={"text/plain": SECRETS["repr"], "text/html": f"<b>{SECRETS['repr']}</b>"})
    cells = [
        new_markdown_cell(
            "# Quarterly business review\n\nWhat happened against plan, and why? The leadership team decides where to "
            f"put people next quarter. {HOSTILE}"
        ),
        new_code_cell("period = 'last'", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## Open the data\n\nNot for leaders.", metadata={"tags": ["analyst"]}),
        new_code_cell("data = open_data(company)\ndata", outputs=[plain], execution_count=1),
        new_markdown_cell("## Asks"),
        displayed(asks()),
        new_markdown_cell("## Where did the gap come from?\n\nEvery part sums to the whole."),
        displayed(gap_section(), streams=mess),
        new_markdown_cell("## How did deals end?"),
        displayed(Section("wins", "Win rate was 6.2 pp below plan", (win,))),
        new_markdown_cell("## Is there enough pipeline?"),
        displayed(Off("pipeline", "Pipeline and ageing", "no table opportunity_history: not measurable")),
        new_markdown_cell("## The answer"),
        displayed(
            Answer(
                "New bookings were EUR 4.41 M, 11.8 % below plan",
                (win, contribution("ent", "Enterprise", -412_345.67, -590_000.5, "gap", currency="EUR")),
                status="off_track",
                evidence=strip().items,
            )
        ),
        new_markdown_cell("## Scorecard"),
        displayed(strip()),
        new_markdown_cell(
            "## What would change this answer\n\nA late record in [the gap](#s-gap), or in [another](#s-none)."
        ),
        new_markdown_cell("## Appendices"),
        displayed(provenance(), quality(), definitions()),
    ]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for n, cell in enumerate(notebook.cells):
        cell.id = f"cell-{n}"
    # through the file format and back, as a run stores it
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


def make_record(**changes: Any) -> dict[str, Any]:
    record = {
        "version": "1.0", "run_id": "20261005T041500Z-3f9c", "report": "qbr", "case": "default", "status": "ok",
        "parameters": {"company": "params/company.yaml", "as_of": "2026-10-04", "period": "2026Q3"}, "overrides": {},
        "company": {"name": "Northwind Signal", "file": "params/company.yaml", "of_case": True},
        "as_of": "2026-10-04",
        "period": {"key": "2026Q3", "label": "Q3 FY26 (Jul–Sep 2026)", "start": "2026-07-01", "end": "2026-10-01"},
        "scope": {"level": "company", "member": "", "label": "company"},
        "started_at": "2026-10-05T04:15:00.123Z", "finished_at": "2026-10-05T04:15:09.000Z", "duration_s": 8.9,
        "cells": [{"index": 1, "id": "a", "status": "ok", "duration_s": 0.1}],
        "title": "New bookings were EUR 4.41 M, 11.8 % below plan", "error": None, "page": "report.html",
        "is_latest_candidate": True, "previous": None,
    }  # fmt: skip
    return {**record, **changes}


@pytest.fixture(scope="session")
def qbr() -> NotebookNode:
    return make_qbr()


@pytest.fixture(scope="session")
def sample() -> SimpleNamespace:
    """The makers above, for notebooks that differ in one thing."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if callable(value)}, **LITERALS)
