"""Everything that can be refused is refused here, before a kernel starts and before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from bizops import language
from bizops.annotations import annotations_beside, read_annotations
from bizops.company import Company, load_company
from bizops.errors import InputError
from bizops.periods import Calendar, Period
from bizops.press import Edit
from bizops.runs import clock
from bizops.runs.baseline import PREVIOUS
from bizops.runs.cases import DEFAULT, Case, Report, Setting, find_case, values_of
from bizops.runs.edits import edits_of
from bizops.runs.execute import read_notebook
from bizops.runs.inputs import Stats, file_stats, tables_read
from bizops.runs.provenance import Code, code_of
from bizops.runs.record import TableRead
from bizops.schema.data import Data
from bizops.sources import open_data


@dataclass(frozen=True)
class Request:
    """What was asked for: a report's case, and what shall differ from it.

    ``overrides`` come from ``-p``; ``as_of`` and ``company`` are options of their own. A day does not keep a run from
    becoming the latest of its case; a company that the case does not name itself does, like any override. A relative
    ``company`` is looked up from the working directory, then from the project root; a case's from the project root.
    ``baseline`` says what the run is compared with (`bizops.runs.baseline.choose`) and changes no number of it.
    """

    report: Report
    case: str = DEFAULT
    overrides: Mapping[str, Setting] = field(default_factory=dict)
    as_of: str | None = None
    company: str | None = None
    baseline: str = PREVIOUS


@dataclass(frozen=True)
class Prepared:
    """A run that may start: explicit parameters, checked data, a known version.

    ``origins`` says of every parameter where its value came from (``case``, ``-p``, ``--as-of``, ``--company`` or
    ``default``), ``command`` how the run is asked for again, word for word.
    """

    report: Report
    case: str
    parameters: Mapping[str, Any]
    overrides: Mapping[str, Any]
    origins: Mapping[str, str]
    command: tuple[str, ...]
    company: Company
    locale: str
    company_file: str
    company_of_case: bool
    as_of: date
    period: Period
    scope: Mapping[str, str]
    notebook: NotebookNode
    code: Code
    data: Mapping[str, TableRead]
    data_window: Mapping[str, str | None]
    files: Stats | None
    edits: tuple[Edit, ...] = ()


def prepare(request: Request, root: Path) -> Prepared:
    """Return the run that ``request`` asks for, everything in it explicit and checked.

    Raises
    ------
    InputError
        The case, a parameter, the settings, the notebook or the data are wrong (`ContractError` for the data), or the
        version of the code is unknown. Nothing was executed or written.
    """
    case = find_case(root, request.report.name, request.case)
    settings = _settings(case, request, root)
    params: Any = values_of(request.report.params, settings, case.where, alone=case.settings)
    own = _company_file(root / _own_company(request.report, case), root)
    company_file = _company_file(root / params.company, root)
    shown_file = Path(os.path.relpath(root / company_file))
    company = load_company(shown_file)
    params = params.model_copy(update={"company": company_file}).resolved(company, clock.today(company.zone))
    read_annotations(annotations_beside(shown_file), params.as_of)  # refuses what the notebook would stumble over
    calendar = Calendar(company)
    locale = params.locale or company.locale
    with language.speaking(locale):  # the record holds the words that the page prints
        period, scope = params.in_calendar(calendar, params.as_of), _scope(params)
    notebook_file = request.report.notebook(root)
    notebook = read_notebook(notebook_file)
    code = code_of(notebook_file)
    files = file_stats(company)
    with open_data(company, params.as_of, check=True) as data:
        _check(params, data, settings)
        read = tables_read(data, root)
        until = clock.stamp(data.as_of)
    parameters = params.model_dump(mode="json")
    foreign = ["company"] if company_file != own else []
    differing = dict.fromkeys([*request.overrides, *foreign])
    return Prepared(
        report=request.report,
        case=case.name,
        parameters=parameters,
        overrides={name: parameters[name] for name in differing},
        origins={name: _origin(settings.get(name)) for name in parameters},
        command=_command(request, settings),
        company=company,
        locale=locale,
        company_file=company_file,
        company_of_case=company_file == own,
        as_of=params.as_of,
        period=period,
        scope=scope,
        notebook=notebook,
        code=code,
        data=read,
        data_window=_window(period, until, read),
        files=files,
        edits=edits_of(root, request.report.name, case.name, period.key, calendar),
    )


def _settings(case: Case, request: Request, root: Path) -> dict[str, Setting]:
    """The case's settings with the command line's in their place; one that is given twice there is refused."""
    options = {"as_of": ("--as-of", request.as_of), "company": ("--company", request.company)}
    settings = {**case.settings, **request.overrides}
    for name, (option, text) in options.items():
        if text is None:
            continue
        if name in request.overrides:
            raise InputError(f"{option} and -p {name} say the same thing twice", where=option, fix="give one of them")
        settings[name] = Setting(name, text, option)
    if request.company is not None:
        here = Path.cwd() / request.company
        file = here if here.is_file() else root / request.company
        settings["company"] = Setting("company", _company_file(file, root), "--company")
    return settings


def _check(params: Any, data: Data, settings: Mapping[str, Setting]) -> None:
    """Refuse what the data cannot answer, and name the place where the refused parameter was written."""
    try:
        params.check(data)
    except InputError as error:
        if error.where not in settings:
            raise
        raise InputError(error.problem, where=settings[error.where].where, fix=error.fix) from error


def _origin(setting: Setting | None) -> str:
    """Where a parameter's value came from, in a word."""
    if setting is None:
        return "default"
    return setting.where.split()[0] if setting.of_command else "case"


def _command(request: Request, settings: Mapping[str, Setting]) -> tuple[str, ...]:
    """The words that ask for the same run from the project root; a company by its path from there."""
    words = ["bizops", "run", request.report.name, "--case", request.case]
    for name, setting in request.overrides.items():
        words += ["-p", f"{name}={setting.node}"]
    words += ["--as-of", request.as_of] if request.as_of is not None else []
    words += ["--company", str(settings["company"].node)] if request.company is not None else []
    words += ["--baseline", request.baseline] if request.baseline != PREVIOUS else []
    return tuple(words)


def _own_company(report: Report, case: Case) -> str:
    """The company file that the case itself names."""
    settings = {k: v for k, v in case.settings.items() if k == "company"}
    if settings:
        return str(getattr(values_of(report.params, settings, case.where), "company", ""))
    return str(report.params.model_fields["company"].default)


def _company_file(path: Path, root: Path) -> str:
    """A path from the project root, which is the notebook's working directory; records hold no absolute path."""
    return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()


def _scope(params: Any) -> dict[str, str]:
    return {
        "level": str(getattr(params, "level", "company")),
        "member": str(getattr(params, "member", "") or ""),
        "label": params.title_scope(),
    }


def _window(period: Period, until: str, read: Mapping[str, TableRead]) -> dict[str, str | None]:
    """What the data reach: the period's days, the instant from which on nothing counts, and the newest extract."""
    extracts = [t.extracted_at for t in read.values() if t.extracted_at]
    return {
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "until": until,
        "extracted_at": max(extracts, default=None),
    }
