"""Orders attributed to channels, by four models."""

from __future__ import annotations

from contracts.gold.sessions import LOOKBACK_DAYS
from contracts.metrics import metric
from contracts.model import Column, Layer, Table

MODELS = ("first_touch", "last_non_direct", "linear", "position")

CHANNEL_ATTRIBUTION = Table(
    name="channel_attribution",
    layer=Layer.GOLD,
    inputs=(
        "gold.orders",
        "gold.sessions",
        "gold.refund_lines",
        "silver.marketing_spend",
        "silver.exchange_rates",
    ),
    grain="one row per day, channel and model with an order or spend",
    doc=(
        "Counted orders, shared out to the session they were bought in and the other sessions of their person"
        f" in the {LOOKBACK_DAYS} days before. Position gives 40 % to the first session, 40 % to the last and"
        " the rest to those between. Orders"
        " without a session are `untracked`. Each model shares out every order to the cent: add up one only."
    ),
    key=("sales_date", "channel", "model"),
    columns=(
        Column("sales_date", "date", "Day of the order, or of the spend", required=True),
        Column("channel", "string", "Where the visit came from; `untracked` without a visit", required=True),
        Column("model", "string", "How an order is shared out", required=True, allowed=MODELS),
        metric("attributed_orders"),
        metric("attributed_sales"),
        metric("spend"),
        metric("roas", required=False),
        Column(
            "is_complete", "boolean", "The day is over and its late-data allowance has passed", required=True
        ),
    ),
)
