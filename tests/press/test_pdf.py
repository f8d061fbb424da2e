"""The printed page, as programs for people who cannot see it read it."""

from __future__ import annotations

import io
import os
import re
import time
import unicodedata
from pathlib import Path

import pypdf
import pytest
from bs4 import BeautifulSoup

from bizops import press
from bizops.errors import RunError
from bizops.press import pdf

needs_chromium = pytest.mark.skipif(pdf.browser() is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def page(qbr, sample):
    return press.render(qbr, "leadership", sample.make_record(locale="en-GB"), beside=["report.xlsx", "report.pdf"])


@pytest.fixture(scope="module")
def content(page):
    return pdf.printed(page, footer='Confidential "Ünïcode" \\ · Northwind', moment="2026-10-05T04:15:09.000Z")


@pytest.fixture(scope="module")
def reader(content):
    return pypdf.PdfReader(io.BytesIO(content))


def words(text):
    """Text without its spaces and ligatures: fonts and line ends differ between machines."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@needs_chromium
def test_it_is_tagged_and_says_its_language_and_title(reader, page):
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en-GB"
    assert words(reader.metadata.title) == words(BeautifulSoup(page, "html.parser").title.get_text())


@needs_chromium
def test_bookmarks_are_the_headings(reader, page):
    soup = BeautifulSoup(page, "html.parser")
    headings = [" ".join(h.get_text().split()) for h in soup.select("h1, section.part > h2")]
    assert [" ".join(item.title.split()) for item in titles(reader.outline)] == headings


def titles(outline):
    return [t for item in outline for t in (titles(item) if isinstance(item, list) else [item])]


@needs_chromium
def test_no_heading_of_a_table_is_missing_and_every_chart_has_its_text(reader, page, content):
    soup = BeautifulSoup(page, "html.parser")
    text = words("".join(p.extract_text() for p in reader.pages))
    heads = [th.get_text() for th in soup.select("thead th")]
    assert len(heads) > 10
    assert [h for h in heads if words(h) not in text] == []
    assert content.count(b"/Alt") >= len(soup.find_all("figure"))


@needs_chromium
def test_every_sheet_is_numbered_and_labelled(reader):
    n = len(reader.pages)
    assert n > 1
    for at, sheet in enumerate(reader.pages, start=1):
        text = words(sheet.extract_text())
        assert f"{at}/{n}" in text
        assert words('Confidential "Ünïcode" \\ · Northwind') in text


@needs_chromium
def test_it_names_no_file_of_this_machine(reader, content):
    links = [a.get_object().get("/A") for p in reader.pages for a in p.get("/Annots") or ()]
    assert not [link for link in links if link and "/URI" in link]
    assert b"file:" not in content
    assert b"bizops-print" not in content


@needs_chromium
def test_the_same_page_gives_the_same_bytes(page, content):
    again = pdf.printed(page, footer='Confidential "Ünïcode" \\ · Northwind', moment="2026-10-05T04:15:09.000Z")
    assert again == content
    assert b"/CreationDate (D:20261005041509Z" in content


@needs_chromium
def test_nothing_is_fetched_and_what_is_folded_is_printed(sample, tmp_path):
    page = press.render(sample.make_qbr(), "leadership", sample.make_record())
    assert "<details" in page
    text = words("".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf.printed(page))).pages))
    assert "Mid-market" in text, "a row of a folded table"


def test_without_a_browser_it_says_so(monkeypatch):
    monkeypatch.setenv("CHROME", "/nowhere/chrome")
    assert pdf.browser() is None
    with pytest.raises(RunError, match="no Chromium was found"):
        pdf.printed("<p>x</p>")


@pytest.mark.parametrize(("script", "says"), [("exit 3", "exit code 3"), ("exit 0", "exit code 0")])
def test_a_browser_that_fails_is_told(monkeypatch, tmp_path, script, says):
    monkeypatch.setenv("CHROME", str(program(tmp_path, script)))
    with pytest.raises(RunError, match=says):
        pdf.printed("<p>x</p>")


def test_a_browser_that_hangs_is_ended_with_what_it_started(monkeypatch, tmp_path):
    mark = tmp_path / "child"
    script = f"sleep 60 & echo $! > {mark}; wait"
    monkeypatch.setenv("CHROME", str(program(tmp_path, script)))
    started = time.monotonic()
    with pytest.raises(RunError, match="within 1 s"):
        pdf.printed("<p>x</p>", timeout_s=1)
    assert time.monotonic() - started < 20
    child = int(mark.read_text())
    time.sleep(0.2)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def program(folder: Path, script: str) -> Path:
    path = folder / "chrome"
    path.write_text(f"#!/bin/sh\n{script}\n")
    os.chmod(path, 0o755)  # noqa: PTH101
    return path
