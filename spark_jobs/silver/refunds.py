"""Refunds of money."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment, word


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each refund."""
    return raw.select(
        integer("id").alias("refund_id"),
        integer("order_id").alias("order_id"),
        word("reason").alias("reason"),
        "shipping_amount",
        "shipping_tax_amount",
        "total_amount",
        code("currency").alias("currency"),
        moment("refunded_at").alias("refunded_at"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
