"""Rows that changed without a new change time, found by checksums of the rows in source and bronze.

Both sides hash each row's declared columns, by SHA-256 since MySQL 9 need not have MD5. The source combines
the hashes of each bucket of keys, about a thousand rows; for a bucket that differs it sends every row's hash,
and for a row that differs the row. So it reads its table once, sends three numbers per thousand rows, and
then what differs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from asyncmy.cursors import SSCursor

from contracts.model import Table
from spark_jobs.lake.keys import ESCAPED, NULL, SEPARATOR, characters
from spark_jobs.lake.tables import Lake
from spark_jobs.sources.mysql_rows import key_expression, rows_of
from spark_jobs.sources.mysql_snapshot import held_back, query
from spark_jobs.sources.mysql_types import SourceColumn

ROWS_PER_BUCKET = 1_000
ROWS_PER_FETCH = 50_000
# Between hashed columns, and for null: a text that contains them cannot hide a change of its row.
_BETWEEN, _NOTHING = "'|'", "'-'"
# When each table was last compared, by the source's clock.
STATE = "checksums/ingest_mysql.json"


@dataclass(frozen=True)
class Checksums:
    """A comparison of one table's rows with the live rows in its bronze table."""

    table: Table
    columns: Sequence[SourceColumn]
    source_rows: int

    @property
    def _buckets(self) -> int:
        return self.source_rows // ROWS_PER_BUCKET + 1

    async def differing(self, connection: Any, bronze: InBronze) -> pa.Array:
        """Return the keys of rows that both sides have and that differ."""
        await asyncio.to_thread(bronze.load, self._buckets)
        sums = await query(connection, f"SELECT bucket, {_SUM_SQL} FROM {self._hashes()} GROUP BY bucket")
        there = pa.table(
            {
                "bucket": pa.array([int(bucket) for bucket, _, _ in sums], pa.int64()),
                "count": pa.array([int(count) for _, count, _ in sums], pa.int64()),
                "sum": pa.array([int(total) for _, _, total in sums], pa.uint64()),
            }
        )
        buckets = bronze.differing_buckets(there)
        if not buckets:
            return pa.array([], pa.string())
        where = "" if len(buckets) == self._buckets else f" WHERE bucket IN ({str(buckets)[1:-1]})"
        keys: list[pa.Array] = []
        async with connection.cursor(SSCursor) as cursor:
            await cursor.execute(f"SELECT row_key, row_hash FROM {self._hashes()}{where}")
            while rows := await cursor.fetchmany(ROWS_PER_FETCH):
                hashes = pa.table({"key": [row[0] for row in rows], "hash": [row[1] for row in rows]})
                with held_back(connection):
                    keys.append(await asyncio.to_thread(bronze.differing_keys, hashes))
        return pa.chunked_array(keys, pa.string()).combine_chunks()

    def _hashes(self) -> str:
        """Return SQL for the source's rows as key, bucket and hash."""
        by_name = {column.bronze_name: column for column in self.columns}
        fields = []
        for name in self.table.column_names:
            column = by_name[name]
            text = column.text()
            if column.is_long:  # the text's hash: a row's text may not be longer than a packet
                text = f"SHA2({text}, 256)"
            if fits := column.fits():
                text = f"IF({fits}, {text}, NULL)"
            fields.append(f"IFNULL({text}, {_NOTHING})")
        row_hash = f"SHA2(CONCAT({f', {_BETWEEN}, '.join(fields)}), 256)"
        key = key_expression(self.table, self.columns)
        bucket = f"CAST(CONV(LEFT(SHA2({key}, 256), 8), 16, 10) AS UNSIGNED) % {self._buckets}"
        hashed = f"{key} AS row_key, {bucket} AS bucket, {row_hash} AS row_hash"
        return f"(SELECT {hashed} FROM {rows_of(self.table, self.columns)}) AS hashes"


_SUM_SQL = "COUNT(*), BIT_XOR(CAST(CONV(LEFT(row_hash, 16), 16, 10) AS UNSIGNED))"


class InBronze:
    """The hashes of the live rows of a bronze table; DuckDB spills what does not fit in memory."""

    def __init__(self, lake: Lake, table: Table, columns: Sequence[SourceColumn]) -> None:
        self._lake, self._table, self._columns = lake, table, columns
        self._engine = duckdb.connect(config={"memory_limit": "1GB", "threads": "2"})

    def load(self, buckets: int) -> None:
        """Hash every live row."""
        rows = self._lake.open(self._lake.path(self._table)).rows()
        self._engine.register("bronze", rows)
        hashed = f"{self._key()} AS key, {self._hash(rows.schema.names)} AS hash, _op, _ingested_at"
        self._engine.execute(
            f"CREATE OR REPLACE TEMP TABLE living AS SELECT key, {_bucket(buckets)} AS bucket,"
            " arg_max(hash, _ingested_at) AS hash"
            f" FROM (SELECT {hashed} FROM bronze) GROUP BY key HAVING arg_max(_op, _ingested_at) = 'upsert'"
        )

    def differing_buckets(self, source: pa.Table) -> list[int]:
        """Return the source's buckets whose rows differ from the live rows in bronze."""
        self._engine.register("source", source)
        answer = self._engine.execute(
            "SELECT bucket FROM source s LEFT JOIN (SELECT bucket, count(*) AS count,"
            " bit_xor(('0x' || left(hash, 16))::UBIGINT) AS sum FROM living GROUP BY ALL) b"
            " USING (bucket)"
            " WHERE b.count IS DISTINCT FROM s.count OR b.sum IS DISTINCT FROM s.sum ORDER BY bucket"
        ).fetchall()
        return [bucket for (bucket,) in answer]

    def differing_keys(self, hashes: pa.Table) -> pa.Array:
        """Return the keys among these (`key`, `hash`) that have another hash in bronze."""
        self._engine.register("hashes", hashes)
        sql = "SELECT key FROM hashes JOIN living USING (key) WHERE hashes.hash <> living.hash"
        return self._engine.sql(sql).to_arrow_table()["key"].combine_chunks()

    def changed(self, rows: pa.Table) -> pa.Table:
        """Return the source's rows that differ in bronze. This decides, not how a server hashes."""
        numbered = rows.append_column("_row", pa.array(range(rows.num_rows), pa.int64()))
        self._engine.register("fetched", numbered)
        sql = (
            f"SELECT _row FROM (SELECT _row, {self._key()} AS key, {self._hash(rows.column_names)} AS hash"
            " FROM fetched) f JOIN living USING (key) WHERE f.hash <> living.hash ORDER BY _row"
        )
        found = self._engine.sql(sql).to_arrow_table()["_row"]
        return rows.take(found.combine_chunks())

    def close(self) -> None:
        """Release the loaded hashes."""
        self._engine.close()

    def _key(self) -> str:
        parts = []
        for name in self._table.key:
            part = f'CAST("{name}" AS VARCHAR)'
            if not self._by_name(name).is_number:
                for plain, escaped in ESCAPED:
                    part = f"replace({part}, {characters(plain)}, {characters(escaped)})"
            parts.append(f"coalesce({part}, {characters(NULL)})")
        return f" || {characters(SEPARATOR)} || ".join(parts)

    def _hash(self, there: Sequence[str]) -> str:
        fields = []
        for name in self._table.column_names:
            column = self._by_name(name)
            text = f'CAST("{name}" AS VARCHAR)'
            if column.arrow_type == pa.bool_():
                text = f"""CASE WHEN "{name}" THEN '1' WHEN NOT "{name}" THEN '0' END"""
            elif column.is_long:
                text = f'sha256("{name}")'
            fields.append(f"coalesce({text if name in there else 'NULL'}, {_NOTHING})")
        return f"sha256({f' || {_BETWEEN} || '.join(fields)})"

    def _by_name(self, name: str) -> SourceColumn:
        return next(column for column in self._columns if column.bronze_name == name)


def _bucket(buckets: int) -> str:
    return f"(('0x' || left(sha256(key), 8))::UBIGINT % {buckets})::BIGINT"


def last_compared(lake: Lake) -> dict[str, datetime]:
    """Return when each table was last compared, without those that never were."""
    try:
        kept: dict[str, str] = json.loads(lake.storage.read(STATE))
    except FileNotFoundError:
        return {}
    return {name: datetime.fromisoformat(moment) for name, moment in kept.items()}


def note_compared(lake: Lake, compared: Mapping[str, datetime]) -> None:
    """Store when each table was last compared."""
    kept = {name: moment.isoformat() for name, moment in sorted(compared.items())}
    lake.storage.write(STATE, json.dumps(kept, indent=1).encode())


def forget_compared(lake: Lake, tables: Iterable[str]) -> None:
    """Make the next ingest compare these tables, however recently they were."""
    note_compared(lake, {name: at for name, at in last_compared(lake).items() if name not in set(tables)})
