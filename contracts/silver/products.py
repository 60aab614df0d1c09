"""The current catalogue."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

PRODUCTS = Table(
    name="products",
    layer=Layer.SILVER,
    inputs=("shop.products",),
    grain="one row per product, in its latest known state",
    doc="The catalogue as it is now.",
    key=("product_id",),
    newest_by=("updated_at",),
    columns=(
        Column("product_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("sku", "string", "Stock keeping unit", required=True),
        Column("name", "string", "Name", required=True),
        Column("brand", "string", "Brand"),
        Column("category_id", "bigint", "Its category"),
        Column(
            "list_price_amount",
            "decimal(18,4)",
            "List price, in `currency`",
            required=True,
            minimum=0,
            source="price",
        ),
        Column("currency", "string", "ISO 4217", required=True),
        Column("is_active", "boolean", "On sale", required=True),
        Column("attributes", "string", "The shop's free attributes, JSON", is_document=True),
        Column("created_at", "timestamp", "When it was added, UTC"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
