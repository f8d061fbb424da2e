"""Metrics: named quantities as Ibis expressions over the canonical tables; no metric knows its engine.

``METRICS`` maps an id (``BKG-01``) to a `Metric`, callable as ``metric(data, period, by=())``.
"""

from __future__ import annotations

from bizops.metrics import (
    acquisition,
    arr,
    bookings,
    churn,
    cohorts,
    committed,
    concentration,
    efficiency,
    funnel,
    linearity,
    pipeline,
    pipeline_bridge,
    quota,
    renewal_rates,
    renewals,
    retention,
    revenue,
    targets,
    timing,
)
from bizops.metrics.registry import METRICS, Metric

__all__ = [
    "METRICS",
    "Metric",
    "acquisition",
    "arr",
    "bookings",
    "churn",
    "cohorts",
    "committed",
    "concentration",
    "efficiency",
    "funnel",
    "linearity",
    "pipeline",
    "pipeline_bridge",
    "quota",
    "renewal_rates",
    "renewals",
    "retention",
    "revenue",
    "targets",
    "timing",
]
