"""The build itself: the same bytes, all or nothing, in the contract, and nothing from after the clock."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bizops.company import Company, Source
from bizops.errors import InputError
from bizops.schema import TABLES
from bizops.sources import open_data
from bizops.sources.demo import AS_OF, CURRENCY, PLANTS, build, build_demo

LAST_DAY = pd.Timestamp("2026-10-04")
AS_OF_AT = pd.Timestamp("2026-10-04T22:00Z")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_same_seed_scale_and_plants_give_the_same_bytes(small, tmp_path):
    again = build_demo(tmp_path / "again", scale=0.1)
    assert _bytes(again) == _bytes(small.folder)


def test_order_of_the_plants_does_not_matter(small, tmp_path):
    again = build_demo(tmp_path / "again", scale=0.1, plant=tuple(reversed(PLANTS)))
    assert _bytes(again) == _bytes(small.folder)


def test_another_seed_gives_another_company(small, tmp_path):
    other = build_demo(tmp_path / "other", scale=0.1, seed=8)
    different = {name for name, content in _bytes(other).items() if content != _bytes(small.folder)[name]}
    assert {"opportunity.parquet", "dim_account.parquet", "subscription_line.parquet", "fx_rate.parquet"} <= different


def test_nothing_half_built_is_ever_seen(tmp_path, monkeypatch):
    def fails(folder, name, columns):
        if name == "contract":
            raise OSError("disk full")
        return written(folder, name, columns)

    written = build.write
    monkeypatch.setattr(build, "write", fails)
    with pytest.raises(OSError, match="disk full"):
        build_demo(tmp_path / "demo", scale=0.1)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_build_keeps_the_former_company(tmp_path, monkeypatch):
    out = build_demo(tmp_path / "demo", scale=0.1)
    before = _bytes(out)
    monkeypatch.setattr(build, "truth", lambda model: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_demo(out, scale=0.1, seed=9)
    assert _bytes(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_build_replaces_the_former_company_and_leaves_nothing_behind(tmp_path):
    out = build_demo(tmp_path / "demo", scale=0.1)
    (out / "stray.parquet").write_bytes(b"old")
    assert build_demo(out, scale=0.1, seed=9) == out
    assert not (out / "stray.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no demo company"):
        build_demo(tmp_path, scale=0.1)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"plant": ["churn_couse"]}, "Did you mean 'churn_cause'"),
        ({"plant": "hygiene"}, "one text"),
        ({"seed": -1}, "seed is -1"),
        ({"scale": 0.0}, "scale is 0.0"),
        ({"scale": float("nan")}, "scale is nan"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(tmp_path, arguments, says):
    with pytest.raises(InputError, match=says):
        build_demo(tmp_path / "demo", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_company_of_any_size_can_be_built(tmp_path):
    out = build_demo(tmp_path / "demo", scale=0.05, seed=3)
    assert pq.read_table(out / "dim_account.parquet").num_rows > 40


def _matches(declared: str, found: pa.DataType) -> bool:
    checks = {
        "string": pa.types.is_string,
        "enum": pa.types.is_string,
        "json": pa.types.is_string,
        "integer": pa.types.is_int64,
        "boolean": pa.types.is_boolean,
        "date": pa.types.is_date32,
        "decimal": pa.types.is_decimal128,
        "timestamp": lambda t: t == pa.timestamp("us", tz="UTC"),
    }
    return checks[declared](found)


def test_tables_have_the_columns_and_types_of_the_contract(small):
    assert set(small.names) == set(TABLES)
    for name in small.names:
        schema = pq.read_schema(small.folder / f"{name}.parquet")
        table = TABLES[name]
        assert set(table.required) <= set(schema.names), name
        for column in schema:
            assert _matches(table[column.name].type, column.type), f"{name}.{column.name} is {column.type}"


def test_the_contract_finds_nothing_but_the_planted_defects(small, tmp_path):
    for folder, expected in ((small.folder, set()), (build_demo(tmp_path / "plain", scale=0.1, plant=()), set())):
        company = Company(
            name="Demo",
            currency=CURRENCY,
            time_zone="Europe/Berlin",
            source=Source(kind="folder", path=folder),
            as_of=AS_OF,
        )
        with open_data(company) as data:
            findings = data.quality[data.quality["severity"] != "ok"]
            assert set(findings["table"]) == expected, findings.to_string()
            assert data.as_of_date == date(2026, 10, 4)


def test_nothing_is_known_later_than_the_clock(demo):
    for name in demo.names:
        frame, time = demo[name], TABLES[name].time
        if time.known_at:
            known = frame[time.known_at]
            for column, values in time.ahead.items():
                known = known[~frame[column].isin(values)]
            limit = AS_OF_AT if known.dt.tz is not None else LAST_DAY
            assert (known.dropna() <= limit).all(), f"{name}.{time.known_at}"
        for column in set(time.closes) & set(frame.columns):
            values = frame[column].dropna()
            limit = AS_OF_AT if values.dt.tz is not None else LAST_DAY
            assert (values <= limit).all(), f"{name}.{column}"
        assert (frame["extracted_at"] == pd.Timestamp("2026-10-05T04:00Z")).all()


def test_the_default_company_has_the_promised_size(demo):
    people, accounts = demo["dim_person"], demo["dim_account"]
    assert 1350 <= len(accounts) <= 1650
    sellers = people[(people["role"] == "ae") & people["left_on"].isna()]
    assert len(sellers) == 60
    assert sorted(accounts["region"].unique()) == ["DACH", "Nordics", "Southern Europe", "UK & Ireland"]
    assert sellers["manager_id"].nunique() == 8
    assert set(accounts["segment"]) == {"SMB", "Mid-market", "Enterprise"}
    assert len(demo["dim_product"]) == 5
    assert people["email"].str.endswith("@example.com").all()
    assert people["email"].is_unique
    assert accounts["domain"].str.endswith(".example").all()
    closed = demo["opportunity"].loc[lambda t: t["is_closed"], "close_on"]
    assert closed.min() < pd.Timestamp("2023-10-10")
    assert closed.max() >= pd.Timestamp("2026-10-01")


def test_rows_grow_with_the_scale(small, demo):
    for name in ("dim_account", "opportunity", "opportunity_history", "subscription_line", "invoice", "activity"):
        ratio = demo.truth["rows"][name] / small.truth["rows"][name]
        assert 7 < ratio < 13, name
    assert demo.truth["rows"]["finance_month"] == small.truth["rows"]["finance_month"]


def test_truth_says_what_is_there(demo, plain):
    assert demo.truth["planted"] == list(PLANTS)
    assert plain.truth["planted"] == []
    assert demo.truth["rows"] == {name: len(demo[name]) for name in demo.truth["rows"]}
    for name, plant in PLANTS.items():
        assert demo.plant(name)["parameters"].keys() == plant.parameters.keys()
        assert demo.plant(name)["planted"]
        assert not plain.plant(name)["planted"]
