"""Connections to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection

from spark_jobs.errors import TransientError, UserError
from spark_jobs.settings import Settings

CONNECT_TIMEOUT_SECONDS = 10


@contextmanager
def warehouse(settings: Settings) -> Iterator[Connection]:
    """Open a connection as the loader, in UTC, and close it; `with connection:` inside is a transaction.

    Raises:
        UserError: naming host, port and setting when the server cannot be reached or refuses the user.
    """
    where = f"PostgreSQL at {settings.warehouse_host}:{settings.warehouse_port}"
    try:
        opened = psycopg2.connect(
            host=settings.warehouse_host,
            port=settings.warehouse_port,
            dbname=settings.warehouse_database,
            user=settings.warehouse_loader_user,
            password=settings.warehouse_loader_password.get_secret_value(),
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            options="-c timezone=UTC",
            application_name="shoplake",
        )
    except psycopg2.OperationalError as error:
        reason = " ".join(str(error).split())
        if "authentication failed" in reason:
            raise UserError(
                f"{where} refuses the user {settings.warehouse_loader_user!r}: wrong password. "
                "Set WAREHOUSE_LOADER_USER and WAREHOUSE_LOADER_PASSWORD, then run the step again."
            ) from None
        if "does not exist" in reason:
            raise UserError(f"{where}: {reason}. The name is WAREHOUSE_DATABASE.") from None
        raise TransientError(
            f"{where} does not answer ({reason}). The address is WAREHOUSE_HOST and WAREHOUSE_PORT; "
            "`./shoplake status` shows whether the server runs."
        ) from None
    try:
        yield opened
    finally:
        opened.close()
