"""Kafka → bronze, without end: every message once, as it came, with its position.

Bronze itself says where to go on: each start reads the newest offset of every partition from it, so a lost
checkpoint loses and doubles nothing. One process writes; a supervisor restarts it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from contracts.sources.events import CAPTURED
from spark_jobs.lib.errors import exit_code
from spark_jobs.lib.kafka_source import next_offsets, offered, starting_offsets
from spark_jobs.lib.lake import Lake
from spark_jobs.lib.session import spark_session
from spark_jobs.lib.settings import Settings, settings

CHECKPOINT = "checkpoints/stream_events"
MAX_EVENTS_PER_BATCH = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Stream until a signal asks to stop."""
    args = parse_args(argv)
    config, lake = settings(), Lake()
    path, topic = lake.path(CAPTURED), config.kafka_events_topic
    start = starting_offsets(next_offsets(path, topic), offered(config), topic, args.accept_gap)
    stopping = Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    # Structured Streaming with this Kafka source needs a session of its own, not the warm server's.
    os.environ.pop("SPARK_REMOTE", None)
    try:
        return stream(lake, config, start, stopping)
    except (Py4JError, OSError):
        # A signal to the whole process group ends Spark's JVM before we can ask it to stop.
        if not stopping.is_set():
            raise
        say("stopped")
        return 0


def stream(lake: Lake, config: Settings, start: Mapping[int, int], stopping: Event) -> int:
    """Run the query until it ends (1) or a signal asks to stop (0)."""
    path = lake.path(CAPTURED)
    with spark_session("stream_events") as spark:
        spark.sparkContext.setLogLevel("ERROR")
        spark.conf.set("spark.sql.streaming.noDataMicroBatches.enabled", "false")
        columns = {column.name: column.type for column in CAPTURED.columns}
        lake.create_bronze(spark, path, columns, CAPTURED.partition_by)
        lake.storage.delete_folder(CHECKPOINT)
        query = begin(spark, config, start, path, f"{lake.uri}/{CHECKPOINT}")
        say(f"streaming {config.kafka_events_topic} from {dict(start)} to {path}")
        watch(query, stopping)
        if not stopping.is_set():
            say(f"the stream ended: {query.exception()}")
            return 1
        query.stop()
    say("stopped")
    return 0


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="stream_events", description=__doc__)
    parser.add_argument("--accept-gap", action="store_true", help="go on without events that Kafka deleted")
    return parser.parse_args(argv)


def begin(
    spark: SparkSession, config: Settings, start: Mapping[int, int], path: str, checkpoint: str
) -> StreamingQuery:
    """Start the query. Nothing may be lost silently: a gap ends it, and the next start names the range."""
    topic = config.kafka_events_topic
    raw = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", config.kafka_bootstrap_servers)
        .option("subscribe", topic)
        .option("startingOffsets", json.dumps({topic: {str(number): at for number, at in start.items()}}))
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", MAX_EVENTS_PER_BATCH)
        .load()
    )
    header = F.expr("transform(headers, h -> struct(h.key AS key, CAST(h.value AS STRING) AS value))")
    rows = raw.select(
        "topic",
        "partition",
        "offset",
        F.col("key").cast("string"),
        header.alias("headers"),
        F.col("timestamp").alias("kafka_timestamp"),
        F.col("value").cast("string"),
        F.current_timestamp().alias("_ingested_at"),
        F.to_date(F.current_timestamp()).alias("_ingested_date"),
    )
    return (
        rows.coalesce(1)  # one file per batch, not one per Kafka partition
        .writeStream.format("delta")
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime=f"{config.stream_trigger_seconds} seconds")
        .start(path)
    )


def watch(query: StreamingQuery, stopping: Event) -> None:
    """Report each batch until the query ends or a signal arrives; a health check may want a heartbeat."""
    reported, heartbeat = -1, os.environ.get("STREAM_HEARTBEAT_FILE")
    while query.isActive and not stopping.wait(1):
        if heartbeat:
            Path(heartbeat).touch()
        progress = query.lastProgress
        if progress and progress["batchId"] != reported and progress["numInputRows"]:
            reported = progress["batchId"]
            say(f"batch {reported}: {progress['numInputRows']:,} events")


def say(text: str) -> None:
    """One line of the service's log."""
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(exit_code(main))
