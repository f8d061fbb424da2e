"""What a metric is, and the register of all of them.

A metric turns the canonical tables into a tidy expression: one row a group, the group's dimensions, the value and how
many records stand behind it. Ratios also carry their numerator and denominator, so that any level above is recomputed
from summed parts and never averaged (C13).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bizops.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import ibis

    from bizops.periods import Period
    from bizops.schema.data import Data

Unit = Literal["money", "rate", "count", "days", "multiple"]
Better = Literal["up", "down", "none"]
Additivity = Literal["additive", "end_of_period", "ratio"]
Function = Callable[..., "ibis.Table"]

METRICS: dict[str, Metric] = {}
"""All metrics by id; filled as the modules of this package are imported."""


@dataclass(frozen=True)
class Metric:
    """A named quantity, callable as ``metric(data, period, by=())``.

    Parameters
    ----------
    id
        Stable id of the metric dictionary (``BKG-01``); a variant adds a word (``BKG-03-VALUE``).
    unit
        ``money`` is in company currency, ``rate`` a fraction, ``multiple`` a factor.
    better
        Direction of good.
    additivity
        ``additive`` over time and groups, ``end_of_period`` over groups only, ``ratio`` over neither.
    definition, source
        The formula in words, and where it comes from.
    policies
        Policies whose other values change the result.
    needs
        Table to the columns without which the metric cannot be computed.
    by
        Dimensions that it can be grouped by.
    unless
        What else keeps the metric from being measured in given data: a sentence, empty where nothing does.
    """

    id: str
    name: str
    unit: Unit
    better: Better
    additivity: Additivity
    definition: str
    source: str
    function: Function
    policies: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    unless: Callable[[Data], str] | None = None

    def __call__(self, data: Data, period: Period, by: Sequence[str] = (), **options: Any) -> ibis.Table:
        """Return ``*by, value, n`` (ratios: ``*by, numerator, denominator, value, n``), one row a group.

        ``value`` is null where it is unknown or its denominator is zero. ``options`` are the function's own.

        Raises
        ------
        InputError
            A table or column that the metric needs is absent, or ``by`` names no dimension of it.
        """
        reason = self.missing(data)
        if reason:
            raise InputError(reason, where=f"metric {self.id}", fix="switch the metric off, or supply what it needs")
        for dimension in by:
            if dimension not in self.by:
                raise InputError(
                    f"cannot be grouped by '{dimension}'.{did_you_mean(dimension, self.by)}",
                    where=f"metric {self.id}",
                    fix=f"choose among {', '.join(self.by) or 'none'}",
                )
        return self.function(data, period, tuple(by), **options)

    def missing(self, data: Data) -> str:
        """Return an empty string, or a sentence that says what the metric lacks: tables, columns or a fitting scope."""
        return data.missing(self.needs) or (self.unless(data) if self.unless else "")


def metric(
    *,
    id: str,
    name: str,
    unit: Unit,
    better: Better,
    additivity: Additivity,
    definition: str,
    source: str,
    policies: tuple[str, ...] = (),
    needs: Mapping[str, tuple[str, ...]] | None = None,
    by: tuple[str, ...] = (),
    unless: Callable[[Data], str] | None = None,
) -> Callable[[Function], Metric]:
    """Register the decorated function as a metric; see `Metric` for the fields."""

    def register(function: Function) -> Metric:
        if id in METRICS:
            raise ValueError(f"metric {id} is registered twice")
        METRICS[id] = Metric(
            id, name, unit, better, additivity, definition, source, function, policies, dict(needs or {}), by, unless
        )
        return METRICS[id]

    return register
