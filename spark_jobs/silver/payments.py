"""Payment attempts."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment, word


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each attempt."""
    return raw.select(
        integer("id").alias("payment_id"),
        integer("order_id").alias("order_id"),
        word("method").alias("method"),
        word("status").alias("status"),
        "amount",
        "fee_amount",
        code("currency").alias("currency"),
        moment("processed_at").alias("processed_at"),
        moment("created_at").alias("created_at"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
