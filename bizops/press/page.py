"""The page of an executed notebook: its blocks in the order in which a leader reads them.

Header and answer come first, then KPI strip, changes, asks, contents, sections and appendices, whatever the order in
the notebook. The leadership edition holds no code and nothing that a cell printed; the analyst edition adds both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup

from bizops import numbers
from bizops.errors import InputError, did_you_mean
from bizops.findings import anchor, fragment
from bizops.press.document import Code, Document, Item, Part, Payload, read_document
from bizops.press.downloads import csv_link
from bizops.press.paper import page_class
from bizops.press.words import day_of, instant_of, quality_of
from bizops.theme import STATUS, Mark

EDITIONS = {"leadership": "Leadership edition", "analyst": "Analyst edition"}
# A table of an appendix with more rows is folded: a phone would have to scroll through thousands of pixels.
FOLDED_FROM = 20
_ADDRESS = re.compile(r"[\s,;(<]*[\w.+-]+@[\w-]+(?:\.[\w-]+)+[)>]?")
_HASH_LINK = re.compile(r'(<a\b[^>]*?) href="#([^"]*)"')
_ID = re.compile(r'\sid="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A section or an appendix, laid out."""

    anchor: str
    kicker: str
    title: str
    heading: Markup
    body: tuple[Markup, ...]
    code: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Page:
    """Everything that the template places; ``html`` in it is escaped already."""

    title: str
    lead: tuple[str, ...]
    status: Mark | None
    label: str
    meta: tuple[str, ...]
    quality: Mapping[str, str] | None
    kpis: tuple[Markup, ...]
    changes: tuple[Markup, ...]
    asks: tuple[Markup, ...]
    sections: tuple[Block, ...]
    about: tuple[Markup, ...]
    appendices: tuple[Block, ...]
    setup: tuple[Code, ...]
    footer: tuple[str, ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Place and words of every section, then of every appendix."""
        sections = tuple((s.anchor, s.kicker or s.title) for s in self.sections)
        about = (("about", "About this report"),) if self.about else ()
        return (*sections, *about, *((a.anchor, a.title) for a in self.appendices))


def render(notebook: Mapping[str, Any], edition: str, record: Mapping[str, Any]) -> str:
    """Return the page of an executed notebook as one self-contained HTML file.

    Parameters
    ----------
    notebook
        An nbformat 4 notebook with outputs (a ``NotebookNode``).
    edition
        ``leadership`` or ``analyst``.
    record
        The run's record (``run.json``); of its fields the page shows those that are there.

    Raises
    ------
    InputError
        The edition is unknown, or an output is of another version of the wire form.
    RunError
        Two different exhibits share an id, or there are two answers, KPI strips, or lists of asks.
    """
    if edition not in EDITIONS:
        raise InputError(
            f"there is no edition '{edition}'.{did_you_mean(edition, EDITIONS)}",
            where="edition",
            fix=f"choose one of: {', '.join(EDITIONS)}",
        )
    page, _ = _exporter(edition).from_notebook_node(notebook, {"record": record})
    return str(page)


@cache
def _exporter(edition: str) -> Any:
    # nbconvert takes more than a second to import; those who only read a document do not pay for it
    from bizops.press.exporter import PageExporter

    return PageExporter(edition=edition)  # type: ignore[no-untyped-call]


def assemble(notebook: Mapping[str, Any], edition: str, record: Mapping[str, Any]) -> Page:
    """Return the notebook's blocks, laid out for ``edition``; raises what `render` raises."""
    analyst = edition == "analyst"
    document = read_document(notebook, analyst=analyst)
    answer = document.answer or {}
    company = record.get("company") or {}
    return Page(
        title=_title(document, record),
        lead=tuple(answer.get("sentences", ())),
        status=STATUS.get(answer.get("status", "")),
        label=str(company.get("confidentiality", "")),
        meta=tuple(_meta(document, edition, record)),
        quality=quality_of(document.appendices),
        kpis=_laid(document, "kpis"),
        changes=_laid(document, "changes"),
        asks=_laid(document, "asks"),
        sections=tuple(_section(part, analyst) for part in document.parts),
        about=document.about,
        appendices=tuple(_appendix(payload) for payload in document.appendices),
        setup=document.setup if analyst else (),
        footer=tuple(_footer(record, analyst)),
    )


def finish(page: str) -> str:
    """Return the page with every link to a place that it does not have turned into plain text.

    A card may lead to a section that the data switched off, and prose to one that a colleague renamed.
    """
    places = set(_ID.findall(page))
    return _HASH_LINK.sub(lambda m: m[0] if m[2] in places else m[1], page)


def _title(document: Document, record: Mapping[str, Any]) -> str:
    if document.answer is not None:
        return str(document.answer["title"])
    first = document.parts[0].title if document.parts else ""
    return document.name or str(record.get("title") or "") or first or "Report"


def _meta(document: Document, edition: str, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands under the title: report, scope, period, data as of, edition, run."""
    named = document.name or str(record.get("report", "")).replace("_", " ")
    if named and named != _title(document, record):
        yield named
    company, scope = record.get("company") or {}, record.get("scope") or {}
    if company.get("name"):
        yield str(company["name"])
    if scope.get("label"):
        yield str(scope["label"])
    if (record.get("period") or {}).get("label"):
        yield str(record["period"]["label"])
    if record.get("as_of"):
        yield f"data as of {day_of(record['as_of'])}"
    yield EDITIONS[edition]
    if record.get("run_id"):
        yield f"run {record['run_id']}"


def _footer(record: Mapping[str, Any], analyst: bool) -> Iterator[str]:
    """Yield confidentiality, contact, and when and by what the page was made.

    A leadership page travels: it names the contact, without the address.
    """
    company, code = record.get("company") or {}, record.get("code") or {}
    if company.get("confidentiality"):
        yield str(company["confidentiality"])
    contact = str(company.get("contact") or "")
    if contact := contact if analyst else _ADDRESS.sub("", contact).strip():
        yield f"questions to {contact}"
    if record.get("started_at"):
        version = f" with bizops {code['version']}" if code.get("version") else ""
        yield f"made {instant_of(record['started_at'])}{version}"


def _laid(document: Document, kind: str) -> tuple[Markup, ...]:
    return tuple(exhibit(payload) for payload in document.placed[kind])


def _section(part: Part, analyst: bool) -> Block:
    body = tuple(_item(item) for item in part.items)
    question = "" if _words(part.question) == _words(part.title) else part.question
    return Block(part.anchor, question, part.title, part.heading, body, part.code if analyst else ())


def _words(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def _appendix(payload: Payload) -> Block:
    body = tuple(_folded(block) for block in payload["blocks"])
    return Block(anchor("appendix", payload["id"]), "", payload["title"], Markup(payload["html"]), body)


def _folded(payload: Payload) -> Markup:
    """Return an exhibit of an appendix, a long table behind its name."""
    if len(payload.get("rows", ())) <= FOLDED_FROM:
        return exhibit(payload)
    words = f"{payload['title'].rstrip('.')}: {numbers.count(payload['n_rows'])} rows"
    return Markup("<details><summary>{}</summary>{}</details>").format(words, exhibit(payload))


def _item(item: Item) -> Markup:
    if isinstance(item, Markup):
        return Markup('<div class="prose">{}</div>').format(item)
    return exhibit(item)


def exhibit(payload: Payload) -> Markup:
    """Return the HTML of a payload, with a link to its CSV when it is a table."""
    if "blocks" in payload:
        inner = Markup("").join(exhibit(block) for block in payload["blocks"])
        return Markup(payload["html"]) + inner
    html = Markup(fragment(payload))
    shape = page_class(html) if payload["kind"] == "table" else ""
    html += csv_link(payload)
    return Markup('<div class="{}">{}</div>').format(shape, html) if shape else html
