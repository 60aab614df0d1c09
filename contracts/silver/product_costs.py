"""Costs of a unit to the shop."""

from __future__ import annotations

from contracts.model import Check, Column, Layer, OnFailure, Table

PRODUCT_COSTS = Table(
    name="product_costs",
    layer=Layer.SILVER,
    inputs=("shop.product_costs",),
    grain="one row per product and span of validity",
    doc="What a piece costs the shop.",
    key=("product_cost_id",),
    newest_by=("updated_at",),
    columns=(
        Column("product_cost_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("product_id", "bigint", "The product", required=True),
        Column(
            "unit_cost_amount",
            "decimal(18,4)",
            "Cost of one piece, in `currency`",
            required=True,
            minimum=0,
            source="unit_cost",
        ),
        Column("currency", "string", "ISO 4217", required=True),
        Column("valid_from", "timestamp", "From when it holds, UTC", required=True),
        Column(
            "valid_to", "timestamp", "Until when, exclusive; null while it holds, UTC", is_open_ended=True
        ),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
    checks=(Check("ends_after_it_starts", "valid_to > valid_from", OnFailure.WARN),),
)
