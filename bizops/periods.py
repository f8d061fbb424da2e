"""Fiscal calendars, time zones and business days: the only place that knows them.

Periods are half-open, ``[start, end)``, and made of local days of the company's time zone (C01). A fiscal year is named
by the calendar year in which it ends. With a week scheme (4-4-5 and its siblings) a year has 52 or 53 whole weeks,
starts on the Monday nearest to the first day of its first month, and its last month takes the 53rd week.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal

import pandas as pd

from bizops.company import Company
from bizops.errors import InputError
from bizops.language import months, say

Kind = Literal["year", "quarter", "month", "week"]
_FORMS = "2026Q3, FY2026, 2026-07, 2026W31, last, current, last year, current month"


@dataclass(frozen=True, order=True)
class Period:
    """A fiscal year, quarter, month or week: local days from ``start`` up to, not including, ``end``.

    ``key`` is what a parameter says (``2026Q3``); ``label`` is what a page prints (``Q3 FY26 (Jul–Sep 2026)``).
    """

    start: date
    end: date
    kind: Kind
    key: str
    label: str

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day that belongs to the period."""
        return self.end - timedelta(days=1)

    @property
    def short(self) -> str:
        """The label without its months (``Q3 FY26``)."""
        return self.label.split(" (")[0]

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def is_complete(self, as_of: date) -> bool:
        """Whether the whole period has passed by the end of day ``as_of``."""
        return self.end <= as_of + timedelta(days=1)

    def elapsed(self, as_of: date) -> int:
        """Days of the period that have passed by the end of day ``as_of`` (0 to `days`)."""
        return min(max((as_of - self.start).days + 1, 0), self.days)

    def first_days(self, n: int) -> Period:
        """Return the period cut to its first ``n`` days (label says so); the whole period if ``n`` covers it."""
        if n >= self.days:
            return self
        label = say("{period}, first {n} days", period=self.short, n=n)
        return Period(self.start, self.start + timedelta(days=n), self.kind, self.key, label)


def _shift_month(year: int, month: int, by: int) -> tuple[int, int]:
    index = year * 12 + (month - 1) + by
    return index // 12, index % 12 + 1


def _nearest_monday(day: date) -> date:
    back = day.weekday()
    return day - timedelta(days=back) if back <= 3 else day + timedelta(days=7 - back)


class Calendar:
    """The fiscal calendar of a company: names to periods, periods to neighbours, instants to local days."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.zone = company.zone

    # -- years, quarters, months, weeks ------------------------------------------------------------------------------

    def year(self, number: int) -> Period:
        """Return the fiscal year that ends in calendar year ``number``."""
        start, end = self._year_start(number), self._year_start(number + 1)
        label = say("FY{year}", year=f"{number % 100:02d}") + _span(start, end)
        return Period(start, end, "year", f"FY{number}", label)

    def quarter(self, year: int, number: int) -> Period:
        """Return quarter 1 to 4 of a fiscal year."""
        start, end = self._month_starts(year)[3 * (number - 1)], self._month_starts(year)[3 * number]
        label = say("Q{number} FY{year}", number=number, year=f"{year % 100:02d}") + _span(start, end)
        return Period(start, end, "quarter", f"{year}Q{number}", label)

    def month(self, year: int, number: int) -> Period:
        """Return month 1 to 12 of a fiscal year; its key is ``FY2026M03``, or the calendar month where both agree."""
        start, end = self._month_starts(year)[number - 1], self._month_starts(year)[number]
        if self.company.week_scheme == "iso":
            return Period(start, end, "month", f"{start:%Y-%m}", _month(start))
        label = say("Month {number} FY{year}", number=number, year=f"{year % 100:02d}") + _span(start, end)
        return Period(start, end, "month", f"FY{year}M{number:02d}", label)

    def week(self, day: date) -> Period:
        """Return the week from Monday that holds ``day``, named by its ISO number or its number in the fiscal year."""
        start = day - timedelta(days=day.weekday())
        if self.company.week_scheme == "iso":
            year, number, _ = start.isocalendar()
        else:
            year = self._year_of(start)
            number = (start - self._year_start(year)).days // 7 + 1
        label = say("Week {number} {year}", number=number, year=year)
        return Period(start, start + timedelta(days=7), "week", f"{year}W{number:02d}", label)

    def containing(self, kind: Kind, day: date) -> Period:
        """Return the period of ``kind`` that holds ``day``."""
        if kind == "week":
            return self.week(day)
        year = self._year_of(day)
        if kind == "year":
            return self.year(year)
        if kind == "quarter":
            return next(q for n in range(1, 5) if day in (q := self.quarter(year, n)))
        return next(m for n in range(1, 13) if day in (m := self.month(year, n)))

    def shift(self, period: Period, by: int) -> Period:
        """Return the period of the same kind ``by`` steps later (earlier if negative)."""
        current = self.containing(period.kind, period.start)
        for _ in range(abs(by)):
            day = current.end if by > 0 else current.start - timedelta(days=1)
            current = self.containing(period.kind, day)
        return current

    def trailing(self, period: Period, n: int) -> list[Period]:
        """Return the ``n`` periods of the same kind before ``period``, oldest first."""
        return [self.shift(period, -k) for k in range(n, 0, -1)]

    def same_last_year(self, period: Period) -> Period:
        """Return the period of the same name one fiscal year earlier (weeks: 52 weeks earlier)."""
        steps = {"year": 1, "quarter": 4, "month": 12, "week": 52}[period.kind]
        return self.shift(period, -steps)

    def trailing_year(self, period: Period) -> Period:
        """Return the twelve fiscal months that end with ``period``: the window of GRR and NRR."""
        start = self.containing("month", period.end - timedelta(days=1))
        first = self.shift(start, -11).start
        last = period.last_day
        told = {"day": f"{last.day:02d}", "month": months()[last.month - 1], "year": last.year}
        label = say("12 months to {day} {month} {year}", **told)
        return Period(first, period.end, "year", f"{period.key} trailing year", label)

    def months(self, period: Period) -> list[Period]:
        """Return the fiscal months inside ``period``, oldest first."""
        found = [self.containing("month", period.start)]
        while found[-1].end < period.end:
            found.append(self.shift(found[-1], 1))
        return found

    # -- words -------------------------------------------------------------------------------------------------------

    def parse(self, text: str, as_of: date, kind: Kind = "quarter") -> Period:
        """Return the period that ``text`` names, seen from the end of day ``as_of``.

        ``last`` is the newest complete period of ``kind``, ``current`` the one that holds ``as_of``; both take a kind
        of their own (``last month``). A period that has not begun by ``as_of`` is refused.

        Raises
        ------
        InputError
            The text names no period, or one that begins after ``as_of``.
        """
        period = self._parse(" ".join(str(text).strip().split()), as_of, kind)
        if period.start > as_of:
            raise InputError(
                f"period {period.key} begins on {period.start}, after the as-of day {as_of}",
                where="period",
                fix="choose an earlier period or a later as_of",
            )
        return period

    def _parse(self, text: str, as_of: date, kind: Kind) -> Period:
        word = re.fullmatch(r"(last|current)(?: (year|quarter|month|week))?", text.lower())
        if word:
            return self._relative(word[1], as_of, word[2] or kind)  # type: ignore[arg-type]
        if found := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text):
            return self.quarter(int(found[1]), int(found[2]))
        if found := re.fullmatch(r"[Ff][Yy]?(\d{4})", text):
            return self.year(int(found[1]))
        if found := re.fullmatch(r"[Ff][Yy](\d{4})M(0[1-9]|1[0-2])", text):
            return self.month(int(found[1]), int(found[2]))
        if (found := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)) and self.company.week_scheme == "iso":
            return self.containing("month", date(int(found[1]), int(found[2]), 1))
        if (found := re.fullmatch(r"(\d{4})-?[Ww](\d{2})", text)) and 1 <= int(found[2]) <= 53:
            return self._week_named(int(found[1]), int(found[2]), text)
        raise InputError(f"'{text}' names no period", where="period", fix=f"use one of the forms {_FORMS}")

    def _relative(self, word: str, as_of: date, kind: Kind) -> Period:
        current = self.containing(kind, as_of)
        if word == "current" or current.is_complete(as_of):
            return current
        return self.shift(current, -1)

    def _week_named(self, year: int, number: int, text: str) -> Period:
        if self.company.week_scheme == "iso":
            try:
                return self.week(date.fromisocalendar(year, number, 1))
            except ValueError:
                pass
        else:
            start = self._year_start(year) + timedelta(weeks=number - 1)
            if start < self._year_start(year + 1):
                return self.week(start)
        raise InputError(f"year {year} has no week {number}", where="period", fix=f"correct '{text}'")

    # -- days and instants -------------------------------------------------------------------------------------------

    def instant_after(self, day: date) -> datetime:
        """Return the instant at which local day ``day`` is over: the exclusive upper bound of an as-of day."""
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=self.zone)

    def local_date(self, instant: datetime) -> date:
        """Return the local day of an aware instant."""
        return instant.astimezone(self.zone).date()

    def is_business_day(self, day: date) -> bool:
        """Whether ``day`` is Monday to Friday and no holiday."""
        return day.weekday() < 5 and day not in self._holidays

    def business_days(self, start: date, end: date) -> int:
        """Return the number of business days in ``[start, end)``."""
        return sum(self.is_business_day(start + timedelta(days=k)) for k in range(max((end - start).days, 0)))

    def business_day_after(self, day: date, n: int) -> date:
        """Return the ``n``-th business day after ``day``."""
        while n > 0:
            day += timedelta(days=1)
            n -= self.is_business_day(day)
        return day

    def table(self, start: date, end: date) -> pd.DataFrame:
        """Return ``dim_date`` for the days in ``[start, end)``: one row a day, columns as in the contract."""
        return pd.DataFrame([self._day(start + timedelta(days=k)) for k in range((end - start).days)])

    def _day(self, day: date) -> dict[str, object]:
        year, quarter, month = (self.containing(k, day) for k in ("year", "quarter", "month"))
        fiscal_year = self._year_of(day)
        return {
            "date": day,
            "fiscal_year": fiscal_year,
            "fiscal_quarter": int(quarter.key[-1]),
            "fiscal_period": self._month_starts(fiscal_year).index(month.start) + 1,
            "fiscal_week": (day - year.start).days // 7 + 1,
            "day_of_quarter": (day - quarter.start).days + 1,
            "is_business_day": self.is_business_day(day),
            "holiday": self._holidays.get(day),
        }

    # -- arithmetic --------------------------------------------------------------------------------------------------

    def _year_start(self, number: int) -> date:
        month = self.company.fiscal_year_start
        first = date(number if month == 1 else number - 1, month, 1)
        return first if self.company.week_scheme == "iso" else _nearest_monday(first)

    def _year_of(self, day: date) -> int:
        year = day.year if self.company.fiscal_year_start == 1 else day.year + 1
        while day < self._year_start(year):
            year -= 1
        while day >= self._year_start(year + 1):
            year += 1
        return year

    def _month_starts(self, year: int) -> list[date]:
        """Thirteen dates: the starts of the twelve fiscal months and the start of the next year."""
        start, end = self._year_start(year), self._year_start(year + 1)
        if self.company.week_scheme == "iso":
            firsts = (_shift_month(start.year, start.month, k) for k in range(12))
            return [date(y, m, 1) for y, m in firsts] + [end]
        weeks = [int(w) for w in self.company.week_scheme.split("-")] * 4
        offsets = [sum(weeks[:k]) for k in range(12)]
        return [start + timedelta(weeks=w) for w in offsets] + [end]

    @cached_property
    def _holidays(self) -> dict[date, str]:
        setting = self.company.holidays
        if not isinstance(setting, str):
            return dict.fromkeys(setting, "Holiday")
        import holidays

        country, _, subdivision = setting.partition("-")
        return _HolidayLookup(holidays.country_holidays(country, subdiv=subdivision or None))


class _HolidayLookup(dict[date, str]):
    """Asks the holidays library only for days that it is asked for."""

    def __init__(self, known: dict[date, str]) -> None:
        super().__init__()
        self._known = known

    def __contains__(self, day: object) -> bool:
        return day in self._known

    def get(self, day: date, default: str | None = None) -> str | None:  # type: ignore[override]
        return self._known.get(day, default)


def _span(start: date, end: date) -> str:
    """The calendar months of a period; one that a week scheme moves by some days keeps its month's name."""
    first = start + timedelta(days=15 if start.day > 15 else 0)
    last = end - timedelta(days=1)
    last -= timedelta(days=15 if last.day <= 15 and end.day != 1 else 0)
    if (first.year, first.month) == (last.year, last.month):
        return f" ({_month(first)})"
    if first.year != last.year:
        return " (" + say("{first}–{last}", first=_month(first), last=_month(last)) + ")"
    names = months()
    told = {"first": names[first.month - 1], "last": names[last.month - 1], "year": last.year}
    return " (" + say("{first}–{last} {year}", **told) + ")"


def _month(day: date) -> str:
    return say("{month} {year}", month=months()[day.month - 1], year=day.year)


def keys(periods: Iterable[Period]) -> list[str]:
    """Return the keys of ``periods`` in their order."""
    return [p.key for p in periods]
