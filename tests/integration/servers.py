"""The environment in which tests start jobs, and the shop they change."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.model import Layer, Table
from contracts.registry import tables_of
from deploy.env.ports import port_is_free
from deploy.processes import jars
from deploy.processes.stack import Stack
from spark_jobs.jobs import build_silver, ingest_mysql
from spark_jobs.reconcile import shop as reconciliation_shop

ROOT = Path(__file__).resolve().parents[2]
JOB_SECONDS = 1200
# Range of servers' ports: below those that the system gives to connections, so that a restarted server finds
# its own free.
PORTS = range(20_000, 32_000)


def free_ports() -> list[int]:
    """Ports on which nobody listens, in no order; more than any test needs."""
    return [port for port in random.sample(PORTS, 100) if port_is_free(port)]


def allow_shops_of_tests(stack: Stack) -> None:
    """Let the shop's users work in databases of tests beside the shop, as whoever owns the server's files."""
    settings = stack.settings
    rights = {settings.shop_mysql_admin_user: "ALL", settings.shop_mysql_user: "SELECT"}
    statements = [rf"GRANT {right} ON `shop\_test\_%`.* TO '{user}'@'%'" for user, right in rights.items()]
    client, socket = jars.mariadb_base(stack.home) / "bin" / "mariadb", stack.home.sockets / "mariadb.sock"
    command = [client, "--no-defaults", "--skip-ssl", f"--socket={socket}", "-e", "; ".join(statements)]
    subprocess.run(command, check=True)


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

    def simulate(self, *arguments: str) -> str:
        """Run the simulator; returns what it said."""
        command = [sys.executable, "-m", "simulator", *arguments]
        done = subprocess.run(
            command,
            env=self.values,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=JOB_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def must_run(self, job: str, *arguments: str, **changed: str) -> str:
        done = self.run(job, *arguments, **changed)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def limit_to(names: set[str], patch: pytest.MonkeyPatch) -> None:
    """Let jobs that run in this process know no more than some tables of the shop, to be quick."""

    def chosen(layer: Layer) -> tuple[Table, ...]:
        tables = tables_of(layer)
        if layer is Layer.SHOP:
            return tuple(table for table in tables if table.name in names)
        return tuple(
            table for table in tables if table.inputs and set(table.inputs) <= {f"shop.{n}" for n in names}
        )

    patch.setattr(ingest_mysql, "SHOP_TABLES", chosen(Layer.SHOP))
    patch.setattr(build_silver, "tables_of", chosen)
    patch.setattr(reconciliation_shop, "tables_of", chosen)


@contextmanager
def streaming(environment: Environment, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The event stream, running; killed at the end."""
    process = environment.start("stream_events", *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


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
