"""How a table fits on A4: upright, in smaller type, or on a landscape page; paper must not lose a column."""

from __future__ import annotations

import re
from itertools import zip_longest

# The style sheet's print rules: font size in points, the width in points between the margins of the page, and the
# space in points at the left of a cell.
_UPRIGHT, _SNUG, _COMPACT = (8.5, 527.0, 10.0), (8.0, 527.0, 5.0), (6.5, 527.0, 10.0)
_LANDSCAPE = (7.5, 774.0, 10.0)
# A reader turns the page for many columns, not for one that is a little too wide.
_COMPACT_UP_TO = 9
# The widest digits among common system fonts are 0.64 em (DejaVu Sans).
_EM = 0.64
# Text wraps, so that a column of it needs no more than its longest word or this many characters.
_WRAPPED = 22

_ROW, _CELL, _TAG = (
    re.compile(r"<tr.*?</tr>", re.S),
    re.compile(r"<t[hd]\b([^>]*)>(.*?)</t[hd]>", re.S),
    re.compile(r"<[^>]+>"),
)


def page_class(html: str) -> str:
    """Return the class that a table needs on paper: none, ``snug``, ``compact``, ``landscape`` or ``landscape dense``.

    The width is estimated from the longest cell of every column: numbers stand on one line, text wraps.
    """
    widths = _columns(html)
    if _fits(widths, *_UPRIGHT):
        return ""
    if len(widths) <= _COMPACT_UP_TO and _fits(widths, *_COMPACT):
        return "snug" if _fits(widths, *_SNUG) else "compact"
    return "landscape" if _fits(widths, *_LANDSCAPE) else "landscape dense"


def _fits(widths: list[int], size: float, room: float, gap: float) -> bool:
    return sum(width * _EM * size + gap for width in widths) <= room


def _columns(html: str) -> list[int]:
    """Return the width of every column in characters."""
    widths: list[int] = []
    for row in _ROW.findall(html):
        needed = [_characters(attributes, _TAG.sub("", inner)) for attributes, inner in _CELL.findall(row)]
        widths = [max(pair) for pair in zip_longest(widths, needed, fillvalue=0)]
    return widths


def _characters(attributes: str, text: str) -> int:
    """Return how many characters a cell needs side by side: its longest word, more if it is not to become a tower."""
    word = max(map(len, text.split(" ")))
    if 'scope="col"' in attributes:
        return word
    wraps = 'scope="row"' in attributes or 'class="t' in attributes
    return max(word, min(len(text), _WRAPPED)) if wraps else len(text)
