"""Every order a customer placed, cancelled and test orders included."""

from __future__ import annotations

from contracts.limits import KEY_TEXT_LENGTH
from contracts.model import Check, Column, Layer, OnFailure, Pii, Table

ORDER_STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled", "failed")
ORDERS = Table(
    name="orders",
    layer=Layer.SILVER,
    inputs=("shop.orders",),
    grain="one row per order, in its latest known state",
    doc="Every order a customer placed, cancelled and test orders included.",
    key=("order_id",),
    newest_by=("updated_at",),
    columns=(
        Column("order_id", "bigint", "Identifier given by the shop", required=True, source="id"),
        Column("order_number", "string", "The number the customer sees", required=True),
        Column("customer_id", "bigint", "Who placed it; null for a guest"),
        Column(
            "email_pseudonym",
            "string",
            "Keyed pseudonym of the normalised e-mail address typed at checkout",
            pii=Pii.PSEUDONYM,
        ),
        Column("status", "string", "Where the order is in its life", required=True, allowed=ORDER_STATUSES),
        Column(
            "sales_channel",
            "string",
            "Where it was sold: web, app, store …",
            required=True,
            max_length=KEY_TEXT_LENGTH,
        ),
        Column("currency", "string", "ISO 4217", required=True),
        Column("prices_include_tax", "boolean", "Line prices and discounts contain tax", required=True),
        Column(
            "discount_amount",
            "decimal(18,4)",
            "Order-level discount, with or without tax as the prices are, in `currency`",
            required=True,
            minimum=0,
        ),
        Column(
            "shipping_amount",
            "decimal(18,4)",
            "Charged for shipping, without tax, in `currency`",
            required=True,
            minimum=0,
        ),
        Column(
            "shipping_tax_amount", "decimal(18,4)", "Tax on shipping, in `currency`", required=True, minimum=0
        ),
        Column(
            "tax_amount",
            "decimal(18,4)",
            "Tax of lines and shipping, in `currency`",
            required=True,
            minimum=0,
        ),
        Column(
            "total_amount",
            "decimal(18,4)",
            "What the customer pays, tax included, in `currency`",
            required=True,
            minimum=0,
        ),
        Column("coupon_id", "bigint", "The coupon entered"),
        Column("is_test", "boolean", "The shop marks it as a test", required=True),
        Column("shipping_address_id", "bigint", "Where it goes"),
        Column("billing_address_id", "bigint", "Where the bill goes"),
        Column("placed_at", "timestamp", "When it was placed, UTC", required=True),
        Column("paid_at", "timestamp", "When it was paid; null while it is not, UTC"),
        Column("cancelled_at", "timestamp", "When it was cancelled, UTC"),
        Column("created_at", "timestamp", "When the row was made, UTC"),
        Column("updated_at", "timestamp", "When the row last changed, UTC", required=True),
    ),
    checks=(Check("paid_after_placed", "paid_at >= placed_at", OnFailure.WARN),),
)
