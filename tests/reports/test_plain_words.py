"""What the review says of itself is true: what is off, what is asked, what a title names, which value is meant."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bizops.findings import Asks, Off, Section
from bizops.findings.reading import read
from bizops.metrics.registry import METRICS
from bizops.reports import qbr
from bizops.reports._context import Context
from bizops.reports.qbr.gap import contributions
from bizops.reports.qbr.measures import Measure, measures
from bizops.reports.qbr.targets import Target, own_target
from tests.reports.conftest import Write, closed_deals

QUARTERS = [f"{y}-{m:02d}-01" for y in (2024, 2025) for m in (1, 4, 7, 10)]
ROOT = Path(__file__).parents[2]


def review(company: Path, as_of: str = "2025-03-31", **more: object) -> Context:
    return qbr.start(qbr.Params.read({"company": str(company), "as_of": as_of, **more}))


def planned(value: float, metric: str = "BKG-01", **scope: str) -> dict[str, Any]:
    period = {"period_start": "2025-01-01", "period_end": "2025-04-01", "version": "budget"}
    return {"metric_id": metric, "scope": json.dumps(scope), "value": value, **period}


def deals(**more: object) -> pd.DataFrame:
    """Five quarters of thirty deals, ten of them won at 100."""
    return pd.concat([closed_deals(q, 30, 10, 100.0, f"q{i}", **more) for i, q in enumerate(QUARTERS[:5])])


def offs_of(section: Section | Off) -> list[Off]:
    assert isinstance(section, Section)
    return [block for block in section.blocks if isinstance(block, Off)]


def blocks_of(section: Any, kind: str) -> list[Any]:
    return [b for b in section.blocks if b.kind == kind]


# -- the value of bookings


@pytest.mark.parametrize("id_", ["BKG-01", "BKG-03", "BKG-03-VALUE"])
def test_a_definition_names_both_choices_of_a_policy_or_none(id_: str) -> None:
    """The page prints the same definition whatever P15 and P16 say."""
    words = METRICS[id_].definition
    assert ("first-year" in words) == ("total contract value" in words)
    assert ("closed in the period" in words) == ("created in it" in words)


@pytest.mark.parametrize(("policy", "told"), [("tcv", True), ("acv", False)])
def test_total_contract_value_against_a_plan_is_a_reservation(company_on_disk: Write, policy: str, told: bool) -> None:
    company = company_on_disk(
        {"opportunity": deals(), "plan": pd.DataFrame([planned(1200.0)])}, policies={"P15": policy}
    )
    words = qbr.what_would_change(review(company)).text()
    assert ("on which value the plan is made is not known" in words) is told


def test_without_a_plan_there_is_no_such_reservation(company_on_disk: Write) -> None:
    company = company_on_disk({"opportunity": deals()}, policies={"P15": "tcv"})
    assert "is made is not known" not in qbr.what_would_change(review(company)).text()


# -- what is off is listed


def test_every_part_that_is_off_is_listed(company_on_disk: Write) -> None:
    context = review(company_on_disk({"opportunity": deals(), "plan": pd.DataFrame([planned(1000.0)])}))
    told = qbr.what_would_change(context).text()
    assert "Nothing is known" not in told
    sections = [qbr.plan_gap, qbr.contribution, qbr.pipeline, qbr.wins_and_losses, qbr.attainment, qbr.retention]
    found = [section(context) for section in sections]
    off = [f for f in found if isinstance(f, Off)]
    off += [b for f in found if not isinstance(f, Off) for b in f.blocks if isinstance(b, Off)]
    assert {"retention", "people", "loss-reasons", "ageing", "contribution-parts"} <= {o.id for o in off}
    for each in off:
        assert each.reason in told, each.id


def test_a_part_that_is_off_is_told_in_a_sentence(company_on_disk: Write) -> None:
    pipeline = qbr.pipeline(review(company_on_disk({"opportunity": deals()})))
    created = next(off for off in offs_of(pipeline) if off.id == "pipeline-created")
    words = "Pipeline created: not shown, because the source has no table opportunity_history"
    assert created.sentence().startswith(words)
    assert created.html().replace("<strong>", "").replace("</strong>", "").split(">", 1)[1].startswith(words)
    assert "<b>" not in Off("x", "<b>", "<b>").html()


# -- the gap of a slice


def by_seller(company_on_disk: Write) -> Path:
    """Two managers, each with one region and one segment."""
    people = pd.DataFrame(
        {"person_id": ["m1", "m2", "s1", "s2"], "name": ["Mona", "Milo", "Sue", "Sam"],
         "manager_id": [None, None, "m1", "m2"], "team_id": ["t1", "t2", "t1", "t2"]}
    )  # fmt: skip
    teams = pd.DataFrame({"team_id": ["t1", "t2"], "name": ["North", "South"], "region": ["North", "South"]})
    rows = [
        closed_deals(q, 30, 10, 100.0, f"{owner}-{i}", owner_id=owner, segment=segment)
        for i, q in enumerate(QUARTERS[:5])
        for owner, segment in (("s1", "SMB"), ("s2", "ENT"))
    ]
    return company_on_disk({"opportunity": pd.concat(rows), "dim_person": people, "dim_team": teams})


def test_a_gap_in_one_part_is_said_to_be_so(company_on_disk: Write) -> None:
    context = review(by_seller(company_on_disk), level="manager", member="Mona")
    assert len(contributions(context)) == 1
    (off,) = offs_of(qbr.contribution(context))
    assert off.reason == "all of it is in one part, North, SMB"


def test_a_source_without_regions_and_segments_is_said_to_have_none(company_on_disk: Write) -> None:
    (off,) = offs_of(qbr.contribution(review(company_on_disk({"opportunity": deals()}))))
    assert off.reason == "the source names neither regions nor segments to cut by"


def test_figures_are_titled_by_what_is_drawn_under_the_headline(company_on_disk: Write) -> None:
    context = review(by_seller(company_on_disk))
    for section, title in (
        (qbr.plan_gap(context), "From run-rate (mean of 4 quarters) to actual bookings, Q1 FY25"),
        (qbr.contribution(context), "Bookings against run-rate by part, Q1 FY25"),
    ):
        (figure,) = blocks_of(section, "figure")
        assert figure.title == title
        assert isinstance(section, Section)
        assert title not in section.headline


# -- what is asked


def test_asks_are_ranked_by_the_money_at_stake_and_the_rest_is_named(
    monkeypatch: pytest.MonkeyPatch, company_on_disk: Write
) -> None:
    """Four measures off track: three are asked about, the one without money is told under them."""
    context = review(company_on_disk({"opportunity": deals()}))
    values = {"BKG-08": (100.0, 150.0), "ARR-05": (20.0, 500.0), "ARR-06": (0.5, 0.9), "ARR-08": (0.5, 0.1)}
    context._memo["measures"] = [_with(m, *values.get(m.id, (None, None))) for m in measures(context)]
    monkeypatch.setattr(Context, "row", lambda self, metric, period=None: {"denominator": 1000.0})
    found = qbr.asks(context)
    # 0.4 of an opening ARR of 1000 are 400, less than the 480 that ARR lacks and more than the 50 of pipeline
    assert [(a.ask, a.value) for a in found.items] == [
        ("Decide what to do about Net new ARR", -480.0),
        ("Decide what to do about Gross revenue retention, 12 months", pytest.approx(-400.0)),
        ("Decide what to do about Pipeline created", -50.0),
    ]
    assert found.note == "1 more measure is off track: Logo churn, 12 months."
    assert "1 more measure is off track" in found.html()
    again = read(found.payload())
    assert isinstance(again, Asks)
    assert again.note == found.note


def _with(m: Measure, value: float | None, target: float | None) -> Measure:
    if value is None:
        return m
    return replace(m, value=value, n=100, reason="", target=Target(target, "target", target))


# -- how many deals


def test_the_open_deals_of_the_page_are_said_to_be_qualified_and_add_up(company_on_disk: Write) -> None:
    """Of nine open deals four close in the coming quarters, two are overdue, one closes later, two have no date."""
    days = ["2025-05-01"] * 3 + ["2025-08-01"] + ["2025-02-01"] * 2 + ["2027-05-01"] + [None] * 2
    open_ = pd.DataFrame(
        {"opportunity_id": [f"o{i}" for i in range(9)], "amount": 50.0, "created_at": "2025-01-10T00:00:00Z",
         "close_on": days, "is_closed": False, "is_won": False}
    )  # fmt: skip
    context = review(company_on_disk({"opportunity": pd.concat([deals(), open_])}))
    pipeline = qbr.pipeline(context)
    tables = {t.id: t for t in blocks_of(pipeline, "table")}
    assert tables["coverage"].frame["n"].sum() == 4
    note = tables["coverage"].note
    assert "2 more open deals" in note
    assert "3 of 9 qualified open deals close after these quarters or have no close date." in note
    assert "P17" in note
    assert all(t.title.startswith("Qualified open pipeline") for t in tables.values())
    assert tables["ageing"].frame["n"].sum() == 9


# -- names


def test_the_notebook_and_the_readme_restrict_the_names_of_sellers() -> None:
    notebook = (ROOT / "notebooks" / "qbr.ipynb").read_text(encoding="utf-8")
    assert "Sellers' names are for their manager" in notebook
    assert "no seller's name beside performance" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_target_of_the_company_is_no_target_of_a_slice(company_on_disk: Write) -> None:
    company = by_seller(company_on_disk)
    settings = company.read_text(encoding="utf-8")
    company.write_text(settings + "metrics: {BKG-07: {target: 3.0}, BKG-03: {target: 0.5}}\n", encoding="utf-8")
    assert [own_target(review(company), id_) for id_ in ("BKG-07", "BKG-03")] == [3.0, 0.5]
    part = review(company, level="region", member="North")
    assert [own_target(part, id_) for id_ in ("BKG-07", "BKG-03")] == [None, None]
