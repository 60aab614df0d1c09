"""Order lines with product, category and cost at the time of sale."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import violations, warnings
from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.order_rows import MAY, category_version, line, order


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
        silver_category_versions=[
            {"category_id": 1, "name": "top"},
            {"category_id": 2, "name": "middle", "parent_category_id": 1},
            {"category_id": 2, "valid_from": "2026-01-02 00:00:00", "is_current_deletion": True},
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


def test_a_line_keeps_the_category_and_department_of_its_sale(spark: SparkSession) -> None:
    lines = lines_sold_at(
        spark,
        *("2025-01-01 00:00:00", "2026-02-01 00:00:00", "2026-03-01 00:00:00", "2026-04-01 00:00:00"),
        *("2026-05-01 00:00:00", "2026-05-31 23:59:59"),
        silver_product_versions=[{"product_id": 7, "valid_from": "2026-01-01 00:00:00", "category_id": 3}],
        silver_category_versions=[
            category_version(1, "01-01", "Home"),
            category_version(1, "03-01", "House"),
            category_version(2, "01-01", "Light", parent=1),
            category_version(2, "02-01", "Lighting", parent=1),
            category_version(3, "01-01", "Lamps", parent=2),
            category_version(3, "04-01", "Floor lamps", parent=2),
            category_version(3, "05-01", "Floor lamps", parent=4),
            category_version(4, "05-15", "Outlet"),
        ],
    )
    assert_rows(
        lines,
        *(
            {"order_line_id": n, "category": category, "department": department}
            for n, (category, department) in enumerate(
                [
                    ("Lamps", "Home"),
                    ("Lamps", "Home"),
                    ("Lamps", "House"),
                    ("Floor lamps", "House"),
                    ("Floor lamps", "Outlet"),
                    ("Floor lamps", "Outlet"),
                ],
                1,
            )
        ),
    )


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


cents = st.integers(0, 99_999).map(lambda n: Decimal(n) / 100)


@settings(max_examples=4, deadline=None)
@given(st.lists(cents, min_size=1, max_size=5), cents, st.booleans())
def test_an_orders_discount_is_spread_to_the_last_cent(
    spark: SparkSession, prices: list[Decimal], discount: Decimal, has_lines_last: bool
) -> None:
    numbers = list(range(1, len(prices) + 1))
    lines = [line(n, 1, str(price)) for n, price in zip(numbers, prices, strict=True)]
    built = build(
        spark,
        "order_lines",
        gold_orders=[{"order_id": 1, "is_counted": True, "exchange_rate": 1, "placed_at": MAY}],
        silver_orders=[order(1, discount_amount=str(discount))],
        silver_order_lines=lines if has_lines_last else lines[::-1],
    )
    found = {row["order_line_id"]: row["discounts"] for row in built.collect()}
    assert sum(found.values()) == discount
    for n, price in list(zip(numbers, prices, strict=True))[:-1]:
        share = discount * price / sum(prices) if sum(prices) else Decimal(0)
        assert found[n] == share.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


@pytest.mark.parametrize(
    ("cost_currency", "cost", "is_broken"), [("EUR", "1.23", False), ("INR", None, True)]
)
def test_a_cost_without_rate_is_unknown_and_counted(
    spark: SparkSession, cost_currency: str, cost: str | None, is_broken: bool
) -> None:
    table = TABLES["gold.order_lines"]
    built = build(
        spark,
        "order_lines",
        gold_orders=[{"order_id": 1, "is_counted": True, "exchange_rate": 1, "placed_at": MAY}],
        silver_orders=[order(1)],
        silver_order_lines=[line(1, 1, "10", product_id=7)],
        silver_product_costs=[{"product_id": 7, "currency": cost_currency, "unit_cost_amount": "1.2345"}],
    )
    margin = None if cost is None else "8.77"
    assert_rows(built, {"order_line_id": 1, "cost_of_goods": cost, "product_margin": margin})
    assert violations(built, table) == {}
    assert warnings(built, table) == ({"known_cost_has_exchange_rate": 1} if is_broken else {})
