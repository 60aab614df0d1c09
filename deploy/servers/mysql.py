"""The shop's database, in MySQL or MariaDB: options, tables, users and rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.servers.options import Option

# Options besides address, port and memory; only those that MySQL and MariaDB both have.
OPTIONS = (
    Option("character-set-server", "utf8mb4"),
    Option("collation-server", "utf8mb4_general_ci"),
    Option("default-time-zone", "+00:00"),
    Option("innodb-flush-log-at-trx-commit", "2"),
    Option("max-allowed-packet", "64M"),
    Option("max-connections", "60"),
    Option("performance-schema", "OFF"),
    Option("local-infile", "ON", "The Complete Journey is loaded with LOAD DATA LOCAL."),
)
SQL = Path(__file__).resolve().parents[2] / "sql" / "mysql"


def statements(settings: Mapping[str, str]) -> Iterator[str]:
    """Yield statements that create database, users, tables and rights, one per line; repeatable.

    Raises:
        ValueError: naming a value with a character that would end its SQL string.
    """
    values = {
        "database": f"`{_plain('database', settings['SHOP_MYSQL_DATABASE'])}`",
        "admin": f"'{_plain('admin', settings['SHOP_MYSQL_ADMIN_USER'])}'@'%'",
        "reader": f"'{_plain('reader', settings['SHOP_MYSQL_USER'])}'@'%'",
        "password_of_admin": f"'{_plain('admin_password', settings['SHOP_MYSQL_ADMIN_PASSWORD'])}'",
        "password_of_reader": f"'{_plain('reader_password', settings['SHOP_MYSQL_PASSWORD'])}'",
    }
    schema = list(_read("schema.sql"))
    yield from (_fill(each, values) for each in _read("users.sql"))
    yield from schema
    tables = [match[1] for each in schema if (match := re.match(r"CREATE TABLE IF NOT EXISTS (\w+)", each))]
    for right in _read("rights.sql"):
        for table in tables if ":table" in right else tables[:1]:
            yield _fill(right, {**values, "table": f"`{table}`"})


def _read(name: str) -> Iterator[str]:
    lines = [line for line in (SQL / name).read_text().splitlines() if not line.startswith("--")]
    for each in "\n".join(lines).split(";\n"):
        if statement := " ".join(each.split()).removesuffix(";"):
            yield f"{statement};"


def _fill(statement: str, values: Mapping[str, str]) -> str:
    return re.sub(r":([a-z_]+)", lambda match: values[match[1]], statement)


def _plain(name: str, value: str) -> str:
    if re.search(r"['`\\\n]", value):
        raise ValueError(f"Quotes and backslashes cannot be used in the MySQL {name}")
    return value
