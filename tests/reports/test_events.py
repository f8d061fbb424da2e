"""Dated events from the file beside the company file to the QBR's charts: scope, metric, and nothing after as_of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bizops.errors import InputError
from bizops.findings.wire import fragment, walk
from bizops.reports import qbr
from tests.reports.conftest import Write, closed_deals

QUARTERS = [f"{y}-{m:02d}-01" for y in (2024, 2025, 2026) for m in (1, 4, 7, 10)][:10]


@pytest.fixture
def company(company_on_disk: Write) -> Path:
    """Ten quarters of one deal, sold in DACH and in the UK, with events beside the company file."""
    values = (52, 48, 55, 50, 47, 53, 49, 51, 54, 50)
    deals = [
        closed_deals(q, 1, 1, v, f"{region}{i}", region=region)
        for region in ("DACH", "UK")
        for i, (q, v) in enumerate(zip(QUARTERS, values, strict=True))
    ]
    file = company_on_disk({"opportunity": pd.concat(deals)})
    (file.parent / "annotations.csv").write_text(
        "date,label,metric,level,member\n"
        "2025-02-01,Prices up,,,\n"
        "2025-05-01,Another metric,BKG-03,,\n"
        "2025-08-01,A rival enters,BKG-01,region,DACH\n"
        "2026-06-30,On the day itself,,,\n"
        "2026-07-01,Tomorrow's secret,,,\n",
        encoding="utf-8",
    )
    return file


def page_of(company: Path, **more: object) -> Mapping[str, Any]:
    context = qbr.start(qbr.Params.read({"company": str(company), "as_of": "2026-06-30", **more}))
    return qbr.scorecard(context).payload()


def events(payload: Mapping[str, Any]) -> list[str]:
    (figure,) = [p for p in walk([payload]) if p["kind"] == "figure" and p["id"] == "bookings-trend"]
    return [text.split(": ", 1)[1] for text in figure["annotations"]]


def test_events_of_the_metric_stand_on_the_trend(company: Path) -> None:
    payload = page_of(company)
    assert events(payload) == ["Prices up", "On the day itself"]
    assert 'id="fig-bookings-trend-e2"' in fragment(payload)


def test_a_slice_tells_its_own_events(company: Path) -> None:
    told = events(page_of(company, level="region", member="DACH"))
    assert told == ["Prices up", "A rival enters", "On the day itself"]
    assert "A rival enters" not in events(page_of(company, level="region", member="UK"))


def test_nothing_after_as_of_is_on_the_page(company: Path) -> None:
    assert "secret" not in str(page_of(company))
    later = qbr.start(qbr.Params.read({"company": str(company), "as_of": "2026-07-01", "period": "2026Q2"}))
    assert [a.label for a in later.annotations][-1] == "Tomorrow's secret"


def test_a_file_that_cannot_be_read_stops_the_report(company: Path) -> None:
    (company.parent / "annotations.csv").write_text("date,label\n1 July 2025,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"annotations.csv line 2, column date"):
        page_of(company)
