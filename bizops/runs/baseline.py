"""The earlier run that a run is compared with: which one, and its documents.

The comparison itself is the press's; here the stored runs are found and read. A baseline that cannot be read is told on
the page and never keeps it from appearing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bizops import press
from bizops.company import Company
from bizops.errors import InputError, did_you_mean
from bizops.language import message, say
from bizops.periods import Calendar, Period
from bizops.runs.publish import latest, runs
from bizops.runs.record import RUN_ID

PREVIOUS, LAST_QUARTER, LAST_YEAR, NONE = "previous", "last-quarter", "last-year", "none"
CHOICES = (PREVIOUS, LAST_QUARTER, LAST_YEAR, NONE)
FIRST = message("This is the first run of this case: there is no earlier one to compare with.")
NOT_WANTED = message("No comparison with an earlier run was asked for.")
NO_ALIKE = message(
    "This case has no earlier good run of this company with the same parameters: there is none to compare with."
)
NO_RUN_OF = message("There is no good run of this case for {period} to compare with.")
# Parameters in which a run and its baseline may differ: they speak of the same slice at all times, in all languages.
_OF_TIME = frozenset({"as_of", "period", "locale", "company"})
_END_OF_TIME = "9999-12-31"
UNREADABLE = message("The run {run} cannot be read ({reason}), so nothing is compared with it.")


@dataclass(frozen=True)
class Baseline:
    """The run compared with; without one, ``reason`` is the English text that says why, ``values`` what it names."""

    run_id: str = ""
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] | None = None

    def told(self) -> str:
        """Return why there is no comparison, in the active language."""
        return say(self.reason, **self.values)


def choose(
    folder: Path,
    wanted: str,
    company: str,
    calendar: Calendar,
    period: Period,
    parameters: Mapping[str, Any] | None = None,
) -> Baseline:
    """Return the run of the case in ``folder`` that ``wanted`` names, read.

    Parameters
    ----------
    wanted
        ``previous`` (the case's latest run or, if that is another slice's, the newest good one), ``last-quarter`` or
        ``last-year`` (the newest good run whose period is the one a quarter or a year before), ``none``, or the id of a
        run. Only that one may have other parameters, apart from period, day and language.
    company
        The company's name; runs of another one are no baseline.
    period
        That of the run that is being made.
    parameters
        Those of the run that is being made.

    Raises
    ------
    InputError
        ``wanted`` is none of the words and no run of this case, or a run of another company or of a later day.
    """
    if wanted == NONE:
        return Baseline(reason=NOT_WANTED)
    known = runs(folder) if folder.is_dir() else {}
    as_of = str((parameters or {}).get("as_of") or _END_OF_TIME)  # no run that knew more may be told on this page
    if wanted not in CHOICES:
        _refuse(known.get(wanted, {}), company, as_of)
        return _read(folder, _named(wanted, known, folder))
    alike = _slice({}, parameters or {})
    good = {i: r for i, r in known.items() if r.get("status") == "ok" and _company(r) == company}
    good = {i: r for i, r in good.items() if str(r.get("as_of")) <= as_of and _slice_of(r) == alike}
    if wanted == PREVIOUS:
        run_id = _previous(folder, good)
        return _read(folder, run_id) if run_id else Baseline(reason=NO_ALIKE if known else FIRST)
    earlier = earlier_period(calendar, period, wanted)
    same = {i: r for i, r in good.items() if (r.get("period") or {}).get("key") == earlier.key}
    if not same:
        return Baseline(reason=NO_RUN_OF, values={"period": earlier.label})
    return _read(folder, _newest(same))


def earlier_period(calendar: Calendar, period: Period, wanted: str) -> Period:
    """Return the period a quarter (``last-quarter``) or a year (``last-year``) before, of the same kind."""
    if wanted == LAST_YEAR:
        return calendar.same_last_year(period)
    if period.kind == "year":
        raise InputError(
            "a year has no quarter before it", where="--baseline", fix="choose last-year, previous or the id of a run"
        )
    return calendar.shift(period, {"quarter": -1, "month": -3, "week": -13}[period.kind])


def comparison(
    baseline: Baseline,
    findings: Mapping[str, Any],
    record: Mapping[str, Any],
    *,
    effect: Mapping[str, Any] | None = None,
    effect_missing: str = "",
) -> Any:
    """Return the block on what changed since ``baseline``; one that cannot be compared says so and is no error."""
    if baseline.documents is None:
        return press.not_compared(baseline.told())
    after = {"findings": findings, "record": record}
    try:
        return press.compare(baseline.documents, after, effect=effect, effect_missing=effect_missing)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, InputError) as error:
        # a document of another version or a damaged one: its shape is not known, so neither is the error
        reason = say("its findings have another form: {error}", error=type(error).__name__)
        return press.not_compared(say(UNREADABLE, run=baseline.run_id, reason=reason))


def settings_of(company: Company) -> dict[str, Any]:
    """Return what of a company's settings decides its numbers, for the record of a run: plain values, no paths."""
    return {
        "policies": company.policies.model_dump(mode="json", by_alias=True),
        "metrics": {k: v.model_dump(mode="json", exclude_none=True) for k, v in sorted(company.metrics.items())},
        "currency": company.currency,
        "time_zone": company.time_zone,
        "fiscal_year_start": company.fiscal_year_start,
        "week_scheme": company.week_scheme,
    }


def _refuse(record: Mapping[str, Any], company: str, as_of: str) -> None:
    """Refuse a run whose numbers may not stand on the page: another company's, or one that knew more."""
    if record and _company(record) != company:
        problem, fix = f"the run is of another company, {_company(record)}", f"choose a run of {company}"
        raise InputError(problem, where="--baseline", fix=fix)
    if str(record.get("as_of", "")) > as_of:
        problem = f"the run is true for {record['as_of']}, later than this one for {as_of}"
        raise InputError(
            problem, where="--baseline", fix="choose an earlier run: a page tells nothing after its own day"
        )


def _named(wanted: str, known: Mapping[str, Any], folder: Path) -> str:
    if RUN_ID.fullmatch(wanted) and (folder / wanted).is_dir():
        return wanted  # one that is damaged is told on the page
    near = did_you_mean(wanted, [*CHOICES, *known])
    raise InputError(
        f"this case has no run '{wanted}'.{near}",
        where="--baseline",
        fix=f"give the id of a run of the case, or one of: {', '.join(CHOICES)}",
    )


def _previous(folder: Path, good: Mapping[str, Mapping[str, Any]]) -> str:
    """The case's latest run or, if that is none of the ``good`` ones, the newest of these, the case's own first."""
    newest = str((latest(folder) or {}).get("run_id") or "")
    if newest in good:
        return newest
    return _newest({i: r for i, r in good.items() if not r.get("overrides")}) or _newest(good)


def _newest(records: Mapping[str, Mapping[str, Any]]) -> str:
    return max(records, key=lambda i: (str(records[i].get("as_of")), str(records[i].get("started_at")), i), default="")


def _slice_of(record: Mapping[str, Any]) -> dict[str, str]:
    return _slice(record.get("parameters") or {}, record.get("overrides") or {})


def _slice(*parameters: Mapping[str, Any]) -> dict[str, str]:
    """What parameters cut a run to, as plain texts: those of a stored run have been through JSON."""
    found = {name: value for some in parameters for name, value in some.items() if name not in _OF_TIME}
    return {name: json.dumps(value, default=str) for name, value in found.items()}


def _company(record: Mapping[str, Any]) -> str:
    return str((record.get("company") or {}).get("name", ""))


def _read(folder: Path, run_id: str) -> Baseline:
    """The documents of a run; what cannot be read is a reason, not an error."""
    found: dict[str, Mapping[str, Any]] = {}
    for key, name in (("record", "run.json"), ("findings", "findings.json")):
        try:
            document = json.loads((folder / run_id / name).read_bytes())
        except OSError:
            return Baseline(run_id, UNREADABLE, {"run": run_id, "reason": f"{name} is missing"})
        except ValueError:
            return Baseline(run_id, UNREADABLE, {"run": run_id, "reason": f"{name} is damaged"})
        if not isinstance(document, dict):
            return Baseline(run_id, UNREADABLE, {"run": run_id, "reason": f"{name} is damaged"})
        found[key] = document
    return Baseline(run_id, documents=found)
