"""PostgreSQL: its options, its databases and the roles that use them, on any server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import psycopg2.extensions

from deploy.servers.options import Option

SQL = Path(__file__).resolve().parents[2] / "sql" / "postgres"
# Options besides address, port and memory.
OPTIONS = (
    Option("max_connections", "80"),
    Option("timezone", "UTC"),
    Option("log_timezone", "UTC"),
    Option("password_encryption", "scram-sha-256"),
    Option("max_wal_size", "1GB"),
    Option("checkpoint_timeout", "15min"),
    Option("jit", "off"),
)
INITDB = ("--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8")
# Each with its owner; the warehouse's owner cannot log in.
DATABASES = {"warehouse": "", "airflow": "airflow", "superset": "superset"}


def create_databases(
    connect: Callable[[str], psycopg2.extensions.connection], settings: Mapping[str, str]
) -> None:
    """Create databases, roles and rights; repeatable. Passwords are set to those of `settings`.

    `connect` opens a named database as the server's owner.
    """
    with closing(connect("postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        sql = re.sub(
            r":'(\w+)'",
            lambda match: cursor.mogrify("%s", (settings[match[1].upper()],)).decode(),
            (SQL / "roles.sql").read_text(),
        )
        cursor.execute(sql)
        cursor.execute("SELECT datname FROM pg_database")
        present = {name for (name,) in cursor.fetchall()}
        for name, owner in DATABASES.items():
            if name not in present:
                cursor.execute(f"CREATE DATABASE {name}{f' OWNER {owner}' if owner else ''}")
            cursor.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
    with closing(connect("warehouse")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute((SQL / "roles_warehouse.sql").read_text())
