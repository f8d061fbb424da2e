"""The acceptance list of a page, A01 to A23, on a real run of the demo company in a real browser.

A21 (a reader finds result, cause and ask in sixty seconds) takes readers. Checks of files beside the page are in
``test_files.py``, of builds in ``test_builds.py``; A13 is in ``tests/test_theme.py``, A19 in ``tests/press``.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parents[2]
OPEN = "document.querySelectorAll('details').forEach(d => { d.open = true })"
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@pytest.fixture(params=["leadership", "analyst"])
def file(request: pytest.FixtureRequest, demo: Any) -> Path:
    """The page of each edition that every run has."""
    name = "report.html" if request.param == "leadership" else "editions/analyst/report.html"
    return demo.folder / name


def test_every_check_of_the_list_has_a_test_of_its_name() -> None:
    wanted = {f"a{n:02}" for n in range(1, 24)} - {"a21"}
    named: set[str] = set()
    for path in (HOME / "tests").rglob("test_*.py"):
        named |= set(re.findall(r"(?m)^ *def test_(a\d\d)_", path.read_text(encoding="utf-8")))
    assert sorted(wanted - named) == []


def test_a01_nothing_is_requested_and_the_console_is_quiet(visit: Any, file: Path, demo_project: Any) -> None:
    for place in (
        file,
        demo_project.root / "outputs/index.html",
        demo_project.root / "outputs/qbr/default/latest.html",
    ):
        page = visit(place, offline=True)
        page.evaluate(OPEN)
        assert page.seen.requests == [place.as_uri()]
        assert page.seen.console == []
        assert page.locator("h1").count() == 1


@pytest.mark.parametrize(
    ("where", "width", "scheme"),
    [
        *(("report.html", *at) for at in ((1280, "light"), (1280, "dark"), (320, "light"))),
        *(("editions/analyst/report.html", *at) for at in ((1280, "light"), (320, "dark"))),
        *(("../../../index.html", *at) for at in ((1280, "dark"), (320, "light"))),
    ],
)
def test_a02_axe_finds_no_violation(visit: Any, demo: Any, where: str, width: int, scheme: str) -> None:
    # The page's own policy lets no foreign script in: the check is let in past it, and changes nothing of the page.
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit((demo.folder / where).resolve(), width, color_scheme=scheme, bypass_csp=True)
    page.evaluate(OPEN)
    found = axe.Axe().run(page, options=AXE).response["violations"]
    told = [(v["id"], v["impact"], [n["html"][:120] for n in v["nodes"][:3]], len(v["nodes"])) for v in found]
    assert told == []


def test_a03_ids_are_unique_and_hash_links_lead_somewhere(demo: Any) -> None:
    for name in demo.pages:
        soup = demo.soup(name)
        ids = Counter(e["id"] for e in soup.find_all(id=True))
        assert [i for i, n in ids.items() if n > 1] == [], name
        targets = {a["href"][1:] for a in soup.select('a[href^="#"]')}
        assert len(targets) > 10
        assert sorted(targets - set(ids)) == [], name
        for attribute in ("aria-labelledby", "aria-describedby", "aria-controls"):
            named = {i for e in soup.find_all(attrs={attribute: True}) for i in str(e[attribute]).split()}
            assert sorted(named - set(ids)) == [], (name, attribute)


def test_a04_every_figure_says_in_words_what_it_shows(visit: Any, demo: Any) -> None:
    """The browser's own computation of the name and the description is taken, not the markup."""
    soup = demo.soup()
    texts = []
    for figure in soup.find_all("figure"):
        drawings = figure.find_all("svg", attrs={"role": "img"})
        assert len(drawings) == 2, figure.get("id")
        alternatives = set()
        for drawing in drawings:
            labels = [drawing.find(id=i) for i in drawing["aria-labelledby"].split()]
            assert all(labels)
            alternatives.add(" ".join(label.get_text(" ", strip=True) for label in labels))
        assert len(alternatives) == 1, "both widths say the same"
        texts.append(alternatives.pop())
    assert len(texts) >= 7
    for text in texts:
        assert len(text) >= 40, text
        assert re.search(r"\d", text), text
        assert not re.search(r"(?i)no description|image of|untitled|matplotlib|figure \d+ of", text), text
    assert len(set(texts)) == len(texts)
    for image in soup.find_all("img"):
        assert image.get("alt")
    for spark in soup.select("svg.spark"):
        assert spark.find("title").get_text(strip=True) or spark.get("aria-hidden") == "true"


def test_a05_tables_have_caption_scope_and_unit_and_a_total_at_the_end(visit: Any, file: Path) -> None:
    page = visit(file)
    page.evaluate(OPEN)
    tables = page.evaluate(
        """Array.from(document.querySelectorAll('table'), table => ({
          id: table.id,
          caption: table.caption ? table.caption.textContent.trim() : '',
          heads: Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells,
            c => [c.tagName, c.scope, c.textContent.trim()]),
          first: Array.from(table.tBodies[0].rows, r => [r.cells[0].tagName, r.cells[0].scope]),
          totals: Array.from(table.querySelectorAll('tr.total'), r => r === r.parentNode.lastElementChild),
          numbers: Array.from(table.tBodies[0].querySelectorAll('td[data-v]')).filter(
            c => c.dataset.v !== '' && !isNaN(c.dataset.v)).map(
            c => [getComputedStyle(c).textAlign, getComputedStyle(c).fontVariantNumeric]),
        }))"""
    )
    assert len(tables) >= 10
    for table in tables:
        assert table["caption"], table["id"]
        assert all(tag == "TH" and scope in ("col", "colgroup") for tag, scope, _ in table["heads"]), table["id"]
        assert all(words for _, _, words in table["heads"]), table["id"]
        assert all(cell == ["TH", "row"] for cell in table["first"]), table["id"]
        assert table["totals"] in ([], [True]), table["id"]
        assert {align for align, _ in table["numbers"]} <= {"right", "end"}, table["id"]
        assert all("tabular-nums" in figures for _, figures in table["numbers"]), table["id"]
    assert sum(len(table["numbers"]) for table in tables) > 100
    # a column of money says its currency in its header, in the caption or in each cell
    assert page.locator("table").filter(has_text="EUR").count() >= 5


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_a06_the_page_does_not_scroll_sideways(visit: Any, file: Path, demo_project: Any, width: int) -> None:
    for place in (file, demo_project.root / "outputs/index.html"):
        page = visit(place, width)
        for _ in range(2):  # as it opens, and with every detail open
            scrolled, shown = page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert scrolled == shown == width
            page.evaluate(OPEN)


@pytest.mark.parametrize(("width", "least"), [(390, 11), (1280, 12)])
def test_a07_chart_text_is_large_enough_where_it_is_read(visit: Any, demo: Any, width: int, least: float) -> None:
    page = visit(demo.folder / "report.html", width)
    page.evaluate(OPEN)
    sizes = page.evaluate(
        """Array.from(document.querySelectorAll('figure svg')).filter(s => s.checkVisibility()).map(s =>
          [s.closest('figure').id, Array.from(s.querySelectorAll('text')).map(t =>
            parseFloat(getComputedStyle(t).fontSize) * Math.abs(t.getScreenCTM().a || t.getScreenCTM().b))])"""
    )
    assert len(sizes) >= 7
    small = {figure: min(found) for figure, found in sizes if found and min(found) < least - 0.05}
    assert small == {}


def test_a08_the_title_is_the_conclusion_and_headings_are_in_order(demo: Any) -> None:
    for name in demo.pages:
        soup = demo.soup(name)
        (title,) = soup.find_all("h1")
        assert re.search(r"\d", title.get_text())
        assert len(title.get_text()) <= 90
        assert soup.title.get_text() == title.get_text()
        words = soup.select_one(".answer").get_text(" ", strip=True)
        assert 10 < len(words.replace("\xa0", "_").split()) <= 90
        levels = [int(h.name[1]) for h in soup.find_all(re.compile("^h[1-6]$"))]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        order = [soup.select_one(s) for s in ("h1", ".answer", ".kpis", "#decisions", "nav.contents", "h2[id^=s-]")]
        positions = [list(soup.descendants).index(e) for e in order]
        assert positions == sorted(positions)


def test_a12_status_is_told_in_words_and_shapes_not_in_colour_alone(visit: Any, demo: Any) -> None:
    page = visit(demo.folder / "report.html")
    cards = page.locator(".kpi").all_inner_texts()
    assert 4 <= len(cards) <= 6
    marks = {"On track": "●", "Watch": "▲", "Off track": "■", "No target": "○", "Too little data": "○", "Stale": "○"}
    for card in cards:
        assert [w for w, shape in marks.items() if re.search(rf"{shape}\s*{w}", card)], card
    in_tables = page.locator("td.s, th.s").all_inner_texts()
    assert in_tables
    known = re.compile("|".join(f"{s}\\s*{w}" for w, s in marks.items()))
    told = [text for text in in_tables if text.strip() and text.strip() != "Status"]
    assert [text for text in told if not known.search(text)] == []


def test_a16_without_script_everything_can_be_read(visit: Any, file: Path) -> None:
    with_script, without = visit(file), visit(file, java_script_enabled=False)
    assert without.locator("h1").is_visible()
    for page in (with_script, without):
        assert page.locator("main").count() == 1
    places = [
        f"#{i}" for i in with_script.eval_on_selector_all("section[id], h2[id], table[id]", "es => es.map(e => e.id)")
    ]
    assert len(places) > 20
    for place in places:
        inside = with_script.locator(place).evaluate("e => !!e.closest('details')")
        assert inside or without.locator(place).is_visible(), place
    # what is folded opens without script: the browser's own element does it
    for details in without.locator("details:not([open])").element_handles()[:3]:
        details.query_selector("summary").click()
        assert details.get_attribute("open") is not None


def test_a22_a_deep_link_opens_what_is_folded_around_it_and_focuses_it(visit: Any, file: Path) -> None:
    page = visit(file)
    folded = page.eval_on_selector_all("details:not([open]) [id]", "es => es.map(e => e.id)")
    folded = [i for i in folded if i and not page.locator(f"[id='{i}']").evaluate("e => !!e.closest('svg,nav')")]
    assert folded, "something is folded on a real page"
    for place in {folded[0], folded[len(folded) // 2], folded[-1]}:
        page = visit(file, hash=f"#{place}")
        target = page.locator(f"[id='{place}']")
        assert target.is_visible(), place
        focused = page.evaluate("document.activeElement.id")
        assert focused == place
        top = target.evaluate("e => e.getBoundingClientRect().top")
        assert -5 <= top < 844
