"""What the company does about it: initiatives with treated and control units, objectives and key results."""

from __future__ import annotations

from bizops.schema.table import PROVENANCE, Column, Table, TimeRule

INITIATIVE = Table(
    name="initiative",
    domain="programmes",
    grain="initiative",
    key=("initiative_id",),
    time=TimeRule(closes=("actual_start_on", "actual_end_on")),
    columns=(
        Column("initiative_id", "string", required=True, nullable=False),
        Column("name", "string", required=True),
        Column("hypothesis", "string"),
        Column("metric_id", "string"),
        Column("kr_id", "string", ref="okr_key_result.kr_id"),
        Column("owner_id", "string", ref="dim_person.person_id"),
        Column("cost", "decimal", unit="money", minimum=0),
        Column("currency", "string"),
        Column("planned_start_on", "date"),
        Column("planned_end_on", "date"),
        Column("actual_start_on", "date"),
        Column("actual_end_on", "date"),
        Column("design", "enum", values=("rct", "staggered", "matched", "its", "none")),
        *PROVENANCE,
    ),
)

INITIATIVE_UNIT = Table(
    name="initiative_unit",
    domain="programmes",
    grain="initiative x unit that it reaches or is compared with",
    key=("initiative_id", "entity_id"),
    time=TimeRule(known_at="exposed_from_on"),
    columns=(
        Column("initiative_id", "string", required=True, nullable=False, ref="initiative.initiative_id"),
        Column("entity_id", "string", required=True, nullable=False, meaning="Account, person or team"),
        Column("group", "enum", required=True, nullable=False, values=("treated", "control")),
        Column("exposed_from_on", "date"),
        *PROVENANCE,
    ),
)

OKR_OBJECTIVE = Table(
    name="okr_objective",
    domain="programmes",
    grain="objective",
    key=("objective_id",),
    columns=(
        Column("objective_id", "string", required=True, nullable=False),
        Column("title", "string", required=True),
        Column("owner_id", "string", ref="dim_person.person_id"),
        Column("period", "string", meaning="Key of a fiscal period, such as 2026Q3"),
        Column("parent_id", "string", ref="okr_objective.objective_id"),
        *PROVENANCE,
    ),
)

OKR_KEY_RESULT = Table(
    name="okr_key_result",
    domain="programmes",
    grain="key result",
    key=("kr_id",),
    columns=(
        Column("kr_id", "string", required=True, nullable=False),
        Column("objective_id", "string", required=True, nullable=False, ref="okr_objective.objective_id"),
        Column("title", "string"),
        Column("metric_id", "string"),
        Column("start_value", "decimal", required=True),
        Column("target_value", "decimal", required=True),
        Column("direction", "enum", values=("up", "down")),
        Column("kind", "enum", values=("numeric", "binary", "maintain"), meaning="Absent: numeric"),
        Column("weight", "decimal", minimum=0),
        *PROVENANCE,
    ),
)

OKR_CHECKIN = Table(
    name="okr_checkin",
    domain="programmes",
    grain="key result x instant",
    key=("kr_id", "at"),
    time=TimeRule(known_at="at"),
    columns=(
        Column("kr_id", "string", required=True, nullable=False, ref="okr_key_result.kr_id"),
        Column("at", "timestamp", required=True, nullable=False),
        Column("value", "decimal", required=True),
        Column("confidence", "decimal", unit="rate", minimum=0, maximum=1),
        Column("note", "string"),
        *PROVENANCE,
    ),
)

TABLES = (INITIATIVE, INITIATIVE_UNIT, OKR_OBJECTIVE, OKR_KEY_RESULT, OKR_CHECKIN)
