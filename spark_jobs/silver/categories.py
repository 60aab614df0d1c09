"""The category tree."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each category."""
    return raw.select(
        integer("id").alias("category_id"),
        integer("parent_id").alias("parent_category_id"),
        text("name").alias("name"),
        text("slug").alias("slug"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
