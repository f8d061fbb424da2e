"""What methods ask of a frame, and the promises that all of their results keep."""

from dataclasses import FrozenInstanceError, fields
from decimal import Decimal
from math import nan

import numpy as np
import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.methods.bridge import price_volume_mix, rate_mix, shapley_product
from bizops.methods.control import xmr
from bizops.methods.frames import NO_KEY, as_float, key_columns, keyed
from bizops.methods.intervals import median_interval, rate_difference, wilson
from bizops.methods.plan_gap import plan_gap


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([Decimal("1.50"), None, 2], dtype=object),
        pd.Series([1.5, nan, 2.0]),
        pd.Series([1.5, None, 2], dtype="Float64"),
        pd.Series(["1.5", None, "2"], dtype=object).map(lambda v: v and Decimal(v)),
    ],
)
def test_numbers_of_every_kind_become_floats(values: pd.Series) -> None:
    floats = as_float(values, "x")
    assert floats.dtype == "float64"
    np.testing.assert_equal(floats.to_numpy(), [1.5, nan, 2.0])


@pytest.mark.parametrize("values", [["a"], [pd.Timestamp("2026-01-01")], [np.inf]])
def test_what_is_not_a_number_is_refused_by_name(values: list[object]) -> None:
    with pytest.raises(InputError, match="table, column x"):
        as_float(pd.Series(values, dtype=object), "table, column x")


def test_rows_of_a_group_add_up_and_a_missing_part_makes_the_sum_missing() -> None:
    frame = pd.DataFrame({"g": ["b", "a", "b", "a", None], "x": [1, 2, 3, None, 5]})
    sums = keyed(frame, ("g",), ["x"], "frame", add=True)["x"]
    assert sums.index.tolist() == [(NO_KEY,), ("a",), ("b",)]
    np.testing.assert_equal(sums.to_numpy(), [5, nan, 4])


def test_categories_without_rows_do_not_appear() -> None:
    frame = pd.DataFrame({"g": pd.Categorical(["a"], categories=["a", "b"]), "x": [1]})
    assert keyed(frame, ("g",), ["x"], "frame", add=True).index.tolist() == [("a",)]


def test_group_columns_are_distinct_and_named() -> None:
    assert key_columns("segment") == ("segment",)
    assert key_columns(()) == ()
    for wrong in (("a", "a"), ("",)):
        with pytest.raises(InputError, match="distinct and named"):
            key_columns(wrong)


def results() -> list[object]:
    counts = pd.DataFrame({"g": ["a"], "n": [4], "x": [2], "p": [3.0]})
    closed = pd.DataFrame({"segment": ["a"], "n_closed": [4], "n_won": [2], "won_value": [9.0], "period": ["Q"]})
    return [
        wilson(1, 4),
        wilson([1], [4]),
        rate_difference(1, 4, 2, 4),
        median_interval([1, 2]),
        xmr([1, 2]),
        shapley_product(counts, counts, ["n", "p"], "g"),
        price_volume_mix(counts, counts, "g", "n", "p"),
        rate_mix(counts, counts, "g", "x", "n"),
        plan_gap(closed, closed),
    ]


@pytest.mark.parametrize("result", results(), ids=lambda r: type(r).__name__)
def test_every_result_is_frozen_documented_and_has_a_frame(result: object) -> None:
    names = [f.name for f in fields(result)]  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        setattr(result, names[0], None)
    assert isinstance(result.frame, pd.DataFrame)  # type: ignore[attr-defined]
    pages = " ".join(cls.__doc__ or "" for cls in type(result).__mro__[:-1])
    assert [n for n in names if n not in pages] == []


def test_inputs_are_not_changed() -> None:
    before = pd.DataFrame({"g": ["b", "a", "a"], "x": [1, 2, 0], "n": [4, 5, 6], "period": ["Q"] * 3})
    copy = before.copy(deep=True)
    rate_mix(before, before, "g", "x", "n")
    closed = before.rename(columns={"g": "segment", "n": "n_closed", "x": "n_won"}).assign(won_value=before["x"] * 2)
    kept = closed.copy(deep=True)
    plan_gap(closed, closed)
    pd.testing.assert_frame_equal(before, copy)
    pd.testing.assert_frame_equal(closed, kept)
