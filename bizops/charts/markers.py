"""Dated events on a chart over time: a numbered mark over the period in which each fell, and the list of what it was.

A chart finds the period of an event by the column ``start`` of its frame, the first day of each period (a date or its
ISO text), oldest first. A column ``end`` (the day after the last) makes the end of the last period exact; without it
the last period is taken to be as long as the one before.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from bizops import numbers
from bizops.annotations import Annotation
from bizops.charts.house import Sketch, Width
from bizops.charts.labels import clean
from bizops.errors import InputError
from bizops.language import say

_GAP = 2.0
_ABOVE = 16.0
"""Pixels kept between the marks and the plot, for the label of a value at its top."""


@dataclass(frozen=True)
class Marker:
    """One event of a chart: its number, what the list says, and its period's row in each frame (None: not in it)."""

    number: int
    words: str
    rows: tuple[int | None, ...]


def numbered(
    annotations: Iterable[Annotation], *frames: pd.DataFrame, metric: str = "", where: str = ""
) -> tuple[Marker, ...]:
    """Return the events of ``metric``, or of no metric in particular, within the periods of the frames, numbered.

    Numbers run from 1, oldest first, over all frames: an event that lies in two has one number. Raises ``InputError``
    when there are such events and a frame has no column ``start``.
    """
    told = sorted((a for a in annotations if a.metric in ("", metric)), key=lambda a: a.on)
    if not told:
        return ()
    axes = [_days(frame, where) for frame in frames]
    found = [(a, tuple(_row(a.on, days) for days in axes)) for a in told]
    inside = [(a, rows) for a, rows in found if any(row is not None for row in rows)]
    return tuple(
        Marker(number, say("{day}: {label}", day=numbers.day(a.on), label=clean(a.label)), rows)
        for number, (a, rows) in enumerate(inside, 1)
    )


def _days(frame: pd.DataFrame, where: str) -> list[date]:
    """The first day of every period, and the day after the last."""
    if "start" not in frame.columns:
        fix = "add a column start with the first day of each period, or pass no annotations"
        raise InputError("events cannot be placed: the frame has no column 'start'", where=where, fix=fix)
    starts = [as_day(value, where) for value in frame["start"]]
    if starts != sorted(set(starts)):
        raise InputError("the periods are not in the order of their column 'start'", where=where)
    if "end" in frame.columns and starts:
        return [*starts, as_day(frame["end"].iloc[-1], where)]
    return [*starts, _next(starts)] if starts else []


def as_day(value: Any, where: str = "") -> date:
    """Return a date, an instant or its ISO text as a date."""
    if numbers.is_missing(value):
        raise InputError("a period has no start", where=where, fix="give every row the first day of its period")
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError as error:
            raise InputError(f"'{value}' is no date", where=where, fix="write 2026-07-01") from error
    return pd.Timestamp(value).date()


def _next(starts: Sequence[date]) -> date:
    """The start of the period after the last: as many months or days on as between the last two."""
    if len(starts) < 2:
        return date.max
    before, last = starts[-2:]
    months = (last.year - before.year) * 12 + last.month - before.month
    if before.day != last.day or not months:
        return last + (last - before)
    year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
    return date(year, month + 1, min(last.day, monthrange(year, month + 1)[1]))


def _row(on: date, days: Sequence[date]) -> int | None:
    row = bisect_right(days, on) - 1
    return row if 0 <= row < len(days) - 1 else None


def position(on: date, frame: pd.DataFrame, where: str = "") -> float:
    """Return where the end of day ``on`` lies when period i of the frame spans i − 0.5 to i + 0.5."""
    days = _days(frame, where)
    row = min(max(bisect_right(days, on) - 1, 0), len(days) - 2)
    share = ((on - days[row]) + timedelta(days=1)) / (days[row + 1] - days[row])
    return row - 0.5 + min(max(share, 0.0), 1.0)


def radius(width: Width) -> float:
    """Return the radius of a mark in pixels: two digits of the chart's font fit."""
    return width.font * 0.5 + 3.5


def _rows(count: int, width: Width) -> int:
    return math.ceil(count * (2 * radius(width) + _GAP) / width.px)


def room(markers: Sequence[Marker], width: Width) -> float:
    """Return the pixels that the marks need above the plot."""
    return _rows(len(markers), width) * (2 * radius(width) + _GAP) + 2 + _ABOVE if markers else 0.0


def mark(sketch: Sketch, spots: Sequence[tuple[int, float, float]], top: float) -> None:
    """Draw the marks of events below pixel ``top``, and from each a thin line to its spot: number, x, y in pixels.

    Marks that would touch are moved apart sideways, their lines still lead to their spots.
    """
    if not spots:
        return
    spots = sorted(spots, key=lambda spot: (spot[1], spot[0]))
    size, count = radius(sketch.width), _rows(len(spots), sketch.width)
    pitch = 2 * size + _GAP
    for row in range(count):
        line = spots[row::count]
        y = top + 2 + size + row * pitch
        places = spread([x for _, x, _ in line], pitch, size + 1, sketch.width.px - size - 1)
        bend = top + 2 + count * pitch + 3
        sketch.strokes(
            [
                [(place, y), (place, bend - 3), (x, bend), (x, max(end, bend))]
                for place, (_, x, end) in zip(places, line, strict=True)
            ],
            "ref",
        )
        sketch.discs([(place, y) for place in places], "muted", size)
        for place, (number, _, _) in zip(places, line, strict=True):
            sketch.text(place, y, number, token="bg", align="center", bold=True)


def spread(wanted: Sequence[float], pitch: float, low: float, high: float) -> list[float]:
    """Return places at least ``pitch`` apart within ``low`` and ``high``, as near to the sorted ``wanted`` as can be.

    Neighbours that would touch form a block around the mean of what they want (pool adjacent violators).
    """
    blocks: list[tuple[float, int]] = []
    for i, place in enumerate(wanted):
        mean, size = place - i * pitch, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        blocks.append((mean, size))
    last = high - (len(wanted) - 1) * pitch
    shifts = [min(max(mean, low), max(last, low)) for mean, size in blocks for _ in range(size)]
    return [shift + i * pitch for i, shift in enumerate(shifts)]


def words(markers: Iterable[Marker]) -> tuple[str, ...]:
    """Return the list of the events, in the order of their numbers."""
    return tuple(m.words for m in markers)


def spoken(markers: Sequence[Marker]) -> list[str]:
    """Return the sentence on the events for an alternative text, none without events."""
    return [say("Events: {events}", events="; ".join(f"{m.number} {m.words}" for m in markers))] if markers else []
