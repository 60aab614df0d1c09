"""The one table with the contact data of customers."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

CUSTOMER_CONTACTS = Table(
    name="customer_contacts",
    layer=Layer.SILVER,
    inputs=("shop.customers",),
    grain="one row per account, in its latest known state",
    doc="The one table with the contact data of customers.",
    key=("customer_id",),
    newest_by=("updated_at",),
    columns=(
        Column("customer_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("email", "string", "Normalised e-mail address", pii=Pii.DIRECT),
        Column("first_name", "string", "As typed, trimmed", pii=Pii.DIRECT),
        Column("last_name", "string", "As typed, trimmed", pii=Pii.DIRECT),
        Column("phone", "string", "As typed, trimmed", pii=Pii.DIRECT),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
