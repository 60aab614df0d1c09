"""Costs of a unit to the shop."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each span of validity."""
    return raw.select(
        integer("id").alias("product_cost_id"),
        integer("product_id").alias("product_id"),
        F.col("unit_cost").alias("unit_cost_amount"),
        code("currency").alias("currency"),
        moment("valid_from").alias("valid_from"),
        moment("valid_to").alias("valid_to"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
