"""Text to a parameter's value, by the type that the report's model declares and by nothing else.

Papermill's command line and YAML both guess: ``00123`` becomes 123 (or octal 83), ``no`` becomes False. Here the field
decides. The command line and the case file share these rules, so that a value means the same in both.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from bizops.errors import did_you_mean

_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS = {"true": True, "false": False}
_LISTS = (list, tuple, set, frozenset)


def from_text(text: str, kind: Any) -> Any:
    """Return the value that ``text`` names in a field of type ``kind``.

    Parameters
    ----------
    text
        As written on the command line, or as a plain YAML scalar.
    kind
        A type annotation: str, int, float, Decimal, bool, date, datetime, Path, an Enum, Literal, a union with None,
        or a list of these (written as a JSON list).

    Raises
    ------
    ValueError
        Says what was expected.

    Examples
    --------
    >>> from_text("00123", str), from_text("12", int), from_text("null", int | None)
    ('00123', 12, None)
    >>> from_text("1.5", int)
    Traceback (most recent call last):
        ...
    ValueError: expected a whole number, found '1.5'
    """
    origin = get_origin(kind)
    if origin is Annotated:
        return from_text(text, get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return _one_of(text, get_args(kind))
    if origin is Literal:
        return _choice(text, {str(c): c for c in get_args(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice(text, {str(m.value): m for m in kind})
    container, inner = item_type(kind)
    if container is not None:
        return _items(text, inner, container)
    if kind in _SCALARS:
        return _SCALARS[kind](text)
    return _json(text, "a value in JSON")


def optional(kind: Any) -> bool:
    """Whether None is a value of ``kind``."""
    if get_origin(kind) is Annotated:
        return optional(get_args(kind)[0])
    return kind is None or type(None) in get_args(kind)


def item_type(kind: Any) -> tuple[Callable[[Any], Any] | None, Any]:
    """Return (container, type of its items) of a list type, looking through unions; (None, None) for other types."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Annotated, Union, types.UnionType):
        found = (item_type(k) for k in arguments)
        return next((f for f in found if f[0] is not None), (None, None))
    if (origin or kind) in _LISTS:
        return origin or kind, next((a for a in arguments if a is not Ellipsis), Any)
    return None, None


def is_text(kind: Any) -> bool:
    """Whether a quoted YAML text may stand for a value of ``kind``; a number or a boolean in quotes is refused."""
    if get_origin(kind) in (Annotated, Union, types.UnionType):
        return any(is_text(k) for k in get_args(kind) if k is not type(None))
    return kind not in (int, float, bool, Decimal)


def expected(kind: Any) -> str:
    """Return a type in words for people (``whole number``, ``one of company, region``)."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return expected(arguments[0])
    if origin in (Union, types.UnionType):
        words = " or ".join(expected(k) for k in arguments if k is not type(None))
        return f"{words}, or null" if type(None) in arguments else words
    if origin is Literal:
        return "one of " + ", ".join(str(c) for c in arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(m.value) for m in kind)
    container, inner = item_type(kind)
    if container is not None:
        return f"list of {expected(inner)}"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def choices(kind: Any) -> tuple[str, ...]:
    """Return the values that a field of ``kind`` may take, if they are few and known."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Annotated, Union, types.UnionType):
        return tuple(c for k in arguments for c in choices(k))
    if origin is Literal:
        return tuple(str(c) for c in arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(m.value) for m in kind)
    return ("true", "false") if kind is bool else ()


def _one_of(text: str, kinds: tuple[Any, ...]) -> Any:
    if type(None) in kinds and (text == "null" or (text == "" and str not in kinds)):
        return None
    others = [k for k in kinds if k is not type(None)]
    problems = []
    for kind in sorted(others, key=lambda k: k is str):  # text last: it takes everything
        try:
            return from_text(text, kind)
        except ValueError as error:
            problems.append(str(error))
    raise ValueError("; or ".join(problems))


def _choice(text: str, known: dict[str, Any]) -> Any:
    if text not in known:
        raise ValueError(f"expected one of {', '.join(known)}, found '{text}'.{did_you_mean(text, known)}".rstrip("."))
    return known[text]


def _items(text: str, kind: Any, container: Callable[[Any], Any]) -> Any:
    values = _json(text, f'a JSON list of {expected(kind)}, such as ["a", "b"]')
    if not isinstance(values, list):
        raise ValueError(f"expected a JSON list of {expected(kind)}, found '{text}'")
    days = kind in (date, datetime, Path)
    return container([from_text(v, kind) if days and isinstance(v, str) else v for v in values])


def _json(text: str, wanted: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        raise ValueError(f"expected {wanted}, found '{text}'") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"expected a whole number, found '{text}'")
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"expected a number, found '{text}'")
    return float(text)


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise ValueError(f"expected true or false, found '{text}'")
    return _BOOLEANS[text]


def _day(text: str) -> date:
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a day as YYYY-MM-DD, found '{text}'") from None


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected an instant such as 2026-10-04T08:00+02:00, found '{text}'") from None
    if found.tzinfo is None:
        raise ValueError(f"expected an instant with its offset from UTC, found '{text}'")
    return found


def _decimal(text: str) -> Decimal:
    _number(text)
    return Decimal(text)


_SCALARS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _whole,
    float: _number,
    Decimal: _decimal,
    bool: _boolean,
    date: _day,
    datetime: _instant,
    Path: Path,
}
_WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "number",
    bool: "true or false",
    date: "day (YYYY-MM-DD)",
    datetime: "instant (ISO 8601 with offset)",
    Path: "path",
}
