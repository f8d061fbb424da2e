"""What made a page: version, commit and fingerprint of the code, the packages, the Python.

A report is never made from an unknown version. The version alone does not identify code that people may edit, so every
record also carries the fingerprint of the sources that ran.
"""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from bizops.errors import InputError

DISTRIBUTION = "bizops-workbench"
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Code:
    """The code of a run.

    ``commit`` is empty and ``dirty`` None where the sources are not under version control; ``dirty`` says whether they
    or the project's notebooks and settings differ from the commit. ``fingerprint`` is the SHA-256 of the package's
    Python sources and of the notebook.
    """

    version: str
    commit: str
    dirty: bool | None
    fingerprint: str


def code_of(notebook: Path, package: Path = PACKAGE) -> Code:
    """Return what is known of the code that makes a report.

    Raises
    ------
    InputError
        The version cannot be told: a page made from it could not be traced.
    """
    commit, dirty = _commit(package.parent)
    return Code(version(package), commit, dirty, fingerprint(package, notebook))


def version(package: Path = PACKAGE) -> str:
    """Return the version: of the source tree around the package, else of the installed distribution."""
    project = package.parent / "pyproject.toml"
    if project.is_file():
        found = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if found.get("name") == DISTRIBUTION and found.get("version"):
            return str(found["version"])
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise InputError(
            "the version of bizops is not known, and a report is never made from an unknown version",
            where=str(package.name),
            fix="install the workbench (`make setup`), or run it from its source tree",
        ) from None


def fingerprint(package: Path, *more: Path) -> str:
    """Return ``sha256:...`` over the Python sources below ``package`` and over the files ``more``, names included."""
    digest = hashlib.sha256()
    for name, path in [*_sources(package), *((p.name, p) for p in more)]:
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{digest.hexdigest()}"


@cache
def packages() -> dict[str, str]:
    """Return the versions of the packages that the workbench asks for, and of those that run a notebook."""
    names = {"ipykernel", "jupyter-client", "nbclient", "nbformat", "numpy", "pyarrow"}
    names |= {found[0] for r in _requirements() if (found := re.match(r"[A-Za-z0-9._-]+", r))}
    return {name: metadata.version(name) for name in sorted(names, key=str.lower) if _installed(name)}


def python() -> str:
    """Return the Python that runs, with its kind and the platform (``3.11.7 CPython Linux x86_64``)."""
    return f"{platform.python_version()} {platform.python_implementation()} {platform.system()} {platform.machine()}"


def _sources(package: Path) -> Iterable[tuple[str, Path]]:
    return ((p.relative_to(package).as_posix(), p) for p in sorted(package.rglob("*.py")))


def _requirements() -> Iterable[str]:
    """What the distribution asks for without extras; nothing if it runs from an uninstalled source tree."""
    if not _installed(DISTRIBUTION):
        return []
    return [r for r in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in r]


def _installed(name: str) -> bool:
    return any(metadata.distributions(name=name))


def _commit(project: Path) -> tuple[str, bool | None]:
    """The commit that holds the package, and whether the project differs from it; ("", None) outside of git."""
    tracked = _git(project, "ls-files", "--error-unmatch", "bizops/__init__.py")
    commit = _git(project, "rev-parse", "--verify", "HEAD") if tracked is not None else None
    if commit is None:
        return "", None
    changed = _git(project, "status", "--porcelain", "--", "bizops", "notebooks", "params")
    return commit.strip(), None if changed is None else bool(changed.strip())


def _git(project: Path, *arguments: str) -> str | None:
    """The answer of git, or None if there is no git, no repository, or no answer in time."""
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
