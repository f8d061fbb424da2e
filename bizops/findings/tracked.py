"""The values that later runs compare themselves with: every measure, for the period and closed periods before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import escape

from bizops import numbers
from bizops.errors import InputError
from bizops.findings.wire import Displayable
from bizops.language import plural, say


@dataclass(frozen=True)
class TrackedValue:
    """One measure in one period. ``value`` is in ``unit`` (rates as fractions), None where it is not measurable.

    ``period`` is the key of the whole period ("2026Q3"), ``is_closed`` whether it had ended at ``as_of``; ``n`` the
    records behind the value, ``scope`` what it is cut to ("company", "region Nordics").
    """

    metric: str
    label: str
    unit: str
    period: str
    period_label: str
    is_closed: bool
    value: float | None
    n: int | None = None
    better: str = "none"
    currency: str = ""
    scope: str = "company"


@dataclass(frozen=True)
class Tracked(Displayable):
    """The values of a run by measure and period; in a notebook a small table, on no page, always in findings.json.

    Raises ``InputError`` when a measure has two values for one period.
    """

    values: tuple[TrackedValue, ...]

    kind: ClassVar[str] = "tracked"

    def __post_init__(self) -> None:
        seen: set[tuple[str, str, str]] = set()
        for v in self.values:
            key = (v.metric, v.period, v.scope)
            if key in seen:
                raise InputError(f"{v.metric} has two values for {v.period}", where="tracked values")
            seen.add(key)

    @property
    def periods(self) -> list[str]:
        """The labels of the periods, in the order of their values."""
        return list(dict.fromkeys(v.period_label for v in self.values))

    def html(self) -> str:
        """Return a table with a row a measure and a column a period."""
        names = dict.fromkeys((v.metric, v.label) for v in self.values)
        cells = {(v.metric, v.period_label): v for v in self.values}
        head = "".join(f'<th scope="col">{escape(p)}</th>' for p in self.periods)
        rows = "".join(
            f'<tr><th scope="row">{escape(label)}</th>'
            + "".join(f"<td>{escape(_shown(cells.get((metric, p))))}</td>" for p in self.periods)
            + "</tr>"
            for metric, label in names
        )
        return (
            '<div class="scroll" role="region" tabindex="0" aria-labelledby="tracked-c"><table id="tracked">'
            f'<caption id="tracked-c">{escape(self.text())}</caption>'
            f'<thead><tr><th scope="col" class="t">{escape(say("Measure"))}</th>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )

    def text(self) -> str:
        """Return how many values there are, and what for."""
        n = len(self.values)
        told = plural(n, "{count} value", "{count} values", count=numbers.count(n))
        return say("{values} that later runs compare themselves with", values=told)


def _shown(value: TrackedValue | None) -> str:
    if value is None:
        return numbers.missing()
    return numbers.quantity(value.value, value.unit, currency=value.currency, n=value.n)
