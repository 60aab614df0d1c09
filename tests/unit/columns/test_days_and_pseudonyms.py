"""Days of the shop's time zone, and pseudonyms that require a key."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.identity import normalised_email, pseudonym
from spark_jobs.columns.timezones import last_complete_day, local_date
from tests.unit.dataframes import CONTEXT


def test_a_day_has_23_or_25_hours_when_the_clocks_change(spark: SparkSession) -> None:
    moments = [
        *("2026-03-28 22:59:59", "2026-03-28 23:00:00", "2026-03-29 21:59:59", "2026-03-29 22:00:00"),
        *("2026-10-24 21:59:59", "2026-10-24 22:00:00", "2026-10-25 22:59:59", "2026-10-25 23:00:00"),
    ]
    df = spark.createDataFrame([(m,) for m in moments], "m string").select(F.col("m").cast("timestamp"))
    days = [str(row[0]) for row in df.select(local_date("m", CONTEXT)).collect()]
    assert days == [
        *("2026-03-28", "2026-03-29", "2026-03-29", "2026-03-30"),
        *("2026-10-24", "2026-10-25", "2026-10-25", "2026-10-26"),
    ]


@pytest.mark.parametrize(
    ("as_of", "day"), [("2026-06-30T21:59:59", "2026-06-26"), ("2026-06-30T22:00:00", "2026-06-27")]
)
def test_a_day_is_complete_when_its_late_data_days_have_passed(as_of: str, day: str) -> None:
    context = replace(CONTEXT, as_of=datetime.fromisoformat(as_of).replace(tzinfo=UTC))
    assert str(last_complete_day(context)) == day


@pytest.mark.parametrize("key", [b"short", b"k" * 64, b"long" * 40])
def test_a_pseudonym_is_a_keyed_hash_and_no_bare_one(spark: SparkSession, key: bytes) -> None:
    df = spark.createDataFrame([(" Zoë@Example.COM\t",), (" ",), (None,)], "email string")
    found = [row[0] for row in df.select(pseudonym(normalised_email("email"), key)).collect()]
    wanted = hmac.new(key, "zoë@example.com".encode(), hashlib.sha256).hexdigest()[:32]
    assert found == [wanted, None, None]
