"""Apache Spark: a warm Connect server where `SPARK_REMOTE` names one, else the session of spark-submit."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlparse

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from spark_jobs.engine.base import CHANGE_FEED, TABLE_PROPERTIES, Engine, Merge
from spark_jobs.errors import TransientError
from spark_jobs.lake.object_store import lake_configuration
from spark_jobs.lake.tables import Lake, Txn
from spark_jobs.settings import settings

# Set on every session, whoever made it; settings that the server needs at its start are set there too.
SESSION_CONF = {
    "spark.sql.session.timeZone": "UTC",
    # Not Spark's INT96, which other readers treat as nanoseconds, limited to the years 1677 to 2262.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Number of tasks that read a table's log at each commit. Spark's 50 cost 7 CPU seconds a commit, 1 costs
    # 2.
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.schema.autoMerge.enabled": "false",
    **{
        f"spark.databricks.delta.properties.defaults.{name.removeprefix('delta.')}": value
        for name, value in TABLE_PROPERTIES.items()
    },
}
STATIC_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
CONNECT_DEADLINE_SECONDS = 45
# A smaller table, in bytes, is read as one partition: joins and aggregations then need no shuffle, whose
# stages cost a small shop more than a second core gains. Tables are still built in parallel.
ONE_PARTITION_BYTES = 16 * 1024 * 1024
# From this many files on, Spark would list them in a separate job.
FEW_FILES = 32


class SparkEngine(Engine):
    """A session of Apache Spark with Delta Lake."""

    def __init__(self, spark: SparkSession, lake: Lake, *, shares_context: bool = False) -> None:
        super().__init__(spark, lake)
        self._shares_context = shares_context

    @classmethod
    def start(cls, app_name: str, lake: Lake) -> Self:
        """Open a session.

        Raises:
            TransientError: when `SPARK_REMOTE` names a server that does not answer.
        """
        remote = os.environ.get("SPARK_REMOTE")
        if remote:
            _await_server(remote)
            spark: SparkSession = SparkSession.builder.remote(remote).create()
        else:
            builder = SparkSession.builder.appName(app_name)
            for name, value in {**STATIC_CONF, **lake_configuration(settings())}.items():
                builder = builder.config(name, value)
            spark = builder.getOrCreate()
        return cls(_configured(spark), lake)

    def sibling(self) -> Self:
        """Open a second session, with its own settings."""
        remote = os.environ.get("SPARK_REMOTE")
        spark = SparkSession.builder.remote(remote).create() if remote else self.spark.newSession()
        return type(self)(_configured(spark), self.lake, shares_context=not remote)

    def close(self) -> None:
        """Close the session, unless another one needs its context: those of spark-submit share one."""
        if not self._shares_context:
            self.spark.stop()

    def checkpoint(self, rows: DataFrame) -> DataFrame:
        """Compute rows once and keep them on the executors' disks for the rest of the session.

        The rows are named by a view first. The checkpoint command sends its plan through the protobuf parser,
        which refuses more than 100 nested messages; the longest plans of marts have 130.
        """
        rows.createOrReplaceTempView("to_checkpoint")
        return self.spark.table("to_checkpoint").localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)

    def read(self, path: str, version: int | None = None) -> DataFrame:
        """Read a table, as of a version where one is given.

        The files of a small table are taken from its log by delta-rs: Spark needs several jobs to read a log,
        which would cost more than reading the table.
        """
        table = self.lake.open(path, version)
        files, protocol = table.file_uris(), table.protocol()
        is_plain = protocol.min_reader_version == 1  # no deletion vectors, no renamed columns
        if not is_plain or len(files) > FEW_FILES or self.lake.size_of(table) >= ONE_PARTITION_BYTES:
            return self.spark.read.format("delta").option("versionAsOf", table.version()).load(path)
        schema = StructType.fromJson(json.loads(table.schema().to_json()))
        if not files:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).option("basePath", path).parquet(*files).coalesce(1)

    def appended(self, path: str, after: int, until: int) -> DataFrame:
        """Read the rows appended by the commits after `after` up to and including `until`."""
        feed = (
            self.spark.read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", after + 1)
            .option("endingVersion", until)
            .load(path)
        )
        return feed.where("_change_type = 'insert'").drop(
            "_change_type", "_commit_version", "_commit_timestamp"
        )

    def create(
        self,
        path: str,
        columns: Mapping[str, str],
        partition_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Create an empty table with these columns (name → Spark SQL type) unless it exists."""
        if self.lake.exists(path):
            return
        declared = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
        partitions = f" PARTITIONED BY ({', '.join(partition_by)})" if partition_by else ""
        wanted = ", ".join(f"'{name}' = '{value}'" for name, value in (properties or {}).items())
        table_properties = f" TBLPROPERTIES ({wanted})" if wanted else ""
        target = f"CREATE TABLE IF NOT EXISTS delta.`{path}` ({declared}) USING DELTA"
        self.spark.sql(target + partitions + table_properties)

    def append_files(self, folder: str, path: str, txn: Txn, metadata: Mapping[str, Any]) -> None:
        """Append a folder of Parquet files in one commit; do nothing when `txn` is already in the table."""
        rows = self.spark.read.parquet(folder)
        writer = rows.write.format("delta").mode("append").option("mergeSchema", "true")
        if not self.lake.exists(path):
            writer = writer.options(**CHANGE_FEED)
        writer = writer.option("userMetadata", json.dumps(metadata))
        writer.option("txnAppId", txn.app_id).option("txnVersion", txn.version).save(path)

    def overwrite(
        self, rows: DataFrame, path: str, metadata: Mapping[str, Any], txn: Txn | None = None
    ) -> None:
        """Replace the table's rows and columns in one commit."""
        writer = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
        writer = writer.option("userMetadata", json.dumps(metadata))
        if txn is not None:
            writer = writer.option("txnAppId", txn.app_id).option("txnVersion", txn.version)
        writer.save(path)

    def merge(
        self, rows: DataFrame, path: str, merge: Merge, txn: Txn, metadata: Mapping[str, Any] | None = None
    ) -> dict[str, int]:
        """Merge rows into a table in one commit; do nothing when `txn` is already in it.

        The transaction is set in the session's settings, so a session runs one merge at a time.
        """
        rows.createOrReplaceTempView("merge_source")
        conf = {
            "spark.databricks.delta.write.txnAppId": txn.app_id,
            "spark.databricks.delta.write.txnVersion": str(txn.version),
            "spark.databricks.delta.commitInfo.userMetadata": json.dumps(metadata or {}),
        }
        for name, value in conf.items():
            self.spark.conf.set(name, value)
        try:
            statement = f"MERGE INTO delta.`{path}` t USING merge_source s {_sql(merge)}"
            counts = self.spark.sql(statement).collect()
        finally:
            for name in conf:
                self.spark.conf.unset(name)
        found = counts[0].asDict() if counts else {}
        return {kind: found[f"num_{kind}_rows"] for kind in ("inserted", "updated") if found}


def _sql(merge: Merge) -> str:
    clauses = [
        f"WHEN MATCHED AND {update.condition} THEN UPDATE SET "
        + ", ".join(f"{name} = {value}" for name, value in update.values.items())
        for update in merge.updates
    ]
    names, values = ", ".join(merge.insert), ", ".join(merge.insert.values())
    clauses.append(f"WHEN NOT MATCHED AND {merge.insert_condition} THEN INSERT ({names}) VALUES ({values})")
    return f"ON {merge.on} {' '.join(clauses)}"


def _configured(spark: SparkSession) -> SparkSession:
    for name, value in SESSION_CONF.items():
        spark.conf.set(name, value)
    return spark


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
