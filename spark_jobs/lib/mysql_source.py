"""Reading the shop's MySQL: one consistent snapshot over several connections.

The server renders each row as a line of CSV. asyncmy hands over about a million such rows per second and
pyarrow parses them without the interpreter's lock; reading typed columns in Python is ten times slower.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import asyncmy
import pyarrow as pa
from asyncmy import errors
from asyncmy.cursors import SSCursor
from pyarrow import csv

from contracts.model import Table
from spark_jobs.lib.errors import TransientError, UserError
from spark_jobs.lib.mysql_types import SourceColumn, quoted
from spark_jobs.lib.settings import Settings

CONNECT_TIMEOUT_SECONDS = 10
CONNECT_ATTEMPTS = 2
LOCK_TIMEOUT_SECONDS = 10
ROWS_PER_CHUNK = 50_000
# Between the parts of a key and of a compared row: no shop's text holds it.
SEPARATOR = "\x1f"

_ACCESS_DENIED = (1044, 1045, 1698)
_UNKNOWN_DATABASE = 1049
_NO_PRIVILEGE = (1227,)
_LOCK_WAIT = (1205,)


async def connect(settings: Settings) -> Any:
    """A connection as the reader of the shop.

    Raises:
        UserError: naming host, port and setting when the server cannot be reached or refuses the user.
    """
    where = f"MySQL at {settings.shop_mysql_host}:{settings.shop_mysql_port}"
    for attempt in range(CONNECT_ATTEMPTS):
        try:
            return await asyncio.wait_for(_open(settings), CONNECT_TIMEOUT_SECONDS)
        except errors.MySQLError as error:
            code = error.args[0] if error.args else 0
            if code in _ACCESS_DENIED:
                raise UserError(
                    f"{where} refuses the user {settings.shop_mysql_user!r}: wrong password or no rights. "
                    "Set SHOP_MYSQL_USER and SHOP_MYSQL_PASSWORD, then run the step again."
                ) from None
            if code == _UNKNOWN_DATABASE:
                raise UserError(
                    f"{where} has no database {settings.shop_mysql_database!r}. Set SHOP_MYSQL_DATABASE."
                ) from None
            problem: Exception = error
        except (OSError, TimeoutError) as error:
            problem = error
        if attempt + 1 == CONNECT_ATTEMPTS:
            raise TransientError(
                f"{where} does not answer ({problem or type(problem).__name__}). "
                "The address is SHOP_MYSQL_HOST and SHOP_MYSQL_PORT; "
                "`./shoplake status` shows whether the server runs."
            ) from None
    raise AssertionError("unreachable")


async def _open(settings: Settings) -> Any:
    connection = await asyncmy.connect(
        host=settings.shop_mysql_host,
        port=settings.shop_mysql_port,
        user=settings.shop_mysql_user,
        password=settings.shop_mysql_password.get_secret_value(),
        db=settings.shop_mysql_database,
        charset="utf8mb4",
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        autocommit=True,
    )
    async with connection.cursor() as cursor:
        await cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci")
        await cursor.execute("SET SESSION time_zone = '+00:00', sql_mode = ''")
        await cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await cursor.execute(f"SET SESSION lock_wait_timeout = {LOCK_TIMEOUT_SECONDS}")
    return connection


async def columns(connection: Any, database: str) -> dict[str, list[SourceColumn]]:
    """The columns of each table of a database, in their order."""
    rows = await query(
        connection,
        "SELECT table_name, column_name, column_type FROM information_schema.columns "
        "WHERE table_schema = %s ORDER BY table_name, ordinal_position",
        (database,),
    )
    found: dict[str, list[SourceColumn]] = {}
    for table, name, kind in rows:
        found.setdefault(table, []).append(SourceColumn(name, kind))
    return found


async def query(connection: Any, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """All rows of a small answer."""
    async with connection.cursor() as cursor:
        await cursor.execute(sql, tuple(parameters) or None)
        return list(await cursor.fetchall())


@dataclass
class Snapshot:
    """One moment of the shop, seen alike by every connection.

    `taken_at` is the source's clock, UTC. `note` says how the moment was held when it could not be locked.
    """

    connections: list[Any]
    taken_at: datetime
    note: str = ""

    async def share(self, work: Sequence[Callable[[Any], Awaitable[None]]]) -> None:
        """Do pieces of work in their order, each on the connection that becomes free."""
        pending = list(reversed(work))

        async def worker(connection: Any) -> None:
            while pending:
                await pending.pop()(connection)

        try:
            async with asyncio.TaskGroup() as group:
                for connection in self.connections:
                    group.create_task(worker(connection))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None


@asynccontextmanager
async def snapshot(settings: Settings) -> AsyncIterator[Snapshot]:
    """A consistent snapshot on `ingest_connections` connections.

    A global read lock is held while they begin their transactions, a few milliseconds. Where the user may
    not lock, or something holds the lock up, there is one connection: its transaction is a moment too.
    """
    held = [await connect(settings)]
    try:
        note = await _begin_together(held, settings)
        ((taken_at,),) = await query(held[0], "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)")
        await query(held[0], "UNLOCK TABLES")
        yield Snapshot(held, datetime.fromisoformat(taken_at).replace(tzinfo=UTC), note)
    except (errors.OperationalError, errors.InterfaceError, errors.InternalError, OSError) as error:
        raise TransientError(
            f"MySQL at {settings.shop_mysql_host}:{settings.shop_mysql_port} broke off while it was read"
            f" ({error}). Nothing was ingested; `./shoplake status` shows whether it runs. Then run again."
        ) from None
    finally:
        for connection in held:
            connection.close()


async def _begin_together(held: list[Any], settings: Settings) -> str:
    begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    note = ""
    if settings.ingest_connections > 1:
        held += [await connect(settings) for _ in range(settings.ingest_connections - 1)]
        try:
            await query(held[0], "FLUSH TABLES WITH READ LOCK")
        except errors.MySQLError as error:
            if error.args[0] not in (*_NO_PRIVILEGE, *_LOCK_WAIT):
                raise
            for spare in held[1:]:
                spare.close()
            del held[1:]
            note = f"one connection, repeatable read: no global read lock ({error.args[1]})"
    for connection in held:
        await query(connection, begin)
    return note


def csv_select(table: Table, source: Sequence[SourceColumn]) -> str:
    """The SELECT that renders each row of a table as one line of CSV."""
    fields = ", ".join(column.csv_expression() for column in source)
    return f"SELECT CONCAT_WS(',', {fields}) FROM {quoted(table.name)}"


def key_select(table: Table) -> str:
    """The SELECT of a table's keys, one text per row, in the form of `bronze.row_texts`."""
    parts = ", ".join(quoted(name) for name in table.key)
    return f"SELECT CONCAT_WS(0x1f, {parts}) FROM {quoted(table.name)}"


async def lines(connection: Any, sql: str) -> AsyncIterator[list[str]]:
    """The single text column of a large answer, in chunks, flat in memory."""
    async with connection.cursor(SSCursor) as cursor:
        await cursor.execute(sql)
        while rows := await cursor.fetchmany(ROWS_PER_CHUNK):
            yield [row[0] for row in rows]


def schema(source: Sequence[SourceColumn]) -> pa.Schema:
    """The columns as bronze holds them."""
    return pa.schema([(column.name, column.arrow_type) for column in source])


def parse(texts: Sequence[str], source: Sequence[SourceColumn]) -> pa.Table:
    """Typed columns from lines of CSV as `csv_select` makes them."""
    return csv.read_csv(
        BytesIO("\n".join(texts).encode()),
        read_options=csv.ReadOptions(column_names=[column.name for column in source], block_size=1 << 24),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema(source),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["1"],
            false_values=["0"],
        ),
    )
