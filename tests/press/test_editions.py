"""What is cut from a notebook for whom, and what a run says of its editions."""

from __future__ import annotations

import importlib
import json
from email import message_from_bytes
from email.policy import default

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bizops import press
from bizops.charts import bridge
from bizops.errors import InputError, RunError
from bizops.findings import MIME, Answer, Ask, Asks, Finding, Only, Section, against, collect, read, walk
from bizops.press import release


def finding(name):
    return Finding(name, f"Finding of {name}.", None, "count")


def nested():
    inner = Only(("analyst",), (finding("inner"),))
    return Section("s", "Section", (finding("open"), Only(("manager", "analyst"), (finding("outer"), inner))))


def ids(notebook):
    return [p["id"] for p in walk(collect(notebook)) if p["kind"] == "finding"]


@pytest.fixture
def notebook(sample):
    return new_notebook(cells=[sample.displayed(nested(), Only(("leadership",), (finding("top"),)))])


@pytest.fixture
def qbr(sample):
    """The review without its hostile name in prose: a run refuses prose with numbers that no finding states."""
    made = sample.make_qbr()
    made.cells[0].source = made.cells[0].source.replace(sample.HOSTILE, "")
    return made


@pytest.mark.parametrize(
    ("edition", "expected"),
    [("leadership", ["open", "top"]), ("manager", ["open", "outer"]), ("analyst", ["open", "outer", "inner"])],
)
def test_blocks_for_some_readers_are_gone_or_stand_in_their_place(notebook, edition, expected):
    cut = press.edition_of(notebook, edition)
    assert ids(cut) == expected
    assert "only" not in {p["kind"] for p in walk(collect(cut))}
    assert ids(notebook) == ["open", "outer", "inner", "top"], "the notebook itself is left as it was"


def test_cutting_twice_changes_nothing_more(notebook):
    once = press.edition_of(notebook, "manager")
    assert press.edition_of(once, "manager") == once


def test_what_is_not_ours_is_for_the_analyst():
    outputs = [
        new_output("stream", name="stdout", text="printed"),
        new_output("display_data", data={MIME: finding("one").payload(), "text/html": "<b>rendered</b>"}),
        new_output("display_data", data={"image/png": "aGk="}),
    ]
    cells = [new_markdown_cell("hidden", metadata={"tags": ["analyst"]}), new_code_cell("code()", outputs=outputs)]
    leader = press.edition_of(new_notebook(cells=cells), "leadership")
    assert [c["source"] for c in leader["cells"]] == [""]
    assert [sorted(o["data"]) for o in leader["cells"][0]["outputs"]] == [[MIME]]
    analyst = press.edition_of(new_notebook(cells=cells), "analyst")
    assert [c["source"] for c in analyst["cells"]] == ["hidden", "code()"]
    assert [o["output_type"] for o in analyst["cells"][1]["outputs"]] == ["stream", "display_data", "display_data"]


def test_payloads_that_the_run_adds_are_cut_like_the_notebooks(notebook):
    added = press.with_payloads(notebook, [Only(("analyst",), (finding("late"),)).payload()])
    assert ids(press.edition_of(added, "analyst"))[-1] == "late"
    assert "late" not in ids(press.edition_of(added, "leadership"))


def test_an_audience_is_an_edition():
    with pytest.raises(InputError, match=r"blocks for 'leaders'"):
        Only(("leaders",), ())
    with pytest.raises(InputError, match="nobody"):
        Only((), ())


def test_blocks_for_some_readers_travel_and_come_back():
    record = Only(("manager",), (finding("one"),))
    back = read(json.loads(json.dumps(record.payload())))
    assert isinstance(back, Only)
    assert back.payload() == record.payload()
    assert "manager" in record.text()
    assert "Finding of one." in record._repr_mimebundle_()["text/html"], "the analyst sees them at the notebook"


def test_a_headline_never_rests_on_blocks_for_some_readers():
    with pytest.raises(InputError, match="19"):
        Section("s", "It was 19", (Only(("analyst",), (Finding("f", "It was 19.", 19.0, "count"),)),))


@pytest.mark.parametrize(
    ("level", "expected"),
    [("company", ["leadership", "analyst"]), ("region", ["leadership", "manager", "analyst"])],
)
def test_a_slice_has_a_manager(qbr, sample, level, expected):
    made = release(qbr, sample.make_record(scope={"level": level, "member": "x", "label": "x"}), pdf=False)
    assert list(made.editions) == expected
    assert [n for listed in made.editions.values() for n in listed["files"]] == sorted(
        made.files, key=lambda n: (expected.index(n.split("/")[1]) if n.startswith("editions/") else 0, n)
    )


def test_the_files_of_each_edition(qbr, sample):
    scope = {"level": "region", "member": "x", "label": "x"}
    made = release(qbr, sample.make_record(scope=scope), pdf=False)
    for edition, listed in made.editions.items():
        top = "" if edition == "leadership" else f"editions/{edition}/"
        own = {n.removeprefix(top) for n in listed["files"] if "tables/" not in n}
        mail = {"report.eml"} if edition != "analyst" else set()
        assert own == {"report.html", "report.xlsx", "findings.json", *mail}
        assert listed["not_made"] == {}


def test_the_managers_mail_holds_only_what_all_readers_may_see(sample):
    asked = Only(("manager",), (Asks((Ask("Coach a seller"),)),))
    told = new_notebook(
        cells=[sample.displayed(Answer("It was 1 deal", (against("deals", "Deals won", 1, "count"),)), asked)]
    )
    made = release(told, sample.make_record(scope={"level": "region", "member": "x", "label": "x"}), pdf=False).files
    mail = message_from_bytes(made["editions/manager/report.eml"], policy=default)
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    assert len(parts) == 2
    assert all("deal" in text and "Coach" not in text for text in parts)
    assert "Coach a seller" in made["editions/manager/report.html"]
    assert "Coach" not in made["report.html"]


def test_links_to_what_is_cut_are_cut_too(sample):
    steps = pd.DataFrame({"label": ["a", "b"], "amount": [1.0, 2.0]})
    figure = bridge(steps, id="gap", start=("Plan", 3.0), end=("Actual", 6.0), title="Gap of 3", subtitle="Deals")
    told = Finding("open", "It was so.", None, "count", table="gap", figure="gap")
    notebook = new_notebook(cells=[sample.displayed(told, Only(("analyst",), (figure, sample.gap_table())))])
    links = {}
    for edition in press.EDITIONS:
        payload = next(p for p in walk(collect(press.edition_of(notebook, edition))) if p["kind"] == "finding")
        links[edition] = (payload["table"], payload["figure"])
    assert links == {"leadership": ("", ""), "manager": ("", ""), "analyst": ("gap", "gap")}


def test_without_a_browser_the_rest_is_made_and_the_record_says_why(qbr, sample, monkeypatch):
    def broken(*_, **__):
        raise RunError("no Chromium was found on this machine")

    monkeypatch.setattr(importlib.import_module("bizops.press.release"), "printed", broken)
    made = release(qbr, sample.make_record())
    assert made.editions["leadership"]["not_made"] == {"report.pdf": "no Chromium was found on this machine"}
    assert "report.pdf" not in made.editions["leadership"]["files"]
    assert 'href="report.pdf"' not in made.files["report.html"]
    assert 'href="report.xlsx"' in made.files["report.html"]
    assert made.editions["analyst"]["not_made"] == {}


def test_a_mail_that_would_arrive_cut_is_not_made_and_the_run_is_good(qbr, sample, monkeypatch):
    monkeypatch.setattr("bizops.press.mail.LIMIT", 1_000)
    listed = release(qbr, sample.make_record(), pdf=False).editions["leadership"]
    assert "at most 1,000 arrive uncut" in listed["not_made"]["report.eml"]
    assert "report.eml" not in listed["files"]


def test_the_same_run_gives_the_same_bytes(qbr, sample):
    first, second = (release(qbr, sample.make_record(), pdf=False).files for _ in range(2))
    assert first == second


def test_another_run_differs_in_its_id_and_time_alone(qbr, sample):
    """A14: everything but the run's own marks is byte-identical."""
    other = {"run_id": "20270101T000000Z-ffff", "started_at": "2027-01-01T00:00:00.000Z"}
    other["finished_at"] = "2027-01-01T00:00:09.000Z"
    one = release(qbr, sample.make_record(), pdf=False).files
    two = release(qbr, sample.make_record(**other), pdf=False).files
    for name in one:
        if name.startswith(("tables/", "editions/analyst/tables/")):
            assert one[name] == two[name]
    marks = (("20261005T041500Z-3f9c", other["run_id"]), ("5\xa0Oct\xa02026, 04:15 UTC", "1\xa0Jan\xa02027, 00:00 UTC"))
    page = one["report.html"]
    for old, new in marks:
        page = page.replace(old, new)
    assert page == two["report.html"]
