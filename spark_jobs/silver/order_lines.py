"""Order lines."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each order line."""
    return raw.select(
        integer("id").alias("order_line_id"),
        integer("order_id").alias("order_id"),
        "line_number",
        integer("product_id").alias("product_id"),
        text("sku").alias("sku"),
        text("product_name").alias("product_name"),
        integer("quantity").alias("quantity"),
        F.col("unit_price").alias("unit_price_amount"),
        "discount_amount",
        F.col("tax_rate").alias("tax_rate_share"),
        "tax_amount",
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
