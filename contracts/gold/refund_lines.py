"""Refunded lines and refunded shipping, on the day the money went back."""

from __future__ import annotations

from contracts.metrics import MONEY
from contracts.model import Column, Layer, Table

REFUND_LINES = Table(
    name="refund_lines",
    layer=Layer.GOLD,
    inputs=("gold.orders", "silver.refunds", "silver.refund_lines", "silver.order_lines"),
    grain="one row per refunded line of a counted order, and one per refund that gave shipping back",
    doc="Money given back, converted at the rate of the original order's day.",
    key=("refund_line_key",),
    columns=(
        Column("refund_line_key", "string", "`line:<refund line>` or `shipping:<refund>`", required=True),
        Column("refund_id", "bigint", "The refund", required=True),
        Column("order_id", "bigint", "The order", required=True, references="orders.order_id"),
        Column("order_line_id", "bigint", "The order line; null for shipping"),
        Column("product_id", "bigint", "The product; null for shipping"),
        Column("refund_date", "date", "Day the money went back, in the shop's time zone", required=True),
        Column("order_date", "date", "Day the order was placed, in the shop's time zone", required=True),
        Column("sales_channel", "string", "Where it was sold", required=True),
        Column("reason", "string", "Why", required=True),
        Column("units", "bigint", "Pieces", required=True),
        Column("is_restocked", "boolean", "Back in stock", required=True),
        Column(
            "returned_amount",
            MONEY,
            "Line amount given back, without tax, in the reporting currency",
            required=True,
        ),
        Column(
            "returned_tax",
            MONEY,
            "Tax given back, of the line or of the shipping, in the reporting currency",
            required=True,
        ),
        Column(
            "returned_shipping",
            MONEY,
            "Shipping given back, without tax, in the reporting currency",
            required=True,
        ),
    ),
)
