"""The mappings of the project on real and published data, against counts of the files themselves."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bizops.sources import CheckReport
from tests.sources.conftest import SHARED

Real = Callable[[str], CheckReport]


def records(path: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a file, read without the code under test."""
    content = (SHARED / path).read_bytes()
    text = (gzip.decompress(content) if path.endswith(".gz") else content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def rows(report: CheckReport, table: str) -> list[dict[str, Any]]:
    return report.data[table].to_pyarrow().to_pylist()  # type: ignore[no-any-return]


def notes(report: CheckReport, column: str) -> list[str]:
    panel = report.quality[(report.quality.column == column) & (report.quality.severity == "warning")]
    return list(panel.detail)


# -- Maven: 8,800 opportunities with known dirt ------------------------------------------------------------------------


def test_maven_published_counts(real: Real) -> None:
    report = real("crm_maven")
    assert report.is_good, "\n".join(map(str, report.violations))
    deals = rows(report, "opportunity")
    won = [d for d in deals if d["is_won"]]
    lost = [d for d in deals if d["is_closed"] and not d["is_won"]]
    assert (len(deals), len(won), len(lost)) == (8800, 4238, 2473)
    assert sum(d["amount"] for d in won) == 10_005_534
    assert round(100 * len(won) / (len(won) + len(lost)), 2) == 63.15
    assert sum(d["account_id"] is None for d in deals) == 1425


def test_maven_lost_and_open_amounts_are_unknown_never_zero(real: Real) -> None:
    deals = rows(real("crm_maven"), "opportunity")
    assert all(d["amount"] is None for d in deals if not d["is_won"])
    assert all(d["close_on"] is None for d in deals if not d["is_closed"])
    assert "lost and open deals" in real("crm_maven").data.gaps["opportunity.amount"]
    assert any("not measurable" in text for text in notes(real("crm_maven"), "amount"))


def test_maven_dirt_is_counted(real: Real) -> None:
    report = real("crm_maven")
    raw = Counter(r["product"] for r in records("crm_maven_opportunities/sales_pipeline.csv.gz"))
    assert notes(report, "product_id") == [f"{raw['GTXPro']:,} rows: 'GTXPro' read as 'GTX Pro'"]
    assert raw["GTXPro"] == 1480
    assert notes(report, "industry") == ["12 rows: 'technolgy' read as 'technology'"]
    assert notes(report, "account_id")[0].startswith("1,425 of 8,800 rows: the cell is empty")
    products = {d["product_id"] for d in rows(report, "opportunity")}
    assert products == {p["product_id"] for p in rows(report, "dim_product")}


def test_maven_regions_and_managers(real: Real) -> None:
    report = real("crm_maven")
    people = {p["person_id"]: p for p in rows(report, "dim_person")}
    agents = {r["sales_agent"]: r for r in records("crm_maven_opportunities/sales_teams.csv.gz")}
    by_name = {p["name"]: p for p in people.values()}
    assert set(by_name) == set(agents) | {a["manager"] for a in agents.values()}
    for name, agent in agents.items():
        assert people[by_name[name]["manager_id"]]["name"] == agent["manager"]
        assert by_name[name]["team_id"] == agent["regional_office"]
    expected = Counter(
        agents[r["sales_agent"]]["regional_office"] for r in records("crm_maven_opportunities/sales_pipeline.csv.gz")
    )
    assert Counter(people[d["owner_id"]]["team_id"] for d in rows(report, "opportunity")) == expected


def test_maven_names_are_in_one_column_only(real: Real) -> None:
    report = real("crm_maven")
    text = report.quality.to_string() + "\n".join(map(str, report.warnings))
    for name in (r["sales_agent"] for r in records("crm_maven_opportunities/sales_teams.csv.gz")):
        assert name not in text


# -- AdventureWorks: sales against hierarchical targets ----------------------------------------------------------------


def test_adventureworks_sums_and_orders(real: Real) -> None:
    report = real("adventureworks")
    assert report.is_good, "\n".join(map(str, report.violations))
    sales = records("qbr_quota_adventureworks/Sales.csv.gz", "|")
    total = sum(Decimal(r["Sales"]) for r in sales)
    deals, lines = rows(report, "opportunity"), rows(report, "opportunity_line")
    assert len(lines) == len(sales) == 57_851
    assert sum(line["amount"] for line in lines) == total
    assert sum(d["amount"] for d in deals) == total
    assert len(deals) == len({r["SalesOrderNumber"] for r in sales})
    assert all(d["is_won"] for d in deals)
    assert (min(d["close_on"] for d in deals), max(d["close_on"] for d in deals)) == (
        date(2017, 7, 1),
        date(2020, 5, 31),
    )


def test_adventureworks_targets_by_level(real: Real) -> None:
    quota = rows(real("adventureworks"), "quota")
    assert len(quota) == 809
    assert sum(q["amount"] for q in quota) == 676_210_000
    titles = {r["EmployeeKey"]: r for r in records("qbr_quota_adventureworks/Salesperson.csv.gz", "|")}
    for q in quota:
        title = titles[q["owner_id"]]["Title"]
        assert q["level"] == {"Sales Representative": "rep", "Director of Sales": "vp"}.get(title, "manager")
        months = (q["period_end"].year - q["period_start"].year) * 12 + q["period_end"].month - q["period_start"].month
        assert (months, q["period_start"].day, q["period_end"].day) == (1, 1, 1)
    targets = records("qbr_quota_adventureworks/Targets.csv.gz", "|")
    number = {r["EmployeeID"]: r["EmployeeKey"] for r in titles.values()}
    expected = {
        (number[t["EmployeeID"]], t["TargetMonth"].replace("/", "-")): Decimal(t["TargetAmount"]) for t in targets
    }
    assert {(q["owner_id"], str(q["period_start"])): q["amount"] for q in quota} == expected


def test_adventureworks_hierarchy_and_region_groups(real: Real) -> None:
    people = {p["name"]: p for p in rows(real("adventureworks"), "dim_person")}
    assert people["Brian Welcker"]["team_id"] is None
    assert people["Brian Welcker"]["manager_id"] is None
    groups = {"Stephen Jiang": "North America", "Amy Alberts": "Europe", "Syed Abbas": "Pacific"}
    for manager, group in groups.items():
        assert people[manager]["team_id"] == group
        assert people[manager]["manager_id"] == people["Brian Welcker"]["person_id"]
    by_id = {p["person_id"]: p for p in people.values()}
    sellers = [p for p in people.values() if p["role"] == "ae"]
    assert len(sellers) == 14
    for p in sellers:
        boss = by_id[p["manager_id"]]
        assert boss["name"] in groups
        assert boss["team_id"] == p["team_id"]
    assert people["Lynn Tsoflias"]["team_id"] == "Pacific"
    assert people["José Saraiva"]["team_id"] == "North America"


# -- vendors' columns --------------------------------------------------------------------------------------------------


def test_salesforce_objects_map_and_the_deleted_are_excluded(real: Real) -> None:
    report = real("salesforce")
    assert report.is_good, "\n".join(map(str, report.violations))
    assert report.data.info["opportunity"].excluded == {"deleted": 10}
    assert report.data.info["opportunity"].rows == 0
    assert any("no row is left: 10 deleted" in str(w) for w in report.warnings)
    ids = {p["person_id"] for p in rows(report, "dim_person")}
    assert ids == {r["id"] for r in records("crm_seed_salesforce/sf_user_data.csv")}
    assert Counter(a["type"] for a in rows(report, "activity")) == {"task": 10, "meeting": 10}
    lead = rows(report, "lead")[0]
    assert (lead["status"], len(lead["email_hash"])) == ("converted", 64)


def test_hubspot_objects_map(real: Real) -> None:
    report = real("hubspot")
    assert report.is_good, "\n".join(map(str, report.violations))
    source = [r for r in records("crm_seed_hubspot/deal_data.csv") if r["is_deleted"] == "false"]
    assert {d["opportunity_id"] for d in rows(report, "opportunity")} == {r["deal_id"] for r in source}
    assert not any(d["is_closed"] for d in rows(report, "opportunity"))
    stages = {r["stage_id"]: r for r in records("crm_seed_hubspot/deal_pipeline_stage_data.csv")}
    for stage in rows(report, "dim_stage"):
        raw = stages[stage["stage_id"]]
        kind = "won" if raw["closed_won"] == "TRUE" else "lost" if raw["is_closed"] == "TRUE" else "open"
        assert (stage["type"], stage["crm_probability"]) == (kind, Decimal(raw["probability"]))


def test_stripe_objects_map(real: Real) -> None:
    report = real("stripe")
    assert report.is_good, "\n".join(map(str, report.violations))
    plans = {r["id"]: r for r in records("crm_seed_stripe/plan_data.csv")}
    for price in rows(report, "price_list"):
        assert price["unit_amount"] == Decimal(plans[price["plan_id"]]["amount"]) / 100
        assert price["currency"] == "USD"
    for sub in rows(report, "subscription"):
        assert sub["cancel_requested_at"].isoformat() == "2021-02-18T14:16:37+00:00"
        assert sub["ended_on"] == date(2021, 2, 19)


@pytest.mark.parametrize("name", ["crm_maven", "adventureworks", "salesforce", "hubspot", "stripe"])
def test_everything_has_an_origin_and_a_fingerprint(real: Real, name: str) -> None:
    for info in real(name).data.info.values():
        assert ".csv" in info.origin or info.origin == f"{name}.yaml"
        assert info.fingerprint.startswith("sha256:")
        assert len(info.fingerprint) == 71
