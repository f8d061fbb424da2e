"""The amounts of one chart in words: short beside the marks, in full in the text instead of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bizops import numbers
from bizops.charts.rows import colour
from bizops.errors import InputError, did_you_mean

# Units whose number rests on a sample of n records.
SAMPLED = ("rate", "days")


@dataclass(frozen=True)
class Amounts:
    """How a chart writes its values: their unit, their currency and, for money, the one scale of all its labels."""

    unit: str
    currency: str
    scale: numbers.Scale | None

    @classmethod
    def of(cls, values: Iterable[Any], unit: str, currency: str, id: str) -> Amounts:
        """Return the words for a chart of ``values``; raises ``InputError`` for a unit that is not known."""
        if unit not in numbers.UNITS:
            raise InputError(
                f"there is no unit '{unit}'.{did_you_mean(unit, numbers.UNITS)}",
                where=f"figure {id}",
                fix=f"one of {', '.join(numbers.UNITS)}",
            )
        return cls(unit, currency, numbers.chart_scale(values) if unit == "money" else None)

    @property
    def title(self) -> str:
        """The unit of money for a legend, such as ``EUR k``; empty when the labels say their unit themselves."""
        return self.scale.title(self.currency) if self.scale and (self.scale.name or self.currency) else ""

    def key(self, words: str) -> str:
        """Return ``words`` with the unit of money behind them."""
        return f"{words}, {self.title}" if self.title else words

    def short(self, value: float) -> str:
        """Return a value as a label."""
        return numbers.quantity(value, self.unit, scale=self.scale)

    def gap(self, value: float) -> str:
        """Return a signed difference as a label, of rates in percentage points."""
        return numbers.delta(value, self.unit, scale=self.scale)

    def full(self, value: float) -> str:
        """Return a value as it stands in a sentence."""
        return numbers.quantity(value, self.unit, currency=self.currency)

    def full_gap(self, value: float) -> str:
        """Return a signed difference as it stands in a sentence."""
        return numbers.delta(value, self.unit, currency=self.currency)

    def few(self, n: Any) -> bool:
        """Return whether the value rests on fewer than 20 records, and so is not judged."""
        return self.unit in SAMPLED and not numbers.is_missing(n) and n < numbers.NO_COLOUR_BELOW


def known(values: Iterable[Any]) -> list[float]:
    """Return the values that are there."""
    return [float(v) for v in values if not numbers.is_missing(v)]


def optional(values: Iterable[Any]) -> list[float | None]:
    """Return the values with None for each that is missing."""
    return [None if numbers.is_missing(v) else float(v) for v in values]


def gap_token(gap: float | None, better: str, *, few: bool = False) -> str:
    """Return the token of the words of a difference: by the direction of good, muted where nothing is judged."""
    if gap is None or few or not gap or better == "none":
        return "muted"
    return colour(gap, better)
