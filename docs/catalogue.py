"""Write the generated pages of docs/: the contract, the metrics and the policies. Run by `make docs`."""

from __future__ import annotations

from pathlib import Path

from bizops.company import POLICIES
from bizops.metrics import METRICS
from bizops.schema import CONTRACT_VERSION, TABLES
from bizops.schema.table import Column, Table

HERE = Path(__file__).parent
MADE = "<!-- made by `make docs` from the code; do not edit -->"


def cell(text: object) -> str:
    """Return text for a cell of a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def grid(head: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(x) for x in line) + " |" for line in lines)


def metrics() -> str:
    """Return the catalogue of metrics."""
    rows: list[list[object]] = [
        [m.id, m.name, m.unit, m.better, m.additivity, m.definition, ", ".join(m.policies) or "none", m.source]
        for m in sorted(METRICS.values(), key=lambda m: m.id)
    ]
    head = ["Id", "Name", "Unit", "Better", "Adds up", "Definition", "Policies", "Source"]
    intro = (
        "Every metric of the workbench. Money is in company currency, rates are fractions. *Additive* metrics add up "
        "over time and groups, *end of period* over groups only; a *ratio* is recomputed at each level."
    )
    return f"# Metrics\n\n{MADE}\n\n{intro}\n\n{grid(head, rows)}\n"


def policies() -> str:
    """Return the table of policies."""
    rows: list[list[object]] = [
        [p.id, p.name, p.default, ", ".join(p.choices) or "a number", p.meaning] for p in POLICIES.values()
    ]
    intro = (
        "Choices on which reputable sources disagree. Each has a default and is overridden in `params/company.yaml` "
        "under `policies:`. A report prints the ones it honours, with their values, in its appendix; a policy that no "
        "report honours yet changes nothing."
    )
    return f"# Policies\n\n{MADE}\n\n{intro}\n\n{grid(['Id', 'Setting', 'Default', 'Choices', 'Meaning'], rows)}\n"


def contract() -> str:
    """Return the contract, a section a table."""
    intro = (
        f"Version {CONTRACT_VERSION}. Canonical tables with their grain, key and columns. **Bold** columns must be "
        "there for a table to be usable; every other column may be absent, which switches off what needs it. Instants "
        "(`_at`) are UTC, dates (`_on`) days in the company's time zone, rates fractions. Columns marked *personal* "
        "are named in messages and records, their values never shown."
    )
    return "\n\n".join([f"# The data contract\n\n{MADE}", intro, *(_table(t) for t in TABLES.values())]) + "\n"


def _table(table: Table) -> str:
    rows: list[list[object]] = [
        [f"**{c.name}**" if c.required else c.name, c.type, c.unit, _allowed(c), c.meaning] for c in table.columns
    ]
    known = f" Known from `{table.time.known_at}` on." if table.time.known_at else ""
    rules = "".join(f"\n- {r.severity}: {r.says}" for r in table.rules)
    head = f"## {table.name}\n\nOne row: {table.grain}. Key: `{', '.join(table.key)}`.{known}"
    return f"{head}\n\n{grid(['Column', 'Type', 'Unit', 'Allowed', 'Meaning'], rows)}" + (
        f"\n\nRules:\n{rules}" if rules else ""
    )


def _allowed(column: Column) -> str:
    parts = [", ".join(column.values)] if column.values else []
    if not column.nullable:
        parts.append("not empty")
    if column.minimum is not None:
        parts.append(f"from {column.minimum:g}")
    if column.maximum is not None:
        parts.append(f"to {column.maximum:g}")
    if column.ref:
        parts.append(f"→ {column.ref}")
    if column.personal:
        parts.append("*personal*")
    return "; ".join(parts)


PAGES = {"metrics.md": metrics, "policies.md": policies, "contract.md": contract}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
