"""Fixture W14: the pipeline bridge between two instants, and the rules of its entries and exits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bizops.metrics import METRICS

STAGES = [
    {"stage_id": "lead", "ordinal": 1, "type": "open"},
    {"stage_id": "offer", "ordinal": 2, "type": "open"},
    {"stage_id": "won", "ordinal": 5, "type": "won"},
    {"stage_id": "lost", "ordinal": 6, "type": "lost"},
]
JUNE, NEVER = datetime(2026, 6, 1, 8), None
Q3, Q4 = date(2026, 9, 15), date(2026, 11, 15)


def deal(name: str, *states: tuple[Any, ...], **more: Any) -> dict[str, list[dict[str, Any]]]:
    """A deal from its states ``(from, stage, amount, close_on)``; each holds until the next."""
    history = []
    for place, (since, stage, amount, close_on, *_) in enumerate(states):
        until = states[place + 1][0] if place + 1 < len(states) else NEVER
        history.append(
            {
                "opportunity_id": name,
                "valid_from": since,
                "valid_to": until,
                "stage_id": stage,
                "amount": amount,
                "close_on": close_on,
            }
        )
    since, stage, amount, close_on = states[-1]
    now = {
        "opportunity_id": name,
        "created_at": states[0][0],
        "stage_id": stage,
        "amount": amount,
        "close_on": close_on,
        "is_closed": stage in ("won", "lost"),
        "is_won": stage == "won",
        **more,
    }
    return {"opportunity": [now], "opportunity_history": history}


def tables(*deals: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    names = ("opportunity", "opportunity_history")
    return {name: [row for each in deals for row in each[name]] for name in names} | {"dim_stage": STAGES}


def w14() -> dict[str, Any]:
    """The seven deals of W14 in the third quarter."""
    aug = datetime(2026, 8, 20, 9)
    return tables(
        deal(
            "d1",
            (JUNE, "offer", 100, Q3),
            (aug, "offer", 110, Q3),
            (datetime(2026, 9, 1), "won", 110, date(2026, 9, 1)),
        ),
        deal("d2", (JUNE, "offer", 80, Q3), (aug, "offer", 80, Q4)),
        deal("d3", (JUNE, "offer", 60, Q3), (aug, "offer", 45, Q3)),
        deal("d4", (JUNE, "offer", 50, Q3), (aug, "lost", 50, date(2026, 8, 20))),
        deal("d5", (JUNE, "offer", 40, Q3)),
        deal("d6", (aug, "offer", 70, Q3)),
        deal("d7", (JUNE, "offer", 30, Q4), (aug, "offer", 30, Q3)),
    )


def bridge(read: Any, data: Any, *by: str, **options: Any) -> dict[Any, float]:
    period = data.calendar.parse("2026Q3", data.as_of_date)
    return read.values(METRICS["BKG-09"](data, period, by, **options), *by, "step")


def test_w14(read: Any, make: Any) -> None:
    data = make(w14(), as_of=date(2026, 9, 10))
    assert bridge(read, data) == {
        "open": 330,
        "created": 70,
        "pulled_in": 30,
        "amount_up": 10,
        "amount_down": -15,
        "pushed_out": -80,
        "lost": -50,
        "won": -110,
        "close": 185,
    }


def test_steps_sum_to_the_close(read: Any, make: Any) -> None:
    found = bridge(read, make(w14(), as_of=date(2026, 9, 10)))
    assert sum(v for step, v in found.items() if step != "close") == found["close"]


def test_between_two_instants(read: Any, make: Any) -> None:
    # nothing has happened by 1 August
    data = make(w14(), as_of=date(2026, 9, 10))
    first = data.calendar.instant_after(date(2026, 7, 31))
    assert bridge(read, data, end=first) == {"open": 330, "close": 330}
    assert bridge(read, data, start=first)["created"] == 70


def test_a_deal_created_and_won_in_the_quarter(read: Any, make: Any) -> None:
    fast = deal("x", (datetime(2026, 7, 5), "offer", 20, Q3), (datetime(2026, 7, 20), "won", 25, date(2026, 7, 20)))
    found = bridge(read, make(tables(fast), as_of=date(2026, 9, 10)))
    assert found == {"created": 20, "amount_up": 5, "won": -25}


def test_a_deal_that_falls_back_has_left(read: Any, make: Any) -> None:
    back = deal("x", (JUNE, "offer", 20, Q3), (datetime(2026, 7, 5), "lead", 20, Q3))
    assert bridge(read, make(tables(back), as_of=date(2026, 9, 10))) == {"open": 20, "lost": -20}


def test_a_deal_never_qualified_is_created_when_it_is_won(read: Any, make: Any) -> None:
    run_rate = deal("x", (JUNE, "lead", 20, Q3), (datetime(2026, 7, 5), "won", 22, date(2026, 7, 5)))
    assert bridge(read, make(tables(run_rate), as_of=date(2026, 9, 10))) == {"created": 22, "won": -22}


def test_pipeline_of_other_quarters_stays_out(read: Any, make: Any) -> None:
    later = deal("x", (JUNE, "offer", 20, Q4), (datetime(2026, 7, 5), "lost", 20, date(2026, 7, 5)))
    assert bridge(read, make(tables(later), as_of=date(2026, 9, 10))) == {}


def test_p17_counts_from_another_stage(read: Any, make: Any) -> None:
    early = deal("x", (JUNE, "lead", 20, Q3))
    assert bridge(read, make(tables(early), as_of=date(2026, 9, 10))) == {}
    assert bridge(read, make(tables(early), as_of=date(2026, 9, 10), P17=1)) == {"open": 20, "close": 20}


def test_created_pipeline_is_valued_at_entry(read: Any, make: Any) -> None:
    aug = datetime(2026, 8, 1)
    grown = deal("x", (JUNE, "lead", 5, Q3), (datetime(2026, 7, 5), "offer", 20, Q3), (aug, "offer", 90, Q3))
    inherited = deal("y", (JUNE, "offer", 50, Q3), created_at=datetime(2026, 1, 1))
    data = make(tables(grown, inherited), as_of=date(2026, 9, 10))
    period = data.calendar.parse("2026Q3", data.as_of_date)
    assert read.one(METRICS["BKG-08"](data, period)) == {"value": 20, "n": 1}
    # y was qualified before the history began: its entry is not known
    before = data.calendar.parse("2026Q2", data.as_of_date)
    assert read.one(METRICS["BKG-08"](data, before)) == {"value": 0, "n": 0}


def test_slip_rate_and_timing(read: Any, make: Any) -> None:
    from bizops.metrics.timing import timing

    aug = datetime(2026, 8, 20, 9)
    data = make(
        tables(
            deal("pushed", (JUNE, "offer", 80, Q3), (aug, "offer", 90, Q4)),
            deal("past_due", (JUNE, "offer", 15, Q3)),
            deal("won", (JUNE, "offer", 100, Q3), (aug, "won", 120, date(2026, 8, 20))),
            deal("lost", (JUNE, "offer", 5, Q3), (aug, "lost", 5, date(2026, 8, 20))),
            deal("early", (JUNE, "offer", 30, Q4), (aug, "won", 33, date(2026, 8, 20))),
            deal("early_lost", (JUNE, "offer", 31, Q4), (aug, "lost", 31, date(2026, 8, 20))),
            deal("new", (aug, "offer", 70, Q3), (datetime(2026, 9, 1), "won", 70, date(2026, 9, 1))),
            deal("unqualified", (JUNE, "lead", 7, Q3), (aug, "lead", 7, Q4)),
        )
    )
    period = data.calendar.parse("2026Q3", data.as_of_date)
    assert read.one(timing(data, period)) == {
        "n_expected": 5,
        "n_slipped": 3,
        "n_pulled_in": 2,
        "n_pulled_in_won": 1,
        "expected_value": 207,
        "slipped_value": 102,
        "pulled_in_won_value": 33,
    }
    assert read.one(METRICS["BKG-10"](data, period)) == {
        "numerator": 95, "denominator": 200, "value": 0.475, "n": 4,
    }  # fmt: skip


def test_in_flight_a_deal_slips_only_when_it_moves(read: Any, make: Any) -> None:
    from bizops.metrics.timing import timing

    aug = datetime(2026, 8, 20, 9)
    data = make(
        tables(
            deal("pushed", (JUNE, "offer", 80, Q3), (aug, "offer", 90, Q4)),
            deal("waiting", (JUNE, "offer", 15, Q3)),
        ),
        as_of=date(2026, 9, 10),
    )
    period = data.calendar.parse("2026Q3", data.as_of_date)
    found = read.one(timing(data, period))
    assert (found["n_expected"], found["n_slipped"], found["slipped_value"]) == (2, 1, 80)


def test_midnight_belongs_to_the_day_that_begins(read: Any, make: Any) -> None:
    # 30 June 22:00 UTC is midnight in Berlin: created in the third quarter, not open before it
    data = make(tables(deal("x", (datetime(2026, 6, 30, 22), "offer", 20, Q3))), as_of=date(2026, 9, 10))
    assert bridge(read, data) == {"created": 20, "close": 20}
    data = make(tables(deal("x", (datetime(2026, 6, 30, 21, 59), "offer", 20, Q3))), as_of=date(2026, 9, 10))
    assert bridge(read, data) == {"open": 20, "close": 20}
