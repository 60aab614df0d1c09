"""Coupons that customers can enter."""

from __future__ import annotations

from contracts.model import Column, Layer, Table

COUPONS = Table(
    name="coupons",
    layer=Layer.SILVER,
    inputs=("shop.coupons",),
    grain="one row per coupon, in its latest known state",
    doc="Coupons that customers may enter.",
    key=("coupon_id",),
    newest_by=("updated_at",),
    columns=(
        Column("coupon_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("code", "string", "What the customer types", required=True),
        Column("kind", "string", "Percent or fixed", required=True, allowed=("percent", "fixed")),
        Column(
            "value_amount",
            "decimal(18,4)",
            "Percent, or an amount in `currency`",
            required=True,
            minimum=0,
            source="value",
        ),
        Column("currency", "string", "ISO 4217; null for percent"),
        Column(
            "usage_limit_count", "bigint", "How often it may be used; null for no limit", source="usage_limit"
        ),
        Column("valid_from", "timestamp", "From when it is accepted, UTC"),
        Column("valid_to", "timestamp", "Until when, exclusive, UTC", is_open_ended=True),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
