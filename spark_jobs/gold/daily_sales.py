"""Sales per day and sales channel."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide_money, total, zero
from spark_jobs.columns.timezones import is_complete
from spark_jobs.gold.exchange import reporting_unit

_KEY = ["sales_date", "sales_channel"]
_COUNTS = (
    "placed_orders",
    "orders",
    "excluded_orders",
    "excluded_test_orders",
    "excluded_failed_orders",
    "excluded_cancelled_orders",
    "units",
    "new_customers",
    "returning_customers",
)
_AMOUNTS = (
    "gross_sales",
    "discounts",
    "charged_tax",
    "charged_shipping",
    "other_charges",
    "new_customer_sales",
    "returning_customer_sales",
    "returns",
    "refunds_without_goods",
    "returned_tax",
    "returned_shipping",
    "returns_by_order_date",
)


def build(gold_orders: DataFrame, gold_refund_lines: DataFrame, context: Context) -> DataFrame:
    """Return one row per day and sales channel with an order or a refund.

    A refund belongs to its own day, so that a past month does not change; the final value of a day's orders
    is in the columns `…_by_order_date`.
    """
    on_refund_day = gold_refund_lines.groupBy(F.col("refund_date").alias("sales_date"), "sales_channel").agg(
        total("returned_amount").alias("returns"),
        total(F.when(F.col("kind") == "rest", F.col("returned_amount"))).alias("refunds_without_goods"),
        total("returned_tax").alias("returned_tax"),
        total("returned_shipping").alias("returned_shipping"),
    )
    on_order_day = gold_refund_lines.groupBy(F.col("order_date").alias("sales_date"), "sales_channel").agg(
        total("returned_amount").alias("returns_by_order_date")
    )
    days = (
        _sales(gold_orders, context)
        .join(on_refund_day, on=_KEY, how="full")  # one to at most one, either may be missing
        .join(on_order_day, on=_KEY, how="left")  # one to at most one; the order is in the row of its own day
    )
    for name in _COUNTS:
        days = days.withColumn(name, F.coalesce(name, F.lit(0)))
    for name in _AMOUNTS:
        days = days.withColumn(name, F.coalesce(name, zero()))
    before_returns = F.col("gross_sales") - F.col("discounts")
    days = (
        days.withColumn("net_sales", before_returns - F.col("returns"))
        .withColumn("tax", F.col("charged_tax") - F.col("returned_tax"))
        .withColumn("shipping", F.col("charged_shipping") - F.col("returned_shipping"))
    )
    return days.select(
        "sales_date",
        "sales_channel",
        "placed_orders",
        "orders",
        "excluded_orders",
        "excluded_test_orders",
        "excluded_failed_orders",
        "excluded_cancelled_orders",
        "units",
        "gross_sales",
        "discounts",
        "returns",
        "refunds_without_goods",
        "net_sales",
        "tax",
        "shipping",
        "other_charges",
        (F.col("net_sales") + F.col("tax") + F.col("shipping") + F.col("other_charges")).alias("total_sales"),
        "returns_by_order_date",
        (before_returns - F.col("returns_by_order_date")).alias("net_sales_by_order_date"),
        divide_money(before_returns, F.col("orders"), reporting_unit(context)).alias("average_order_value"),
        "median_order_value",
        "new_customers",
        "returning_customers",
        "new_customer_sales",
        "returning_customer_sales",
        is_complete("sales_date", context).alias("is_complete"),
    )


def _sales(orders: DataFrame, context: Context) -> DataFrame:
    counted, first = F.col("is_counted"), F.col("is_first_order")
    reason = F.col("exclusion_reason")

    def amount(of: str | Column, when: Column = counted) -> Column:
        return total(F.when(when, F.col(of) if isinstance(of, str) else of))

    return (
        orders.groupBy(F.col("order_date").alias("sales_date"), "sales_channel")
        .agg(
            F.count_if(counted | (reason != "test")).alias("placed_orders"),
            F.count_if(counted).alias("orders"),
            F.count_if(~counted).alias("excluded_orders"),
            F.count_if(reason == "test").alias("excluded_test_orders"),
            F.count_if(reason == "failed").alias("excluded_failed_orders"),
            F.count_if(reason == "cancelled_before_payment").alias("excluded_cancelled_orders"),
            F.sum(F.when(counted, F.col("units"))).alias("units"),
            amount("gross_sales").alias("gross_sales"),
            amount("discounts").alias("discounts"),
            amount(F.col("line_tax") + F.col("shipping_tax")).alias("charged_tax"),
            amount("shipping_amount").alias("charged_shipping"),
            amount("other_charges").alias("other_charges"),
            F.count_if(first).alias("new_customers"),
            F.count_distinct(F.when(counted & ~first, F.col("person_id"))).alias("returning_customers"),
            amount("net_amount", first).alias("new_customer_sales"),
            amount("net_amount", counted & ~first).alias("returning_customer_sales"),
            F.array_sort(F.collect_list(F.when(counted, F.col("net_amount")))).alias("values"),
        )
        .withColumn("median_order_value", _median("values", context))
        .drop("values")
    )


def _median(values: str, context: Context) -> Column:
    """Return the median of a sorted array of money, the mean of the middle two if even; null when empty."""
    size = F.size(values)
    middle = (size / 2).cast("int")  # casts truncate
    lower = F.try_element_at(values, F.when(size % 2 == 0, middle).otherwise(middle + 1))
    of_two = lower + F.try_element_at(values, middle + 1)
    return F.when(size > 0, divide_money(of_two, F.lit(2), reporting_unit(context)))
