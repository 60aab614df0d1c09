"""Pieces of work side by side on a real Connect server."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from spark_jobs.lib.session import in_parallel, spark_session
from tests.integration.servers import Environment

pytestmark = pytest.mark.stack


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
