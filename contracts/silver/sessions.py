"""Sessions."""

from __future__ import annotations

from contracts.model import Column, Layer, Pii, Table

CHANNELS = (
    "paid_search",
    "paid_social",
    "email",
    "affiliate",
    "organic_social",
    "organic_search",
    "other_campaign",
    "referral",
    "direct",
)
DEVICES = ("desktop", "mobile", "tablet", "unknown")

SESSIONS = Table(
    name="sessions",
    layer=Layer.SILVER,
    inputs=("silver.events", "silver.identity_merges"),
    grain="one row per visit: events of one visitor with no gap of more than 30 minutes",
    doc="Visits with where they came from and how far they went; robots are flagged, not dropped.",
    key=("session_id",),
    columns=(
        Column("session_id", "string", "Made of the visitor and the first event", required=True),
        Column(
            "visitor_id",
            "string",
            "The device, or the sender where no device is known",
            required=True,
            pii=Pii.PSEUDONYM,
        ),
        Column(
            "person_id",
            "string",
            "The person behind the visit, as `identity_map` has it; the last who logged in, if several",
            required=True,
            pii=Pii.PSEUDONYM,
        ),
        Column(
            "customer_id",
            "bigint",
            "The person's account, also when the login came on another day; null when unknown",
        ),
        Column("started_at", "timestamp", "First event, UTC", required=True),
        Column("ended_at", "timestamp", "Last event, UTC", required=True),
        Column(
            "channel",
            "string",
            "Where the visit came from, by its first event",
            required=True,
            allowed=CHANNELS,
        ),
        Column("landing_path", "string", "First page"),
        Column("device", "string", "Device of the first event", required=True, allowed=DEVICES),
        Column("is_bot", "boolean", "Any of its events is a robot's", required=True),
        Column("event_count", "bigint", "Events", required=True),
        Column("search_count", "bigint", "Products Searched events", required=True),
        Column("product_view_count", "bigint", "Product Viewed events", required=True),
        Column("cart_add_count", "bigint", "Product Added events", required=True),
        Column("checkout_count", "bigint", "Checkout Started events", required=True),
        Column("payment_count", "bigint", "Payment Info Entered events", required=True),
    ),
)
