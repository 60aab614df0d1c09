"""Databases, topics and lakes of a test's own, on the servers that the environment and `.env` name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mysql.connector
import psycopg2
import pytest
from dotenv import dotenv_values
from kafka.admin import KafkaAdminClient, NewTopic
from psycopg2 import sql

from spark_jobs.lib.settings import settings

ROOT = Path(__file__).resolve().parents[2]
JOB_SECONDS = 300


@dataclass
class Environment:
    """What a job of a test is started with."""

    values: dict[str, str]

    def start(self, job: str, *arguments: str, **changed: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", f"spark_jobs.jobs.{job}", *arguments]
        return subprocess.Popen(
            command,
            env=self.values | changed,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, job: str, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        process = self.start(job, *arguments, **changed)
        try:
            output, errors = process.communicate(timeout=JOB_SECONDS)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def must_run(self, job: str, *arguments: str, **changed: str) -> str:
        done = self.run(job, *arguments, **changed)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


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


@dataclass
class Shop:
    """A MySQL database with the shop's schema."""

    name: str
    connection: Any
    columns: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, tuple(parameters))
            return list(cursor.fetchall()) if cursor.with_rows else []

    def insert(self, table: str, **values: object) -> None:
        """A row of which only some columns matter; the others get a value that fits."""
        row = {name: values.get(name, _filler(name, kind)) for name, kind in self._columns(table)}
        assert set(values) <= set(row), f"no such column: {set(values) - set(row)}"
        names = ", ".join(f"`{name}`" for name in row)
        self.execute(
            f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )

    def _columns(self, table: str) -> list[tuple[str, str]]:
        if table not in self.columns:
            rows = self.execute(
                "SELECT column_name, column_type, is_nullable FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                (self.name, table),
            )
            self.columns[table] = [
                (name, kind + ("?" if nullable == "YES" else "")) for name, kind, nullable in rows
            ]
        return self.columns[table]


def _filler(name: str, kind: str) -> object:
    if kind.endswith("?"):
        return None
    if kind.startswith("enum"):
        return re.findall(r"'([^']*)'", kind)[0]
    if kind.startswith("datetime"):
        return "2026-03-01 10:00:00.000000"
    if kind.startswith("date"):
        return "2026-03-01"
    if kind.startswith(("varchar", "char")):
        return {"currency": "EUR", "country_code": "DE"}.get(name, uuid.uuid4().hex[:3])
    return 1


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


@pytest.fixture
def copy_lake(environment: Environment, tmp_path: Path) -> Callable[[str], None]:
    """Keep the lake as it is under a name, or bring it back: called twice, it restores."""

    def copy(name: str) -> None:
        lake, kept = Path(environment.values["LAKE_URI"]), tmp_path / name
        source, target = (kept, lake) if kept.exists() else (lake, kept)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)

    return copy
