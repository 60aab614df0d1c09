"""PostHog's statements about the person of an id."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import MAX_DISTINCT_ID, bounded
from spark_jobs.columns.json_text import with_object
from spark_jobs.columns.parsing import integer, text, word
from spark_jobs.silver.event_formats import is_whole_text

_FIELDS = ("team_id", "distinct_id", "person_id", "version", "is_deleted")


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return one row per message; broken ones have `_problems`."""
    said = with_object(raw, "said", F.when(is_whole_text(raw), F.col("value")), _FIELDS)
    is_read = F.coalesce(*(F.col(f"said.{name}") for name in _FIELDS)).isNotNull()
    return said.select(
        integer(text("said.team_id")).alias("team_id"),
        F.substring(text("said.distinct_id"), 1, MAX_DISTINCT_ID).alias("distinct_id"),
        integer(text("said.version")).alias("version"),
        bounded(word("said.person_id")).alias("posthog_person_id"),
        F.coalesce(word("said.is_deleted").isin("1", "true"), F.lit(False)).alias("is_withdrawn"),
        F.col("kafka_timestamp").alias("stated_at"),
        F.col("topic").alias("_kafka_topic"),
        F.col("partition").alias("_kafka_partition"),
        F.col("offset").alias("_kafka_offset"),
        *CARRIED_COLUMNS,
        F.array_compact(F.array(F.when(~is_read, F.lit("value_is_not_person_distinct_id")))).alias(
            "_problems"
        ),
    )
