"""What history tables share: a deletion ends what was valid, it takes nothing back."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS


def valid_from() -> Column:
    """When the version was written, or the deletion was seen."""
    return F.col("_version_at").alias("valid_from")


def is_deletion() -> Column:
    """Whether this version is the removal from the shop."""
    return (F.col("_op") == "delete").alias("is_current_deletion")


def as_version() -> tuple[Column, ...]:
    """CARRIED_COLUMNS of a history table: a deletion is a version of its own, it may not delete those before it."""
    return (F.lit("upsert").alias("_op"), *(F.col(name) for name in CARRIED_COLUMNS if name != "_op"))
