"""The packaging room: what is installed is what is declared, everywhere the same."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {"run": ROOT / "requirements.lock", "test": ROOT / "tests" / "requirements.lock"}
PACKAGING_FILES = [
    ROOT / name
    for name in ("Makefile", "pyproject.toml", "environment.yml", ".ci/run", ".ci/environment.sh", ".gitignore")
] + list(LOCKS.values())
# What conda-forge calls differently.
CONDA_NAMES = {
    "ibis-duckdb": "ibis-framework[duckdb]",
    "python-duckdb": "duckdb",
    "python-tzdata": "tzdata",
    "jupyter_client": "jupyter-client",
    "seaborn-base": "seaborn",
    "matplotlib-base": "matplotlib",
}
MACHINES = [
    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin", "platform_machine": "arm64"},
]
PYTHONS = ["3.11.0", "3.12.1", "3.13.0"]


# ---------------------------------------------------------------------------------------------- names and versions


def declared(extra: str = "") -> list[Requirement]:
    """The direct dependencies in pyproject.toml, of the project or of one of its extras."""
    return [Requirement(r) for r in (PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"])]


@cache
def lock_entries(path: Path) -> list[tuple[Requirement, frozenset[str]]]:
    """Each pinned package of a lock with its hashes; a line that is neither is an error."""
    text = re.sub(r"\\\n", " ", path.read_text())
    entries = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pin, *hashes = re.split(r"\s--hash=", line)
            entries.append((Requirement(pin), frozenset(h.strip() for h in hashes)))
    return entries


def pinned(path: Path, name: str, machine: dict[str, str], python: str) -> list[str]:
    """The versions of a package that a lock installs on a machine."""
    minor = ".".join(python.split(".")[:2])
    cpython = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    place = {**machine, **cpython, "python_full_version": python, "python_version": minor}
    return [
        next(iter(r.specifier)).version
        for r, _ in lock_entries(path)
        if canonicalize_name(r.name) == canonicalize_name(name) and (r.marker is None or r.marker.evaluate(place))
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m["sys_platform"])
@pytest.mark.parametrize(("lock", "extra"), [("run", ""), ("test", ""), ("test", "test")])
def test_each_declared_package_is_locked_once_within_its_range(
    lock: str, extra: str, machine: dict[str, str], python: str
) -> None:
    for requirement in declared(extra):
        versions = pinned(LOCKS[lock], requirement.name, machine, python)
        assert len(versions) == 1, f"{requirement.name} in {LOCKS[lock].name}: {versions}; run make lock"
        assert requirement.specifier.contains(versions[0]), f"{requirement} is locked at {versions[0]}; run make lock"


@pytest.mark.parametrize(
    ("folder", "extras"), [("bizops", [""]), ("tests", ["", "test"]), ("benchmarks", ["", "test"])]
)
def test_what_is_imported_is_declared(folder: str, extras: list[str]) -> None:
    owners = packages_distributions()
    names = {canonicalize_name(r.name) for extra in extras for r in declared(extra)}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in (m.split(".")[0] for m in modules):
                if module not in sys.stdlib_module_names | {"bizops", "tests", "benchmarks"}:
                    brought_by = {canonicalize_name(d) for d in owners.get(module, [module])}
                    assert brought_by & names, (
                        f"{path.relative_to(ROOT)} imports {module}: declare it in pyproject.toml"
                    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_pinned_and_hashed(lock: str) -> None:
    entries = lock_entries(LOCKS[lock])
    assert len(entries) > 50
    for requirement, hashes in entries:
        assert [s.operator for s in requirement.specifier] == ["=="], str(requirement)
        assert requirement.url is None, str(requirement)
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), str(requirement)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_machine_computes_with_the_same_versions(lock: str) -> None:
    names = [canonicalize_name(r.name) for r, _ in lock_entries(LOCKS[lock])]
    assert sorted(names) == sorted(set(names))


def test_the_lock_for_tests_holds_the_whole_lock_for_reports() -> None:
    ours = {(r.name, str(r.specifier)): hashes for r, hashes in lock_entries(LOCKS["test"])}
    for requirement, hashes in lock_entries(LOCKS["run"]):
        assert ours[requirement.name, str(requirement.specifier)] == hashes
    for python in PYTHONS:
        for name in {r.name for r, _ in lock_entries(LOCKS["run"])}:
            run, test = (pinned(LOCKS[lock], name, MACHINES[0], python) for lock in LOCKS)
            assert set(run) <= set(test), name


def test_reports_do_not_need_what_tests_need() -> None:
    locked = {r.name for r, _ in lock_entries(LOCKS["run"])}
    assert not locked & {"pytest", "ruff", "mypy", "hypothesis", "playwright", "psycopg"}


def test_conda_users_get_the_same_packages_in_the_same_ranges() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge"]
    lines = [d for d in environment["dependencies"] if isinstance(d, str)]
    by_pip = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    conda = {}
    for line in lines:
        name, _, bounds = line.partition(" ")
        conda[str(Requirement(CONDA_NAMES.get(name, name)))] = SpecifierSet(bounds)
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda.pop("pip") == SpecifierSet("")
    assert by_pip == [["-e ."]]
    wanted = {}
    for requirement in declared():
        bounds, requirement.specifier = requirement.specifier, SpecifierSet("")
        wanted[str(requirement)] = bounds
    assert conda == wanted


def test_no_packaging_file_names_a_host_or_a_place_on_a_disk() -> None:
    for path in PACKAGING_FILES:
        text = path.read_text()
        assert re.findall(r"://(?!127\.0\.0\.1)", text) == [], path
        assert re.findall(r"(?m)(?:^|[\s'\"=@(])/(?:home|root|Users|tmp|opt|work|mnt|var)\b", text) == [], path
        assert re.findall(r"@\s*file:|--find-links /|--(?:extra-)?index-url|-i http", text) == [], path


def test_the_build_backend_is_locked_so_that_the_project_installs_without_network() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for line in config["build-system"]["requires"]:
        need = Requirement(line)
        for python in PYTHONS:
            (version,) = pinned(LOCKS["run"], need.name, MACHINES[0], python)
            assert need.specifier.contains(version)
    assert pinned(LOCKS["run"], "editables", MACHINES[0], "3.11.0")


def test_a_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {p.relative_to(ROOT).as_posix() for p in (ROOT / "bizops").rglob("*") if p.is_file()}
    ours = {f for f in files if "__pycache__" not in f and not f.endswith(".pyc")}
    assert ours <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)


# ------------------------------------------------------------------------------------------------- what readers see


def test_licence_and_changelog_say_who_and_which_version() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert licence.startswith("MIT License\n")
    assert "The BizOps workbench authors" in licence
    versions = re.findall(r"(?m)^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text())
    assert versions[0] == PROJECT["version"]


def test_git_ignores_what_runs_and_set_ups_make(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    made = [".venv/bin/python", "outputs/index.html", "wheels/x.whl", "bizops/__pycache__/a.pyc", ".env"]
    kept = ["requirements.lock", "params/company.yaml", "notebooks/qbr.ipynb", "environment.yml", ".ci/run"]
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", *made, *kept], cwd=tmp_path, text=True, capture_output=True
    ).stdout.split()
    assert ignored == made
