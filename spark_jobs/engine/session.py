"""A job's Spark session: the warm Connect server where `SPARK_REMOTE` names one, else one of its own.

A job submitted with spark-submit (`local[*]`, `spark://…`) finds the session's master and jars already set.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar
from urllib.parse import urlparse

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from spark_jobs.errors import TransientError
from spark_jobs.lake.object_store import lake_configuration
from spark_jobs.settings import settings

# Set on every session, whoever made it; what must be set at the server's start is set there too.
SESSION_CONF = {
    "spark.sql.session.timeZone": "UTC",
    # Not Spark's INT96, which other readers take for nanoseconds: those end in 1677 and 2262.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # How many tasks read a table's log at each commit. Spark's 50 cost 7 CPU seconds a commit, 1 costs 2.
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.schema.autoMerge.enabled": "false",
}
STATIC_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
CONNECT_DEADLINE_SECONDS = 45

Item = TypeVar("Item")


@contextmanager
def spark_session(app_name: str) -> Iterator[SparkSession]:
    """A session for one job; closed at its end, while a Connect server lives on.

    Raises:
        TransientError: when `SPARK_REMOTE` names a server that does not answer.
    """
    spark = _new_session(app_name)
    try:
        yield spark
    finally:
        spark.stop()


def _new_session(app_name: str) -> SparkSession:
    remote = os.environ.get("SPARK_REMOTE")
    if remote:
        _await_server(remote)
        spark: SparkSession = SparkSession.builder.remote(remote).create()
    else:
        builder = SparkSession.builder.appName(app_name)
        for name, value in {**STATIC_CONF, **lake_configuration(settings())}.items():
            builder = builder.config(name, value)
        spark = builder.getOrCreate()
    _configure(spark)
    return spark


def _configure(spark: SparkSession) -> None:
    for name, value in SESSION_CONF.items():
        spark.conf.set(name, value)


def _await_server(remote: str) -> None:
    address = urlparse(remote)
    host, port = address.hostname or "", address.port or 15002

    @retry(
        retry=retry_if_exception_type(OSError),
        stop=stop_after_delay(CONNECT_DEADLINE_SECONDS),
        wait=wait_fixed(1),
        reraise=True,
    )
    def knock() -> None:
        socket.create_connection((host, port), timeout=5).close()

    try:
        knock()
    except OSError as error:
        raise TransientError(
            f"Spark does not answer at {host}:{port} ({error}). The address is SPARK_REMOTE;"
            " `./shoplake status` shows whether the server runs."
        ) from None


def checkpoint(rows: DataFrame) -> DataFrame:
    """Compute rows once and keep them on the executors' disks for the rest of the session.

    The rows are named by a view first. The checkpoint command sends its plan through the protobuf parser,
    which refuses more than 100 nested messages; the longest plans of marts have 130.
    """
    rows.createOrReplaceTempView("to_checkpoint")
    return rows.sparkSession.table("to_checkpoint").localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)


def in_parallel(
    spark: SparkSession, work: Callable[[SparkSession, Item], None], items: Iterable[Item], workers: int = 2
) -> None:
    """Do independent pieces of work side by side, each worker with a session (and its settings) of its own.

    Raises:
        Exception: the first that a piece raised, after the others have ended.
    """
    # A thread keeps its session: PySpark gives a checkpoint to the session that the thread made last.
    mine = threading.local()
    made: SimpleQueue[SparkSession] = SimpleQueue()

    def run(item: Item) -> None:
        if not hasattr(mine, "session"):
            mine.session = _sibling(spark)
            made.put(mine.session)
        work(mine.session, item)

    try:
        with ThreadPoolExecutor(max_workers=workers) as pool:
            for future in [pool.submit(run, item) for item in items]:
                future.result()
    finally:
        while os.environ.get("SPARK_REMOTE") and not made.empty():
            made.get().stop()


def _sibling(spark: SparkSession) -> SparkSession:
    remote = os.environ.get("SPARK_REMOTE")
    sibling: SparkSession = SparkSession.builder.remote(remote).create() if remote else spark.newSession()
    _configure(sibling)
    return sibling
