"""Bridges against fixtures W02, W03, W13, published examples and exact second implementations."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from math import isnan, nan, prod
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizops.errors import InputError
from bizops.methods.bridge import price_volume_mix, rate_mix, shapley_product
from bizops.methods.result import Bridge

WORKED = Path(__file__).parents[2].parent / "shared" / "data" / "worked_examples" / "pvm_google_answers_716474.csv"
FACTORS = ("n", "rate", "size")
Side = dict[str, tuple[float, float, float]]
Pairs = dict[str, tuple[float, float]]
lean = settings(max_examples=30, deadline=None)


# ---- second implementations, dumb on purpose


def walked(before: Sequence[Fraction], after: Sequence[Fraction]) -> list[Fraction]:
    """Mean, over every order of the factors, of each factor's step on the way from before to after."""
    orders = list(permutations(range(len(before))))
    effects = [Fraction(0)] * len(before)
    for order in orders:
        now = list(before)
        for factor in order:
            here = prod(now)
            now[factor] = after[factor]
            effects[factor] += Fraction(prod(now) - here, len(orders))
    return effects


def rate_and_mix(before: Pairs, after: Pairs) -> tuple[Fraction, Fraction]:
    """Rate and mix effect of a change of a ratio: the mean of "rates first" and "mix first"."""

    def total(weights: Pairs, rates: Pairs) -> Fraction:
        whole = sum(n for _, n in weights.values())
        return sum((Fraction(weights[g][1], whole) * Fraction(*rates[g]) for g in weights), Fraction(0))

    start, end = total(before, before), total(after, after)
    rates_first, mix_first = total(before, after), total(after, before)
    rate = (rates_first - start + end - mix_first) / 2
    return rate, end - start - rate


# ---- frames


def effects(bridge: Bridge) -> dict[str, float]:
    return dict(zip(bridge.effects, bridge.bars()["amount"], strict=True))


def product(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["segment", *FACTORS])


# ---- factor split


@pytest.mark.parametrize("times", [1, 10])
def test_w13_to_the_printed_digit(times: int) -> None:
    bridge = shapley_product(product(("a", 100 * times, 0.25, 20)), product(("a", 90 * times, 0.22, 22)), FACTORS)
    assert (bridge.start, bridge.finish) == pytest.approx((500 * times, 435.6 * times))
    assert [round(v / times, 1) for v in effects(bridge).values()] == [-49.3, -59.8, 44.7]
    assert bridge.remainder == pytest.approx(0, abs=1e-9)


whole = st.integers(-50, 50)


@lean
@given(st.data(), st.integers(2, 5))
def test_effects_equal_the_walk_over_every_order(data: st.DataObject, k: int) -> None:
    names = [f"f{i}" for i in range(k)]
    before, after = (data.draw(st.lists(whole, min_size=k, max_size=k)) for _ in range(2))
    bridge = shapley_product(pd.DataFrame([before], columns=names), pd.DataFrame([after], columns=names), names)
    exact = walked([Fraction(v) for v in before], [Fraction(v) for v in after])
    assert list(effects(bridge).values()) == pytest.approx([float(v) for v in exact], rel=1e-9, abs=1e-9)


money = st.floats(-1e6, 1e6).map(lambda v: round(v, 2))
row = st.tuples(st.integers(0, 500), st.integers(0, 100).map(lambda v: v / 100), money)
side = st.dictionaries(st.sampled_from(["EMEA", "AMER", "APAC", "none", "東京"]), row, max_size=5)


def frame(groups: Side) -> pd.DataFrame:
    """A side as real data have it: no deal leaves no win rate, no won deal no deal size."""
    rows = []
    for group, (n, rate, size) in groups.items():
        rows.append((group, n, rate if n else nan, size if n * rate else nan))
    return product(*rows).astype({"n": float, "rate": float, "size": float})


def scale(*sides: Side) -> float:
    # the largest product that any order can pass through, for rounding
    rows = [r for s in sides for r in s.values()] or [(1, 1, 1)]
    return 1 + max(abs(r[0]) for r in rows) * max(abs(r[2]) for r in rows) * 10


@lean
@given(side, side)
def test_effects_add_up_at_every_level(before: Side, after: Side) -> None:
    bridge = shapley_product(frame(before), frame(after), FACTORS, "segment")
    tolerance = 1e-6 * scale(before, after) / 1e3
    worth = [sum(n * w * d for n, w, d in s.values()) for s in (before, after)]
    assert (bridge.start, bridge.finish) == pytest.approx(worth, abs=tolerance)
    assert abs(bridge.remainder) <= tolerance
    by_group = bridge.wide("segment")
    own = bridge.detail["value_after"] - bridge.detail["value_before"]
    assert by_group["change"].tolist() == pytest.approx(own.tolist(), abs=tolerance)
    assert bridge.wide()["change"].sum() == pytest.approx(by_group["change"].sum(), abs=tolerance)


@lean
@given(side, side, st.randoms())
def test_the_order_of_rows_and_factors_does_not_matter(before: Side, after: Side, random: Random) -> None:
    def shuffled(groups: Side) -> pd.DataFrame:
        rows = list(groups.items())
        random.shuffle(rows)
        return frame(dict(rows))

    bridge = shapley_product(frame(before), frame(after), FACTORS, "segment")
    again = shapley_product(shuffled(before), shuffled(after), FACTORS, ["segment"])
    pd.testing.assert_frame_equal(bridge.frame, again.frame)


def test_the_order_of_defined_factors_does_not_matter() -> None:
    before, after = product(("a", 7, 0.3, 11)), product(("a", 9, 0.2, 13))
    there = effects(shapley_product(before, after, ["n", "rate", "size"]))
    back = effects(shapley_product(before, after, ["size", "n", "rate"]))
    assert there == pytest.approx(back)


@lean
@given(side, side)
def test_new_names_change_nothing_but_names(before: Side, after: Side) -> None:
    names = {old: f"x{i}" for i, old in enumerate(["東京", "none", "APAC", "AMER", "EMEA"])}
    bridge = shapley_product(frame(before), frame(after), FACTORS, "segment")
    renamed = shapley_product(
        *(frame({names[g]: r for g, r in s.items()}) for s in (before, after)), FACTORS, "segment"
    )
    expected = {(names[g], e): a for g, e, a in bridge.frame.itertuples(index=False)}
    assert {(g, e): a for g, e, a in renamed.frame.itertuples(index=False)} == expected


@lean
@given(side, side, st.sampled_from(["EMEA", "AMER"]))
def test_two_halves_of_a_group_add_back_to_it(before: Side, after: Side, split: str) -> None:
    def halved(groups: Side) -> pd.DataFrame:
        parts = {}
        for group, (n, rate, size) in groups.items():
            if group == split:
                parts |= {f"{group} 1": (n / 2, rate, size), f"{group} 2": (n / 2, rate, size)}
            else:
                parts[group] = (n, rate, size)
        return frame(parts)

    bridge = shapley_product(frame(before), frame(after), FACTORS, "segment")
    parts = shapley_product(halved(before), halved(after), FACTORS, "segment")
    assert effects(parts) == pytest.approx(effects(bridge), rel=1e-9, abs=1e-9 * scale(before, after))


def test_both_sides_swapped_change_every_sign() -> None:
    before, after = product(("a", 100, 0.25, 20), ("b", 4, 0.5, -3)), product(("a", 90, 0.22, 22))
    there, back = (shapley_product(*pair, FACTORS, "segment") for pair in ((before, after), (after, before)))
    assert there.frame["amount"].tolist() == pytest.approx((-back.frame["amount"]).tolist())


def test_a_group_without_deals_on_one_side_is_all_count() -> None:
    new = shapley_product(product(("a", 0, nan, nan)), product(("a", 5, 0.4, 30)), FACTORS)
    assert effects(new) == {"n": 60, "rate": 0, "size": 0}
    gone = shapley_product(product(("a", 5, 0.4, 30)), product(("b", 1, 1, 1)), FACTORS, "segment")
    assert gone.wide("segment").set_index("segment").loc["a"].tolist() == [-60, 0, 0, -60]
    assert gone.wide("segment").set_index("segment").loc["b"].tolist() == [1, 0, 0, 1]


def test_a_group_that_won_nothing_shows_no_deal_size() -> None:
    lost = shapley_product(product(("a", 10, 0.5, 8)), product(("a", 20, 0, nan)), FACTORS)
    n, rate, size = walked([Fraction(10), Fraction(1, 2), Fraction(8)], [Fraction(20), Fraction(0), Fraction(8)])
    assert effects(lost) == pytest.approx({"n": float(n), "rate": float(rate), "size": float(size)})
    assert size == 0
    nothing = shapley_product(product(("a", 10, 0, nan)), product(("a", 0, nan, nan)), FACTORS)
    assert effects(nothing) == {"n": 0, "rate": 0, "size": 0}


def test_nothing_at_all_is_an_empty_bridge() -> None:
    bridge = shapley_product(product(), product(), FACTORS, "segment")
    assert (bridge.start, bridge.finish, bridge.remainder, len(bridge.frame)) == (0, 0, 0, 0)


def test_null_groups_are_kept_and_decimals_are_numbers() -> None:
    before = pd.DataFrame({"g": ["a", None], "n": [2, 3], "p": [Decimal("1.5"), Decimal("2")]})
    after = pd.DataFrame({"g": [None, "a"], "n": pd.array([3, 2], dtype="Int64"), "p": [3.0, 1.5]})
    bridge = shapley_product(before, after, ["n", "p"], "g")
    assert bridge.wide("g")["g"].tolist() == ["(none)", "a"]
    assert bridge.change == 3


@pytest.mark.parametrize(
    ("before", "after", "factors", "match"),
    [
        (product(("a", 1, nan, 2)), product(("a", 1, 1, 2)), FACTORS, "'rate' is missing for a, and no factor before"),
        (product(("a", 1, 0.5, nan)), product(("a", 1, 1, 2)), FACTORS, "'size' is missing"),
        (product(("a", 1, 1, 1), ("a", 2, 1, 1)), product(), FACTORS, "more than one row for a"),
        (product(), product(), ("n",), "2 to 5 factors"),
        (product(), product(), ("n", "n"), "distinct"),
        (product(), product(), ("n", "raet"), "Did you mean 'rate'"),
        (product(("a", 1, 1, float("inf"))), product(), FACTORS, "infinite"),
        (product().rename(columns={"rate": "effect"}), product(), FACTORS, "rate"),
    ],
)
def test_bad_factors_are_refused(
    before: pd.DataFrame, after: pd.DataFrame, factors: tuple[str, ...], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        shapley_product(before, after, factors, "segment")


def test_a_group_column_may_not_take_a_name_of_the_result() -> None:
    sides = [product(("a", 1, 1, 1)).rename(columns={"segment": "effect"})] * 2
    with pytest.raises(InputError, match="may not be called 'effect'"):
        shapley_product(*sides, FACTORS, "effect")


def test_children_add_to_both_parents() -> None:
    before = product(("a", 10, 0.5, 8), ("b", 20, 0.25, 4), ("c", 5, 0.2, 9)).assign(region=["N", "N", "S"])
    after = product(("a", 12, 0.5, 7), ("b", 10, 0.3, 6), ("c", 8, 0.25, 9)).assign(region=["N", "S", "S"])
    bridge = shapley_product(before, after, FACTORS, ["region", "segment"])
    total = bridge.wide()
    assert bridge.frame.columns.tolist() == ["region", "segment", "effect", "amount"]
    for parent in ("region", "segment"):
        pd.testing.assert_series_equal(
            bridge.wide(parent)[[*FACTORS, "change"]].sum(), total.iloc[0].rename(None), check_names=False
        )
    assert bridge.roll_up("region")["region"].tolist() == ["N"] * 3 + ["S"] * 3
    assert bridge.roll_up("region")["effect"].tolist() == [*FACTORS, *FACTORS]
    with pytest.raises(InputError, match="'product'"):
        bridge.roll_up("product")


# ---- price, volume, mix


def items(rows: dict[str, tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame([(k, q, p) for k, (q, p) in rows.items()], columns=["item", "units", "price"])


W02 = (
    items({"P1": (100, 10), "P2": (50, 20), "P4": (20, 5)}),
    items({"P1": (90, 12), "P2": (70, 20), "P3": (10, 30)}),
)


def test_w02_to_the_printed_digit() -> None:
    bridge = price_volume_mix(*W02, "item", "units", "price")
    assert (bridge.start, bridge.finish, bridge.change) == (2100, 2780, 680)
    assert {k: round(v, 2) for k, v in effects(bridge).items()} == {
        "price": 180, "volume": 133.33, "mix": 166.67, "new": 300, "lost": -100
    }  # fmt: skip
    assert bridge.detail.set_index("item")["status"].to_dict() == {
        "P1": "continuing", "P2": "continuing", "P3": "new", "P4": "lost"
    }  # fmt: skip
    assert "new quantities" in bridge.convention


@pytest.mark.skipif(not WORKED.exists(), reason="the shared worked examples are not beside the repository")
def test_the_published_example_by_product() -> None:
    published = pd.read_csv(WORKED).set_index("product")
    sides = [
        published[[f"{when}_volume", f"{when}_rate"]].set_axis(["units", "price"], axis=1).reset_index()
        for when in ("budget", "actual")
    ]
    ours = price_volume_mix(*sides, "product", "units", "price").wide("product").set_index("product")
    assert ours["price"].to_list() == pytest.approx(published["published_rate_variance"].to_list())
    assert ours["mix"].to_list() == pytest.approx(published["published_sales_mix_variance"].to_list())
    assert ours["volume"].to_list() == pytest.approx(published["published_sales_quantity_variance"].to_list())
    volume_and_mix = (ours["volume"] + ours["mix"]).to_list()
    assert volume_and_mix == pytest.approx(published["published_volume_variance"].to_list())


stock = st.dictionaries(
    st.sampled_from("abcde"), st.tuples(st.integers(0, 1000), st.integers(1, 9999).map(lambda c: c / 100)), max_size=5
)


@lean
@given(stock, stock)
def test_price_volume_mix_adds_up_and_follows_prc_01(before: Pairs, after: Pairs) -> None:
    bridge = price_volume_mix(items(before), items(after), "item", "units", "price")
    assert bridge.start == pytest.approx(sum(q * p for q, p in before.values()))
    assert bridge.remainder == pytest.approx(0, abs=1e-6)
    both = [k for k in before.keys() & after.keys() if before[k][0] and after[k][0]]
    q0, q1 = sum(before[k][0] for k in both), sum(after[k][0] for k in both)
    volume = (q1 - q0) * sum(before[k][0] * before[k][1] for k in both) / q0 if both else 0
    found = effects(bridge)
    assert found["price"] == pytest.approx(sum(after[k][0] * (after[k][1] - before[k][1]) for k in both), abs=1e-6)
    assert found["volume"] == pytest.approx(volume, abs=1e-6)
    assert found["mix"] + volume == pytest.approx(
        sum((after[k][0] - before[k][0]) * before[k][1] for k in both), abs=1e-6
    )


@lean
@given(stock, stock)
def test_two_halves_of_an_item_add_back_to_it(before: Pairs, after: Pairs) -> None:
    def halved(side: Pairs) -> pd.DataFrame:
        return items({f"{k}{i}": (q / 2, p) for k, (q, p) in side.items() for i in (1, 2)})

    one = effects(price_volume_mix(items(before), items(after), "item", "units", "price"))
    two = effects(price_volume_mix(halved(before), halved(after), "item", "units", "price"))
    assert one == pytest.approx(two, abs=1e-6)


def test_a_price_is_needed_only_where_there_is_a_quantity() -> None:
    gone = items({"a": (10, 2), "b": (0, nan)})
    bridge = price_volume_mix(gone, items({"a": (10, 3), "b": (5, 4)}), "item", "units", "price")
    assert effects(bridge) == {"price": 10, "volume": 0, "mix": 0, "new": 20, "lost": 0}
    with pytest.raises(InputError, match="'price' is missing for b"):
        price_volume_mix(items({"b": (1, nan)}), gone, "item", "units", "price")
    with pytest.raises(InputError, match="'units' is missing for a"):
        price_volume_mix(items({"a": (nan, 1)}), gone, "item", "units", "price")


def test_returns_that_cancel_leave_volume_and_mix_together() -> None:
    before, after = items({"a": (10, 2), "b": (-10, 3)}), items({"a": (12, 2), "b": (-9, 3)})
    bridge = price_volume_mix(before, after, "item", "units", "price")
    assert effects(bridge) == {"price": 0, "volume": 0, "mix": 7, "new": 0, "lost": 0}
    assert bridge.notes == (
        "The quantities before of the continuing items add up to 0: volume cannot be told from mix.",
    )


def test_items_are_product_by_customer() -> None:
    before = pd.DataFrame({"sku": ["x", "x"], "customer": ["c", "d"], "q": [1, 2], "p": [10.0, 8.0]})
    after = pd.DataFrame({"sku": ["x", "x"], "customer": ["c", "e"], "q": [2, 1], "p": [10.0, 9.0]})
    bridge = price_volume_mix(before, after, ["sku", "customer"], "q", "p")
    assert effects(bridge) == {"price": 0, "volume": 10, "mix": 0, "new": 9, "lost": -16}
    with pytest.raises(InputError, match="more than one row for x"):
        price_volume_mix(before, after, "sku", "q", "p")


# ---- rate and mix


def groups(rows: dict[str, tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame([(g, x, n) for g, (x, n) in rows.items()], columns=["g", "x", "n"])


def test_w03_to_the_printed_digit() -> None:
    bridge = rate_mix(
        groups({"SMB": (30, 600), "ENT": (4, 400)}), groups({"SMB": (44, 800), "ENT": (2, 200)}), "g", "x", "n"
    )
    points = bridge.wide("g").set_index("g") * 100
    assert (round(bridge.start, 4), round(bridge.finish, 4)) == (0.034, 0.046)
    assert points["rate"].sum() == pytest.approx(0.35)
    assert points["mix"].round(2).to_dict() == {"SMB": 0.25, "ENT": 0.60}
    assert bridge.wide()["change"].iloc[0] == pytest.approx(0.012)
    assert not bridge.is_reversal
    assert not bridge.mix_outweighs_rate
    assert "Kitagawa" in bridge.convention


def test_kidney_stones_are_a_reversal() -> None:
    # Charig and others (1986), BMJ 292:879: success of open surgery and of the newer treatment, by size of stone
    surgery, newer = groups({"small": (81, 87), "large": (192, 263)}), groups({"small": (234, 270), "large": (55, 80)})
    bridge = rate_mix(surgery, newer, "g", "x", "n")
    assert (round(bridge.start, 2), round(bridge.finish, 2)) == (0.78, 0.83)
    assert bridge.is_reversal
    assert bridge.mix_outweighs_rate
    assert bridge.detail["is_against_total"].all()
    assert rate_mix(newer, surgery, "g", "x", "n").is_reversal


def test_one_group_that_follows_the_total_is_no_reversal() -> None:
    before, after = groups({"a": (50, 100), "b": (10, 100)}), groups({"a": (60, 100), "b": (9, 100)})
    bridge = rate_mix(before, after, "g", "x", "n")
    assert not bridge.is_reversal
    assert bridge.detail.set_index("g")["is_against_total"].to_dict() == {"a": False, "b": True}
    assert not rate_mix(before, before, "g", "x", "n").is_reversal


tally = st.dictionaries(
    st.sampled_from("abcd"),
    st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=4,
)


@lean
@given(tally, st.data())
def test_rate_and_mix_equal_the_mean_of_both_orders(before: Pairs, data: st.DataObject) -> None:
    after = {
        g: data.draw(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))) for g in before
    }
    bridge = rate_mix(groups(before), groups(after), "g", "x", "n")
    rate, mix = rate_and_mix(before, after)
    assert effects(bridge) == pytest.approx({"rate": float(rate), "mix": float(mix)}, abs=1e-9)
    assert bridge.remainder == pytest.approx(0, abs=1e-9)


@lean
@given(tally, tally)
def test_rate_and_mix_add_up_with_groups_new_and_gone(before: Pairs, after: Pairs) -> None:
    bridge = rate_mix(groups(before), groups(after), "g", "x", "n")
    assert bridge.remainder == pytest.approx(0, abs=1e-9)
    wide = bridge.wide("g").set_index("g")
    for group in before.keys() ^ after.keys():
        assert wide.loc[group, "rate"] == 0
    halves = [
        pd.concat([groups({f"{g}{i}": (x / 2, n / 2) for g, (x, n) in s.items()}) for i in (1, 2)])
        for s in (before, after)
    ]
    assert effects(rate_mix(*halves, "g", "x", "n")) == pytest.approx(effects(bridge), abs=1e-9)


def test_rows_of_one_group_are_added_up() -> None:
    once = rate_mix(groups({"a": (3, 10)}), groups({"a": (4, 10)}), "g", "x", "n")
    parts = pd.concat([groups({"a": (1, 4)}), groups({"a": (2, 6)})])
    assert rate_mix(parts, groups({"a": (4, 10)}), "g", "x", "n").change == pytest.approx(once.change)


def test_no_denominator_is_not_available_and_says_so() -> None:
    bridge = rate_mix(groups({"a": (0, 0)}), groups({"a": (4, 10)}), "g", "x", "n")
    assert isnan(bridge.start)
    assert bridge.finish == 0.4
    assert bridge.bars()["amount"].isna().all()
    assert bridge.wide()["change"].isna().all()
    assert bridge.notes == ("The denominator is 0 before: the ratio does not exist and its change is n/a.",)
    assert not bridge.is_reversal


@pytest.mark.parametrize("rows", [{"a": (1, 0)}, {"a": (1, -5)}, {"a": (nan, 5)}, {"a": (1, nan)}])
def test_bad_ratios_are_refused(rows: Pairs) -> None:
    with pytest.raises(InputError, match="denominator"):
        rate_mix(groups(rows), groups({"a": (1, 2)}), "g", "x", "n")
