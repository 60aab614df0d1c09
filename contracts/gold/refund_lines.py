"""Refunded lines, shipping and other refunds, on the day of the refund."""

from __future__ import annotations

from contracts.currencies import RATE
from contracts.metrics import MONEY
from contracts.model import Column, Layer, Table

KINDS = ("line", "shipping", "rest")

REFUND_LINES = Table(
    name="refund_lines",
    layer=Layer.GOLD,
    inputs=(
        "gold.orders",
        "silver.refunds",
        "silver.refund_lines",
        "silver.order_lines",
        "silver.exchange_rates",
    ),
    grain=(
        "one row per refunded line of a counted order, one per refund that gave shipping back, and one per"
        " refund whose total holds more than its lines and shipping"
    ),
    doc="Money given back, converted with the rate of its own currency on the original order's day.",
    key=("refund_line_key",),
    columns=(
        Column(
            "refund_line_key",
            "string",
            "`line:<refund line>`, `shipping:<refund>` or `rest:<refund>`",
            required=True,
        ),
        Column(
            "kind",
            "string",
            "What was given back: a line, the shipping, or the rest of the refund, which no line carries",
            required=True,
            allowed=KINDS,
        ),
        Column("refund_id", "bigint", "The refund", required=True),
        Column("order_id", "bigint", "The order", required=True, references="orders.order_id"),
        Column("order_line_id", "bigint", "The order line; null for shipping and rest"),
        Column("product_id", "bigint", "The product; null for shipping and rest"),
        Column("refund_date", "date", "Day the money went back, in the shop's time zone", required=True),
        Column("order_date", "date", "Day the order was placed, in the shop's time zone", required=True),
        Column("sales_channel", "string", "Where it was sold", required=True),
        Column("reason", "string", "Why", required=True),
        Column("currency", "string", "ISO 4217, of the refund", required=True),
        Column(
            "exchange_rate",
            RATE,
            "One unit of `currency` in the reporting currency on the order's day",
            required=True,
        ),
        Column("units", "bigint", "Pieces", required=True),
        Column("is_restocked", "boolean", "Back in stock", required=True),
        Column(
            "returned_amount",
            MONEY,
            "Given back for a line, without tax, or the rest of the refund, in the reporting currency",
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
