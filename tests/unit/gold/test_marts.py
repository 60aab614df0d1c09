"""The marts that people look at."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from contracts.model import Layer
from contracts.registry import TABLES, tables_of
from spark_jobs.build.quality import violations
from spark_jobs.gold import BUILD
from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.visits import event, visit


def order(number: int, day: str, **given_columns: Any) -> dict[str, Any]:
    counted = {"is_counted": "exclusion_reason" not in given_columns, "exclusion_reason": None}
    placed = {"order_date": day, "placed_at": f"{day} 10:00:00", "person_id": "c:1", "sales_channel": "web"}
    return {"order_id": number, **counted, **placed, **given_columns}


def test_every_mart_has_its_function_and_an_empty_shop_breaks_no_check(spark: SparkSession) -> None:
    assert set(BUILD) == {table.name for table in tables_of(Layer.GOLD)}
    for mart in BUILD:
        assert violations(build(spark, mart), TABLES[f"gold.{mart}"]) == {}


def test_a_refund_belongs_to_its_own_day_and_stands_beside_the_orders_day(spark: SparkSession) -> None:
    refund = {"order_date": "2026-05-31", "refund_date": "2026-06-02", "sales_channel": "web"}
    returned = {"returned_amount": "5.00", "returned_tax": "0.95", "returned_shipping": "1.00"}
    money = {"gross_sales": "25.00", "discounts": "5.00", "net_amount": "20.00", "line_tax": "3.80"}
    shipping = {"shipping_amount": "4.00", "shipping_tax": "0.76"}
    sales = build(
        spark,
        "daily_sales",
        gold_orders=[order(1, "2026-05-31", **money, **shipping)],
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
            order(1, "2026-06-28", net_amount="7", units=2),
            *(
                order(n, "2026-06-28", exclusion_reason=reason, net_amount="99", gross_sales="99", units=9)
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
            order(1, day, is_first_order=True, net_amount="1.00"),
            order(2, day, net_amount="2.00"),
            order(3, day, net_amount="4.01"),
            order(4, day, net_amount="100.00", person_id="c:2"),
        ],
    )
    assert_rows(
        sales,
        {
            **{"new_customers": 1, "returning_customers": 2, "new_customer_sales": "1.00"},
            **{"returning_customer_sales": "106.01", "median_order_value": "3.00"},  # 3.005, half-even
        },
    )


def test_a_product_keeps_sales_without_views_and_views_without_sales(spark: SparkSession) -> None:
    seen = {"event_name": "Product Viewed", "occurred_at": "2026-05-01 22:00:00"}  # 2 May in Berlin
    days = build(
        spark,
        "product_daily",
        gold_order_lines=[{"order_date": "2026-05-02", "product_id": 1, "order_id": 5, "units": 2}],
        gold_sessions=[visit("s", "2026-05-01 22:00:00")],
        silver_event_products=[
            {**seen, "visitor_id": "v", "event_id": name, "product_id": product}
            for name, product in (("a", 2), ("c", 2), ("e", None))
        ]
        + [{**seen, "visitor_id": "v", "event_id": "b", "product_id": 2, "event_name": "Product Added"}],
    )
    assert_rows(
        days,
        *(
            dict(zip(("product_id", "sales_date", "views", "units", "view_to_cart_rate"), row, strict=True))
            for row in ((1, "2026-05-02", 0, 2, None), (2, "2026-05-02", 2, 0, "0.5"))
        ),
    )


def test_a_bots_session_sees_nothing_not_even_by_the_events_that_hide_the_bot(spark: SparkSession) -> None:
    # One event names the bot; the others of the session look like a person's.
    seen = [
        event("Product Viewed", "10:00", visitor_id="bot", product_id=1, is_bot=True),
        event("Product Viewed", "10:01", visitor_id="bot", product_id=1),
        event("Product Added", "10:02", visitor_id="bot", product_id=1),
        event("Product Viewed", "10:03", product_id=1),
    ]
    days = build(
        spark,
        "product_daily",
        gold_sessions=[
            visit("s", "10:00", "10:30"),
            visit("bot", "10:00", "10:30", visitor_id="bot", is_bot=True),
        ],
        silver_event_products=seen,
    )
    assert_rows(days, {"product_id": 1, "views": 1, "cart_adds": 0})


def test_an_event_about_several_products_counts_for_each_of_them_once(spark: SparkSession) -> None:
    added = event("Product Added", "10:00")
    viewed = event("Product Viewed", "10:01")
    days = build(
        spark,
        "product_daily",
        gold_sessions=[visit("s", "10:00", "10:30")],
        silver_event_products=[
            {**added, "line_number": 1, "product_id": 7, "quantity": 3},
            {**added, "line_number": 2, "product_id": 8},
            {**added, "line_number": 3, "product_id": 7},  # in another size
            {**viewed, "line_number": 1, "product_id": 8},
            {**viewed, "line_number": 2, "product_id": None},
            event("Cart Viewed", "10:02", product_id=8),
        ],
    )
    assert_rows(
        days,
        {"product_id": 7, "views": 0, "cart_adds": 1},
        {"product_id": 8, "views": 1, "cart_adds": 1},
    )


def test_only_orders_with_a_session_are_set_against_carts(spark: SparkSession) -> None:
    day = "2026-05-02"
    line = {"order_date": day, "product_id": 1, "units": 1}
    days = build(
        spark,
        "product_daily",
        gold_orders=[order(1, day, session_id="a"), order(2, day), order(3, day, sales_channel="pos")],
        gold_order_lines=[
            {**line, "order_line_id": n, "order_id": order_id} for n, order_id in enumerate((1, 1, 2, 3), 1)
        ],
        gold_sessions=[visit("a", "10:00", "10:30")],
        silver_event_products=[event("Product Added", at, product_id=1) for at in ("10:00", "10:01")],
    )
    assert_rows(days, {"purchases": 3, "cart_orders": 1, "cart_adds": 2, "cart_to_order_rate": "0.5"})


def test_the_funnel_trusts_the_database_and_leaves_bots_out(spark: SparkSession) -> None:
    visit = {"started_at": "2026-05-01 10:00:00", "channel": "email", "device": "mobile"}
    later = {**visit, "started_at": "2026-05-08 10:00:00"}
    funnel = build(
        spark,
        "funnel_daily",
        gold_orders=[
            order(1, "2026-05-01", session_id="a"),
            order(2, "2026-05-01", session_id="a"),
            order(3, "2026-05-01", session_id="b", exclusion_reason="failed"),
            order(4, "2026-05-01"),
        ],
        silver_sessions=[
            {**visit, "session_id": "a", "product_view_count": 3},
            {**visit, "session_id": "b"},
            {**visit, "session_id": "c"},
            {**visit, "session_id": "d", "is_bot": True},
            {**later, "session_id": "e"},
        ],
    )
    names = ("session_date", "sessions", "product_view_sessions", "purchase_sessions", "conversion_rate")
    names = (*names, "sessions_week_before", "purchase_sessions_week_before", "sessions_year_before")
    assert_rows(
        funnel,
        dict(zip(names, ("2026-05-01", 3, 1, 1, "0.333333", 0, 0, 0), strict=True)),
        dict(zip(names, ("2026-05-08", 1, 0, 0, "0", 3, 1, 0), strict=True)),
    )


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
            *(order(n, day, is_first_order=n == 1, gross_sales="10") for n, day in enumerate(days, 1)),
            order(4, "2026-06-01", person_id="g:x", is_first_order=True, channel="email"),
            order(5, "2026-06-01", person_id="g:y", exclusion_reason="failed"),
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
        # gaps of 10 and 21 days: 15 is the median, half days cut off
        dict(zip(names, ("c:1", False, 3, "27", "a", "untracked", 150, "lost", "2026-02-16"), strict=True)),
        dict(zip(names, ("c:2", False, 0, 0, None, None, None, "no_orders", None), strict=True)),
        dict(zip(names, ("g:x", True, 1, 0, None, "email", 30, "needs_attention", None), strict=True)),
    )


def test_a_month_that_is_not_over_is_compared_with_as_many_days(spark: SparkSession) -> None:
    # The build speaks of 1 July in Berlin: July has one day so far.
    sales = [("2026-04-30", "1"), ("2026-05-31", "100"), ("2026-06-01", "10"), ("2026-06-30", "40")]
    trends = build(
        spark,
        "order_trends",
        gold_daily_sales=[
            {"sales_date": day, "sales_channel": "web", "orders": 1, "net_sales": net}
            for day, net in [*sales, ("2026-07-01", "5")]
        ],
    ).where("period = 'month'")
    names = ("period_start_date", "days_elapsed", "net_sales", "net_sales_previous", "net_sales_change_share")
    names = (*names, "net_sales_moving_average", "is_complete")
    assert_rows(
        trends,
        dict(zip(names, ("2026-04-01", 30, "1", None, None, None, True), strict=True)),
        dict(zip(names, ("2026-05-01", 31, "100", None, None, None, True), strict=True)),
        dict(zip(names, ("2026-06-01", 30, "50", "100", "-0.5", None, False), strict=True)),
        dict(zip(names, ("2026-07-01", 1, "5", "10", "-0.5", None, False), strict=True)),
    )


def test_weeks_start_on_monday_and_gaps_are_rows_too(spark: SparkSession) -> None:
    trends = build(
        spark,
        "order_trends",
        gold_daily_sales=[
            {"sales_date": day, "sales_channel": "web", "orders": 1, "net_sales": "8"}
            for day in ("2026-05-04", "2026-05-31")
        ],
    ).where("period = 'week'")
    starts = ("2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25")
    assert_rows(
        trends,
        *(
            {
                "period_start_date": start,
                "orders": int(n % 3 == 0),
                "net_sales_moving_average": "4" if n == 3 else None,
            }
            for n, start in enumerate(starts)
        ),
    )
