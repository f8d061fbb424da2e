"""Use and service: product usage by day, tickets, surveys."""

from __future__ import annotations

from bizops.schema.table import PROVENANCE, Column, Table, TimeRule

USAGE_DAILY = Table(
    name="usage_daily",
    domain="service",
    grain="account x product x day",
    key=("account_id", "product_id", "on"),
    time=TimeRule(known_at="on", follows=("account_id",)),
    columns=(
        Column("account_id", "string", required=True, nullable=False, ref="dim_account.account_id"),
        Column("product_id", "string", required=True, nullable=False, ref="dim_product.product_id"),
        Column("on", "date", required=True, nullable=False),
        Column("active_users", "integer", minimum=0),
        Column("events", "integer", minimum=0),
        Column("value_actions", "integer", minimum=0, meaning="Actions that count as active use"),
        Column("seats_paid", "integer", minimum=0),
        Column("seats_active", "integer", minimum=0),
        *PROVENANCE,
    ),
)

_AFTER_SOLVING = (
    "full_resolution_min_cal",
    "full_resolution_min_bus",
    "requester_wait_min_cal",
    "requester_wait_min_bus",
)

TICKET = Table(
    name="ticket",
    domain="service",
    grain="ticket",
    key=("ticket_id",),
    time=TimeRule(
        known_at="created_at",
        closes=("solved_at", "csat_at"),
        resets={"solved_at": {"status": "open", **dict.fromkeys(_AFTER_SOLVING)}, "csat_at": {"csat": None}},
        follows=("account_id",),
    ),
    columns=(
        Column("ticket_id", "string", required=True, nullable=False),
        Column("account_id", "string", ref="dim_account.account_id"),
        Column("requester_hash", "string", personal=True),
        Column("created_at", "timestamp", required=True, nullable=False),
        Column("solved_at", "timestamp"),
        Column("status", "enum", values=("new", "open", "pending", "hold", "solved", "closed")),
        Column("priority", "enum", values=("urgent", "high", "normal", "low")),
        Column("channel", "string"),
        Column("type", "string"),
        Column("group_id", "string"),
        Column("assignee_id", "string", ref="dim_person.person_id"),
        Column("product_id", "string", ref="dim_product.product_id"),
        Column("first_reply_min_cal", "integer", unit="minutes", minimum=0),
        Column("first_reply_min_bus", "integer", unit="minutes", minimum=0),
        Column("full_resolution_min_cal", "integer", unit="minutes", minimum=0),
        Column("full_resolution_min_bus", "integer", unit="minutes", minimum=0),
        Column("requester_wait_min_cal", "integer", unit="minutes", minimum=0),
        Column("requester_wait_min_bus", "integer", unit="minutes", minimum=0),
        Column("on_hold_min_cal", "integer", unit="minutes", minimum=0),
        Column("on_hold_min_bus", "integer", unit="minutes", minimum=0),
        Column("n_reopens", "integer", minimum=0),
        Column("n_replies", "integer", minimum=0),
        Column("csat", "enum", values=("good", "bad")),
        Column("csat_at", "timestamp"),
        Column("tags", "json"),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

SURVEY_RESPONSE = Table(
    name="survey_response",
    domain="service",
    grain="answer to a survey",
    key=("response_id",),
    time=TimeRule(known_at="at", follows=("account_id",)),
    columns=(
        Column("response_id", "string", required=True, nullable=False),
        Column("account_id", "string", ref="dim_account.account_id"),
        Column("person_hash", "string", personal=True),
        Column("type", "enum", required=True, nullable=False, values=("nps", "csat", "ces", "engagement")),
        Column("score", "decimal", required=True, minimum=0, maximum=10),
        Column("comment", "string", personal=True),
        Column("at", "timestamp", required=True, nullable=False),
        Column("sent_at", "timestamp"),
        Column("team_id", "string", ref="dim_team.team_id"),
        *PROVENANCE,
    ),
)

TABLES = (USAGE_DAILY, TICKET, SURVEY_RESPONSE)
