"""A second stack in its own folder and on its own ports, beside whatever else runs on this machine."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import mysql.connector
import psutil
import psycopg2
import pytest
from confluent_kafka import Consumer
from kafka.admin import KafkaAdminClient
from posthog import Posthog
from tenacity import retry, stop_after_delay, wait_fixed

from deploy.errors import DeployError
from deploy.processes import mariadb, postgres
from deploy.processes.stack import Stack, Work

pytestmark = pytest.mark.stack
SERVERS = ("mariadb", "postgres", "kafka", "gateway")


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def make_stack(folder: Path) -> Stack:
    ports = free_ports(8)
    overrides = {
        "SHOP_MYSQL_PORT": str(ports[0]),
        "WAREHOUSE_PORT": str(ports[1]),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports[2]}",
        "KAFKA_CONTROLLER_PORT": str(ports[3]),
        "SPARK_REMOTE": f"sc://127.0.0.1:{ports[4]}",
        "AIRFLOW_PORT": str(ports[5]),
        "GATEWAY_PORT": str(ports[6]),
        "STOREFRONT_PORT": str(ports[7]),
        "KAFKA_MEMORY": "256m",
        "SHOP_MYSQL_MEMORY": "64M",
        "LAKE_URI": str(folder / "lake"),
    }
    return Stack(folder / "state", folder / ".env", overrides)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = make_stack(tmp_path_factory.mktemp("stack"))
    try:
        stack.up(only=SERVERS)
        yield stack
    finally:
        stack.delete()


def pids(stack: Stack) -> dict[str, int]:
    return {status.name: status.pid for status in stack.status() if status.pid}


def test_the_chosen_servers_run_and_no_other(stack: Stack) -> None:
    assert {status.name for status in stack.status() if status.state == "running"} == set(SERVERS)
    assert all(status.memory_bytes > 10 << 20 for status in stack.status() if status.pid)


def test_every_server_listens_on_loopback_only(stack: Stack) -> None:
    listening = set()
    for pid in pids(stack).values():
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            listening |= {c.laddr[0] for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert listening


def test_state_that_holds_secrets_is_private(stack: Stack) -> None:
    assert stack.home.run.stat().st_mode & 0o077 == 0
    for path in stack.home.run.glob("*.conf"):
        assert path.stat().st_mode & 0o077 == 0


def test_the_shops_reader_reads_and_cannot_write(stack: Stack) -> None:
    settings = stack.settings
    with closing(mariadb.connect(stack.home)) as owner, closing(owner.cursor()) as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS t (a INT)")
    reader = mysql.connector.connect(
        host="127.0.0.1",
        port=settings.shop_mysql_port,
        user=settings.shop_mysql_user,
        password=settings.shop_mysql_password.get_secret_value(),
        database=settings.shop_mysql_database,
        collation="utf8mb4_general_ci",
    )
    with closing(reader), closing(reader.cursor()) as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        cursor.execute("SELECT count(*) FROM orders")
        assert cursor.fetchall() == [(0,)]
        cursor.execute("UNLOCK TABLES")
        with pytest.raises(mysql.connector.Error, match="denied"):
            cursor.execute("DELETE FROM orders")
        with pytest.raises(mysql.connector.Error, match="denied"):
            cursor.execute("SELECT count(*) FROM t")


def test_the_warehouses_reader_sees_what_the_loader_made_and_nothing_more(stack: Stack) -> None:
    settings = stack.settings

    def connect(user: str, password: str, database: str = "warehouse") -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host="127.0.0.1", port=settings.warehouse_port, user=user, password=password, dbname=database
        )

    reader_password = settings.warehouse_reader_password.get_secret_value()
    with (
        closing(connect("warehouse_loader", settings.warehouse_loader_password.get_secret_value())) as loader,
        loader,
        loader.cursor() as cursor,
    ):
        cursor.execute("DROP TABLE IF EXISTS mart.t; CREATE TABLE mart.t AS SELECT 1 AS a")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE public.t (a int)")
    with closing(connect("warehouse_reader", reader_password)) as reader, reader.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)
        reader.rollback()
        reader.set_session(readonly=False)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE mart.u (a int)")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        connect("warehouse_reader", reader_password, "airflow")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect("postgres", "postgres")


def test_topics_are_made_on_purpose_only(stack: Stack) -> None:
    admin = KafkaAdminClient(bootstrap_servers=stack.settings.kafka_bootstrap_servers)
    with closing(admin):
        assert {"events_plugin_ingestion", "events_dead_letter"} <= set(admin.list_topics())
        (events,) = admin.describe_topics(["events_plugin_ingestion"])
        assert len(events["partitions"]) == 3


def test_a_killed_server_comes_back_and_a_second_up_changes_nothing(stack: Stack) -> None:
    before = pids(stack)
    psutil.Process(before["mariadb"]).send_signal(signal.SIGKILL)

    @retry(stop=stop_after_delay(30), wait=wait_fixed(0.2))
    def is_back() -> None:
        assert pids(stack)["mariadb"] != before["mariadb"]
        mariadb.connect(stack.home).close()

    is_back()
    after = pids(stack)
    stack.up(only=SERVERS)
    assert pids(stack) == after


def test_data_and_passwords_outlive_a_stop(stack: Stack) -> None:
    with closing(postgres.connect(stack.home)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS outlives AS SELECT 42 AS a")
    processes = list(pids(stack).values())
    stack.down()
    assert not [pid for pid in processes if psutil.pid_exists(pid)]
    assert all(status.state == "stopped" for status in stack.status())
    stack.up(only=SERVERS)
    with closing(postgres.connect(stack.home)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a FROM outlives")
        assert cursor.fetchall() == [(42,)]


def test_a_server_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", stack.settings.shop_mysql_port))
        thief.listen()
        try:
            with pytest.raises(DeployError, match=r"(?s)mariadb .*Address already in use"):
                stack.up(only=["mariadb"])
        finally:
            stack.delete()
    assert not stack.folders()


def test_what_an_sdk_sends_to_the_gateway_is_on_the_topic_once(stack: Stack) -> None:
    """PostHog's own SDK, which only has its host changed."""
    settings, refused = stack.settings, []
    client = Posthog(
        settings.gateway_tokens[0],
        host=f"http://127.0.0.1:{settings.gateway_port}",
        on_error=lambda error, _: refused.append(error),
    )
    sent = [client.capture("Product Viewed", distinct_id="7", properties={"n": n}) for n in range(150)]
    client.shutdown()
    assert refused == []
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": "test",
            "auto.offset.reset": "earliest",
        }
    )
    with closing(consumer):
        consumer.subscribe([settings.kafka_events_topic])
        messages = consumer.consume(len(sent), timeout=60)
        arrived = [json.loads(message.value())["uuid"] for message in messages]
        assert sorted(arrived) == sorted(str(uuid) for uuid in sent)
        assert consumer.consume(1, timeout=1) == []


def test_a_project_that_is_not_the_shops_is_refused(stack: Stack) -> None:
    event = {"api_key": "phc_stranger", "event": "x", "distinct_id": "1"}
    answer = httpx.post(f"http://127.0.0.1:{stack.settings.gateway_port}/i/v0/e/", json=event)
    assert answer.status_code == 401


def test_work_is_done_when_its_servers_are_ready(stack: Stack) -> None:
    done: list[str] = []

    def ask() -> None:
        stack.servers()["mariadb"].is_ready()
        done.append("asked")

    stack.up(only=SERVERS, work=[Work("question", ("mariadb",), ask)])
    assert done == ["asked"]


def test_work_that_fails_is_said(stack: Stack) -> None:
    def fail() -> None:
        raise DeployError("the shop could not be loaded")

    with pytest.raises(DeployError, match="could not be loaded"):
        stack.up(only=SERVERS, work=[Work("load", ("mariadb",), fail)])
