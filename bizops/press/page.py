"""The page of an executed notebook: its blocks in the order in which a leader reads them.

Header and answer come first, then KPI strip, changes, asks, contents, sections and appendices, whatever the order in
the notebook. The leadership edition holds no code and nothing that a cell printed; the analyst edition adds both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from bizops import numbers
from bizops.findings import anchor, fragment, walk
from bizops.findings.definition import link, with_sql
from bizops.findings.editing import edited_by
from bizops.language import DEFAULT, message, plural, say
from bizops.press.document import Code, Document, Item, Part, Payload, read_document
from bizops.press.downloads import csv_link
from bizops.press.editions import EDITIONS, edition_of, known_edition
from bizops.press.paper import page_class
from bizops.press.pdf import detached
from bizops.press.words import about_run, confidentiality_and_contact, instant_of, quality_of
from bizops.theme import STATUS, Mark

# A table with more rows is folded: a phone would have to scroll through thousands of pixels. In a section, where it is
# evidence of what stands open, that is sooner the case than in an appendix.
FOLDED_FROM, FOLDED_IN_SECTION = 20, 10
ABOUT = message("About this report")
ON_PAPER = message(
    "On paper each policy setting and each source table is listed once, in the tables after the definitions."
)
# The names under which a page links to the files beside it.
_BESIDE = {"report.xlsx": "Excel", "report.pdf": "PDF"}
# Stands where the size of the finished page will stand.
_SIZE = "\N{OBJECT REPLACEMENT CHARACTER}"
_HASH_LINK = re.compile(r'(<a\b[^>]*?) href="#([^"]*)"')
# What only explains has no words that would have to stay.
_EXPLAINED = re.compile(r' ?<a class="def" href="#([^"]*)"[^>]*>[^<]*</a>')
_DOWNLOAD = re.compile(r'<p class="data">.*?</p>', re.S)
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
    edited: tuple[Markup, ...]
    status: Mark | None
    label: str
    meta: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]
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
        about = (("about", say(ABOUT)),) if self.about else ()
        return (*sections, *about, *((a.anchor, a.title) for a in self.appendices))


def render(
    notebook: Mapping[str, Any],
    edition: str,
    record: Mapping[str, Any],
    beside: Sequence[str] = (),
    *,
    alone: bool = False,
) -> str:
    """Return the page of an executed notebook as one self-contained HTML file.

    Parameters
    ----------
    notebook
        An nbformat 4 notebook with outputs (a ``NotebookNode``).
    edition
        ``leadership``, ``manager`` or ``analyst``.
    record
        The run's record (``run.json``); of its fields the page shows those that are there.
    beside
        The names of files that lie beside the page and that it links to under its title, such as ``report.xlsx``.
    alone
        Whether nothing lies beside the page, the CSV of its tables neither: it then links to no file.

    Raises
    ------
    InputError
        The edition is unknown, or an output is of another version of the wire form.
    RunError
        Two different exhibits share an id, or there are two answers, KPI strips, or lists of asks.
    """
    about = {"record": record, "beside": beside, "alone": alone}
    page, _ = _exporter(known_edition(edition)).from_notebook_node(notebook, about)
    return str(page)


def locale_of(record: Mapping[str, Any]) -> str:
    """Return the locale in which a run speaks."""
    return str(record.get("locale") or DEFAULT)


@cache
def _exporter(edition: str) -> Any:
    # nbconvert takes more than a second to import; those who only read a document do not pay for it
    from bizops.press.exporter import PageExporter

    return PageExporter(edition=edition)  # type: ignore[no-untyped-call]


def assemble(notebook: Mapping[str, Any], edition: str, record: Mapping[str, Any], beside: Sequence[str] = ()) -> Page:
    """Return the notebook's blocks, laid out for ``edition``; raises what `render` raises."""
    analyst = edition == "analyst"
    document = read_document(edition_of(notebook, edition), analyst=analyst)
    answer = document.answer or {}
    company = record.get("company") or {}
    return Page(
        title=_title(document, record),
        lead=tuple(_lead(answer)),
        edited=tuple(edited_by(e["edited_by"], e["generated"]) for e in answer.get("edited", ())),
        status=STATUS.get(answer.get("status", "")),
        label=str(company.get("confidentiality", "")),
        meta=tuple(_meta(document, edition, record)),
        beside=tuple((name, _BESIDE.get(name, name)) for name in beside),
        quality=quality_of(document.appendices),
        kpis=_laid(document, "kpis"),
        changes=_laid(document, "changes"),
        asks=_laid(document, "asks"),
        sections=tuple(_section(part, analyst) for part in document.parts),
        about=document.about,
        appendices=tuple(_appendix(payload, analyst) for payload in document.appendices),
        setup=document.setup if analyst else (),
        footer=tuple(_footer(record, analyst)),
    )


def finish(page: str, *, alone: bool = False) -> str:
    """Return the page with every link to a place that it does not have turned into plain text, and its size filled in.

    A card may lead to a section that the data switched off, and prose to one that a colleague renamed. A page that
    stands ``alone`` has no downloads either.
    """
    if alone:
        page = detached(_DOWNLOAD.sub("", page))
    places = set(_ID.findall(page))
    page = _EXPLAINED.sub(lambda m: m[0] if m[1] in places else "", page).replace('<p class="note"></p>', "")
    linked = _HASH_LINK.sub(lambda m: m[0] if m[2] in places else m[1], page)
    return linked.replace(_SIZE, say("{size} kB", size=numbers.count(-(-len(linked.encode()) // 1000))), 1)


def _lead(answer: Payload) -> Iterator[Markup]:
    """Yield the sentences of the answer, the first of each metric with the link to its definition."""
    metrics = {finding["sentence"]: finding.get("metric", "") for finding in answer.get("evidence", ())}
    linked = {""}
    for sentence in answer.get("sentences", ()):
        metric = metrics.get(sentence, "")
        yield escape(sentence) + ("" if metric in linked else Markup(" ") + link(metric, sign=True))
        linked.add(metric)


def _title(document: Document, record: Mapping[str, Any]) -> str:
    if document.answer is not None:
        return str(document.answer["title"])
    first = document.parts[0].title if document.parts else ""
    return document.name or str(record.get("title") or "") or first or say("Report")


def _meta(document: Document, edition: str, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands under the title: report, scope, period, data as of, edition, run, and the analyst's size."""
    named = document.name or str(record.get("report", "")).replace("_", " ")
    if named and named != _title(document, record):
        yield named
    yield from about_run(record)
    yield say(EDITIONS[edition])
    if record.get("run_id"):
        yield say("run {id}", id=record["run_id"])
    if edition == "analyst":
        yield _SIZE


def _footer(record: Mapping[str, Any], analyst: bool) -> Iterator[str]:
    """Yield confidentiality, contact, and when and by what the page was made."""
    yield from confidentiality_and_contact(record, with_address=analyst)
    version = (record.get("code") or {}).get("version")
    if record.get("started_at"):
        when = instant_of(record["started_at"])
        yield (
            say("made {when} with bizops {version}", when=when, version=version)
            if version
            else say("made {when}", when=when)
        )


def _laid(document: Document, kind: str) -> tuple[Markup, ...]:
    return tuple(exhibit(payload) for payload in document.placed[kind])


def _section(part: Part, analyst: bool) -> Block:
    payloads = [item for item in part.items if not isinstance(item, Markup)]
    drawn = {p["table"] for p in walk(payloads) if p["kind"] == "figure" and p.get("table")}
    first = next((p for p in payloads if p["kind"] in ("table", "figure")), None)
    body = tuple(_item(item, analyst, drawn, is_first=item is first) for item in part.items)
    question = "" if _words(part.question) == _words(part.title) else part.question
    return Block(part.anchor, question, part.title, part.heading, body, part.code if analyst else ())


def _words(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def _item(item: Item, analyst: bool, drawn: Collection[str], *, is_first: bool) -> Markup:
    """Return prose or an exhibit of a section; a table that a figure draws, or a long one, behind its name.

    The first exhibit is what the section shows: as a table it stands open up to the length of an appendix's.
    """
    if isinstance(item, Markup):
        return Markup('<div class="prose">{}</div>').format(item)
    if item["kind"] != "table":
        return exhibit(item, analyst)
    is_long = len(item["rows"]) > (FOLDED_FROM if is_first else FOLDED_IN_SECTION)
    if item["id"] not in drawn and not is_long:
        return exhibit(item)
    n, title = item["n_rows"], item["title"].rstrip(".")
    counted = numbers.count(n)
    words = plural(n, "Table: {title} ({count} row)", "Table: {title} ({count} rows)", title=title, count=counted)
    return _folded(item, words)


def _appendix(payload: Payload, analyst: bool) -> Block:
    body = tuple(
        _folded(block, _named(block)) if len(block.get("rows", ())) > FOLDED_FROM else exhibit(block, analyst)
        for block in payload["blocks"]
    )
    if any(block["kind"] == "definition" for block in payload["blocks"]):
        body = (Markup('<p class="note paper">{}</p>').format(say(ON_PAPER)), *body)
    return Block(anchor("appendix", payload["id"]), "", payload["title"], Markup(payload["html"]), body)


def _named(table: Payload) -> str:
    """Return the name of a folded table, with its number of rows."""
    n, title = table["n_rows"], table["title"].rstrip(".")
    return plural(n, "{title}: {count} row", "{title}: {count} rows", title=title, count=numbers.count(n))


def _folded(payload: Payload, words: str) -> Markup:
    shown = Markup('<details class="fold"><summary>{}</summary>{}</details>')
    return shown.format(words, exhibit(payload))


def exhibit(payload: Payload, analyst: bool = False) -> Markup:
    """Return the HTML of a payload, with a link to its CSV when it is a table and, for the analyst, its SQL."""
    if "blocks" in payload:
        inner = Markup("").join(exhibit(block, analyst) for block in payload["blocks"])
        return Markup(payload["html"]) + inner
    if payload["kind"] == "definition" and analyst:
        return Markup(with_sql(dict(payload)))
    html = Markup(fragment(payload))
    shape = page_class(html) if payload["kind"] == "table" else ""
    html += csv_link(payload)
    return Markup('<div class="{}">{}</div>').format(shape, html) if shape else html
