"""Advertising costs."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, day, integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each day, channel and campaign."""
    return raw.select(
        integer("id").alias("marketing_spend_id"),
        day("spend_date").alias("spend_date"),
        text("channel").alias("channel"),
        text("campaign").alias("campaign"),
        "amount",
        code("currency").alias("currency"),
        integer("impressions").alias("impression_count"),
        integer("clicks").alias("click_count"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
