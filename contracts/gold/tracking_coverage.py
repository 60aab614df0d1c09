"""Share of sales that the events cover."""

from __future__ import annotations

from contracts.metrics import metric
from contracts.model import Check, Column, Layer, OnFailure, Table

TRACKING_COVERAGE = Table(
    name="tracking_coverage",
    layer=Layer.GOLD,
    inputs=("silver.events", "gold.orders", "gold.sessions"),
    grain="one row per day, sales channel, channel and device with a counted order or a tracked purchase",
    doc=(
        "Counted orders of the shop's database beside the purchases that sessions report, by the order's id"
        " or its number. The database decides; bots' sessions report nothing."
    ),
    key=("coverage_date", "sales_channel", "channel", "device"),
    columns=(
        Column(
            "coverage_date",
            "date",
            "Day of the order; of the report, where the shop does not know the order",
            required=True,
        ),
        Column(
            "sales_channel",
            "string",
            "Where it was sold: web, marketplace, phone …; `unknown` without an order",
            required=True,
        ),
        Column("channel", "string", "Where the visit came from; `untracked` without a visit", required=True),
        Column("device", "string", "Device of the visit; `unknown` without one", required=True),
        metric("orders"),
        metric("tracked_orders"),
        metric("untracked_orders"),
        metric("unknown_purchases"),
        metric("mismatched_orders"),
        metric("untracked_sales"),
        metric("tracking_rate", required=False),
        Column(
            "is_complete", "boolean", "The day is over and its late-data allowance has passed", required=True
        ),
    ),
    checks=(
        Check("every_order_is_tracked_or_not", "orders = tracked_orders + untracked_orders", OnFailure.FAIL),
    ),
)
