"""Products and costs as they were when a line was sold, and what came back of it."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.gold.catalogue import product_spans
from spark_jobs.lib.quality import newest_state
from tests.unit.dataframes import assert_rows, build, cleaned


def lines_sold_at(spark: SparkSession, *moments: str, **inputs: list[dict[str, Any]]):
    numbers = range(1, len(moments) + 1)
    counted = {"is_counted": True, "exchange_rate": 1}
    return build(
        spark,
        "order_lines",
        gold_orders=[
            {"order_id": n, "placed_at": at, **counted} for n, at in zip(numbers, moments, strict=True)
        ],
        silver_orders=[{"order_id": n} for n in numbers],
        silver_order_lines=[
            {"order_line_id": n, "order_id": n, "product_id": 7, "quantity": 3, "unit_price_amount": 10}
            for n in numbers
        ],
        **inputs,
    )


def test_a_line_keeps_the_product_as_it_was_sold(spark: SparkSession) -> None:
    lines = lines_sold_at(
        spark,
        *("2025-01-01 00:00:00", "2026-02-01 00:00:00", "2026-02-28 23:59:59", "2026-03-01 00:00:00"),
        silver_product_versions=[
            {"product_id": 7, "valid_from": "2026-01-01 00:00:00", "brand": "old", "category_id": 3},
            {"product_id": 7, "valid_from": "2026-02-01 00:00:00", "brand": "new", "category_id": 1},
            {"product_id": 7, "valid_from": "2026-03-01 00:00:00", "is_current_deletion": True},
        ],
        silver_categories=[
            {"category_id": 1, "name": "top"},
            {"category_id": 2, "name": "middle", "parent_category_id": 1, "is_deleted": True},
            {"category_id": 3, "name": "leaf", "parent_category_id": 2},
        ],
    )
    assert_rows(
        lines,
        {"order_line_id": 1, "brand": "old", "category": "leaf", "department": "top"},
        {"order_line_id": 2, "brand": "new", "category": "top", "department": "top"},
        {"order_line_id": 3, "brand": "new", "category": "top", "department": "top"},
        {"order_line_id": 4, "brand": None, "category": None, "department": None},
    )


@pytest.mark.parametrize(
    ("snapshots", "brand_of_the_last"),
    [
        ([("back", "2026-04-01 00:00")], "new"),
        ([("back", "2026-04-01 00:00"), ("gone", "2026-05-01 00:00")], None),
        ([("back", "2026-04-01 00:00"), ("gone", "2026-05-01 00:00"), ("back", "2026-06-01 00:00")], "new"),
        ([("gone", "2026-05-01 00:00")], None),
    ],
)
def test_a_product_that_came_back_as_it_was_is_no_longer_removed(
    spark: SparkSession, snapshots: list[tuple[str, str]], brand_of_the_last: str | None
) -> None:
    """Its version is the one before the removal, seen again: its history has no other."""
    table = TABLES["silver.product_versions"]
    shown = {"back": {"brand": "new", "updated_at": "2026-02-01 00:00:00"}, "gone": {"_op": "delete"}}
    history = cleaned(
        spark,
        "product_versions",
        {"id": 7, "brand": "old", "updated_at": "2026-01-01 00:00:00", "_ingested_at": "2026-01-02 00:00"},
        *(
            {"id": 7, "_ingested_at": at, **shown[state]}
            for state, at in [("back", "2026-02-02 00:00"), ("gone", "2026-03-01 00:00"), *snapshots]
        ),
    )
    spans = product_spans(newest_state(history, table)).where("ends_at IS NULL")
    assert_rows(spans, *([{"brand": brand_of_the_last}] if brand_of_the_last else []))


def test_cost_is_that_of_the_moment_of_sale_and_overlaps_add_no_rows(spark: SparkSession) -> None:
    def cost(number: int, amount: str, begin: str, end: str | None = None, **more: Any) -> dict[str, Any]:
        named = {"product_cost_id": number, "product_id": 7, "unit_cost_amount": amount}
        return {**named, "valid_from": begin, "valid_to": end, **more}

    lines = lines_sold_at(
        spark,
        *("2025-12-31 00:00:00", "2026-01-10 00:00:00", "2026-01-20 00:00:00", "2026-02-01 00:00:00"),
        silver_product_costs=[
            cost(1, "1.0050", "2026-01-01 00:00:00"),
            cost(2, "2", "2026-01-15 00:00:00", "2026-02-01 00:00:00"),
            cost(3, "9", "2026-01-01 00:00:00", is_deleted=True),
        ],
    )
    assert_rows(
        lines,
        {"order_line_id": 1, "cost_of_goods": None, "product_margin": None},
        {"order_line_id": 2, "cost_of_goods": "3.02", "product_margin": "26.98"},
        {"order_line_id": 3, "cost_of_goods": "6.00", "product_margin": "24.00"},
        {"order_line_id": 4, "cost_of_goods": None, "product_margin": None},
    )


def test_refunds_are_converted_at_the_rate_of_the_original_order(spark: SparkSession) -> None:
    counted = {"is_counted": True, "exchange_rate": "0.9", "order_date": "2026-05-04"}
    refunds = build(
        spark,
        "refund_lines",
        gold_orders=[{"order_id": 1, **counted}, {"order_id": 2, **counted, "is_counted": False}],
        silver_refunds=[
            {"refund_id": 1, "order_id": 1, "refunded_at": "2026-06-30 22:00:00", "shipping_amount": "5"},
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
