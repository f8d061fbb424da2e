"""What every report has: typed parameters, sections with the data they need, and its place in the project."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bizops import language
from bizops.annotations import annotations_beside, read_annotations
from bizops.company import POLICIES, Company, company_file, explain, load_company
from bizops.errors import InputError, did_you_mean
from bizops.language import say
from bizops.periods import Calendar, Period
from bizops.reports._words import lacking
from bizops.schema.data import Data, Scope

_NOT_REPORTS = {"__init__", "base"}


def _iso_day(value: object) -> object:
    """An ISO day as text becomes a date; an empty text means none; anything else is left to be refused."""
    if value == "":
        return None
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("expected a day as YYYY-MM-DD") from None
    return value


def _locale(value: str) -> str:
    """A locale that the Unicode CLDR knows, or none."""
    if value:
        language.check(value)
    return value


Day = Annotated[date | None, BeforeValidator(_iso_day)]


class ReportParams(BaseModel):
    """Parameters that every report takes; a report adds its own in a subclass called ``Params``.

    Values are not guessed: a text is never read as a number, and an unknown name is an error. The same model checks
    the command line, the case file and the cell in the notebook.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    company: str = Field("params/company.yaml", min_length=1, description="settings file of the company")
    as_of: Day = Field(None, description="day at whose end the report is true; empty: the company's clock, else today")
    period: str = Field("last", min_length=1, description="fiscal period, such as 2026Q3, last or current")
    locale: Annotated[str, AfterValidator(_locale)] = Field(
        "", description="language and country of the page, such as en-GB, fr or zh; empty: the company's"
    )

    @classmethod
    def read(cls, values: Mapping[str, Any], where: str = "parameters") -> Self:
        """Return the parameters in ``values``; every unknown name and wrong type in one `InputError`."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise explain(error, cls, where) from None

    def resolved(self, company: Company, today: date) -> Self:
        """Return a copy in which ``as_of`` and ``period`` are explicit, so that a run can be made again.

        ``as_of`` is the parameter's, else the company's, else ``today`` (the local day of the caller's clock).
        """
        as_of = self.as_of or company.as_of or today
        if as_of > today:
            raise InputError(
                f"as_of {as_of} is later than today, {today}", where="as_of", fix="choose a day that has come"
            )
        return self.model_copy(update={"as_of": as_of, "period": self.in_calendar(Calendar(company), as_of).key})

    def in_calendar(self, calendar: Calendar, as_of: date) -> Period:
        """Return the period that the parameters name."""
        return calendar.parse(self.period, as_of)

    def check(self, data: Data) -> None:
        """Refuse parameters that the opened data cannot answer (a region that does not exist); nothing by default."""

    @property
    def scope(self) -> Scope:
        """The slice of the company that the report is cut to."""
        return Scope()

    def title_scope(self) -> str:
        """Return what the report is cut to, in words."""
        return say("company")


@dataclass(frozen=True)
class SectionNeeds:
    """A section of a report and the tables and columns without which it is switched off."""

    id: str
    title: str
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def off(self, data: Data) -> str:
        """Return why ``data`` cannot support the section, or an empty string."""
        return lacking(data, self.needs)


@dataclass(frozen=True)
class Report:
    """A report as the command line and the runs see it."""

    name: str

    @cached_property
    def module(self) -> Any:
        """The module ``bizops.reports.<name>``."""
        return importlib.import_module(f"bizops.reports.{self.name}")

    @property
    def title(self) -> str:
        """The report's name for people."""
        return say(str(self.module.TITLE))

    @property
    def question(self) -> str:
        """The question that it answers."""
        return say(str(self.module.QUESTION))

    @property
    def params(self) -> type[ReportParams]:
        """The model of its parameters."""
        model: type[ReportParams] = self.module.Params
        return model

    @property
    def sections(self) -> tuple[SectionNeeds, ...]:
        """Its sections in order, with what each needs."""
        return tuple(self.module.SECTIONS)

    @property
    def policies(self) -> tuple[str, ...]:
        """Ids of the policy settings that it honours."""
        return tuple(self.module.POLICIES)

    def notebook(self, root: Path) -> Path:
        """Return the path of its notebook below the project root."""
        return root / "notebooks" / f"{self.name}.ipynb"


def report_names() -> list[str]:
    """Return the names of all reports, in alphabetical order."""
    room = Path(__file__).parent
    modules = [f.stem for f in room.glob("*.py")] + [f.parent.name for f in room.glob("*/__init__.py")]
    return sorted(name for name in modules if name not in _NOT_REPORTS and not name.startswith("_"))


def find_report(name: str) -> Report:
    """Return the report called ``name``; `InputError` with the nearest name if there is none."""
    names = report_names()
    if name not in names:
        raise InputError(
            f"there is no report '{name}'.{did_you_mean(name, names)}",
            where="report",
            fix=f"choose one of: {', '.join(names)}",
        )
    return Report(name)


def catalogue() -> list[dict[str, Any]]:
    """Return plain records of all registered metrics: id, name, definition, reading, source, policies.

    A policy has its id, name and meaning; its value is a company's, and so belongs to a page.
    """
    from bizops.metrics import METRICS

    return [
        {
            "id": m.id,
            "name": m.name,
            "definition": m.definition,
            "unit": m.unit,
            "better": m.better,
            "additivity": m.additivity,
            "source": m.source,
            "policies": [{"id": p, "name": POLICIES[p].name, "meaning": POLICIES[p].meaning} for p in m.policies],
        }
        for m in METRICS.values()
    ]


def unknown_events(settings: str) -> list[str]:
    """Return a sentence on each dated event beside the settings whose metric does not exist: no chart tells it."""
    from bizops.metrics import METRICS

    file = annotations_beside(company_file(settings))
    return [
        f"{file.name} names a metric that does not exist, in '{event.label}': '{event.metric}' is unknown."
        f"{did_you_mean(event.metric, METRICS)}"
        for event in read_annotations(file, date.max)
        if event.metric and event.metric not in METRICS
    ]


def company_of(params: ReportParams) -> Company:
    """Return the company settings that the parameters name."""
    return load_company(params.company)
