"""The books of the demo company agree with one another, to the cent."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

LAST_DAY = pd.Timestamp("2026-10-04")
FAR = pd.Timestamp("2200-01-01")


def _history(demo):
    return demo["opportunity_history"].sort_values(["opportunity_id", "valid_from"])


def test_deals_are_their_last_state(demo):
    last = _history(demo).groupby("opportunity_id").tail(1).set_index("opportunity_id")
    deals = demo["opportunity"].set_index("opportunity_id")
    assert len(last) == len(deals)
    for column in ("stage_id", "forecast_category", "amount", "close_on", "owner_id", "is_deleted", "currency"):
        pd.testing.assert_series_equal(
            deals[column], last[column].reindex(deals.index), check_names=False, obj=f"opportunity.{column}"
        )
    assert deals["next_step"].fillna("").eq(last["next_step"].reindex(deals.index).fillna("")).all()
    stages = demo["dim_stage"].set_index("stage_id")["type"]
    assert (deals["is_won"] == (deals["stage_id"].map(stages) == "won")).all()
    assert (deals["is_closed"] == (deals["stage_id"].map(stages) != "open")).all()


def test_histories_have_no_gap_and_no_overlap(demo):
    for name, keys in (("opportunity_history", ["opportunity_id"]), ("dim_account_history", ["account_id"])):
        rows = demo[name].sort_values([*keys, "valid_from"])
        following = rows.groupby(keys)["valid_from"].shift(-1)
        pd.testing.assert_series_equal(rows["valid_to"], following, check_names=False, obj=name)
    first = _history(demo).groupby("opportunity_id")["valid_from"].min()
    created = demo["opportunity"].set_index("opportunity_id")["created_at"].sort_index()
    pd.testing.assert_series_equal(created, first.sort_index(), check_names=False)
    lines = demo["subscription_line"].sort_values(["line_id", "valid_from"])
    follows = lines["line_id"].eq(lines["line_id"].shift(-1))
    assert (lines["valid_to"][follows] <= lines["valid_from"].shift(-1)[follows]).all()
    assert (lines["valid_to"].fillna(FAR) > lines["valid_from"]).all()


def test_stages_only_go_forward_and_the_first_qualified_day_is_told(demo):
    rows = _history(demo).merge(demo["dim_stage"][["stage_id", "ordinal", "is_qualified", "type"]], on="stage_id")
    rows = rows.sort_values(["opportunity_id", "valid_from"])
    back = rows.groupby("opportunity_id")["ordinal"].diff()
    assert (back.dropna() >= 0).all()
    first = rows[rows["is_qualified"]].groupby("opportunity_id")["valid_from"].min()
    told = demo["opportunity"].set_index("opportunity_id")["qualified_at"].dropna()
    pd.testing.assert_series_equal(told.sort_index(), first.sort_index(), check_names=False)


def test_lines_sum_to_the_amount(demo):
    lines = demo["opportunity_line"]
    total = lines.groupby("opportunity_id")["amount"].sum()
    amount = demo["opportunity"].set_index("opportunity_id")["amount"]
    assert np.allclose(total.reindex(amount.index), amount, atol=0.001)
    assert (lines["unit_price"] <= lines["list_price"] + 0.005).all()
    full = lines["quantity"] * lines["list_price"] * (1 - lines["discount"])
    assert np.allclose(full, lines["amount"], atol=0.02)


def test_revenue_splits_are_the_whole_deal(demo):
    splits = demo["opportunity_split"]
    revenue = splits[splits["split_type"] == "revenue"].groupby("opportunity_id")[["share", "amount"]].sum()
    deals = demo.deals.set_index("opportunity_id")
    assert np.allclose(revenue["share"].reindex(deals.index), 1)
    assert np.allclose(revenue["amount"].reindex(deals.index), deals["amount"], atol=0.001)
    shared = splits[splits["split_type"] == "revenue"].groupby("opportunity_id").size()
    assert 0.03 < (shared > 1).mean() < 0.09


def test_every_won_deal_has_a_contract_that_starts_within_thirty_days(demo):
    won = demo["opportunity"].loc[lambda t: t["is_won"]].set_index("opportunity_id")
    contracts = demo["contract"].dropna(subset=["opportunity_id"]).set_index("opportunity_id")
    assert contracts.index.is_unique
    assert set(won.index) == set(contracts.index)
    both = won.join(contracts, rsuffix="_contract")
    assert (both["close_on"] == both["signed_on"]).all()
    assert np.allclose(both["tcv"], both["tcv_contract"], atol=0.005)
    sales = both[both["type"] != "renewal"]
    wait = (sales["start_on"] - sales["close_on"]).dt.days
    assert wait.between(1, 30).all()
    assert (both["end_on"] > both["start_on"]).all()


def test_won_value_is_the_arr_that_starts(demo):
    """On days without a renewal, an account's ARR rises by the first-year value of the deals that start that day."""
    deals = demo["opportunity"].loc[lambda t: t["is_won"] & (t["type"] != "renewal")]
    contracts = demo["contract"].dropna(subset=["opportunity_id"]).set_index("opportunity_id")
    start = deals["opportunity_id"].map(contracts["start_on"])
    sold = deals.assign(on=start)[start <= LAST_DAY].groupby(["account_id", "on"])["acv"].sum()
    lines = demo.lines
    up = lines.groupby(["account_id", "valid_from"])["yearly"].sum()
    down = lines[lines["valid_to"] < FAR].groupby(["account_id", "valid_to"])["yearly"].sum()
    change = up.rename_axis(["account_id", "on"]).sub(down.rename_axis(["account_id", "on"]), fill_value=0)
    ends = set(zip(demo["renewal"]["account_id"], demo["renewal"]["term_end_on"], strict=True))
    quiet = sold[[key not in ends for key in sold.index]]
    assert len(quiet) > 3000
    assert np.allclose(change.reindex(quiet.index), quiet, atol=0.01)


def test_arr_changes_on_no_other_day_than_sales_renewals_and_ends_of_promotions(demo):
    lines = demo.lines
    starts = set(zip(lines["account_id"], lines["valid_from"], strict=True))
    contracts = demo["contract"]
    known = set(zip(contracts["account_id"], contracts["start_on"], strict=True))
    promoted = lines[lines["discount_amount"].notna()]
    ends = set(zip(promoted["account_id"], promoted["valid_to"], strict=True))
    assert starts <= known | ends


def test_renewals_tie_to_contracts_and_arr(demo):
    renewals = demo["renewal"]
    contracts = demo["contract"].set_index("contract_id")
    assert renewals["contract_id"].is_unique
    assert (renewals["contract_id"].map(contracts["end_on"]) == renewals["term_end_on"]).all()
    lines = demo.lines.merge(renewals[["account_id", "term_end_on"]], on="account_id")
    the_day_before = lines["term_end_on"] - pd.Timedelta(days=1)
    lines = lines[(lines["valid_from"] <= the_day_before) & (the_day_before < lines["valid_to"])]
    arr = lines.groupby(["account_id", "term_end_on"])["yearly"].sum()
    past = renewals[renewals["term_end_on"] <= LAST_DAY].set_index(["account_id", "term_end_on"])
    assert np.allclose(arr.reindex(past.index), past["atr"], atol=0.01)
    won = past[past["status"] == "won"].reset_index()
    after = demo.lines.merge(won[["account_id", "term_end_on"]], on="account_id")
    after = after[(after["valid_from"] <= after["term_end_on"]) & (after["term_end_on"] < after["valid_to"])]
    renewed = after.groupby(["account_id", "term_end_on"])["yearly"].sum()
    won = won.set_index(["account_id", "term_end_on"])["renewed_arr"]
    assert np.allclose(renewed.reindex(won.index), won, atol=0.01)


def test_lost_renewals_end_subscriptions_and_only_they_do(demo):
    renewals, subscriptions = demo["renewal"], demo["subscription"]
    lost = renewals[renewals["status"] == "lost"]
    assert lost["reason"].notna().all()
    assert (lost["renewed_arr"] == 0).all()
    gone = lost[lost["term_end_on"] <= LAST_DAY]
    customers = subscriptions[subscriptions["trial_end_on"].isna()]
    ended = customers[customers["status"] == "cancelled"]
    assert sorted(zip(ended["account_id"], ended["ended_on"], strict=True)) == sorted(
        zip(gone["account_id"], gone["term_end_on"], strict=True)
    )
    leaving = customers[customers["status"] == "non_renewing"]
    assert set(leaving["account_id"]) == set(lost[lost["term_end_on"] > LAST_DAY]["account_id"])
    open_lines = demo.lines[demo.lines["valid_to"] == FAR]["subscription_id"]
    assert set(open_lines) == set(customers[customers["status"] != "cancelled"]["subscription_id"])


def test_renewal_deals_agree_with_renewals(demo):
    deals = demo["opportunity"].loc[lambda t: t["type"] == "renewal"]
    renewals = demo["renewal"]
    decided = renewals[renewals["status"].isin(["won", "lost"])]
    closed = deals[deals["is_closed"]]
    left = sorted(zip(decided["account_id"], decided["closed_on"], decided["status"] == "won", strict=True))
    right = sorted(zip(closed["account_id"], closed["close_on"], closed["is_won"], strict=True))
    assert left == right
    assert (renewals["status"] == "late").any()
    assert (renewals["status"] == "open").any()


def test_customers_are_those_with_arr(demo):
    paying = set(demo.arr(LAST_DAY).index)
    accounts = demo["dim_account"]
    assert set(accounts[accounts["type"] == "customer"]["account_id"]) == paying
    ever = set(demo.lines["account_id"])
    assert set(accounts[accounts["type"] == "former"]["account_id"]) == ever - paying
    assert accounts.set_index("account_id")["first_customer_on"].dropna().index.isin(ever).all()


def test_people_are_there_when_they_own(demo):
    people = demo["dim_person"].set_index("person_id")
    left = people["left_on"].fillna(FAR)
    rows = _history(demo)
    since = rows["valid_from"].dt.tz_localize(None)
    until = rows["valid_to"].dt.tz_localize(None).fillna(LAST_DAY)
    stage = rows["stage_id"].map(demo["dim_stage"].set_index("stage_id")["type"])
    until = until.where(stage == "open", since)
    assert (since >= rows["owner_id"].map(people["hired_on"])).all()
    assert (until.dt.normalize() <= rows["owner_id"].map(left)).all()
    work = demo["activity"]
    at = work["at"].dt.tz_localize(None)
    assert (at >= work["person_id"].map(people["hired_on"])).all()
    assert (at < work["person_id"].map(left)).all()
    said = demo["forecast_submission"]
    at = said["submitted_at"].dt.tz_localize(None)
    assert (at >= said["forecaster_id"].map(people["hired_on"])).all()
    assert (at < said["forecaster_id"].map(left)).all()
    splits = demo["opportunity_split"].merge(demo["opportunity"][["opportunity_id", "close_on"]], on="opportunity_id")
    on = splits["close_on"].clip(upper=LAST_DAY)
    assert (on < splits["person_id"].map(left)).all()
    assert (on >= splits["person_id"].map(people["hired_on"])).all()


def test_territories_have_one_owner_at_any_time(demo):
    rows = demo["territory_assignment"].sort_values(["territory_id", "valid_from"])
    following = rows.groupby("territory_id")["valid_from"].shift(-1)
    pd.testing.assert_series_equal(rows["valid_to"], following, check_names=False)
    now = rows[rows["valid_to"].isna()].set_index("territory_id")["person_id"]
    accounts = demo["dim_account"]
    assert (accounts["owner_id"] == accounts["territory_id"].map(now)).all()


def test_the_plan_adds_up(demo):
    plan = demo["plan"]
    money = plan[plan["metric_id"].isin(["BKG-01", "BKG-08", "ARR-05"])]
    scope = money["scope"].map(json.loads)
    money = money.assign(level=scope.map(lambda s: "+".join(sorted(s))))
    assert set(money["level"]) == {"", "region", "segment", "region+segment", "type"}
    sums = money.pivot_table(index=["metric_id", "period_start"], columns="level", values="value", aggfunc="sum")
    for level in ("region", "segment", "region+segment"):
        assert np.allclose(sums[level], sums[""], atol=0.01), level
    typed = sums["type"].dropna()
    assert np.allclose(typed, sums[""].reindex(typed.index), atol=0.01)
    quarters = money[money["level"] == ""].groupby("metric_id")["period_start"].agg(["min", "max", "count"])
    assert (quarters["min"] == pd.Timestamp("2023-10-01")).all()
    assert (quarters["max"] == pd.Timestamp("2027-10-01")).all()


def test_quotas_contain_one_another(demo):
    quota = demo["quota"]
    people = demo["dim_person"].set_index("person_id")
    net = quota.assign(net=quota["amount"] - quota["relief_amount"].fillna(0))
    by = dict(list(net.groupby("level")))
    plan = demo["plan"]
    company = plan[(plan["metric_id"] == "BKG-01") & (plan["scope"] == "{}")].set_index("period_start")["value"]
    whole = by["company"].set_index("period_start")["amount"]
    assert np.allclose(whole, company.reindex(whole.index))
    assert np.allclose(by["vp"].groupby("period_start")["amount"].sum(), whole)
    over_sellers, over_managers = demo.truth["rates"]["over_assigned"]
    assert np.allclose(by["manager"].groupby("period_start")["amount"].sum(), whole * over_managers, rtol=1e-4)
    boss = by["rep"].assign(manager=by["rep"]["owner_id"].map(people["manager_id"]))
    full = boss[boss["relief_amount"].isna()].groupby(["manager", "period_start"])["amount"].agg(["sum", "count"])
    lead = by["manager"].set_index(["owner_id", "period_start"])["amount"]
    sellers = boss.groupby(["manager", "period_start"])["owner_id"].count()
    whole_teams = full[full["count"] == sellers.reindex(full.index)]
    assert len(whole_teams) > 50
    assert np.allclose(whole_teams["sum"], lead.reindex(whole_teams.index) * over_sellers, atol=2)
    assert (by["rep"]["net"] >= 0).all()
    assert by["rep"]["relief_amount"].notna().sum() >= 5


def test_invoices_are_what_is_subscribed(demo):
    """A subscription billed by the month whose lines did not change in a quarter was billed a quarter of its ARR."""
    invoices, subscriptions = demo["invoice"], demo["subscription"].set_index("subscription_id")
    assert np.allclose(invoices["subtotal"] + invoices["tax"], invoices["total"], atol=0.001)
    lines = demo.lines
    span = pd.Timestamp("2026-07-01"), pd.Timestamp("2026-09-30")
    monthly = lines[lines["interval"] == "month"]
    now = monthly[(monthly["valid_from"] <= span[1]) & (monthly["valid_to"] > span[0])]
    steady = now.groupby("subscription_id").agg(
        first=("valid_from", "max"), last=("valid_to", "min"), yearly=("yearly", "sum")
    )
    steady = steady[(steady["first"] < span[0]) & (steady["last"] > span[1])]
    steady = steady[subscriptions["paused_on"].reindex(steady.index).isna()]
    assert len(steady) > 50
    billed = invoices[invoices["issued_on"].between(*span)].groupby("subscription_id")["subtotal"].sum()
    assert np.allclose(billed.reindex(steady.index), steady["yearly"] / 4, atol=0.05)
    assert (invoices["paid_on"].isna() == (invoices["status"] == "open")).all()


def test_past_due_subscriptions_have_an_unpaid_invoice(demo):
    subscriptions, invoices = demo["subscription"], demo["invoice"]
    late = subscriptions[subscriptions["status"] == "past_due"]
    unpaid = invoices[invoices["status"] == "open"].groupby("subscription_id")["due_on"].min()
    assert len(late) > 0
    assert (late["subscription_id"].map(unpaid) == late["past_due_since_on"]).all()
    assert ((LAST_DAY - late["past_due_since_on"]).dt.days < 60).all()


def test_every_currency_has_rates(demo):
    rates = demo["fx_rate"]
    used = set(demo["opportunity"]["currency"]) | set(demo["subscription_line"]["currency"])
    for kind in ("plan", "spot", "month_avg"):
        assert used <= set(rates[rates["rate_type"] == kind]["currency"])
    spot = rates[rates["rate_type"] == "spot"].groupby("currency")["on"].agg(["min", "max", "count"])
    assert (spot["count"] == (spot["max"] - spot["min"]).dt.days + 1).all()
    assert (spot["min"] < pd.Timestamp("2023-10-01")).all()


def test_leads_become_the_deals_they_name(demo):
    leads = demo["lead"].dropna(subset=["converted_opportunity_id"])
    deals = demo["opportunity"].set_index("opportunity_id")
    assert (leads["converted_opportunity_id"].map(deals["created_at"]) == leads["converted_at"]).all()
    assert (leads["converted_opportunity_id"].map(deals["lead_source"]) == leads["lead_source"]).all()
    assert (leads["created_at"] < leads["converted_at"]).all()
    inbound = deals[(deals["type"] == "new") & (deals["lead_source"] != "outbound")]
    assert set(inbound.index) == set(leads["converted_opportunity_id"])


@pytest.mark.parametrize("name", ["usage_daily", "ticket", "survey_response"])
def test_service_is_for_customers(demo, name):
    rows = demo[name]
    first = demo["subscription"].loc[lambda t: t["trial_end_on"].isna()].groupby("account_id")["started_on"].min()
    when = next(column for column in ("on", "created_at", "at") if column in rows.columns)
    at = rows[when].dt.tz_localize(None)
    assert (at >= rows["account_id"].map(first)).all()
    if name == "usage_daily":
        assert (rows["seats_active"] <= rows["seats_paid"]).all()
        assert (rows["active_users"] <= rows["seats_active"]).all()


def test_clean_without_hygiene_planted(plain):
    deals = plain["opportunity"]
    open_ = deals[~deals["is_closed"]]
    assert (open_["close_on"] > LAST_DAY).all()
    assert open_["next_step"].notna().all()
    stale = (pd.Timestamp("2026-10-05", tz="UTC") - open_["last_activity_at"]).dt.days
    assert (stale[open_["type"] != "renewal"] <= 14).all()
    lost = deals[deals["is_closed"] & ~deals["is_won"]]
    assert lost["lost_reason"].notna().all()
    assert plain["dim_account"]["domain"].is_unique
    assert not deals["is_test"].any()
    assert not deals["is_deleted"].any()
    assert (plain["dim_account"]["type"] != "test").all()
    last = plain["activity"].groupby("opportunity_id")["at"].max()
    told = deals.set_index("opportunity_id")["last_activity_at"]
    pd.testing.assert_series_equal(told.sort_index(), last.sort_index(), check_names=False)
