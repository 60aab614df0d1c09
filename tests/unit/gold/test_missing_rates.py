"""Missing rates: the currency, the day and the use."""

from __future__ import annotations

from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import violations
from spark_jobs.gold.missing_rates import BROKEN_WITHOUT_RATE, missing_rates
from tests.unit.dataframes import CONTEXT, assert_rows, build, rows


def test_currencies_and_days_of_counted_orders_are_named_with_an_example(spark: SparkSession) -> None:
    placed = {"order_date": "2026-05-02", "currency": "USD", "is_counted": True}
    orders = [
        {**placed, "order_id": 3},
        {**placed, "order_id": 2},
        {**placed, "order_id": 4, "order_date": "2026-05-03"},
        {**placed, "order_id": 5, "exchange_rate": "0.9"},
        {**placed, "order_id": 6, "currency": "XTS", "is_counted": False, "exclusion_reason": "test"},
    ]
    built = rows(spark, TABLES["gold.orders"], *orders)
    assert violations(built, TABLES["gold.orders"])[BROKEN_WITHOUT_RATE["orders"]] == 3
    assert_rows(
        missing_rates("orders", built, {}, CONTEXT),
        {"currency": "USD", "day": "2026-05-02", "needed_by": "orders", "rows": 2, "example": 2},
        {"currency": "USD", "day": "2026-05-03", "needed_by": "orders", "rows": 1, "example": 4},
    )


def test_a_refund_and_spend_without_rate_are_named_too(spark: SparkSession) -> None:
    refund = {"order_date": "2026-05-02", "currency": "USD", "refund_id": 7}
    refunds = build(
        spark,
        "refund_lines",
        gold_orders=[{"order_id": 1, "order_date": "2026-05-02", "is_counted": True, "exchange_rate": 1}],
        silver_refunds=[{"refund_id": 7, "order_id": 1, "currency": "USD", "total_amount": "5"}],
    )
    assert violations(refunds, TABLES["gold.refund_lines"])[BROKEN_WITHOUT_RATE["refund_lines"]] == 1
    assert_rows(
        missing_rates("refund_lines", refunds, {}, CONTEXT),
        {**{"currency": refund["currency"], "day": "2026-05-02"}, "rows": 1, "example": 7},
    )
    spent = [
        {"marketing_spend_id": 1, "spend_date": "2026-05-02", "currency": "CHF", "amount": "5"},
        {"marketing_spend_id": 2, "spend_date": "2026-05-02", "currency": "EUR", "amount": "5"},
        {"marketing_spend_id": 3, "spend_date": "2026-05-09", "currency": "CHF", "is_deleted": True},
    ]
    days = build(spark, "channel_attribution", silver_marketing_spend=spent)
    assert BROKEN_WITHOUT_RATE["channel_attribution"] in violations(days, TABLES["gold.channel_attribution"])
    inputs = {
        "silver_marketing_spend": rows(spark, TABLES["silver.marketing_spend"], *spent),
        "silver_exchange_rates": rows(spark, TABLES["silver.exchange_rates"]),
    }
    assert_rows(
        missing_rates("channel_attribution", days, inputs, CONTEXT),
        {"currency": "CHF", "day": "2026-05-02", "needed_by": "rows of marketing_spend", "example": 1},
    )
