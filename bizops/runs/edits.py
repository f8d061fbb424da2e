"""Sentences that an analyst has edited: ``params/edits.yaml``, read and checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bizops import press
from bizops.errors import InputError, did_you_mean
from bizops.periods import Calendar
from bizops.runs import strict_yaml
from bizops.runs.cases import case_file, case_names

FILE = "params/edits.yaml"
NEEDED = ("report", "period", "finding", "sentence", "by")
KNOWN = ("report", "case", *NEEDED[1:])
_EXAMPLE = "write for example {report: qbr, period: 2026Q3, finding: bookings, sentence: '...', by: A. Name}"


def edits_of(root: Path, report: str, case: str, period: str, calendar: Calendar) -> tuple[press.Edit, ...]:
    """Return the edited sentences of one run; nothing where there is no file.

    An edit without a case holds for all cases of the report. Those of other reports, cases and periods are checked too
    and left out.

    Raises
    ------
    InputError
        The file is not a list of complete entries; a report, case or period does not exist; a sentence names something
        that a finding does not have; or two entries edit the same finding.
    """
    if not (root / FILE).is_file():
        return ()
    nodes = strict_yaml.items(strict_yaml.compose(root / FILE, FILE))
    if nodes is None:
        raise InputError("expected a list of entries", where=FILE, fix=_EXAMPLE)
    found: dict[str, press.Edit] = {}
    for at, node in enumerate(nodes, 1):
        where = f"{strict_yaml.at(FILE, node)}, entry {at}"
        entry = _entry(node, where)
        _check(entry, root, where)
        named = _period(entry["period"], calendar, where)
        if entry["report"] != report or named != period or entry.get("case", case) != case:
            continue
        if entry["finding"] in found:
            first = found[entry["finding"]].where
            raise InputError(f"'{entry['finding']}' is edited twice", where=where, fix=f"keep this one or {first}")
        found[entry["finding"]] = press.Edit(entry["finding"], entry["sentence"], entry["by"], where)
    return tuple(found.values())


def _entry(node: strict_yaml.Node, where: str) -> dict[str, str]:
    """The texts of an entry by name: each known, each given, none empty."""
    values = strict_yaml.mapping(node, FILE)
    for name in values:
        if name not in KNOWN:
            near = did_you_mean(name, KNOWN)
            raise InputError(f"unknown name '{name}'.{near}", where=where, fix=f"names are {', '.join(KNOWN)}")
    entry = {name: _text(name, value, where) for name, (_, value) in values.items()}
    missing = [name for name in NEEDED if name not in entry]
    if missing:
        raise InputError(f"{', '.join(missing)} missing", where=where, fix=_EXAMPLE)
    return entry


def _text(name: str, node: strict_yaml.Node, where: str) -> str:
    if strict_yaml.own_tag(node):
        raise InputError(f"'{name}' has a tag of its own", where=where, fix="write plain text")
    text = strict_yaml.plain(node)
    if text is None:
        text = strict_yaml.quoted(node)
    if text is None or not text.strip():
        raise InputError(f"'{name}' is no text", where=where, fix=f"write {name}: '...'")
    return text.strip()


def _check(entry: Mapping[str, str], root: Path, where: str) -> None:
    """Refuse an entry that can never hold: it would be ignored for ever without a word."""
    report = entry["report"]
    if not case_file(root, report).is_file():
        names = sorted(
            p.stem for p in (root / "params").glob("*.yaml") if (root / f"notebooks/{p.stem}.ipynb").is_file()
        )
        near = did_you_mean(report, names)
        raise InputError(f"there is no report '{report}'.{near}", where=where, fix=f"choose one of: {', '.join(names)}")
    cases = case_names(root, report)
    if "case" in entry and cases and entry["case"] not in cases:
        near = did_you_mean(entry["case"], cases)
        fix = f"choose one of: {', '.join(cases)}, or leave the case out"
        raise InputError(f"report '{report}' has no case '{entry['case']}'.{near}", where=where, fix=fix)
    press.check_template(entry["sentence"], where)


def _period(text: str, calendar: Calendar, where: str) -> str:
    """The key of the period that an edit names: explicit, so that the edit does not outlive it."""
    if text.lower().startswith(("last", "current")):
        fix = "write the period that the sentence is about, such as 2026Q3"
        raise InputError(f"'{text}' is another period with every one that passes", where=where, fix=fix)
    try:
        return calendar.parse(text, date.max).key
    except InputError as error:
        raise InputError(error.problem, where=where, fix=error.fix) from error
