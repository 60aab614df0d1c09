"""Parcels on their way."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.lib.context import Context
from spark_jobs.lib.parsing import code, integer, moment, text, word
from spark_jobs.lib.quality import SYSTEM


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Each version of each parcel."""
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
        *SYSTEM,
    )
