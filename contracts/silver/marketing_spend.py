"""Advertising costs."""

from __future__ import annotations

from contracts.limits import KEY_TEXT_LENGTH
from contracts.model import Column, Layer, Table

MARKETING_SPEND = Table(
    name="marketing_spend",
    layer=Layer.SILVER,
    inputs=("shop.marketing_spend",),
    grain="one row per day, channel and campaign",
    doc="What advertising cost.",
    key=("marketing_spend_id",),
    newest_by=("updated_at",),
    columns=(
        Column("marketing_spend_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("spend_date", "date", "The day", required=True),
        Column("channel", "string", "Where", required=True, max_length=KEY_TEXT_LENGTH),
        Column("campaign", "string", "For what", required=True),
        Column("amount", "decimal(18,4)", "Cost, in `currency`", required=True, minimum=0),
        Column("currency", "string", "ISO 4217", required=True),
        Column("impression_count", "bigint", "Times shown", minimum=0, source="impressions"),
        Column("click_count", "bigint", "Times clicked", minimum=0, source="clicks"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
)
