"""All marts together: each has its function, and they agree on returns."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from contracts.model import Layer
from contracts.registry import TABLES, tables_of
from spark_jobs.build.quality import violations
from spark_jobs.gold import BUILD
from tests.unit.dataframes import assert_rows, build


def test_every_mart_has_its_function_and_an_empty_shop_breaks_no_check(spark: SparkSession) -> None:
    assert set(BUILD) == {table.name for table in tables_of(Layer.GOLD)}
    for mart in BUILD:
        assert violations(build(spark, mart), TABLES[f"gold.{mart}"]) == {}


def test_every_mart_has_a_test_file_of_its_name() -> None:
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    assert {f"test_{mart}" for mart in BUILD} <= files


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
