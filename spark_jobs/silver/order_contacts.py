"""Contact data typed at checkout."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import normalised_email
from spark_jobs.columns.parsing import integer, moment


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of the contact data of each order."""
    return raw.select(
        integer("id").alias("order_id"),
        normalised_email("email").alias("email"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
