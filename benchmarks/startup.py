"""How long the workbench takes before it does anything: `import bizops` and `bizops --help`.

Each command runs in a process of its own; the first run, which compiles modules and fills the disk cache, is not
counted. Bare Python is the floor, `papermill --help` the rival: the command line that the workbench builds on.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
RUNS = 15
# (what, command, target in seconds)
COMMANDS: list[tuple[str, list[str], float | None]] = [
    ("python -c pass", [sys.executable, "-c", "pass"], None),
    ("import bizops", [sys.executable, "-c", "import bizops"], 0.1),
    ("bizops --help", [str(BIN / "bizops"), "--help"], 0.5),
    ("papermill --help", [str(BIN / "papermill"), "--help"], None),
]


def seconds(command: list[str]) -> list[float]:
    """Wall seconds of ``RUNS`` runs of ``command``, sorted; raises CalledProcessError if one of them fails."""
    # Compiled modules for all, also where the shell forbids Python to write them.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])


def main() -> int:
    missed = 0
    print(f"{'command':<18}{'median':>10}{'slowest':>10}{'target':>10}  ")
    for name, command, target in COMMANDS:
        times = seconds(command)
        median = statistics.median(times)
        verdict = ""
        if target is not None:
            verdict = "met" if median < target else "MISSED"
            missed += median >= target
        limit = "" if target is None else f"{target:.1f} s"
        print(f"{name:<18}{median:>8.3f} s{times[-1]:>8.3f} s{limit:>10}  {verdict}".rstrip())
    print(f"wall time of a whole process, median of {RUNS} runs, Python {sys.version.split()[0]}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
