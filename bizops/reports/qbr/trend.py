"""Is the quarter's result more than the ordinary variation of quarters? Bookings with their XmR limits."""

from __future__ import annotations

import pandas as pd

from bizops import charts
from bizops.findings import Displayable, Finding, Off, movement
from bizops.findings.grammar import DAY_OF
from bizops.language import say
from bizops.methods.control import XmR, xmr
from bizops.metrics.bookings import bookings
from bizops.periods import Period
from bizops.reports._context import Context
from bizops.tables import Col, Table

QUARTERS = 13


def trend(context: Context) -> list[Displayable]:
    """Return the finding on the last complete quarter, the chart and the table; without limits the chart alone."""
    periods = _periods(context)
    if len(periods) < 2:
        why = say("the source holds fewer than two complete quarters")
        return [Off("trend", say("Bookings over time"), why)]
    values = [float(context.value(bookings, p) or 0.0) for p in periods]
    control = xmr(values, at_least=0.0)
    shown = pd.DataFrame({"period": [p.short for p in periods], "value": values})
    finding = _finding(context, periods, values, control)
    table = Table(
        "bookings-trend",
        say("Bookings by quarter, with the limits of ordinary variation"),
        shown.assign(lower=control.lower, centre=control.centre, upper=control.upper),
        [
            Col("period", say("Quarter")),
            Col("value", say("Bookings"), "money", metric="BKG-01"),
            Col("lower", say("Lower limit"), "money", missing=control.reason, metric="BKG-01"),
            Col("centre", say("Mean"), "money", metric="BKG-01"),
            Col("upper", say("Upper limit"), "money", missing=control.reason, metric="BKG-01"),
        ],
        note=control.reason or say("Limits: mean ± 2.66 × mean moving range (XmR), complete quarters only."),
        currency=context.currency,
    )
    dated = shown.assign(start=[p.start for p in periods], end=[p.end for p in periods])
    return [*([finding] if finding else []), _figure(context, dated, control), table]


def _periods(context: Context) -> list[Period]:
    """Complete quarters of which the source holds all days, oldest first."""
    last = context.calendar.shift(context.period, -1) if context.in_flight else context.period
    return [p for p in (*context.calendar.trailing(last, QUARTERS - 1), last) if context.covers(p)]


def _finding(context: Context, periods: list[Period], values: list[float], control: XmR) -> Finding | None:
    if not control.has_limits:
        return None
    return movement(
        "bookings-trend",
        say("{period} bookings", period=periods[-1].short),
        values[-1],
        values[-2],
        "money",
        (control.lower, control.upper),
        previous_label=periods[-2].short,
        better="up",
        currency=context.currency,
        plural=True,
        signal=control.latest,
        metric="BKG-01",
        table="bookings-trend",
        figure="bookings-trend",
    )


def _figure(context: Context, shown: pd.DataFrame, control: XmR) -> charts.Figure:
    frame, in_flight, scope = shown, "", context.params.title_scope()
    if context.in_flight:
        quarter = context.period
        now = {"period": quarter.short, "value": context.value(bookings), "start": quarter.start, "end": quarter.end}
        frame = pd.concat([shown, pd.DataFrame([now])], ignore_index=True)
        in_flight = say(DAY_OF, day=context.window.days, days=context.period.days)
    return charts.line_xmr(
        frame,
        id="bookings-trend",
        title=say("Bookings by quarter, with their normal range") if control.has_limits else say("Bookings by quarter"),
        subtitle=say("Bookings, {currency}, {scope}, complete quarters", currency=context.currency, scope=scope),
        unit="money",
        currency=context.currency,
        better="up",
        limits=(control.lower, control.centre, control.upper) if control.has_limits else None,
        in_flight=in_flight,
        annotations=context.annotations,
        metric=bookings.id,
        table="bookings-trend",
    )
