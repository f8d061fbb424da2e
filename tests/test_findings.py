"""Findings: what they refuse, what their sentences say, and that they survive the way through a notebook."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest

from bizops import findings, numbers
from bizops.errors import InputError
from bizops.findings import (
    MIME,
    Answer,
    Appendix,
    Ask,
    Asks,
    Fact,
    Finding,
    Kpi,
    Kpis,
    Off,
    Section,
    against,
    collect,
    comparison,
    contribution,
    fragment,
    kpi,
    movement,
    read,
    status,
)
from bizops.findings.grammar import numerals
from bizops.theme import STATUS

HOSTILE = "<script>alert(1)</script>\"' onload=x & $x^2$"


def spaced(text: str) -> str:
    return text.replace(numbers.NBSP, " ")


def win_rate(**more: Any) -> Finding:
    given: dict[str, Any] = {
        "reference": 0.252, "reference_label": "plan", "better": "up", "k": 31, "n": 163, "currency": "EUR", **more,
    }  # fmt: skip
    return against("win", "Mid-market win rate", 31 / 163, "rate", **given)


# sentences


def test_a_rate_is_stated_with_its_records_and_in_points() -> None:
    found = win_rate(explains=(-260_000, -590_000, "gap"), grade="arithmetic")
    assert spaced(found.sentence) == (
        "Mid-market win rate was 19 % (31 of 163), 6.2 pp below plan; "
        "explains EUR 260 k of the EUR 590 k gap (arithmetic)."
    )
    assert (found.severity, found.at_stake) == ("bad", -260_000)


def test_an_amount_is_stated_with_difference_and_percentage() -> None:
    found = against("b", "New bookings", 4.41e6, "money", reference=5e6, reference_label="plan", better="up",
                    currency="EUR", plural=True)  # fmt: skip
    assert spaced(found.sentence) == "New bookings were EUR 4.41 M, EUR 590 k (11.8 %) below plan."


@pytest.mark.parametrize(
    ("more", "ending"),
    [
        ({"reference": None}, "; no plan."),
        ({"reference": 4.41e6}, ", equal to plan."),
        ({"reference": 0.0}, ", EUR 4.41 M above plan."),  # no percentage of nothing (C09)
        ({"reference": -1e6}, ", EUR 5.41 M above plan."),
        ({"reference": 4e6, "reference_label": "Q2 FY26"}, ", EUR 410 k (10.3 %) above Q2 FY26."),
        ({"reference": None, "reference_label": "same quarter last year"}, "; no value for same quarter last year."),
        ({"reference_label": ""}, "."),
    ],
)
def test_comparisons(more: dict[str, Any], ending: str) -> None:
    given: dict[str, Any] = {"reference_label": "plan", "currency": "EUR", "better": "up", **more}
    assert spaced(against("b", "Bookings", 4.41e6, "money", **given).sentence) == f"Bookings was EUR 4.41 M{ending}"


@pytest.mark.parametrize(
    ("k", "n", "span", "expected"),
    [
        # Wilson 95 % intervals published with convention C10
        (3, 8, (0.137, 0.694), "Win rate was 38 % (3 of 8; 95 % interval 14–69 %), 12.5 pp above plan."),
        (2, 4, (0.15, 0.85), "Win rate was 2 of 4."),
        (0, 12, (0.0, 0.242), "Win rate was 0 % (0 of 12; 95 % interval 0–24 %), 25.0 pp below plan."),
    ],
)
def test_small_samples_show_counts_and_interval_without_judgement(
    k: int, n: int, span: tuple[float, float], expected: str
) -> None:
    found = against("w", "Win rate", k / n, "rate", reference=0.25, reference_label="plan", better="up", k=k, n=n,
                    lower=span[0], upper=span[1])  # fmt: skip
    assert spaced(found.sentence) == expected
    assert found.severity == "info"


def test_an_unmeasurable_value_is_said_to_be_so() -> None:
    found = against("c", "Coverage", None, "multiple", reference=3.0, reference_label="plan")
    assert found.sentence == "Coverage was not measurable."
    assert found.value is None


@pytest.mark.parametrize(
    ("amount", "total", "grade", "expected"),
    [
        # W13: 500.0 -> 435.6 k: volume -49.3, win rate -59.8, deal size +44.7
        (-59_800, -64_400, "arithmetic", "Win rate explains EUR 59.8 k of the EUR 64.4 k gap (arithmetic)."),
        (44_700, -64_400, "arithmetic", "Win rate adds EUR 44.7 k against the EUR 64.4 k gap (arithmetic)."),
        (-90_000, -64_400, "arithmetic",
         "Win rate accounts for EUR 90.0 k, more than the whole EUR 64.4 k gap (arithmetic)."),
        (-59_800, -64_400, "associated", "Win rate goes together with EUR 59.8 k of the EUR 64.4 k gap (associated)."),
    ],
)  # fmt: skip
def test_contributions_are_graded(amount: float, total: float, grade: str, expected: str) -> None:
    found = contribution("c", "Win rate", amount, total, "gap", currency="EUR", grade=grade)
    assert spaced(found.sentence) == expected
    assert found.severity == ("good" if amount > 0 else "bad")


def test_inside_the_normal_range_nothing_rose_or_fell() -> None:
    """W08: 47 to 53 is +13 % and must not be narrated as a change."""
    inside = movement("m", "Deals won", 53, 47, "count", (39.67, 62.13), plural=True)
    assert inside.sentence == "Deals won are unchanged at 53 (normal range 40–62)."
    assert inside.severity == "info"
    outside = movement("m", "Deals won", 64, 54, "count", (39.67, 62.13), previous_label="Q2 FY26", better="up")
    assert outside.sentence == "Deals won rose to 64 from 54 in Q2 FY26, above the normal range 40–62."
    assert outside.severity == "good"
    assert movement("m", "Churn", 64, 54, "count", (39.67, 62.13), better="down").severity == "bad"
    # still above the range, but on its way back: it did not "fall outside"
    back = movement("m", "Deals won", 64, 70, "count", (39.67, 62.13), previous_label="Q2 FY26", better="up")
    assert back.sentence == "Deals won stayed above the normal range 40–62 at 64, after 70 in Q2 FY26."


# what is refused


def test_a_rate_without_n_is_refused() -> None:
    with pytest.raises(InputError, match="rate without n"):
        Finding("w", "Win rate was 19 %.", 0.19, "rate")
    with pytest.raises(InputError, match="rate without n"):
        Kpi("w", "Win rate", 0.19, "rate")


def test_a_number_that_the_record_does_not_hold_is_refused() -> None:
    with pytest.raises(InputError, match="behind 20 in"):
        Finding("w", "Win rate was 20 % (31 of 163).", 31 / 163, "rate", n=163, k=31)
    with pytest.raises(InputError, match=r"0\.59"):
        Finding("b", "Bookings were 4.41 M, 0.59 M below plan.", 4.41e6, "money")
    Finding("b", "Bookings were 4.41 M, 590 k below plan.", 4.41e6, "money", facts=(Fact(590_000, "money"),))


def test_a_name_may_contain_digits() -> None:
    found = against("r", "Region 7 (24/7 desk)", 120, "count", reference=100, reference_label="Plan v3 of 14 May")
    assert found.sentence.startswith("Region 7 (24/7 desk) was 120, 20 ")


@pytest.mark.parametrize(
    ("sentence", "grade"),
    [
        ("Bookings fell because prices rose.", "associated"),
        ("Bookings fell due to prices.", "descriptive"),
        ("Bookings fell significantly.", "arithmetic"),
    ],
)
def test_words_may_not_claim_more_than_the_grade(sentence: str, grade: str) -> None:
    with pytest.raises(InputError):
        Finding("b", sentence, 1.0, "money", grade=grade)
    assert Finding("b", sentence, 1.0, "money", grade="tested").sentence == sentence


@pytest.mark.parametrize(
    ("field", "value"),
    [("unit", "euros"), ("grade", "proven"), ("severity", "red"), ("id", "a b"), ("id", ""), ("sentence", " ")],
)
def test_unknown_words_are_refused_with_the_known_ones(field: str, value: str) -> None:
    good = {"id": "b", "sentence": "Bookings were 5.", "value": 5.0, "unit": "count"}
    with pytest.raises(InputError):
        Finding(**{**good, field: value})  # type: ignore[arg-type]


def test_which_numbers_are_claims() -> None:
    names = "Q3 FY26 (2026Q3, BKG-01, day 41 of 92) on 2 Oct 2026 and 2026-07-01"
    assert numerals(names) == set()
    text = f"{names}: 19 % (95 % interval 14–26 %), 1,234 deals, 6.2 pp."
    assert numerals(text) == {"19", "14", "26", "1234", "6.2"}


def test_the_answer_is_short_and_every_number_in_it_has_a_finding() -> None:
    finding = win_rate()
    answer = Answer("Win rate was 19 %, 6.2 pp below plan", (finding, "Ask: two coaches."), "off_track")
    assert answer.lines()[0] == finding.sentence
    with pytest.raises(InputError, match="no number"):
        Answer("Win rate fell", (finding,))
    with pytest.raises(InputError, match="91 characters"):
        Answer("19 " + "x" * 88, (finding,))
    with pytest.raises(InputError, match="91 words"):
        Answer("Win rate was 19 %", ("word " * 91,), evidence=(finding,))
    with pytest.raises(InputError, match="behind 77 in"):
        Answer("Win rate was 77 %", (finding,))
    with pytest.raises(InputError, match="behind 5 in"):
        Answer("Win rate was 19 %", (finding, "It cost 5 deals."))


def test_a_headline_takes_its_numbers_from_the_findings_of_its_section() -> None:
    finding = win_rate()
    Section("s", "Win rate fell to 19 %", (finding,))
    Section("s", "Win rate fell to 19 %", (), evidence=(finding,))
    with pytest.raises(InputError, match="section s"):
        Section("s", "Win rate fell to 18 %", (finding,))


def test_an_empty_section_needs_its_reason() -> None:
    with pytest.raises(InputError, match="without its reason"):
        Off("slip", "Slipped deals", " ")


def test_links_lead_to_places_on_the_page() -> None:
    with pytest.raises(InputError, match="leaves the page"):
        kpi("b", "Bookings", 1.0, "money", better="up", href="javascript:alert(1)").html()
    with pytest.raises(InputError, match="leaves the page"):
        Asks((Ask("Do it", href="https://example.org"),)).html()


# status


@pytest.mark.parametrize(
    ("actual", "target", "better", "unit", "expected"),
    [
        (98.0, 100.0, "up", "money", "on_track"),
        (97.99, 100.0, "up", "money", "watch"),
        (90.0, 100.0, "up", "money", "watch"),
        (89.99, 100.0, "up", "money", "off_track"),
        (102.0, 100.0, "down", "days", "on_track"),
        (111.0, 100.0, "down", "days", "off_track"),
        (0.245, 0.25, "up", "rate", "on_track"),
        (0.244, 0.25, "up", "rate", "watch"),
        (0.23, 0.25, "up", "rate", "watch"),
        (0.229, 0.25, "up", "rate", "off_track"),
        (0.28, 0.25, "down", "rate", "off_track"),
        (-110.0, -100.0, "up", "money", "watch"),  # a loss ten percent larger than planned
        (-111.0, -100.0, "up", "money", "off_track"),
        (1.0, None, "up", "money", "no_target"),
        (1.0, float("nan"), "up", "money", "no_target"),
        (None, 1.0, "up", "money", "too_little_data"),
        (5.0, 4.0, "none", "count", "no_target"),
        (0.0, 0.0, "down", "count", "on_track"),
        (1.0, 0.0, "down", "count", "off_track"),
        (1.0, 0.0, "up", "money", "on_track"),
    ],
)
def test_status_rule(actual: float | None, target: float | None, better: str, unit: str, expected: str) -> None:
    assert status(actual, target, better, unit) == expected


def test_status_tolerance_records_and_staleness() -> None:
    assert status(95.0, 100.0, "up", "money", 0.05) == "on_track"
    assert status(80.0, 100.0, "up", "money", 0.15) == "off_track"
    assert status(85.0, 100.0, "up", "money", 0.15) == "on_track"
    assert status(0.1, 0.25, "up", "rate", None, 19) == "too_little_data"
    assert status(0.1, 0.25, "up", "rate", None, 20) == "off_track"
    assert status(50.0, 100.0, "up", "money", None, 3) == "off_track"  # a sum is what it is, however few deals
    assert status(1.0, 1.0, "up", "money", stale=True) == "stale"
    with pytest.raises(InputError):
        status(1.0, 1.0, "higher", "money")


# cards


def test_comparisons_show_sign_unit_and_direction() -> None:
    down = comparison("plan", 4.41e6, 5e6, "money", better="up", currency="EUR")
    assert (spaced(down.text), down.tone, down.delta) == (
        "EUR −590 k (−11.8 %) vs plan",
        "bad",
        pytest.approx(-590_000),
    )
    churn = comparison("prior quarter", 0.04, 0.05, "rate", better="down", n=500)
    assert (spaced(churn.text), churn.tone, churn.delta_unit) == ("−1.0 pp vs prior quarter", "good", "points")
    assert comparison("plan", 1.0, None, "money").text == "no plan"
    assert comparison("plan", 1.0, None, "money", reason="plan not approved").text == "plan not approved"
    assert comparison("plan", None, 1.0, "money").text == "n/a vs plan"
    assert spaced(comparison("plan", 5.0, 0.0, "money", currency="EUR").text) == "EUR +5 vs plan"
    assert comparison("plan", 5.5, 1.3, "multiple").text == "+4.2× vs plan"
    assert "too few" in comparison("plan", 0.5, 0.3, "rate", n=4).text


def test_card_has_icon_word_and_colour_class_and_a_named_sparkline() -> None:
    card = kpi("b", "New bookings", 4.41e6, "money", better="up", references=[("plan", 5e6), ("prior quarter", None)],
               target=5e6, currency="EUR", spark=(4.1, 4.3, None, 4.41), href="#s-gap")  # fmt: skip
    html = Kpis((card,)).html()
    assert card.status == "off_track"
    assert 'class="status st-off_track"' in html
    assert "■" in html
    assert "Off track" in html
    assert 'href="#s-gap"' in html
    assert "no value for prior quarter" in html
    assert 'data-v="4410000"' in html
    assert '<title id="k-b-spark">New bookings, last 4 periods, rising, last value EUR' in html


def test_rate_from_fewer_than_five_records_is_a_count() -> None:
    assert kpi("w", "Win rate", 0.5, "rate", better="up", n=4, k=2, target=0.2).shown() == "2 of 4"
    few = kpi("w", "Win rate", 0.375, "rate", better="up", n=8, k=3, target=0.9, interval=(0.137, 0.694))
    assert few.status == "too_little_data"
    assert spaced(few.records()) == "3 of 8; 95 % interval 14–69 %"


def test_cards_need_ids_of_their_own() -> None:
    card = kpi("b", "Bookings", 1.0, "money", better="up")
    with pytest.raises(InputError, match="same id"):
        Kpis((card, card))


def test_a_flat_or_short_sparkline_draws() -> None:
    assert "<svg" not in kpi("b", "B", 1.0, "count", better="up", spark=(1.0,)).html()
    assert "level" in kpi("b", "B", 1.0, "count", better="up", spark=(1.0, 1.0)).html()


# fragments and wire form


class Strict(HTMLParser):
    """Collects tags and text; a tag that is not ours, or an event handler, is a hole."""

    allowed = frozenset(
        "section h1 h2 p ul li a span strong svg title polyline circle div table caption thead tbody tr th td".split()  # noqa: SIM905
    )

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed, tag
        names = [name for name, _ in attrs]
        assert not [n for n in names if n.startswith("on")]
        assert len(set(names)) == len(names)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if not self.get_starttag_text().endswith("/>"):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def everything(name: str) -> list[findings.Displayable]:
    finding = dataclasses.replace(win_rate(table="gap", figure="gap"), action=name, owner=name)
    named = against("n", name, 5, "count", reference=4, reference_label=name)
    card = kpi(
        "b", name, 4.41e6, "money", better="up", references=[(name, 5e6)], currency=name, spark=(1, 2), note=name
    )
    off = Off("slip", name, name)
    asks = (Ask(name, name, 1e6, name, dt.date(2026, 10, 15), "#s-gap", currency="EUR"),)
    return [
        Answer("Win rate was 19 %", (finding, name), evidence=(named,)),
        Kpis((card,)),
        Section("gap", name, (finding, named, off)),
        Asks(asks, (Ask(name, status="late"),)),
        Asks(),
        off,
        finding,
        Appendix("definitions", name, (off,)),
    ]


def test_fragments_escape_everything() -> None:
    for shown in everything("x" + HOSTILE.replace("1", "").replace("2", "")):
        page = Strict()
        page.feed(fragment(shown.payload()))
        page.close()
        assert not page.open, (shown, page.open)
        assert len(set(page.ids)) == len(page.ids)


def test_hostile_text_is_shown_as_it_is() -> None:
    page = Strict()
    page.feed(Off("x", HOSTILE, "no data").html())
    assert HOSTILE in "".join(page.words)


def test_json_round_trip_of_every_kind() -> None:
    for shown in everything("Nordics"):
        stored = json.loads(json.dumps(shown.payload(), allow_nan=False))
        again = read(stored)
        assert type(again) is type(shown)
        assert again.payload() == stored


def test_missing_numbers_become_null() -> None:
    payload = kpi("b", "B", float("nan"), "money", better="up", spark=(1.0, float("nan"))).__dict__
    assert numbers.is_missing(payload["value"])
    stored = Kpis((kpi("b", "B", float("nan"), "money", better="up", spark=(1.0, float("nan"))),)).payload()
    assert stored["items"][0]["value"] is None
    assert stored["items"][0]["spark"] == [1.0, None]


def test_display_bundle_and_collect() -> None:
    shown = everything("Nordics")
    notebook = nbformat.v4.new_notebook()
    cells = [nbformat.v4.new_code_cell(outputs=[_output(s)]) for s in shown]
    notebook.cells = [nbformat.v4.new_markdown_cell("# Question"), *cells, nbformat.v4.new_code_cell()]
    through_disk = nbformat.reads(nbformat.writes(notebook), as_version=4)
    assert [p["kind"] for p in collect(through_disk)] == [s.kind for s in shown]
    assert collect(through_disk) == [s.payload() for s in shown]


def _output(shown: findings.Displayable) -> Any:
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {MIME, "text/html", "text/plain"}
    assert bundle["text/html"].startswith('<div class="bizops"><style>')
    return nbformat.v4.new_output("display_data", data=bundle)


@pytest.mark.parametrize(
    "payload", [{"version": "2.0", "kind": "answer"}, {"version": "1.0", "kind": "poem"}, {"kind": "answer"}, "text"]
)
def test_foreign_payloads_are_refused(payload: Any) -> None:
    cell = {"outputs": [{"data": {MIME: json.dumps(payload)}}]}
    with pytest.raises(InputError):
        collect({"cells": [cell]})


def test_a_later_minor_version_is_read() -> None:
    payload = {**Off("x", "t", "r").payload(), "version": "1.7"}
    assert read(payload).text() == "t: r"


def test_facts_only_drops_the_looks_and_walk_finds_the_blocks() -> None:
    section = Section("s", "Nordics", (win_rate(), Off("slip", "", "no history")))
    payload = section.payload()
    assert [p["kind"] for p in findings.walk([payload])] == ["section", "finding", "note"]
    lean = findings.facts_only(payload)
    assert "html" not in json.dumps(lean)
    assert lean["blocks"][0]["value"] == pytest.approx(31 / 163)


def test_status_words_are_the_theme_s() -> None:
    assert {status(1, 1, "up", "money"), status(1, None, "up", "money"), status(None, 1, "up", "money")} <= set(STATUS)
