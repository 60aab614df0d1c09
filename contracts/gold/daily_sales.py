"""Sales per day and sales channel."""

from __future__ import annotations

from contracts.metrics import metric
from contracts.model import Check, Column, Layer, OnFailure, Table

DAILY_SALES = Table(
    name="daily_sales",
    layer=Layer.GOLD,
    inputs=("gold.orders", "gold.refund_lines"),
    grain="one row per day and sales channel with an order or a refund",
    doc="Sales by the day they happened; returns by the refund's day, and beside it by the order's.",
    key=("sales_date", "sales_channel"),
    columns=(
        Column("sales_date", "date", "Day in the shop's time zone", required=True),
        Column("sales_channel", "string", "Where it was sold: web, app, store …", required=True),
        metric("placed_orders"),
        metric("orders"),
        metric("excluded_orders"),
        metric("excluded_test_orders"),
        metric("excluded_failed_orders"),
        metric("excluded_cancelled_orders"),
        metric("units"),
        metric("gross_sales"),
        metric("discounts"),
        metric("returns"),
        metric("refunds_without_goods"),
        metric("net_sales"),
        metric("tax"),
        metric("shipping"),
        metric("other_charges"),
        metric("total_sales"),
        metric("returns_by_order_date"),
        metric("net_sales_by_order_date"),
        metric("average_order_value", required=False),
        metric("median_order_value", required=False),
        metric("new_customers"),
        metric("returning_customers"),
        metric("new_customer_sales"),
        metric("returning_customer_sales"),
        Column(
            "is_complete", "boolean", "The day is over and its late-data allowance has passed", required=True
        ),
    ),
    checks=(
        Check("net_sales_adds_up", "net_sales = gross_sales - discounts - returns", OnFailure.FAIL),
        Check(
            "total_sales_adds_up", "total_sales = net_sales + tax + shipping + other_charges", OnFailure.FAIL
        ),
        Check(
            "excluded_orders_add_up",
            "excluded_orders = excluded_test_orders + excluded_failed_orders + excluded_cancelled_orders",
            OnFailure.FAIL,
        ),
    ),
)
