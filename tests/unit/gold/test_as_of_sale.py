"""Products and costs as they were when a line was sold, and what came back of it."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import newest_state
from spark_jobs.gold.catalogue import branch_spans, product_spans
from tests.unit.dataframes import assert_rows, build, cleaned, rows


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


def version(category_id: int, day: str, name: str, parent: int | None = None) -> dict[str, Any]:
    at = f"2026-{day} 00:00:00"
    return {"category_id": category_id, "valid_from": at, "name": name, "parent_category_id": parent}


def test_a_line_keeps_the_category_and_department_of_its_sale(spark: SparkSession) -> None:
    lines = lines_sold_at(
        spark,
        *("2025-01-01 00:00:00", "2026-02-01 00:00:00", "2026-03-01 00:00:00", "2026-04-01 00:00:00"),
        *("2026-05-01 00:00:00", "2026-05-31 23:59:59"),
        silver_product_versions=[{"product_id": 7, "valid_from": "2026-01-01 00:00:00", "category_id": 3}],
        silver_category_versions=[
            version(1, "01-01", "Home"),
            version(1, "03-01", "House"),
            version(2, "01-01", "Light", parent=1),
            version(2, "02-01", "Lighting", parent=1),
            version(3, "01-01", "Lamps", parent=2),
            version(3, "04-01", "Floor lamps", parent=2),
            version(3, "05-01", "Floor lamps", parent=4),
            version(4, "05-15", "Outlet"),
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


def test_branches_of_every_moment_cover_all_time_once_even_in_a_circle(spark: SparkSession) -> None:
    table = TABLES["silver.category_versions"]
    versions = [version(n, "01-01", f"level {n}", parent=n - 1 or None) for n in range(1, 10)]
    circle = [
        version(20, "01-01", "a", parent=21),
        version(21, "01-01", "b", parent=20),
        version(20, "02-01", "a later", parent=21),
        version(22, "01-01", "alone", parent=404),
    ]
    spans = branch_spans(rows(spark, table, *versions, *circle)).collect()
    assert {(r["category"], r["department"]) for r in spans if r["category_id"] < 20} == {
        (f"level {n}", "level 1") for n in range(1, 10)
    }
    assert [r["department"] for r in spans if r["category_id"] == 22] == ["alone"]
    for category_id in {row["category_id"] for row in spans}:
        own = sorted(
            (row for row in spans if row["category_id"] == category_id), key=lambda row: str(row["starts_at"])
        )
        ends = [row["ends_at"] for row in own if row["ends_at"] is not None]
        starts = [row["starts_at"] for row in own if row["starts_at"] is not None]
        assert len(own) == len(ends) + 1 == len(starts) + 1
        assert sorted(ends) == sorted(starts)


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
