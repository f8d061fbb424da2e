"""Where the seconds of one QBR go: the demo company at default scale, in one process.

The rival is the least that any report pays: importing the same libraries and reading the same files with DuckDB.

    python benchmarks/qbr.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PARTS = (
    "answer", "kpis", "asks", "scorecard", "plan_gap", "contribution", "pipeline", "wins_and_losses", "attainment",
    "retention", "what_would_change", "definitions", "data_quality", "provenance",
)  # fmt: skip
FLOOR = """
import time, pathlib, sys
import ibis, pandas, seaborn, statsmodels.api, duckdb
con = duckdb.connect()
for file in pathlib.Path(sys.argv[1]).glob("*.parquet"):
    con.sql(f"SELECT count(*) FROM '{file}'").fetchone()
print(time.process_time())
"""


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the CPU seconds of ``work``."""
    start = time.process_time()
    return work(), time.process_time() - start


def company(folder: Path) -> Path:
    """Write the settings of a company whose data lie in ``folder``."""
    file = folder.parent / "company.yaml"
    file.write_text(
        f"name: Demo\ncurrency: EUR\ntime_zone: Europe/Berlin\nas_of: 2026-10-04\n"
        f"source: {{kind: folder, path: {folder.name}}}\n",
        encoding="utf-8",
    )
    return file


def main() -> None:
    """Print a line a step."""
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        subprocess.run([str(Path(sys.executable).with_name("bizops")), "demo", "--out", str(demo)], check=True,
                       capture_output=True, cwd=ROOT)  # fmt: skip
        floor = subprocess.run([sys.executable, "-c", FLOOR, str(demo)], check=True, capture_output=True, text=True)
        rows: list[tuple[str, float]] = [("floor: import and read", float(floor.stdout))]
        qbr, seconds = timed(lambda: __import__("bizops.reports.qbr", fromlist=["qbr"]))
        rows.append(("import the report", seconds))
        params = qbr.Params.read({"company": str(company(demo))})
        context, seconds = timed(lambda: qbr.start(params))
        rows.append(("open and check the data", seconds))
        for part in PARTS:
            rows.append((part, timed(lambda name=part: getattr(qbr, name)(context).payload())[1]))  # type: ignore[misc]
    print(f"{'step':28}{'CPU s':>8}")
    for name, seconds in rows:
        print(f"{name:28}{seconds:8.2f}")
    print(f"{'report without the floor':28}{sum(s for _, s in rows[1:]):8.2f}")


if __name__ == "__main__":
    main()
