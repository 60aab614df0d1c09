"""The DAG's own tasks give the same rows on each engine that the Airflow connection can name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from contracts.model import Layer
from contracts.registry import tables_of
from deploy.processes.stack import Stack
from deploy.servers.spark import SPARK_HOME
from tests.integration.servers import JOB_SECONDS, ROOT, Environment, free_ports
from tests.stack.pipeline import Rows, assert_same, lake_rows, rows_of

pytestmark = [pytest.mark.stack, pytest.mark.long]
TASK = """
import sys
from dags.medallion import dag
task = dag.get_task(sys.argv[1])
task.render_template_fields({"run_id": "engines"})
task.execute({})
"""
# Columns that may differ after a second ingest of the same rows: its time and name.
BATCH = ("_ingested_at", "_batch_id")


@pytest.fixture(scope="module")
def standalone_master(demo: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a standalone master with one worker, from the classes in the pyspark wheel."""
    folder = tmp_path_factory.mktemp("standalone")
    ports = free_ports()
    address = f"spark://127.0.0.1:{ports[0]}"
    parts = {
        "master": ("Master", "--port", str(ports[0]), "--webui-port", str(ports[1])),
        "worker": ("Worker", "--webui-port", str(ports[2]), "--work-dir", str(folder / "work"), address),
    }
    environment = {
        **demo.home.environment(),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_CORES": "2",
        "SPARK_WORKER_MEMORY": "1g",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    with ExitStack() as running:
        for name, (part, *arguments) in parts.items():
            log = running.enter_context((folder / f"{name}.log").open("w"))
            process = subprocess.Popen(
                [
                    str(SPARK_HOME / "bin" / "spark-class"),
                    f"org.apache.spark.deploy.{name}.{part}",
                    *("--host", "127.0.0.1"),
                    *arguments,
                ],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            running.callback(process.wait, 60)
            running.callback(process.terminate)
        wait_for_words(folder / "master.log", "Registering worker")
        yield address


@retry(stop=stop_after_delay(90), wait=wait_fixed(0.2), reraise=True)
def wait_for_words(log: Path, words: str) -> None:
    assert words in log.read_text()


@pytest.fixture(scope="module")
def ingested(demo: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """What the embedded engine makes of the shop as it is now."""
    lake = tmp_path_factory.mktemp("embedded") / "lake"
    environment = Environment(demo.program_environment() | {"LAKE_URI": str(lake)})
    environment.must_run("ingest_mysql", "--run-id", "embedded")
    return bronze_rows(lake)


def test_a_local_master_makes_the_same_rows(demo: Stack, ingested: dict[str, Rows], tmp_path: Path) -> None:
    ingest(demo, "local[*]", tmp_path / "fresh", ingested)
    build(demo, "build_gold", "local[*]", tmp_path / "lake", made=Layer.GOLD, of=("bronze", "silver"))


def test_a_standalone_master_makes_the_same_rows(
    demo: Stack, ingested: dict[str, Rows], standalone_master: str, tmp_path: Path
) -> None:
    ingest(demo, standalone_master, tmp_path / "fresh", ingested)
    build(demo, "build_silver", standalone_master, tmp_path / "lake", made=Layer.SILVER, of=("bronze",))


def ingest(stack: Stack, master: str, lake: Path, expected: dict[str, Rows]) -> None:
    """The whole shop into an empty lake."""
    run_task(stack, "ingest_mysql", master, lake)
    assert_same(bronze_rows(lake), expected)


def build(stack: Stack, task: str, master: str, lake: Path, *, made: Layer, of: tuple[str, ...]) -> None:
    """A layer from nothing, of copies of those before it."""
    there = Path(stack.settings.lake_uri)
    for layer in of:
        shutil.copytree(there / layer, lake / layer)
    run_task(stack, task, master, lake)
    assert_same(lake_rows(lake, made), lake_rows(there, made))


def run_task(stack: Stack, task: str, master: str, lake: Path) -> None:
    """Run a task of the DAG `medallion` in the scheduler's environment, with another connection and lake."""
    done = subprocess.run(
        [sys.executable, "-c", TASK, task],
        env={
            **stack.home.environment(),
            **stack.servers()["airflow-scheduler"].environment,
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": master}),
            "LAKE_URI": str(lake),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=JOB_SECONDS,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    assert f"--master {master}" in said


def bronze_rows(lake: Path) -> dict[str, Rows]:
    return {
        table.name: rows_of(lake / "bronze" / "shop" / table.name, BATCH) for table in tables_of(Layer.SHOP)
    }
