"""Carts: ordered, abandoned, or recovered later."""

from __future__ import annotations

from contracts.metrics import MONEY
from contracts.model import Check, Column, Layer, OnFailure, Pii, Table
from contracts.silver.sessions import CHANNELS, DEVICES

STAGES = ("cart", "checkout", "payment", "order")
STATUSES = (
    "ordered",  # ordered in the session it was started in
    "recovered",  # ordered later, however late
    "abandoned",
    "emptied",  # nothing is left in it
    "open",  # last changed today
)

CART_ABANDONMENT = Table(
    name="cart_abandonment",
    layer=Layer.GOLD,
    inputs=(
        "silver.event_products",
        "gold.sessions",
        "gold.orders",
        "gold.order_lines",
        "silver.exchange_rates",
    ),
    grain="one row per cart that a product was added to, bots left out",
    doc=(
        "Carts and what became of them. A cart is bought by the first counted order since it was begun that"
        " was bought in the session it was begun in, or that is its person's and holds one of its products."
        " Taking out more units than there are leaves none."
    ),
    key=("cart_id",),
    columns=(
        Column(
            "cart_id",
            "string",
            "As the sender names it; `session:` and the visit where it names none",
            required=True,
        ),
        Column("cart_date", "date", "Day of its first activity, in the shop's time zone", required=True),
        Column(
            "session_id", "string", "Visit it was begun in", required=True, references="sessions.session_id"
        ),
        Column("person_id", "string", "Whose it is", required=True, pii=Pii.PSEUDONYM),
        Column("channel", "string", "Where that visit came from", required=True, allowed=CHANNELS),
        Column("device", "string", "Device of that visit", required=True, allowed=DEVICES),
        Column("first_activity_at", "timestamp", "First product put in or taken out, UTC", required=True),
        Column("last_activity_at", "timestamp", "Last product put in or taken out, UTC", required=True),
        Column("product_count", "bigint", "Different products left in it", required=True),
        Column(
            "cart_value",
            MONEY,
            "Units left in it × the price each product last had in it, as its events claim, in the reporting"
            " currency: each currency is converted at the rate of the cart's day, then added. Null when a"
            " product's price is not named, its quantity cannot be read or a currency has no rate",
        ),
        Column(
            "stage_reached",
            "string",
            "How far the visits went in which it was touched; `order` once it is bought",
            required=True,
            allowed=STAGES,
        ),
        Column("status", "string", "What became of it", required=True, allowed=STATUSES),
        Column("order_id", "bigint", "The order that bought it", references="orders.order_id"),
        Column("recovered_at", "timestamp", "When an abandoned cart was bought after all, UTC"),
    ),
    checks=(
        Check(
            "bought_has_an_order",
            "(status IN ('ordered', 'recovered')) = (order_id IS NOT NULL)",
            OnFailure.FAIL,
        ),
        Check(
            "recovered_has_a_moment", "(status = 'recovered') = (recovered_at IS NOT NULL)", OnFailure.FAIL
        ),
    ),
)
