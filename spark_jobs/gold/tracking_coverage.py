"""Share of sales that the events cover."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide, round_half_even, total, unit_of
from spark_jobs.columns.timezones import is_complete, local_date
from spark_jobs.gold.order_sessions import reports


def build(
    silver_events: DataFrame, gold_orders: DataFrame, gold_sessions: DataFrame, context: Context
) -> DataFrame:
    """Return one row per day, sales channel, channel and device.

    An order is tracked in the session that `gold.orders` assigns to it, by its first report. A report of an
    order that the shop does not have counts once however often it is sent; one that names no order counts
    individually. A report of an excluded order is neither tracked nor unknown.
    """
    found = reports(silver_events, gold_sessions, gold_orders)
    claims = found.select(
        F.col("event_id").alias("report_event_id"),
        "device",
        F.col("value_amount").alias("claimed_amount"),
        F.col("currency").alias("claimed_currency"),
    )
    orders = (
        gold_orders.where("is_counted")
        .join(claims, on="report_event_id", how="left")  # one to at most one
        .withColumn("is_known", F.lit(True))
    )
    both = orders.unionByName(_unknown(found, context), allowMissingColumns=True)
    is_known, is_tracked = F.col("is_known"), F.col("session_id").isNotNull()
    unit = unit_of("currency")
    claim, total_amount = F.col("claimed_amount"), F.col("total_amount_original")
    differs = (round_half_even(claim, unit) != round_half_even(total_amount, unit)) | (
        F.col("claimed_currency") != F.col("currency")
    )
    days = both.groupBy(
        F.col("order_date").alias("coverage_date"),
        F.coalesce("sales_channel", F.lit("unknown")).alias("sales_channel"),
        F.coalesce("channel", F.lit("untracked")).alias("channel"),
        F.coalesce("device", F.lit("unknown")).alias("device"),
    ).agg(
        F.count_if(is_known).alias("orders"),
        F.count_if(is_known & is_tracked).alias("tracked_orders"),
        F.count_if(is_known & ~is_tracked).alias("untracked_orders"),
        F.count_if(~is_known).alias("unknown_purchases"),
        F.count_if(is_known & F.coalesce(differs, F.lit(False))).alias("mismatched_orders"),
        total(F.when(~is_tracked, F.col("net_amount"))).alias("untracked_sales"),
    )
    return days.select(
        "*",
        divide(F.col("tracked_orders"), F.col("orders"), scale=6).alias("tracking_rate"),
        is_complete("coverage_date", context).alias("is_complete"),
    )


def _unknown(reports: DataFrame, context: Context) -> DataFrame:
    """Return one row per order that is reported but missing in the shop, by its first report."""
    first = F.min(F.struct("occurred_at", "event_id", "channel", "device")).alias("first")
    return (
        reports.where("order_id IS NULL")
        .groupBy(F.coalesce("reference", F.concat(F.lit("event:"), "event_id")).alias("reference"))
        .agg(first)
        .select(
            local_date("first.occurred_at", context).alias("order_date"),
            "first.channel",
            "first.device",
            F.lit(False).alias("is_known"),
        )
    )
