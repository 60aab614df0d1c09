"""The DAGs as Airflow reads them, and where a job runs by the type of the connection."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from tenacity import Retrying, stop_after_delay, wait_fixed

from contracts.model import Layer
from contracts.registry import TABLES
from dags import spark_job

DAGS = Path(__file__).resolve().parents[2] / "dags"
TASKS = {
    "medallion": [
        "check_sources",
        "ingest_mysql",
        "build_silver",
        "gate",
        "build_gold",
        "publish_postgres",
        "reconcile",
    ],
    "maintenance": ["archive_bronze", "maintain_lake"],
}


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - reads AIRFLOW_HOME when imported

        bag = DagBag(DAGS)
    assert bag.import_errors == {}
    return bag.dags


def test_there_are_exactly_these_dags_with_these_steps(dags: Any) -> None:
    assert {name: [task.task_id for task in dag.topological_sort()] for name, dag in dags.items()} == TASKS


def test_each_step_follows_the_one_before(dags: Any) -> None:
    for name, dag in dags.items():
        for before, after in zip(TASKS[name], TASKS[name][1:], strict=False):
            assert dag.get_task(before).downstream_task_ids == {after}


def test_each_dag_and_step_has_documentation_and_limits(dags: Any) -> None:
    for dag in dags.values():
        assert dag.doc_md and not dag.catchup and dag.max_active_runs == 1
        for task in dag.tasks:
            assert task.doc_md and task.execution_timeout and task.retries == 2, task.task_id


@pytest.mark.parametrize(
    ("now", "medallion", "maintenance"),
    [
        ("2026-11-23 21:41", "2026-11-23 22:00", "2026-11-24 03:30"),
        ("2026-11-24 03:31", "2026-11-24 04:00", "2026-11-25 03:30"),
        ("2026-11-24 03:59", "2026-11-24 04:00", "2026-11-25 03:30"),
    ],
)
def test_the_first_scheduled_run_is_the_next_and_not_the_one_before(
    dags: Any, monkeypatch: pytest.MonkeyPatch, now: str, medallion: str, maintenance: str
) -> None:
    """As the DAG processor reckons for a DAG that has never run by its schedule."""
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415 - as above
    from airflow.timetables import trigger  # noqa: PLC0415

    monkeypatch.setattr(trigger, "utcnow", lambda: datetime.fromisoformat(f"{now}+00:00"))
    for name, expected in (("medallion", medallion), ("maintenance", maintenance)):
        scheduled = DagSerialization.from_dict(DagSerialization.to_dict(dags[name]))
        first = scheduled.next_dagrun_info(last_automated_run_info=None)
        assert first is not None and f"{first.run_after:%Y-%m-%d %H:%M}" == expected, name


def test_each_table_is_the_asset_of_the_step_that_makes_it(dags: Any) -> None:
    outlets = {task.task_id: {asset.name for asset in task.outlets} for task in dags["medallion"].tasks}
    made = {"ingest_mysql": Layer.SHOP, "build_silver": Layer.SILVER, "build_gold": Layer.GOLD}
    for step, layer in made.items():
        assert outlets[step] == {table.id for table in TABLES.values() if table.layer is layer}


@pytest.mark.parametrize(
    ("connection", "host", "uses_spark", "expected"),
    [
        ("spark_connect", "spark.test", True, "spark at sc://spark.test:15002"),
        ("spark_connect", "spark.test", False, "none"),
        ("spark", "local[*]", True, "spark by spark-submit"),
        ("spark", "local[*]", False, "none"),
        ("spark", "embedded", True, "embedded"),
        ("spark", "embedded", False, "none"),
    ],
)
def test_the_connection_alone_decides_the_engine(
    monkeypatch: pytest.MonkeyPatch, connection: str, host: str, uses_spark: bool, expected: str
) -> None:
    went: list[str] = []

    class Process:
        def run_command(self, command: list[str], env: dict[str, str], cwd: str) -> SimpleNamespace:
            assert command[-4:] == ["-m", "spark_jobs.jobs.gate", "--run-id", "7"]
            remote = f" at {env['SPARK_REMOTE']}" if "SPARK_REMOTE" in env else ""
            went.append(f"{env.get('SPARK_ENGINE', 'none')}{remote}")
            return SimpleNamespace(exit_code=0)

    class Submission:
        def __init__(self, **options: Any) -> None:
            assert options["application_args"] == ["--run-id", "7"]
            assert options["conn_id"] == "spark_default"
            self.engine = options["env_vars"]["SPARK_ENGINE"]

        def submit(self, application: str, **_: object) -> None:
            assert Path(application).name == "gate.py"
            went.append(f"{self.engine} by spark-submit")

    for name in ("SPARK_REMOTE", "SPARK_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    kind = SimpleNamespace(conn_type=connection, host=host)
    monkeypatch.setattr(spark_job.BaseHook, "get_connection", lambda _: kind)
    monkeypatch.setattr(spark_job.SparkConnectHook, "get_connection_url", lambda _: "sc://spark.test:15002")
    monkeypatch.setattr(spark_job, "SubprocessHook", Process)
    monkeypatch.setattr(spark_job, "SparkSubmitHook", Submission)
    task = spark_job.JobOperator(
        task_id="gate", job="gate", arguments=["--run-id", "7"], uses_spark=uses_spark
    )
    task.execute({})
    assert went == [expected]


JOB = """
import json, os, sys
outcome = os.environ["SHOPLAKE_OUTCOME_FILE"]
if len(sys.argv) > 1:
    with open(outcome, "w") as file:
        json.dump({"exit_code": int(sys.argv[1]), "error": "Kafka does not answer. Next: wait"}, file)
    sys.exit(int(sys.argv[1]))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (["2"], AirflowFailException, "gate: Kafka does not answer. Next: wait"),
        (["75"], AirflowException, "gate: Kafka does not answer. Next: wait"),
        (["1"], AirflowException, "gate: Kafka does not answer. Next: wait"),
        ([], AirflowException, "gate failed; the lines above say why (gate ended with -9)"),
    ],
)
@pytest.mark.parametrize("connection", ["spark_connect", "spark"])
def test_a_failed_job_fails_its_task_and_is_tried_again_where_that_can_help(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], kind: type[Exception], words: str, connection: str
) -> None:
    class Process:
        def run_command(self, _: object, env: dict[str, str], cwd: str) -> SimpleNamespace:
            done = subprocess.run([sys.executable, "-c", JOB, *arguments], env=env, check=False)
            return SimpleNamespace(exit_code=done.returncode)

    class Submission:
        def __init__(self, env_vars: dict[str, str], **_: object) -> None:
            self.environment = env_vars

        def submit(self, *_: object, **__: object) -> None:
            done = Process().run_command(None, self.environment, "")
            raise AirflowException(f"gate ended with {done.exit_code}")

    kinds = SimpleNamespace(conn_type=connection, host="spark.test")
    monkeypatch.setattr(spark_job.BaseHook, "get_connection", lambda _: kinds)
    monkeypatch.setattr(spark_job.SparkConnectHook, "get_connection_url", lambda _: "sc://spark.test:15002")
    monkeypatch.setattr(spark_job, "SubprocessHook", Process)
    monkeypatch.setattr(spark_job, "SparkSubmitHook", Submission)
    task = spark_job.JobOperator(task_id="gate", job="gate", arguments=[], uses_spark=True)
    with pytest.raises(AirflowException) as caught:
        task.execute({})
    assert (type(caught.value), str(caught.value)) == (kind, words)


def test_every_step_tells_of_its_failure(dags: Any) -> None:
    for dag in dags.values():
        assert not dag.on_failure_callback
        for task in dag.tasks:
            assert [each.__name__ for each in task.on_failure_callback] == ["tell_of_failure"]
            assert not task.on_retry_callback


# A worker that supervises a task, like Airflow's: the task runs a job that never ends.
WORKER = """
import os, sys
from dags.spark_job import JobOperator
if os.fork():
    os.wait()
sys.executable = sys.argv[1]
JobOperator(task_id="gate", job="gate", arguments=[], uses_spark="spark-submit" in sys.argv[1]).execute({})
"""


@pytest.mark.parametrize("program", ["python", "spark-submit"])
def test_a_killed_worker_leaves_neither_task_nor_job_behind(tmp_path: Path, program: str) -> None:
    job = tmp_path / program
    job.write_text(
        f"#!/bin/sh\necho $$ $PPID > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/pids\nexec sleep 99\n"
    )
    job.chmod(0o755)
    environment = os.environ | {
        "PYTHONPATH": str(DAGS.parent),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_SPARK_DEFAULT": '{"conn_type": "spark", "host": "local[*]"}',
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(job)], env=environment)
    waiting = Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
    try:
        pids = [int(pid) for pid in waiting(Path.read_text, tmp_path / "pids").split()]
        processes = [psutil.Process(pid) for pid in pids]
    finally:
        worker.kill()
        worker.wait()
    _, left = psutil.wait_procs(processes, timeout=20)
    for process in left:
        process.kill()
    assert left == []
