"""Fixture W01: the ARR bridge of a quarter, from files on disk to the printed digit, under every policy it can show."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from bizops.metrics import METRICS

K = 1000.0


@pytest.fixture(scope="module")
def w01(world: Any) -> Any:
    """Return a function from policies to the worked example."""

    def under(**settings: Any) -> Any:
        return world("w01", currency="USD", **settings)

    return under


def quarter(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


def steps(read: Any, data: Any, *by: str, **options: Any) -> dict[Any, float]:
    return read.values(METRICS["ARR-04"](data, quarter(data), by, **options), *by, "step")


def value(read: Any, data: Any, metric: str) -> float:
    return read.one(METRICS[metric](data, quarter(data)))["value"]


def test_bridge_of_the_quarter(read: Any, w01: Any) -> None:
    assert steps(read, w01()) == {
        "opening": 419 * K,
        "new": 30 * K,
        "reactivation": 24 * K,
        "expansion": 38 * K,
        "contraction": -35 * K,
        "churn": -50 * K,
        "fx": -1.5 * K,
        "closing": 424.5 * K,
    }


def test_sub_classes(read: Any, w01: Any) -> None:
    data = w01()
    detail = METRICS["ARR-04"](data, quarter(data), (), detail=True)
    found = read.values(detail, "step", "sub_class")
    assert found == {
        ("opening", "opening"): 419 * K,
        ("new", "new"): 30 * K,
        ("reactivation", "91–180 days"): 24 * K,
        ("expansion", "seats"): 20 * K,
        ("expansion", "price"): 6 * K,
        ("expansion", "discount end"): 12 * K,
        ("contraction", "downgrade"): -20 * K,
        ("contraction", "product removed"): -15 * K,
        ("churn", "voluntary"): -50 * K,
        ("fx", "exchange rate"): -1.5 * K,
        ("closing", "closing"): 424.5 * K,
    }


@pytest.mark.parametrize(
    ("metric", "printed"),
    [
        ("ARR-06", "79.71 %"),
        ("ARR-07", "88.78 %"),
        ("ARR-07-WITH-REACTIVATION", "94.51 %"),
        ("ARR-08", "12.50 %"),
        ("ARR-09", "108.24 %"),
        ("ARR-09-WITHOUT-REACTIVATION", "80.00 %"),
    ],
)
def test_rates_to_the_printed_digit(read: Any, w01: Any, metric: str, printed: str) -> None:
    assert f"{value(read, w01(), metric):.2%}".replace("%", " %") == printed


def test_parts_of_the_rates(read: Any, w01: Any) -> None:
    data = w01()
    grr = read.one(METRICS["ARR-06"](data, quarter(data)))
    assert (grr["numerator"], grr["denominator"], grr["n"]) == (334 * K, 419 * K, 8)
    nrr = read.one(METRICS["ARR-07"](data, quarter(data)))
    assert (nrr["numerator"], nrr["denominator"]) == (372 * K, 419 * K)
    both = read.one(METRICS["ARR-07-WITH-REACTIVATION"](data, quarter(data)))
    assert (both["numerator"], both["denominator"]) == (396 * K, 419 * K)
    quick = read.one(METRICS["ARR-09"](data, quarter(data)))
    assert (quick["numerator"], quick["denominator"]) == (92 * K, 85 * K)


def test_net_new_and_balances(read: Any, w01: Any) -> None:
    data = w01()
    assert value(read, data, "ARR-05") == 7 * K
    assert value(read, data, "ARR-01") == 424.5 * K
    assert value(read, data, "ARR-02") == pytest.approx(424.5 * K / 12)
    constant = read.one(METRICS["ARR-01"](data, quarter(data), (), constant=True))
    assert constant == {"value": 426 * K, "n": 9}


def test_growth_is_constant_and_reported(read: Any, w01: Any) -> None:
    # a year before: A 100, B 80, C 50, D 40, F 20, G 33, H 60, I 36, J 20
    data = w01()
    assert value(read, data, "ARR-10") == pytest.approx(426 / 439 - 1)
    assert value(read, data, "ARR-10-REPORTED") == pytest.approx(424.5 / 439 - 1)


def test_average_and_median_customer(read: Any, w01: Any) -> None:
    # A 120, H 66, B 60, I 48, G 31.5, E 30, D 25, F 24, J 20
    data = w01()
    assert value(read, data, "ARR-11") == pytest.approx(424.5 * K / 9)
    assert value(read, data, "ARR-11-MEDIAN") == 31.5 * K


def test_bridge_by_segment(read: Any, w01: Any) -> None:
    found = steps(read, w01(), "segment")
    assert {k[1]: v for k, v in found.items() if k[0] == "ENT"} == {
        "opening": 273 * K,
        "expansion": 26 * K,
        "contraction": -20 * K,
        "fx": -1.5 * K,
        "closing": 277.5 * K,
    }


def test_parts_by_product_carry_the_customers_class(read: Any, w01: Any) -> None:
    # B moved from Pro 80 to Core 60: one contraction, its parts have opposite signs
    found = steps(read, w01(), "product")
    assert found["Pro", "contraction"] == -80 * K
    assert found["Core", "contraction"] == 60 * K
    assert found["Add-on", "contraction"] == -15 * K


def test_p01_subscription_level(read: Any, w01: Any) -> None:
    # F's second subscription has never had ARR before
    found = steps(read, w01(P01="subscription"))
    assert found["new"] == 54 * K
    assert "reactivation" not in found


def test_p04_a_lost_product_is_churn(read: Any, w01: Any) -> None:
    data = w01(P04="churn")
    found = steps(read, data)
    assert found["churn"] == -65 * K
    assert found["contraction"] == -20 * K
    assert value(read, data, "ARR-08") == 0.125


def test_p05_window(read: Any, w01: Any) -> None:
    # F's service ended on 1 March and came back on 1 August: 153 days
    assert steps(read, w01(P05=153))["reactivation"] == 24 * K
    late = steps(read, w01(P05=152))
    assert late["new"] == 54 * K
    assert "reactivation" not in late
    assert value(read, w01(P05=152), "ARR-07-WITH-REACTIVATION") == pytest.approx(372 / 419)


def test_p06_reactivation_in_nrr(read: Any, w01: Any) -> None:
    assert value(read, w01(P06="included"), "ARR-07") == pytest.approx(396 / 419)


def test_p07_a_promotion_of_twelve_months(read: Any, w01: Any) -> None:
    # not deducted: I is 48 at both ends
    data = w01(P07=12)
    found = steps(read, data)
    assert found["opening"] == 431 * K
    assert found["expansion"] == 26 * K
    assert value(read, data, "ARR-06") == pytest.approx(346 / 431)


def test_p08_past_due(read: Any, w01: Any) -> None:
    # J is 20 days past due at the end of September
    assert steps(read, w01(P08=21))["churn"] == -50 * K
    data = w01(P08=20)
    assert steps(read, data)["churn"] == -70 * K
    assert value(read, data, "ARR-08") == pytest.approx(2 / 8)
    detail = read.values(METRICS["ARR-04"](data, quarter(data), (), detail=True), "step", "sub_class")
    assert detail["churn", "involuntary"] == -20 * K


def test_as_of_inside_the_quarter(read: Any, world: Any) -> None:
    # 15 August: A, F and I have moved, C ends that day; B, D, H and the rate have not
    data = world("w01", date(2026, 8, 15), currency="USD")
    assert steps(read, data) == {
        "opening": 419 * K,
        "new": 30 * K,
        "reactivation": 24 * K,
        "expansion": 32 * K,
        "churn": -50 * K,
        "closing": 455 * K,
    }


def test_scope_is_the_slice_of_the_whole(read: Any, w01: Any) -> None:
    from bizops.schema.data import Scope

    data = w01()
    north = steps(read, data.within(Scope("region", "North")))
    by_region = steps(read, data, "region")
    assert north == {step: v for (region, step), v in by_region.items() if region == "North"}
    team = steps(read, data.within(Scope("manager", "Mia Manager")))
    assert team == steps(read, data)
    assert value(read, data.within(Scope("segment", "SMB")), "ARR-08") == pytest.approx(1 / 4)


def test_bridge_over_single_months_sums_to_the_quarter(read: Any, w01: Any) -> None:
    data = w01()
    months = [steps_of(read, data, month) for month in data.calendar.months(quarter(data))]
    assert months[0]["opening"] == 419 * K
    for earlier, later in pairwise(months):
        assert earlier["closing"] == later["opening"]
    assert sum(m.get("expansion", 0) for m in months) == 38 * K
    assert [m.get("fx", 0) for m in months] == [0, 0, -1.5 * K]


def steps_of(read: Any, data: Any, period: Any) -> dict[str, float]:
    return read.values(METRICS["ARR-04"](data, period), "step")
