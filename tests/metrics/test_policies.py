"""A metric names exactly the policies that can change it: what it does not name leaves it as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bizops.company import POLICIES, Policies
from bizops.metrics import METRICS

SALES = ("BKG-01", "BKG-02", "BKG-03", "BKG-03-VALUE", "BKG-05", "BKG-07", "BKG-08", "BKG-09", "BKG-10", "QTA-01")
RECURRING = (
    "ARR-01", "ARR-03", "ARR-04", "ARR-05", "ARR-06", "ARR-07", "ARR-08", "ARR-10", "ARR-11", "ARR-12", "ARR-17",
    "REN-07-BASE", "REN-08",
)  # fmt: skip
RENEWED = ("REN-01", "REN-02", "REN-03", "REN-04", "REN-05", "REN-06", "REN-07", "REN-09")
BOOKS = ("ARR-13", "ARR-14", "ARR-15", "ARR-16", "ARR-16-REVENUE", "ARR-18", "ARR-19")
OTHERS = [
    (SALES, "P10", "period_end"),
    (SALES, "P15", "tcv"),
    (SALES, "P16", "created_in_period"),
    (SALES, "P17", 3),
    (SALES, "P21", "none"),
    (RECURRING, "P01", "account"),
    (RECURRING, "P02", "signature"),
    (RECURRING, "P03", "period_end"),
    (RECURRING, "P04", "churn"),
    (RECURRING, "P05", 20),
    (RECURRING, "P06", "included"),
    (RECURRING, "P07", 12),
    (RECURRING, "P08", 5),
    (RECURRING, "P09", "metered_included"),
    (RECURRING, "P10", "period_end"),
    (RECURRING, "P11", "first_year"),
    (RECURRING, "P11", "exit_year"),
    (RECURRING, "P12", "keep"),
    (RECURRING, "P13", 0),
    (RECURRING, "P14", "daily_sum"),
    (RECURRING, "P25", "in_movements"),
    (RENEWED, "P01", "subscription"),
    (BOOKS, "P18", "paid_only"),
    (BOOKS, "P19", "ebitda"),
]


@pytest.fixture(scope="module")
def data(make: Any, any_company: Any) -> Any:
    return make(any_company)


def results(read: Any, data: Any, metrics: tuple[str, ...]) -> dict[str, Any]:
    """The metrics in total and by segment, of the year to date, in which everything happens."""
    period = data.calendar.parse("FY2026", data.as_of_date)
    found = {}
    for name in metrics:
        metric = METRICS[name]
        by = ("segment",) if "segment" in metric.by else metric.by[:1]
        keys = (*by, "step") if name in ("ARR-04", "BKG-09") else by
        found[name] = read.values(metric(data, period, by), *keys)
    return found


@pytest.fixture(scope="module")
def usual(read: Any, data: Any) -> dict[str, Any]:
    """The results under the default policies."""
    return results(read, data, (*SALES, *RECURRING, *RENEWED, *BOOKS))


@pytest.mark.parametrize(("metrics", "policy", "value"), OTHERS, ids=[f"{p}-{v}-{m[0]}" for m, p, v in OTHERS])
def test_only_named_policies_change_a_metric(
    read: Any, data: Any, usual: dict[str, Any], metrics: tuple[str, ...], policy: str, value: Any
) -> None:
    other = replace(data, company=data.company.model_copy(update={"policies": Policies(**{policy: value})}))
    found = results(read, other, metrics)
    changed = {name for name in metrics if found[name] != usual[name]}
    assert changed, f"{policy} changes nothing here"
    assert changed <= {name for name in metrics if policy in METRICS[name].policies}


def test_policies_that_metrics_name_exist() -> None:
    for metric in METRICS.values():
        assert set(metric.policies) <= set(POLICIES), metric.id


def test_every_metric_says_what_it_is() -> None:
    for id_, metric in METRICS.items():
        assert metric.id == id_
        assert metric.definition
        assert metric.source
        assert metric.needs
        assert metric.function.__doc__
