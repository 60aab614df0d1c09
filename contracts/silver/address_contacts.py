"""The one table with the contact data of addresses."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

ADDRESS_CONTACTS = Table(
    name="address_contacts",
    layer=Layer.SILVER,
    inputs=("shop.addresses",),
    grain="one row per address, in its latest known state",
    doc="The one table with the contact data of addresses.",
    key=("address_id",),
    newest_by=("updated_at",),
    columns=(
        Column("address_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("recipient_name", "string", "As typed, trimmed", pii=Pii.DIRECT, source="name"),
        Column("line1", "string", "Street and number", pii=Pii.DIRECT),
        Column("line2", "string", "More of the address", pii=Pii.DIRECT),
        Column("postal_code", "string", "Postal code", pii=Pii.DIRECT),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
