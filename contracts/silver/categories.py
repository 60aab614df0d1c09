"""The category tree."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

CATEGORIES = Table(
    name="categories",
    layer=Layer.SILVER,
    inputs=("shop.categories",),
    grain="one row per category, in its latest known state",
    doc="The catalogue's tree.",
    key=("category_id",),
    newest_by=("updated_at",),
    columns=(
        Column("category_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("parent_category_id", "bigint", "The category above; null at the top", source="parent_id"),
        Column("name", "string", "Name", required=True),
        Column("slug", "string", "Name in addresses of pages"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
