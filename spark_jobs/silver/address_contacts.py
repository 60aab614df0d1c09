"""Contact data of addresses."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of the contact data of each address."""
    return raw.select(
        integer("id").alias("address_id"),
        text("name").alias("recipient_name"),
        text("line1").alias("line1"),
        text("line2").alias("line2"),
        text("postal_code").alias("postal_code"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
