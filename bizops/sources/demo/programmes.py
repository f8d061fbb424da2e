"""Initiatives and objectives with key results. The initiatives have no effect on anything."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bizops.sources.demo import columns as c
from bizops.sources.demo.columns import Column
from bizops.sources.demo.days import LAST, NEVER, Numbers, day, instant, quarter, quarter_key, quarter_start
from bizops.sources.demo.keys import ACCOUNT, PERSON
from bizops.sources.demo.model import Model
from bizops.sources.demo.world import CURRENCY

INITIATIVE, OBJECTIVE, KEY_RESULT = "demo:ini-", "demo:obj-", "demo:kr-"

_INITIATIVES = (
    ("Onboarding by video", "New customers reach first value sooner and stay", "ARR-08", 60_000, "rct", "2025-04-01"),
    ("Success plan for mid-market", "A written plan lifts net retention", "ARR-07", 90_000, "matched", "2025-07-01"),
    ("New offer document", "A shorter offer lifts the win rate", "BKG-03", 25_000, "its", "2026-01-12"),
    ("Partner portal", "Partners bring more pipeline", "BKG-08", 140_000, "none", "2026-04-01"),
)
_RESULTS = (
    ("Grow with new and present customers", "BKG-01", "up", "Bookings of the quarter, in thousands"),
    ("Grow with new and present customers", "BKG-03", "up", "Win rate"),
    ("Keep customers", "ARR-06", "up", "Gross retention over twelve months"),
    ("Keep customers", "", "down", "Hours to the first reply to a ticket"),
    ("Work in clean data", "", "down", "Open deals without a next step"),
)
_START_TARGET = ((1000.0, 1200.0), (0.26, 0.28), (0.88, 0.90), (2.4, 1.8), (40.0, 10.0))
TREATED = 150
"""Accounts that an initiative with a control group reaches, and as many that it does not, at scale 1."""


def tables(model: Model) -> dict[str, dict[str, Column]]:
    """Return initiative, initiative_unit, okr_objective, okr_key_result, okr_checkin."""
    quarters = np.arange(int(quarter(LAST)) - 4, int(quarter(LAST)) + 1)
    return {
        "initiative": _initiatives(model),
        "initiative_unit": _units(model),
        **_objectives(model, quarters),
    }


def _initiatives(model: Model) -> dict[str, Column]:
    n = len(_INITIATIVES)
    name, hypothesis, metric, cost, design, start = zip(*_INITIATIVES, strict=True)
    begin = np.array([day(str(each)) for each in start])
    end = begin + 180
    return {
        "initiative_id": c.key(INITIATIVE, np.arange(n), 2),
        "name": c.text(name),
        "hypothesis": c.text(hypothesis),
        "metric_id": c.text(metric),
        "kr_id": c.same(None, n, pa.string()),
        "owner_id": c.key(PERSON, model.people.of_role("ops")[np.arange(n) % len(model.people.of_role("ops"))], 4),
        "cost": c.quantity(np.array(cost)),
        "currency": c.same(CURRENCY, n),
        "planned_start_on": c.date(begin),
        "planned_end_on": c.date(end),
        "actual_start_on": c.date(begin + 7),
        "actual_end_on": c.date(np.where(end + 14 <= LAST, end + 14, NEVER)),
        "design": c.text(design),
    }


def _units(model: Model) -> dict[str, Column]:
    """Accounts drawn at random for the two initiatives with a control group."""
    initiative: list[Numbers] = []
    units: list[Numbers] = []
    group: list[Numbers] = []
    exposed: list[Numbers] = []
    for i, (*_, design, start) in enumerate(_INITIATIVES):
        if design not in ("rct", "matched"):
            continue
        customers = np.flatnonzero(model.customer(day(start)))
        drawn = customers[np.argsort(model.world.uniform(f"initiative.{i}", customers), kind="stable")]
        n = min(model.world.count(TREATED), len(drawn) // 2)
        units.append(drawn[: 2 * n])
        initiative.append(np.full(2 * n, i))
        group.append(np.repeat([0, 1], n))
        exposed.append(np.repeat([day(start) + 7, NEVER], n))
    return {
        "initiative_id": c.key(INITIATIVE, np.concatenate(initiative), 2),
        "entity_id": c.key(ACCOUNT, np.concatenate(units), 5),
        "group": c.label(np.concatenate(group), ("treated", "control")),
        "exposed_from_on": c.date(np.concatenate(exposed)),
    }


def _objectives(model: Model, quarters: Numbers) -> dict[str, dict[str, Column]]:
    titles = list(dict.fromkeys(title for title, *_ in _RESULTS))
    n_titles, n_results = len(titles), len(_RESULTS)
    o = np.arange(len(quarters) * n_titles)
    k = np.arange(len(quarters) * n_results)
    result = k % n_results
    of_title = np.array([titles.index(title) for title, *_ in _RESULTS])
    start, target = np.array(_START_TARGET).T
    owners = model.people.of_role("manager")[:n_titles]
    periods = [quarter_key(int(q)) for q in quarters]
    return {
        "okr_objective": {
            "objective_id": c.key(OBJECTIVE, o, 3),
            "title": c.label(o % n_titles, titles),
            "owner_id": c.key(PERSON, owners[o % n_titles], 4),
            "period": c.label(o // n_titles, periods),
            "parent_id": c.same(None, len(o), pa.string()),
        },
        "okr_key_result": {
            "kr_id": c.key(KEY_RESULT, k, 3),
            "objective_id": c.key(OBJECTIVE, k // n_results * n_titles + of_title[result], 3),
            "title": c.label(result, [text for *_, text in _RESULTS]),
            "metric_id": c.label(
                np.where(np.isin(result, (3, 4)), -1, result), [metric for _, metric, _, _ in _RESULTS]
            ),
            "start_value": c.money(np.round(start[result] * 100).astype("int64")),
            "target_value": c.money(np.round(target[result] * 100).astype("int64")),
            "direction": c.label(result, [direction for *_, direction, _ in _RESULTS]),
            "kind": c.same("numeric", len(k)),
            "weight": c.money(np.full(len(k), 100)),
        },
        "okr_checkin": _checkins(model, quarters, start, target),
    }


def _checkins(model: Model, quarters: Numbers, start: np.ndarray, target: np.ndarray) -> dict[str, Column]:
    """A value and a confidence every second week for each key result."""
    n_results = len(_RESULTS)
    fortnights = np.arange(1, 7)
    k, f = (index.ravel() for index in np.indices((len(quarters) * n_results, len(fortnights))))
    on = quarter_start(quarters)[k // n_results] + fortnights[f] * 14
    k, f, on = k[on <= LAST], f[on <= LAST], on[on <= LAST]
    number = k * 16 + f
    result = k % n_results
    progress = (f + 1) / 6.5 * (0.7 + 0.5 * model.world.uniform("okr.pace", k))
    progress = progress + 0.05 * model.world.normal("okr.value", number)
    value = start[result] + (target - start)[result] * progress
    confidence = np.clip(0.6 + 0.15 * model.world.normal("okr.confidence", number), 0.05, 0.95)
    return {
        "kr_id": c.key(KEY_RESULT, k, 3),
        "at": c.stamp(instant(on, 9.0)),
        "value": c.rate(value),
        "confidence": c.rate(np.round(confidence, 2)),
        "note": c.same(None, len(k), pa.string()),
    }
