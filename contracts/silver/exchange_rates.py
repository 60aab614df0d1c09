"""Exchange rates that the shop uses."""

from __future__ import annotations

from contracts.currencies import RATE
from contracts.model import Check, Column, Layer, OnFailure, Table

EXCHANGE_RATES = Table(
    name="exchange_rates",
    layer=Layer.SILVER,
    inputs=("shop.exchange_rates",),
    grain="one row per day and currency pair",
    doc="Rates the shop uses.",
    key=(
        "rate_date",
        "base_currency",
        "quote_currency",
    ),
    newest_by=("updated_at",),
    columns=(
        Column("rate_date", "date", "The day it holds", required=True),
        Column("base_currency", "string", "ISO 4217", required=True),
        Column("quote_currency", "string", "ISO 4217", required=True),
        Column("rate", RATE, "One unit of base in quote", required=True),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
    checks=(Check("rate_is_positive", "rate > 0", OnFailure.QUARANTINE),),
)
