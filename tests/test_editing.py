"""Edited sentences: the number stays, the editor is named, the generated sentence is kept, and nothing else is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup

from bizops.errors import InputError, RunError
from bizops.findings import Answer, Finding, Only, Section, against, contribution, facts_only, movement, read
from bizops.findings.editing import Edit, apply, check_template, printed

WIN = against(
    "win", "Win rate", 31 / 163, "rate", reference=0.252, reference_label="plan", better="up", k=31, n=163,
    lower=0.138, upper=0.258,
)  # fmt: skip
CAUSE = contribution("cause", "Enterprise", -412_345.67, -590_250.5, "gap", currency="EUR")
HEADLINE = WIN.sentence.removesuffix(".")


def page() -> list[dict[str, Any]]:
    answer = Answer("Win rate 19 %", (WIN, CAUSE, "Decisions are asked below."))
    own = Section("wins", HEADLINE, (WIN,))
    other = Section("more", CAUSE.sentence.removesuffix("."), (Only(("manager",), (WIN,)),), evidence=(CAUSE,))
    return [json.loads(json.dumps(d.payload())) for d in (answer, own, other)]


def edit(sentence: str, finding: str = "win", by: str = "A. Quill") -> Edit:
    return Edit(finding, sentence, by, "params/edits.yaml line 3, entry 1")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_an_edited_sentence_keeps_the_printed_numbers() -> None:
    template = "Deals were lost late: {value} won ({n} closed, {interval}), {delta} below the {reference} planned."
    answer, own, other = apply(page(), [edit(template)])
    sentence = plain(own["blocks"][0]["sentence"])
    assert sentence == "Deals were lost late: 19 % won (163 closed, 14–26 %), 6.2 pp below the 25 % planned."
    assert plain(own["headline"]) == sentence.removesuffix(".")
    assert plain(answer["sentences"][0]) == sentence
    assert answer["sentences"][1] == CAUSE.sentence
    assert plain(other["blocks"][0]["blocks"][0]["sentence"]) == sentence, "a block of another edition too"
    assert other["headline"] == CAUSE.sentence.removesuffix(".")


def test_who_edited_and_what_was_generated_is_one_step_away() -> None:
    answer, own, _ = apply(page(), [edit("Lost late: {value}.")])
    soup = BeautifulSoup(own["blocks"][0]["html"], "html.parser")
    assert soup.find("p", class_="finding")["id"] == "f-win"
    assert soup.details.summary.get_text() == "edited by A. Quill"
    assert WIN.sentence in soup.details.p.get_text()
    record = facts_only(own["blocks"][0])
    assert (record["generated"], record["edited_by"]) == (WIN.sentence, "A. Quill")
    assert answer["edited"] == [
        {"generated": WIN.sentence, "sentence": own["blocks"][0]["sentence"], "edited_by": "A. Quill"}
    ]
    assert "edited by" not in own["html"], "said once, below the headline"
    assert isinstance(read(own), Section)


def test_a_headline_without_its_finding_below_says_who_edited_it() -> None:
    _, _, other = apply(page(), [edit("{value} came from the largest customers.", "cause")])
    assert plain(other["headline"]) == "EUR 412 k came from the largest customers"
    soup = BeautifulSoup(other["html"], "html.parser")
    assert soup.h2.get_text() == other["headline"]
    assert soup.details.summary.get_text() == "edited by A. Quill"


def test_two_edits_of_one_answer_are_both_told() -> None:
    edits = [edit("Lost late: {value}."), edit("{value} came from customers.", "cause", by="B. Reyes")]
    answer = apply(page(), edits)[0]
    assert [e["edited_by"] for e in answer["edited"]] == ["A. Quill", "B. Reyes"]
    assert answer["html"].count("<details") == 2


def test_the_printed_numbers_are_those_of_the_sentence() -> None:
    assert {k: plain(v) for k, v in printed(CAUSE).items()} == {
        "value": "EUR 412 k", "reference": "EUR 590 k", "delta": "EUR 178 k", "n": "", "interval": "",
    }  # fmt: skip
    trend = movement("t", "Bookings", 1.2e6, 1.5e6, "money", (1.3e6, 1.9e6), currency="EUR")
    assert plain(printed(trend)["interval"]) == "EUR 1.30–1.90 M"
    few = Finding("few", "Win rate was 1 of 3.", 1 / 3, "rate", n=3, k=1)
    assert printed(few)["value"] == "1 of 3"


def test_the_printed_value_itself_may_stand_for_its_place() -> None:
    own = apply(page(), [edit("It was 19 % of 163 deals.")])[1]
    assert own["blocks"][0]["sentence"] == "It was 19 % of 163 deals."


@pytest.mark.parametrize(
    ("sentence", "finding", "message"),
    [
        ("Late: {value}, or 7 deals.", "win", "no finding stands behind 7"),
        ("It was low.", "win", "has lost its number; keep {value}, which is 19 %"),
        ("{value} because of prices.", "win", "names a cause on descriptive evidence"),
        ("{value}, in {n} deals.", "cause", "has no {n}"),
        ("{value}.", "wins", "this run has no finding 'wins'. Did you mean 'win'?"),
    ],
)
def test_what_does_not_fit_the_finding_is_refused(sentence: str, finding: str, message: str) -> None:
    with pytest.raises(RunError) as caught:
        apply(page(), [edit(sentence, finding)])
    assert message in plain(str(caught.value))
    assert str(caught.value).startswith("params/edits.yaml line 3, entry 1: ")


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("{vlaue} won", "the sentence names {vlaue}. Did you mean 'value'?"),
        ("{value:.9f} won", "names {value:.9f}"),
        ("{value!r} won", "names {value!r}"),
        ("{value.__class__} won", "names {value.__class__}"),
        ("{0} won", "names {0}"),
        ("{ won", "cannot be read"),
    ],
)
def test_a_template_names_numbers_of_a_finding_and_nothing_else(sentence: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_template(sentence, "here")
    assert message in str(caught.value)


def test_names_are_text() -> None:
    own = apply(page(), [edit("<img src=x onerror=alert()> {value}", by="<script>alert(1)</script>")])[1]
    assert "<img" not in own["blocks"][0]["html"] + own["html"]
    assert "<script" not in own["blocks"][0]["html"]


def test_without_edits_nothing_changes() -> None:
    assert apply(page(), []) == page()
