"""History of accounts."""

from __future__ import annotations

from pyspark.sql import DataFrame

from spark_jobs.columns.context import Context
from spark_jobs.columns.parsing import code, integer
from spark_jobs.silver.versions import as_version, is_deletion, valid_from


def clean(raw: DataFrame, context: Context) -> DataFrame:
    """Return one version per row; a deletion is a version, too."""
    return raw.select(
        integer("id").alias("customer_id"),
        valid_from(),
        code("country_code").alias("country_code"),
        "accepts_marketing",
        "is_test",
        is_deletion(),
        *as_version(),
    )
