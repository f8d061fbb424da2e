"""Fiscal calendars against pandas' own 52/53-week offsets, the ISO calendar and hand-made cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizops.company import Company
from bizops.errors import InputError
from bizops.periods import Calendar

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def calendar(**settings: object) -> Calendar:
    return Calendar(Company.model_validate({"name": "x", "currency": "EUR", "source": {"path": "x"}, **settings}))


def test_calendar_quarter_and_its_words() -> None:
    quarter = calendar().parse("2026Q3", date(2026, 10, 4))
    assert (quarter.start, quarter.end, quarter.days) == (date(2026, 7, 1), date(2026, 10, 1), 92)
    assert quarter.label == "Q3 FY26 (Jul–Sep 2026)"
    assert quarter.short == "Q3 FY26"


def test_year_is_named_by_the_calendar_year_in_which_it_ends() -> None:
    july = calendar(fiscal_year_start=7)
    assert july.parse("2026Q1", date(2026, 1, 1)).start == date(2025, 7, 1)
    assert july.parse("FY2026", date(2026, 1, 1)).label == "FY26 (Jul 2025–Jun 2026)"


@pytest.mark.parametrize(
    ("as_of", "last", "current"),
    [
        (date(2026, 9, 29), "2026Q2", "2026Q3"),
        (date(2026, 9, 30), "2026Q3", "2026Q3"),  # at the end of its last day a quarter is complete
        (date(2026, 10, 1), "2026Q3", "2026Q4"),
    ],
)
def test_last_is_the_newest_complete_quarter(as_of: date, last: str, current: str) -> None:
    assert calendar().parse("last", as_of).key == last
    assert calendar().parse("current", as_of).key == current


def test_last_month_and_last_year() -> None:
    assert calendar().parse("last month", date(2026, 10, 4)).key == "2026-09"
    assert calendar().parse("last year", date(2026, 10, 4)).key == "FY2025"


@pytest.mark.parametrize("text", ["2026Q5", "Q3 2026", "2026-13", "yesterday", "", "20263", "2025W53"])
def test_what_names_no_period_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(InputError, match=r"period: .*(names no period|has no week)"):
        calendar().parse(text, date(2026, 10, 4))


def test_a_period_of_the_future_is_refused() -> None:
    with pytest.raises(InputError, match="begins on 2026-10-01, after the as-of day 2026-09-30"):
        calendar().parse("2026Q4", date(2026, 9, 30))


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("scheme", ["4-4-5", "4-5-4", "5-4-4"])
def test_week_years_are_those_of_pandas(month: int, scheme: str) -> None:
    """pandas' FY5253 names the last day of a year: the Sunday nearest to the end of its last month."""
    fiscal = calendar(fiscal_year_start=month, week_scheme=scheme)
    offset = pd.offsets.FY5253(weekday=6, startingMonth=(month - 2) % 12 + 1, variation="nearest")
    ours = [fiscal.year(y).last_day for y in range(2016, 2034)]
    theirs = [d.date() for d in pd.date_range("2015-01-01", "2034-12-31", freq=offset)]
    assert set(ours) <= set(theirs)


@given(DAYS)
def test_iso_weeks(day: date) -> None:
    year, number, _ = day.isocalendar()
    assert calendar().containing("week", day).key == f"{year}W{number:02d}"


@given(
    day=DAYS,
    month=st.integers(1, 12),
    scheme=st.sampled_from(["iso", "4-4-5", "4-5-4", "5-4-4"]),
    kind=st.sampled_from(["year", "quarter", "month", "week"]),
)
def test_periods_tile_time(day: date, month: int, scheme: str, kind: str) -> None:
    """Every day lies in exactly one period; neighbours touch; shifting there and back is no move."""
    fiscal = calendar(fiscal_year_start=month, week_scheme=scheme)
    period = fiscal.containing(kind, day)  # type: ignore[arg-type]
    after = fiscal.shift(period, 1)
    assert day in period
    assert period.end == after.start
    assert fiscal.shift(after, -1) == period
    assert fiscal.parse(period.key, day) == period


@given(DAYS, st.integers(1, 12), st.sampled_from(["iso", "4-4-5", "5-4-4"]))
def test_months_make_quarters_and_quarters_years(day: date, month: int, scheme: str) -> None:
    fiscal = calendar(fiscal_year_start=month, week_scheme=scheme)
    year = fiscal.containing("year", day)
    quarters = fiscal.trailing(fiscal.shift(fiscal.containing("quarter", year.last_day), 1), 4)
    assert (quarters[0].start, quarters[-1].end) == (year.start, year.end)
    assert sum(m.days for q in quarters for m in fiscal.months(q)) == year.days
    assert [len(fiscal.months(q)) for q in quarters] == [3, 3, 3, 3]


def test_trailing_year_ends_with_the_period() -> None:
    fiscal = calendar()
    window = fiscal.trailing_year(fiscal.parse("2026Q3", date(2026, 10, 4)))
    assert (window.start, window.end) == (date(2025, 10, 1), date(2026, 10, 1))


def test_elapsed_days_and_first_days() -> None:
    quarter = calendar().parse("2026Q3", date(2026, 8, 10))
    assert quarter.elapsed(date(2026, 8, 10)) == 41  # 31 days of July and 10 of August
    assert quarter.elapsed(date(2026, 6, 30)) == 0
    assert quarter.elapsed(date(2027, 1, 1)) == quarter.days
    assert quarter.first_days(41).end == date(2026, 8, 11)


def test_an_instant_is_a_local_day() -> None:
    berlin = calendar(time_zone="Europe/Berlin")
    assert berlin.local_date(datetime(2026, 9, 30, 22, 30, tzinfo=UTC)) == date(2026, 10, 1)
    assert berlin.instant_after(date(2026, 9, 30)) == datetime(2026, 9, 30, 22, tzinfo=UTC)
    # the night in which the clocks go back: the day has 25 hours
    before, after = berlin.instant_after(date(2026, 10, 24)), berlin.instant_after(date(2026, 10, 25))
    assert after.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=25)


def test_business_days_know_holidays() -> None:
    german = calendar(holidays="DE")
    assert not german.is_business_day(date(2026, 10, 3))
    assert not german.is_business_day(date(2026, 12, 25))
    # December 2026 has 23 weekdays; the 25th is a Friday, the 26th a Saturday
    assert german.business_days(date(2026, 12, 1), date(2027, 1, 1)) == 22
    assert calendar(holidays=["2026-12-24"]).business_days(date(2026, 12, 24), date(2026, 12, 26)) == 1
    assert german.business_day_after(date(2026, 12, 24), 1) == date(2026, 12, 28)


def test_dim_date_has_one_row_a_day() -> None:
    table = calendar(fiscal_year_start=7).table(date(2026, 6, 29), date(2026, 7, 3))
    assert table["date"].tolist() == [date(2026, 6, 29) + timedelta(days=k) for k in range(4)]
    assert table["fiscal_year"].tolist() == [2026, 2026, 2027, 2027]
    assert table["fiscal_quarter"].tolist() == [4, 4, 1, 1]
    assert table["fiscal_period"].tolist() == [12, 12, 1, 1]
    assert table["day_of_quarter"].tolist() == [90, 91, 1, 2]
