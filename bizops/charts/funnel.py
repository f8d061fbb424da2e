"""How many records pass each stage: bars from one baseline, and the conversion from stage to stage in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bizops import numbers
from bizops.charts.amounts import known, optional
from bizops.charts.figure import Figure, alternative
from bizops.charts.house import LEGEND_ROW, Sketch, Width, draw, legend_rows
from bizops.charts.labels import clean, fit, width_of
from bizops.charts.rows import Rows, checked, colour, value_label
from bizops.errors import InputError
from bizops.language import say

_THICK = 0.3
_STAGES = 12
_GAP = 14.0
# The fewest pixels that bars are drawn in, the most that a heading may add to its column, and how far below the middle
# of its row a bar lies that has its words above it.
_LEAST = 120.0
_HEAD = 110.0
_BELOW = 0.2


def funnel(
    frame: pd.DataFrame, *, id: str, title: str, subtitle: str, unit_title: str = "", reference_label: str = "",
    table: str = "", note: str = "",
) -> Figure:  # fmt: skip
    """Return a bar a stage, all from zero, with the share of the stage before that came this far, and its records.

    ``frame`` has one row a stage, in order: label, n (records that reached it, each also counted in all stages
    before) and, where known, reference (the share to compare with, a fraction). A share of fewer than 20 records is
    muted and its bar hollow, of fewer than 5 only its counts are printed. A missing n leaves its bar out, and both
    shares that need it. ``unit_title`` says what is counted. Raises ``InputError`` for a negative n, a stage with
    more records than the one before, more than 12 stages.
    """
    data = checked(frame, ("label", "n"), id, allow_missing=("n",))
    stages = _stages(data, id)
    entries = [("fill", "c1", unit_title or say("records"))]
    if any(s.few for s in stages):
        entries.append(("outline", "ink", say("from fewer than {n} records", n=numbers.NO_COLOUR_BELOW)))
    chart = _Funnel(stages, entries, clean(reference_label or say("plan")))
    alt = alternative(say("Funnel, bars"), subtitle, _messages(stages), table)
    return draw(chart.paint, id=id, title=title, subtitle=subtitle, alt=alt, table=table, note=note)


@dataclass(frozen=True)
class _Stage:
    """One stage: its records, those of the stage before, and the share to compare with."""

    label: str
    n: float | None
    before: float | None
    reference: float | None
    first: bool

    @property
    def share(self) -> float | None:
        """The fraction of the stage before that came here; None where either is missing, or none were there."""
        return None if self.n is None or not self.before else self.n / self.before

    @property
    def few(self) -> bool:
        """Whether the share rests on fewer than 20 records."""
        return self.share is not None and (self.before or 0) < numbers.NO_COLOUR_BELOW

    def words(self, *, short: bool) -> str:
        """Return the conversion with its records."""
        if self.first:
            return ""
        if self.share is None or self.n is None or self.before is None:
            return numbers.missing()
        if short and self.before >= numbers.COUNTS_ONLY_BELOW:
            return numbers.percent(self.share, int(self.before))
        return numbers.share(int(self.n), int(self.before))

    def gap(self) -> float | None:
        """Return the share less its reference, None where nothing is compared."""
        hidden = self.before is not None and self.before < numbers.COUNTS_ONLY_BELOW
        return None if self.share is None or self.reference is None or hidden else self.share - self.reference


def _stages(data: pd.DataFrame, id: str) -> list[_Stage]:
    counts = optional(data["n"])
    references = optional(data["reference"]) if "reference" in data else [None] * len(counts)
    labels = [clean(label) for label in data["label"]]
    if len(counts) > _STAGES:
        raise InputError(f"{len(counts)} stages", where=f"figure {id}", fix=f"at most {_STAGES}: fold some into one")
    if not known(counts):
        raise InputError("no stage has a number of records", where=f"figure {id}", fix="state the reason in a note")
    least: float | None = None
    for label, n in zip(labels, counts, strict=True):
        if n is not None and (n < 0 or (least is not None and n > least)):
            raise InputError(
                f"stage '{label}' has {numbers.raw(n)} records, "
                + ("less than none" if n < 0 else f"more than the {numbers.raw(least)} before it"),
                where=f"figure {id}",
                fix="follow the same records through all stages; for counts of a day use sorted_bars",
            )
        least = n if n is not None else least
    befores = [None, *counts[:-1]]
    rows = zip(labels, counts, befores, references, strict=True)
    return [_Stage(label, n, before, wanted, i == 0) for i, (label, n, before, wanted) in enumerate(rows)]


@dataclass(frozen=True)
class _Funnel:
    """The stages and the two drawings of them."""

    stages: Sequence[_Stage]
    entries: Sequence[tuple[str, str, str]]
    reference_label: str

    def paint(self, width: Width) -> Sketch:
        """Return the drawing at one width: the words beside the bars or, where that leaves them no room, above."""
        values = [numbers.missing() if s.n is None else numbers.count(s.n) for s in self.stages]
        top = 8 + LEGEND_ROW * (1 + legend_rows(self.entries, width))
        columns = self._columns(width)
        taken = sum(room + _GAP for _, _, room in columns) + max(width_of(v, width.font) for v in values)
        beside = width.px - width.label_room - taken >= _LEAST
        sketch, places, above = (self._beside if beside else self._above)(width, top, values, columns)
        sketch.legend(self.entries)
        sketch.lines([[(0, -0.5), (0, len(self.stages) - 0.5)]], "ref", wide=1.2)
        for place, stage, words in zip(places, self.stages, values, strict=True):
            if stage.n is not None:
                self._bar(sketch, place, stage)
            value_label(sketch, place, 0, stage.n or 0.0, words, bold=stage.n is not None)
        self._write(sketch, columns, top - 8, places, above)
        return sketch

    def _columns(self, width: Width) -> list[tuple[str, list[tuple[str, str]], float]]:
        """Return the columns of text: heading, words and token of each stage, room."""
        heads = [say("of stage before"), say("vs {reference}", reference=self.reference_label)]
        full, short = ([s.words(short=brief) for s in self.stages] for brief in (False, True))
        shares = full if max(width_of(w, width.font) for w in full) < width.px * 0.5 else short
        gaps = ["" if s.gap() is None else numbers.points(s.gap()) for s in self.stages]
        tokens = [("muted" if s.share is None or s.few else "ink", self._gap_token(s)) for s in self.stages]
        found = []
        for k, words in enumerate((shares, gaps)):
            if any(words):
                room = max(width_of(w, width.font) for w in words)
                head = fit(heads[k], max(room, _HEAD), width.font)
                marked = [(w, t[k]) for w, t in zip(words, tokens, strict=True)]
                found.append((head, marked, max(room, width_of(head, width.font))))
        return found

    def _gap_token(self, stage: _Stage) -> str:
        gap = stage.gap()
        return "muted" if not gap or stage.few else colour(gap, "up")

    def _beside(
        self, width: Width, top: float, values: list[str], columns: list[tuple[str, list[tuple[str, str]], float]]
    ) -> tuple[Sketch, list[float], float]:
        column = sum(room + _GAP for _, _, room in columns) + 4
        labels, most = [s.label for s in self.stages], max(s.n or 0.0 for s in self.stages)
        sketch = Rows(width, labels, 0.0, most, after=values, column=column, top=top).sketch()
        return sketch, [float(i) for i in range(len(labels))], 0.0

    def _above(
        self, width: Width, top: float, values: list[str], columns: list[tuple[str, list[tuple[str, str]], float]]
    ) -> tuple[Sketch, list[float], float]:
        count, pitch, font = len(self.stages), 4.2 * width.font, width.font
        right = max(width_of(v, font) for v in values) + 14
        sketch = Sketch(width, top + count * pitch, (2.0, top, right, 0.0))
        sketch.limits((0.0, max(s.n or 0.0 for s in self.stages) or 1.0), (count - 0.5, -0.5))
        room = width.px - sum(needed + _GAP for _, _, needed in columns)
        for i, stage in enumerate(self.stages):
            sketch.text(6, sketch.y(i) - 1.05 * font, stage.label, room=room)
        return sketch, [i + _BELOW for i in range(count)], (1.05 + 4.2 * _BELOW) * font

    def _bar(self, sketch: Sketch, place: float, stage: _Stage) -> None:
        thick = _THICK if place % 1 == 0 else _THICK * 0.7
        hollow, span = stage.few, (place - thick, place + thick)
        sketch.bar((0, stage.n or 0.0), span, "" if hollow else "c1", outline="ink" if hollow else "")

    def _write(
        self, sketch: Sketch, columns: list[tuple[str, list[tuple[str, str]], float]], head: float,
        places: Sequence[float], above: float,
    ) -> None:  # fmt: skip
        """Write the columns from the right edge, level with the bars or ``above`` them in pixels."""
        edge = sketch.width.px - 4.0
        for title, words, room in reversed(columns):
            sketch.text(edge, head, title, token="muted", align="right")
            for place, (shown, token) in zip(places, words, strict=True):
                if shown:
                    sketch.text(edge, sketch.y(place) - above, shown, align="right", token=token)
            edge -= room + _GAP


def _messages(stages: list[_Stage]) -> list[str]:
    """Return the sentences of the alternative text: the whole way, then the step that loses the most."""
    reached = [s for s in stages if s.n is not None]
    first, last = reached[0], reached[-1]
    whole = say("{label} {n}", label=first.label, n=numbers.count(first.n))
    found = [whole]
    if len(reached) > 1 and first.n and last.n is not None:
        share = numbers.share(int(last.n), int(first.n))
        found = [say("From {first} to {last}: {share}", first=first.label, last=last.label, share=share)]
    steps = [s for s in stages if s.share is not None and (s.before or 0) >= numbers.COUNTS_ONLY_BELOW]
    if len(steps) > 1:
        worst = min(steps, key=lambda s: s.share or 0.0)
        found.append(say("Least pass to {label}: {share}", label=worst.label, share=worst.words(short=False)))
    return found
