"""Contact data of accounts."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import normalised_email
from spark_jobs.columns.parsing import integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of the contact data of each account."""
    return raw.select(
        integer("id").alias("customer_id"),
        normalised_email("email").alias("email"),
        text("first_name").alias("first_name"),
        text("last_name").alias("last_name"),
        text("phone").alias("phone"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
