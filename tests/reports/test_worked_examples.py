"""Worked fixtures through a real run: tables on disk, command line, kernel, and the files that a reader downloads."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
K = 1000.0


@pytest.fixture(scope="module")
def w01_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a QBR run on fixture W01."""
    folder = tmp_path_factory.mktemp("w01")
    shutil.copytree(ROOT / "tests" / "metrics" / "data" / "w01", folder / "data")
    (folder / "company.yaml").write_text(
        "name: W01\ncurrency: USD\nsource: {kind: folder, path: data}\n", encoding="utf-8"
    )
    command = [
        str(Path(sys.executable).with_name("bizops")),
        "run",
        "qbr",
        "--company",
        str(folder / "company.yaml"),
        "--json",
    ]
    command += ["--as-of", "2026-09-30", "-p", "period=2026Q3", "--out", str(folder / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next((folder / "out" / "qbr" / "default").glob("2*"))


def table(run: Path, name: str) -> list[dict[str, str]]:
    with (run / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_w01_bridge_is_the_printed_one(w01_run: Path) -> None:
    steps = {row["label"]: float(row["value"]) for row in table(w01_run, "arr-bridge")}
    assert steps == {
        "Opening ARR": 419 * K,
        "New": 30 * K,
        "Reactivation": 24 * K,
        "Expansion": 38 * K,
        "Contraction": -35 * K,
        "Churn": -50 * K,
        "Moved in or out": 0.0,
        "Exchange rates": -1.5 * K,
        "Closing ARR": 424.5 * K,
    }


def test_w01_rates_are_the_printed_ones(w01_run: Path) -> None:
    rates = {row["label"]: float(row["period"]) for row in table(w01_run, "retention-rates")}
    printed = {name: round(100 * value, 2) for name, value in rates.items()}
    assert printed["Gross revenue retention"] == 79.71
    assert printed["Net revenue retention"] == 88.78
    assert printed["Net revenue retention, returning customers counted"] == 94.51
    assert printed["Logo churn"] == 12.5
    assert round(rates["Quick ratio"], 2) == 1.08
    assert round(rates["Quick ratio without returning customers"], 2) == 0.80


def test_w01_is_on_the_page_as_form_says(w01_run: Path) -> None:
    page = (w01_run / "report.html").read_text(encoding="utf-8")
    assert 'data-v="424500"' in page
    assert 'data-v="-1500"' in page


def test_the_record_tells_what_ran_on_what(w01_run: Path) -> None:
    record: dict[str, Any] = json.loads((w01_run / "run.json").read_text(encoding="utf-8"))
    assert record["status"] == "ok"
    assert record["period"]["key"] == "2026Q3"
    lines = (ROOT / "tests/metrics/data/w01/subscription_line.csv").read_text(encoding="utf-8").splitlines()
    assert record["data"]["subscription_line"]["rows"] == len(lines) - 1
    assert {cell["status"] for cell in record["cells"]} == {"ok"}
    assert str(ROOT) not in json.dumps(record)
