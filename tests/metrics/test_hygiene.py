"""What a source records of closed deals, and the defects of its records, counted by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bizops.metrics import METRICS
from bizops.metrics.history import history_starts
from bizops.metrics.hygiene import closed_defects, open_defects
from bizops.metrics.losses import closed_lost, first_close, losses_recorded


def deal(name: str, amount: float | None = 100, **more: Any) -> dict[str, Any]:
    row = {"opportunity_id": name, "amount": amount, "close_on": date(2026, 8, 1), "is_closed": True, "is_won": True}
    return row | more


def lost(name: str, amount: float | None = 100, reason: str | None = "price", **more: Any) -> dict[str, Any]:
    return deal(name, amount, is_won=False, lost_reason=reason, **more)


def q3(data: Any) -> Any:
    return data.calendar.parse("2026Q3", data.as_of_date)


def test_lost_deals_by_reason_with_those_that_have_a_value(read: Any, make: Any) -> None:
    rows = [lost("a", 50), lost("b", 0), lost("c", None), lost("d", 7, "timing"), lost("e", 9, "duplicate"), deal("w")]
    data = make({"opportunity": rows})
    found = read.by(closed_lost(data, q3(data), ("lost_reason",)), "lost_reason")
    assert {k: (v["n"], v["n_valued"], v["value"]) for k, v in found.items()} == {
        "price": (3, 1, 50), "timing": (1, 1, 7),
    }  # fmt: skip


def test_whether_losses_are_recorded_at_all(make: Any) -> None:
    assert not losses_recorded(make({"opportunity": [deal("a"), deal("b", is_closed=False, is_won=False)]}))
    assert losses_recorded(make({"opportunity": [deal("a"), lost("b")]}))


def test_the_first_close(make: Any) -> None:
    still_open = deal("c", close_on=date(2020, 1, 1), is_closed=False, is_won=False)
    rows = [deal("a"), deal("b", close_on=date(2025, 2, 3)), still_open]
    assert first_close(make({"opportunity": rows})) == date(2025, 2, 3)
    assert first_close(make({"opportunity": rows[2:]})) is None


def test_where_the_history_starts(make: Any) -> None:
    state = {"opportunity_id": "a", "stage_id": "s", "amount": 1, "close_on": date(2026, 8, 1), "valid_to": None}
    rows = [state | {"valid_from": datetime(2026, 3, 1, 9)}, state | {"valid_from": datetime(2026, 2, 1, 9)}]
    found = history_starts(make({"opportunity": [deal("a")], "opportunity_history": rows}))
    assert found is not None
    assert found.isoformat() == "2026-02-01T09:00:00+00:00"
    assert history_starts(make({"opportunity": [deal("a")]})) is None


def test_defects_of_open_deals(read: Any, make: Any) -> None:
    def open_deal(name: str, amount: float | None, close_on: date | None, step: str, active: datetime | None) -> Any:
        more = {"close_on": close_on, "next_step": step, "last_activity_at": active}
        return deal(name, amount, is_closed=False, is_won=False, **more)

    recent, old = datetime(2026, 9, 20), datetime(2026, 8, 1)
    rows = [
        open_deal("good", 10, date(2026, 12, 1), "call", recent),
        open_deal("late", 20, date(2026, 10, 3), "call", recent),
        open_deal("today", 1, date(2026, 10, 4), "call", recent),
        open_deal("bare", None, None, " ", None),
        open_deal("quiet", 40, date(2026, 12, 1), "call", old),
        deal("won"),
    ]
    found = read.by(open_defects(make({"opportunity": rows})), "check")
    assert {k: (v["n"], v["of"], v["value"]) for k, v in found.items()} == {
        "Open deal with a close date that has passed": (1, 4, 20),
        "Open deal without a close date": (1, 5, 0),
        "Open deal without an amount": (1, 5, 0),
        "Open deal without a next step": (1, 5, 0),
        "Open deal without activity for 30 days": (2, 5, 40),
    }


def test_defects_that_the_source_cannot_show_are_not_counted(read: Any, make: Any) -> None:
    found = read.by(open_defects(make({"opportunity": [deal("a", is_closed=False, is_won=False)]})), "check")
    assert "Open deal without a next step" not in found


def test_defects_of_closed_deals(read: Any, make: Any) -> None:
    rows = [deal("a", None), deal("b", 5), lost("c", 7, None), lost("d", 8), lost("e", 9, "")]
    data = make({"opportunity": rows})
    found = read.by(closed_defects(data, q3(data)), "check")
    assert {k: (v["n"], v["of"], v["value"]) for k, v in found.items()} == {
        "Won deal without an amount": (1, 2, 0),
        "Lost deal without a reason": (2, 3, 16),
    }


def test_a_check_that_no_deal_could_fail_is_of_none(read: Any, make: Any) -> None:
    undated = deal("a", close_on=None, is_closed=False, is_won=False, lost_reason=None)
    data = make({"opportunity": [deal("w", lost_reason=None), undated]})
    assert read.by(closed_defects(data, q3(data)), "check")["Lost deal without a reason"]["of"] == 0
    passed = read.by(open_defects(data), "check")["Open deal with a close date that has passed"]
    assert (passed["n"], passed["of"], passed["value"]) == (0, 0, 0)


def test_renewals_are_no_sales(read: Any, make: Any) -> None:
    types = {"new": 10, "expansion": 20, "renewal": 40, None: 3}
    data = make({"opportunity": [deal(str(kind), amount, type=kind) for kind, amount in types.items()]})
    assert read.one(METRICS["BKG-01"](data, q3(data))) == {"value": 33, "n": 3}
    assert read.one(METRICS["BKG-03"](data, q3(data)))["n"] == 3
