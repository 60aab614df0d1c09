"""Contact data typed at checkout."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.lib.context import Context
from spark_jobs.lib.identity import normalised_email
from spark_jobs.lib.parsing import integer, moment
from spark_jobs.lib.quality import SYSTEM


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Each version of the contact data of each order."""
    return raw.select(
        integer("id").alias("order_id"),
        normalised_email("email").alias("email"),
        moment("updated_at").alias("updated_at"),
        *SYSTEM,
    )
