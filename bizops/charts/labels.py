"""Label text: how wide it will be, where it breaks, where it is cut.

A page is read with fonts that are not known here, so widths are estimated from Helvetica's metrics with a margin, not
measured with a font of this machine: the same data give the same picture everywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import partial

ELLIPSIS = "…"
Cut = Callable[[str, float, float], str]
# Width in thousandths of the font size: Helvetica's advance widths (Adobe core metrics), with a margin for wider
# interface fonts, of which DejaVu Sans is the widest in use.
_CLASSES = (("ijl'|.,:;!I ", 278), ('ftr()[]/\\-`"', 333), ("cksvxyzJ", 500), ("mM%@W", 880), ("w", 722))
_WIDTHS = {c: w for chars, w in _CLASSES for c in chars}
_UPPER, _OTHER, _FULL, _MARGIN = 690, 556, 1000, 1.18
_UNPRINTABLE = ("Cc", "Cs", "Cn", "Co")
_INVISIBLE = ("Mn", "Me", "Cf")
_STARTS = (0.5, 0.25, 0.0)
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def clean(text: object) -> str:
    """Return ``text`` on one line, without control characters and without controls of writing direction."""
    kept = (c for c in str(text) if c.isspace() or unicodedata.category(c) not in _UNPRINTABLE)
    return " ".join("".join(c for c in kept if c not in _BIDI_CONTROLS).split()) or "(blank)"


def width_of(text: str, size: float) -> float:
    """Return the estimated width in CSS pixels of ``text`` at font size ``size``."""
    return sum(map(_advance, text)) * size * _MARGIN / 1000


def _advance(char: str) -> int:
    if char in _WIDTHS:
        return _WIDTHS[char]
    if char.isascii():
        return _UPPER if char.isupper() else _OTHER
    if unicodedata.category(char) in _INVISIBLE:
        return 0
    if unicodedata.east_asian_width(char) in ("W", "F") or ord(char) >= 0x1F000:
        return _FULL
    return _UPPER if char.isupper() else _OTHER


def fit(text: str, room: float, size: float) -> str:
    """Return ``text``, cut with an ellipsis when wider than ``room`` pixels; the full text stands in the table."""
    if width_of(text, size) <= room:
        return text
    left = room - width_of(ELLIPSIS, size)
    for end, char in enumerate(text):
        left -= _advance(char) * size * _MARGIN / 1000
        if left < 0:
            return _whole(text[:end]) + ELLIPSIS
    return text


def fit_apart(labels: Sequence[str], room: float, size: float) -> list[str]:
    """Return each label as `fit` does; those that would read the same after the cut are cut in the middle instead."""
    return [lines[0] for lines in wrap_apart(labels, room, size, lines=1)]


def _fit_middle(text: str, room: float, size: float, start: float = 0.5) -> str:
    """Return ``text`` with its start, on a share ``start`` of the room, and its end, an ellipsis between them."""
    if width_of(text, size) <= room:
        return text
    left = room - width_of(ELLIPSIS, size)
    head, end = _as_wide(text, left * start, size), _as_wide(text[::-1], left * (1 - start), size)[::-1]
    # nothing may be left hanging at the cut: a mark without its letter, a joiner without its emoji
    while end and (unicodedata.category(end[0]) in _INVISIBLE or end[0].isspace()):
        end = end[1:]
    return _whole(head) + ELLIPSIS + end


def _as_wide(text: str, room: float, size: float) -> str:
    """The longest start of ``text`` that has room."""
    left = room
    for count, char in enumerate(text):
        left -= _advance(char) * size * _MARGIN / 1000
        if left < 0:
            return text[:count]
    return text


def _whole(text: str) -> str:
    """Drop what a cut left hanging: spaces and the joiner of a half emoji."""
    return text.rstrip(" \u200d\ufe0f,;:–-")


def wrap_apart(labels: Sequence[str], room: float, size: float, lines: int = 2) -> list[list[str]]:
    """Return each label as `wrap` does; those that would read the same after the cut are cut in the middle instead."""
    found = [wrap(label, room, size, lines) for label in labels]
    for start in _STARTS:
        named: dict[tuple[str, ...], set[str]] = {}
        for label, shown in zip(labels, found, strict=True):
            named.setdefault(tuple(shown), set()).add(label)
        cut = partial(_fit_middle, start=start)
        found = [
            wrap(label, room, size, lines, cut) if len(named[tuple(shown)]) > 1 else shown
            for label, shown in zip(labels, found, strict=True)
        ]
    return found


def wrap(text: str, room: float, size: float, lines: int = 2, cut: Cut = fit) -> list[str]:
    """Return ``text`` on at most ``lines`` lines of ``room`` pixels, broken at spaces, the last one cut if need be."""
    words = text.split(" ")
    done: list[str] = []
    while words and len(done) < lines - 1:
        line = words[0]
        taken = 1
        while taken < len(words) and width_of(f"{line} {words[taken]}", size) <= room:
            line += f" {words[taken]}"
            taken += 1
        if width_of(line, size) > room:
            break
        done.append(line)
        words = words[taken:]
    return [*done, cut(" ".join(words), room, size)] if words else done
