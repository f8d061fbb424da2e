"""What was sold: quantity, value and net price of the lines of won deals (the input of PRC-01)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis.expr.types as ir

from bizops.metrics.bookings import won
from bizops.metrics.columns import number, total
from bizops.metrics.currency import code, with_rate
from bizops.metrics.facts import named_product

if TYPE_CHECKING:
    from bizops.periods import Period
    from bizops.schema.data import Data

NEEDS = {"opportunity_line": ("opportunity_id", "product_id", "quantity", "amount")}
DIMENSIONS = ("product", "region", "segment", "owner", "manager", "industry")


def sold(data: Data, period: Period, by: Sequence[str] = ("product",)) -> ir.Table:
    """Return the lines of deals won in the period: ``*by, quantity, amount, price, n``.

    ``amount`` is net and in company currency, at the rate of its deal; ``price`` is amount over quantity, null where
    nothing was counted; ``n`` is the number of lines. Price, volume and mix between two periods follow from it
    (`bizops.methods.bridge.price_volume_mix`).
    """
    deals = won(data, period).drop("product")
    raw = data["opportunity_line"]
    lines = raw.select(
        "product_id", deal_id="opportunity_id", quantity=number(raw, "quantity"), net=number(raw, "amount")
    )
    opportunities = data["opportunity"]
    codes = opportunities.select(code_id="opportunity_id", currency_code=code(opportunities, data))
    rows = lines.inner_join(deals, lines.deal_id == deals.opportunity_id)
    rows = with_rate(rows.inner_join(codes, rows.deal_id == codes.code_id), data)
    rows = named_product(rows, data, "product_id")
    sums = total(
        rows,
        by,
        quantity=rows.quantity.sum().fill_null(0).cast("float64"),
        amount=(rows.net * rows.rate).sum().fill_null(0).cast("float64"),
        n=rows.count().cast("int64"),
    )
    return sums.mutate(price=sums.amount / sums.quantity.nullif(0.0))
