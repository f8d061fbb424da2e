"""Open pipeline, coverage, the same day of earlier quarters, ageing and linearity by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bizops.metrics import METRICS
from bizops.metrics.linearity import linearity_curve
from bizops.metrics.pipeline import ageing, same_day, stage_ageing

STAGES = [
    {"stage_id": "lead", "ordinal": 1, "type": "open", "is_qualified": False},
    {"stage_id": "offer", "ordinal": 2, "type": "open", "is_qualified": True},
    {"stage_id": "sign", "ordinal": 3, "type": "open", "is_qualified": True},
    {"stage_id": "won", "ordinal": 5, "type": "won"},
    {"stage_id": "parked", "ordinal": 7, "type": "omitted"},
]
Q3, Q4 = date(2026, 9, 15), date(2026, 11, 15)


def open_deal(name: str, amount: float | None, close_on: date | None = Q4, **more: Any) -> dict[str, Any]:
    return {
        "opportunity_id": name,
        "amount": amount,
        "close_on": close_on,
        "created_at": datetime(2026, 8, 1),
        "is_closed": False,
        "is_won": False,
        "stage_id": "offer",
        **more,
    }


def won(name: str, amount: float, close_on: date) -> dict[str, Any]:
    return open_deal(name, amount, close_on, is_closed=True, is_won=True, stage_id="won")


def plan(
    value: float, start: date = date(2026, 10, 1), end: date = date(2027, 1, 1), scope: str = "{}"
) -> dict[str, Any]:
    row = {"metric_id": "BKG-01", "version": "budget", "scope": scope, "period_start": start, "period_end": end}
    return row | {"value": value}


def quarter(data: Any, by: int = 0) -> Any:
    return data.calendar.shift(data.calendar.parse("2026Q4", data.as_of_date), by)


def test_what_counts_as_pipeline(read: Any, make: Any) -> None:
    rows = [
        open_deal("a", 100),
        open_deal("b", 40, stage_id="sign"),
        open_deal("unknown", None),
        open_deal("zero", 0),
        open_deal("early", 7, stage_id="lead"),
        open_deal("omitted", 9, forecast_category="omitted"),
        open_deal("parked", 9, stage_id="parked"),
        open_deal("later", 11, date(2027, 1, 1)),
        won("won", 50, date(2026, 10, 2)),
    ]
    tables = {"opportunity": rows, "dim_stage": STAGES}
    data = make(tables)
    assert read.one(METRICS["BKG-07-OPEN"](data, quarter(data))) == {"value": 140, "n": 3}
    assert read.one(METRICS["BKG-07-OPEN"](make(tables, P17=3), quarter(data)))["value"] == 40
    assert read.one(METRICS["BKG-07-OPEN"](make(tables, P17=1), quarter(data)))["value"] == 147
    assert read.one(METRICS["BKG-07-OPEN"](data, quarter(data, 1)))["value"] == 11


def test_without_amounts_pipeline_is_unknown_not_zero(read: Any, make: Any) -> None:
    data = make({"opportunity": [open_deal("a", None), open_deal("b", None)], "plan": [plan(100)]})
    assert read.one(METRICS["BKG-07-OPEN"](data, quarter(data))) == {"value": None, "n": 2}
    assert read.one(METRICS["BKG-07"](data, quarter(data)))["value"] is None


def test_without_close_dates_pipeline_is_unknown_not_zero(read: Any, make: Any) -> None:
    rows = [open_deal("a", 10, close_on=None, type="new"), open_deal("b", 5, type="expansion")]
    data = make({"opportunity": rows[:1], "plan": [plan(100)]})
    assert read.one(METRICS["BKG-07-OPEN"](data, quarter(data))) == {"value": None, "n": 0}
    assert read.one(METRICS["BKG-07"](data, quarter(data)))["value"] is None
    data = make({"opportunity": rows})
    assert read.values(METRICS["BKG-07-OPEN"](data, quarter(data), ("type",)), "type") == {"new": None, "expansion": 5}


def test_coverage_of_what_is_left_of_the_target(read: Any, make: Any) -> None:
    rows = [open_deal("a", 120), won("w", 40, date(2026, 10, 2))]
    data = make({"opportunity": rows, "plan": [plan(100), plan(50, date(2027, 1, 1), date(2027, 4, 1))]})
    assert read.one(METRICS["BKG-07"](data, quarter(data))) == {
        "numerator": 120, "denominator": 60, "value": 2.0, "n": 1,
    }  # fmt: skip
    # the next quarter has a target and no pipeline at all: covered by nothing
    assert read.one(METRICS["BKG-07"](data, quarter(data, 1)))["value"] == 0


def test_coverage_of_a_met_target_is_not_applicable(read: Any, make: Any) -> None:
    data = make({"opportunity": [open_deal("a", 120), won("w", 130, date(2026, 10, 2))], "plan": [plan(100)]})
    found = read.one(METRICS["BKG-07"](data, quarter(data)))
    assert (found["denominator"], found["value"]) == (-30, None)


def test_coverage_by_region_keeps_regions_without_pipeline(read: Any, make: Any) -> None:
    plans = [plan(100, scope='{"region":"North"}'), plan(50, scope='{"region":"South"}')]
    data = make({"opportunity": [open_deal("a", 120, region="North")], "plan": plans})
    assert read.values(METRICS["BKG-07"](data, quarter(data), ("region",)), "region") == {"North": 1.2, "South": 0.0}


def history(name: str, *states: tuple[datetime, str, float, date]) -> list[dict[str, Any]]:
    ends = [s[0] for s in states[1:]] + [None]
    return [
        {
            "opportunity_id": name,
            "valid_from": since,
            "valid_to": until,
            "stage_id": stage,
            "amount": amount,
            "close_on": close_on,
        }
        for (since, stage, amount, close_on), until in zip(states, ends, strict=True)
    ]


def past() -> dict[str, Any]:
    """On day 4 of the third quarter: a 100 and b 60 were open, b closing then; c came later; a grew and was won."""
    june = datetime(2026, 6, 1)
    return {
        "opportunity": [
            won("a", 150, date(2026, 8, 1)) | {"acv": 75},
            open_deal("b", 60, Q4),
            won("c", 30, date(2026, 9, 1)),
            won("early", 5, date(2026, 7, 2)),
        ],
        "opportunity_history": [
            *history("a", (june, "offer", 100, Q3), (datetime(2026, 8, 1, 8), "won", 150, date(2026, 8, 1))),
            *history("b", (june, "offer", 60, Q3), (datetime(2026, 9, 14), "sign", 60, Q4)),
            *history("c", (datetime(2026, 8, 1), "offer", 30, Q3), (datetime(2026, 9, 1), "won", 30, date(2026, 9, 1))),
            *history("early", (june, "offer", 5, Q3), (datetime(2026, 7, 2, 9), "won", 5, date(2026, 7, 2))),
        ],
        "dim_stage": STAGES,
    }


def test_same_day_of_earlier_quarters(read: Any, make: Any) -> None:
    data = make(past())
    found = read.by(same_day(data, quarter(data), quarters=2), "period")
    # a counted at 100, of which acv is half; won after: 75 + 30; before: 5
    assert found["2026Q3"] == {"period": "2026Q3", "pipeline": 110, "n": 2, "won_before": 5, "won_after": 105}
    assert found["2026Q2"]["pipeline"] == 0


def test_pipeline_at_an_earlier_instant(read: Any, make: Any) -> None:
    data = make(past())
    at = data.calendar.instant_after(date(2026, 8, 15))
    third = quarter(data, -1)
    assert read.one(METRICS["BKG-07-OPEN"](data, third, (), at=at)) == {"value": 90, "n": 2}
    assert read.one(METRICS["BKG-07-OPEN"](data, third))["value"] == 0


def test_ageing_buckets(read: Any, make: Any) -> None:
    # as of 4 October: 30, 31, 90, 181 days and one without a date
    created = [datetime(2026, 9, 4), datetime(2026, 9, 3), datetime(2026, 7, 6), datetime(2026, 4, 6), None]
    rows = [open_deal(str(k), 10 + k, created_at=at) for k, at in enumerate(created)]
    found = read.by(ageing(make({"opportunity": rows})), "bucket")
    assert {k: (v["n"], v["value"], v["bucket_from"]) for k, v in found.items()} == {
        "0–30 days": (1, 10, 0),
        "31–60 days": (1, 11, 31),
        "61–90 days": (1, 12, 61),
        "over 180 days": (1, 13, 181),
        "unknown": (1, 14, -1),
    }
    assert found["61–90 days"]["median_days"] == 90


def test_age_in_the_present_stage(read: Any, make: Any) -> None:
    # b has been in its stage since 14 September: 20 days, although it was created in June
    found = read.by(stage_ageing(make(past())), "bucket")
    assert {k: (v["n"], v["median_days"]) for k, v in found.items()} == {"0–30 days": (1, 20)}


def test_linearity_of_the_earlier_quarters(read: Any, make: Any) -> None:
    # Q3: 10 on day 23 of 92 (a quarter of it), 30 on the last day; Q2: 40 on day 45 of 91
    rows = [won("a", 10, date(2026, 7, 23)), won("b", 30, date(2026, 9, 30)), won("c", 40, date(2026, 5, 15))]
    data = make({"opportunity": rows}, as_of=date(2026, 10, 23))
    found = read.one(METRICS["BKG-13"](data, quarter(data)))
    assert found == {"numerator": 10, "denominator": 80, "value": 0.125, "n": 3}
    complete = quarter(data, -1)
    assert read.one(METRICS["BKG-13"](data, complete))["value"] == 1
    curve = read.by(linearity_curve(data, quarter(data)), "elapsed")
    assert (curve[0.0]["value"], curve[0.2]["value"], curve[0.25]["value"]) == (0, 0, 0.125)
    assert (curve[0.5]["value"], curve[1.0]["value"]) == (0.625, 1)
    values = [curve[step]["value"] for step in sorted(curve)]
    assert values == sorted(values)


def test_linearity_without_a_past_is_unknown(read: Any, make: Any) -> None:
    data = make({"opportunity": [won("a", 10, date(2026, 10, 2))]})
    assert read.one(METRICS["BKG-13"](data, quarter(data)))["value"] is None


@pytest.mark.parametrize("quarters", [1, 4])
def test_linearity_looks_back_as_far_as_asked(read: Any, make: Any, quarters: int) -> None:
    data = make({"opportunity": [won("old", 10, date(2026, 4, 1))]})
    found = read.one(METRICS["BKG-13"](data, quarter(data), (), quarters=quarters))
    assert found["n"] == (1 if quarters > 1 else 0)
