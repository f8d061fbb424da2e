"""Recurring lines: what each subscription line is worth a year, and the days on which it counts as ARR."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr_terms import from_signature, ramped, signed_ahead
from bizops.metrics.clock import INSTANT, local_date
from bizops.metrics.columns import column, flag, number, ones
from bizops.metrics.currency import code
from bizops.metrics.customers import with_customer

if TYPE_CHECKING:
    from bizops.schema.data import Data

NEEDS = {
    "subscription": ("subscription_id", "account_id"),
    "subscription_line": ("line_id", "subscription_id", "quantity", "unit_price", "valid_from", "valid_to"),
}

OPEN_END = date(9999, 12, 31)
"""The end of a line that has none."""

PER_YEAR = {"year": 1.0, "quarter": 4.0, "month": 12.0, "week": 52.0, "day": 365.0}
NOT_RECURRING = ("services", "hardware")


def recurring_lines(data: Data) -> ir.Table:
    """Return the lines that count as recurring revenue, one row a line interval.

    Returns
    -------
    ibis.Table
        ``line_id, subscription_id, account_id, customer_id, profile_id, product_id, currency_code, start_on, end_on,
        paid_to_on, quantity, gross, discount, discount_until, paused_on, resumed_on, reason``. ``gross`` and
        ``discount`` are a year's worth in the line's currency; ``[start_on, end_on)`` are the days on which it counts,
        ``paid_to_on`` is the end before any grace (P13); ``discount`` reduces it until ``discount_until``.

    Notes
    -----
    ARR-01: price x quantity x intervals a year, less recurring discounts. One-off lines, services, hardware, trials
    and metered usage are out; a committed minimum is in (P09). A ramp has the value of the year that P11 names, and
    with P02 = ``signature`` lines count from the day on which their contract was signed.
    """
    rows = _priced(data)
    rows = rows.inner_join(_subscriptions(data), "subscription_id")
    rows = _discounted(ramped(rows, data), data)
    rows = _dated(from_signature(rows, data), data)
    rows = rows.filter(rows.end_on > rows.start_on)
    rows = rows.select(
        "line_id",
        "subscription_id",
        "account_id",
        "customer_id",
        "profile_id",
        "product_id",
        "currency_code",
        "start_on",
        "end_on",
        "paid_to_on",
        "quantity",
        "gross",
        "discount",
        "discount_until",
        "paused_on",
        "resumed_on",
        "reason",
    )
    ahead = signed_ahead(data)
    return rows if ahead is None else ibis.union(rows, ahead.select(*rows.columns))


def _priced(data: Data) -> ir.Table:
    """Lines with the yearly worth of price times quantity; what never recurs is left out."""
    raw = data["subscription_line"]
    interval = column(raw, "interval", "string").fill_null("year")
    count = column(raw, "interval_count", "int64").fill_null(1).cast("float64")
    a_year = ibis.cases(*[(interval == name, times) for name, times in PER_YEAR.items()], else_=None) / count
    rows = raw.select(
        "line_id",
        "subscription_id",
        "valid_from",
        a_year=a_year,
        valid_to=raw.valid_to.fill_null(OPEN_END),
        product_id=column(raw, "product_id", "string").fill_null(""),
        currency_code=code(raw, data),
        metered=column(raw, "is_metered", "boolean"),
        units=number(raw, "quantity"),
        price=number(raw, "unit_price"),
        minimum=number(raw, "committed_minimum").fill_null(0.0),
        discount_amount=number(raw, "discount_amount").fill_null(0.0),
        discount_kind=column(raw, "discount_kind", "string").fill_null("forever"),
        discount_months=column(raw, "discount_months", "int64"),
    )
    rows = _with_category(rows, data)
    metered = ibis.coalesce(rows.metered, rows.category == "usage").fill_null(False)
    usage = rows.minimum
    if data.company.policies.p09 == "metered_included":
        usage = ibis.greatest(rows.price * rows.units, rows.minimum)
    rows = rows.mutate(
        quantity=metered.ifelse(1.0, rows.units),
        gross=metered.ifelse(usage, rows.price * rows.units) * rows.a_year,
    )
    return rows.filter(rows.gross.notnull(), ~flag(rows.category.isin(NOT_RECURRING)))


def _with_category(rows: ir.Table, data: Data) -> ir.Table:
    if not data.has("dim_product", "category"):
        return rows.mutate(category=ibis.null("string"))
    kinds = data["dim_product"].select(category_of="product_id", category="category")
    return rows.left_join(kinds, rows.product_id == kinds.category_of).drop("category_of")


def _subscriptions(data: Data) -> ir.Table:
    """Subscriptions with their customer (P01) and the days that end, pause or start their service."""
    raw = data["subscription"]
    by_request = data.company.policies.p03 == "cancel_request"
    rows = raw.select(
        "subscription_id",
        "account_id",
        contract_id=column(raw, "contract_id", "string"),
        status=column(raw, "status", "string"),
        trial_end_on=column(raw, "trial_end_on", "date"),
        term_end_on=column(raw, "current_term_end_on", "date"),
        requested_on=local_date(column(raw, "cancel_requested_at", INSTANT), data) if by_request else ibis.null("date"),
        ended_on=column(raw, "ended_on", "date"),
        paused_on=column(raw, "paused_on", "date"),
        resumed_on=column(raw, "resumed_on", "date"),
        reason=column(raw, "cancel_reason", "string"),
    )
    return with_customer(rows, data, unit="subscription_id")


def _discounted(rows: ir.Table, data: Data) -> ir.Table:
    """The discount that reduces ARR (P07) and the day until which it does.

    A discount of a single invoice never does; a repeating one does when it lasts longer than the setting. Its length is
    ``discount_months``, else the time for which the line carries it.
    """
    limit = data.company.policies.p07
    run = ibis.window(group_by=[rows.line_id, rows.discount_kind, rows.discount_amount])
    rows = rows.mutate(run_from=rows.valid_from.min().over(run), run_to=rows.valid_to.max().over(run))
    long_run = rows.run_to > rows.run_from + ibis.interval(months=limit)
    long = ibis.coalesce(rows.discount_months > limit, long_run)
    counts = (rows.discount_kind == "forever") | ((rows.discount_kind == "repeating") & long)
    worth = ibis.least(rows.discount_amount * rows.a_year, rows.gross)
    until = (rows.run_from + rows.discount_months.as_interval("M")).cast("date")
    return rows.mutate(
        discount=counts.ifelse(worth, 0.0),
        discount_until=(rows.discount_kind == "repeating").ifelse(until, ibis.null("date")),
    )


def _dated(rows: ir.Table, data: Data) -> ir.Table:
    """The days on which a line counts: after the trial, until service ends (P03), with grace if renewed late (P13)."""
    on_trial = flag(rows.status == "trial") & rows.trial_end_on.isnull()
    rows = rows.filter(~on_trial)
    start = ibis.greatest(rows.valid_from, rows.trial_end_on.fill_null(rows.valid_from))
    rows = rows.mutate(start_on=start, paid_to_on=_service_end(rows, data))
    return _with_grace(rows, data)


def _service_end(rows: ir.Table, data: Data) -> ir.Value:
    setting = data.company.policies.p03
    ended = rows.ended_on.fill_null(OPEN_END)
    if setting == "cancel_request":
        return ibis.least(rows.valid_to, ended, rows.requested_on.fill_null(OPEN_END))
    if setting == "period_end":
        term = ibis.greatest(ended, rows.term_end_on.fill_null(ended))
        return (rows.valid_to < ended).ifelse(rows.valid_to, term)
    return ibis.least(rows.valid_to, ended)


def _with_grace(rows: ir.Table, data: Data) -> ir.Table:
    """Lines of terms whose renewal is late count on: until the renewed line starts, or while the grace runs.

    Grace needs the renewal of the term to be known; a line that ends without one has ended. When the grace is over the
    line ends at its term end, not later.
    """
    days = data.company.policies.p13
    if not days or data.missing({"renewal": ("contract_id", "term_end_on", "status")}):
        return rows.mutate(end_on=rows.paid_to_on)
    terms = data["renewal"].filter(lambda t: t.contract_id.notnull())
    late = terms.group_by("contract_id", "term_end_on").agg(
        is_pending=ones(terms.status.isin(("open", "late"))).max(),
        is_won=ones(terms.status == "won").max(),
    )
    late = late.rename(late_contract="contract_id", late_on="term_end_on")
    following = rows.start_on.lead().over(
        ibis.window(group_by=[rows.account_id, rows.product_id], order_by=[rows.start_on, rows.paid_to_on])
    )
    rows = rows.mutate(next_on=following)
    rows = rows.left_join(late, [rows.contract_id == late.late_contract, rows.paid_to_on == late.late_on])
    limit = rows.paid_to_on + ibis.interval(days=days)
    resumed = flag(rows.is_won == 1) & (rows.next_on > rows.paid_to_on) & (rows.next_on <= limit)
    waiting = flag(rows.is_pending == 1) & (ibis.date(data.as_of_date) < limit)
    end = ibis.cases((flag(resumed), rows.next_on), (flag(waiting), ibis.literal(OPEN_END)), else_=rows.paid_to_on)
    return rows.mutate(end_on=end.cast("date"))


def _is_todays(data: Data, table: str) -> bool:
    """Whether the table was extracted at ``as_of`` or within two days after it; unknown counts as yes."""
    info = data.info.get(table)
    if info is None or info.extracted_at is None:
        return True
    return info.extracted_at <= data.as_of + timedelta(days=2)


def overdue(data: Data) -> ir.Table:
    """Return ``subscription_id, out_from, out_to``: the days on which a subscription is too long past due (P08).

    From the setting's number of days after an invoice is due until it is paid. A subscription that the source calls
    unpaid or cancelled without an end date is out at ``as_of`` at the latest.
    """
    days = ibis.interval(days=data.company.policies.p08)
    spans = []
    if data.has("invoice", "subscription_id", "due_on", "paid_on", "status"):
        bills = data["invoice"].filter(lambda t: t.subscription_id.notnull() & t.due_on.notnull())
        # paid on an unknown day is paid
        settled = flag(bills.status == "paid") & bills.paid_on.isnull()
        bills = bills.filter(~bills.status.isin(("draft", "void")), ~settled)
        spans.append(
            bills.select(
                "subscription_id",
                out_from=(bills.due_on + days).cast("date"),
                out_to=bills.paid_on.fill_null(OPEN_END),
            )
        )
    raw = data["subscription"]
    since = column(raw, "past_due_since_on", "date")
    today = ibis.date(data.as_of_date)
    stopped = flag(column(raw, "status", "string").isin(("unpaid", "cancelled")))
    # a status without a date is that of the extract: it says nothing of a day before
    gone = stopped & column(raw, "ended_on", "date").isnull() & ibis.literal(_is_todays(data, "subscription"))
    late = (since + days).cast("date")
    begin = gone.ifelse(ibis.least(late.fill_null(today), today), late)
    own = raw.select("subscription_id", out_from=begin, out_to=ibis.literal(OPEN_END))
    spans.append(own.filter(own.out_from.notnull()))
    rows = ibis.union(*spans) if len(spans) > 1 else spans[0]
    return rows.filter(rows.out_to > rows.out_from)
