"""The MRR playbook of dbt Labs: movements of 55 customers over 30 months equal its expected table in every month."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bizops.metrics.arr_month import arr_month, points
from bizops.metrics.arr_movement import arr_movement

PLAYBOOK = Path(__file__).parents[3] / "shared" / "data" / "retention_mrr_playbook"
CLASSES = {
    "churn": "churn",
    "contraction": "downgrade",
    "new": "new",
    "reactivation": "reactivation",
    "expansion": "upgrade",
}

pytestmark = pytest.mark.skipif(not PLAYBOOK.is_dir(), reason=f"no data in {PLAYBOOK}")


@pytest.fixture(scope="module")
def data(make: Any) -> Any:
    periods = pd.read_csv(PLAYBOOK / "subscription_periods.csv", parse_dates=["start_date", "end_date"])
    lines = [
        {
            "line_id": f"l{r.subscription_id}",
            "subscription_id": f"s{r.subscription_id}",
            "quantity": 1,
            "unit_price": r.monthly_amount,
            "interval": "month",
            "valid_from": r.start_date.date(),
            "valid_to": r.end_date.date(),
        }
        for r in periods.itertuples()
    ]
    subscriptions = [
        {"subscription_id": f"s{r.subscription_id}", "account_id": f"c{r.customer_id}"} for r in periods.itertuples()
    ]
    # the playbook calls every return a reactivation, however late
    return make({"subscription": subscriptions, "subscription_line": lines}, as_of=date(2020, 3, 31), P05=3660)


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    frame = pd.read_csv(PLAYBOOK / "mrr_movements_expected_derived.csv").set_index("month")
    # December 2017 is all zero and not listed
    frame.loc["2017-12"] = 0.0
    return frame.sort_index()


def test_movements_in_every_month(data: Any, expected: pd.DataFrame) -> None:
    rows = arr_movement(data)
    sums = rows.group_by("month_on", "class").agg(amount=rows.amount.sum().cast("float64") / 12.0).execute()
    sums["month"] = pd.to_datetime(sums.month_on).dt.strftime("%Y-%m")
    assert set(sums["class"]) <= set(CLASSES)
    found = sums.pivot(index="month", columns="class", values="amount").rename(columns=CLASSES)
    found = found.reindex(index=expected.index, columns=list(CLASSES.values())).fillna(0.0)
    assert len(expected) == 30
    pd.testing.assert_frame_equal(found, expected[list(CLASSES.values())], check_names=False, atol=1e-3)


def test_ending_balance_and_customers(data: Any, expected: pd.DataFrame) -> None:
    rows = arr_month(data)
    held = rows.group_by("month_on").agg(
        mrr_end=rows.arr.sum().cast("float64") / 12.0, active_customers=rows.customer_id.nunique(where=rows.arr > 0)
    )
    grid = points(data).select("month_on")
    found = grid.left_join(held, "month_on").order_by("month_on").execute()
    found.index = pd.to_datetime(found.month_on).dt.strftime("%Y-%m")
    found = found.reindex(expected.index).fillna(0.0)
    assert found.mrr_end.tolist() == pytest.approx(expected.mrr_end.tolist(), abs=1e-3)
    assert found.active_customers.tolist() == expected.active_customers.tolist()
