"""The plan-gap bridge against fixture W13, worked examples, degenerate quarters and plans of every form."""

from decimal import Decimal
from math import isnan, nan

import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.methods.plan_gap import NOT_ALLOCATED, PlanGap, plan_gap

TRAILING = ("2025Q3", "2025Q4", "2026Q1", "2026Q2")
NOW = "2026Q3"
Row = tuple[str, float, float, float]


def closed(*rows: Row, period: str = NOW) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["segment", "n_closed", "n_won", "won_value"])
    return frame.assign(period=period)


def trailing(*rows: Row) -> pd.DataFrame:
    """The same quarter four times: the mean is the quarter."""
    return pd.concat([closed(*rows, period=p) for p in TRAILING])


def moved(*rows: tuple[str, float, float, float, float, float], period: str = NOW) -> pd.DataFrame:
    columns = ["segment", "n_pulled", "n_pulled_won", "pulled_won_value", "n_slipped", "slipped_amount"]
    return pd.DataFrame(rows, columns=columns).assign(period=period)


def still(*segments: str) -> pd.DataFrame:
    """History of four trailing quarters in which nothing moved."""
    return pd.concat([moved(*((s, 0, 0, 0, 0, 0) for s in segments), period=p) for p in TRAILING])


def bars(gap: PlanGap) -> dict[str, float]:
    assert gap.remainder == pytest.approx(0, abs=1e-6)
    return dict(zip(gap.effects, gap.bars()["amount"], strict=True))


def of(gap: PlanGap, segment: str) -> dict[str, float]:
    return gap.wide("segment").set_index("segment").loc[segment].drop("change").to_dict()


# ---- worked examples


def test_w13_in_whole_deals_against_the_run_rate() -> None:
    gap = plan_gap(closed(("a", 900, 198, 4356)), trailing(("a", 1000, 250, 5000)), plan=5000)
    expected = {"volume": -493, "win_rate": -598, "deal_size": 447, "plan_above_run_rate": 0}
    assert bars(gap) == pytest.approx(expected, abs=1e-9)
    assert (gap.start, gap.finish, gap.change) == pytest.approx((5000, 4356, -644))


def test_w13_against_the_plans_own_drivers() -> None:
    drivers = pd.DataFrame({"segment": ["a"], "n_closed": [1000], "win_rate": [0.25], "deal_size": [20]})
    gap = plan_gap(closed(("a", 900, 198, 4356)), None, plan=drivers)
    assert bars(gap) == pytest.approx({"volume": -493, "win_rate": -598, "deal_size": 447})
    assert (gap.plan, gap.start, gap.start_label) == (5000, 5000, "Plan")
    assert isnan(gap.run_rate)


def test_a_slip_at_the_going_rate_moves_timing_alone() -> None:
    # of 100 deals due, 4 worth 20 each slipped; at 25 % one of them would have been won: -20 and nothing else
    baseline, history = trailing(("a", 100, 25, 500)), still("a")
    on_time = plan_gap(closed(("a", 100, 25, 500)), baseline, pd.concat([history, moved(("a", 0, 0, 0, 0, 0))]))
    slipped = plan_gap(closed(("a", 96, 24, 480)), baseline, pd.concat([history, moved(("a", 0, 0, 0, 4, 80))]))
    assert bars(on_time) == {"volume": 0, "win_rate": 0, "deal_size": 0, "timing": 0}
    assert bars(slipped) == pytest.approx({"volume": 0, "win_rate": 0, "deal_size": 0, "timing": -20})
    assert slipped.detail.loc[0, "volume_after"] == 100


def test_a_pulled_in_deal_moves_timing_alone_whatever_it_is_worth() -> None:
    history = still("a")
    gap = plan_gap(
        closed(("a", 103, 27, 1544)),
        trailing(("a", 100, 25, 500)),
        pd.concat([history, moved(("a", 3, 2, 1044, 0, 0))]),
    )
    assert bars(gap) == pytest.approx({"volume": 0, "win_rate": 0, "deal_size": 0, "timing": 1044})


def test_timing_is_measured_against_the_usual_timing() -> None:
    # every trailing quarter slipped 4 deals of 80 too, at 25 % and 1/4: this quarter's slip is the usual one
    usual = pd.concat([moved(("a", 0, 0, 0, 4, 80), period=p) for p in (*TRAILING, NOW)])
    gap = plan_gap(closed(("a", 96, 24, 480)), trailing(("a", 96, 24, 480)), usual, plan=500)
    expected = {"volume": 0, "win_rate": 0, "deal_size": 0, "timing": 0, "plan_above_run_rate": -20}
    assert bars(gap) == pytest.approx(expected)
    assert gap.run_rate == 480
    assert gap.detail.loc[0, ["timing_before", "timing_after"]].tolist() == [-20, -20]


def test_the_baseline_is_the_mean_of_summed_parts() -> None:
    # 40 deals won 10 worth 200 and 60 deals won 30 worth 300, in four quarters of which two had none:
    # N = 100/4, w = 40/100 and not (1/4 + 1/2)/2, d = 500/40
    past = pd.concat([closed(("a", 40, 10, 200), period="2025Q3"), closed(("a", 60, 30, 300), period="2026Q2")])
    gap = plan_gap(closed(("a", 25, 10, 125)), past, quarters=TRAILING)
    assert gap.n_quarters == 4
    assert bars(gap) == pytest.approx({"volume": 0, "win_rate": 0, "deal_size": 0})
    assert gap.detail.loc[0, ["volume_before", "win_rate_before", "deal_size_before"]].tolist() == [25, 0.4, 12.5]
    assert gap.run_rate == 125
    two = plan_gap(closed(("a", 25, 10, 125)), past)
    assert two.run_rate == 250
    assert "The run-rate is the mean of 2 quarters, not of 4." in two.notes


def test_rows_of_one_segment_are_added_up() -> None:
    gap = plan_gap(closed(("a", 500, 100, 4000), ("a", 400, 98, 356)), trailing(("a", 1000, 250, 5000)))
    assert bars(gap)["volume"] == pytest.approx(-493)


# ---- degenerate quarters


def test_a_segment_new_this_quarter_is_volume() -> None:
    gap = plan_gap(closed(("a", 10, 5, 50), ("new", 8, 2, 30)), trailing(("a", 10, 5, 50)))
    assert of(gap, "new") == {"volume": 30, "win_rate": 0, "deal_size": 0}
    assert bars(gap) == {"volume": 30, "win_rate": 0, "deal_size": 0}


def test_a_segment_without_a_deal_this_quarter_is_volume() -> None:
    gap = plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 5, 50), ("gone", 8, 2, 30)))
    assert of(gap, "gone") == {"volume": -30, "win_rate": 0, "deal_size": 0}


def test_all_lost_is_win_rate_and_volume_and_never_deal_size() -> None:
    gap = plan_gap(closed(("a", 10, 0, 0)), trailing(("a", 10, 5, 50)))
    assert bars(gap) == pytest.approx({"volume": 0, "win_rate": -50, "deal_size": 0})
    assert bars(gap)["deal_size"] == 0
    again = plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 0, 0)))
    assert bars(again) == pytest.approx({"volume": 0, "win_rate": 50, "deal_size": 0})


def test_nothing_won_on_either_side_has_no_effect() -> None:
    assert bars(plan_gap(closed(("a", 10, 0, 0)), trailing(("a", 4, 0, 0)))) == {
        "volume": 0, "win_rate": 0, "deal_size": 0
    }  # fmt: skip


def test_a_quarter_without_any_deal() -> None:
    gap = plan_gap(closed(), trailing(("a", 10, 5, 50)), still("a"), plan=60, period=NOW)
    assert bars(gap) == {"volume": -50, "win_rate": 0, "deal_size": 0, "plan_above_run_rate": -10}
    assert gap.notes == ("Timing not measurable: no history for 2026Q3.",)
    known = pd.concat([still("a"), moved(("a", 0, 0, 0, 0, 0))])
    assert plan_gap(closed(), trailing(("a", 10, 5, 50)), known, plan=60, period=NOW).has_timing
    unnamed = plan_gap(closed(), trailing(("a", 10, 5, 50)), known)
    assert unnamed.notes[0] == "Timing not measurable: no deal closed in the quarter."
    assert bars(unnamed) == {"volume": -50, "win_rate": 0, "deal_size": 0}


def test_all_deals_slipped_count_at_the_reference_rate() -> None:
    # 10 deals of 10 due, all slipped, 50 % usual: -50 is timing, and the segment's drivers are the usual ones
    gap = plan_gap(
        closed(("b", 2, 1, 7)),
        trailing(("a", 10, 5, 50), ("b", 2, 1, 7)),
        pd.concat([still("a", "b"), moved(("a", 0, 0, 0, 10, 100))]),
    )
    assert of(gap, "a") == {"volume": 0, "win_rate": 0, "deal_size": 0, "timing": -50}
    assert gap.notes[0] == (
        "No deal closed on schedule in a: its slipped deals count at the earlier quarters' win rate."
    )


def test_slipped_deals_of_a_segment_that_never_closed_count_as_nothing() -> None:
    gap = plan_gap(
        closed(("b", 2, 1, 7)), trailing(("b", 2, 1, 7)), pd.concat([still("b"), moved(("a", 0, 0, 0, 3, 90))])
    )
    assert of(gap, "a") == {"volume": 0, "win_rate": 0, "deal_size": 0, "timing": 0}
    assert gap.notes[0] == "No win rate is known for a: its slipped deals count as 0."


def test_earlier_slips_of_a_segment_without_earlier_closes_count_at_this_quarters_rate() -> None:
    past = pd.concat([moved(("a", 0, 0, 0, 4, 80), period=p) for p in TRAILING])
    history = pd.concat([past, moved(("b", 0, 0, 0, 0, 0))])
    earlier = closed(("b", 2, 1, 7), period=TRAILING[0])
    gap = plan_gap(closed(("a", 4, 1, 20)), earlier, history, quarters=TRAILING)
    # the usual 4 due deals at 25 % of 80 all slipped: on schedule nothing changed, and 20 of timing came back
    assert of(gap, "a") == {"volume": 0, "win_rate": 0, "deal_size": 0, "timing": 20}
    assert "No deal closed on schedule in a: its earlier slipped deals count at this quarter's win rate." in gap.notes


def test_every_closed_deal_pulled_in_is_timing() -> None:
    gap = plan_gap(
        closed(("a", 3, 2, 90)), trailing(("a", 4, 1, 20)), pd.concat([still("a"), moved(("a", 3, 2, 90, 0, 0))])
    )
    assert bars(gap) == {"volume": -20, "win_rate": 0, "deal_size": 0, "timing": 90}


def test_shares_of_split_deals_that_cancel_leave_no_deal() -> None:
    # 0.1 + 0.2 of a deal won, the same pulled in: what rounding leaves must not become a deal size
    gap = plan_gap(
        closed(("a", 10.3, 0.1 + 0.2, 30)),
        trailing(("a", 10, 5, 50)),
        pd.concat([still("a"), moved(("a", 0.3, 0.3, 30, 0, 0))]),
    )
    assert bars(gap) == pytest.approx({"volume": 0, "win_rate": -50, "deal_size": 0, "timing": 30})


def test_negative_amounts_add_up() -> None:
    gap = plan_gap(closed(("a", 10, 4, -40)), trailing(("a", 10, 5, 50)), plan=Decimal("100.10"))
    assert gap.change == pytest.approx(-140.10)
    assert bars(gap)["plan_above_run_rate"] == pytest.approx(-50.10)


def test_one_single_group_needs_no_segment() -> None:
    gap = plan_gap(
        closed(("a", 900, 198, 4356)).drop(columns="segment"),
        trailing(("a", 1000, 250, 5000)).drop(columns="segment"),
        pd.concat([still("a"), moved(("a", 0, 0, 0, 0, 0))]).drop(columns="segment"),
        plan=6000,
        by=(),
    )
    assert bars(gap)["plan_above_run_rate"] == -1000
    assert gap.frame.columns.tolist() == ["effect", "amount"]


def test_a_null_segment_is_kept() -> None:
    now = closed(("a", 10, 5, 50)).assign(segment=None)
    gap = plan_gap(now, trailing(("a", 10, 5, 40)).assign(segment=[None] * 4))
    assert gap.detail["segment"].tolist() == ["(none)"]
    assert gap.change == 10


# ---- what cannot be measured


def test_without_history_there_is_no_timing_bar_and_it_says_so() -> None:
    gap = plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 4, 50)))
    assert "timing" not in gap.effects
    assert not gap.has_timing
    assert gap.notes == ("Timing not measurable: no history.", "No plan supplied: the bridge starts at the run-rate.")


def test_history_must_reach_back_to_every_quarter() -> None:
    some = pd.concat([moved(("a", 0, 0, 0, 1, 5), period=p) for p in (*TRAILING[2:], NOW)])
    gap = plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 4, 50)), some)
    assert not gap.has_timing
    assert gap.notes[0] == "Timing not measurable: no history for 2025Q3, 2025Q4."
    assert gap.detail.loc[0, "volume_after"] == 10
    drivers = pd.DataFrame({"segment": ["a"], "n_closed": [10], "win_rate": [0.5], "deal_size": [10]})
    assert plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 4, 50)), some, drivers).has_timing


def test_moved_deals_without_an_amount_switch_timing_off() -> None:
    history = pd.concat([still("a"), moved(("a", 0, 0, 0, 2, nan))])
    gap = plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 4, 50)), history)
    assert gap.notes[0] == "Timing not measurable: moved deals without a count or an amount."
    assert bars(gap).keys() == {"volume", "win_rate", "deal_size"}


@pytest.mark.parametrize("how", ["absent", "missing", "equal"])
def test_without_recorded_losses_there_is_no_win_rate_and_it_is_not_100_percent(how: str) -> None:
    now, past = closed(("a", 6, 6, 72)), trailing(("a", 5, 5, 50))
    if how == "absent":
        now, past = now.drop(columns="n_closed"), past.drop(columns="n_closed")
    if how == "missing":
        now, past = now.assign(n_closed=nan), past.assign(n_closed=None)
    gap = plan_gap(now, past, pd.concat([still("a"), moved(("a", 0, 0, 0, 1, 9))]), plan=80)
    # 5 deals of 10 to 6 of 12: count (10 + 12)/2, size (5 + 6)/2 * 2
    assert bars(gap) == pytest.approx({"deal_count": 11, "deal_size": 11, "plan_above_run_rate": -30})
    assert not gap.has_win_rate
    assert not gap.has_timing
    assert gap.notes == (
        "Timing not measurable: a slipped deal counts at the win rate, and no lost deals are recorded.",
        "Win rate not measurable: no lost deals are recorded. Bars: deals won and deal size.",
    )
    assert gap.bars()["label"].tolist() == ["Deals won", "Deal size", "Plan above run-rate"]


def test_one_lost_deal_anywhere_makes_the_win_rate_measurable() -> None:
    assert plan_gap(closed(("a", 6, 6, 72)), trailing(("a", 6, 5, 50))).has_win_rate
    lucky = plan_gap(closed(("a", 6, 6, 72)), trailing(("a", 5, 5, 50)), losses_recorded=True)
    assert lucky.has_win_rate
    assert bars(lucky)["win_rate"] == 0


def test_without_an_earlier_quarter_there_is_no_bridge_and_a_reason() -> None:
    for baseline in (None, trailing(("a", 1, 1, 1)).iloc[:0]):
        gap = plan_gap(closed(("a", 6, 3, 72)), baseline, plan=80)
        assert gap.reason.startswith("No earlier quarter")
        assert (gap.start, gap.finish, len(gap.frame)) == (80, 72, 0)
        assert gap.bars().empty
        assert gap.roll_up("segment").empty
        assert gap.wide("segment").empty


# ---- plans


def test_a_total_plan_is_one_bar_that_belongs_to_no_segment() -> None:
    gap = plan_gap(closed(("a", 10, 5, 50), ("b", 4, 1, 8)), trailing(("a", 10, 5, 40), ("b", 4, 1, 8)), plan=100)
    assert bars(gap)["plan_above_run_rate"] == 48 - 100
    bar = gap.frame[gap.frame["effect"] == "plan_above_run_rate"]
    assert bar[["segment", "amount"]].to_numpy().tolist() == [[NOT_ALLOCATED, -52]]
    assert gap.wide("segment")["change"].sum() == pytest.approx(58 - 100)


def test_a_plan_by_segment_is_a_bar_by_segment() -> None:
    plan = pd.DataFrame({"segment": ["b", "a", "c"], "value": [20.0, 45.0, 7.0], "n": [1, 1, 1]})
    gap = plan_gap(closed(("a", 10, 5, 50), ("b", 4, 1, 8)), trailing(("a", 10, 5, 40), ("b", 4, 1, 8)), plan=plan)
    assert (gap.plan, gap.run_rate, gap.start) == (72, 48, 72)
    assert [of(gap, s)["plan_above_run_rate"] for s in "abc"] == [-5, -12, -7]
    own = gap.wide("segment").set_index("segment")["change"]
    assert own.to_dict() == pytest.approx({"a": 50 - 45, "b": 8 - 20, "c": -7})


def test_a_segment_without_a_plan_is_named() -> None:
    plan = pd.DataFrame({"segment": ["a", "b"], "value": [45.0, None]})
    gap = plan_gap(closed(("a", 10, 5, 50), ("b", 4, 1, 8)), trailing(("a", 10, 5, 40), ("b", 4, 1, 8)), plan=plan)
    assert gap.notes[-1] == "Without a plan, counted as planned 0: b."
    assert bars(gap)["plan_above_run_rate"] == -(45 - 40) + 8


@pytest.mark.parametrize("plan", [None, nan, pd.DataFrame({"segment": ["a"], "value": [nan]})])
def test_no_plan_starts_at_the_run_rate(plan: object) -> None:
    gap = plan_gap(closed(("a", 10, 5, 50)), trailing(("a", 10, 5, 40)), plan=plan)  # type: ignore[arg-type]
    assert isnan(gap.plan)
    assert (gap.start, gap.start_label) == (40, "Run-rate (mean of 4 quarters)")
    assert gap.notes[-1] == "No plan supplied: the bridge starts at the run-rate."


def test_a_plan_of_regions_over_region_by_segment() -> None:
    now = closed(("a", 10, 5, 50), ("b", 4, 1, 8), ("a", 6, 2, 18)).assign(region=["N", "N", "S"])
    past = trailing(("a", 10, 5, 40), ("b", 4, 2, 8), ("a", 6, 3, 18)).assign(region=["N", "N", "S"] * 4)
    plan = pd.DataFrame({"region": ["N", "S"], "value": [60, 20]})
    gap = plan_gap(now, past, plan=plan, by=("region", "segment"))
    by_region = gap.wide("region").set_index("region")
    assert by_region["plan_above_run_rate"].to_dict() == {"N": -12, "S": -2}
    assert by_region["change"].to_dict() == pytest.approx({"N": 58 - 60, "S": 18 - 20})
    assert gap.wide("segment")["segment"].tolist() == [NOT_ALLOCATED, "a", "b"]
    for parent in ("region", "segment"):
        sums = gap.roll_up(parent).groupby("effect")["amount"].sum()
        assert sums.to_dict() == pytest.approx(bars(gap))


def test_drivers_beside_a_different_planned_value() -> None:
    plan = pd.DataFrame({"segment": ["a"], "n_closed": [10], "win_rate": [0.5], "deal_size": [10], "value": [65]})
    history = moved(("a", 1, 1, 12, 2, 20))
    gap = plan_gap(closed(("a", 9, 5, 52)), trailing(("a", 10, 4, 30)), history, plan)
    # on schedule 8 closed, 4 won for 40, 2 slipped of 20 at 50 %: 10 due, 50 %, 50/5 = 10; timing 12 - 10
    assert bars(gap) == pytest.approx(
        {"volume": 0, "win_rate": 0, "deal_size": 0, "timing": 2, "plan_above_drivers": -15}
    )
    assert (gap.plan, gap.run_rate) == (65, 30)


def test_drivers_without_recorded_losses_compare_won_deals() -> None:
    plan = pd.DataFrame({"segment": ["a"], "n_closed": [20], "win_rate": [0.25], "deal_size": [10]})
    gap = plan_gap(closed(("a", 6, 6, 72)), None, plan=plan)
    assert bars(gap) == pytest.approx({"deal_count": 11, "deal_size": 11})


def test_a_segment_outside_the_drivers_is_volume_and_is_named() -> None:
    plan = pd.DataFrame({"segment": ["a"], "n_closed": [10], "win_rate": [0.5], "deal_size": [10]})
    gap = plan_gap(closed(("a", 10, 5, 50), ("b", 4, 1, 8)), None, plan=plan)
    assert of(gap, "b") == {"volume": 8, "win_rate": 0, "deal_size": 0}
    assert gap.notes[-1] == "Without a plan, counted as planned 0: b."


# ---- refusals

OK = closed(("a", 10, 5, 50))
PAST = trailing(("a", 10, 5, 50))


@pytest.mark.parametrize(
    ("actual", "baseline", "timing", "match"),
    [
        (OK.drop(columns="won_value"), PAST, None, "needs the column 'won_value'"),
        (OK.rename(columns={"segment": "segmnt"}), PAST, None, "Did you mean 'segmnt'"),
        (OK, PAST.drop(columns="period"), None, "needs the column 'period'"),
        (closed(("a", 4, 5, 50)), PAST, None, "more deals were won than closed, in a"),
        (closed(("a", 4, -1, 50)), PAST, None, "below 0"),
        (closed(("a", 4, nan, 50)), PAST, None, "missing, in a"),
        (closed(("a", nan, 1, 50)), PAST, None, "count of closed deals is missing, in a"),
        (closed(("a", 4, 0, 50)), PAST, None, "won value without a won deal, in a"),
        (OK, PAST, moved(("a", -1, 0, 0, 0, 0)), "below 0"),
        (OK, PAST, moved(("a", 6, 6, 10, 0, 0)), "pulled in and won than won"),
        (OK, PAST, moved(("a", 6, 0, 0, 0, 0)), "pulled in and lost than lost"),
        (OK, PAST, moved(("a", 1, 2, 9, 0, 0)), "more pulled-in deals were won"),
        (OK, PAST, moved(("a", 1, 0, 9, 0, 0)), "pulled_won_value without n_pulled_won"),
        (OK, PAST, moved(("a", 0, 0, 0, 0, 9)), "slipped_amount without n_slipped"),
        (OK, PAST, moved(("a", 5, 5, 40, 0, 0)), "won value without a won deal"),
        (pd.concat([OK, OK.assign(period="2026Q2")]), PAST, moved(("a", 0, 0, 0, 0, 0)), "must hold one period"),
        (OK, PAST, moved(("a", 0, 0, 0, 0, 0)).drop(columns="n_slipped"), "n_slipped"),
    ],
)
def test_contradictions_are_refused(
    actual: pd.DataFrame, baseline: pd.DataFrame, timing: pd.DataFrame | None, match: str
) -> None:
    history = None if timing is None else pd.concat([still("a"), timing])
    with pytest.raises(InputError, match=match):
        plan_gap(actual, baseline, history if match != "n_slipped" else timing)


@pytest.mark.parametrize(
    ("plan", "match"),
    [
        (pd.DataFrame({"segment": ["a"], "amount": [1]}), "needs 'value', or the drivers"),
        (pd.DataFrame({"segment": ["a"], "n_closed": [1], "win_rate": [0.2]}), "deal_size"),
        (pd.DataFrame({"n_closed": [1], "win_rate": [0.2], "deal_size": [3]}), "'segment'"),
        (pd.DataFrame({"segment": ["a"], "n_closed": [1], "win_rate": [22], "deal_size": [3]}), "fraction from 0 to 1"),
        (pd.DataFrame({"segment": ["a"], "n_closed": [None], "win_rate": [0.2], "deal_size": [3]}), "missing or"),
        (pd.DataFrame({"segment": ["a"], "n_closed": [5], "win_rate": [0.2], "deal_size": [None]}), "missing or"),
    ],
)
def test_bad_plans_are_refused(plan: pd.DataFrame, match: str) -> None:
    with pytest.raises(InputError, match=match):
        plan_gap(OK, PAST, plan=plan)


def test_strange_periods_are_refused() -> None:
    with pytest.raises(InputError, match="not trailing quarters: 2025Q3"):
        plan_gap(OK, PAST, quarters=TRAILING[1:])


def test_the_printed_convention_is_the_one_that_was_used() -> None:
    closed_only = plan_gap(OK, PAST)
    assert closed_only.convention.startswith("Volume is the deals closed")
    known = plan_gap(OK, PAST, pd.concat([still("a"), moved(("a", 0, 0, 0, 0, 0))]))
    assert known.convention.startswith("Volume is the deals due: closed − pulled in + slipped")
    won_only = plan_gap(OK.drop(columns="n_closed"), PAST.drop(columns="n_closed"))
    assert won_only.convention.startswith("Volume is the deals won")
