"""History of categories."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import integer, text
from spark_jobs.silver.versions import as_version, is_deletion, valid_from


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return one version per row; a deletion is a version, too."""
    return raw.select(
        integer("id").alias("category_id"),
        valid_from(),
        integer("parent_id").alias("parent_category_id"),
        text("name").alias("name"),
        is_deletion(),
        *as_version(),
    )
