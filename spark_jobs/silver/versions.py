"""Shared rules of history tables: a deletion ends a version's validity and revokes nothing."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.model import CARRIED_COLUMNS


def valid_from() -> Column:
    """Return when the version was written, or the deletion was seen."""
    return F.col("_version_at").alias("valid_from")


def is_deletion() -> Column:
    """Return whether this version is the deletion in the shop."""
    return (F.col("_op") == "delete").alias("is_current_deletion")


def as_version() -> tuple[Column, ...]:
    """Return carried columns of a history table: a deletion is a version and deletes no earlier one."""
    return (F.lit("upsert").alias("_op"), *(F.col(name) for name in CARRIED_COLUMNS if name != "_op"))
