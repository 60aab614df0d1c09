"""The current catalogue."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each product."""
    return raw.select(
        integer("id").alias("product_id"),
        text("sku").alias("sku"),
        text("name").alias("name"),
        text("brand").alias("brand"),
        integer("category_id").alias("category_id"),
        F.col("price").alias("list_price_amount"),
        code("currency").alias("currency"),
        "is_active",
        "attributes",
        moment("created_at").alias("created_at"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
