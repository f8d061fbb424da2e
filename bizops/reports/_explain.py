"""From a metric of the registry to its explanation on a page: settings, tables read, target, version and SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bizops.company import POLICIES
from bizops.findings import (
    Definition,
    Only,
    Setting,
    SharedFact,
    SharedFacts,
    SourceTable,
    Tracked,
    TrackedValue,
    version_of,
)
from bizops.language import say
from bizops.metrics.compiled import shared_facts, sql_of, tables_read
from bizops.metrics.registry import Metric
from bizops.periods import Period
from bizops.reports._context import Context

TRACKED = 8
"""Closed periods before that of the report whose values later runs compare with."""


def explained(context: Context, metric: Metric, query: Any = None) -> Definition:
    """Return the definition of a metric that the data can answer.

    Parameters
    ----------
    query
        The expression behind the number on the page; without one the metric's own over the window, ARR over the whole
        months that have passed.
    """
    asked = _over_window(context, metric) if query is None else query
    setting = context.company.metrics.get(metric.id)
    settings = {id_: context.company.policy(id_) for id_ in metric.policies}
    return Definition(
        metric.id,
        say(metric.name),
        say(metric.definition),
        metric.unit,
        setting.better if setting and setting.better else metric.better,
        metric.additivity,
        tuple(_setting(id_, value) for id_, value in sorted(settings.items())),
        _sources(context, metric, asked),
        source=metric.source,
        owner=setting.owner if setting and setting.owner else "",
        target=setting.target if setting else None,
        tolerance=setting.tolerance if setting else None,
        currency=context.currency if metric.unit == "money" else "",
        as_of=context.as_of.isoformat(),
        revision=version_of(metric.id, metric.definition, metric.unit, metric.additivity, settings),
        sql="" if asked is None else sql_of(asked),
    )


def shared(context: Context, metrics: Iterable[Metric], queries: Mapping[str, Any]) -> tuple[Only, ...]:
    """Return, for the analyst alone, what makes the facts that the SQL of ``metrics`` reads; nothing without facts."""
    asked = [queries.get(m.id) if m.id in queries else _over_window(context, m) for m in metrics]
    made = shared_facts(context.data, [query for query in asked if query is not None])
    facts = tuple(SharedFact(name, sql) for name, sql in made.items())
    return (Only(("analyst",), (SharedFacts(facts),)),) if facts else ()


def _over_window(context: Context, metric: Metric) -> Any:
    """The metric over the window; None for ARR while no month of the period has passed."""
    period = context.whole_months(context.period) if metric.id.startswith("ARR") else context.window
    return context.expression(metric, period) if period else None


def _setting(id_: str, value: Any) -> Setting:
    policy = POLICIES[id_]
    return Setting(id_, say(policy.name), str(value), str(policy.default), say(policy.meaning))


def _sources(context: Context, metric: Metric, asked: Any) -> tuple[SourceTable, ...]:
    """The tables that the query reads and those that the metric cannot do without, with the columns of both."""
    read = {} if asked is None else tables_read(context.data, asked)
    tables = sorted({*read, *metric.needs})
    return tuple(_source(context, name, {*read.get(name, ()), *metric.needs.get(name, ())}) for name in tables)


def _source(context: Context, name: str, columns: set[str]) -> SourceTable:
    info = context.data.info[name]
    instant = info.extracted_at
    extracted = instant.astimezone(context.company.zone).isoformat(timespec="minutes") if instant else ""
    return SourceTable(name, info.origin, info.rows, extracted, tuple(sorted(columns)))


def track(context: Context, measured: Iterable[tuple[Metric, str]]) -> Tracked:
    """Return values for later runs to compare themselves with: metrics with their labels, over the window.

    Each for the period and the eight before it; None before the records of deals begin. A metric that the data lack is
    left out; one of ARR needs a period of whole months.
    """
    known = [(metric, label) for metric, label in measured if not metric.missing(context.data)]
    return Tracked(tuple(value for metric, label in known for value in _values(context, metric, label)))


def _values(context: Context, metric: Metric, label: str) -> Iterator[TrackedValue]:
    for period in context.calendar.trailing(context.period, TRACKED):
        row = context.row(metric, period) if context.covers(period) else {}
        yield tracked_value(context, metric, label, period, row.get("value"), row.get("n"))
    now = context.row(metric)
    yield tracked_value(context, metric, label, context.period, now.get("value"), now.get("n"))


def tracked_value(
    context: Context, metric: Metric, label: str, period: Period, value: float | None, n: float | None
) -> TrackedValue:
    """Return the value of a metric in one period as later runs read it; the direction of good is the company's."""
    setting = context.company.metrics.get(metric.id)
    return TrackedValue(
        metric.id,
        label,
        metric.unit,
        period.key,
        period.short,
        period.is_complete(context.as_of),
        None if value is None else float(value),
        None if n is None else int(n),
        setting.better if setting and setting.better else metric.better,
        context.currency if metric.unit == "money" else "",
        context.params.title_scope(),
    )
