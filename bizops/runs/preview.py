"""A saved notebook as its reader will see it: the outputs stored in it, laid out without executing anything.

Jupyter's server does the same through nbconvert: `PreviewExporter` and `AnalystPreviewExporter` are registered as the
formats ``bizops`` and ``bizops_analyst``.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets import Unicode

from bizops import press
from bizops.company import Company, load_company, project_root
from bizops.errors import InputError
from bizops.language import plural
from bizops.periods import Calendar
from bizops.press.exporter import PageExporter
from bizops.runs import clock
from bizops.runs.publish import RECORD

# The parts of a report's findings; a notebook with none of them shows nothing.
_SAID = ("answer", "kpis", "findings", "asks", "sections", "off", "tables", "figures")
_GIVEN = ("parameters", "injected-parameters")


@dataclass(frozen=True)
class Saved:
    """A saved notebook that can be shown.

    ``record`` is that of its run where one lies beside it, else what its parameters tell; ``doubts`` say, for people,
    why the page may not be what a run would make.
    """

    name: str
    notebook: NotebookNode
    record: Mapping[str, Any]
    doubts: tuple[str, ...] = ()

    def page(self, edition: str) -> str:
        """Return the page of an edition, which links to no file; raises what `bizops.press.render` raises."""
        return press.render(self.notebook, edition, self.record, alone=True)


def read_saved(path: Path) -> Saved:
    """Return the notebook at ``path`` as it was saved.

    Raises
    ------
    InputError
        There is no notebook at ``path``, or it holds no outputs of a report.
    """
    if not path.is_file():
        raise InputError("the notebook does not exist", where=str(path), fix="name a report or a notebook's file")
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError, KeyError) as error:
        raise InputError("not a valid notebook", where=path.name, fix="save it again in JupyterLab") from error
    refuse_unexecuted(notebook, path.name)
    record, doubts = record_of(notebook, path)
    name = "-".join(record[k] for k in ("report", "case", "run_id")) if "run_id" in record else path.stem
    return Saved(name, notebook, record, doubts)


def refuse_unexecuted(notebook: NotebookNode, where: str) -> None:
    """Raise `InputError` for a notebook whose outputs hold nothing that a page could show."""
    said = press.findings_of(notebook)
    if not any(said[kind] for kind in _SAID):
        raise InputError(
            "the saved notebook holds no results: it was not executed, or was saved without its outputs",
            where=where,
            fix="run all cells in JupyterLab and save, or make the page with `bizops run`",
        )


def doubts_of(notebook: NotebookNode) -> tuple[str, ...]:
    """Return what speaks against taking the stored outputs for those of one run from top to bottom."""
    cells = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    counts = [c.get("execution_count") for c in cells]
    known = [n for n in counts if n is not None]
    found = []
    n_new = len(counts) - len(known)
    if known and n_new:
        one, many = "{count} cell was not executed", "{count} cells were not executed"
        found.append(f"{plural(n_new, one, many, count=n_new)}: what belongs to it is missing or old")
    if any(later <= earlier for earlier, later in pairwise(known)):
        found.append("the cells were not executed from top to bottom: results may not fit each other")
    n_failed = sum(any(o["output_type"] == "error" for o in c.outputs) for c in cells)
    if n_failed:
        found.append(plural(n_failed, "{count} cell failed", "{count} cells failed", count=n_failed))
    return tuple(found)


def parameters_of(notebook: NotebookNode) -> dict[str, Any]:
    """Return the parameters that a notebook assigns in its cells tagged for them, as far as they are plain values."""
    given: dict[str, Any] = {}
    for tag in _GIVEN:
        for cell in notebook.cells:
            if tag in cell.metadata.get("tags", ()):
                given |= _assigned(cell.source)
    return given


def _assigned(source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        fix = "keep to one assignment a line, without magics"
        raise InputError("the cell of the parameters is not plain Python", where="parameters", fix=fix) from error
    for statement in statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and isinstance(value, ast.Constant):
            found[targets[0].id] = value.value
    return found


def record_of(notebook: NotebookNode, path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the record to show a notebook with, and the doubts whether a run would make the same page.

    The notebook of a run has its record beside it, and no doubts. For any other the record is what its parameters tell;
    settings that cannot be read leave company, period and day unnamed, and are told.
    """
    beside = path.with_name(RECORD)
    if beside.is_file():
        return _recorded(beside), ()
    record: dict[str, Any] = {"report": path.stem}
    doubts = doubts_of(notebook)
    try:
        record["parameters"] = parameters_of(notebook)
        return record | _told(record["parameters"], path), doubts
    except InputError as error:
        return record, (*doubts, f"the page does not name company, period and day: {error.problem}")


def _recorded(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError("the record of the run is damaged", where=file.name, fix="run the report again") from error
    if not isinstance(found, dict):
        raise InputError("the record of the run is damaged", where=file.name, fix="run the report again")
    return found


def _told(given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Company, day, period and scope as a run's record has them."""
    company = load_company(_company_file(given, path))
    as_of = _day(given.get("as_of")) or company.as_of or clock.today(company.zone)
    period = Calendar(company).parse(str(given.get("period") or "last"), as_of)
    member = str(given.get("member") or "")
    level = str(given.get("level") or "company")
    return {
        "company": _company(company),
        "as_of": as_of.isoformat(),
        "period": {"key": period.key, "label": period.label},
        "scope": {"level": level, "member": member, "label": f"{level} {member}" if member else level},
        "locale": str(given.get("locale") or getattr(company, "locale", "en-GB")),
    }


def _company(company: Company) -> dict[str, Any]:
    brand = company.brand
    return {"name": company.name, "confidentiality": brand.confidentiality, "contact": brand.contact}


def _company_file(given: Mapping[str, Any], path: Path) -> Path:
    """The settings that the notebook names, below the project around it or around the working directory."""
    try:
        root = project_root(path.parent)
    except InputError:  # a copy outside of any project speaks of the one that we are in
        root = project_root()
    return root / str(given.get("company") or "params/company.yaml")


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError as error:
        raise InputError(f"'{text}' is not a day", where="as_of", fix="write it as YYYY-MM-DD") from error


class PreviewExporter(PageExporter):
    """The leadership page of a saved notebook, for ``jupyter nbconvert --to bizops`` and JupyterLab's export menu."""

    export_from_notebook = "BizOps page"

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and the resources; `InputError` when the notebook holds no results."""
        about = (resources or {}).get("metadata", {})
        path = Path(about.get("path") or ".", f"{about.get('name') or 'notebook'}.ipynb")
        refuse_unexecuted(nb, path.name)
        record, doubts = record_of(nb, path)
        for doubt in doubts:
            self.log.warning("%s: %s", path.name, doubt)
        return super().from_notebook_node(nb, {"record": record, "alone": True, **(resources or {})}, **kw)


class AnalystPreviewExporter(PreviewExporter):
    """The analyst page of a saved notebook: with the code and what it printed."""

    export_from_notebook = "BizOps page, analyst edition"

    edition = Unicode("analyst", help="leadership or analyst").tag(config=True)
