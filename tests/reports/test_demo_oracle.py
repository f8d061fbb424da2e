"""Every number of the demo company's QBR against a recomputation from its files (``oracle``), variants included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from statsmodels.stats.proportion import proportion_confint

from bizops.findings.wire import walk
from bizops.metrics.arr import bridge
from bizops.metrics.bookings import bookings as bookings_metric
from bizops.reports import qbr
from bizops.reports._context import Context
from bizops.reports.qbr.gap import contributions
from bizops.reports.qbr.retention import months_of
from bizops.reports.qbr.targets import target_of
from bizops.reports.qbr.ties import tie_outs
from bizops.sources.demo import build_demo
from tests.reports.oracle import (
    Books,
    Span,
    bookings,
    closes,
    day,
    midnight,
    plan_gap,
    quarter,
    sales_measures,
    wins,
)
from tests.reports.test_qbr import csv_of

NOW = quarter("2026Q3")
AFTER = [quarter("2026Q3", k) for k in (1, 2, 3)]
YEAR_AGO = quarter("2025Q3")
REGIONS = ("DACH", "Nordics", "Southern Europe", "UK & Ireland")
RETENTION = {"nrr": "Net revenue retention", "grr": "Gross revenue retention", "logo": "Logo churn"}
SETTINGS: dict[str, dict[str, object]] = {
    "BKG-01": {"owner": "Sales chief"},
    "BKG-03": {"owner": "Enablement"},
    "BKG-07": {"owner": "Demand", "target": 3.0},
    "ARR-06": {"owner": "Success", "target": 0.90},
    "ARR-07": {"owner": "Success", "target": 1.05},
}
near: Callable[[Any], Any] = lambda value: pytest.approx(value, rel=1e-6, abs=1e-6)  # noqa: E731


@dataclass(frozen=True)
class Page:
    """A review of the demo company: its context, and its tables as the reader downloads them."""

    context: Context

    @cached_property
    def parts(self) -> dict[str, Any]:
        return {}

    def part(self, name: str) -> Any:
        if name not in self.parts:
            self.parts[name] = getattr(qbr, name)(self.context).payload()
        return self.parts[name]

    def table(self, part: str, id_: str) -> pd.DataFrame:
        """A table with numbers as numbers and empty cells as missing."""
        frame = pd.DataFrame(csv_of(self.part(part), id_)).replace("", None)
        for name in frame.columns:
            numbers = pd.to_numeric(frame[name], errors="coerce")
            if frame[name].notna().sum() == numbers.notna().sum():
                frame[name] = numbers
        return frame

    def note(self, part: str, id_: str) -> str:
        found = next(p for p in walk([self.part(part)]) if p["kind"] == "table" and p["id"] == id_)
        return str(found["note"]).replace("\u00a0", " ")

    @property
    def scorecard(self) -> pd.DataFrame:
        return self.table("scorecard", "scorecard").set_index("label")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_demo(tmp_path_factory.mktemp("demo"), scale=0.3, seed=7)


@pytest.fixture(scope="module")
def company(folder: Path) -> Path:
    content = {
        "name": "Demo",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "holidays": "DE",
        "source": {"kind": "folder", "path": str(folder)},
        "metrics": SETTINGS,
    }
    file = folder.parent / "company.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def opened(company: Path, as_of: str = "2026-10-04", **more: object) -> Page:
    return Page(qbr.start(qbr.Params.read({"company": str(company), "as_of": as_of, **more})))


@pytest.fixture(scope="module")
def books(folder: Path) -> Books:
    return Books(folder, "2026-10-04")


@pytest.fixture(scope="module")
def page(company: Path) -> Iterator[Page]:
    found = opened(company)
    yield found
    found.context.data.close()


def by(frame: pd.DataFrame, key: str | list[str], value: str) -> dict[Any, float]:
    return dict(frame.set_index(key)[value])


# -- scorecard


@pytest.mark.parametrize(("column", "key"), [("value", "2026Q3"), ("prior", "2026Q2"), ("last_year", "2025Q3")])
def test_scorecard_of_deals(page: Page, books: Books, column: str, key: str) -> None:
    span = quarter(key)
    truth = sales_measures(books, books.deals, span)
    assert dict(page.scorecard.loc[list(truth), column]) == near(truth)


@pytest.mark.parametrize(("column", "key"), [("value", "2026Q3"), ("prior", "2026Q2"), ("last_year", "2025Q3")])
def test_scorecard_of_recurring_revenue(page: Page, books: Books, column: str, key: str) -> None:
    span = quarter(key)
    kept = books.retention(span.end)
    told = page.scorecard[column]
    assert {k: told[f"{label}, 12 months"] for k, label in RETENTION.items()} == near({k: kept[k] for k in RETENTION})
    assert told["Net new ARR"] == near(books.movements(span)["amount"].sum())


def test_scorecard_targets_are_the_plan(page: Page, books: Books) -> None:
    plan = {
        "Bookings": books.plan("BKG-01", NOW),
        "– new": books.plan("BKG-01", NOW, type="new"),
        "– expansion": books.plan("BKG-01", NOW, type="expansion"),
        "Win rate by count": books.plan("BKG-03", NOW),
        "Pipeline created": books.plan("BKG-08", NOW),
        "Net new ARR": books.plan("ARR-05", NOW),
        "Gross revenue retention, 12 months": 0.90,
        "Net revenue retention, 12 months": 1.05,
        "Logo churn, 12 months": books.plan("ARR-08", NOW),
        "Q4 FY26 pipeline coverage": 3.0,
    }
    card = page.scorecard
    assert dict(card["target"].dropna()) == near(plan)
    assert dict(card["to_target"].dropna()) == near({k: card["value"][k] - v for k, v in plan.items()})


def test_scorecard_counts_its_records(page: Page, books: Books) -> None:
    won, closed = wins(books.deals, NOW), closes(books.deals, NOW)
    entered = books.entries[NOW.holds(books.entries["on"])].index.intersection(books.deals.index)
    n = page.scorecard["n"]
    assert n["Bookings"] == n["Average deal won"] == n["Median cycle of deals won"] == len(won)
    assert n["Win rate by count"] == n["Win rate by value"] == len(closed)
    assert n["Pipeline created"] == len(entered)
    assert {n[f"{label}, 12 months"] for label in RETENTION.values()} == {books.retention(NOW.end)["n"]}


def test_cards_name_what_they_compare_with(page: Page, books: Books) -> None:
    before, year_ago = quarter("2026Q2"), YEAR_AGO
    truth = {
        span.label: {
            "bkg-01": (deals := sales_measures(books, books.deals, span))["Bookings"],
            "bkg-03": deals["Win rate by count"],
            "bkg-08": deals["Pipeline created"],
            "arr-05": books.movements(span)["amount"].sum(),
            "arr-06": (kept := books.retention(span.end))["grr"],
            "arr-07": kept["nrr"],
        }
        for span in (NOW, before, year_ago)
    }
    cards = page.part("kpis")["items"]
    assert {c["id"]: c["value"] for c in cards} == near(truth[NOW.label])
    for card in cards:
        told = {c["label"]: c for c in card["comparisons"]}
        assert set(told) - {"plan", "target"} == {before.label, year_ago.label} == {"Q2 FY26", "Q3 FY25"}
        for label in (before.label, year_ago.label):
            reference = truth[label][card["id"]]
            assert told[label]["reference"] == near(reference)
            assert told[label]["delta"] == near(card["value"] - reference)


def test_bookings_trend_and_its_normal_range(page: Page, books: Books) -> None:
    spans = [quarter("2026Q3", -k) for k in range(11, -1, -1)]  # records begin with Q4 FY23
    values = pd.Series([bookings(books.deals, s) for s in spans])
    rows = page.table("scorecard", "bookings-trend")
    assert list(rows["period"]) == [s.label for s in spans]
    assert list(rows["value"]) == near(list(values))
    reach = 2.66 * values.diff().abs().mean()
    limits = {"lower": max(values.mean() - reach, 0.0), "centre": values.mean(), "upper": values.mean() + reach}
    assert [dict(r) for _, r in rows[list(limits)].drop_duplicates().iterrows()] == [near(limits)]


# -- the gap


def planned_by_part(books: Books, span: Span, share: float = 1.0) -> Callable[[str, str], float]:
    def plan(region: str, segment: str) -> float:
        return (books.plan("BKG-01", span, region=region, segment=segment) or 0.0) * share

    return plan


def check_gap(page: Page, truth: pd.DataFrame, cut: str) -> None:
    whole = truth.drop(columns=[c for c in ("region", "segment") if c != cut]).groupby(cut).sum()
    rows = page.table("plan_gap", "plan-gap").set_index(cut)
    assert set(rows.columns) == set(whole.columns)
    for name in whole:
        assert dict(rows[name]) == near(dict(whole[name])), name


def test_plan_gap_by_brute_force_over_the_orders(page: Page, books: Books) -> None:
    past = [quarter("2026Q3", -k) for k in (1, 2, 3, 4)]
    truth = plan_gap(books, books.deals, NOW, past, planned_by_part(books, NOW))
    effects = truth.drop(columns=["region", "segment", "change"]).sum(axis=1)
    assert list(effects) == near(list(truth["change"]))
    check_gap(page, truth, "region")


def check_contribution(page: Page, deals: pd.DataFrame, span: Span, plan: Callable[[str, str], float]) -> None:
    rows = page.table("contribution", "contribution").set_index("part")
    parts = [(r, s) for r in REGIONS for s in ("SMB", "Mid-market", "Enterprise")]
    value = wins(deals, span).groupby(["region", "segment"])["value"].sum()
    truth = {f"{r}, {s}": (value.get((r, s), 0.0), plan(r, s)) for r, s in parts}
    gap = {k: actual - goal for k, (actual, goal) in truth.items()}
    assert dict(rows["actual"]) == near({k: v[0] for k, v in truth.items()})
    assert dict(rows["reference"]) == near({k: v[1] for k, v in truth.items()})
    assert dict(rows["gap"]) == near(gap)
    assert dict(rows["share"]) == near({k: v / sum(gap.values()) for k, v in gap.items()})
    assert list(rows["gap"].abs()) == sorted(rows["gap"].abs(), reverse=True)


def test_contribution(page: Page, books: Books) -> None:
    check_contribution(page, books.deals, NOW, planned_by_part(books, NOW))


# -- pipeline


def check_coverage(page: Page, books: Books, spans: list[Span], at: pd.Timestamp | None = None, **scope: str) -> None:
    deals = books.deals
    for column, name in scope.items():
        deals = deals[deals[column] == name]
    seen = books.pipeline(deals, at)
    known = deals if at is None else deals[deals["close_on"] < at.tz_convert("Europe/Berlin").tz_localize(None)]
    rows = page.table("pipeline", "coverage").set_index("period")
    assert list(rows.index) == [s.label for s in spans]
    for span in spans:
        inside, goal = seen[span.holds(seen["close_on"])], books.plan("BKG-01", span, **scope)
        row = rows.loc[span.label]
        assert (row["open"], row["n"]) == (near(inside["value"].sum()), len(inside))
        if goal is None:
            assert row[["to_go", "coverage"]].isna().all()
        else:
            to_go = goal - bookings(known, span)
            assert (row["to_go"], row["coverage"]) == (near(to_go), near(inside["value"].sum() / to_go))


def needed(books: Books, deals: pd.DataFrame, spans: list[Span], passed: int) -> float:
    """Open pipeline at the same day of earlier quarters over what was won from then on."""
    open_ = won = 0.0
    for span in spans:
        cut = span.start + pd.Timedelta(days=min(passed, span.days))
        seen = books.pipeline(deals, midnight(cut))
        open_ += seen.loc[span.holds(seen["close_on"]), "value"].sum()
        won += bookings(deals, Span(cut, span.end))
    return open_ / won


def test_coverage_of_the_coming_quarters(page: Page, books: Books) -> None:
    check_coverage(page, books, AFTER)
    rows = page.table("pipeline", "coverage")
    assert rows["needed"][0] == near(needed(books, books.deals, [quarter("2026Q3", -k) for k in range(8)], passed=4))
    assert rows["needed"][1:].isna().all()


def test_overdue_deals_are_told_apart(page: Page, books: Books) -> None:
    seen = books.pipeline(books.deals)
    late = seen[seen["close_on"] < AFTER[0].start]
    n, value = re.search(r"(\d+) more open deals, EUR ([\d.]+) k have a close date", page.note("pipeline", "coverage")).groups()  # type: ignore[union-attr]  # fmt: skip  # noqa: E501
    assert int(n) == len(late) > 0
    assert float(value) == pytest.approx(late["value"].sum() / 1000, rel=0.005)


def check_ageing(page: Page, books: Books, seen_on: pd.Timestamp, at: pd.Timestamp | None = None) -> None:
    seen = books.pipeline(books.deals, at)
    age = (seen_on - seen["created_on"]).dt.days
    bucket = pd.cut(age, [-1, 30, 60, 90, 180, 10_000]).cat.codes
    rows = page.table("pipeline", "ageing")
    assert [re.findall(r"\d+", b) for b in rows["bucket"]] == [["0", "30"], ["31", "60"], ["61", "90"], ["91", "180"], ["180"]]  # fmt: skip  # noqa: E501
    assert list(rows["n"]) == [int((bucket == i).sum()) for i in range(5)]
    assert list(rows["value"]) == near([seen.loc[bucket == i, "value"].sum() for i in range(5)])


def test_ageing(page: Page, books: Books) -> None:
    check_ageing(page, books, day("2026-10-04"))


# -- wins and losses


def check_win_rates(page: Page, deals: pd.DataFrame, span: Span, cuts: tuple[str, ...]) -> None:
    closed = closes(deals, span)
    rows = page.table("wins_and_losses", "win-rates")
    truth = {(cut, name): part["won"] for cut in cuts for name, part in closed.groupby(cut)}
    assert set(zip(rows["cut"], rows["label"], strict=True)) == set(truth)
    for row in rows.to_dict("records"):
        won = truth[row["cut"], row["label"]]
        lower, upper = proportion_confint(int(won.sum()), len(won), method="wilson")
        assert (row["won"], row["n"], row["rate"]) == (won.sum(), len(won), near(won.mean()))
        assert (row["lower"], row["upper"]) == (near(lower), near(upper))


def test_win_rates_with_their_wilson_intervals(page: Page, books: Books) -> None:
    check_win_rates(page, books.deals, NOW, ("segment", "region", "type"))


def test_loss_reasons_are_of_lost_deals_only(page: Page, books: Books) -> None:
    lost = closes(books.deals, NOW).query("not won")
    groups = lost.groupby(lost["lost_reason"].fillna("no reason given"))
    rows = page.table("wins_and_losses", "loss-reasons")
    assert by(rows, "reason", "n") == dict(groups.size())
    assert by(rows, "reason", "value") == near(dict(groups["value"].sum()))
    assert by(rows, "reason", "share") == near(dict(groups.size() / len(lost)))


def check_deal_sizes(page: Page, won: pd.DataFrame) -> None:
    sizes = won.groupby("segment")["value"].agg(["size", "mean", "median"])
    rows = page.table("wins_and_losses", "deal-size").set_index("label")
    assert dict(rows["n"]) == dict(sizes["size"])
    assert dict(rows["mean"]) == near(dict(sizes["mean"]))
    assert dict(rows["median"]) == near(dict(sizes["median"]))


def test_deal_sizes(page: Page, books: Books) -> None:
    check_deal_sizes(page, wins(books.deals, NOW))


# -- quota attainment


def test_attainment_by_quarter(page: Page, books: Books) -> None:
    rows = page.table("attainment", "attainment-quarters").set_index("period")
    spans = [quarter("2026Q3", -k) for k in (3, 2, 1, 0)]
    assert list(rows.index) == [s.label for s in spans]
    for span in spans:
        held = books.carriers(span)
        truth = {
            "credit": held["credit"].sum(),
            "quota": held["quota"].sum(),
            "attainment": held["credit"].sum() / held["quota"].sum(),
            "median": held["attainment"].median(),
            "met": (held["attainment"] >= 1).sum(),
            "n": len(held),
        }
        assert dict(rows.loc[span.label]) == near(truth)


@pytest.mark.parametrize("cut", ["region", "manager"])
def test_attainment_by_group_shows_nobody_alone(page: Page, books: Books, cut: str) -> None:
    held = books.carriers(NOW)
    sums = held.groupby(cut).agg(credit=("credit", "sum"), quota=("quota", "sum"), n=("quota", "size"))
    rows = page.table("attainment", f"attainment-{cut}").set_index("label")
    assert (rows["n"] >= 5).all()
    shown = [name for name in rows.index if name in sums.index]
    hidden = sums.drop(shown)
    assert set(sums.index[sums["n"] < 5]) <= set(hidden.index)
    together = [name for name in rows.index if name not in sums.index]
    truth = pd.concat([sums.loc[shown], hidden.sum().to_frame(together[0]).T if together else None])
    truth["attainment"] = truth["credit"] / truth["quota"]
    for name in rows:
        assert dict(rows[name]) == near(dict(truth[name]))


def test_attainment_bands_and_participation(page: Page, books: Books) -> None:
    share = books.carriers(NOW)["attainment"]
    truth = [
        (share < 0.5).sum(),
        ((share >= 0.5) & (share < 0.8)).sum(),
        ((share >= 0.8) & (share < 1.0)).sum(),
        ((share >= 1.0) & (share <= 1.2)).sum(),
        (share > 1.2).sum(),
    ]
    rows = page.table("attainment", "attainment-bands")
    assert [re.findall(r"\d+", b) for b in rows["band"]] == [["50"], ["50", "80"], ["80", "100"], ["100", "120"], ["120"]]  # fmt: skip  # noqa: E501
    assert list(rows["n"]) == truth
    met = page.part("attainment")["headline"].replace("\u00a0", " ")
    assert f"({(share >= 1).sum()} of {len(share)};" in met


# -- recurring revenue


def check_bridge(page: Page, books: Books, months: Span) -> None:
    moved = books.movements(months)
    steps = moved.groupby("step")["amount"].sum()
    opening, closing = (books.arr(d - pd.Timedelta(days=1), reported=True)["arr"] for d in (months.start, months.end))
    rows = page.table("retention", "arr-bridge").set_index("label")
    labels = ("New", "Reactivation", "Expansion", "Contraction", "Churn")
    truth = {"Opening ARR": opening.sum(), **{k: steps.get(k.lower(), 0.0) for k in labels}, "Moved in or out": 0.0}
    truth |= {"Exchange rates": closing.sum() - opening.sum() - moved["amount"].sum(), "Closing ARR": closing.sum()}
    assert dict(rows["value"]) == near(truth)
    n = {k: moved.loc[moved["step"] == k.lower(), "customer"].nunique() for k in labels}
    assert dict(rows["n"].loc[list(n)]) == n
    assert (rows["n"]["Opening ARR"], rows["n"]["Closing ARR"]) == ((opening > 0).sum(), (closing > 0).sum())


def test_arr_bridge(page: Page, books: Books) -> None:
    check_bridge(page, books, NOW)


def test_retention_rates_of_quarter_and_year(page: Page, books: Books) -> None:
    rows = page.table("retention", "retention-rates").set_index("label")
    for column, months in (("period", 3), ("year", 12)):
        kept = books.retention(NOW.end, months)
        assert {k: rows[column][v] for k, v in RETENTION.items()} == near({k: kept[k] for k in RETENTION})
        start = NOW.end - pd.DateOffset(months=months)
        changes, held = books.movements(Span(start, NOW.end)), books.customers(start, NOW.end)
        back = held.index.isin(changes.loc[changes["step"] == "reactivation", "customer"])
        counted = held.loc[(held["opening"] > 0) | back, "closing"].sum() / held["opening"].sum()
        assert rows[column]["Net revenue retention, returning customers counted"] == near(counted)
        moved = changes.groupby("step")["amount"].sum()
        lost = -(moved["churn"] + moved["contraction"])
        assert rows[column]["Quick ratio"] == near((moved["new"] + moved["expansion"] + moved["reactivation"]) / lost)
        assert rows[column]["Quick ratio without returning customers"] == near((moved["new"] + moved["expansion"]) / lost)  # fmt: skip  # noqa: E501


def test_retention_trend_is_of_twelve_month_windows(page: Page, books: Books) -> None:
    rows = page.table("retention", "retention-trend").set_index("period")
    spans = [quarter("2026Q3", -k) for k in range(7, -1, -1)]
    assert list(rows.index) == [s.label for s in spans]
    for span in spans:
        kept = books.retention(span.end)
        assert dict(rows.loc[span.label]) == near({k: kept[k] for k in ("grr", "nrr", "n")})


def check_renewals(page: Page, books: Books, spans: list[Span], **scope: str) -> None:
    terms = books.known_renewals()
    for column, name in scope.items():
        terms = terms[terms[column] == name]
    truth = {
        (s.label, risk): (part["worth"].sum(), len(part))
        for s in spans
        for risk, part in terms[s.holds(terms["term_end_on"])].groupby("risk")
    }
    rows = page.table("retention", "renewals").set_index(["period", "risk"])
    assert dict(rows["value"]) == near({k: v[0] for k, v in truth.items()})
    assert dict(rows["n"]) == {k: v[1] for k, v in truth.items()}


def test_renewals_due_in_the_next_two_quarters(page: Page, books: Books) -> None:
    check_renewals(page, books, AFTER[:2])


# -- appendices, asks, tie-outs


def test_hygiene(page: Page, books: Books) -> None:
    deals = books.deals
    open_, closed = deals[~deals["closed"]], closes(deals, NOW)
    lost, won = closed[~closed["won"]], closed[closed["won"]]
    active = open_["last_activity_at"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None).dt.normalize()
    quiet = active.isna() | (active < day("2026-10-04") - pd.Timedelta(days=30))
    truth = {
        "Open deal with a close date that has passed": (open_, open_["close_on"] < books.as_of),
        "Open deal without a close date": (open_, open_["close_on"].isna()),
        "Open deal without an amount": (open_, ~(open_["value"] > 0)),
        "Open deal without a next step": (open_, open_["next_step"].fillna("") == ""),
        "Open deal without activity for 30 days": (open_, quiet),
        "Lost deal without a reason": (lost, lost["lost_reason"].isna()),
        "Won deal without an amount": (won, ~(won["value"] > 0)),
    }
    rows = page.table("data_quality", "hygiene").set_index("check")
    assert set(rows.index) == set(truth)
    for check, (of, bad) in truth.items():
        row = rows.loc[check]
        assert (row["n"], row["of"]) == (bad.sum(), len(of)), check
        assert (row["value"], row["share"]) == (near(of.loc[bad, "value"].sum()), near(bad.mean())), check


def test_excluded_records(page: Page, books: Books) -> None:
    deals, past = books.raw("opportunity"), books.raw("opportunity_history")
    out = deals.loc[deals["is_test"] | deals["is_deleted"], "opportunity_id"]
    accounts = books.raw("dim_account")
    hidden = accounts.loc[accounts["type"].isin(["test", "internal", "partner"]), "account_id"]
    assert not deals["account_id"].isin(hidden).any()
    truth = {
        ("dim_account", "test account"): len(hidden),
        ("dim_account_history", "dim_account excluded"): int(
            books.raw("dim_account_history")["account_id"].isin(hidden).sum()
        ),
        ("opportunity", "deleted"): int(deals["is_deleted"].sum()),
        ("opportunity", "test record"): int((deals["is_test"] & ~deals["is_deleted"]).sum()),
        ("opportunity_history", "deleted"): int(past["is_deleted"].sum()),
        ("opportunity_history", "opportunity excluded"): int(
            (past["opportunity_id"].isin(out) & ~past["is_deleted"]).sum()
        ),
    }
    for name in ("opportunity_line", "opportunity_split", "activity"):
        truth[name, "opportunity excluded"] = int(books.raw(name)["opportunity_id"].isin(out).sum())
    truth = {k: n for k, n in truth.items() if n}
    assert by(page.table("data_quality", "excluded"), ["table", "reason"], "rows") == truth


def test_policies_are_those_that_the_metrics_name(page: Page) -> None:
    told = [b for b in page.part("definitions")["blocks"] if b["kind"] == "definition"]
    named = {policy["id"] for b in told for policy in b["policies"]}
    assert set(page.table("definitions", "policies")["id"]) == named
    assert named <= set(qbr.POLICIES)


def test_at_most_three_asks_with_owner_and_day(page: Page) -> None:
    asks = page.part("asks")["items"]
    assert 1 <= len(asks) <= 3
    assert {a["owner"] for a in asks} <= {str(s["owner"]) for s in SETTINGS.values()} | {"no owner set"}
    # ten business days after Sunday, 4 October
    assert {a["due"] for a in asks} == {"2026-10-16"}
    gap = page.table("contribution", "contribution").iloc[0]
    recovery = next(a for a in asks if a["owner"] == "Sales chief")
    assert gap["part"] in recovery["ask"]
    assert recovery["value"] == near(gap["gap"])
    short = page.scorecard["to_target"]["Net new ARR"]
    assert next(a for a in asks if "Net new ARR" in a["ask"])["value"] == near(short)
    at_stake = [abs(a["value"]) for a in asks]
    assert at_stake == sorted(at_stake, reverse=True)
    ahead = page.table("pipeline", "coverage").iloc[0]
    assert next(a for a in asks if a["owner"] == "Demand")["value"] == near(ahead["open"] - 3.0 * ahead["to_go"])


def test_tie_outs_hold(page: Page) -> None:
    rows = page.table("data_quality", "tie-outs")
    assert len(rows) >= 11
    assert set(rows["result"]) == {"passed"}


def _one_more(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """``frame`` with the first value of a column off by one."""
    first, *rest = frame[column].astype(float)
    return frame.assign(**{column: [first + 1.0, *rest]})


@pytest.mark.parametrize("broken", ["parts", "whole", "region", "type", "manager", "bars", "arr"])
def test_tie_outs_fail_when_one_number_is_off_by_one(page: Page, broken: str) -> None:
    assert all(t.holds for t in tie_outs(page.context))
    kept = dict(page.context._memo)
    metric = ("frame", bookings_metric.id, page.context.window)
    if broken == "parts":
        kept["contributions"] = _one_more(contributions(page.context), "actual")
    elif broken == "bars":
        kept["gap"] = replace(kept["gap"], frame=_one_more(kept["gap"].frame, "amount"))
    elif broken == "arr":
        key = ("frame", bridge.id, months_of(page.context), ())
        kept[key] = _one_more(kept[key], "value")
    else:
        key = (*metric, () if broken == "whole" else (broken,))
        kept[key] = _one_more(kept[key], "value")
    assert not all(t.holds for t in tie_outs(replace(page.context, _memo=kept)))


# -- a quarter in flight: 20 August is day 51 of 92


@pytest.fixture(scope="module")
def books_then(folder: Path) -> Books:
    return Books(folder, "2026-08-20")


@pytest.fixture(scope="module")
def flying(company: Path) -> Iterator[Page]:
    found = opened(company, "2026-08-20", period="current")
    yield found
    found.context.data.close()


TRAILING_8 = [quarter("2026Q3", -k) for k in range(1, 9)]


def linearity(books: Books, day_of: float) -> float:
    """The share of the eight quarters before that was won by the same share of their days."""
    won = whole = 0.0
    for span in TRAILING_8:
        rows = wins(books.deals, span)
        passed = ((rows["close_on"] - span.start).dt.days + 1) / span.days
        won, whole = won + rows.loc[passed <= day_of + 1e-9, "value"].sum(), whole + rows["value"].sum()
    return won / whole


def test_in_flight_the_same_days_are_compared(flying: Page, books_then: Books) -> None:
    spans = {"value": NOW.first(51), "prior": quarter("2026Q2").first(50), "last_year": YEAR_AGO.first(51)}
    for column, span in spans.items():
        truth = sales_measures(books_then, books_then.deals, span)
        assert dict(flying.scorecard.loc[list(truth), column]) == near(truth)
    assert [c["label"] for c in flying.part("kpis")["items"][0]["comparisons"]] == [
        "plan due by now", "Q2 FY26, first 50 days", "Q3 FY25, first 51 days",
    ]  # fmt: skip


def test_in_flight_arr_is_over_whole_months(flying: Page, books_then: Books) -> None:
    july = Span(day("2026-07-01"), day("2026-08-01"))
    check_bridge(flying, books_then, july)
    for column, start in (("value", "2026-07-01"), ("prior", "2026-04-01"), ("last_year", "2025-07-01")):
        month = Span(day(start), day(start) + pd.DateOffset(months=1))
        kept, told = books_then.retention(month.end), flying.scorecard[column]
        assert told["Net new ARR"] == near(books_then.movements(month)["amount"].sum())
        assert {k: told[f"{v}, 12 months"] for k, v in RETENTION.items()} == near({k: kept[k] for k in RETENTION})


def test_in_flight_plan_due_by_now(flying: Page, books_then: Books) -> None:
    share = linearity(books_then, 51 / 92)
    target = flying.scorecard["target"]
    assert target["Bookings"] == near(share * books_then.plan("BKG-01", NOW))
    assert target["– new"] == near(share * books_then.plan("BKG-01", NOW, type="new"))
    early, whole = (
        [sales_measures(books_then, books_then.deals, s)["Pipeline created"] for s in spans]
        for spans in ([q.first(round(q.days * 51 / 92)) for q in TRAILING_8], TRAILING_8)
    )
    assert target["Pipeline created"] == near(sum(early) / sum(whole) * books_then.plan("BKG-08", NOW))
    months = [Span(q.start, q.start + pd.DateOffset(months=1)) for q in TRAILING_8]
    first, all_ = (sum(books_then.movements(s)["amount"].sum() for s in spans) for spans in (months, TRAILING_8))
    assert target["Net new ARR"] == near(first / all_ * books_then.plan("ARR-05", NOW))
    check_contribution(flying, books_then.deals, NOW.first(51), planned_by_part(books_then, NOW, share))


def test_in_flight_plans_of_the_regions_add_up(flying: Page, books_then: Books) -> None:
    whole, due = flying.context, {}
    for region in REGIONS:
        params = qbr.Params.read({"level": "region", "member": region})
        part = replace(whole, params=params, data=whole.data.within(params.scope), _memo={})
        due[region] = target_of(part, bookings_metric).value
    share = linearity(books_then, 51 / 92)
    assert due == near({r: share * books_then.plan("BKG-01", NOW, region=r) for r in REGIONS})
    assert sum(v or 0.0 for v in due.values()) == near(flying.scorecard["target"]["Bookings"])


def test_in_flight_plan_gap(flying: Page, books_then: Books) -> None:
    past = [q.first(round(q.days * 51 / 92)) for q in TRAILING_8[:4]]
    plan = planned_by_part(books_then, NOW, linearity(books_then, 51 / 92))
    check_gap(flying, plan_gap(books_then, books_then.deals, NOW.first(51), past, plan), "region")


def test_in_flight_coverage_and_renewals(flying: Page, books_then: Books) -> None:
    check_coverage(flying, books_then, [NOW, *AFTER[:2]])
    assert flying.table("pipeline", "coverage")["needed"][0] == near(
        needed(books_then, books_then.deals, TRAILING_8, passed=51)
    )
    check_ageing(flying, books_then, day("2026-08-20"))
    check_renewals(flying, books_then, AFTER[:2])


# -- a quarter long past: its pipeline is that of its end


@pytest.fixture(scope="module")
def past(company: Path) -> Iterator[Page]:
    found = opened(company, period="2026Q1")
    yield found
    found.context.data.close()


def test_past_quarter_has_the_pipeline_of_its_end(past: Page, books: Books) -> None:
    end = midnight(day("2026-04-01"))
    check_coverage(past, books, [quarter("2026Q1", k) for k in (1, 2, 3)], at=end)
    check_ageing(past, books, day("2026-03-31"), at=end)
    assert past.table("pipeline", "coverage")["needed"].isna().all()


def test_past_quarter_scorecard_and_gap(past: Page, books: Books) -> None:
    for column, span in (("value", "2026Q1"), ("prior", "2025Q4"), ("last_year", "2025Q1")):
        truth = sales_measures(books, books.deals, quarter(span))
        assert dict(past.scorecard.loc[list(truth), column]) == near(truth)
    before = [quarter("2026Q1", -k) for k in (1, 2, 3, 4)]
    then = quarter("2026Q1")
    check_gap(past, plan_gap(books, books.deals, then, before, planned_by_part(books, then)), "region")


# -- one region, one manager


@pytest.fixture(scope="module")
def nordics(company: Path) -> Iterator[Page]:
    found = opened(company, level="region", member="Nordics")
    yield found
    found.context.data.close()


def check_scope(page: Page, books: Books, deals: pd.DataFrame, **member: str) -> None:
    for column, span in (("value", NOW), ("prior", quarter("2026Q2")), ("last_year", YEAR_AGO)):
        truth, told = sales_measures(books, deals, span), page.scorecard[column]
        assert dict(told[list(truth)]) == near(truth)
        kept = books.retention(span.end, **member)
        assert {k: told[f"{v}, 12 months"] for k, v in RETENTION.items()} == near({k: kept[k] for k in RETENTION})


def test_region(nordics: Page, books: Books) -> None:
    deals = books.deals[books.deals["region"] == "Nordics"]
    check_scope(nordics, books, deals, region="Nordics")
    target = nordics.scorecard["target"]
    assert target["Bookings"] == near(books.plan("BKG-01", NOW, region="Nordics"))
    assert target["Win rate by count"] == near(books.plan("BKG-03", NOW, region="Nordics"))
    before = [quarter("2026Q3", -k) for k in (1, 2, 3, 4)]
    check_gap(nordics, plan_gap(books, deals, NOW, before, planned_by_part(books, NOW)), "segment")
    check_coverage(nordics, books, AFTER, region="Nordics")
    # the company's own targets are none of a region: neither of retention nor of coverage
    assert 3.0 not in set(target.dropna())
    assert target[["Gross revenue retention, 12 months", "Net revenue retention, 12 months"]].isna().all()
    assert "target of" not in nordics.part("pipeline")["headline"]
    check_win_rates(nordics, deals, NOW, ("segment", "type"))
    check_deal_sizes(nordics, wins(deals, NOW))


def test_manager(company: Path, books: Books) -> None:
    name = wins(books.deals, NOW)["manager"].value_counts().index[0]
    deals = books.deals[books.deals["manager"] == name]
    page = opened(company, level="manager", member=name)
    check_scope(page, books, deals, manager=name)
    # no plan is made by manager: the target is the quotas of the team
    held = books.carriers(NOW).query("manager == @name")
    assert page.scorecard["target"]["Bookings"] == near(held["quota"].sum())
    rows = page.table("attainment", "attainment-quarters").set_index("period").loc[NOW.label]
    assert (rows["credit"], rows["n"]) == (near(held["credit"].sum()), len(held))
    check_win_rates(page, deals, NOW, ("segment", "type"))
    page.context.data.close()


def test_a_number_that_is_off_is_seen(page: Page, books: Books) -> None:
    """The comparison itself can fail: a deal more is no longer the truth."""
    truth: Mapping[str, float] = sales_measures(books, books.deals.drop(wins(books.deals, NOW).index[0]), NOW)
    assert dict(page.scorecard.loc[list(truth), "value"]) != near(truth)
