"""``bizops new``: a report that runs at once: module, notebook, cases and a test against numbers counted by hand."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path
from string import Template
from typing import Any

from bizops.company import project_root
from bizops.errors import InputError
from bizops.reports import base

_TEMPLATES = Path(__file__).parent / "templates"
_REPORTS = Path(__file__).parent / "reports"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")

# (kind, id, tags, source) of every cell; `parameters` has one annotated assignment a line.
_CELLS: tuple[tuple[str, str, str, str], ...] = (
    ("markdown", "title", "", "# $title\n\nHow often do we win, and where? Who decides what with the answer?"),
    ("code", "imports", "", "from bizops.reports import $name"),
    (
        "code",
        "parameters",
        "parameters",
        'company: str = "params/company.yaml"  # settings file of the company\n'
        'as_of: str = ""  # day at whose end the report is true, YYYY-MM-DD; empty: the company\'s clock\n'
        'period: str = "last"  # fiscal period, such as 2026Q3, last or current\n'
        'locale: str = ""  # language and country of the page, such as en-GB, fr or zh; empty: the company\'s\n'
        'by: str = "region"  # region or segment',
    ),
    ("markdown", "data", "", "## The data\n\nWhat was read, how fresh it is, and how many rows are left."),
    (
        "code",
        "start",
        "",
        "params = $name.Params(company=company, as_of=as_of, period=period, locale=locale, by=by)\n"
        "opened = $name.start(params)\n"
        "$name.freshness(opened)",
    ),
    ("markdown", "answer-q", "", "## The answer"),
    ("code", "answer", "", "$name.answer(opened)"),
    ("markdown", "where-q", "", "## Where do we win?\n\nThe win rate of every part, with the deals behind it."),
    ("code", "where", "", "$name.where(opened)"),
    (
        "markdown",
        "change",
        "",
        "## What would change this answer?\n\nDeals whose outcome is entered late, and parts with few deals.",
    ),
    ("markdown", "appendix", "", "## Definitions, data quality, provenance"),
    ("code", "definitions", "", "$name.definitions(opened)"),
    ("code", "quality", "", "$name.data_quality(opened)"),
    ("code", "provenance", "", "$name.provenance(opened)"),
    ("code", "tracked", "", "$name.tracked(opened)  # on no page: what later runs compare themselves with"),
)


def write_report(name: str) -> dict[str, Any]:
    """Write the four files of a new report and return their paths from the project root.

    Raises
    ------
    InputError
        The name cannot be a module's, or a report or one of the files is there already; nothing is written then.
    """
    root = project_root().resolve()
    name = name.replace("-", "_")  # a module's name, however it is typed
    _check_name(name)
    if not _REPORTS.resolve().is_relative_to(root):
        raise InputError(
            "bizops is installed apart from this project, and its reports lie in the package",
            where=str(root),
            fix="work in a clone of the workbench (`make setup` installs it in place)",
        )
    words = {"name": name, "title": name.replace("_", " ").capitalize()}
    files = {
        _REPORTS.resolve() / f"{name}.py": _filled("report.py.txt", words),
        root / "notebooks" / f"{name}.ipynb": _notebook(words),
        root / "params" / f"{name}.yaml": _filled("cases.yaml.txt", words),
        root / "tests" / "reports" / f"test_{name}.py": _filled("test_report.py.txt", words),
    }
    for path in files:
        if path.exists():
            raise InputError(
                "the file is there already; nothing was written",
                where=path.relative_to(root).as_posix(),
                fix="choose another name, or move the file away",
            )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return {"version": "1.0", "name": name, "files": [p.relative_to(root).as_posix() for p in files]}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in ("base", "test"):
        raise InputError(
            f"'{name}' cannot be the name of a report, which is a module's name too",
            where="bizops new",
            fix="use lower-case letters, digits and '_', and begin with a letter, such as win_rates",
        )
    if name in base.report_names():
        raise InputError(f"there is a report '{name}' already", where="bizops new", fix="choose another name")


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)


def _notebook(words: dict[str, str]) -> str:
    """A notebook as the repository keeps it: no outputs, stable cell ids, kernel python3."""
    cells = [_cell(kind, id_, tags, Template(source).substitute(words)) for kind, id_, tags, source in _CELLS]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _cell(kind: str, id_: str, tag: str, source: str) -> dict[str, Any]:
    metadata = {"tags": [tag]} if tag else {}
    cell: dict[str, Any] = {"cell_type": kind, "id": id_, "metadata": metadata, "source": source.splitlines(True)}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
