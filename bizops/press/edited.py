"""Edited sentences in an executed notebook: in one place, before editions are cut from it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bizops.findings import MIME
from bizops.findings.editing import Edit, apply


def edited(notebook: Mapping[str, Any], edits: Sequence[Edit]) -> Mapping[str, Any]:
    """Return a copy of an executed notebook in which the edits stand for the generated sentences.

    Raises
    ------
    RunError
        An edit's finding is not in the notebook, or its sentence does not fit it.
    """
    if not edits:
        return notebook
    made = copy.deepcopy(notebook)
    outputs = [o for cell in made["cells"] for o in cell.get("outputs", ()) if MIME in o.get("data", {})]
    payloads = [json.loads(p) if isinstance(p := o["data"][MIME], str) else p for o in outputs]
    for output, payload in zip(outputs, apply(payloads, edits), strict=True):
        output["data"][MIME] = payload
    return made
