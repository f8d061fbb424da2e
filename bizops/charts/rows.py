"""What the horizontal charts share: labelled rows with one scale, checked input, and how a value is coloured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bizops import numbers
from bizops.charts.house import Sketch, Width
from bizops.charts.labels import clean, width_of, wrap_apart
from bizops.errors import InputError, did_you_mean
from bizops.findings.status import tone

_GAP = 10.0
_LINE = 1.12


def checked(frame: pd.DataFrame, columns: Iterable[str], id: str, *, allow_missing: Sequence[str] = ()) -> pd.DataFrame:
    """Return ``frame`` with a fresh index when it has rows, the columns, and finite numbers where they are needed.

    Raises ``InputError`` otherwise: an empty chart is not drawn, the report says why instead.
    """
    where = f"figure {id}"
    for name in columns:
        if name not in frame.columns:
            near = did_you_mean(name, map(str, frame.columns))
            raise InputError(f"the frame has no column '{name}'.{near}", where=where)
        if name not in ("label", "series", "period") and name not in allow_missing:
            bad = [clean(row) for row, v in enumerate(frame[name]) if numbers.is_missing(v)]
            if bad:
                raise InputError(f"column '{name}' has no number in rows {', '.join(bad[:5])}", where=where)
    if frame.empty:
        raise InputError("no rows to draw", where=where, fix="state the reason in a note (findings.Off) instead")
    return frame.reset_index(drop=True)


def colour(value: float, better: str) -> str:
    """Return the token of a signed value: by the direction of good, not the sign; the main colour if there is none."""
    return {"good": "pos", "bad": "neg"}.get(tone(value, better), "c1" if better == "none" else "ref")


@dataclass(frozen=True)
class Rows:
    """Rows of a horizontal chart: wrapped labels on the left, a plot with one scale, room for words on both sides.

    ``low`` and ``high`` are the scale's ends in data, ``before`` and ``after`` the words set left and right of marks,
    for which room is kept; ``column`` is the pixels of a further text column at the right edge.
    """

    width: Width
    labels: Sequence[str]
    low: float
    high: float
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    column: float = 0.0
    top: float = 6.0
    bottom: float = 6.0

    def _wrapped(self) -> list[list[str]]:
        return wrap_apart([clean(label) for label in self.labels], self.width.label_room, self.width.font)

    def sketch(self) -> Sketch:
        """Return the surface with the row labels written; row i has its middle at data coordinate y = i."""
        lines, font = self._wrapped(), self.width.font
        pitch = self.width.row if all(len(x) == 1 for x in lines) else max(self.width.row, 2 * font * _LINE + 8)
        label_room = max(width_of(line, font) for row in lines for line in row) + _GAP
        left = label_room + _widest(self.before, font)
        right = self.column + max(_widest(self.after, font), 4.0)
        count = len(self.labels)
        sketch = Sketch(self.width, self.top + count * pitch + self.bottom, (left, self.top, right, self.bottom))
        high = self.high if self.high > self.low else self.low + 1.0
        sketch.limits((self.low, high), (count - 0.5, -0.5))
        for i, row in enumerate(lines):
            for k, line in enumerate(row):
                offset = (k - (len(row) - 1) / 2) * font * _LINE
                sketch.text(label_room - _GAP, sketch.y(i) + offset, line, align="right")
        return sketch


def _widest(words: Sequence[str], font: float) -> float:
    return max((width_of(w, font) + 8 for w in words), default=0.0)


def value_label(sketch: Sketch, row: float, start: float, end: float, words: str, *, bold: bool = False) -> None:
    """Write ``words`` outside the bar: right of one that grows from ``start`` to ``end``, left of one that shrinks."""
    grows = end >= start
    x = sketch.x(max(start, end) if grows else min(start, end)) + (6 if grows else -6)
    sketch.text(x, sketch.y(row), words, align="left" if grows else "right", bold=bold)
