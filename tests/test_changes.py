"""What changed between two runs: hand-made pairs of documents with one planted change each, and what must be said."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from bizops import language
from bizops.errors import InputError
from bizops.findings import check_payload, read
from bizops.findings.changes import Change, Changes, Stated, stated_pair
from bizops.methods.control import xmr
from bizops.press.changed_values import normal_range
from bizops.press.compare import compare, not_compared

NBSP = "\u00a0"
QUARTERS = [f"{year}Q{n}" for year in (2024, 2025) for n in (1, 2, 3, 4)] + ["2026Q1", "2026Q2", "2026Q3"]
BOOKED = [1.0e6, 1.2e6, 1.1e6, 1.3e6, 1.2e6, 1.4e6, 1.3e6, 1.5e6, 1.4e6, 1.6e6, 1_620_125.96]


def tracked(metric: str, label: str, unit: str, values: list[float], closed: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "metric": metric, "label": label, "unit": unit, "period": key, "period_label": f"{key[4:]} FY{key[2:4]}",
            "is_closed": i < closed, "value": value, "n": 400, "better": "up",
            "currency": "EUR", "scope": "company", **more,
        }
        for i, (key, value) in enumerate(zip(QUARTERS, values, strict=True))
    ]  # fmt: skip


def finding(id: str, sentence: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "sentence": sentence, "severity": "watch", "metric": "", "at_stake": None, "currency": "EUR",
        "section": "s", **more,
    }  # fmt: skip


def run(closed: int = 11) -> dict[str, Any]:
    """A run of Q3 FY26; ``closed`` of its eleven tracked quarters had ended."""
    card = {
        "id": "bkg-01", "label": "Bookings", "value": BOOKED[-1], "unit": "money", "currency": "EUR",
        "status": "watch", "better": "up", "n": 377, "href": "#s-gap", "metric": "BKG-01",
    }  # fmt: skip
    policy = {"id": "P15", "name": "Bookings value", "value": "acv", "default": "acv", "meaning": "m"}
    sources = [{"table": "opportunity", "origin": "o.csv", "rows": 8800, "columns": ["amount"]}]
    return {
        "findings": {
            "title": "Q3 bookings EUR 1.62 M",
            "kpis": [card],
            "tracked": tracked("BKG-01", "Bookings", "money", list(BOOKED), closed)
            + tracked("BKG-03", "Win rate", "rate", [0.25] * 11, closed),
            "definitions": [
                {
                    "id": "BKG-01", "name": "Bookings", "definition": "Value of 1 deal times all", "unit": "money",
                    "policies": [policy], "sources": sources, "revision": "aaaa0000",
                },
                {
                    "id": "BKG-03", "name": "Win rate", "definition": "Won / closed", "unit": "rate", "policies": [],
                    "sources": sources, "revision": "bbbb0000",
                },
            ],
            "findings": [
                finding("bookings", f"Bookings were EUR{NBSP}1.62{NBSP}M.", metric="BKG-01", at_stake=-148_257.0),
                finding("win", f"Win rate was 25{NBSP}%.", metric="BKG-03"),
            ],
            "asks": [{"ask": "Decide on a recovery plan", "value": -60_178.0, "currency": "EUR", "status": ""}],
            "checks": [{"check": "unknown product", "where": "opportunity", "result": "passed"}],
        },
        "record": {
            "run_id": "20261005T041500Z-3f9c",
            "page": "report.html",
            "as_of": "2026-10-04",
            "started_at": "2026-10-05T04:15:00.000Z",
            "period": {"key": "2026Q3", "label": "Q3 FY26", "start": "2026-07-01", "end": "2026-10-01"},
            "scope": {"level": "company", "member": "", "label": "company"},
            "parameters": {"as_of": "2026-10-04", "period": "2026Q3", "level": "company"},
            "settings": {
                "policies": {"P15": "acv", "P08": 60},
                "metrics": {"BKG-01": {"owner": "CRO"}},
                "currency": "EUR",
                "fiscal_year_start": 1,
            },
            "data": {
                "opportunity": {"origin": "o.csv", "rows": 8800, "fingerprint": "sha256:1"},
                "quota": {"origin": "q.csv", "rows": 240, "fingerprint": "sha256:2"},
            },
            "data_window": {"extracted_at": "2026-10-04T20:00:00Z"},
            "code": {"version": "0.1.0", "fingerprint": "sha256:c"},
        },
    }  # fmt: skip


def after(change: Callable[[dict[str, Any], dict[str, Any]], None] | None = None, **of: Any) -> dict[str, Any]:
    later = copy.deepcopy(run(**of))
    later["record"]["run_id"] = "20261006T041500Z-0001"
    if change is not None:
        change(later["findings"], later["record"])
    return later


def value_of(findings: dict[str, Any], metric: str, period: str) -> dict[str, Any]:
    return next(v for v in findings["tracked"] if (v["metric"], v["period"]) == (metric, period))


def said(changes: Changes, kind: str = "") -> list[str]:
    return [c.sentence.replace(NBSP, " ") for c in changes.items if not kind or c.kind == kind]


def test_nothing_changed_is_a_result() -> None:
    found = compare(run(), after())
    assert found.items == ()
    assert found.remark == (
        "Nothing changed: 22 values, 2 definitions, 2 findings are as they were in the run 20261005T041500Z-3f9c."
    )
    assert "Nothing changed" in found.html()
    assert '<a href="../20261005T041500Z-3f9c/report.html">20261005T041500Z-3f9c</a>' in found.html()
    assert f"data as of 4{NBSP}Oct{NBSP}2026" in found.html()


def test_a_restatement_of_a_cent_is_told_with_both_values() -> None:
    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2025Q4")["value"] += 0.01
        record["data"]["opportunity"]["fingerprint"] = "sha256:other"

    found = compare(run(), after(plant))
    assert said(found, "restated") == [
        "Bookings for Q4 FY25, closed before, rose to EUR 1,500,000.01 from EUR 1,500,000.00 (EUR +0.01); "
        "the rows of opportunity have changed."
    ]
    assert found.items[0].money == pytest.approx(0.01)
    assert found.items[0].id in found.shown


def test_the_noise_of_sums_is_no_restatement() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2025Q4")["value"] *= 1 + 4e-15

    assert compare(run(), after(plant)).items == ()


def test_a_cause_is_named_only_where_it_is_known() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2026Q1")["value"] -= 50_000

    assert said(compare(run(), after(plant)), "restated")[0].endswith("(EUR −50.0 k); the cause is not known.")

    def defined(findings: dict[str, Any], record: dict[str, Any]) -> None:
        plant(findings, record)
        findings["definitions"][0]["revision"] = "aaaa1111"

    assert said(compare(run(), after(defined)), "restated")[0].endswith("; its definition has changed.")


def test_a_value_that_moved_in_an_open_period_is_no_restatement() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2026Q3")["value"] = 1.9e6
        findings["kpis"][0].update(value=1.9e6, status="on_track")

    found = compare(run(closed=10), after(plant, closed=10))
    assert said(found, "restated") == []
    # by hand: mean of the ten closed quarters 1.3 M; ranges .2 .1 .2 .1 .2 .1 .2 .1 .2 M, mean 0.1556 M, times 2.66
    assert said(found, "value") == [
        "Bookings rose to EUR 1.90 M from EUR 1.62 M (EUR +280 k), outside its normal range EUR 0.89–1.71 M; "
        "its status is On track, before Watch."
    ]
    assert found.items[0].money == pytest.approx(1.9e6 - BOOKED[-1])
    assert found.items[0].tone == "good"


def test_the_normal_range_is_that_of_the_methods() -> None:
    limits = xmr(BOOKED[:-1])
    assert normal_range("BKG-01", after()) == pytest.approx((limits.lower, limits.upper))
    assert normal_range("BKG-99", after()) is None


def test_a_card_of_a_closed_period_is_told_once_as_a_restatement() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2026Q3")["value"] = 1.5e6
        findings["kpis"][0]["value"] = 1.5e6

    found = compare(run(), after(plant))
    assert [c.kind for c in found.items] == ["restated"]


def test_a_changed_policy_names_old_and_new_and_what_it_does_on_the_same_data() -> None:
    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        record["settings"]["policies"]["P15"] = "tcv"
        findings["definitions"][0]["policies"] = [{**findings["definitions"][0]["policies"][0], "value": "tcv"}]
        findings["definitions"][0]["revision"] = "aaaa2222"
        value_of(findings, "BKG-01", "2026Q3")["value"] = 2_620_125.96

    later = after(plant)
    assert said(compare(run(), later), "definition") == ["Bookings value (P15) is “tcv”, before “acv”."]
    # the same data by the old setting: half a million more than what the earlier run saw
    effect = {"tracked": tracked("BKG-01", "Bookings", "money", [*BOOKED[:-1], 2_120_125.96], 11)}
    found = compare(run(), later, effect=effect)
    assert said(found, "definition") == [
        "Bookings value (P15) is “tcv”, before “acv”; on the same data Bookings is EUR 2.62 M by the new setting "
        "and EUR 2.12 M by the old one (EUR +500 k)."
    ]
    assert next(c for c in found.items if c.kind == "definition").money == pytest.approx(500_000)
    none = compare(run(), later, effect={"tracked": later["findings"]["tracked"]})
    assert said(none, "definition")[0].endswith("; on the same data no value changes by it.")
    failed = compare(run(), later, effect_missing="the notebook failed")
    assert "could not be computed: the notebook failed." in said(failed, "definition")[0]


@pytest.mark.parametrize(
    ("plant", "sentence"),
    [
        (
            lambda f, r: f["definitions"][1].update(definition="Won / all", revision="x"),
            "Win rate (BKG-03) is defined as “Won / all”, before as “Won / closed”; what this does to its value cannot "
            "be told apart from what changed data do.",
        ),
        (
            lambda f, r: f["definitions"][1].update(revision="x"),
            "Win rate (BKG-03) is computed in another way; what this does cannot be told apart from what changed data "
            "do.",
        ),
        (
            lambda f, r: r["settings"]["metrics"]["BKG-01"].update(target=2_000_000.0),
            "The target of Bookings is EUR 2.00 M, before not set.",
        ),
        (
            lambda f, r: r["settings"]["metrics"].pop("BKG-01"),
            "The owner of Bookings is not set, before “CRO”.",
        ),
        (lambda f, r: r["settings"].update(fiscal_year_start=4), "First month of the fiscal year is “4”, before “1”."),
        (
            lambda f, r: r["code"].update(version="0.2.0", fingerprint="x"),
            "The code is version 0.2.0, before 0.1.0.",
        ),
        (lambda f, r: r["code"].update(fingerprint="x"), "The code has changed within version 0.1.0."),
    ],
)
def test_other_definitions_and_settings(plant: Callable[..., None], sentence: str) -> None:
    assert said(compare(run(), after(plant))) == [sentence]


@pytest.mark.parametrize(
    ("plant", "sentences"),
    [
        (lambda f, r: r["data"].pop("quota"), ["The table quota is missing; it had 240 rows."]),
        (
            lambda f, r: r["data"].update(lead={"rows": 1, "fingerprint": "x"}),
            ["The table lead is new, with 1 row."],
        ),
        (
            lambda f, r: r["data"]["quota"].update(rows=236, fingerprint="x"),
            ["The rows of quota fell to 236 from 240 (−4)."],
        ),
        (
            lambda f, r: r["data"]["quota"].update(fingerprint="x"),
            ["Rows of the table quota have changed, not their number."],
        ),
        (
            lambda f, r: f["checks"][0].update(result="failed"),
            ["The check “opportunity: unknown product” fails now."],
        ),
        (
            lambda f, r: r["data_window"].update(extracted_at="2026-10-02T20:00:00Z"),
            ["The newest extract is older than before: 2 Oct 2026, before 4 Oct 2026."],
        ),
    ],
)
def test_data(plant: Callable[..., None], sentences: list[str]) -> None:
    found = compare(run(), after(plant))
    assert said(found, "data") == sentences
    assert found.remark.startswith("Nothing changed beyond the data: 22 values")


def test_a_check_that_no_longer_fails() -> None:
    before = run()
    before["findings"]["checks"][0]["result"] = "failed"
    assert said(compare(before, after()), "data") == ["The check “opportunity: unknown product” no longer fails."]


def test_an_extract_that_stayed_is_told_when_the_reports_went_on() -> None:
    def plant(_: dict[str, Any], record: dict[str, Any]) -> None:
        record["as_of"] = "2026-10-11"

    assert said(compare(run(), after(plant)), "data") == ["The data have not been extracted anew since 4 Oct 2026."]


def test_many_tables_with_other_rows_are_one_sentence() -> None:
    before = run()
    before["record"]["data"] = {f"t{i}": {"rows": 10, "fingerprint": "a"} for i in range(9)}

    def plant(_: dict[str, Any], record: dict[str, Any]) -> None:
        record["data"] = {f"t{i}": {"rows": 10 + i * i, "fingerprint": "a" if i == 0 else "b"} for i in range(9)}

    assert said(compare(before, after(plant)), "data") == [
        "8 of 9 tables have other numbers of rows; most changed t8 +64, t7 +49, t6 +36, t5 +25, t4 +16."
    ]


def test_findings_that_are_new_gone_or_judged_differently() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        findings["findings"][0]["severity"] = "bad"
        findings["findings"][1] = finding("nordics", f"Nordics explain EUR{NBSP}41{NBSP}k.", at_stake=-41_000.0)

    found = compare(run(), after(plant))
    assert said(found, "findings") == [
        "Now bad, before to be watched: Bookings were EUR 1.62 M.",
        "New: Nordics explain EUR 41 k.",
        "No longer stated: Win rate was 25 %.",
    ]
    assert found.items[1].href == "#f-nordics"


def test_asks_that_are_closed_or_new_and_a_changed_headline() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        findings["title"] = "Q3 bookings EUR 1.70 M"
        findings["asks_previous"] = [{**findings["asks"][0], "status": "done"}]
        findings["asks"] = [{"ask": "Hire 2 sellers", "value": None, "currency": "EUR"}]

    assert said(compare(run(), after(plant)), "findings") == [
        "Ask closed: Decide on a recovery plan (EUR −60.2 k).",
        "New ask: Hire 2 sellers.",
        "The headline was “Q3 bookings EUR 1.62 M”.",
    ]

    def dropped(findings: dict[str, Any], _: dict[str, Any]) -> None:
        findings["asks"] = []

    assert said(compare(run(), after(dropped))) == ["No longer asked: Decide on a recovery plan (EUR −60.2 k)."]


def everything(findings: dict[str, Any], record: dict[str, Any]) -> None:
    for i, period in enumerate(QUARTERS[:4]):
        value_of(findings, "BKG-01", period)["value"] += 10 ** (i + 1)
        value_of(findings, "BKG-03", period)["value"] += 0.01
    record["settings"]["policies"]["P15"] = "tcv"
    record["data"].pop("quota")
    findings["findings"] = [finding(f"f{i}", "Stated.", at_stake=float(i * 1000)) for i in range(8)]
    findings["asks"] = []


def test_order_is_by_money_and_seven_are_in_sight() -> None:
    found = compare(run(), after(everything))
    amounts = [abs(c.money or 0.0) for c in found.items]
    assert amounts == sorted(amounts, reverse=True)
    assert len(found.shown) == 7
    shown = [c for c in found.items if c.id in found.shown]
    assert {c.kind for c in shown} == {"restated", "definition", "data", "findings"}, "no class is hidden"
    assert [c.sentence for c in shown if c.id == "restated-more"] == [
        "6 more values of closed periods have changed, of Bookings, Win rate."
    ]
    page = found.html()
    first, _, rest = page.partition("<details>")
    assert first.count("<li>") == 7
    assert f"{len(found.items) - 7} more changes" in rest
    assert rest.count("<li>") == len(found.items) - 7


def test_every_number_has_its_value_behind_it() -> None:
    for change in compare(run(), after(everything)).items:
        printed = {n for stated in change.numbers for n in stated.numerals()}
        text = change.sentence
        for name in sorted((*change.names, *change.quoted), key=len, reverse=True):
            text = text.replace(name, " ") if name else text
        assert set(re.findall(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d", text)) <= {
            *printed,
            *(f"{float(p):,.2f}" for p in printed),
            *(f"{float(p):,.0f}" for p in printed),
        }
    with pytest.raises(InputError, match="no finding stands behind 5"):
        Change("value", "x", "Bookings rose to 5.", numbers=(Stated(4.0, "count", "4"),))


def test_another_period_is_held_against_the_prior_one() -> None:
    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        record["period"] = {"key": "2026Q4", "label": "Q4 FY26", "start": "2026-10-01", "end": "2027-01-01"}
        record["parameters"].update(as_of="2027-01-04", period="2026Q4")
        findings["kpis"][0]["value"] = 1.5e6
        findings["findings"] = []
        findings["title"] = "Another"
        value_of(findings, "BKG-01", "2026Q3")["value"] -= 1_000.0

    found = compare(run(), after(plant))
    assert said(found, "value")[0].startswith("Bookings fell to EUR 1.50 M from EUR 1.62 M in Q3 FY26 (EUR −120 k)")
    assert said(found, "restated")[0].startswith("Bookings for Q3 FY26, closed before, fell to EUR 1,619,126")
    assert said(found, "findings") == [], "findings of two quarters are different ones"


def test_another_slice_is_not_compared_by_value_nor_quoted() -> None:
    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        record["parameters"]["level"] = "region"
        record["scope"] = {"level": "region", "member": "Nordics", "label": "region Nordics"}
        findings["findings"] = []

    found = compare(run(), after(plant))
    assert found.items == ()
    assert found.remark == (
        "The two runs have other parameters (level), so values, findings and asks are not compared."
    )
    assert "Win rate" not in found.html()


def test_documents_of_before_there_were_tracked_values() -> None:
    old = run()
    for key in ("tracked", "definitions", "checks"):
        del old["findings"][key]
    del old["record"]["settings"]

    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        findings["kpis"][0]["value"] = 1.5e6

    assert said(compare(old, after(plant))) == [
        "Bookings fell to EUR 1.50 M from EUR 1.62 M (EUR −120 k), inside its normal range EUR 0.89–1.71 M."
    ]


def test_without_an_earlier_run_it_says_so() -> None:
    found = not_compared("This is the first run.")
    assert found.html() == '<p class="off">This is the first run.</p>'
    with pytest.raises(InputError, match="either a baseline or a reason"):
        Changes()


def test_it_travels_and_comes_back() -> None:
    found = compare(run(), after(everything))
    payload = check_payload(found.payload())
    assert payload["kind"] == "changes"
    assert payload["baseline"]["run_id"] == "20261005T041500Z-3f9c"
    assert read(payload) == found


def test_what_a_name_says_is_text() -> None:
    hostile = '<script>alert(1)</script>{0} "x"'

    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        findings["kpis"][0].update(label=hostile, value=1.5e6)
        findings["title"] = hostile
        findings["findings"].append(finding("x", hostile))
        record["data"][hostile] = {"rows": 3}

    page = compare(run(closed=10), after(plant, closed=10)).html()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_pairs_that_print_alike_get_the_places_to_tell_them_apart() -> None:
    def texts(old: float, new: float, unit: str) -> list[str]:
        return [s.text.replace(NBSP, " ") for s in stated_pair(old, new, unit, currency="EUR", n_old=50, n_new=50)]

    assert texts(1_620_125.0, 1_620_126.0, "money") == ["EUR 1,620,125", "EUR 1,620,126", "EUR +1"]
    assert texts(0.25, 0.2504, "rate") == ["25.00 %", "25.04 %", "+0.04 pp"]
    assert texts(2.61, 2.64, "multiple") == ["2.61×", "2.64×", "+0.03×"]
    assert texts(1e6, 2e6, "money") == ["EUR 1.00 M", "EUR 2.00 M", "EUR +1.00 M"]


def test_it_speaks_the_language_of_the_page() -> None:
    with language.speaking("fr"):
        found = compare(run(), after(everything))
        assert found.html()
    assert found.items


def test_a_status_is_not_called_unchanged_where_the_value_is_restated() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2026Q3")["value"] = 1.1e6
        findings["kpis"][0].update(value=1.1e6, status="off_track")

    found = compare(run(), after(plant))
    assert said(found, "findings") == ["The status of Bookings is Off track, before Watch, at EUR 1.10 M."]

    def target(findings: dict[str, Any], _: dict[str, Any]) -> None:
        findings["kpis"][0].update(status="off_track")

    assert said(compare(run(), after(target))) == [
        "Bookings is unchanged at EUR 1.62 M; its status is Off track, before Watch."
    ]

    def both(findings: dict[str, Any], record: dict[str, Any]) -> None:
        target(findings, record)
        findings["findings"][0]["severity"] = "bad"

    assert said(compare(run(), after(both))) == ["Now bad, before to be watched: Bookings were EUR 1.62 M."]


def test_names_that_are_alike_are_told_apart() -> None:
    before = run()
    before["record"]["data"] |= {"a b": {"rows": 1}, "a-b": {"rows": 2}, "a+b": {"rows": 3}}
    found = compare(before, after())
    assert len({c.id for c in found.items}) == len(found.items) == 3
    assert found.html().count("<li>") == 3


def ahead(value: float, period: str = "2026Q4") -> dict[str, Any]:
    return {
        "metric": "BKG-07", "label": "Pipeline coverage", "unit": "multiple", "period": period,
        "period_label": "Q4 FY26", "is_closed": False, "value": value, "n": 1086, "better": "up", "currency": "",
        "scope": "company",
    }  # fmt: skip


def test_a_value_of_a_coming_period_is_told_though_no_card_shows_it() -> None:
    before = run()
    before["findings"]["tracked"].append(ahead(2.6769))

    def plant(value: float) -> Callable[..., None]:
        return lambda f, r: f["tracked"].append(ahead(value))

    found = compare(before, after(plant(2.0412)))
    assert said(found, "value") == ["Pipeline coverage for Q4 FY26 fell to 2.0× from 2.7× (−0.6×)."]
    assert found.items[0].tone == "bad"
    assert compare(before, after(plant(2.6769))).items == ()
    # printed with one decimal: 0.04 is less than half of its unit, 0.06 is more
    assert compare(before, after(plant(2.6369))).items == ()
    assert len(compare(before, after(plant(2.6169))).items) == 1


def test_a_card_and_its_tracked_value_are_one_change() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        value_of(findings, "BKG-01", "2026Q3")["value"] = 1.9e6
        value_of(findings, "BKG-03", "2026Q3")["value"] = 0.31
        findings["kpis"][0]["value"] = 1.9e6

    found = compare(run(closed=10), after(plant, closed=10))
    assert [(c.metric, c.kind) for c in found.items] == [("BKG-01", "value"), ("BKG-03", "value")]


def test_an_ask_whose_amount_moved_is_told() -> None:
    def worth(value: float) -> Callable[..., None]:
        return lambda f, r: f["asks"][0].update(value=value)

    found = compare(run(), after(worth(-1_920_000.0)))
    assert said(found) == ["The ask “Decide on a recovery plan” is about EUR −1.92 M, before EUR −60.2 k."]
    assert found.items[0].money == pytest.approx(-1_859_822.0)
    assert said(compare(run(), after(worth(-61_000.0)))) == [], "a hundredth more is not worth a line"


def in_french(findings: dict[str, Any], record: dict[str, Any]) -> None:
    record.update(locale="fr")
    record["scope"]["label"] = "entreprise"
    record["parameters"]["locale"] = "fr"
    findings["title"] = "Prises de commandes T3"
    for value in findings["tracked"]:
        value.update(scope="entreprise", label="Commandes")
    for stated in findings["findings"]:
        stated["sentence"] = "Une phrase."
    for definition in findings["definitions"]:
        definition["definition"] = "Valeur"
    findings["asks"][0]["ask"] = "Décider"
    findings["checks"][0]["check"] = "produit inconnu"


def test_another_language_alone_is_no_change() -> None:
    before = run()
    before["record"]["locale"] = "en-GB"
    before["findings"]["asks"][0]["href"] = "#s-gap"

    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        in_french(findings, record)
        findings["asks"][0]["href"] = "#s-gap"

    found = compare(before, after(plant))
    assert found.items == ()
    assert found.remark.startswith("Nothing changed: 22 values")

    def moved(findings: dict[str, Any], record: dict[str, Any]) -> None:
        plant(findings, record)
        value_of(findings, "BKG-01", "2025Q4")["value"] += 5_000.0
        findings["definitions"][1]["revision"] = "x"

    assert [c.kind for c in compare(before, after(moved)).items] == ["restated", "definition"]


def test_another_member_of_the_same_level_is_named_as_such() -> None:
    def plant(_: dict[str, Any], record: dict[str, Any]) -> None:
        record["scope"] = {"level": "company", "member": "North", "label": "company"}

    assert "other parameters (member)" in compare(run(), after(plant)).remark


def test_a_run_of_a_later_period_is_not_compared_backwards() -> None:
    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        record["period"] = {"key": "2026Q2", "label": "Q2 FY26", "start": "2026-04-01", "end": "2026-07-01"}
        record["parameters"]["period"] = "2026Q2"
        findings["kpis"][0]["value"] = BOOKED[-2]
        findings["asks"] = []
        value_of(findings, "BKG-01", "2025Q4")["value"] += 5_000.0

    found = compare(run(), after(plant))
    assert [c.kind for c in found.items] == ["restated"]
    assert found.remark == (
        "The run compared with is of a later period, Q3 FY26: only what was restated, defined or read differently is "
        "told."
    )


def by_tcv(findings: dict[str, Any], record: dict[str, Any]) -> None:
    record["settings"]["policies"]["P15"] = "tcv"
    findings["definitions"][0]["policies"] = [{**findings["definitions"][0]["policies"][0], "value": "tcv"}]
    findings["definitions"][0]["revision"] = "aaaa2222"
    for period in QUARTERS:
        value_of(findings, "BKG-01", period)["value"] *= 2
    value_of(findings, "BKG-03", "2026Q3")["value"] = 0.26
    value_of(findings, "BKG-03", "2026Q2")["value"] += 0.000005  # printed alike: 25 %


def test_what_a_setting_restates_is_one_line_and_its_effects_stand_under_it() -> None:
    found = compare(run(), after(by_tcv), effect=run()["findings"])
    tops = [c.sentence.replace(NBSP, " ") for c in found.items if not c.under]
    assert tops == [
        "13 values of closed periods of 2 metrics restated by Bookings value (P15).",
        "Bookings value (P15) is “tcv”, before “acv”; on the same data Bookings is EUR 3.24 M by the new setting and "
        "EUR 1.62 M by the old one (EUR +1.62 M).",
    ]
    under = {c.id: [o for o in found.items if o.under == c.id] for c in found.items if not c.under}
    assert [c.sentence.replace(NBSP, " ") for c in under["policy-P15"]] == [
        "Win rate is 26 % with Bookings value (P15) “tcv” and 25 % with “acv” (+1.0 pp)."
    ]
    assert len(under["restated-by-P15"]) == 13, "every restatement is there, however small"
    page = found.html()
    assert page.count("<details>") == 1
    assert "<summary>13 values</summary>" in page
    assert page.count("<li>") == len(found.items) == 16
    assert read(check_payload(found.payload())) == found


def test_what_the_data_restate_too_is_not_laid_to_the_setting_alone() -> None:
    effect = run()["findings"]
    value_of(effect, "BKG-01", "2025Q4")["value"] += 7_000.0
    found = compare(run(), after(by_tcv), effect=effect)
    own = [c for c in found.items if c.kind == "restated" and not c.under]
    assert {c.id for c in own} == {"restated-by-P15", "restated-BKG-01-2025Q4"}


def test_two_settings_are_named_where_both_bear_on_a_value() -> None:
    second = {"id": "P08", "name": "Window", "value": "90", "default": "60", "meaning": "m"}

    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        by_tcv(findings, record)
        record["settings"]["policies"]["P08"] = 90
        findings["definitions"][1]["policies"] = [second]
        findings["definitions"][0]["policies"].append(second)

    found = compare(run(), after(plant), effect=run()["findings"])
    told = said(found, "definition")
    assert told[:2] == [
        "Window (P08) is “90”, before “60”; on the same data Win rate is 26 % by the new setting and 25 % by the old "
        "one (+1.0 pp).",
        "Bookings is EUR 3.24 M with the new values of Window (P08), Bookings value (P15) and EUR 1.62 M with the old "
        "ones (EUR +1.62 M).",
    ]
    assert "11 values of closed periods of 1 metric restated by Window (P08), Bookings value (P15)." in said(found)


def test_a_difference_that_is_not_printed_is_no_effect_of_a_setting() -> None:
    def plant(findings: dict[str, Any], record: dict[str, Any]) -> None:
        record["settings"]["policies"]["P15"] = "tcv"
        value_of(findings, "BKG-03", "2026Q3")["value"] += 0.000005

    found = compare(run(closed=10), after(plant, closed=10), effect=run(closed=10)["findings"])
    assert said(found) == [
        "Bookings value (P15) is “tcv”, before “acv”; on the same data no value of the period of this page changes "
        "visibly."
    ]


def test_a_restated_duration_has_its_unit() -> None:
    before, later = run(), after()
    for document, value in ((before, 83.0), (later, 83.25)):
        cycle = tracked("BKG-04", "Median cycle", "days", [70.0] * 10 + [value], 11)
        document["findings"]["tracked"] += cycle
    assert said(compare(before, later)) == [
        "Median cycle for Q3 FY26, closed before, rose to 83.3 days from 83.0 days (+0.3 days); the cause is not known."
    ]


def test_a_sentence_worded_by_hand_is_a_change() -> None:
    def plant(findings: dict[str, Any], _: dict[str, Any]) -> None:
        findings["findings"][1].update(
            sentence=f"Late deals cost us: 25{NBSP}%.", generated="Win rate was 25 %.", edited_by="A. Quill"
        )

    found = compare(run(), after(plant))
    assert said(found) == ["Edited by A. Quill: Late deals cost us: 25 %."]
    assert found.remark == ""
    assert compare(after(plant), after(plant)).items == ()
    assert said(compare(after(plant), run())) == ["No longer edited by hand: Win rate was 25 %."]


def test_a_finding_that_states_another_number_is_told_with_the_former_one() -> None:
    def run(value: float) -> dict[str, Any]:
        stated = {
            "id": "gap", "sentence": f"Volume explains EUR {value:.0f} k.", "value": value * 1000, "unit": "money",
            "currency": "EUR", "severity": "bad", "at_stake": value * 1000,
        }  # fmt: skip
        about = {"run_id": f"r{value:.0f}", "period": {"key": "2026Q3"}, "as_of": "2026-10-04"}
        return {"findings": {"findings": [stated]}, "record": about}

    found = compare(run(100), run(900))
    assert [c.sentence for c in found.items] == [f"Volume explains EUR 900 k. Before: EUR{NBSP}100{NBSP}k."]
    assert found.remark == ""
    assert compare(run(100), run(100)).items == ()
