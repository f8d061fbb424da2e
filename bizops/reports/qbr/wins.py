"""Wins and losses: win rates by segment with their intervals, loss reasons, competitors, deal sizes."""

from __future__ import annotations

import pandas as pd

from bizops import charts
from bizops.findings import Displayable, Finding, Off, Section, against
from bizops.language import message, say
from bizops.methods.intervals import wilson
from bizops.metrics.bookings import average_deal, median_deal, win_rate
from bizops.metrics.losses import closed_lost
from bizops.reports._context import Context, headline_of
from bizops.reports._words import ALL, UNNAMED, dimension, heading, relabelled
from bizops.reports.qbr.measures import measure
from bizops.tables import Col, Table

DIMENSIONS = ("segment", "region", "type")
NO_REASON = message("no reason given")


def wins_section(context: Context) -> Section:
    """Return win rates with 95 % intervals by segment and region, loss reasons, and the size of deals won."""
    reason = measure(context, win_rate).reason
    if reason:
        off = Off("win-rate", say("Win rate"), reason)
        return Section("wins", say("Win rate is not measurable"), (off, _sizes(context)))
    finding = _overall(context)
    blocks: tuple[Displayable, ...] = (*_rates(context, finding), *_losses(context), _sizes(context))
    return Section("wins", headline_of(finding), blocks, evidence=(finding,))


def _overall(context: Context) -> Finding:
    m = measure(context, win_rate)
    lower, upper = m.interval or (None, None)
    return against(
        "win-rate",
        say("Win rate"),
        m.value,
        "rate",
        reference=m.prior,
        reference_label=context.prior.short,
        better=m.better,
        n=m.n,
        k=m.k,
        lower=lower,
        upper=upper,
        metric=m.id,
        table="win-rates",
        figure="win-rates",
        severity="info",
    )


def _rates(context: Context, finding: Finding) -> list[Displayable]:
    parts = [rates_by(context, d) for d in DIMENSIONS if d != context.params.scope.level]
    rows = pd.concat([p for p in parts if len(p) > 1] or parts[:1], ignore_index=True)
    if len(rows) == 1 and rows["label"].iloc[0] == UNNAMED:
        why = say("the source names neither regions, segments nor types")
        return [Off("win-rates", say("Win rate by part"), why)]
    rows = relabelled(rows, "label", "cut")
    table = Table(
        "win-rates",
        say("Win rate by count, {period}", period=context.period.label),
        rows,
        [
            Col("label", say("Part")),
            Col("cut", say("Cut by"), said=True),
            Col("rate", say("Win rate"), "rate", n="n", missing=say("no deal closed"), metric="BKG-03"),
            Col("lower", say("95 % from"), "rate", n="n", metric="BKG-03"),
            Col("upper", say("to"), "rate", n="n", metric="BKG-03"),
            Col("won", say("Won"), "count"),
            Col("n", say("Closed"), "count"),
        ],
        note=say(
            "95 % Wilson intervals. Rates from fewer than 5 deals are not printed, from fewer than 20 not coloured. "
            "The parts are not tested against each other here."
        ),
    )
    if rows.empty or rows["n"].max() < 5:
        return [table]
    frame = rows.rename(columns={"rate": "value"})[["label", "value", "lower", "upper", "n"]]
    figure = charts.dot_whisker(
        frame,
        id="win-rates",
        title=say("Win rate of each part, with its 95 % interval"),
        subtitle=say(
            "Won of won and lost, {scope}, {period}", scope=context.params.title_scope(), period=context.period.label
        ),
        reference=finding.value,
        reference_label=say("all"),
        table="win-rates",
    )
    return [figure, table]


def rates_by(context: Context, dimension: str) -> pd.DataFrame:
    """Return win rates with Wilson intervals: ``label, cut, won, n, rate, lower, upper``, one row a part."""
    frame = context.frame(win_rate, by=(dimension,))
    rows = frame.assign(label=frame[dimension].fillna(UNNAMED).astype(str), won=frame["numerator"].astype(int))
    rows = rows.sort_values("label", ignore_index=True)
    bounds = wilson(rows["won"], rows["n"]).frame
    kept = rows.assign(
        rate=rows["value"].astype(float),
        n=rows["n"].astype(int),
        cut=dimension,
        lower=bounds["lower"],
        upper=bounds["upper"],
    )
    return kept[["label", "cut", "won", "n", "rate", "lower", "upper"]]


def _losses(context: Context) -> list[Displayable]:
    frame = context.once("losses", lambda: closed_lost(context.data, context.window, ("lost_reason",)).to_pandas())
    if frame.empty:
        return [Off("loss-reasons", say("Loss reasons"), say("no deal was lost in the period"))]
    if frame["lost_reason"].isna().all():
        return [Off("loss-reasons", say("Loss reasons"), say("opportunity has no lost_reason, or none is filled"))]
    rows = frame.assign(reason=frame["lost_reason"].fillna(say(NO_REASON)).astype(str))
    known = rows["n_valued"].sum() == rows["n"].sum()
    rows = rows.assign(share=rows["n"] / rows["n"].sum()).sort_values(
        ["value" if known else "n", "reason"], ascending=[False, True], ignore_index=True
    )
    columns = [
        Col("reason", say("Reason")),
        Col("n", say("Deals lost"), "count", total="sum"),
        Col("share", say("Share of deals"), "rate", total="given", metric="BKG-03"),
    ]
    if known:
        columns.append(Col("value", say("Value lost"), "money", total="sum", metric="BKG-03-VALUE"))
    note = "" if known else say("The value of lost deals is not recorded for all of them and therefore not shown.")
    title = say("Loss reasons, {period}", period=context.period.label)
    return [Table("loss-reasons", title, rows, columns, {"share": 1.0}, note, context.currency)]


def _sizes(context: Context) -> Displayable:
    name = _telling(context)
    mean = context.frame(average_deal, by=(name,)).set_index(name, drop=False)
    median = context.frame(median_deal, by=(name,)).set_index(name)
    if mean.empty:
        return Off("deal-size", say("Size of deals won"), say("no deal was won in the period"))
    rows = pd.DataFrame(
        {
            "label": mean[name].fillna(say(ALL) if len(mean) == 1 else say(UNNAMED)).astype(str),
            "n": mean["n"].astype(int),
            "mean": mean["value"].astype(float),
            "median": median["value"].astype(float).reindex(mean.index),
        }
    ).sort_values("mean", ascending=False, ignore_index=True)
    total = {
        "mean": context.value(average_deal),
        "median": context.value(median_deal),
    }
    return Table(
        "deal-size",
        say("Deals won by {dimension}, {period}", dimension=dimension(name), period=context.period.label),
        rows,
        [
            Col("label", heading(name)),
            Col("n", say("Deals won"), "count", total="sum"),
            Col("mean", say("Average"), "money", total="given", metric="BKG-05"),
            Col("median", say("Median"), "money", total="given", metric="BKG-05-MEDIAN"),
        ],
        total,
        currency=context.currency,
    )


def _telling(context: Context) -> str:
    """The first dimension that cuts the deals won into more than one part; the segment if none does."""
    cuts = [d for d in ("segment", "region", "product") if d != context.params.scope.level]
    return next((d for d in cuts if len(context.frame(average_deal, by=(d,))) > 1), cuts[0])
