"""Carts and their status."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.session_rows import counted, event, session


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
        gold_sessions=[session("s", "10:00", "10:20", channel="email", device="mobile", payment_count=1)],
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
            session("s", "10:00", "10:20", checkout_count=1),
            session("guest", "12:00", "12:10", visitor_id="w", person_id="g:1"),
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


def test_a_cart_bought_in_its_session_is_ordered_whatever_the_order_calls_its_products(
    spark: SparkSession,
) -> None:
    df = carts(
        spark,
        gold_sessions=[
            session("s", "10:00", "10:20"),
            session("untracked", "12:00", visitor_id="w", person_id="c:2"),
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


def test_todays_carts_are_open_and_bots_have_none(spark: SparkSession) -> None:
    today = "2026-06-30 22:00:00"  # midnight in Berlin
    df = carts(
        spark,
        gold_sessions=[
            session("today", today),
            session("robot", "10:00", visitor_id="robot", is_bot=True),
        ],
        silver_event_products=[
            added(today, "open", 1),
            added("10:00", "robot's", 1, visitor_id="robot"),
        ],
    )
    assert_rows(df, {"cart_id": "open", "status": "open", "cart_date": "2026-07-01"})


Moves = list[tuple[str, int, dict[str, Any]]]


def at(price: str | None, currency: str | None = "EUR", **more: Any) -> dict[str, Any]:
    return {"price_amount": price, "currency": currency, **more}


@pytest.mark.parametrize(
    ("moves", "products", "value"),
    [
        pytest.param(
            [("in", 1, at("10")), ("out", 1, at("10")), ("out", 1, at("10")), ("in", 2, at("5"))],
            *(1, "5.00"),
            id="taken out twice",
        ),
        pytest.param(
            [("in", 1, at("10")), ("in", 2, at("5")), ("out", 1, at("12"))],
            *(1, "5.00"),
            id="taken out at another price",
        ),
        pytest.param(
            [("out", 1, at("10")), ("out", 1, at("10")), ("in", 1, at("10"))],
            *(1, "10.00"),
            id="taken out before it was put in",
        ),
        pytest.param(
            [
                ("in", 1, at("10", quantity=2)),
                ("out", 1, at("10", quantity=9)),
                ("in", 1, at("10", quantity=3)),
            ],
            *(1, "30.00"),
            id="put in again after more than all was taken out",
        ),
        pytest.param(
            [("in", 1, at("10", quantity=3)), ("out", 1, at(None, None))], *(1, "20.00"), id="no price out"
        ),
        pytest.param(
            [("in", 1, at("10")), ("in", 1, at("12"))], *(1, "24.00"), id="the price that it had last"
        ),
        pytest.param([("in", 1, at("10", quantity=None))], *(1, "10.00"), id="no quantity"),
        pytest.param(
            [("in", 1, at("10", quantity=3)), ("out", 1, at("10", quantity=-1))],
            *(1, "20.00"),
            id="taken out with a minus",
        ),
        pytest.param([("in", 1, at("10")), ("out", 1, at("10"))], *(0, "0.00"), id="emptied"),
        pytest.param([("in", 1, at("10")), ("in", 2, at(None))], *(2, None), id="a price is unknown"),
        pytest.param([("in", 1, at("10")), ("in", 2, at("-1"))], *(2, None), id="a price below zero"),
        pytest.param(
            [("in", 1, at("10", quantity=None, unreadable_claims=["quantity"])), ("in", 2, at("5"))],
            *(2, None),
            id="a quantity that cannot be read",
        ),
        pytest.param([("in", 1, at("0"))], *(1, "0.00"), id="a gift"),
        pytest.param([("in", 1, at("10")), ("in", 2, at("1000", "JPY"))], *(2, "16.81"), id="two currencies"),
        pytest.param(
            [("in", 1, at("10")), ("in", 2, at("1000", "XTS"))], *(2, None), id="a currency without a rate"
        ),
        pytest.param(
            [("in", 1, at("10")), ("in", 2, at("1000", "XTS")), ("out", 2, at("1000", "XTS"))],
            *(1, "10.00"),
            id="a currency without a rate that is out again",
        ),
        pytest.param(
            [("in", 1, at("10")), ("in", 1, at("1000", "JPY"))], *(1, "13.62"), id="priced anew in a currency"
        ),
        pytest.param(
            [("in", 1, at("10", None)), ("in", 2, at("1000", "JPY")), ("in", 3, at("1000", None))],
            *(3, "13.69"),  # 2,010 JPY
            id="the currency that the cart named last or first",
        ),
        pytest.param([("in", 1, at("10", None))], *(1, None), id="no currency"),
        pytest.param(
            [("in", None, at("3", sku="A")), ("in", None, at("4", sku="B")), ("out", None, at("3", sku="A"))],
            *(1, "4.00"),
            id="products known by their sku",
        ),
        pytest.param(
            [("in", 1, at("99999999999999.99", quantity=999_999_999))] * 3 + [("in", 2, at("5"))],
            *(2, None),
            id="more than money can hold",
        ),
        pytest.param(
            [
                ("in", 1, at("1", quantity=9223372036854775807)),
                ("out", 1, at("1", quantity=9223372036854775807)),
                ("in", 2, at("5")),
            ],
            *(1, "5.00"),
            id="the largest quantity, taken out again",
        ),
    ],
)
def test_a_carts_value_is_what_is_left_in_it(
    spark: SparkSession, moves: Moves, products: int, value: str | None
) -> None:
    df = carts(
        spark,
        gold_sessions=[session("s", "10:00", "10:59")],
        silver_event_products=[
            (added if name == "in" else removed)(f"10:{minute:02}", "a", product, **said)
            for minute, (name, product, said) in enumerate(moves)
        ],
        silver_exchange_rates=[
            {"rate_date": "2026-05-02", "base_currency": "JPY", "quote_currency": "EUR", "rate": "0.00681"},
            {"rate_date": "2026-05-01", "base_currency": "XTS", "quote_currency": "EUR", "rate": "1"},
        ],
    )
    assert_rows(df, {"cart_id": "a", "product_count": products, "cart_value": value})


def test_each_currency_of_a_cart_is_rounded_then_added(spark: SparkSession) -> None:
    df = carts(
        spark,
        gold_sessions=[session("s", "10:00", "10:30")],
        silver_event_products=[
            added("10:01", "a", 1, **at("0.10", "GBP")),
            added("10:02", "a", 2, **at("0.30", "GBP")),
            added("10:03", "a", 3, **at("0.01", "USD")),
        ],
        silver_exchange_rates=[
            {"rate_date": "2026-05-02", "base_currency": name, "quote_currency": "EUR", "rate": rate}
            for name, rate in (("GBP", "1.15"), ("USD", "0.5"))
        ],
    )
    assert_rows(df, {"cart_id": "a", "cart_value": "0.46"})  # 0.40 GBP are 0.46, 0.01 USD are 0.005: 0.00


def test_a_cart_on_a_shared_device_is_bought_by_whoever_orders_in_its_session(spark: SparkSession) -> None:
    df = carts(
        spark,
        gold_sessions=[session("shared", "10:00", "10:30", person_id="c:1")],
        silver_event_products=[
            added("10:01", "of the first", 1),
            added("10:11", "of the second", 2),
            added("10:21", "of nobody", 3),
        ],
        gold_orders=[
            counted(1, "10:10", session_id="shared"),
            counted(2, "10:20", session_id="shared", person_id="c:2"),
            counted(3, "10:25", person_id="c:2"),  # neither of this session nor of its person
        ],
        gold_order_lines=[{"order_line_id": 3, "order_id": 3, "product_id": 3}],
    )
    assert_rows(
        df,
        {"cart_id": "of the first", "order_id": 1, "status": "ordered"},
        {"cart_id": "of the second", "order_id": 2, "status": "ordered"},
        {"cart_id": "of nobody", "order_id": None, "status": "abandoned"},
    )
