"""Bronze events in the form of the stream, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from deltalake import write_deltalake

from contracts.sources.events import CAPTURED
from spark_jobs.lake.tables import Lake

STAMP = pa.timestamp("us", "UTC")


def write_bronze(
    partition: int, values: Sequence[str], first: int, at: datetime, topic: str = "events"
) -> None:
    """Append messages of one partition, from an offset on, as ingested at a moment."""
    count = len(values)
    headers = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
    rows = pa.table(
        {
            "topic": pa.array([topic] * count),
            "partition": pa.array([partition] * count, pa.int32()),
            "offset": pa.array(range(first, first + count), pa.int64()),
            "key": pa.array(["token:d"] * count),
            "headers": pa.array([[]] * count, headers),
            "kafka_timestamp": pa.array([at] * count, STAMP),
            "value": pa.array(values),
            "_ingested_at": pa.array([at] * count, STAMP),
            "_ingested_date": pa.array([at.date()] * count),
        }
    )
    feed = {"delta.enableChangeDataFeed": "true"}
    path = Lake().path(CAPTURED)
    write_deltalake(path, rows, mode="append", partition_by=["_ingested_date"], configuration=feed)
