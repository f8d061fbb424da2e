"""Why bookings differ from plan, and where: the bridge by driver, and the gap by region and segment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from bizops import charts, numbers
from bizops.findings import Displayable, Finding, Off, Section, contribution
from bizops.language import message, say
from bizops.methods.plan_gap import PlanGap, plan_gap
from bizops.metrics.bookings import bookings, components
from bizops.metrics.history import NEEDS as HISTORY
from bizops.metrics.history import history_starts
from bizops.metrics.losses import losses_recorded
from bizops.metrics.timing import timing
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports._words import ALL, UNNAMED, capitalised, dimension, heading, relabelled
from bizops.reports.qbr.measures import measure
from bizops.reports.qbr.targets import bookings_target_by
from bizops.tables import Col, Table

BY = ("region", "segment")
TRAILING = 4
RUN_RATE = message("run-rate")
_MOVED = {
    "n_pulled_in": "n_pulled",
    "n_pulled_in_won": "n_pulled_won",
    "pulled_in_won_value": "pulled_won_value",
    "slipped_value": "slipped_amount",
}


def gap_of(context: Context) -> PlanGap:
    """Return the bridge from plan (without one: from the run-rate) to actual bookings, by region and segment."""
    return context.once("gap", lambda: _gap(context))


def _gap(context: Context) -> PlanGap:
    past = [context.alike(p) for p in context.calendar.trailing(context.period, TRAILING)]
    everything = named(components(context.data, [context.window, *past], BY).to_pandas())
    now = everything[everything["period"] == context.window.key]
    held = [p.key for p in past if context.covers(p)]
    before = everything[everything["period"].isin(held)]
    return plan_gap(
        now,
        before,
        _moves(context, [context.window, *past]),
        _plan(context),
        BY,
        quarters=held,
        losses_recorded=losses_recorded(context.data),
        period=context.window.key,
    )


def _plan(context: Context) -> pd.DataFrame | float | None:
    """The plan by region and segment where it is made so, else by one of them, else the whole."""
    whole = measure(context, bookings).target.value
    if whole is None:
        return None
    for by in (BY, BY[:1], BY[1:]):
        frame = bookings_target_by(context, by)
        if len(frame) and abs(frame["value"].sum() - whole) <= 0.005:
            return named(frame)
    return whole


def plan_mismatch(context: Context) -> str:
    """Return why the plan's parts could not be used, or an empty string: they do not add up to its total."""
    whole = measure(context, bookings).target.value
    if whole is None or isinstance(_plan(context), pd.DataFrame):
        return ""
    for by in (BY, BY[:1], BY[1:]):
        frame = bookings_target_by(context, by)
        if len(frame):
            parts, total = (numbers.money(v, context.currency) for v in (frame["value"].sum(), whole))
            names = say(" and ").join(dimension(name) for name in by)
            return say(
                "The plan by {names} adds up to {parts}, the plan as a whole is {total}: parts use the run-rate.",
                names=names, parts=parts, total=total,
            )  # fmt: skip
    return ""


def _moves(context: Context, periods: list[Period]) -> pd.DataFrame | None:
    """Deals that changed quarter, of each period that the history covers from its start; None without history."""
    if context.data.missing(HISTORY):
        return None
    frames = [timing(context.data, p, BY).to_pandas().assign(period=p.key) for p in periods if covered(context, p)]
    return named(pd.concat(frames, ignore_index=True).rename(columns=_MOVED)) if frames else None


def covered(context: Context, period: Period) -> bool:
    """Whether the history of deals reaches back to the start of ``period``."""
    first = context.once("history starts", lambda: history_starts(context.data))
    return first is not None and context.calendar.local_date(first) <= period.start


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with missing regions and segments called ``(none)``, so that parts still add up."""
    dimensions = [c for c in BY if c in frame.columns]
    return frame.assign(**{c: frame[c].fillna(UNNAMED).astype(str) for c in dimensions})


def plan_gap_section(context: Context) -> Section:
    """Return the bridge from plan to actual: volume, win rate, deal size, timing, and plan above run-rate."""
    gap = gap_of(context)
    if gap.reason:
        off = Off("plan-gap", "", gap.reason)
        return Section("plan-gap", say("The gap cannot be taken apart"), (off,))
    bars = bars_of(gap)
    findings = drivers(context)
    figure = charts.bridge(
        bars,
        id="plan-gap",
        # the largest bar is the section's headline: the figure says what is drawn
        title=say(
            "From {start} to actual bookings, {period}",
            start=starts_at(context).lower(),
            period=context.period.short,
        ),
        subtitle=say("Bookings, {currency}, {scope}, {period}", **_told(context)),
        start=(starts_at(context), gap.start),
        end=(say(gap.finish_label), gap.finish),
        currency=context.currency,
        table="plan-gap",
    )
    blocks: tuple[Displayable, ...] = (figure, _gap_table(context, gap))
    return Section("plan-gap", headline_of(findings[0]), blocks, evidence=tuple(findings[:1]))


def _told(context: Context) -> dict[str, str]:
    scope = context.params.title_scope()
    return {"currency": context.currency, "scope": scope, "period": context.period.label}


def bars_of(gap: PlanGap) -> pd.DataFrame:
    """Return the bars of the bridge, the plan's own named for the side of the run-rate that it lies on."""
    bars = gap.bars()
    below = (bars["effect"] == "plan_above_run_rate") & (bars["amount"] > 0)
    return bars.assign(label=bars["label"].mask(below, message("Plan below run-rate")).map(say))


def drivers(context: Context) -> list[Finding]:
    """Return the two largest bars of the bridge as findings, the largest first."""
    gap = gap_of(context)
    if gap.reason:
        return []
    bars = bars_of(gap)
    order = _telling(bars["amount"], gap.change)
    total = distance(gap.change, starts_at(context).lower())
    return [
        contribution(
            f"driver-{bars['effect'][i].replace('_', '-')}",
            str(bars["label"][i]),
            float(bars["amount"][i]),
            gap.change,
            total,
            currency=context.currency,
            metric="BKG-01",
            table="plan-gap",
            figure="plan-gap",
        )
        for i in order
    ]


def starts_at(context: Context) -> str:
    """Return what the bridge starts at: the bookings target by its name, or the run-rate."""
    label = measure(context, bookings).target.label
    return capitalised(label) if label else gap_of(context).start_label


def distance(gap: float, reference: str) -> str:
    """Return what a gap is called: a shortfall against, or an excess over, its reference."""
    if gap < 0:
        return say("shortfall against {reference}", reference=reference)
    return say("excess over {reference}", reference=reference)


def _telling(amounts: pd.Series, change: float) -> list[Any]:
    """The two largest bars; where together they overshoot the gap, also the largest that works against it."""
    order = list(amounts.abs().sort_values(ascending=False, kind="stable").index)
    chosen = order[:2]
    if sum(amounts[i] for i in chosen) * (1 if change > 0 else -1) > abs(change):
        against = [i for i in order[2:] if amounts[i] * change < 0]
        chosen += against[:1]
    return chosen


def _gap_table(context: Context, gap: PlanGap) -> Table:
    level = _level(context, gap)
    wide = relabelled(_named_alone(gap.wide(level), level), level)
    labels = dict(zip(bars_of(gap)["effect"], bars_of(gap)["label"], strict=True))
    columns = [Col(level, heading(level))]
    columns += [Col(e, labels[e], "money", total="sum", signed=True, metric="BKG-01") for e in gap.effects]
    columns += [Col("change", say("Gap"), "money", total="sum", signed=True, metric="BKG-01")]
    return Table(
        "plan-gap",
        say(
            "From {start} to actual by {level}, {period}",
            start=starts_at(context).lower(),
            level=dimension(level),
            period=context.period.label,
        ),
        wide,
        columns,
        note=say(" ").join([gap.convention, *gap.notes]),
        currency=context.currency,
    )


def _level(context: Context, gap: PlanGap) -> str:
    """The dimension of the table: the one that is planned, else the one with more parts."""
    plan = _plan_by_part(context)
    planned = [c for c in BY if plan is not None and c in plan.columns]
    return planned[0] if len(planned) == 1 else max(BY, key=lambda name: gap.frame[name].nunique())


def _named_alone(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return ``frame`` with its only part, if it has no name, called what it is: all deals."""
    alone = len(frame) == 1 and frame[column].iloc[0] == UNNAMED
    return frame.assign(**{column: ALL}) if alone else frame


def contribution_section(context: Context) -> Section:
    """Return actual against plan by region and segment, and each part's share of the gap."""
    parts = contributions(context)
    reference = reference_name(context)
    if len(parts) < 2:
        off = Off("contribution-parts", "", _one_part(parts, [c for c in BY if c in parts.columns]))
        return Section("contribution", say("The gap cannot be cut into parts"), (off,))
    if not parts["reference"].any():
        why = say("there is neither a plan nor an earlier quarter to compare with")
        off = Off("contribution-plan", say("Share of the gap"), why)
        return Section("contribution", say("Where bookings came from"), (off, _parts_table(context, parts, reference)))
    finding = _largest_part(context, parts, reference)
    figure = charts.sorted_bars(
        pd.DataFrame({"label": parts["part"], "value": parts["gap"]}).dropna(),
        id="contribution",
        title=say("Bookings against {reference} by part, {period}", reference=reference, period=context.period.short),
        subtitle=say("Bookings less {reference}, {currency}, {period}", reference=reference, **_told(context)),
        currency=context.currency,
        signed=True,
        better="up",
        table="contribution",
    )
    blocks = (figure, _parts_table(context, parts, reference))
    return Section("contribution", headline_of(finding), blocks, evidence=(finding,))


def _one_part(parts: pd.DataFrame, by: Iterable[str]) -> str:
    """Why the gap of fewer than two parts is not cut: there is nothing to cut, one part only, or no names."""
    if parts.empty:
        return say("there is neither a deal won nor a plan nor an earlier quarter to cut")
    told = [v for v in parts[list(by)].iloc[0] if v != UNNAMED]
    if not told:
        return say("the source names neither regions nor segments to cut by")
    return say("all of it is in one part, {part}", part=say(", ").join(told))


def contributions(context: Context) -> pd.DataFrame:
    """Return one row a part: ``part, actual, reference, gap, share``, the largest gap first.

    Parts are as fine as the plan is made: region and segment, or one of them. Where bookings are not planned by either,
    ``reference`` is the mean of the quarters before (the run-rate), by region and segment.
    """
    return context.once("contributions", lambda: _contributions(context))


def _contributions(context: Context) -> pd.DataFrame:
    plan = _plan_by_part(context)
    by = [c for c in BY if plan is None or c in plan.columns]
    actual = named(context.frame(bookings, by=by))[[*by, "value"]].rename(columns={"value": "actual"})
    reference = _run_rate(context) if plan is None else plan.rename(columns={"value": "reference"})
    both = actual.merge(reference, on=by, how="outer")
    filled = both.fillna({"actual": 0.0, "reference": 0.0}).astype({"actual": float, "reference": float})
    rows = filled.groupby(by, as_index=False)[["actual", "reference"]].sum()
    rows["gap"] = rows["actual"] - rows["reference"]
    whole = rows["gap"].sum()
    rows["share"] = rows["gap"] / whole if abs(whole) > 0.005 else float("nan")
    rows["part"] = [_part(context, dict(zip(by, key, strict=True))) for key in rows[by].itertuples(index=False)]
    order = rows["gap"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order].reset_index(drop=True)


def _plan_by_part(context: Context) -> pd.DataFrame | None:
    plan = _plan(context)
    return plan if isinstance(plan, pd.DataFrame) else None


def _run_rate(context: Context) -> pd.DataFrame:
    past = [context.alike(p) for p in context.calendar.trailing(context.period, TRAILING)]
    frames = [named(context.frame(bookings, p, BY)) for p in past if context.covers(p)]
    if not frames:
        return pd.DataFrame({**{c: pd.Series(dtype=str) for c in BY}, "reference": pd.Series(dtype=float)})
    summed = pd.concat(frames).groupby(list(BY), as_index=False)["value"].sum()
    rate: pd.DataFrame = summed.assign(reference=summed["value"].astype(float) / len(frames))[[*BY, "reference"]]
    return rate


def _part(context: Context, place: dict[str, str]) -> str:
    """The name of a part: what the scope already says, and what is not known, is left out."""
    level = context.params.scope.level
    told = [v for k, v in place.items() if k != level and v != UNNAMED]
    return say(", ").join(told) or say(UNNAMED)


def reference_name(context: Context) -> str:
    """Return what the parts are held against: the name of the bookings target, or the run-rate."""
    return say(RUN_RATE) if _plan_by_part(context) is None else measure(context, bookings).target.label


def _largest_part(context: Context, parts: pd.DataFrame, reference: str) -> Finding:
    first, whole = parts.iloc[0], float(parts["gap"].sum())
    return contribution(
        "part-1",
        str(first["part"]),
        float(first["gap"]),
        whole,
        distance(whole, reference),
        currency=context.currency,
        metric="BKG-01",
        table="contribution",
        figure="contribution",
    )


def _parts_table(context: Context, parts: pd.DataFrame, reference: str) -> Table:
    total = {"share": 1.0} if parts["share"].notna().any() else {}
    return Table(
        "contribution",
        say("Bookings and {reference} by part, {period}", reference=reference, period=context.period.label),
        parts,
        [
            Col("part", say("Part")),
            Col("actual", say("Actual"), "money", total="sum", metric="BKG-01"),
            Col("reference", capitalised(reference), "money", total="sum", metric="BKG-01"),
            Col("gap", say("Gap"), "money", total="sum", signed=True, metric="BKG-01"),
            Col("share", say("Share of gap"), "rate", total="given", missing=say("no gap to share"), metric="BKG-01"),
        ],
        total=total,
        note=say("Shares have the sign of the total gap: a negative share works against it."),
        currency=context.currency,
    )
