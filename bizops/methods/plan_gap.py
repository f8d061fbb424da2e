"""Why did the quarter end where it did against plan? Volume, win rate, deal size, timing, by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isnan, nan

import pandas as pd

from bizops.errors import InputError
from bizops.language import message, plural, say
from bizops.methods.bridge import shapley_product
from bizops.methods.frames import key_columns, keyed, name, ordered, require, unkeyed
from bizops.methods.result import Bridge, tidy
from bizops.methods.schedule import Parts, Schedule, against_drivers, against_run_rate, read_parts

PLAN_DRIVERS = ("n_closed", "win_rate", "deal_size")
NOT_ALLOCATED = "(not allocated)"
"""The group of a bar that exists only at a level above: a plan of the whole company, or of a region."""
LABELS = {
    "volume": message("Deal volume"),
    "win_rate": message("Win rate"),
    "deal_count": message("Deals won"),
    "deal_size": message("Deal size"),
    "timing": message("Timing (slipped, pulled in)"),
    "plan_above_run_rate": message("Plan above run-rate"),
    "plan_above_drivers": message("Plan above its drivers"),
}
ADDS_UP = message(
    "Each effect is, by group, the mean over all orders in which the factors could have changed (Shapley); the bars "
    "add up to actual less plan, and children to their parents."
)
ON_SCHEDULE = message(
    "Volume is the deals due: closed − pulled in + slipped. A slipped deal counts at the win rate of the deals that "
    "closed on schedule, so that slipping and pulling in move the timing bar."
)
AS_CLOSED = message("Volume is the deals closed, whenever they were due.")
WON_ONLY = message("Volume is the deals won: lost deals are not recorded.")
TRAILING = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanGap(Bridge):
    """The bridge from plan (without one: from the run-rate) to the actual won value, in its currency unit.

    ``detail`` has one row a segment with the drivers on schedule, before (reference) and after (actual), as used:
    ``volume`` (deals due), ``win_rate``, ``deal_size`` (or ``deal_count``, ``deal_size`` where the win rate is not
    measurable) and ``timing`` (money), each with ``_before`` and ``_after``.

    plan
        The planned value; NaN without a plan.
    run_rate
        Mean actual of the trailing quarters; NaN without any. ``n_quarters`` is their number.
    has_timing, has_win_rate
        Whether these two could be measured; ``notes`` says why not.
    reason
        Why there is no bridge at all (then ``frame`` has no rows); "" where there is one.
    """

    plan: float
    run_rate: float
    n_quarters: int
    has_timing: bool
    has_win_rate: bool
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Target:
    """A plan taken apart: ``value`` keyed by ``levels``, and ``drivers`` keyed by segment; None where not given."""

    value: pd.Series | None
    drivers: pd.DataFrame | None
    levels: tuple[str, ...]


def plan_gap(
    actual: pd.DataFrame,
    baseline: pd.DataFrame | None,
    timing: pd.DataFrame | None = None,
    plan: float | Decimal | pd.DataFrame | None = None,
    by: str | Sequence[str] = "segment",
    *,
    quarters: Sequence[str] | None = None,
    losses_recorded: bool | None = None,
    period: str | None = None,
) -> PlanGap:
    """Return why the quarter's won value differs from plan: effects by segment that add up to actual − plan.

    Parameters
    ----------
    actual
        The quarter: the columns of ``by``, ``n_closed`` (won and lost), ``n_won``, ``won_value``; ``period`` where
        ``timing`` is given. Several rows of a segment are added up. ``n_closed`` absent or empty: lost deals are not
        recorded.
    baseline
        The trailing quarters (four): the same columns and ``period``. It may be None where the plan has drivers.
    timing
        Deals that moved, from history, for the quarter and the trailing ones: the columns of ``by``, ``period``,
        ``n_pulled`` and ``n_pulled_won`` (closed in the quarter, due later when it began), ``pulled_won_value``,
        ``n_slipped`` (due when it began, not closed in it), ``slipped_amount``. A period with any row is covered by
        history, and there an absent segment had no moves. None: no history.
    plan
        A number for the whole; or a frame with ``value`` and some or all columns of ``by``; or a frame with the
        plan's own drivers ``n_closed``, ``win_rate`` (fraction), ``deal_size`` for every segment (and perhaps
        ``value``), which then take the place of the trailing quarters. A missing value is no plan.
    by
        Segment columns. With several (region and segment) the bridge is made for their combinations, and ``roll_up``
        adds the children to either parent.
    quarters
        Names of the trailing periods, so that one without any closed deal still counts. Default: those in
        ``baseline``.
    losses_recorded
        Whether lost deals are recorded. Default: yes if any deal of ``actual`` and ``baseline`` was lost.
    period
        The quarter's name in ``timing``. Default: the one in ``actual``; a quarter without a closed deal has none
        there, and its timing is then not measurable.

    Raises
    ------
    InputError
        Missing columns, counts that contradict each other, several periods in ``actual`` beside ``timing``, won value
        without a won deal, drivers for only some of the columns of ``by``.

    Notes
    -----
    Per segment, N = n_closed − n_pulled + n_slipped; w = (n_won − n_pulled_won) / (n_closed − n_pulled);
    V = won value − pulled-in won value + w × slipped amount; d = V / (w N); timing T = pulled-in won value −
    w × slipped amount, so that won value = N w d + T. The reference has the same from the sums of the trailing
    quarters, divided by their number. Effects: N, w, d by `shapley_product`; timing = T − T0; plan above run-rate =
    −(plan − mean actual of the trailing quarters). With the plan's drivers T0 = 0.

    What moving leaves alone: a pulled-in deal changes timing and nothing else. A slipped deal leaves N as it is, and
    w and d too if the slipped deals would have been won like the rest, in number and value; nobody knows whether a
    deal that slipped would have been won, so that its own outcome is not used.

    A segment where no deal closed on schedule values its slipped deals at the reference's win rate. A segment without
    a deal on one side shows its whole effect as volume; one without a won deal shows none as deal size.

    Examples
    --------
    >>> quarter = pd.DataFrame({"segment": ["SMB"], "n_closed": [900], "n_won": [198], "won_value": [4356.0]})
    >>> before = pd.DataFrame({"segment": ["SMB"], "n_closed": [1000], "n_won": [250], "won_value": [5000.0]})
    >>> gap = plan_gap(quarter, before.assign(period="2026Q2"), plan=5500)
    >>> gap.bars()[["label", "amount"]].round(1)
                     label  amount
    0          Deal volume  -493.0
    1             Win rate  -598.0
    2            Deal size   447.0
    3  Plan above run-rate  -500.0
    >>> gap.notes[0]
    'Timing not measurable: no history.'
    """
    keys = key_columns(by)
    target = _read_plan(plan, keys)
    parts = read_parts(
        actual, baseline, timing, keys, quarters, losses_recorded, period, past_moves=target.drivers is None
    )
    if target.drivers is not None:
        return _bridge(parts, against_drivers(parts, target.drivers), target, keys)
    if parts.periods:
        return _bridge(parts, against_run_rate(parts), target, keys)
    return _no_bridge(parts, target, keys)


def _bridge(parts: Parts, schedule: Schedule, target: _Target, keys: tuple[str, ...]) -> PlanGap:
    product = shapley_product(unkeyed(schedule.before), unkeyed(schedule.after), schedule.factors, keys)
    frames, effects, detail = [product.frame], product.effects, product.detail
    if not parts.why_no_timing:
        moved = schedule.after["timing"] - schedule.before["timing"]
        frames, effects = [*frames, tidy(moved.to_frame("timing"), ("timing",))], (*effects, "timing")
        both = {"timing_before": schedule.before["timing"], "timing_after": schedule.after["timing"]}
        detail = detail.assign(**{column: values.to_numpy() for column, values in both.items()})
    if target.value is not None:
        effect = "plan_above_run_rate" if target.drivers is None else "plan_above_drivers"
        frames, effects = [*frames, _above(schedule.reference, target, keys, effect)], (*effects, effect)
    start = float((schedule.reference if target.value is None else target.value).sum())
    n, has_plan = len(parts.periods), target.value is not None or target.drivers is not None
    return PlanGap(
        frame=pd.concat(frames, ignore_index=True),
        start=start,
        finish=float(parts.now["won_value"].sum()),
        by=keys,
        effects=effects,
        detail=detail,
        convention=_convention(parts),
        labels=LABELS,
        start_label=say("Plan")
        if has_plan
        else plural(n, "Run-rate (mean of {n} quarter)", "Run-rate (mean of {n} quarters)", n=n),
        finish_label=message("Actual"),
        notes=_notes(parts, schedule, target, keys),
        plan=start if has_plan else nan,
        run_rate=float(parts.past["won_value"].sum()) if n else nan,
        n_quarters=n,
        has_timing=not parts.why_no_timing,
        has_win_rate=parts.has_win_rate,
    )


def _no_bridge(parts: Parts, target: _Target, keys: tuple[str, ...]) -> PlanGap:
    plan = nan if target.value is None else float(target.value.sum())
    return PlanGap(
        frame=pd.DataFrame(columns=[*keys, "effect", "amount"]).astype({"amount": float}),
        start=plan,
        finish=float(parts.now["won_value"].sum()),
        by=keys,
        effects=(),
        detail=pd.DataFrame(columns=list(keys)),
        convention=_convention(parts),
        plan=plan,
        run_rate=nan,
        n_quarters=0,
        has_timing=False,
        has_win_rate=parts.has_win_rate,
        start_label=say("Plan"),
        finish_label=message("Actual"),
        reason=say(
            "No earlier quarter and no planned drivers to compare with: the causes of the gap are not measurable."
        ),
    )


def _above(reference: pd.Series, target: _Target, keys: tuple[str, ...], effect: str) -> pd.DataFrame:
    assert target.value is not None
    frame = unkeyed(reference.to_frame("reference"))
    known = keyed(frame, target.levels, ["reference"], "plan", add=True)["reference"]
    bar = known.sub(target.value, fill_value=0.0)
    rows = tidy(ordered(bar.to_frame(effect)), (effect,))
    return rows.assign(**{key: NOT_ALLOCATED for key in keys if key not in target.levels})[[*keys, "effect", "amount"]]


def _read_plan(plan: float | Decimal | pd.DataFrame | None, keys: tuple[str, ...]) -> _Target:
    if plan is None or (not isinstance(plan, pd.DataFrame) and isnan(plan)):
        return _Target(None, None, ())
    if not isinstance(plan, pd.DataFrame):
        return _Target(keyed(pd.DataFrame({"value": [plan]}), (), ["value"], "plan")["value"], None, ())
    levels = tuple(key for key in keys if key in plan.columns)
    drivers = None
    if any(driver in plan.columns for driver in PLAN_DRIVERS):
        require(plan, [*keys, *PLAN_DRIVERS], "plan")
        drivers = _checked(keyed(plan, keys, PLAN_DRIVERS, "plan"))
    elif "value" not in plan.columns:
        raise InputError(
            f"needs 'value', or the drivers {', '.join(PLAN_DRIVERS)}; has {list(plan.columns)}", where="plan"
        )
    value = None
    if "value" in plan.columns:
        known = keyed(plan[plan["value"].notna()], levels, ["value"], "plan", add=True)["value"]
        value = known if len(known) else None
    return _Target(value, drivers, levels)


def _checked(drivers: pd.DataFrame) -> pd.DataFrame:
    count, rate, size = (drivers[column] for column in PLAN_DRIVERS)
    wrong = ~(count >= 0) | (~rate.between(0, 1) & (count != 0)) | (size.isna() & (count != 0) & (rate != 0))
    if wrong.any():
        raise InputError(
            f"the drivers of {name(next(iter(drivers.index[wrong])))} are missing or impossible",
            where="plan",
            fix="give n_closed ≥ 0, win_rate as a fraction from 0 to 1, deal_size in money",
        )
    return drivers


def _convention(parts: Parts) -> str:
    if not parts.has_win_rate:
        return say(" ").join((say(WON_ONLY), say(ADDS_UP)))
    return say(" ").join((say(AS_CLOSED if parts.why_no_timing else ON_SCHEDULE), say(ADDS_UP)))


def _notes(parts: Parts, schedule: Schedule, target: _Target, keys: tuple[str, ...]) -> tuple[str, ...]:
    notes = [parts.why_no_timing] if parts.why_no_timing else []
    if not parts.has_win_rate:
        notes.append(say("Win rate not measurable: no lost deals are recorded. Bars: deals won and deal size."))
    notes.extend(schedule.notes)
    n = len(parts.periods)
    if target.drivers is None and n != TRAILING:
        notes.append(
            plural(
                n,
                "The run-rate is the mean of {n} quarter, not of {usual}.",
                "The run-rate is the mean of {n} quarters, not of {usual}.",
                n=n,
                usual=TRAILING,
            )
        )
    if target.value is None and target.drivers is None:
        notes.append(say("No plan supplied: the bridge starts at the run-rate."))
    elif unplanned := _unplanned(schedule, target, keys):
        notes.append(say("Without a plan, counted as planned 0: {names}.", names=say(", ").join(unplanned)))
    return tuple(notes)


def _unplanned(schedule: Schedule, target: _Target, keys: tuple[str, ...]) -> list[str]:
    planned = target.drivers if target.drivers is not None else target.value
    assert planned is not None
    frame = unkeyed(schedule.after)
    groups = keyed(frame, target.levels, ["timing"], "plan", add=True).index
    return [name(group) for group in groups if group not in planned.index]
