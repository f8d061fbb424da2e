"""Deals on schedule: what closed and what moved, turned into the drivers that the plan-gap bridge compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import pandas as pd

from bizops.errors import InputError
from bizops.language import message, say
from bizops.methods.frames import align, keyed, name, require

CLOSED = ("n_closed", "n_won", "won_value")
MOVED = ("n_pulled", "n_pulled_won", "pulled_won_value", "n_slipped", "slipped_amount")
DRIVERS = ("volume", "win_rate", "deal_size")
COUNTED = ("deal_count", "deal_size")
SLACK = 1e-9
"""Deals; less is rounding."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The sums that the drivers are made of, keyed by segment.

    ``now`` and ``past`` have the columns `CLOSED` and `MOVED`: the quarter's, and the mean of the earlier ``periods``
    (no rows without any). ``has_win_rate``: lost deals are recorded. ``why_no_timing``: a sentence, or "" where the
    moved deals are known (where they are not, `MOVED` is 0).
    """

    now: pd.DataFrame
    past: pd.DataFrame
    periods: tuple[str, ...]
    has_win_rate: bool
    why_no_timing: str


@dataclass(frozen=True, eq=False)
class Schedule:
    """Two sides on one basis, keyed by the same segments.

    ``before`` and ``after`` have the columns of ``factors`` (their product is the value on schedule; a factor is
    missing where one before it is 0) and ``timing`` (money). ``notes``: what had to be assumed.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    factors: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def reference(self) -> pd.Series:
        """The reference's value by segment: its factors' product and its timing."""
        return self.before[list(self.factors)].prod(axis=1) + self.before["timing"]


def read_parts(
    actual: pd.DataFrame,
    baseline: pd.DataFrame | None,
    timing: pd.DataFrame | None,
    keys: tuple[str, ...],
    quarters: Sequence[str] | None,
    losses_recorded: bool | None,
    period: str | None,
    *,
    past_moves: bool,
) -> Parts:
    """Return the sums of the quarter and the mean of the trailing ones; frames and errors as in `plan_gap`.

    Without ``past_moves`` the trailing quarters' moved deals are neither needed nor used.
    """
    earlier = pd.DataFrame(columns=[*keys, "period", *CLOSED]) if baseline is None else baseline
    periods = _periods(earlier, quarters)
    now, past = _closed(actual, keys, "actual"), _closed(earlier, keys, "baseline")
    lost = sum(float((side["n_closed"] - side["n_won"]).sum()) for side in (now, past))
    has_win_rate = lost > 0 if losses_recorded is None else losses_recorded
    none = keyed(pd.DataFrame(columns=[*keys, *MOVED], dtype=float), keys, MOVED, "timing")
    moved_now, moved_past, why = none, none, say("Timing not measurable: no history.")
    if timing is not None:
        quarter = _quarter(actual, period)
        moved_now, moved_past, why = _moved(timing, quarter, periods if past_moves else (), keys)
    if not has_win_rate:
        moved_now, moved_past = none, none
        why = say("Timing not measurable: a slipped deal counts at the win rate, and no lost deals are recorded.")
    now, past = (_join(side, moved, has_win_rate) for side, moved in ((now, moved_now), (past, moved_past)))
    return Parts(now, past / len(periods) if periods else past.iloc[:0], periods, has_win_rate, why)


def against_run_rate(parts: Parts) -> Schedule:
    """Return the quarter beside the mean of the trailing quarters, both on schedule."""
    before, after = (side.fillna(0.0) for side in align(parts.past, parts.now))
    if not parts.has_win_rate:
        return Schedule(_counted(before), _counted(after), COUNTED, ())
    rate_before, rate_after = _win_rate(before), _win_rate(after)
    sides = _on_schedule(before, rate_before, rate_after), _on_schedule(after, rate_after, rate_before)
    notes = _assumed(after, rate_after, rate_before, "earlier quarters")
    return Schedule(*sides, DRIVERS, notes + _assumed(before, rate_before, rate_after, "this quarter"))


def against_drivers(parts: Parts, drivers: pd.DataFrame) -> Schedule:
    """Return the quarter beside the plan's own ``n_closed, win_rate, deal_size``, keyed by segment."""
    planned, after = align(drivers, parts.now)
    after, volume = after.fillna(0.0), planned["n_closed"].fillna(0.0)
    rate, size = planned["win_rate"], planned["deal_size"]
    if not parts.has_win_rate:
        count = volume * rate.where(volume != 0, 0.0)
        before = pd.DataFrame({"deal_count": count, "deal_size": size, "timing": 0.0})
        return Schedule(before, _counted(after), COUNTED, ())
    before = pd.DataFrame({"volume": volume, "win_rate": rate, "deal_size": size, "timing": 0.0})
    own = _win_rate(after)
    return Schedule(before, _on_schedule(after, own, rate), DRIVERS, _assumed(after, own, rate, "plan"))


def _win_rate(parts: pd.DataFrame) -> pd.Series:
    closed = parts["n_closed"] - parts["n_pulled"]
    return _on_time(parts)[0] / closed.where(closed > SLACK)


def _on_schedule(parts: pd.DataFrame, own: pd.Series, other: pd.Series) -> pd.DataFrame:
    # a slipped deal needs a win rate even where no deal closed: the other side's, and 0 where there is none
    rate = own.where(own.notna() | (parts["n_slipped"] == 0), other.fillna(0.0))
    slipped = rate.fillna(0.0) * parts["slipped_amount"]
    value = _on_time(parts)[1] + slipped
    volume = parts["n_closed"] - parts["n_pulled"] + parts["n_slipped"]
    volume = volume.where(volume > SLACK, 0.0)
    wins = (rate * volume).fillna(0.0)
    size = value / wins.where(wins > 0)
    return pd.DataFrame(
        {"volume": volume, "win_rate": rate, "deal_size": size, "timing": parts["pulled_won_value"] - slipped}
    )


def _counted(parts: pd.DataFrame) -> pd.DataFrame:
    size = parts["won_value"] / parts["n_won"].where(parts["n_won"] > 0)
    return pd.DataFrame({"deal_count": parts["n_won"], "deal_size": size, "timing": 0.0})


# Whose win rate stands in for a missing one, and what is said of the deals that slipped.
_BORROWED = {
    "earlier quarters": message(
        "No deal closed on schedule in {names}: its slipped deals count at the earlier quarters' win rate."
    ),
    "this quarter": message(
        "No deal closed on schedule in {names}: its earlier slipped deals count at this quarter's win rate."
    ),
    "plan": message("No deal closed on schedule in {names}: its slipped deals count at the plan's win rate."),
}
_UNKNOWN = message("No win rate is known for {names}: its slipped deals count as 0.")
_UNKNOWN_EARLIER = message("No win rate is known for {names}: its earlier slipped deals count as 0.")


def _assumed(parts: pd.DataFrame, own: pd.Series, other: pd.Series, whose: str) -> tuple[str, ...]:
    bare = own.isna() & (parts["n_slipped"] > 0)
    borrowed, unknown = bare & other.notna(), bare & other.isna()
    notes = []
    if borrowed.any():
        notes.append(say(_BORROWED[whose], names=_names(borrowed)))
    if unknown.any():
        text = _UNKNOWN_EARLIER if whose == "this quarter" else _UNKNOWN
        notes.append(say(text, names=_names(unknown)))
    return tuple(notes)


def _closed(frame: pd.DataFrame, keys: tuple[str, ...], where: str) -> pd.DataFrame:
    known = frame if "n_closed" in frame.columns else frame.assign(n_closed=nan)
    sums = keyed(known, keys, CLOSED, where, add=True)
    _refuse(sums["n_won"].isna() | sums["won_value"].isna(), "the count or value of won deals is missing", where)
    _refuse(sums["n_won"] < 0, "a count is below 0", where)
    _refuse(sums["n_closed"] < sums["n_won"] - SLACK, "more deals were won than closed", where)
    return sums


def _periods(earlier: pd.DataFrame, quarters: Sequence[str] | None) -> tuple[str, ...]:
    require(earlier, ["period"], "baseline")
    present = sorted(set(earlier["period"].astype(str)))
    if quarters is None:
        return tuple(present)
    named = tuple(map(str, quarters))
    if strangers := sorted(set(present) - set(named)):
        raise InputError(f"has periods that are not trailing quarters: {', '.join(strangers)}", where="baseline")
    return named


def _quarter(actual: pd.DataFrame, period: str | None) -> str | None:
    if period is not None:
        return str(period)
    require(actual, ["period"], "actual")
    present = sorted(set(actual["period"].astype(str)))
    if len(present) > 1:
        raise InputError(f"must hold one period, has {present}", where="actual, column period")
    return present[0] if present else None


def _moved(
    timing: pd.DataFrame, quarter: str | None, periods: tuple[str, ...], keys: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    require(timing, [*keys, "period", *MOVED], "timing")
    period = timing["period"].astype(str)
    now = keyed(timing[period == quarter], keys, MOVED, "timing", add=True)
    past = keyed(timing[period.isin(periods)], keys, MOVED, "timing", add=True)
    why = ""
    if quarter is None:
        why = say("Timing not measurable: no deal closed in the quarter.")
    elif absent := [p for p in (*periods, quarter) if p not in set(period)]:
        why = say("Timing not measurable: no history for {periods}.", periods=say(", ").join(absent))
    elif now.isna().any(axis=None) or past.isna().any(axis=None):
        why = say("Timing not measurable: moved deals without a count or an amount.")
    return (now.iloc[:0], past.iloc[:0], why) if why else (now, past, why)


def _join(closed: pd.DataFrame, moved: pd.DataFrame, has_win_rate: bool) -> pd.DataFrame:
    if has_win_rate:
        _refuse(closed["n_closed"].isna(), "the count of closed deals is missing", "n_closed")
    closed, moved = align(closed, moved)
    parts = pd.concat([closed, moved], axis=1).fillna(0.0)
    if has_win_rate:
        _refuse_contradictions(parts)
    wins, value = _on_time(parts)
    noise = 1e-11 * (parts["won_value"].abs() + parts["pulled_won_value"].abs())
    _refuse((wins == 0) & (value.abs() > noise), "won value without a won deal", "won_value")
    return parts


def _on_time(parts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    # weights of split deals are fractions: what rounding leaves of 0.3 - 0.1 - 0.2 deals is no deal
    wins = parts["n_won"] - parts["n_pulled_won"]
    return wins.where(wins.abs() > SLACK, 0.0), parts["won_value"] - parts["pulled_won_value"]


def _refuse_contradictions(parts: pd.DataFrame) -> None:
    lost, pulled_lost = parts["n_closed"] - parts["n_won"], parts["n_pulled"] - parts["n_pulled_won"]
    _refuse((parts[["n_pulled", "n_pulled_won", "n_slipped"]] < 0).any(axis=1), "a count is below 0", "timing")
    _refuse(parts["n_pulled_won"] > parts["n_won"] + SLACK, "more deals were pulled in and won than won", "timing")
    _refuse(pulled_lost > lost + SLACK, "more deals were pulled in and lost than lost", "timing")
    _refuse(pulled_lost < -SLACK, "more pulled-in deals were won than pulled in", "timing")
    for count, money in (("n_pulled_won", "pulled_won_value"), ("n_slipped", "slipped_amount")):
        _refuse((parts[count] == 0) & (parts[money] != 0), f"{money} without {count}", "timing")


def _refuse(rows: pd.Series, problem: str, where: str) -> None:
    if rows.any():
        raise InputError(f"{problem}, in {_names(rows)}", where=where)


def _names(rows: pd.Series) -> str:
    found = [name(key) for key in rows.index[rows]]
    shown = say(", ").join(found[:5])
    return say("{names} and {n} more", names=shown, n=len(found) - 5) if len(found) > 5 else shown
