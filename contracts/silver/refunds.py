"""Refunds of money."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

REFUNDS = Table(
    name="refunds",
    layer=Layer.SILVER,
    inputs=("shop.refunds",),
    grain="one row per refund, in its latest known state",
    doc="Money given back.",
    key=("refund_id",),
    newest_by=("updated_at",),
    columns=(
        Column("refund_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("order_id", "bigint", "The order it belongs to", required=True),
        Column("reason", "string", "Why", required=True),
        Column(
            "shipping_amount",
            "decimal(18,4)",
            "Shipping given back, without tax, in `currency`",
            required=True,
            minimum=0,
        ),
        Column(
            "shipping_tax_amount",
            "decimal(18,4)",
            "Tax on shipping given back, in `currency`",
            required=True,
            minimum=0,
        ),
        Column(
            "total_amount",
            "decimal(18,4)",
            "Lines and shipping, tax included, in `currency`",
            required=True,
            minimum=0,
        ),
        Column("currency", "string", "ISO 4217, that of the order", required=True),
        Column("refunded_at", "timestamp", "When the money went back, UTC", required=True),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
