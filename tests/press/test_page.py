"""The page of an executed notebook, read back as HTML."""

import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bizops import press
from bizops.errors import InputError, RunError
from bizops.findings import Answer, Appendix, Off, Section
from bizops.findings.definition import Definition
from bizops.press.exporter import PageExporter
from bizops.press.templates import content_policy, script, stylesheet
from bizops.tables import Col, Table


def parse(page):
    return BeautifulSoup(page, "html.parser")


@pytest.fixture(scope="module")
def leader(qbr, sample):
    return press.render(qbr, "leadership", sample.make_record())


@pytest.fixture(scope="module")
def soup(leader):
    return parse(leader)


@pytest.fixture(scope="module")
def analyst(qbr, sample):
    return press.render(qbr, "analyst", sample.make_record())


@pytest.fixture
def page_of(sample):
    """Lay out a notebook of some cells, leadership edition unless said otherwise."""

    def page(*cells, edition="leadership", **record):
        return parse(press.render(new_notebook(cells=list(cells)), edition, record))

    return page


class TestStructure:
    def test_the_title_is_the_conclusion(self, soup):
        title = "New bookings were EUR 4.41 M, 11.8 % below plan"
        assert [h.get_text() for h in soup.find_all("h1")] == [title]
        assert soup.title.get_text() == title
        assert soup.html["lang"] == "en-GB"

    def test_the_line_under_the_title_says_what_when_and_which_run(self, soup):
        (meta,) = soup.main.header.find_all("ul")
        assert [li.get_text(" ", strip=True) for li in meta.find_all("li")] == [
            "Quarterly business review",
            "Northwind Signal",
            "company",
            "Q3 FY26 (Jul–Sep 2026)",
            "data as of 4\xa0Oct\xa02026",
            "Leadership edition",
            "run 20261005T041500Z-3f9c",
            "▲ 1 data warning",
        ]
        assert meta.find("a")["href"] == "#a-quality"

    def test_blocks_stand_in_the_order_of_reading(self, leader):
        places = [
            leader.index(mark)
            for mark in (
                "<h1>", 'class="answer"', 'class="kpis"', 'id="decisions"', 'class="contents"', 'id="s-gap"',
                'id="s-wins"', 'id="s-pipeline"', 'id="s-what-would-change-this-answer"', 'id="about"',
                'id="a-definitions"', 'id="a-quality"', 'id="a-provenance"', "<footer",
            )
        ]  # fmt: skip
        assert places == sorted(places)

    def test_the_answer_is_its_status_and_sentences(self, soup):
        (answer,) = soup.select("section.answer")
        words = answer.get_text(" ", strip=True)
        assert words.startswith("■ Off track. Win rate was 19\xa0% (31 of 163), 6.2\xa0pp below plan.")
        assert "Enterprise explains" in words

    def test_a_section_has_its_conclusion_as_heading_and_its_question_above(self, soup):
        section = soup.find(id="s-gap").find_parent("section")
        assert section.find("p", class_="kicker").get_text() == "Where did the gap come from?"
        assert section.h2.get_text() == "Enterprise explains EUR 412 k of the gap"
        assert section["aria-labelledby"] == "s-gap"
        kinds = [e.name for e in section.find_all(["figure", "table"])]
        assert kinds == ["figure", "table"]
        assert "Every part sums to the whole." in section.get_text()

    def test_a_switched_off_section_says_why(self, soup):
        section = soup.find(id="s-pipeline").find_parent("section")
        assert section.h2.get_text() == "Pipeline and ageing"
        assert section.find("p", class_="off").get_text() == "Not shown: no table opportunity_history: not measurable"

    def test_contents_list_every_section_and_appendix(self, soup):
        links = soup.select("nav.contents a")
        assert [(a["href"], a.get_text()) for a in links] == [
            ("#s-gap", "Where did the gap come from?"),
            ("#s-wins", "How did deals end?"),
            ("#s-pipeline", "Is there enough pipeline?"),
            ("#s-what-would-change-this-answer", "What would change this answer"),
            ("#about", "About this report"),
            ("#a-definitions", "Definitions"),
            ("#a-quality", "Data quality"),
            ("#a-provenance", "Provenance"),
        ]
        assert soup.select("nav.contents details")

    def test_ids_are_unique_and_links_lead_somewhere(self, soup):
        ids = Counter(e["id"] for e in soup.find_all(id=True))
        assert [i for i, n in ids.items() if n > 1] == []
        targets = {a["href"][1:] for a in soup.select('a[href^="#"]')}
        assert "s-gap" in targets
        assert targets <= set(ids)
        labels = {i for e in soup.find_all(attrs={"aria-labelledby": True}) for i in e["aria-labelledby"].split()}
        assert labels <= set(ids)

    def test_a_link_to_nowhere_is_text(self, soup):
        section = soup.find(id="s-what-would-change-this-answer").find_parent("section")
        assert [(a.get_text(), a.get("href")) for a in section.find_all("a")] == [
            ("the gap", "#s-gap"),
            ("another", None),
        ]

    def test_headings_skip_no_level(self, soup):
        levels = [int(h.name[1]) for h in soup.find_all(re.compile("^h[1-6]$"))]
        assert levels[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))

    def test_tables_are_named_and_scoped(self, soup):
        tables = soup.find_all("table")
        assert len(tables) == 5
        for table in tables:
            assert table.caption.get_text(strip=True)
            assert all(th.get("scope") == "col" for th in table.thead.find_all("th"))
            assert all(row.th["scope"] == "row" for row in table.tbody.find_all("tr"))
            assert table.parent["tabindex"] == "0"
            assert table.parent["aria-labelledby"] == table.caption["id"]

    def test_every_table_links_to_its_file(self, qbr, soup):
        files = press.tables_of(qbr)
        linked = [a["href"] for a in soup.select("p.data a")]
        assert sorted(linked) == sorted(f"tables/{name}.csv" for name in files)
        assert len(linked) == len(soup.find_all("table"))

    def test_the_footer_says_whom_to_ask_and_when_it_was_made(self, page_of):
        company = {"confidentiality": "Confidential", "contact": "Business Operations, ops@northwind.example"}
        record = {"company": company, "started_at": "2026-10-05T04:15:00.123Z", "code": {"version": "0.1.0"}}
        leader, analyst = page_of(**record).footer.get_text(), page_of(edition="analyst", **record).footer.get_text()
        assert leader.split("\n")[2:-2] == [
            "Confidential",
            "questions to Business Operations",
            "made 5\xa0Oct\xa02026, 04:15 UTC with bizops 0.1.0",
        ]
        assert "ops@northwind.example" in analyst

    def test_one_skip_link_one_main(self, soup):
        assert soup.find("a")["href"] == "#main"
        assert len(soup.find_all("main")) == 1


class TestSafety:
    def test_nothing_of_the_machinery_reaches_a_leader(self, leader, sample):
        for what, secret in sample.SECRETS.items():
            assert secret not in leader, what
        assert not re.search(r"Traceback|FutureWarning|/home/|open_data\(|application/vnd", leader)
        assert "Not for leaders" not in leader

    def test_an_error_output_does_not_reach_a_leader(self, page_of, sample):
        failed = new_output("error", ename="KeyError", evalue="'Jane Doe'", traceback=["\x1b[31mKeyError\x1b[0m: Jane"])
        shown = sample.displayed(Section("one", "One", ()))
        shown.outputs.append(failed)
        text = page_of(new_markdown_cell("## One"), shown).get_text()
        assert "KeyError" not in text
        assert "Jane" not in text

    def test_hostile_names_are_text(self, soup, sample):
        assert len(soup.find_all("script")) == 1
        assert not soup.find_all("img")
        names = [th.get_text() for th in soup.find(id="t-gap").tbody.find_all("th")]
        assert sample.HOSTILE in names
        attributes = [k for e in soup.find_all(True) for k in e.attrs]
        assert not [k for k in attributes if k.startswith("on")]

    def test_template_syntax_is_not_evaluated(self, leader):
        assert "{{ 7*7 }}" in leader
        assert not re.search(r"\b49\b", parse(leader).get_text())

    def test_only_the_pages_own_script_and_style_are_allowed(self, leader, soup):
        policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        assert policy == content_policy()
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["img-src"] == "data:"
        assert "unsafe" not in policy
        assert leader.count("<style>") == 1
        assert not soup.find_all(style=True)

    def test_no_address_is_fetched(self, soup):
        assert not soup.find_all(["link", "iframe", "object", "embed", "video", "audio", "form", "base"])
        assert not [e for e in soup.find_all(src=True) if not e["src"].startswith("data:")]
        assert "@import" not in stylesheet()
        assert "url(" not in stylesheet()

    def test_style_and_script_stay_small(self):
        assert len(stylesheet().encode()) + len(script().encode()) <= 12_000

    def test_a_page_is_made_again_byte_by_byte(self, qbr, sample, leader):
        assert press.render(qbr, "leadership", sample.make_record()) == leader

    def test_the_notebook_is_left_as_it_was(self, qbr, sample):
        before = nbformat.writes(qbr)
        press.render(qbr, "leadership", sample.make_record())
        assert nbformat.writes(qbr) == before


class TestEditions:
    def test_the_analyst_sees_code_and_what_it_printed(self, analyst, sample):
        soup = parse(analyst)
        for what in ("code", "stdout", "stderr", "repr"):
            assert sample.SECRETS[what] in soup.get_text(), what
        assert all(pre.find_parent("details") for pre in soup.find_all("pre"))
        assert "Not for leaders." in soup.get_text()
        assert f"<b>{sample.SECRETS['repr']}" not in analyst

    def test_files_beside_the_page_are_linked_under_the_title(self, qbr, sample):
        page = parse(press.render(qbr, "leadership", sample.make_record(), beside=["report.xlsx", "report.pdf"]))
        links = page.main.header.select("li.data a")
        assert [(a["href"], a.get_text()) for a in links] == [("report.xlsx", "Excel"), ("report.pdf", "PDF")]

    def test_the_analyst_edition_says_its_size(self, analyst, soup):
        size = int(re.search(r"· ?(\d+) kB|>(\d+) kB<", analyst)[2])
        assert 0 <= size * 1000 - len(analyst.encode()) < 1100
        assert not re.search(r"\d kB", soup.main.header.get_text())

    def test_the_manager_edition_says_so_and_holds_no_code(self, qbr, sample):
        text = press.render(qbr, "manager", sample.make_record())
        assert "Manager edition" in text
        assert not [what for what, secret in sample.SECRETS.items() if secret in text]

    def test_the_analyst_sees_the_query_of_a_metric(self, page_of, sample):
        explained = Definition("BKG-01", "Bookings", "What was signed", "money", sql="SELECT 1 < 2")
        cell = sample.displayed(Appendix("definitions", "Definitions", (explained,)))
        assert "SELECT 1 < 2" in page_of(cell, edition="analyst").get_text()
        assert "SELECT" not in page_of(cell).get_text()

    def test_both_editions_say_the_same(self, analyst, soup):
        assert [t["id"] for t in parse(analyst).find_all("table")] == [t["id"] for t in soup.find_all("table")]
        assert len(parse(analyst).find_all("h1")) == 1

    def test_pictures_of_a_cell_are_for_the_analyst(self, page_of):
        picture = new_output("display_data", data={"image/png": "aGk=\n", "text/plain": "<Figure size 640x480>"})
        cells = [new_markdown_cell("## Plot\n\nWhat one sees."), new_code_cell("plot()", outputs=[picture])]
        leader = page_of(*cells)
        assert "What one sees." in leader.get_text()
        assert not leader.find_all("img")
        assert "Figure size" not in leader.get_text()
        assert page_of(*cells, edition="analyst").img["src"] == "data:image/png;base64,aGk="

    def test_an_unknown_edition_is_refused_with_the_nearest_name(self, qbr):
        with pytest.raises(InputError, match="Did you mean 'leadership'"):
            press.render(qbr, "leadershp", {})


class TestUnusualNotebooks:
    def test_without_an_answer_the_first_heading_is_the_title(self, page_of):
        assert page_of(new_markdown_cell("# Win *rates* & more\n\n## One\n\ntext")).h1.get_text() == "Win rates & more"
        assert page_of(new_markdown_cell("## Only this\n\ntext")).h1.get_text() == "Only this"
        assert page_of(new_code_cell("1")).h1.get_text() == "Report"
        assert page_of().h1.get_text() == "Report"

    def test_exhibits_before_any_heading_are_shown(self, page_of, sample):
        page = page_of(new_markdown_cell("# Gap"), sample.displayed(sample.gap_section()))
        assert page.find(id="s-gap").get_text() == "Enterprise explains EUR 412 k of the gap"
        assert page.find(id="t-gap")

    def test_loose_exhibits_stand_under_the_notebooks_heading(self, page_of, sample):
        page = page_of(new_markdown_cell("## By segment"), sample.displayed(sample.gap_table()))
        assert page.find(id="t-gap").find_parent("section").h2.get_text() == "By segment"

    def test_equal_headings_get_different_places(self, page_of):
        page = page_of(new_markdown_cell("## Notes\n\none\n\n## Notes\n\ntwo\n\n## 備考\n\nthree"))
        assert [h["id"] for h in page.select("section.part > h2")] == ["s-notes", "s-notes-2", "s-part"]

    def test_a_heading_without_anything_to_say_is_left_out(self, page_of):
        assert not page_of(new_markdown_cell("## Imports"), new_code_cell("import x")).select("section.part")

    def test_two_sections_under_one_question(self, page_of, sample):
        cells = [new_markdown_cell("## Why?\n\nFirst this."), sample.displayed(Section("a", "A"), Section("b", "B"))]
        page = page_of(*cells)
        assert [h.get_text() for h in page.select("section.part > h2")] == ["A", "B"]
        assert "First this." in page.find(id="s-a").parent.get_text()

    def test_an_exhibit_shown_twice_is_placed_once(self, page_of, sample):
        table, finding = sample.gap_table(), sample.win_rate()
        cells = [
            new_markdown_cell("## One"),
            sample.displayed(table, finding),
            new_markdown_cell("## Two"),
            sample.displayed(Section("two", "Two", (table, finding))),
        ]
        page = page_of(*cells)
        assert len(page.find_all("table")) == 1
        assert page.get_text().count("Win rate was") == 2
        assert len(page.find_all(id="f-win")) == 1

    def test_a_table_shown_before_its_appendix_stays_in_the_appendix(self, page_of, sample):
        (inputs,) = sample.provenance().blocks
        cells = [
            new_markdown_cell("# Review\n\n## The data\n\nWhat was read."),
            sample.displayed(inputs),
            new_markdown_cell("## Provenance"),
            sample.displayed(sample.provenance()),
        ]
        page = page_of(*cells)
        assert len(page.find_all("table")) == 1
        assert page.find(id="t-inputs").find_parent("section").h2["id"] == "a-provenance"
        assert [h["id"] for h in page.select("section.part > h2")] == ["about", "a-provenance"]
        assert page.find(id="about").parent.get_text(" ", strip=True) == "About this report The data What was read."

    def test_a_table_that_differs_from_its_namesake_in_a_section_is_an_error(self, page_of, sample):
        cells = [sample.displayed(sample.gap_table({"Other": 1.0})), sample.displayed(sample.gap_section())]
        with pytest.raises(RunError, match="table gap"):
            page_of(*cells)

    def test_two_tables_with_one_id_are_an_error(self, page_of, sample):
        cells = [sample.displayed(sample.gap_table()), sample.displayed(sample.gap_table({"Other": 1.0}))]
        with pytest.raises(RunError, match="table gap"):
            page_of(*cells)

    def test_two_answers_are_an_error(self, page_of, sample):
        one, other = (Answer(f"Bookings were {q}", ()) for q in ("Q1", "Q2"))
        with pytest.raises(RunError, match="answer"):
            page_of(sample.displayed(one, other))

    def test_an_output_of_another_version_is_refused(self, page_of, sample):
        cell = sample.displayed(sample.gap_table())
        cell.outputs[0].data["application/vnd.bizops+json"]["version"] = "2.0"
        with pytest.raises(InputError, match="version 2"):
            page_of(cell)

    def test_a_failed_check_is_told_at_the_top(self, page_of, sample):
        page = page_of(sample.displayed(sample.quality("failed")))
        assert "1 data check failed" in page.find(class_="banner").get_text()
        assert page.find(class_="banner").a["href"] == "#a-quality"
        assert not page_of(sample.displayed(sample.quality("warning"))).find(class_="banner")

    def test_a_note_among_exhibits_stays_where_it_is(self, page_of, sample):
        page = page_of(new_markdown_cell("## Gap"), sample.displayed(sample.gap_table(), Off("q", "Quota", "no quota")))
        assert page.find(id="n-q").find_parent("section").h2.get_text() == "Gap"

    @pytest.mark.parametrize(
        ("columns", "value", "expected"),
        [(5, 1.0, ""), (6, 1e9, ""), (8, 1e9, "compact"), (10, 1e9, "landscape"), (15, 1e9, "landscape dense")],
    )
    def test_a_wide_table_is_printed_across(self, page_of, sample, columns, value, expected):
        frame = pd.DataFrame({f"c{i}": [value] for i in range(columns)})
        table = Table("wide", "Wide", frame, [Col(f"c{i}", f"C{i}", "count") for i in range(columns)])
        across = page_of(sample.displayed(table)).find(id="t-wide").find_parent(class_=["landscape", "compact"])
        assert (" ".join(across["class"]) if across else "") == expected

    def test_long_text_wraps_and_needs_no_width_on_paper(self, page_of, sample):
        frame = pd.DataFrame({f"c{i}": ["words and more words " * 9] for i in range(4)})
        table = Table("text", "Text", frame, [Col(f"c{i}", f"C{i}") for i in range(4)])
        assert not page_of(sample.displayed(table)).find(class_="landscape")

    @pytest.mark.parametrize(("rows", "is_folded"), [(20, False), (21, True)])
    def test_a_long_table_of_an_appendix_is_folded(self, page_of, sample, rows, is_folded):
        frame = pd.DataFrame({"check": [f"check {i}" for i in range(rows)]})
        table = Table("checks", "Checks.", frame, [Col("check", "Check")])
        page = page_of(sample.displayed(Appendix("quality", "Data quality", (table,))))
        details = page.find(id="t-checks").find_parent("details")
        assert (details is not None) == is_folded
        assert not is_folded or details.summary.get_text() == "Checks: 21 rows"

    def test_the_table_that_a_figure_draws_is_folded_behind_its_name(self, soup):
        details = soup.find(id="t-gap").find_parent("details")
        assert details.summary.get_text() == "Table: Gap to plan by segment, Q3 FY26 (5 rows)"
        assert not details.has_attr("open")
        assert details.select('p.data a[href="tables/gap.csv"]')
        assert not soup.find(id="fig-gap").find_parent("details")
        assert not soup.find(id="f-enterprise").find_parent("details")

    @pytest.mark.parametrize(
        ("rows", "after", "is_folded"),
        [(20, False, False), (21, False, True), (10, True, False), (11, True, True)],
    )
    def test_a_long_table_of_a_section_is_folded(self, page_of, sample, rows, after, is_folded):
        """The first exhibit is what the section shows, so that it stands open for longer than those after it."""
        frame = pd.DataFrame({"deal": [f"deal {i}" for i in range(rows)]})
        table = Table("deals", "Deals", frame, [Col("deal", "Deal")])
        blocks = (sample.gap_table(), table) if after else (table,)
        details = page_of(sample.displayed(Section("one", "One", blocks))).find(id="t-deals").find_parent("details")
        assert (details is not None) == is_folded

    def test_a_question_that_repeats_its_heading_is_left_out(self, page_of, sample):
        cells = [
            new_markdown_cell("## What would change this answer?"),
            sample.displayed(Section("x", "What would change this answer")),
        ]
        assert not page_of(*cells).find(class_="kicker")

    def test_a_long_table_links_to_the_file_with_all_rows(self, page_of, sample):
        frame = pd.DataFrame({"deal": [f"d{i}" for i in range(1234)], "n": range(1234)})
        table = Table("deals", "Deals", frame, [Col("deal", "Deal"), Col("n", "N", "count")])
        (link,) = page_of(sample.displayed(table)).select("p.data a")
        assert link["href"] == "tables/deals.csv"
        assert "all 1,234 rows" in link.get_text()
        assert not link.has_attr("data-csv")


def test_the_exporter_works_as_any_of_nbconvert(qbr, sample, leader):
    page, resources = PageExporter().from_notebook_node(qbr, {"record": sample.make_record()})
    assert page == leader
    assert resources["output_extension"] == ".html"


def test_only_a_page_of_a_notebook_pays_for_nbconvert():
    code = "import sys, bizops.press as p; p.failure_page({}); sys.exit('nbconvert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
