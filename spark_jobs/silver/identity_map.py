"""Ids and the persons they belong to."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.silver.persons import customer_of, merged_ids, person_of


def derive(silver_events: DataFrame, silver_identity_merges: DataFrame, context: Context) -> DataFrame:
    """Return one row per id that sent an event or that a merge names."""
    seen = silver_events.groupBy("distinct_id").agg(
        F.min("occurred_at").alias("first_seen_at"), F.max("occurred_at").alias("last_seen_at")
    )
    ids = seen.join(merged_ids(silver_identity_merges), on="distinct_id", how="full")  # one to at most one
    return ids.select(
        "distinct_id",
        person_of("distinct_id").alias("person_id"),
        customer_of("distinct_id").alias("customer_id"),
        F.coalesce("is_identified", F.lit(False)).alias("is_identified"),
        "linked_at",
        "first_seen_at",
        "last_seen_at",
    )
