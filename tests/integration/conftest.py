"""Databases, topics and lakes of a test's own, on the servers that the environment and `.env` name."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mysql.connector
import psycopg2
import pytest
from dotenv import dotenv_values
from kafka.admin import KafkaAdminClient, NewTopic
from psycopg2 import sql

from spark_jobs.lib.settings import settings
from tests.integration.servers import ROOT, Environment, Shop


@pytest.fixture(scope="session")
def servers() -> dict[str, str]:
    """Addresses and secrets of running servers; the environment wins over `.env`."""
    values = {name: value for name, value in dotenv_values(ROOT / ".env").items() if value is not None}
    return values | dict(os.environ)


@pytest.fixture
def environment(
    servers: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """An empty lake of the test's own, for jobs in processes and for code in this one."""
    values = servers | {"LAKE_URI": str(tmp_path / "lake"), "PYTHONPATH": str(ROOT)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield Environment(values)
    settings.cache_clear()


@pytest.fixture
def shop(
    servers: dict[str, str], environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """An empty shop."""
    name = f"shop_test_{uuid.uuid4().hex[:8]}"
    connection = mysql.connector.connect(
        host=settings().shop_mysql_host,
        port=settings().shop_mysql_port,
        user=servers.get("SHOP_MYSQL_ADMIN_USER", "shoplake_admin"),
        password=servers["SHOP_MYSQL_ADMIN_PASSWORD"],
        charset="utf8mb4",
        collation="utf8mb4_general_ci",
        autocommit=True,
    )
    made = Shop(name, connection)
    made.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    made.execute(f"USE {name}")
    made.execute("SET SESSION sql_mode = ''")
    schema = re.sub(r"^--.*$", "", (ROOT / "sql/mysql/schema.sql").read_text(), flags=re.MULTILINE)
    for statement in schema.split(";\n"):
        if statement.strip():
            made.execute(statement)
    environment.values["SHOP_MYSQL_DATABASE"] = name
    monkeypatch.setenv("SHOP_MYSQL_DATABASE", name)
    settings.cache_clear()
    yield made
    made.execute(f"DROP DATABASE {name}")
    connection.close()


@pytest.fixture
def warehouse_database(
    servers: dict[str, str], environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """An empty warehouse; called with a user and a password it opens a connection."""
    name = f"warehouse_test_{uuid.uuid4().hex[:8]}"
    config = settings()

    def connect(user: str, password: str, database: str = name) -> Any:
        return psycopg2.connect(
            host=config.warehouse_host,
            port=config.warehouse_port,
            dbname=database,
            user=user,
            password=password,
        )

    admin = connect("postgres", servers["POSTGRES_PASSWORD"], "postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        cursor.execute(create.format(sql.Identifier(name), sql.Identifier(config.warehouse_loader_user)))
    environment.values["WAREHOUSE_DATABASE"] = name
    monkeypatch.setenv("WAREHOUSE_DATABASE", name)
    settings.cache_clear()
    yield connect
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    admin.close()


@pytest.fixture
def topic(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty topic with two partitions."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=settings().kafka_bootstrap_servers)
    admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])
    environment.values["KAFKA_EVENTS_TOPIC"] = name
    monkeypatch.setenv("KAFKA_EVENTS_TOPIC", name)
    settings.cache_clear()
    yield name
    admin.delete_topics([name])
    admin.close()
