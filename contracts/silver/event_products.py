"""Products that events refer to."""

from __future__ import annotations

from contracts.model import Check, Column, Layer, OnFailure, Pii, Table

# Columns that may lose a claim of their sender; each has a warning of this name.
UNREADABLE = ("product_id", "price_amount", "quantity", "list_position")

EVENT_PRODUCTS = Table(
    name="event_products",
    layer=Layer.SILVER,
    inputs=("silver.events",),
    grain="one row per event and product it names: of its list, or the one it is about",
    doc="E-commerce events with their products taken apart; prices are what the sender claims.",
    key=("event_id", "line_number"),
    columns=(
        Column("event_id", "string", "The event", required=True, references="events.event_id"),
        Column(
            "line_number", "int", "Place in the event's list, from 1; 1 for a single product", required=True
        ),
        Column("event_name", "string", "As sent, e.g. `Product Added`", required=True),
        Column("occurred_at", "timestamp", "When it happened, UTC", required=True),
        Column("visitor_id", "string", "The device", required=True, pii=Pii.PSEUDONYM),
        Column("is_bot", "boolean", "A robot's event", required=True),
        Column("product_id", "bigint", "The product; null when the sender names it in another way"),
        Column("sku", "string", "Stock keeping unit, as sent"),
        Column("price_amount", "decimal(18,4)", "Price of one piece, in `currency`"),
        Column("quantity", "bigint", "Pieces"),
        Column("currency", "string", "ISO 4217"),
        Column("list_position", "bigint", "Position in a list on the page, as sent"),
        Column("cart_id", "string", "Cart it is about"),
        Column("order_id", "bigint", "Order it is about"),
        Column(
            "unreadable_claims",
            "array<string>",
            "Columns of which the sender claims something that cannot be read, or not in one way only",
            required=True,
        ),
    ),
    checks=tuple(
        Check(f"{name}_unreadable", f"NOT array_contains(unreadable_claims, '{name}')", OnFailure.WARN)
        for name in UNREADABLE
    ),
)
