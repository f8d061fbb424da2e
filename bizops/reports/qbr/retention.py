"""Retention: the ARR bridge, GRR and NRR over time, renewals that fall due."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bizops import charts, numbers
from bizops.findings import Displayable, Finding, Off, Section, against
from bizops.findings.finding import Fact
from bizops.metrics.arr import STEPS, bridge, net_new_arr, quick_ratio, quick_ratio_without_reactivation
from bizops.metrics.renewals import NEEDS as RENEWALS
from bizops.metrics.renewals import available_to_renew
from bizops.metrics.retention import gross_retention, logo_churn, net_retention, net_retention_with_reactivation
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports.qbr.measures import NO_MONTH, TOO_YOUNG, covered_days, label_of, measure
from bizops.tables import Col, Table

LABELS = {
    "opening": "Opening ARR",
    "new": "New",
    "reactivation": "Reactivation",
    "expansion": "Expansion",
    "contraction": "Contraction",
    "churn": "Churn",
    "reclass": "Moved in or out",
    "fx": "Exchange rates",
    "closing": "Closing ARR",
}
_QUARTERS_SHOWN = 8
_QUARTERS_AHEAD = 2


def retention_section(context: Context) -> Section:
    """Return the ARR bridge of the period, GRR and NRR of eight quarters, and renewals due in the next two."""
    if months_of(context) is None:
        return Section("retention", "No month of the quarter has passed", (Off("retention-months", "", NO_MONTH),))
    steps = steps_of(context)
    if not steps["n"].any():
        off = Off("retention-empty", "", "no subscription was active in the period")
        return Section("retention", "There is no recurring revenue to retain", (off,))
    finding = _net_new(context)
    blocks: tuple[Displayable, ...] = (
        _bridge_figure(context, steps),
        _bridge_table(context, steps),
        _both_windows(context),
        *_trend(context),
        _renewals(context),
    )
    return Section("retention", headline_of(finding), (_rates(context), *blocks), evidence=(finding,))


def months_of(context: Context) -> Period | None:
    """Return the months of the period that have passed."""
    return context.whole_months(context.period)


def steps_of(context: Context) -> pd.DataFrame:
    """Return the ARR bridge of the months that have passed: ``step, label, value, n`` in the order of the page."""
    found = context.frame(bridge, months_of(context)).set_index("step")
    value = found["value"].astype(float).reindex(list(STEPS)).fillna(0.0)
    n = found["n"].reindex(list(STEPS)).fillna(0).astype(int)
    return pd.DataFrame(
        {"step": list(STEPS), "label": [LABELS[s] for s in STEPS], "value": value.to_numpy(), "n": n.to_numpy()}
    )


def _months_label(context: Context) -> str:
    return (months_of(context) or context.period).label


def _net_new(context: Context) -> Finding:
    m = measure(context, net_new_arr)
    earlier = label_of(context, net_new_arr, context.prior)
    label = earlier if m.target.value is None else m.target.label
    return against(
        "net-new-arr",
        "Net new ARR",
        m.value,
        "money",
        reference=m.prior if m.target.value is None else m.target.value,
        reference_label=label,
        better=m.better if m.target.value is not None else "none",
        tolerance=m.target.tolerance,
        currency=context.currency,
        grade="arithmetic",
        metric=m.id,
        table="arr-bridge",
        figure="arr-bridge",
    )


def _rates(context: Context) -> Finding:
    m = measure(context, gross_retention)
    nrr = measure(context, net_retention)
    finding = against(
        "grr",
        "Gross revenue retention over twelve months",
        m.value,
        "rate",
        reference=m.target.value if m.target.value is not None else m.prior,
        reference_label=m.target.label if m.target.value is not None else label_of(context, m.metric, context.prior),
        better=m.better if m.target.value is not None else "none",
        n=m.n,
        records="customers at the start",
        tolerance=m.target.tolerance,
        metric=m.id,
        table="retention-trend",
    )
    if nrr.value is None:
        return finding
    both = f"{finding.sentence[:-1]}; net revenue retention was {numbers.percent(nrr.value, nrr.n)}."
    return replace(finding, sentence=both, facts=(*finding.facts, Fact(nrr.value, "rate", n=nrr.n)))


def _bridge_figure(context: Context, steps: pd.DataFrame) -> charts.Figure:
    inner = steps[~steps["step"].isin(("opening", "closing")) & (steps["value"] != 0)]
    by_step = steps.set_index("step")["value"]
    return charts.variance_bridge(
        inner.rename(columns={"value": "amount"})[["label", "amount"]],
        id="arr-bridge",
        title="From opening to closing ARR",
        subtitle=f"ARR, {context.currency}, {context.params.title_scope()}, {_months_label(context)}",
        start=(LABELS["opening"], float(by_step["opening"])),
        end=(LABELS["closing"], float(by_step["closing"])),
        currency=context.currency,
        gap_label="Net change",
        table="arr-bridge",
    )


def _bridge_table(context: Context, steps: pd.DataFrame) -> Table:
    return Table(
        "arr-bridge",
        f"ARR bridge, {_months_label(context)}",
        steps,
        [Col("label", "Step"), Col("value", "ARR", "money"), Col("n", "Customers", "count")],
        note="Movements at the constant plan rate; exchange rates have a row of their own. Opening plus the rows "
        "between is closing.",
        currency=context.currency,
    )


RATES = (
    (gross_retention, "Gross revenue retention"),
    (net_retention, "Net revenue retention"),
    (net_retention_with_reactivation, "Net revenue retention, returning customers counted"),
    (logo_churn, "Logo churn"),
    (quick_ratio, "Quick ratio"),
    (quick_ratio_without_reactivation, "Quick ratio without returning customers"),
)


def _both_windows(context: Context) -> Table:
    """The rates of the period and of the twelve months that end with it; NRR both ways (P06)."""
    months = months_of(context) or context.period
    year = context.calendar.trailing_year(months)
    rows = []
    for metric, label in RATES:
        now = context.row(metric, months)
        then = context.row(metric, year) if covered_days(context, metric, year) else {}
        rows.append(
            {
                "label": label,
                "unit": metric.unit,
                "period": now.get("value"),
                "year": then.get("value"),
                "n_period": now.get("n"),
                "n_year": then.get("n"),
            }
        )
    why = "nothing to divide by"
    return Table(
        "retention-rates",
        f"Retention of {context.period.short} and of the twelve months to its end",
        pd.DataFrame(rows),
        [
            Col("label", "Rate"),
            Col("period", context.period.short, "quantity", unit_by="unit", n="n_period", missing=why),
            Col("year", "12 months", "quantity", unit_by="unit", n="n_year", missing=TOO_YOUNG),
        ],
        note=f"Each on the customers with ARR when its window opened. In NRR returning customers are "
        f"{context.company.policy('P06')} (P06).",
    )


def _trend(context: Context) -> list[Displayable]:
    last = context.calendar.shift(context.period, -1) if context.in_flight else context.period
    periods = [*context.calendar.trailing(last, _QUARTERS_SHOWN - 1), last]
    rows = []
    for period in periods:
        year = context.calendar.trailing_year(period)
        if not covered_days(context, gross_retention, year):
            continue
        grr, nrr = context.row(gross_retention, year), context.row(net_retention, year)
        if grr.get("value") is not None:
            n = int(grr["n"])
            rows.append({"period": period.short, "grr": grr["value"], "nrr": nrr.get("value"), "n": n})
    if len(rows) < 2:
        reason = "fewer than two quarters have customers twelve months earlier"
        return [Off("retention-trend", "Retention over time", reason)]
    frame = pd.DataFrame(rows)
    columns = [
        Col("period", "Quarter"),
        Col("grr", "GRR, 12 months", "rate", n="n"),
        Col("nrr", "NRR, 12 months", "rate", n="n"),
        Col("n", "Customers at the start", "count"),
    ]
    figure = charts.line_xmr(
        frame.rename(columns={"nrr": "value"})[["period", "value"]],
        id="retention-trend",
        title=f"NRR over twelve months, last {len(frame)} quarters",
        subtitle="Net revenue retention of the customers twelve months earlier, by quarter of its end",
        unit="rate",
        better="up",
        table="retention-trend",
        note="Windows of twelve months overlap, so no normal range is drawn.",
    )
    return [figure, Table("retention-trend", "Retention over the twelve months to each quarter's end", frame, columns)]


def _renewals(context: Context) -> Displayable:
    missing = context.data.missing(RENEWALS)
    if missing:
        return Off("renewals", "Renewals due", missing)
    ahead = [context.calendar.shift(context.period, k) for k in range(1, _QUARTERS_AHEAD + 1)]
    frames = [context.frame(available_to_renew, p, ("risk_class",)).assign(period=p.short) for p in ahead]
    rows = pd.concat(frames, ignore_index=True)
    if rows.empty:
        return Off("renewals", "Renewals due", "no contract term ends in the next two quarters")
    rows = rows.assign(value=rows["value"].astype(float), risk=rows["risk_class"].str.replace("_", " "))
    return Table(
        "renewals",
        f"ARR up for renewal in {' and '.join(p.short for p in ahead)}, by risk class",
        rows,
        [
            Col("period", "Quarter"),
            Col("risk", "Risk class"),
            Col("value", "ARR due", "money", total="sum"),
            Col("n", "Terms", "count", total="sum"),
        ],
        currency=context.currency,
    )
