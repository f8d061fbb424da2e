"""Pro-rating a target by the shape of earlier periods."""

import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.methods.linearity import pro_rate

CURVE = pd.DataFrame(
    {
        "period": ["Q1"] * 3 + ["Q2"] * 2,
        "elapsed": [1.0, 0.5, 0.25, 0.5, 1.0],
        "share": [1.0, 0.3, 0.1, 0.4, 1.0],
    }
)


def test_the_part_due_is_the_mean_of_the_earlier_shares() -> None:
    due = pro_rate(1000, CURVE, 0.5)
    assert (due.value, due.lower, due.upper, due.n_periods) == (350, 300, 400, 2)
    assert due.frame.to_dict("list") == {"period": ["Q1", "Q2"], "share": [0.3, 0.4]}


def test_between_points_it_is_interpolated_from_zero() -> None:
    # Q1 halfway from (0.25, 0.1) to (0.5, 0.3); Q2 from (0, 0) to (0.5, 0.4)
    assert pro_rate(1, CURVE, 0.375).frame["share"].tolist() == pytest.approx([0.2, 0.3])
    assert pro_rate(1, CURVE, 0).value == 0
    assert pro_rate(800, CURVE, 1).value == 800


def test_a_straight_line_is_proportional() -> None:
    line = pd.DataFrame({"period": "Q1", "elapsed": [0.0, 1.0], "share": [0.0, 1.0]})
    assert pro_rate(900, line, 1 / 3).value == pytest.approx(300)


def test_a_negative_target_keeps_its_bounds_in_order() -> None:
    due = pro_rate(-100, CURVE, 0.5)
    assert due.lower < due.value < due.upper


@pytest.mark.parametrize(
    ("curve", "elapsed", "match"),
    [
        (CURVE, 1.2, "between 0 and 1"),
        (CURVE.drop(columns="share"), 0.5, "share"),
        (CURVE.iloc[:0], 0.5, "no rows"),
        (CURVE[CURVE["elapsed"] < 1], 0.5, "must end at elapsed 1"),
        (CURVE.assign(share=CURVE["share"] * 100), 0.5, "share 1, ends at 1 with 100"),
        (CURVE.assign(elapsed=0.5), 0.5, "distinct"),
        (CURVE.assign(share=[1.0, None, 0.1, 0.4, 1.0]), 0.5, "none missing"),
    ],
)
def test_bad_curves_are_refused(curve: pd.DataFrame, elapsed: float, match: str) -> None:
    with pytest.raises(InputError, match=match):
        pro_rate(100, curve, elapsed)
