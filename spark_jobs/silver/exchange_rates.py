"""Rates the shop uses."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.lib.context import Context
from spark_jobs.lib.parsing import code, day, moment
from spark_jobs.lib.quality import SYSTEM


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Each version of each day's rate of a currency pair."""
    return raw.select(
        day("rate_date").alias("rate_date"),
        code("base_currency").alias("base_currency"),
        code("quote_currency").alias("quote_currency"),
        "rate",
        moment("updated_at").alias("updated_at"),
        *SYSTEM,
    )
