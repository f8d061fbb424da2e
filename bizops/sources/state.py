"""Opportunities as they stood at ``as_of``: from their history, else unknown where something changed later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bizops.sources.asof import AsOf
from bizops.sources.complete import with_stage

if TYPE_CHECKING:
    import ibis

TRACKED = ("stage_id", "amount", "close_on", "owner_id", "forecast_category", "next_step", "currency", "is_deleted")
"""Columns of the current row that the history knows as well."""

WITH_AMOUNT = ("acv", "tcv", "arr_delta")
"""Values that go with the amount: unknown for a deal whose amount changed after ``as_of``."""

WITH_OUTCOME = ("lost_reason", "competitor", "n_pushes")
"""What is written when a deal closes or moves: unknown for a deal whose outcome changed after ``as_of``."""

UNKNOWN = ("stage_id", "amount", "close_on", "forecast_category", "next_step", *WITH_AMOUNT, *WITH_OUTCOME)
"""Without history, all that is unknown of a deal that closed after ``as_of`` (C05)."""

STATE = "state_"


def restore(deals: ibis.Table, history: ibis.Table | None, stages: ibis.Table | None, as_of: AsOf) -> ibis.Table:
    """Return ``deals`` as they stood at ``as_of``.

    With ``history`` (opportunity x validity interval) the columns of ``TRACKED`` and the outcome come from the last
    state that began before ``as_of``. Where a deal has none, a deal closed later counts as open and ``UNKNOWN`` is
    empty.
    """
    if history is None:
        return without_history(deals, as_of)
    deals_then = _joined(deals, history, as_of)
    deals_then = _outcome(deals_then, stages, deals)
    return _resolved(deals_then, deals, as_of)


def _null(cell: Any) -> Any:
    import ibis

    return ibis.null(cell.type())


def closed_later(deals: ibis.Table, as_of: AsOf) -> Any:
    """An expression: the deal is closed in the current row, at a day later than ``as_of``."""
    return (deals.is_closed & as_of.is_later(deals.close_on)).fill_null(False)


def without_history(deals: ibis.Table, as_of: AsOf) -> ibis.Table:
    """Return ``deals`` with those closed after ``as_of`` as open and what is unknown of them empty."""
    later = closed_later(deals, as_of)
    changes = {name: later.ifelse(_null(deals[name]), deals[name]) for name in UNKNOWN if name in deals.columns}
    changes |= {name: deals[name] & ~later for name in ("is_closed", "is_won")}
    return deals.mutate(**changes)


def _joined(deals: ibis.Table, history: ibis.Table, as_of: AsOf) -> ibis.Table:
    """Deals with the columns of their last state before ``as_of``, prefixed, and ``state_since``."""
    import ibis

    past = history.filter(history.valid_from < as_of.instant)
    newest = ibis.row_number().over(ibis.window(group_by="opportunity_id", order_by=past.valid_from.desc()))
    last = past.mutate(_place=newest).filter(lambda t: t["_place"] == 0)
    tracked = [c for c in TRACKED if c in last.columns]
    state = last.select(
        "opportunity_id", **{f"{STATE}{c}": last[c] for c in tracked}, **{f"{STATE}since": last.valid_from}
    )
    chosen = [c for c in state.columns if c != "opportunity_id"]
    joined: ibis.Table = deals.left_join(state, "opportunity_id").select(*deals.columns, *chosen)
    return joined


def _outcome(rows: ibis.Table, stages: ibis.Table | None, deals: ibis.Table) -> ibis.Table:
    """Add ``state_type``: what the stage of the state means, from dim_stage, else from the deals that are in it now."""
    import ibis

    if f"{STATE}stage_id" not in rows.columns:
        return rows.mutate(stage_type=ibis.null("string"))
    if stages is not None and {"stage_id", "type"} <= set(stages.columns):
        keyed = rows.rename(current_stage_id="stage_id") if "stage_id" in rows.columns else rows
        keyed = keyed.rename(stage_id=f"{STATE}stage_id")
        found = with_stage(keyed, stages).rename(**{f"{STATE}stage_id": "stage_id"})
        return found.rename(stage_id="current_stage_id") if "current_stage_id" in found.columns else found
    if "stage_id" not in deals.columns:
        return rows.mutate(stage_type=ibis.null("string"))
    kind = ibis.cases((deals.is_won, "won"), (deals.is_closed, "lost"), else_="open")
    kinds = (
        deals.mutate(stage_type=kind)
        .group_by("stage_id")
        .aggregate(
            stage_type=lambda t: (t.stage_type.min() == t.stage_type.max()).ifelse(
                t.stage_type.min(), ibis.null("string")
            )
        )
    )
    kinds = kinds.rename(**{f"{STATE}stage_id": "stage_id"})
    joined: ibis.Table = rows.left_join(kinds, f"{STATE}stage_id").select(*rows.columns, "stage_type")
    return joined


def _resolved(rows: ibis.Table, deals: ibis.Table, as_of: AsOf) -> ibis.Table:
    """One value for each column of the deal: the state's where there is one, else by the rule without history."""
    import ibis

    known = rows[f"{STATE}since"].notnull()
    kind = rows.stage_type
    later = closed_later(rows, as_of)
    closed_now: Any = rows.is_closed & ~later
    won_now: Any = rows.is_won & ~later
    typed = known & kind.notnull()
    is_closed = typed.ifelse(kind.isin(["won", "lost"]), closed_now)
    is_won = typed.ifelse(kind == "won", won_now)
    changed = known & (is_closed != rows.is_closed)
    revalued = _differs(rows, "amount", known)
    values: dict[str, Any] = {"is_closed": is_closed, "is_won": is_won}
    for name in deals.columns:
        if name in values:
            continue
        value: Any = rows[name]
        if name in UNKNOWN:
            unknown = (~known & later) | (changed if f"{STATE}{name}" not in rows.columns else ibis.literal(False))
            value = unknown.ifelse(_null(value), value)
        if f"{STATE}{name}" in rows.columns:
            value = known.ifelse(rows[f"{STATE}{name}"].cast(value.type()), value)
        elif name in WITH_AMOUNT:
            value = revalued.ifelse(_null(value), value)
        values[name] = value
    return rows.select(**{name: values[name] for name in deals.columns})


def _differs(rows: ibis.Table, name: str, known: Any) -> Any:
    import ibis

    if f"{STATE}{name}" not in rows.columns or name not in rows.columns:
        return ibis.literal(False)
    before, now = rows[f"{STATE}{name}"], rows[name]
    same = (before == now).fill_null(False) | (before.isnull() & now.isnull())
    return known & ~same
