"""Refunded lines."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import integer, moment


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each refunded line."""
    return raw.select(
        integer("id").alias("refund_line_id"),
        integer("refund_id").alias("refund_id"),
        integer("order_item_id").alias("order_line_id"),
        integer("quantity").alias("quantity"),
        "amount",
        "tax_amount",
        F.col("restocked").alias("is_restocked"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
