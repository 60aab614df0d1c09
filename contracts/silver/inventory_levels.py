"""Current stock levels."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

INVENTORY_LEVELS = Table(
    name="inventory_levels",
    layer=Layer.SILVER,
    inputs=("shop.inventory_levels",),
    grain="one row per product and location, in its latest known state",
    doc="What lies in stock now.",
    key=(
        "product_id",
        "location",
    ),
    newest_by=("updated_at",),
    columns=(
        Column("product_id", "bigint", "The product", required=True),
        Column("location", "string", "Warehouse", required=True),
        Column(
            "on_hand_count", "bigint", "Pieces; below zero when oversold", required=True, source="on_hand"
        ),
        Column(
            "reserved_count",
            "bigint",
            "Pieces promised to orders",
            required=True,
            minimum=0,
            source="reserved",
        ),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
