"""Invented names. Nobody of these people exists; domains end in .example and e-mail addresses in example.com."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa

from bizops.sources.demo.days import Numbers


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Ada Aino Alba Anouk Arne Beata Bruno Carla Cillian Dario Edda Elif Emrik Enzo Freya Gitte Hanne Hugo Ines Iva "
    "Jonas Jürgen Kaisa Lars Leonor Liv Luca Maeve Malte Marit Mateo Mira Nadja Nils Noor Oona Pilar Rafael Romy Rui "
    "Saoirse Selma Søren Tarek Thea Tilda Vito Yara Zoë"
)
_LAST = _words(
    "Achterberg Almgren Amarante Bellini Birkholz Brannock Castane Corvino Dahlquist Darrow Eklund Esparza "
    "Fallon Feldkamp Ferrante Gallen Grimstad Haldane Hartwig Ibarra Isaksen Jansohn Kallio Kestrel Köhlmann "
    "Lacroix Lindqvist Lombardo Marchetti Mellgren Moravec Norling Nygård Oakden Oliveto Pallister Pereda "
    "Quintela Rasmus Renshaw Rosendal Sandoval Severin Silvano Solberg Tanning Teixido Tolland Ulriksen "
    "Valente Vandermeer Varela Wexley Winterhalt Zuber"
)

_HEAD = _words(
    "Al An Ar Bel Bor Bren Cal Cor Dal Dor El Er Fal Fen Gal Gor Hal Hol Il Jor Kal Kel Lan Lor Mal Mer Nal Nor Or Pel "
    "Ral Ros Sal Sol Tal Tor Ul Val Ver Zel"
)
_MIDDLE = _words("a e i o u ame ani are avi edo ela eni ero ila imo ino ira oba ole ona ora umi una uro")
_TAIL = _words(
    "berg bria cast dane den dor dra fels ford gard gen ham holt kamp land lin lund mar mark mont nau nes nova quin "
    "rak ria rin ros sen stad tal tek tis vale ven vik vor wick xa zen"
)
_TRADES = (
    ("Tooling", "Components", "Precision", "Castings", "Machines"),
    ("Advisory", "Partners", "Consulting", "Services", "Audit"),
    ("Stores", "Retail", "Home", "Outlets", "Market"),
    ("Logistics", "Freight", "Cargo", "Shipping", "Lines"),
    ("Clinics", "Diagnostics", "Care", "Health", "Labs"),
    ("Utilities", "Municipal", "Transit", "Water", "Housing"),
)
_LEGAL = (("GmbH", "AG", "GmbH"), ("Ltd", "Limited"), ("AB", "ApS", "AS", "Oy"), ("S.L.", "S.p.A.", "Lda", "SA"))

_PERSONS = len(_FIRST) * len(_LAST)
_STEMS = len(_HEAD) * len(_MIDDLE) * len(_TAIL)


def person_names(numbers: Numbers) -> pa.Array:
    """Return a full name for each person number."""
    return pa.array([_person(int(n)) for n in numbers], pa.string())


def person_emails(numbers: Numbers) -> pa.Array:
    """Return an address for each person number; unique."""
    return pa.array([f"{_plain(_person(int(n))).replace(' ', '.')}.{n}@example.com" for n in numbers], pa.string())


def _person(number: int) -> str:
    place = number * 1009 % _PERSONS
    return f"{_FIRST[place % len(_FIRST)]} {_LAST[place // len(_FIRST)]}"


@cache
def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.replace("ø", "o"))
    return decomposed.encode("ascii", "ignore").decode().lower()


def company_names(numbers: Numbers, region: Numbers, country: Numbers, industry: Numbers) -> pa.Array:
    """Return a company name for each account number, with a trade of its industry and a legal form of its country."""
    return pa.array(
        [
            f"{_stem(n)} {_TRADES[i][n % 5]} {_LEGAL[r][c]}"
            for n, r, c, i in zip(*(column.tolist() for column in (numbers, region, country, industry)), strict=True)
        ],
        pa.string(),
    )


def company_domains(numbers: Numbers) -> pa.Array:
    """Return a domain for each account number; unique."""
    return pa.array([f"{_stem(n).lower().replace(' ', '-')}.example" for n in numbers.tolist()], pa.string())


def _stem(number: int) -> str:
    place = number * 7919 % _STEMS
    head, rest = place % len(_HEAD), place // len(_HEAD)
    stem = _HEAD[head] + _MIDDLE[rest % len(_MIDDLE)] + _TAIL[rest // len(_MIDDLE)]
    return stem if number < _STEMS else f"{stem} {number // _STEMS + 1}"


def salesforce_ids(numbers: Numbers) -> pa.Array:
    """Return an 18-character id for each account number, as the vendor's interface gives them."""
    letters = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    digits = letters[(numbers[:, None] // 62 ** np.arange(5, -1, -1)) % 62]
    return pa.array([_checked("001d00000" + "".join(row)) for row in digits.tolist()], pa.string())


def _checked(short: str) -> str:
    """Return a 15-character id with its three check characters, which tell upper from lower case."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (short[i : i + 5] for i in (0, 5, 10))
    return short + "".join(alphabet[sum(c.isupper() << i for i, c in enumerate(chunk))] for chunk in chunks)
