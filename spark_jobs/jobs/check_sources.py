"""Check before a run that every server answers, the schema is known and bronze has all current events."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from contracts.model import Layer
from contracts.registry import tables_of
from contracts.sources.events import CAPTURED
from spark_jobs.errors import exit_code
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, run_step
from spark_jobs.settings import Settings, settings
from spark_jobs.sources import mysql_snapshot as mysql
from spark_jobs.sources.event_topics import Source, Topic, event_sources
from spark_jobs.sources.kafka_offsets import Offered, lag, missing_messages, next_offsets, offered
from spark_jobs.sources.schema_drift import drift, refuse_breaking
from spark_jobs.warehouse.connections import warehouse

POLL_SECONDS = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Check all sources."""
    parser = argparse.ArgumentParser(prog="check_sources", description=__doc__)
    parser.add_argument("--run-id", required=True, help="the run this step belongs to")
    args = parser.parse_args(argv)
    config, lake = settings(), Lake()
    with run_step("check_sources", args.run_id, lake) as step:
        asyncio.run(check_mysql(config, step))
        with warehouse(config) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        check_stream(config, lake, step)
    return 0


async def check_mysql(config: Settings, step: Step) -> None:
    """Check that the shop answers and its schema fits the contracts; new columns are reported."""
    connection = await mysql.connect(config)
    try:
        source = await mysql.columns(connection, config.shop_mysql_database)
    finally:
        connection.close()
    found = drift(tables_of(Layer.SHOP), source)
    refuse_breaking(found)
    step.details["new_columns"] = found.new
    for column in found.new:
        print(f"new column, kept in bronze: {column}")


def check_stream(config: Settings, lake: Lake, step: Step) -> None:
    """Wait until bronze has every message that Kafka has now; after the deadline, report what is missing."""
    start = time.monotonic()
    there = {source: offered(source) for source in event_sources(config)}
    deadline = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(config.stream_catch_up_seconds),
        wait=wait_fixed(POLL_SECONDS),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )
    behind = deadline(lambda: sum(_behind(lake, source, has) for source, has in there.items()))
    record = step.table(CAPTURED.id)
    record.seconds = round(time.monotonic() - start, 2)
    record.details = {
        "lag": behind,
        "end_offsets": {
            topic.in_bronze: has.end for has_all in there.values() for topic, has in has_all.items()
        },
    }
    if behind:
        record.note = f"{behind:,} events behind after {config.stream_catch_up_seconds} s"
        print(
            f"warning: the stream is {behind:,} events behind Kafka after"
            f" STREAM_CATCH_UP_SECONDS={config.stream_catch_up_seconds}; this run goes on without them."
            " `./shoplake status` shows whether the stream runs."
        )


def _behind(lake: Lake, source: Source, there: Mapping[Topic, Offered]) -> int:
    """Count messages of a source that bronze lacks; the brokers are asked only where offsets differ."""
    wanted = {topic: next_offsets(lake, topic.in_bronze) for topic in there}
    late = {
        topic: {number: wanted[topic].get(number, first) for number, first in has.earliest.items()}
        for topic, has in there.items()
        if lag(wanted[topic], has)
    }
    return missing_messages(source, late) if late else 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
