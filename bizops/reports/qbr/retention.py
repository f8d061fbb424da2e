"""Retention: the ARR bridge, GRR and NRR over time, renewals that fall due."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bizops import charts, numbers
from bizops.findings import Displayable, Finding, Off, Section, against
from bizops.findings.finding import Fact
from bizops.language import message, say
from bizops.metrics.arr import STEPS, bridge, net_new_arr, quick_ratio, quick_ratio_without_reactivation
from bizops.metrics.renewals import NEEDS as RENEWALS
from bizops.metrics.renewals import available_to_renew
from bizops.metrics.retention import gross_retention, logo_churn, net_retention, net_retention_with_reactivation
from bizops.periods import Period
from bizops.reports._context import Context, headline_of
from bizops.reports._words import source_lacks
from bizops.reports.qbr.measures import NO_MONTH, TOO_YOUNG, covered_days, label_of, measure
from bizops.tables import Col, Table

LABELS = {
    "opening": message("Opening ARR"),
    "new": message("New"),
    "reactivation": message("Reactivation"),
    "expansion": message("Expansion"),
    "contraction": message("Contraction"),
    "churn": message("Churn"),
    "reclass": message("Moved in or out"),
    "fx": message("Exchange rates"),
    "closing": message("Closing ARR"),
}
_QUARTERS_SHOWN = 8
_QUARTERS_AHEAD = 2


def retention_section(context: Context) -> Section:
    """Return the ARR bridge of the period, GRR and NRR of eight quarters, and renewals due in the next two."""
    if months_of(context) is None:
        off = Off("retention-months", "", say(NO_MONTH))
        return Section("retention", say("No month of the quarter has passed"), (off,))
    steps = steps_of(context)
    if not steps["n"].any():
        off = Off("retention-empty", "", say("no subscription was active in the period"))
        return Section("retention", say("There is no recurring revenue to retain"), (off,))
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
        {"step": list(STEPS), "label": [say(LABELS[s]) for s in STEPS], "value": value.to_numpy(), "n": n.to_numpy()}
    )


def _months_label(context: Context) -> str:
    return (months_of(context) or context.period).label


def _net_new(context: Context) -> Finding:
    m = measure(context, net_new_arr)
    earlier = label_of(context, net_new_arr, context.prior)
    label = earlier if m.target.value is None else m.target.label
    return against(
        "net-new-arr",
        say("Net new ARR"),
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
        say("Gross revenue retention over twelve months"),
        m.value,
        "rate",
        reference=m.target.value if m.target.value is not None else m.prior,
        reference_label=m.target.label if m.target.value is not None else label_of(context, m.metric, context.prior),
        better=m.better if m.target.value is not None else "none",
        n=m.n,
        records=say("customers at the start"),
        tolerance=m.target.tolerance,
        metric=m.id,
        table="retention-trend",
    )
    if nrr.value is None:
        return finding
    told = {"sentence": headline_of(finding), "rate": numbers.percent(nrr.value, nrr.n)}
    both = say("{sentence}; net revenue retention was {rate}.", **told)
    return replace(finding, sentence=both, facts=(*finding.facts, Fact(nrr.value, "rate", n=nrr.n)))


def _bridge_figure(context: Context, steps: pd.DataFrame) -> charts.Figure:
    inner = steps[~steps["step"].isin(("opening", "closing")) & (steps["value"] != 0)]
    by_step = steps.set_index("step")["value"]
    return charts.variance_bridge(
        inner.rename(columns={"value": "amount"})[["label", "amount"]],
        id="arr-bridge",
        title=say("From opening to closing ARR"),
        subtitle=say(
            "ARR, {currency}, {scope}, {period}",
            currency=context.currency,
            scope=context.params.title_scope(),
            period=_months_label(context),
        ),
        start=(say(LABELS["opening"]), float(by_step["opening"])),
        end=(say(LABELS["closing"]), float(by_step["closing"])),
        currency=context.currency,
        gap_label=say("Net change"),
        table="arr-bridge",
    )


def _bridge_table(context: Context, steps: pd.DataFrame) -> Table:
    return Table(
        "arr-bridge",
        say("ARR bridge, {period}", period=_months_label(context)),
        steps,
        [
            Col("label", say("Step")),
            Col("value", say("ARR"), "money", metric="ARR-04"),
            Col("n", say("Customers"), "count"),
        ],
        note=say(
            "Movements at the constant plan rate; exchange rates have a row of their own. Opening plus the rows "
            "between is closing."
        ),
        currency=context.currency,
    )


RATES = (
    (gross_retention, message("Gross revenue retention")),
    (net_retention, message("Net revenue retention")),
    (net_retention_with_reactivation, message("Net revenue retention, returning customers counted")),
    (logo_churn, message("Logo churn")),
    (quick_ratio, message("Quick ratio")),
    (quick_ratio_without_reactivation, message("Quick ratio without returning customers")),
)


_RETURNING = {
    "excluded": message(
        "Each on the customers with ARR when its window opened. In NRR returning customers are excluded (P06)."
    ),
    "included": message(
        "Each on the customers with ARR when its window opened. In NRR returning customers are included (P06)."
    ),
}


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
                "metric": metric.id,
                "label": say(label),
                "unit": metric.unit,
                "period": now.get("value"),
                "year": then.get("value"),
                "n_period": now.get("n"),
                "n_year": then.get("n"),
            }
        )
    why = say("nothing to divide by")
    return Table(
        "retention-rates",
        say("Retention of {period} and of the twelve months to its end", period=context.period.short),
        pd.DataFrame(rows),
        [
            Col("label", say("Rate")),
            Col("period", context.period.short, "quantity", unit_by="unit", n="n_period", missing=why),
            Col("year", say("12 months"), "quantity", unit_by="unit", n="n_year", missing=say(TOO_YOUNG)),
        ],
        metric_by="metric",
        note=say(_RETURNING[context.company.policy("P06")]),
    )


_RISKS = (
    message("will renew"),
    message("will churn"),
    message("will churn actionable"),
    message("will contract"),
    message("will contract actionable"),
)
"""The risk classes of the contract, as the table of renewals has them."""
RETENTION_TREND = message("Retention over the twelve months to each quarter's end")


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
            shares = {"grr": grr["value"], "nrr": nrr.get("value"), "n": n}
            rows.append({"period": period.short, "start": period.start, "end": period.end, **shares})
    if len(rows) < 2:
        reason = say("fewer than two quarters have customers twelve months earlier")
        return [Off("retention-trend", say("Retention over time"), reason)]
    frame = pd.DataFrame(rows)
    columns = [
        Col("period", say("Quarter")),
        Col("grr", say("GRR, 12 months"), "rate", n="n", metric="ARR-06"),
        Col("nrr", say("NRR, 12 months"), "rate", n="n", metric="ARR-07"),
        Col("n", say("Customers at the start"), "count"),
    ]
    figure = charts.line_xmr(
        frame.rename(columns={"nrr": "value"})[["period", "value", "start", "end"]],
        id="retention-trend",
        title=say("NRR over twelve months, last {n} quarters", n=len(frame)),
        subtitle=say("Net revenue retention of the customers twelve months earlier, by quarter of its end"),
        unit="rate",
        better="up",
        annotations=context.annotations,
        metric=net_retention.id,
        table="retention-trend",
        note=say("Windows of twelve months overlap, so no normal range is drawn."),
    )
    return [figure, Table("retention-trend", say(RETENTION_TREND), frame, columns)]


def _renewals(context: Context) -> Displayable:
    missing = source_lacks(context.data, RENEWALS)
    if missing:
        return Off("renewals", say("Renewals due"), missing)
    ahead = [context.calendar.shift(context.period, k) for k in range(1, _QUARTERS_AHEAD + 1)]
    frames = [context.frame(available_to_renew, p, ("risk_class",)).assign(period=p.short) for p in ahead]
    rows = pd.concat(frames, ignore_index=True)
    if rows.empty:
        return Off("renewals", say("Renewals due"), say("no contract term ends in the next two quarters"))
    rows = rows.assign(value=rows["value"].astype(float), risk=rows["risk_class"].str.replace("_", " "))
    return Table(
        "renewals",
        say("ARR up for renewal in {periods}, by risk class", periods=say(" and ").join(p.short for p in ahead)),
        rows,
        [
            Col("period", say("Quarter")),
            Col("risk", say("Risk class"), said=True),
            Col("value", say("ARR due"), "money", total="sum", metric="REN-01"),
            Col("n", say("Terms"), "count", total="sum"),
        ],
        currency=context.currency,
    )
