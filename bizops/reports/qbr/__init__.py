"""Quarterly business review: what happened against plan, why, and what comes next.

The notebook calls these in order; each returns one part of the page. `start` opens the data.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bizops.findings import Appendix, Off, Section
from bizops.language import say
from bizops.metrics.hygiene import closed_defects, open_defects
from bizops.metrics.registry import METRICS
from bizops.reports import _appendix
from bizops.reports._context import Context, open_context
from bizops.reports._words import source_lacks
from bizops.reports.base import Report
from bizops.reports.qbr import gap as _gap
from bizops.reports.qbr import people as _people
from bizops.reports.qbr import pipeline as _pipeline
from bizops.reports.qbr import retention as _retention
from bizops.reports.qbr import wins as _wins
from bizops.reports.qbr.answer import answer, asks
from bizops.reports.qbr.answer import what_would_change as _what_would_change
from bizops.reports.qbr.explain import queries, tracked
from bizops.reports.qbr.params import QUESTION, SECTIONS, TITLE, Params
from bizops.reports.qbr.scorecard import kpis, scorecard
from bizops.reports.qbr.ties import tie_outs

METRIC_IDS = (
    "ARR-01", "ARR-04", "ARR-05", "ARR-06", "ARR-07", "ARR-07-WITH-REACTIVATION", "ARR-08", "ARR-09",
    "ARR-09-WITHOUT-REACTIVATION", "BKG-01", "BKG-03",
    "BKG-03-VALUE", "BKG-04", "BKG-05", "BKG-05-MEDIAN", "BKG-07", "BKG-07-OPEN", "BKG-08", "BKG-13", "QTA-00",
    "QTA-01", "REN-01",
)  # fmt: skip
POLICIES = tuple(sorted({p for id_ in METRIC_IDS for p in METRICS[id_].policies}))

__all__ = [
    "METRIC_IDS", "POLICIES", "QUESTION", "SECTIONS", "TITLE", "Params",
    "answer", "asks", "attainment", "contribution", "data_quality", "definitions", "freshness", "kpis", "pipeline",
    "plan_gap", "provenance", "retention", "scorecard", "start", "tracked", "what_would_change", "wins_and_losses",
]  # fmt: skip

freshness = _appendix.freshness
provenance = _appendix.provenance


def start(params: Params) -> Context:
    """Open the data that the parameters name, as of their day and cut to their scope."""
    return open_context(Report("qbr"), params, params.scope)


def plan_gap(context: Context) -> Section | Off:
    """Return why bookings differ from plan: volume, win rate, deal size, timing."""
    return _part(context, "plan-gap", _gap.plan_gap_section)


def contribution(context: Context) -> Section | Off:
    """Return where the gap is: actual against plan by region and segment."""
    return _part(context, "contribution", _gap.contribution_section)


def pipeline(context: Context) -> Section | Off:
    """Return whether the coming quarters are covered, and how old the pipeline is."""
    return _part(context, "pipeline", _pipeline.pipeline_section)


def wins_and_losses(context: Context) -> Section | Off:
    """Return win rates with their intervals, loss reasons and sizes of deals."""
    return _part(context, "wins", _wins.wins_section)


def attainment(context: Context) -> Section | Off:
    """Return how quotas were met: participation, median, bands, by quarter, by manager; names restricted."""
    return _part(context, "people", _people.people_section)


def retention(context: Context) -> Section | Off:
    """Return the ARR bridge, GRR and NRR, and renewals that fall due."""
    return _part(context, "retention", _retention.retention_section)


def definitions(context: Context) -> Appendix:
    """Return the definitions of the metrics used and the policies honoured."""
    return _appendix.definitions(context, [METRICS[id_] for id_ in METRIC_IDS], queries(context, METRIC_IDS))


def data_quality(context: Context) -> Appendix:
    """Return the checks of the data, the sums of the page that must agree, and the records left out."""
    parts = [open_defects(context.data), closed_defects(context.data, context.window)]
    hygiene = pd.concat([p.to_pandas() for p in parts], ignore_index=True)
    return _appendix.data_quality(context, tie_outs(context), hygiene)


def what_would_change(context: Context) -> Section:
    """Return what the answer rests on, what is switched off, and what could overturn it."""
    parts = (plan_gap, contribution, pipeline, wins_and_losses, attainment, retention)
    return _what_would_change(context, (scorecard(context), *(part(context) for part in parts)))


def _part(context: Context, section: str, build: Callable[[Context], Section]) -> Section | Off:
    """Return a section or why it is off; made once, since what would change the answer looks at all of them."""
    return context.once(("part", section), lambda: _off(context, section) or build(context))


def _off(context: Context, section: str) -> Off | None:
    needs = next(s for s in SECTIONS if s.id == section)
    reason = source_lacks(context.data, needs.needs)
    return Off(section, say(needs.title), reason) if reason else None
