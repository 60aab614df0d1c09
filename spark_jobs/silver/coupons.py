"""Coupons that customers can enter."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment, text, word


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each coupon."""
    return raw.select(
        integer("id").alias("coupon_id"),
        text("code").alias("code"),
        word("kind").alias("kind"),
        F.col("value").alias("value_amount"),
        code("currency").alias("currency"),
        integer("usage_limit").alias("usage_limit_count"),
        moment("valid_from").alias("valid_from"),
        moment("valid_to").alias("valid_to"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
