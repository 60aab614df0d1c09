"""Shipped parcels."""

from __future__ import annotations

from contracts.model import Check, Column, Layer, OnFailure, Table

SHIPMENTS = Table(
    name="shipments",
    layer=Layer.SILVER,
    inputs=("shop.shipments",),
    grain="one row per parcel, in its latest known state",
    doc="Parcels on their way.",
    key=("shipment_id",),
    newest_by=("updated_at",),
    columns=(
        Column("shipment_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("order_id", "bigint", "The order", required=True),
        Column("carrier", "string", "Who carries it", required=True),
        Column(
            "status",
            "string",
            "Where the parcel is in its life",
            required=True,
            allowed=("pending", "in_transit", "delivered", "returned", "lost"),
        ),
        Column(
            "cost_amount",
            "decimal(18,4)",
            "What the shop pays the carrier, in `currency`",
            required=True,
            minimum=0,
        ),
        Column("currency", "string", "ISO 4217", required=True),
        Column("shipped_at", "timestamp", "When it left, UTC"),
        Column("delivered_at", "timestamp", "When it arrived, UTC"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
    checks=(Check("delivered_after_shipped", "delivered_at >= shipped_at", OnFailure.WARN),),
)
