"""What a notebook says, in the order of a page: read from its cells, before anything is laid out.

A ``## heading`` of the notebook opens a part and asks its question; the section that a cell of the part displays
answers it and gives the part its heading. Answer, KPI strip, changes, asks and appendices go to their fixed places
wherever the notebook shows them. Code, streams, errors and outputs of other kinds are kept apart, for the analyst.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from bizops.errors import RunError
from bizops.findings import MIME, anchor, check_payload, walk
from bizops.language import say
from bizops.press.prose import passages

Payload = Mapping[str, Any]
Item = Markup | Payload
# Kinds with a place of their own on the page; all others stay where the notebook shows them.
PLACED = ("answer", "kpis", "changes", "asks", "appendix")
APPENDICES = ("definitions", "quality", "method", "provenance")
# A cell with one of these tags is for people at the notebook; its prose is not for the leadership edition.
ANALYST_TAGS = frozenset({"analyst", "remove_cell"})
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Code:
    """A code cell as the analyst edition shows it: source, printed text, error text and other outputs."""

    source: str
    printed: tuple[str, ...] = ()
    shown: tuple[Markup, ...] = ()


@dataclass(frozen=True)
class Part:
    """One section of the page: its question, its heading, and prose and exhibits in order.

    ``is_named`` says whether its anchor comes from a record's id; if not, from the words of a heading.
    """

    anchor: str
    question: str
    title: str
    heading: Markup
    items: tuple[Item, ...] = ()
    code: tuple[Code, ...] = ()
    is_named: bool = True


@dataclass(frozen=True)
class Document:
    """A notebook as a page: everything in its place, nothing laid out yet."""

    name: str
    about: tuple[Markup, ...] = ()
    placed: Mapping[str, tuple[Payload, ...]] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    setup: tuple[Code, ...] = ()

    @property
    def answer(self) -> Payload | None:
        """The answer, or None for a notebook that states none."""
        return next(iter(self.placed["answer"]), None)

    @property
    def appendices(self) -> tuple[Payload, ...]:
        """The appendices in the order of the page."""
        return tuple(sorted(self.placed["appendix"], key=lambda p: APPENDICES.index(p["id"])))


@dataclass
class _Group:
    """The cells under one heading of the notebook, while it is read."""

    heading: str
    items: list[Item] = field(default_factory=list)
    code: list[Code] = field(default_factory=list)
    shows_elsewhere: bool = False

    @property
    def payloads(self) -> list[Payload]:
        return [item for item in self.items if not isinstance(item, Markup)]

    @property
    def prose(self) -> list[Markup]:
        return [item for item in self.items if isinstance(item, Markup)]

    @property
    def exhibits(self) -> list[Payload]:
        return [payload for payload in self.payloads if payload["kind"] not in PLACED]

    @property
    def is_about(self) -> bool:
        """Whether its prose speaks of the report: it stands before any heading or beside blocks placed elsewhere."""
        return not self.heading or self.shows_elsewhere or bool(self.payloads and not self.exhibits)

    @property
    def about(self) -> list[Markup]:
        """Its prose, under its heading."""
        heading = [Markup("<h3>{}</h3>").format(self.heading)] if self.heading and self.prose else []
        return [*heading, *self.prose]

    @property
    def is_part(self) -> bool:
        """Whether it is a section of the page."""
        return bool(self.exhibits or (self.prose and not self.is_about))


def read_document(notebook: Mapping[str, Any], *, analyst: bool = False) -> Document:
    """Return what an executed notebook says.

    Parameters
    ----------
    notebook
        An nbformat 4 notebook with outputs.
    analyst
        Whether cells tagged ``analyst`` count too.

    Raises
    ------
    RunError
        When two different exhibits share an id, or there are two answers, KPI strips, or lists of asks.
    InputError
        When an output is of another version of the wire form.
    """
    name, groups = _groups(notebook, analyst)
    _place_once(groups)
    placed = {kind: tuple(p for g in groups for p in g.payloads if p["kind"] == kind) for kind in PLACED}
    about = tuple(text for g in groups if g.is_about for text in g.about)
    setup = tuple(code for g in groups if not g.is_part for code in g.code)
    parts = _unique([part for g in groups if g.is_part for part in _parts(g, name)])
    return Document(name, about, placed, tuple(parts), setup)


def _groups(notebook: Mapping[str, Any], analyst: bool) -> tuple[str, list[_Group]]:
    """Return the notebook's own title and its cells by heading; the first group has no heading."""
    name, groups = "", [_Group("")]
    for cell in notebook["cells"]:
        hidden = not analyst and ANALYST_TAGS & set(cell["metadata"].get("tags", ()))
        if cell["cell_type"] == "markdown" and not hidden:
            for passage in passages(cell["source"]):
                if passage.level == 1 and not name:
                    name = passage.heading
                elif passage.level:
                    groups.append(_Group(passage.heading))
                if passage.body:
                    groups[-1].items.append(passage.body)
        elif cell["cell_type"] == "code":
            groups[-1].items.extend(_own_outputs(cell))
            groups[-1].code.append(_code(cell))
    return name, groups


def _own_outputs(cell: Mapping[str, Any]) -> Iterator[Payload]:
    for output in cell["outputs"]:
        payload = output.get("data", {}).get(MIME)
        if payload is None:
            continue
        found = check_payload(json.loads(payload) if isinstance(payload, str) else payload)
        if found["kind"] != "tracked":  # for later runs, not for readers
            yield found


def _code(cell: Mapping[str, Any]) -> Code:
    """Return a code cell with what it printed and showed, as text and pictures only."""
    printed, shown = list[str](), list[Markup]()
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            printed.append(_ANSI.sub("", output["text"]))
        elif output["output_type"] == "error":
            printed.append(f"{output['ename']}: {output['evalue']}")
        elif MIME not in output["data"]:
            shown.append(_foreign(output["data"]))
    return Code(cell["source"], tuple(printed), tuple(shown))


def _foreign(data: Mapping[str, Any]) -> Markup:
    """Return an output that is not ours as a picture or as text; its HTML is not to be trusted."""
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            source = f"data:{mime};base64,{''.join(str(data[mime]).split())}"
            words = say("Picture made by this cell, without a description")
            return Markup('<img src="{}" alt="{}">').format(source, words)
    return Markup("<pre>{}</pre>").format(_ANSI.sub("", str(data.get("text/plain", ""))))


def _place_once(groups: Sequence[_Group]) -> None:
    """Take exhibits that are shown twice out of all places but one, so that ids and files stay unique.

    A section or an appendix keeps its exhibits: what a cell shows by itself as well is for the analyst's eyes.
    """
    nested = {_key(b) for g in groups for p in g.payloads for b in walk(p.get("blocks", ()))}
    seen: dict[tuple[str, str], str] = {}
    loose: list[Payload] = []
    for group in groups:
        kept: list[Item] = []
        for item in group.items:
            if not isinstance(item, Markup) and _key(item) in nested and item["kind"] != "finding":
                loose.append(item)
            elif (left := _once(item, seen)) is not None:
                kept.append(left)
        was_shown = len(group.exhibits)
        group.items = kept
        group.shows_elsewhere = bool(was_shown) and not group.exhibits
    for item in loose:
        _once(item, seen)  # refuses one that differs from its namesake


def _key(payload: Payload) -> tuple[str, str]:
    return payload["kind"], payload.get("id", "")


def _once(item: Item, seen: dict[tuple[str, str], str]) -> Item | None:
    """Return what is left of ``item`` when exhibits that were already placed are taken out of it.

    A sentence may be said twice, but only its first place can be linked to.
    """
    if isinstance(item, Markup):
        return item
    key, content = _key(item), json.dumps(item, sort_keys=True)
    if key in seen:
        if seen[key] != content:
            name = " ".join(filter(None, key))
            raise RunError(f"the notebook shows two different exhibits '{name}'; give one another id, or leave it out")
        if item["kind"] != "finding":
            return None
        return {**item, "html": item["html"].replace(f' id="{anchor("finding", item["id"])}"', "", 1)}
    seen[key] = content
    if "blocks" in item:
        return {**item, "blocks": [block for b in item["blocks"] if (block := _once(b, seen)) is not None]}
    return item


def _parts(group: _Group, name: str) -> list[Part]:
    """Return the sections of the page in a group: one for each section it displays, or one under its own heading."""
    before, sections = list[Item](), list[tuple[Payload, list[Item]]]()
    for item in group.items:
        if isinstance(item, Markup):
            if group.is_about:
                continue
        elif item["kind"] in PLACED:
            continue
        elif item["kind"] == "section":
            sections.append((item, []))
            continue
        (sections[-1][1] if sections else before).append(item)
    if not sections and len(group.exhibits) == 1 and group.exhibits[0]["kind"] == "note":
        return [_switched_off(group.exhibits[0], group, before)]
    if not sections:
        return [_untold(group.heading or name or say("Results"), before, group.code)]
    parts = [_told(section, group.heading, after) for section, after in sections]
    parts[0] = replace(parts[0], items=(*before, *parts[0].items))
    parts[-1] = replace(parts[-1], code=tuple(group.code))
    return parts


def _told(section: Payload, question: str, after: Sequence[Item]) -> Part:
    """Return the part whose heading is the conclusion of a section."""
    heading = Markup(section["html"])
    name = anchor("section", section["id"])
    return Part(name, question, section["headline"], heading, (*section["blocks"], *after))


def _switched_off(note: Payload, group: _Group, items: Sequence[Item]) -> Part:
    """Return the part that stands for a section which the data cannot support: its title, then the reason."""
    title = note["title"] or group.heading
    reason = Markup('<p class="off" id="{}"><strong>{}</strong> {}</p>')
    words = say("Not shown:")
    body = [
        reason.format(anchor("note", note["id"]), words, note["reason"]) if item is note else item for item in items
    ]
    name = anchor("section", note["id"])
    return Part(name, group.heading, title, _heading(name, title), tuple(body), tuple(group.code))


def _heading(name: str, title: str) -> Markup:
    return Markup('<h2 id="{}">{}</h2>').format(name, title)


def _untold(title: str, items: Sequence[Item], code: Sequence[Code]) -> Part:
    """Return a part without a section record: its heading is the notebook's."""
    name = anchor("section", re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "part")
    return Part(name, "", title, _heading(name, title), tuple(items), tuple(code), is_named=False)


def _unique(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with anchors that differ: a repeated heading gets a number, a record's id stays as it is."""
    taken, unique = {part.anchor for part in parts if part.is_named}, list[Part]()
    for part in parts:
        name, n = part.anchor, 1
        while not part.is_named and name in taken:
            n += 1
            name = f"{part.anchor}-{n}"
        taken.add(name)
        renamed = name != part.anchor
        unique.append(replace(part, anchor=name, heading=_heading(name, part.title)) if renamed else part)
    return unique
