"""The documents of a stored run as comparisons and the site read them: tracked values, definitions, the period."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bizops import numbers

Run = Mapping[str, Mapping[str, Any]]
"""``{"findings": <findings.json>, "record": <run.json>}``."""
Key = tuple[str, str, str]
# Sums over the same rows differ in their last bits when the engine adds them in another order.
_NOISE = 1e-12


def tracked_of(findings: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
    """Return the tracked values of a findings document by metric, period and scope.

    The scope is empty where all values have the same one: its label is a text, which another language words otherwise.
    """
    values = findings.get("tracked") or ()
    is_one = len({str(v.get("scope") or "") for v in values}) < 2
    return {(str(v["metric"]), str(v["period"]), "" if is_one else str(v.get("scope") or "")): v for v in values}


def definitions_of(findings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the definitions of a findings document by the id of the metric."""
    return {str(d["id"]): d for d in findings.get("definitions") or ()}


def period_of(run: Run) -> str:
    """Return the key of a run's period, an empty text if the record has none."""
    return str((run["record"].get("period") or {}).get("key", ""))


def same_locale(before: Run, after: Run) -> bool:
    """Whether two runs word their texts alike; one whose record says nothing of it is taken to."""
    old, new = (str(run["record"].get("locale") or "") for run in (before, after))
    return not old or not new or old == new


def settings_of(run: Run) -> Mapping[str, Any]:
    """Return the settings of the company as the run's record has them."""
    found: Mapping[str, Any] = run["record"].get("settings") or {}
    return found


def differ(old: Any, new: Any) -> bool:
    """Whether two stored values are different numbers; one that is missing differs from one that is not."""
    if numbers.is_missing(old) or numbers.is_missing(new):
        return numbers.is_missing(old) != numbers.is_missing(new)
    return bool(abs(float(new) - float(old)) > _NOISE * max(abs(float(old)), abs(float(new))))


def id_of(*parts: Any) -> str:
    """Return an id made of texts: letters, digits and hyphens."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", str(p)) for p in parts)
