"""Funnel from session to order, per day, channel and device."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide
from spark_jobs.columns.timezones import is_complete, local_date

_KEY = ["session_date", "channel", "device"]
_STEPS = ("sessions", "product_view_sessions", "cart_sessions", "checkout_sessions", "purchase_sessions")
# Whole weeks back, so that a Monday is compared with a Monday.
_DAYS_BEFORE = {"": 0, "_week_before": 7, "_year_before": 364}


def build(silver_sessions: DataFrame, gold_orders: DataFrame, context: Context) -> DataFrame:
    """Return one row per day, channel and device with a session on that day, or a week or a year before.

    An order counts if the shop's database has it; a tracked order unknown to the shop is not a purchase.
    """
    days = _days(silver_sessions, gold_orders, context)
    # A window, not a join with the last date: Sail fails on a division above a join with an inequality.
    everything = Window.partitionBy(F.lit(0))
    last_date = F.max(F.when(F.col("sessions") > 0, F.col("session_date"))).over(everything)
    then = reduce(DataFrame.unionByName, (_shifted(days, suffix) for suffix in _DAYS_BEFORE))
    figures = [f"{step}{suffix}" for suffix in _DAYS_BEFORE for step in _STEPS]
    cells = (
        then.groupBy(*_KEY)
        .agg(*(F.sum(name).alias(name) for name in figures))
        .withColumn("last_date", last_date)
        .where("session_date <= last_date")
    )
    rate = divide(F.col("purchase_sessions"), F.col("sessions"), scale=6)
    return cells.select(
        *_KEY,
        *_STEPS,
        rate.alias("conversion_rate"),
        *figures[len(_STEPS) :],
        is_complete("session_date", context).alias("is_complete"),
    )


def _days(sessions: DataFrame, orders: DataFrame, context: Context) -> DataFrame:
    buying = (
        orders.where("is_counted AND session_id IS NOT NULL")
        .select("session_id", F.lit(True).alias("has_bought"))
        .distinct()
    )
    people = sessions.where(~F.col("is_bot")).join(buying, on="session_id", how="left")  # one to at most one

    def with_any(count: str) -> Column:
        return F.count_if(F.col(count) > 0)

    return people.groupBy(local_date("started_at", context).alias("session_date"), "channel", "device").agg(
        F.count(F.lit(1)).alias("sessions"),
        with_any("product_view_count").alias("product_view_sessions"),
        with_any("cart_add_count").alias("cart_sessions"),
        with_any("checkout_count").alias("checkout_sessions"),
        F.count_if(F.coalesce("has_bought", F.lit(False))).alias("purchase_sessions"),
    )


def _shifted(days: DataFrame, suffix: str) -> DataFrame:
    """Return each day's figures under a later day, renamed accordingly."""
    return days.select(
        F.date_add("session_date", _DAYS_BEFORE[suffix]).alias("session_date"),
        "channel",
        "device",
        *(
            (F.col(step) if name == suffix else F.lit(0)).alias(f"{step}{name}")
            for name in _DAYS_BEFORE
            for step in _STEPS
        ),
    )
