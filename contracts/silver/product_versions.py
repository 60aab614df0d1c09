"""History of products: each version is valid from valid_from until the product's next version."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

PRODUCT_VERSIONS = Table(
    name="product_versions",
    layer=Layer.SILVER,
    inputs=("shop.products",),
    grain="one row per product and version",
    doc="How products changed: each version holds from valid_from until the product's next version.",
    key=(
        "product_id",
        "valid_from",
    ),
    newest_by=("valid_from",),
    columns=(
        Column("product_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("valid_from", "timestamp", "When this version was written, UTC", required=True),
        Column("name", "string", "Name"),
        Column("brand", "string", "Brand"),
        Column("category_id", "bigint", "Its category"),
        Column("list_price_amount", "decimal(18,4)", "List price, in `currency`", source="price"),
        Column("currency", "string", "ISO 4217"),
        Column("is_active", "boolean", "On sale"),
        Column(
            "is_current_deletion",
            "boolean",
            "This version is the product's removal from the shop. It is void once an earlier version has"
            " a later `_ingested_at`: the product is back",
            required=True,
        ),
    ),
)
