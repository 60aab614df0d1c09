"""Refunds by line, with shipping and the rest as separate lines."""

from __future__ import annotations

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
