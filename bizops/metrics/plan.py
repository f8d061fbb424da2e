"""Plan values: what was planned for a metric, a period and a group, each number counted once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from bizops.errors import InputError
from bizops.metrics.columns import column
from bizops.metrics.facts import DIMENSIONS, sales
from bizops.metrics.registry import METRICS

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from bizops.periods import Period
    from bizops.schema.data import Data

SCOPE_KEYS = ("region", "segment", "product", "type", "manager", "owner")
PERSON_KEYS = ("owner_id", "manager_id")
SALES = {"opportunity": ("amount", "close_on", "is_closed", "is_won")}
NEEDS = {"plan": ("metric_id", "scope", "period_start", "period_end", "version", "value")}


@dataclass(frozen=True)
class _Row:
    scope: Mapping[str, str]
    start: date
    end: date
    value: float


def plan(data: Data, metric_id: str, period: Period, by: Sequence[str] = (), *, version: str = "budget") -> ibis.Table:
    """Return the planned values of a metric: ``*by, value, n`` (rows of the plan behind each value).

    Parameters
    ----------
    version
        ``budget``, the name of a forecast version, or ``latest``: the newest version known at ``as_of``.

    Notes
    -----
    A row with exactly the asked dimensions wins; where there is none the finer rows are summed, from one level only,
    so that a total and its parts never count twice. In time a row of exactly the period wins over the months that fill
    it. End-of-period metrics take the last part of the period, ratios only rows of exactly the asked period and scope.
    Nothing is split: where months are missing or only the year is planned, there is no plan (by = (): value null).
    A sum of finer rows is a plan only where it is whole: every finer group with open deals, or with deals won in the
    twelve months up to the period's end, has its plan. A plan of one region is not the company's.
    """
    wanted = tuple(dict.fromkeys((*by, *(() if data.scope.level == "company" else (data.scope.level,)))))
    rows = _rows(data, metric_id, version)
    if data.scope.level != "company":
        rows = [r for r in rows if r.scope.get(data.scope.level) == data.scope.member]
    known = METRICS.get(metric_id)
    found = _at_level(data, rows, wanted, period, known.additivity if known else "additive")
    return _table(found, by)


def has_plan(data: Data, metric_id: str, period: Period) -> bool:
    """Whether the budget knows the metric for the period in the report's scope."""
    if data.missing(NEEDS):
        return False
    found = plan(data, metric_id, period).execute()
    return bool(found["value"].notna().any())


def _rows(data: Data, metric_id: str, version: str) -> list[_Row]:
    """The plan's rows of one metric and version; a plan is small, its scopes are JSON that engines read differently."""
    table = data["plan"]
    kept = table.filter(table.metric_id == metric_id)
    frame = kept.select(
        "scope",
        "period_start",
        "period_end",
        "version",
        value=kept.value.cast("float64"),
        currency=column(kept, "currency", "string"),
    ).execute()
    chosen = _version(frame["version"].unique(), version)
    frame = frame[frame["version"] == chosen]
    foreign = sorted(set(frame["currency"].dropna()) - {"", data.company.currency})
    if foreign and known_unit(metric_id) == "money":
        raise InputError(
            f"{metric_id} is planned in {', '.join(foreign)}, the company reports in {data.company.currency}",
            where="plan.currency",
            fix=f"give the plan in {data.company.currency}, at the plan rate of the year",
        )
    return [_Row(_scope(r.scope), _day(r.period_start), _day(r.period_end), float(r.value)) for r in frame.itertuples()]


def known_unit(metric_id: str) -> str:
    """Return the unit of a metric by its id, or an empty string for one that is not known."""
    known = METRICS.get(metric_id)
    return known.unit if known else ""


def _version(known: Sequence[str], asked: str) -> str:
    """The asked version; ``latest`` is the highest-numbered forecast, else the budget."""
    if asked != "latest":
        return asked
    numbered = [(int(m[1]), v) for v in known if (m := re.search(r"(\d+)$", str(v)))]
    return max(numbered)[1] if numbered else "budget"


def _scope(text: str) -> dict[str, str]:
    try:
        scope = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"scope '{text}' is not JSON", where="plan.scope", fix='write {} or {"region":"North"}'
        ) from error
    if not isinstance(scope, dict):
        raise InputError(f"scope '{text}' is no JSON object", where="plan.scope", fix='write {} or {"region":"North"}')
    return {str(k): str(v) for k, v in scope.items()}


def _day(value: date | pd.Timestamp) -> date:
    return pd.Timestamp(value).date()


def _at_level(
    data: Data, rows: Sequence[_Row], wanted: tuple[str, ...], period: Period, additivity: str
) -> dict[tuple[str, ...], tuple[float, int]]:
    """Values by group from the coarsest level of scopes that has the wanted dimensions and fills the period."""
    levels = sorted({tuple(sorted(r.scope)) for r in rows if set(wanted) <= set(r.scope)}, key=lambda k: (len(k), k))
    for level in levels:
        is_exact = set(level) == set(wanted)
        if additivity == "ratio" and not is_exact:
            continue
        planned, unfilled = _cells([r for r in rows if tuple(sorted(r.scope)) == level], period, additivity)
        groups: dict[tuple[str, ...], tuple[float, int]] = {}
        for scope, found in planned:
            key = tuple(scope[name] for name in wanted)
            value, n = groups.get(key, (0.0, 0))
            groups[key] = (value + found[0], n + found[1])
        if groups and not is_exact:
            lacking = [*unfilled, *_unplanned(data, level, [scope for scope, _ in planned], period)]
            groups = {key: each for key, each in groups.items() if not _lacks(key, wanted, lacking)}
        if groups:
            return groups
    return {}


def _cells(
    rows: Sequence[_Row], period: Period, additivity: str
) -> tuple[list[tuple[Mapping[str, str], tuple[float, int]]], list[Mapping[str, Sequence[str]]]]:
    """The scopes of one level with their values, and those that plan a part of the period without filling it."""
    planned: list[tuple[Mapping[str, str], tuple[float, int]]] = []
    unfilled: list[Mapping[str, Sequence[str]]] = []
    for items in sorted({tuple(sorted(r.scope.items())) for r in rows}):
        scope = dict(items)
        own = [r for r in rows if r.scope == scope]
        found = _in_time(own, period, additivity)
        if found is not None:
            planned.append((scope, found))
        elif any(r.start < period.end and r.end > period.start for r in own):
            unfilled.append({name: (value,) for name, value in scope.items()})
    return planned, unfilled


def _lacks(key: tuple[str, ...], wanted: tuple[str, ...], lacking: Sequence[Mapping[str, Sequence[str]]]) -> bool:
    """Whether a group has a part without a plan; a part that does not name a dimension belongs to every member."""
    return any(
        all(name not in part or value in part[name] for name, value in zip(wanted, key, strict=True))
        for part in lacking
    )


def _unplanned(
    data: Data, level: tuple[str, ...], planned: Sequence[Mapping[str, str]], period: Period
) -> list[Mapping[str, Sequence[str]]]:
    """Groups of a level that sell and have no plan: name to the values that stand for it (a person's name and id).

    Deals that do not know a dimension of the level belong to no group and ask for no plan.
    """
    names = [name for name in level if name in DIMENSIONS]
    if not names or data.missing(SALES):
        return []
    rows = sales(data)
    year = (rows.close_on >= ibis.date(period.end - timedelta(days=366))) & (rows.close_on < ibis.date(period.end))
    rows = rows.filter(~rows.is_closed | (rows.is_won & year))
    columns = [*names, *(each for name in names if (each := f"{name}_id") in PERSON_KEYS)]
    groups = rows.select(*columns).distinct().execute()
    lacking: list[Mapping[str, Sequence[str]]] = []
    for group in groups.dropna(subset=names).to_dict("records"):
        part = {name: [str(group[k]) for k in (name, f"{name}_id") if group.get(k) is not None] for name in names}
        if not any(all(scope[name] in part[name] for name in names) for scope in planned):
            lacking.append(part)
    return lacking


def _in_time(rows: Sequence[_Row], period: Period, additivity: str) -> tuple[float, int] | None:
    """Value for the period from rows of one scope, or nothing where they do not fill it."""
    for row in rows:
        if (row.start, row.end) == (period.start, period.end):
            return row.value, 1
    if additivity == "ratio":
        return None
    if additivity == "end_of_period":
        last = [r for r in rows if period.start <= r.start and r.end == period.end]
        return (min(last, key=lambda r: r.end - r.start).value, 1) if last else None
    return _tiled([r for r in rows if period.start <= r.start and r.end <= period.end], period)


def _tiled(rows: Sequence[_Row], period: Period) -> tuple[float, int] | None:
    """The sum of rows that follow one another from the period's start to its end, the longest first."""
    value, n, day = 0.0, 0, period.start
    while day < period.end:
        starting = [r for r in rows if r.start == day]
        if not starting:
            return None
        row = max(starting, key=lambda r: r.end - r.start)
        value, n, day = value + row.value, n + 1, max(row.end, day + timedelta(days=1))
    return (value, n) if day == period.end else None


def _table(found: Mapping[tuple[str, ...], tuple[float, int]], by: Sequence[str]) -> ir.Table:
    """The groups as a table; ``by`` leads each key, the scope's own dimension may follow it and is dropped."""
    schema = {**dict.fromkeys(by, "string"), "value": "float64", "n": "int64"}
    keys, sums = sorted(found), [found[key] for key in sorted(found)]
    if not by:
        whole = sum(value for value, _ in sums) if sums else None
        return ibis.memtable({"value": [whole], "n": [sum(n for _, n in sums)]}, schema=schema)
    columns: dict[str, list[object]] = {name: [key[place] for key in keys] for place, name in enumerate(by)}
    columns |= {"value": [value for value, _ in sums], "n": [n for _, n in sums]}
    return ibis.memtable(columns, schema=schema)
