"""Customer accounts without contact data; that is in customer_contacts."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

CUSTOMERS = Table(
    name="customers",
    layer=Layer.SILVER,
    inputs=("shop.customers",),
    grain="one row per account, in its latest known state",
    doc="Customer accounts without contact data; that is in customer_contacts.",
    key=("customer_id",),
    newest_by=("updated_at",),
    columns=(
        Column("customer_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column(
            "email_pseudonym", "string", "Keyed pseudonym of the normalised e-mail address", pii=Pii.PSEUDONYM
        ),
        Column("locale", "string", "Language and region, e.g. de-DE"),
        Column("country_code", "string", "ISO 3166-1 alpha-2"),
        Column("accepts_marketing", "boolean", "May be written to", required=True),
        Column("is_test", "boolean", "Staff and test accounts", required=True),
        Column("created_at", "timestamp", "When the account was made, UTC", required=True),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
