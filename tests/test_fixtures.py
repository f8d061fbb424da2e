"""Worked fixtures that no section shows yet, from files on disk through the metrics to the printed digit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from bizops.company import Company
from bizops.methods.bridge import price_volume_mix, rate_mix
from bizops.metrics.retention import logo_churn
from bizops.metrics.revenue import revenue_clock
from bizops.metrics.sold import sold
from bizops.schema.data import Data
from bizops.sources import open_data


def opened(folder: Path, tables: Mapping[str, pd.DataFrame], as_of: date) -> Data:
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    source = {"kind": "folder", "path": str(folder)}
    company = Company.model_validate({"name": "Fixture", "currency": "EUR", "source": source})
    return open_data(company, as_of)


def test_w02_price_volume_mix(tmp_path: Path) -> None:
    """P1 100 at 10 to 90 at 12; P2 50 at 20 to 70 at 20; P3 new, 10 at 30; P4 lost, 20 at 5."""
    sales = [
        ("2026-04-01", "P1", 100, 10), ("2026-04-01", "P2", 50, 20), ("2026-04-01", "P4", 20, 5),
        ("2026-07-01", "P1", 90, 12), ("2026-07-01", "P2", 70, 20), ("2026-07-01", "P3", 10, 30),
    ]  # fmt: skip
    rows = pd.DataFrame(sales, columns=["close_on", "product_id", "quantity", "unit_price"])
    rows = rows.assign(opportunity_id=[f"o{i}" for i in range(6)], amount=rows["quantity"] * rows["unit_price"])
    deals = rows[["opportunity_id", "amount", "close_on"]].assign(
        is_closed=True, is_won=True, created_at="2026-01-01T00:00:00Z"
    )
    lines = rows.drop(columns="close_on").assign(line_id=rows["opportunity_id"])
    data = opened(tmp_path, {"opportunity": deals, "opportunity_line": lines}, date(2026, 9, 30))
    before, after = (sold(data, data.calendar.parse(q, data.as_of_date)).to_pandas() for q in ("2026Q2", "2026Q3"))
    found = price_volume_mix(before, after, "product", "quantity", "price")
    assert (found.start, found.finish) == (2100.0, 2780.0)
    assert {r.effect: round(r.amount, 2) for r in found.bars().itertuples()} == {
        "price": 180.0, "volume": 133.33, "mix": 166.67, "new": 300.0, "lost": -100.0,
    }  # fmt: skip


def subscriptions(cohort: str, start: str, end: str, leaves: str, sizes: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """Customers of a cohort: by segment, how many there are and how many of them leave early."""
    rows = [
        {"segment": s, "account_id": f"{cohort}-{s}-{i}", "valid_from": start, "valid_to": leaves if i < gone else end}
        for s, (n, gone) in sizes.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def test_w03_churn_rate_and_mix(tmp_path: Path) -> None:
    """SMB 600 logos at 5.0 % then 800 at 5.5 %, enterprise 400 at 1.0 % then 200 at 1.0 %."""
    january = subscriptions("a", "2025-12-01", "2026-02-10", "2026-01-15", {"SMB": (600, 30), "ENT": (400, 4)})
    march = subscriptions("b", "2026-02-15", "2026-12-31", "2026-03-15", {"SMB": (800, 44), "ENT": (200, 2)})
    rows = pd.concat([january, march], ignore_index=True)
    line = {"product_id": "p", "quantity": 1, "unit_price": 10, "currency": "EUR", "interval": "month"}
    tables = {
        "dim_account": rows[["account_id", "segment"]].assign(type="customer"),
        "subscription": rows[["account_id"]].assign(
            subscription_id=rows["account_id"], status="active", started_on=rows["valid_from"]
        ),
        "subscription_line": rows[["valid_from", "valid_to"]].assign(
            line_id=rows["account_id"], subscription_id=rows["account_id"], interval_count=1, is_metered=False, **line
        ),
    }
    data = opened(tmp_path, tables, date(2026, 4, 30))
    before, after = (
        logo_churn(data, data.calendar.parse(m, data.as_of_date, "month"), ("segment",)).to_pandas()
        for m in ("2026-01", "2026-03")
    )
    found = rate_mix(before, after, "segment", "numerator", "denominator")
    assert (round(found.start, 4), round(found.finish, 4)) == (0.034, 0.046)
    assert {r.effect: round(100 * r.amount, 2) for r in found.bars().itertuples()} == {"rate": 0.35, "mix": 0.85}
    by_segment = found.roll_up("segment").set_index(["segment", "effect"])["amount"]
    assert round(100 * by_segment["SMB", "mix"], 2) == 0.25
    assert round(100 * by_segment["ENT", "mix"], 2) == 0.60


def test_w10_revenue_clock(tmp_path: Path) -> None:
    """120 k over 365 days from 15 March, billed up front, at 31 March: 17 days are served."""
    contract = {"contract_id": "k", "account_id": "a", "start_on": "2026-03-15", "end_on": "2027-03-15", "tcv": 120000}
    invoice = {
        "invoice_id": "i", "account_id": "a", "contract_id": "k", "status": "paid", "issued_on": "2026-03-15",
        "due_on": "2026-04-14", "subtotal": 120000, "tax": 0, "total": 120000, "currency": "EUR",
    }  # fmt: skip
    tables = {"contract": pd.DataFrame([{**contract, "currency": "EUR"}]), "invoice": pd.DataFrame([invoice])}
    data = opened(tmp_path, tables, date(2026, 3, 31))
    found = revenue_clock(data, date(2026, 3, 31)).to_pandas().iloc[0]
    shown = {name: round(float(found[name]), 2) for name in ("recognised", "deferred", "unbilled", "remaining")}
    assert shown == {"recognised": 5589.04, "deferred": 114410.96, "unbilled": 0.0, "remaining": 114410.96}


def test_lines_of_lost_deals_are_not_sold(tmp_path: Path) -> None:
    deals = pd.DataFrame({"opportunity_id": ["a", "b"], "amount": [10, 20], "is_won": [True, False]})
    deals = deals.assign(close_on="2026-07-01", created_at="2026-01-01T00:00:00Z", is_closed=True)
    lines = pd.DataFrame(
        {"line_id": ["1", "2"], "opportunity_id": ["a", "b"], "product_id": "P", "quantity": [1, 2], "amount": [10, 20]}
    )
    data = opened(tmp_path, {"opportunity": deals, "opportunity_line": lines}, date(2026, 9, 30))
    row = sold(data, data.calendar.parse("2026Q3", data.as_of_date)).to_pandas().iloc[0]
    assert (row["quantity"], row["amount"], row["price"], row["n"]) == (1.0, 10.0, 10.0, 1)
