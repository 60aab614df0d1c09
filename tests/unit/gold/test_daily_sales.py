"""Sales per day and channel."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.order_rows import gold_order


def test_a_refund_belongs_to_its_own_day_and_stands_beside_the_orders_day(spark: SparkSession) -> None:
    refund = {"order_date": "2026-05-31", "refund_date": "2026-06-02", "sales_channel": "web"}
    returned = {"returned_amount": "5.00", "returned_tax": "0.95", "returned_shipping": "1.00"}
    money = {"gross_sales": "25.00", "discounts": "5.00", "net_amount": "20.00", "line_tax": "3.80"}
    shipping = {"shipping_amount": "4.00", "shipping_tax": "0.76"}
    sales = build(
        spark,
        "daily_sales",
        gold_orders=[gold_order(1, "2026-05-31", **money, **shipping)],
        gold_refund_lines=[{**refund, **returned}],
    )
    names = ("sales_date", "orders", "returns", "net_sales", "tax", "shipping", "total_sales")
    more = ("returns_by_order_date", "net_sales_by_order_date", "average_order_value", "is_complete")
    may = ("2026-05-31", 1, 0, "20.00", "4.56", "4.00", "28.56", "5.00", "15.00", "20.00", True)
    june = ("2026-06-02", 0, "5.00", "-5.00", "-0.95", "-1.00", "-6.95", 0, 0, None, True)
    assert_rows(sales, *(dict(zip((*names, *more), day, strict=True)) for day in (may, june)))


def test_excluded_orders_are_counted_with_their_reason_and_sell_nothing(spark: SparkSession) -> None:
    reasons = ("test", "failed", "cancelled_before_payment")
    sales = build(
        spark,
        "daily_sales",
        gold_orders=[
            gold_order(1, "2026-06-28", net_amount="7", units=2),
            *(
                gold_order(
                    n, "2026-06-28", exclusion_reason=reason, net_amount="99", gross_sales="99", units=9
                )
                for n, reason in enumerate(reasons, 2)
            ),
        ],
    )
    assert_rows(
        sales,
        {
            **{"placed_orders": 3, "orders": 1, "excluded_orders": 3, "units": 2, "gross_sales": 0},
            **{"excluded_test_orders": 1, "excluded_failed_orders": 1, "excluded_cancelled_orders": 1},
            **{"is_complete": False},
        },
    )


def test_new_and_returning_persons_and_the_median(spark: SparkSession) -> None:
    day = "2026-05-01"
    sales = build(
        spark,
        "daily_sales",
        gold_orders=[
            gold_order(1, day, is_first_order=True, net_amount="1.00"),
            gold_order(2, day, net_amount="2.00"),
            gold_order(3, day, net_amount="4.01"),
            gold_order(4, day, net_amount="100.00", person_id="c:2"),
        ],
    )
    assert_rows(
        sales,
        {
            **{"new_customers": 1, "returning_customers": 2, "new_customer_sales": "1.00"},
            **{"returning_customer_sales": "106.01", "median_order_value": "3.00"},  # 3.005, half-even
        },
    )
