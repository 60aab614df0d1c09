"""Tasks that run jobs of `spark_jobs`: the only place that knows how.

The Airflow connection `spark_default` alone decides the engine of jobs that use Spark:

- host `embedded`: the job has its own engine and needs no Spark;
- type `spark_connect`: the job is a client of that Spark Connect server;
- type `spark` (host `local[*]`, `spark://…`, `yarn`, …): the job is submitted with spark-submit.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.hooks.spark_connect import SparkConnectHook
from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import Asset, BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from contracts.model import Layer
from contracts.registry import tables_of
from dags import alerts

ROOT = Path(__file__).resolve().parents[1]
CONNECTION = "spark_default"
EMBEDDED = "embedded"
DELTA_PACKAGE = "io.delta:delta-spark_4.2_2.13:4.4.0"
# A killed worker must not leave a job running beside the retry. Linux only: elsewhere both run, and the
# second to commit fails and is retried.
DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
PR_SET_PDEATHSIG = 1
# Exit code of a job when a person must act first: a retry would fail in the same way.
HOPELESS = 2


class JobOperator(BaseOperator):
    """Runs `python -m spark_jobs.jobs.<job>` or submits it; its log is the task's log."""

    template_fields = ("arguments",)
    ui_color = "#e8f1f2"

    def __init__(self, *, job: str, arguments: list[str], uses_spark: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.arguments = arguments
        self.uses_spark = uses_spark
        self._process: SubprocessHook | None = None
        self._submission: SparkSubmitHook | None = None

    def execute(self, context: Any) -> None:
        """Run the job.

        Raises:
            AirflowException: when it fails, with the job's own error.
            AirflowFailException: the same, when a retry cannot help.
        """
        with _outcome_of(self.job) as environment:
            self._start(environment)

    def _start(self, environment: dict[str, str]) -> None:
        if not self.uses_spark:
            self._run(environment)
            return
        connection = BaseHook.get_connection(CONNECTION)
        if connection.host == EMBEDDED:
            self._run(environment | {"SPARK_ENGINE": EMBEDDED})
        elif connection.conn_type == SparkConnectHook.conn_type:
            remote = SparkConnectHook(CONNECTION).get_connection_url()
            self._run(environment | {"SPARK_ENGINE": "spark", "SPARK_REMOTE": remote})
        else:
            self._submit(environment | {"SPARK_ENGINE": "spark"})

    def _run(self, environment: dict[str, str]) -> None:
        _die_with_parent()
        self._process = SubprocessHook()
        result = self._process.run_command(
            [*DIES_WITH_PARENT, sys.executable, "-m", f"spark_jobs.jobs.{self.job}", *self.arguments],
            env=_environment() | environment,
            cwd=str(ROOT),
        )
        if result.exit_code != 0:
            raise AirflowException(f"{self.job} ended with {result.exit_code}")

    def _submit(self, environment: dict[str, str]) -> None:
        _die_with_parent()
        jars = os.environ.get("SHOPLAKE_JARS")
        self._submission = SparkSubmitHook(
            conn_id=CONNECTION,
            name=self.job,
            application_args=self.arguments,
            jars=jars,
            packages=None if jars else DELTA_PACKAGE,
            conf={"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"},
            env_vars=_environment() | environment,
        )
        application = str(ROOT / "spark_jobs" / "jobs" / f"{self.job}.py")
        self._submission.submit(application, preexec_fn=_die_with_parent)

    def on_kill(self) -> None:
        """End the job with its task."""
        if self._process:
            self._process.send_sigterm()  # type: ignore[no-untyped-call]
        if self._submission:
            self._submission.on_kill()


@contextmanager
def _outcome_of(job: str) -> Iterator[dict[str, str]]:
    """Yield the environment in which a job reports its outcome, and fail with its error."""
    with tempfile.TemporaryDirectory(prefix="shoplake-") as folder:
        file = Path(folder) / "outcome.json"
        try:
            yield {"SHOPLAKE_OUTCOME_FILE": str(file)}
        except AirflowException as error:
            if not file.exists():  # it was killed, or ran on another machine
                raise AirflowException(f"{job} failed; the lines above say why ({error})") from None
            outcome = json.loads(file.read_text(encoding="utf-8"))
            kind = AirflowFailException if outcome["exit_code"] == HOPELESS else AirflowException
            raise kind(f"{job}: {outcome['error']}") from None


def _die_with_parent() -> None:
    """End this process when its parent is gone."""
    if DIES_WITH_PARENT:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """Return the worker's environment, with our code and this environment's programs on its paths."""
    programs = str(Path(sys.executable).parent)
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }


def spark_job(name: str, doc: str, outlets: Iterable[Asset] = ()) -> JobOperator:
    """Return a task that runs a job on the engine of `spark_default`."""
    return _task(name, doc, outlets, uses_spark=True)


def plain_job(name: str, doc: str, outlets: Iterable[Asset] = (), *arguments: str) -> JobOperator:
    """Return a task that runs a job without Spark."""
    return _task(name, doc, outlets, *arguments, uses_spark=False)


def _task(name: str, doc: str, outlets: Iterable[Asset], *arguments: str, uses_spark: bool) -> JobOperator:
    return JobOperator(
        task_id=name,
        job=name,
        arguments=["--run-id", "{{ run_id }}", *arguments],
        uses_spark=uses_spark,
        doc_md=doc,
        outlets=list(outlets),
    )


def tell_of_failure(context: Any) -> None:
    """Send an alert for a task that has finally failed; in a chain of tasks, that is one per run."""
    task = context["ti"]
    where = (task.dag_id, task.run_id, task.task_id)
    base_url = os.environ.get("AIRFLOW__API__BASE_URL", "")
    link = alerts.log_url(base_url, *where, task.try_number)
    error = str(context.get("exception") or "")
    alerts.send(alerts.failed(*where, error.removeprefix(f"{task.task_id}: "), link), os.environ)


def assets(layer: Layer) -> list[Asset]:
    """Return one asset per table of a layer."""
    return [
        Asset(name=table.id, uri=f"shoplake://{layer.value}/{table.name}", group="shoplake")
        for table in tables_of(layer)
    ]
