"""Servers that do not answer or refuse us: one line, within a minute, and an unchanged lake."""

from __future__ import annotations

import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.processes.stack import Stack
from tests.integration.servers import Environment
from tests.stack.pipeline import served_rows, versions

pytestmark = pytest.mark.stack
REFUSED, NO_ANSWER = 2, 75
DEADLINE_SECONDS = 60
# The jobs that use each server, and what makes them use it although the lake is up to date.
MYSQL = {"check_sources": (), "ingest_mysql": ()}
KAFKA = {"check_sources": (), "stream_events": ()}
POSTGRES = {"check_sources": (), "publish_postgres": (), "reconcile": ()}
SPARK = {"build_silver": ("--rebuild",), "build_gold": ("--rebuild",)}


@pytest.fixture(scope="module")
def jobs(demo: Stack, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A copy of the demo's lake, which jobs that must fail may spoil."""
    lake = tmp_path_factory.mktemp("bad") / "lake"
    shutil.copytree(demo.settings.lake_uri, lake)
    return Environment(demo.program_environment() | {"LAKE_URI": str(lake)})


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def refusals(
    jobs: Environment, readers: dict[str, tuple[str, ...]], code: int = NO_ANSWER, **changed: str
) -> list[str]:
    """What each job says; all of them are refused in time, and neither lake nor warehouse changes."""
    lake = Path(jobs.values["LAKE_URI"])
    before = versions(lake)

    def refuse(job: str) -> str:
        began = time.monotonic()
        run = () if job == "stream_events" else ("--run-id", f"bad-{uuid.uuid4().hex[:8]}")
        done = jobs.run(job, *run, *readers[job], **changed)
        assert time.monotonic() - began < DEADLINE_SECONDS, job
        assert done.returncode == code, f"{job}: {done.stdout}{done.stderr}"
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1 and "Traceback" not in done.stderr, f"{job}: {done.stderr}"
        return errors[0]

    with ThreadPoolExecutor() as pool:
        said = list(pool.map(refuse, readers))
    assert versions(lake) == before
    return said


def assert_named(said: list[str], *words: str) -> None:
    for line in said:
        assert all(word in line for word in words), line


@pytest.mark.parametrize("how", ["nobody listens", "silence"])
def test_a_mysql_that_does_not_answer_is_named(jobs: Environment, how: str, silent_port: int) -> None:
    port = "1" if how == "nobody listens" else str(silent_port)
    said = refusals(jobs, MYSQL, SHOP_MYSQL_PORT=port)
    assert_named(said, f"MySQL at 127.0.0.1:{port}", "SHOP_MYSQL_HOST", "SHOP_MYSQL_PORT")


@pytest.mark.parametrize("how", ["nobody listens", "silence"])
def test_a_kafka_that_does_not_answer_is_named(jobs: Environment, how: str, silent_port: int) -> None:
    port = "1" if how == "nobody listens" else str(silent_port)
    said = refusals(jobs, KAFKA, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}")
    assert_named(said, f"Kafka at 127.0.0.1:{port}", "KAFKA_BOOTSTRAP_SERVERS")


@pytest.mark.parametrize("how", ["nobody listens", "silence"])
def test_a_postgresql_that_does_not_answer_is_named(jobs: Environment, how: str, silent_port: int) -> None:
    port = "1" if how == "nobody listens" else str(silent_port)
    said = refusals(jobs, POSTGRES, WAREHOUSE_PORT=port)
    assert_named(said, f"PostgreSQL at 127.0.0.1:{port}", "WAREHOUSE_HOST", "WAREHOUSE_PORT")


def test_a_spark_server_that_is_not_there_is_named(jobs: Environment) -> None:
    said = refusals(jobs, SPARK, SPARK_ENGINE="spark", SPARK_REMOTE="sc://127.0.0.1:1")
    assert_named(said, "Spark does not answer at 127.0.0.1:1", "SPARK_REMOTE")


@pytest.mark.parametrize(
    ("readers", "setting", "words"),
    [
        (MYSQL, "SHOP_MYSQL_PASSWORD", ("MySQL at 127.0.0.1:", "wrong password", "SHOP_MYSQL_PASSWORD")),
        (
            POSTGRES,
            "WAREHOUSE_LOADER_PASSWORD",
            ("PostgreSQL at 127.0.0.1:", "wrong password", "WAREHOUSE_LOADER_PASSWORD"),
        ),
    ],
)
def test_a_wrong_password_is_said(
    demo: Stack,
    jobs: Environment,
    readers: dict[str, tuple[str, ...]],
    setting: str,
    words: tuple[str, ...],
) -> None:
    served = served_rows(demo.settings)
    said = refusals(jobs, readers, REFUSED, **{setting: "wrong"})
    assert_named(said, *words)
    assert served_rows(demo.settings) == served
