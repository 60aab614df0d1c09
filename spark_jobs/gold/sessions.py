"""Sessions with their person and the orders placed in them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts.gold.sessions import LOOKBACK_DAYS
from spark_jobs.columns.context import Context
from spark_jobs.columns.money import total, zero
from spark_jobs.columns.timezones import local_date


def build(silver_sessions: DataFrame, gold_orders: DataFrame, context: Context) -> DataFrame:
    """Return one row per session, bots included."""
    visits = (
        silver_sessions.withColumnRenamed("person_id", "person_uuid")
        .join(_bought(gold_orders), on="session_id", how="left")  # one to at most one
        .withColumn("buyer", F.col("first_order.person_id"))
    )
    # The person a visitor without an account ordered as, in any session: the first order decides.
    per_person = Window.partitionBy("person_uuid")
    known_as = F.min(F.col("first_order")).over(per_person).getField("person_id")
    person = F.coalesce(
        "buyer",
        F.concat(F.lit("c:"), F.col("customer_id").cast("string")),
        known_as,
        F.concat(F.lit("p:"), "person_uuid"),
    )
    return visits.withColumn("person_id", person).select(
        "session_id",
        local_date("started_at", context).alias("session_date"),
        "person_id",
        "visitor_id",
        "customer_id",
        "started_at",
        "ended_at",
        "channel",
        _last_non_direct().alias("last_non_direct_channel"),
        "landing_path",
        "device",
        "is_bot",
        "event_count",
        "search_count",
        "product_view_count",
        "cart_add_count",
        "checkout_count",
        "payment_count",
        "order_id",
        F.coalesce("orders", F.lit(0)).alias("orders"),
        F.coalesce("net_amount", zero()).alias("net_amount"),
    )


def _bought(orders: DataFrame) -> DataFrame:
    """Return one row per session with an order: its first order of any kind, and its counted ones."""
    counted = F.col("is_counted")
    return (
        orders.where("session_id IS NOT NULL")
        .groupBy("session_id")
        .agg(
            F.min(F.struct("placed_at", "order_id", "person_id")).alias("first_order"),
            F.min_by("order_id", F.when(counted, F.struct("placed_at", "order_id"))).alias("order_id"),
            F.count_if(counted).alias("orders"),
            total(F.when(counted, F.col("net_amount"))).alias("net_amount"),
        )
    )


def _last_non_direct() -> Column:
    """Return the channel of the person's latest session so far that is not direct and not too old."""
    so_far = (
        Window.partitionBy("person_id")
        .orderBy("started_at", "session_id")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    newest = F.max(
        F.when(F.col("channel") != "direct", F.struct("started_at", "session_id", "channel"))
    ).over(so_far)
    is_fresh = newest.getField("started_at") > F.expr(f"started_at - INTERVAL {LOOKBACK_DAYS} DAYS")
    return F.when(is_fresh, newest.getField("channel")).otherwise("direct")
