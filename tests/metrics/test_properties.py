"""What holds for any data: bridges close, parts sum to the whole, GRR is at most one, loops by hand agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bizops.metrics import METRICS
from bizops.metrics.arr_movement import arr_movement
from bizops.metrics.facts import deals

FIRST = date(2025, 11, 1)
AS_OF = date(2026, 7, 15)

# an example costs a second of compiling: few of them but large, and none to make a failure smaller
a_few = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

days = st.integers(0, 250).map(lambda k: FIRST + timedelta(days=k))
ACCOUNTS = [f"{letter}{number}" for letter in "ABCDE" for number in range(8)]
"""The accounts of A and B with the same number belong to one group."""

line = st.fixed_dictionaries(
    {
        "account": st.sampled_from(ACCOUNTS),
        "product": st.sampled_from(["core", "plus"]),
        "start": days,
        "length": st.one_of(st.none(), st.integers(1, 200)),
        "quantity": st.integers(1, 9),
        "price": st.integers(1, 99_999).map(lambda cents: cents / 100),
        "currency": st.sampled_from(["EUR", "USD"]),
        "discount": st.integers(0, 60),
    }
)
lines_of_many = st.lists(line, min_size=30, max_size=120)
moves = st.dictionaries(st.sampled_from(ACCOUNTS), days, max_size=20)

FX = [
    {"on": date(2025, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.9},
    *(
        {"on": FIRST + timedelta(days=31 * k), "currency": "USD", "rate_type": "spot", "rate": 0.8 + k % 4 / 20}
        for k in range(9)
    ),
]


def group(account: str) -> str:
    return account.replace("B", "A")


def tables_of(lines: list[dict[str, Any]], moved: dict[str, date]) -> dict[str, Any]:
    """One subscription a line; the accounts in ``moved`` change segment that day."""
    accounts = [
        {"account_id": a, "ultimate_parent_id": group(a), "segment": "SMB", "region": "N" if a < "C" else "S"}
        for a in ACCOUNTS
    ]
    history = []
    for account, day in moved.items():
        at = datetime(day.year, day.month, day.day, 12)
        history += [
            {"account_id": account, "segment": "ENT", "valid_from": datetime(2025, 1, 1), "valid_to": at},
            {"account_id": account, "segment": "SMB", "valid_from": at, "valid_to": None},
        ]
    subscriptions = [{"subscription_id": f"s{k}", "account_id": each["account"]} for k, each in enumerate(lines)]
    return {
        "dim_account": accounts,
        "dim_account_history": history,
        "fx_rate": FX,
        "subscription": subscriptions,
        "subscription_line": [
            {
                "line_id": f"l{k}",
                "subscription_id": f"s{k}",
                "product_id": each["product"],
                "quantity": each["quantity"],
                "unit_price": each["price"],
                "discount_amount": each["discount"],
                "currency": each["currency"],
                "interval": "month",
                "valid_from": each["start"],
                "valid_to": each["start"] + timedelta(days=each["length"]) if each["length"] else None,
            }
            for k, each in enumerate(lines)
        ],
    }


def year(data: Any) -> Any:
    return data.calendar.parse("FY2026", data.as_of_date)


@a_few
@given(lines=lines_of_many, moved=moves)
def test_bridge_closes_and_retention_is_bounded(read: Any, make: Any, lines: Any, moved: Any) -> None:
    data = make(tables_of(lines, moved), as_of=AS_OF)
    total = read.values(METRICS["ARR-04"](data, year(data)), "step")
    check_closed([total])
    for dimension in ("segment", "region", "product"):
        found = read.values(METRICS["ARR-04"](data, year(data), (dimension,)), dimension, "step")
        groups: dict[Any, dict[str, float]] = defaultdict(dict)
        for (name, step), value in found.items():
            groups[name][step] = value
        check_closed(groups.values())
        for step in {step for _, step in found} | set(total):
            parts = sum(each.get(step, 0.0) for each in groups.values())
            assert parts == pytest.approx(total.get(step, 0.0), abs=0.005), (dimension, step)
    check_retention(read, data)


def check_retention(read: Any, data: Any) -> None:
    for metric in ("ARR-06", "ARR-07", "ARR-08"):
        whole = read.one(METRICS[metric](data, year(data)))
        if metric != "ARR-07" and whole["value"] is not None:
            assert 0 <= whole["value"] <= 1
        # by product a customer is several units: only the sums of NRR stay the same
        for dimension in ("segment", "region", *(["product"] if metric == "ARR-07" else [])):
            parts = read.by(METRICS[metric](data, year(data), (dimension,)), dimension).values()
            for name in ("numerator", "denominator"):
                assert sum(p[name] for p in parts) == pytest.approx(whole[name] or 0, abs=0.005), (metric, dimension)


def check_closed(bridges: Iterable[dict[str, float]]) -> None:
    for steps in bridges:
        moved = sum(value for step, value in steps.items() if step not in ("opening", "closing"))
        assert steps.get("opening", 0.0) + moved == pytest.approx(steps.get("closing", 0.0), abs=0.005)


def month_ends() -> list[date]:
    firsts = [date(2025, 12, 1), *(date(2026, m, 1) for m in range(1, 8))]
    return [first - timedelta(days=1) for first in firsts] + [AS_OF]


def by_hand(lines: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """The movements of 2026 to date by loops: balances of customers at month ends, and the class of each change."""
    balances = []
    for end in month_ends():
        held: dict[str, float] = defaultdict(float)
        for each in lines:
            last = each["start"] + timedelta(days=each["length"]) if each["length"] else date.max
            if each["start"] <= end < last:
                a_month = max(each["quantity"] * each["price"] - each["discount"], 0.0)
                rate = 0.9 if each["currency"] == "USD" else 1.0
                held[group(each["account"])] += 12 * a_month * rate
        balances.append(held)
    found: dict[tuple[str, str], float] = defaultdict(float)
    had: set[str] = set()
    for place, (before, after) in enumerate(zip([{}, *balances], balances, strict=False)):
        for customer in {group(account) for account in ACCOUNTS}:
            old, new = before.get(customer, 0.0), after.get(customer, 0.0)
            if old <= 0 < new:
                kind = "reactivation" if customer in had else "new"
            elif new <= 0 < old:
                kind = "churn"
            else:
                kind = "expansion" if new >= old else "contraction"
            if new > 0:
                had.add(customer)
            # the first two month ends lie before 2026
            if place >= 2:
                found[customer, kind] += new - old
    return found


@a_few
@given(lines=lines_of_many)
def test_a_second_implementation_agrees(read: Any, make: Any, lines: Any) -> None:
    data = make(tables_of(lines, {}), as_of=AS_OF, P05=3660)
    rows = arr_movement(data)
    rows = rows.filter(rows.month_on >= date(2026, 1, 1), rows["class"] != "fx")
    found = read.values(
        rows.group_by("customer_id", "class").agg(value=rows.amount.sum().cast("float64")), "customer_id", "class"
    )
    expected = by_hand(lines)
    for key in set(found) | set(expected):
        assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=0.01), key


sale = st.fixed_dictionaries(
    {
        "amount": st.one_of(st.none(), st.integers(0, 10**7).map(lambda cents: cents / 100)),
        "close_on": st.dates(date(2026, 6, 1), date(2026, 10, 4)),
        "outcome": st.sampled_from(["won", "lost", "open"]),
        "type": st.sampled_from(["new", "expansion", None]),
        "segment": st.sampled_from(["SMB", "ENT", None]),
        "region": st.sampled_from(["N", "S", None]),
        "owner_id": st.sampled_from(["p1", "p2", None]),
        "competitor": st.sampled_from(["x", None]),
        "created": st.integers(0, 400),
    }
)


@a_few
@given(sales=st.lists(sale, min_size=20, max_size=80))
def test_groups_of_deals_sum_to_the_whole(read: Any, make: Any, sales: Any) -> None:
    rows = [
        {
            **{k: v for k, v in each.items() if k not in ("outcome", "created")},
            "opportunity_id": f"o{k}",
            "is_closed": each["outcome"] != "open",
            "is_won": each["outcome"] == "won",
            "created_at": datetime(2026, 6, 1) - timedelta(days=each["created"]),
        }
        for k, each in enumerate(sales)
    ]
    data = make({"opportunity": rows})
    assert deals(data).count().execute() == len(rows)
    period = data.calendar.parse("2026Q3", data.as_of_date)
    for dimension in ("region", "segment", "type", "owner", "competitor"):
        for metric, names in (
            ("BKG-01", ("value", "n")),
            ("BKG-03", ("numerator", "denominator")),
            ("BKG-07-OPEN", ("n",)),
        ):
            whole = read.one(METRICS[metric](data, period))
            parts = read.by(METRICS[metric](data, period, (dimension,)), dimension).values()
            for name in names:
                assert sum(p[name] for p in parts) == pytest.approx(whole[name] or 0, abs=1e-6), (metric, dimension)
