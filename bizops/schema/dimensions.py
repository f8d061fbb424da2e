"""Who, what and where: accounts, people, teams, territories, products, stages, currencies, campaigns."""

from __future__ import annotations

from bizops.schema import rules
from bizops.schema.table import PROVENANCE, Column, Table, TimeRule

CATEGORIES = ("omitted", "pipeline", "best_case", "most_likely", "commit", "closed")
"""Forecast categories, least to most certain; Salesforce's ``Forecast`` is ``commit``."""

EXCLUDED_ACCOUNT_TYPES = ("test", "internal", "partner")
"""Accounts whose records no report counts (convention C08)."""

ACCOUNT_TYPES = ("prospect", "customer", "former", *EXCLUDED_ACCOUNT_TYPES)

ROLES = ("ae", "am", "csm", "sdr", "se", "manager", "cs_agent", "marketing", "ops", "other")

DIM_ACCOUNT = Table(
    name="dim_account",
    domain="dimensions",
    grain="account, current state",
    key=("account_id",),
    time=TimeRule(known_at="created_at", closes=("first_customer_on",)),
    columns=(
        Column("account_id", "string", required=True, nullable=False),
        Column("name", "string", meaning="Name of the organisation"),
        Column("parent_id", "string", ref="dim_account.account_id"),
        Column("ultimate_parent_id", "string", ref="dim_account.account_id", meaning="Customer level of P01"),
        Column("domain", "string"),
        Column("country", "string"),
        Column("region", "string", meaning="Sales region of the account"),
        Column("industry", "string"),
        Column("n_employees", "integer", minimum=0),
        Column("annual_revenue", "decimal", unit="money"),
        Column("segment", "string", meaning="Segment today; past segments are in dim_account_history"),
        Column("type", "enum", values=ACCOUNT_TYPES, meaning="test, internal and partner are excluded from reports"),
        Column("owner_id", "string", ref="dim_person.person_id"),
        Column("territory_id", "string", ref="dim_territory.territory_id"),
        Column("created_at", "timestamp"),
        Column("first_customer_on", "date"),
        Column("external_ids", "json", meaning="Keys of the same account in other systems, a JSON object"),
        Column("potential_value", "decimal", unit="money", minimum=0),
        Column("potential_source", "string"),
        Column("merged_into", "string", ref="dim_account.account_id"),
        Column("is_test", "boolean"),
        Column("is_deleted", "boolean"),
        *PROVENANCE,
    ),
)

DIM_ACCOUNT_HISTORY = Table(
    name="dim_account_history",
    domain="dimensions",
    grain="account x validity interval",
    key=("account_id", "valid_from"),
    interval=("account_id",),
    time=TimeRule(known_at="valid_from", closes=("valid_to",), follows=("account_id",)),
    columns=(
        Column("account_id", "string", required=True, nullable=False, ref="dim_account.account_id"),
        Column("valid_from", "timestamp", required=True, nullable=False),
        Column("valid_to", "timestamp", required=True, meaning="Exclusive; empty while it lasts"),
        Column("segment", "string"),
        Column("region", "string"),
        Column("owner_id", "string", ref="dim_person.person_id"),
        Column("territory_id", "string", ref="dim_territory.territory_id"),
        *PROVENANCE,
    ),
)

DIM_PERSON = Table(
    name="dim_person",
    domain="dimensions",
    grain="employee",
    key=("person_id",),
    time=TimeRule(known_at="hired_on", closes=("left_on",)),
    rules=rules.DIM_PERSON,
    columns=(
        Column("person_id", "string", required=True, nullable=False),
        Column("name", "string", personal=True),
        Column("email", "string", personal=True),
        Column("role", "enum", values=ROLES),
        Column("team_id", "string", ref="dim_team.team_id"),
        Column("manager_id", "string", ref="dim_person.person_id"),
        Column("is_quota_carrier", "boolean"),
        Column("hired_on", "date"),
        Column("left_on", "date"),
        Column("seat_start_on", "date", meaning="First day in the present role"),
        Column("location", "string", personal=True),
        Column("fte", "decimal", minimum=0, maximum=1),
        Column("skills", "json", personal=True),
        *PROVENANCE,
    ),
)

DIM_TEAM = Table(
    name="dim_team",
    domain="dimensions",
    grain="team",
    key=("team_id",),
    columns=(
        Column("team_id", "string", required=True, nullable=False),
        Column("name", "string"),
        Column("parent_team_id", "string", ref="dim_team.team_id"),
        Column("function", "enum", values=("sales", "customer_success", "marketing", "service", "ops", "other")),
        Column("region", "string", meaning="Region that the team sells in"),
        Column("leader_id", "string", ref="dim_person.person_id"),
        *PROVENANCE,
    ),
)

DIM_TERRITORY = Table(
    name="dim_territory",
    domain="dimensions",
    grain="territory",
    key=("territory_id",),
    columns=(
        Column("territory_id", "string", required=True, nullable=False),
        Column("name", "string"),
        Column("parent_id", "string", ref="dim_territory.territory_id"),
        Column("segment", "string"),
        Column("region", "string"),
        *PROVENANCE,
    ),
)

TERRITORY_ASSIGNMENT = Table(
    name="territory_assignment",
    domain="dimensions",
    grain="territory x person x role x validity interval",
    key=("territory_id", "person_id", "role", "valid_from"),
    interval=("territory_id", "person_id", "role"),
    time=TimeRule(known_at="valid_from", closes=("valid_to",)),
    columns=(
        Column("territory_id", "string", required=True, nullable=False, ref="dim_territory.territory_id"),
        Column("person_id", "string", required=True, nullable=False, ref="dim_person.person_id"),
        Column("role", "enum", required=True, nullable=False, values=("owner", "overlay", "house")),
        Column("valid_from", "date", required=True, nullable=False),
        Column("valid_to", "date", required=True, meaning="Exclusive; empty while it lasts"),
        *PROVENANCE,
    ),
)

DIM_PRODUCT = Table(
    name="dim_product",
    domain="dimensions",
    grain="product",
    key=("product_id",),
    columns=(
        Column("product_id", "string", required=True, nullable=False),
        Column("name", "string"),
        Column("family", "string"),
        Column("category", "enum", values=("recurring", "usage", "services", "hardware")),
        Column("is_active", "boolean"),
        *PROVENANCE,
    ),
)

DIM_STAGE = Table(
    name="dim_stage",
    domain="dimensions",
    grain="pipeline x stage",
    key=("pipeline_id", "stage_id"),
    columns=(
        Column("pipeline_id", "string", meaning="Absent or empty where the company has one pipeline"),
        Column("stage_id", "string", required=True, nullable=False),
        Column("name", "string"),
        Column("ordinal", "integer", required=True, nullable=False, minimum=0, meaning="1 is the first stage"),
        Column("type", "enum", required=True, nullable=False, values=("open", "won", "lost", "omitted")),
        Column("crm_probability", "decimal", unit="rate", minimum=0, maximum=1),
        Column("forecast_category", "enum", values=CATEGORIES),
        Column("is_qualified", "boolean", meaning="Counts as pipeline (P17); absent: from ordinal 2"),
        *PROVENANCE,
    ),
)

FX_RATE = Table(
    name="fx_rate",
    domain="dimensions",
    grain="day x currency x rate type",
    key=("on", "currency", "rate_type"),
    time=TimeRule(known_at="on", ahead={"rate_type": ("plan",)}),
    columns=(
        Column("on", "date", required=True, nullable=False),
        Column("currency", "string", required=True, nullable=False, meaning="ISO 4217 code"),
        Column("rate_type", "enum", required=True, nullable=False, values=("spot", "plan", "month_avg")),
        Column(
            "rate",
            "decimal",
            required=True,
            nullable=False,
            unit="rate",
            minimum=0,
            meaning="Units of company currency for one unit of this currency",
        ),
        *PROVENANCE,
    ),
)

DIM_CAMPAIGN = Table(
    name="dim_campaign",
    domain="dimensions",
    grain="campaign",
    key=("campaign_id",),
    columns=(
        Column("campaign_id", "string", required=True, nullable=False),
        Column("name", "string"),
        Column("channel", "string"),
        Column("type", "string"),
        Column("start_on", "date"),
        Column("end_on", "date"),
        Column("budget", "decimal", unit="money", minimum=0),
        Column("parent_id", "string", ref="dim_campaign.campaign_id"),
        *PROVENANCE,
    ),
)

TABLES = (
    DIM_ACCOUNT,
    DIM_ACCOUNT_HISTORY,
    DIM_PERSON,
    DIM_TEAM,
    DIM_TERRITORY,
    TERRITORY_ASSIGNMENT,
    DIM_PRODUCT,
    DIM_STAGE,
    FX_RATE,
    DIM_CAMPAIGN,
)
