"""The only place where numbers and dates become text.

Every function returns a finished string with its unit; nothing is rounded before it comes here. Missing values
(``None``, NaN, infinite, NaT) become ``n/a``. The minus sign is U+2212, a no-break space stands before units, so that
no line break separates a number from what it counts. Rounding is half away from zero on the shortest decimal that
names the float, the way a reader with the full number would round.

Signs, the place of percent and currency, names of scales, dates and unit words are those of the active locale
(`bizops.language`), by the Unicode CLDR; English has the house form throughout. ``raw`` knows no locale.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

from bizops import language
from bizops.language import message, plural, say

NBSP = "\u00a0"
MINUS = "\u2212"
GROUP = ","
NA = "n/a"
UNITS = ("money", "rate", "count", "days", "multiple")
MONTHS = language.MONTHS

# Below this many records a rate is shown as counts only, or without colour (conventions C10).
COUNTS_ONLY_BELOW = 5
NO_COLOUR_BELOW = 20
_DECIMAL_RATE_FROM = 1_000
# Whole floats below this are exact to the unit.
_EXACT = 1e15


@dataclass(frozen=True)
class Scale:
    """A power of ten that a whole table or chart is divided by, its name, and the decimals that all its cells show."""

    factor: float
    name: str
    decimals: int

    def title(self, currency: str = "") -> str:
        """Return the unit for a caption: ``EUR k``."""
        if not currency or not self.name:
            return f"{currency}{self.name}" or say("units")
        return NBSP.join((currency, self.name) if _form().code_first else (self.name, currency))


# Names that an amount's powers of ten go by; a language that is not listed has the house's.
_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "": ((1e9, "bn"), (1e6, "M"), (1e3, "k"), (1.0, "")),
    "fr": ((1e9, "Md"), (1e6, "M"), (1e3, "k"), (1.0, "")),
    "zh": ((1e8, "亿"), (1e4, "万"), (1.0, "")),
}
# Languages whose scale names follow the digits without a space.
_CLOSED_UP = ("zh",)


@dataclass(frozen=True)
class Form:
    """How a locale writes: its signs, its groups of digits, what stands around a percentage, where the currency is."""

    group: str = GROUP
    decimal: str = "."
    grouping: tuple[int, int] = (3, 3)
    percent: tuple[str, str] = ("", f"{NBSP}%")
    code_first: bool = True
    scales: tuple[tuple[float, str], ...] = _SCALES[""]
    before_scale: str = NBSP
    month_first: bool = False


def _form() -> Form:
    return form(language.active())


@cache
def form(locale: str) -> Form:
    """Return how ``locale`` writes numbers; English keeps the house form of percent, scales and months."""
    if locale == language.DEFAULT:
        return Form()
    known = language.known(locale)
    symbols = known.number_symbols.get("latn", known.number_symbols)
    english = known.language == "en"
    before, _, after = known.percent_formats[None].pattern.partition("#")
    return Form(
        symbols["group"],
        symbols["decimal"],
        known.decimal_formats[None].grouping,
        Form().percent if english else (before, after.lstrip("#,0.")),
        known.currency_formats["standard"].pattern.startswith("¤"),
        _SCALES.get(known.language, _SCALES[""]),
        "" if known.language in _CLOSED_UP else NBSP,
        known.datetime_skeletons["yMMMd"].pattern.startswith("M"),
    )


def is_missing(value: Any) -> bool:
    """Return whether ``value`` has no number or date to show."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, (int, float, Decimal)):
        return not math.isfinite(value)
    return _is_numpy_nan(value)


def _is_numpy_nan(value: Any) -> bool:
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return kind == "f" and not math.isfinite(value)


def missing(reason: str = "") -> str:
    """Return ``n/a``, with the reason in brackets when there is one."""
    return say("{missing} ({reason})", missing=say(NA), reason=reason) if reason else say(NA)


def absent(label: str) -> str:
    """Return what a comparison with something that is missing says: ``no plan``, ``no value for prior quarter``."""
    return say("no value for {label}", label=label) if " " in label else say("no {label}", label=label)


def fixed(value: Any, decimals: int = 0, *, signed: bool = False) -> str:
    """Return ``value`` with thousands separated and exactly ``decimals`` decimals; a rounded zero has no sign.

    >>> fixed(-1234.5)
    '−1,235'
    """
    if is_missing(value):
        return say(NA)
    shown = _quantized(_exact(value), decimals)
    return _sign(shown, signed) + _digits(shown, decimals)


def _digits(number: Decimal, decimals: int) -> str:
    """Return the absolute value with the active locale's signs."""
    text, signs = f"{abs(number):,.{decimals}f}", _form()
    if signs.group == "," and signs.decimal == "." and signs.grouping == (3, 3):
        return text
    whole, _, part = text.partition(".")
    if signs.grouping != (3, 3):
        whole = _grouped(whole.replace(",", ""), *signs.grouping)
    whole = whole.replace(",", signs.group)
    return f"{whole}{signs.decimal}{part}" if part else whole


def _grouped(digits: str, last: int, others: int) -> str:
    """Return digits in groups of ``others`` before a last group: ``12,34,567`` where people count in lakhs."""
    head, tail = digits[:-last], digits[-last:]
    groups = [head[max(end - others, 0) : end] for end in range(len(head), 0, -others)]
    return ",".join([*reversed(groups), tail])


def _quantized(exact: Decimal, decimals: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _exact(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))


def _sign(number: Decimal, signed: bool) -> str:
    if number < 0:
        return MINUS
    return "+" if signed and number > 0 else ""


def significant(value: float, digits: int = 3) -> Decimal:
    """Return ``value`` rounded to ``digits`` significant digits."""
    exact = _exact(value)
    if not exact:
        return Decimal(0)
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), rounding=ROUND_HALF_UP)


def table_scale(values: Iterable[Any]) -> Scale:
    """Return the scale of a table's money: the full value to the thousand, four to eight digits for the largest.

    Amounts below 100,000 are shown in units, below 100 million in thousands, below 100 billion in millions; a largest
    amount of fewer than four digits gets one decimal.
    """
    largest = max((abs(float(v)) for v in values if not is_missing(v)), default=0.0)
    factor, name = next(((f, n) for f, n in _form().scales if largest >= 100 * f and f > 1), (1.0, ""))
    return Scale(factor, name, 1 if factor > 1 and largest < 1000 * factor else 0)


def chart_scale(values: Iterable[Any]) -> Scale:
    """Return the scale of a chart's labels: three digits for the largest, a fourth where smaller ones need it.

    Three decimals of millions are whole thousands, and are named so.
    """
    scales = _form().scales
    sizes = [abs(float(v)) for v in values if not is_missing(v) and float(v)]
    if not sizes:
        return Scale(1.0, "", 0)
    largest = float(significant(max(sizes)))
    factor, name = next((f, n) for f, n in (*scales, (0.0, "")) if largest >= f)
    factor = factor or 1.0
    whole = math.floor(math.log10(largest / factor)) + 1
    wanted = 2 - math.floor(math.log10(float(significant(min(sizes))) / factor))
    if factor == 1.0 and all(float(s).is_integer() for s in sizes):
        return Scale(factor, name, 0)
    places = max(0, min(max(wanted, 3 - whole), 4 - whole))
    if places == 3 and factor > 1.0:
        factor, name = scales[[f for f, _ in scales].index(factor) + 1]
        places = 0
    return Scale(factor, name, places)


def money(value: Any, currency: str = "", scale: Scale | None = None, *, signed: bool = False) -> str:
    """Return an amount for prose and cards (``EUR 4.41 M``, three significant digits), or one cell in a scale.

    With ``scale`` only the scaled number is returned; unit and currency stand in the caption.

    >>> money(4_412_345, "EUR").replace(NBSP, " ")
    'EUR 4.41 M'
    """
    if is_missing(value):
        return say(NA)
    if scale is not None:
        return fixed(_exact(value) / Decimal(scale.factor), scale.decimals, signed=signed)
    rounded = significant(value)
    factor, name = next(((f, n) for f, n in _form().scales if abs(rounded) >= f), (1.0, ""))
    scaled = rounded / Decimal(factor)
    whole = not name and scaled == scaled.to_integral_value()
    places = 0 if whole else max(0, 2 - scaled.adjusted())
    return _amount(_sign(scaled, signed) + _digits(scaled, places), name, currency)


def _amount(text: str, name: str, currency: str) -> str:
    """Return written digits with the name of their scale and the currency's code, where the locale puts it."""
    signs = _form()
    scaled = f"{text}{signs.before_scale}{name}" if name else text
    if not currency:
        return scaled
    return f"{currency}{NBSP}{scaled}" if signs.code_first else f"{scaled}{NBSP}{currency}"


def percent(fraction: Any, n: int | None = None, *, decimals: int | None = None, signed: bool = False) -> str:
    """Return a fraction as percent, with one decimal from 1,000 records on and for shares of money (``n`` None).

    A fraction that is neither 0 nor 1 is never printed as 0 % or 100 % for want of a decimal.

    >>> percent(31 / 163, 163).replace(NBSP, " ")
    '19 %'
    """
    return say(NA) if is_missing(fraction) else _in_unit(_percentage(fraction, n, decimals, signed), "rate")


def _percentage(fraction: Any, n: int | None, decimals: int | None, signed: bool) -> str:
    places = decimals if decimals is not None else int(n is None or n >= _DECIMAL_RATE_FROM)
    text = fixed(hundredfold(fraction), places, signed=signed)
    if decimals is None and places == 0 and fraction not in (0, 1) and text.lstrip("+" + MINUS) in ("0", "100"):
        text = fixed(hundredfold(fraction), 1, signed=signed)
    return text


_UNIT_WORDS = {"points": message("{n} pp"), "multiple": message("{n}×")}


def _in_unit(text: str, unit: str) -> str:
    """Return written digits, or a range of them, with their unit; no line breaks between the two."""
    if unit == "rate":
        before, after = _form().percent
        return f"{before}{text}{after}"
    if unit == "count":
        return text
    if unit == "days":
        bare = text.lstrip("+" + MINUS)
        found = plural(int(bare) if bare.isascii() and bare.isdigit() else 2, "{n} day", "{n} days", n=text)
    else:
        found = say(_UNIT_WORDS[unit], n=text)
    return found.replace(" ", NBSP)


def hundredfold(fraction: Any) -> Decimal | None:
    """Return a fraction times 100 without the noise of binary arithmetic, None when missing."""
    return None if is_missing(fraction) else _exact(fraction) * 100


def rounded(value: Any, factor: float = 1.0, decimals: int = 0) -> Decimal:
    """Return the number that ``fixed`` would print for ``value / factor``."""
    return _quantized(_exact(value) / Decimal(factor), decimals)


def points(difference: Any, *, decimals: int = 1, signed: bool = True) -> str:
    """Return the difference of two fractions in percentage points: ``−6.2 pp``."""
    shown = fixed(hundredfold(difference), decimals, signed=signed)
    return shown if is_missing(difference) else _in_unit(shown, "points")


def multiple(value: Any, *, signed: bool = False) -> str:
    """Return a ratio with one decimal: ``2.6×``."""
    return say(NA) if is_missing(value) else _in_unit(fixed(value, 1, signed=signed), "multiple")


def count(value: Any, *, signed: bool = False) -> str:
    """Return a whole number with thousands separated: ``1,234``."""
    return fixed(value, 0, signed=signed)


def days(value: Any, *, decimals: int = 0, signed: bool = False) -> str:
    """Return a duration: ``41 days``."""
    return say(NA) if is_missing(value) else _in_unit(fixed(value, decimals, signed=signed), "days")


def suppressed(below: int = COUNTS_ONLY_BELOW) -> str:
    """Return what stands for a count too small to show: ``‹5``."""
    return f"‹{below}"


def share(k: int, n: int) -> str:
    """Return a rate with its records: ``19 % (31 of 163)``; counts alone when n is below 5."""
    records = of(k, n)
    return records if n < COUNTS_ONLY_BELOW else say("{rate} ({records})", rate=percent(k / n, n), records=records)


def of(k: Any, n: Any) -> str:
    """Return counted records of all: ``31 of 163``."""
    return say("{k} of {n}", k=count(k), n=count(n))


def quantity(value: Any, unit: str, *, currency: str = "", n: int | None = None, scale: Scale | None = None) -> str:
    """Return a value by the unit of its metric (``money``, ``rate``, ``count``, ``days``, ``multiple``)."""
    if unit == "money":
        return money(value, currency, scale)
    if unit == "rate":
        return percent(value, n)
    return {"count": count, "days": days, "multiple": multiple}[unit](value)


def delta(value: Any, unit: str, *, currency: str = "", scale: Scale | None = None, signed: bool = True) -> str:
    """Return a difference by the unit of its metric, with sign: rates in percentage points, all else in the unit."""
    if unit == "money":
        return money(value, currency, scale, signed=signed)
    if unit == "rate":
        return points(value, signed=signed)
    return {"count": count, "days": days, "multiple": multiple}[unit](value, signed=signed)


def change(actual: Any, reference: Any) -> float | None:
    """Return (actual − reference) / reference, or None when the reference is missing, zero or negative (C09)."""
    if is_missing(actual) or is_missing(reference) or reference <= 0:
        return None
    return (float(actual) - float(reference)) / float(reference)


def interval(lower: Any, upper: Any, unit: str, *, currency: str = "", n: int | None = None) -> str:
    """Return a range with its unit once: ``14–26 %``, ``EUR 4.60–5.70 M``; with "to" when a bound is negative."""
    if is_missing(lower) or is_missing(upper):
        return say(NA)
    low, high = (quantity(v, unit, currency=currency, n=n) for v in (lower, upper))
    if MINUS in low + high:
        return say("{low} to {high}", low=low, high=high)
    if unit == "money":
        scale = _prose_scale(upper)
        return _amount(f"{money(lower, scale=scale)}–{money(upper, scale=scale)}", scale.name, currency)
    if unit == "rate":
        return _in_unit("–".join(_percentage(v, n, None, False) for v in (lower, upper)), unit)
    return _in_unit("–".join(fixed(v, int(unit == "multiple")) for v in (lower, upper)), unit)


def _prose_scale(value: float) -> Scale:
    rounded = abs(float(significant(value)))
    factor, name = next(((f, n) for f, n in _form().scales if rounded >= f), (1.0, ""))
    whole = math.floor(math.log10(rounded / factor)) + 1 if rounded else 1
    return Scale(factor, name, max(0, 3 - whole) if name else 0)


def day(date: dt.date | dt.datetime | None) -> str:
    """Return a date for text, in the calendar it already has: ``2 Oct 2026``.

    >>> day(dt.date(2026, 10, 2)).replace(NBSP, " ")
    '2 Oct 2026'
    """
    if date is None or is_missing(date):
        return say(NA)
    locale = language.active()
    return _day(date.year, date.month, date.day, locale).replace(" ", NBSP)


@lru_cache(maxsize=4096)
def _day(year: int, month: int, day: int, locale: str) -> str:
    if locale.split("-")[0] == "en":
        return f"{MONTHS[month - 1]} {day}, {year}" if form(locale).month_first else f"{day} {MONTHS[month - 1]} {year}"
    known = language.known(locale)
    return str(known.datetime_skeletons["yMMMd"].apply(dt.date(year, month, day), known))


def raw(value: Any) -> str:
    """Return a value at full precision for data attributes and files: plain digits, ISO dates, "" when missing."""
    if is_missing(value):
        return ""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (int, float)) or hasattr(value, "dtype"):
        plain = value.item() if hasattr(value, "item") else value
        whole = isinstance(plain, int) or (float(plain).is_integer() and abs(plain) < _EXACT)
        return str(int(plain)) if whole else repr(float(plain))
    return str(value)
