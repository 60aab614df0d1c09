"""Customers with their orders, returns and habits."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.order_rows import gold_order


def test_a_customer_is_known_by_orders_returns_and_habits(spark: SparkSession) -> None:
    days = ("2026-01-01", "2026-01-11", "2026-02-01")
    customers = build(
        spark,
        "customer_360",
        silver_customers=[
            {"customer_id": 1, "country_code": "DE"},
            {"customer_id": 2},
            {"customer_id": 3, "is_test": True},
            {"customer_id": 4, "is_deleted": True},
        ],
        gold_orders=[
            *(gold_order(n, day, is_first_order=n == 1, gross_sales="10") for n, day in enumerate(days, 1)),
            gold_order(4, "2026-06-01", person_id="g:x", is_first_order=True, channel="email"),
            gold_order(5, "2026-06-01", person_id="g:y", exclusion_reason="failed"),
        ],
        gold_order_lines=[
            {"order_line_id": n, "person_id": "c:1", "category": category, "units": 2}
            for n, category in enumerate("ba")
        ],
        gold_refund_lines=[{"order_id": 1, "returned_amount": "3"}],
    )
    names = ("person_id", "is_guest", "orders", "net_sales", "favourite_category", "acquisition_channel")
    names = (*names, "recency_days", "rfm_segment", "expected_next_order_date")
    assert_rows(
        customers,
        # gaps of 10 and 21 days: 15 is the median, rounded down
        dict(zip(names, ("c:1", False, 3, "27", "a", "untracked", 150, "lost", "2026-02-16"), strict=True)),
        dict(zip(names, ("c:2", False, 0, 0, None, None, None, "no_orders", None), strict=True)),
        dict(zip(names, ("g:x", True, 1, 0, None, "email", 30, "needs_attention", None), strict=True)),
    )
