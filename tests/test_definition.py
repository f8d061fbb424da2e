"""Explanations of metrics and the values that later runs compare with: what they say, how they travel."""

from __future__ import annotations

import dataclasses
import hashlib
import html.parser
import json
from typing import Any

import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.findings import (
    Definition,
    Finding,
    Kpis,
    Section,
    Setting,
    SourceTable,
    Tracked,
    TrackedValue,
    contribution,
    kpi,
    read,
    version_of,
)
from bizops.findings.definition import EVIDENCE, link, sql_html, with_sql
from bizops.findings.finding import GRADES
from bizops.tables import Col, Table

HOSTILE = '"><script>alert(1)</script>&'


def definition(**changes: Any) -> Definition:
    made = Definition(
        "BKG-01",
        "Bookings",
        "Value of opportunities won in the period",
        "money",
        "up",
        "additive",
        (
            Setting("P10", "Exchange rate", "plan_rate", "plan_rate", "rate of movements"),
            Setting("P15", "Bookings value", "tcv", "acv", "first-year or total contract value"),
        ),
        (SourceTable("opportunity", "crm.csv", 8800, "2026-10-04T06:00+02:00", ("amount", "close_on")),),
        source="Metric dictionary BKG-01",
        owner="Chief Revenue Officer",
        target=1_000_000.0,
        tolerance=50_000.0,
        currency="EUR",
        as_of="2026-10-04",
        revision="0123abcd",
        sql="SELECT 1 < 2",
    )
    return dataclasses.replace(made, **changes)


class _Text(html.parser.HTMLParser):
    """The text, the tags and the ids of a fragment, read by another parser than the one that we write for."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.all.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def test_an_explanation_says_formula_reading_settings_tables_owner_and_version() -> None:
    shown = _Text(definition().html())
    for words in (
        "Bookings (BKG-01)",
        "Value of opportunities won in the period",
        "money in EUR; higher is better; adds up over periods and parts",
        "P15 Bookings value: tcv (default: acv); first-year or total contract value",
        "P10 Exchange rate: plan_rate (the default)",
        "Source tables at the end of 4 Oct 2026",
        "opportunity: 8,800 rows; read from crm.csv; extracted 4 Oct 2026, 06:00; columns amount, close_on",
        "Chief Revenue Officer",
        "EUR 1.00 M ± EUR 50.0 k",
        "Metric dictionary BKG-01",
        "0123abcd",
    ):
        assert words in shown.text, words
    assert shown.open == []
    assert shown.all[0] == ("details", {"class": "definition", "id": "m-bkg-01"})
    assert [tag for tag, _ in shown.all][1] == "summary"


def test_what_is_not_known_is_said() -> None:
    bare = definition(policies=(), owner="", target=None, sources=(SourceTable("plan", "", 1),), as_of="")
    text = _Text(bare.html()).text
    assert "no owner is set" in text
    assert "no policy changes it" in text
    assert "plan: 1 row; the source does not say when it was extracted" in text
    assert "Target" not in text


def test_the_sql_is_apart_from_the_html_and_escaped() -> None:
    payload = definition(sql=f"SELECT '{HOSTILE}'").payload()
    assert "SELECT" not in payload["html"]
    assert payload["sql"] == f"SELECT '{HOSTILE}'"
    whole = _Text(with_sql(payload))
    assert f"SELECT '{HOSTILE}'" in whole.text
    assert "script" not in {tag for tag, _ in whole.all}
    assert sql_html({**payload, "sql": ""}) == ""
    assert with_sql({k: v for k, v in payload.items() if k != "sql"}) == payload["html"]


def test_hostile_words_stay_words() -> None:
    words = dict.fromkeys(("name", "definition", "source", "owner", "revision"), HOSTILE)
    shown = _Text(
        definition(**words, policies=(Setting(*[HOSTILE] * 5),), sources=(SourceTable(HOSTILE, HOSTILE, 1),)).html()
    )
    assert "script" not in {tag for tag, _ in shown.all}
    assert shown.open == []


@pytest.mark.parametrize("field", ["unit", "better", "additivity"])
def test_unknown_kinds_of_number_are_refused(field: str) -> None:
    with pytest.raises(InputError, match=f"{field} is 'odd'"):
        definition(**{field: "odd"})


def test_explanation_and_tracked_values_come_back_from_their_payload() -> None:
    tracked = Tracked((TrackedValue("BKG-01", "Bookings", "money", "2026Q3", "Q3 FY26", True, 4.5, 3, "up", "EUR"),))
    for record in (definition(), tracked):
        stored = json.loads(json.dumps(record.payload(), allow_nan=False))
        assert read(stored) == record
        assert read(stored).payload() == record.payload()


# -- versions


def test_the_version_is_a_hash_of_what_decides_the_value() -> None:
    content = ["BKG-01", "Sum", "money", "additive", [["P15", "acv"]]]
    expected = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]
    assert version_of("BKG-01", "Sum", "money", "additive", {"P15": "acv"}) == expected


def test_a_version_changes_with_the_definition_and_with_a_policys_value() -> None:
    base = ("BKG-01", "Sum", "money", "additive", {"P15": "acv", "P10": "plan_rate"})
    others = [
        ("BKG-02", *base[1:]),
        ("BKG-01", "Mean", *base[2:]),
        ("BKG-01", "Sum", "rate", *base[3:]),
        ("BKG-01", "Sum", "money", "ratio", base[4]),
        (*base[:4], {"P15": "tcv", "P10": "plan_rate"}),
        (*base[:4], {"P15": "acv"}),
    ]
    versions = {version_of(*args) for args in (base, *others)}
    assert len(versions) == 7
    assert version_of(*base[:4], {"P10": "plan_rate", "P15": "acv"}) == version_of(*base)


# -- one step from everywhere


def hrefs(source: str) -> list[tuple[str, str]]:
    """The address and the accessible name of every link."""
    return [(str(a["href"]), str(a.get("aria-label") or "")) for tag, a in _Text(source).all if tag == "a"]


def test_a_card_leads_to_its_definition_by_a_named_link() -> None:
    card = kpi("bookings", "Bookings", 4.0, "money", better="up", metric="BKG-01", href="#s-gap")
    assert hrefs(Kpis((card,)).html()) == [("#s-gap", ""), ("#m-bkg-01", "Definition of Bookings")]
    without = kpi("bookings", "Bookings", 4.0, "money", better="up")
    assert hrefs(Kpis((without,)).html()) == []
    assert read(Kpis((card,)).payload()) == Kpis((card,))


def test_a_heading_leads_to_the_definition_once_a_metric_and_a_row_by_its_name() -> None:
    frame = pd.DataFrame(
        {"label": ["Bookings", HOSTILE], "metric": ["BKG-01", ""], "a": [1.0, 2.0], "b": [1.0, 2.0], "c": [1, 2]}
    )
    columns = [
        Col("label", "Measure"),
        Col("a", "Actual", "money", metric="BKG-01"),
        Col("b", "Gap", "money", metric="BKG-01"),
        Col("c", "Deals", "count"),
    ]
    table = Table("t", "Rows", frame, columns, metric_by="metric")
    head, body = table.html().split("<tbody>")
    assert hrefs(head.split("<thead>")[1].removesuffix("</thead>")) == [("#m-bkg-01", "Definition of Actual")]
    assert [h for h, _ in hrefs(body.split("</tbody>")[0])] == ["#m-bkg-01"]
    assert '<th scope="row"><a href="#m-bkg-01" title="Definition">Bookings</a></th>' in body
    payload = table.payload()
    assert [c["metric"] for c in payload["columns"]] == ["", "BKG-01", "BKG-01", ""]
    assert payload["metrics"] == ["BKG-01", ""]
    assert "BKG" not in payload["csv"]


def test_a_table_refuses_a_column_of_metrics_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"no column 'metrik'\. Did you mean 'metric'"):
        Table("t", "Rows", pd.DataFrame({"a": [1], "metric": [""]}), [Col("a", "A", "count")], metric_by="metrik")


def told(grade: str) -> Finding:
    return Finding("f", "Bookings were fewer.", None, "money", grade=grade, metric="BKG-01", table="gap")


def test_a_finding_leads_to_definition_and_to_what_its_grade_means() -> None:
    found = contribution("f", "Nordics", -4.0, -10.0, "gap", metric="BKG-01", table="gap").html()
    assert [h for h, _ in hrefs(found)] == ["#t-gap", "#m-bkg-01", "#t-grades"]
    assert "Evidence: adds up exactly" in _Text(found).text
    assert [h for h, _ in hrefs(told("descriptive").html())] == ["#t-gap", "#m-bkg-01"]


def test_every_grade_of_evidence_has_words_of_its_own() -> None:
    assert tuple(EVIDENCE) == GRADES
    assert len({words for words, _ in EVIDENCE.values()}) == len(GRADES)
    for grade in set(GRADES) - {"descriptive"}:
        assert f"Evidence: {EVIDENCE[grade][0]}" in _Text(told(grade).html()).text


def test_a_headline_that_is_a_finding_leads_where_the_finding_would() -> None:
    cause = contribution("f", "Nordics", -4.0, -10.0, "gap", metric="BKG-01", table="gap")
    section = Section("gap", cause.sentence.removesuffix("."), evidence=(cause,))
    assert [h for h, _ in hrefs(section.html())] == ["#m-bkg-01", "#t-grades"]
    assert hrefs(Section("gap", "Where the gap is", evidence=(cause,)).html()) == []
    assert read(section.payload()).payload() == section.payload()


def test_without_a_metric_there_is_no_link() -> None:
    assert link("") == ""


# -- tracked values


def value(period: str = "2026Q3", **changes: Any) -> TrackedValue:
    made = TrackedValue("BKG-01", "Bookings", "money", period, period, True, 4_410_000.0, 12, "up", "EUR")
    return dataclasses.replace(made, **changes)


def test_tracked_values_are_a_table_of_measures_by_period() -> None:
    values = (
        value("2026Q2", value=None),
        value(),
        value("2026Q3", metric="BKG-03", label="Win rate", unit="rate", value=0.19, n=163),
    )
    text = _Text(Tracked(values).html()).text
    assert (
        text == "3 values that later runs compare themselves with "
        "Measure 2026Q2 2026Q3 Bookings n/a EUR 4.41 M Win rate n/a 19 %"
    )


def test_a_measure_has_one_value_a_period() -> None:
    with pytest.raises(InputError, match="BKG-01 has two values for 2026Q3"):
        Tracked((value(), value(label="Bookings again")))
    assert len(Tracked((value(), value(scope="region North"))).values) == 2
