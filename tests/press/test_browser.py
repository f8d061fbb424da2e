"""The page in the system's Chromium: nothing fetched, nothing cut off, readable without script, usable with keys."""

import csv
import io
import shutil
import subprocess

import pandas as pd
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from PIL import Image

from bizops import press, theme
from bizops.findings import Appendix, Definition, Section, Setting
from bizops.tables import Col, Table


@pytest.fixture(scope="module")
def folder(qbr, sample, tmp_path_factory):
    """Every kind of page as a file, with the tables of the review beside it."""
    out = tmp_path_factory.mktemp("pages")
    for edition in press.EDITIONS:
        (out / f"{edition}.html").write_text(press.render(qbr, edition, sample.make_record()), encoding="utf-8")
    (out / "tables").mkdir()
    for name, text in press.tables_of(qbr).items():
        (out / "tables" / f"{name}.csv").write_bytes(text.encode())
    frame = pd.DataFrame({"region": ["Nordics", "DACH"], **{f"c{i}": [1_234_567.0, 2.5] for i in range(14)}})
    columns = [Col("region", "Region"), *(Col(f"c{i}", f"Measure number {i}", "money") for i in range(14))]
    wide = new_notebook(cells=[sample.displayed(Table("wide", "Wide", frame, columns))])
    (out / "wide.html").write_text(press.render(wide, "leadership", {}), encoding="utf-8")
    error = {"type": "InputError", "message": "deals.csv: " + "x" * 200, "cell": 0}
    failed = sample.make_record(status="failed", error=error, cells=[{"index": 0, "status": "failed"}])
    (out / "failure.html").write_text(press.failure_page(failed), encoding="utf-8")
    press.build_site(out)
    return out


@pytest.fixture
def visit(browser, folder):
    """Open a page in a window of its own; requests beyond the file, console errors and dialogs are kept."""
    contexts = []

    def go(name="leadership.html", width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 844}, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.requests, page.troubles = [], []
        page.on("request", lambda r: page.requests.append(r.url))
        page.on("console", lambda m: page.troubles.append(m.text))
        page.on("pageerror", lambda e: page.troubles.append(str(e)))
        page.on("dialog", lambda d: (page.troubles.append(d.message), d.dismiss()))
        page.goto((folder / name.partition("#")[0]).as_uri() + "".join(name.partition("#")[1:]))
        return page

    yield go
    for context in contexts:
        context.close()


def colours(page, selector="body"):
    return page.eval_on_selector(selector, "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]")


def rgb(token, of="light"):
    colour = theme.TOKENS[of][token]
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("name", ["leadership.html", "analyst.html", "failure.html", "index.html"])
def test_one_request_and_a_quiet_console(visit, name):
    page = visit(name)
    assert len(page.requests) == 1
    assert page.troubles == []


@pytest.mark.parametrize("name", ["leadership.html", "analyst.html", "wide.html", "failure.html", "index.html"])
def test_the_page_does_not_scroll_sideways(visit, name):
    page = visit(name)
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        scrolled, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert scrolled == shown == width


def test_without_its_script_everything_can_be_read(visit):
    page = visit(java_script_enabled=False)
    assert page.locator("h1").is_visible()
    page.locator(".fold > summary").first.click()
    for place in ("s-gap", "t-gap", "fig-gap", "s-pipeline", "a-definitions", "t-inputs"):
        assert page.locator(f"#{place}").is_visible(), place
    assert page.locator("nav.contents a").first.is_visible()
    assert page.locator("button:visible").count() == 0
    assert page.locator("p.data a").first.get_attribute("href").startswith("tables/")


def test_a_column_is_sorted_with_the_keyboard(visit, sample):
    page = visit("leadership.html#t-gap")
    page.locator("#t-gap thead button").nth(1).focus()
    rows = "rows => rows.map(r => r.cells[0].textContent)"

    def order():
        return page.eval_on_selector_all("#t-gap tbody tr", rows)

    def state():
        return page.eval_on_selector_all("#t-gap th[aria-sort]", "ths => ths.map(t => [t.cellIndex, t.ariaSort])")

    page.keyboard.press("Enter")
    assert order() == [*sorted(sample.STEPS, key=sample.STEPS.get, reverse=True), "Total"]
    assert state() == [[1, "descending"]]
    page.keyboard.press("Space")
    assert order() == [*sorted(sample.STEPS, key=sample.STEPS.get), "Total"]
    assert state() == [[1, "ascending"]]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert order()[-2:] == ["Mid-market", "Total"]  # a missing rate comes after all others, above the total
    assert state() == [[2, "descending"]]
    page.keyboard.press("Enter")
    assert order()[-2:] == ["Mid-market", "Total"]


@pytest.mark.parametrize("table", ["gap", "checks", "asks", "definitions"])
def test_the_download_is_the_file_beside_the_page(visit, folder, table):
    page = visit("leadership.html#t-gap")
    with page.expect_download() as download:
        page.locator(f'a[href="tables/{table}.csv"]').click()
    assert download.value.suggested_filename == f"{table}.csv"
    assert download.value.path().read_bytes() == (folder / "tables" / f"{table}.csv").read_bytes()
    assert page.troubles == []


def test_the_download_follows_the_order_on_screen(visit, sample):
    page = visit("leadership.html#t-gap")
    page.locator("#t-gap thead button").nth(1).click()
    with page.expect_download() as download:
        page.locator('a[href="tables/gap.csv"]').click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [float(r[1]) for r in rows[1:]] == sorted(sample.STEPS.values(), reverse=True)


def test_the_theme_is_the_systems_until_the_button_is_pressed(visit):
    assert colours(visit(color_scheme="light")) == [rgb("bg"), rgb("ink")]
    page = visit(color_scheme="dark")
    assert colours(page) == [rgb("bg", "dark"), rgb("ink", "dark")]
    button = page.locator("#theme")
    assert button.text_content() == "Light theme"
    button.press("Enter")
    assert colours(page) == [rgb("bg"), rgb("ink")]
    assert button.text_content() == "Dark theme"


def test_charts_follow_the_theme_and_one_of_two_widths_shows(visit):
    fill = "e => getComputedStyle(e).fill"
    assert visit(color_scheme="dark").eval_on_selector("#fig-gap .f-neg", fill) == rgb("neg", "dark")
    for width, css in ((1280, "wide"), (390, "narrow")):
        page = visit(width=width)
        assert page.locator(f"#fig-gap svg.{css}").is_visible()
        assert page.locator("#fig-gap svg:visible").count() == 1


def test_paper_is_light_and_complete(visit):
    page = visit("analyst.html", color_scheme="dark")
    page.locator("#theme").focus()
    page.emulate_media(media="print", color_scheme="dark")
    assert colours(page)[1] == rgb("ink")
    for gone in ("#theme", ".skip", "nav.contents", "p.data"):
        assert not page.locator(gone).first.is_visible(), gone
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0
    assert page.locator("th button").first.evaluate("e => getComputedStyle(e).display") == "contents"


@pytest.mark.parametrize("name", ["leadership.html", "wide.html"])
def test_no_table_is_wider_than_its_paper(visit, name):
    upright, across = 703, 1031  # CSS pixels between the margins of A4
    page = visit(name, upright)
    page.emulate_media(media="print")
    widths = page.eval_on_selector_all("table", "ts => ts.map(t => [t.scrollWidth, !!t.closest('.landscape')])")
    assert [w for w, is_across in widths if w > (across if is_across else upright)] == []


def test_a_scorecard_of_eight_columns_is_read_on_paper_without_a_glass(browser, sample, tmp_path):
    many = [Col(f"c{i}", f"vs benchmark{i}", "money") for i in range(6)]
    frame = pd.DataFrame(
        {"kpi": ["Net revenue retention"], **{c.name: [-724_311.0] for c in many}, "status": "off_track"}
    )
    columns = [Col("kpi", "Measure"), *many, Col("status", "Status", "status")]
    table = Table("score", "Score", frame, columns, currency="EUR")
    text = press.render(new_notebook(cells=[sample.displayed(table)]), "leadership", {})
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 703, "height": 900})
    page.goto((tmp_path / "page.html").as_uri())
    page.emulate_media(media="print")
    size, width = page.eval_on_selector("#t-score", "t => [parseFloat(getComputedStyle(t).fontSize), t.offsetWidth]")
    page.close()
    assert size * 0.75 >= 8
    assert 700 <= width <= 703


def test_paper_says_where_the_settings_of_the_definitions_are(browser, sample, tmp_path):
    explained = Definition("BKG-01", "Bookings", "What was signed", "money", policies=(Setting(*"abcde"),))
    cell = sample.displayed(Appendix("definitions", "Definitions", (explained,)))
    text = press.render(new_notebook(cells=[cell]), "leadership", {})
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    told = page.get_by_text("On paper each policy setting")
    on_screen = told.is_visible()
    page.emulate_media(media="print")
    on_paper = told.is_visible()
    page.close()
    assert (on_screen, on_paper) == (False, True)


def test_a_table_that_goes_on_at_the_right_says_so_on_a_phone(browser, sample, tmp_path):
    many = [Col(f"c{i}", f"Measure {i}", "count") for i in range(8)]
    frame = pd.DataFrame({"kpi": ["Net revenue retention of the year"], **{c.name: [1e6] for c in many}})
    frame["status"] = "watch"
    wide = Table("score", "Score", frame, [Col("kpi", "Measure"), *many, Col("status", "Status", "status")])
    narrow = Table("few", "Few", frame, [Col("kpi", "Measure"), many[0]])
    text = press.render(new_notebook(cells=[sample.displayed(wide), sample.displayed(narrow)]), "leadership", {})
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((tmp_path / "page.html").as_uri())
    left, right = page.eval_on_selector(
        "#t-score tbody .s", "e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right]"
    )
    assert 0 < left < right <= 390, "the status is in sight before anything is scrolled"
    first = page.eval_on_selector("#t-score tbody th", "e => e.getBoundingClientRect().width")
    assert 80 <= first <= 0.38 * 390 + 1
    edges = {}
    for name in ("score", "few"):
        box = page.locator(f".scroll:has(#t-{name})")
        box.evaluate("e => { e.querySelector('table').style.visibility = 'hidden' }")
        edges[name] = box.screenshot()
        box.evaluate("e => { e.scrollLeft = e.scrollWidth }")
        edges[f"{name} at its end"] = box.screenshot()
    page.close()
    shaded = {name: shade_at_the_right(png) for name, png in edges.items()}
    assert shaded == {"score": True, "score at its end": False, "few": False, "few at its end": False}


COVERED = """[...document.querySelectorAll('.scroll th, .scroll td')].flatMap(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  const box = cell.closest('.scroll').getBoundingClientRect();
  return [...range.getClientRects()].filter(r => r.width > 1).flatMap(r => {
    const y = r.top + r.height / 2;
    return [r.left + 1, r.right - 1].filter(x => x > box.left && x < box.right && y > 0 && y < innerHeight)
      .map(x => document.elementFromPoint(x, y)?.closest('th, td')).filter(e => e && e !== cell)
      .map(() => cell.innerText);
  });
})"""
"""The texts of cells that another cell covers, of those in sight."""


@pytest.mark.parametrize("width", [320, 390, 430])
def test_on_a_phone_no_cell_covers_the_number_of_another(browser, sample, tmp_path, width):
    many = [Col(f"c{i}", f"Measure {i}", "money") for i in range(6)]
    frame = pd.DataFrame({"kpi": ["Bookings", "ARR"], **{c.name: [724_311.0, 9_999_999.0] for c in many}})
    frame["status"] = ["watch", "off_track"]
    table = Table("score", "Score", frame, [Col("kpi", "Measure"), *many, Col("status", "Status", "status")])
    text = press.render(new_notebook(cells=[sample.displayed(table)]), "leadership", {})
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 1200}, accept_downloads=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    for scrolled in (0, 40, 90, 9999):
        page.eval_on_selector(".scroll", "(e, x) => { e.scrollLeft = x }", scrolled)
        assert page.evaluate(COVERED) == [], scrolled
    rows = page.eval_on_selector_all("#t-score tr", "rs => rs.map(r => [...r.cells].map(c => c.innerText.trim()))")
    assert [row[0:2] for row in rows][1:] == [["Bookings", "▲ Watch"], ["ARR", "■ Off track"]]
    assert rows[0][1].startswith("Status")
    with page.expect_download() as event:
        page.locator("a[download]").click()
    names = event.value.path().read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    stored = csv.reader(io.StringIO(table.payload()["csv"].lstrip("\ufeff")))
    assert names == next(stored)
    page.locator("th button").nth(1).click()
    assert page.locator("th[aria-sort]").inner_text().startswith("Status")
    context.close()


def test_words_at_the_far_end_of_a_table_are_no_tower_on_a_phone(browser, sample, tmp_path):
    words = "Value of the first twelve months, or of the whole contract where it is shorter, in money of the company"
    frame = pd.DataFrame(
        {"id": ["P15"], "name": ["Bookings value"], "value": ["acv"], "is": ["default"], "text": words}
    )
    columns = [Col(name, name.title()) for name in frame]
    text = press.render(new_notebook(cells=[sample.displayed(Table("policies", "Set", frame, columns))]), "analyst", {})
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((tmp_path / "page.html").as_uri())
    height = page.eval_on_selector("#t-policies tbody tr", "e => e.offsetHeight")
    page.close()
    assert height < 120


def shade_at_the_right(png):
    """Whether the last column of pixels of a picture has another colour than its middle."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    row = picture.height // 2
    return abs(picture.getpixel((picture.width - 1, row)) - picture.getpixel((picture.width // 2, row))) > 20


def pages_of(paper, folder):
    """The text of every page of a PDF."""
    (folder / "paper.pdf").write_bytes(paper)
    command = ["pdftotext", "-layout", folder / "paper.pdf", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True)
    return text.stdout.split("\f")[:-1]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext on this machine")
@pytest.mark.parametrize("before", range(30, 40, 2))
def test_on_paper_a_heading_is_never_left_alone_nor_a_note(browser, sample, tmp_path, before):
    """Whatever the height before it, heading, intro and figure are on one page, a table and its note too."""
    lines = "\n\n".join(f"Line {i}." for i in range(before))
    frame = pd.DataFrame({"deal": [f"deal {i}" for i in range(12)], "n": range(12)})
    note = Table("deals", "Deals", frame, [Col("deal", "Deal"), Col("n", "N", "count")], note="Note of the table.")
    cells = [
        new_markdown_cell(f"## First\n\n{lines}"),
        sample.displayed(note),
        new_markdown_cell("## Which question?\n\nIntro of the section, which takes a line. " + "More words. " * 20),
        sample.displayed(Section("gap", f"Enterprise {'explains ' * 15}most", sample.gap_section().blocks)),
    ]
    (tmp_path / "page.html").write_text(press.render(new_notebook(cells=cells), "leadership", {}), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    pages = pages_of(page.pdf(prefer_css_page_size=True), tmp_path)
    page.close()

    def where(words):
        return next(i for i, text in enumerate(pages) if words in text)

    assert where("Which question?") == where("Intro of the section") == where("New ARR, EUR, company")
    assert where("deal 11") == where("Note of the table")
    assert where("Enterprise explains explains") == where("explains most") == where("New ARR, EUR, company")


def test_a_link_into_a_closed_detail_opens_it(visit, folder, qbr, sample):
    text = (folder / "analyst.html").read_text(encoding="utf-8").replace('<pre class="source">', '<pre id="x">', 1)
    (folder / "linked.html").write_text(text, encoding="utf-8")
    page = visit("linked.html#x")
    assert page.locator("#x").is_visible()
    assert page.evaluate("document.activeElement.id") == "x"
    assert page.evaluate("document.getElementById('t-gap').tabIndex") == -1


def test_contents_are_open_where_there_is_room(visit):
    assert visit(width=1280).locator("nav.contents a").first.is_visible()
    page = visit(width=390)
    assert not page.locator("nav.contents a").first.is_visible()
    page.locator("nav.contents summary").press("Enter")
    assert page.locator("nav.contents a").first.is_visible()


def test_the_first_screen_of_a_phone_has_answer_and_two_figures(visit):
    page = visit(width=390)
    bottoms = page.eval_on_selector_all(".answer, .kpi .value", "es => es.map(e => e.getBoundingClientRect().bottom)")
    assert max(bottoms[:3]) <= 844


def test_what_one_presses_is_large_enough(visit):
    page = visit(width=390)
    page.locator("nav.contents summary").click()
    heights = page.eval_on_selector_all(
        "nav a, p.data a, button, summary",
        "es => es.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().height)",
    )
    assert len(heights) > 10
    assert min(heights) >= 24


def test_the_skip_link_appears_on_focus(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0


@pytest.mark.parametrize("name", ["leadership.html", "analyst.html"])
def test_an_injected_script_would_not_run(visit, folder, name):
    text = (folder / name).read_text(encoding="utf-8")
    attack = '<script>window.ran=1</script><img src="data:," onerror="window.ran=1"><svg onload="window.ran=1"></svg>'
    (folder / "attacked.html").write_text(text.replace("<h1>", attack + "<h1>", 1), encoding="utf-8")
    page = visit("attacked.html")
    assert page.evaluate("window.ran === undefined")
    assert page.troubles  # the policy says what it refused
    assert len(page.requests) == 1


def test_a_long_table_is_printed_over_several_tagged_pages(browser, sample, tmp_path):
    frame = pd.DataFrame({"deal": [f"deal {i}" for i in range(150)], "n": range(150)})
    table = Table("deals", "Deals", frame, [Col("deal", "Deal"), Col("n", "N", "count", total="sum")])
    notebook = new_notebook(
        cells=[new_markdown_cell("## Deals"), sample.displayed(Section("deals", "Deals", (table,)))]
    )
    (tmp_path / "page.html").write_text(press.render(notebook, "leadership", {}), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    paper = page.pdf(prefer_css_page_size=True, tagged=True)
    page.close()
    assert paper.startswith(b"%PDF")
    pages = paper.count(b"/Type /Page\n")
    assert pages > 2
    assert paper.count(b"/S /TH") >= 2  # tagged
