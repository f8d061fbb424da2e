"""What a report works with once its data are open: the period, what it is compared with, and numbers by metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

import pandas as pd

from bizops import language
from bizops.annotations import Annotation, annotations_beside, read_annotations
from bizops.company import Company, company_file
from bizops.findings import Finding
from bizops.language import say
from bizops.metrics.losses import first_close, first_ended_line
from bizops.metrics.registry import Metric
from bizops.periods import Calendar, Period
from bizops.reports.base import Report, ReportParams, company_of
from bizops.schema.data import Data, Scope
from bizops.sources import open_data

_T = TypeVar("_T")


@dataclass(frozen=True)
class Context:
    """The opened data of one run, cut to its scope, with the periods that it speaks of.

    ``window`` is the period or, while it is in flight, the part of it that has passed; ``prior`` and ``last_year`` are
    the comparison periods cut to the same share (C04), so that a running quarter is never held against a whole one.
    ``annotations`` are the dated events up to `as_of` that concern the scope, for charts over time.
    """

    report: Report
    params: ReportParams
    company: Company
    data: Data
    calendar: Calendar
    period: Period
    window: Period
    prior: Period
    last_year: Period
    annotations: tuple[Annotation, ...] = ()
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def as_of(self) -> date:
        """The day at whose end everything here is true."""
        return self.data.as_of_date

    @property
    def in_flight(self) -> bool:
        """Whether the period has not ended by `as_of`."""
        return not self.period.is_complete(self.as_of)

    @property
    def currency(self) -> str:
        """The reporting currency."""
        return self.company.currency

    @property
    def elapsed_share(self) -> float:
        """The share of the period's days that has passed (1.0 when complete)."""
        return self.window.days / self.period.days

    def alike(self, period: Period) -> Period:
        """Return another period cut to the same elapsed share as this one's window."""
        return period.first_days(round(period.days * self.elapsed_share)) if self.in_flight else period

    @property
    def whole_company(self) -> Context:
        """The same context without its scope: shares that hold for everybody are taken from it."""
        return self.once("whole company", lambda: replace(self, data=self.data.within(Scope()), _memo={}))

    def whole_months(self, period: Period) -> Period | None:
        """Return another period cut to as many whole months as have passed of this one's; None where none has.

        ARR moves by months; a month that runs is not a month.
        """
        whole = self.calendar.containing(period.kind, period.start)
        months = self.calendar.months(whole)
        passed = sum(m.is_complete(self.as_of) for m in self.calendar.months(self.period))
        if passed >= len(months) or not self.in_flight:
            return whole
        if not passed:
            return None
        told = {"period": whole.short, "n": passed, "all": len(months)}
        return replace(whole, end=months[passed - 1].end, label=say("{period}, first {n} of {all} months", **told))

    def frame(self, metric: Metric, period: Period | None = None, by: Sequence[str] = ()) -> pd.DataFrame:
        """Return a metric's small result for ``period`` (default: the window), one row a combination of ``by``."""
        when = period or self.window
        key = ("frame", metric.id, when, tuple(by))
        found: pd.DataFrame = self.once(key, lambda: _in_order(self.expression(metric, when, by).to_pandas(), by))
        return found

    def expression(self, metric: Metric, period: Period | None = None, by: Sequence[str] = ()) -> Any:
        """Return the expression of a metric for ``period`` (default: the window): what `frame` has computed."""
        when = period or self.window
        return self.once(("expression", metric.id, when, tuple(by)), lambda: metric(self.data, when, by))

    def once(self, key: Any, build: Callable[[], _T]) -> _T:
        """Return what ``build`` makes, made once in this context: sections share their numbers."""
        if key not in self._memo:
            self._memo[key] = build()
        found: _T = self._memo[key]
        return found

    def row(self, metric: Metric, period: Period | None = None) -> dict[str, Any]:
        """Return a metric's total as a mapping; missing values are None."""
        frame = self.frame(metric, period)
        record = frame.iloc[0].to_dict() if len(frame) else {"value": None, "n": 0}
        return {str(k): None if pd.isna(v) else v for k, v in record.items()}

    def value(self, metric: Metric, period: Period | None = None) -> float | None:
        """Return a metric's total, or None when it is not defined."""
        found = self.row(metric, period).get("value")
        return None if found is None else float(found)

    def covers(self, period: Period) -> bool:
        """Whether the source's closed deals reach back to the start of ``period``.

        A first deal within the first tenth of the days counts as the start: a quiet first week is no gap, while a
        quarter of which the source holds only the last month would be compared as if it were small.
        """
        first = self.once("first close", lambda: first_close(self.data))
        return first is not None and first < period.start + timedelta(days=max(period.days // 10, 1))

    def covers_service(self, start: date) -> bool:
        """Whether the source's subscriptions are whole since ``start``: since the first closed deal or ended line."""

        def begins() -> date:
            return min((d for d in (first_close(self.data), first_ended_line(self.data)) if d), default=date.max)

        return self.once("service begins", begins) <= start + timedelta(days=31)

    def off(self, section: str) -> str:
        """Return why a section of the report is switched off, or an empty string."""
        return next(s.off(self.data) for s in self.report.sections if s.id == section)


def _in_order(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return rows in the order of their names: an engine gives them in any, and sums of floats depend on it."""
    return frame.sort_values(list(by), ignore_index=True) if by else frame


def open_context(report: Report, params: ReportParams, scope: Scope) -> Context:
    """Open the data that ``params`` name and return the context of the report, cut to ``scope``.

    From here on the session speaks the locale of the parameters, or the company's.
    """
    company = company_of(params)
    language.use(params.locale or company.locale)
    data = open_data(company, params.as_of).within(scope)
    calendar = data.calendar
    period = params.in_calendar(calendar, data.as_of_date)
    elapsed = period.elapsed(data.as_of_date)
    window = period.first_days(elapsed)
    whole = Context(report, params, company, data, calendar, period, window, period, period)
    prior, last_year = (whole.alike(p) for p in (calendar.shift(period, -1), calendar.same_last_year(period)))
    told = read_annotations(annotations_beside(company_file(params.company)), data.as_of_date)
    events = tuple(a for a in told if a.concerns(scope.level, scope.member))
    return replace(whole, prior=prior, last_year=last_year, annotations=events)


def headline_of(finding: Finding) -> str:
    """Return a finding's sentence as a headline: without its full stop."""
    return finding.sentence.rstrip(".。")
