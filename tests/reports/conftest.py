"""Companies on disk, small enough to check by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
import yaml

Write = Callable[..., Path]


@pytest.fixture
def company_on_disk(tmp_path: Path) -> Write:
    """Write tables as CSV files beside a company file, and return the path of the latter."""

    def write(tables: Mapping[str, pd.DataFrame], **settings: object) -> Path:
        for name, frame in tables.items():
            (tmp_path / "data").mkdir(exist_ok=True)
            frame.to_csv(tmp_path / "data" / f"{name}.csv", index=False)
        content = {"name": "Acme", "currency": "EUR", "source": {"kind": "folder", "path": "data"}, **settings}
        file = tmp_path / "company.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        return file

    return write


def closed_deals(quarter_start: str, closed: int, won: int, value: float, prefix: str, **more: object) -> pd.DataFrame:
    """Return ``closed`` deals closed on the first day of a quarter, the first ``won`` of them won at ``value``."""
    return pd.DataFrame(
        {
            "opportunity_id": [f"{prefix}-{i}" for i in range(closed)],
            "amount": value,
            "created_at": f"{pd.Timestamp(quarter_start) - pd.Timedelta(days=60):%Y-%m-%d}T00:00:00Z",
            "close_on": quarter_start,
            "is_closed": True,
            "is_won": [i < won for i in range(closed)],
            **more,
        }
    )
