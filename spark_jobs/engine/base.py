"""The interface of an engine: a session, and the lake's tables read and written through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lake.tables import Lake, Txn

# Properties of every new table. Deletion vectors would keep other readers out. Statistics cover the first
# column only, which is a key: for 32 columns Spark would compile separate code for each.
TABLE_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.dataSkippingNumIndexedCols": "1",
}
# Silver reads it to learn which rows of a bronze table are new.
CHANGE_FEED = {"delta.enableChangeDataFeed": "true"}


@dataclass(frozen=True)
class Update:
    """An update in a merge: set these columns (name → SQL) of a matched row where the condition holds."""

    values: Mapping[str, str]
    condition: str


@dataclass(frozen=True)
class Merge:
    """A merge of rows (alias `s`) into a table (alias `t`): the first update that applies, or an insert.

    Expressions are SQL that Spark and DataFusion both accept. `insert` has the columns of a new row, and
    `insert_condition` selects the unmatched rows to insert.
    """

    on: str
    insert: Mapping[str, str]
    insert_condition: str = "true"
    updates: Sequence[Update] = ()


class Engine(ABC):
    """A session of one engine, and the tables of one lake.

    A commit carries a transaction (`Txn`) and metadata, so that repeating the same work after a kill changes
    nothing. Each engine reads what the other wrote.
    """

    def __init__(self, spark: SparkSession, lake: Lake) -> None:
        self.spark = spark
        self.lake = lake

    @abstractmethod
    def sibling(self) -> Self:
        """Open a second session beside this one, for parallel work."""

    @abstractmethod
    def close(self) -> None:
        """Close the session. A server outside the job keeps running."""

    @abstractmethod
    def checkpoint(self, rows: DataFrame) -> DataFrame:
        """Compute rows once and keep them on disk for the rest of the session."""

    @abstractmethod
    def read(self, path: str, version: int | None = None) -> DataFrame:
        """Read a table, as of a version where one is given."""

    @abstractmethod
    def appended(self, path: str, after: int, until: int) -> DataFrame:
        """Read the rows appended by the commits after `after` up to and including `until`."""

    @abstractmethod
    def create(
        self,
        path: str,
        columns: Mapping[str, str],
        partition_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Create an empty table with these columns (name → Spark SQL type) unless it exists."""

    @abstractmethod
    def append_files(self, folder: str, path: str, txn: Txn, metadata: Mapping[str, Any]) -> None:
        """Append a folder of Parquet files in one commit; do nothing when `txn` is already in the table.

        New columns are added to the table. A missing table is created by the same commit, with the change
        feed that silver reads.
        """

    @abstractmethod
    def overwrite(
        self, rows: DataFrame, path: str, metadata: Mapping[str, Any], txn: Txn | None = None
    ) -> None:
        """Replace the table's rows and columns in one commit."""

    @abstractmethod
    def merge(
        self, rows: DataFrame, path: str, merge: Merge, txn: Txn, metadata: Mapping[str, Any] | None = None
    ) -> dict[str, int]:
        """Merge rows into a table in one commit; do nothing when `txn` is already in it.

        Returns:
            The number of rows `inserted` and `updated`; empty when there was nothing to do.
        """

    def create_bronze(self, path: str, columns: Mapping[str, str], partition_by: Sequence[str] = ()) -> None:
        """Create an empty bronze table whose later appends silver can read as a change feed."""
        self.create(path, columns, partition_by, CHANGE_FEED)

    def parquet(self, files: Sequence[str]) -> DataFrame:
        """Read Parquet files, with the columns that any of them has."""
        return self.spark.read.option("mergeSchema", "true").parquet(*files)
