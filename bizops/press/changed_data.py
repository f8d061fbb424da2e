"""What two runs read: tables that came or went, rows, content, freshness, and checks that fail now or no longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from bizops import numbers
from bizops.findings.changes import Change, Stated
from bizops.language import message, plural, say
from bizops.press.stored import Run, definitions_of, id_of, same_locale

# More tables than these whose rows changed are told in one sentence, with those that changed most.
_EACH_UP_TO, _NAMED = 3, 5
_BAD = ("failed", "error")
_ROWS = message("{n} of {all} tables have other numbers of rows; most changed {named}.")


def data_changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield what is read differently; nothing for a record without its tables."""
    old, new = before["record"].get("data"), after["record"].get("data")
    if old and new:
        yield from _tables(old, new)
        yield from _rows(old, new, same_day=before["record"].get("as_of") == after["record"].get("as_of"))
        yield from _freshness(before["record"], after["record"])
    if same_locale(before, after):  # a check is known by its name alone, which every language words otherwise
        yield from _checks(before["findings"], after["findings"])


def tables_changed(metric: str, before: Run, after: Run) -> list[str]:
    """Return the tables behind a metric whose content is another one in the later run.

    A metric whose definition does not name its tables may rest on any.
    """
    old, new = before["record"].get("data") or {}, after["record"].get("data") or {}
    other = [t for t in sorted(old.keys() & new.keys()) if _content(old[t]) != _content(new[t])]
    other += sorted(old.keys() ^ new.keys()) if old and new else []
    sources = definitions_of(after["findings"]).get(metric, {}).get("sources")
    if sources is None:
        return []
    named = {s["table"] for s in sources}
    return [t for t in other if t in named]


def _content(table: Mapping[str, Any]) -> Any:
    return table.get("fingerprint") or table.get("rows")


def _tables(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() - new.keys()):
        rows = _count(old[name]["rows"])
        text = plural(
            int(old[name]["rows"]),
            "The table {table} is missing; it had {count} row.",
            "The table {table} is missing; it had {count} rows.",
            table=name,
            count=rows.text,
        )
        yield Change("data", f"missing-{id_of(name)}", text, tone="bad", numbers=(rows,), names=(name,))
    for name in sorted(new.keys() - old.keys()):
        rows = _count(new[name]["rows"])
        text = plural(
            int(new[name]["rows"]),
            "The table {table} is new, with {count} row.",
            "The table {table} is new, with {count} rows.",
            table=name,
            count=rows.text,
        )
        yield Change("data", f"new-{id_of(name)}", text, numbers=(rows,), names=(name,))


def _rows(old: Mapping[str, Any], new: Mapping[str, Any], *, same_day: bool) -> Iterator[Change]:
    """Yield tables with other numbers of rows and, of the same day, those whose rows changed in place."""
    both = sorted(old.keys() & new.keys())
    gaps = {t: int(new[t]["rows"]) - int(old[t]["rows"]) for t in both if new[t]["rows"] != old[t]["rows"]}
    if len(gaps) <= _EACH_UP_TO:
        yield from (_row_count(t, old[t]["rows"], new[t]["rows"]) for t in gaps)
    else:
        yield _row_counts(gaps, len(both))
    inside = [t for t in both if t not in gaps and _content(old[t]) != _content(new[t])] if same_day else []
    if inside:
        names = ", ".join(inside)
        text = plural(
            len(inside),
            "Rows of the table {tables} have changed, not their number.",
            "Rows of the tables {tables} have changed, not their number.",
            tables=names,
        )
        yield Change("data", "rows-inside", text, names=(names,))


def _row_count(table: str, old: Any, new: Any) -> Change:
    was, now, gap = _count(old), _count(new), _signed(int(new) - int(old))
    words = {"table": table, "new": now.text, "old": was.text, "delta": gap.text}
    if new > old:
        sentence = say("The rows of {table} rose to {new} from {old} ({delta}).", **words)
    else:
        sentence = say("The rows of {table} fell to {new} from {old} ({delta}).", **words)
    return Change("data", f"rows-{id_of(table)}", sentence, numbers=(was, now, gap), names=(table,))


def _row_counts(gaps: Mapping[str, int], of: int) -> Change:
    most = sorted(gaps, key=lambda t: -abs(gaps[t]))[:_NAMED]
    shown = {t: _signed(gaps[t]) for t in most}
    n, every = _count(len(gaps)), _count(of)
    named = ", ".join(f"{t}{numbers.NBSP}{s.text}" for t, s in shown.items())
    sentence = say(_ROWS, n=n.text, all=every.text, named=named)
    return Change("data", "rows", sentence, numbers=(n, every, *shown.values()), names=tuple(most))


def _freshness(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the move of the newest extract, and an extract that stayed while the reports went on."""
    old, new = ((r.get("data_window") or {}).get("extracted_at") for r in (before, after))
    if not old or not new:
        return
    was, now = (numbers.day(dt.datetime.fromisoformat(t)) for t in (old, new))
    if new < old and str(after.get("as_of")) >= str(before.get("as_of")):
        text = say("The newest extract is older than before: {new}, before {old}.", new=now, old=was)
        yield Change("data", "freshness", text, tone="bad", names=(now, was))
    elif new == old and str(after.get("as_of")) > str(before.get("as_of")):
        text = say("The data have not been extracted anew since {day}.", day=now)
        yield Change("data", "freshness", text, tone="bad", names=(now,))
    elif was != now:
        text = say("The newest extract is of {new}, before of {old}.", new=now, old=was)
        yield Change("data", "freshness", text, names=(now, was))


def _checks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield checks of the data whose result is another one: failing now, no longer failing, gone."""
    if before.get("checks") is None or after.get("checks") is None:
        return
    old, new = ({_check(c): c for c in run["checks"]} for run in (before, after))
    for at, key in enumerate(sorted({*old, *new})):
        was, now = (str((run.get(key) or {}).get("result", "passed")) for run in (old, new))
        if was == now:
            continue
        name = ": ".join(filter(None, reversed(key)))
        if now in _BAD:
            text = say("The check “{check}” fails now.", check=name)
        elif now == "warning":
            text = say("The check “{check}” gives a warning now.", check=name)
        elif was in _BAD:
            text = say("The check “{check}” no longer fails.", check=name)
        else:
            text = say("The check “{check}” gives no warning any more.", check=name)
        yield Change("data", f"check-{at}", text, tone="bad" if now in _BAD else "neutral", names=(name,))


def _check(check: Mapping[str, Any]) -> tuple[str, str]:
    return str(check["check"]), str(check.get("where") or "")


def _count(n: Any) -> Stated:
    return Stated(float(n), "count", numbers.count(n))


def _signed(n: int) -> Stated:
    return Stated(float(n), "count", numbers.count(n, signed=True))
