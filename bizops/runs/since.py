"""What a run says on its difference from an earlier one, and what changed settings alone do.

Where policies differ, the notebook is executed once more on the same data with those of the earlier run: the difference
is the effect of the settings, apart from that of the data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bizops import language, press
from bizops.company import Company
from bizops.language import message, say
from bizops.runs.baseline import Baseline, comparison, settings_of
from bizops.runs.execute import execute
from bizops.runs.inputs import file_stats
from bizops.runs.prepare import Prepared
from bizops.runs.publish import staged
from bizops.runs.record import Record

STOPPED = message("the report does not run with the earlier settings ({error})")
CHANGED = message("the data changed meanwhile")


@dataclass(frozen=True)
class Since:
    """The comparison of one run with its baseline; ``folder`` is the case's, in which settings are staged meanwhile."""

    baseline: Baseline
    root: Path
    folder: Path
    cell_timeout_s: int

    def told(self, prepared: Prepared, findings: Mapping[str, Any], record: Record) -> Any:
        """Return the payload of the block on what changed, in the language of the run.

        ``findings`` is the findings document of the leadership edition: what other editions add is compared in none.
        """
        with language.speaking(prepared.locale):
            effect, missing = self._effect(prepared, findings, record.run_id)
            block = comparison(self.baseline, findings, record.document(), effect=effect, effect_missing=missing)
            return block.payload()

    def _effect(
        self, prepared: Prepared, findings: Mapping[str, Any], run_id: str
    ) -> tuple[Mapping[str, Any] | None, str]:
        """The findings of the same data under the baseline's policies, or why there are none although wanted.

        Nothing is executed where no policy differs that a definition in ``findings`` honours: then both are empty.
        """
        policies = earlier_policies(self.baseline, prepared.company, findings)
        if not policies:
            return None, ""
        staging = staged(self.folder, f"{run_id}-settings")
        with staging as stage, company_with(prepared.company, policies, stage) as file:
            parameters = {**prepared.parameters, "company": Path(os.path.relpath(file, self.root)).as_posix()}
            execution = execute(prepared.notebook, parameters, self.root, cell_timeout_s=self.cell_timeout_s)
        if execution.failure is not None:
            return None, say(STOPPED, error=execution.failure.type)
        if prepared.files is not None and prepared.files != file_stats(prepared.company):
            return None, say(CHANGED)
        return press.findings_of(press.edition_of(execution.notebook, "leadership")), ""


def earlier_policies(baseline: Baseline, company: Company, findings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the baseline's values of the policies that have another one now and that a definition honours."""
    record = (baseline.documents or {}).get("record") or {}
    stored = (record.get("settings") or {}).get("policies") or {}
    now = settings_of(company)["policies"]
    honoured = {p["id"] for d in findings.get("definitions") or () for p in d.get("policies") or ()}
    return {i: v for i, v in stored.items() if i in honoured and i in now and str(now[i]) != str(v)}


@contextmanager
def company_with(company: Company, policies: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    """Give a settings file in ``folder`` that is the company's with other ``policies``; it goes with the block.

    Paths in it are absolute: relative ones would count from where it lies.
    """
    content = company.model_dump(mode="json", by_alias=True, exclude={"root"}, exclude_none=True)
    for name in ("path", "mapping"):
        if (path := getattr(company.source, name)) is not None:
            content["source"][name] = str(company.resolve(path).resolve())
    content["policies"] = {**content["policies"], **policies}
    file = folder / "company.yaml"
    try:
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        yield file
    finally:
        file.unlink(missing_ok=True)
