"""Write the shop's tables to MySQL or MariaDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mysql.connector
from mysql.connector import errorcode

from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.schema import ShopTable, tables
from simulator.state import Changes

CHUNK = 2_000


@contextmanager
def shop(settings: SimulatorSettings) -> Iterator[Any]:
    """Connect to the shop database as its owner; only the caller commits.

    Raises:
        SimulatorError: when the server cannot be reached, refuses the login, or lacks the database.
    """
    where = f"{settings.shop_mysql_host}:{settings.shop_mysql_port}"
    try:
        connection = mysql.connector.connect(
            host=settings.shop_mysql_host,
            port=settings.shop_mysql_port,
            user=settings.shop_mysql_admin_user,
            password=settings.shop_mysql_admin_password.get_secret_value(),
            database=settings.shop_mysql_database,
            charset="utf8mb4",
            collation="utf8mb4_general_ci",  # the connector's own default does not exist on MariaDB
            connection_timeout=15,
        )
    except mysql.connector.Error as error:
        raise SimulatorError(f"MySQL at {where} {_reason(error, settings)}.") from error
    try:
        yield connection
    except mysql.connector.Error as error:
        raise SimulatorError(
            f"MySQL at {where} failed on {settings.shop_mysql_database}: {error.msg}. Try: make status"
        ) from error
    finally:
        connection.close()


def _reason(error: mysql.connector.Error, settings: SimulatorSettings) -> str:
    user = f"{settings.shop_mysql_admin_user} (SHOP_MYSQL_ADMIN_USER)"
    database = f"{settings.shop_mysql_database} (SHOP_MYSQL_DATABASE)"
    reasons = {
        errorcode.ER_ACCESS_DENIED_ERROR: f"refused {user}: check SHOP_MYSQL_ADMIN_PASSWORD in .env",
        errorcode.ER_BAD_DB_ERROR: f"has no database {database}",
        errorcode.ER_DBACCESS_DENIED_ERROR: f"refuses {user} the database {database}",
    }
    unreachable = "cannot be reached: check SHOP_MYSQL_HOST and SHOP_MYSQL_PORT, then make status"
    return reasons.get(error.errno or 0, unreachable)


def create_tables(connection: Any) -> None:
    """Create missing tables; an existing table stays unchanged."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_notes = 0")  # ignore "already exists"
        for table in tables().values():
            cursor.execute(table.ddl)
    connection.commit()


def row_count(connection: Any, table: str) -> int:
    """Return the number of rows in one table of the schema."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {tables()[table].name}")  # noqa: S608
        return int(cursor.fetchone()[0])


def filled_tables(connection: Any) -> list[str]:
    """Return the tables with at least one row."""
    return [name for name in tables() if row_count(connection, name)]


def truncate(connection: Any) -> None:
    """Empty every table of the shop."""
    with connection.cursor() as cursor:
        for name in tables():
            cursor.execute(f"TRUNCATE TABLE {name}")


def write(connection: Any, changes: Changes) -> int:
    """Apply changes without committing; repeating them changes nothing. Returns the number of rows."""
    count = 0
    with connection.cursor() as cursor:
        for name, rows in changes.items():
            table = tables()[name]
            kept = [[row[column] for column in table.columns] for row in rows.values() if row is not None]
            for chunk in _chunks(kept):
                cursor.executemany(_upsert(table), chunk)
            gone = [key for key, row in rows.items() if row is None]
            if gone:
                condition = " AND ".join(f"{column} = %s" for column in table.key)
                cursor.executemany(f"DELETE FROM {table.name} WHERE {condition}", gone)  # noqa: S608
            count += len(rows)
    return count


def _upsert(table: ShopTable) -> str:
    columns, marks = ", ".join(table.columns), ", ".join(["%s"] * len(table.columns))
    updates = ", ".join(f"{column} = VALUES({column})" for column in table.columns)
    return f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) ON DUPLICATE KEY UPDATE {updates}"  # noqa: S608


def _chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for first in range(0, len(rows), CHUNK):
        yield rows[first : first + CHUNK]
