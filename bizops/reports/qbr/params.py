"""The parameters of the QBR, its sections with what they need, and the policies that it honours."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from bizops.errors import InputError, did_you_mean
from bizops.language import message, say
from bizops.metrics.facts import deals
from bizops.metrics.losses import first_close
from bizops.metrics.targets import target
from bizops.periods import Calendar, Period
from bizops.reports._words import dimension
from bizops.reports.base import ReportParams, SectionNeeds
from bizops.schema.data import Data, Scope

TITLE = message("Quarterly business review")
QUESTION = message("What happened against plan, why, and what will we do next quarter?")

_DEALS = ("opportunity_id", "close_on", "is_closed", "is_won")

SECTIONS = (
    SectionNeeds("scorecard", message("Scorecard"), {"opportunity": (*_DEALS, "amount")}),
    SectionNeeds("plan-gap", message("Plan gap"), {"opportunity": (*_DEALS, "amount")}),
    SectionNeeds("contribution", message("Where the gap is"), {"opportunity": (*_DEALS, "amount")}),
    SectionNeeds("pipeline", message("Pipeline"), {"opportunity": (*_DEALS, "amount")}),
    SectionNeeds("wins", message("Wins and losses"), {"opportunity": _DEALS}),
    SectionNeeds("people", message("Quota attainment"), {"opportunity": _DEALS, "quota": ("owner_id", "amount")}),
    SectionNeeds("retention", message("Retention"), {"subscription": (), "subscription_line": ()}),
)


class Params(ReportParams):
    """Parameters of the quarterly business review."""

    level: Literal["company", "region", "segment", "manager"] = Field(
        "company", description="what the review is cut to"
    )
    member: str = Field("", description="the region, segment or manager; empty for the company")
    people: bool = Field(False, description="restricted: show quota attainment by name")

    @model_validator(mode="after")
    def _member_fits_level(self) -> Self:
        if self.level == "company" and self.member:
            raise ValueError(f"member '{self.member}' needs a level: region, segment or manager")
        if self.level != "company" and not self.member:
            raise ValueError(f"level '{self.level}' needs a member")
        return self

    def in_calendar(self, calendar: Calendar, as_of: date) -> Period:
        """Return the quarter that the parameters name; a week, a month or a year is refused."""
        period = super().in_calendar(calendar, as_of)
        if period.kind != "quarter":
            raise InputError(
                f"'{self.period}' is a {period.kind}, the review is of a quarter",
                where="period",
                fix=f"name a quarter, such as {calendar.containing('quarter', period.start).key}, last or current",
            )
        return period

    @property
    def scope(self) -> Scope:
        """The scope for the data."""
        return Scope(self.level, self.member)

    def check(self, data: Data) -> None:
        """Refuse data without opportunities, and a member that the data do not have."""
        missing = data.missing(SECTIONS[0].needs)
        if missing:
            raise InputError(
                f"a quarterly business review needs opportunities: {missing}",
                where=data.company.name,
                fix="add it to the source or to the mapping; `bizops check` lists what is there",
            )
        self._check_days(data)
        # a plan that cannot be read is bad input, and is told before a kernel starts
        target(data, self.in_calendar(data.calendar, data.as_of_date))
        if self.level == "company":
            return
        known = members(data, self.level)
        if self.member not in known:
            raise InputError(
                f"there is no {self.level} '{self.member}'.{did_you_mean(self.member, known)}",
                where="member",
                fix=f"choose one of: {', '.join(known)}" if known else f"the data name no {self.level}",
            )

    def _check_days(self, data: Data) -> None:
        """Refuse a day or a period before the first record: nothing is known of it, not even that it was zero."""
        if not deals(data.within(Scope())).limit(1).count().to_pyarrow().as_py():
            left_out = ", ".join(f"{n} {why}" for why, n in data.info["opportunity"].excluded.items() if n)
            raise InputError(
                f"no opportunity is left at the end of {data.as_of_date}" + (f" ({left_out})" if left_out else ""),
                where=data.company.name,
                fix="choose a later as_of, or look at the flags that exclude records",
            )
        period, first = self.in_calendar(data.calendar, data.as_of_date), first_close(data)
        if first is not None and period.end <= first:
            raise InputError(
                f"{period.key} ends before the source's first closed deal, on {first}",
                where="period",
                fix=f"choose a period from {data.calendar.containing('quarter', first).key} on",
            )

    def title_scope(self) -> str:
        """Return what the review is cut to, in words."""
        if self.level == "company":
            return dimension("company")
        return say("{level} {member}", level=dimension(self.level), member=self.member)


def members(data: Data, level: str) -> list[str]:
    """Return the regions, segments or managers of the deals in ``data``, sorted."""
    everything = deals(data.within(Scope()))
    found = everything.select(level).distinct().to_pandas()[level]
    return sorted(str(name) for name in found.dropna())
