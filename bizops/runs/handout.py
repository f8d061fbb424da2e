"""Handing one edition of a run on: exactly its files, copied to a folder of their own.

What an edition's readers may have is listed in the run's record (``editions``); nothing else of the run, and nothing of
another edition, leaves with it.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bizops.errors import InputError, did_you_mean
from bizops.press.editions import known_edition
from bizops.runs.publish import latest, runs, write

# What an earlier copy may have left in the folder; anything else in it is somebody's own.
FINDINGS = "findings.json"
_OURS = re.compile(r"report\.(html|pdf|eml|xlsx)|findings\.json|tables/[^/]+\.csv")
# A link to another run of the case, which does not travel with the edition.
_AWAY = re.compile(r'(<a\b[^<>]*?)\shref="\.\./[^"]*"')


@dataclass(frozen=True)
class Handout:
    """What was copied: from which run, of which edition, to which folder, under which names."""

    run_id: str
    edition: str
    folder: Path
    files: tuple[str, ...]


def hand_out(case: Path, edition: str, to: Path, run_id: str = "") -> Handout:
    """Copy the files of an edition of a run to the folder ``to``, which has them all or is as it was.

    Parameters
    ----------
    case
        The folder of a report's case, with its runs.
    edition
        ``leadership``, ``manager`` or ``analyst``.
    to
        A new or empty folder outside of the outputs, or one with an earlier copy of the same edition of the same case,
        which is replaced.
    run_id
        The run; empty for the case's latest good one.

    Raises
    ------
    InputError
        The edition or the run does not exist, the run has no such edition, or ``to`` holds other things, a copy for
        other readers or of another case, or lies in the outputs.
    """
    known_edition(edition)
    chosen, record = _run(case, run_id)
    files = _files(record, edition, f"{case.parent.name}/{case.name}")
    _refuse_outputs(to, case.parents[1])
    _refuse_strangers(to)
    _refuse_other_copy(to, {"report": case.parent.name, "case": case.name, "edition": edition})
    to.parent.mkdir(parents=True, exist_ok=True)
    top = "" if edition == "leadership" else f"editions/{edition}/"
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".tmp-") as beside:
        stage = Path(beside) / "new"
        stage.mkdir()
        for name in files:
            write(stage, name.removeprefix(top), _content(case / chosen / name))
        old = Path(beside) / "old"
        if to.exists():
            to.replace(old)
        try:
            stage.replace(to)
        except OSError:
            if old.exists():
                old.replace(to)  # the earlier copy stays where it was
            raise
    return Handout(chosen, edition, to, tuple(sorted(name.removeprefix(top) for name in files)))


def _run(case: Path, run_id: str) -> tuple[str, Mapping[str, Any]]:
    """The id and the record of the good run that is meant."""
    where = f"{case.parent.name}/{case.name}"
    good = {i: r for i, r in runs(case).items() if r.get("status") == "ok"} if case.is_dir() else {}
    if not good:
        raise InputError("there is no good run", where=where, fix=f"make one: `bizops run {case.parent.name}`")
    if run_id and run_id not in good:
        fix = f"choose one of: {', '.join(list(good)[-5:])}"
        raise InputError(f"there is no good run '{run_id}'.{did_you_mean(run_id, good)}", where=where, fix=fix)
    chosen = run_id or (latest(case) or {}).get("run_id", "")
    if chosen not in good:
        fix = f"name a run with --run: {', '.join(list(good)[-5:])}"
        raise InputError("no run is the latest of its case; runs with other parameters never are", where=where, fix=fix)
    return chosen, good[chosen]


def _files(record: Mapping[str, Any], edition: str, where: str) -> list[str]:
    """The files that the record lists for an edition, all of them inside the run."""
    editions = record.get("editions") or {}
    if edition not in editions:
        there = ", ".join(editions) or "none: it was made by an earlier version"
        fix = "cut the case to a region, segment or manager" if edition == "manager" and editions else "run it again"
        raise InputError(f"this run has no {edition} edition, only {there}", where=where, fix=fix)
    files = [str(name) for name in editions[edition]["files"]]
    if bad := next((n for n in files if PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts), None):
        raise InputError(f"the record lists '{bad}', which is not in the run", where=where, fix="run it again")
    return files


def _content(file: Path) -> bytes:
    """What a file holds; of a page without its links to other runs, which stay behind."""
    if file.suffix != ".html":
        return file.read_bytes()
    return _AWAY.sub(r"\1", file.read_bytes().decode()).encode()


def _refuse_strangers(folder: Path) -> None:
    """Refuse a folder with anything in it that is not an earlier copy of an edition."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file", where="--to", fix="name a folder")
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() or p.is_symlink())
    strange = next((name for name in found if not _OURS.fullmatch(name)), None)
    if strange is not None:
        fix = "name a new or empty folder"
        raise InputError(f"{folder} holds other things, such as {strange}", where="--to", fix=fix)


def _refuse_outputs(folder: Path, outputs: Path) -> None:
    """Refuse a folder among the runs: a copy in place of a run or a case would lose what only the record holds."""
    if folder.resolve().is_relative_to(outputs.resolve()):
        raise InputError(f"{folder} lies in the outputs", where="--to", fix=f"name a folder outside of {outputs}")


def _refuse_other_copy(folder: Path, wanted: Mapping[str, str]) -> None:
    """Refuse a folder with a copy for other readers, or of another report or case: its readers would lose theirs."""
    if not folder.is_dir() or not any(p.is_file() for p in folder.rglob("*")):
        return
    findings = folder / FINDINGS
    there = json.loads(findings.read_text(encoding="utf-8")) if findings.is_file() else {}
    fix = "name another folder, or empty this one"
    if not all(there.get(key) for key in wanted):
        raise InputError(f"{folder} holds a copy that does not say whose it is", where="--to", fix=fix)
    if any(there[key] != wanted[key] for key in wanted):
        problem = f"{folder} holds {_named(there)}; {_named(wanted)} would replace it"
        raise InputError(problem, where="--to", fix=fix)


def _named(copy: Mapping[str, str]) -> str:
    return f"the {copy['edition']} edition of {copy['report']}/{copy['case']}"
