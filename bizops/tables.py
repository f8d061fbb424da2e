"""Display tables: a frame with captions, units and totals, as HTML for the page and CSV for everything else.

Units stand in the caption (money) and the header (all else), never in a cell; money is scaled once per table. A script
of the page may turn the header cells of ``table[data-sort]`` into sort buttons: it sorts by ``data-v``, puts missing
cells last and leaves ``tr.total`` where it is. Without the script there are no dead buttons.
"""

from __future__ import annotations

import csv
import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import pandas as pd
from markupsafe import Markup, escape

from bizops import numbers
from bizops.errors import InputError, did_you_mean
from bizops.findings import Displayable, anchor, definition
from bizops.findings.wire import Payload, checked_id, guarded, plain
from bizops.language import message, plural, say
from bizops.theme import STATUS

FORMATS = (*numbers.UNITS, "points", "number", "date", "text", "status", "quantity", "difference")
TOTALS = ("", "sum", "given")
_ADDITIVE = ("money", "count", "number")
_LEFT = ("text", "status", "date")
_HEADER_UNIT = {"rate": message("%"), "points": message("pp"), "days": message("days"), "multiple": message("×")}

# how a text column writes a truth value
_BOOLEANS = {"True": message("yes"), "False": message("no")}

LONG = 200
TOP = 50


@dataclass(frozen=True)
class Col:
    """One column: where it is in the frame, its heading, how its cells are written and what its total is.

    ``format`` is one of ``FORMATS``: a metric's unit, "points" (difference of rates, as a fraction), "number" (one
    decimal), "date", "text", "status", or "quantity" and "difference" whose unit differs by row and stands in the
    frame's column ``unit_by``. ``unit`` overrides the unit in the heading. ``total``: "sum" for additive columns,
    "given" for a total passed to the table (ratios are recomputed, never summed), "" for none. ``signed`` prints "+"
    (variances only), ``n`` names the frame's column with the records behind a rate, ``missing`` says why cells are
    empty. ``said`` marks a text column of the report's own words (``passed``): the page says them in its language, the
    frame and the CSV keep them in English. ``metric`` is the id of the metric that its numbers are of: the heading of
    the first column of each metric links to the definition.
    """

    name: str
    label: str
    format: str = "text"
    unit: str = ""
    align: str = ""
    total: str = ""
    signed: bool = False
    n: str = ""
    missing: str = ""
    unit_by: str = ""
    said: bool = False
    metric: str = ""

    def __post_init__(self) -> None:
        where = f"column {self.name}"
        if self.format not in FORMATS:
            raise InputError(f"format '{self.format}'", where=where, fix=f"one of {', '.join(FORMATS)}")
        if self.total not in TOTALS:
            raise InputError(f"total '{self.total}'", where=where, fix=f"one of {', '.join(map(repr, TOTALS))}")
        if self.total == "sum" and self.format not in _ADDITIVE:
            raise InputError(f"a {self.format} cannot be summed", where=where, fix="total='given', from summed parts")
        if self.format in ("quantity", "difference") and not self.unit_by:
            raise InputError("unit differs by row but unit_by is empty", where=where, fix="name the column with units")

    @property
    def css(self) -> str:
        """The classes of the column's cells: ``t`` for text, which is set left, and ``s`` for a status."""
        left = (self.align or ("left" if self.format in _LEFT else "right")) == "left"
        return " ".join(name for name, is_so in (("t", left), ("s", self.format == "status")) if is_so)


@dataclass(frozen=True, eq=False)
class Table(Displayable):
    """A table of a report. ``title`` says measure, scope and period; ``currency`` is that of all its money.

    ``total`` gives totals by column name; the first column's entry is the name of the total row. A summed column is
    summed here from full precision, and a given total that disagrees with that sum is refused. More than 200 rows are
    shown as the first 50 in the order of the frame; the CSV has them all. ``metric_by`` names the frame's column with
    the metric of each row, whose name then links to the definition. Raises ``InputError`` on unknown columns.
    """

    id: str
    title: str
    frame: pd.DataFrame
    columns: Sequence[Col]
    total: Mapping[str, Any] | None = None
    note: str = ""
    currency: str = ""
    metric_by: str = ""

    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        checked_id(self.id, "table")
        wanted = [x for c in self.columns for x in (c.name, c.n, c.unit_by) if x]
        wanted += [self.metric_by] if self.metric_by else []
        for name in [*wanted, *(self.total or {})]:
            if name not in self.frame.columns:
                near = did_you_mean(name, map(str, self.frame.columns))
                raise InputError(f"the frame has no column '{name}'.{near}", where=f"table {self.id}")
        for col in self.columns:
            given = (self.total or {}).get(col.name)
            if col.total == "sum" and not numbers.is_missing(given) and not _close(given, self._sum(col)):
                summed = numbers.raw(self._sum(col)) or numbers.NA
                raise InputError(
                    f"the total {numbers.raw(given)} of '{col.name}' is not the sum {summed}",
                    where=f"table {self.id}",
                    fix="total='given' if the column is not additive",
                )

    # totals and scale

    def _sum(self, col: Col) -> Any:
        values = [v for v in self.frame[col.name] if not numbers.is_missing(v)]
        if not values:
            return None
        exact = any(isinstance(v, Decimal) for v in values)
        if exact:
            return sum((Decimal(str(v)) for v in values), Decimal(0))
        return math.fsum(float(v) for v in values)

    def totals(self) -> dict[str, Any]:
        """Return the totals by column name at full precision, empty when the table has no total row."""
        given = dict(self.total or {})
        summed = {c.name: self._sum(c) for c in self.columns if c.total == "sum"}
        if self.frame.empty or (not summed and self.total is None):
            return {}
        return {self.columns[0].name: say("Total"), **summed, **given}

    @property
    def scale(self) -> numbers.Scale:
        """The scale of all the table's money."""
        money = [c.name for c in self.columns if c.format == "money"]
        totals = self.totals()
        values = [v for name in money for v in [*self.frame[name], totals.get(name)]]
        return numbers.table_scale(values)

    @property
    def unit(self) -> str:
        """The unit for the caption: ``Money in EUR k``, or an empty string."""
        if any(c.format == "money" for c in self.columns):
            return say("Money in {unit}", unit=self.scale.title(self.currency))
        return ""

    @property
    def shown(self) -> pd.DataFrame:
        """The rows that are shown."""
        return self.frame if len(self.frame) <= LONG else self.frame.head(TOP)

    # cells

    def _decimals(self, col: Col) -> int | None:
        if col.format == "rate":
            ns = [n for n in self.frame[col.n] if not numbers.is_missing(n)] if col.n else []
            return int(all(n >= 1000 for n in ns))
        if col.format == "days":
            values = [v for v in self.frame[col.name] if not numbers.is_missing(v)]
            return int(any(float(v) != round(float(v)) for v in values))
        return {"points": 1, "number": 1, "multiple": 1, "count": 0}.get(col.format)

    def _cell(self, col: Col, value: Any, row: Mapping[str, Any], scale: numbers.Scale, decimals: int | None) -> str:
        if col.format == "text":
            if value is None or numbers.is_missing(value):
                return ""
            word = _BOOLEANS.get(str(value))
            return say(word) if word else say(str(value)) if col.said else str(value)
        if col.format == "status":
            return f"{STATUS[value].icon} {say(STATUS[value].word)}"
        n = row.get(col.n) if col.n else None
        if col.format in ("quantity", "difference"):
            unit = str(row[col.unit_by])
            if col.format == "difference":
                return numbers.delta(value, unit, currency=self.currency)
            return numbers.quantity(value, unit, currency=self.currency, n=None if numbers.is_missing(n) else n)
        if col.format == "money":
            return numbers.money(value, scale=scale, signed=col.signed)
        if col.format == "date":
            return numbers.day(value)
        if col.format in ("rate", "points"):
            value = numbers.hundredfold(value)
        return numbers.fixed(value, decimals or 0, signed=col.signed)

    def _why_missing(self, col: Col, value: Any, row: Mapping[str, Any]) -> str | None:
        """Return the reason why the cell shows n/a, or None when it shows a value."""
        if col.format == "text":
            empty = value is None or numbers.is_missing(value) or not str(value).strip()
            return (col.missing or say("no value")) if empty else None
        if numbers.is_missing(value) or (col.format == "status" and value not in STATUS):
            return col.missing or say("no data")
        n = row.get(col.n) if col.n else None
        is_rate = col.format == "rate" or (bool(col.unit_by) and row.get(col.unit_by) == "rate")
        if is_rate and not numbers.is_missing(n) and n is not None and n < numbers.COUNTS_ONLY_BELOW:
            return say("fewer than {n} records", n=numbers.COUNTS_ONLY_BELOW)
        return None

    def _row(self, row: Mapping[str, Any], scale: numbers.Scale, decimals: Sequence[int | None], total: bool) -> Markup:
        cells = []
        for i, (col, places) in enumerate(zip(self.columns, decimals, strict=True)):
            value = row.get(col.name)
            if total and i and not col.total and col.name not in (self.total or {}):
                text, attributes = "–", Markup(' title="{}"').format(say("no total"))
            elif total and not i:
                text, attributes = str(value), Markup("")
            else:
                why = self._why_missing(col, value, row)
                text = numbers.missing() if why else self._cell(col, value, row, scale, places)
                attributes = Markup(' title="{}"').format(why) if why else Markup("")
                if col.format != "text":
                    attributes = Markup(' data-v="{}"').format("" if why else numbers.raw(value)) + attributes
                elif str(value) in _BOOLEANS:  # shown as a word, exported as it is
                    attributes = Markup(' data-v="{}"').format(_csv_cell(value))
            tag = "th" if i == 0 else "td"
            scope = Markup(' scope="row"') if i == 0 else Markup("")
            css = Markup(' class="{}"').format(col.css) if col.css and i else Markup("")
            shown = _isolated(text)
            if not i and not total and self.metric_by:
                shown = definition.term(row[self.metric_by] or "", shown)
            cells.append(Markup("<{0}{1}{2}{3}>{4}</{0}>").format(tag, scope, css, attributes, shown))
        return Markup("<tr{}>{}</tr>").format(Markup(' class="total"') if total else Markup(""), Markup("").join(cells))

    def _head(self, col: Col, first: bool) -> Markup:
        unit = col.unit or (say(_HEADER_UNIT[col.format]) if col.format in _HEADER_UNIT else "")
        shown = Markup(' <span class="unit">{}</span>').format(unit) if unit else Markup("")
        css = Markup(' class="{}"').format(col.css or "t") if first or col.css else Markup("")
        earlier = {c.metric for c in self.columns[: self.columns.index(col)]}
        metric = "" if col.metric in earlier else col.metric
        explained = definition.link(metric, of=col.label, sign=True) if metric else Markup("")
        return Markup('<th scope="col"{}>{}{}{}</th>').format(css, col.label, shown, explained)

    # forms

    def html(self) -> str:
        """Return a scrollable region with the table, and its notes below."""
        scale, totals = self.scale, self.totals()
        decimals = [self._decimals(c) for c in self.columns]
        rows = [self._row(r, scale, decimals, False) for r in _records(self.shown)]
        if totals:
            rows.append(self._row(totals, scale, decimals, True))
        if not rows:
            rows = [Markup('<tr><td class="t" colspan="{}">{}</td></tr>').format(len(self.columns), say("No rows."))]
        anchored = anchor("table", self.id)
        title = self.title.rstrip(".。")
        caption = say("{title}. {unit}.", title=title, unit=self.unit) if self.unit else say("{title}.", title=title)
        notes = Markup("").join(Markup('<p class="note">{}</p>').format(n) for n in self.notes())
        return str(
            Markup(
                '<div class="scroll" role="region" tabindex="0" aria-labelledby="{0}-c">'
                '<table id="{0}"{1}><caption id="{0}-c">{2}</caption>'
                "<thead><tr>{3}</tr></thead><tbody>{4}</tbody></table></div>{5}"
            ).format(
                anchored,
                Markup(" data-sort") if len(self.frame) > 1 else Markup(""),
                caption,
                Markup("").join(self._head(c, i == 0) for i, c in enumerate(self.columns)),
                Markup("").join(rows),
                notes,
            )
        )

    def notes(self) -> list[str]:
        """Return the notes below the table: the report's own, the cut to the top rows, and rounding (C14)."""
        found = [self.note] if self.note else []
        if len(self.frame) > LONG:
            n = numbers.count(len(self.frame))
            found.append(say("First {shown} of {n} rows; the CSV has them all.", shown=TOP, n=n))
        for col in self.columns:
            without = sum(numbers.is_missing(v) for v in self.frame[col.name]) if col.total == "sum" else 0
            if without:
                found.append(
                    plural(
                        without,
                        "The total of {column} leaves out {n} row without a value.",
                        "The total of {column} leaves out {n} rows without a value.",
                        column=col.label,
                        n=numbers.count(without),
                    )
                )
        rounded, other = self._sums_that_differ()
        if rounded:
            names = say(", ").join(rounded)
            found.append(say("Rounded parts do not add up to the total shown: {columns}.", columns=names))
        if other:
            found.append(say("The total is not the sum of the rows: {columns}.", columns=say(", ").join(other)))
        return found

    def _sums_that_differ(self) -> tuple[list[str], list[str]]:
        totals, scale = self.totals(), self.scale
        rounded: list[str] = []
        other: list[str] = []
        for col in self.columns:
            total = totals.get(col.name)
            if col.format not in _ADDITIVE or numbers.is_missing(total):
                continue
            places = scale.decimals if col.format == "money" else self._decimals(col) or 0
            factor = scale.factor if col.format == "money" else 1.0
            parts = sum(numbers.rounded(v, factor, places) for v in self.frame[col.name] if not numbers.is_missing(v))
            if parts != numbers.rounded(total, factor, places):
                (rounded if _close(total, self._sum(col)) else other).append(col.label)
        return rounded, other

    def text(self) -> str:
        """Return title and shown rows in plain text."""
        return f"{self.title}\n{self.shown[[c.name for c in self.columns]].to_string(index=False)}"

    def to_csv(self) -> bytes:
        """Return all rows at full precision: UTF-8 with byte-order mark, CRLF, the frame's column names, no total row.

        Rates are fractions, dates ISO, missing cells empty. Text that a spreadsheet would run as a formula gets an
        apostrophe in front; numbers, negative ones too, stay numbers.
        """
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow([guarded(c.name) for c in self.columns])
        for row in _records(self.frame):
            writer.writerow([_csv_cell(row[c.name]) for c in self.columns])
        return buffer.getvalue().encode("utf-8-sig")

    def data(self) -> dict[str, Any]:
        """Return caption, columns, the shown rows and totals at full precision, notes and the CSV."""
        return {
            "id": self.id,
            "title": self.title,
            "unit": self.unit,
            "columns": [
                {"name": c.name, "label": c.label, "format": c.format, "unit": c.unit, "metric": c.metric}
                for c in self.columns
            ],
            "metrics": self.shown[self.metric_by].tolist() if self.metric_by else [],
            "rows": [[row[c.name] for c in self.columns] for row in _records(self.shown)],
            "n_rows": len(self.frame),
            "units": {c.name: self.frame[c.unit_by].astype(str).tolist() for c in self.columns if c.unit_by},
            "currency": self.currency,
            "total": self.totals() or None,
            "note": say(" ").join(self.notes()),
            "filename": f"{self.id}.csv",
            "csv": self.to_csv().decode("utf-8"),
        }

    def payload(self) -> Payload:
        """Return the wire form, plain JSON."""
        return {**super().payload(), "rows": plain(self.data()["rows"])}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    names = list(frame.columns)
    columns = [frame[name].tolist() for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _close(one: Any, other: Any) -> bool:
    if numbers.is_missing(other):
        return False
    return abs(float(one) - float(other)) <= 1e-9 * max(1.0, abs(float(one)), abs(float(other)))


def _isolated(text: str) -> Markup:
    """Return escaped text, kept apart from its surroundings when it runs from right to left."""
    if any(unicodedata.bidirectional(c) in ("R", "AL", "RLE", "RLO", "RLI") for c in text):
        return Markup("<bdi>{}</bdi>").format(text)
    return escape(text)


def _csv_cell(value: Any) -> str:
    return guarded(value) if isinstance(value, str) else numbers.raw(value)
