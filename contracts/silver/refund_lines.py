"""Refunded lines."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

REFUND_LINES = Table(
    name="refund_lines",
    layer=Layer.SILVER,
    inputs=("shop.refund_items",),
    grain="one row per refunded order line of a refund, in its latest known state",
    doc="What was given back, line by line.",
    key=("refund_line_id",),
    newest_by=("updated_at",),
    columns=(
        Column("refund_line_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("refund_id", "bigint", "The refund", required=True),
        Column("order_line_id", "bigint", "The order line", required=True, source="order_item_id"),
        Column("quantity", "bigint", "Pieces", required=True, minimum=0),
        Column("amount", "decimal(18,4)", "Without tax, in the refund's currency", required=True, minimum=0),
        Column(
            "tax_amount",
            "decimal(18,4)",
            "Tax given back, in the refund's currency",
            required=True,
            minimum=0,
        ),
        Column("is_restocked", "boolean", "Back in stock", required=True, source="restocked"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
