"""Sessions with their person and the orders placed in them."""

from __future__ import annotations

from contracts.metrics import MONEY, metric
from contracts.model import Check, Column, Layer, OnFailure, Pii, Table
from contracts.silver.sessions import CHANNELS, DEVICES

LOOKBACK_DAYS = 90  # how long a session's channel is remembered

SESSIONS = Table(
    name="sessions",
    layer=Layer.GOLD,
    inputs=("silver.sessions", "gold.orders"),
    grain="one row per visit: events of one visitor with no gap of more than 30 minutes",
    doc=(
        "Sessions, their person as orders know it, and the orders bought in them, as `orders` has it. Bots"
        " are flagged; figures elsewhere leave them out."
    ),
    key=("session_id",),
    columns=(
        Column("session_id", "string", "Made of the visitor and the first event", required=True),
        Column("session_date", "date", "Day of its first event, in the shop's time zone", required=True),
        Column(
            "person_id",
            "string",
            "Who ordered in it, else the person's account, else whoever that person ordered as, else `p:` and"
            " the person's uuid",
            required=True,
            pii=Pii.PSEUDONYM,
        ),
        Column("visitor_id", "string", "The device", required=True, pii=Pii.PSEUDONYM),
        Column("customer_id", "bigint", "The person's account; null when unknown"),
        Column("started_at", "timestamp", "First event, UTC", required=True),
        Column("ended_at", "timestamp", "Last event, UTC", required=True),
        Column("channel", "string", "Where the visit came from", required=True, allowed=CHANNELS),
        Column(
            "last_non_direct_channel",
            "string",
            f"Its channel, or when that is `direct` the channel of the person's last visit in {LOOKBACK_DAYS}"
            " days that was not",
            required=True,
            allowed=CHANNELS,
        ),
        Column("landing_path", "string", "First page"),
        Column("device", "string", "Device of the first event", required=True, allowed=DEVICES),
        Column("is_bot", "boolean", "Any of its events is a bot's; no order belongs to it", required=True),
        Column("event_count", "bigint", "Events", required=True),
        Column("search_count", "bigint", "Products Searched events", required=True),
        Column("product_view_count", "bigint", "Product Viewed events", required=True),
        Column("cart_add_count", "bigint", "Product Added events", required=True),
        Column("checkout_count", "bigint", "Checkout Started events", required=True),
        Column("payment_count", "bigint", "Payment Info Entered events", required=True),
        Column("order_id", "bigint", "First counted order bought in it", references="orders.order_id"),
        metric("orders"),
        Column(
            "net_amount",
            MONEY,
            "gross_sales − discounts of its counted orders, before returns, in the reporting currency",
            required=True,
        ),
    ),
    checks=(
        Check("ends_after_it_starts", "ended_at >= started_at", OnFailure.FAIL),
        Check("bots_buy_nothing", "NOT is_bot OR orders = 0", OnFailure.FAIL),
        Check("an_order_is_named", "(orders = 0) = (order_id IS NULL)", OnFailure.FAIL),
    ),
)
