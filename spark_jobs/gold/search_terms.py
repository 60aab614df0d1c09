"""Search terms, and whether searches lead to products and orders."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide
from spark_jobs.columns.parsing import key_text
from spark_jobs.columns.timezones import is_complete, local_date
from spark_jobs.gold.visits import in_visits

_SEARCH, _ORDER = "Products Searched", "Order Completed"
# Spelled out: engines disagree on what `\\s` matches beyond ASCII.
_BLANKS = (
    r"[\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+"
)
_CLICKS = ("Product Clicked", "Product Viewed")


def build(
    silver_events: DataFrame, gold_orders: DataFrame, gold_sessions: DataFrame, context: Context
) -> DataFrame:
    """Return one row per day and term.

    A search leads to an order when its session later reports an order that was not placed before it;
    `gold.orders` has one report per order.
    """
    reported = gold_orders.where("is_counted AND report_event_id IS NOT NULL").select(
        F.col("report_event_id").alias("event_id"), "placed_at"
    )
    events = silver_events.where(F.col("event_name").isin(_SEARCH, _ORDER, *_CLICKS)).select(
        "event_id",
        "event_name",
        "occurred_at",
        "visitor_id",
        "search_result_count",
        _term().alias("term"),
    )
    events = events.join(reported, on="event_id", how="left")  # one to at most one
    in_turn = Window.partitionBy("session_id").orderBy("occurred_at", "event_id")
    so_far = in_turn.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    from_here = in_turn.rowsBetween(Window.currentRow, Window.unboundedFollowing)
    is_search = (F.col("event_name") == _SEARCH) & F.col("term").isNotNull()
    numbered = in_visits(events, gold_sessions).select(
        "*",
        F.sum(is_search.cast("int")).over(so_far).alias("search_number"),
        F.max("placed_at").over(from_here).alias("last_placed_at"),
    )
    # A search and the events up to the next one share a number; 0 is before the first search.
    searches = (
        numbered.where("search_number > 0")
        .groupBy("session_id", "search_number")
        .agg(
            *(F.max(F.when(is_search, F.col(name))).alias(name) for name in ("term", "occurred_at")),
            F.max(F.when(is_search, F.col("search_result_count"))).alias("result_count"),
            F.max(F.col("event_name").isin(*_CLICKS)).alias("is_clicked"),
            F.max(F.when(is_search, F.col("last_placed_at") >= F.col("occurred_at"))).alias("is_ordered"),
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


def _term() -> Column:
    """Return the search term in lower case with single blanks; a long text is cut to the length of a key."""
    return key_text(F.lower(F.regexp_replace("search_query", _BLANKS, " ")))
