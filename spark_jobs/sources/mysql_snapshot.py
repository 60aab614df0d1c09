"""A consistent snapshot of the shop's MySQL over several connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncmy
from asyncmy import errors

from spark_jobs.errors import TransientError, UserError
from spark_jobs.settings import Settings
from spark_jobs.sources.mysql_types import SourceColumn

CONNECT_TIMEOUT_SECONDS = 10
CONNECT_ATTEMPTS = 2
LOCK_TIMEOUT_SECONDS = 10

_ACCESS_DENIED = (1044, 1045, 1698)
_UNKNOWN_DATABASE = 1049
_NO_PRIVILEGE = (1227,)
_LOCK_WAIT = (1205,)


async def connect(settings: Settings) -> Any:
    """Connect as the reader of the shop.

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
    """Return the columns of each table of a database, in their order."""
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
    """Return all rows of a small result."""
    async with connection.cursor() as cursor:
        await cursor.execute(sql, tuple(parameters) or None)
        return list(await cursor.fetchall())


@contextmanager
def held_back(connection: Any) -> Iterator[None]:
    """Pause reading from the server meanwhile: asyncmy keeps everything it has received in memory."""
    connection._transport.pause_reading()
    try:
        yield
    finally:
        if connection._transport is not None:
            connection._transport.resume_reading()


@dataclass
class Snapshot:
    """The shop at one moment, the same for every connection.

    `taken_at` is the source's clock, UTC. `max_packet` is its `max_allowed_packet`. `note` says how the
    snapshot was made consistent without a lock.
    """

    connections: list[Any]
    taken_at: datetime
    max_packet: int
    note: str = ""

    async def share(self, work: Sequence[Callable[[Any], Awaitable[None]]]) -> None:
        """Run tasks in order, each on the next free connection."""
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
    """Open a consistent snapshot on `ingest_connections` connections.

    A global read lock is held while they begin their transactions, a few milliseconds. If the user may not
    lock, or something blocks the lock, there is one connection: its transaction is consistent by itself.
    """
    held = [await connect(settings)]
    try:
        note = await _begin_together(held, settings)
        asked = "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR), @@max_allowed_packet"
        ((taken_at, max_packet),) = await query(held[0], asked)
        await query(held[0], "UNLOCK TABLES")
        yield Snapshot(held, datetime.fromisoformat(taken_at).replace(tzinfo=UTC), max_packet, note)
    except (errors.MySQLError, OSError) as error:
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
