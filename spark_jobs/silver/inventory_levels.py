"""Stock levels."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each product and location."""
    return raw.select(
        integer("product_id").alias("product_id"),
        text("location").alias("location"),
        integer("on_hand").alias("on_hand_count"),
        integer("reserved").alias("reserved_count"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
