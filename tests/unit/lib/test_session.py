"""What jobs do with a session, on both engines."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.lib.session import checkpoint

# A select is two nested messages of a plan, and the parser takes 100.
MANY_SELECTS = 80


def test_the_longest_plan_can_be_kept(spark: SparkSession) -> None:
    rows = spark.range(3).select(F.col("id").alias("number"))
    for _ in range(MANY_SELECTS):
        rows = rows.select((F.col("number") + 1).alias("number"))
    kept = checkpoint(rows)
    assert sorted(row["number"] for row in kept.collect()) == [MANY_SELECTS + n for n in range(3)]


def test_what_is_kept_stays_when_something_else_is_kept_after_it(spark: SparkSession) -> None:
    first, second = checkpoint(spark.range(2)), checkpoint(spark.range(5))
    assert (first.count(), second.count()) == (2, 5)
