"""Bars, all from zero and all horizontal: contributions in order of size, actual against plan, stacks and groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bizops import numbers
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, width_of
from bizops.charts.rows import Rows, checked, colour, value_label
from bizops.errors import InputError
from bizops.language import message, say
from bizops.theme import SERIES

_THICK = 0.3
_FOLD_ABOVE = 15
_KEEP = 12


def sorted_bars(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "money", currency: str = "",
    signed: bool = False, better: str = "none", additive: bool = True, table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return horizontal bars in order of size, the side of the total first.

    ``frame`` has one row a bar: label, value (in ``unit``) and, where known, n (a rate from fewer than 20 records is
    drawn hollow). ``signed`` prints the sign (contributions, variances) and, with ``better``, colours by the
    direction of good. More than 15 rows become the 12 largest and, when ``additive``, one bar for the others.
    """
    data = _ordered(checked(frame, ("label", "value"), id), additive)
    scale = _scale(data["value"], unit)
    words = [_shown(v, unit, _three_digits(v, scale), signed) for v in data["value"]]
    tokens = [colour(v, better) if signed else "c1" for v in data["value"]]
    hollow = [unit == "rate" and _few(n) for n in data.get("n", [None] * len(data))]

    def paint(width: Width) -> Sketch:
        values = [float(v) for v in data["value"]]
        sketch = Rows(
            width, list(data["label"]), min(0.0, *values), max(0.0, *values),
            [w for w, v in zip(words, values, strict=True) if v < 0],
            [w for w, v in zip(words, values, strict=True) if v >= 0], top=6 + _unit_room(unit, scale, currency),
        ).sketch()  # fmt: skip
        _unit_line(sketch, unit, scale, currency)
        for i, value in enumerate(values):
            few = hollow[i]
            sketch.bar((0, value), (i - _THICK, i + _THICK), "" if few else tokens[i], outline=tokens[i] if few else "")
            value_label(sketch, i, 0, value, words[i])
        sketch.lines([[(0, -0.5), (0, len(values) - 0.5)]], "ref", wide=1.2)
        return sketch

    pairs = zip(data["label"], data["value"].astype(float), strict=True)
    read = [f"{clean(label)} {_spoken(value, unit, currency, signed)}" for label, value in pairs]
    messages = [say("First: {names}", names=say(", ").join(read[:3]))]
    if len(read) > 3:
        messages.append(say("Last of {n}: {name}", n=len(read), name=read[-1]))
    alt = alternative(say("Sorted bars"), subtitle, messages, table)
    return draw(paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


def _ordered(data: pd.DataFrame, additive: bool) -> pd.DataFrame:
    falling = data["value"].sum() < 0
    data = data.sort_values("value", ascending=bool(falling), kind="stable", ignore_index=True)
    if len(data) <= _FOLD_ABOVE:
        return data
    kept = data["value"].abs().rank(method="first", ascending=False) <= _KEEP
    rest = data[~kept]
    data = data[kept]
    if additive:
        others = pd.DataFrame({"label": [say("Others ({n})", n=len(rest))], "value": [float(rest["value"].sum())]})
        data = pd.concat([data, others])
    return data.reset_index(drop=True)


def _few(n: Any) -> bool:
    return not numbers.is_missing(n) and n < numbers.NO_COLOUR_BELOW


def _scale(values: Any, unit: str) -> numbers.Scale:
    return numbers.chart_scale(values) if unit == "money" else numbers.Scale(1.0, "", 0)


def _three_digits(value: float, scale: numbers.Scale) -> numbers.Scale:
    """The scale with no more decimals than the value's third significant digit needs."""
    scaled = numbers.significant(value / scale.factor)
    return replace(scale, decimals=min(scale.decimals, max(0, 2 - scaled.adjusted())))


def _shown(value: float, unit: str, scale: numbers.Scale, signed: bool) -> str:
    if unit == "money":
        return numbers.money(value, scale=scale, signed=signed)
    return numbers.delta(value, unit) if signed else numbers.quantity(value, unit)


def _spoken(value: float, unit: str, currency: str, signed: bool) -> str:
    return (numbers.delta if signed else numbers.quantity)(value, unit, currency=currency)


def _unit_room(unit: str, scale: numbers.Scale, currency: str) -> float:
    return LEGEND_ROW if unit == "money" and (scale.name or currency) else 0.0


def _unit_line(sketch: Sketch, unit: str, scale: numbers.Scale, currency: str, top: float = 10.0) -> None:
    if _unit_room(unit, scale, currency):
        sketch.text(0, top, scale.title(currency), token="muted")


def bullet(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "money", currency: str = "",
    better: str = "up", plan_label: str = message("Plan"), prior_label: str = message("Prior period"), table: str = "",
    note: str = "",
) -> Figure:  # fmt: skip
    """Return a row for each part with actual as a solid bar inside the outlined plan, and the variance as text.

    ``frame`` has one row a part: label, actual, plan (missing: "no plan") and, optionally, prior (drawn as a short
    line). Rows keep their order; put the largest gap first.
    """
    plan_label, prior_label = say(plan_label), say(prior_label)
    data = checked(frame, ("label", "actual", "plan"), id, allow_missing=("plan",))
    plans = _optional(data["plan"])
    priors = _optional(data["prior"]) if "prior" in data else [None] * len(data)
    actuals = [float(v) for v in data["actual"]]
    scale = _scale([*actuals, *plans], unit)
    rows = list(zip(data["label"], actuals, plans, strict=True))
    known = [v for v in (*actuals, *plans, *priors, 0.0) if v is not None]
    entries = [("fill", "c1", say("Actual"))]
    entries += [("outline", "ink", plan_label)] if any(p is not None for p in plans) else []
    entries += [("tick", "c3", prior_label)] if any(p is not None for p in priors) else []

    def paint(width: Width) -> Sketch:
        values = [_shown(a, unit, scale, False) for a in actuals]
        gaps = [_variance(a, p, unit, scale, plan_label, short=width.px < 500) for _, a, p in rows]
        column = max(width_of(v, width.font) for v in values) + max(width_of(g, width.font) for g in gaps) + 24
        top = 6 + LEGEND_ROW * legend_rows(_keyed(entries, unit, scale, currency), width)
        sketch = Rows(width, list(data["label"]), min(known), max(known), column=column, top=top).sketch()
        sketch.legend(_keyed(entries, unit, scale, currency))
        for i, (_, actual, plan) in enumerate(rows):
            if plan is not None:
                sketch.bar((0, plan), (i - 0.34, i + 0.34), outline="ink", wide=1.2)
            sketch.bar((0, actual), (i - 0.19, i + 0.19), "c1")
            prior = priors[i]
            if prior is not None:
                sketch.lines([[(prior, i - 0.42), (prior, i + 0.42)]], "c3", wide=2.2)
            gap = None if plan is None else actual - plan
            token = "muted" if gap is None or not gap or better == "none" else colour(gap, better)
            edge = width.px - 4
            sketch.text(edge, sketch.y(i), gaps[i], token=token, align="right")
            sketch.text(edge - max(width_of(g, width.font) for g in gaps) - 10, sketch.y(i), values[i], align="right")
        sketch.lines([[(0, -0.5), (0, len(rows) - 0.5)]], "ref", wide=1.2)
        return sketch

    messages = [_bullet_words(label, actual, plan, unit, currency, plan_label) for label, actual, plan in rows[:4]]
    alt = alternative(say("Actual against plan, bars"), subtitle, messages, table)
    return draw(paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


def _optional(values: Iterable[Any]) -> list[float | None]:
    return [None if numbers.is_missing(v) else float(v) for v in values]


def _keyed(
    entries: Sequence[tuple[str, str, str]], unit: str, scale: numbers.Scale, currency: str
) -> list[tuple[str, str, str]]:
    """Return the legend with the unit of money in its first entry."""
    if unit != "money" or not (scale.name or currency):
        return list(entries)
    kind, token, words = entries[0]
    title = say("{words}, {unit}", words=words, unit=scale.title(currency))
    return [(kind, token, title), *entries[1:]]


def _variance(actual: float, plan: float | None, unit: str, scale: numbers.Scale, label: str, *, short: bool) -> str:
    if plan is None:
        return say("no {label}", label=label.lower())
    gap = _shown(actual - plan, unit, scale, True)
    relative = None if unit == "rate" else numbers.change(actual, plan)
    if relative is None:
        return gap
    share = numbers.percent(relative, signed=True)
    return share if short else say("{gap} ({share})", gap=gap, share=share)


def _bullet_words(label: object, actual: float, plan: float | None, unit: str, currency: str, plan_label: str) -> str:
    told = {"label": clean(label), "actual": _spoken(actual, unit, currency, False)}
    if plan is None:
        return say("{label} {actual}, no {reference}", **told, reference=plan_label.lower())
    shown = _spoken(plan, unit, currency, False)
    return say("{label} {actual} against {reference} {plan}", **told, reference=plan_label.lower(), plan=shown)


def stacked(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "money", currency: str = "",
    table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return one bar a label, made of up to four series in order of appearance, with its total at the end.

    ``frame`` is long: label, series, value (in ``unit``, not negative), one row a pair; a missing pair is nothing.
    """
    return _many(frame, id, title, subtitle, unit, currency, table, note, together=True)


def grouped(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit: str = "money", currency: str = "",
    table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return up to four bars a label, one a series, each with its value; input as for ``stacked``, any sign."""
    return _many(frame, id, title, subtitle, unit, currency, table, note, together=False)


def _many(
    frame: pd.DataFrame, id: str, title: str, subtitle: str, unit: str, currency: str, table: str, note: str,
    *, together: bool,
) -> Figure:  # fmt: skip
    data = checked(frame, ("label", "series", "value"), id)
    names = [str(s) for s in dict.fromkeys(data["series"])]
    if len(names) > len(SERIES):
        raise InputError(
            f"{len(names)} series", where=f"figure {id}", fix="at most four: fold the others, or one chart a series"
        )
    if data.duplicated(["label", "series"]).any():
        raise InputError("a pair of label and series appears twice", where=f"figure {id}", fix="sum them first")
    if together and (data["value"] < 0).any():
        raise InputError("a stack cannot hold negative values", where=f"figure {id}", fix="use grouped bars")
    wide = data.pivot(index="label", columns="series", values="value").loc[list(dict.fromkeys(data["label"]))]
    wide = wide[list(dict.fromkeys(data["series"]))].astype(float)
    totals = wide.sum(axis=1)
    scale = _scale([*(totals if together else []), *wide.to_numpy().ravel()], unit)
    painter = _paint_stacked if together else _paint_grouped

    def paint(width: Width) -> Sketch:
        return painter(width, wide, unit, scale, currency)

    order = totals.sort_values(ascending=False, kind="stable").index[:2] if together else wide.index[:2]
    messages = [_many_words(label, wide.loc[label], unit, currency) for label in order]
    kind = say("Stacked bars") if together else say("Grouped bars")
    alt = alternative(kind, subtitle, [m for m in messages if m], table)
    return draw(paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


def _entries(wide: pd.DataFrame, unit: str, scale: numbers.Scale, currency: str) -> list[tuple[str, str, str]]:
    keys = [("fill", token, clean(name)) for token, name in zip(SERIES, wide.columns, strict=False)]
    return keys if unit != "money" or not (scale.name or currency) else [*keys, ("", "ref", scale.title(currency))]


def _paint_stacked(width: Width, wide: pd.DataFrame, unit: str, scale: numbers.Scale, currency: str) -> Sketch:
    totals = [float(t) for t in wide.sum(axis=1)]
    words = [_shown(t, unit, scale, False) for t in totals]
    entries = _entries(wide, unit, scale, currency)
    top = 6 + LEGEND_ROW * legend_rows(entries, width)
    sketch = Rows(width, list(wide.index), 0.0, max(totals), after=words, top=top).sketch()
    sketch.legend(entries)
    for i, values in enumerate(wide.to_numpy()):
        base = 0.0
        for token, value in zip(SERIES, values, strict=False):
            if not numbers.is_missing(value) and value:
                sketch.bar((base, base + value), (i - _THICK, i + _THICK), token, outline="bg", wide=1.0)
                base += value
        value_label(sketch, i, 0, totals[i], words[i], bold=True)
    return sketch


def _paint_grouped(width: Width, wide: pd.DataFrame, unit: str, scale: numbers.Scale, currency: str) -> Sketch:
    cells = wide.to_numpy()
    known = [float(v) for v in cells.ravel() if not numbers.is_missing(v)]
    words = [[None if numbers.is_missing(v) else _shown(v, unit, scale, False) for v in row] for row in cells]
    labelled = [(v, w) for row, ws in zip(cells, words, strict=True) for v, w in zip(row, ws, strict=True) if w]
    entries = _entries(wide, unit, scale, currency)
    top = 6 + LEGEND_ROW * legend_rows(entries, width)
    count = len(wide.columns)
    size = Width(width.name, width.px, width.font, width.label_room, count * (width.font + 4) + 10)
    sketch = Rows(
        size, list(wide.index), min(0.0, *known), max(0.0, *known),
        [w for v, w in labelled if v < 0], [w for v, w in labelled if v >= 0], top=top,
    ).sketch()  # fmt: skip
    sketch.legend(entries)
    thick = 0.8 / count
    for i, row in enumerate(cells):
        for k, value in enumerate(row):
            middle = i - 0.4 + thick * (k + 0.5)
            shown = words[i][k]
            if shown is None:
                sketch.text(sketch.x(0) + 6, sketch.y(middle), numbers.missing(), token="muted")
                continue
            sketch.bar((0, value), (middle - thick * 0.42, middle + thick * 0.42), SERIES[k])
            value_label(sketch, middle, 0, value, shown)
    sketch.lines([[(0, -0.5), (0, len(cells) - 0.5)]], "ref", wide=1.2)
    return sketch


def _many_words(label: object, row: pd.Series[float], unit: str, currency: str) -> str:
    known = row.dropna()
    parts = [f"{clean(name)} {_spoken(value, unit, currency, False)}" for name, value in known.items()]
    return say("{label}: {values}", label=clean(label), values=say(", ").join(parts)) if parts else ""
