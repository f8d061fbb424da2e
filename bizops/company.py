"""The settings one company has once: `params/company.yaml`.

Everything that reputable sources disagree on is a policy P01 to P25 with a stated default. A report prints the
policies that it honours, and only those.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bizops import language
from bizops.errors import InputError, did_you_mean

WeekScheme = Literal["iso", "4-4-5", "4-5-4", "5-4-4"]
Better = Literal["up", "down", "none"]
DEFAULT_FILE = "params/company.yaml"
METRIC_ID = re.compile(r"[A-Z]{2,3}-\d{2}(-[A-Z0-9-]+)?")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(_Settings):
    """Where the rows come from.

    ``kind`` is ``folder`` (CSV or Parquet in canonical form), ``duckdb`` (a DuckDB file in canonical form),
    ``mapping`` (any tables through a mapping file) or ``url`` (a database that Ibis speaks). A password in ``url``
    is written as ``${NAME}`` and read from the environment, so that no secret lies in a file or a record.
    """

    kind: Literal["folder", "duckdb", "mapping", "url"] = "folder"
    path: Path | None = None
    url: str | None = None
    mapping: Path | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Source:
        needed = {"folder": self.path, "duckdb": self.path, "mapping": self.mapping, "url": self.url}[self.kind]
        if needed is None:
            key = {"mapping": "mapping", "url": "url"}.get(self.kind, "path")
            raise ValueError(f"a source of kind '{self.kind}' needs '{key}'")
        return self


class Brand(_Settings):
    """What a page shows of the company: an accent colour, a confidentiality label and a contact.

    ``site_url`` is the address under which the folder of reports is published; a mail links to its page there.
    """

    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#12436D"
    confidentiality: str = "Confidential"
    contact: str = ""
    site_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""


class MetricSetting(_Settings):
    """Owner, target, tolerance and direction of one metric, by its id.

    ``target`` and ``tolerance`` are in the metric's unit (fractions for rates).
    """

    owner: str | None = None
    target: float | None = None
    tolerance: Annotated[float, Field(ge=0)] | None = None
    better: Better | None = None


@dataclass(frozen=True)
class Policy:
    """One policy setting: what it decides, its default and the values that it may take."""

    id: str
    name: str
    default: Any
    choices: tuple[str, ...]
    meaning: str


def _policy(id_: str, name: str, default: Any, meaning: str) -> Any:
    return Field(default, alias=id_, title=name, description=meaning)


_Days = Annotated[int, Field(ge=0, le=3660)]
_Months = Annotated[int, Field(ge=0, le=60)]


class Policies(_Settings):
    """P01 to P25 with their defaults; the YAML names them by id (``P15: tcv``)."""

    p01: Literal["ultimate_parent", "account", "subscription"] = _policy(
        "P01", "Customer level", "ultimate_parent", "level at which a customer is one customer in retention"
    )
    p02: Literal["service_start", "signature"] = _policy(
        "P02", "ARR recognition date", "service_start", "ARR counts from the start of service, or from signature (CARR)"
    )
    p03: Literal["last_paid_day", "cancel_request", "period_end"] = _policy(
        "P03", "Churn date", "last_paid_day", "the day after the last paid day of service"
    )
    p04: Literal["contraction", "churn"] = _policy(
        "P04", "Account keeps another product", "contraction", "class of a lost product when another one stays"
    )
    p05: _Days = _policy("P05", "Reactivation window (days)", 365, "a return within it is reactivation, later new")
    p06: Literal["excluded", "included"] = _policy(
        "P06", "Reactivation in NRR", "excluded", "whether returning customers count in NRR"
    )
    p07: _Months = _policy(
        "P07", "Promotions not deducted (months)", 3, "time-limited discounts up to this length leave ARR as it is"
    )
    p08: _Days = _policy("P08", "Past due stays in ARR (days)", 60, "days past due after which ARR is taken out")
    p09: Literal["excluded", "metered_included"] = _policy(
        "P09", "Usage above commitment", "excluded", "trials and free plans never count; metered usage as set"
    )
    p10: Literal["plan_rate", "period_end"] = _policy(
        "P10", "Exchange rate", "plan_rate", "movements at constant plan rate with an FX bar, or at period-end rate"
    )
    p11: Literal["current_year", "first_year", "exit_year"] = _policy(
        "P11", "Multi-year ramp deals", "current_year", "the contract year whose value is ARR"
    )
    p12: Literal["out", "keep"] = _policy(
        "P12", "Paused subscriptions", "out", "out of ARR while paused (contraction, then expansion), or kept"
    )
    p13: _Days = _policy("P13", "Grace for late renewals (days)", 30, "late, not churned, for this long")
    p14: Literal["start_of_period", "daily_sum"] = _policy(
        "P14", "Churn denominator", "start_of_period", "customers at the start, or the daily sum"
    )
    p15: Literal["acv", "tcv"] = _policy("P15", "Bookings value", "acv", "first-year or total contract value")
    p16: Literal["closed_in_period", "created_in_period"] = _policy(
        "P16", "Win rate cohort", "closed_in_period", "deals closed, or deals created, in the period"
    )
    p17: Annotated[int, Field(ge=1, le=20)] = _policy(
        "P17", "Pipeline counted from stage", 2, "first stage that counts as pipeline"
    )
    p18: Literal["fully_loaded", "paid_only"] = _policy("P18", "CAC basis", "fully_loaded", "cost in acquisition cost")
    p19: Literal["fcf", "ebitda"] = _policy("P19", "Rule-of-40 margin", "fcf", "margin that is added to growth")
    p20: _Months = _policy("P20", "Ramp (months)", 6, "months in seat after which a seller counts as ramped")
    p21: Literal["calendar_days", "monthly_steps", "none"] = _policy(
        "P21", "Quota relief", "calendar_days", "how a quota shrinks for leave and moves"
    )
    p22: Literal["per_target", "business", "calendar"] = _policy("P22", "SLA hours", "per_target", "clock of a target")
    p23: Literal["first_and_influenced", "last_touch", "u_shaped", "time_decay"] = _policy(
        "P23", "Attribution", "first_and_influenced", "how a deal is credited to its touches"
    )
    p24: Literal["as_it_was"] = _policy(
        "P24", "Segment as of", "as_it_was", "segment at period start (retention) and at close (bookings)"
    )
    p25: Literal["separate_rows", "in_movements"] = _policy(
        "P25", "Segment moves", "separate_rows", "moved in and out on rows of their own, or inside the movements"
    )


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(str(a) for a in getattr(annotation, "__args__", ()) if isinstance(a, str))


POLICIES: dict[str, Policy] = {
    f.alias or name: Policy(f.alias or name, f.title or "", f.default, _choices(f.annotation), f.description or "")
    for name, f in Policies.model_fields.items()
}


class Company(_Settings):
    """One company's settings. Relative paths in it are resolved against ``root``.

    ``as_of`` stops the clock: a demo or an archive is always reported as of that day; leave it out for live data.
    ``locale`` is the language and country that pages are written for (``en-GB``, ``fr``, ``zh``).
    ``pdf`` says whether a run prints its pages as PDF too, which takes a Chromium and some seconds.
    """

    name: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    source: Source
    time_zone: str = "UTC"
    locale: str = language.DEFAULT
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = 1
    week_scheme: WeekScheme = "iso"
    holidays: str | tuple[date, ...] = ()
    as_of: date | None = None
    brand: Brand = Brand()
    metrics: dict[str, MetricSetting] = {}
    policies: Policies = Policies()
    pdf: bool = True
    root: Path = Path()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is no IANA time zone.{did_you_mean(value, available_timezones())}")
        return value

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        language.check(value)
        return value

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, value: str | tuple[date, ...]) -> str | tuple[date, ...]:
        if isinstance(value, str):
            import holidays

            known = holidays.list_supported_countries()
            country, _, subdivision = value.partition("-")
            if country not in known or (subdivision and subdivision not in known[country]):
                raise ValueError(f"'{value}' is no country, or country-subdivision, with known holidays")
        return value

    @field_validator("metrics")
    @classmethod
    def _ids_of_metrics(cls, value: dict[str, MetricSetting]) -> dict[str, MetricSetting]:
        if unlike := [key for key in value if not METRIC_ID.fullmatch(key)]:
            named = ", ".join(f"'{key}'" for key in unlike)
            raise ValueError(f"{named} has not the form of a metric's id, such as BKG-01 or BKG-03-VALUE")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The reporting time zone."""
        return ZoneInfo(self.time_zone)

    def policy(self, id_: str) -> Any:
        """Return the value of a policy by its id (``"P15"``)."""
        return getattr(self.policies, id_.lower())

    def resolve(self, path: Path) -> Path:
        """Return ``path`` as it is if absolute, else below the folder that the settings belong to."""
        return path if path.is_absolute() else self.root / path


def unknown_metrics(company: Company, known: Collection[str]) -> str:
    """Return a sentence on settings for metrics that are not among the ids ``known``, or an empty string.

    Callers know the ids of the metrics; the settings alone can only be held to their form.
    """
    unknown = [key for key in company.metrics if key not in known]
    if not unknown:
        return ""
    named = " ".join(f"'{key}' is unknown.{did_you_mean(key, known)}" for key in unknown)
    return f"settings for metrics that do not exist: {named}"


class _UniqueKeys(yaml.SafeLoader):
    """A YAML loader that refuses a key given twice instead of silently keeping the last one."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        line = key_node.start_mark.line + 1
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"key '{key}' is given twice, on lines {seen[key]} and {line}", key_node.start_mark
            )
        seen[key] = line
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; a key given twice, bad syntax or another shape is an `InputError`."""
    if not path.is_file():
        raise InputError("the file does not exist", where=str(path), fix="check the name, or create the file")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise InputError(
            f"not valid YAML at line {line}: {error.problem}", where=str(path), fix=f"mend line {line}"
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("not valid YAML in UTF-8", where=str(path), fix="save the file as UTF-8 text") from error
    if not isinstance(content, dict):
        raise InputError("expected 'name: value' lines", where=str(path), fix="see the README for an example")
    return content


def explain(error: ValidationError, model: type[BaseModel], where: str) -> InputError:
    """Return one `InputError` that lists what a settings model refused, with near matches for unknown names."""
    problems = []
    for item in error.errors():
        place = ".".join(str(p) for p in item["loc"])
        if item["type"] == "extra_forbidden":
            unknown = str(item["loc"][-1])
            problems.append(f"unknown name '{place}'.{did_you_mean(unknown, _names(model, item['loc'][:-1]))}")
        elif item["type"] == "missing":
            problems.append(f"'{place}' is missing")
        else:
            found = f" (found {item['input']!r})" if not isinstance(item["input"], Mapping | BaseModel) else ""
            message = re.sub(r"^Value error, ", "", item["msg"])
            problems.append(f"'{place}': {message}{found}" if place else message)
    return InputError("; ".join(problems), where=where, fix="correct the named settings")


def _names(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names that are allowed where an unknown one was found."""
    current: Any = model
    for part in location:
        field = current.model_fields.get(part) or next(
            (f for f in current.model_fields.values() if f.alias == part), None
        )
        nested = getattr(field, "annotation", None)
        if not (isinstance(nested, type) and issubclass(nested, BaseModel)):
            return []
        current = nested
    return [f.alias or name for name, f in current.model_fields.items() if name != "root"]


def project_root(start: Path | None = None) -> Path:
    """Return the nearest folder from ``start`` (the working directory) upwards that holds notebooks/ and params/."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    raise InputError(
        "no folder here or above holds notebooks/ and params/",
        where=str(start or "working directory"),
        fix="change into the workbench and call again",
    )


def load_company(path: str | Path | None = None) -> Company:
    """Return the settings in ``path`` (default: ``params/company.yaml`` of the project around the working directory).

    A relative ``path`` is looked up from the working directory, then from the project root. Relative paths inside the
    file count from the project root when the file lies in its ``params/``, else from the file's own folder.

    Raises
    ------
    InputError
        The file is missing or not valid, or a setting is unknown or of the wrong type.
    """
    file = _find(Path(path) if path else Path(DEFAULT_FILE))
    content = read_yaml(file)
    if "root" in content:
        raise InputError("unknown name 'root'", where=str(path or DEFAULT_FILE), fix="remove it")
    try:
        return Company.model_validate({**content, "root": _root_of(file)})
    except ValidationError as error:
        raise explain(error, Company, str(path or DEFAULT_FILE)) from None


def company_file(path: str | Path) -> Path:
    """Return the file that `load_company` reads for ``path``; other settings of the company lie beside it."""
    return _find(Path(path))


def _find(path: Path) -> Path:
    if path.is_absolute() or path.is_file():
        return path.resolve()
    try:
        return project_root() / path
    except InputError:
        return path.resolve()


def _root_of(file: Path) -> Path:
    for folder in file.parents:
        if folder.name == "params":
            return folder.parent
    return file.parent
