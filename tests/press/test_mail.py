"""The mail, parsed as a mail program parses it."""

from __future__ import annotations

import email
import re
from email import policy

import pytest
from bs4 import BeautifulSoup

from bizops import press
from bizops.errors import RunError
from bizops.findings import Answer, Ask, Asks, Finding, collect
from bizops.language import say, speaking
from bizops.press.mail import LIMIT, mail

FILES = ("report.html", "report.pdf", "report.xlsx")


def made(payloads, record, **more):
    given = {"edition": "Leadership edition", "folder": "qbr/default/run 1/", "beside": FILES, **more}
    return mail(payloads, record, **given)


def parsed(content):
    message = email.message_from_bytes(content, policy=policy.default)
    plain, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return message, plain, BeautifulSoup(html, "html.parser")


@pytest.fixture(scope="module")
def record(sample):
    company = {"name": "Northwind", "confidentiality": "Confidential", "contact": "Ops, ops@northwind.example"}
    return sample.make_record(company=company)


@pytest.fixture(scope="module")
def content(qbr, record):
    return made(collect(press.edition_of(qbr, "leadership")), record)


@pytest.fixture(scope="module")
def parts(content):
    return parsed(content)


def test_it_has_the_title_as_subject_two_parts_and_no_sender(parts, content):
    message, _, _ = parts
    assert message["Subject"] == "New bookings were EUR 4.41 M, 11.8 % below plan"
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Date"].datetime.isoformat() == "2026-10-05T04:15:09+00:00"
    assert (message["From"], message["To"]) == (None, None)
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_it_is_small_and_made_for_old_programs(parts, content):
    _, _, soup = parts
    assert len(content) < 30_000 < LIMIT == 80_000
    html = str(soup)
    for word in ("<svg", "<style", "<script", "<img", "var(", "grid-template", "<details", "class="):
        assert word not in html, word
    assert soup.find("table", width="600")
    layout = [t for t in soup.find_all("table") if not t.find("th", recursive=True) or t.find("table")]
    assert all(t["role"] == "presentation" for t in layout)
    for element in soup.find_all(["td", "th"]):
        if element.get_text(strip=True) and not element.find("table"):
            assert "background-color:#FFFFFF" in element["style"], element
            assert re.search(r"(^|;)color:#", element["style"]), element


def test_both_parts_say_answer_figures_and_asks(parts):
    _, plain, soup = parts
    html = soup.get_text(" ")
    for words in (
        "Win rate was 19\xa0% (31 of 163), 6.2\xa0pp below plan.",
        "EUR\xa04.41\xa0M", "Off track", "Net revenue retention", "Move two sellers to Nordics", "R. Berg",
        "due 30\xa0Oct\xa02026", "report.html", "Confidential", "questions to Ops", "Leadership edition",
    ):  # fmt: skip
        assert words in plain, words
        assert words in html, words
    assert "ops@northwind.example" not in plain + html


def test_the_answer_begins_with_its_status_in_words(parts, record):
    _, plain, soup = parts
    assert "■ Off track." in plain.splitlines()
    assert soup.find("b", string="■ Off track.")
    without = Answer("It was 5", (Finding("f", "It was 5.", 5.0, "count"),)).payload()
    assert parsed(made([without], record))[2].find("b") is None


def test_without_a_published_page_it_says_in_which_folder_the_files_lie(parts, qbr, record):
    _, plain, soup = parts
    for words in ("the page (report.html)", "PDF (report.pdf)", "Excel (report.xlsx)"):
        assert words in plain
    assert "- in the run's folder, qbr/default/run 1" in plain.splitlines()
    assert "in the run's folder, qbr/default/run 1" in soup.get_text()
    company = {**record["company"], "site_url": "https://reports.example/bi/"}
    linked = parsed(made(collect(press.edition_of(qbr, "leadership")), {**record, "company": company}))
    assert "folder" not in linked[1]


def test_the_key_figures_are_a_table_with_named_columns(parts):
    _, plain, soup = parts
    table = soup.find("th", string="Measure").find_parent("table")
    rows = [[c.get_text(strip=True) for c in row.find_all(["th", "td"])] for row in table.find_all("tr")]
    assert rows[0] == ["Measure", "Value", "vs plan", "vs Q2 FY26", "Status"]
    assert rows[1] == ["New bookings", "EUR\xa04.41\xa0M", "EUR\xa0−590\xa0k", "EUR\xa0−190\xa0k", "■ Off track"]
    assert rows[5][2] == "no plan"
    assert len(rows) == 6
    assert "- New bookings: EUR\xa04.41\xa0M (Off track); EUR\xa0−590\xa0k (−11.8\xa0%) vs plan;" in plain


def test_links_lead_to_the_published_page_only_if_there_is_one(qbr, record):
    payloads = collect(press.edition_of(qbr, "leadership"))
    company = {**record["company"], "site_url": "https://reports.example/bi/"}
    _, plain, soup = parsed(made(payloads, {**record, "company": company}))
    base = "https://reports.example/bi/qbr/default/run%201/"
    assert [a["href"] for a in soup.find_all("a")] == [base + name for name in FILES]
    assert base + "report.pdf" in plain
    assert not parsed(made(payloads, record))[2].find_all("a")


def changes(n):
    items = [{"id": f"c{i}", "kind": "value", "sentence": f"Value {i} rose."} for i in range(n)]
    return {"kind": "changes", "items": items, "shown": [f"c{i}" for i in range(1, n)], "remark": "", "reason": ""}


def test_at_most_five_changes_those_that_the_page_has_in_sight(record):
    _, plain, _ = parsed(made([changes(9)], record))
    assert re.findall(r"Value (\d) rose", plain) == ["1", "2", "3", "4", "5"]
    none = {"kind": "changes", "items": [], "shown": [], "remark": "", "reason": "This is the first run."}
    assert "This is the first run." in parsed(made([none], record))[1]


def test_names_from_the_data_are_text(record, sample):
    hostile = f"{sample.HOSTILE}\r\nBcc: all@evil.example"
    win = Finding("win", f"{hostile} was 5.", 5.0, "count", subject=hostile)
    payloads = [
        Answer("It was 5", (win,)).payload(),
        Asks((Ask(hostile, hostile, 1.0, hostile, None, currency="EUR"),)).payload(),
    ]
    message, _, soup = parsed(made(payloads, {**record, "title": hostile}))
    assert message["Bcc"] is None
    assert not soup.find_all(["script", "img"])
    assert sample.HOSTILE in soup.get_text()
    message, _, _ = parsed(made([], {**record, "title": hostile}))
    assert message["Bcc"] is None


def test_a_mail_that_would_be_cut_is_refused(record):
    asks = Asks(tuple(Ask(f"Ask {i} {'x' * 500}") for i in range(200)))
    with pytest.raises(RunError, match="at most 80,000"):
        made([asks.payload()], record)


def test_a_report_without_figures_or_asks_has_no_empty_headings(record):
    _, plain, soup = parsed(made([Answer("It was 5", (Finding("f", "It was 5.", 5.0, "count"),)).payload()], record))
    assert "Key figures" not in soup.get_text()
    assert "KEY FIGURES" not in plain
    assert "It was 5." in plain


def test_it_speaks_the_language_of_the_reader(qbr, record):
    with speaking("zh-Hans"):
        _, plain, soup = parsed(
            made([Answer("It was 5", (Finding("f", "It was 5.", 5.0, "count"),)).payload()], record)
        )
        assert say("The whole report") != "The whole report"
        assert soup.html["lang"] == "zh-Hans"
        assert say("The whole report") in plain
        assert say("The whole report") in soup.get_text()
        assert say("Key figures") not in plain


def test_it_is_made_again_byte_by_byte(qbr, record, content):
    assert made(collect(press.edition_of(qbr, "leadership")), record) == content
