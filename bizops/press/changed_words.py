"""What two runs state and ask: findings and asks that are new, gone or judged differently, and the headline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bizops import numbers
from bizops.findings import anchor
from bizops.findings.changes import Change, Stated
from bizops.language import message, say
from bizops.press.stored import Run, id_of

_SEVERITIES = {
    "good": message("good"),
    "watch": message("to be watched"),
    "bad": message("bad"),
    "info": message("information"),
}
_TONES = {"good": "good", "bad": "bad"}


def finding_changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield findings that are new or gone, those whose severity changed, and a headline that changed."""
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
    was, now = (str(run["findings"].get("title") or "") for run in (before, after))
    same_language = before["record"].get("locale") == after["record"].get("locale")
    if was and now and was != now and same_language:
        sentence = say("The headline was “{headline}”.", headline=was)
        yield Change("findings", "headline", sentence, quoted=(was,), names=(was,))


def ask_changes(before: Run, after: Run) -> Iterator[Change]:
    """Yield asks that are new, and those of the earlier run that are closed or not made any more."""
    old, new = ({a["ask"]: a for a in run["findings"].get("asks") or ()} for run in (before, after))
    followed = {a["ask"]: a for a in after["findings"].get("asks_previous") or ()}
    for at, ask in enumerate(a for a in new if a not in old):
        yield _ask(f"ask-new-{at}", say("New ask: {ask}", ask=ask), new[ask])
    for at, ask in enumerate(a for a in old if a not in new):
        state = str((followed.get(ask) or {}).get("status") or "")
        if state and state != "done":
            continue
        text = say("Ask closed: {ask}", ask=ask) if state else say("No longer asked: {ask}", ask=ask)
        yield _ask(f"ask-closed-{at}", text, old[ask])


def _about(id: str, finding: Mapping[str, Any], text: str, href: str, *, tone: str = "neutral") -> Change:
    """A change that quotes a finding, whose sentence was held against its record when it was made."""
    sentence = str(finding["sentence"])
    return Change(
        "findings", id_of(id, finding["id"]), text,
        money=finding.get("at_stake"), currency=finding.get("currency") or "", tone=tone, href=href,
        metric=str(finding.get("metric") or ""), quoted=(sentence,), names=(sentence,),
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
