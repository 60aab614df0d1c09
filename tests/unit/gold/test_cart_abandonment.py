"""Carts and what became of them."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.visits import counted, event, visit


def moved(name: str, at: str, cart: str | None, product: int, **more: Any) -> dict[str, Any]:
    said = {"cart_id": cart, "product_id": product, "price_amount": "10.00", "currency": "EUR", "quantity": 1}
    return event(name, at, **{"line_number": 1, **said, **more})


def added(at: str, cart: str | None, product: int, **more: Any) -> dict[str, Any]:
    return moved("Product Added", at, cart, product, **more)


def removed(at: str, cart: str | None, product: int, **more: Any) -> dict[str, Any]:
    return moved("Product Removed", at, cart, product, **more)


def carts(spark: SparkSession, **given: list[dict[str, Any]]) -> DataFrame:
    return build(spark, "cart_abandonment", **given)


def test_a_cart_holds_what_was_not_taken_out_in_the_reporting_currency(spark: SparkSession) -> None:
    df = carts(
        spark,
        gold_sessions=[visit("s", "10:00", "10:20", channel="email", device="mobile", payment_count=1)],
        silver_event_products=[
            added("10:01", "a", 1, quantity=3, currency="USD"),
            added("10:02", "a", 2, price_amount="5.55", currency="USD"),
            removed("10:03", "a", 1, currency="USD"),
            removed("10:04", "a", 2, price_amount="5.55", currency="USD"),
            added("10:05", None, 1, currency="JPY"),
            added("10:06", "emptied", 1),
            removed("10:07", "emptied", 1),
            removed("10:08", "never filled", 1),
        ],
        silver_exchange_rates=[
            {"rate_date": "2026-05-02", "base_currency": "USD", "quote_currency": "EUR", "rate": "0.91"}
        ],
    )
    names = (
        "cart_id",
        "product_count",
        "cart_value",
        "status",
        "stage_reached",
        "first_activity_at",
        "device",
    )
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("a", 1, "18.20", "abandoned", "payment", "2026-05-02 10:01:00", "mobile"),
                ("session:s", 1, None, "abandoned", "payment", "2026-05-02 10:05:00", "mobile"),
                ("emptied", 0, "0.00", "emptied", "payment", "2026-05-02 10:06:00", "mobile"),
            )
        ),
    )


def test_an_abandoned_cart_bought_later_is_recovered_however_late(spark: SparkSession) -> None:
    df = carts(
        spark,
        gold_sessions=[
            visit("s", "10:00", "10:20", checkout_count=1),
            visit("guest", "12:00", "12:10", visitor_id="w", person_id="g:1"),
        ],
        silver_event_products=[
            added("10:01", "bought later", 1),
            added("10:02", "not this product", 2),
            added("12:00", "of someone else", 1, visitor_id="w"),
        ],
        gold_orders=[
            counted(1, "09:00"),  # before the cart
            counted(2, "2026-06-20 10:00:00", is_counted=False),
            counted(3, "2026-06-21 10:00:00"),
            counted(4, "2026-06-22 10:00:00"),
        ],
        gold_order_lines=[
            {"order_line_id": number, "order_id": number, "product_id": 1} for number in (1, 2, 3, 4)
        ],
    )
    names = ("cart_id", "status", "stage_reached", "order_id", "recovered_at")
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("bought later", "recovered", "order", 3, "2026-06-21 10:00:00"),
                ("not this product", "abandoned", "checkout", None, None),
                ("of someone else", "abandoned", "cart", None, None),
            )
        ),
    )


def test_a_cart_bought_in_its_visit_is_ordered_whatever_the_order_calls_its_products(
    spark: SparkSession,
) -> None:
    df = carts(
        spark,
        gold_sessions=[
            visit("s", "10:00", "10:20"),
            visit("untracked", "12:00", visitor_id="w", person_id="c:2"),
        ],
        silver_event_products=[
            added("10:01", "tracked", 1),
            added("12:00", "bought after 30 minutes", 1, visitor_id="w"),
        ],
        gold_orders=[counted(1, "10:20", session_id="s"), counted(2, "12:30", person_id="c:2")],
        gold_order_lines=[{"order_line_id": 1, "order_id": 2, "product_id": 1}],
    )
    assert_rows(
        df,
        {"cart_id": "tracked", "status": "ordered", "order_id": 1, "recovered_at": None},
        {"cart_id": "bought after 30 minutes", "status": "ordered", "order_id": 2, "recovered_at": None},
    )


def test_todays_carts_are_open_and_robots_have_none(spark: SparkSession) -> None:
    today = "2026-06-30 22:00:00"  # midnight in Berlin
    df = carts(
        spark,
        gold_sessions=[
            visit("today", today),
            visit("robot", "10:00", visitor_id="robot", is_bot=True),
        ],
        silver_event_products=[
            added(today, "open", 1),
            added("10:00", "robot's", 1, visitor_id="robot"),
        ],
    )
    assert_rows(df, {"cart_id": "open", "status": "open", "cart_date": "2026-07-01"})
