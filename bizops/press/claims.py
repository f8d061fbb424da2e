"""A number in the prose of a notebook is a claim, and a claim needs a finding behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bizops.errors import RunError
from bizops.findings import Finding, Kpis, collect, grammar, read, walk
from bizops.language import DEFAULT, speaking
from bizops.press.document import ANALYST_TAGS, Payload
from bizops.press.prose import words


def require_support(notebook: Mapping[str, Any]) -> None:
    """Refuse a notebook whose prose for readers contains a number that none of its findings and cards printed.

    Names of periods, dates, ids and code (in backticks) are no claims, and neither is a number written as a word.

    Raises
    ------
    RunError
        It names the cell and the number, and says what to do.
    """
    known = frozenset().union(*(record.numerals() for record in _records(notebook)))
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown" or ANALYST_TAGS & set(cell["metadata"].get("tags", ())):
            continue
        with speaking(DEFAULT):  # the prose of a notebook is written in English, whatever the page is read in
            orphans = sorted(grammar.numerals(words(cell["source"])) - known)
        if orphans:
            raise RunError(
                f"the prose of cell '{cell.get('id', '?')}' says {', '.join(orphans)}, and no finding stands behind "
                "it; state it with a finding, or write a number that is no result as a word or in backticks"
            )


def _records(notebook: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the findings and cards of a notebook, those behind headlines and answers too."""
    for payload in walk(collect(notebook)):
        yield from _behind(payload)


def _behind(payload: Payload) -> Iterator[Any]:
    for each in (payload, *payload.get("evidence", ())):
        record = read(each) if each["kind"] in (Finding.kind, Kpis.kind) else None
        if isinstance(record, Finding):
            yield record
        elif isinstance(record, Kpis):
            yield from record.items
