"""The QBR on published data sets: parts that sum to the whole, and silence where the data are silent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bizops.findings import Off
from bizops.metrics.quota import attainment, quota
from bizops.reports import qbr
from bizops.reports._context import Context
from bizops.reports.qbr.gap import contributions, gap_of
from bizops.reports.qbr.measures import measure
from bizops.reports.qbr.params import Params, members
from bizops.reports.qbr.people import carriers_of
from bizops.reports.qbr.ties import tie_outs

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
BOOKINGS, WIN_RATE, BY_VALUE = (qbr.METRICS[i] for i in ("BKG-01", "BKG-03", "BKG-03-VALUE"))


def opened(name: str, **given: object) -> Context:
    return qbr.start(Params.read({"company": str(ROOT / "params" / "companies" / f"{name}.yaml"), **given}))


def cut(context: Context, level: str, member: str) -> Context:
    """The same data, cut to a member, as a run with these parameters would see it."""
    params = Params.read({**context.params.model_dump(), "level": level, "member": member})
    return replace(context, params=params, data=context.data.within(params.scope), _memo={})


# -- Maven: a CRM export without history, plan or values of lost deals

needs_maven = pytest.mark.skipif(not (SHARED / "crm_maven_opportunities").is_dir(), reason="shared/data is not here")
QUARTERS = {"2017Q2": "2017-06-30", "2017Q3": "2017-09-30", "2017Q4": "2017-12-31"}


@pytest.fixture(scope="module", params=QUARTERS)
def maven(request: pytest.FixtureRequest) -> Iterator[Context]:
    context = opened("crm_maven", period=request.param, as_of=QUARTERS[request.param])
    yield context
    context.data.close()


@needs_maven
@pytest.mark.parametrize(("level", "n"), [("region", 3), ("manager", 6)])
def test_maven_slices_sum_to_the_company(maven: Context, level: str, n: int) -> None:
    names = members(maven.data, level)
    slices = [cut(maven, level, name) for name in names]
    assert len(names) == n
    assert sum(measure(c, BOOKINGS).value or 0 for c in slices) == pytest.approx(measure(maven, BOOKINGS).value)
    for field in ("k", "n"):
        assert sum(getattr(measure(c, WIN_RATE), field) for c in slices) == getattr(measure(maven, WIN_RATE), field)


@needs_maven
def test_maven_quarters_sum_to_the_published_totals() -> None:
    """March alone is in the first quarter; all four quarters are the file's 4,238 won of 6,711 and 10,005,534."""
    context = opened("crm_maven", period="2017Q4", as_of="2017-12-31")
    quarters = [context.calendar.parse(f"2017Q{q}", context.as_of) for q in (1, 2, 3, 4)]
    rows = [context.row(WIN_RATE, q) for q in quarters]
    won, closed = sum(r["numerator"] for r in rows), sum(r["denominator"] for r in rows)
    assert (won, closed, round(100 * won / closed, 2)) == (4238, 4238 + 2473, 63.15)
    assert sum(context.row(BOOKINGS, q)["value"] for q in quarters) == 10_005_534
    context.data.close()


@needs_maven
def test_maven_says_what_it_cannot_measure(maven: Context) -> None:
    assert measure(maven, BY_VALUE).value is None
    assert "carry no value" in measure(maven, BY_VALUE).reason
    retention = qbr.retention(maven)
    assert isinstance(retention, Off)
    assert "no table subscription" in retention.reason
    assert gap_of(maven).reason or "Timing not measurable: no history." in gap_of(maven).notes
    pipeline = json.dumps(qbr.pipeline(maven).payload())
    assert "no table opportunity_history" in pipeline
    assert "The amount of open deals is not recorded" in pipeline  # they are counted, not valued


@needs_maven
def test_maven_dirt_is_counted_on_the_page(maven: Context) -> None:
    text = qbr.data_quality(maven).text()
    assert "GTXPro" in text
    assert "technolgy" in text
    assert "account_id" in text


@needs_maven
def test_maven_tie_outs_hold(maven: Context) -> None:
    assert [t.says for t in tie_outs(maven) if not t.holds] == []


@needs_maven
def test_maven_runs_from_the_command_line(tmp_path: Path) -> None:
    """The whole path on a CRM export: one region's page, made by the command that the how-to names."""
    command = [str(Path(sys.executable).with_name("bizops")), "run", "qbr", "--out", str(tmp_path), "--json"]
    command += ["--company", "params/companies/crm_maven.yaml", "-p", "level=region", "-p", "member=West"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (page,) = tmp_path.glob("qbr/default/2*/report.html")
    text = page.read_text(encoding="utf-8")
    assert "West: Q4 FY17 bookings" in text
    assert 'data-v="989861' in text  # won value of the West in the quarter, as the file adds up
    assert str(ROOT) not in text


# -- AdventureWorks: orders and hierarchical targets, no lost and no open deals

needs_adventureworks = pytest.mark.skipif(
    not (SHARED / "qbr_quota_adventureworks").is_dir(), reason="shared/data is not here"
)


@pytest.fixture(scope="module")
def adventureworks() -> Iterator[Context]:
    context = opened("adventureworks", period="2020Q2", as_of="2020-05-31", people=True)
    yield context
    context.data.close()


@needs_adventureworks
def test_hierarchical_targets_are_not_counted_twice(adventureworks: Context) -> None:
    """Sellers' targets make the plan; those of the three managers and the director stand apart (Targets.csv)."""
    target = measure(adventureworks, BOOKINGS).target
    by_level = {
        level: float(quota(adventureworks.data, adventureworks.period, level=level).to_pandas()["value"].iloc[0])
        for level in ("rep", "manager", "vp")
    }
    assert target.label == "sum of sellers' quotas"
    assert target.value == pytest.approx(by_level["rep"])
    assert sum(by_level.values()) > by_level["rep"] > 0


@needs_adventureworks
def test_sales_against_targets_by_person_and_region_group(adventureworks: Context) -> None:
    people = carriers_of(adventureworks, adventureworks.period)
    groups = adventureworks.frame(attainment, adventureworks.period, ("region",)).dropna(subset=["denominator"])
    assert len(people) == 14  # eighteen people less three managers and the director
    assert set(groups["region"]) == {"Europe", "North America", "Pacific"}
    assert groups["denominator"].astype(float).sum() == pytest.approx(people["quota"].sum())
    assert groups["numerator"].astype(float).sum() == pytest.approx(people["credit"].sum())
    assert set(contributions(adventureworks)["part"]) == {"Europe", "North America", "Pacific"}


@needs_adventureworks
def test_a_register_of_orders_has_no_win_rate(adventureworks: Context) -> None:
    assert measure(adventureworks, WIN_RATE).value is None
    assert "100 % by construction" in measure(adventureworks, WIN_RATE).reason
    assert gap_of(adventureworks).effects == ("deal_count", "deal_size", "plan_above_run_rate")
    assert [t.says for t in tie_outs(adventureworks) if not t.holds] == []


@needs_adventureworks
def test_names_appear_only_on_demand(adventureworks: Context) -> None:
    without = replace(adventureworks, params=adventureworks.params.model_copy(update={"people": False}), _memo={})
    assert "Tsvi Reiter" in qbr.attainment(adventureworks).text()
    assert "Tsvi Reiter" not in "".join(
        getattr(qbr, part)(without).text() for part in ("attainment", "scorecard", "plan_gap", "contribution")
    )
