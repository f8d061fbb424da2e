"""Contract terms that end: what is available to renew, what became of it, when and at which risk (REN-01 to REN-09)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.accounts import with_profile
from bizops.metrics.bookings import within_days
from bizops.metrics.columns import additive, column, exact, flag, number, ones, ratio
from bizops.metrics.currency import code, with_rate
from bizops.metrics.customers import with_customer
from bizops.metrics.facts import within_scope
from bizops.metrics.memory import kept
from bizops.metrics.registry import metric

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

DIMENSIONS = ("risk_class", "status", "segment", "region", "owner", "manager", "industry", "age_band")
NEEDS = {"renewal": ("account_id", "term_end_on", "atr", "status")}
DATED = {"renewal": (*NEEDS["renewal"], "closed_on")}
WITH_USAGE = {**NEEDS, "usage_daily": ("account_id", "on")}

DECIDED = ("won", "lost")
WILL_RENEW = "will_renew"
UNKNOWN = "unknown"

ON_TIME, NOT_DUE = "on time", "not due"
LATE_BANDS = ("1–30 days", "31–60 days", "over 60 days")
"""How late a term was decided, or how long it has been waiting."""

USAGE_DAYS = 90
"""Days before the term's end in which an account must have used the product for its use to be known."""


def renewals(data: Data, period: Period) -> ir.Table:
    """Return the contract terms that end in the period, by their original end, one row a term, within the scope.

    Returns
    -------
    ibis.Table
        ``renewal_id, account_id, customer_id`` (P01), ``term_end_on, closed_on, status, risk_class`` (``unknown`` where
        nobody classed it), ``is_decided`` (won or lost), ``is_due`` (its end has passed at ``as_of``), ``age_days``
        from its end to the decision, while undecided to ``as_of``, with ``age_band``; ``atr, renewed_arr`` in company
        currency, at the constant rate; the account's ``segment, region, owner, manager, industry`` at the term's end,
        for a term that ends later at ``as_of``.

    Notes
    -----
    A lost term renewed nothing; what a won term was renewed at may be unknown (null).
    """
    rows = kept(data, "renewals", lambda: _renewals(data))
    return within_scope(rows.filter(within_days(rows.term_end_on, period)), data)


def _renewals(data: Data) -> ir.Table:
    raw = data["renewal"]
    contract = column(raw, "contract_id", "string")
    rows = raw.select(
        "renewal_id",
        "account_id",
        "term_end_on",
        "status",
        unit=ibis.coalesce(contract, raw.renewal_id),
        contract_id=contract,
        closed_on=column(raw, "closed_on", "date"),
        risk_class=column(raw, "risk_class", "string").fill_null(UNKNOWN),
        available=number(raw, "atr"),
        renewed=number(raw, "renewed_arr"),
        currency_code=code(raw, data),
        profile_on=ibis.least(raw.term_end_on, ibis.date(data.as_of_date)),
    )
    rows = rows.mutate(own_account_id=rows.account_id)
    rows = with_customer(with_rate(rows, data), data, unit="unit").drop("profile_id")
    rows = with_profile(_aged(rows, data), data, key="own_account_id", on="profile_on")
    lost = rows.status == "lost"
    renewed = lost.ifelse(0.0, rows.renewed)
    rows = rows.mutate(atr=exact(rows.available * rows.rate), renewed_arr=exact(renewed * rows.rate))
    names = ("renewal_id", "account_id", "customer_id", "contract_id", "term_end_on", "closed_on", "is_decided")
    return rows.select(*names, "is_due", "age_days", "atr", "renewed_arr", "manager_id", *DIMENSIONS)


def _aged(rows: ir.Table, data: Data) -> ir.Table:
    """Whether a term is decided and due, and how late it was decided or has been waiting."""
    today = ibis.date(data.as_of_date)
    decided = rows.status.isin(DECIDED)
    until = decided.ifelse(rows.closed_on, today)
    rows = rows.mutate(is_decided=decided, is_due=rows.term_end_on <= today)
    rows = rows.mutate(age_days=until.cast("date").delta(rows.term_end_on, unit="day"))
    band = ibis.cases(
        (rows.age_days.isnull(), UNKNOWN),
        (~rows.is_decided & (rows.age_days <= 0), NOT_DUE),
        (rows.age_days <= 0, ON_TIME),
        (rows.age_days <= 30, LATE_BANDS[0]),
        (rows.age_days <= 60, LATE_BANDS[1]),
        else_=LATE_BANDS[2],
    )
    return rows.mutate(age_band=band)


@metric(
    id="REN-01",
    name="ARR available to renew",
    unit="money",
    better="none",
    additivity="additive",
    definition="ARR of contract terms that end in the period, as at term end, by the original term end",
    source="Metric dictionary REN-01; risk classes of GitLab (REN-06)",
    policies=("P24",),
    needs=NEEDS,
    by=DIMENSIONS,
)
def available_to_renew(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return ARR due in the period, which may lie ahead; ``n`` counts the terms. By ``risk_class`` for a forecast."""
    rows = renewals(data, period)
    return additive(rows, by, rows.atr.sum().fill_null(0), rows.count())


@metric(
    id="REN-05",
    name="On-time renewal",
    unit="rate",
    better="up",
    additivity="ratio",
    definition="Terms decided (won or lost) on or before their original end over terms whose end lies in the period "
    "and has passed; terms decided on an unknown day are in neither part",
    source="Metric dictionary REN-05; GitLab forbids moving dates to hide late renewals",
    policies=("P24",),
    needs=DATED,
    by=DIMENSIONS,
)
def on_time(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of due terms that were decided in time, by count; ``n`` counts the due terms."""
    rows = renewals(data, period)
    rows = rows.filter(rows.is_due, rows.age_days.notnull())
    return ratio(rows, by, ones(rows.age_band == ON_TIME).sum(), rows.count().cast("int64"), rows.count())


@metric(
    id="REN-05-LATE",
    name="ARR of late renewals",
    unit="money",
    better="down",
    additivity="additive",
    definition="ARR of terms that end in the period and were decided after their original end, or are past it and "
    "still undecided",
    source="Metric dictionary REN-05, listed by age band 1–30, 31–60 and over 60 days",
    policies=("P24",),
    needs=DATED,
    by=DIMENSIONS,
)
def late_renewals(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return ARR of terms that were or are late; ``n`` counts them. By ``age_band`` for the list of ages."""
    rows = renewals(data, period)
    rows = rows.filter(rows.age_band.isin(LATE_BANDS))
    return additive(rows, by, rows.atr.sum().fill_null(0), rows.count())


@metric(
    id="REN-06",
    name="Undecided renewals",
    unit="money",
    better="none",
    additivity="additive",
    definition="ARR of contract terms that end in the period and are neither won nor lost; by risk class it is the "
    "forecast of renewals",
    source="Metric dictionary REN-06; GitLab classes renewals two quarters ahead",
    policies=("P24",),
    needs=NEEDS,
    by=DIMENSIONS,
)
def undecided(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return undecided ARR, of a period that may lie ahead; ``n`` counts the terms."""
    rows = renewals(data, period)
    rows = rows.filter(~rows.is_decided)
    return additive(rows, by, rows.atr.sum().fill_null(0), rows.count())


@metric(
    id="REN-06-AT-RISK",
    name="Renewals at risk",
    unit="money",
    better="down",
    additivity="additive",
    definition="ARR of undecided contract terms that end in the period and are classed as anything but renewing; terms "
    "that nobody classed are not in it",
    source="Metric dictionary REN-06; risk classes of GitLab",
    policies=("P24",),
    needs={"renewal": (*NEEDS["renewal"], "risk_class")},
    by=DIMENSIONS,
)
def at_risk(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return undecided ARR that is expected to churn or to contract; ``n`` counts the terms."""
    rows = renewals(data, period)
    rows = rows.filter(~rows.is_decided, ~rows.risk_class.isin((WILL_RENEW, UNKNOWN)))
    return additive(rows, by, rows.atr.sum().fill_null(0), rows.count())


@metric(
    id="REN-09",
    name="Renewals without usage data",
    unit="rate",
    better="down",
    additivity="ratio",
    definition=f"ARR of terms that end in the period whose account has no usage record in the {USAGE_DAYS} days before "
    "the term's end (before as-of, while it lies ahead), over ARR of all terms that end in the period",
    source="Metric dictionary REN-09; GitLab's customer success dashboards",
    policies=("P24",),
    needs=WITH_USAGE,
    by=DIMENSIONS,
)
def without_usage(data: Data, period: Period, by: Sequence[str] = ()) -> ir.Table:
    """Return the share of ATR that nobody can judge by use; ``n`` counts all terms."""
    rows = renewals(data, period)
    used = data["usage_daily"].select("account_id", "on").distinct()
    level = "subscription" if data.company.policies.p01 == "subscription" else "account"
    used = with_customer(used, data, unit="account_id", level=level).select(used_id="account_id", used_on="on")
    last = ibis.least(rows.term_end_on, ibis.date(data.as_of_date))
    rows = rows.mutate(seen_to=last, seen_from=(last - ibis.interval(days=USAGE_DAYS)).cast("date"))
    known = rows.inner_join(
        used, [rows.account_id == used.used_id, used.used_on >= rows.seen_from, used.used_on <= rows.seen_to]
    )
    known = known.select(known_id="renewal_id").distinct()
    rows = rows.left_join(known, rows.renewal_id == known.known_id)
    blind = flag(rows.known_id.isnull())
    return ratio(rows, by, rows.atr.sum(where=blind).fill_null(0), rows.atr.sum(), rows.count())
