"""A real JupyterLab with the hand-written extension: one button from a notebook to the page of its reader."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser.conftest import HOME
from tests.test_preview import COMPANY, executed, save

LABEL = "Preview as the leader sees it"
BUTTON = '[data-command="bizops:preview"]'


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """JupyterLab of this environment in a small project, with settings and state of its own."""
    room = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "params"):
        (room / name).mkdir()
    (room / "params/acme.yaml").write_text(COMPANY)
    save(executed(), room / "notebooks/tiny.ipynb")
    save(executed(c2={"outputs": []}), room / "notebooks/blank.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{n}_DIR": str(room / f".{n}") for n in ("CONFIG", "DATA", "RUNTIME")} | {"HOME": str(room)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    options = ["--IdentityProvider.token=open", "--ServerApp.port_retries=0", "--LabApp.news_url=None"]
    with (room / "log.txt").open("w") as log:
        environment = {**os.environ, **own, "JUPYTER_PREFER_ENV_PATH": "1"}
        server = subprocess.Popen([*command, *options], cwd=room, stdout=log, stderr=log, env=environment)
        lab = SimpleNamespace(url=f"http://127.0.0.1:{port}", room=room)
        try:
            lab.get = lambda path: urllib.request.urlopen(f"{lab.url}/{path}?token=open", timeout=60).read().decode()
            wait(lab)
            yield lab
        finally:
            # JupyterLab asks before it shuts kernels down; nobody is there to answer
            server.kill()
            server.wait()


def wait(lab: SimpleNamespace) -> None:
    """Until the server answers."""
    for _ in range(600):
        try:
            lab.get("api")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError((lab.room / "log.txt").read_text())


@pytest.fixture
def window(browser: Any, lab: SimpleNamespace) -> Iterator[Any]:
    """Open a notebook in JupyterLab."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)

    def go(name: str) -> Any:
        page = context.new_page()
        page.errors = []
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" and "bizops" in m.text else None)
        page.goto(f"{lab.url}/lab/tree/notebooks/{name}?token=open&reset")
        page.locator(BUTTON).first.wait_for()
        # the notebook names a kernel that nobody has: JupyterLab asks, and gets none
        page.locator(".jp-Dialog button", has_text="No Kernel").click()
        page.locator(".jp-Dialog").wait_for(state="detached")
        return page

    yield go
    context.close()


def test_the_server_shows_a_saved_notebook_without_any_kernel(lab: SimpleNamespace) -> None:
    kernels = json.loads(lab.get("api/kernels"))
    page = lab.get("nbconvert/bizops/notebooks/tiny.ipynb")
    assert "<h1>Deals were 777</h1>" in page
    assert "Acme" in page
    assert "secret_call" not in page
    assert "secret_call" in lab.get("nbconvert/bizops_analyst/notebooks/tiny.ipynb")
    assert json.loads(lab.get("api/kernels")) == kernels
    formats = json.loads(lab.get("api/nbconvert"))
    assert formats["bizops"]["output_mimetype"] == "text/html"


def test_the_button_saves_and_opens_the_page_of_the_reader(lab: SimpleNamespace, window: Any) -> None:
    page = window("tiny.ipynb")
    button = page.locator(BUTTON).first
    assert button.is_visible()
    file = lab.room / "notebooks/tiny.ipynb"
    page.locator(".jp-Notebook").click(position={"x": 400, "y": 40})
    page.keyboard.press("b")  # one more cell, not saved yet
    before = json.loads(file.read_text())["cells"]
    with page.expect_popup() as opened:
        button.click()
    opened.value.locator("h1").wait_for()
    assert opened.value.locator("h1").text_content() == "Deals were 777"
    assert "Acme" in opened.value.locator("main header").inner_text()
    assert len(json.loads(file.read_text())["cells"]) == len(before) + 1
    assert page.errors == []


def test_the_palette_offers_the_same(lab: SimpleNamespace, window: Any) -> None:
    page = window("tiny.ipynb")
    page.keyboard.press("Control+Shift+C")
    page.keyboard.type(LABEL)
    entry = page.locator(".lm-CommandPalette-item", has_text=LABEL)
    entry.wait_for()
    with page.expect_popup() as opened:
        entry.click()
    opened.value.locator("h1").wait_for()
    assert opened.value.locator("h1").text_content() == "Deals were 777"


def test_a_notebook_without_results_is_told_so(lab: SimpleNamespace, window: Any) -> None:
    page = window("blank.ipynb")
    page.locator(BUTTON).first.click()
    dialog = page.locator(".jp-Dialog", has_text="Nothing to preview yet")
    dialog.wait_for()
    assert "Run all cells" in dialog.inner_text()
    assert len(page.context.pages) == 1
    with pytest.raises(urllib.error.HTTPError) as refused:
        lab.get("nbconvert/bizops/notebooks/blank.ipynb")
    assert "holds no results" in refused.value.read().decode()


def test_the_environment_has_the_extension_of_this_source() -> None:
    """An editable install copies it; a changed file is copied by the next set-up."""
    installed = Path(sys.prefix) / "share/jupyter/labextensions/bizops-preview"
    for file in (p for p in (HOME / "bizops/lab").rglob("*") if p.is_file()):
        assert (installed / file.relative_to(HOME / "bizops/lab")).read_bytes() == file.read_bytes(), file.name
    node = shutil.which("node")
    if node is not None:
        subprocess.run([node, "--check", HOME / "bizops/lab/static/remoteEntry.js"], check=True)
