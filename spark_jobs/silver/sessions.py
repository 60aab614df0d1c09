"""Sessions, cut from events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import customer_number
from spark_jobs.silver.channels import channel
from spark_jobs.silver.persons import customer_of, merged_ids, person_of

IDLE_MINUTES = 30


def derive(silver_events: DataFrame, silver_identity_merges: DataFrame, context: Context) -> DataFrame:
    """Return one row per session.

    Sessions are always cut from all events of a visitor: within a window of days, one that spans the window's
    edge would become two. Its person is the last who logged in during it; else the last known customer among
    its events' persons, as on a device known from another day; else the last event's person.
    """
    order = ("occurred_at", "event_id")
    per_visitor = Window.partitionBy("visitor_id").orderBy(*order)
    idle = F.unix_micros("occurred_at") - F.lag(F.unix_micros("occurred_at")).over(per_visitor)
    starts = idle.isNull() | (idle > IDLE_MINUTES * 60 * 1_000_000)
    so_far = per_visitor.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    events = _with_person(silver_events, silver_identity_merges)
    events = events.withColumn("starts", starts).withColumn(
        "number", F.sum(F.col("starts").cast("int")).over(so_far)
    )

    def of_first(value: str | Column) -> Column:
        return F.max(F.when(F.col("starts"), value))

    def count(event_name: str) -> Column:
        return F.count_if(F.col("event_name") == event_name)

    moment = F.struct(*order)
    visits = events.groupBy("visitor_id", "number").agg(
        of_first(F.col("event_id")).alias("first_event_id"),
        F.max_by(F.struct("person_id", "person_customer_id"), F.struct("knowledge", *order)).alias("whose"),
        F.min("occurred_at").alias("started_at"),
        F.max("occurred_at").alias("ended_at"),
        of_first(channel()).alias("channel"),
        F.min_by("page_path", F.when(F.col("page_path").isNotNull(), moment)).alias("landing_path"),
        of_first(F.col("device")).alias("device"),
        F.max("is_bot").alias("is_bot"),
        F.count(F.lit(1)).alias("event_count"),
        count("Products Searched").alias("search_count"),
        count("Product Viewed").alias("product_view_count"),
        count("Product Added").alias("cart_add_count"),
        count("Checkout Started").alias("checkout_count"),
        count("Payment Info Entered").alias("payment_count"),
    )
    session_id = F.substring(F.sha2(F.concat_ws("|", "visitor_id", "first_event_id"), 256), 1, 32)
    return visits.select(
        session_id.alias("session_id"),
        "visitor_id",
        F.col("whose.person_id").alias("person_id"),
        F.col("whose.person_customer_id").alias("customer_id"),
        "started_at",
        "ended_at",
        "channel",
        "landing_path",
        "device",
        "is_bot",
        "event_count",
        "search_count",
        "product_view_count",
        "cart_add_count",
        "checkout_count",
        "payment_count",
    )


def _with_person(events: DataFrame, merges: DataFrame) -> DataFrame:
    """Add person, customer and `knowledge` to events: 2 logged in, 1 customer known, 0 neither.

    A logged-in customer takes precedence over the sender: a server may name the customer beside its own id.
    """
    logged_in = F.col("logged_in_id")
    is_own = F.coalesce(customer_number("distinct_id") == logged_in, F.lit(False))
    whose = F.when(logged_in.isNotNull() & ~is_own, logged_in.cast("string")).otherwise(F.col("distinct_id"))
    persons = merged_ids(merges).withColumnRenamed("distinct_id", "whose_id")
    known = (
        events.withColumnRenamed("customer_id", "logged_in_id")
        .withColumn("whose_id", whose)
        .join(persons, on="whose_id", how="left")  # many to at most one
    )
    customer = customer_of("whose_id")
    knowledge = F.when(logged_in.isNotNull(), 2).when(customer.isNotNull(), 1).otherwise(0)
    return known.select(
        *(name for name in events.columns if name != "customer_id"),
        person_of("whose_id").alias("person_id"),
        customer.alias("person_customer_id"),
        knowledge.alias("knowledge"),
    )
