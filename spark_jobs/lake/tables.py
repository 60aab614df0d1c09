"""The lake's Delta tables: their paths and logs, read with delta-rs.

Data is read and written by an engine (`spark_jobs.engine`). A commit carries an application id and a number
(`Txn`), so that repeating the same work after a kill changes nothing, and the number records the table's
progress.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable
from pyarrow.dataset import Dataset, ParquetReadOptions

from contracts.model import Layer, Table
from spark_jobs.lake.storage import Storage
from spark_jobs.settings import Settings, settings

# Operations that change files but no data.
UPKEEP = frozenset({"OPTIMIZE", "VACUUM START", "VACUUM END"})
# Metadata of a commit that changes no data: the data commit before it.
CARRIED = "data_version"


@dataclass(frozen=True)
class Txn:
    """The identity of a transaction: `app_id` says who did it, `version` which one, ascending."""

    app_id: str
    version: int


@dataclass(frozen=True)
class DataCommit:
    """The newest commit that changed data, and its metadata.

    The table is read at `readable`, which has the same data: maintenance may have deleted the commit's files.
    """

    version: int
    metadata: dict[str, Any]
    readable: int


def data_commit(table: DeltaTable) -> DataCommit:
    """Return the newest commit of a table that is followed only by maintenance.

    If the log no longer has that commit, a maintenance commit after it names it (`Lake.upkeep`).
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
    """Return a commit's metadata; empty if another writer used another form."""
    try:
        said = json.loads(commit.get("userMetadata") or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


class LakeTable(DeltaTable):
    """A table by delta-rs, whose files Arrow reads through its own file system.

    That of delta-rs is Python, so Arrow's threads would hold Python objects: a thread that releases them
    while the interpreter shuts down aborts the process, although the job has finished its work
    (apache/arrow#34314).
    """

    def __init__(self, path: str, storage: Storage, version: int | None = None) -> None:
        super().__init__(path, version, storage_options=storage.options)
        self._files = storage.below(path)

    def rows(self) -> Dataset:
        """Return its rows, to be filtered and read in batches.

        An older lake has INT96 timestamps: read as microseconds, they cover every year.
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
        """Return the path of a table; for a shop table or a topic, that of its bronze copy."""
        folder = {
            Layer.SHOP: f"bronze/shop/{table.name}",
            Layer.EVENTS: "bronze/events",
            Layer.SILVER: f"silver/{table.name}",
            Layer.GOLD: f"gold/{table.name}",
        }[table.layer]
        return f"{self.uri}/{folder}"

    def quarantine_path(self, table: Table) -> str:
        """Return the path of the rejected rows of a silver table."""
        return f"{self.uri}/quarantine/{table.name}"

    def open(self, path: str, version: int | None = None) -> LakeTable:
        """Open a table with delta-rs, as of a version where one is given."""
        return LakeTable(path, self.storage, version)

    def exists(self, path: str) -> bool:
        """Return whether a Delta table exists."""
        return DeltaTable.is_deltatable(path, self.storage.options)

    def data_commit(self, path: str) -> DataCommit | None:
        """Return the newest commit that changed data; None without a table."""
        return data_commit(self.open(path)) if self.exists(path) else None

    def data_version(self, path: str) -> int | None:
        """Return the number of the newest commit that changed data: equal numbers mean equal data."""
        found = self.data_commit(path)
        return found.version if found else None

    def committed(self, path: str, app_id: str) -> int | None:
        """Return the last version that `app_id` has committed to this table; None without one."""
        return self.open(path).transaction_version(app_id) if self.exists(path) else None

    def commit_metadata(self, path: str) -> dict[str, Any] | None:
        """Return the metadata of the newest commit that changed data; None without a table."""
        found = self.data_commit(path)
        return found.metadata if found else None

    def upkeep(self, path: str) -> CommitProperties:
        """Return the properties of a maintenance commit: it triggers no rebuild and names the data commit."""
        found = data_commit(self.open(path))
        said = json.dumps({**found.metadata, CARRIED: found.version})
        return CommitProperties(custom_metadata={"userMetadata": said})

    def row_count(self, path: str) -> int:
        """Return the table's row count, from its log; 0 without a table."""
        return int(self.open(path).count()) if self.exists(path) else 0

    def holds(self, path: str, wanted: Mapping[str, tuple[str, str]]) -> bool:
        """Return whether any row has, in each of these columns, a text within these inclusive bounds.

        Files that statistics exclude are not opened: include the table's first column, which has statistics.
        """
        rows = self.open(path).rows()
        if not set(wanted) <= set(rows.schema.names):
            return False
        inside = [(pc.field(name) >= low) & (pc.field(name) <= high) for name, (low, high) in wanted.items()]
        return bool(rows.head(1, columns=list(wanted), filter=reduce(and_, inside)).num_rows)

    def size(self, path: str) -> int:
        """Return the size of the table's live files in bytes, from its log; 0 without a table."""
        return self.size_of(self.open(path)) if self.exists(path) else 0

    def size_of(self, table: DeltaTable) -> int:
        """Return the size of an open table's live files in bytes."""
        files = pa.table(table.get_add_actions(flatten=True))
        return int(sum(files.column("size_bytes").to_pylist()))
