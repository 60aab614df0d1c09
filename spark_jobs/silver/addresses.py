"""Delivery and billing addresses, without contact data."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer, moment, text, word


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each address."""
    return raw.select(
        integer("id").alias("address_id"),
        integer("customer_id").alias("customer_id"),
        word("kind").alias("kind"),
        text("city").alias("city"),
        text("region").alias("region"),
        code("country_code").alias("country_code"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
