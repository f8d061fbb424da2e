"""The larger parts of a page: answer, section, asks, notes and appendices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup, escape

from bizops import numbers
from bizops.errors import InputError
from bizops.findings import grammar
from bizops.findings.cards import status_mark
from bizops.findings.finding import Finding
from bizops.findings.wire import Displayable, anchor, checked_id
from bizops.language import message, say
from bizops.theme import STATUS

TITLE_LIMIT = 90
WORD_LIMIT = 90
APPENDICES = ("definitions", "quality", "provenance", "method")
AUDIENCES = ("leadership", "manager", "analyst")
NOT_SHOWN = message("{title}: not shown, because {reason}")


@dataclass(frozen=True)
class Answer(Displayable):
    """The page's first block: a conclusion of at most 90 characters with a number, then at most 90 words.

    ``sentences`` are findings or plain text; every number in title and text must come from one of the findings or
    cards in ``sentences`` or ``evidence``, which is checked and not shown. ``status`` is that of the headline metric.
    """

    title: str
    sentences: tuple[str | Finding, ...]
    status: str = ""
    evidence: tuple[Any, ...] = ()

    kind: ClassVar[str] = "answer"

    def __post_init__(self) -> None:
        if len(self.title) > TITLE_LIMIT:
            raise InputError(f"the title has {len(self.title)} characters, at most {TITLE_LIMIT}", where="answer")
        if not any(c.isdigit() for c in self.title):
            raise InputError(f"the title '{self.title}' contains no number", where="answer", fix="say how much")
        words = sum(grammar.words_in(s) for s in self.lines())
        if words > WORD_LIMIT:
            fix = "leave the rest to the sections"
            raise InputError(f"{words} words, at most {WORD_LIMIT}", where="answer", fix=fix)
        if self.status and self.status not in STATUS:
            raise InputError(f"status is '{self.status}'", where="answer", fix=f"one of {', '.join(STATUS)}")
        known = [*self.evidence, *(s for s in self.sentences if isinstance(s, Finding))]
        names = [x for f in known for x in (getattr(f, "subject", ""), getattr(f, "reference_label", ""))]
        for text in (self.title, *(s for s in self.sentences if isinstance(s, str))):
            grammar.require_support(text, known, "answer", names)

    def lines(self) -> list[str]:
        """Return the sentences as text."""
        return [s.sentence if isinstance(s, Finding) else s for s in self.sentences]

    def data(self) -> dict[str, Any]:
        """Return title, sentences as text, status, and the findings behind them."""
        behind = [f for f in (*self.sentences, *self.evidence) if isinstance(f, Finding)]
        return {"title": self.title, "sentences": self.lines(), "status": self.status, "evidence": behind}

    def html(self) -> str:
        """Return the heading and one paragraph."""
        status = status_mark(self.status) if self.status else ""
        return f'<h1>{escape(self.title)}</h1>{status}<p class="answer">{escape(" ".join(self.lines()))}</p>'

    def text(self) -> str:
        """Return title and sentences, a line each."""
        return "\n".join([self.title, *self.lines()])


@dataclass(frozen=True)
class Section(Displayable):
    """A takeaway headline over its exhibits: findings, tables, figures and notes, in reading order.

    A number in the headline must come from a finding among ``blocks`` or ``evidence``.
    """

    id: str
    headline: str
    blocks: tuple[Displayable, ...] = ()
    evidence: tuple[Any, ...] = ()

    kind: ClassVar[str] = "section"

    def __post_init__(self) -> None:
        checked_id(self.id, "section")
        known = [x for x in (*self.blocks, *self.evidence) if hasattr(x, "numerals")]
        names = [x for f in known for x in (getattr(f, "subject", ""), getattr(f, "reference_label", ""))]
        grammar.require_support(self.headline, known, f"section {self.id}", names)

    def data(self) -> dict[str, Any]:
        """Return id, headline, blocks, and the findings behind the headline that are not among the blocks."""
        behind = [f for f in self.evidence if isinstance(f, Finding)]
        return {"id": self.id, "headline": self.headline, "blocks": self.blocks, "evidence": behind}

    def html(self) -> str:
        """Return the headline, with the links that explain it; every block has its own fragment."""
        links = [link for f in self._stated() for link in f.explained()]
        explained = f'<p class="note">{" ".join(links)}</p>' if links else ""
        return f'<h2 id="{anchor("section", self.id)}">{escape(self.headline)}</h2>{explained}'

    def _stated(self) -> list[Finding]:
        """The findings whose sentence is the headline; their own paragraph is nowhere else on the page."""
        said = (f for f in self.evidence if isinstance(f, Finding))
        return [f for f in said if f.sentence.rstrip(".。") == self.headline.rstrip(".。")]

    def text(self) -> str:
        """Return headline and blocks as text."""
        return "\n".join([self.headline, *(b.text() for b in self.blocks)])


@dataclass(frozen=True)
class Off(Displayable):
    """A part of the report that the data cannot support, with the reason; never a crash and never a zero."""

    id: str
    title: str
    reason: str

    kind: ClassVar[str] = "note"

    def __post_init__(self) -> None:
        checked_id(self.id, "note")
        if not self.reason.strip():
            raise InputError("an empty section without its reason", where=f"note {self.id}", fix="say what is missing")

    def html(self) -> str:
        """Return title and reason as one sentence."""
        words, title = escape(self.sentence()), escape(self.title)
        words = words.replace(title, Markup(f"<strong>{title}</strong>"), 1) if self.title else words
        return f'<p class="off" id="{anchor("note", self.id)}">{words}</p>'

    def text(self) -> str:
        """Return title and reason."""
        return f"{self.title}: {self.reason}" if self.title else self.reason

    def sentence(self) -> str:
        """Return "*title*: not shown, because *reason*"; of a part without a title the reason alone."""
        return say(NOT_SHOWN, title=self.title, reason=self.reason) if self.title else self.reason


@dataclass(frozen=True)
class Ask:
    """One decision asked: what, why, the money at stake, who is responsible, until when, and where the evidence is.

    ``status`` is for asks of the last round ("done", "late", "open"); ``href`` is a place on the page (``#s-bridge``).
    """

    ask: str
    why: str = ""
    value: float | None = None
    owner: str = ""
    due: dt.date | None = None
    href: str = ""
    status: str = ""
    currency: str = ""


_ASK_HEADS = (message("Ask"), message("Why"), message("Value"), message("Responsible"), message("Due"))
NOTHING_ASKED = message("No decision is asked.")
# How an ask of the last round stands; another word is printed as it is.
_ASK_STATES = (message("new"), message("open"), message("done"), message("late"))


@dataclass(frozen=True)
class Asks(Displayable):
    """The decisions that the report asks for, and how those of the last round stand (C21).

    ``note`` is a sentence under the table: what else is off track and not asked about.
    """

    items: tuple[Ask, ...] = ()
    previous: tuple[Ask, ...] = ()
    note: str = ""

    kind: ClassVar[str] = "asks"

    def html(self) -> str:
        """Return one table, with a status column when asks of the last round are in it."""
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        if not self.items and not self.previous:
            return f'<p class="off">{escape(say(NOTHING_ASKED))}</p>{note}'
        with_status = any(a.status for a in (*self.items, *self.previous))
        heads = (*_ASK_HEADS, message("Status")) if with_status else _ASK_HEADS
        left = {h: "" if h == "Value" else ' class="t"' for h in heads}
        top = "".join(f'<th scope="col"{left[h]}>{escape(say(h))}</th>' for h in heads)
        rows = "".join(self._row(a, with_status) for a in (*self.items, *self.previous))
        return (
            '<div class="scroll" role="region" tabindex="0" aria-labelledby="asks-c"><table id="asks">'
            f'<caption id="asks-c">{escape(say("Decisions asked"))}</caption>'
            f"<thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
        )

    @staticmethod
    def _row(ask: Ask, with_status: bool) -> str:
        why = escape(ask.why or numbers.missing())
        if ask.href:
            if not ask.href.startswith("#"):
                raise InputError(f"the link '{ask.href}' leaves the page", where="asks", fix="link to '#s-<id>'")
            why = f'<a href="{escape(ask.href)}">{why}</a>'  # type: ignore[assignment]
        value = numbers.money(ask.value, ask.currency)
        status = f'<td class="t">{escape(say(ask.status or "new"))}</td>' if with_status else ""
        return (
            f'<tr><th scope="row">{escape(ask.ask)}</th><td class="t">{why}</td>'
            f'<td data-v="{numbers.raw(ask.value)}">{escape(value)}</td>'
            f'<td class="t">{escape(ask.owner or numbers.missing())}</td>'
            f'<td class="t" data-v="{numbers.raw(ask.due)}">{numbers.day(ask.due)}</td>{status}</tr>'
        )

    def text(self) -> str:
        """Return a line an ask, then the note."""
        asked = [a.ask for a in (*self.items, *self.previous)] or [say(NOTHING_ASKED)]
        return "\n".join([*asked, *([self.note] if self.note else [])])


@dataclass(frozen=True)
class Only(Displayable):
    """Blocks that only some readers may see: of all editions, those named in ``audience`` hold them, the others do not.

    The press takes the blocks out of every other edition before anything is made from it: page, data, tables, mail. A
    number in a headline never rests on them. ``InputError`` for an audience that is not one of ``AUDIENCES``.
    """

    audience: tuple[str, ...]
    blocks: tuple[Displayable, ...]

    kind: ClassVar[str] = "only"

    def __post_init__(self) -> None:
        unknown = [name for name in self.audience if name not in AUDIENCES]
        if unknown or not self.audience:
            named = ", ".join(f"'{name}'" for name in unknown) or "nobody"
            raise InputError(f"blocks for {named}", where="only", fix=f"some of {', '.join(AUDIENCES)}")

    def html(self) -> str:
        """Return a line for the analyst at the notebook: who will see what follows; no edition holds it."""
        return f'<p class="note">{escape(self._note())}</p>'

    def text(self) -> str:
        """Return that line and the blocks as text."""
        return "\n".join([self._note(), *(b.text() for b in self.blocks)])

    def _note(self) -> str:
        return say("Only in these editions: {names}", names=", ".join(self.audience))


@dataclass(frozen=True)
class Appendix(Displayable):
    """Definitions, data quality, provenance or method: a title over its blocks; ``id`` says which of the four."""

    id: str
    title: str
    blocks: tuple[Displayable, ...] = ()

    kind: ClassVar[str] = "appendix"

    def __post_init__(self) -> None:
        if self.id not in APPENDICES:
            raise InputError(f"appendix '{self.id}'", fix=f"one of {', '.join(APPENDICES)}")

    def html(self) -> str:
        """Return the title alone; every block has its own fragment."""
        return f'<h2 id="{anchor("appendix", self.id)}">{escape(self.title)}</h2>'

    def text(self) -> str:
        """Return title and blocks as text."""
        return "\n".join([self.title, *(b.text() for b in self.blocks)])
