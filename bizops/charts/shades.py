"""A table of numbers on shades of one colour: its scale, its headings and its cells at both widths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bizops import numbers
from bizops.charts.amounts import Amounts
from bizops.charts.board import Board, Box
from bizops.charts.house import LEGEND_ROW, Sketch, Width
from bizops.charts.labels import clean, fit, width_of, wrap, wrap_apart
from bizops.errors import InputError
from bizops.language import say
from bizops.theme import HEAT

_LABEL_ROOM = {"wide": 170.0, "narrow": 108.0}
_PAD = {"wide": 10.0, "narrow": 4.0}
_CELL_MOST = 66.0
_GAP = 10.0
_LINE = 1.12
_Cell = tuple[int, int, float, str]


@dataclass(frozen=True)
class _Grid:
    """The places of one drawing: which columns it shows, and where its cells begin and end in pixels."""

    shown: Sequence[int]
    left: float
    top: float
    cell: float
    pitch: float

    def box(self, row: int, place: int) -> Box:
        x, y = self.left + place * self.cell, self.top + row * self.pitch
        return x + 1, y + 1, x + self.cell - 1, y + self.pitch - 1

    def middle(self, row: int, place: int = 0) -> tuple[float, float]:
        return self.left + (place + 0.5) * self.cell, self.top + (row + 0.5) * self.pitch


class Shades:
    """Rows of numbers with the scale of their shades, and the two drawings of them."""

    def __init__(
        self, labels: Sequence[object], columns: Sequence[object], cells: Sequence[Sequence[float | None]],
        sizes: Sequence[float | None], amounts: Amounts, id: str, *, corner: str, across: str, left_out: int = 0,
        stages: bool = False,
    ) -> None:  # fmt: skip
        self.labels, self.columns, self.sizes = [clean(x) for x in labels], [clean(x) for x in columns], sizes
        self.cells, self.amounts, self.corner, self.across = cells, amounts, corner, across
        self.left_out, self.stages = left_out, stages
        self.hidden = [n is not None and n < numbers.COUNTS_ONLY_BELOW for n in sizes]
        self.pale = [n is not None and n < numbers.NO_COLOUR_BELOW for n in sizes]
        shown = [v for row, no in zip(cells, self.hidden, strict=True) if not no for v in row if v is not None]
        if not shown and not any(self.hidden):
            raise InputError("no cell has a value", where=f"figure {id}", fix="state the reason in a note instead")
        self.low, self.high = (0.0 if stages else min(shown, default=0.0)), max(shown, default=0.0)
        self.words = [[None if v is None else self._word(v) for v in row] for row in cells]

    def _word(self, value: float) -> str:
        """The number without its unit, which stands in the legend."""
        if self.amounts.unit == "rate":
            return self._key_word(value).strip(f"%{numbers.NBSP}\u202f ")
        return numbers.fixed(value, 1) if self.amounts.unit == "multiple" else self._plain(value)

    def _plain(self, value: float) -> str:
        return self.amounts.short(value) if self.amounts.unit == "money" else numbers.count(value)

    def _key_word(self, value: float) -> str:
        rate = self.amounts.unit == "rate"
        return numbers.percent(value, numbers.NO_COLOUR_BELOW) if rate else self.amounts.short(value)

    def step(self, value: float) -> int:
        """Return the shade of a value: equal steps between the lowest and the highest number."""
        span = self.high - self.low
        return min(len(HEAT) - 1, int((value - self.low) / span * len(HEAT))) if span > 0 else 0

    def drawn(self) -> list[_Cell]:
        """Return row, column, value and words of every cell that is printed."""
        return [
            (r, c, value, word)
            for r, row in enumerate(self.cells)
            for c, (value, word) in enumerate(zip(row, self.words[r], strict=True))
            if value is not None and word is not None and not self.hidden[r]
        ]

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width."""
        font = width.font
        room = _LABEL_ROOM[width.name]
        lines = [[fit(clean(self.corner), room, font)], *wrap_apart(self._rows(width), room, font)]
        label_room = max(width_of(x, font) for row in lines for x in row) + _GAP
        records = ["n", *(numbers.count(n) for n in self.sizes if n is not None)]
        n_room = max(width_of(r, font) for r in records) + _GAP if len(records) > 1 else 0.0
        shown, cell = self._columns(width, width.px - label_room - n_room)
        notes = self._notes(width, len(shown))
        note_lines = [part for words in notes for part in wrap(words, width.px - 4, font)]
        headers = self._headers(width, cell)
        pitch = max(font + 13, (2 * font * _LINE + 8) if any(len(x) > 1 for x in lines[1:]) else 0.0)
        key, head = LEGEND_ROW * (1 + len(note_lines)), LEGEND_ROW + font * _LINE * max(len(h) for h in headers) + 6
        grid = _Grid(shown, label_room + n_room, 6 + key + head, cell, pitch)
        board = Board(width, grid.top + pitch * len(self.labels) + 4)
        self._key(board, note_lines)
        self._head(board, grid, headers, lines[0], n_room)
        self._side(board, grid, lines[1:], n_room)
        self._fill(board, grid)
        return board

    def _rows(self, width: Width) -> list[str]:
        if not self._numbered(width):
            return self.labels
        places = {name: i + 1 for i, name in enumerate(self.columns)}
        return [f"{places[label]}{numbers.NBSP}{label}" if label in places else label for label in self.labels]

    def _numbered(self, width: Width) -> bool:
        """Whether the names of the columns are too long for them, so that they are numbered."""
        if not self.stages:
            return False
        room = _LABEL_ROOM[width.name]
        labels = max(width_of(x, width.font) for label in self.labels for x in wrap(label, room, width.font))
        cell = min(_CELL_MOST * 1.4, (width.px - labels - 40) / len(self.columns))
        return any(x.endswith("…") for name in self.columns for x in wrap(name, cell - 6, width.font))

    def _columns(self, width: Width, room: float) -> tuple[list[int], float]:
        """Return the columns that are shown and the width of each: all, or evenly spaced ones from the first."""
        most = _CELL_MOST * (1.4 if self.stages else 1.0)
        printed = [w for row in self.words for w in row if w] + ([] if self.stages else self.columns)
        needed = max((width_of(w, width.font) for w in printed), default=20.0) + _PAD[width.name]
        step = 1
        while not self.stages and needed * len(range(0, len(self.columns), step)) > room and step < len(self.columns):
            step += 1
        shown = list(range(0, len(self.columns), step))
        return shown, min(most, room / len(shown))

    def _headers(self, width: Width, cell: float) -> list[list[str]]:
        if self._numbered(width):
            return [[str(i + 1)] for i in range(len(self.columns))]
        if self.stages:
            return wrap_apart(self.columns, cell - 6, width.font)
        return [[fit(name, cell, width.font)] for name in self.columns]

    def _notes(self, width: Width, shown: int) -> list[str]:
        found = []
        if self._numbered(width):
            unnamed = [f"{i} {name}" for i, name in enumerate(self.columns, 1) if name not in self.labels]
            found += [", ".join(unnamed)] if unnamed else []
        if any(p and not h for p, h in zip(self.pale, self.hidden, strict=True)):
            found.append(say("No colour: fewer than {n} records", n=numbers.NO_COLOUR_BELOW))
        if shown < len(self.columns):
            found.append(say("Shown: {shown} of {all} ages", shown=shown, all=len(self.columns)))
        if self.left_out:
            shown_rows = len(self.labels)
            found.append(say("Shown: last {shown} of {all} cohorts", shown=shown_rows, all=shown_rows + self.left_out))
        return found

    def _key(self, board: Board, notes: Sequence[str]) -> None:
        """Draw the shades between the lowest and the highest number, with the unit."""
        low, high = (self._key_word(v) if any(self.drawn()) else numbers.missing() for v in (self.low, self.high))
        y, x = 10.0, width_of(low, board.font) + 8
        board.text(0, y, low, token="muted")
        if self.high > self.low:
            for i, (share, _) in enumerate(HEAT):
                board.cells([(x + 18 * i, y - 7, x + 18 * i + 17, y + 7)], "c1", opacity=share)
            x += 18 * len(HEAT) + 7
            board.text(x, y, high, token="muted")
            x += width_of(high, board.font) + 16
        if self.amounts.title:
            board.text(x, y, self.amounts.title, token="muted", room=board.width.px - x)
        for i, line in enumerate(notes):
            board.text(0, y + LEGEND_ROW * (i + 1), line, token="muted")

    def _head(
        self, board: Board, grid: _Grid, headers: Sequence[Sequence[str]], corner: Sequence[str], n_room: float
    ) -> None:
        last = max(len(h) for h in headers)
        line = board.font * _LINE
        low = grid.top - 6 - line / 2
        board.text(
            grid.left + 2, low - line * last - 2, self.across, token="muted", room=board.width.px - grid.left - 4
        )
        board.text(0, low, corner[-1], token="muted")
        if n_room:
            board.text(grid.left - _GAP, low, "n", token="muted", align="right")
        placed = []
        for place, column in enumerate(grid.shown):
            x = grid.middle(0, place)[0]
            placed += [(x, low - line * (len(headers[column]) - 1 - k), w) for k, w in enumerate(headers[column])]
        board.words(placed, token="muted", align="center")

    def _side(self, board: Board, grid: _Grid, lines: Sequence[Sequence[str]], n_room: float) -> None:
        line = board.font * _LINE
        labels, records, reasons = [], [], []
        for r, row in enumerate(lines):
            y = grid.middle(r)[1]
            labels += [(0.0, y + (k - (len(row) - 1) / 2) * line, words) for k, words in enumerate(row)]
            n = self.sizes[r]
            if n is not None:
                records.append((grid.left - _GAP, y, numbers.count(n)))
            if self.hidden[r]:
                words = say("fewer than {n} records", n=numbers.COUNTS_ONLY_BELOW)
                reasons.append((grid.left + 4, y, fit(words, board.width.px - grid.left - 8, board.font)))
        board.words(labels)
        board.words(records, token="muted", align="right")
        board.words(reasons, token="muted")

    def _fill(self, board: Board, grid: _Grid) -> None:
        places = {column: place for place, column in enumerate(grid.shown)}
        shades: list[list[Box]] = [[] for _ in HEAT]
        inks: dict[str, list[tuple[float, float, str]]] = {"ink": [], "bg": [], "muted": []}
        for row, column, value, word in self.drawn():
            if column not in places:
                continue
            token = "muted"
            if not self.pale[row]:
                step = self.step(value)
                shades[step].append(grid.box(row, places[column]))
                token = HEAT[step][1]
            inks[token].append((*grid.middle(row, places[column]), word))
        for (share, _), boxes in zip(HEAT, shades, strict=True):
            board.cells(boxes, "c1", opacity=share)
        for token, placed in inks.items():
            board.words(placed, token=token, align="center")
