"""``bizops preview``: a saved notebook as its reader sees it, in seconds, without executing anything."""

from __future__ import annotations

from pathlib import Path

import click

from bizops.company import project_root
from bizops.errors import InputError
from bizops.reports import base
from bizops.runs.folders import writable
from bizops.runs.preview import read_saved

FOLDER = "_preview"


def preview(named: str, edition: str, to: Path | None) -> Path:
    """Write the page of the saved notebook of a report, or of a notebook's file, and return the page's path.

    What speaks against the stored outputs is told on standard error.

    Parameters
    ----------
    named
        Name of a report, or path of a notebook.
    edition
        ``leadership``, ``manager`` or ``analyst``.
    to
        The file to write; None: ``outputs/_preview/<name>.html`` of the project.

    Raises
    ------
    InputError
        There is no such report or notebook, it holds no results, or the file cannot be written.
    """
    saved = read_saved(_notebook(named))
    suffix = "" if edition == "leadership" else f"-{edition}"
    page = to or project_root() / "outputs" / FOLDER / f"{saved.name}{suffix}.html"
    writable(page.parent, "--to" if to else "outputs")
    text = saved.page(edition)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8", newline="\n")
    for doubt in saved.doubts:
        click.echo(f"note: {doubt}", err=True)
    return page


def _notebook(named: str) -> Path:
    """The file of a notebook: the one named, or that of the report of this name."""
    if named.endswith(".ipynb"):
        return Path(named)
    try:
        return base.find_report(named).notebook(project_root())
    except InputError as error:
        raise InputError(error.problem, where="report", fix=f"{error.fix}, or name a notebook's file") from error
