"""A process that publishes runs, and the processes that it kills while they do; called by test_publish.py."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from bizops.runs.publish import publish, settle, staged, write

OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "fcntl.flock", "os.truncate"}
OLD, NEW = "20261001T000000Z-aaaa", "20261002T000000Z-bbbb"


def publish_run(folder: Path, run_id: str, as_of: str, **changes: Any) -> bool:
    record = {
        "status": "ok",
        "is_latest_candidate": True,
        "as_of": as_of,
        "started_at": f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}T{run_id[9:11]}:{run_id[11:13]}:{run_id[13:15]}.000Z",
        "title": f"Title of {run_id}",
        "page": "report.html",
        "company": {"name": "Acme", "file": "params/company.yaml", "of_case": True},
        **changes,
    }
    with staged(folder, run_id) as stage:
        write(stage, str(record["page"]), page_of(run_id))
        write(stage, "tables/a.csv", "x\r\n1\r\n")
        write(stage, "run.json", json.dumps(record))
        return publish(stage, folder, run_id)


def page_of(run_id: str) -> str:
    return f'<html><p>{run_id}</p><a href="tables/a.csv">a</a> href="tables/text"{"." * 5000}</html>'


def kill_at(point: int) -> None:
    """Die at the ``point``-th system operation from here, or in the middle of a file if that is a flush."""
    count = 0

    def step() -> bool:
        nonlocal count
        count += 1
        return count == point

    def hook(event: str, _: Any) -> None:
        if event in OPERATIONS and step():
            os.kill(os.getpid(), signal.SIGKILL)

    flush = os.fsync

    def half_written(handle: int) -> None:
        if step():
            if Path(f"/proc/self/fd/{handle}").is_file():
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        flush(handle)

    os.fsync = half_written
    sys.addaudithook(hook)


def in_child(work: Any) -> int:
    """Run ``work`` in a forked process and return its wait status."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def seen(folder: Path) -> dict[str, Any]:
    """What a reader of the case's folder sees."""
    runs = [p for p in folder.iterdir() if not p.name.startswith(".") and p.is_dir()]
    return {
        "page": next((i for i in (OLD, NEW) if (folder / "latest.html").read_text() == relinked(i)), "broken"),
        "pointer": json.loads((folder / "latest.json").read_text())["run_id"],
        "runs": sorted(p.name for p in runs),
        "whole": all(
            (p / "report.html").read_text() == page_of(p.name)
            and json.loads((p / "run.json").read_text())
            and (p / "tables/a.csv").read_text()
            for p in runs
        ),
        "hidden": sorted(p.name for p in folder.iterdir() if p.name.startswith(".tmp")),
    }


def relinked(run_id: str) -> str:
    return page_of(run_id).replace('<a href="tables/', f'<a href="{run_id}/tables/')


def killed_everywhere(work: Path) -> None:
    """Kill a publication at every operation; print what is seen before and after the next process mends it."""
    base = work / "base"
    publish_run(base, OLD, "2026-10-01")
    for point in range(1, 400):
        folder = work / f"at-{point}"
        shutil.copytree(base, folder)

        def work_and_die(folder: Path = folder, point: int = point) -> None:
            kill_at(point)
            publish_run(folder, NEW, "2026-10-02")

        status = in_child(work_and_die)
        before = seen(folder)
        latest = settle(folder)
        print(
            json.dumps(
                {"point": point, "killed": status != 0, "before": before, "latest": latest, "after": seen(folder)}
            )
        )
        if status == 0:
            return


def all_at_once(work: Path) -> None:
    """Publish many runs from as many processes."""
    children = []
    for number in range(24):
        child = os.fork()
        if not child:
            day = 1 + (number * 7) % 12
            publish_run(work, f"20261101T0000{number:02d}Z-{number:04x}", f"2026-10-{day:02d}")
            os._exit(0)
        children.append(child)
    print(json.dumps([os.waitpid(c, 0)[1] for c in children]))


if __name__ == "__main__":
    {"killed": killed_everywhere, "together": all_at_once}[sys.argv[1]](Path(sys.argv[2]))
