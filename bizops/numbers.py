"""The only place where numbers and dates become text.

Every function returns a finished string with its unit; nothing is rounded before it comes here. Missing values
(``None``, NaN, infinite, NaT) become ``n/a``. The minus sign is U+2212, a no-break space stands before units, so that
no line break separates a number from what it counts. Rounding is half away from zero on the shortest decimal that
names the float, the way a reader with the full number would round.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

NBSP = "\u00a0"
MINUS = "\u2212"
GROUP = ","
NA = "n/a"
UNITS = ("money", "rate", "count", "days", "multiple")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

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
        return f"{currency}{NBSP if currency and self.name else ''}{self.name}" or "units"


_SCALES = ((1e9, "bn"), (1e6, "M"), (1e3, "k"), (1.0, ""))


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
    return f"{NA} ({reason})" if reason else NA


def absent(label: str) -> str:
    """Return what a comparison with something that is missing says: ``no plan``, ``no value for prior quarter``."""
    return f"no value for {label}" if " " in label else f"no {label}"


def fixed(value: Any, decimals: int = 0, *, signed: bool = False) -> str:
    """Return ``value`` with thousands separated and exactly ``decimals`` decimals; a rounded zero has no sign.

    >>> fixed(-1234.5)
    '−1,235'
    """
    if is_missing(value):
        return NA
    shown = _quantized(_exact(value), decimals)
    return _sign(shown, signed) + f"{abs(shown):,.{decimals}f}".replace(",", GROUP)


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
    factor, name = next(((f, n) for f, n in _SCALES if largest >= 100 * f and f > 1), (1.0, ""))
    return Scale(factor, name, 1 if factor > 1 and largest < 1000 * factor else 0)


def chart_scale(values: Iterable[Any]) -> Scale:
    """Return the scale of a chart's labels: three digits for the largest, a fourth where smaller ones need it.

    Three decimals of millions are whole thousands, and are named so.
    """
    sizes = [abs(float(v)) for v in values if not is_missing(v) and float(v)]
    if not sizes:
        return Scale(1.0, "", 0)
    largest = float(significant(max(sizes)))
    factor, name = next((f, n) for f, n in (*_SCALES, (0.0, "")) if largest >= f)
    factor = factor or 1.0
    whole = math.floor(math.log10(largest / factor)) + 1
    wanted = 2 - math.floor(math.log10(float(significant(min(sizes))) / factor))
    if factor == 1.0 and all(float(s).is_integer() for s in sizes):
        return Scale(factor, name, 0)
    places = max(0, min(max(wanted, 3 - whole), 4 - whole))
    if places == 3 and factor > 1.0:
        factor, name = _SCALES[[f for f, _ in _SCALES].index(factor) + 1]
        places = 0
    return Scale(factor, name, places)


def money(value: Any, currency: str = "", scale: Scale | None = None, *, signed: bool = False) -> str:
    """Return an amount for prose and cards (``EUR 4.41 M``, three significant digits), or one cell in a scale.

    With ``scale`` only the scaled number is returned; unit and currency stand in the caption.

    >>> money(4_412_345, "EUR").replace(NBSP, " ")
    'EUR 4.41 M'
    """
    if is_missing(value):
        return NA
    if scale is not None:
        return fixed(_exact(value) / Decimal(scale.factor), scale.decimals, signed=signed)
    rounded = significant(value)
    factor, name = next(((f, n) for f, n in _SCALES if abs(rounded) >= f), (1.0, ""))
    scaled = rounded / Decimal(factor)
    whole = not name and scaled == scaled.to_integral_value()
    places = 0 if whole else max(0, 2 - scaled.adjusted())
    text = _sign(scaled, signed) + f"{abs(scaled):,.{places}f}".replace(",", GROUP)
    return (f"{currency}{NBSP}" if currency else "") + text + (f"{NBSP}{name}" if name else "")


def percent(fraction: Any, n: int | None = None, *, decimals: int | None = None, signed: bool = False) -> str:
    """Return a fraction as percent, with one decimal from 1,000 records on and for shares of money (``n`` None).

    A fraction that is neither 0 nor 1 is never printed as 0 % or 100 % for want of a decimal.

    >>> percent(31 / 163, 163).replace(NBSP, " ")
    '19 %'
    """
    if is_missing(fraction):
        return NA
    places = decimals if decimals is not None else int(n is None or n >= _DECIMAL_RATE_FROM)
    text = fixed(hundredfold(fraction), places, signed=signed)
    if decimals is None and places == 0 and fraction not in (0, 1) and text.lstrip("+" + MINUS) in ("0", "100"):
        text = fixed(hundredfold(fraction), 1, signed=signed)
    return f"{text}{NBSP}%"


def hundredfold(fraction: Any) -> Decimal | None:
    """Return a fraction times 100 without the noise of binary arithmetic, None when missing."""
    return None if is_missing(fraction) else _exact(fraction) * 100


def rounded(value: Any, factor: float = 1.0, decimals: int = 0) -> Decimal:
    """Return the number that ``fixed`` would print for ``value / factor``."""
    return _quantized(_exact(value) / Decimal(factor), decimals)


def points(difference: Any, *, decimals: int = 1, signed: bool = True) -> str:
    """Return the difference of two fractions in percentage points: ``−6.2 pp``."""
    return NA if is_missing(difference) else f"{fixed(hundredfold(difference), decimals, signed=signed)}{NBSP}pp"


def multiple(value: Any, *, signed: bool = False) -> str:
    """Return a ratio with one decimal: ``2.6×``."""
    return NA if is_missing(value) else f"{fixed(value, 1, signed=signed)}×"


def count(value: Any, *, signed: bool = False) -> str:
    """Return a whole number with thousands separated: ``1,234``."""
    return fixed(value, 0, signed=signed)


def days(value: Any, *, decimals: int = 0, signed: bool = False) -> str:
    """Return a duration: ``41 days``."""
    if is_missing(value):
        return NA
    text = fixed(value, decimals, signed=signed)
    return f"{text}{NBSP}{'day' if text.lstrip('+' + MINUS) == '1' else 'days'}"


def suppressed(below: int = COUNTS_ONLY_BELOW) -> str:
    """Return what stands for a count too small to show: ``‹5``."""
    return f"‹{below}"


def share(k: int, n: int) -> str:
    """Return a rate with its records: ``19 % (31 of 163)``; counts alone when n is below 5."""
    records = f"{count(k)} of {count(n)}"
    return records if n < COUNTS_ONLY_BELOW else f"{percent(k / n, n)} ({records})"


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
        return NA
    low, high = (quantity(v, unit, currency=currency, n=n) for v in (lower, upper))
    if MINUS in low + high:
        return f"{low} to {high}"
    if unit == "money":
        scale = _prose_scale(upper)
        unit_name = f"{NBSP}{scale.name}" if scale.name else ""
        prefix = f"{currency}{NBSP}" if currency else ""
        return f"{prefix}{money(lower, scale=scale)}–{money(upper, scale=scale)}{unit_name}"
    tail = {"rate": f"{NBSP}%", "days": f"{NBSP}days", "multiple": "×", "count": ""}[unit]
    return f"{low.removesuffix(tail).removesuffix(f'{NBSP}day')}–{high.removesuffix(tail)}{tail}"


def _prose_scale(value: float) -> Scale:
    rounded = abs(float(significant(value)))
    factor, name = next(((f, n) for f, n in _SCALES if rounded >= f), (1.0, ""))
    whole = math.floor(math.log10(rounded / factor)) + 1 if rounded else 1
    return Scale(factor, name, max(0, 3 - whole) if name else 0)


def day(date: dt.date | dt.datetime | None) -> str:
    """Return a date for text, in the calendar it already has: ``2 Oct 2026``.

    >>> day(dt.date(2026, 10, 2)).replace(NBSP, " ")
    '2 Oct 2026'
    """
    return NA if date is None or is_missing(date) else f"{date.day}{NBSP}{MONTHS[date.month - 1]}{NBSP}{date.year}"


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
