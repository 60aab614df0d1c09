"""Payment attempts."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

PAYMENTS = Table(
    name="payments",
    layer=Layer.SILVER,
    inputs=("shop.payments",),
    grain="one row per payment attempt, in its latest known state",
    doc="Attempts to pay.",
    key=("payment_id",),
    newest_by=("updated_at",),
    columns=(
        Column("payment_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("order_id", "bigint", "The order it pays", required=True),
        Column("method", "string", "How", required=True),
        Column(
            "status",
            "string",
            "Where the attempt is in its life",
            required=True,
            allowed=("pending", "authorized", "captured", "failed", "chargeback"),
        ),
        Column("amount", "decimal(18,4)", "Amount, in `currency`", required=True, minimum=0),
        Column(
            "fee_amount", "decimal(18,4)", "What the provider keeps, in `currency`", required=True, minimum=0
        ),
        Column("currency", "string", "ISO 4217", required=True),
        Column("processed_at", "timestamp", "When the provider answered, UTC"),
        Column("created_at", "timestamp", "When the row was made, UTC"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
