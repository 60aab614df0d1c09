"""Order lines, at the price of that time."""

from __future__ import annotations

from contracts.limits import AMOUNT
from contracts.model import Check, Column, Layer, OnFailure, Table

ORDER_LINES = Table(
    name="order_lines",
    layer=Layer.SILVER,
    inputs=("shop.order_items",),
    grain="one row per order line, in its latest known state",
    doc="What was ordered, line by line, at the price of the moment.",
    key=("order_line_id",),
    newest_by=("updated_at",),
    columns=(
        Column("order_line_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("order_id", "bigint", "The order it belongs to", required=True),
        Column("line_number", "int", "Position in the order", required=True),
        Column("product_id", "bigint", "The product", required=True),
        Column("sku", "string", "Stock keeping unit as sold", required=True),
        Column("product_name", "string", "Name as sold", required=True),
        Column("quantity", "bigint", "Pieces", required=True, minimum=0),
        Column(
            "unit_price_amount",
            "decimal(18,4)",
            "Price of one piece before discounts, in the order's currency",
            required=True,
            minimum=0,
            source="unit_price",
        ),
        Column(
            "discount_amount",
            "decimal(18,4)",
            "Discount of this line alone, in the order's currency",
            required=True,
            minimum=0,
        ),
        Column(
            "tax_rate_share",
            "decimal(6,4)",
            "Tax rate the shop recorded on the line",
            required=True,
            minimum=0,
            source="tax_rate",
        ),
        Column(
            "tax_amount",
            "decimal(18,4)",
            "Tax the shop recorded on the line, after every discount, in the order's currency",
            required=True,
            minimum=0,
        ),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
    checks=(Check("line_value_in_range", f"unit_price_amount * quantity < {AMOUNT}", OnFailure.QUARANTINE),),
)
