"""Revenue facts: contracts, subscriptions and their effective-dated lines, renewals, invoices, finance, spend."""

from __future__ import annotations

from bizops.schema import rules
from bizops.schema.table import PROVENANCE, Column, Table, TimeRule

SUBSCRIPTION_STATUSES = (
    "future",
    "trial",
    "active",
    "non_renewing",
    "past_due",
    "paused",
    "cancelled",
    "unpaid",
)

INTERVALS = ("day", "week", "month", "quarter", "year", "one_off")
"""Billing intervals; one-off lines are never recurring revenue (P09)."""

PRICE_LIST = Table(
    name="price_list",
    domain="revenue",
    grain="product x plan x currency x validity interval",
    key=("product_id", "plan_id", "currency", "valid_from"),
    interval=("product_id", "plan_id", "currency"),
    time=TimeRule(known_at="valid_from", closes=("valid_to",)),
    columns=(
        Column("product_id", "string", required=True, nullable=False, ref="dim_product.product_id"),
        Column("plan_id", "string", required=True, nullable=False),
        Column("currency", "string", required=True, nullable=False),
        Column("unit_amount", "decimal", required=True, unit="money"),
        Column("interval", "enum", values=INTERVALS),
        Column("interval_count", "integer", minimum=1),
        Column("valid_from", "date", required=True, nullable=False),
        Column("valid_to", "date", required=True),
        Column("is_list", "boolean"),
        *PROVENANCE,
    ),
)

CONTRACT = Table(
    name="contract",
    domain="revenue",
    grain="contract",
    key=("contract_id",),
    time=TimeRule(known_at="signed_on", closes=("notice_given_on",), follows=("account_id",)),
    rules=rules.CONTRACT,
    columns=(
        Column("contract_id", "string", required=True, nullable=False),
        Column("account_id", "string", required=True, nullable=False, ref="dim_account.account_id"),
        Column("opportunity_id", "string", ref="opportunity.opportunity_id"),
        Column("signed_on", "date"),
        Column("start_on", "date", required=True, nullable=False),
        Column("end_on", "date", required=True, meaning="Exclusive: first day after the term"),
        Column("term_months", "integer", unit="months", minimum=0),
        Column("is_auto_renew", "boolean"),
        Column("notice_days", "integer", unit="days", minimum=0),
        Column("tcv", "decimal", unit="money"),
        Column("currency", "string"),
        Column("uplift_rate", "decimal", unit="rate"),
        Column("status", "enum", values=("draft", "signed", "active", "expired", "terminated")),
        Column("notice_given_on", "date"),
        *PROVENANCE,
    ),
)

SUBSCRIPTION = Table(
    name="subscription",
    domain="revenue",
    grain="subscription, current state",
    key=("subscription_id",),
    time=TimeRule(
        known_at="started_on",
        closes=("cancel_requested_at", "ended_on", "paused_on", "resumed_on", "past_due_since_on"),
        resets={
            "cancel_requested_at": {
                "cancel_reason": None,
                "cancel_feedback": None,
                "cancel_comment": None,
                "cancel_at": None,
            },
            "ended_on": {"status": None},
            "paused_on": {"status": None},
            "past_due_since_on": {"status": None},
        },
        follows=("account_id",),
    ),
    columns=(
        Column("subscription_id", "string", required=True, nullable=False),
        Column("account_id", "string", required=True, nullable=False, ref="dim_account.account_id"),
        Column("contract_id", "string", ref="contract.contract_id"),
        Column("status", "enum", values=SUBSCRIPTION_STATUSES, meaning="Empty where it changed after as_of"),
        Column("started_on", "date"),
        Column("trial_end_on", "date"),
        Column("current_term_end_on", "date"),
        Column("cancel_requested_at", "timestamp", meaning="When it was asked for, not when it stopped (P03)"),
        Column("cancel_at", "timestamp", meaning="When a requested cancellation takes effect"),
        Column("ended_on", "date", meaning="First day without service (P03)"),
        Column("paused_on", "date", meaning="First day of the latest pause (P12)"),
        Column("resumed_on", "date", meaning="First day after the latest pause (P12)"),
        Column("past_due_since_on", "date", meaning="Due date of the oldest unpaid invoice (P08)"),
        Column(
            "cancel_reason",
            "enum",
            values=(
                "voluntary",
                "payment_failed",
                "payment_disputed",
                "not_paid",
                "no_card",
                "end_of_business",
                "other",
            ),
        ),
        Column("cancel_feedback", "string"),
        Column("cancel_comment", "string", personal=True),
        Column("collection", "enum", values=("auto", "manual")),
        *PROVENANCE,
    ),
)

SUBSCRIPTION_LINE = Table(
    name="subscription_line",
    domain="revenue",
    grain="line of a subscription x validity interval",
    key=("line_id", "valid_from"),
    interval=("line_id",),
    time=TimeRule(known_at="valid_from", closes=("valid_to",), follows=("subscription_id",)),
    rules=rules.SUBSCRIPTION_LINE,
    columns=(
        Column("line_id", "string", required=True, nullable=False),
        Column("subscription_id", "string", required=True, nullable=False, ref="subscription.subscription_id"),
        Column("product_id", "string", ref="dim_product.product_id"),
        Column("plan_id", "string"),
        Column("quantity", "decimal", required=True, nullable=False, minimum=0),
        Column("unit_price", "decimal", required=True, unit="money", meaning="Price of one unit for one interval"),
        Column("currency", "string"),
        Column("interval", "enum", values=INTERVALS, meaning="Absent: year"),
        Column("interval_count", "integer", minimum=1, meaning="Absent: 1"),
        Column("discount_amount", "decimal", unit="money", minimum=0, meaning="Off the line for one interval"),
        Column("discount_kind", "enum", values=("forever", "repeating", "once")),
        Column("discount_months", "integer", unit="months", minimum=0, meaning="Length of a repeating discount (P07)"),
        Column("is_metered", "boolean"),
        Column("committed_minimum", "decimal", unit="money", minimum=0, meaning="For one interval"),
        Column("valid_from", "date", required=True, nullable=False),
        Column("valid_to", "date", required=True, meaning="Exclusive; empty while it lasts"),
        *PROVENANCE,
    ),
)

RENEWAL = Table(
    name="renewal",
    domain="revenue",
    grain="contract term that ends",
    key=("renewal_id",),
    time=TimeRule(
        closes=("closed_on",),
        resets={
            "closed_on": {
                "status": "open",
                "renewed_arr": None,
                "reason": None,
                "sub_reason": None,
                "reason_text": None,
                "is_avoidable": None,
                "risk_class": None,
            }
        },
        follows=("account_id", "contract_id"),
    ),
    rules=rules.RENEWAL,
    columns=(
        Column("renewal_id", "string", required=True, nullable=False),
        Column("account_id", "string", required=True, nullable=False, ref="dim_account.account_id"),
        Column("contract_id", "string", ref="contract.contract_id"),
        Column("term_end_on", "date", required=True, nullable=False, meaning="Original term end"),
        Column("atr", "decimal", required=True, unit="money", minimum=0, meaning="ARR available to renew"),
        Column("currency", "string"),
        Column("status", "enum", required=True, nullable=False, values=("won", "lost", "open", "late")),
        Column("renewed_arr", "decimal", unit="money", minimum=0),
        Column("closed_on", "date"),
        Column(
            "risk_class",
            "enum",
            values=("will_renew", "will_churn", "will_churn_actionable", "will_contract", "will_contract_actionable"),
        ),
        Column("reason", "string"),
        Column("sub_reason", "string"),
        Column("reason_text", "string", personal=True),
        Column("is_avoidable", "boolean"),
        *PROVENANCE,
    ),
)

INVOICE = Table(
    name="invoice",
    domain="revenue",
    grain="invoice",
    key=("invoice_id",),
    time=TimeRule(
        known_at="issued_on",
        closes=("paid_on",),
        resets={"paid_on": {"status": "open", "amount_paid": None, "dunning_status": None}},
        follows=("account_id",),
    ),
    columns=(
        Column("invoice_id", "string", required=True, nullable=False),
        Column("account_id", "string", ref="dim_account.account_id"),
        Column("subscription_id", "string", ref="subscription.subscription_id"),
        Column("contract_id", "string", ref="contract.contract_id"),
        Column("status", "enum", required=True, values=("draft", "open", "paid", "void", "uncollectible")),
        Column("issued_on", "date", required=True),
        Column("due_on", "date"),
        Column("paid_on", "date"),
        Column("subtotal", "decimal", unit="money"),
        Column("tax", "decimal", unit="money"),
        Column("total", "decimal", required=True, unit="money"),
        Column("amount_due", "decimal", unit="money"),
        Column("amount_paid", "decimal", unit="money"),
        Column("currency", "string"),
        Column("n_attempts", "integer", minimum=0),
        Column("dunning_status", "enum", values=("in_progress", "exhausted", "stopped", "success")),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

FINANCE_MONTH = Table(
    name="finance_month",
    domain="revenue",
    grain="month x item x kind",
    key=("month", "item", "kind"),
    time=TimeRule(known_at="month", month=True, ahead={"kind": ("budget",)}),
    columns=(
        Column("month", "date", required=True, nullable=False, meaning="First day of the month"),
        Column(
            "item",
            "enum",
            required=True,
            nullable=False,
            values=("revenue", "cost_of_revenue", "operating_cash_flow", "capex", "cash_end"),
        ),
        Column("kind", "enum", required=True, nullable=False, values=("actual", "budget")),
        Column("amount", "decimal", required=True, nullable=False, unit="money"),
        Column("currency", "string"),
        *PROVENANCE,
    ),
)

SPEND = Table(
    name="spend",
    domain="revenue",
    grain="spend record",
    key=("spend_id",),
    time=TimeRule(known_at="on", ahead={"kind": ("committed", "budget")}),
    columns=(
        Column("spend_id", "string", required=True, nullable=False),
        Column("on", "date", required=True, nullable=False),
        Column("cost_centre", "string", meaning="sales, marketing, customer_success, research, general ..."),
        Column("category", "string"),
        Column("vendor", "string"),
        Column("campaign_id", "string", ref="dim_campaign.campaign_id"),
        Column("amount", "decimal", required=True, nullable=False, unit="money"),
        Column("currency", "string"),
        Column("kind", "enum", values=("actual", "committed", "budget"), meaning="Absent: actual"),
        *PROVENANCE,
    ),
)

TABLES = (
    PRICE_LIST,
    CONTRACT,
    SUBSCRIPTION,
    SUBSCRIPTION_LINE,
    RENEWAL,
    INVOICE,
    FINANCE_MONTH,
    SPEND,
)
