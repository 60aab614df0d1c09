"""Visits, cut out of events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.lib.context import Context
from spark_jobs.silver.channels import channel

IDLE_MINUTES = 30


def derive(silver_events: DataFrame, context: Context) -> DataFrame:
    """One row per visit.

    Always from all events of a visitor: cut inside a window of days, a visit that spans the window's edge
    would become two.
    """
    order = ("occurred_at", "event_id")
    per_visitor = Window.partitionBy("visitor_id").orderBy(*order)
    idle = F.unix_micros("occurred_at") - F.lag(F.unix_micros("occurred_at")).over(per_visitor)
    starts = idle.isNull() | (idle > IDLE_MINUTES * 60 * 1_000_000)
    so_far = per_visitor.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    events = silver_events.withColumn("starts", starts).withColumn(
        "number", F.sum(F.col("starts").cast("int")).over(so_far)
    )

    def of_first(value: str | Column) -> Column:
        return F.max(F.when(F.col("starts"), value))

    def count(event_name: str) -> Column:
        return F.count_if(F.col("event_name") == event_name)

    moment = F.struct(*order)
    visits = events.groupBy("visitor_id", "number").agg(
        of_first(F.col("event_id")).alias("first_event_id"),
        F.max_by("customer_id", F.when(F.col("customer_id").isNotNull(), moment)).alias("customer_id"),
        F.min("occurred_at").alias("started_at"),
        F.max("occurred_at").alias("ended_at"),
        of_first(channel()).alias("channel"),
        F.min_by("page_path", F.when(F.col("page_path").isNotNull(), moment)).alias("landing_path"),
        of_first(F.col("device")).alias("device"),
        F.max("is_bot").alias("is_bot"),
        F.count(F.lit(1)).alias("event_count"),
        count("Product Viewed").alias("product_view_count"),
        count("Product Added").alias("cart_add_count"),
        count("Checkout Started").alias("checkout_count"),
        F.array_sort(
            F.collect_set(F.when(F.col("event_name") == "Order Completed", F.col("order_id")))
        ).alias("order_ids"),
    )
    session_id = F.substring(F.sha2(F.concat_ws("|", "visitor_id", "first_event_id"), 256), 1, 32)
    return visits.select(
        session_id.alias("session_id"),
        "visitor_id",
        "customer_id",
        "started_at",
        "ended_at",
        "channel",
        "landing_path",
        "device",
        "is_bot",
        "event_count",
        "product_view_count",
        "cart_add_count",
        "checkout_count",
        "order_ids",
    )
