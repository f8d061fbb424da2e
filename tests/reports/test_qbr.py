"""The QBR on companies whose answer is known: worked fixtures, parts and wholes, what the data cannot say."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.findings import Off
from bizops.findings.wire import walk
from bizops.reports import qbr
from bizops.reports._context import Context
from bizops.reports.qbr.gap import _telling, contributions, gap_of
from bizops.reports.qbr.measures import measure, measures
from bizops.reports.qbr.params import members
from bizops.reports.qbr.people import merged
from bizops.reports.qbr.ties import tie_outs
from tests.reports.conftest import Write, closed_deals

QUARTERS = [f"{y}-{m:02d}-01" for y in (2024, 2025, 2026) for m in (1, 4, 7, 10)]


def review(company: Path, as_of: str, **more: object) -> Context:
    return qbr.start(qbr.Params.read({"company": str(company), "as_of": as_of, **more}))


def csv_of(payload: Mapping[str, Any], table: str) -> list[dict[str, str]]:
    """The rows of a table as the page's reader downloads them."""
    found = next(p for p in walk([payload]) if p["kind"] == "table" and p["id"] == table)
    return list(csv.DictReader(io.StringIO(found["csv"].lstrip("\ufeff"))))


def plain(text: str) -> str:
    """Text with ordinary spaces."""
    return text.replace("\u00a0", " ")


@pytest.fixture
def w13(company_on_disk: Write) -> Path:
    """W13 as whole deals: four quarters of 1,000 deals at 25 % and 20, then 900 at 22 % and 22."""
    before = [closed_deals(q, 1000, 250, 20, f"b{i}") for i, q in enumerate(QUARTERS[:4])]
    return company_on_disk({"opportunity": pd.concat([*before, closed_deals(QUARTERS[4], 900, 198, 22, "n")])})


def test_w13_factor_split_from_disk_to_page(w13: Path) -> None:
    context = review(w13, "2025-03-31")
    row = csv_of(qbr.plan_gap(context).payload(), "plan-gap")[0]
    effects = {name: float(row[name]) for name in ("volume", "win_rate", "deal_size", "change")}
    assert {k: round(v / 10, 1) for k, v in effects.items()} == {
        "volume": -49.3, "win_rate": -59.8, "deal_size": 44.7, "change": -64.4,
    }  # fmt: skip
    assert sum(effects.values()) == pytest.approx(2 * effects["change"], abs=1e-9)
    assert (gap_of(context).start, gap_of(context).finish) == (5000.0, 4356.0)


def test_w08_normal_range_from_disk_to_page(company_on_disk: Write) -> None:
    values = (52, 48, 55, 50, 47, 53, 49, 51, 54, 50)
    deals = [closed_deals(q, 1, 1, v, f"q{i}") for i, (q, v) in enumerate(zip(QUARTERS, values, strict=False))]
    context = review(company_on_disk({"opportunity": pd.concat(deals)}), "2026-06-30")
    payload = qbr.scorecard(context).payload()
    last = csv_of(payload, "bookings-trend")[-1]
    assert [round(float(last[c]), 2) for c in ("lower", "upper")] == [39.67, 62.13]
    assert round(float(last["centre"]), 1) == 50.9
    told = [p["sentence"] for p in walk([payload]) if p["kind"] == "finding" and p["id"] == "bookings-trend"]
    assert "unchanged" in told[0]


def test_without_eight_quarters_there_is_no_normal_range(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 4, 2, 10, f"q{i}") for i, q in enumerate(QUARTERS[:7])])
    payload = qbr.scorecard(review(company_on_disk({"opportunity": deals}), "2025-09-30")).payload()
    assert not [p for p in walk([payload]) if p["kind"] == "finding" and p["id"] == "bookings-trend"]
    assert {r["lower"] for r in csv_of(payload, "bookings-trend")} == {""}


# -- parts and wholes


@pytest.fixture
def sliced(company_on_disk: Write) -> Path:
    """Two regions with two segments and two managers, five quarters, a plan by region and segment."""
    people = pd.DataFrame(
        {
            "person_id": ["m1", "m2", "s1", "s2", "s3", "s4"],
            "name": ["Mona", "Milo", "Sue", "Sam", "Sid", "Sol"],
            "manager_id": [None, None, "m1", "m1", "m2", "m2"],
            "team_id": ["t1", "t2", "t1", "t1", "t2", "t2"],
        }
    )
    teams = pd.DataFrame({"team_id": ["t1", "t2"], "name": ["North", "South"], "region": ["North", "South"]})
    cells = [("s1", "SMB", 12, 5), ("s2", "ENT", 6, 2), ("s3", "SMB", 10, 2), ("s4", "ENT", 8, 4)]
    deals = pd.concat(
        [
            closed_deals(q, n + i, w + i % 2, 100.0 + 10 * i, f"{owner}-{i}", owner_id=owner, segment=segment)
            for i, q in enumerate(QUARTERS[:5])
            for owner, segment, n, w in cells
        ]
    )
    plan = pd.DataFrame(
        {
            "metric_id": "BKG-01",
            "scope": [f'{{"region":"{r}","segment":"{s}"}}' for r in ("North", "South") for s in ("SMB", "ENT")],
            "period_start": "2025-01-01",
            "period_end": "2025-04-01",
            "version": "budget",
            "value": [700.0, 400.0, 500.0, 600.0],
        }
    )
    tables = {"opportunity": deals, "dim_person": people, "dim_team": teams, "plan": plan}
    return company_on_disk(tables, metrics={"BKG-01": {"owner": "CRO"}})


@pytest.mark.parametrize("level", ["region", "segment", "manager"])
def test_members_of_a_level_sum_to_the_company(sliced: Path, level: str) -> None:
    whole = review(sliced, "2025-03-31")
    parts = [review(sliced, "2025-03-31", level=level, member=name) for name in members(whole.data, level)]
    assert len(parts) == 2
    for metric in ("BKG-01", "BKG-03"):
        values = [next(m for m in measures(c) if m.id == metric) for c in (whole, *parts)]
        counted = [m.value if metric == "BKG-01" else m.k for m in values]
        assert sum(counted[1:]) == pytest.approx(counted[0])
    if level != "manager":  # a plan by region and segment has no manager
        targets = [measure(c, qbr.METRICS["BKG-01"]).target.value or 0.0 for c in (whole, *parts)]
        assert sum(targets[1:]) == pytest.approx(targets[0]) == pytest.approx(2200.0)


def test_every_tie_out_holds(sliced: Path) -> None:
    ties = tie_outs(review(sliced, "2025-03-31"))
    assert len(ties) >= 6
    assert [t.says for t in ties if not t.holds] == []


def test_a_broken_sum_is_seen() -> None:
    from bizops.reports._appendix import TieOut

    assert not TieOut("parts = whole", 0.02).holds
    assert TieOut("parts = whole", 0.005).holds


def test_plan_to_actual_by_part(sliced: Path) -> None:
    context = review(sliced, "2025-03-31")
    rows = contributions(context).set_index("part")
    # fifth quarter: won w + 0 deals at 140
    assert rows.loc["North, SMB", "actual"] == pytest.approx(5 * 140)
    assert rows.loc["South, SMB", "gap"] == pytest.approx(2 * 140 - 500)
    assert rows["share"].sum() == pytest.approx(1.0)
    assert gap_of(context).start == pytest.approx(2200.0)
    assert gap_of(context).finish == pytest.approx(13 * 140)
    assert plain(qbr.answer(context).title) == "Q1 FY25 bookings EUR 1.82 k, 17.3 % below plan"


def test_the_ask_names_the_owner_of_the_metric_and_a_business_day(sliced: Path) -> None:
    ask = qbr.asks(review(sliced, "2025-03-31")).items[0]
    assert ask.ask == "Decide on a recovery plan for South, SMB"
    assert (ask.owner, ask.value) == ("CRO", pytest.approx(-220.0))
    assert str(ask.due) == "2025-04-14"  # ten business days after Monday, 31 March


def test_an_unknown_member_is_refused_with_the_nearest(sliced: Path) -> None:
    context = review(sliced, "2025-03-31")
    params = qbr.Params.read({"company": str(sliced), "level": "region", "member": "Nort"})
    with pytest.raises(InputError, match=r"there is no region 'Nort'. Did you mean 'North'\?"):
        params.check(context.data)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"level": "region"}, "needs a member"),
        ({"member": "North"}, "needs a level"),
        ({"level": "galaxy", "member": "x"}, "level"),
        ({"perod": "last"}, r"unknown name 'perod'. Did you mean 'period'\?"),
        ({"as_of": "31.03.2025"}, "YYYY-MM-DD"),
        ({"people": "yes"}, "people"),
        ({"period": 2025}, "period"),
    ],
)
def test_parameters_are_typed_and_not_guessed(given: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        qbr.Params.read(given)


# -- what the data cannot say


def test_five_columns_make_a_first_review(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 30, 9, 10.0, f"q{i}") for i, q in enumerate(QUARTERS[:3])])
    context = review(company_on_disk({"opportunity": deals.drop(columns="created_at")}), "2024-09-30")
    assert measure(context, qbr.METRICS["BKG-01"]).value == 90.0
    off = qbr.retention(context)
    assert isinstance(off, Off)
    assert "no table subscription" in off.reason
    assert "no table opportunity_history" in qbr.what_would_change(context).text()


def test_a_source_without_lost_deals_has_no_win_rate(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 9, 9, 10.0, f"q{i}") for i, q in enumerate(QUARTERS[:5])])
    context = review(company_on_disk({"opportunity": deals}), "2025-03-31")
    m = measure(context, qbr.METRICS["BKG-03"])
    assert (m.value, "100 % by construction" in m.reason) == (None, True)
    assert gap_of(context).effects == ("deal_count", "deal_size")


def test_a_quarter_before_the_first_record_is_unknown_and_not_zero(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 30, 9, 10.0, f"q{i}") for i, q in enumerate(QUARTERS[2:4])])
    m = measure(review(company_on_disk({"opportunity": deals}), "2024-12-31"), qbr.METRICS["BKG-01"])
    assert (m.value, m.prior, m.last_year) == (90.0, 90.0, None)


def test_a_quarter_without_any_deal_is_zero_and_says_so(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 30, 9, 10.0, f"q{i}") for i, q in enumerate(QUARTERS[:4])])
    context = review(company_on_disk({"opportunity": deals}), "2025-03-31")
    assert measure(context, qbr.METRICS["BKG-01"]).value == 0.0
    assert plain(qbr.answer(context).title) == "Q1 FY25 bookings EUR 0, 100.0 % below the mean of the 4 quarters before"
    assert qbr.wins_and_losses(context).payload()["kind"] == "section"


def test_small_samples_are_not_coloured(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 8, 3, 10.0, f"q{i}") for i, q in enumerate(QUARTERS[:5])])
    company = company_on_disk({"opportunity": deals}, metrics={"BKG-03": {"target": 0.9}})
    m = measure(review(company, "2025-03-31"), qbr.METRICS["BKG-03"])
    assert m.status == "too_little_data"
    # C10: 3 of 8 has the interval 13.7 to 69.4 %
    assert m.interval is not None
    assert [round(100 * x, 1) for x in m.interval] == [13.7, 69.4]


# -- time


def test_a_quarter_in_flight_is_held_against_the_same_days_and_the_usual_course(company_on_disk: Write) -> None:
    """Each earlier quarter won 100 on its first day and 300 on its 80th: a quarter of the plan is due by then."""
    early = [closed_deals(q, 1, 1, 100.0, f"e{i}") for i, q in enumerate(QUARTERS[:5])]
    late = [
        closed_deals(f"{pd.Timestamp(q) + pd.Timedelta(days=79):%Y-%m-%d}", 1, 1, 300.0, f"l{i}")
        for i, q in enumerate(QUARTERS[:4])
    ]
    plan = pd.DataFrame(
        {"metric_id": ["BKG-01"], "scope": "{}", "period_start": "2025-01-01", "period_end": "2025-04-01",
         "version": "budget", "value": 800.0}
    )  # fmt: skip
    company = company_on_disk({"opportunity": pd.concat([*early, *late]), "plan": plan})
    context = review(company, "2025-02-14", period="current")
    m = measure(context, qbr.METRICS["BKG-01"])
    assert context.in_flight
    assert (m.value, m.prior, m.last_year) == (100.0, 100.0, 100.0)
    assert (m.target.value, m.target.whole) == (pytest.approx(200.0), 800.0)
    assert m.target.label == "plan due by now"


def test_rows_after_as_of_change_nothing(sliced: Path) -> None:
    """The same page before and after the source has learned of deals, people and a plan of later days."""
    before = {k: qbr_payload(review(sliced, "2024-12-31"), k) for k in PARTS}
    folder = sliced.parent / "data"
    later = {
        "opportunity": closed_deals("2025-03-15", 50, 40, 9999.0, "later", owner_id="s1", segment="SMB"),
        "dim_person": pd.DataFrame({"person_id": ["s9"], "name": ["Zoe"], "team_id": ["t1"], "hired_on": "2025-01-02"}),
    }
    for name, rows in later.items():
        known = pd.read_csv(folder / f"{name}.csv")
        pd.concat([known, rows]).to_csv(folder / f"{name}.csv", index=False)
    assert {k: qbr_payload(review(sliced, "2024-12-31"), k) for k in PARTS} == before
    # the same rows do count once their day has come
    assert measure(review(sliced, "2025-03-31"), qbr.METRICS["BKG-01"]).value == pytest.approx(13 * 140 + 40 * 9999)


PARTS = ("answer", "kpis", "asks", "scorecard", "plan_gap", "contribution", "wins_and_losses")


def qbr_payload(context: Context, part: str) -> Any:
    return getattr(qbr, part)(context).payload()


def test_the_notebook_has_the_parameters_of_the_model() -> None:
    import ast
    import json

    root = Path(__file__).parents[2]
    notebook = json.loads((root / "notebooks" / "qbr.ipynb").read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
    assigned = {
        node.target.id: ast.literal_eval(node.value)  # type: ignore[union-attr, arg-type]
        for node in ast.parse("".join(cell["source"])).body
        if isinstance(node, ast.AnnAssign)
    }
    defaults = {name: f.default for name, f in qbr.Params.model_fields.items()}
    assert set(assigned) == set(defaults)
    assert qbr.Params.read(assigned) == qbr.Params()


# -- what a reader must not be told


def test_a_period_before_the_records_is_refused_and_a_day_before_them_too(sliced: Path) -> None:
    context = review(sliced, "2025-03-31")
    early = qbr.Params.read({"company": str(sliced), "period": "2023Q4"})
    with pytest.raises(InputError, match="2023Q4 ends before the source's first closed deal, on 2024-01-01"):
        early.check(context.data)
    empty = review(sliced, "2020-06-30")
    with pytest.raises(InputError, match="no opportunity is left at the end of 2020-06-30"):
        qbr.Params.read({"company": str(sliced)}).check(empty.data)


@pytest.mark.parametrize("text", ["2025W10", "FY2024", "2024-05"])
def test_the_review_is_of_a_quarter(sliced: Path, text: str) -> None:
    with pytest.raises(InputError, match="the review is of a quarter"):
        review(sliced, "2025-03-31", period=text)


def test_parts_due_by_now_sum_to_the_company(sliced: Path) -> None:
    """One usual course for all: otherwise the regions' pages would not add up to the company's."""
    whole = review(sliced, "2025-02-15", period="current")
    parts = [review(sliced, "2025-02-15", period="current", level="region", member=r) for r in ("North", "South")]
    due = [measure(c, qbr.METRICS["BKG-01"]).target.value for c in (whole, *parts)]
    assert due[0] is not None
    assert 0 < due[0] <= 2200
    assert sum(d or 0.0 for d in due[1:]) == pytest.approx(due[0])


@pytest.mark.parametrize(
    ("bars", "told"),
    [
        ([-127, -120, 111, 43], [-127, -120, 111]),  # two causes of 247 for a gap of 93: what works against it is told
        ([-90, -20, 5], [-90, -20, 5]),
        ([-60, -20, -10], [-60, -20]),
        ([70, -30, 20], [70, -30]),
    ],
)
def test_two_causes_that_overshoot_are_told_with_what_works_against_them(bars: list[int], told: list[int]) -> None:
    amounts = pd.Series(bars, dtype=float)
    assert [amounts[i] for i in _telling(amounts, float(sum(bars)))] == told


def test_groups_of_fewer_than_five_people_are_shown_together() -> None:
    rows = pd.DataFrame(
        {"label": list("abcd"), "credit": [1.0, 2, 3, 40], "quota": [2.0, 2, 2, 50], "n": [1, 3, 6, 20],
         "attainment": [0.5, 1, 1.5, 0.8]}
    )  # fmt: skip
    found = merged(rows)
    assert found["n"].min() >= 5
    assert found["label"].tolist() == ["d", "Groups of fewer than 5"]
    last = found.iloc[-1]
    assert (last["n"], last["credit"], last["attainment"]) == (10, 6.0, 1.0)
    assert found["credit"].sum() == rows["credit"].sum()
    alone = merged(rows.assign(n=[5, 6, 7, 8]))
    assert sorted(alone["label"]) == list("abcd")
