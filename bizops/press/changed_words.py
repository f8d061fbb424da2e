"""What two runs state and ask: findings and asks that are new, gone or judged differently, and the headline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bizops import numbers
from bizops.findings import anchor
from bizops.findings.changes import Change, Stated, is_noticeable, stated_pair
from bizops.language import message, say
from bizops.press.stored import Run, id_of, same_locale

_SEVERITIES = {
    "good": message("good"),
    "watch": message("to be watched"),
    "bad": message("bad"),
    "info": message("information"),
}
_TONES = {"good": "good", "bad": "bad"}
# An ask is told anew when its amount moved by at least this share of the larger of the two.
_MATERIAL = 0.05


def finding_changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield findings that are new or gone, judged or worded differently by hand, or moved; and a changed headline."""
    old, new = ({f["id"]: f for f in run["findings"].get("findings") or ()} for run in (before, after))
    for id_ in (i for i in new if i not in old):
        text, href = say("New: {sentence}", sentence=new[id_]["sentence"]), f"#{anchor('finding', id_)}"
        yield _about("new", new[id_], text, href, tone=_TONES.get(new[id_]["severity"], "neutral"))
    for id_ in (i for i in old if i not in new):
        yield _about("gone", old[id_], say("No longer stated: {sentence}", sentence=old[id_]["sentence"]), "")
    for id_ in (i for i in new if i in old and old[i]["severity"] != new[i]["severity"]):
        words = {
            k: say(_SEVERITIES.get(f[id_]["severity"], f[id_]["severity"])) for k, f in (("was", old), ("now", new))
        }
        text = say("Now {now}, before {was}: {sentence}", sentence=new[id_]["sentence"], **words)
        tone = _TONES.get(new[id_]["severity"], "neutral")
        yield _about("turned", new[id_], text, f"#{anchor('finding', id_)}", tone=tone)
    same_words = same_locale(before, after)
    for id_ in (i for i in new if i in old and _reworded(old[i], new[i], same_words=same_words)):
        yield _by_hand(new[id_])
    yield from (_moved(old[i], new[i]) for i in new if i in old and _is_moved(old[i], new[i]))
    was, now = (str(run["findings"].get("title") or "") for run in (before, after))
    if was and now and was != now and same_words:
        sentence = say("The headline was “{headline}”.", headline=was)
        yield Change("findings", "headline", sentence, quoted=(was,), names=(was,))


def _reworded(was: Mapping[str, Any], now: Mapping[str, Any], *, same_words: bool) -> bool:
    """Whether a sentence is another one because somebody worded it, or no longer does."""
    editors = was.get("edited_by"), now.get("edited_by")
    return editors[0] != editors[1] or bool(editors[1] and same_words and was["sentence"] != now["sentence"])


def _is_moved(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a finding that is judged as before states another number."""
    if any(was.get(key) != now.get(key) for key in ("severity", "unit", "currency")) or not now.get("unit"):
        return False
    return is_noticeable(was.get("value"), now.get("value"), str(now["unit"]), n=now.get("n"))


def _moved(was: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    unit, currency = str(now["unit"]), str(now.get("currency") or "")
    old, new, _ = stated_pair(
        was.get("value"), now.get("value"), unit, currency=currency, n_old=was.get("n"), n_new=now.get("n")
    )
    text = say("{sentence} Before: {old}.", sentence=now["sentence"], old=old.text)
    return _about("moved", now, text, f"#{anchor('finding', str(now['id']))}", figures=(old, new))


def _by_hand(finding: Mapping[str, Any]) -> Change:
    sentence, name = str(finding["sentence"]), str(finding.get("edited_by") or "")
    if name:
        text = say("Edited by {name}: {sentence}", name=name, sentence=sentence)
    else:
        text = say("No longer edited by hand: {sentence}", sentence=sentence)
    change = _about("edited", finding, text, f"#{anchor('finding', str(finding['id']))}")
    return replace(change, names=(*change.names, name))


def ask_changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield asks that are new, those closed or not made any more, and those whose amount moved by a twentieth or more.

    An ask is known by its text; between two languages by the place that it is about.
    """
    known_by = "ask" if same_locale(before, after) else "href"
    old, new, followed = (
        {str(a.get(known_by)): a for a in document.get(key) or ()}
        for document, key in ((before["findings"], "asks"), (after["findings"], "asks"),
                              (after["findings"], "asks_previous"))
    )  # fmt: skip
    for at, ask in enumerate(a for a in new if a not in old):
        yield _ask(f"ask-new-{at}", say("New ask: {ask}", ask=new[ask]["ask"]), new[ask])
    for at, ask in enumerate(a for a in old if a not in new):
        state, told = str((followed.get(ask) or {}).get("status") or ""), old[ask]["ask"]
        if state and state != "done":
            continue
        text = say("Ask closed: {ask}", ask=told) if state else say("No longer asked: {ask}", ask=told)
        yield _ask(f"ask-closed-{at}", text, old[ask])
    both = (a for a in new if a in old and _is_material(old[a], new[a]))
    yield from (_ask_moved(f"ask-moved-{at}", old[a], new[a]) for at, a in enumerate(both))


def _is_material(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    old, new = was["value"], now["value"]
    if numbers.is_missing(old) or numbers.is_missing(new) or was.get("currency") != now.get("currency"):
        return False
    least = _MATERIAL * max(abs(float(old)), abs(float(new)))
    return is_noticeable(old, new, "money") and abs(float(new) - float(old)) >= least


def _ask_moved(id: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    currency, ask = str(now.get("currency") or ""), str(now["ask"])
    old, new, gap = stated_pair(was["value"], now["value"], "money", currency=currency)
    text = say("The ask “{ask}” is about {new}, before {old}.", ask=ask, new=new.text, old=old.text)
    return Change(
        "findings", id, text, money=gap.value, currency=currency, href=str(now.get("href") or ""),
        numbers=(old, new), quoted=(ask,), names=(ask,),
    )  # fmt: skip


def _about(
    id: str,
    finding: Mapping[str, Any],
    text: str,
    href: str,
    *,
    tone: str = "neutral",
    figures: tuple[Stated, ...] = (),
) -> Change:
    """A change that quotes a finding, whose sentence was held against its record when it was made."""
    sentence = str(finding["sentence"])
    return Change(
        "findings", id_of(id, finding["id"]), text,
        money=finding.get("at_stake"), currency=finding.get("currency") or "", tone=tone, href=href,
        metric=str(finding.get("metric") or ""), numbers=figures, quoted=(sentence,), names=(sentence,),
    )  # fmt: skip


def _ask(id: str, text: str, ask: Mapping[str, Any]) -> Change:
    """A change that quotes an ask, with the money that it names."""
    figures: tuple[Stated, ...] = ()
    if not numbers.is_missing(ask.get("value")):
        shown = numbers.money(ask["value"], ask.get("currency") or "")
        figures = (Stated(float(ask["value"]), "money", shown),)
        text = f"{text} ({shown})"
    return Change(
        "findings", id, f"{text}.", money=ask.get("value"), currency=ask.get("currency") or "",
        numbers=figures, quoted=(str(ask["ask"]),), names=(str(ask["ask"]),),
    )  # fmt: skip
