"""Accounts, without contact data."""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.model import CARRIED_COLUMNS
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import normalised_email, pseudonym
from spark_jobs.columns.parsing import code, integer, moment, text


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return each version of each account; the e-mail address becomes a keyed pseudonym."""
    return raw.select(
        integer("id").alias("customer_id"),
        pseudonym(normalised_email("email"), context.pseudonym_key).alias("email_pseudonym"),
        text("locale").alias("locale"),
        code("country_code").alias("country_code"),
        "accepts_marketing",
        "is_test",
        moment("created_at").alias("created_at"),
        moment("updated_at").alias("updated_at"),
        *CARRIED_COLUMNS,
    )
