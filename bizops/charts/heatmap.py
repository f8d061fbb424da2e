"""Numbers on shades of one colour: cohorts by age, and moves from stage to stage.

Every cell prints its number, so that the shade repeats what can be read; the number turns from ink to ground where
the shade is dark. Cells without a value stay empty: the triangle of ages that a cohort has not reached yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import pandas as pd

from bizops import numbers
from bizops.charts.amounts import Amounts, optional
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import draw
from bizops.charts.labels import clean
from bizops.charts.rows import checked
from bizops.charts.shades import Shades
from bizops.errors import InputError
from bizops.language import plural, say

_ROWS = 24
_STAGES = 8


def cohort_heatmap(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "rate", currency: str = "",
    label_title: str = "", age_title: str = "", table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return cohorts by age, oldest cohort first, with the number printed in every cell.

    ``frame`` is long, one row a pair: label (cohort, in order), age (periods since its start), value (in ``unit``,
    rates as fractions; missing values and pairs stay empty) and, where known, n (records the cohort started with). A
    cohort of fewer than 20 records has no colour, one of fewer than 5 no numbers. More than 24 cohorts become the
    last 24; where ages do not fit, evenly spaced ones are shown. Raises ``InputError`` for a pair that appears twice.
    """
    data = checked(frame, ("label", "age", "value"), id, allow_missing=("value",))
    data = data.assign(label=data["label"].map(str))
    _once(data, ("label", "age"), id)
    names, ages = list(dict.fromkeys(data["label"])), list(dict.fromkeys(data["age"]))
    ages = sorted(ages) if all(isinstance(a, Real) for a in ages) else ages
    last = slice(-_ROWS, None)
    cells = _cells(data, ("label", "age", "value"), names[last], ages)
    sizes = _sizes(data, names)
    amounts = Amounts.of([v for row in cells for v in row], unit, currency, id)
    heat = Shades(
        names[last], [numbers.raw(a) for a in ages], cells, sizes[last], amounts, id,
        corner=label_title or say("Cohort"), across=clean(age_title or say("Age in periods")),
        left_out=len(names[:-_ROWS]),
    )  # fmt: skip
    alt = alternative(say("Cohort heat map"), subtitle, _cohort_messages(heat), table)
    return draw(heat.paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


def transition_heatmap(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, stages: Sequence[str] = (), label_title: str = "",
    target_title: str = "", table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return where the records of each stage went: shares of a row, which sum to 100 %, with the row's n.

    ``frame`` has one row a pair: source and target (stages), n (records that moved; a missing pair is none).
    ``stages`` is their order, by default that of appearance. A row of fewer than 20 records has no colour, one of
    fewer than 5 no numbers. Raises ``InputError`` for more than 8 stages, a pair that appears twice, a negative n.
    """
    data = checked(frame, ("source", "target", "n"), id, allow_missing=("source", "target"))
    data = data.assign(source=data["source"].map(str), target=data["target"].map(str))
    _once(data, ("source", "target"), id)
    if (data["n"] < 0).any():
        raise InputError("a negative number of records", where=f"figure {id}", fix="n counts moves")
    order = list(dict.fromkeys([*stages, *data["source"], *data["target"]]))
    sources, targets = ([s for s in order if s in set(data[end])] for end in ("source", "target"))
    if max(len(sources), len(targets)) > _STAGES:
        fix = f"at most {_STAGES}: fold the rare ones into one"
        raise InputError(f"{len(order)} stages", where=f"figure {id}", fix=fix)
    counts = [[n or 0.0 for n in row] for row in _cells(data, ("source", "target", "n"), sources, targets)]
    totals: list[float | None] = [sum(row) for row in counts]
    cells = [[n / total if total else None for n in row] for total, row in zip(totals, counts, strict=True)]
    heat = Shades(
        sources, targets, cells, totals, Amounts("rate", "", None), id, corner=label_title or say("From"),
        across=clean(target_title or say("Share that went to")), stages=True,
    )  # fmt: skip
    alt = alternative(say("Table of moves, shaded"), subtitle, _move_messages(heat), table)
    return draw(heat.paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


def _once(data: pd.DataFrame, pair: tuple[str, str], id: str) -> None:
    if data.duplicated(list(pair)).any():
        raise InputError(f"a pair of {pair[0]} and {pair[1]} appears twice", where=f"figure {id}", fix="sum them first")


def _cells(
    data: pd.DataFrame, names: tuple[str, str, str], rows: Sequence[object], columns: Sequence[object]
) -> list[list[float | None]]:
    """Return the third column as rows by columns, None where a pair is missing."""
    row, column, value = names
    found = dict(zip(zip(data[row], data[column], strict=True), optional(data[value]), strict=True))
    return [[found.get((r, c)) for c in columns] for r in rows]


def _sizes(data: pd.DataFrame, names: Sequence[str]) -> list[float | None]:
    """Return the records of each cohort: the largest n of its rows."""
    if "n" not in data:
        return [None] * len(names)
    pairs = list(zip(data["label"], optional(data["n"]), strict=True))
    return [max((n for label, n in pairs if label == name and n is not None), default=None) for name in names]


def _cohort_messages(heat: Shades) -> list[str]:
    """Return the sentences of the alternative text: the latest age that several cohorts reached, compared."""
    drawn = heat.drawn()
    rows = plural(len(heat.labels), "{count} cohort", "{count} cohorts", count=len(heat.labels))
    if not drawn:
        return [say("{rows}, each of fewer than {n} records", rows=rows, n=numbers.COUNTS_ONLY_BELOW)]
    counts = {c: sum(x[1] == c for x in drawn) for c in range(len(heat.columns))}
    most = max(c for c, k in counts.items() if k >= min(2, max(counts.values())))
    at_age = sorted((x for x in drawn if x[1] == most), key=lambda x: x[2])
    low, high = (f"{heat.labels[x[0]]} {heat.amounts.full(x[2])}" for x in (at_age[0], at_age[-1]))
    spread = say("at age {age}: lowest {low}, highest {high}", age=heat.columns[most], low=low, high=high)
    if len(at_age) == 1:
        spread = say("at age {age}: {one}", age=heat.columns[most], one=low)
    first, last = (heat.amounts.full(v) for v in (min(x[2] for x in drawn), max(x[2] for x in drawn)))
    return [f"{rows}; {spread}", say("All cells from {low} to {high}", low=first, high=last)]


def _move_messages(heat: Shades) -> list[str]:
    """Return the sentences of the alternative text: for each of the largest rows, where most of it went."""
    drawn = heat.drawn()
    rows = plural(len(heat.labels), "{count} stage", "{count} stages", count=len(heat.labels))
    if not drawn:
        return [say("{rows}, each of fewer than {n} records", rows=rows, n=numbers.COUNTS_ONLY_BELOW)]
    found = []
    for r in sorted({x[0] for x in drawn}, key=lambda r: -(heat.sizes[r] or 0)):
        _, column, value, _ = max((x for x in drawn if x[0] == r), key=lambda x: x[2])
        n = int(heat.sizes[r] or 0)
        share = numbers.share(round(value * n), n)
        found.append(say("{one} to {other} {share}", one=heat.labels[r], other=heat.columns[column], share=share))
    return [say("Most of {first}", first=found[0]), *found[1:4]]
