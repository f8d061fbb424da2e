"""Folders of this machine: whether one can be written to, and how their names are kept out of what is published."""

from __future__ import annotations

import re
import sysconfig
import tempfile
from pathlib import Path

from nbformat import NotebookNode

from bizops.errors import InputError

_PACKAGE = Path(__file__).resolve().parent.parent
_CELL_FILE = re.compile(r"(?:/[\w.+-]+)*/ipykernel_\d+/")


def writable(folder: Path, where: str) -> None:
    """Refuse a folder in which nothing can be made, before the work whose result it shall hold; leaves no trace.

    Parameters
    ----------
    folder
        May be missing; then the nearest folder above it must take new files.
    where
        The option that named it, for the message.

    Raises
    ------
    InputError
        The folder, or the nearest one above it, takes no new file.
    """
    above = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        with tempfile.TemporaryDirectory(dir=above, prefix=".tmp-"):
            return
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(
            f"cannot write to the folder {folder}: {reason.lower()}",
            where=where,
            fix="name a folder that you may write to",
        ) from error


def strip(notebook: NotebookNode, root: Path) -> None:
    """Shorten the paths in a notebook's plain outputs, in place: below the project, or from the package on.

    Tracebacks, streams and plain texts name files of the machine that ran them; a published notebook must not.
    """
    known = _prefixes(root)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                output["traceback"] = [_shortened(line, known) for line in output["traceback"]]
                output["evalue"] = _shortened(output["evalue"], known)
            elif output["output_type"] == "stream":
                output["text"] = _shortened(output["text"], known)
            elif "text/plain" in output.get("data", {}):
                output["data"]["text/plain"] = _shortened(output["data"]["text/plain"], known)


def _prefixes(root: Path) -> re.Pattern[str]:
    """The folders above project, packages and standard library, longest first, absolute or as IPython shortens them."""
    paths = sysconfig.get_paths()
    folders = {root, root.resolve(), _PACKAGE.parent, *(Path(paths[n]) for n in ("purelib", "platlib", "stdlib"))}
    folders |= {folder.resolve() for folder in folders}
    home = Path.home()
    names = {str(folder) for folder in folders}
    names |= {f"~/{folder.relative_to(home)}" for folder in folders if folder.is_relative_to(home) and folder != home}
    ordered = sorted((n for n in names if len(n) > 1), key=len, reverse=True)
    return re.compile("|".join(rf"{re.escape(name)}(?:/|(?![\w.-]))" for name in ordered))


def _shortened(text: str, known: re.Pattern[str]) -> str:
    return _CELL_FILE.sub("", known.sub(lambda m: "" if m[0].endswith("/") else ".", text))
