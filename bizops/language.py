"""Every sentence in the language of its reader: one catalogue, English in the code, one file a further language.

A text is written in English where it is used, ``say("{n} of {all} on track", n=3, all=9)``, and looked up in
``bizops/languages/<language>.po`` (GNU gettext) when another language is active. What a catalogue leaves out stays
English. The active locale also decides how `bizops.numbers` writes numbers and dates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bizops.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from babel import Locale

DEFAULT = "en-GB"
FOLDER = Path(__file__).parent / "languages"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_active: ContextVar[str] = ContextVar("bizops locale")
# A notebook's kernel may run every cell in a context of its own: what `use` sets has to outlive them.
_of_process = [DEFAULT]


@dataclass(frozen=True)
class Catalogue:
    """The messages of one language by their English text; ``number`` tells which plural form a count takes."""

    texts: Mapping[str, str]
    plurals: Mapping[tuple[str, str], tuple[str, ...]]
    number: Callable[[int], int]


def active() -> str:
    """Return the active locale, such as ``en-GB``, ``fr`` or ``zh-Hans``."""
    return _active.get(_of_process[0])


def use(locale: str) -> None:
    """Make ``locale`` the active one from here on; raises ``InputError`` for one that is not known."""
    known(locale)
    _of_process[0] = locale
    _active.set(locale)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Make ``locale`` the active one within a block."""
    known(locale)
    token = _active.set(locale)
    try:
        yield
    finally:
        _active.reset(token)


@cache
def known(locale: str) -> Locale:
    """Return what Babel (the Unicode CLDR) knows of a locale; raises ``InputError`` for one it does not."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise InputError(
            f"there is no locale '{locale}'.{did_you_mean(locale, ['en-GB', 'en-US', *languages()])}",
            where="locale",
            fix="name a language, with a country if wanted: en-GB, en-US, fr, fr-CA, zh-Hans",
        ) from error


def check(locale: str) -> None:
    """Refuse an unknown locale the way a settings model does; raises ``ValueError``."""
    try:
        known(locale)
    except InputError as error:
        raise ValueError(f"{error.problem} {error.fix}") from None


def languages() -> list[str]:
    """Return the languages that have a catalogue beside the English of the code."""
    return sorted(path.stem for path in FOLDER.glob("*.po"))


def message(text: str) -> str:
    """Return ``text`` as it is: marks a constant that is said where it is used, so that catalogues can list it.

    A text that another function says by its name (``say(LABELS[step])``) is found without this mark when the name is
    a constant of a module.
    """
    return text


@cache
def _months(locale: str) -> tuple[str, ...]:
    if locale.split("-")[0] == "en":
        return MONTHS
    return tuple(known(locale).months["format"]["abbreviated"][n] for n in range(1, 13))


def months() -> tuple[str, ...]:
    """Return the short names of the twelve months in the active locale; English has the house's (``Sep``)."""
    return _months(active())


def say(text: str, /, **values: Any) -> str:
    """Return ``text`` in the active language, its ``{names}`` replaced by ``values``.

    >>> say("{n} of {all} on track", n=3, all=9)
    '3 of 9 on track'
    """
    found = catalogue(active()).texts.get(text, text)
    return found.format(**values) if values else found


def plural(n: int, one: str, many: str, /, **values: Any) -> str:
    """Return the form of a text that the count ``n`` takes in the active language; print a count as ``{count}``.

    >>> plural(1, "{count} row", "{count} rows", count="1"), plural(3, "{count} row", "{count} rows", count="3")
    ('1 row', '3 rows')
    """
    found = catalogue(active())
    forms = found.plurals.get((one, many))
    chosen = (one if n == 1 else many) if forms is None else forms[found.number(n)]
    return chosen.format(**values) if values else chosen


@cache
def catalogue(locale: str) -> Catalogue:
    """Return the messages of the language of ``locale``; an empty catalogue for English."""
    file = _file_of(locale)
    if file is None:
        return Catalogue({}, {}, lambda n: 0 if n == 1 else 1)
    from babel.messages.plurals import get_plural
    from babel.messages.pofile import read_po
    from babel.plural import to_python

    with file.open("rb") as handle:
        messages = [m for m in read_po(handle) if m.id and m.string and not m.fuzzy]
    texts = {str(m.id): str(m.string) for m in messages if isinstance(m.id, str)}
    plurals = {
        (str(m.id[0]), str(m.id[1])): tuple(m.string)
        for m in messages
        if isinstance(m.id, (tuple, list)) and isinstance(m.string, (tuple, list)) and all(m.string)
    }
    rule = to_python({"one": known(locale).plural_form.rules.get("one", "n is 1")})
    forms = get_plural(file.stem).num_plurals
    return Catalogue(texts, plurals, lambda n: 0 if forms == 1 or rule(n) == "one" else 1)


def spoken(locale: str) -> str:
    """Return the language that the words of a page are in: the locale if a catalogue serves it, else English."""
    return locale if locale.split("-")[0] == "en" or _file_of(locale) else DEFAULT


# Chinese in traditional characters is not served by the catalogue in simplified ones.
_TRADITIONAL = {"Hant", "TW", "HK", "MO"}


def _file_of(locale: str) -> Path | None:
    """The catalogue of a locale: its own, else its language's in the same script; None for English, the code itself."""
    parts = locale.split("-")
    least = 2 if _TRADITIONAL & set(parts) else 1
    names = ("-".join(parts[:n]) for n in range(len(parts), least - 1, -1))
    return next((path for name in names if (path := FOLDER / f"{name}.po").is_file()), None)
