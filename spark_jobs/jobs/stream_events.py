"""Stream Kafka into bronze continuously: every message once, unchanged, with its position.

Bronze itself records the progress: each start reads the newest offset of every partition from it, so a lost
checkpoint neither loses nor duplicates messages. One process writes, with one query per Kafka; a supervisor
restarts it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from contracts.sources.events import BASE64, CAPTURED
from spark_jobs.engine.apache_spark import SparkEngine
from spark_jobs.errors import exit_code
from spark_jobs.lake.object_store import require_bucket
from spark_jobs.lake.storage import Storage
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import Settings, settings
from spark_jobs.sources.event_topics import Source, Topic, event_sources
from spark_jobs.sources.kafka_offsets import name_in_bronze, next_offsets, offered, starting_offsets

# Of each source's query.
CHECKPOINTS = {"own": "stream_events", "posthog": "stream_events_posthog"}
MAX_EVENTS_PER_BATCH = 100_000
# For each topic, the offset to continue at in each partition.
Start = Mapping[Topic, Mapping[int, int]]


def main(argv: Sequence[str] | None = None) -> int:
    """Stream until a signal asks to stop."""
    args = parse_args(argv)
    config, lake = settings(), Lake()
    require_bucket(config)
    starts = {
        source: starting(source, lake, args.accept_gap, args.topic_made_anew)
        for source in event_sources(config)
    }
    stopping = Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    # Structured Streaming with this Kafka source needs its own session, not that of the warm server.
    os.environ.pop("SPARK_REMOTE", None)
    try:
        return stream(lake, config, starts, stopping)
    except (Py4JError, OSError):
        # A signal to the whole process group ends Spark's JVM before we can ask it to stop.
        if not stopping.is_set():
            raise
        say("stopped")
        return 0


def starting(source: Source, lake: Lake, accept_gap: bool, made_anew: Sequence[str] = ()) -> Start:
    """Return where to continue in each topic of a source; a recreated topic is read from its beginning."""
    start = {}
    for topic, there in offered(source).items():
        is_anew = topic.name in made_anew
        wanted = {} if is_anew else next_offsets(lake, topic.in_bronze)
        named = replace(topic, in_bronze=name_in_bronze(lake, topic.in_bronze, is_anew))
        start[named] = starting_offsets(wanted, there, topic, source, accept_gap)
    return start


def stream(lake: Lake, config: Settings, starts: Mapping[Source, Start], stopping: Event) -> int:
    """Run the queries until one ends (1) or a signal asks to stop (0)."""
    path = lake.path(CAPTURED)
    with closing(SparkEngine.start("stream_events", lake)) as engine:
        spark = engine.spark
        spark.sparkContext.setLogLevel("ERROR")
        spark.conf.set("spark.sql.streaming.noDataMicroBatches.enabled", "false")
        columns = {column.name: column.type for column in CAPTURED.columns}
        engine.create_bronze(path, columns, CAPTURED.partition_by)
        queries, checkpoints = [], Storage(config.stream_checkpoints)
        for source, start in starts.items():
            checkpoints.delete_folder(CHECKPOINTS[source.name])
            queries.append(begin(spark, config, source, start, lake))
            for topic, offsets in start.items():
                say(f"streaming {topic.in_bronze} from {dict(offsets)} to {path}")
        watch(queries, stopping)
        if not stopping.is_set():
            ended = next(query for query in queries if not query.isActive)
            say(f"the stream ended: {ended.exception()}")
            return 1
        for query in queries:
            query.stop()
    say("stopped")
    return 0


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="stream_events", description=__doc__)
    parser.add_argument("--accept-gap", action="store_true", help="go on without events that Kafka deleted")
    parser.add_argument(
        "--topic-made-anew",
        metavar="TOPIC",
        action="append",
        default=[],
        help="read this topic from its beginning, as a new one beside what bronze has of its name",
    )
    return parser.parse_args(argv)


def begin(spark: SparkSession, config: Settings, source: Source, start: Start, lake: Lake) -> StreamingQuery:
    """Start a query. Nothing is lost silently: a gap ends the query, and the next start names the range."""
    offsets = {
        topic.name: {str(number): at for number, at in numbers.items()} for topic, numbers in start.items()
    }
    raw = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", source.servers)
        .option("subscribe", ",".join(offsets))
        .option("startingOffsets", json.dumps(offsets))
        .option("failOnDataLoss", "true")
        .option("kafka.isolation.level", "read_committed")  # messages of an aborted transaction do not exist
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", MAX_EVENTS_PER_BATCH)
        .load()
    )
    headers = F.transform(
        "headers", lambda each: F.struct(each["key"].alias("key"), marked_text(each["value"]).alias("value"))
    )
    is_text = F.is_valid_utf8(F.col("value").cast("string"))
    rows = raw.select(
        by_topic({topic.name: topic.in_bronze for topic in start}).alias("topic"),
        "partition",
        "offset",
        marked_text(F.col("key")).alias("key"),
        headers.alias("headers"),
        F.col("timestamp").alias("kafka_timestamp"),
        by_topic({topic.name: topic.format for topic in start}).alias("format"),
        F.when(is_text, F.col("value").cast("string")).otherwise(F.base64("value")).alias("value"),
        F.when(~is_text, F.lit(BASE64)).alias("value_encoding"),
        F.current_timestamp().alias("_ingested_at"),
        F.to_date(F.current_timestamp()).alias("_ingested_date"),
    )
    return (
        rows.coalesce(1)  # one file per batch, not one per Kafka partition
        .writeStream.format("delta")
        .queryName(source.name)
        .option("checkpointLocation", f"{config.stream_checkpoints}/{CHECKPOINTS[source.name]}")
        .option("mergeSchema", "true")  # an older bronze table gets the new columns
        .trigger(processingTime=f"{config.stream_trigger_seconds} seconds")
        .start(lake.path(CAPTURED))
    )


def marked_text(binary: Column) -> Column:
    """Return bytes as text; invalid UTF-8 as marked base64, so that nothing is lost."""
    as_text = binary.cast("string")
    encoded = F.concat(F.lit(f"{BASE64}:"), F.base64(binary))
    return F.when(F.is_valid_utf8(as_text), as_text).otherwise(encoded)


def by_topic(values: Mapping[str, str]) -> Column:
    """Return a value for the rows of each Kafka topic."""
    return F.coalesce(*(F.when(F.col("topic") == name, F.lit(value)) for name, value in values.items()))


def watch(queries: Sequence[StreamingQuery], stopping: Event) -> None:
    """Report each batch until a query ends or a signal arrives; touch the heartbeat file if one is set."""
    reported: dict[str, int] = {}
    heartbeat = os.environ.get("STREAM_HEARTBEAT_FILE")
    while all(query.isActive for query in queries) and not stopping.wait(1):
        if heartbeat:
            Path(heartbeat).touch()
        for query in queries:
            progress = query.lastProgress
            if progress and progress["batchId"] != reported.get(query.id) and progress["numInputRows"]:
                reported[query.id] = progress["batchId"]
                say(f"{query.name} batch {progress['batchId']}: {progress['numInputRows']:,} messages")


def say(text: str) -> None:
    """Write one line of the service's log."""
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(exit_code(main))
