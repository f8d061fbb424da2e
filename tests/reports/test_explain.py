"""From every number of the review one step to what it means: definitions on the page, their SQL, tracked values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from bizops import press
from bizops.findings import MIME, walk
from bizops.metrics.compiled import tables_read
from bizops.metrics.registry import METRICS
from bizops.reports import _appendix, qbr
from bizops.reports._context import Context
from bizops.reports.qbr.explain import queries
from bizops.reports.qbr.measures import measures
from bizops.sources.demo import build_demo
from tests.reports.conftest import Write, closed_deals

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
PARTS = (
    "answer", "kpis", "asks", "scorecard", "plan_gap", "contribution", "pipeline", "wins_and_losses", "attainment",
    "retention", "what_would_change", "definitions", "data_quality", "provenance", "tracked",
)  # fmt: skip
NOT_OF_A_METRIC = {
    "on-track": "counts measures; each row of the table that it links to leads to its own definition",
}
"""Findings that state no metric, and why."""
NO_MEASURE = ("text", "status", "date", "count")
"""Formats of columns that hold no value of a metric: words, days, and how many records there are."""


def review(company: Path, as_of: str = "2026-10-04", **more: object) -> Context:
    return qbr.start(qbr.Params.read({"company": str(company), "as_of": as_of, **more}))


def company_file(folder: Path, **more: object) -> Path:
    content = {
        "name": "Demo", "currency": "EUR", "time_zone": "Europe/Berlin",
        "source": {"kind": "folder", "path": str(folder)},
        "metrics": {"BKG-07": {"owner": "Demand", "target": 3.0, "tolerance": 0.2}}, **more,
    }  # fmt: skip
    file = folder.parent / "company.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_demo(tmp_path_factory.mktemp("explained"), scale=0.1, seed=7)


@pytest.fixture(scope="module")
def context(folder: Path) -> Context:
    return review(company_file(folder))


@pytest.fixture(scope="module")
def parts(context: Context) -> dict[str, Json]:
    return {name: json.loads(json.dumps(getattr(qbr, name)(context).payload())) for name in PARTS}


@pytest.fixture(scope="module")
def definitions(parts: dict[str, Json]) -> dict[str, Json]:
    return {b["id"]: b for b in parts["definitions"]["blocks"] if b["kind"] == "definition"}


@pytest.fixture(scope="module")
def pages(parts: dict[str, Json]) -> dict[str, BeautifulSoup]:
    """The pages of the review, read by a parser that is not ours."""
    cells = [new_code_cell(outputs=[new_output("display_data", data={MIME: p})]) for p in parts.values()]
    notebook = nbformat.reads(nbformat.writes(new_notebook(cells=cells)), as_version=4)
    made = {name: press.render(notebook, name, {}) for name in ("leadership", "analyst")}
    return {name: BeautifulSoup(text, "html.parser") for name, text in made.items()}


# -- the payloads


def test_every_card_has_a_definition_on_the_page(parts: dict[str, Json], definitions: dict[str, Json]) -> None:
    cards = parts["kpis"]["items"]
    assert len(cards) == 6
    assert [card["id"] for card in cards if card["metric"] not in definitions] == []


def test_every_finding_has_a_definition_or_is_an_exception_with_its_reason(
    parts: dict[str, Json], definitions: dict[str, Json]
) -> None:
    blocks = list(walk(parts.values()))
    found = [b for b in blocks if b["kind"] == "finding"] + [f for b in blocks for f in b.get("evidence", ())]
    assert len(found) > 10
    without = {f["id"] for f in found if f["metric"] not in definitions}
    assert without == set(NOT_OF_A_METRIC)


def test_every_column_of_a_measure_leads_to_its_definition(
    parts: dict[str, Json], definitions: dict[str, Json]
) -> None:
    """Tables of the appendices describe data, settings and the run; all others show metrics."""
    shown = [b for name, p in parts.items() if p["kind"] != "appendix" for b in walk([p]) if b["kind"] == "table"]
    assert len(shown) >= 14
    for table in shown:
        assert set(table["metrics"]) <= set(definitions), table["id"]
        by_row = bool(table["metrics"])
        measures = [c for c in table["columns"] if c["format"] not in NO_MEASURE]
        without = [c["name"] for c in measures if c["metric"] not in definitions]
        assert by_row or not without, (table["id"], without)
        assert by_row or measures or any(c["metric"] for c in table["columns"]), table["id"]


# -- the page


def test_every_link_to_a_definition_arrives(pages: dict[str, BeautifulSoup], definitions: dict[str, Json]) -> None:
    for page in pages.values():
        places = {tag["id"] for tag in page.find_all(id=True)}
        assert {f"m-{id_.lower()}" for id_ in definitions} <= places
        links = page.select("a.def")
        assert len(links) > 30
        assert [a for a in links if a.get("href", "").removeprefix("#") not in places] == []
        assert [a for a in links if not (a.get("aria-label") or a.text).strip()] == []
        assert all(len(card.select("a.def[href^='#m-']")) == 1 for card in page.select("li.kpi"))


def test_every_heading_and_sentence_of_a_metric_has_its_link(pages: dict[str, BeautifulSoup]) -> None:
    page = pages["leadership"]
    for name in ("plan-gap", "contribution", "coverage", "win-rates", "deal-size", "attainment-quarters", "arr-bridge"):
        assert page.select(f"#t-{name} thead a.def[href^='#m-']"), name
    rows = page.select("#t-scorecard tbody th[scope=row]")
    assert len(rows) >= 10
    assert all(row.select_one("a[href^='#m-']") for row in rows)
    for heading in page.select("section.told > h2"):
        if heading["id"] in ("s-plan-gap", "s-contribution", "s-pipeline", "s-wins", "s-people", "s-retention"):
            assert heading.find_next("p").select_one("a[href^='#m-']"), heading["id"]
    answered = [a["href"] for a in page.select("section.answer a.def")]
    assert answered == ["#m-bkg-01", "#m-bkg-07"]


def test_only_the_analyst_sees_the_sql(pages: dict[str, BeautifulSoup], definitions: dict[str, Json]) -> None:
    assert "SELECT" not in str(pages["leadership"])
    for id_ in definitions:
        assert "SELECT" in pages["analyst"].select_one(f"#m-{id_.lower()} pre").text, id_


def test_a_link_without_its_definition_is_left_out_of_the_page(parts: dict[str, Json]) -> None:
    cells = [new_code_cell(outputs=[new_output("display_data", data={MIME: parts[n]})]) for n in ("kpis", "scorecard")]
    page = BeautifulSoup(press.render(new_notebook(cells=cells), "leadership", {}), "html.parser")
    assert page.select("a.def") == []
    assert page.select_one("#t-scorecard tbody th").text == "Bookings"


def test_a_definition_says_what_it_was_measured_with(context: Context, definitions: dict[str, Json]) -> None:
    told = definitions["BKG-01"]
    opportunity = next(t for t in told["sources"] if t["table"] == "opportunity")
    truth = pd.read_parquet(context.company.resolve(Path(str(context.company.source.path))) / "opportunity.parquet")
    assert {"amount", "close_on", "is_closed", "is_won"} <= set(opportunity["columns"]) <= set(truth.columns)
    assert opportunity["rows"] == context.data["opportunity"].count().execute() <= len(truth)
    assert opportunity["extracted_at"].startswith("2026-10-05T06:00")  # 04:00 UTC in Berlin
    assert "/" not in opportunity["origin"]
    coverage = definitions["BKG-07"]
    assert (coverage["owner"], coverage["target"], coverage["tolerance"]) == ("Demand", 3.0, 0.2)
    assert {p["id"] for p in coverage["policies"]} == set(METRICS["BKG-07"].policies)


# -- the SQL


def test_the_sql_of_every_metric_gives_its_value(context: Context, definitions: dict[str, Json]) -> None:
    """Executed by DuckDB itself, without the library that compiled it."""
    engine = context.data["opportunity"].get_backend().con
    assert set(definitions) == set(qbr.METRIC_IDS)
    expected = {id_: query.to_pandas() for id_, query in queries(context, qbr.METRIC_IDS).items()}
    for id_, told in definitions.items():
        by = [c for c in expected[id_].columns if c not in ("value", "n", "numerator", "denominator")]
        found = engine.execute(told["sql"]).df()
        pd.testing.assert_frame_equal(
            found.sort_values(by or "n", ignore_index=True),
            expected[id_].sort_values(by or "n", ignore_index=True),
            check_dtype=False,
            obj=id_,
        )


def test_the_sql_runs_on_the_source_tables_alone(
    context: Context, parts: dict[str, Json], definitions: dict[str, Json]
) -> None:
    """In a session that knows nothing but the source tables: the shared facts in their order, then every query."""
    analyst = duckdb.connect()
    for table in context.data.tables.values():
        analyst.register("source", table.to_pyarrow())
        analyst.execute(f"CREATE TABLE {table.get_name()} AS FROM source")
    (facts,) = [p for p in walk([parts["definitions"]]) if p["kind"] == "facts"]
    for fact in facts["facts"]:
        analyst.execute(fact["sql"])
    expected = {id_: query.to_pandas() for id_, query in queries(context, qbr.METRIC_IDS).items()}
    for id_, told in definitions.items():
        by = [c for c in expected[id_].columns if c not in ("value", "n", "numerator", "denominator")]
        pd.testing.assert_frame_equal(
            analyst.execute(told["sql"]).df().sort_values(by or "n", ignore_index=True),
            expected[id_].sort_values(by or "n", ignore_index=True),
            check_dtype=False,
            obj=id_,
        )


def test_every_shared_fact_is_shown_once_and_to_the_analyst_alone(
    pages: dict[str, BeautifulSoup], definitions: dict[str, Json]
) -> None:
    shown = [d["id"].removeprefix("q-") for d in pages["analyst"].select("details[id^='q-']")]
    assert len(shown) == len(set(shown)) >= 3
    assert {name for told in definitions.values() for name in re.findall(r"bizops_\w+_\d+", told["sql"])} <= set(shown)
    assert "CREATE TEMP TABLE" not in str(pages["leadership"])
    assert pages["leadership"].select("[id^='q-']") == []


def test_the_sql_of_a_card_gives_the_number_on_it(
    context: Context, parts: dict[str, Json], definitions: dict[str, Json]
) -> None:
    engine = context.data["opportunity"].get_backend().con
    for card in parts["kpis"]["items"]:
        (value,) = engine.execute(f"SELECT value FROM ({definitions[card['metric']]['sql']})").fetchone()
        assert value == pytest.approx(card["value"], rel=1e-12), card["id"]


def test_the_sql_names_no_path_and_is_the_same_in_every_run(context: Context, definitions: dict[str, Json]) -> None:
    for told in definitions.values():
        assert not re.search(r"memtable|\.parquet|/tmp|read_", told["sql"]), told["id"]
    asked = ("BKG-01", "BKG-07", "BKG-13")
    fresh = review(Path(str(context.params.company)))
    again = _appendix.definitions(fresh, [METRICS[i] for i in asked], queries(fresh, asked)).payload()["blocks"]
    numbered = re.compile(r"(bizops_\w+?)_\d+")
    for told in again[: len(asked)]:
        assert numbered.sub(r"\1", told["sql"]) == numbered.sub(r"\1", definitions[told["id"]]["sql"]), told["id"]


def test_plan_values_stand_in_the_query(definitions: dict[str, Json], context: Context) -> None:
    frame = queries(context, ("BKG-07",))["BKG-07"].to_pandas()
    engine = context.data["opportunity"].get_backend().con
    found = engine.execute(definitions["BKG-07"]["sql"]).df()
    assert found["denominator"].iloc[0] == pytest.approx(frame["denominator"].iloc[0])


def test_the_tables_of_a_metric_are_those_that_change_it(company_on_disk: Write) -> None:
    """A table that is named can move the number; one that is not named cannot."""
    deals = closed_deals("2026-07-01", 4, 2, 100.0, "d", owner_id="s1")
    people = pd.DataFrame({"person_id": ["s1"], "name": ["Sue"], "team_id": ["t1"]})
    rates = pd.DataFrame({"currency": ["USD"], "on": ["2026-01-01"], "rate": [0.9], "rate_type": ["plan"]})
    company = company_on_disk({"opportunity": deals, "dim_person": people, "fx_rate": rates})
    opened = review(company, "2026-10-04")
    read = tables_read(opened.data, opened.expression(METRICS["BKG-01"]))
    assert set(read) == {"opportunity", "dim_person", "fx_rate"}
    assert {"amount", "close_on", "is_won", "owner_id"} <= read["opportunity"]
    assert read["dim_person"] <= {"person_id", "name", "team_id"}
    alone = review(company_on_disk({"opportunity": deals}), "2026-10-04")
    assert set(tables_read(alone.data, alone.expression(METRICS["BKG-01"]))) >= {"opportunity"}


# -- versions


def versions(context: Context) -> dict[str, str]:
    told = _appendix.definitions(context, [METRICS[i] for i in ("BKG-01", "BKG-03", "BKG-05-MEDIAN")]).blocks
    return {b.id: b.revision for b in told if hasattr(b, "revision")}


def test_a_version_follows_the_settings_and_not_the_rows(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 30, 9, 10.0, q) for q in ("2026-04-01", "2026-07-01")])
    before = versions(review(company_on_disk({"opportunity": deals})))
    assert versions(review(company_on_disk({"opportunity": deals.iloc[5:]}))) == before
    assert versions(review(company_on_disk({"opportunity": deals}, metrics={"BKG-01": {"target": 9.0}}))) == before
    other = versions(review(company_on_disk({"opportunity": deals}, policies={"P15": "tcv"})))
    changed = {id_ for id_ in before if before[id_] != other[id_]}
    assert changed == {id_ for id_ in before if "P15" in METRICS[id_].policies}
    assert "BKG-01" in changed
    assert "BKG-03" not in changed


# -- tracked values


def test_every_measure_is_tracked_for_the_quarter_and_the_eight_before(parts: dict[str, Json]) -> None:
    values = pd.DataFrame(parts["tracked"]["values"])
    scored = {m for t in walk([parts["scorecard"]]) if t.get("id") == "scorecard" for m in t.get("metrics", ())}
    assert scored <= set(values["metric"])
    quarters = [
        f"{y}Q{q}"
        for y, q in [(2024, 3), (2024, 4), *((2025, q) for q in (1, 2, 3, 4)), *((2026, q) for q in (1, 2, 3))]
    ]
    for metric, rows in values.groupby("metric"):
        assert rows["period"].tolist() == (["2026Q4"] if metric == "BKG-07" else quarters)
    assert values.loc[values["metric"] != "BKG-07", "is_closed"].all()
    assert not values.loc[values["metric"] == "BKG-07", "is_closed"].any()
    shown = {card["metric"]: card["value"] for card in parts["kpis"]["items"]}
    now = values[values["period"] == "2026Q3"].set_index("metric")["value"]
    assert {m: now[m] for m in shown} == pytest.approx(shown)


def test_a_tracked_past_value_is_what_a_review_of_that_quarter_says(context: Context, parts: dict[str, Json]) -> None:
    values = {(v["metric"], v["period"]): v for v in parts["tracked"]["values"]}
    then = review(Path(str(context.params.company)), period="2025Q4")
    for m in measures(then):
        assert values[m.id, "2025Q4"]["value"] == pytest.approx(m.value), m.id
        assert values[m.id, "2025Q4"]["n"] == m.n


def test_a_running_quarter_is_not_closed_and_what_the_data_lack_is_not_tracked(company_on_disk: Write) -> None:
    deals = pd.concat([closed_deals(q, 30, 9, 10.0, q) for q in ("2026-01-01", "2026-04-01", "2026-07-01")])
    opened = review(company_on_disk({"opportunity": deals}), "2026-08-01", period="current")
    values = qbr.tracked(opened).values
    bookings = {v.period: v for v in values if v.metric == "BKG-01"}
    assert (bookings["2026Q3"].is_closed, bookings["2026Q2"].is_closed) == (False, True)
    assert (bookings["2026Q2"].value, bookings["2026Q2"].n, bookings["2025Q4"].value) == (90.0, 9, None)
    assert not [v for v in values if v.metric.startswith("ARR")]
    assert {v.scope for v in values} == {"company"}


def test_tracked_values_travel_in_the_notebook_and_show_on_no_page(
    parts: dict[str, Json], pages: dict[str, BeautifulSoup]
) -> None:
    notebook = json.loads((ROOT / "notebooks" / "qbr.ipynb").read_text(encoding="utf-8"))
    assert any("qbr.tracked(review)" in "".join(cell["source"]) for cell in notebook["cells"])
    assert all(page.find(id="tracked") is None for page in pages.values())
    cell = new_code_cell(outputs=[new_output("display_data", data={MIME: parts["tracked"]})])
    stored = press.findings_of(new_notebook(cells=[cell]), {})
    assert stored["tracked"] == parts["tracked"]["values"]


def test_findings_json_holds_the_definitions(parts: dict[str, Json], definitions: dict[str, Json]) -> None:
    cell = new_code_cell(outputs=[new_output("display_data", data={MIME: parts["definitions"]})])
    stored = {d["id"]: d for d in press.findings_of(new_notebook(cells=[cell]), {})["definitions"]}
    assert set(stored) == set(definitions)
    told = stored["BKG-01"]
    assert told["version"] == definitions["BKG-01"]["revision"]
    assert {p["id"]: p["value"] for p in told["policies"]}["P15"] == "acv"
    assert [t["table"] for t in told["sources"]] == sorted(t["table"] for t in told["sources"])
    assert "html" not in told


# -- a real browser


@pytest.fixture(scope="module")
def opened_page(
    browser: Any, pages: dict[str, BeautifulSoup], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    file = tmp_path_factory.mktemp("browser") / "page.html"
    file.write_text(str(pages["leadership"]), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(file.as_uri())
    yield page
    page.close()


def test_a_click_on_a_cards_definition_opens_it_and_moves_the_focus(opened_page: Any) -> None:
    place = opened_page.locator("#m-bkg-01")
    assert place.get_attribute("open") is None
    opened_page.get_by_role("link", name="Definition of Bookings", exact=True).first.click()
    opened_page.wait_for_function("document.activeElement.id == 'm-bkg-01'")
    assert place.get_attribute("open") is not None
    assert opened_page.get_by_text("Sum of the value by P15 (first-year or total contract value)").first.is_visible()
    assert place.bounding_box()["y"] < 900
    place.locator("summary").first.click()
    assert place.get_attribute("open") is None
    opened_page.get_by_role("link", name="Definition of Bookings", exact=True).first.click()
    assert place.get_attribute("open") is not None, "the second time too"


def test_every_link_to_a_definition_is_large_enough_to_touch(opened_page: Any) -> None:
    small = """[...document.querySelectorAll(".def")].map(a => a.getBoundingClientRect())
        .filter(box => box.width && (box.width < 24 || box.height < 24)).length"""
    for width in (1280, 390):
        opened_page.set_viewport_size({"width": width, "height": 900})
        assert opened_page.evaluate(small) == 0


def test_the_link_of_a_heading_stands_beside_the_button_that_sorts(opened_page: Any) -> None:
    head = opened_page.locator("#t-win-rates thead th:has(.def)").first
    assert head.locator("button").count() == 1
    assert head.locator("button .def").count() == 0
    assert head.locator("> a.def").get_attribute("href") == "#m-bkg-03"
