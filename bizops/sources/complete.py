"""What a source may leave out and every report relies on: currencies, and the outcome of opportunities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bizops.schema import TABLES

if TYPE_CHECKING:
    import ibis


def complete(tables: Mapping[str, ibis.Table], currency: str) -> dict[str, ibis.Table]:
    """Return the tables with an absent or empty ``currency`` as the company's, and outcomes from the stages.

    ``opportunity.is_closed`` and ``is_won``, where absent, come from ``dim_stage.type``; an omitted stage is open.
    """
    done = {name: _with_currency(name, table, currency) for name, table in tables.items()}
    if "opportunity" in done:
        done["opportunity"] = _with_outcome(done["opportunity"], done.get("dim_stage"))
    return done


def _with_currency(name: str, table: ibis.Table, currency: str) -> ibis.Table:
    import ibis

    if name == "fx_rate" or "currency" not in TABLES[name].names:
        return table
    if "currency" not in table.columns:
        return table.mutate(currency=ibis.literal(currency))
    return table.mutate(currency=table.currency.fill_null(currency))


def _with_outcome(deals: ibis.Table, stages: ibis.Table | None) -> ibis.Table:
    if {"is_closed", "is_won"} <= set(deals.columns) or "stage_id" not in deals.columns or stages is None:
        return deals
    if not {"stage_id", "type"} <= set(stages.columns):
        return deals
    joined = with_stage(deals, stages)
    kind: Any = joined["stage_type"]
    outcome = {
        "is_closed": kind.isin(["won", "lost"]),
        "is_won": kind == "won",
    }
    missing = {name: value for name, value in outcome.items() if name not in deals.columns}
    return joined.mutate(**missing).drop("stage_type")


def with_stage(deals: ibis.Table, stages: ibis.Table) -> ibis.Table:
    """Return ``deals`` (with ``stage_id``) plus ``stage_type``: open, won, lost, omitted or empty.

    The pipeline decides as well where both sides name one.
    """
    keys = ["stage_id"]
    if "pipeline_id" in deals.columns and "pipeline_id" in stages.columns:
        keys.insert(0, "pipeline_id")
    kinds = stages.group_by(*keys).aggregate(stage_type=stages.type.max())
    joined: ibis.Table = deals.left_join(kinds, keys).select(*deals.columns, "stage_type")
    return joined
