"""Every registered metric gives the same result on the embedded engine and on a real Postgres."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bizops.company import Policies
from bizops.metrics import METRICS
from bizops.metrics.arr_movement import arr_movement
from bizops.metrics.bookings import components
from bizops.metrics.cohorts import cohorts
from bizops.metrics.committed import commitments
from bizops.metrics.facts import deals
from bizops.metrics.linearity import linearity_curve
from bizops.metrics.losses import closed_lost
from bizops.metrics.pipeline import ageing, same_day, stage_ageing
from bizops.metrics.timing import timing


@pytest.fixture(scope="module")
def both(make: Any, postgres: Any, any_company: Any) -> tuple[Any, Any]:
    """The same company on both engines."""
    return make(any_company), make(any_company, backend=postgres)


def quarter(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


def same(result: Any, other: Any) -> int:
    """Compare two results as sets of rows, numbers to one part in a billion; return how many rows there were."""
    assert result.schema().names == other.schema().names
    ours, theirs = (sorted(map(plain, each.to_pyarrow().to_pylist()), key=place) for each in (result, other))
    assert [[k for k, _ in row] for row in ours] == [[k for k, _ in row] for row in theirs]
    for row, twin in zip(ours, theirs, strict=True):
        assert [v for _, v in row] == [v if not isinstance(v, float) else pytest.approx(v, rel=1e-9) for _, v in twin]
    return len(ours)


def plain(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """A row as names and values, every number a float."""
    return [(k, v if v is None or isinstance(v, str | date) else float(v)) for k, v in row.items()]


def place(row: list[tuple[str, Any]]) -> str:
    """The place of a row: by its groups first, then by its numbers to five digits, which both engines agree on."""
    groups = [str(v) for _, v in row if not isinstance(v, float)]
    return str((groups, [f"{v:.5g}" for _, v in row if isinstance(v, float)]))


@pytest.mark.parametrize("id_", sorted(METRICS))
def test_metric_is_the_same_on_both_engines(both: tuple[Any, Any], id_: str) -> None:
    duck, postgres = both
    metric = METRICS[id_]
    assert metric.missing(duck) == ""
    for by in ((), metric.by[:1], metric.by[-2:]):
        assert same(metric(duck, quarter(duck), by), metric(postgres, quarter(postgres), by)) > 0


@pytest.mark.parametrize(
    "fact",
    [
        deals,
        arr_movement,
        lambda data: components(data, [quarter(data), data.calendar.shift(quarter(data), -1)], ("region",)),
        lambda data: timing(data, quarter(data), ("segment",)),
        lambda data: same_day(data, quarter(data), ("region",), quarters=2),
        lambda data: ageing(data, ("type",)),
        stage_ageing,
        lambda data: linearity_curve(data, quarter(data)),
        lambda data: closed_lost(data, quarter(data), ("competitor",)),
        lambda data: METRICS["ARR-04"](data, quarter(data), ("segment",), detail=True),
        lambda data: cohorts(data, quarter(data), ("segment",)),
        lambda data: commitments(data, quarter(data)),
    ],
    ids=[
        *("deals", "movements", "components", "timing", "same_day", "ageing", "stage_ageing", "curve", "lost"),
        *("detail", "cohorts", "commitments"),
    ],
)
def test_fact_is_the_same_on_both_engines(both: tuple[Any, Any], fact: Any) -> None:
    duck, postgres = both
    assert same(fact(duck), fact(postgres)) > 0


POLICIES = Policies(
    P01="subscription",
    P02="signature",
    P03="period_end",
    P09="metered_included",
    P10="period_end",
    P11="exit_year",
    P12="keep",
    P14="daily_sum",
    P15="tcv",
    P16="created_in_period",
    P18="paid_only",
    P19="ebitda",
    P25="in_movements",
)


@pytest.mark.parametrize("id_", ["ARR-15", "ARR-16", "ARR-18"])
def test_books_under_other_policies_are_the_same_on_both_engines(both: tuple[Any, Any], id_: str) -> None:
    duck, other = (replace(data, company=data.company.model_copy(update={"policies": POLICIES})) for data in both)
    assert same(METRICS[id_](duck, quarter(duck)), METRICS[id_](other, quarter(other))) == 1


@pytest.mark.parametrize("id_", ["ARR-03", "ARR-04", "ARR-07", "ARR-08", "BKG-01", "BKG-03", "REN-07-BASE"])
def test_other_policies_are_the_same_on_both_engines(both: tuple[Any, Any], id_: str) -> None:
    duck, other = (replace(data, company=data.company.model_copy(update={"policies": POLICIES})) for data in both)
    assert same(METRICS[id_](duck, quarter(duck), ("segment",)), METRICS[id_](other, quarter(other), ("segment",))) > 0
