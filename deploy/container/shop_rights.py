"""Check the rights of your own shop's reader: `python -m deploy.container.shop_rights`."""

from __future__ import annotations

import asyncio
import sys

from asyncmy import errors

from contracts.model import Layer
from contracts.registry import tables_of
from spark_jobs.errors import UserError
from spark_jobs.settings import Settings, settings
from spark_jobs.sources import mysql_snapshot as mysql
from spark_jobs.sources.mysql_types import quoted


async def findings(config: Settings) -> tuple[list[str], bool]:
    """Return tables of the contracts that the reader cannot select, and whether it may lock for a snapshot.

    Raises:
        UserError: when the server cannot be reached or refuses the user.
    """
    connection = await mysql.connect(config)
    unreadable, may_lock = [], True
    try:
        for table in tables_of(Layer.SHOP):
            try:
                await mysql.query(connection, f"SELECT 1 FROM {quoted(table.name)} LIMIT 1")  # noqa: S608
            except errors.MySQLError:
                unreadable.append(table.name)
        try:
            await mysql.query(connection, "FLUSH TABLES WITH READ LOCK")
            await mysql.query(connection, "UNLOCK TABLES")
        except errors.MySQLError:
            may_lock = False
    finally:
        connection.close()
    return unreadable, may_lock


def main() -> int:
    """Return 0 when the shop can be read; print missing rights with the statement that grants them."""
    config = settings()
    user, database = f"'{config.shop_mysql_user}'@'%'", config.shop_mysql_database
    where = f"MySQL at {config.shop_mysql_host}:{config.shop_mysql_port}"
    try:
        unreadable, may_lock = asyncio.run(findings(config))
    except UserError as error:
        print(error)
        return 1
    if unreadable:
        print(
            f"{where}: {user} cannot read {', '.join(unreadable)} of {database}, or they are not there."
            f" Next, as an administrator of it: GRANT SELECT ON `{database}`.* TO {user};"
        )
        return 1
    if not may_lock:
        print(
            f"{where}: {user} may not hold a snapshot for several connections, so one reads everything."
            f" Faster: GRANT FLUSH_TABLES ON *.* TO {user};"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
