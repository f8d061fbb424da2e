"""What two runs mean by their numbers: definitions, policies and settings, and what a changed setting does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bizops import numbers
from bizops.findings.changes import Change, Stated, is_noticeable, stated_pair
from bizops.language import message, say
from bizops.press.stored import Run, definitions_of, differ, id_of, period_of, same_locale, settings_of, tracked_of

_FIELDS = {
    "target": message("target"),
    "tolerance": message("tolerance"),
    "owner": message("owner"),
    "better": message("direction of good"),
}
_COMPANY = {
    "currency": message("Reporting currency"),
    "time_zone": message("Time zone"),
    "fiscal_year_start": message("First month of the fiscal year"),
    "week_scheme": message("Weeks of the fiscal calendar"),
}
_EFFECT = message("{label} is {new} by the new setting and {old} by the old one ({delta}).")
_EFFECT_OF = message("{label} is {new} with {setting} “{now}” and {old} with “{was}” ({delta}).")
_EFFECT_OF_SEVERAL = message(
    "{label} is {new} with the new values of {settings} and {old} with the old ones ({delta})."
)
_FIELD = message("The {field} of {label} is {new}, before {old}.")
_DEFINED = message(
    "{label} is defined as “{new}”, before as “{old}”; what this does to its value cannot be told apart from what "
    "changed data do."
)
_OTHERWISE = message(
    "{label} is computed in another way; what this does cannot be told apart from what changed data do."
)


def setting_changes(
    before: Run, after: Run, effect: Mapping[str, Any] | None, effect_missing: str = ""
) -> Iterator[Change]:
    """Yield changed policies with what they do, other settings, definitions whose text changed, and changed code."""
    for id_, (old, new) in changed_policies(before, after):
        yield from _policy_and_effects(id_, old, new, before, after, effect, effect_missing)
    yield from _company_settings(before, after)
    yield from _metric_settings(before, after)
    yield from _definitions(before, after, same_words=same_locale(before, after))
    yield from _code(before["record"].get("code") or {}, after["record"].get("code") or {})


def changed_policies(before: Run, after: Run) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the policies whose value is another one, with the old and the new value."""
    old, new = _policies(before), _policies(after)
    for id_ in sorted(old.keys() & new.keys()):
        if old[id_] != new[id_]:
            yield id_, (old[id_], new[id_])


def causes_of(metric: str, before: Run, after: Run) -> tuple[str, ...]:
    """Return the changed policies that a metric honours; all of them where its definition names none of them."""
    changed = [id_ for id_, _ in changed_policies(before, after)]
    honoured = {p["id"] for p in definitions_of(after["findings"]).get(metric, {}).get("policies") or ()}
    return tuple(i for i in changed if i in honoured) or tuple(changed)


def setting_label(id_: str, *runs: Run) -> str:
    """Return a policy's name with its id, the id alone where no definition names it."""
    name = _policy_name(id_, *runs)
    return f"{name} ({id_})" if name else id_


def redefined(metric: str, before: Run, after: Run) -> bool:
    """Whether a metric's definition, or the value of a policy that it honours, is another one in the later run."""
    old, new = (definitions_of(run["findings"]).get(metric) for run in (before, after))
    return bool(old and new and old.get("revision") != new.get("revision"))


def _policies(run: Run) -> dict[str, Any]:
    """The values of the policies: of all in the record, else of those that the definitions name."""
    stored = settings_of(run).get("policies")
    if stored:
        return {str(k): str(v) for k, v in stored.items()}
    return {p["id"]: str(p["value"]) for d in definitions_of(run["findings"]).values() for p in d.get("policies") or ()}


def _policy_name(id_: str, *runs: Run) -> str:
    """The name of a policy, from a definition that honours it."""
    honoured = (p for r in runs for d in definitions_of(r["findings"]).values() for p in d.get("policies") or ())
    return next((str(p["name"]) for p in honoured if p["id"] == id_), "")


def _policy_and_effects(
    id_: str, old: Any, new: Any, before: Run, after: Run, effect: Mapping[str, Any] | None, missing: str
) -> Iterator[Change]:
    """Yield the line of a changed policy, with the largest of its effects, and under it a line for each other one."""
    label = setting_label(id_, after, before)
    pairs = [p for p in _effects(effect, after) if causes_of(p[1]["metric"], before, after)[0] == id_]
    alone = [p for p in pairs if causes_of(p[1]["metric"], before, after) == (id_,)]
    told = [_effect(*p, _EFFECT, {}, "") for p in alone[:1]]
    none = ""
    if effect is not None and not told and not pairs:
        none = _no_effect(effect, after)
    yield _policy_changed(id_, old, new, label, told, none, missing)
    for pair in pairs:
        causes = causes_of(pair[1]["metric"], before, after)
        if pair in alone[:1]:
            continue
        if len(causes) == 1:
            words, template = {"setting": label, "now": _shown(new), "was": _shown(old)}, _EFFECT_OF
        else:
            words = {"settings": ", ".join(setting_label(i, after, before) for i in causes)}
            template = _EFFECT_OF_SEVERAL
        yield _effect(*pair, template, words, f"policy-{id_of(id_)}")


def _no_effect(effect: Mapping[str, Any], after: Run) -> str:
    """Say that a setting changes nothing, or nothing of the run's period that is printed."""
    old, new = tracked_of(effect), tracked_of(after["findings"])
    if any(k in old and differ(old[k]["value"], v["value"]) for k, v in new.items()):
        return say("; on the same data no value of the period of this page changes visibly.")
    return say("; on the same data no value changes by it.")


def _policy_changed(
    id_: str, old: Any, new: Any, label: str, told: Sequence[Change], none: str, missing: str
) -> Change:
    sentence = say("{setting} is “{new}”, before “{old}”", setting=label, new=_shown(new), old=_shown(old))
    if told:
        sentence += say("; on the same data {effect}", effect=told[0].sentence)
    elif missing:
        sentence += say("; what this does to the values could not be computed: {reason}", reason=missing) + "."
    else:
        sentence += none or "."
    first = told[0] if told else None
    return Change(
        "definition", f"policy-{id_of(id_)}", sentence,
        money=first.money if first else None, currency=first.currency if first else "",
        numbers=first.numbers if first else (),
        names=(label, _shown(new), _shown(old), missing, *(first.names if first else ())),
    )  # fmt: skip


Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


def _effects(effect: Mapping[str, Any] | None, after: Run) -> list[Pair]:
    """Return what the settings alone do: old and new value per measure of the run's period, largest first."""
    period = period_of(after)
    old, new = tracked_of(effect or {}), tracked_of(after["findings"])
    pairs = [(old[k], v) for k, v in new.items() if k[1] == period and k in old and _is_told(old[k], v)]
    pairs.sort(key=lambda p: (p[1]["unit"] != "money", -abs(float(p[1]["value"] or 0) - float(p[0]["value"] or 0))))
    return pairs


def _is_told(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return differ(was["value"], now["value"]) and is_noticeable(was["value"], now["value"], now["unit"], n=now.get("n"))


def _effect(
    was: Mapping[str, Any], now: Mapping[str, Any], template: str, words: Mapping[str, str], under: str
) -> Change:
    """The value of a measure under the new and the old settings, on the same data."""
    currency = now.get("currency") or ""
    first, last, gap = stated_pair(
        was["value"], now["value"], now["unit"], currency=currency, n_old=was.get("n"), n_new=now.get("n")
    )
    sentence = say(template, label=now["label"], new=last.text, old=first.text, delta=gap.text, **words)
    return Change(
        "definition", f"effect-{id_of(now['metric'])}", sentence,
        money=gap.value if now["unit"] == "money" else None, currency=currency, metric=now["metric"],
        numbers=(first, last, gap), names=(str(now["label"]), *words.values()), under=under,
    )  # fmt: skip


def _company_settings(before: Run, after: Run) -> Iterator[Change]:
    old, new = (settings_of(run) for run in (before, after))
    for key, words in _COMPANY.items():
        if key in old and key in new and old[key] != new[key]:
            was, now = _shown(old[key]), _shown(new[key])
            sentence = say("{setting} is “{new}”, before “{old}”", setting=say(words), new=now, old=was) + "."
            yield Change("definition", f"setting-{id_of(key)}", sentence, names=(now, was))


def _metric_settings(before: Run, after: Run) -> Iterator[Change]:
    """Yield targets, tolerances, owners and directions of metrics that are set to something else."""
    old, new = (settings_of(run).get("metrics") for run in (before, after))
    if old is None or new is None:
        return
    units = {v["metric"]: v for v in after["findings"].get("tracked") or ()}
    names = {id_: str(d["name"]) for run in (before, after) for id_, d in definitions_of(run["findings"]).items()}
    for id_ in sorted(old.keys() | new.keys()):
        label = names.get(id_) or str(units.get(id_, {}).get("label") or id_)
        for field, words in _FIELDS.items():
            was, now = ((found.get(id_) or {}).get(field) for found in (old, new))
            if was != now:
                shown = [_value(v, field, units.get(id_)) for v in (was, now)]
                sentence = say(_FIELD, field=say(words), label=label, new=shown[1].text, old=shown[0].text)
                yield Change(
                    "definition", id_of(field, id_), sentence, metric=id_, numbers=tuple(shown), names=(label,)
                )


def _value(value: Any, field: str, tracked: Mapping[str, Any] | None) -> Stated:
    """A setting of a metric as people read it, in the unit of the metric where that is known."""
    if value is None:
        return Stated(None, "text", say("not set"))
    if isinstance(value, (int, float)) and tracked is not None and field == "target":
        return Stated(
            value, tracked["unit"], numbers.quantity(value, tracked["unit"], currency=tracked.get("currency") or "")
        )
    return Stated(float(value), "number", numbers.raw(value)) if isinstance(value, (int, float)) else _text(value)


def _text(value: Any) -> Stated:
    return Stated(None, "text", f"“{value}”")


def _definitions(before: Run, after: Run, *, same_words: bool) -> Iterator[Change]:
    """Yield definitions that are another one for another reason than a policy's value.

    Their texts are held against each other only where both are of one language (``same_words``).
    """
    old, new = definitions_of(before["findings"]), definitions_of(after["findings"])
    for id_ in sorted(old.keys() & new.keys()):
        was, now = old[id_], new[id_]
        label = f"{now['name']} ({id_})"
        quoted = (str(was["definition"]), str(now["definition"]))
        if was.get("revision") == now.get("revision"):
            continue
        if quoted[0] != quoted[1] and same_words:
            sentence = say(_DEFINED, label=label, new=quoted[1], old=quoted[0])
        elif _valued(was) == _valued(now):
            sentence = say(_OTHERWISE, label=label)
        else:
            continue
        yield Change(
            "definition", f"definition-{id_of(id_)}", sentence, metric=id_, href=f"#m-{id_.lower()}",
            quoted=quoted, names=(label,),
        )  # fmt: skip


def _valued(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {p["id"]: p["value"] for p in definition.get("policies") or ()}


def _code(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if not old.get("fingerprint") or not new.get("fingerprint") or old["fingerprint"] == new["fingerprint"]:
        return
    was, now = str(old.get("version", "")), str(new.get("version", ""))
    if was != now:
        sentence = say("The code is version {new}, before {old}.", new=now, old=was)
    else:
        sentence = say("The code has changed within version {version}.", version=now)
    yield Change("definition", "code", sentence, names=(was, now))


def _shown(value: Any) -> str:
    return str(value).replace("_", " ")
