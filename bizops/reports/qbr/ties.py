"""The sums of the page that must agree: parts with wholes, bridges with their ends."""

from __future__ import annotations

from bizops.language import say
from bizops.methods.plan_gap import PlanGap
from bizops.metrics.arr import arr
from bizops.metrics.bookings import bookings
from bizops.reports._appendix import TieOut
from bizops.reports._context import Context
from bizops.reports._words import dimension
from bizops.reports.qbr.gap import BY, RUN_RATE, contributions, gap_of, reference_name, starts_at
from bizops.reports.qbr.retention import months_of, steps_of


def tie_outs(context: Context) -> list[TieOut]:
    """Return the tie-outs of the sections that are on; the tolerance is a cent."""
    found: list[TieOut] = []
    whole = context.value(bookings) or 0.0
    if not context.off("contribution"):
        parts = contributions(context)["actual"].sum()
        found.append(_parts(say("Bookings by region and segment = bookings"), parts, whole))
        for name in (*BY, "type", "manager"):
            parts = context.frame(bookings, by=(name,))["value"].astype(float).sum()
            says = say("Bookings by {dimension} = bookings", dimension=dimension(name))
            found.append(_parts(says, parts, whole))
    gap = gap_of(context) if not context.off("plan-gap") else None
    if gap is not None and not gap.reason:
        found.append(
            TieOut(
                say("{start} + bars = actual bookings", start=starts_at(context)),
                gap.start + gap.bars()["amount"].sum() - whole,
            )
        )
        found += _bars_of_parts(context, gap)
    if not context.off("retention") and months_of(context):
        found += _arr(context)
    return found


def _bars_of_parts(context: Context, gap: PlanGap) -> list[TieOut]:
    """The bars of each region against its own actual less plan, where bookings are planned by region."""
    parts = contributions(context)
    if reference_name(context) == say(RUN_RATE) or "region" not in parts.columns:
        return []
    told = parts.groupby("region")["gap"].sum()
    bars = gap.wide("region").set_index("region")["change"]
    apart = (bars - told).abs().fillna(float("inf")).max()
    return [TieOut(say("Bars of each region = its actual less plan"), float(apart))]


def _arr(context: Context) -> list[TieOut]:
    steps = steps_of(context).set_index("step")["value"]
    moved = steps.drop(["opening", "closing"]).sum()
    months = months_of(context)
    closing = context.value(arr, months) or 0.0
    return [
        TieOut(say("Opening ARR + movements = closing ARR"), float(steps["opening"] + moved - steps["closing"])),
        TieOut(say("Closing ARR of the bridge = ARR"), float(steps["closing"] - closing)),
        *(
            _parts(says, context.frame(arr, months, (name,))["value"].astype(float).sum(), closing)
            for name, says in (("segment", say("ARR by segment = ARR")), ("product", say("ARR by product = ARR")))
        ),
    ]


def _parts(says: str, parts: float, whole: float) -> TieOut:
    return TieOut(says, float(parts) - whole)
