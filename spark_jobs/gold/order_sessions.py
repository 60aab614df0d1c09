"""The session of an order. It is decided only here; marts take it from `gold.orders`.

An order has one session: the first session of a person to report it with an Order Completed event. A reload,
a second device or a server that repeats the report is ignored, and so is a bot.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.gold.visits import in_visits

_CARRIED = ("event_id", "occurred_at", "value_amount", "currency", "session_id", "channel", "device")
_DAY = 24 * 60 * 60 * 1_000_000  # microseconds


def reports(events: DataFrame, sessions: DataFrame, orders: DataFrame) -> DataFrame:
    """Return one row per Order Completed event in a person's session, with the `order_id` it refers to.

    `order_id` is null where the shop has no such order; `reference` is the order as named by the event, or
    null. `orders` are those that the shop still has, with `order_number` and `placed_at`.
    """
    purchases = events.where("event_name = 'Order Completed'").select(
        "event_id",
        "visitor_id",
        "occurred_at",
        F.col("order_id").alias("said_id"),
        comparable("order_reference").alias("said_number"),
        "value_amount",
        "currency",
    )
    found = in_visits(purchases, sessions, "channel", "device")
    reference = F.coalesce(F.col("said_id").cast("string"), "said_number")
    return found.join(_named(found, orders), on="event_id", how="left").select(  # one to at most one
        *_CARRIED, reference.alias("reference"), "order_id"
    )


def first_reports(events: DataFrame, sessions: DataFrame, orders: DataFrame) -> DataFrame:
    """Return one row per reported order: its session and channel, and the time and id of the first report."""
    first = F.min(F.struct("occurred_at", "event_id", "session_id", "channel")).alias("first")
    known = reports(events, sessions, orders).where("order_id IS NOT NULL")
    return (
        known.groupBy("order_id")
        .agg(first)
        .select(
            "order_id",
            "first.session_id",
            "first.channel",
            F.col("first.occurred_at").alias("reported_at"),
            F.col("first.event_id").alias("report_event_id"),
        )
    )


def comparable(number: str) -> Column:
    """Normalise an order number, so that spellings such as `#SL-7` and `sl-7` are equal."""
    return F.lower(F.regexp_replace(number, r"^[#\s]+", ""))


def _named(reports: DataFrame, orders: DataFrame) -> DataFrame:
    """Return (event_id, order_id) of the reports that name an order of the shop, by id or by number.

    The id of one order may be the number of another. It is read as an id, unless only the order with that
    number was placed within a day of the report: in a shop that reports numbers, an old order has that id.
    """
    at = orders.select("order_id", "placed_at", comparable("order_number").alias("said_number"))
    by_id = at.select(F.col("order_id").alias("said_id"), "order_id", "placed_at")
    candidates = _matched(reports, by_id, "said_id", rank=0).unionByName(
        _matched(reports, at, "said_number", rank=1)
    )
    best = F.min(F.struct("is_far", "rank", "distance", "order_id")).alias("best")
    return candidates.groupBy("event_id").agg(best).select("event_id", "best.order_id")


def _matched(reports: DataFrame, orders: DataFrame, on: str, rank: int) -> DataFrame:
    distance = F.abs(F.unix_micros("occurred_at") - F.unix_micros("placed_at"))
    matches = reports.select("event_id", "occurred_at", on).join(orders, on=on, how="inner")  # many to many
    return matches.select(
        "event_id",
        (distance > _DAY).alias("is_far"),
        F.lit(rank).alias("rank"),
        distance.alias("distance"),
        "order_id",
    )
