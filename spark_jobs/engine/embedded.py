"""Sail inside the job: Spark's API without a JVM. Tables are read by Sail and written by delta-rs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self, cast

import psutil
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from pyarrow import dataset, parquet
from pysail.spark import SparkConnectServer
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.engine.base import CHANGE_FEED, TABLE_PROPERTIES, Engine, Merge
from spark_jobs.errors import UserError, end_now
from spark_jobs.lake.object_store import delta_options
from spark_jobs.lake.tables import Lake, Txn
from spark_jobs.settings import Settings, settings

SECONDS_BETWEEN_LOOKS = 0.2
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


class Server:
    """A Sail server in this process, which ends the job when that exceeds its memory limit."""

    def __init__(self, app_name: str, scratch: Path, memory: str) -> None:
        self.app_name, self.scratch, self.memory = app_name, scratch, memory
        self._server = SparkConnectServer()
        self._server.start(background=True)
        host, port = self._server.listening_address or ("", 0)
        self.address = f"sc://{host}:{port}"
        self._stopped = Event()
        Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Stop the server."""
        self._stopped.set()
        self._server.stop()

    def _watch(self) -> None:
        process, limit = psutil.Process(), bytes_of(self.memory)
        while not self._stopped.wait(SECONDS_BETWEEN_LOOKS):
            if process.memory_info().rss > limit:
                shutil.rmtree(self.scratch, ignore_errors=True)
                # The server would end its queries first, and with them the machine's memory.
                end_now(
                    UserError(
                        f"{self.app_name} needs more memory than SPARK_DRIVER_MEMORY={self.memory} allows the"
                        " embedded engine. Next: set a higher value in .env, or SPARK_ENGINE=spark."
                    )
                )


class EmbeddedEngine(Engine):
    """A session of a Sail server that runs as long as the job.

    Sail and delta-rs run in this process and share its memory. Beyond the limit the job ends. Sail's own
    memory pool is not used: it counts the fields of a struct once per group, and refused tables of a
    hundredth of the pool's size.
    """

    def __init__(self, spark: SparkSession, lake: Lake, server: Server) -> None:
        super().__init__(spark, lake)
        self._server = server
        self._cleanup = ExitStack()

    @classmethod
    def start(cls, app_name: str, lake: Lake) -> Self:
        """Start a server in this process, on a free port of loopback, and open a session on it."""
        with ExitStack() as opened:
            scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="shoplake-engine-")))
            os.environ.update(_server_environment(settings(), scratch))
            server = Server(app_name, scratch, settings().spark_driver_memory)
            opened.callback(server.stop)
            engine = cls(_session(server.address), lake, server)
            engine._cleanup = opened.pop_all()
        return engine

    def sibling(self) -> Self:
        """Open a second session on the same server."""
        return type(self)(_session(self._server.address), self.lake, self._server)

    def close(self) -> None:
        """Close the session; the session that started the server stops it, too."""
        self.spark.stop()
        self._cleanup.close()

    def checkpoint(self, rows: DataFrame) -> DataFrame:
        """Compute rows once and keep them on disk for the rest of the session.

        Sail's own checkpoint holds all rows in memory before it writes them.
        """
        folder = tempfile.mkdtemp(dir=self._server.scratch)
        _write(rows, folder)
        return self.spark.read.parquet(folder)

    @contextmanager
    def _computed(self, rows: DataFrame) -> Iterator[pa.RecordBatchReader]:
        """Compute rows into a file, and read it without Python.

        While delta-rs reads a stream of Python's, its threads wait for the interpreter's lock, which another
        of its calls may hold until those threads are free: two tables side by side would wait forever.
        """
        with tempfile.TemporaryDirectory(dir=self._server.scratch) as folder:
            _write(rows, folder)
            yield dataset.dataset(folder, format="parquet").scanner().to_reader()

    def read(self, path: str, version: int | None = None) -> DataFrame:
        """Read a table, as of a version where one is given."""
        number = self.lake.open(path).version() if version is None else version
        return self.spark.read.format("delta").option("versionAsOf", number).load(path)

    def appended(self, path: str, after: int, until: int) -> DataFrame:
        """Read the rows appended by the commits after `after` up to and including `until`.

        delta-rs reads the change feed and passes the rows to Sail through a file, batch by batch.
        """
        table = self.lake.open(path)
        schema = pa.schema(table.schema())
        with_kind = schema.append(pa.field("_change_type", pa.string()))
        folder = Path(tempfile.mkdtemp(dir=self._server.scratch))
        with parquet.ParquetWriter(folder / "appended.parquet", schema, compression="zstd") as file:
            for batch in pa.RecordBatchReader.from_stream(table.load_cdf(after + 1, until)):
                changes = pa.table(batch).select(with_kind.names).cast(with_kind)
                inserted = changes.filter(pc.equal(changes["_change_type"], "insert"))
                file.write_table(inserted.select(schema.names))
        return self.spark.read.parquet(str(folder))

    def create(
        self,
        path: str,
        columns: Mapping[str, str],
        partition_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Create an empty table with these columns (name → Spark SQL type) unless it exists."""
        declared = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
        schema = delta_schema(self.spark.createDataFrame([], declared))
        DeltaTable.create(
            path,
            schema,
            mode="ignore",
            partition_by=list(partition_by) or None,
            configuration={**TABLE_PROPERTIES, **(properties or {})},
            storage_options=self.lake.storage.options,
        )

    def append_files(self, folder: str, path: str, txn: Txn, metadata: Mapping[str, Any]) -> None:
        """Append a folder of Parquet files in one commit; do nothing when `txn` is already in the table."""
        if self._is_done(path, txn):
            return
        rows = dataset.dataset("", filesystem=self.lake.storage.below(folder), format="parquet").scanner()
        write_deltalake(
            path,
            rows.to_reader(),
            mode="append",
            schema_mode="merge",
            configuration={**TABLE_PROPERTIES, **CHANGE_FEED},
            storage_options=self.lake.storage.options,
            commit_properties=_commit(metadata, txn),
        )

    def overwrite(
        self, rows: DataFrame, path: str, metadata: Mapping[str, Any], txn: Txn | None = None
    ) -> None:
        """Replace the table's rows and columns in one commit."""
        if txn is not None and self._is_done(path, txn):
            return
        with self._computed(rows) as batches:
            write_deltalake(
                path,
                batches,
                mode="overwrite",
                schema_mode="overwrite",
                configuration=TABLE_PROPERTIES,
                storage_options=self.lake.storage.options,
                commit_properties=_commit(metadata, txn),
            )

    def merge(
        self, rows: DataFrame, path: str, merge: Merge, txn: Txn, metadata: Mapping[str, Any] | None = None
    ) -> dict[str, int]:
        """Merge rows into a table in one commit; do nothing when `txn` is already in it."""
        if self._is_done(path, txn):
            return {}
        with self._computed(rows) as batches:
            merger = self.lake.open(path).merge(
                batches,
                merge.on,
                source_alias="s",
                target_alias="t",
                commit_properties=_commit(metadata or {}, txn),
            )
            for update in merge.updates:
                merger = merger.when_matched_update(dict(update.values), update.condition)
            counts = merger.when_not_matched_insert(dict(merge.insert), merge.insert_condition).execute()
        return {kind: int(counts[f"num_target_rows_{kind}"]) for kind in ("inserted", "updated")}

    def _is_done(self, path: str, txn: Txn) -> bool:
        done = self.lake.committed(path, txn.app_id)
        return done is not None and done >= txn.version


def _write(rows: DataFrame, folder: str) -> None:
    """Write rows to a Parquet file as they arrive, in the types of a Delta table."""
    schema = pa.schema(delta_schema(rows))
    # Like `toLocalIterator`, without a Python object per row.
    client, plan = rows.sparkSession.client, cast(Any, rows)._plan
    with parquet.ParquetWriter(f"{folder}/rows.parquet", schema, compression="zstd") as file:
        for each in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
            if isinstance(each, pa.Table):
                file.write_table(each.cast(schema))


def delta_schema(rows: DataFrame) -> Schema:
    """Return the columns as a Delta table declares them, all nullable."""
    return Schema.from_json(json.dumps(_nullable(rows.schema.jsonValue())))


def _nullable(kind: Any) -> Any:
    """Return a type in Spark's JSON form with everything nullable."""
    if isinstance(kind, list):
        return [_nullable(each) for each in kind]
    if not isinstance(kind, dict):
        return kind
    is_optional = ("nullable", "containsNull", "valueContainsNull")
    return {name: True if name in is_optional else _nullable(value) for name, value in kind.items()}


def _commit(metadata: Mapping[str, Any], txn: Txn | None) -> CommitProperties:
    """Return the properties of a commit in the form that Spark writes."""
    done = [Transaction(txn.app_id, txn.version)] if txn else None
    return CommitProperties(custom_metadata={"userMetadata": json.dumps(metadata)}, app_transactions=done)


def _session(address: str) -> SparkSession:
    session: SparkSession = SparkSession.builder.remote(address).create()
    # A server in this process does not come back, yet PySpark would retry for ten minutes.
    session.client.set_retry_policies([])
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def _server_environment(config: Settings, scratch: Path) -> dict[str, str]:
    """Set the environment, from which Sail reads its options and the keys of an object store."""
    return {
        "RUST_LOG": os.environ.get("RUST_LOG", "error"),  # at INFO it logs every session
        "SAIL_EXECUTION__CHECKPOINT__PATH": (scratch / "checkpoints").as_uri(),
        "SAIL_RUNTIME__TEMPORARY_FILES__PATHS": json.dumps([str(scratch)]),
        **(delta_options(config) if config.lake_is_in_s3 else {}),
    }


def bytes_of(size: str) -> int:
    """Read a memory size as Java writes it, such as `2g`."""
    return int(size[:-1]) * UNITS[size[-1].lower()]
