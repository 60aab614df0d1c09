"""The lake's Delta tables: where they are, what they hold, and commits that a retry cannot repeat.

Logs are read with delta-rs, which needs no Spark; data is read and written by Spark. A commit carries an
application id and a number (`txn`), so that the same piece of work, done again after a kill, changes nothing,
and the number tells how far the table has come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable
from pyarrow.dataset import Dataset, ParquetReadOptions
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from contracts.model import Layer, Table
from spark_jobs.lake.storage import Storage
from spark_jobs.settings import Settings, settings

CHANGE_FEED = ("delta.enableChangeDataFeed", "true")
# Operations that change files and no data.
UPKEEP = frozenset({"OPTIMIZE", "VACUUM START", "VACUUM END"})
# In the metadata of a commit that nothing needs to follow: the data commit before it.
CARRIED = "data_version"
# A table of fewer bytes is read as one partition: what is joined or grouped then needs no shuffle, whose
# stages cost a small shop more than two cores gain it. Tables are built side by side all the same.
ONE_PARTITION_BYTES = 16 * 1024 * 1024
# From so many files on, Spark would list them by a job of its own.
FEW_FILES = 32


@dataclass(frozen=True)
class Txn:
    """Names a piece of work: `app_id` who did it, `version` which one, rising."""

    app_id: str
    version: int


@dataclass(frozen=True)
class DataCommit:
    """The newest commit that changed data, and what it says.

    The table is read at `readable`, which has the same data: upkeep may have deleted the commit's own files.
    """

    version: int
    metadata: dict[str, Any]
    readable: int


def data_commit(table: DeltaTable) -> DataCommit:
    """The newest commit of a table after which only upkeep came.

    Where the log keeps no such commit any more, the upkeep after it says which it was (`Lake.upkeep`).
    """
    limit, now = 8, table.version()
    while True:
        commits = table.history(limit)
        carried = None
        for commit in commits:
            said = _said(commit)
            if CARRIED in said:
                carried = DataCommit(said.pop(CARRIED), said, now)
            elif commit["operation"] not in UPKEEP:
                return DataCommit(commit["version"], said, now)
        if len(commits) < limit:
            return carried or DataCommit(commits[-1]["version"] if commits else now, {}, now)
        limit *= 8


def _said(commit: Mapping[str, Any]) -> dict[str, Any]:
    """A commit's metadata; nothing where someone else wrote it in another form."""
    try:
        said = json.loads(commit.get("userMetadata") or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


class LakeTable(DeltaTable):
    """A table by delta-rs, whose files Arrow reads by a file system of its own.

    That of delta-rs is Python, so Arrow's threads would hold Python's objects: one that lets go of them while
    the interpreter ends aborts the process, a job that had done all its work (apache/arrow#34314).
    """

    def __init__(self, path: str, storage: Storage, version: int | None = None) -> None:
        super().__init__(path, version, storage_options=storage.options)
        self._files = storage.below(path)

    def rows(self) -> Dataset:
        """Its rows, to be filtered and read in batches.

        An older lake has timestamps of the type INT96: read as microseconds, they hold every year.
        """
        options = ParquetReadOptions(coerce_int96_timestamp_unit="us")
        return self.to_pyarrow_dataset(filesystem=self._files, parquet_read_options=options)


class Lake:
    """The tables below one folder or URI."""

    def __init__(self, uri: str | None = None, config: Settings | None = None) -> None:
        config = config or (None if uri else settings())
        self.uri = (uri or (config or settings()).lake_uri).rstrip("/")
        self.storage = Storage(self.uri, config)

    def path(self, table: Table) -> str:
        """Where a table lives; for a shop table or a topic, its bronze copy."""
        folder = {
            Layer.SHOP: f"bronze/shop/{table.name}",
            Layer.EVENTS: "bronze/events",
            Layer.SILVER: f"silver/{table.name}",
            Layer.GOLD: f"gold/{table.name}",
        }[table.layer]
        return f"{self.uri}/{folder}"

    def quarantine_path(self, table: Table) -> str:
        """Where the rejected rows of a silver table are."""
        return f"{self.uri}/quarantine/{table.name}"

    # -- the log, without Spark ---------------------------------------------------------------------------

    def open(self, path: str, version: int | None = None) -> LakeTable:
        """A table by delta-rs, as of a version where one is given."""
        return LakeTable(path, self.storage, version)

    def exists(self, path: str) -> bool:
        """Whether a Delta table is there."""
        return DeltaTable.is_deltatable(path, self.storage.options)

    def data_commit(self, path: str) -> DataCommit | None:
        """The newest commit that changed data; None where no table is."""
        return data_commit(self.open(path)) if self.exists(path) else None

    def data_version(self, path: str) -> int | None:
        """Number of the newest commit that changed data: equal numbers mean equal data."""
        found = self.data_commit(path)
        return found.version if found else None

    def committed(self, path: str, app_id: str) -> int | None:
        """How far `app_id` has come in this table; None when it has committed nothing."""
        return self.open(path).transaction_version(app_id) if self.exists(path) else None

    def commit_metadata(self, path: str) -> dict[str, Any] | None:
        """What the newest commit that changed data says; None where no table is."""
        found = self.data_commit(path)
        return found.metadata if found else None

    def upkeep(self, path: str) -> CommitProperties:
        """For a commit after which nothing is built anew; it carries on what the data commit says."""
        found = data_commit(self.open(path))
        said = json.dumps({**found.metadata, CARRIED: found.version})
        return CommitProperties(custom_metadata={"userMetadata": said})

    def row_count(self, path: str) -> int:
        """Rows of the table, from its log; 0 where no table is."""
        return int(self.open(path).count()) if self.exists(path) else 0

    def holds(self, path: str, wanted: Mapping[str, tuple[str, str]]) -> bool:
        """Whether a row has, in each of these columns, a text within these bounds, both included.

        Files whose statistics say no are not opened: name the table's first column, which has some.
        """
        rows = self.open(path).rows()
        if not set(wanted) <= set(rows.schema.names):
            return False
        inside = [(pc.field(name) >= low) & (pc.field(name) <= high) for name, (low, high) in wanted.items()]
        return bool(rows.head(1, columns=list(wanted), filter=reduce(and_, inside)).num_rows)

    def size(self, path: str) -> int:
        """Bytes of the table's live files, from its log; 0 where no table is."""
        return self._size(self.open(path)) if self.exists(path) else 0

    def _size(self, table: DeltaTable) -> int:
        files = pa.table(table.get_add_actions(flatten=True))
        return int(sum(files.column("size_bytes").to_pylist()))

    # -- data, with Spark ---------------------------------------------------------------------------------

    def create(
        self,
        spark: SparkSession,
        path: str,
        columns: Mapping[str, str],
        partition_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Make an empty table with these columns (name → Spark SQL type) if none is there."""
        if self.exists(path):
            return
        declared = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
        partitions = f" PARTITIONED BY ({', '.join(partition_by)})" if partition_by else ""
        wanted = ", ".join(f"'{name}' = '{value}'" for name, value in (properties or {}).items())
        table_properties = f" TBLPROPERTIES ({wanted})" if wanted else ""
        target = f"CREATE TABLE IF NOT EXISTS delta.`{path}` ({declared}) USING DELTA"
        spark.sql(target + partitions + table_properties)

    def create_bronze(
        self, spark: SparkSession, path: str, columns: Mapping[str, str], partition_by: Sequence[str] = ()
    ) -> None:
        """Make an empty bronze table whose later appends silver can read as a change feed."""
        self.create(spark, path, columns, partition_by, dict([CHANGE_FEED]))

    def read(self, spark: SparkSession, path: str, version: int | None = None) -> DataFrame:
        """The table, as of a version where one is given.

        The files of a small table are taken from its log by delta-rs: for Spark to read a log is a handful of
        jobs, which would cost more than reading the table.
        """
        table = self.open(path, version)
        files, protocol = table.file_uris(), table.protocol()
        is_plain = protocol.min_reader_version == 1  # no deletion vectors, no renamed columns
        if not is_plain or len(files) > FEW_FILES or self._size(table) >= ONE_PARTITION_BYTES:
            return spark.read.format("delta").option("versionAsOf", table.version()).load(path)
        schema = StructType.fromJson(json.loads(table.schema().to_json()))
        if not files:
            return spark.createDataFrame([], schema)
        return spark.read.schema(schema).option("basePath", path).parquet(*files).coalesce(1)

    def appended(self, spark: SparkSession, path: str, after: int, until: int) -> DataFrame:
        """Rows appended by the commits after `after` up to and including `until`."""
        feed = (
            spark.read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", after + 1)
            .option("endingVersion", until)
            .load(path)
        )
        return feed.where("_change_type = 'insert'").drop(
            "_change_type", "_commit_version", "_commit_timestamp"
        )

    def append(self, rows: DataFrame, path: str, txn: Txn, metadata: Mapping[str, Any] | None = None) -> None:
        """Append in one commit; nothing when `txn` is already in the table. New columns are taken over.

        A table that is not there yet is made by the same commit, with the change feed that silver reads.
        """
        writer = rows.write.format("delta").mode("append").option("mergeSchema", "true")
        if not self.exists(path):
            writer = writer.option(*CHANGE_FEED)
        if metadata is not None:
            writer = writer.option("userMetadata", json.dumps(metadata))
        writer.option("txnAppId", txn.app_id).option("txnVersion", txn.version).save(path)

    def overwrite(
        self, rows: DataFrame, path: str, txn: Txn | None = None, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Replace the table's rows and columns in one commit."""
        writer = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
        if metadata is not None:
            writer = writer.option("userMetadata", json.dumps(metadata))
        if txn is not None:
            writer = writer.option("txnAppId", txn.app_id).option("txnVersion", txn.version)
        writer.save(path)

    def merge(
        self,
        spark: SparkSession,
        rows: DataFrame,
        path: str,
        on: str,
        clauses: str,
        txn: Txn,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, int]:
        """MERGE `rows` (alias s) into the table (alias t); nothing when `txn` is already in it.

        The session's settings name the transaction, so a session may do one merge at a time.

        Returns:
            Delta's counts (`num_inserted_rows` …); empty when there was nothing to do.
        """
        rows.createOrReplaceTempView("merge_source")
        conf = {
            "spark.databricks.delta.write.txnAppId": txn.app_id,
            "spark.databricks.delta.write.txnVersion": str(txn.version),
            "spark.databricks.delta.commitInfo.userMetadata": json.dumps(metadata or {}),
        }
        for name, value in conf.items():
            spark.conf.set(name, value)
        try:
            counts = spark.sql(
                f"MERGE INTO delta.`{path}` t USING merge_source s ON {on} {clauses}"
            ).collect()
        finally:
            for name in conf:
                spark.conf.unset(name)
        return counts[0].asDict() if counts else {}
