"""Read one snapshot of the shop into staged Parquet: full tables, changed rows and deleted rows.

All rows received are checked against the snapshot's count; fewer rows stop the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Table
from spark_jobs.errors import UserError
from spark_jobs.lake.bronze_state import BronzeState, known_texts, source_text, window_start, without_known
from spark_jobs.lake.keys import normalises, silver_keys
from spark_jobs.settings import Settings
from spark_jobs.sources import mysql_snapshot as mysql
from spark_jobs.sources.checksums import Checksums, InBronze, last_compared
from spark_jobs.sources.control_totals import MONEY_SUMS
from spark_jobs.sources.mysql_rows import (
    RowReader,
    key_conditions,
    key_expression,
    key_fits,
    keys,
    readable,
    rows_of,
    schema,
)
from spark_jobs.sources.mysql_types import SourceColumn, quoted
from spark_jobs.sources.schema_drift import carried
from spark_jobs.sources.staging import Batch, StagedFile, TableIngest

ROWS_WORTH_SPLITTING = 200_000
# Smaller tables are compared by checksum in every run: it takes a few hundredths of a second.
FEW_ROWS = 20_000
UNFIT_KEYS_NAMED = 100
_NONE = pa.array([], pa.string())


def usable_columns(table: Table, source: Sequence[SourceColumn], state: BronzeState) -> TableIngest:
    """Return the table with the columns to carry: the declared ones and any other that bronze can hold."""
    columns, notes = carried(table, source, state.columns)
    return TableIngest(table, columns, state, notes=notes)


async def read_tables(
    moment: mysql.Snapshot, tables: Sequence[TableIngest], batch: Batch, settings: Settings
) -> None:
    """Read every table's rows, keys and money sums, the largest parts first.

    Raises:
        UserError: when fewer rows of a table were received than the snapshot has.
    """
    for ingest in tables:
        ingest.source_rows = await _count(moment.connections[0], ingest)
        await _name_unfit_keys(moment.connections[0], ingest)
    compared = last_compared(batch.lake)
    work: list[Callable[[Any], Awaitable[None]]] = []
    for ingest in sorted(tables, key=lambda each: each.source_rows, reverse=True):
        reader = RowReader(ingest.table, ingest.columns, moment.max_packet)
        if ingest.state.newest_snapshot is None:
            ranges = await _ranges(moment, ingest)
            work += [_full_reader(ingest, reader, batch, where) for where in ranges or [""]]
        else:
            last = compared.get(ingest.table.name)
            work.append(_Increment(ingest, reader, batch, settings, ingest.state.newest_snapshot, last).read)
    work += [_money_reader(ingest) for ingest in tables if ingest.table.name in MONEY_SUMS]
    await moment.share(work)
    for ingest in tables:
        if ingest.is_full:
            refuse_missing(ingest.table, "rows", ingest.source_rows, ingest.read)
            ingest.checksums_compared = True


def refuse_missing(table: Table, what: str, there: int, came: int) -> None:
    """Stop if fewer rows were received than the source counts in the same snapshot.

    Raises:
        UserError: with the table and both counts.
    """
    if came < there:
        raise UserError(
            f"{table.name}: the snapshot has {there:,} {what}, but {came:,} came in. Nothing was ingested."
            " Run again; if it is so again, see that its engine is InnoDB, as others have no snapshot: "
            f"SHOW TABLE STATUS LIKE '{table.name}'"
        )


async def _count(connection: Any, ingest: TableIngest, where: str = "") -> int:
    sql = f"SELECT COUNT(*) FROM {rows_of(ingest.table, ingest.columns, where)}"
    ((count,),) = await mysql.query(connection, sql)
    return int(count)


async def _name_unfit_keys(connection: Any, ingest: TableIngest) -> None:
    """Report the rows whose key bronze cannot hold, as a wider column allows; they are not read."""
    table = ingest.table
    if fits := key_fits(table, ingest.columns):
        sql = (
            f"SELECT {key_expression(table, ingest.columns)} FROM {quoted(table.name)} WHERE NOT ({fits})"
            f" LIMIT {UNFIT_KEYS_NAMED}"
        )
        keys_beyond = [readable(key) for (key,) in await mysql.query(connection, sql)]
        ingest.left_out += [f"{table.name} {key} left out: its key is too large" for key in keys_beyond]


async def _ranges(moment: mysql.Snapshot, ingest: TableIngest) -> list[str]:
    """Return conditions that split a large table into ranges of equal row count, one per connection."""
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


def _money_reader(ingest: TableIngest) -> Callable[[Any], Awaitable[None]]:
    async def read(connection: Any) -> None:
        sums = MONEY_SUMS[ingest.table.name]
        ingest.money = sums.as_record(await mysql.query(connection, sums.sql(_money_source(ingest))))

    return read


def _money_source(ingest: TableIngest) -> str:
    """Return what money is summed over: the table, without any values that bronze cannot hold."""
    narrow = [column for column in ingest.columns if column.fits() and not column.is_long]
    if not narrow:
        return quoted(ingest.table.name)
    values = [
        f"IF({column.fits()}, {quoted(column.name)}, NULL) AS {quoted(column.bronze_name)}"
        if column in narrow
        else f"{quoted(column.name)} AS {quoted(column.bronze_name)}"
        for column in ingest.columns
        if column.bronze_name in ingest.table.column_names
    ]
    source = rows_of(ingest.table, ingest.columns)
    return f"(SELECT {', '.join(values)} FROM {source}) AS {quoted(ingest.table.name)}"


def _full_reader(
    ingest: TableIngest, reader: RowReader, batch: Batch, where: str
) -> Callable[[Any], Awaitable[None]]:
    async def read(connection: Any) -> None:
        file = StagedFile(ingest, batch)
        writing: asyncio.Task[None] | None = None
        try:
            async for part in reader.read(connection, where):
                ingest.count("all", part.rows.num_rows)
                ingest.left_out += part.left_out
                if writing:
                    await writing
                writing = asyncio.create_task(asyncio.to_thread(file.write, part.rows))
        finally:
            if writing:
                await writing
            file.close()

    return read


@dataclass
class _Increment:
    """The changes of a table since bronze's newest snapshot."""

    ingest: TableIngest
    reader: RowReader
    batch: Batch
    settings: Settings
    newest: datetime
    compared_at: datetime | None

    async def read(self, connection: Any) -> None:
        """Stage changed rows, rows that no window showed, and deletions."""
        self.file = StagedFile(self.ingest, self.batch)
        try:
            await self._read_window(connection)
            there = gone = _NONE
            if self.ingest.source_rows <= self.settings.ingest_key_check_rows:
                there = await self._read_keys(connection)
                gone = await self._compare_keys(connection, there)
            else:
                self.ingest.notes.append("deletes not looked for: more rows than INGEST_KEY_CHECK_ROWS")
            if self._is_checksum_due():
                await self._compare_checksums(connection)
            if normalises(self.ingest.table):
                await self._complete_keys(connection, there, gone)
        finally:
            self.file.close()

    async def _read_window(self, connection: Any) -> None:
        ingest, limits = self.ingest, self.settings
        since = window_start(self.newest, limits.ingest_overlap_seconds, limits.ingest_safety_lag_seconds)
        where = f"{quoted(ingest.table.newest_by[0])} > '{source_text(since)}'"
        expected = await _count(connection, ingest, where)
        if not expected:
            return
        known = await asyncio.to_thread(
            known_texts, self.batch.lake, ingest.table, ingest.state, schema(ingest.columns), since
        )
        await self._stage(connection, "window", where, lambda rows: without_known(rows, known))
        refuse_missing(ingest.table, "rows of the window", expected, ingest.counts.get("window", 0))

    async def _stage(
        self,
        connection: Any,
        kind: str,
        where: str,
        choose: Callable[[pa.Table], pa.Table] = lambda rows: rows,
    ) -> int:
        """Read rows, count them as a kind, and stage the chosen ones; returns how many."""
        staged = 0
        async for part in self.reader.read(connection, where):
            self.ingest.count(kind, part.rows.num_rows)
            chosen = await asyncio.to_thread(choose, part.rows)
            self.ingest.left_out += part.left_out
            self.file.write(chosen, with_keys=True)
            staged += chosen.num_rows
        return staged

    async def _stage_keys(self, connection: Any, kind: str, wanted: pa.Array) -> None:
        """Read and stage the rows with these keys."""
        before = self.ingest.counts.get(kind, 0)
        for where in key_conditions(connection, self.ingest.table, self.ingest.columns, wanted):
            await self._stage(connection, kind, where)
        came = self.ingest.counts.get(kind, 0) - before
        refuse_missing(self.ingest.table, f"rows asked for by key ({kind})", len(wanted), came)

    async def _read_keys(self, connection: Any) -> pa.Array:
        ingest = self.ingest
        chunks = [chunk async for chunk in keys(connection, ingest.table, ingest.columns)]
        there = pa.chunked_array(chunks, pa.string()).combine_chunks()
        refuse_missing(ingest.table, "keys", ingest.source_rows, len(there))
        return there

    async def _compare_keys(self, connection: Any, there: pa.Array) -> pa.Array:
        """Mark deleted rows; fetch existing rows that no window showed."""
        ingest = self.ingest
        live = ingest.state.live_keys
        gone = _without(live, there)
        await self._stage_keys(connection, "late", _without(_without(there, live), self.file.keys))
        ingest.keys_compared = True
        ingest.deleted = len(gone)
        self.file.write_deletes(gone)
        return gone

    def _is_checksum_due(self) -> bool:
        if not self.ingest.source_rows:
            return False
        if self.ingest.source_rows <= FEW_ROWS or self.compared_at is None:
            return True
        return self.batch.taken_at - self.compared_at >= timedelta(hours=self.settings.ingest_checksum_hours)

    async def _compare_checksums(self, connection: Any) -> None:
        """Fetch rows that changed without a new change time."""
        ingest = self.ingest
        bronze = InBronze(self.batch.lake, ingest.table, ingest.columns)
        try:
            checksums = Checksums(ingest.table, ingest.columns, ingest.source_rows)
            differing = await checksums.differing(connection, bronze)
            changed = 0
            wanted = _without(differing, self.file.keys)
            for where in key_conditions(connection, ingest.table, ingest.columns, wanted):
                changed += await self._stage(connection, "unstamped", where, bronze.changed)
        finally:
            bronze.close()
        ingest.checksums_compared = True
        if changed:
            ingest.notes.append(f"{changed:,} changed without a new {ingest.table.newest_by[0]}")

    async def _complete_keys(self, connection: Any, there: pa.Array, gone: pa.Array) -> None:
        """Add every source row of each silver key that this batch touches.

        Silver then sees in one batch that two rows have the same key, or that only one of them is left.
        """
        ingest, table = self.ingest, self.ingest.table
        staged = self.file.keys
        touched = silver_keys(table, pa.chunked_array([staged, gone], pa.string()).combine_chunks())
        in_silver = silver_keys(table, there)
        is_touched = pc.is_in(in_silver, value_set=pc.unique(touched))
        claims = pa.table({"silver": in_silver, "key": there})
        since = pa.table({"key": ingest.state.live_keys, "since": ingest.state.live_since})
        split = _claimed_in_parts(claims, since)
        wanted = there.filter(pc.or_(is_touched, pc.is_in(in_silver, value_set=split)))
        await self._stage_keys(connection, "again", _without(wanted, staged))


def _claimed_in_parts(claims: pa.Table, since: pa.Table) -> pa.Array:
    """Return silver keys whose rows bronze did not receive in one snapshot."""
    counted = claims.group_by("silver").aggregate([("key", "count")])
    several = counted.filter(pc.greater(counted["key_count"], 1))["silver"]
    if not len(several):
        return pa.array([], pa.string())
    members = claims.filter(pc.is_in(claims["silver"], value_set=several.combine_chunks()))
    dated = members.join(since, "key", join_type="left outer")
    moments = dated.group_by("silver").aggregate([("since", "min"), ("since", "max")])
    return moments.filter(pc.not_equal(moments["since_min"], moments["since_max"]))["silver"].combine_chunks()


def _without(these: pa.Array, others: pa.Array) -> pa.Array:
    return these.filter(pc.invert(pc.is_in(these, value_set=others)))
