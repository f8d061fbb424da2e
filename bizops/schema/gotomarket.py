"""Go-to-market facts: opportunities with history, lines and splits; quota, plan and forecast; leads, activities."""

from __future__ import annotations

from bizops.schema import rules
from bizops.schema.dimensions import CATEGORIES
from bizops.schema.table import PROVENANCE, Column, Table, TimeRule

DEAL_TYPES = ("new", "expansion", "renewal", "services")

OPPORTUNITY = Table(
    name="opportunity",
    domain="gotomarket",
    grain="opportunity, current state",
    key=("opportunity_id",),
    time=TimeRule(
        known_at="created_at",
        closes=("qualified_at", "last_activity_at"),
        follows=("account_id",),
    ),
    rules=rules.OPPORTUNITY,
    columns=(
        Column("opportunity_id", "string", required=True, nullable=False),
        Column("account_id", "string", expected=True, ref="dim_account.account_id"),
        Column("owner_id", "string", expected=True, ref="dim_person.person_id"),
        Column("name", "string"),
        Column("type", "enum", values=DEAL_TYPES),
        Column("pipeline_id", "string"),
        Column("stage_id", "string", ref="dim_stage.stage_id"),
        Column("forecast_category", "enum", values=CATEGORIES),
        Column(
            "amount",
            "decimal",
            required=True,
            expected=True,
            unit="money",
            meaning="Value of the deal; empty is unknown, not zero",
        ),
        Column("currency", "string", meaning="ISO 4217 code; absent or empty: the company's currency"),
        Column("acv", "decimal", unit="money", meaning="First-year value (P15)"),
        Column("tcv", "decimal", unit="money", meaning="Value over the whole term (P15)"),
        Column("arr_delta", "decimal", unit="money", meaning="Change of ARR by this deal, signed"),
        Column("term_months", "integer", unit="months", minimum=0),
        Column("created_at", "timestamp", expected=True),
        Column("qualified_at", "timestamp", meaning="First entry into a qualified stage"),
        Column(
            "close_on", "date", required=True, expected=True, meaning="Day of closing; while open, the expected one"
        ),
        Column(
            "is_closed", "boolean", required=True, nullable=False, meaning="Where absent, taken from dim_stage.type"
        ),
        Column("is_won", "boolean", required=True, nullable=False, meaning="Where absent, taken from dim_stage.type"),
        Column("lost_reason", "string"),
        Column("competitor", "string"),
        Column("lead_source", "string"),
        Column("campaign_id", "string", ref="dim_campaign.campaign_id"),
        Column("partner_id", "string"),
        Column("product_id", "string", ref="dim_product.product_id", meaning="Main product, where there are no lines"),
        Column("region", "string", meaning="Overrides the region of team and account, where a source has its own"),
        Column("segment", "string", meaning="Overrides the account's segment, where a source has its own"),
        Column("next_step", "string"),
        Column("last_activity_at", "timestamp"),
        Column("n_pushes", "integer", minimum=0, meaning="Moves of the close date to a later quarter"),
        Column("parent_opportunity_id", "string", ref="opportunity.opportunity_id"),
        Column("territory_id", "string", ref="dim_territory.territory_id"),
        Column("promised_go_live_on", "date"),
        Column("promised_outcome", "string"),
        Column("success_metric", "string"),
        Column("is_test", "boolean"),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

OPPORTUNITY_HISTORY = Table(
    name="opportunity_history",
    domain="gotomarket",
    grain="opportunity x validity interval",
    key=("opportunity_id", "valid_from"),
    interval=("opportunity_id",),
    time=TimeRule(known_at="valid_from", closes=("valid_to",), follows=("opportunity_id",)),
    columns=(
        Column("opportunity_id", "string", required=True, nullable=False, ref="opportunity.opportunity_id"),
        Column("valid_from", "timestamp", required=True, nullable=False),
        Column("valid_to", "timestamp", required=True, meaning="Exclusive; empty while it lasts"),
        Column("stage_id", "string", required=True, ref="dim_stage.stage_id"),
        Column("forecast_category", "enum", values=CATEGORIES),
        Column("amount", "decimal", unit="money"),
        Column("currency", "string"),
        Column("close_on", "date"),
        Column("owner_id", "string", ref="dim_person.person_id"),
        Column("probability", "decimal", unit="rate", minimum=0, maximum=1),
        Column("next_step", "string"),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

OPPORTUNITY_LINE = Table(
    name="opportunity_line",
    domain="gotomarket",
    grain="line of an opportunity",
    key=("line_id",),
    time=TimeRule(follows=("opportunity_id",)),
    rules=rules.OPPORTUNITY_LINE,
    columns=(
        Column("line_id", "string", required=True, nullable=False),
        Column("opportunity_id", "string", required=True, nullable=False, ref="opportunity.opportunity_id"),
        Column("product_id", "string", ref="dim_product.product_id"),
        Column("quantity", "decimal"),
        Column("unit_price", "decimal", unit="money"),
        Column("list_price", "decimal", unit="money"),
        Column("discount", "decimal", unit="rate", minimum=0, maximum=1),
        Column("start_on", "date"),
        Column("end_on", "date"),
        Column("amount", "decimal", required=True, unit="money"),
        *PROVENANCE,
    ),
)

OPPORTUNITY_SPLIT = Table(
    name="opportunity_split",
    domain="gotomarket",
    grain="opportunity x person x split type",
    key=("split_id",),
    time=TimeRule(follows=("opportunity_id",)),
    rules=rules.OPPORTUNITY_SPLIT,
    columns=(
        Column("split_id", "string", required=True, nullable=False),
        Column("opportunity_id", "string", required=True, nullable=False, ref="opportunity.opportunity_id"),
        Column("person_id", "string", required=True, nullable=False, ref="dim_person.person_id"),
        Column("split_type", "enum", required=True, nullable=False, values=("revenue", "overlay")),
        Column("share", "decimal", required=True, nullable=False, unit="rate", minimum=0),
        Column("amount", "decimal", unit="money"),
        *PROVENANCE,
    ),
)

QUOTA = Table(
    name="quota",
    domain="gotomarket",
    grain="owner x period x measure x version",
    key=("quota_id",),
    time=TimeRule(known_at="effective_on"),
    rules=rules.QUOTA,
    columns=(
        Column("quota_id", "string", required=True, nullable=False),
        Column("owner_id", "string", required=True, nullable=False, meaning="Person or team that carries it"),
        Column(
            "level",
            "enum",
            values=("rep", "manager", "vp", "company"),
            meaning="Targets of different levels contain one another and are never added; absent: rep",
        ),
        Column("period_start", "date", required=True, nullable=False),
        Column("period_end", "date", required=True, nullable=False, meaning="Exclusive"),
        Column("measure", "enum", values=("bookings", "arr", "units", "revenue"), meaning="Absent: bookings"),
        Column("product_id", "string", ref="dim_product.product_id"),
        Column("amount", "decimal", required=True, nullable=False, unit="money", minimum=0),
        Column("currency", "string"),
        Column("kind", "enum", values=("street", "plan"), meaning="street: handed to people; plan: in the plan"),
        Column("version", "integer", minimum=0, meaning="The highest known at as_of holds"),
        Column("effective_on", "date", meaning="Day from which this version holds"),
        Column("relief_amount", "decimal", unit="money"),
        Column("relief_reason", "string", personal=True),
        Column("approved_by", "string", personal=True),
        *PROVENANCE,
    ),
)

SCOPE = 'JSON object of what it covers, {} the company; keys region, segment, product, type; e.g. {"region":"North"}'

PLAN = Table(
    name="plan",
    domain="gotomarket",
    grain="metric x scope x period x version",
    key=("metric_id", "scope", "period_start", "period_end", "version"),
    time=TimeRule(known_at="effective_on"),
    rules=rules.PLAN,
    columns=(
        Column("metric_id", "string", required=True, nullable=False, meaning="Id of a metric, such as BKG-01"),
        Column("scope", "json", required=True, nullable=False, meaning=SCOPE),
        Column("period_start", "date", required=True, nullable=False),
        Column("period_end", "date", required=True, nullable=False, meaning="Exclusive"),
        Column("version", "string", required=True, nullable=False, meaning="budget, forecast_1, ..."),
        Column("value", "decimal", required=True, nullable=False, meaning="Money in company currency, count or rate"),
        Column("currency", "string"),
        Column("effective_on", "date", meaning="Day on which this version was set; absent: known all along"),
        *PROVENANCE,
    ),
)

FORECAST_SUBMISSION = Table(
    name="forecast_submission",
    domain="gotomarket",
    grain="submission of one forecaster for one scope, period and category",
    key=("submitted_at", "forecaster_id", "scope", "period", "category"),
    time=TimeRule(known_at="submitted_at"),
    columns=(
        Column("submitted_at", "timestamp", required=True, nullable=False),
        Column("forecaster_id", "string", required=True, nullable=False, ref="dim_person.person_id"),
        Column("scope", "json", required=True, nullable=False, meaning=SCOPE + '; also {"owner":"<person_id>"}'),
        Column("period", "string", required=True, nullable=False, meaning="Key of a fiscal period, such as 2026Q3"),
        Column("category", "enum", required=True, nullable=False, values=("commit", "best_case", "call", "pipeline")),
        Column("amount", "decimal", required=True, nullable=False, unit="money"),
        Column("currency", "string"),
        Column("comment", "string", personal=True),
        *PROVENANCE,
    ),
)

LEAD = Table(
    name="lead",
    domain="gotomarket",
    grain="inquiry of a person",
    key=("lead_id",),
    time=TimeRule(
        known_at="created_at",
        closes=(
            "assigned_at",
            "first_touch_at",
            "accepted_at",
            "rejected_at",
            "mql_at",
            "sal_at",
            "sql_at",
            "converted_at",
            "score_at",
        ),
        resets={
            "assigned_at": {"assigned_to": None},
            "rejected_at": {"reject_reason": None, "status": None},
            "converted_at": {"converted_opportunity_id": None, "status": None},
            "score_at": {"score": None},
        },
    ),
    columns=(
        Column("lead_id", "string", required=True, nullable=False),
        Column("email_hash", "string", personal=True),
        Column("account_id", "string", ref="dim_account.account_id"),
        Column("lead_source", "string"),
        Column("campaign_id", "string", ref="dim_campaign.campaign_id"),
        Column("created_at", "timestamp", required=True, nullable=False),
        Column("status", "enum", values=("open", "working", "accepted", "rejected", "converted", "recycled")),
        Column("assigned_to", "string", ref="dim_person.person_id"),
        Column("assigned_at", "timestamp"),
        Column("first_touch_at", "timestamp"),
        Column("accepted_at", "timestamp"),
        Column("rejected_at", "timestamp"),
        Column("reject_reason", "string"),
        Column("mql_at", "timestamp"),
        Column("sal_at", "timestamp"),
        Column("sql_at", "timestamp"),
        Column("converted_at", "timestamp"),
        Column("converted_opportunity_id", "string", ref="opportunity.opportunity_id"),
        Column("score", "decimal"),
        Column("score_at", "timestamp"),
        Column("is_test", "boolean"),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

ACTIVITY = Table(
    name="activity",
    domain="gotomarket",
    grain="meeting, call, e-mail or task",
    key=("activity_id",),
    time=TimeRule(known_at="at", follows=("account_id", "opportunity_id")),
    columns=(
        Column("activity_id", "string", required=True, nullable=False),
        Column("at", "timestamp", required=True, nullable=False),
        Column("type", "enum", values=("meeting", "call", "email", "task")),
        Column("person_id", "string", ref="dim_person.person_id"),
        Column("account_id", "string", ref="dim_account.account_id"),
        Column("opportunity_id", "string", ref="opportunity.opportunity_id"),
        Column("lead_id", "string", ref="lead.lead_id"),
        Column("direction", "enum", values=("inbound", "outbound")),
        Column("duration_min", "integer", unit="minutes", minimum=0),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

TABLES = (
    OPPORTUNITY,
    OPPORTUNITY_HISTORY,
    OPPORTUNITY_LINE,
    OPPORTUNITY_SPLIT,
    QUOTA,
    PLAN,
    FORECAST_SUBMISSION,
    LEAD,
    ACTIVITY,
)
