"""Cohorts and concentration by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bizops.errors import InputError
from bizops.metrics import METRICS
from bizops.metrics.cohorts import cohorts
from bizops.schema.data import Scope
from tests.metrics.test_arr import company_of, line, q3


@pytest.fixture(scope="module")
def data(make: Any) -> Any:
    """a from January grows in May; b from March leaves in July; c from April; the current month has not ended."""
    lines = [
        line("a", 100, start=date(2026, 1, 10), end=date(2026, 5, 1)) | {"line_id": "x"},
        line("a", 150, start=date(2026, 5, 1)) | {"line_id": "x"},
        line("b", 100, start=date(2026, 3, 5), end=date(2026, 7, 1)),
        line("c", 50, start=date(2026, 4, 20)),
        line("d", 10, start=date(2026, 10, 1)),
    ]
    accounts = [{"account_id": name, "segment": "ENT" if name == "a" else "SMB"} for name in "abcd"]
    return make(company_of(lines, dim_account=accounts))


def cells(read: Any, table: Any, *names: str) -> dict[Any, tuple[Any, ...]]:
    return {key: tuple(row[n] for n in names) for key, row in read.by(table, "cohort", "age").items()}


def test_cohorts_of_quarters(read: Any, data: Any) -> None:
    found = cells(read, cohorts(data, q3(data)), "n", "n_left", "arr_first", "arr", "held")
    # three months after b's March is June; in nine months after March the year is not over
    assert found == {
        ("2026Q1", 0): (2, 2, 200, 200, 200),
        ("2026Q1", 1): (2, 2, 200, 200, 200),
        ("2026Q1", 2): (2, 1, 200, 150, 100),
        ("2026Q2", 0): (1, 1, 50, 50, 50),
        ("2026Q2", 1): (1, 1, 50, 50, 50),
    }
    rates = cells(read, cohorts(data, q3(data)), "logo_retention", "net_retention", "gross_retention")
    assert rates["2026Q1", 2] == (0.5, 0.75, 0.5)


def test_cohorts_of_months(read: Any, data: Any) -> None:
    found = cells(read, cohorts(data, q3(data), grain="month"), "n", "net_retention")
    assert {key[1] for key in found if key[0] == "2026-01"} == set(range(9))
    assert found["2026-01", 3] == (1, 1.0)
    assert found["2026-01", 4] == (1, 1.5)
    assert found["2026-03", 4] == (1, 0.0)
    # October runs, and as of the second quarter nothing later is known
    assert not any(key[0] == "2026-10" for key in found)
    earlier = cells(read, cohorts(data, data.calendar.shift(q3(data), -1), grain="month"), "n")
    assert {key[1] for key in earlier if key[0] == "2026-01"} == set(range(6))


def test_parts_of_cohorts_add_up(read: Any, data: Any) -> None:
    whole = read.by(cohorts(data, q3(data)), "cohort", "age")
    parts = read.by(cohorts(data, q3(data), ("segment",)), "segment", "cohort", "age")
    for key, row in whole.items():
        for name in ("n", "n_left", "arr_first", "arr", "held"):
            assert sum(p[name] for k, p in parts.items() if k[1:] == key) == row[name]
    north = read.by(cohorts(data.within(Scope("segment", "ENT")), q3(data)), "cohort", "age")
    assert north["2026Q1", 2] == {k: v for k, v in parts["ENT", "2026Q1", 2].items() if k != "segment"}


def test_concentration(read: Any, make: Any) -> None:
    # twelve customers of 1 to 12; the largest is two accounts of 6
    sizes = {f"c{k}": k for k in range(1, 12)} | {"p": 6, "q": 6}
    accounts = [{"account_id": name, "ultimate_parent_id": "p" if name in "pq" else name} for name in sizes]
    tables = company_of([line(name, size) for name, size in sizes.items()], dim_account=accounts)
    for level in ("ultimate_parent", "account", "subscription"):
        data = make(tables, P01=level)
        share = read.one(METRICS["ARR-12"](data, q3(data)))
        assert (share["numerator"], share["denominator"], share["n"]) == (75, 78, 12)
        spread = read.one(METRICS["ARR-12-HHI"](data, q3(data)))
        assert spread["value"] == pytest.approx(650 / 78**2)
    assert read.one(METRICS["ARR-12"](data, q3(data), (), top=1))["value"] == pytest.approx(12 / 78)


def test_a_metric_off_says_why(make: Any) -> None:
    data = make({"spend": [{"spend_id": "s", "on": date(2026, 7, 1), "cost_centre": "sales", "amount": 1}]})
    with pytest.raises(InputError, match="no table subscription"):
        METRICS["ARR-13"](data, q3(data))
