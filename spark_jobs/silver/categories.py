"""The catalogue's tree."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.lib.context import Context
from spark_jobs.lib.parsing import integer, moment, text
from spark_jobs.lib.quality import SYSTEM


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Each version of each category."""
    return raw.select(
        integer("id").alias("category_id"),
        integer("parent_id").alias("parent_category_id"),
        text("name").alias("name"),
        text("slug").alias("slug"),
        moment("updated_at").alias("updated_at"),
        *SYSTEM,
    )
