"""What went back: lines, shipping and the rest, in every mart that shows it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import violations
from tests.unit.dataframes import assert_rows, build

COUNTED = {"is_counted": True, "exchange_rate": "0.88", "currency": "USD", "order_date": "2026-05-04"}
OF_MAY = {"rate_date": "2026-05-04", "quote_currency": "EUR"}
RATES = [
    {**OF_MAY, "base_currency": "USD", "rate": "0.88"},
    {**OF_MAY, "base_currency": "GBP", "rate": "1.15"},
    {**OF_MAY, "rate_date": "2026-06-01", "base_currency": "GBP", "rate": "9"},
]


def refunds_of(spark: SparkSession, *refunds: dict[str, Any], lines: list[dict[str, Any]]) -> DataFrame:
    return build(
        spark,
        "refund_lines",
        gold_orders=[{"order_id": 1, **COUNTED}],
        silver_refunds=[{"order_id": 1, "refunded_at": "2026-06-01 10:00:00", **row} for row in refunds],
        silver_refund_lines=lines,
        silver_exchange_rates=RATES,
    )


def test_refunds_are_converted_at_the_rate_of_the_original_order(spark: SparkSession) -> None:
    counted = {"is_counted": True, "exchange_rate": "0.9", "order_date": "2026-05-04"}
    refunds = build(
        spark,
        "refund_lines",
        gold_orders=[{"order_id": 1, **counted}, {"order_id": 2, **counted, "is_counted": False}],
        silver_refunds=[
            {
                **{"refund_id": 1, "order_id": 1, "refunded_at": "2026-06-30 22:00:00"},
                **{"shipping_amount": "5", "total_amount": "16.05"},
            },
            {"refund_id": 2, "order_id": 2},
            {"refund_id": 3, "order_id": 1, "is_deleted": True},
        ],
        silver_refund_lines=[
            {"refund_line_id": 1, "refund_id": 1, "order_line_id": 4, "amount": "10.05", "tax_amount": "1"},
            {"refund_line_id": 2, "refund_id": 2, "amount": "99"},
            {"refund_line_id": 3, "refund_id": 3, "amount": "99"},
            {"refund_line_id": 4, "refund_id": 1, "amount": "99", "is_deleted": True},
        ],
        silver_order_lines=[{"order_line_id": 4, "order_id": 1, "product_id": 7}],
    )
    shared = {"refund_date": "2026-07-01", "order_date": "2026-05-04"}
    assert_rows(
        refunds,
        {
            **shared,
            **{"refund_line_key": "line:1", "product_id": 7},
            **{"returned_amount": "9.04", "returned_tax": "0.90", "returned_shipping": 0},
        },
        {
            **shared,
            **{"refund_line_key": "shipping:1", "product_id": None},
            **{"returned_amount": 0, "returned_tax": 0, "returned_shipping": "4.50"},
        },
    )


def test_a_refund_in_another_currency_than_its_order_keeps_its_own(spark: SparkSession) -> None:
    found = refunds_of(
        spark,
        {"refund_id": 1, "currency": "USD", "total_amount": "10"},
        {"refund_id": 2, "currency": "EUR", "total_amount": "10"},
        {"refund_id": 3, "currency": "GBP", "total_amount": "15", "shipping_amount": "5"},
        {"refund_id": 4, "currency": "INR", "total_amount": "10"},
        lines=[{"refund_line_id": n, "refund_id": n, "amount": "10"} for n in (1, 2, 3, 4)],
    )
    names = ("refund_line_key", "currency", "exchange_rate", "returned_amount", "returned_shipping")
    assert_rows(
        found,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("line:1", "USD", "0.88", "8.80", 0),
                ("line:2", "EUR", "1", "10.00", 0),
                ("line:3", "GBP", "1.15", "11.50", 0),
                ("shipping:3", "GBP", "1.15", 0, "5.75"),
                ("line:4", "INR", None, None, 0),
            )
        ),
    )
    assert violations(found, TABLES["gold.refund_lines"]) == {
        "exchange_rate_required": 1,
        "returned_amount_required": 1,
        "returned_tax_required": 1,
    }


def test_what_no_line_of_a_refund_carries_is_its_rest(spark: SparkSession) -> None:
    shipping = {"shipping_amount": "4.00", "shipping_tax_amount": "0.76"}
    found = refunds_of(
        spark,
        {"refund_id": 1, "currency": "EUR", "total_amount": "50.00"},
        {"refund_id": 2, "currency": "EUR", "total_amount": "20.00", **shipping},
        {"refund_id": 3, "currency": "EUR", "total_amount": "11.90"},
        {"refund_id": 4, "currency": "EUR", "total_amount": "5.00"},
        {"refund_id": 5, "currency": "EUR", "total_amount": "11.90"},
        lines=[
            *(
                {"refund_line_id": n, "refund_id": n, "amount": "10.00", "tax_amount": "1.90"}
                for n in (2, 3, 4)
            ),
            {"refund_line_id": 5, "refund_id": 5, "amount": "10.00", "is_deleted": True},
        ],
    )
    assert_rows(
        found.where("kind = 'rest'"),
        *(
            {
                **{"refund_line_key": f"rest:{n}", "returned_amount": amount, "returned_tax": 0},
                **{"returned_shipping": 0, "order_line_id": None, "product_id": None, "units": 0},
            }
            for n, amount in ((1, "50.00"), (2, "3.34"), (5, "11.90"))
        ),
    )


def test_every_mart_with_returns_counts_every_refund_once(spark: SparkSession) -> None:
    """A line that the shop has deleted and an amount without a line are given back all the same."""
    order = {
        **{"is_counted": True, "net_amount": "0"},
        **{"order_date": "2026-05-04", "placed_at": "2026-05-04 10:00:00"},
    }
    orders = [{"order_id": 1, "person_id": "c:1", **order}, {"order_id": 2, "person_id": "g:x", **order}]
    shop = {
        "silver_order_lines": [
            {"order_line_id": 1, "order_id": 1, "product_id": 7, "quantity": 1, "unit_price_amount": "30"},
            {"order_line_id": 2, "order_id": 2, "product_id": 8, "is_deleted": True},
        ]
    }
    line = {"order_date": "2026-05-04", "refund_date": "2026-06-01"}
    back = [
        {
            **line,
            "refund_line_key": "line:1",
            "kind": "line",
            "order_id": 1,
            "order_line_id": 1,
            "product_id": 7,
        },
        {
            **line,
            "refund_line_key": "line:2",
            "kind": "line",
            "order_id": 2,
            "order_line_id": 2,
            "product_id": 8,
        },
        {**line, "refund_line_key": "rest:3", "kind": "rest", "order_id": 2},
    ]
    for row, amount in zip(back, ("10.00", "83.03", "50.00"), strict=True):
        row["returned_amount"] = amount
    sold = build(
        spark,
        "order_lines",
        gold_orders=[{**each, "exchange_rate": 1} for each in orders],
        silver_orders=[{"order_id": n} for n in (1, 2)],
        gold_refund_lines=back,
        **shop,
    )
    of_lines = [{"order_line_id": 1, "order_id": 1, "product_id": 7, "order_date": "2026-05-04"}]
    days = build(spark, "daily_sales", gold_orders=orders, gold_refund_lines=back)
    products = build(spark, "product_daily", gold_order_lines=of_lines, gold_refund_lines=back)
    people = build(spark, "customer_360", gold_orders=orders, gold_refund_lines=back)
    credited = build(spark, "channel_attribution", gold_orders=orders, gold_refund_lines=back)

    def total(df: DataFrame, figure: str) -> Decimal:
        return sum((row[0] for row in df.select(figure).collect()), Decimal(0))

    assert total(days, "returns") == total(people, "returns") == Decimal("143.03")
    assert total(days, "returns_by_order_date") == Decimal("143.03")
    assert total(days, "refunds_without_goods") == Decimal(50)
    assert total(products, "returns") == total(days, "returns") - total(days, "refunds_without_goods")
    assert total(days, "net_sales") == total(people, "net_sales")
    assert total(credited.where("model = 'linear'"), "attributed_sales") == total(days, "net_sales")
    assert_rows(
        sold, {"order_line_id": 1, "returns_by_order_date": "10.00", "net_sales_by_order_date": "20.00"}
    )
    assert_rows(
        people, *({"person_id": who, "returns": back} for who, back in (("c:1", "10"), ("g:x", "133.03")))
    )
