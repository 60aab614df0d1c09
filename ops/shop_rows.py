"""Rows of the shop's MySQL, read with the read-only role; contact data stays there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import mysql.connector

from contracts.model import Pii, Table
from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings
from spark_jobs.sources.mysql_types import quoted

CONNECT_SECONDS = 10
Row = dict[str, Any]


class ShopRows:
    """A read-only connection to the shop's database."""

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings

    def where(self, table: Table, column: str, values: Sequence[object]) -> list[Row]:
        """Return rows in which the column has one of the values, by key, without contact data.

        Raises:
            DeployError: naming the address and the settings when MySQL does not answer or refuses us.
        """
        if not values:
            return []
        names = [each.name for each in table.columns if each.pii is not Pii.DIRECT]
        statement = (
            f"SELECT {', '.join(map(quoted, names))} FROM {quoted(table.name)}"  # noqa: S608 names of contracts
            f" WHERE {quoted(column)} IN ({', '.join(['%s'] * len(values))})"
            f" ORDER BY {', '.join(map(quoted, table.key))}"
        )
        try:
            with closing(self._connect()) as connection, closing(connection.cursor()) as cursor:
                cursor.execute(statement, tuple(values))
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except mysql.connector.Error as error:
            raise DeployError(
                f"MySQL at {self.address} does not answer ({error.msg or error}). Next: ./shoplake status;"
                " the address is SHOP_MYSQL_HOST and SHOP_MYSQL_PORT in .env, the user SHOP_MYSQL_USER."
            ) from None

    @property
    def address(self) -> str:
        """Address of the database."""
        return f"{self.settings.shop_mysql_host}:{self.settings.shop_mysql_port}"

    def _connect(self) -> Any:
        return mysql.connector.connect(
            host=self.settings.shop_mysql_host,
            port=self.settings.shop_mysql_port,
            user=self.settings.shop_mysql_user,
            password=self.settings.shop_mysql_password.get_secret_value(),
            database=self.settings.shop_mysql_database,
            # The connector's default collation does not exist in MariaDB.
            collation="utf8mb4_general_ci",
            time_zone="+00:00",
            connection_timeout=CONNECT_SECONDS,
        )
