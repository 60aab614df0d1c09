"""History of categories: each version is valid from valid_from until the category's next version."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

CATEGORY_VERSIONS = Table(
    name="category_versions",
    layer=Layer.SILVER,
    inputs=("shop.categories",),
    grain="one row per category and version",
    doc="How categories changed: each version holds from valid_from until the category's next version.",
    key=(
        "category_id",
        "valid_from",
    ),
    newest_by=("valid_from",),
    columns=(
        Column("category_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("valid_from", "timestamp", "When this version was written, UTC", required=True),
        Column("parent_category_id", "bigint", "The category above; null at the top", source="parent_id"),
        Column("name", "string", "Name"),
        Column(
            "is_current_deletion",
            "boolean",
            "This version is the category's removal from the shop; what was sold under it keeps its name",
            required=True,
        ),
    ),
)
