"""Files as they are: order and number of rows, Parquet types, what a folder may hold, what opening costs."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date, datetime

import pandas as pd
import pytest

from bizops.sources import check_data, open_data
from bizops.sources.engine import connect, rows
from bizops.sources.raw import ROW, read_file
from tests.sources.conftest import AS_OF, DEALS, PEOPLE, Place


def test_row_numbers_follow_the_file_in_parallel_reads(place: Place) -> None:
    # Larger than one read buffer, so that several threads share it.
    count = 400_000
    text = "n,filler\n" + "".join(f"{i},{'x' * 40}\n" for i in range(1, count + 1))
    raw = read_file(connect().con, place.write("big.csv", text), "big")
    assert raw.rows == count
    con = connect().con
    raw = read_file(con, place.folder / "big.csv", "big")
    assert rows(con, f"SELECT count(*) FROM {raw.relation} WHERE CAST(n AS BIGINT) <> {ROW}") == [(0,)]


def test_plain_gzip_tab_and_parquet_are_the_same(place: Place) -> None:
    place.write("opportunity.csv", DEALS)
    plain = place.frame("opportunity")
    (place.folder / "opportunity.csv.gz").write_bytes(gzip.compress(DEALS.encode()))
    (place.folder / "opportunity.csv").unlink()
    assert place.frame("opportunity") == plain
    (place.folder / "opportunity.csv.gz").unlink()
    place.write("opportunity.tsv", DEALS.replace(",", "\t"))
    assert place.frame("opportunity") == plain
    (place.folder / "opportunity.tsv").unlink()
    frame = pd.DataFrame(plain).drop(columns="currency")
    frame.to_parquet(place.folder / "opportunity.parquet")
    assert place.frame("opportunity") == plain


def test_parquet_of_pandas_with_its_habits(place: Place) -> None:
    frame = pd.DataFrame(
        {
            "opportunity_id": [1, 2],  # numbers as keys
            "amount": [float("nan"), 5.25],  # NaN for missing
            "term_months": [12.0, float("nan")],  # counts as floats
            "close_on": pd.to_datetime(["2026-05-01", "2026-01-05"]),  # days as instants at midnight
            "created_at": pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00"]),  # naive, hence UTC
            "is_closed": [0, 1],
            "is_won": [False, True],
            "account_id": [None, None],  # a column without any value
        }
    )
    frame.to_parquet(place.folder / "opportunity.parquet")
    first, second = place.frame("opportunity")
    assert (first["opportunity_id"], first["amount"], first["term_months"]) == ("1", None, 12)
    assert (second["close_on"], second["term_months"], second["is_closed"]) == (date(2026, 1, 5), None, True)
    assert second["created_at"].isoformat() == "2026-01-01T11:00:00+00:00"
    frame["close_on"] = datetime(2026, 1, 5, 17, 30)
    frame.to_parquet(place.folder / "opportunity.parquet")
    report = place.check()
    report.data.close()
    assert [(v.column, v.says, v.rows) for v in report.violations] == [
        ("close_on", "an instant where a day belongs", 2)
    ]


def test_dates_in_an_instant_column_begin_the_local_day(place: Place) -> None:
    place.write("lead.csv", "lead_id,created_at\nL-1,2026-03-31\nL-2,2026-04-01\n")
    assert [r["created_at"].isoformat() for r in place.frame("lead")] == ["2026-03-30T22:00:00+00:00"]


def test_report_says_what_is_there(small: Place) -> None:
    report = small.check()
    with report.data as data:
        assert report.is_good
        assert data.info["opportunity"].fingerprint == f"sha256:{hashlib.sha256(DEALS.encode()).hexdigest()}"
        assert data.info["dim_person"].rows == 2
        overview = report.tables.set_index("table")
        assert overview.loc["opportunity", "rows"] == 3
        assert {"stage_id", "type", "acv"} <= set(overview.loc["opportunity", "missing"])
        assert data.missing({"opportunity_history": ()}) == "no table opportunity_history"
        assert list(data.quality.columns) == ["check", "severity", "table", "column", "rows", "of", "detail"]


def test_only_the_named_tables_are_opened(small: Place) -> None:
    small.write("lead.csv", "nonsense")
    with open_data(small.company(), AS_OF, only=frozenset({"opportunity"})) as data:
        assert list(data) == ["opportunity"]


def test_large_tables_are_read_where_they_are(small: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opportunity", "dim_person"):
        pd.read_csv(small.folder / f"{name}.csv").to_parquet(small.folder / f"{name}.parquet")
        (small.folder / f"{name}.csv").unlink()
    small.write("opportunity_line.csv", "line_id,opportunity_id,amount\nL-1,O-1,100.5\n")
    held = {name: small.frame(name) for name in ("opportunity", "dim_person", "opportunity_line")}
    monkeypatch.setattr("bizops.sources.opening.HELD_BELOW", 1)
    assert {name: small.frame(name) for name in held} == held
    with open_data(small.company(), AS_OF) as data:
        kinds = rows(
            data["dim_person"].get_backend().con, "SELECT table_name, table_type FROM information_schema.tables"
        )
    assert ("dim_person", "VIEW") in kinds
    # The state of opportunities is worked out once; text is parsed once.
    assert ("opportunity", "BASE TABLE") in kinds
    assert ("opportunity_line", "BASE TABLE") in kinds


def test_check_can_be_left_out(small: Place) -> None:
    small.write("dim_person.csv", PEOPLE + "P-2,Twice,x\n")
    with check_data(small.company(), AS_OF, check=False).data as data:
        assert data.info["dim_person"].rows == 3
    with pytest.raises(Exception, match="more than once"):
        open_data(small.company(), AS_OF)


def test_opening_twice_gives_the_same(small: Place) -> None:
    reports = [small.check() for _ in range(2)]
    frames = [r.quality for r in reports]
    infos = [dict(r.data.info) for r in reports]
    for report in reports:
        report.data.close()
    assert frames[0].equals(frames[1])
    assert infos[0] == infos[1]
