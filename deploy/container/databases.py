"""Create PostgreSQL's databases and roles, passwords as in `.env`: `python -m deploy.container.databases`."""

from __future__ import annotations

import os
import sys

import psycopg2
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_fixed

from deploy.servers.postgres import create_databases


@retry(
    # Not for a wrong password, which a retry does not fix.
    retry=retry_if_exception_message(match=r"(?s).*(refused|starting up|timeout expired|not translate)"),
    stop=stop_after_delay(60),
    wait=wait_fixed(1),
    reraise=True,
)
def connect(database: str) -> psycopg2.extensions.connection:
    """Connect as the server's owner."""
    return psycopg2.connect(
        host=os.environ["WAREHOUSE_HOST"],
        port=os.environ["WAREHOUSE_PORT"],
        user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        dbname=database,
        connect_timeout=10,
    )


def main() -> int:
    """Create what is missing; returns 0, or 1 after printing the error."""
    try:
        create_databases(connect, os.environ)
    except psycopg2.Error as error:
        where = f"PostgreSQL at {os.environ['WAREHOUSE_HOST']}:{os.environ['WAREHOUSE_PORT']}"
        reason = " ".join(str(error).split())
        print(
            f"{where}: {reason}. Next: check WAREHOUSE_HOST, WAREHOUSE_PORT, POSTGRES_USER and"
            " POSTGRES_PASSWORD in .env (a new password does not change that of an old volume), then make up."
        )
        return 1
    print("databases and roles are there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
