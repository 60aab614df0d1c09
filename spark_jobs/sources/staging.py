"""Rows read by one ingest, staged as Parquet until they are committed to bronze."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from contracts.model import Table
from spark_jobs.lake.bronze_state import BronzeState
from spark_jobs.lake.keys import key_parts, row_texts
from spark_jobs.lake.tables import Lake
from spark_jobs.sources import mysql_rows
from spark_jobs.sources.mysql_types import SourceColumn


@dataclass
class TableIngest:
    """The rows read of one table, and the results. Rows are counted before they are committed.

    `counts` has the rows read, by how they were found; the kinds add up.
    """

    table: Table
    columns: list[SourceColumn]
    state: BronzeState
    source_rows: int = 0
    staged: int = 0
    deleted: int = 0
    keys_compared: bool = False
    checksums_compared: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    money: dict[str, dict[str, str]] = field(default_factory=dict)
    files: int = 0
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether bronze is still empty."""
        return self.state.newest_snapshot is None

    @property
    def read(self) -> int:
        """Number of rows that the source delivered."""
        return sum(self.counts.values())

    def count(self, kind: str, rows: int) -> None:
        """Add to the rows read, by how they were found."""
        self.counts[kind] = self.counts.get(kind, 0) + rows


@dataclass(frozen=True)
class Batch:
    """One ingest: the folder of its staged files and the values that each of its rows carries."""

    id: str
    taken_at: datetime
    lake: Lake
    folder: str


class StagedFile:
    """One Parquet file of a batch, created with its first rows. It knows the keys of its rows."""

    def __init__(self, ingest: TableIngest, batch: Batch) -> None:
        self._ingest, self._batch = ingest, batch
        self._writer: parquet.ParquetWriter | None = None
        self._keys: list[pa.Array] = []

    @property
    def keys(self) -> pa.Array:
        """Distinct keys of the changed rows in it."""
        return pc.unique(pa.chunked_array(self._keys, pa.string()).combine_chunks())

    def write(self, rows: pa.Table, *, with_keys: bool = False) -> None:
        """Add changed rows; record their keys if a later step needs them."""
        self._write(rows, "upsert")
        self._ingest.staged += rows.num_rows
        if with_keys:
            self._keys += row_texts(rows, self._ingest.table.key).chunks

    def write_deletes(self, keys: pa.Array) -> None:
        """Add a row with only its key for each deleted row."""
        if not len(keys):
            return
        parts = key_parts(keys, len(self._ingest.table.key))
        by_name = dict(zip(self._ingest.table.key, parts, strict=True))
        empty = pa.nulls(len(keys))
        arrays = [
            pc.cast(by_name.get(column.bronze_name, empty), column.arrow_type)
            for column in self._ingest.columns
        ]
        self._write(pa.table(arrays, schema=mysql_rows.schema(self._ingest.columns)), "delete")

    def _write(self, rows: pa.Table, operation: str) -> None:
        if not rows.num_rows:
            return
        taken_at = pa.scalar(self._batch.taken_at, pa.timestamp("us", "UTC"))
        for name, value in (("_op", operation), ("_ingested_at", taken_at), ("_batch_id", self._batch.id)):
            rows = rows.append_column(name, pa.repeat(value, rows.num_rows))
        if self._writer is None:
            part = self._ingest.files
            self._ingest.files += 1
            name = f"{self._batch.folder}/{self._ingest.table.name}/part-{part}.parquet"
            self._stream = self._batch.lake.storage.output(name)
            self._writer = parquet.ParquetWriter(self._stream, rows.schema, compression="zstd")
        self._writer.write_table(rows)

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._stream.close()
