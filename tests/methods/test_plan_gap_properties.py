"""Invariants of the plan-gap bridge, from deals, against a second implementation in exact fractions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations
from math import prod
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizops.methods.plan_gap import PlanGap, plan_gap

TRAILING = ("2025Q3", "2025Q4", "2026Q1", "2026Q2")
NOW = "2026Q3"
SEGMENTS = ("ENT", "MM", "SMB")
lean = settings(max_examples=20, deadline=None)


@dataclass(frozen=True)
class Deal:
    """A deal of a quarter: it closed (won or lost, due or pulled in), or it slipped."""

    period: str
    segment: str
    amount: int
    state: str  # won, lost, slipped
    is_pulled: bool = False


deal = st.builds(
    Deal,
    period=st.sampled_from((*TRAILING, NOW)),
    segment=st.sampled_from(SEGMENTS),
    amount=st.integers(-20, 100),
    state=st.sampled_from(("won", "lost", "slipped")),
    is_pulled=st.booleans(),
).map(lambda d: replace(d, is_pulled=d.is_pulled and d.state != "slipped"))
# one lost deal, so that losses are recorded
deals = st.lists(deal, max_size=40).map(
    lambda ds: [*ds, Deal(TRAILING[0], "SMB", 1, "lost"), Deal(NOW, "MM", 1, "won")]
)


def counted(rows: Iterable[Deal], by: tuple[str, ...] = ("segment",)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What closed and what moved, as a metric would count them."""
    frame = pd.DataFrame([vars(d) for d in rows])
    won, lost, slipped = (frame["state"] == s for s in ("won", "lost", "slipped"))
    pulled = frame["is_pulled"].astype(bool)
    frame = frame.assign(
        n_closed=(won | lost).astype(int),
        n_won=won.astype(int),
        won_value=frame["amount"].where(won, 0),
        n_pulled=pulled.astype(int),
        n_pulled_won=(pulled & won).astype(int),
        pulled_won_value=frame["amount"].where(pulled & won, 0),
        n_slipped=slipped.astype(int),
        slipped_amount=frame["amount"].where(slipped, 0),
    )
    sums = frame.groupby(["period", *by]).sum(numeric_only=True).reset_index()
    covered = pd.DataFrame([(p, *["SMB"] * len(by)) for p in (*TRAILING, NOW)], columns=["period", *by])
    return sums[sums["n_closed"] > 0], pd.concat([sums, covered]).fillna(0)


def bridge(
    rows: Iterable[Deal], plan: float | pd.DataFrame | None = None, by: tuple[str, ...] = ("segment",)
) -> PlanGap:
    closed, moved = counted(rows, by)
    is_now = closed["period"] == NOW
    return plan_gap(closed[is_now], closed[~is_now], moved, plan, by, quarters=TRAILING, period=NOW)


def table(gap: PlanGap) -> dict[tuple[str, str], float]:
    return {(s, e): a for s, e, a in gap.frame.itertuples(index=False)}


# ---- the second implementation


def on_schedule(rows: list[Deal], other: list[Deal], quarters: int) -> tuple[list[Fraction | None], Fraction]:
    """N, w, d and timing of one segment, straight from its deals."""

    def rate(side: list[Deal]) -> Fraction | None:
        due = [d for d in side if d.state != "slipped" and not d.is_pulled]
        return Fraction(sum(d.state == "won" for d in due), len(due)) if due else None

    due, slipped = ([d for d in rows if d.state in s and not d.is_pulled] for s in (("won", "lost"), ("slipped",)))
    w = rate(rows)
    if w is None and slipped:
        w = rate(other) or Fraction(0)
    n = Fraction(len(due) + len(slipped), quarters)
    expected = (w or 0) * Fraction(sum(d.amount for d in slipped), quarters)
    value = Fraction(sum(d.amount for d in due if d.state == "won"), quarters) + expected
    pulled = Fraction(sum(d.amount for d in rows if d.is_pulled and d.state == "won"), quarters)
    size = value / (w * n) if w and n else None
    return [n, w, size], pulled - expected


def by_hand(rows: list[Deal]) -> dict[tuple[str, str], Fraction]:
    result: dict[tuple[str, str], Fraction] = {}
    for segment in {d.segment for d in rows}:
        now = [d for d in rows if d.segment == segment and d.period == NOW]
        past = [d for d in rows if d.segment == segment and d.period != NOW]
        (before, t0), (after, t1) = on_schedule(past, now, 4), on_schedule(now, past, 1)
        pairs = [(b if b is not None else a, a if a is not None else b) for b, a in zip(before, after, strict=True)]
        start, end = ([p[i] if p[i] is not None else Fraction(1) for p in pairs] for i in (0, 1))
        for order in permutations(range(3)):
            here = list(start)
            for factor in order:
                old = prod(here)
                here[factor] = end[factor]
                key = (segment, ("volume", "win_rate", "deal_size")[factor])
                result[key] = result.get(key, Fraction(0)) + Fraction(prod(here) - old, 6)
        result[(segment, "timing")] = t1 - t0
    return result


@lean
@given(deals)
def test_it_equals_the_second_implementation(rows: list[Deal]) -> None:
    ours, theirs = table(bridge(rows)), by_hand(rows)
    assert {key: ours.get(key, 0.0) for key in theirs} == pytest.approx({k: float(v) for k, v in theirs.items()})
    assert all(abs(amount) < 1e-9 for key, amount in ours.items() if key not in theirs)


# ---- sums


@lean
@given(deals, st.one_of(st.none(), st.integers(-1000, 10000)))
def test_plan_and_bars_are_the_actual_to_the_cent(rows: list[Deal], plan: int | None) -> None:
    gap = bridge(rows, plan)
    actual = sum(d.amount for d in rows if d.state == "won" and d.period == NOW)
    run_rate = sum(d.amount for d in rows if d.state == "won" and d.period != NOW) / 4
    assert gap.finish == pytest.approx(actual)
    assert gap.run_rate == pytest.approx(run_rate)
    assert gap.start == pytest.approx(run_rate if plan is None else plan)
    assert gap.start + gap.frame["amount"].sum() == pytest.approx(gap.finish, abs=1e-6)
    assert gap.wide("segment")["change"].sum() == pytest.approx(gap.change, abs=1e-6)


@lean
@given(deals)
def test_every_segment_with_its_own_plan_adds_up_to_its_own_gap(rows: list[Deal]) -> None:
    plan = pd.DataFrame({"segment": SEGMENTS, "value": [100.0, 50.0, 25.0]})
    gap = bridge(rows, plan)
    own = gap.wide("segment").set_index("segment")["change"]
    for segment, value in zip(SEGMENTS, plan["value"], strict=True):
        won = sum(d.amount for d in rows if (d.segment, d.period, d.state) == (segment, NOW, "won"))
        assert own[segment] == pytest.approx(won - value, abs=1e-6)


@lean
@given(deals)
def test_regions_by_segments_add_to_both_parents(rows: list[Deal]) -> None:
    # a region by the amount, so that it cuts across segments
    cut = [replace(d, segment=f"{d.segment}|{'N' if d.amount % 2 else 'S'}") for d in rows]
    closed, moved = counted(cut)
    sides = [
        f.assign(region=f["segment"].str.split("|").str[-1], segment=f["segment"].str.split("|").str[0])
        for f in (closed, moved)
    ]
    is_now = sides[0]["period"] == NOW
    gap = plan_gap(sides[0][is_now], sides[0][~is_now], sides[1], 500, ("region", "segment"), quarters=TRAILING)
    total = gap.roll_up().set_index("effect")["amount"].to_dict()
    for parent in ("region", "segment"):
        assert gap.roll_up(parent).groupby("effect")["amount"].sum().to_dict() == pytest.approx(total, abs=1e-6)
    for region, change in gap.wide("region").set_index("region")["change"].items():
        of = [d for d in cut if d.segment.endswith(f"|{region}") and d.state == "won"]
        expected = sum(d.amount * (1 if d.period == NOW else -0.25) for d in of)
        if region in {"N", "S"}:
            assert change == pytest.approx(expected, abs=1e-6)


# ---- order and names


@lean
@given(deals, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[Deal], random: Random) -> None:
    closed, moved = counted(rows)
    seed = random.randint(0, 99)
    mixed = [f.sample(frac=1, random_state=seed) for f in (closed, moved)]
    is_now = mixed[0]["period"] == NOW
    again = plan_gap(mixed[0][is_now], mixed[0][~is_now], mixed[1], quarters=TRAILING)
    assert table(again) == pytest.approx(table(bridge(rows)), abs=1e-9)


@lean
@given(deals)
def test_new_names_change_nothing_but_names(rows: list[Deal]) -> None:
    names = {"ENT": "z", "MM": "東京", "SMB": "SMB"}  # the covering rows of `counted` are SMB
    renamed = table(bridge([replace(d, segment=names[d.segment]) for d in rows]))
    expected = {(names[s], e): a for (s, e), a in table(bridge(rows)).items()}
    assert {k: renamed.get(k, 0.0) for k in expected} == pytest.approx(expected, abs=1e-9)


@lean
@given(deals)
def test_two_identical_halves_of_a_segment_add_back_to_it(rows: list[Deal]) -> None:
    # every deal twice is the double bridge; the two copies in two segments are two equal halves of it
    twice = bridge([d for d in rows for _ in (1, 2)])
    halves = bridge([replace(d, segment=f"{d.segment}{i}") for d in rows for i in (1, 2)])
    total = twice.roll_up().set_index("effect")["amount"].to_dict()
    assert halves.roll_up().set_index("effect")["amount"].to_dict() == pytest.approx(total, abs=1e-6)
    once = bridge(rows).roll_up().set_index("effect")["amount"] * 2
    assert once.to_dict() == pytest.approx(total, abs=1e-6)


# ---- what moving a deal leaves alone


@lean
@given(
    deals, st.lists(st.tuples(st.integers(1, 500), st.booleans()), min_size=1, max_size=4), st.sampled_from(SEGMENTS)
)
def test_pulled_in_deals_move_timing_by_their_won_value_and_nothing_else(
    rows: list[Deal], pulled: list[tuple[int, bool]], segment: str
) -> None:
    more = [Deal(NOW, segment, amount, "won" if won else "lost", is_pulled=True) for amount, won in pulled]
    before, after = table(bridge(rows)), table(bridge([*rows, *more]))
    won = sum(amount for amount, is_won in pulled if is_won)
    expected = before | {(segment, "timing"): before.get((segment, "timing"), 0.0) + won}
    for key, amount in after.items():
        assert amount == pytest.approx(expected.get(key, 0.0), abs=1e-6)


@lean
@given(deals, st.integers(1, 5), st.integers(1, 4), st.integers(0, 4), st.integers(1, 90))
def test_slipped_deals_that_are_like_the_rest_move_timing_and_nothing_else(
    rows: list[Deal], times: int, won: int, lost: int, amount: int
) -> None:
    """A segment's due deals are ``times + 1`` equal batches; one batch slips instead of closing.

    The batch would have been won at the segment's rate and value, so that N, w and d stay and the actual's loss is
    timing, to the cent.
    """
    others = [d for d in rows if not (d.segment == "ENT" and d.period == NOW)]
    batch = [Deal(NOW, "ENT", amount, "won")] * won + [Deal(NOW, "ENT", amount, "lost")] * lost
    on_time = bridge([*others, *batch * (times + 1)])
    slipped = bridge([*others, *batch * times, *(replace(d, state="slipped") for d in batch)])
    before, after = table(on_time), table(slipped)
    assert slipped.finish - on_time.finish == -won * amount
    expected = before | {("ENT", "timing"): before[("ENT", "timing")] - won * amount}
    assert after == pytest.approx(expected, abs=1e-6)


@lean
@given(deals, st.data())
def test_any_slip_leaves_the_number_of_deals_due(rows: list[Deal], data: st.DataObject) -> None:
    due = [i for i, d in enumerate(rows) if d.period == NOW and d.state != "slipped" and not d.is_pulled]
    chosen = data.draw(st.sampled_from(due))
    slipped = [replace(d, state="slipped") if i == chosen else d for i, d in enumerate(rows)]
    count = [bridge(r).detail.set_index("segment")["volume_after"] for r in (rows, slipped)]
    pd.testing.assert_series_equal(*count)


@lean
@given(deals, st.integers(0, 1000), st.integers(0, 1000))
def test_a_plan_moves_its_own_bar_and_nothing_else(rows: list[Deal], plan: int, other: int) -> None:
    gaps = [bridge(rows, p) for p in (plan, other)]
    frames = [g.frame[g.frame["effect"] != "plan_above_run_rate"] for g in gaps]
    pd.testing.assert_frame_equal(*frames)
    assert gaps[1].bars()["amount"].iloc[-1] - gaps[0].bars()["amount"].iloc[-1] == pytest.approx(plan - other)
