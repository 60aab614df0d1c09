"""Exchange rates that the shop uses."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, day, moment


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each day's rate of a currency pair."""
    return raw.select(
        day("rate_date").alias("rate_date"),
        code("base_currency").alias("base_currency"),
        code("quote_currency").alias("quote_currency"),
        "rate",
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
