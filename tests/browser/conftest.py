"""Real runs of the demo company, made once for all workers, and the system's Chromium to look at their pages."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from bizops.sources.demo import build_demo
from tests.browser import hostile

HOME = Path(__file__).parents[2]


@dataclass(frozen=True)
class Published:
    """A run as it lies on disk."""

    folder: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        return self.json("run.json")

    def json(self, name: str) -> Any:
        return json.loads(self.text(name))

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def soup(self, name: str = "report.html") -> BeautifulSoup:
        return BeautifulSoup(self.text(name), "html.parser")

    def files(self, edition: str = "leadership") -> list[str]:
        """What may be published of an edition, by the run's own record."""
        return list(self.record["editions"][edition]["files"])

    @property
    def pages(self) -> list[str]:
        """The pages of all editions."""
        found = [p.relative_to(self.folder).as_posix() for p in self.folder.rglob("report.html")]
        return sorted(found, key=len)


@dataclass(frozen=True)
class Project:
    """A workbench of its own around a demo company: the notebooks and settings of this one, and its own outputs."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "outputs/_data/demo"

    def call(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "bizops.cli", *arguments],
            cwd=self.root, text=True, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(HOME)},
        )  # fmt: skip
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    def run(self, *arguments: str, expect: int = 0) -> Published:
        done = self.call("run", "qbr", "--json", *arguments, expect=expect)
        return Published(Path(json.loads(done.stdout)["runs"][0]["directory"]))


def make_project(root: Path, scale: float) -> Project:
    """A project with the demo company at ``scale`` (1 is what everybody gets)."""
    root.mkdir(parents=True, exist_ok=True)
    for name in ("params", "notebooks"):
        shutil.copytree(HOME / name, root / name)
    project = Project(root)
    build_demo(project.data, scale=scale)
    return project


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], Any]], Path]:
    """Make a folder by its name, once in a session however many workers ask for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, build: Callable[[Path], Any]) -> Path:
        folder, done = shared / f"browser {name}", shared / f"browser {name}.done"
        with (shared / f"browser {name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                build(folder)
                done.touch()
        return folder

    return make


def runs_of(project: Project) -> list[Published]:
    """Its runs of the QBR's default case, oldest first."""
    return [Published(p.parent) for p in sorted(project.root.glob("outputs/qbr/default/*/run.json"))]


@pytest.fixture(scope="session")
def demo_project(once: Any) -> Project:
    """The demo company in its own size, with one run of the QBR."""
    return Project(once("demo", lambda root: make_project(root, 1.0).run()))


@pytest.fixture(scope="session")
def demo(demo_project: Project) -> Published:
    """That run."""
    return runs_of(demo_project)[0]


@pytest.fixture(scope="session")
def hostile_project(once: Any) -> Project:
    """A company in which each name is hostile, with a run of the whole and one of a region."""

    def build(root: Path) -> None:
        project = make_project(root, 0.2)
        new = hostile.plant(project.data)
        settings = (root / "params/company.yaml").read_text(encoding="utf-8")
        name = json.dumps(hostile.COMPANY)
        (root / "params/company.yaml").write_text(settings.replace("name: Tarnwick Signal", f"name: {name}"))
        (root / "region.txt").write_text(new["DACH"], encoding="utf-8")
        project.run()
        project.run("-p", "level=region", "-p", f"member={new['DACH']}")

    return Project(once("hostile", build))


# -------------------------------------------------------------------------------------------------------- the browser


@dataclass
class Seen:
    """What happened while a page was open."""

    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a file in a window of its own; ``page.seen`` holds requests, console lines and dialogs."""
    contexts = []

    def go(file: Path, width: int = 1280, hash: str = "", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 844}, **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.seen = seen = Seen()
        page.on("request", lambda r: seen.requests.append(r.url))
        page.on("console", lambda m: seen.console.append(m.text))
        page.on("pageerror", lambda e: seen.console.append(str(e)))
        page.on("dialog", lambda d: (seen.dialogs.append(d.message), d.dismiss()))
        page.goto(file.as_uri() + hash)
        return page

    yield go
    for context in contexts:
        context.close()
