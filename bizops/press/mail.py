"""A run as an e-mail: the answer, the key figures, what changed, what is asked, and where the whole report is.

A mail leaves the house, so it never holds what only some readers may see, whatever the edition that it belongs to. It
is made for clients that know little: tables for layout, styles on the elements, no picture, no style sheet, and the
same once more as plain text. Gmail cuts a message at about 102 kB; `LIMIT` stays well below.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from bizops import numbers
from bizops.errors import RunError
from bizops.findings import Comparison, Kpi, Kpis, read
from bizops.language import say
from bizops.press.document import Payload
from bizops.press.templates import fill
from bizops.press.words import about_run, confidentiality_and_contact, day_of
from bizops.theme import LIGHT, STATUS

LIMIT = 80_000
"""Bytes that a mail may have."""
CHANGES_SHOWN = 5
_BOUNDARY = "=_part_of_the_report"


@dataclass(frozen=True)
class Figure:
    """One row of the mail's table of key figures in words; ``told`` are its comparisons as sentences say them."""

    label: str
    value: str
    compared: tuple[str, ...]
    told: tuple[str, ...]
    icon: str
    status: str
    colour: str


@dataclass(frozen=True)
class Letter:
    """What a mail says, in words; its two parts are two renderings of this."""

    title: str
    about: tuple[str, ...]
    status: str
    sentences: tuple[str, ...]
    heads: tuple[str, ...]
    figures: tuple[Figure, ...]
    changes: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str], ...]
    footer: tuple[str, ...]


def mail(
    payloads: Sequence[Payload], record: Mapping[str, Any], *, edition: str, folder: str, beside: Sequence[str]
) -> bytes:
    """Return an edition of a run as a message (RFC 5322) that is ready to be sent: no sender, no recipient.

    Parameters
    ----------
    payloads
        What the leadership edition of the run says, whatever ``edition`` is.
    record
        The run's record; its ``finished_at`` is the date of the message.
    edition
        The edition in words, for the line under the title.
    folder
        Where the edition lies in the folder of reports, such as ``qbr/default/<run>/``.
    beside
        The names of the edition's page and of the files that go with it; the mail links to them if the company says
        where its reports are published, else it names them and ``folder``.

    Raises
    ------
    RunError
        The message has more than `LIMIT` bytes.
    """
    letter = _letter(payloads, record, edition, folder, beside)
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=78))
    message["Subject"] = " ".join(letter.title.split())
    if record.get("finished_at"):
        message["Date"] = dt.datetime.fromisoformat(str(record["finished_at"]))
    message["X-Unsent"] = "1"  # mail programs open it as a draft
    message.set_content(_plain(letter), cte="quoted-printable")
    html = fill("mail.html.j2", letter=letter, colours=LIGHT)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(_BOUNDARY)
    made = message.as_bytes()
    if len(made) > LIMIT:
        raise RunError(f"the mail has {len(made):,} bytes, at most {LIMIT:,} arrive uncut; shorten the asks")
    return made


def _letter(
    payloads: Sequence[Payload], record: Mapping[str, Any], edition: str, folder: str, beside: Sequence[str]
) -> Letter:
    answer: Payload = next((p for p in payloads if p["kind"] == "answer"), {})
    heads, figures = _figures([k for p in payloads if p["kind"] == "kpis" for k in _cards(p)])
    return Letter(
        title=str(answer.get("title") or record.get("title") or record.get("report") or ""),
        about=(*about_run(record), edition),
        status=_status(answer),
        sentences=tuple(_sentences(answer)),
        heads=heads,
        figures=figures,
        changes=tuple(_changes(payloads)),
        asks=tuple(_ask(a) for p in payloads if p["kind"] == "asks" for a in p["items"]),
        places=tuple(_places(record, folder, beside)),
        footer=tuple(confidentiality_and_contact(record)),
    )


def _status(answer: Payload) -> str:
    """Return the status of the headline metric as a sentence, with its icon; nothing for an answer without one."""
    mark = STATUS.get(answer.get("status", ""))
    return f"{mark.icon} {say('{sentence}.', sentence=say(mark.word))}" if mark else ""


def _sentences(answer: Payload) -> Iterator[str]:
    """Yield the sentences of the answer; one in an analyst's words says whose."""
    editors = {e["sentence"]: e["edited_by"] for e in answer.get("edited", ())}
    for sentence in answer.get("sentences", ()):
        name = editors.get(sentence)
        yield f"{sentence} ({say('edited by {name}', name=name)})" if name else sentence


def _cards(payload: Payload) -> tuple[Kpi, ...]:
    strip = read(payload)
    return strip.items if isinstance(strip, Kpis) else ()


def _figures(cards: Sequence[Kpi]) -> tuple[tuple[str, ...], tuple[Figure, ...]]:
    """Return the headings of the comparisons and the rows: a card's first two comparisons, plan and prior period."""
    rows = []
    for card in cards:
        mark, first = STATUS[card.status], card.comparisons[:2]
        compared = tuple(_difference(c, card) for c in first) + (numbers.missing(),) * (2 - len(first))
        told = tuple(c.text for c in first)
        rows.append(Figure(card.label, card.shown(), compared, told, mark.icon, say(mark.word), LIGHT[mark.token]))
    columns = ([c.comparisons[at].label for c in cards if len(c.comparisons) > at] for at in (0, 1))
    named = (" / ".join(dict.fromkeys(column)) for column in columns)
    return tuple(say("vs {label}", label=label) for label in named), tuple(rows)


def _difference(comparison: Comparison, card: Kpi) -> str:
    """Return a comparison for a column that names the reference: the difference alone, or why there is none."""
    if comparison.delta is None:
        return comparison.text
    return numbers.delta(comparison.delta, card.unit, currency=card.currency)


def _changes(payloads: Sequence[Payload]) -> Iterator[str]:
    """Yield what is to be said of the comparison, then the first changes that the page has in sight."""
    for payload in payloads:
        if payload["kind"] == "changes":
            items = payload.get("items", ())
            in_sight = [c for c in items if c["id"] in payload.get("shown", ())]
            told = [payload.get("remark") or payload.get("reason"), *(c["sentence"] for c in in_sight or items)]
            yield from [t for t in told if t][:CHANGES_SHOWN]


def _ask(ask: Mapping[str, Any]) -> tuple[str, str]:
    """Return an ask and, in one line, why, how much, by whom and until when."""
    value = "" if numbers.is_missing(ask["value"]) else numbers.money(ask["value"], ask["currency"])
    due = say("due {day}", day=day_of(ask["due"])) if ask["due"] else ""
    return ask["ask"], " · ".join(filter(None, (ask["why"], value, ask["owner"], due)))


def _places(record: Mapping[str, Any], folder: str, beside: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what there is to open: its name, and its address if the company says where reports are published."""
    site = str((record.get("company") or {}).get("site_url") or "").rstrip("/")
    names = {"report.html": say("the page"), "report.pdf": "PDF", "report.xlsx": "Excel"}
    for file in beside:
        words = f"{names.get(file, file)} ({file})" if not site else names.get(file, file)
        yield words, f"{site}/{quote(folder)}{file}" if site else ""
    if beside and not site:
        yield say("in the run's folder, {folder}", folder=folder.rstrip("/")), ""


def _plain(letter: Letter) -> str:
    """Return the letter as plain text, a line a fact."""
    asks = [f"- {ask}\n  {why}" if why else f"- {ask}" for ask, why in letter.asks]
    places = [f"- {words}: {link}" if link else f"- {words}" for words, link in letter.places]
    parts = [
        letter.title,
        " · ".join(letter.about),
        "\n".join(filter(None, (letter.status, *letter.sentences))),
        _under(say("Key figures"), [_line(figure) for figure in letter.figures]),
        _under(say("What changed since the last run"), [f"- {change}" for change in letter.changes]),
        _under(say("Decisions and asks"), asks),
        _under(say("The whole report"), places),
        " · ".join(letter.footer),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _under(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading.upper(), *lines]) if lines else ""


def _line(figure: Figure) -> str:
    return f"- {figure.label}: {figure.value} ({figure.status}); {'; '.join(figure.told)}"
