"""History of accounts: each version is valid from valid_from until the account's next version."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

CUSTOMER_VERSIONS = Table(
    name="customer_versions",
    layer=Layer.SILVER,
    inputs=("shop.customers",),
    grain="one row per account and version",
    doc="How accounts changed: each version holds from valid_from until the account's next version.",
    key=(
        "customer_id",
        "valid_from",
    ),
    newest_by=("valid_from",),
    columns=(
        Column("customer_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("valid_from", "timestamp", "When this version was written, UTC", required=True),
        Column("country_code", "string", "ISO 3166-1 alpha-2"),
        Column("accepts_marketing", "boolean", "May be written to"),
        Column("is_test", "boolean", "Staff and test accounts"),
        Column(
            "is_current_deletion",
            "boolean",
            "This version is the account's removal from the shop. It is void once an earlier version has"
            " a later `_ingested_at`: the account is back",
            required=True,
        ),
    ),
)
