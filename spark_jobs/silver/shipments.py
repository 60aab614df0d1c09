"""Shipped parcels."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment, text, word


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each parcel."""
    return raw.select(
        integer("id").alias("shipment_id"),
        integer("order_id").alias("order_id"),
        text("carrier").alias("carrier"),
        word("status").alias("status"),
        "cost_amount",
        code("currency").alias("currency"),
        moment("shipped_at").alias("shipped_at"),
        moment("delivered_at").alias("delivered_at"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
