"""History of products."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, text
from spark_jobs.silver.versions import as_version, is_deletion, valid_from


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return one version per row; a deletion is a version, too."""
    return raw.select(
        integer("id").alias("product_id"),
        valid_from(),
        text("name").alias("name"),
        text("brand").alias("brand"),
        integer("category_id").alias("category_id"),
        F.col("price").alias("list_price_amount"),
        code("currency").alias("currency"),
        "is_active",
        is_deletion(),
        *as_version(),
    )
