"""The whole review in French and Chinese: every word of the frame, numbers by locale, the same sums as in English."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from babel.messages.pofile import read_po

from bizops import findings, language, numbers, press
from bizops.company import POLICIES
from bizops.errors import InputError
from bizops.findings.wire import walk
from bizops.language import FOLDER, speaking
from bizops.metrics import METRICS
from bizops.reports import qbr
from bizops.schema import TABLES
from bizops.sources.demo import build_demo
from tests.reports.test_qbr import review

LOCALES = ("en-GB", "fr", "zh")
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "qbr.ipynb"
# Cells that display nothing.
SKIPPED = ("imports", "parameters")
COMMON = re.compile(r"\b(the|of|and|is|are|was|were|with|from|that|which|not|no|by|than|below|above|its|has|have)\b")


class Words(HTMLParser):
    """The texts of a page as a reader meets them, and those that stand in for pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script")
        self.texts += [value for name, value in attrs if name in ("title", "aria-label", "alt") and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._hidden:
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build_demo(tmp_path_factory.mktemp("demo"), scale=0.15, seed=7)
    settings = {"BKG-07": {"owner": "Demand", "target": 3.0}, "ARR-06": {"owner": "Success", "target": 0.9}}
    content = {
        "name": "Tarnwick",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "source": {"kind": "folder", "path": str(folder)},
        "metrics": settings,
    }
    file = folder.parent / "company.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def executed(company: Path, locale: str) -> Any:
    """The notebook of the review with the outputs that its cells display, as a kernel would have left it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    names: dict[str, Any] = {"qbr": qbr, "review": review(company, "2026-10-04", locale=locale)}
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.id in SKIPPED:
            continue
        last = cell.source.splitlines()[-1]
        shown = eval(last, names)._repr_mimebundle_()
        output = nbformat.v4.new_output("execute_result", data=shown, execution_count=1)  # type: ignore[no-untyped-call]
        cell.outputs = [output]
    names["review"].data.close()
    return notebook


@pytest.fixture(scope="module")
def notebooks(company: Path) -> Iterator[dict[str, Any]]:
    made = {}
    for locale in LOCALES:
        made[locale] = executed(company, locale)
    yield made
    language.use(language.DEFAULT)


@pytest.fixture(scope="module")
def pages(notebooks: Mapping[str, Any]) -> dict[str, str]:
    record = {
        "report": "qbr", "run_id": "20261005T041500Z-3f9c", "as_of": "2026-10-04",
        "started_at": "2026-10-05T04:15:00+00:00", "company": {"name": "Tarnwick"},
    }  # fmt: skip
    released = {k: press.release(nb, {**record, "locale": k}, pdf=False) for k, nb in notebooks.items()}
    return {k: str(made.files["report.html"]) for k, made in released.items()}


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    language.use(language.DEFAULT)


def payloads(notebook: Any) -> list[Mapping[str, Any]]:
    return list(walk(findings.collect(notebook)))


@pytest.mark.parametrize("locale", ["fr", "zh"])
def test_the_page_says_its_language(pages: Mapping[str, str], locale: str) -> None:
    assert f'<html lang="{locale}">' in pages[locale]
    assert '<html lang="en-GB">' in pages["en-GB"]


def held(locale: str) -> dict[str, str]:
    """What a catalogue says otherwise than English does, by the English text; plurals by each of their forms."""
    with (FOLDER / f"{locale}.po").open("rb") as handle:
        entries = [m for m in read_po(handle) if m.id]
    single = {m.id: str(m.string) for m in entries if isinstance(m.id, str) and m.string != m.id}
    forms = {form: list(m.string or "")[-1] for m in entries if not isinstance(m.id, str) for form in m.id}
    return {**single, **forms}


def as_pattern(text: str) -> re.Pattern[str]:
    """A pattern for a text with anything in its places."""
    pieces = re.split(r"\{\w+\}", " ".join(text.split()))
    return re.compile(".+".join(re.escape(piece) for piece in pieces))


def in_any_language() -> set[str]:
    """What is the same in every language: definitions and their sources, settings, names of tables and parameters."""
    told = [text for m in METRICS.values() for text in (m.definition, m.source)]
    told += [text for p in POLICIES.values() for text in (p.meaning, str(p.default))]
    fields = qbr.Params.model_fields
    told += [*TABLES, *fields, *(str(field.default) for field in fields.values())]
    return {" ".join(text.split()) for text in told}


@pytest.mark.parametrize("locale", ["fr", "zh"])
def test_no_text_of_the_frame_is_left_in_english(pages: Mapping[str, str], locale: str) -> None:
    """Of every text that the catalogue translates, none stands on the page as English."""
    catalogue = held(locale)
    texts = set(Words(pages[locale]).texts) - in_any_language() - set(catalogue.values())
    found = []
    for text in catalogue:
        letters = re.sub(r"\{\w+\}|[^A-Za-z]", "", text)
        if "{" not in text:
            found += [text] if text in texts else []
        elif len(letters) > 6:
            found += [t for t in texts if as_pattern(text).fullmatch(t)]
    assert sorted(set(found)) == []


@pytest.mark.parametrize("locale", ["fr", "zh"])
def test_what_stays_english_is_definitions_policies_details_and_names(
    pages: Mapping[str, str], notebooks: Mapping[str, Any], locale: str
) -> None:
    told = [text for text in in_any_language() if len(text) > 12]
    details = {
        str(row[-1])
        for p in payloads(notebooks[locale])
        if p["kind"] == "table" and p["id"] == "quality"
        for row in p["rows"]
    }
    english = []
    for text in Words(pages[locale]).texts:
        if not COMMON.search(text) or text in details or any(text in m or m in text for m in told):
            continue
        english.append(text)
    # titles of events, reasons of losses and names of checks come from the data
    data = {"no decision"} | {t for t in english if t in Words(pages["en-GB"]).texts and t.islower()}
    assert [t for t in english if t not in data] == []


def test_the_check_of_words_would_see_an_english_page(pages: Mapping[str, str]) -> None:
    texts = set(Words(pages["en-GB"]).texts)
    assert len(texts & set(held("fr"))) > 60
    assert sum(bool(COMMON.search(t)) for t in texts) > 60


def test_numbers_are_written_as_the_locale_writes_them(pages: Mapping[str, str]) -> None:
    # codes, days and instants are the same everywhere
    code = re.compile(r"\d{4}-\d{2}-\d{2}|[A-Z]{2,3}-\d{2}|\d{2}:\d{2}|\b\d+\.\d+\.\d+\b|[0-9a-f]{12}|Z-[0-9a-f]{4}")
    french = [code.sub("", t) for t in Words(pages["fr"]).texts if t not in in_any_language()]
    assert [t for t in french if re.search(r"\d\.\d", t)] == []
    assert re.search(r"\d\u202f\d{3}<", pages["fr"]), "thousands"
    assert any(re.search(r"\d,\d[\d ]*%", t) for t in french), "decimals and percent"
    assert any(re.search(r"\d (?:k|M) EUR$", t) for t in french), "the currency's code stands behind"
    chinese = [t for t in Words(pages["zh"]).texts if t not in in_any_language()]
    assert any(re.fullmatch(r"EUR [−+]?[\d.]+万", t) for t in chinese)
    assert any("2026年10月4日" in t for t in chinese)
    assert [t for t in chinese if re.search(r"\d\s%", t)] == []


@pytest.mark.parametrize("locale", ["fr", "zh"])
def test_tables_hold_the_same_numbers_in_every_language(notebooks: Mapping[str, Any], locale: str) -> None:
    english = {p["id"]: p for p in payloads(notebooks["en-GB"]) if p["kind"] == "table"}
    here = {p["id"]: p for p in payloads(notebooks[locale]) if p["kind"] == "table"}
    assert set(here) == set(english)
    compared = 0
    for name, table in here.items():
        ours, theirs = (list(csv.reader(io.StringIO(t["csv"].lstrip("\ufeff")))) for t in (table, english[name]))
        assert ours[0] == theirs[0], "headings of a file are names of columns"
        assert len(ours) == len(theirs)
        for mine, other in zip(ours[1:], theirs[1:], strict=True):
            for a, b in zip(mine, other, strict=True):
                if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", b):
                    assert float(a) == pytest.approx(float(b), rel=1e-9, abs=1e-6)
                    compared += 1
    assert compared > 500


@pytest.mark.parametrize("locale", ["fr", "zh"])
def test_findings_and_cards_have_the_same_values(notebooks: Mapping[str, Any], locale: str) -> None:
    def values(notebook: Any) -> dict[str, Any]:
        known = payloads(notebook)
        stated = {f"f {p['id']}": p["value"] for p in known if p["kind"] == "finding"}
        cards = {f"k {i['id']}": i["value"] for p in known if p["kind"] == "kpis" for i in p["items"]}
        state = {f"s {i['id']}": i["status"] for p in known if p["kind"] == "kpis" for i in p["items"]}
        return {**stated, **cards, **state}

    ours, english = values(notebooks[locale]), values(notebooks["en-GB"])
    assert set(ours) == set(english)
    for name, value in english.items():
        same = ours[name] == value if isinstance(value, str | None) else ours[name] == pytest.approx(value, rel=1e-9)
        assert same, name


@pytest.mark.parametrize("locale", ["fr", "zh"])
def test_what_was_stored_reads_back_with_its_numbers_checked(notebooks: Mapping[str, Any], locale: str) -> None:
    sentences = [p for p in payloads(notebooks[locale]) if p["kind"] == "finding"]
    assert len(sentences) > 3
    with speaking(locale):
        for payload in sentences:
            again = findings.read(payload)
            assert isinstance(again, findings.Finding)
            assert again.sentence == payload["sentence"]
        told = sentences[0]
        with pytest.raises(InputError, match="no finding stands behind"):
            findings.read({**told, "sentence": told["sentence"] + " 4711"})


def test_the_locale_of_the_company_counts_where_the_report_names_none(company: Path) -> None:
    french = company.with_name("french.yaml")
    french.write_text(company.read_text(encoding="utf-8") + "locale: fr\n", encoding="utf-8")
    opened = review(french, "2026-10-04")
    assert (language.active(), opened.period.short) == ("fr", "T3 FY26")
    opened.data.close()
    opened = review(french, "2026-10-04", locale="en-US")
    assert (opened.period.short, numbers.day(opened.as_of).replace(numbers.NBSP, " ")) == ("Q3 FY26", "Oct 4, 2026")
    opened.data.close()
