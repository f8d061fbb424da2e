"""What is planted is found in the tables, has the stated size, and is gone when it is switched off."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bizops.sources.demo import PLANTS, plants
from bizops.sources.demo.days import LAST, day, quarter
from bizops.sources.demo.model import simulate
from bizops.sources.demo.world import World

SEEDS = range(100, 112)
UNTOUCHED = ("dim_person", "dim_team", "dim_territory", "territory_assignment", "fx_rate", "price_list", "dim_stage")


@pytest.fixture(scope="module")
def many():
    """Twelve companies with the effects on deals and customers, simulated but not written."""
    planted = frozenset({"win_rate", "churn_cause"})
    return [simulate(World(seed=seed, planted=planted)) for seed in SEEDS]


def _bytes(demo, name):
    return (demo.folder / f"{name}.parquet").read_bytes()


@pytest.mark.parametrize(
    ("plant", "touched"),
    [
        ("forecasters", {"forecast_submission"}),
        ("unfair_quotas", {"quota"}),
        ("hygiene", {"dim_account", "opportunity", "opportunity_history", "activity"}),
    ],
)
def test_a_plant_touches_only_its_tables(demo, without, plant, touched):
    other = without(plant)
    assert {name for name in demo.names if _bytes(demo, name) != _bytes(other, name)} == touched


@pytest.mark.parametrize("plant", ["win_rate", "churn_cause", "mix_shift", "season"])
def test_other_things_stay_as_they_are(demo, without, plant):
    for name in UNTOUCHED:
        assert _bytes(demo, name) == _bytes(without(plant), name), name


# win rate -----------------------------------------------------------------------------------------------------------


def _cell(closed):
    where = PLANTS["win_rate"].parameters
    here = (closed["region"] == where["region"]) & (closed["segment"] == where["segment"])
    return here & (closed["quarter"] == where["quarter"])


def test_win_rate_falls_in_the_cell_and_nowhere_else(demo):
    closed = demo.closed
    inside = _cell(closed)
    p, n = closed[inside]["is_won"].mean(), inside.sum()
    assert n == demo.plant("win_rate")["n_closed"]
    assert sorted(closed[inside]["opportunity_id"]) == demo.plant("win_rate")["opportunity_ids"]
    assert abs(p - 0.19) < 3 * np.sqrt(0.19 * 0.81 / n)
    rest = closed[~inside]["is_won"]
    assert abs(rest.mean() - 0.27) < 3 * np.sqrt(0.27 * 0.73 / len(rest))
    z = (p - rest.mean()) / np.sqrt(0.27 * 0.73 / n)
    assert z < -2.5


def test_win_rate_falls_by_eight_points_over_many_seeds(many):
    k = n = others = others_n = 0
    for model in many:
        deals = model.deals
        cell = plants.win_rate_cell(deals.region, deals.segment, deals.close) & deals.closed
        k, n = k + deals.won[cell].sum(), n + cell.sum()
        rest = deals.closed & ~cell
        others, others_n = others + deals.won[rest].sum(), others_n + rest.sum()
    assert n > 2000
    difference = k / n - others / others_n
    assert difference == pytest.approx(-0.08, abs=3 * np.sqrt(0.19 * 0.81 / n))


def test_without_the_win_rate_plant_only_its_deals_are_won_again(demo, without):
    before = demo.closed.set_index("opportunity_id")["is_won"]
    after = without("win_rate").closed.set_index("opportunity_id")["is_won"]
    common = before.index.intersection(after.index)
    changed = common[before[common] != after[common]]
    assert sorted(changed) == demo.plant("win_rate")["lost_by_plant"]
    assert not before[changed].any()
    assert len(common) > 0.99 * len(before)


# churn cause --------------------------------------------------------------------------------------------------------


def _decided(demo):
    """Decided renewals with the slice's dimensions as the tables tell them."""
    renewals = demo["renewal"]
    rows = renewals[renewals["status"].isin(["won", "lost"])]
    accounts = demo["dim_account"].set_index("account_id")
    products = demo["dim_product"].set_index("product_id")
    platform = demo.lines[demo.lines["product_id"].map(products["family"]) == "Platform"]
    platform = platform.groupby("account_id")["product_id"].first().map(products["name"])
    return rows.assign(
        lost=rows["status"] == "lost",
        industry=rows["account_id"].map(accounts["industry"]),
        product=rows["account_id"].map(platform),
        segment=demo.segment_at(rows["account_id"], rows["term_end_on"] - pd.Timedelta(days=1)),
        late=rows["term_end_on"] >= PLANTS["churn_cause"].parameters["from"],
    )


def _in_slice(rows):
    where = PLANTS["churn_cause"].parameters
    return (
        (rows["product"] == where["product"])
        & (rows["industry"] == where["industry"])
        & (rows["segment"] == where["segment"])
    )


def test_churn_rises_in_the_slice_from_the_date_on(demo):
    rows = _decided(demo)
    inside = _in_slice(rows)
    small = rows["segment"] == "SMB"
    hit = rows[inside & rows["late"]]["lost"]
    same_time = rows[~inside & small & rows["late"]]["lost"]
    earlier = rows[inside & ~rows["late"]]["lost"]
    assert len(hit) > 50
    ratio = np.log(1 - hit.mean()) / np.log(1 - same_time.mean())
    assert 1.6 < ratio < 3.9
    assert earlier.mean() < 0.24 + 3 * np.sqrt(0.24 * 0.76 / len(earlier))
    assert set(demo.plant("churn_cause")["lost_by_plant"]) <= set(rows[inside & rows["lost"]]["account_id"])
    excess = rows[inside & rows["late"] & rows["account_id"].isin(demo.plant("churn_cause")["lost_by_plant"])]
    assert (excess["reason"] == "quality_reliability").mean() > 0.4


def test_the_slice_is_a_tenth_of_the_customers(demo, many):
    assert 0.08 <= demo.plant("churn_cause")["share_of_customers"] <= 0.12
    on = day(PLANTS["churn_cause"].parameters["from"])
    shares = []
    for model in many:
        there = np.flatnonzero(model.customer(on))
        shares.append(model.accounts.in_slice(there, np.full(len(there), on)).mean())
    assert 0.085 < np.mean(shares) < 0.115
    assert min(shares) > 0.07
    assert max(shares) < 0.13


def test_hazard_ratio_over_many_seeds(many):
    on = day(PLANTS["churn_cause"].parameters["from"])
    counts = np.zeros((2, 2, 2))  # late, in the slice: lost, all
    for model in many:
        terms, accounts = model.lives.terms, model.accounts
        kept = terms.known & (terms.end <= LAST) & (accounts.segment_on(terms.account, terms.end) == 0)
        late, inside = (terms.end >= on).astype(int), accounts.in_slice(terms.account, terms.end).astype(int)
        np.add.at(counts, (late[kept], inside[kept], 0), terms.lost[kept])
        np.add.at(counts, (late[kept], inside[kept], 1), 1)
    hazard = -np.log(1 - counts[:, :, 0] / counts[:, :, 1])
    spread = np.sqrt(1 / counts[1, 1, 0] + 1 / counts[1, 0, 0])
    assert np.log(hazard[1, 1] / hazard[1, 0]) == pytest.approx(np.log(2.5), abs=3 * spread)
    spread = np.sqrt(1 / counts[0, 1, 0] + 1 / counts[0, 0, 0])
    assert np.log(hazard[0, 1] / hazard[0, 0]) == pytest.approx(0, abs=3 * spread)
    assert hazard[1, 0] == pytest.approx(-np.log(1 - plants.LOSS[0]), abs=0.03)


def test_without_the_cause_only_its_slice_stays(demo, without):
    before = demo["renewal"].set_index("renewal_id")["status"]
    after = without("churn_cause")["renewal"].set_index("renewal_id")["status"]
    common = before.index.intersection(after.index)
    changed = common[before[common] != after[common]]
    accounts = demo["renewal"].set_index("renewal_id")["account_id"][changed]
    assert set(accounts) == set(demo.plant("churn_cause")["lost_by_plant"])
    assert set(before[changed]) == {"lost"}


# mix shift ----------------------------------------------------------------------------------------------------------


def test_the_mix_moves_to_the_segment_that_churns_most(demo, without):
    def smb_share(each):
        customers = each["dim_account"][each["dim_account"]["type"] == "customer"]
        return (customers["segment"] == "SMB").mean()

    assert smb_share(demo) > smb_share(without("mix_shift")) + 0.08
    start, now = (demo.plant("mix_shift")["customers"][key] for key in ("at_start", "at_as_of"))
    rates = demo.truth["rates"]["yearly_loss"]
    expected = [sum(counts[s] * rates[s] for s in rates) / sum(counts.values()) for counts in (start, now)]
    assert expected[1] - expected[0] > 0.02


def test_rates_of_the_segments_stay_while_the_mix_moves():
    """The share of customers lost in the last year rises with the plant; that of each segment does not."""
    lost, there = np.zeros((2, 3)), np.zeros((2, 3))
    since = day("2025-10-01")
    for seed in SEEDS:
        for on, planted in enumerate((frozenset(), frozenset({"mix_shift"}))):
            model = simulate(World(seed=seed, planted=planted))
            terms, accounts = model.lives.terms, model.accounts
            gone = terms.known & terms.lost & (terms.end > since) & (terms.end <= LAST)
            lost[on] += np.bincount(accounts.segment_on(terms.account, terms.end)[gone], minlength=3)
            customers = np.flatnonzero(model.customer(since))
            there[on] += np.bincount(accounts.segment_on(customers, np.full(len(customers), since)), minlength=3)
    rate = lost / there
    assert (np.abs(rate[0] - rate[1]) < 3 * np.sqrt(rate[0] / there[0])).all()
    whole = lost.sum(axis=1) / there.sum(axis=1)
    assert whole[1] - whole[0] > 0.012  # all in all it looks like worse retention


# quotas -------------------------------------------------------------------------------------------------------------


def _index(demo):
    """Share of the sellers' quotas of 2026 over share of the potential, by territory."""
    assigned = demo["territory_assignment"]
    seat = assigned[assigned["role"] == "owner"].groupby("person_id")["territory_id"].first()
    quota = demo["quota"]
    year = quota[(quota["level"] == "rep") & (quota["period_start"] >= "2026-01-01")]
    year = year.assign(territory_id=year["owner_id"].map(seat))
    by_territory = year.groupby(["territory_id", "period_start"])["amount"].max().groupby("territory_id").sum()
    accounts = demo["dim_account"]
    potential = accounts.groupby("territory_id")["potential_value"].sum().reindex(by_territory.index)
    return (by_territory / by_territory.sum()) / (potential / potential.sum())


def test_a_fifth_of_the_sellers_has_a_third_too_much(demo, plain):
    chosen = demo.plant("unfair_quotas")["territory_ids"]
    assert len(chosen) == 12
    index = _index(demo)
    unfair, rest = index[chosen], index.drop(chosen)
    assert unfair.mean() == pytest.approx(1.35, abs=0.05)
    assert unfair.min() > 1.2
    assert rest.mean() == pytest.approx(0.91, abs=0.03)
    fair = _index(plain)
    assert fair.between(0.8, 1.25).all()
    assert plain.plant("unfair_quotas")["person_ids"] == []


def test_unfair_quotas_leave_the_sum_alone(demo, without):
    fair = without("unfair_quotas")["quota"]
    unfair = demo["quota"]
    for level in ("rep", "manager", "vp", "company"):
        left = unfair[unfair["level"] == level].groupby("period_start")["amount"].sum()
        right = fair[fair["level"] == level].groupby("period_start")["amount"].sum()
        assert np.allclose(left, right, rtol=0.002 if level == "manager" else 0.01), level
    before = unfair[unfair["period_start"] < "2025-01-01"]
    pd.testing.assert_frame_equal(before, fair[fair["period_start"] < "2025-01-01"])


def test_attainment_does_not_follow_potential_without_the_plant(plain):
    deals = plain.closed[plain.closed["is_won"] & (plain.closed["close_on"] >= "2025-10-01")]
    sold = deals.groupby("territory_id")["value"].sum()
    quota, assigned = plain["quota"], plain["territory_assignment"]
    rep = quota[
        (quota["level"] == "rep") & (quota["period_start"] >= "2025-10-01") & (quota["period_start"] < "2026-10-01")
    ]
    net = rep["amount"] - rep["relief_amount"].fillna(0)
    territory = rep["owner_id"].map(assigned[assigned["role"] == "owner"].groupby("person_id")["territory_id"].first())
    attained = sold / net.groupby(territory).sum()
    index = _index(plain)
    correlation = attained.rank().corr((1 / index).reindex(attained.index).rank())
    assert abs(correlation) < 0.4
    assert 0.75 < attained.median() < 1.1


# forecasters --------------------------------------------------------------------------------------------------------


def _bias(demo):
    """Sum of commit minus actual over sum of actual, by seller, from submissions in the middle of closed quarters."""
    said = demo["forecast_submission"]
    scope = said["scope"].map(lambda text: json.loads(text).get("owner", ""))
    said = said[(said["category"] == "commit") & (scope == said["forecaster_id"]) & (said["period"] < "2026Q4")]
    end = pd.PeriodIndex(said["period"], freq="Q").end_time
    ahead = (end - said["submitted_at"].dt.tz_localize(None)).dt.days
    middle = said[ahead.between(38, 44).to_numpy()]
    won = demo.closed[demo.closed["is_won"]]
    actual = won.groupby(["owner_id", "quarter"])["value"].sum()
    key = pd.MultiIndex.from_arrays([middle["forecaster_id"], middle["period"]])
    both = pd.DataFrame({"who": middle["forecaster_id"].to_numpy(), "f": middle["amount"].to_numpy()})
    both["a"] = actual.reindex(key).fillna(0).to_numpy()
    sums = both.groupby("who").agg(f=("f", "sum"), a=("a", "sum"), n=("f", "size"))
    return (sums["f"] / sums["a"] - 1)[sums["n"] == 12]


def test_the_sandbagger_and_the_optimist_stand_out(demo, plain):
    chosen = demo.plant("forecasters")["person_ids"]
    bias = _bias(demo)
    assert len(bias) > 40
    assert bias.idxmin() == chosen["sandbagging"]
    assert bias.idxmax() == chosen["optimistic"]
    assert bias[chosen["sandbagging"]] == pytest.approx(-0.2, abs=0.1)
    assert bias[chosen["optimistic"]] == pytest.approx(0.2, abs=0.1)
    others = bias.drop(list(chosen.values()))
    assert abs(others.median()) < 0.06
    people = demo["dim_person"].set_index("person_id")["manager_id"]
    assert people[chosen["sandbagging"]] != people[chosen["optimistic"]]
    unbiased = _bias(plain)
    assert unbiased.abs().max() < 0.2
    assert abs(unbiased.median()) < 0.06


def test_forecasts_come_nearer_and_never_say_less_than_is_won(demo):
    said = demo["forecast_submission"]
    company = said[(said["scope"] == "{}") & (said["category"] == "commit") & (said["period"] < "2026Q4")]
    won = demo.closed[demo.closed["is_won"]].groupby("quarter")["value"].sum()
    error = (company["amount"].to_numpy() / company["period"].map(won).to_numpy() - 1).__abs__()
    end = pd.PeriodIndex(company["period"], freq="Q").end_time
    ahead = (end - company["submitted_at"].dt.tz_localize(None)).dt.days.to_numpy()
    assert error[ahead < 14].mean() < error[ahead > 70].mean()
    wide = said.pivot_table(index=["submitted_at", "forecaster_id", "period"], columns="category", values="amount")
    assert (wide["commit"] <= wide["call"]).all()
    assert (wide["call"] <= wide["best_case"]).all()


# season -------------------------------------------------------------------------------------------------------------


def test_deals_and_leads_follow_the_season_and_the_level(demo, without):
    factors = np.array(PLANTS["season"].parameters["month_factors"])
    assert factors.mean() == pytest.approx(1)
    flat = without("season")
    for name, column in (("closed", "close_on"), ("lead", "created_at")):
        with_, none = (getattr(each, name, None) if name == "closed" else each[name] for each in (demo, flat))
        counts = []
        for rows in (with_, none):
            day_of = rows[column].dt.tz_localize(None)
            rows = day_of[(day_of >= "2023-10-01") & (day_of < "2026-10-01")]
            counts.append(rows.dt.to_period("M").value_counts().sort_index())
        ratio = counts[0] / counts[1]
        late = ratio.index >= pd.Period("2025-02", "M")
        expected = factors[ratio.index.month - 1] * np.where(late, 1.12, 1.0)
        scaled = ratio / expected
        assert np.corrcoef(ratio, expected)[0, 1] > 0.75, name
        assert scaled[late].mean() / scaled[~late].mean() == pytest.approx(1, abs=0.08), name


# hygiene ------------------------------------------------------------------------------------------------------------


def test_hygiene_defects_have_their_stated_shares(demo):
    share = PLANTS["hygiene"].parameters
    deals = demo.deals
    open_ = deals[~deals["is_closed"]]
    past = open_["close_on"] <= "2026-10-04"
    assert past.mean() == pytest.approx(share["close_date_passed"], abs=0.02)
    listed = demo.plant("hygiene")["opportunity_ids"]
    assert sorted(open_[past]["opportunity_id"]) == listed["close_date_passed"]
    every_open = demo["opportunity"].loc[lambda t: ~t["is_closed"]]
    missing = every_open["next_step"].isna()
    assert missing.mean() == pytest.approx(share["next_step_missing"], abs=0.03)
    assert sorted(every_open[missing]["opportunity_id"]) == listed["next_step_missing"]
    lost = demo["opportunity"].loc[lambda t: t["is_closed"] & ~t["is_won"]]
    assert lost["lost_reason"].isna().mean() == pytest.approx(share["lost_reason_missing"], abs=0.015)
    stale = (pd.Timestamp("2026-10-05", tz="UTC") - open_["last_activity_at"]).dt.days > 30
    assert stale.mean() == pytest.approx(share["no_recent_activity"], abs=0.035)
    pairs = demo.plant("hygiene")["duplicate_accounts"]
    accounts = demo["dim_account"].set_index("account_id")
    assert len(pairs) == accounts["domain"].duplicated().sum()
    assert 8 <= len(pairs) <= 35
    for one, two in pairs:
        assert accounts.loc[one, "domain"] == accounts.loc[two, "domain"]
        ids = [json.loads(accounts.loc[each, "external_ids"])["salesforce"] for each in (one, two)]
        assert [len(each) for each in ids] == [18, 15]
        assert ids[0].startswith(ids[1])


def test_hygiene_changes_no_outcome(demo, without):
    defects = {"close_on", "n_pushes", "next_step", "lost_reason", "last_activity_at", "is_test", "is_deleted"}
    left, right = demo["opportunity"], without("hygiene")["opportunity"]
    same = [column for column in left.columns if column not in defects]
    pd.testing.assert_frame_equal(left[same], right[same])
    closed = left["is_closed"]
    assert (left["close_on"][closed] == right["close_on"][closed]).all()


# nothing planted ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nothing():
    """Sixteen companies with nothing planted."""
    return [simulate(World(seed=seed)) for seed in range(200, 216)]


def _chi_square(groups, won, p):
    n = np.bincount(groups)
    k = np.bincount(groups, weights=won)
    used = n >= 5
    return ((k[used] - p * n[used]) ** 2 / (n[used] * p * (1 - p))).sum(), used.sum()


def test_win_rates_are_the_same_everywhere_with_nothing_planted(nothing):
    for name in ("cell and quarter", "seat", "platform", "industry", "discount", "source"):
        total = cells = 0.0
        for model in nothing:
            deals, accounts = model.deals, model.accounts
            kept = deals.closed
            when = quarter(deals.close) - quarter(deals.close).min()
            groups = {
                "cell and quarter": (deals.region * 3 + deals.segment) * 20 + when,
                "seat": deals.seat,
                "platform": accounts.core[deals.account],
                "industry": accounts.industry[deals.account],
                "discount": np.round(accounts.discount[deals.account] * 20).astype(int),
                "source": deals.kind,
            }[name][kept]
            statistic, n = _chi_square(groups, deals.won[kept], plants.WIN)
            total, cells = total + statistic, cells + n
        z = (total - cells) / np.sqrt(2 * cells)
        assert abs(z) < 3.5, f"{name}: {z:.2f}"


def test_losses_are_the_same_in_every_slice_with_nothing_planted(nothing):
    total = cells = 0.0
    for model in nothing:
        terms, accounts = model.lives.terms, model.accounts
        kept = terms.known & (terms.end <= LAST) & (accounts.term[terms.account] == 12)
        segment = accounts.segment_on(terms.account, terms.end)
        for place, p in enumerate(plants.LOSS):
            here = kept & (segment == place)
            account = terms.account[here]
            slices = accounts.core[account] * 6 + accounts.industry[account]
            statistic, n = _chi_square(slices, terms.lost[here], p)
            total, cells = total + statistic, cells + n
    z = (total - cells) / np.sqrt(2 * cells)
    assert abs(z) < 3.5


def test_levels_are_plausible_with_nothing_planted(plain):
    closed = plain.closed
    assert 0.25 < closed["is_won"].mean() < 0.29
    cycle = (closed["close_on"] - closed["created_at"].dt.tz_localize(None).dt.normalize()).dt.days
    assert 70 <= cycle.median() <= 90
    by_quarter = closed[closed["is_won"]].groupby("quarter")["value"].sum()
    growth = np.polyfit(range(12), np.log(by_quarter), 1)[0]
    assert -0.01 < growth < 0.05
    plan = plain["plan"]
    planned = plan[(plan["metric_id"] == "BKG-01") & (plan["scope"] == "{}")].set_index("period_start")["value"]
    attained = by_quarter.to_numpy() / planned[planned.index < "2026-10-01"].to_numpy()
    assert 0.88 < attained.mean() < 1.08
    for year in (2024, 2025, 2026):
        before, after = (plain.arr(pd.Timestamp(f"{y}-09-30")) for y in (year - 1, year))
        kept = after.reindex(before.index).fillna(0)
        assert 0.86 < np.minimum(kept, before).sum() / before.sum() < 0.94
        assert 1.01 < kept.sum() / before.sum() < 1.10


def test_pipeline_covers_the_next_quarter(plain):
    history = plain["opportunity_history"].merge(plain["dim_stage"][["stage_id", "is_qualified"]], on="stage_id")
    deals = plain.deals.set_index("opportunity_id")
    history = history[history["is_qualified"] & history["opportunity_id"].isin(deals.index)]
    value = history["amount"] * history["currency"].map(plain.plan_rate)
    plan = plain["plan"]
    planned = plan[(plan["metric_id"] == "BKG-01") & (plan["scope"] == "{}")].set_index("period_start")["value"]
    coverage = []
    for start in pd.date_range("2024-01-01", "2026-10-01", freq="QS"):
        at = start.tz_localize("UTC")
        there = (history["valid_from"] < at) & ~(history["valid_to"] <= at)
        there &= (history["close_on"] >= start) & (history["close_on"] < start + pd.DateOffset(months=3))
        coverage.append(value[there].sum() / planned[start])
    assert 2.1 < np.mean(coverage) < 3.5
