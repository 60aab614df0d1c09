"""The session's servers, the databases and topics of single tests on them, and the duration of each part.

Nothing here touches the checkout's `.env`, servers or lake.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import mysql.connector
import psycopg2
import pytest
from kafka.admin import KafkaAdminClient, NewTopic
from psycopg2 import sql

from deploy.env.env_file import ensure_env_file, set_values
from deploy.processes.demo import run_demo
from deploy.processes.stack import Stack
from spark_jobs.settings import settings
from tests.integration.servers import ROOT, Environment, Shop, allow_shops_of_tests, free_ports
from tests.stack.pipeline import let_airflow_rest

# Quick tests first; the browser sees the demo run before anything disturbs it.
FOLDERS = ("unit", "gateway", "deploy/processes", "integration", "browser", "stack", "deploy/compose")
DATA_SERVERS = ("mariadb", "postgres", "kafka", "gateway")
DEMO_SIZE = ("--days", "60", "--customers", "800")
HOURS_TO_MIDNIGHT = 3

_seconds: dict[str, float] = defaultdict(float)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (bool(item.get_closest_marker("last")), FOLDERS.index(_folder(item.nodeid))))
    # They need Docker and a quarter of an hour: run only by name.
    if "compose" not in config.option.markexpr:
        unwanted = [item for item in items if item.get_closest_marker("compose")]
        items[:] = [item for item in items if item not in unwanted]
        config.hook.pytest_deselected(items=unwanted)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[f"tests/{_folder(report.nodeid)}"] += report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("seconds per part")
    for part, seconds in _seconds.items():
        terminalreporter.write_line(f"{seconds:8.1f} s  {part}")


def _folder(nodeid: str) -> str:
    return next(folder for folder in FOLDERS if nodeid.startswith(f"tests/{folder}/"))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the session's installation, with an `.env` and ports of its own; deleted at the end."""
    folder = tmp_path_factory.mktemp("shoplake")
    free = free_ports()
    ensure_env_file(folder / ".env")
    values = {
        "SHOP_MYSQL_PORT": free[0],
        "WAREHOUSE_PORT": free[1],
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free[2]}",
        "KAFKA_CONTROLLER_PORT": free[3],
        "AIRFLOW_PORT": free[5],
        "SUPERSET_PORT": free[6],
        "GATEWAY_PORT": free[7],
        "STOREFRONT_PORT": free[8],
        "LAKE_URI": folder / "data_lake",
        "SHOP_TIMEZONE": far_from_midnight(),
    }
    set_values(folder / ".env", {name: str(value) for name, value in values.items()})
    yield folder
    _stack(folder).delete()
    shutil.rmtree(folder)


def far_from_midnight() -> str:
    """A zone whose day does not end while the tests run: marts speak of a day, and change with it."""
    zones = ("Europe/Berlin", "America/New_York")
    return next(zone for zone in zones if datetime.now(ZoneInfo(zone)).hour < 24 - HOURS_TO_MIDNIGHT)


def _stack(home: Path) -> Stack:
    return Stack(home / ".shoplake", home / ".env")


@pytest.fixture(scope="session")
def data_stack(home: Path) -> Stack:
    """The servers that jobs work with, running."""
    with _timed("starting the servers of the data"):
        stack = _stack(home)
        stack.up(only=DATA_SERVERS)
        allow_shops_of_tests(stack)
    return stack


@pytest.fixture(scope="session")
def spark_stack(home: Path, data_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The same installation with Apache Spark as its engine: a Connect server beside the other servers."""
    folder = tmp_path_factory.mktemp("spark")
    shutil.copy(home / ".env", folder / ".env")
    own = {"SPARK_ENGINE": "spark", "SPARK_REMOTE": f"sc://127.0.0.1:{free_ports()[0]}"}
    set_values(folder / ".env", own)
    stack = Stack(folder / ".shoplake", folder / ".env")
    with _timed("starting a Spark Connect server"):
        stack.up(only=("spark-connect",))
    yield stack
    stack.delete()


@pytest.fixture(scope="session")
def demo(home: Path, data_stack: Stack) -> Stack:
    """All servers running, a demo shop loaded and run through Airflow: what `make demo` does."""
    with _timed("make demo, with a smaller shop"):
        run_demo("demo", lambda: _stack(home), DEMO_SIZE)
        let_airflow_rest(data_stack)
    return data_stack


@contextmanager
def _timed(part: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    _seconds[f"  of these: {part}"] = time.monotonic() - began


@pytest.fixture(scope="session")
def took() -> Callable[[str, float], None]:
    """Called with the name of a part and its seconds, it puts them into the summary."""

    def note(part: str, seconds: float) -> None:
        _seconds[f"  of these: {part}"] = seconds

    return note


@pytest.fixture(scope="session")
def servers(data_stack: Stack) -> dict[str, str]:
    """Addresses and secrets of the running servers."""
    return data_stack.program_environment()


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


@pytest.fixture
def stream_environment(data_stack: Stack, environment: Environment, topic: str) -> Environment:
    """As local mode starts the stream, on the test's topic and lake, with a quick trigger."""
    stream = data_stack.servers()["stream"].environment
    environment.values = stream | environment.values | {"STREAM_TRIGGER_SECONDS": "1"}
    return environment
