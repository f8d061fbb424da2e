"""Committed ARR: what is in force, with what is signed and not begun, without what has given notice (ARR-03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.accounts import with_profile
from bizops.metrics.arr import POLICIES
from bizops.metrics.arr_lines import NEEDS
from bizops.metrics.arr_month import line_months, month_rates, months_of, window
from bizops.metrics.clock import INSTANT, local_date
from bizops.metrics.columns import MONEY, additive, column, exact, number
from bizops.metrics.contracts import SIGNED, contracts
from bizops.metrics.currency import code
from bizops.metrics.customers import with_customer
from bizops.metrics.facts import within_scope
from bizops.metrics.memory import kept
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("segment", "region", "owner", "manager", "industry")
DATED = {
    "subscription": (*NEEDS["subscription"], "contract_id"),
    "subscription_line": NEEDS["subscription_line"],
    "contract": (*SIGNED["contract"], "notice_given_on"),
}
DECISIONS = {"renewal": ("account_id", "contract_id", "term_end_on", "atr", "status", "renewed_arr", "closed_on")}


def commitments(data: Data, period: Period) -> ir.Table:
    """Return the parts of committed ARR at the end of the period (or ``as_of``) within the scope.

    Returns
    -------
    ibis.Table
        ``part, customer_id, amount`` (exact, in company currency at the rate of that day) and the customer's profile on
        that day. Parts: ``in force`` (ARR-01), ``signed`` (contracts that have not begun, renewals apart), ``notified``
        (negative: ARR of subscriptions whose end is known) and ``renewed`` (what renewals decided ahead of their term's
        end will change, where renewals are recorded).

    Notes
    -----
    Notice is that of the contract, the request to cancel, or a renewal lost before its term ends; each subscription
    counts once. With P02 = ``signature`` signed contracts are in force already.
    """
    m = window(data, period).last
    return within_scope(kept(data, "commitments", lambda: _commitments(data, m), m), data)


def _commitments(data: Data, m: int) -> ir.Table:
    # two steps, because the profile reads the parts twice
    parts = kept(data, "commitment_parts", lambda: _parts(data, m), m)
    rows = parts.mutate(profile_on=ibis.date(_day(data, m)))
    rows = with_profile(rows, data, key="profile_id", on="profile_on")
    return rows.select("part", "customer_id", "amount", *DIMENSIONS, "manager_id")


def _parts(data: Data, m: int) -> ir.Table:
    day = _day(data, m)
    held = line_months(data)
    held = held.filter(held.m == m, ~held.is_paused, ~held.is_past_due)
    held = held.mutate(amount=exact((held.gross - held.discount) * held.spot_rate))
    leaving = _leaving(data, day)
    gone = held.semi_join(leaving, held.subscription_id == leaving.leaving_id)
    parts = [
        held.select("customer_id", "profile_id", "amount", part=ibis.literal("in force")),
        gone.select("customer_id", "profile_id", amount=(-gone.amount).cast(MONEY), part=ibis.literal("notified")),
    ]
    for rows in (_signed(data, day), _renewed(data, day)):
        if rows is not None:
            valued = _at_the_rate_of(rows, data, m)
            parts.append(valued.select("customer_id", "profile_id", "amount", "part"))
    names = ("part", "customer_id", "profile_id", "amount")
    return ibis.union(*(part.select(*names) for part in parts))


def _day(data: Data, m: int) -> date:
    """The day at whose end month ``m`` is measured."""
    months = months_of(data)
    if m < 0:
        return months[0].start - timedelta(days=1)
    return min(months[m].last_day, data.as_of_date)


def _leaving(data: Data, day: date) -> ir.Table:
    """``leaving_id``: subscriptions whose end was known on ``day``."""
    on = ibis.date(day)
    raw = data["subscription"]
    asked = local_date(column(raw, "cancel_requested_at", INSTANT), data)
    found = [raw.filter(asked <= on).select(leaving_id="subscription_id")]
    noticed = data["contract"].filter(lambda t: t.notice_given_on <= on, lambda t: t.end_on > on)
    found.append(raw.semi_join(noticed, "contract_id").select(leaving_id="subscription_id"))
    if not data.missing(DECISIONS):
        lost = data["renewal"].filter(
            lambda t: t.status == "lost", lambda t: t.closed_on <= on, lambda t: t.term_end_on > on
        )
        found.append(raw.semi_join(lost, "contract_id").select(leaving_id="subscription_id"))
    return ibis.union(*found, distinct=True)


def _signed(data: Data, day: date) -> ir.Table | None:
    if data.company.policies.p02 == "signature":
        return None
    rows = contracts(data)
    rows = rows.filter(rows.signed_on <= ibis.date(day), rows.start_on > ibis.date(day), ~rows.is_renewal)
    return rows.select("customer_id", "profile_id", "currency_code", yearly=rows.yearly, part=ibis.literal("signed"))


def _renewed(data: Data, day: date) -> ir.Table | None:
    """Renewals won before their term ends: what they will add or take away then."""
    if data.missing(DECISIONS):
        return None
    raw = data["renewal"]
    rows = raw.filter(raw.status == "won", raw.closed_on <= ibis.date(day), raw.term_end_on > ibis.date(day))
    rows = rows.select(
        "account_id",
        unit=ibis.coalesce(rows.contract_id, rows.account_id),
        yearly=number(rows, "renewed_arr") - number(rows, "atr"),
        currency_code=code(rows, data),
        part=ibis.literal("renewed"),
    )
    return with_customer(rows, data, unit="unit")


def _at_the_rate_of(rows: ir.Table, data: Data, m: int) -> ir.Table:
    """``amount`` of yearly worth at the spot rate of month ``m``, like reported ARR."""
    own = rows.currency_code == data.company.currency
    if not data.has("fx_rate"):
        rate = own.ifelse(1.0, ibis.null("float64"))
        return rows.mutate(amount=exact(rows.yearly * rate))
    rates = month_rates(data).filter(lambda t: t.rate_m == max(m, 0))
    rows = rows.left_join(rates, rows.currency_code == rates.rate_code)
    return rows.mutate(amount=exact(rows.yearly * own.ifelse(1.0, rows.spot_rate)))


@metric(
    id="ARR-03",
    name="Committed ARR",
    unit="money",
    better="up",
    additivity="end_of_period",
    definition="ARR at the end of the period plus contracts signed whose service has not begun (value / months x 12) "
    "less ARR of subscriptions that have given notice, plus the change that renewals decided before their term's end "
    "will bring; at the exchange rate of that day",
    source="Metric dictionary ARR-03",
    policies=(*POLICIES, "P10"),
    needs=DATED,
    by=DIMENSIONS,
)
def committed_arr(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return committed ARR; ``n`` counts the customers behind it. `commitments` has its parts."""
    rows = commitments(data, period)
    return additive(rows, by, rows.amount.sum().fill_null(0), rows.customer_id.nunique())
