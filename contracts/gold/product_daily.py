"""Products per day, from view to margin."""

from __future__ import annotations

from contracts.metrics import metric
from contracts.model import Check, Column, Layer, OnFailure, Table

PRODUCT_DAILY = Table(
    name="product_daily",
    layer=Layer.GOLD,
    inputs=(
        "gold.orders",
        "gold.order_lines",
        "gold.refund_lines",
        "gold.sessions",
        "silver.event_products",
        "silver.products",
        "silver.categories",
    ),
    grain="one row per day and product that was viewed, put into a cart, sold or given back",
    doc="What products did per day. Name and category are today's; order_lines has those of the sale.",
    key=("sales_date", "product_id"),
    columns=(
        Column("sales_date", "date", "Day in the shop's time zone", required=True),
        Column("product_id", "bigint", "The product", required=True),
        Column("product_name", "string", "Name today; null when the shop does not know the product"),
        Column("category", "string", "Category today"),
        Column("department", "string", "Top of the category's branch"),
        metric("views"),
        metric("cart_adds"),
        metric("purchases"),
        metric("cart_orders"),
        metric("units"),
        metric("gross_sales"),
        metric("discounts"),
        metric("returns"),
        metric("net_sales"),
        metric("view_to_cart_rate", required=False),
        metric("cart_to_order_rate", required=False),
        metric("product_margin", required=False),
        Column(
            "is_complete", "boolean", "The day is over and its late-data allowance has passed", required=True
        ),
    ),
    checks=(
        Check("net_sales_adds_up", "net_sales = gross_sales - discounts - returns", OnFailure.FAIL),
        Check("cart_orders_are_purchases", "cart_orders <= purchases", OnFailure.FAIL),
    ),
)
