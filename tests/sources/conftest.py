"""Small companies in temporary folders, and the data sets beside the project."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bizops.company import Company, load_company
from bizops.sources import CheckReport, check_data

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
AS_OF = date(2026, 3, 31)

DEALS = """opportunity_id,owner_id,amount,created_at,close_on,is_closed,is_won
O-1,P-1,100.5,2025-11-01T10:00:00Z,2026-01-05,true,true
O-2,P-1,,2025-11-02T10:00:00Z,2026-05-05,false,false
O-3,P-2,50,2025-11-03T10:00:00Z,2026-02-05,true,false
"""
"""A spreadsheet that suffices for a first review."""

PEOPLE = """person_id,name,email
P-1,Ada Lovelace,ada@example.com
P-2,Grace Hopper,grace@example.com
"""


class Place:
    """A folder with files, and the company whose source it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {}

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        """Write a text file; line ends stay as given."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def company(self, **source: Any) -> Company:
        """The company; by default its source is the folder."""
        given = {"name": "Small", "currency": "EUR", "time_zone": "Europe/Berlin", "root": self.folder}
        return Company.model_validate({**given, **self.settings, "source": source or {"kind": "folder", "path": "."}})

    def mapped(self, yaml: str) -> Company:
        """The company with a mapping file of this text."""
        self.write("mapping.yaml", yaml)
        return self.company(kind="mapping", mapping="mapping.yaml")

    def check(self, company: Company | None = None, as_of: date = AS_OF) -> CheckReport:
        """The report of `check_data`."""
        return check_data(company or self.company(), as_of)

    def frame(self, table: str, company: Company | None = None, as_of: date = AS_OF) -> list[dict[str, Any]]:
        """Rows of an opened table, ordered by its first column, after a check without violations."""
        report = self.check(company, as_of)
        with report.data as data:
            assert not report.violations, "\n".join(map(str, report.violations))
            rows = data[table].order_by(data[table].columns[0]).to_pyarrow().to_pylist()
        return list(rows)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path)


@pytest.fixture
def small(place: Place) -> Place:
    """A folder with three opportunities and two people."""
    place.write("opportunity.csv", DEALS)
    place.write("dim_person.csv", PEOPLE)
    return place


@pytest.fixture(scope="session")
def real() -> Callable[[str], CheckReport]:
    """Return a function that checks a data set beside the project by the name of its company file."""
    reports: dict[str, CheckReport] = {}

    def report(name: str) -> CheckReport:
        company = load_company(ROOT / "params" / "companies" / f"{name}.yaml")
        if not SHARED.is_dir():
            pytest.skip(f"the data sets are not beside the project ({SHARED} does not exist)")
        if name not in reports:
            reports[name] = check_data(company)
        return reports[name]

    return report


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(installed[-1]) if installed else None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real Postgres on a free local port; skipped with the reason where there is none."""
    if not (_binary("initdb") and _binary("pg_ctl")):
        pytest.skip("no initdb and pg_ctl on this machine")
    pytest.importorskip("psycopg", reason="the Postgres driver is not installed")
    # Not a folder of pytest: other test runs on the machine tidy those away while the server runs.
    with tempfile.TemporaryDirectory(prefix="bizops-postgres-") as folder:
        prefix: list[str] = []
        if os.getuid() == 0:
            # initdb refuses root; Debian's package brings this user.
            if not shutil.which("runuser"):
                pytest.skip("initdb refuses root and there is no runuser")
            prefix = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        def run(name: str, *arguments: str) -> None:
            command = [*prefix, str(_binary(name)), "-D", f"{folder}/data", *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd="/")

        run("initdb", "-A", "trust", "-U", "bizops", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-F -p {port} -k {folder} -c listen_addresses=127.0.0.1 -c timezone=Asia/Tokyo"
        run("pg_ctl", "-o", options, "-w", "-l", f"{folder}/log", "start")
        try:
            yield f"postgres://bizops@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
