"""Orders beside the purchases that visits report."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.visits import counted, event, visit


def report(at: str, order: int, **more: Any) -> dict[str, Any]:
    said = {"order_id": order, "value_amount": "11.90", "currency": "EUR"}
    return event("Order Completed", at, **{**said, "event_id": f"{at}-{order}", **more})


def test_orders_and_reports_are_set_against_each_other(spark: SparkSession) -> None:
    money = {"net_amount": "10.00", "total_amount_original": "11.90", "currency": "EUR"}
    df = build(
        spark,
        "tracking_coverage",
        gold_sessions=[
            visit("s", "10:00", "11:00", channel="email", device="mobile"),
            visit("robot", "10:00", "11:00", visitor_id="robot", is_bot=True),
        ],
        gold_orders=[
            counted(1, "10:01", **money),
            counted(2, "10:02", **money),
            counted(3, "10:03", **money),
            counted(4, "10:04", **money),
            counted(5, "10:05", sales_channel="phone", **money),
            counted(6, "10:06", **money),
            counted(7, "10:07", is_counted=False, **money),
            counted(8, "10:08", **money),
        ],
        silver_events=[
            report("10:01", 1),
            report("10:30", 1, value_amount="99.00"),  # sent again by another page; the first speaks
            report("10:02", 2, value_amount="10.00"),
            report("10:03", 3, currency="USD"),
            report("10:04", 4, value_amount=None),
            report("10:06", 6, visitor_id="robot"),
            report("10:07", 7),
            report("10:59", 999),
            event("Product Viewed", "10:08", order_id=8),
        ],
    )
    names = (
        *("sales_channel", "channel", "device", "orders", "tracked_orders", "untracked_orders"),
        *("unknown_purchases", "mismatched_orders", "untracked_sales", "tracking_rate"),
    )
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("web", "email", "mobile", 4, 4, 0, 0, 2, "0.00", "1"),
                ("web", "untracked", "unknown", 2, 0, 2, 0, 0, "20.00", "0"),
                ("phone", "untracked", "unknown", 1, 0, 1, 0, 0, "10.00", "0"),
                ("unknown", "email", "mobile", 0, 0, 0, 1, 0, "0.00", None),
            )
        ),
    )
