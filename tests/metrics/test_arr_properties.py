"""The ARR bridge of random companies closes in every month, product and segment, under any settings of the policies."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bizops.metrics.arr import balance, movements
from bizops.metrics.arr_month import arr_month, months_of, profiles
from bizops.metrics.facts import named_product
from bizops.periods import Period

FIRST = date(2024, 11, 1)
AS_OF = date(2026, 7, 15)
CENT = Decimal("0.01")
ACCOUNTS = [f"{letter}{number}" for letter in "ABCDE" for number in range(5)]
"""The accounts of A and B with the same number belong to one group."""

ANY_POLICIES = st.fixed_dictionaries(
    {
        "P01": st.sampled_from(["ultimate_parent", "account", "subscription"]),
        "P02": st.sampled_from(["service_start", "signature"]),
        "P03": st.sampled_from(["last_paid_day", "cancel_request", "period_end"]),
        "P04": st.sampled_from(["contraction", "churn"]),
        "P05": st.sampled_from([0, 40, 365]),
        "P07": st.sampled_from([0, 3, 12]),
        "P08": st.sampled_from([0, 60]),
        "P09": st.sampled_from(["excluded", "metered_included"]),
        "P10": st.sampled_from(["plan_rate", "period_end"]),
        "P11": st.sampled_from(["current_year", "first_year", "exit_year"]),
        "P12": st.sampled_from(["out", "keep"]),
        "P13": st.sampled_from([0, 30]),
        "P25": st.sampled_from(["separate_rows", "in_movements"]),
    }
)

days = st.integers(0, 560).map(lambda k: FIRST + timedelta(days=k))
prices = st.integers(1, 99_999).map(lambda cents: cents / 100)
change = st.fixed_dictionaries(
    {
        "after": st.sampled_from([20, 90, 365, 366]),
        "quantity": st.integers(1, 9),
        "price": prices,
        "currency": st.sampled_from([None, None, "USD"]),
    }
)
life = st.fixed_dictionaries(
    {
        "account": st.sampled_from(ACCOUNTS),
        "product": st.sampled_from(["core", "plus"]),
        "start": days,
        "length": st.one_of(st.none(), st.integers(1, 500)),
        "quantity": st.integers(1, 9),
        "price": prices,
        "currency": st.sampled_from(["EUR", "USD"]),
        "discount": st.integers(0, 60),
        "discount_kind": st.sampled_from(["forever", "repeating", "once"]),
        "discount_months": st.sampled_from([None, 2, 12]),
        "is_metered": st.sampled_from([None, None, True]),
        "change": st.one_of(st.none(), change),
        "pause": st.one_of(st.none(), st.tuples(st.integers(5, 200), st.one_of(st.none(), st.integers(1, 90)))),
        "returns_after": st.one_of(st.none(), st.integers(1, 80)),
        "signed_before": st.integers(0, 100),
        "years": st.integers(1, 3),
        "asked_before": st.one_of(st.none(), st.integers(0, 60)),
        "unpaid": st.one_of(st.none(), st.integers(10, 200)),
        "late": st.booleans(),
    }
)
lives_of_many = st.lists(life, min_size=20, max_size=50)
moves = st.dictionaries(st.sampled_from(ACCOUNTS), days, max_size=12)
merges = st.dictionaries(st.sampled_from(ACCOUNTS[15:]), st.sampled_from(ACCOUNTS[:15]), max_size=4)

FX = [
    {"on": date(2024, 1, 1), "currency": "USD", "rate_type": "plan", "rate": 0.9},
    *(
        {"on": FIRST + timedelta(days=31 * k), "currency": "USD", "rate_type": "spot", "rate": 0.8 + k % 4 / 20}
        for k in range(20)
    ),
]


def accounts_of(moved: dict[str, date], merged: dict[str, str]) -> dict[str, Any]:
    """Accounts in groups, of which some were merged and some change segment on a day."""
    history = []
    for account, day in moved.items():
        at = datetime(day.year, day.month, day.day, 12)
        history += [
            {"account_id": account, "segment": "ENT", "valid_from": datetime(2024, 1, 1), "valid_to": at},
            {"account_id": account, "segment": "SMB", "valid_from": at, "valid_to": None},
        ]
    accounts = [
        {"account_id": a, "ultimate_parent_id": a.replace("B", "A"), "segment": "SMB", "merged_into": merged.get(a)}
        for a in ACCOUNTS
    ]
    return {"dim_account": accounts, "dim_account_history": history, "fx_rate": FX}


def intervals(each: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The line of a life, in two intervals where it changes, and again after a gap where the customer returns."""
    end = each["start"] + timedelta(days=each["length"]) if each["length"] else None
    row = {
        "line_id": key,
        "subscription_id": key,
        "product_id": each["product"],
        "quantity": each["quantity"],
        "unit_price": each["price"],
        "currency": each["currency"],
        "interval": "month",
        "discount_amount": each["discount"],
        "discount_kind": each["discount_kind"],
        "discount_months": each["discount_months"],
        "is_metered": each["is_metered"],
        "committed_minimum": 7,
        "valid_from": each["start"],
        "valid_to": end,
    }
    rows = [row]
    new = each["change"]
    if new and (not end or each["start"] + timedelta(days=new["after"]) < end):
        at = each["start"] + timedelta(days=new["after"])
        changed = {"quantity": new["quantity"], "unit_price": new["price"]}
        rows = [row | {"valid_to": at}, row | changed | {"valid_from": at}]
        if new["currency"]:
            rows[1]["currency"] = new["currency"]
    if end and each["returns_after"]:
        rows.append(row | {"valid_from": end + timedelta(days=each["returns_after"]), "valid_to": None})
    return rows


def subscription_of(each: dict[str, Any], key: str) -> dict[str, Any]:
    row: dict[str, Any] = {"subscription_id": key, "account_id": each["account"], "contract_id": key}
    for name in ("paused_on", "resumed_on", "past_due_since_on", "ended_on", "cancel_requested_at"):
        row[name] = None
    if each["pause"]:
        since, length = each["pause"]
        row["paused_on"] = each["start"] + timedelta(days=since)
        row["resumed_on"] = row["paused_on"] + timedelta(days=length) if length else None
    if each["unpaid"]:
        row["past_due_since_on"] = each["start"] + timedelta(days=each["unpaid"])
    if each["length"] and each["asked_before"] is not None and not each["returns_after"]:
        row["ended_on"] = each["start"] + timedelta(days=each["length"])
        asked = row["ended_on"] - timedelta(days=each["asked_before"])
        row["cancel_requested_at"] = datetime(asked.year, asked.month, asked.day, 8)
    return row


def tables_of(lives: list[dict[str, Any]], moved: dict[str, date], merged: dict[str, str]) -> dict[str, Any]:
    """A subscription and a contract a life; contracts of up to three years, signed before they start."""
    lines, subscriptions, contracts, renewals = [], [], [], []
    for k, each in enumerate(lives):
        key = f"s{k}"
        lines += intervals(each, key)
        subscriptions.append(subscription_of(each, key))
        start = each["start"]
        end = date(start.year + each["years"], start.month, min(start.day, 28))
        contract = {"contract_id": key, "account_id": each["account"], "start_on": start, "end_on": end, "tcv": 900}
        contracts.append(contract | {"signed_on": start - timedelta(days=each["signed_before"]), "currency": "EUR"})
        if each["late"] and each["length"]:
            renewal = {"renewal_id": key, "account_id": each["account"], "contract_id": key, "atr": 1, "status": "won"}
            renewals.append(renewal | {"term_end_on": start + timedelta(days=each["length"])})
    ahead = {"contract_id": "ahead", "account_id": "C0", "start_on": date(2026, 9, 1), "end_on": date(2027, 9, 1)}
    contracts.append(ahead | {"signed_on": date(2026, 6, 1), "tcv": 1200, "currency": "USD"})
    given = {"subscription": subscriptions, "subscription_line": lines, "contract": contracts, "renewal": renewals}
    return {**accounts_of(moved, merged), **given}


def everything(data: Any) -> Period:
    """All months that there are."""
    months = months_of(data)
    return Period(months[0].start, months[-1].end, "year", "all", "all months")


def few(examples: int) -> Any:
    """An example costs seconds of compiling: few of them but large, and none to make a failure smaller."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@few(6)
@given(lives=lives_of_many, moved=moves, merged=merges, policies=ANY_POLICIES)
def test_bridge_closes_in_every_month_under_any_policies(
    make: Any, lives: Any, moved: Any, merged: Any, policies: Any
) -> None:
    data = make(tables_of(lives, moved, merged), as_of=AS_OF, **policies)
    rows = movements(data, everything(data), ("segment",))
    table = rows.group_by("m", "product", "segment").agg(total=rows.amount.sum())
    changed: dict[int, dict[Any, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for r in table.to_pyarrow().to_pylist():
        changed[r["m"]][r["product"], r["segment"]] += r["total"]
    held = held_by_month(data)
    assert any(held.values())
    for m in range(len(months_of(data))):
        before, after = held.get(m - 1, {}), held.get(m, {})
        for key in {*before, *after, *changed[m]}:
            opened, closed = before.get(key, Decimal(0)), after.get(key, Decimal(0))
            assert abs(opened + changed[m][key] - closed) <= CENT, (m, key, policies)
        total = sum(before.values()) + sum(changed[m].values()) - sum(after.values())
        assert abs(total) <= CENT, (m, policies)


def held_by_month(data: Any) -> dict[int, dict[Any, Decimal]]:
    """Reported ARR at the end of every month, by product and segment."""
    rows = named_product(arr_month(data), data, "product_id")
    known = profiles(data).rename(known_id="profile_id", known_m="m")
    rows = rows.left_join(known, [rows.profile_id == known.known_id, rows.m == known.known_m])
    found = rows.group_by("m", "product", "segment").agg(total=rows.arr_reported.sum())
    held: dict[int, dict[Any, Decimal]] = defaultdict(dict)
    for r in found.to_pyarrow().to_pylist():
        held[r["m"]][r["product"], r["segment"]] = r["total"]
    return held


@few(2)
@given(lives=lives_of_many)
def test_what_is_signed_and_begun_counts_once(make: Any, lives: Any) -> None:
    """Once every line has begun, it does not matter since when it has counted (P02)."""
    begun = [{**each, "change": None, "returns_after": None, "late": False} for each in lives]
    tables = tables_of(begun, {}, {})
    tables["contract"] = tables["contract"][:-1]
    by_service = last_balance(make(tables, as_of=AS_OF))
    by_signature = last_balance(make(tables, as_of=AS_OF, P02="signature"))
    assert by_service
    assert by_signature == by_service


def last_balance(data: Any) -> dict[str, Decimal]:
    """ARR of each account at ``as_of``."""
    rows = balance(data, len(months_of(data)) - 1)
    found = rows.group_by("account_id").agg(total=rows.arr.sum())
    return {r["account_id"]: r["total"] for r in found.to_pyarrow().to_pylist() if r["total"]}
