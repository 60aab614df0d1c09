"""Releases of the warehouse: versioned tables in `mart_data`, and views of `mart` that all switch at once.

A reader never sees a mixed, empty or partial release. The views change in one transaction, which waits for
readers that have started on the old ones. Rows are loaded frozen, so that even a transaction whose snapshot
is older than the load finds them once it sees the new view.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import Error as Psycopg2Error
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_random

from contracts.model import Table
from contracts.render.postgres import comments, create_table, index_statements
from spark_jobs.errors import TransientError, UserError
from spark_jobs.lake.tables import LakeTable, data_commit
from spark_jobs.warehouse.copying import copy_rows
from spark_jobs.warehouse.refusals import is_of_a_row, refusal, unreadable

# Shorter than PostgreSQL's deadlock_timeout (1 s): we give up before the server cancels a reader for us.
LOCK_TIMEOUT = "500ms"
SWITCH_DEADLINE_SECONDS = 300
ROWS_PER_CHUNK = 50_000
PUBLISH_LOCK = 7_202_603  # any number, the same for every publisher

META = """
CREATE SCHEMA IF NOT EXISTS mart;
CREATE SCHEMA IF NOT EXISTS mart_data;
CREATE SCHEMA IF NOT EXISTS mart_meta;
CREATE SEQUENCE IF NOT EXISTS mart_meta.table_number;
CREATE TABLE IF NOT EXISTS mart_meta.releases (
  release_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS mart_meta.release_tables (
  release_id bigint NOT NULL REFERENCES mart_meta.releases ON DELETE CASCADE,
  table_name text NOT NULL,
  physical_name text NOT NULL,
  source text NOT NULL,
  gold_version bigint NOT NULL,
  rows bigint NOT NULL,
  PRIMARY KEY (release_id, table_name)
);
"""


@dataclass(frozen=True)
class Published:
    """A mart's table in a release. `source` identifies the gold table, its version and the contract."""

    physical_name: str
    source: str
    gold_version: int
    rows: int


def prepare(cursor: Cursor) -> None:
    """Create the schema and tables of releases, and refuse a second publisher.

    Raises:
        TransientError: when another publisher is at work.
    """
    cursor.execute("SELECT pg_try_advisory_lock(%s)", (PUBLISH_LOCK,))
    if cursor.fetchone() != (True,):
        raise TransientError(
            "another publish_postgres is at work in this warehouse; run again when it is done."
        )
    cursor.execute("SET client_min_messages = warning")
    cursor.execute(META)


def newest_release(cursor: Cursor) -> dict[str, Published]:
    """Return the table behind each view now."""
    cursor.execute(
        "SELECT table_name, physical_name, source, gold_version, rows FROM mart_meta.release_tables"
        " WHERE release_id = (SELECT max(release_id) FROM mart_meta.releases)"
        " AND to_regclass('mart_data.' || quote_ident(physical_name)) IS NOT NULL"
    )
    return {name: Published(*rest) for name, *rest in cursor.fetchall()}


def source_of(table: Table, gold: LakeTable) -> str:
    """Return what a mart's table is built from: equal sources give equal tables."""
    declared = create_table(table, table.name) + "".join(index_statements(table, table.name))
    contract = hashlib.sha256(declared.encode()).hexdigest()[:16]
    return f"{gold.metadata().id}@{data_commit(gold).version}/{contract}"


def load(cursor: Cursor, table: Table, gold: LakeTable) -> Published:
    """Copy a gold table into a new table, in the cursor's transaction, and check that all of it arrived.

    Raises:
        UserError: when PostgreSQL refuses a row, naming mart, column and key.
        AssertionError: when rows or sums differ from gold's.
    """
    cursor.execute("SELECT nextval('mart_meta.table_number')")
    (number,) = cursor.fetchone() or (0,)
    name = f"{table.name}__{number}"
    physical = sql.Identifier("mart_data", name)
    batches = _Batches(gold, table.column_names)
    cursor.execute("SAVEPOINT load")
    try:
        cursor.execute(create_table(table, f"mart_data.{name}"))
        copy_rows(cursor, table, physical, iter(batches), "FREEZE")
        for statement in index_statements(table, f"mart_data.{name}"):
            cursor.execute(statement)
    except Psycopg2Error as error:
        if cause := unreadable(error):
            raise UserError(
                f"{table.id} cannot be read as PostgreSQL takes it ({cause}). The last release stays."
                " `./shoplake run` builds the mart again; please report this line if it comes back."
            ) from None
        if not is_of_a_row(error):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT load")
        raise refusal(cursor, table, batches.last, error) from None
    cursor.execute(sql.SQL("ANALYZE {}").format(physical))
    _check(cursor, physical, table, batches)
    return Published(name, source_of(table, gold), data_commit(gold).version, batches.rows)


class _Batches:
    """Batches of a gold table's rows, counted and summed as they are read."""

    def __init__(self, gold: LakeTable, columns: Sequence[str]) -> None:
        self._scanner = gold.rows().scanner(columns=list(columns), batch_size=ROWS_PER_CHUNK)
        self.rows = 0
        self.last: pa.RecordBatch | None = None
        self.sums: dict[str, Decimal] = {}

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._scanner.to_batches():
            self.rows += batch.num_rows
            self.last = batch
            for field, values in zip(batch.schema, batch.columns, strict=True):
                if pa.types.is_decimal(field.type):
                    total = pc.sum(values).as_py() or Decimal(0)
                    self.sums[field.name] = self.sums.get(field.name, Decimal(0)) + total
            yield batch


def _check(cursor: Cursor, physical: sql.Identifier, table: Table, loaded: _Batches) -> None:
    names = list(loaded.sums)
    sums = [sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(name)) for name in names]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join([sql.SQL("count(*)"), *sums]), physical)
    cursor.execute(query)
    rows, *found = cursor.fetchone() or (0,)
    wrong = [
        f"{name} is {there} and not {loaded.sums[name]}"
        for name, there in zip(names, found, strict=True)
        if there != loaded.sums[name]
    ]
    if rows != loaded.rows or wrong:
        raise AssertionError(f"{table.id}: {rows} of {loaded.rows} rows arrived; {'; '.join(wrong)}")


def switch(
    connection: Connection, tables: Sequence[Table], release: dict[str, Published], run_id: str, reader: str
) -> int:
    """Point every view at the release and record it, in one transaction; returns the release's number.

    Raises:
        TransientError: when a reader locks the views for longer than the deadline.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(errors.LockNotAvailable),
        stop=stop_after_delay(SWITCH_DEADLINE_SECONDS),
        wait=wait_random(0.1, 1),
    )
    try:
        return attempts(_switch, connection, tables, release, run_id, reader)
    except RetryError:
        raise TransientError(
            f"readers held the views of `mart` for {SWITCH_DEADLINE_SECONDS} s, so the last release stays."
            " End the long transaction (it is in pg_stat_activity), then run again."
        ) from None


def _switch(
    connection: Connection, tables: Sequence[Table], release: dict[str, Published], run_id: str, reader: str
) -> int:
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        cursor.execute("SELECT table_name FROM information_schema.views WHERE table_schema = 'mart'")
        present = {name for (name,) in cursor.fetchall()}
        for gone in sorted(present - {table.name for table in tables}):
            cursor.execute(sql.SQL("DROP VIEW {}").format(sql.Identifier("mart", gone)))
        for table in sorted(tables, key=lambda table: table.name):
            _point_view(cursor, table, release[table.name].physical_name, table.name in present)
            grant = sql.SQL("GRANT SELECT ON {} TO {}")
            cursor.execute(grant.format(sql.Identifier("mart", table.name), sql.Identifier(reader)))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA mart TO {}").format(sql.Identifier(reader)))
        return _record(cursor, release, run_id)


def _point_view(cursor: Cursor, table: Table, physical_name: str, is_present: bool) -> None:
    view = sql.Identifier("mart", table.name)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    define = sql.SQL("CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}").format(
        view, columns, sql.Identifier("mart_data", physical_name)
    )
    cursor.execute("SAVEPOINT view")
    try:
        cursor.execute(define)
    except errors.InvalidTableDefinition:
        # A view cannot lose or retype a column in place.
        cursor.execute("ROLLBACK TO SAVEPOINT view")
        cursor.execute(sql.SQL("DROP VIEW {}").format(view))
        cursor.execute(define)
        is_present = False
    if not is_present:
        cursor.execute(comments(table, f"mart.{table.name}", "VIEW"))


def _record(cursor: Cursor, release: dict[str, Published], run_id: str) -> int:
    cursor.execute("INSERT INTO mart_meta.releases (run_id) VALUES (%s) RETURNING release_id", (run_id,))
    (release_id,) = cursor.fetchone() or (0,)
    for name, each in release.items():
        cursor.execute(
            "INSERT INTO mart_meta.release_tables VALUES (%s, %s, %s, %s, %s, %s)",
            (release_id, name, each.physical_name, each.source, each.gold_version, each.rows),
        )
    return int(release_id)


def drop_unused(connection: Connection) -> None:
    """Drop tables that neither of the two newest releases uses; a table that is being read stays."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'mart_data' AND tablename NOT IN ("
            " SELECT physical_name FROM mart_meta.release_tables WHERE release_id IN ("
            " SELECT release_id FROM mart_meta.releases ORDER BY release_id DESC LIMIT 2))"
        )
        unused = [name for (name,) in cursor.fetchall()]
    for name in unused:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
                cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("mart_data", name)))
        except errors.LockNotAvailable:
            print(f"mart_data.{name} is still read by someone; the next publication removes it")
