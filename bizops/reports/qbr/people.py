"""Quota attainment: how many met their quota, how the rest is spread, by quarter and by manager.

Attainment by name is restricted. Who leads a slice may see the own people, so a case that is cut to a slice holds the
names in its manager and analyst editions; everywhere else they stand only on demand (the parameter ``people``).
"""

from __future__ import annotations

import pandas as pd

from bizops.findings import Displayable, Finding, Off, Only, Section, against
from bizops.language import message, say
from bizops.methods.intervals import wilson
from bizops.metrics.quota import attainment
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports._words import UNNAMED, dimension, heading
from bizops.reports.qbr.params import Params
from bizops.tables import Col, Table

BANDS = (
    (0.0, message("below 50 %")),
    (0.5, message("50 to below 80 %")),
    (0.8, message("80 to below 100 %")),
    (1.0, message("100 to 120 %")),
    (1.2, message("above 120 %")),
)
"""Lower bounds of the bands of QTA-02; exactly 120 % is the end of the fourth."""
LEAST_PEOPLE = 5
_QUARTERS = 4
_TOO_FEW = message("Attainment is not shown for so few people")


def people_section(context: Context) -> Section:
    """Return participation with its interval, attainment by quarter, by manager or region, and by band."""
    if context.in_flight:
        off = Off("people-open", "", say("quotas are for the whole quarter, which is still in flight"))
        return Section("people", say("Attainment is measured when the quarter has ended"), (off,))
    carriers = carriers_of(context, context.period)
    params = context.params
    with_names = isinstance(params, Params) and params.people
    of_slice = isinstance(params, Params) and params.level != "company" and len(carriers) > 0
    named: tuple[Displayable, ...] = ()
    if with_names or of_slice:
        table = _by_name(context, carriers)
        named = (table if with_names else Only(("manager", "analyst"), (table,)),)
    if len(carriers) < LEAST_PEOPLE and not with_names:
        off = Off("people-few", "", say("fewer than {n} people carry a quota here", n=LEAST_PEOPLE))
        told = say("So few people are shown to their manager alone") if named else say(_TOO_FEW)
        return Section("people", told, (off, *named))
    finding = _participation(context, carriers)
    blocks: tuple[Displayable, ...] = (
        _by_quarter(context),
        *_by_group(context, with_names=with_names),
        _bands(context, carriers),
        *named,
    )
    return Section("people", headline_of(finding), blocks, evidence=(finding,))


def carriers_of(context: Context, period: Period) -> pd.DataFrame:
    """Return one row a person with a quota in ``period``: ``owner, credit, quota, attainment``."""
    frame = context.frame(attainment, period, ("owner",))
    rows = frame.rename(columns={"numerator": "credit", "denominator": "quota", "value": "attainment"})
    rows = rows.dropna(subset=["attainment"]).astype({"credit": float, "quota": float, "attainment": float})
    # an engine returns groups in any order, and sums of floats depend on it in their last digit
    return rows.sort_values(["owner", "quota", "credit"], ignore_index=True)


def _participation(context: Context, carriers: pd.DataFrame) -> Finding:
    n, k = len(carriers), int((carriers["attainment"] >= 1).sum())
    interval = wilson(k, n)
    return against(
        "participation",
        say("The share of quota carriers who met their quota"),
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
        Col("period", say("Quarter")),
        Col("credit", say("Credited bookings"), "money", metric="QTA-01"),
        Col("quota", say("Quota"), "money", metric="QTA-00"),
        Col("attainment", say("Attainment"), "rate", metric="QTA-01"),
        Col("median", say("Median person"), "rate", metric="QTA-01"),
        Col("met", say("Met quota"), "count"),
        Col("n", say("Quota carriers"), "count"),
    ]
    note = say("Sellers' quotas only: targets of managers and directors contain them and are not added.")
    return Table(
        "attainment-quarters",
        say("Quota attainment by quarter"),
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
    label = say("Groups of fewer than {n}", n=LEAST_PEOPLE)
    row = {"label": label, "credit": credit, "quota": quota, "n": small["n"].sum()}
    together = pd.DataFrame([{**row, "attainment": credit / quota if quota else None}])
    return pd.concat([rows.iloc[few:], together], ignore_index=True)


def _by_group(context: Context, *, with_names: bool) -> list[Displayable]:
    found: list[Displayable] = []
    for name in ("region", "manager"):
        frame = context.frame(attainment, context.period, (name,)).dropna(subset=["denominator"])
        if len(frame) < 2:
            continue
        rows = pd.DataFrame(
            {
                "label": frame[name].fillna(say(UNNAMED)).astype(str),
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
            Col("label", heading(name)),
            Col("credit", say("Credited bookings"), "money", total="sum", metric="QTA-01"),
            Col("quota", say("Quota"), "money", total="sum", metric="QTA-00"),
            Col("attainment", say("Attainment"), "rate", total="given", metric="QTA-01"),
            Col("n", say("Quota carriers"), "count", total="sum"),
        ]
        told = {"dimension": dimension(name), "period": context.period.label}
        title = say("Quota attainment by {dimension}, {period}", **told)
        found.append(
            Table(f"attainment-{name}", title, rows, columns, {"attainment": whole}, currency=context.currency)
        )
    return found


def _bands(context: Context, carriers: pd.DataFrame) -> Table:
    reached = [sum(value >= low for low, _ in BANDS) - 1 for value in carriers["attainment"]]
    reached = [3 if value == 1.2 else band for value, band in zip(carriers["attainment"], reached, strict=True)]
    counts = [reached.count(i) for i in range(len(BANDS))]
    rows = pd.DataFrame({"band": [label for _, label in BANDS], "n": counts})
    columns = [
        Col("band", say("Attainment"), said=True, metric="QTA-01"),
        Col("n", say("Quota carriers"), "count", total="sum"),
    ]
    title = say("Quota carriers by attainment, {period}", period=context.period.label)
    return Table("attainment-bands", title, rows, columns)


def _by_name(context: Context, carriers: pd.DataFrame) -> Table:
    rows = carriers.sort_values("attainment", ascending=False, ignore_index=True)
    columns = [
        Col("owner", say("Person")),
        Col("credit", say("Credited bookings"), "money", total="sum", metric="QTA-01"),
        Col("quota", say("Quota"), "money", total="sum", metric="QTA-00"),
        Col("attainment", say("Attainment"), "rate", metric="QTA-01"),
    ]
    title = say("Quota attainment by person, {period} (restricted)", period=context.period.label)
    return Table("attainment-people", title, rows, columns, currency=context.currency)
