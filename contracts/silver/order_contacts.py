"""The one table with the contact data typed at checkout."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

ORDER_CONTACTS = Table(
    name="order_contacts",
    layer=Layer.SILVER,
    inputs=("shop.orders",),
    grain="one row per order, in its latest known state",
    doc="The one table with the contact data typed at checkout.",
    key=("order_id",),
    newest_by=("updated_at",),
    columns=(
        Column("order_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("email", "string", "Normalised e-mail address", pii=Pii.DIRECT),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
