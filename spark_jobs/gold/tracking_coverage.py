"""How much of what was sold the events have seen."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.gold.visits import in_visits
from spark_jobs.lib.context import Context
from spark_jobs.lib.money import divide, total
from spark_jobs.lib.timezones import is_complete, local_date


def build(
    silver_events: DataFrame, gold_orders: DataFrame, gold_sessions: DataFrame, context: Context
) -> DataFrame:
    """One row per day, sales channel, channel and device.

    A purchase is known by the order that an Order Completed event names; its first report speaks for it. One
    that the shop knows but does not count, a test or a failed order, is neither tracked nor unknown.
    """
    orders = gold_orders.select(
        "order_id",
        "order_date",
        "sales_channel",
        "is_counted",
        "net_amount",
        "total_amount_original",
        "currency",
    )
    both = orders.join(
        _reports(silver_events, gold_sessions), on="order_id", how="full"
    )  # one to at most one
    is_tracked, is_known = F.col("report").isNotNull(), F.col("is_counted").isNotNull()
    claim = F.col("report.value_amount")
    differs = (claim != F.col("total_amount_original")) | (F.col("report.currency") != F.col("currency"))
    days = (
        both.where(~is_known | F.col("is_counted"))
        .groupBy(
            F.coalesce("order_date", local_date("report.occurred_at", context)).alias("coverage_date"),
            F.coalesce("sales_channel", F.lit("unknown")).alias("sales_channel"),
            F.coalesce("report.channel", F.lit("untracked")).alias("channel"),
            F.coalesce("report.device", F.lit("unknown")).alias("device"),
        )
        .agg(
            F.count_if(is_known).alias("orders"),
            F.count_if(is_known & is_tracked).alias("tracked_orders"),
            F.count_if(is_known & ~is_tracked).alias("untracked_orders"),
            F.count_if(~is_known).alias("unknown_purchases"),
            F.count_if(is_known & F.coalesce(differs, F.lit(False))).alias("mismatched_orders"),
            total(F.when(~is_tracked, F.col("net_amount"))).alias("untracked_sales"),
        )
    )
    return days.select(
        "*",
        divide(F.col("tracked_orders"), F.col("orders"), scale=6).alias("tracking_rate"),
        is_complete("coverage_date", context).alias("is_complete"),
    )


def _reports(events: DataFrame, sessions: DataFrame) -> DataFrame:
    """One row per order that a person's visit reports: its first report."""
    purchases = events.where((F.col("event_name") == "Order Completed") & F.col("order_id").isNotNull())
    wanted = ("occurred_at", "event_id", "channel", "device", "value_amount", "currency")
    found = in_visits(
        purchases.select("visitor_id", "order_id", "occurred_at", "event_id", "value_amount", "currency"),
        sessions,
        "channel",
        "device",
    )
    return found.groupBy("order_id").agg(F.min(F.struct(*wanted)).alias("report"))
