"""Refunded lines, shipping and other refunds, on the day of the refund."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import zero
from spark_jobs.columns.timezones import local_date
from spark_jobs.gold.exchange import converted, with_rate

_OF_REFUND = (
    "refund_id",
    "order_id",
    "refund_date",
    "order_date",
    "sales_channel",
    "reason",
    "currency",
    "exchange_rate",
)


def build(
    gold_orders: DataFrame,
    silver_refunds: DataFrame,
    silver_refund_lines: DataFrame,
    silver_order_lines: DataFrame,
    silver_exchange_rates: DataFrame,
    context: Context,
) -> DataFrame:
    """Return one row per refunded line of a counted order, per refunded shipping, and per rest of a refund.

    The rest is a refund's total minus its lines and shipping. The shop records no tax for it, so none is
    taken out. Where the lines exceed the total, the lines count and there is no rest.
    """
    refunds = _refunds(gold_orders, silver_refunds, silver_exchange_rates, context)
    living = silver_refund_lines.where(~F.col("is_deleted"))
    products = silver_order_lines.select(
        "order_line_id", "product_id"
    )  # deleted lines still name their product
    lines = (
        living.join(refunds.select(*_OF_REFUND), on="refund_id", how="inner")  # many lines to one refund
        .join(products, on="order_line_id", how="left")  # many to at most one
        .select(
            *_key("line", "refund_line_id"),
            *_OF_REFUND,
            "order_line_id",
            "product_id",
            F.col("quantity").alias("units"),
            "is_restocked",
            converted("amount", context).alias("returned_amount"),
            converted("tax_amount", context).alias("returned_tax"),
            zero().alias("returned_shipping"),
        )
    )
    gave_shipping = (F.col("shipping_amount") != 0) | (F.col("shipping_tax_amount") != 0)
    shipping = refunds.where(gave_shipping).select(
        *_key("shipping", "refund_id"),
        *_OF_REFUND,
        *_no_goods(),
        zero().alias("returned_amount"),
        converted("shipping_tax_amount", context).alias("returned_tax"),
        converted("shipping_amount", context).alias("returned_shipping"),
    )
    rest = (
        _with_rest(refunds, living)
        .where("rest > 0")
        .select(
            *_key("rest", "refund_id"),
            *_OF_REFUND,
            *_no_goods(),
            converted("rest", context).alias("returned_amount"),
            zero().alias("returned_tax"),
            zero().alias("returned_shipping"),
        )
    )
    return lines.unionByName(shipping).unionByName(rest)


def _refunds(orders: DataFrame, refunds: DataFrame, exchange_rates: DataFrame, context: Context) -> DataFrame:
    """Return refunds of counted orders with the rate of their own currency on the order's day."""
    counted = orders.where("is_counted").select(
        "order_id",
        "order_date",
        "sales_channel",
        F.col("currency").alias("order_currency"),
        F.col("exchange_rate").alias("order_rate"),
    )
    dated = (
        refunds.where(~F.col("is_deleted"))
        .withColumn("refund_date", local_date("refunded_at", context))
        .join(counted, on="order_id", how="inner")  # many refunds to one order; others do not count
    )
    rated = with_rate(dated, exchange_rates, context, currency="currency", on="order_date", rate="own_rate")
    is_orders = F.col("currency") == F.col("order_currency")
    return rated.withColumn(
        "exchange_rate", F.when(is_orders, F.col("order_rate")).otherwise(F.col("own_rate"))
    )


def _with_rest(refunds: DataFrame, lines: DataFrame) -> DataFrame:
    """Add `rest` to refunds: total minus lines and shipping, tax included, in the refund's currency."""
    of_lines = lines.groupBy("refund_id").agg(F.sum(F.col("amount") + F.col("tax_amount")).alias("of_lines"))
    beside = F.coalesce("of_lines", zero()) + F.col("shipping_amount") + F.col("shipping_tax_amount")
    return refunds.join(of_lines, on="refund_id", how="left").withColumn(  # one to at most one
        "rest", F.col("total_amount") - beside
    )


def _key(kind: str, identifier: str) -> tuple[Column, Column]:
    key = F.concat(F.lit(f"{kind}:"), F.col(identifier).cast("string"))
    return key.alias("refund_line_key"), F.lit(kind).alias("kind")


def _no_goods() -> tuple[Column, ...]:
    return (
        F.lit(None).cast("bigint").alias("order_line_id"),
        F.lit(None).cast("bigint").alias("product_id"),
        F.lit(0).cast("bigint").alias("units"),
        F.lit(False).alias("is_restocked"),
    )
