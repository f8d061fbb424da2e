"""Two runs of a case side by side: what is another value, restated, defined differently, read differently, or new.

Everything is taken from the documents that a run leaves, ``findings.json`` and ``run.json``; nothing is computed from
data. Fields that an older document lacks are not compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from bizops import numbers
from bizops.findings.changes import Baseline, Change, Changes, in_sight, ordered
from bizops.language import plural, say
from bizops.press.changed_data import data_changes
from bizops.press.changed_settings import setting_changes
from bizops.press.changed_values import restated_values, tracked_changes, value_changes
from bizops.press.changed_words import ask_changes, finding_changes
from bizops.press.stored import Run, definitions_of, period_of, settings_of, tracked_of

_OTHER_RUN = re.compile(r'(<a\b[^<>]*\shref=")(\.\./[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}/)')
# Parameters in which two runs may differ and still speak of the same slice.
_OF_TIME = frozenset({"as_of", "period", "locale", "company"})


def compare(
    before: Run,
    after: Run,
    *,
    effect: Mapping[str, Any] | None = None,
    effect_missing: str = "",
    href: str | None = None,
) -> Changes:
    """Return what changed from one run of a case to a later one.

    Parameters
    ----------
    before, after
        ``{"findings": <findings.json>, "record": <run.json>}`` of the two runs.
    effect
        The findings document of the later run's data under the earlier run's settings: what a changed setting alone
        does is the difference of the two (new less old).
    effect_missing
        Why there is no such document although settings differ.
    href
        Where the earlier run's page lies, seen from the later one's; by default ``../<run id>/<page>``.
    """
    same_slice = _parameters(before) == _parameters(after) and _scope(before) == _scope(after)
    same_period = period_of(before) == period_of(after)
    backwards = _is_later(before, after)
    found: list[Change] = [
        *setting_changes(before, after, effect, effect_missing),
        *data_changes(before, after),
    ]
    if same_slice and _currency_kept(before, after):
        found += restated_values(before, after, effect)
    if same_slice and _currency_kept(before, after) and not backwards:
        found += value_changes(before, after, effect, same_period=same_period)
        found += tracked_changes(before, after, same_period=same_period)
        found += ask_changes(before, after)
        found += finding_changes(before, after) if same_period else []
        # a number that a card or a table's value tells already
        known = {v.value for c in found if c.kind in ("value", "restated") for v in c.numbers}
        found = [c for c in found if not (c.id.startswith("moved-") and c.numbers[-1].value in known)]
        # a card is judged like the finding on its metric; that one says more
        turned = {c.metric for c in found if c.id.startswith("turned-") and c.metric}
        found = [c for c in found if not (c.id.startswith("status-") and c.metric in turned)]
    every = ordered(_told_apart(found))
    sight = in_sight(every)
    listed = ordered([*every, *(c for c in sight if c not in every)])
    remark = _remark(before, after, every, same_slice=same_slice, backwards=backwards)
    shown = tuple(c.id for c in sight)
    return Changes(listed, _baseline(before["record"], href, same_period), "", remark, shown)


def not_compared(reason: str) -> Changes:
    """Return the block of a run that is compared with nothing, with the reason."""
    return Changes(reason=reason)


def seen_from(page: str, folder: str) -> str:
    """Return a page with its links to other runs as they are from ``folder``, a folder within the run's own."""
    up = "../" * folder.strip("/").count("/") + "../" if folder else ""
    return _OTHER_RUN.sub(lambda m: f"{m[1]}{up}{m[2]}", page)


def _baseline(record: Mapping[str, Any], href: str | None, same_period: bool) -> Baseline:
    run_id, page = str(record.get("run_id", "")), str(record.get("page", ""))
    if href is None:
        href = f"../{quote(run_id)}/{quote(page)}" if page else ""
    return Baseline(
        run_id,
        href,
        str(record.get("as_of", "")),
        str((record.get("period") or {}).get("label", "")),
        str(record.get("started_at", "")),
        same_period,
    )


def _told_apart(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes with ids that differ: names of tables and metrics may be alike in what an id keeps of them."""
    seen: Counter[str] = Counter()
    for change in changes:
        seen[change.id] += 1
        n = seen[change.id]
        yield change if n == 1 else replace(change, id=f"{change.id}-{n}")


def _remark(before: Run, after: Run, changes: Sequence[Change], *, same_slice: bool, backwards: bool) -> str:
    """What is to be said of the comparison itself: nothing changed, nothing but data, or not all is comparable."""
    if not same_slice:
        return say(
            "The two runs have other parameters ({names}), so values, findings and asks are not compared.",
            names=", ".join(_differing(before, after)),
        )
    if backwards:
        return say(
            "The run compared with is of a later period, {period}: only what was restated, defined or read differently "
            "is told.",
            period=str((before["record"].get("period") or {}).get("label", "")),
        )
    words = {"what": ", ".join(_compared(before, after)), "run": str(before["record"].get("run_id", ""))}
    if not changes:
        return say("Nothing changed: {what} are as they were in the run {run}.", **words)
    if all(c.kind == "data" for c in changes):
        return say("Nothing changed beyond the data: {what} are as they were in the run {run}.", **words)
    return ""


def _is_later(before: Run, after: Run) -> bool:
    """Whether the earlier run is of a later period than the run that is compared with it."""
    old, new = (str((run["record"].get("period") or {}).get("end") or "") for run in (before, after))
    return bool(old and new and old > new)


def _compared(before: Run, after: Run) -> Iterator[str]:
    """Name what was compared, with its number, as far as both runs have it."""
    old, new = before["findings"], after["findings"]
    n = len(tracked_of(old).keys() & tracked_of(new).keys()) or len(new.get("kpis", ()))
    yield plural(n, "{count} value", "{count} values", count=numbers.count(n))
    if n := len(definitions_of(old).keys() & definitions_of(new).keys()):
        yield plural(n, "{count} definition", "{count} definitions", count=numbers.count(n))
    n = len(new.get("findings", ()))
    yield plural(n, "{count} finding", "{count} findings", count=numbers.count(n))


def _parameters(run: Run) -> dict[str, Any]:
    return {k: v for k, v in (run["record"].get("parameters") or {}).items() if k not in _OF_TIME}


def _scope(run: Run) -> dict[str, str]:
    """What a run is cut to; its label is left out, which every language words otherwise."""
    scope = run["record"].get("scope") or {}
    return {key: str(scope.get(key) or "") for key in ("level", "member")}


def _differing(before: Run, after: Run) -> list[str]:
    parameters, scopes = ((of(before), of(after)) for of in (_parameters, _scope))
    old, new = parameters if parameters[0] != parameters[1] else scopes
    return sorted(k for k in {*old, *new} if old.get(k) != new.get(k))


def _currency_kept(before: Run, after: Run) -> bool:
    old, new = (settings_of(run).get("currency") for run in (before, after))
    return old is None or new is None or old == new
