"""The numbers of a QBR recomputed with plain pandas from the tables on disk, by their written definitions.

Nothing of ``bizops`` is imported here. What the demo company does not have (other time zones, metered usage, one-off
lines, mergers, deals worth something else than their amount) is not handled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path

import pandas as pd

ZONE = "Europe/Berlin"
SALES = ("new", "expansion")
FAR = pd.Timestamp("2200-01-01")
A_YEAR = {"month": 12.0, "quarter": 4.0, "year": 1.0}
FACTORS = ("volume", "win_rate", "deal_size")
GROUP = ["region", "segment"]


def day(text: object) -> pd.Timestamp:
    return pd.Timestamp(str(text))


def midnight(on: pd.Timestamp) -> pd.Timestamp:
    """The instant at which a local day begins."""
    return on.tz_localize(ZONE).tz_convert("UTC")


@dataclass(frozen=True)
class Span:
    """Days from ``start`` to ``end`` (exclusive)."""

    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def label(self) -> str:
        return f"Q{self.start.quarter} FY{self.start.year % 100}"

    def holds(self, days: pd.Series) -> pd.Series:
        return (days >= self.start) & (days < self.end)

    def first(self, days: int) -> Span:
        return Span(self.start, self.start + pd.Timedelta(days=days))


def quarter(text: str, shift: int = 0) -> Span:
    """``2026Q3``, moved by ``shift`` quarters."""
    found = pd.Period(text, freq="Q") + shift
    return Span(found.start_time.normalize(), (found + 1).start_time.normalize())


class Books:
    """The tables of a folder as they were known at the end of a day."""

    def __init__(self, folder: Path, as_of: str) -> None:
        self.folder, self.as_of = folder, day(as_of)
        self.now = midnight(self.as_of + pd.Timedelta(days=1))

    def raw(self, name: str) -> pd.DataFrame:
        """A table with days as timestamps and decimals as floats."""
        frame = pd.read_parquet(self.folder / f"{name}.parquet")
        for column in frame.columns:
            filled = frame[column].dropna()
            kind = type(filled.iloc[0]).__name__ if len(filled) else ""
            if kind == "date":
                frame[column] = pd.to_datetime(frame[column])
            elif kind == "Decimal":
                frame[column] = frame[column].astype(float)
        return frame

    def _known(self, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """Days and instants later than ``as_of`` are not known yet."""
        frame = frame.copy()
        for column in columns:
            bound = self.now if isinstance(frame[column].dtype, pd.DatetimeTZDtype) else self.as_of
            later = frame[column] >= bound if bound is self.now else frame[column] > bound
            frame[column] = frame[column].mask(later)
        return frame

    @cached_property
    def rates(self) -> pd.Series:
        plan = self.raw("fx_rate").query("rate_type == 'plan'")
        return plan[plan["on"] <= self.as_of].sort_values("on").groupby("currency")["rate"].last()

    @cached_property
    def spot(self) -> pd.DataFrame:
        """Spot rates, a row a day and a column a currency."""
        rows = self.raw("fx_rate").query("rate_type == 'spot'")
        return rows.pivot(index="on", columns="currency", values="rate").ffill()

    # -- people and accounts

    @cached_property
    def people(self) -> pd.DataFrame:
        """By person: name, team's region, and the manager (a person who leads others is their own)."""
        people = self.raw("dim_person")
        teams = self.raw("dim_team").set_index("team_id")["region"]
        people["region"] = people["team_id"].map(teams)
        leads = people["person_id"].isin(people["manager_id"].dropna()) | (people["role"] == "manager")
        boss = people["person_id"].where(leads, people["manager_id"])
        people["manager"] = boss.map(people.set_index("person_id")["name"])
        return people.set_index("person_id")

    @cached_property
    def _past(self) -> pd.DataFrame:
        rows = self.raw("dim_account_history").sort_values(["account_id", "valid_from"])
        rows = rows[rows["valid_from"] < self.now].copy()
        rows["since"] = rows["valid_from"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        rows.loc[~rows["account_id"].duplicated(), "since"] = pd.Timestamp("1900-01-01")
        return rows

    def profile(self, accounts: pd.Series, on: pd.Series, column: str) -> pd.Series:
        """What accounts were on days: the last interval that had begun; without a day, what they are."""
        asked = pd.DataFrame({"account_id": accounts, "on": on}).rename_axis("row").reset_index()
        held = asked.merge(self._past[["account_id", "since", column]], on="account_id")
        held = held[held["since"] <= held["on"]].sort_values("since").groupby("row")[column].last()
        today = self.raw("dim_account").set_index("account_id")[column]
        return held.reindex(accounts.index).fillna(accounts.map(today))

    # -- deals

    @cached_property
    def history(self) -> pd.DataFrame:
        """States of deals up to ``as_of``; test records and deals deleted by then have none."""
        rows = self.raw("opportunity_history").sort_values(["opportunity_id", "valid_from"])
        rows = rows[rows["valid_from"] < self.now]
        rows = rows[~rows.groupby("opportunity_id")["is_deleted"].transform("last")]
        real = self.raw("opportunity").query("not is_test")["opportunity_id"]
        rows = rows[rows["opportunity_id"].isin(real)].copy()
        stages = self.raw("dim_stage").set_index("stage_id")
        rows["state"] = rows["stage_id"].map(stages["type"])
        rows["qualified"] = (rows["state"] == "open") & (rows["stage_id"].map(stages["ordinal"]) >= 2)
        rows["value"] = (rows["amount"] * rows["currency"].map(self.rates)).round(4)
        return rows

    def at(self, instant: pd.Timestamp) -> pd.DataFrame:
        """The state of every deal just before an instant, by deal."""
        before = self.history[self.history["valid_from"] < instant]
        return before.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")

    @cached_property
    def deals(self) -> pd.DataFrame:
        """New and expansion deals at ``as_of``: state, value, close date, and what reports cut by."""
        fixed = self.raw("opportunity").query("type in @SALES").set_index("opportunity_id")
        fixed = fixed[["account_id", "type", "created_at", "lost_reason", "last_activity_at"]]
        state = self.at(self.now)[["state", "qualified", "close_on", "owner_id", "value", "next_step"]]
        rows = fixed.join(state, how="inner")
        rows = rows.assign(won=rows["state"] == "won", closed=rows["state"] != "open")
        rows["created_on"] = rows["created_at"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        rows["region"] = rows["owner_id"].map(self.people["region"])
        rows["manager"] = rows["owner_id"].map(self.people["manager"])
        rows["segment"] = self.profile(rows["account_id"], rows["close_on"].where(rows["closed"]), "segment")
        assert rows["region"].notna().all()
        return rows

    @cached_property
    def entries(self) -> pd.DataFrame:
        """The first qualified state of every deal: when and at what value (BKG-08)."""
        rows = self.history[self.history["qualified"]].drop_duplicates("opportunity_id")
        rows = rows.set_index("opportunity_id")
        rows["on"] = rows["valid_from"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        created = self.deals["created_on"].reindex(rows.index)
        inherited = (rows["valid_from"] == self.history["valid_from"].min()) & (created < rows["on"])
        return rows[~inherited & created.notna()]

    def pipeline(self, deals: pd.DataFrame, instant: pd.Timestamp | None = None) -> pd.DataFrame:
        """Qualified open deals at an instant (default ``as_of``) with their value and close date of that time."""
        state = self.at(instant or self.now)
        kept = state[state["qualified"] & (state["value"] > 0)].index.intersection(deals.index)
        return deals.loc[kept].assign(value=state["value"], close_on=state["close_on"])

    # -- plan

    @cached_property
    def _plan(self) -> pd.DataFrame:
        rows = self.raw("plan").query("version == 'budget'")
        rows = rows[rows["effective_on"] <= self.as_of]
        return rows.assign(scope=[json.dumps(json.loads(s), sort_keys=True) for s in rows["scope"]])

    def plan(self, metric: str, span: Span, **scope: str) -> float | None:
        """The planned value of exactly a scope and quarter."""
        rows = self._plan[self._plan["metric_id"] == metric]
        rows = rows[(rows["period_start"] == span.start) & (rows["period_end"] == span.end)]
        found = rows.loc[rows["scope"] == json.dumps(scope, sort_keys=True), "value"]
        return float(found.iloc[0]) if len(found) else None

    # -- quotas

    def carriers(self, span: Span) -> pd.DataFrame:
        """People with a quota of their own in a quarter: quota, credit by revenue splits, attainment."""
        rows = self.raw("quota").query("level == 'rep' and kind == 'street' and measure == 'bookings'")
        rows = rows[(rows["effective_on"] <= self.as_of) & (rows["period_start"] == span.start)]
        assert (rows["period_end"] == span.end).all()
        quota = (rows["amount"] - rows["relief_amount"].astype(float).fillna(0.0)).groupby(rows["owner_id"]).sum()
        won = self.deals[self.deals["won"] & span.holds(self.deals["close_on"])]["value"]
        splits = self.raw("opportunity_split").query("split_type == 'revenue'")
        splits = splits[splits["opportunity_id"].isin(won.index)]
        assert set(splits["opportunity_id"]) == set(won.index)
        credit = (splits["share"] * splits["opportunity_id"].map(won)).groupby(splits["person_id"]).sum()
        found = pd.DataFrame({"quota": quota, "credit": credit.reindex(quota.index).fillna(0.0)})
        found["attainment"] = found["credit"] / found["quota"]
        return found.join(self.people[["region", "manager"]])

    # -- recurring revenue

    def known_renewals(self) -> pd.DataFrame:
        """Contract terms with their worth, risk class ("unknown" once a later decision is hidden) and region."""
        rows = self.raw("renewal")
        hidden = rows["closed_on"] > self.as_of
        rows["risk"] = rows["risk_class"].mask(hidden).fillna("unknown").str.replace("_", " ")
        rows["worth"] = (rows["atr"] * rows["currency"].map(self.rates)).round(4)
        on = rows["term_end_on"].clip(upper=self.as_of)
        return rows.assign(region=self.profile(rows["account_id"], on, "region"))

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Recurring lines: a year's worth, discount, and the days on which they count."""
        subs = self.raw("subscription")
        subs = self._known(subs[subs["started_on"] <= self.as_of], "ended_on", "paused_on", "resumed_on")
        kept = ["subscription_id", "account_id", "contract_id", "trial_end_on", "ended_on", "paused_on", "resumed_on"]
        rows = self.raw("subscription_line")
        assert not rows["is_metered"].any()
        assert (rows["interval_count"] == 1).all()
        rows = self._known(rows[rows["valid_from"] <= self.as_of], "valid_to").merge(subs[kept], on="subscription_id")
        parent = self.raw("dim_account").set_index("account_id")["ultimate_parent_id"]
        rows["customer"] = rows["account_id"].map(parent)
        times = rows["interval"].map(A_YEAR)
        rows["gross"] = rows["quantity"] * rows["unit_price"] * times
        long = rows["discount_months"] > 3
        rows["discount"] = (rows["discount_amount"].astype(float) * times).where(long, 0.0).fillna(0.0)
        begun = rows.groupby(["line_id", rows["discount_amount"].fillna(0.0)])["valid_from"].transform("min")
        months = rows["discount_months"].fillna(0).astype(int)
        rows["discount_to"] = [b + pd.DateOffset(months=m) for b, m in zip(begun, months, strict=True)]
        rows["from"] = rows[["valid_from", "trial_end_on"]].max(axis=1)
        rows["paid_to"] = rows[["valid_to", "ended_on"]].fillna(FAR).min(axis=1)
        rows["to"] = self._with_grace(rows)
        return rows[rows["to"] > rows["from"]]

    def _with_grace(self, rows: pd.DataFrame) -> pd.Series:
        """A term whose renewal is late counts on for up to 30 days: while it is open, or until it is taken up."""
        terms = self._known(self.raw("renewal"), "closed_on")
        unknown = terms["status"].isin(["won", "lost"]) & terms["closed_on"].isna()
        terms["status"] = terms["status"].mask(unknown, "open")
        status = {(c, t): s for c, t, s in terms[["contract_id", "term_end_on", "status"]].itertuples(index=False)}
        starts = rows.groupby(["account_id", "product_id"])["from"].apply(lambda s: sorted(s)).to_dict()
        ends = []
        for r in rows.itertuples():
            found, limit = status.get((r.contract_id, r.paid_to)), r.paid_to + pd.Timedelta(days=30)
            later = [s for s in starts[r.account_id, r.product_id] if r.paid_to < s <= limit]
            if found in ("open", "late") and self.as_of < limit:
                ends.append(FAR)
            else:
                ends.append(later[0] if found == "won" and later else r.paid_to)
        return pd.Series(ends, index=rows.index)

    @cached_property
    def _unpaid(self) -> pd.DataFrame:
        """Days on which subscriptions are more than 60 days past due."""
        rows = self.raw("invoice")
        rows = self._known(rows[rows["issued_on"] <= self.as_of], "paid_on")
        out = pd.DataFrame({"subscription_id": rows["subscription_id"], "from": rows["due_on"] + pd.Timedelta(days=60)})
        out["to"] = rows["paid_on"].fillna(FAR)
        return out[out["to"] > out["from"]]

    def arr(self, on: pd.Timestamp, *, reported: bool = False) -> pd.DataFrame:
        """By customer: ``arr`` and ``paused`` worth at the end of a day, at the plan rate or that day's."""
        rows = self.lines[(self.lines["from"] <= on) & (self.lines["to"] > on)]
        net = rows["gross"] - rows["discount"].where(rows["discount_to"] > on, 0.0)
        rate = rows["currency"].map(self.spot.loc[on] if reported else self.rates)
        worth = (net * rate).round(4)
        paused = (rows["paused_on"] <= on) & ~(rows["resumed_on"] <= on)
        late = self._unpaid[(self._unpaid["from"] <= on) & (self._unpaid["to"] > on)]["subscription_id"]
        out = rows["subscription_id"].isin(late)
        parts = pd.DataFrame({"arr": worth.where(~paused & ~out, 0.0), "paused": worth.where(paused & ~out, 0.0)})
        return parts.groupby(rows["customer"]).sum()

    def customers(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Customers with ARR before ``start`` or ``end``: opening, closing, paused; region and manager at the start."""
        eve, last = start - pd.Timedelta(days=1), end - pd.Timedelta(days=1)
        both = self.arr(eve)["arr"].rename("opening").to_frame().join(self.arr(last), how="outer").fillna(0.0)
        both = both.rename(columns={"arr": "closing"})
        on = pd.Series(eve, index=both.index).where(both["opening"] > 0, last)
        who = pd.Series(both.index, index=both.index)
        both["region"] = self.profile(who, on, "region")
        both["manager"] = self.profile(who, on, "owner_id").map(self.people["manager"])
        return both

    def retention(self, end: pd.Timestamp, months: int = 12, **member: str) -> dict[str, float]:
        """GRR, NRR, logo churn of the customers with ARR ``months`` before ``end``, and their number."""
        held = self.customers(end - pd.DateOffset(months=months), end)
        held = held[held["opening"] > 0]
        for column, name in member.items():
            held = held[held[column] == name]
        lost = (held["closing"] == 0) & (held["paused"] == 0)
        whole = held["opening"].sum()
        return {
            "grr": held[["opening", "closing"]].min(axis=1).sum() / whole,
            "nrr": held["closing"].sum() / whole,
            "logo": lost.mean(),
            "n": len(held),
        }

    def movements(self, span: Span) -> pd.DataFrame:
        """Every customer's change in every month of ``span``: ``step`` and ``amount`` at the plan rate (ARR-04)."""
        parts = []
        for month in pd.date_range(span.start, span.end, freq="MS", inclusive="left"):
            end = month + pd.DateOffset(months=1)
            eve, last = self.arr(month - pd.Timedelta(days=1)), self.arr(end - pd.Timedelta(days=1))
            both = eve.join(last, how="outer", lsuffix="_0", rsuffix="_1").fillna(0.0)
            both = both[(both["arr_1"] - both["arr_0"]).abs() > 1e-9]
            steps = [self._class(r, month) for r in both.itertuples()]
            parts.append(pd.DataFrame({"step": steps, "amount": both["arr_1"] - both["arr_0"], "customer": both.index}))
        return pd.concat(parts, ignore_index=True)

    def _class(self, row: object, month: pd.Timestamp) -> str:
        before, after = row.arr_0, row.arr_1  # type: ignore[attr-defined]
        if before > 0:
            if after > 0:
                return "expansion" if after > before else "contraction"
            return "contraction" if row.paused_1 > 0 else "churn"  # type: ignore[attr-defined]
        if row.paused_0 > 0:  # type: ignore[attr-defined]
            return "expansion"
        held = self.lines[self.lines["customer"] == row.Index]  # type: ignore[attr-defined]
        earlier = held[held["from"] < month]
        if earlier.empty:
            return "new"
        back = held.loc[held["from"] >= month, "from"].min()
        return "reactivation" if (back - earlier["to"].max()).days <= 365 else "new"


def wins(deals: pd.DataFrame, span: Span) -> pd.DataFrame:
    return deals[deals["won"] & span.holds(deals["close_on"])]


def closes(deals: pd.DataFrame, span: Span) -> pd.DataFrame:
    return deals[deals["closed"] & span.holds(deals["close_on"])]


def bookings(deals: pd.DataFrame, span: Span) -> float:
    return float(wins(deals, span)["value"].sum())


def sales_measures(books: Books, deals: pd.DataFrame, span: Span) -> dict[str, float]:
    """The scorecard's measures of deals by the labels of the page."""
    won, closed = wins(deals, span), closes(deals, span)
    made = books.entries[span.holds(books.entries["on"])]
    made = made.loc[made.index.intersection(deals.index)]
    return {
        "Bookings": won["value"].sum(),
        "– new": won.loc[won["type"] == "new", "value"].sum(),
        "– expansion": won.loc[won["type"] == "expansion", "value"].sum(),
        "Win rate by count": len(won) / len(closed),
        "Win rate by value": won["value"].sum() / closed["value"].sum(),
        "Average deal won": won["value"].mean(),
        "Median cycle of deals won": (won["close_on"] - won["created_on"]).dt.days.median(),
        "Pipeline created": made["value"].sum(),
    }


# -- the plan gap


def drivers(books: Books, deals: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Closed, won, value, slipped and pulled-in deals of a quarter, by region and segment."""
    closed, won = closes(deals, span), wins(deals, span)
    begin, end = books.at(midnight(span.start)), books.at(midnight(span.end))
    due = begin[begin["state"] == "open"].join(end, rsuffix="_end").join(deals[GROUP], how="inner")
    slipped = due[span.holds(due["close_on"]) & (due["state_end"] == "open")]
    pulled = due[(due["close_on"] >= span.end) & (due["state_end"] != "open") & span.holds(due["close_on_end"])]
    pulled_won = pulled[pulled["state_end"] == "won"]
    columns = {
        "closed": closed.groupby(GROUP).size(),
        "won": won.groupby(GROUP).size(),
        "value": won.groupby(GROUP)["value"].sum(),
        "slipped": slipped.groupby(GROUP).size(),
        "slipped_value": slipped.groupby(GROUP)["value"].sum(),
        "pulled": pulled.groupby(GROUP).size(),
        "pulled_won": pulled_won.groupby(GROUP).size(),
        "pulled_value": pulled_won.groupby(GROUP)["value_end"].sum(),
    }
    return pd.DataFrame(columns).fillna(0.0)


def _rate(row: Mapping[str, float]) -> float | None:
    closed = row["closed"] - row["pulled"]
    return (row["won"] - row["pulled_won"]) / closed if closed else None


def _factors(row: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float | None]:
    """Deals due, their win rate and size, and the timing: n_closed x rate x size on schedule."""
    own = _rate(row)
    rate = own if own is not None or not row["slipped"] else _rate(other) or 0.0
    value = row["value"] - row["pulled_value"] + (rate or 0.0) * row["slipped_value"]
    due = row["closed"] - row["pulled"] + row["slipped"]
    size = value / (rate * due) if rate and due else None
    return {
        "volume": due, "win_rate": rate, "deal_size": size,
        "timing": row["pulled_value"] - (rate or 0.0) * row["slipped_value"],
    }  # fmt: skip


def shapley(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The mean effect of each factor over the six orders in which the three could have changed."""
    effects = dict.fromkeys(FACTORS, 0.0)
    for order in permutations(FACTORS):
        state = dict(before)
        for name in order:
            was = state["volume"] * state["win_rate"] * state["deal_size"]
            state[name] = after[name]
            effects[name] += (state["volume"] * state["win_rate"] * state["deal_size"] - was) / 6
    return effects


def plan_gap(
    books: Books, deals: pd.DataFrame, now: Span, past: list[Span], plan: Callable[[str, str], float]
) -> pd.DataFrame:
    """The effects by region and segment: columns of the page's plan-gap table."""
    after = drivers(books, deals, now)
    before = pd.concat([drivers(books, deals, p) for p in past]).groupby(level=GROUP).sum() / len(past)
    groups = after.index.union(before.index)
    after, before = after.reindex(groups).fillna(0.0), before.reindex(groups).fillna(0.0)
    rows = []
    for region, segment in groups:
        a, b = after.loc[(region, segment)].to_dict(), before.loc[(region, segment)].to_dict()
        new, old = _factors(a, b), _factors(b, a)
        # what a side without deals does not know is as on the other side: its effect is nothing
        known_new = {k: v if v is not None else (old[k] or 0.0) for k, v in new.items()}
        known_old = {k: v if v is not None else (new[k] or 0.0) for k, v in old.items()}
        row = shapley(known_old, known_new)
        row |= {"timing": known_new["timing"] - known_old["timing"]}
        row |= {"plan_above_run_rate": b["value"] - plan(region, segment), "change": a["value"] - plan(region, segment)}
        rows.append({"region": region, "segment": segment, **row})
    return pd.DataFrame(rows)
