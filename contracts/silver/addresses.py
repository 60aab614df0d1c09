"""Delivery and billing addresses, without contact data."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

ADDRESSES = Table(
    name="addresses",
    layer=Layer.SILVER,
    inputs=("shop.addresses",),
    grain="one row per address, in its latest known state",
    doc="Where parcels and bills go, without contact data.",
    key=("address_id",),
    newest_by=("updated_at",),
    columns=(
        Column("address_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("customer_id", "bigint", "Whose it is; null for a guest"),
        Column("kind", "string", "Shipping or billing", required=True, allowed=("shipping", "billing")),
        Column("city", "string", "City"),
        Column("region", "string", "Region or state"),
        Column("country_code", "string", "ISO 3166-1 alpha-2", required=True),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
