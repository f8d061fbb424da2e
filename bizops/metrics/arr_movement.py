"""ARR movements: every change of a customer-month in exactly one class, split into parts that sum to it (ARR-04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from bizops.metrics.arr_month import KEY, PROFILE, arr_month, points, profiles
from bizops.metrics.columns import MONEY, exact, flag, ones
from bizops.metrics.facts import named_product
from bizops.metrics.memory import kept

if TYPE_CHECKING:
    from bizops.schema.data import Data

CLASSES = ("new", "reactivation", "expansion", "contraction", "churn", "fx", "reclass")

INVOLUNTARY = ("payment_failed", "payment_disputed", "not_paid", "no_card")
CENT = 0.005
_CUSTOMER_MONTH = ("m", "customer_id")


def changes(data: Data) -> ir.Table:
    """Return one row a month, customer, account and product: opening and closing ARR, the class and the parts.

    Returns
    -------
    ibis.Table
        ``m, month_on, customer_id, account_id, product_id, product, class, whole`` (sub-class of an undivided change),
        ``delta, seats, price, discounted, exchange`` (parts of the change), ``opened, closed`` (reported),
        and the customer's profile now (``segment, ...``) and at the month's start (``opening_segment, ...``).
    """
    return kept(data, "arr_changes", lambda: _changes(data))


def _changes(data: Data) -> ir.Table:
    rows = _with_totals(_open_and_close(data))
    rows = _with_gap(rows, data)
    rows = rows.mutate(cls=_class(rows, data))
    rows = rows.mutate(whole=_whole(rows))
    rows = _parts(rows)
    if data.company.policies.p04 == "churn":
        dropped = flag(rows["whole"] == "product removed")
        rows = rows.mutate(cls=dropped.ifelse("churn", rows.cls))
    rows = _with_profile(named_product(rows, data, "product_id"), data)
    opening = {f"opening_{name}": f"opening_{name}" for name in PROFILE}
    return rows.select(
        "m", "month_on", "customer_id", "account_id", "product_id", "product", "whole",
        "delta", "seats", "price", "discounted", "exchange", "opened", "closed", *PROFILE, *opening,
        **{"class": rows.cls},
    )  # fmt: skip


def _open_and_close(data: Data) -> ir.Table:
    """Each key's last month end beside this one; a month end opens the next month."""
    by_plan = data.company.policies.p10 == "plan_rate"
    held = arr_month(data)
    measures = {
        "arr": held.arr,
        "base": held.arr if by_plan else held.arr_reported,
        "next_base": held.arr if by_plan else held.arr_restated,
        "reported": held.arr_reported,
        "gross": held.gross,
        "discount": held.discount,
        "paused": held.paused,
        "past_due": held.past_due,
    }
    held = held.select("m", *KEY, "quantity", "starts_on", "ends_on", "reason", **measures)
    last = points(data).m.max().as_scalar()
    earlier = held.filter(held.m < last).mutate(m=lambda t: t.m + 1)
    sides = ibis.union(held.mutate(side=ibis.literal(1)), earlier.mutate(side=ibis.literal(0)))
    closing, opening = sides.side == 1, sides.side == 0

    def both(name: str, empty: object) -> dict[str, ir.Value]:
        kind = sides[name].type()
        return {
            f"{name}_{end}": sides[name].sum(where=side).fill_null(empty).cast(MONEY if kind.is_decimal() else kind)
            for end, side in (("0", opening), ("1", closing))
        }

    rows = sides.group_by("m", *KEY).agg(
        **both("arr", 0), **both("reported", 0), **both("gross", 0), **both("discount", 0), **both("paused", 0),
        **both("past_due", 0), **both("quantity", 0.0),
        base_1=sides.base.sum(where=closing).fill_null(0).cast(MONEY),
        base_0=sides.next_base.sum(where=opening).fill_null(0).cast(MONEY),
        starts_on=sides.starts_on.min(where=closing),
        ends_on=sides.ends_on.max(where=closing),
        reason=sides.reason.max(),
    )  # fmt: skip
    grid = points(data).select("month_on", grid_m="m")
    return rows.inner_join(grid, rows.m == grid.grid_m).drop("grid_m")


def _with_totals(rows: ir.Table) -> ir.Table:
    """The customer's own opening, closing, paused and past-due ARR beside every row of the month."""
    whole = ibis.window(group_by=[rows.m, rows.customer_id])
    sums = {
        "from_arr": rows.arr_0,
        "to_arr": rows.arr_1,
        "from_paused": rows.paused_0,
        "to_paused": rows.paused_1,
        "to_past_due": rows.past_due_1,
    }
    rows = rows.mutate(
        **{name: value.sum().over(whole) for name, value in sums.items()},
        all_reasons=rows.reason.max().over(whole),
        customer_starts_on=rows.starts_on.min().over(whole),
    )
    added = (rows.arr_0 == 0) & (rows.arr_1 > 0) & (rows.paused_0 == 0)
    removed = (rows.arr_0 > 0) & (rows.arr_1 == 0) & (rows.paused_1 == 0) & (rows.past_due_1 == 0)
    whole = ibis.window(group_by=[rows.m, rows.customer_id])
    return rows.mutate(swaps=(ones(added).max().over(whole) + ones(removed).max().over(whole)) == 2)


def _with_gap(rows: ir.Table, data: Data) -> ir.Table:
    """Days without ARR before a customer's return; null for a customer that never had any."""
    active = (
        rows.filter(rows.to_arr > 0)
        .group_by(*_CUSTOMER_MONTH)
        .agg(until=rows.ends_on.max(), since=rows.customer_starts_on.min(), began=rows.month_on.max())
    )
    order = ibis.window(group_by=active.customer_id, order_by=active.m)
    active = active.mutate(before_m=active.m.lag().over(order), before_until=active.until.lag().over(order))
    grid = points(data).select("point_on", grid_m="m")
    # service ended after the last month end with ARR and by the first one without
    active = active.left_join(grid, active.before_m + 1 == grid.grid_m)
    stopped = ibis.least(active.before_until, active.point_on + ibis.interval(days=1))
    returned = ibis.greatest(active.since, active.began)
    gaps = active.filter(active.before_m.notnull()).select(
        gap_m="m", gap_customer="customer_id", gap_days=returned.delta(stopped.cast("date"), unit="day")
    )
    return rows.left_join(gaps, [rows.m == gaps.gap_m, rows.customer_id == gaps.gap_customer])


def _class(rows: ir.Table, data: Data) -> ir.Value:
    """The class of the customer's month, by the ordered table of the metric dictionary."""
    window = data.company.policies.p05
    nothing, something = rows.from_arr == 0, rows.from_arr > 0
    return ibis.cases(
        (nothing & (rows.to_arr == 0), "none"),
        (nothing & (rows.from_paused > 0), "expansion"),
        (nothing & (rows.gap_days.isnull() | (rows.gap_days > window)), "new"),
        (nothing, "reactivation"),
        (something & (rows.to_arr == 0) & (rows.to_paused > 0), "contraction"),
        (something & (rows.to_arr == 0), "churn"),
        (rows.to_arr >= rows.from_arr, "expansion"),
        else_="contraction",
    )


def _whole(rows: ir.Table) -> ir.Value:
    """The sub-class of a row whose change is not split, null where it is split by seats, price and discount."""
    gone, come = (rows.arr_0 > 0) & (rows.arr_1 == 0), (rows.arr_0 == 0) & (rows.arr_1 > 0)
    left = (rows.to_past_due > 0) | rows.all_reasons.isin(INVOLUNTARY)
    swap = (rows.to_arr >= rows.from_arr).ifelse("upgrade", "downgrade")
    return ibis.cases(
        (rows.cls == "new", "new"),
        ((rows.cls == "reactivation") & (rows.gap_days <= 90), "up to 90 days"),
        ((rows.cls == "reactivation") & (rows.gap_days <= 180), "91–180 days"),
        (rows.cls == "reactivation", "over 180 days"),
        ((rows.cls == "churn") & flag(left), "involuntary"),
        ((rows.cls == "churn") & flag(rows.all_reasons == "end_of_business"), "end of business"),
        (rows.cls == "churn", "voluntary"),
        (come & (rows.paused_0 > 0), "resumed"),
        (gone & (rows.paused_1 > 0), "paused"),
        (gone & (rows.past_due_1 > 0), "past due"),
        ((come | gone) & rows.swaps, swap),
        (come, "cross-sell"),
        (gone, "product removed"),
        else_=None,
    )


def _parts(rows: ir.Table) -> ir.Table:
    """Split the change of a line that stays: quantity at the old price, the discount, and price for the rest.

    Quantity effect = change of quantity x old list price; price effect = new quantity x change of list price.
    """
    delta = (rows.base_1 - rows.base_0).cast(MONEY)
    float_ = {name: rows[name].cast("float64") for name in ("gross_0", "quantity_0", "quantity_1", "base_1", "arr_1")}
    scale = ibis.coalesce(float_["base_1"] / float_["arr_1"].nullif(0.0), 1.0)
    unit = ibis.coalesce(float_["gross_0"] / float_["quantity_0"].nullif(0.0), 0.0)
    seats = exact((float_["quantity_1"] - float_["quantity_0"]) * unit * scale)
    discounted = exact((rows.discount_0 - rows.discount_1).cast("float64") * scale)
    rows = rows.mutate(
        delta=delta,
        split=rows["whole"].isnull(),
        seats=rows["whole"].isnull().ifelse(seats, exact(ibis.literal(0.0))),
        discounted=rows["whole"].isnull().ifelse(discounted, exact(ibis.literal(0.0))),
    )
    rest = (rows.delta - rows.seats - rows.discounted).cast(MONEY)
    tiny = (rest.cast("float64").abs() < CENT) & (rows.seats != 0)
    zero = exact(ibis.literal(0.0))
    return rows.mutate(
        seats=(rows.split & tiny).ifelse((rows.seats + rest).cast(MONEY), rows.seats),
        price=(rows.split & ~tiny).ifelse(rest, zero),
        exchange=((rows.reported_1 - rows.reported_0) - delta).cast(MONEY),
        opened=rows.reported_0,
        closed=rows.reported_1,
    )


def _with_profile(rows: ir.Table, data: Data) -> ir.Table:
    """What the customer is at the month's end and was at its start; who comes or goes has one profile."""
    now = profiles(data)
    now = now.select(now_id="profile_id", now_m="m", **{f"now_{name}": name for name in PROFILE})
    was = now.rename({f"was_{name[4:]}": name for name in now.columns})
    rows = rows.left_join(now, [rows.profile_id == now.now_id, rows.m == now.now_m])
    rows = rows.left_join(was, [rows.profile_id == was.was_id, rows.m - 1 == was.was_m])
    # paused customers are still there, so they move with their profile
    came = (rows.from_arr == 0) & (rows.from_paused == 0)
    gone = (rows.to_arr == 0) & (rows.to_paused == 0)
    return rows.mutate(
        **{name: gone.ifelse(rows[f"was_{name}"], rows[f"now_{name}"]) for name in PROFILE},
        **{f"opening_{name}": came.ifelse(rows[f"now_{name}"], rows[f"was_{name}"]) for name in PROFILE},
    )


def arr_movement(data: Data) -> ir.Table:
    """Return the movements, for all scopes: the parts of every customer-month, each with class and sub-class.

    Returns
    -------
    ibis.Table
        ``m, month_on, customer_id, account_id, product_id, product, class, sub_class, amount`` and the customer's
        profile (``segment, region, owner, manager, manager_id, industry``). Signed and exact: contraction and churn are
        negative, and ``fx`` holds what only the rate changed. Opening + movements = closing for every month, customer
        and product. The class follows the customer's net change; a part may have the opposite sign.
    """
    return kept(data, "arr_movement", lambda: _movements(changes(data)))


def _movements(rows: ir.Table) -> ir.Table:
    named = (
        (rows["whole"].notnull(), rows["whole"], rows.delta),
        (rows["whole"].isnull(), ibis.literal("seats"), rows.seats),
        (rows["whole"].isnull(), ibis.literal("price"), rows.price),
        (rows["whole"].isnull(), (rows.discounted > 0).ifelse("discount end", "discount added"), rows.discounted),
    )
    keys = ("m", "month_on", "customer_id", "account_id", "product_id", "product", *PROFILE)
    parts = [
        rows.filter(condition, amount != 0).select(*keys, "class", sub_class=sub_class, amount=amount)
        for condition, sub_class, amount in named
    ]
    fx = rows.filter(rows.exchange != 0)
    parts.append(
        fx.select(*keys, sub_class=ibis.literal("exchange rate"), amount="exchange", **{"class": ibis.literal("fx")})
        .select(*keys, "class", "sub_class", "amount")
    )  # fmt: skip
    return ibis.union(*parts)


def transfers(data: Data, dimensions: tuple[str, ...]) -> ir.Table:
    """Return the ARR of customers that changed group within a month, twice: out of the old group, into the new (P25).

    Columns as `arr_movement`, class ``reclass``; with P25 = ``in_movements`` it counts as contraction and expansion.
    """
    rows = changes(data)
    moved = ibis.literal(False)
    for name in (name for name in dimensions if name in PROFILE):
        moved = moved | ~rows[name].identical_to(rows[f"opening_{name}"])
    rows = rows.filter(moved, rows.opened != 0)
    keys = ("m", "month_on", "customer_id", "account_id", "product_id", "product")
    apart = data.company.policies.p25 == "separate_rows"
    sides = []
    for sub_class, sign, prefix, inside in (
        ("moved out", -1, "opening_", "contraction"),
        ("moved in", 1, "", "expansion"),
    ):
        label = ibis.literal("reclass" if apart else inside)
        amount = rows.opened if sign > 0 else (-rows.opened).cast(MONEY)
        profile = {name: rows[f"{prefix}{name}"] for name in PROFILE}
        side = rows.select(*keys, **profile, sub_class=ibis.literal(sub_class), amount=amount, **{"class": label})
        sides.append(side.select(*keys, *PROFILE, "class", "sub_class", "amount"))
    return ibis.union(*sides)
