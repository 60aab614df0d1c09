"""Refunded lines and refunded shipping, on the day the money went back."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.gold.exchange import converted
from spark_jobs.lib.context import Context
from spark_jobs.lib.money import zero
from spark_jobs.lib.timezones import local_date


def build(
    gold_orders: DataFrame,
    silver_refunds: DataFrame,
    silver_refund_lines: DataFrame,
    silver_order_lines: DataFrame,
    context: Context,
) -> DataFrame:
    """One row per refunded line of a counted order, and one per refund that gave shipping back."""
    counted = gold_orders.where("is_counted").select(
        "order_id", "order_date", "sales_channel", "exchange_rate"
    )
    refunds = (
        silver_refunds.where(~F.col("is_deleted"))
        .withColumn("refund_date", local_date("refunded_at", context))
        .select("refund_id", "order_id", "refund_date", "reason", "shipping_amount", "shipping_tax_amount")
        .join(counted, on="order_id", how="inner")  # many refunds to one order; others do not count
    )
    shared = (
        "refund_id",
        "order_id",
        "refund_date",
        "order_date",
        "sales_channel",
        "reason",
        "exchange_rate",
    )
    products = silver_order_lines.select(
        "order_line_id", "product_id"
    )  # deleted lines know their product too
    lines = (
        silver_refund_lines.where(~F.col("is_deleted"))
        .join(refunds.select(*shared), on="refund_id", how="inner")  # many lines to one refund
        .join(products, on="order_line_id", how="left")  # many to at most one
        .select(
            F.concat(F.lit("line:"), F.col("refund_line_id").cast("string")).alias("refund_line_key"),
            *shared,
            "order_line_id",
            "product_id",
            F.col("quantity").alias("units"),
            "is_restocked",
            converted("amount").alias("returned_amount"),
            converted("tax_amount").alias("returned_tax"),
            zero().alias("returned_shipping"),
        )
    )
    gave_shipping = (F.col("shipping_amount") != 0) | (F.col("shipping_tax_amount") != 0)
    shipping = refunds.where(gave_shipping).select(
        F.concat(F.lit("shipping:"), F.col("refund_id").cast("string")).alias("refund_line_key"),
        *shared,
        F.lit(None).cast("bigint").alias("order_line_id"),
        F.lit(None).cast("bigint").alias("product_id"),
        F.lit(0).cast("bigint").alias("units"),
        F.lit(False).alias("is_restocked"),
        zero().alias("returned_amount"),
        converted("shipping_tax_amount").alias("returned_tax"),
        converted("shipping_amount").alias("returned_shipping"),
    )
    return lines.unionByName(shipping).select(
        "refund_line_key",
        "refund_id",
        "order_id",
        "order_line_id",
        "product_id",
        "refund_date",
        "order_date",
        "sales_channel",
        "reason",
        "units",
        "is_restocked",
        "returned_amount",
        "returned_tax",
        "returned_shipping",
    )
