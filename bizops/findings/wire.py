"""The wire form: how a displayable travels in a notebook's outputs and comes out again.

A payload is plain JSON: ``{"version": "1.0", "kind": <kind>, "html": <fragment>, ...}``. The ``html`` of a section is
its heading with the links that explain it, that of an appendix its heading alone, because each of their ``blocks`` is
a payload with its own; ``fragment`` puts a whole one together. Kinds and their further keys:

====================  =============================================================================================
``answer``            title, sentences (list of str), status, evidence (finding payloads)
``kpis``              items (list of KPI records)
``section``           id, headline, blocks (payloads), evidence (payloads of findings behind the headline)
``finding``           the fields of ``Finding``
``table``             id, title, unit, columns, rows, total, note, csv, filename (see ``bizops.tables``)
``figure``            id, title, subtitle, alt, svg_wide, svg_narrow, table, note (see ``bizops.charts``)
``asks``              items (list of ask records), previous (the last round's, with status), note
``note``              id, title, reason
``appendix``          id (definitions, quality, provenance or method), title, blocks (payloads)
``only``              audience (the editions that hold them), blocks (payloads)
``definition``        the fields of ``Definition``, and its reading in words
``facts``             facts (list of name and sql): the tables that the queries share; only in the analyst edition
``tracked``           values (list of tracked values); on no page, only in ``findings.json``
``changes``           items (list of changes), baseline (the run compared with), reason (why there is none), remark,
                      shown (ids of the changes in sight)
====================  =============================================================================================
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from bizops import theme
from bizops.errors import InputError

MIME = "application/vnd.bizops+json"
VERSION = "1.0"
KINDS = (
    "answer", "kpis", "section", "finding", "table", "figure", "asks", "note", "appendix", "only", "changes",
    "definition", "facts", "tracked",
)  # fmt: skip
Payload = dict[str, Any]

_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")

# Keys that say how a thing looks; the rest of a payload is what it says.
_LOOKS = frozenset({"html", "svg_wide", "svg_narrow", "csv"})
_ANCHORS = {
    "finding": "f", "table": "t", "figure": "fig", "section": "s", "kpi": "k", "appendix": "a", "note": "n",
    "definition": "m", "facts": "q",
}  # fmt: skip

LAB_CSS = (
    f".bizops{{background:#fff;color:{theme.LIGHT['ink']};font:15px/1.5 {theme.FONTS}}}"
    ".bizops{padding:8px 12px;max-width:46rem}"
    ".bizops h1{font-size:22px;margin:0 0 8px}.bizops h2{font-size:18px;margin:8px 0}.bizops a{color:#0B5CAD}"
    ".bizops figure{margin:8px 0}.bizops figcaption,.bizops caption{text-align:left;font-weight:600;padding:4px 0}"
    ".bizops svg{max-width:100%;height:auto}.bizops svg.narrow{display:none}"
    ".bizops .sub,.bizops .note{color:#505A5F;font-weight:400;font-size:14px;margin:2px 0}"
    ".bizops .scroll{overflow-x:auto}.bizops table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".bizops td,.bizops th{text-align:right!important;padding:3px 10px;border-bottom:1px solid #DDE2E6}"
    ".bizops th.t,.bizops td.t,.bizops th[scope=row]{text-align:left!important}.bizops tr.total>*{font-weight:600}"
    ".bizops .kpis{display:flex;flex-wrap:wrap;gap:8px;list-style:none;padding:0;margin:0}"
    ".bizops .kpi{background:#F3F5F7;padding:8px 12px;min-width:10rem}"
    ".bizops .kpi .value{font-size:26px;font-weight:600}"
    ".bizops .kpi>*{display:block}.bizops .kpi ul{list-style:none;margin:0;padding:0;font-size:14px}"
    ".bizops .st-on_track,.bizops .good{color:#0B5CAD}.bizops .st-watch{color:#8A5A00}"
    ".bizops .st-off_track,.bizops .bad{color:#B3261E}"
)


def anchor(kind: str, id: str) -> str:
    """Return the element id of a record on a page: ``t-gap`` for the table ``gap``; links use it after ``#``.

    That of a metric's definition is in small letters: ``m-bkg-01``.
    """
    return f"{_ANCHORS[kind]}-{id.lower() if kind == 'definition' else id}"


def checked_id(id: str, what: str) -> str:
    """Return ``id`` when it can be part of an element id and a file name, else raise ``InputError``."""
    if not id or not id.isascii() or not id[0].isalpha() or not all(c.isalnum() or c in "-_." for c in id):
        raise InputError(f"'{id}' is not a {what} id", fix="start with a letter; use a-z, 0-9, '-', '_', '.' only")
    return id


def plain(value: Any) -> Any:
    """Return ``value`` as JSON knows it: missing numbers as None, dates as ISO text, records as objects."""
    if isinstance(value, Displayable):
        return value.payload()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "dtype") and hasattr(value, "item"):
        return plain(value.item())
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Displayable(ABC):
    """Anything that a report shows; a subclass is a frozen dataclass with ``html`` and ``text`` of its own."""

    kind: ClassVar[str]

    @abstractmethod
    def html(self) -> str:
        """Return the fragment for the page, everything in it escaped."""

    @abstractmethod
    def text(self) -> str:
        """Return the same in plain text."""

    def data(self) -> dict[str, Any]:
        """Return the fields of the record."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    def payload(self) -> Payload:
        """Return the wire form, plain JSON."""
        return {"version": VERSION, "kind": self.kind, "html": self.html(), **plain(self.data())}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        payload = self.payload()
        shown = f'<div class="bizops"><style>{LAB_CSS}</style>{fragment(payload)}</div>'
        return {MIME: payload, "text/html": shown, "text/plain": self.text()}


@dataclasses.dataclass(frozen=True, repr=False)
class Recorded(Displayable):
    """A table or figure read back from its payload: it displays and travels on, and computes nothing."""

    recorded: Mapping[str, Any]

    def html(self) -> str:
        """Return the stored fragment."""
        return str(self.recorded["html"])

    def text(self) -> str:
        """Return the stored title."""
        return str(self.recorded.get("title", ""))

    def payload(self) -> Payload:
        """Return what was stored."""
        return dict(self.recorded)


def fragment(payload: Mapping[str, Any]) -> str:
    """Return the whole HTML of a payload, its blocks included."""
    blocks = payload.get("blocks")
    if blocks is None:
        return str(payload["html"])
    inner = payload["html"] + "".join(fragment(b) for b in blocks)
    kind = payload["kind"]
    if kind == "only":
        return str(inner)
    return f'<section class="{kind}" aria-labelledby="{anchor(kind, payload["id"])}">{inner}</section>'


def check_payload(payload: Any) -> Payload:
    """Return ``payload`` when its version and kind are known here, else raise ``InputError``."""
    if not isinstance(payload, dict) or "kind" not in payload or "version" not in payload:
        raise InputError("an output of the notebook has no kind or version", where=MIME)
    if str(payload["version"]).split(".")[0] != VERSION.split(".")[0]:
        raise InputError(
            f"version {payload['version']} of the wire form, this one reads {VERSION}",
            where=MIME,
            fix="run the report again with this version of bizops",
        )
    if payload["kind"] not in KINDS:
        raise InputError(f"unknown kind '{payload['kind']}'", where=MIME, fix=f"one of {', '.join(KINDS)}")
    return payload


def collect(notebook: Any) -> list[Payload]:
    """Return the payloads in the outputs of an executed notebook, in the order of the page.

    Raises ``InputError`` when one is of an unknown kind or of another major version.
    """
    found = []
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(MIME)
            if payload is not None:
                found.append(check_payload(json.loads(payload if isinstance(payload, str) else json.dumps(payload))))
    return found


def walk(payloads: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield every payload and, after it, the blocks within it."""
    for payload in payloads:
        yield payload
        yield from walk(payload.get("blocks", ()))


def guarded(text: str) -> str:
    """Return text that no spreadsheet reads as a formula.

    >>> guarded("=1+1"), guarded("Nordics")
    ("'=1+1", 'Nordics')
    """
    risky = text[:1] in _FORMULA_STARTS or text.lstrip()[:1] in _FORMULA_STARTS
    return f"'{text}" if text and risky else text


def facts_only(payload: Mapping[str, Any]) -> Payload:
    """Return a payload without its looks (HTML, SVG, CSV): the form for ``findings.json``."""
    kept = {k: v for k, v in payload.items() if k not in _LOOKS}
    for key in ("blocks", "evidence"):
        if key in kept:
            kept[key] = [facts_only(b) for b in kept[key]]
    return kept
