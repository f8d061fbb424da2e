"""Lines by their contracts: ARR from signature instead of service (P02), and ramps by another year's value (P11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.columns import flag
from bizops.metrics.contracts import MONTHS_A_YEAR, SIGNED, contracts

if TYPE_CHECKING:
    from bizops.schema.data import Data

TERM = {"contract": ("contract_id", "account_id", "start_on", "end_on")}


def from_signature(rows: ir.Table, data: Data) -> ir.Table:
    """Return lines that begin with the signature of their contract (P02); as they are where service start counts.

    Parameters
    ----------
    rows
        Lines with ``line_id, account_id, contract_id, valid_from, valid_to``, one row a line interval.

    Notes
    -----
    The contract of an interval is one that begins on the same day: the subscription's own, else the account's. Where
    the interval follows another one of its line, the older one ends at the signature, so that nothing counts twice. A
    renewal on a new line keeps its first day of service: the old line still runs.
    """
    if data.company.policies.p02 != "signature" or data.missing(TERM) or data.missing({"contract": ("signed_on",)}):
        return rows
    begun = contracts(data).select("contract_id", "account_id", "start_on", "signed_on", "is_renewal")
    own = begun.select(own_id="contract_id", own_start="start_on", own_signed="signed_on", own_renewal="is_renewal")
    rows = rows.left_join(own, [rows.contract_id == own.own_id, rows.valid_from == own.own_start])
    others = begun.group_by("account_id", "start_on").agg(
        any_signed=begun.signed_on.max(), any_renewal=begun.is_renewal.min()
    )
    others = others.rename(any_account="account_id", any_start="start_on")
    rows = rows.left_join(others, [rows.account_id == others.any_account, rows.valid_from == others.any_start])
    line = ibis.window(group_by=rows.line_id, order_by=rows.valid_from)
    rows = rows.mutate(
        signed=ibis.coalesce(rows.own_signed, rows.any_signed),
        renews=flag(ibis.coalesce(rows.own_renewal, rows.any_renewal)),
        before_from=rows.valid_from.lag().over(line),
        before_to=rows.valid_to.lag().over(line),
    )
    follows = flag(rows.before_to == rows.valid_from)
    floor = follows.ifelse(rows.before_from, rows.before_to)
    earliest = ibis.greatest(rows.signed, ibis.coalesce(floor, rows.signed))
    pulled = rows.signed.notnull() & (follows | ~rows.renews)
    rows = rows.mutate(begins=pulled.ifelse(ibis.least(rows.valid_from, earliest), rows.valid_from))
    line = ibis.window(group_by=rows.line_id, order_by=rows.valid_from)
    rows = rows.mutate(next_begins=rows.begins.lead().over(line))
    return rows.mutate(valid_from=rows.begins, valid_to=ibis.least(rows.valid_to, rows.next_begins)).drop(
        "own_id", "own_start", "own_signed", "own_renewal", "any_account", "any_start", "any_signed", "any_renewal",
        "signed", "renews", "before_from", "before_to", "begins", "next_begins",
    )  # fmt: skip


def signed_ahead(data: Data) -> ir.Table | None:
    """Return contracts signed whose service has not begun by ``as_of`` as lines of their own (P02), or None.

    Columns as `recurring_lines`; the product is not known. Renewals are left out: what they continue is in force.
    """
    if data.company.policies.p02 != "signature" or data.missing(SIGNED):
        return None
    today = ibis.date(data.as_of_date)
    rows = contracts(data)
    rows = rows.filter(rows.signed_on <= today, rows.start_on > today, ~rows.is_renewal, rows.yearly > 0)
    holders = data["subscription"].select("subscription_id", line_account="account_id")
    begun = data["subscription_line"].inner_join(holders, "subscription_id")
    begun = begun.select("line_account", line_from="valid_from").distinct()
    rows = rows.anti_join(begun, [rows.own_account_id == begun.line_account, rows.start_on == begun.line_from])
    nothing = ibis.null("date")
    return rows.select(
        "account_id", "customer_id", "profile_id", "currency_code",
        line_id="contract_id", subscription_id="contract_id", product_id=ibis.literal(""), start_on="signed_on",
        end_on="end_on", paid_to_on="end_on", quantity=ibis.literal(1.0), gross="yearly", discount=ibis.literal(0.0),
        discount_until=nothing, paused_on=nothing, resumed_on=nothing, reason=ibis.null("string"),
    )  # fmt: skip


def ramped(rows: ir.Table, data: Data) -> ir.Table:
    """Return lines whose ``gross`` and ``quantity`` are those of the contract year that P11 names.

    Parameters
    ----------
    rows
        Lines with ``line_id, account_id, currency_code, valid_from, valid_to, quantity, gross``, a row an interval.

    Notes
    -----
    A ramp is a contract of more than twelve months; its steps are the changes of a line on the anniversaries of the
    contract's first day, other changes are amendments and always count. ``first_year`` takes the steps out again,
    ``exit_year`` counts all of them from the first day of the contract. Only steps that the source has by ``as_of`` are
    known: a step that begins later enters when its line does.
    """
    setting = data.company.policies.p11
    if setting == "current_year" or data.missing(TERM):
        return rows
    rows = _with_steps(_with_term(rows, data))
    upto = ibis.window(group_by=[rows.line_id, rows.term_from], order_by=rows.valid_from, following=0)
    whole = ibis.window(group_by=[rows.line_id, rows.term_from])
    changed = {}
    for name in ("gross", "quantity"):
        step = rows[f"{name}_step"]
        past, every = step.sum().over(upto), step.sum().over(whole)
        changed[name] = rows[name] - past if setting == "first_year" else rows[name] + every - past
    # a line cut below its first year is worth what it is
    valid = (changed["gross"] > 0) & (changed["quantity"] > 0)
    rows = rows.mutate(**{name: valid.ifelse(value, rows[name]) for name, value in changed.items()})
    return rows.drop("term_from", "gross_step", "quantity_step")


def _with_term(rows: ir.Table, data: Data) -> ir.Table:
    """``term_from``: first day of the account's contract of more than a year in which the interval begins, or null."""
    long = contracts(data)
    long = long.filter(long.months > MONTHS_A_YEAR)
    long = long.select(term_account="account_id", term_start="start_on", term_end="end_on").distinct()
    begun = rows.select("line_id", "valid_from", "account_id").distinct()
    found = begun.inner_join(
        long,
        [
            begun.account_id == long.term_account,
            long.term_start <= begun.valid_from,
            begun.valid_from < long.term_end,
        ],
    )
    found = found.group_by("line_id", "valid_from").agg(term_from=found.term_start.max())
    found = found.rename(term_line="line_id", term_valid="valid_from")
    joined = rows.left_join(found, [rows.line_id == found.term_line, rows.valid_from == found.term_valid])
    return joined.drop("term_line", "term_valid")


def _with_steps(rows: ir.Table) -> ir.Table:
    """``gross_step, quantity_step``: the change on an anniversary of the term, zero at every other interval."""
    line = ibis.window(group_by=rows.line_id, order_by=rows.valid_from)
    rows = rows.mutate(
        **{
            f"before_{name}": rows[name].lag().over(line)
            for name in ("gross", "quantity", "valid_to", "currency_code", "term_from")
        }
    )
    day, first = rows.valid_from, rows.term_from
    anniversary = (day.year() > first.year()) & (day.month() == first.month()) & (day.day() == first.day())
    is_step = flag(
        anniversary
        & (rows.before_valid_to == day)
        & (rows.before_term_from == first)
        & (rows.before_currency_code == rows.currency_code)
    )
    return rows.mutate(
        gross_step=is_step.ifelse(rows.gross - rows.before_gross, 0.0),
        quantity_step=is_step.ifelse(rows.quantity - rows.before_quantity, 0.0),
    ).drop("before_gross", "before_quantity", "before_valid_to", "before_currency_code", "before_term_from")
