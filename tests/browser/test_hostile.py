"""Hostile texts in every text column of a company, in a real browser: no script, no request, no broken layout."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from bizops import charts, press
from bizops.findings import Answer, Ask, Asks, Finding, Section
from bizops.tables import Col, Table
from tests.browser import hostile
from tests.browser.conftest import Published
from tests.browser.test_files import FORMULA, is_number

OPEN = "document.querySelectorAll('details').forEach(d => { d.open = true })"
WATCH = """
  window.refused = [];
  addEventListener('securitypolicyviolation', e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI));
  for (const name of ['alert', 'confirm', 'prompt']) window[name] = text => { window.called = name; };
  0;
"""


@pytest.fixture(scope="module")
def runs(hostile_project: Any) -> list[Published]:
    """The run of the company, and that of a region whose name is hostile."""
    return [Published(p.parent) for p in sorted(hostile_project.root.glob("outputs/qbr/default/*/run.json"))]


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that has every text in a table and in a chart, and many as headline, sentence, ask and prose."""
    texts = list(hostile.TEXTS)
    frame = pd.DataFrame({"name": texts, "label": texts, "value": [float(i - 200) for i in range(len(texts))]})
    columns = [Col("name", "Name"), Col("value", texts[0], "money"), Col("label", texts[1])]
    blocks: list[Any] = []
    for start in range(0, len(texts), 12):
        part = frame.iloc[start : start + 12]
        said = part["name"].tolist()
        blocks.append(Table(f"t{start}", said[0], part, columns, currency="EUR", note=said[1]))
        about = {"id": f"c{start}", "title": said[2], "subtitle": said[3], "table": f"t{start}", "note": said[4]}
        blocks.append(charts.sorted_bars(part[["label", "value"]], currency="EUR", **about))
    findings = tuple(Finding(f"f{i}", f"{text}.", None, "count") for i, text in enumerate(texts) if not digits(text))
    asks = Asks(tuple(Ask(text, text, None, text, None) for text in texts if not digits(text)))
    count = Finding("n", f"Hostile names were {len(texts)}.", float(len(texts)), "count")
    answer = Answer(f"Hostile names were {len(texts)}", (count, *findings[:2]))
    shown = [answer, asks, Section("texts", "What people type", (*findings, *blocks))]
    outputs = [new_output("display_data", data=block._repr_mimebundle_()) for block in shown]
    cells = [new_markdown_cell(f"## {i}\n\n{text}") for i, text in enumerate(texts) if not digits(text)]
    code = {"cell_type": "code", "source": "", "metadata": {}, "outputs": outputs, "execution_count": 1, "id": "x"}
    folder = tmp_path_factory.mktemp("everywhere")
    record = {"company": {"name": texts[4], "confidentiality": texts[5], "contact": texts[6]}, "report": "qbr"}
    for edition in ("leadership", "analyst"):
        notebook = new_notebook(cells=[*cells, code])
        (folder / f"{edition}.html").write_text(press.render(notebook, edition, record), encoding="utf-8")
    return folder


def digits(text: str) -> bool:
    """Whether a text states a number, which only a finding may."""
    return any(c.isnumeric() for c in text)


def pages_of(runs: list[Published]) -> list[Path]:
    outputs = runs[0].folder.parents[2]
    metrics = outputs / "_site" / "metrics"
    site = [
        outputs / "index.html",
        outputs / "qbr/default/latest.html",
        metrics / "index.html",
        metrics / "bkg-01.html",
    ]
    return [run.folder / name for run in runs for name in run.pages] + site


def used(page: Any) -> None:
    """Do what a reader does: open everything, sort every table, switch the theme, point at every link."""
    page.evaluate(OPEN)
    page.evaluate("document.querySelectorAll('th button').forEach(b => { b.click(); b.focus(); })")
    page.evaluate("document.getElementById('theme')?.click()")
    page.evaluate(
        "document.querySelectorAll('main *').forEach(e => { for (const kind of ['mouseover', 'focus', 'toggle'])"
        " e.dispatchEvent(new Event(kind, { bubbles: true })) })"
    )
    page.wait_for_timeout(200)


def harm(visit: Any, file: Path, width: int) -> list[str]:
    """What went wrong on a page."""
    page = visit(file, width)
    page.evaluate(WATCH)
    used(page)
    found = [f"dialog {text}" for text in page.seen.dialogs] + [f"console {text}" for text in page.seen.console]
    found += [f"request {url}" for url in page.seen.requests if url != file.as_uri()]
    found += [f"refused {text}" for text in page.evaluate("window.refused")]
    found += ["ran"] if page.evaluate("window.ran !== undefined || window.called !== undefined") else []
    found += ["scripts"] if page.evaluate(ODD_SCRIPTS) else []
    found += ["attributes"] if page.evaluate(ODD_ATTRIBUTES) else []
    sizes = page.evaluate("(e => [e.scrollWidth, e.clientWidth])(document.documentElement)")
    found += [f"sideways {sizes}"] if sizes != [width, width] else []
    hidden = page.evaluate("['h1', 'main', 'footer'].filter(s => !document.querySelector(s)?.checkVisibility())")
    return found + [f"hidden {name}" for name in hidden if name == "h1"]


# A block of data is no script, and must not be able to end itself.
ODD_SCRIPTS = """[...document.scripts].some(s => s.src || (s.type === 'application/json' ? s.text.includes('<')
  : s.text.includes('window.ran') || s.text.includes('alert(')))"""
# An analyst's own prose may link to the web, and such a link is only followed by a reader.
ODD_ATTRIBUTES = """Array.from(document.querySelectorAll('*')).flatMap(e => Array.from(e.attributes)
  .filter(a => a.name.startsWith('on') || (/^(href|src|xlink:href|action)$/.test(a.name)
    && /^[\\s\\x00-\\x20]*(javascript|vbscript|data:text|https?:|\\/\\/|file:)/i.test(a.value)
    && !(e.matches('.prose a[rel~=noopener]') && /^https?:/.test(a.value))))
  .map(a => e.tagName + ' ' + a.name)).join(', ')"""


def test_the_list_is_long_and_each_text_is_planted(hostile_project: Any) -> None:
    assert len(hostile.TEXTS) >= 300
    names = pd.read_parquet(hostile_project.data / "dim_account.parquet")["name"]
    planted = set("\n".join(names).split("\n"))
    usable = [t for t in hostile.TEXTS if "\0" not in t and "\n" not in t]
    assert sum(any(text in name for name in planted) for text in usable) >= 290
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("width", [1280, 390])
def test_no_text_of_a_company_does_anything_in_a_browser(visit: Any, runs: list[Published], width: int) -> None:
    assert len(runs) == 2
    assert all(run.record["status"] == "ok" for run in runs)
    files = pages_of(runs)
    assert len(files) >= 6
    assert {str(file): trouble for file in files if (trouble := harm(visit, file, width))} == {}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("edition", ["leadership", "analyst"])
def test_no_text_does_anything_wherever_it_stands(visit: Any, everywhere: Path, edition: str, width: int) -> None:
    assert harm(visit, everywhere / f"{edition}.html", width) == []


def test_a_watch_that_sees_nothing_would_be_no_watch(visit: Any, everywhere: Path, tmp_path: Path) -> None:
    text = (everywhere / "leadership.html").read_text(encoding="utf-8")
    bad = "<p onmouseover='window.ran=1'>x</p><img src=http://fetched.invalid/x><script>window.ran=1;alert(1)</script>"
    (tmp_path / "bad.html").write_text(text.replace("<main", f"{bad}<main", 1), encoding="utf-8")
    refused = harm(visit, tmp_path / "bad.html", 1280)
    assert "scripts" in refused
    assert "attributes" in refused
    assert any(line.startswith("console") for line in refused)
    assert "ran" not in refused, "the page's policy holds even then"
    open_text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("<main", f"{bad}<main", 1)
    (tmp_path / "open.html").write_text(open_text, encoding="utf-8")
    ran = harm(visit, tmp_path / "open.html", 1280)
    assert "ran" in ran
    assert any(line.startswith(("dialog", "request")) for line in ran)


def test_texts_are_shown_as_they_were_typed(visit: Any, everywhere: Path) -> None:
    """What a browser shows of each is the text itself, but for signs that no document can hold."""
    page = visit(everywhere / "leadership.html")
    shown = {
        squeezed(t) for t in page.eval_on_selector_all("table[id^=t-t] tbody th", "es => es.map(e => e.textContent)")
    }
    missing = [text for text in hostile.TEXTS if squeezed(text) not in shown and text.strip()]
    assert [text for text in missing if not re.search(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]", text)] == []


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u0085\u2028\u2029\ufeff]+", " ", text).strip()


def test_no_cell_of_an_export_begins_a_formula(runs: list[Published]) -> None:
    n_cells = n_guarded = 0
    for run in runs:
        for path in run.folder.rglob("*.csv"):
            for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
                n_cells += len(row)
                n_guarded += sum(cell.startswith("'") for cell in row)
                assert [c for c in row if FORMULA.match(c) and not is_number(c)] == [], path
        for path in run.folder.rglob("*.xlsx"):
            book = openpyxl.load_workbook(path)
            cells = [cell for sheet in book for row in sheet.rows for cell in row]
            assert [c.value for c in cells if c.data_type == "f"] == []
            assert [
                c.hyperlink.target for c in cells if c.hyperlink and c.hyperlink.target and ":" in c.hyperlink.target
            ] == []
    assert n_cells > 2000
    assert n_guarded, "some text was there to be guarded"


def test_mail_and_record_of_a_hostile_company_are_whole(runs: list[Published], hostile_project: Any) -> None:
    import email
    import email.policy

    region = (hostile_project.root / "region.txt").read_text(encoding="utf-8")
    assert runs[1].record["scope"]["member"] == region
    for run in runs:
        message = email.message_from_bytes((run.folder / "report.eml").read_bytes(), policy=email.policy.default)
        assert set(message.keys()) <= {"Subject", "Date", "X-Unsent", "MIME-Version", "Content-Type", "From", "To"}
        html = message.get_body(("html",)).get_content()
        assert not re.search(r"<(script|svg|iframe|object|video|template|style>\*)", html.split("</style>")[-1])
        assert run.json("findings.json")["run_id"] == run.record["run_id"]
