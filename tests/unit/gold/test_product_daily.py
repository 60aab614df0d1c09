"""Views, carts and sales per product and day."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.order_rows import gold_order
from tests.unit.gold.session_rows import event, session


def test_a_product_keeps_sales_without_views_and_views_without_sales(spark: SparkSession) -> None:
    seen = {"event_name": "Product Viewed", "occurred_at": "2026-05-01 22:00:00"}  # 2 May in Berlin
    days = build(
        spark,
        "product_daily",
        gold_order_lines=[{"order_date": "2026-05-02", "product_id": 1, "order_id": 5, "units": 2}],
        gold_sessions=[session("s", "2026-05-01 22:00:00")],
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
            session("s", "10:00", "10:30"),
            session("bot", "10:00", "10:30", visitor_id="bot", is_bot=True),
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
        gold_sessions=[session("s", "10:00", "10:30")],
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
        gold_orders=[
            gold_order(1, day, session_id="a"),
            gold_order(2, day),
            gold_order(3, day, sales_channel="pos"),
        ],
        gold_order_lines=[
            {**line, "order_line_id": n, "order_id": order_id} for n, order_id in enumerate((1, 1, 2, 3), 1)
        ],
        gold_sessions=[session("a", "10:00", "10:30")],
        silver_event_products=[event("Product Added", at, product_id=1) for at in ("10:00", "10:01")],
    )
    assert_rows(days, {"purchases": 3, "cart_orders": 1, "cart_adds": 2, "cart_to_order_rate": "0.5"})
