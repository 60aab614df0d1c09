"""Pieces of work side by side on a real Connect server."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.engine.session import checkpoint, in_parallel, spark_session
from tests.integration.servers import Environment

pytestmark = pytest.mark.stack
# A select is two nested messages of a plan, and the parser takes 100.
MANY_SELECTS = 80


def test_a_checkpoint_is_found_by_the_session_that_made_it(environment: Environment) -> None:
    """The first piece, as with an unchanged table, ends before the second thread has a session."""
    found: list[int] = []

    def work(session: SparkSession, number: int) -> None:
        if number:
            found.append(session.range(number).localCheckpoint().count())

    with spark_session("test") as spark:
        for _ in range(5):
            in_parallel(spark, work, [0, 3])
    assert found == [3] * 5


def test_the_longest_plan_can_be_kept(environment: Environment) -> None:
    with spark_session("test") as spark:
        rows = spark.range(3).select(F.col("id").alias("number"))
        for _ in range(MANY_SELECTS):
            rows = rows.select((F.col("number") + 1).alias("number"))
        kept, other = checkpoint(rows), checkpoint(spark.range(5))
        assert sorted(row["number"] for row in kept.collect()) == [MANY_SELECTS + n for n in range(3)]
        assert other.count() == 5
