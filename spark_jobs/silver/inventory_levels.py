"""What lies in stock."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.lib.context import Context
from spark_jobs.lib.parsing import integer, moment, text
from spark_jobs.lib.quality import SYSTEM


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Each version of each product and location."""
    return raw.select(
        integer("product_id").alias("product_id"),
        text("location").alias("location"),
        integer("on_hand").alias("on_hand_count"),
        integer("reserved").alias("reserved_count"),
        moment("updated_at").alias("updated_at"),
        *SYSTEM,
    )
