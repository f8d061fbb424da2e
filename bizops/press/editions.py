"""One run, several readers: what a notebook says to each of them, cut before anything is made from it.

``leadership`` is the page of the run itself; ``manager`` exists for a case that is cut to a slice and may hold what its
manager may see; ``analyst`` adds code and diagnostics. `edition_of` returns the notebook of one edition: page, JSON,
CSV, workbook, mail and PDF of that edition are all made from it, so that none can hold more than it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bizops.errors import InputError, did_you_mean
from bizops.findings import MIME, anchor, check_payload
from bizops.language import message
from bizops.press.document import ANALYST_TAGS, Payload

# The names of the editions; the words are for people, and go through the catalogue where they are shown.
EDITIONS = {
    "leadership": message("Leadership edition"),
    "manager": message("Manager edition"),
    "analyst": message("Analyst edition"),
}
# Record kinds that have a place of their own, which a link may lead to.
_LINKED = ("table", "figure", "section", "finding", "note")


def known_edition(name: str) -> str:
    """Return ``name`` if it is an edition, else raise `InputError` with the nearest name."""
    if name not in EDITIONS:
        raise InputError(
            f"there is no edition '{name}'.{did_you_mean(name, EDITIONS)}",
            where="edition",
            fix=f"choose one of: {', '.join(EDITIONS)}",
        )
    return name


def editions_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the editions that a run has: the manager's only if its case is cut to a slice of the company."""
    level = (record.get("scope") or {}).get("level", "company")
    return tuple(name for name in EDITIONS if name != "manager" or level not in ("", "company"))


def edition_of(notebook: Mapping[str, Any], edition: str) -> Mapping[str, Any]:
    """Return a copy of an executed notebook with what the readers of ``edition`` may see, and nothing else.

    Blocks for other readers are gone at any depth, with the links to them; those for these readers stand where they
    were. Outside of the analyst edition there is no code, no SQL, no stream, no error, no output but our own, and no
    prose for the analyst. Applied twice it changes nothing more.

    Raises
    ------
    InputError
        The edition is unknown, or an output is of another version of the wire form.
    """
    analyst = known_edition(edition) == "analyst"
    shown = [cell for cell in notebook["cells"] if analyst or not _is_for_the_analyst(cell)]
    cut = _alike(notebook, [_cell(cell, edition, analyst) for cell in shown])
    gone = _places(_all_payloads(notebook)) - _places(_all_payloads(cut))
    for payload in _all_payloads(cut) if gone else ():
        _unlink(payload, gone)
    return cut


def with_payloads(notebook: Mapping[str, Any], payloads: Sequence[Payload]) -> Mapping[str, Any]:
    """Return the notebook with payloads that the run adds to it, as if its last cell had shown them."""
    if not payloads:
        return notebook
    outputs = [_output(payload) for payload in payloads]
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "added-by-the-run",
        "metadata": {},
        "source": "",
        "execution_count": None,
        "outputs": outputs,
    }
    return _alike(notebook, [*notebook["cells"], cell])


def _alike(notebook: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return a notebook of the same type with other cells; nbconvert wants nbformat's own."""
    make: Any = type(notebook)
    made: Mapping[str, Any] = make({**notebook, "cells": list(cells)})
    return made


def _is_for_the_analyst(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "markdown" and bool(ANALYST_TAGS & set(cell["metadata"].get("tags", ())))


def _cell(cell: Mapping[str, Any], edition: str, analyst: bool) -> dict[str, Any]:
    """Return a cell with the outputs that ``edition`` may hold; its code only for the analyst."""
    if cell["cell_type"] != "code":
        return dict(cell)
    outputs = [kept for output in cell["outputs"] for kept in _kept(output, edition, analyst)]
    return {**cell, "outputs": outputs, **({} if analyst else {"source": ""})}


def _kept(output: Mapping[str, Any], edition: str, analyst: bool) -> Iterator[dict[str, Any]]:
    """Yield what is left of an output: one output a payload, foreign ones for the analyst alone."""
    payload = output.get("data", {}).get(MIME)
    if payload is None:
        if analyst:
            yield dict(output)
        return
    checked = check_payload(json.loads(payload) if isinstance(payload, str) else payload)
    yield from (_output(p) for p in _for_readers(checked, edition, analyst))


def _output(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {MIME: payload}}


def _for_readers(value: Any, edition: str, analyst: bool) -> list[Any]:
    """Return a JSON value as the readers of ``edition`` may see it: itself, the blocks in its place, or nothing."""
    if isinstance(value, Mapping):
        if value.get("kind") == "only":
            blocks = value["blocks"] if edition in value["audience"] else ()
            return [kept for block in blocks for kept in _for_readers(block, edition, analyst)]
        hidden = {"sql"} if value.get("kind") == "definition" and not analyst else set()
        return [{k: _inside(v, edition, analyst) for k, v in value.items() if k not in hidden}]
    return [_inside(value, edition, analyst)]


def _inside(value: Any, edition: str, analyst: bool) -> Any:
    if isinstance(value, list):
        return [kept for item in value for kept in _for_readers(item, edition, analyst)]
    if isinstance(value, Mapping):
        return next(iter(_for_readers(value, edition, analyst)), None)
    return value


def _payloads(output: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    payload = output.get("data", {}).get(MIME)
    if payload is not None:
        yield json.loads(payload) if isinstance(payload, str) else payload


def _all_payloads(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            yield from _payloads(output)


def _places(payloads: Iterable[Any]) -> set[str]:
    """Return the places of all records within ``payloads``, as links name them."""
    found = set[str]()
    for value in payloads:
        if isinstance(value, Mapping):
            if value.get("kind") in _LINKED and value.get("id"):
                found.add(anchor(value["kind"], value["id"]))
            found |= _places(value.values())
        elif isinstance(value, list):
            found |= _places(value)
    return found


def _unlink(value: Any, gone: set[str]) -> None:
    """Take the links to places that are gone out of a payload, in place; what it says stays."""
    if isinstance(value, list):
        for item in value:
            _unlink(item, gone)
    elif isinstance(value, dict):
        for key in ("table", "figure"):
            if isinstance(value.get(key), str) and value[key] and anchor(key, value[key]) in gone:
                value[key] = ""
        if str(value.get("href", "")).removeprefix("#") in gone:
            value["href"] = ""
        for item in value.values():
            _unlink(item, gone)
