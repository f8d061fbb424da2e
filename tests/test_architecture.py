"""The arrows of docs/architecture.md: who may import whom, and which room owns which library."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bizops"
FILES = sorted(PACKAGE.rglob("*.py"))

BASE = {"errors", "language", "company", "periods", "theme", "numbers", "annotations", "schema"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "language": {"errors"},
    "company": {"errors", "language"},
    "theme": {"errors"},
    "numbers": {"errors", "language", "theme"},
    "periods": {"errors", "language", "company"},
    "annotations": {"errors"},
    "schema": {"errors", "company", "periods"},
    "sources": BASE,
    "metrics": BASE,
    "methods": BASE - {"schema"},
    "findings": BASE - {"schema"},
    "tables": (BASE - {"schema"}) | {"findings"},
    "charts": (BASE - {"schema"}) | {"findings"},
    "reports": BASE | {"sources", "metrics", "methods", "findings", "tables", "charts"},
    "press": {"errors", "language", "theme", "numbers", "findings"},
    "runs": {"errors", "language", "annotations", "company", "periods", "numbers", "schema", "sources", "press"},
    "cli": {"errors", "language", "company", "periods", "numbers", "schema", "sources", "reports", "runs"},
    "__init__": {"errors", "company", "periods", "schema", "sources", "metrics", "methods", "findings", "tables"}
    | {"charts", "reports", "press", "runs", "theme", "numbers"},
}
OWNERS: dict[str, set[str]] = {
    "ibis": {"schema", "sources", "metrics"},
    "duckdb": {"schema", "sources"},
    "statsmodels": {"methods"},
    "scipy": {"methods"},
    "matplotlib": {"charts"},
    "seaborn": {"charts"},
    "papermill": {"runs"},
    "nbclient": {"runs"},
    "jupyter_client": {"runs"},
    "nbconvert": {"press"},
    "click": {"cli"},
}


def room(file: Path) -> str:
    """The room a file belongs to: its folder or, at the top, its own name (cli_data belongs to cli)."""
    name = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "cli" if name.startswith("cli") else name


def imported(source: str) -> set[str]:
    """Dotted names of all modules that a source imports, at the top, inside functions or for types alone."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{a.name}" for a in node.names} if node.module == "bizops" else {node.module}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names.add("bizops.<relative>")
    return names


def wrong_arrows(here: str, source: str) -> list[str]:
    """The imports in ``source``, a file of room ``here``, that the house does not allow."""
    found = []
    for name in sorted(imported(source)):
        parts = name.split(".")
        if parts[0] == "bizops":
            there = parts[1] if len(parts) > 1 else "__init__"
            there = "cli" if there.startswith("cli") else there
            if there != here and there not in ALLOWED[here] and name != "bizops":
                found.append(f"{here} may not import {name}")
        elif here not in OWNERS.get(parts[0], {here}):
            found.append(f"{here} does not own {parts[0]}")
    return found


def clock_reads(source: str) -> list[str]:
    """Calls that read the wall clock."""
    reads = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time", "Timestamp.now"}
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [name for name in map(ast.unparse, calls) if any(name == r or name.endswith("." + r) for r in reads)]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_arrows_point_downwards(file: Path) -> None:
    assert wrong_arrows(room(file), file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", [f for f in FILES if room(f) != "runs"], ids=lambda f: str(f.relative_to(PACKAGE)))
def test_only_runs_read_the_clock(file: Path) -> None:
    assert clock_reads(file.read_text(encoding="utf-8")) == []


def test_the_walk_would_see_a_wrong_arrow() -> None:
    assert wrong_arrows("metrics", "def f():\n    from bizops.sources import open_data") == [
        "metrics may not import bizops.sources"
    ]
    assert wrong_arrows("metrics", "from bizops import press") == ["metrics may not import bizops.press"]
    assert wrong_arrows("charts", "import scipy.stats as s") == ["charts does not own scipy"]
    assert wrong_arrows("schema", "from . import data") == ["schema may not import bizops.<relative>"]
    assert clock_reads("import datetime\nx = datetime.datetime.now()") == ["datetime.datetime.now"]


def test_every_room_is_known() -> None:
    assert {room(f) for f in FILES} <= set(ALLOWED)
