"""Demo companies built once for all tests of this room, read back as pandas frames."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bizops.sources.demo import ALL, build_demo

AS_OF_AT = pd.Timestamp("2026-10-04T22:00Z")  # the end of 4 October 2026 in Berlin
LAST_DAY = pd.Timestamp("2026-10-04")


class Demo:
    """A demo company on disk: ``demo["opportunity"]`` is a frame with money as floats and dates as timestamps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._frames: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            self._frames[name] = self._read(name)
        return self._frames[name]

    def _read(self, name: str) -> pd.DataFrame:
        table = pq.read_table(self.folder / f"{name}.parquet")
        for place, column in enumerate(table.schema):
            if pa.types.is_decimal(column.type):
                table = table.set_column(place, column.name, table[column.name].cast(pa.float64()))
            elif pa.types.is_date(column.type):
                table = table.set_column(place, column.name, table[column.name].cast(pa.timestamp("s")))
        return table.to_pandas()

    @property
    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.parquet"))

    @cached_property
    def truth(self) -> dict:
        return json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))

    def plant(self, name: str) -> dict:
        return self.truth["plants"][name]

    @cached_property
    def deals(self) -> pd.DataFrame:
        """New and expansion deals with value in company currency, region, segment at closing and quarter."""
        rows = self["opportunity"]
        rows = rows[rows["type"] != "renewal"].reset_index(drop=True)
        accounts = self["dim_account"].set_index("account_id")
        rows = rows.assign(
            value=rows["acv"] * rows["currency"].map(self.plan_rate),
            region=rows["account_id"].map(accounts["region"]),
            industry=rows["account_id"].map(accounts["industry"]),
            quarter=rows["close_on"].dt.to_period("Q").astype(str),
        )
        return rows.assign(segment=self.segment_at(rows["account_id"], rows["close_on"]))

    @cached_property
    def closed(self) -> pd.DataFrame:
        """Deals closed in one of the twelve whole quarters."""
        return self.deals[self.deals["is_closed"] & (self.deals["close_on"] < "2026-10-01")]

    @cached_property
    def plan_rate(self) -> pd.Series:
        rates = self["fx_rate"]
        return rates[rates["rate_type"] == "plan"].groupby("currency")["rate"].last()

    def segment_at(self, account: pd.Series, on: pd.Series) -> np.ndarray:
        """Return the segment of each account on each day, from the history."""
        history = self["dim_account_history"].sort_values("valid_from")
        asked = pd.DataFrame({"account_id": account.to_numpy(), "on": on.to_numpy(), "place": range(len(account))})
        noon = pd.to_datetime(asked["on"]).dt.tz_localize("UTC") + pd.Timedelta(hours=12)
        asked["on"] = noon.astype(history["valid_from"].dtype)
        found = pd.merge_asof(
            asked.sort_values("on"), history, left_on="on", right_on="valid_from", by="account_id", direction="backward"
        )
        return found.sort_values("place")["segment"].to_numpy()

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Subscription lines of customers (no trials) with a year's worth, net of discount, in the line's currency."""
        subscriptions = self["subscription"].set_index("subscription_id")
        rows = self["subscription_line"]
        rows = rows[rows["subscription_id"].map(subscriptions["trial_end_on"]).isna()]
        times = rows["interval"].map({"month": 12, "quarter": 4, "year": 1})
        return rows.assign(
            account_id=rows["subscription_id"].map(subscriptions["account_id"]),
            yearly=(rows["quantity"] * rows["unit_price"] - rows["discount_amount"].fillna(0)) * times,
            rate=rows["currency"].map(self.plan_rate),
            valid_to=rows["valid_to"].fillna(pd.Timestamp("2200-01-01")),
        )

    def arr(self, on: pd.Timestamp) -> pd.Series:
        """Return ARR by account in company currency, pauses counted as running."""
        rows = self.lines[(self.lines["valid_from"] <= on) & (on < self.lines["valid_to"])]
        return (rows["yearly"] * rows["rate"]).groupby(rows["account_id"]).sum()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The default company: everything planted."""
    return Demo(build_demo(tmp_path_factory.mktemp("demo") / "all"))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The same company with nothing planted."""
    return Demo(build_demo(tmp_path_factory.mktemp("demo") / "plain", plant=()))


@pytest.fixture(scope="session")
def without(tmp_path_factory: pytest.TempPathFactory):
    """A function that returns the default company with one plant switched off, built once."""
    built: dict[str, Demo] = {}

    def make(name: str) -> Demo:
        if name not in built:
            rest = [each for each in ALL if each != name]
            built[name] = Demo(build_demo(tmp_path_factory.mktemp("demo") / f"without_{name}", plant=rest))
        return built[name]

    return make


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A tenth of the default company."""
    return Demo(build_demo(tmp_path_factory.mktemp("demo") / "small", scale=0.1))
