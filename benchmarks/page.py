"""What a reader waits for: the page of a run, opened from disk in the system's Chromium, and its bytes.

The rivals are an empty page of the same browser and nbconvert's own page of the same notebook.

    python benchmarks/page.py [outputs/qbr/default]
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ROUNDS = 7
PAINT = "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)[0] ?? null"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def newest(case: Path) -> Path:
    """The folder of a case's newest good run."""
    return case / json.loads((case / "latest.json").read_text(encoding="utf-8"))["run_id"]


def opened(chromium: Any, file: Path, width: int) -> tuple[float, float]:
    """Milliseconds to the first contentful paint and to the end of loading, in a window of its own."""
    context = chromium.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(file.as_uri())
    while not (page.evaluate(PAINT) and page.evaluate(LOADED)):  # the page's policy lets no script of ours wait for it
        page.wait_for_timeout(10)
    found = page.evaluate(PAINT), page.evaluate(LOADED)
    context.close()
    return found


def stock(folder: Path, scratch: Path) -> Path:
    """Nbconvert's own page of the run's notebook."""
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "html",
        "--output-dir",
        str(scratch),
        folder / "notebook.ipynb",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return scratch / "notebook.html"


def previewed(folder: Path, scratch: Path) -> float:
    """Seconds of wall that `bizops preview` takes for the run's notebook."""
    start = time.perf_counter()
    bizops = Path(sys.executable).with_name("bizops")
    command = [bizops, "preview", folder / "notebook.ipynb", "--to", scratch / "preview.html"]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    """Print a line a page."""
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        print("no Chromium on this machine: nothing measured")
        return
    case = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "outputs/qbr/default")
    if not (case / "latest.json").is_file() or not (newest(case) / "editions").is_dir():
        print("no page yet: make report")
        return
    from playwright.sync_api import sync_playwright

    folder = newest(case)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as p:
        scratch = Path(name)
        (scratch / "empty.html").write_text("<!doctype html><title>x</title><p>x", encoding="utf-8")
        files = {
            "empty page": scratch / "empty.html",
            "leadership page": folder / "report.html",
            "analyst page": folder / "editions/analyst/report.html",
            "nbconvert's own page": stock(folder, scratch),
        }
        chromium = p.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        print(f"{'median of ' + str(ROUNDS):24}{'kB':>8}{'kB gz':>8}{'paint ms':>10}{'loaded ms':>11}{'paint 390':>11}")
        for label, file in files.items():
            times = [opened(chromium, file, 1280) for _ in range(ROUNDS)]
            phone = statistics.median(opened(chromium, file, 390)[0] for _ in range(ROUNDS))
            paint, loaded = (statistics.median(column) for column in zip(*times, strict=True))
            raw = file.read_bytes()
            sizes = f"{len(raw) / 1000:8.0f}{len(gzip.compress(raw)) / 1000:8.0f}"
            print(f"{label:24}{sizes}{paint:10.0f}{loaded:11.0f}{phone:11.0f}")
        chromium.close()
        print(f"\nbizops preview, wall: {statistics.median(previewed(folder, scratch) for _ in range(3)):.1f} s")


if __name__ == "__main__":
    main()
