"""Reading one snapshot of the shop into staged Parquet: full tables, changed rows, and rows that are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from contracts.model import Table
from spark_jobs.lib import mysql_source as mysql
from spark_jobs.lib.bronze import BronzeState, row_texts, source_text, window_start, without_known
from spark_jobs.lib.drift import is_usable
from spark_jobs.lib.lake import Lake
from spark_jobs.lib.money_sums import MONEY_SUMS
from spark_jobs.lib.mysql_types import SourceColumn, quoted
from spark_jobs.lib.settings import Settings

ROWS_WORTH_SPLITTING = 200_000
KEYS_PER_QUERY = 1_000


@dataclass
class TableIngest:
    """What is read of one table, and what came of it. Rows are counted before they are committed."""

    table: Table
    columns: list[SourceColumn]
    state: BronzeState
    source_rows: int = 0
    read: int = 0
    staged: int = 0
    deleted: int = 0
    keys_compared: bool = False
    money: dict[str, dict[str, str]] = field(default_factory=dict)
    files: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Nothing is in bronze yet."""
        return self.state.newest_snapshot is None


@dataclass(frozen=True)
class Batch:
    """One ingest: the folder of its staged files and what every row of it carries."""

    id: str
    taken_at: datetime
    lake: Lake
    folder: str


def usable_columns(table: Table, source: Sequence[SourceColumn], state: BronzeState) -> TableIngest:
    """The table with the columns to carry: the declared ones and every other that bronze can hold."""
    ingest = TableIngest(table, [], state)
    for column in source:
        known = state.columns.get(column.name)
        if column.name in table.column_names:
            ingest.columns.append(column)
        elif not is_usable(column.name):
            ingest.notes.append(f"column {column.name!r} left out: unusable name")
        elif known is not None and known != column.arrow_type:
            ingest.notes.append(f"column {column.name} left out: was {known}, is {column.type}")
        else:
            ingest.columns.append(column)
    return ingest


async def read_tables(
    moment: mysql.Snapshot, tables: Sequence[TableIngest], batch: Batch, settings: Settings
) -> None:
    """Read every table's rows, keys and money sums, the largest pieces first."""
    for ingest in tables:
        sql = f"SELECT COUNT(*) FROM {quoted(ingest.table.name)}"
        ((ingest.source_rows,),) = await mysql.query(moment.connections[0], sql)
    work: list[Callable[[Any], Awaitable[None]]] = []
    for ingest in sorted(tables, key=lambda each: each.source_rows, reverse=True):
        ranges = await _ranges(moment, ingest) if ingest.is_full else []
        work += [_reader(ingest, batch, settings, where) for where in ranges or [""]]
    work += [_money_reader(ingest) for ingest in tables if ingest.table.name in MONEY_SUMS]
    await moment.share(work)


async def _ranges(moment: mysql.Snapshot, ingest: TableIngest) -> list[str]:
    """Conditions that cut a large table into ranges of equally many rows, one per connection."""
    table, parts = ingest.table, len(moment.connections)
    if ingest.source_rows < ROWS_WORTH_SPLITTING or len(table.key) != 1 or parts == 1:
        return []
    key = quoted(table.key[0])
    bounds = []
    for part in range(1, parts):
        offset = ingest.source_rows * part // parts
        sql = f"SELECT {key} FROM {quoted(table.name)} ORDER BY {key} LIMIT 1 OFFSET {offset}"
        ((bound,),) = await mysql.query(moment.connections[0], sql)
        bounds.append(str(int(bound)))
    lower = [f"{key} >= {bound}" for bound in bounds]
    upper = [f"{key} < {bound}" for bound in bounds]
    middle = [f"{low} AND {high}" for low, high in zip(lower, upper[1:], strict=False)]
    return [upper[0], *middle, lower[-1]]


def _reader(
    ingest: TableIngest, batch: Batch, settings: Settings, where: str
) -> Callable[[Any], Awaitable[None]]:
    async def read(connection: Any) -> None:
        if ingest.state.newest_snapshot is None:
            await _read_all(connection, ingest, batch, where)
        else:
            await _read_changes(connection, ingest, batch, settings, ingest.state.newest_snapshot)

    return read


def _money_reader(ingest: TableIngest) -> Callable[[Any], Awaitable[None]]:
    async def read(connection: Any) -> None:
        sums = MONEY_SUMS[ingest.table.name]
        ingest.money = sums.as_record(await mysql.query(connection, sums.sql(ingest.table.name)))

    return read


async def _read_all(connection: Any, ingest: TableIngest, batch: Batch, where: str) -> None:
    sql = mysql.csv_select(ingest.table, ingest.columns) + (f" WHERE {where}" if where else "")
    writer = StagedFile(ingest, batch)
    parsing: asyncio.Task[None] | None = None
    try:
        async for texts in mysql.lines(connection, sql):
            ingest.read += len(texts)
            if parsing:
                await parsing
            parsing = asyncio.create_task(asyncio.to_thread(writer.write_lines, texts))
        if parsing:
            await parsing
    finally:
        writer.close()


async def _read_changes(
    connection: Any, ingest: TableIngest, batch: Batch, settings: Settings, newest: datetime
) -> None:
    since = window_start(newest, settings.ingest_overlap_seconds, settings.ingest_safety_lag_seconds)
    version = quoted(ingest.table.newest_by[0])
    window = await _rows(connection, ingest, f"{version} > '{source_text(since)}'")
    ingest.read += window.num_rows
    changed = await asyncio.to_thread(without_known, window, batch.lake, ingest.table, since)
    writer = StagedFile(ingest, batch)
    try:
        writer.write(changed)
        if ingest.source_rows <= settings.ingest_key_check_rows:
            await _compare_keys(connection, ingest, changed, writer)
        else:
            ingest.notes.append("deletes not looked for: more rows than INGEST_KEY_CHECK_ROWS")
    finally:
        writer.close()


async def _compare_keys(connection: Any, ingest: TableIngest, changed: pa.Table, writer: StagedFile) -> None:
    """Mark rows that are gone; fetch rows that are there although no window showed them."""
    texts: list[str] = []
    async for chunk in mysql.lines(connection, mysql.key_select(ingest.table)):
        texts += chunk
    live, there = ingest.state.live_keys, pa.array(texts, pa.string())
    gone = live.filter(pc.invert(pc.is_in(live, value_set=there)))
    unknown = there.filter(pc.invert(pc.is_in(there, value_set=live)))
    if len(unknown):
        arrived = row_texts(changed, ingest.table.key).combine_chunks()
        unknown = unknown.filter(pc.invert(pc.is_in(unknown, value_set=arrived)))
    for condition in _key_conditions(connection, ingest, unknown.to_pylist()):
        late = await _rows(connection, ingest, condition)
        ingest.read += late.num_rows
        writer.write(late)
    ingest.keys_compared = True
    ingest.deleted = len(gone)
    writer.write_deletes(gone)


async def _rows(connection: Any, ingest: TableIngest, where: str) -> pa.Table:
    sql = f"{mysql.csv_select(ingest.table, ingest.columns)} WHERE {where}"
    parsed = [
        await asyncio.to_thread(mysql.parse, texts, ingest.columns)
        async for texts in mysql.lines(connection, sql)
    ]
    return pa.concat_tables(parsed) if parsed else mysql.schema(ingest.columns).empty_table()


def _key_conditions(connection: Any, ingest: TableIngest, keys: list[str]) -> Iterator[str]:
    names = ", ".join(quoted(name) for name in ingest.table.key)
    for start in range(0, len(keys), KEYS_PER_QUERY):
        tuples = (
            ", ".join(connection.escape(part) for part in key.split(mysql.SEPARATOR))
            for key in keys[start : start + KEYS_PER_QUERY]
        )
        yield f"({names}) IN ({', '.join(f'({values})' for values in tuples)})"


class StagedFile:
    """One Parquet file of a batch; made with its first rows."""

    def __init__(self, ingest: TableIngest, batch: Batch) -> None:
        self._ingest, self._batch = ingest, batch
        self._writer: parquet.ParquetWriter | None = None

    def write_lines(self, texts: Sequence[str]) -> None:
        """Add rows as the server rendered them."""
        self.write(mysql.parse(texts, self._ingest.columns))

    def write(self, rows: pa.Table) -> None:
        """Add changed rows."""
        self._write(rows, "upsert")
        self._ingest.staged += rows.num_rows

    def write_deletes(self, keys: pa.Array) -> None:
        """Add a row with nothing but its key for each row that is gone."""
        if not len(keys):
            return
        parts = pc.split_pattern(keys, mysql.SEPARATOR)
        by_name = {name: pc.list_element(parts, index) for index, name in enumerate(self._ingest.table.key)}
        empty = pa.nulls(len(keys))
        arrays = [
            pc.cast(by_name.get(column.name, empty), column.arrow_type) for column in self._ingest.columns
        ]
        self._write(pa.table(arrays, schema=mysql.schema(self._ingest.columns)), "delete")

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
        """End the file."""
        if self._writer is not None:
            self._writer.close()
            self._stream.close()
