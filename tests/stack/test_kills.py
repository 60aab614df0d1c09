"""Any process killed with -9 in the middle of its work: the next run ends as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from contracts.model import Layer
from contracts.registry import tables_of
from deploy.processes import postgres
from deploy.processes.stack import Stack
from deploy.servers.airflow_api import AirflowApi
from spark_jobs.settings import settings
from spark_jobs.warehouse.releases import prepare
from tests.integration.servers import Environment
from tests.stack.ledger import assert_marts_equal_the_ledger
from tests.stack.pipeline import (
    MARTS,
    STEPS,
    assert_same,
    lake_rows,
    let_airflow_rest,
    query,
    rows_of,
    served_rows,
    warehouse,
)

pytestmark = pytest.mark.stack
KILLED = -signal.SIGKILL
# Columns that may differ after a second ingest of the same rows: its time and name.
BATCH = ("_ingested_at", "_batch_id")
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


@pytest.fixture
def lake(environment: Environment) -> Path:
    """The lake of a test's own."""
    return Path(environment.values["LAKE_URI"])


@retry(stop=stop_after_delay(240), wait=wait_fixed(0.05), reraise=True)
def wait_for(has_come: Callable[[], bool]) -> None:
    assert has_come()


def start_and_kill(
    environment: Environment, job: str, at: Callable[[], bool], victim: psutil.Process | None = None
) -> int:
    """Start a job and kill it, or `victim`, as soon as `at` holds; returns the job's exit code."""
    process = environment.start(job, "--run-id", "killed")
    try:
        wait_for(lambda: process.poll() is not None or at())
        assert process.poll() is None, f"{job} was too quick: {process.communicate()}"
        (victim or process).kill()
        process.communicate(timeout=240)
    finally:
        process.kill()
    return process.returncode


def commits(folder: Path) -> int:
    """Commits of all tables below a folder."""
    return len(list(folder.glob("*/_delta_log/*.json")))


def process_of(stack: Stack, server: str) -> psutil.Process:
    (pid,) = (status.pid for status in stack.status() if status.name == server)
    return psutil.Process(pid)


@retry(stop=stop_after_delay(180), wait=wait_fixed(0.5), reraise=True)
def wait_until_back(stack: Stack, server: str, killed: psutil.Process) -> None:
    """The supervisor has started another process in its place, and it answers."""
    assert process_of(stack, server).pid != killed.pid
    stack.servers()[server].is_ready()


def test_a_killed_ingest_is_made_good(demo: Stack, environment: Environment, lake: Path) -> None:
    undisturbed = environment.values | {"LAKE_URI": f"{lake}-undisturbed"}
    Environment(undisturbed).must_run("ingest_mysql", "--run-id", "only")
    shop = lake / "bronze" / "shop"
    for done in (1, 6):
        code = start_and_kill(environment, "ingest_mysql", lambda done=done: commits(shop) >= done)
        assert code == KILLED
    environment.must_run("ingest_mysql", "--run-id", "next")
    tables = [table.name for table in tables_of(Layer.SHOP)]
    assert_same(
        {name: rows_of(shop / name, BATCH) for name in tables},
        {name: rows_of(Path(undisturbed["LAKE_URI"]) / "bronze" / "shop" / name, BATCH) for name in tables},
    )


def test_killed_builds_are_made_good(demo: Stack, environment: Environment, lake: Path) -> None:
    """Early and late, each time on what the job before left behind."""
    shutil.copytree(Path(demo.settings.lake_uri) / "bronze", lake / "bronze")
    for job, layer, points in (
        ("build_silver", Layer.SILVER, (2, 8, 14)),
        ("build_gold", Layer.GOLD, (1, 3, 5)),
    ):
        folder = lake / layer.value
        for done in points:
            code = start_and_kill(environment, job, lambda at=folder, done=done: commits(at) >= done)
            assert code == KILLED
        environment.must_run(job, "--run-id", "next")
        assert_same(lake_rows(lake, layer), lake_rows(Path(demo.settings.lake_uri), layer))


@pytest.mark.long
def test_a_spark_server_that_is_killed_is_made_good(
    demo: Stack, environment: Environment, spark_stack: Stack, lake: Path
) -> None:
    """The job that it served fails, the supervisor starts another, and the next job goes on."""
    there = spark_stack.program_environment()
    environment.values |= {name: there[name] for name in ("SPARK_ENGINE", "SPARK_REMOTE")}
    for layer in ("bronze", "silver"):
        shutil.copytree(Path(demo.settings.lake_uri) / layer, lake / layer)
    server, gold = process_of(spark_stack, "spark-connect"), lake / "gold"
    assert start_and_kill(environment, "build_gold", lambda: commits(gold) >= 2, server) > 0
    wait_until_back(spark_stack, "spark-connect", server)
    environment.must_run("build_gold", "--run-id", "next")
    assert_same(lake_rows(lake, Layer.GOLD), lake_rows(Path(demo.settings.lake_uri), Layer.GOLD))


def test_a_killed_publication_leaves_what_was_served(
    demo: Stack, environment: Environment, lake: Path, warehouse_database: object
) -> None:
    """Killed between two marts, and when all views but not the release's record are written."""
    shutil.copytree(Path(demo.settings.lake_uri) / "gold", lake / "gold")
    with closing(warehouse(settings())) as connection, connection, connection.cursor() as cursor:
        prepare(cursor)
    for done in (1, len(MARTS) - 1):
        table = f"mart_data.{MARTS[done].name}__{next_table() + done}"
        before = loaded_tables()
        # The publisher waits for this transaction before it creates a table of that name.
        kill_publisher_held_by(environment, f"CREATE TABLE {table} ()")
        assert (loaded_tables() - before, views()) == (done, 0)
    kill_publisher_held_by(environment, "LOCK TABLE mart_meta.releases IN SHARE MODE")
    assert views() == 0
    environment.must_run("publish_postgres", "--run-id", "next")
    assert_same(served_rows(settings()), served_rows(demo.settings))
    assert loaded_tables() == len(MARTS)


@pytest.mark.long
def test_a_run_survives_the_death_of_airflows_scheduler(demo: Stack) -> None:
    """It dies with rows locked, in the middle of a run over a changed shop; the run goes on where it was."""
    simulate = Environment(demo.program_environment()).simulate
    simulate("live", "--steps", "5", "--now", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    airflow = AirflowApi(demo.settings)
    run_id = airflow.trigger("medallion")
    for task in airflow.follow("medallion", run_id):
        if (task.task_id, task.state) == ("build_silver", "running"):
            break
    scheduler = process_of(demo, "airflow-scheduler")
    kill_in_transaction(demo, scheduler)
    wait_until_back(demo, "airflow-scheduler", scheduler)
    ended = {task.task_id: task.state for task in airflow.follow("medallion", run_id, 600)}
    let_airflow_rest(demo)
    assert ended == dict.fromkeys(STEPS, "success")
    assert_marts_equal_the_ledger(demo)


def kill_in_transaction(stack: Stack, scheduler: psutil.Process) -> None:
    """Kill it while it holds rows locked: stopped again and again, until its connections say so."""
    has_locked = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE state = 'idle in transaction' AND backend_xid IS NOT NULL AND client_port = ANY(%s)"
    )
    ports = [each.laddr.port for each in scheduler.net_connections()]
    with closing(postgres.connect(stack.home, "airflow")) as connection, connection.cursor() as cursor:

        def is_the_moment() -> bool:
            scheduler.suspend()
            cursor.execute(has_locked, (ports,))
            if cursor.fetchall() != [(0,)]:
                return True
            scheduler.resume()
            return False

        wait_for(is_the_moment)
    scheduler.kill()


def kill_publisher_held_by(environment: Environment, statement: str) -> None:
    """Kill the publisher where it waits for a transaction of ours; returns when the server has let it go."""
    with closing(warehouse(settings())) as ours:
        with ours.cursor() as cursor:
            cursor.execute(statement)
        waits = f"{OTHERS} AND wait_event_type = 'Lock'"
        code = start_and_kill(environment, "publish_postgres", lambda: query(settings(), waits) == [(1,)])
        assert code == KILLED
        ours.rollback()
    wait_for(lambda: query(settings(), OTHERS) == [(0,)])


def next_table() -> int:
    return int(query(settings(), "SELECT last_value + is_called::int FROM mart_meta.table_number")[0][0])


def loaded_tables() -> int:
    return int(query(settings(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'mart_data'")[0][0])


def views() -> int:
    return int(query(settings(), "SELECT count(*) FROM pg_views WHERE schemaname = 'mart'")[0][0])
