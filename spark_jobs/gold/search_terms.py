"""What people search for, and whether they find it."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.gold.visits import in_visits
from spark_jobs.lib.context import Context
from spark_jobs.lib.money import divide
from spark_jobs.lib.parsing import text
from spark_jobs.lib.timezones import is_complete, local_date

_SEARCH, _ORDER = "Products Searched", "Order Completed"
_CLICKS = ("Product Clicked", "Product Viewed")


def build(
    silver_events: DataFrame, gold_orders: DataFrame, gold_sessions: DataFrame, context: Context
) -> DataFrame:
    """One row per day and term. An order counts because the shop's database has it."""
    counted = gold_orders.where("is_counted").select("order_id", F.lit(True).alias("is_counted"))
    events = silver_events.where(F.col("event_name").isin(_SEARCH, _ORDER, *_CLICKS)).select(
        "event_id",
        "event_name",
        "occurred_at",
        "visitor_id",
        "order_id",
        "search_result_count",
        F.lower(text(F.regexp_replace("search_query", r"\s+", " "))).alias("term"),
    )
    events = events.join(counted, on="order_id", how="left")  # many to at most one
    visit = Window.partitionBy("session_id")
    in_turn = visit.orderBy("occurred_at", "event_id")
    so_far = in_turn.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_search = (F.col("event_name") == _SEARCH) & F.col("term").isNotNull()
    is_order = F.coalesce((F.col("event_name") == _ORDER) & F.col("is_counted"), F.lit(False))
    numbered = in_visits(events, gold_sessions).select(
        "*",
        F.sum(is_search.cast("int")).over(so_far).alias("search_number"),
        F.sum(is_order.cast("int")).over(so_far).alias("orders_so_far"),
        F.sum(is_order.cast("int")).over(visit).alias("orders_of_visit"),
    )
    # A search and what follows it until the next one share a number; 0 is what came before any.
    searches = (
        numbered.where("search_number > 0")
        .groupBy("session_id", "search_number")
        .agg(
            *(F.max(F.when(is_search, F.col(name))).alias(name) for name in ("term", "occurred_at")),
            F.max(F.when(is_search, F.col("search_result_count"))).alias("result_count"),
            F.max(F.col("event_name").isin(*_CLICKS)).alias("is_clicked"),
            F.max(F.when(is_search, F.col("orders_of_visit") > F.col("orders_so_far"))).alias("is_ordered"),
        )
    )
    days = searches.groupBy(local_date("occurred_at", context).alias("search_date"), "term").agg(
        F.count(F.lit(1)).alias("searches"),
        F.count_if(F.col("result_count") == 0).alias("zero_result_searches"),
        F.count_if("is_clicked").alias("clicked_searches"),
        F.count_if("is_ordered").alias("ordered_searches"),
    )
    return days.select(
        "*",
        divide(F.col("clicked_searches"), F.col("searches"), scale=6).alias("search_click_rate"),
        is_complete("search_date", context).alias("is_complete"),
    )
