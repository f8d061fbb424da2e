"""Quota attainment: how many met their quota, how the rest is spread, by quarter and by manager."""

from __future__ import annotations

import pandas as pd

from bizops.findings import Displayable, Finding, Off, Section, against
from bizops.methods.intervals import wilson
from bizops.metrics.quota import attainment
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports.qbr.gap import UNNAMED
from bizops.reports.qbr.params import Params
from bizops.tables import Col, Table

BANDS = (
    (0.0, "below 50 %"),
    (0.5, "50 to below 80 %"),
    (0.8, "80 to below 100 %"),
    (1.0, "100 to 120 %"),
    (1.2, "above 120 %"),
)
"""Lower bounds of the bands of QTA-02; exactly 120 % is the end of the fourth."""
LEAST_PEOPLE = 5
_QUARTERS = 4


def people_section(context: Context) -> Section:
    """Return participation with its interval, attainment by quarter, by manager or region, and by band."""
    if context.in_flight:
        reason = "quotas are for the whole quarter, which is still in flight"
        return Section("people", "Attainment is measured when the quarter has ended", (Off("people-open", "", reason),))
    carriers = carriers_of(context, context.period)
    with_names = isinstance(context.params, Params) and context.params.people
    if len(carriers) < LEAST_PEOPLE and not with_names:
        reason = f"fewer than {LEAST_PEOPLE} people carry a quota here"
        return Section("people", "Attainment is not shown for so few people", (Off("people-few", "", reason),))
    finding = _participation(context, carriers)
    blocks: tuple[Displayable, ...] = (
        _by_quarter(context),
        *_by_group(context, with_names=with_names),
        _bands(context, carriers),
    )
    if with_names:
        blocks = (*blocks, _by_name(context, carriers))
    return Section("people", headline_of(finding), blocks, evidence=(finding,))


def carriers_of(context: Context, period: Period) -> pd.DataFrame:
    """Return one row a person with a quota in ``period``: ``owner, credit, quota, attainment``."""
    frame = context.frame(attainment, period, ("owner",))
    rows = frame.rename(columns={"numerator": "credit", "denominator": "quota", "value": "attainment"})
    return rows.dropna(subset=["attainment"]).astype({"credit": float, "quota": float, "attainment": float})


def _participation(context: Context, carriers: pd.DataFrame) -> Finding:
    n, k = len(carriers), int((carriers["attainment"] >= 1).sum())
    interval = wilson(k, n)
    return against(
        "participation",
        "The share of quota carriers who met their quota",
        k / n,
        "rate",
        n=n,
        k=k,
        lower=interval.lower,
        upper=interval.upper,
        metric="QTA-01",
        table="attainment-bands",
    )


def _by_quarter(context: Context) -> Displayable:
    periods = [*context.calendar.trailing(context.period, _QUARTERS - 1), context.period]
    rows = []
    for period in periods:
        carriers = carriers_of(context, period)
        if carriers.empty or not context.covers(period):
            continue
        credit, quota = carriers["credit"].sum(), carriers["quota"].sum()
        met = int((carriers["attainment"] >= 1).sum())
        rows.append(
            {
                "period": period.short,
                "credit": credit,
                "quota": quota,
                "attainment": credit / quota if quota else None,
                "median": carriers["attainment"].median(),
                "met": met,
                "n": len(carriers),
            }
        )
    columns = [
        Col("period", "Quarter"),
        Col("credit", "Credited bookings", "money"),
        Col("quota", "Quota", "money"),
        Col("attainment", "Attainment", "rate"),
        Col("median", "Median person", "rate"),
        Col("met", "Met quota", "count"),
        Col("n", "Quota carriers", "count"),
    ]
    note = "Sellers' quotas only: targets of managers and directors contain them and are not added."
    return Table(
        "attainment-quarters",
        "Quota attainment by quarter",
        pd.DataFrame(rows),
        columns,
        note=note,
        currency=context.currency,
    )


def merged(rows: pd.DataFrame) -> pd.DataFrame:
    """Return groups of people with those of fewer than five in one row, so that nobody is shown alone (C18).

    The row takes in the next smallest group until it holds five: a remainder would give the few away.
    """
    rows = rows.sort_values(["n", "label"], ignore_index=True)
    few = int((rows["n"] < LEAST_PEOPLE).sum())
    while 0 < few < len(rows) and rows["n"].iloc[:few].sum() < LEAST_PEOPLE:
        few += 1
    if not few:
        return rows
    small = rows.iloc[:few]
    credit, quota = small["credit"].sum(), small["quota"].sum()
    row = {"label": f"Groups of fewer than {LEAST_PEOPLE}", "credit": credit, "quota": quota, "n": small["n"].sum()}
    together = pd.DataFrame([{**row, "attainment": credit / quota if quota else None}])
    return pd.concat([rows.iloc[few:], together], ignore_index=True)


def _by_group(context: Context, *, with_names: bool) -> list[Displayable]:
    found: list[Displayable] = []
    for dimension in ("region", "manager"):
        frame = context.frame(attainment, context.period, (dimension,)).dropna(subset=["denominator"])
        if len(frame) < 2:
            continue
        rows = pd.DataFrame(
            {
                "label": frame[dimension].fillna(UNNAMED).astype(str),
                "credit": frame["numerator"].astype(float),
                "quota": frame["denominator"].astype(float),
                "attainment": frame["value"].astype(float),
                "n": frame["n"].astype(int),
            }
        )
        rows = rows if with_names else merged(rows)
        if len(rows) < 2:
            continue
        rows = rows.sort_values("attainment", ignore_index=True)
        whole = rows["credit"].sum() / rows["quota"].sum() if rows["quota"].sum() else None
        columns = [
            Col("label", dimension.capitalize()),
            Col("credit", "Credited bookings", "money", total="sum"),
            Col("quota", "Quota", "money", total="sum"),
            Col("attainment", "Attainment", "rate", total="given"),
            Col("n", "Quota carriers", "count", total="sum"),
        ]
        title = f"Quota attainment by {dimension}, {context.period.label}"
        found.append(
            Table(f"attainment-{dimension}", title, rows, columns, {"attainment": whole}, currency=context.currency)
        )
    return found


def _bands(context: Context, carriers: pd.DataFrame) -> Table:
    reached = [sum(value >= low for low, _ in BANDS) - 1 for value in carriers["attainment"]]
    reached = [3 if value == 1.2 else band for value, band in zip(carriers["attainment"], reached, strict=True)]
    counts = [reached.count(i) for i in range(len(BANDS))]
    rows = pd.DataFrame({"band": [label for _, label in BANDS], "n": counts})
    columns = [Col("band", "Attainment"), Col("n", "Quota carriers", "count", total="sum")]
    return Table("attainment-bands", f"Quota carriers by attainment, {context.period.label}", rows, columns)


def _by_name(context: Context, carriers: pd.DataFrame) -> Table:
    rows = carriers.sort_values("attainment", ascending=False, ignore_index=True)
    columns = [
        Col("owner", "Person"),
        Col("credit", "Credited bookings", "money", total="sum"),
        Col("quota", "Quota", "money", total="sum"),
        Col("attainment", "Attainment", "rate"),
    ]
    title = f"Quota attainment by person, {context.period.label} (restricted)"
    return Table("attainment-people", title, rows, columns, currency=context.currency)
