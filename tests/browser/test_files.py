"""The files that travel with a page: sizes, paper, exports, mail, and what must not be in any of them."""

from __future__ import annotations

import csv
import difflib
import email
import email.policy
import gzip
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pypdf
import pytest
from bs4 import BeautifulSoup

from bizops.press.templates import script, stylesheet

FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text) is not None


def words(text: str) -> str:
    """The text without spaces and ligatures: paper breaks lines where it likes, and sets "ff" as one sign."""
    return re.sub(r"[\s\u00ad\u200b]+", "", unicodedata.normalize("NFKC", text))


@pytest.fixture(scope="module")
def paper(demo: Any) -> pypdf.PdfReader:
    if not (demo.folder / "report.pdf").is_file():
        pytest.skip("no browser on this machine: the run has no PDF")
    return pypdf.PdfReader(demo.folder / "report.pdf")


@pytest.fixture(scope="module")
def printed(paper: pypdf.PdfReader) -> list[str]:
    return [words(page.extract_text()) for page in paper.pages]


def test_a10_sizes_are_within_their_budgets(demo: Any) -> None:
    page = (demo.folder / "report.html").read_bytes()
    assert len(page) <= 400_000
    assert len(gzip.compress(page, mtime=0)) <= 60_000
    assert len(stylesheet().encode()) + len(script().encode()) <= 12_000
    soup = demo.soup()
    for figure in soup.find_all("figure"):
        assert len(str(figure).encode()) <= 80_000, figure["id"]
    for table in soup.find_all("table"):
        assert len(str(table).encode()) <= 60_000, table["id"]
    assert len(demo.text("report.eml").encode()) <= 80_000


def test_a11_nothing_is_lost_on_paper(demo: Any, paper: pypdf.PdfReader, printed: list[str]) -> None:
    whole = "".join(printed)
    soup = demo.soup()
    for hidden in soup.select(".hidden, .skip, nav, button, th .def"):  # a sign that leads to a definition is a link
        hidden.decompose()
    heads = [th.get_text(" ", strip=True) for th in soup.select("thead th")]
    assert len(heads) > 50
    assert [head for head in heads if words(head) not in whole] == []
    for heading in soup.find_all(["h1", "h2", "h3", "caption", "figcaption"]):
        assert words(heading.get_text()) in whole, heading
    for row in soup.select("tr.total"):
        cells = [words(cell.get_text()) for cell in row.find_all(["th", "td"])]
        (at, *_) = [i for i, text in enumerate(printed) if "".join(cells) in text]
        before = row.find_previous_sibling("tr")
        assert "".join(words(c.get_text()) for c in before.find_all(["th", "td"])) in printed[at], "a total alone"


def test_a11_the_paper_is_tagged_and_has_bookmarks(demo: Any, paper: pypdf.PdfReader) -> None:
    root = paper.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("en")
    alternatives = [str(tag["/Alt"]) for tag in tags(root["/StructTreeRoot"]) if "/Alt" in tag]
    soup = demo.soup()
    assert len(alternatives) >= len(soup.find_all("figure"))
    assert all(len(text) > 10 for text in alternatives)
    bookmarks = [words(str(item["/Title"])) for item in flat(paper.outline)]
    headings = [words(h.get_text()) for h in soup.find_all(["h1", "h2"])]
    assert len(headings) > 8
    assert [h for h in headings if h not in bookmarks and h != words("Contents")] == []
    assert (demo.folder / "report.pdf").stat().st_size <= 5_000_000


def tags(node: Any) -> Iterator[Any]:
    """Every element of a PDF's structure."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        item = item.get_object() if hasattr(item, "get_object") else item
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            yield item
            if "/K" in item:
                waiting.append(item["/K"])


def flat(outline: list[Any]) -> Iterator[Any]:
    for item in outline:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


def test_a14_a_second_run_differs_in_run_and_time_alone(demo: Any, demo_project: Any, tmp_path: Path) -> None:
    again = demo_project.run("--out", str(tmp_path / "again"))
    first, second = ({n: content(run, n) for n in run.files() + run.files("analyst")} for run in (demo, again))
    assert list(first) == list(second)
    assert len(first) > 50
    assert {name: difference(first[name], second[name]) for name in first if first[name] != second[name]} == {}


def difference(one: Any, other: Any) -> list[str]:
    """The first lines in which two contents differ."""
    lines = (str(one).splitlines(), str(other).splitlines())
    return [line[:200] for line in difflib.unified_diff(*lines, lineterm="", n=0)][:8]


def content(run: Any, name: str) -> Any:
    """What a file says, without the run's id and the time of its making."""
    path = run.folder / name
    if path.suffix == ".pdf":
        pages = pypdf.PdfReader(path).pages
        return [masked(run, page.extract_text()) for page in pages]
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return {s.title: [[masked(run, str(c.value)) for c in row] for row in s.rows] for s in book}
    return masked(run, path.read_text(encoding="utf-8"))


def masked(run: Any, text: str) -> str:
    started = run.record["started_at"]
    text = text.replace(run.record["run_id"], "RUN").replace(run.record["run_id"].replace("-", "-\n"), "RUN")
    text = re.sub(r"(?m)^Date: .*$", "Date", text)
    text = re.sub(r"\d{1,2}\s\w{3}\s\d{4},\s\d\d:\d\d\sUTC", "TIME", text)
    return text.replace(started, "TIME").replace(str(run.record["duration_s"]), "SECONDS")


LEAKS = {
    "code": r"\bopen_data\(|\bqbr\.\w+\(|^from bizops|\bimport pandas\b",
    "query": r"\bSELECT\b.{1,400}\bFROM\b",
    "traceback": r"Traceback|\bFile \"|\w+Error:",
    "warning": r"\b(?:Future|Deprecation|User|Runtime)Warning\b",
    "repr": r"<(?:bizops|ibis|pandas)[.\w]* object|\bdtype:|0x[0-9a-f]{8,}",
    "path": r"(?<![\w:/.])/(?:home|root|tmp|Users|var|opt|work|mnt)/|\b[A-Z]:\\\\",
    "secret": r"(?i)\b(?:password|api[_-]?key|secret|token)\s*[=:]",
    "kernel": r"ipykernel|papermill|application/vnd",
}
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def text_of(run: Any, name: str) -> str:
    """All that a reader of a file can read."""
    path = run.folder / name
    if path.suffix == ".pdf":
        return " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    if path.suffix == ".xlsx":
        return "\n".join(str(v) for sheet in openpyxl.load_workbook(path) for row in sheet.values for v in row if v)
    if path.suffix == ".eml":
        return "\n".join(part.get_content() for part in mail(run).walk() if part.get_content_maintype() == "text")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published(demo: Any) -> dict[str, str]:
    """Each file of the leadership edition as text."""
    return {name: text_of(demo, name) for name in demo.files()}


def test_a15_no_machinery_and_no_address_in_the_leadership_edition(demo: Any, published: dict[str, str]) -> None:
    assert {"report.html", "findings.json", "report.eml", "report.xlsx"} <= set(published)
    for name, text in published.items():
        for what, pattern in LEAKS.items():
            found = re.search(pattern, text)
            assert not found, (name, what, found)
        assert not ADDRESS.search(text), name
    analyst = demo.text("editions/analyst/report.html")
    assert re.search(LEAKS["code"], analyst), "the scan sees code where there is some"


def test_a17_every_file_of_a_table_is_the_table_on_the_page(visit: Any, demo: Any) -> None:
    names = [a["href"] for a in demo.soup().select("a[data-csv]")]
    assert len(names) >= 20
    page = None
    for i, name in enumerate(names):
        if i % 5 == 0:  # Chromium grants a page ten downloads in a row
            page = visit(demo.folder / "report.html", accept_downloads=True)
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        with page.expect_download() as download:
            page.locator(f'a[href="{name}"]').click()
        assert download.value.path().read_bytes() == (demo.folder / name).read_bytes(), name


def test_a17_files_open_as_utf_8_and_hold_no_formula(demo: Any) -> None:
    names = [n for edition in demo.record["editions"] for n in demo.files(edition) if n.endswith(".csv")]
    assert len(names) >= 40
    for name in names:
        raw = (demo.folder / name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        assert b"\n" not in raw.replace(b"\r\n", b"")
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
        assert len({len(row) for row in rows}) == 1, name
        assert [c for row in rows for c in row if FORMULA.match(c) and not is_number(c)] == [], name


def test_a17_the_workbook_holds_the_same_numbers(demo: Any) -> None:
    book = openpyxl.load_workbook(demo.folder / "report.xlsx")
    held = {float(v) for sheet in book for row in sheet.values for v in row if isinstance(v, int | float)}
    assert all(c.data_type != "f" for sheet in book for row in sheet.rows for c in row)
    for name in ("scorecard", "contribution", "win-rates"):
        rows = csv.reader(io.StringIO((demo.folder / f"tables/{name}.csv").read_text(encoding="utf-8-sig"), newline=""))
        for cell in (float(c) for row in rows for c in row if is_number(c)):
            assert min(abs(cell - v) for v in held) <= 1e-9 * max(1.0, abs(cell)), (name, cell)


def mail(run: Any) -> Any:
    return email.message_from_bytes((run.folder / "report.eml").read_bytes(), policy=email.policy.default)


def test_a18_the_mail_is_small_plain_and_complete(demo: Any) -> None:
    raw = (demo.folder / "report.eml").read_bytes()
    assert len(raw) <= 95_000
    message = mail(demo)
    html, plain = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))
    soup = BeautifulSoup(html, "html.parser")
    title = demo.soup().h1.get_text()
    assert message["Subject"] == title.replace("\xa0", " ")
    assert not soup.find_all(["svg", "script", "details", "link", "form", "iframe"])
    assert sum(len(s.get_text()) for s in soup.find_all("style")) < 16_000
    assert all(image.get("alt") and image.get("width") for image in soup.find_all("img"))
    attached = {part["Content-ID"].strip("<>") for part in message.walk() if part["Content-ID"]}
    sources = [image["src"] for image in soup.find_all("img")]
    assert all(s.startswith("cid:") and s[4:] in attached for s in sources)
    assert not re.search(r"var\(|display:\s*grid", html)
    for kpi in demo.json("findings.json")["kpis"]:
        assert kpi["label"] in plain
        assert kpi["label"] in soup.get_text()
    assert title in plain
    for ask in demo.json("findings.json")["asks"]:
        assert ask["ask"] in words_of(plain)
        assert ask["ask"] in soup.get_text()


def words_of(text: str) -> str:
    return " ".join(text.split())


def sellers(project: Any) -> list[str]:
    people = pd.read_parquet(project.data / "dim_person.parquet")
    return sorted(people.loc[people["role"].isin(["ae", "am", "sdr"]), "name"])


def test_a23_no_seller_is_named_in_any_file_of_the_leadership_edition(
    demo: Any, demo_project: Any, published: dict[str, str]
) -> None:
    names = sellers(demo_project)
    assert len(names) > 40
    for file, text in published.items():
        flat_text = words(text)
        assert [n for n in names if words(n) in flat_text] == [], file


def test_a23_a_page_links_to_files_of_its_own_edition_alone(demo: Any) -> None:
    for edition, page in (("leadership", "report.html"), ("analyst", "editions/analyst/report.html")):
        inside = {(demo.folder / name).resolve() for name in demo.files(edition)}
        links = [a["href"] for a in demo.soup(page).find_all("a", href=True) if not a["href"].startswith("#")]
        assert len(links) > 20
        for link in links:
            assert not re.match(r"\w+:", link), link
            assert (demo.folder / page).parent.joinpath(link).resolve() in inside, link
        assert all(path.is_file() for path in inside)
