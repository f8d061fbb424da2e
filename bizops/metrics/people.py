"""Who sold: the owner's name, the manager and the region, one row a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.columns import column, flag

if TYPE_CHECKING:
    from bizops.schema.data import Data

_COLUMNS = dict.fromkeys(("person_id", "person", "manager_id", "manager", "team_region"), "string")


def people(data: Data) -> ir.Table:
    """Return ``person_id, person, manager_id, manager, team_region``, one row a person.

    A person who manages others counts under their own name, so that a manager's deals and the team's stand together.
    Names that two people share are told apart by the person's id.
    """
    if not data.has("dim_person"):
        return ibis.memtable({name: [] for name in _COLUMNS}, schema=_COLUMNS)
    raw = data["dim_person"]
    person = raw.select(
        "person_id",
        label=column(raw, "name", "string").fill_null(raw.person_id),
        boss_id=column(raw, "manager_id", "string"),
        role=column(raw, "role", "string"),
        team_id=column(raw, "team_id", "string"),
    )
    namesakes = person.count().over(ibis.window(group_by=person.label))
    person = person.mutate(person=(namesakes > 1).ifelse(person.label + " (" + person.person_id + ")", person.label))
    bosses = person.filter(person.boss_id.notnull()).select(lead_id="boss_id").distinct()
    joined = person.left_join(bosses, person.person_id == bosses.lead_id)
    person = joined.mutate(leads=joined.lead_id.notnull() | flag(joined.role == "manager"))
    person = person.mutate(manager_id=person.leads.ifelse(person.person_id, person.boss_id))
    names = person.select(named_id="person_id", manager="person")
    named = person.left_join(names, person.manager_id == names.named_id)
    return _with_region(named, data).select(*_COLUMNS)


def _with_region(person: ir.Table, data: Data) -> ir.Table:
    if not data.has("dim_team", "region"):
        return person.mutate(team_region=ibis.null("string"))
    team = data["dim_team"].select(its_team="team_id", team_region="region")
    return person.left_join(team, person.team_id == team.its_team)
