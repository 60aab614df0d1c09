"""Airflow's REST API, as far as needed to start and follow a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
from pydantic import SecretStr
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from deploy.errors import DeployError

DAG_DEADLINE_SECONDS = 90
POLL_SECONDS = 1.0
# Lines of a failed task's log, which ends with the job's error.
LOG_LINES = 200
FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")


class NotYet(Exception):
    """The awaited event has not happened yet."""


@dataclass(frozen=True)
class TaskState:
    """A task of a run: its state and, once it runs, its seconds."""

    task_id: str
    state: str
    seconds: float


class Access(Protocol):
    """Access to Airflow on this machine, or in its container."""

    @property
    def airflow_port(self) -> int:
        """Port of the API server."""

    @property
    def airflow_admin_password(self) -> SecretStr:
        """Password of `admin`."""


class AirflowApi:
    """A session as `admin`."""

    def __init__(self, settings: Access) -> None:
        self.url = f"http://127.0.0.1:{settings.airflow_port}"
        self._password = settings.airflow_admin_password.get_secret_value()
        self._client = httpx.Client(base_url=f"{self.url}/api/v2", timeout=30)

    def trigger(self, dag_id: str) -> str:
        """Trigger a run as soon as the DAG is known; returns the run's id."""
        self._log_in()
        self._until(self._require_dag, dag_id)
        run = self._client.post(f"/dags/{dag_id}/dagRuns", json={"logical_date": None})
        # Only now, so that no scheduled run starts first.
        self.unpause(dag_id)
        return str(run.raise_for_status().json()["dag_run_id"])

    def unpause(self, dag_id: str) -> None:
        """Unpause the DAG, so that manual and scheduled runs can start; this starts none itself."""
        self._until(self._require_nothing_due, dag_id)
        self._client.patch(f"/dags/{dag_id}", json={"is_paused": False}).raise_for_status()

    def active_run(self, dag_id: str) -> str | None:
        """Return a running or queued run, if there is one."""
        self._log_in()
        answer = self._client.get(f"/dags/{dag_id}/dagRuns", params={"state": ["running", "queued"]})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        runs = answer.raise_for_status().json()["dag_runs"]
        return str(runs[0]["dag_run_id"]) if runs else None

    def has_run(self, dag_id: str) -> bool:
        """Return whether there was ever a run, however it ended."""
        self._log_in()
        self._until(self._require_dag, dag_id)
        return bool(self._get(f"/dags/{dag_id}/dagRuns?limit=1")["dag_runs"])

    def follow(
        self, dag_id: str, run_id: str, deadline_seconds: float = 3600, *, again: str = "./shoplake run"
    ) -> Iterator[TaskState]:
        """Yield every state change of the run's tasks, until the run has ended.

        `again` is the command that starts another run.

        Raises:
            DeployError: when the run failed, with the task and its job's error, or did not end in time.
        """
        seen: dict[str, str] = {}
        wait = Retrying(
            stop=stop_after_delay(deadline_seconds),
            wait=wait_fixed(POLL_SECONDS),
            retry=retry_if_exception_type(NotYet),
        )
        try:
            for attempt in wait:
                with attempt:
                    state = self._get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
                    for task in self.tasks(dag_id, run_id):
                        if seen.get(task.task_id) != task.state:
                            seen[task.task_id] = task.state
                            yield task
                    if state not in FINISHED:
                        raise NotYet
        except RetryError:
            raise DeployError(
                f"The run {run_id} of {dag_id} has not ended after {deadline_seconds:.0f} s."
            ) from None
        if state != "success":
            raise DeployError(self._why_failed(dag_id, run_id, seen, again))

    def _why_failed(self, dag_id: str, run_id: str, states: dict[str, str], again: str) -> str:
        failed = [name for name, state in states.items() if state == "failed"]
        what = f"The run of {dag_id} failed in {', '.join(failed) or run_id}"
        where = f"{self.url}/dags/{dag_id}/runs/{run_id}"
        try:
            lines = self.log_tail(dag_id, run_id, failed[0], LOG_LINES) if failed else []
        except httpx.HTTPError:  # a task that never started has no log
            lines = []
        said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        if not said:
            return f"{what}. Next: read its log at {where}, then {again}."
        cause = "\n".join(dict.fromkeys(said))
        return f"{what}: {cause}\nIts log is at {where}. When that is mended, {again} starts another run."

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the run's tasks in the order in which they started."""
        rows = self._get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        rows.sort(key=lambda row: (row["start_date"] is None, row["start_date"] or ""))
        return [TaskState(row["task_id"], row["state"] or "none", row["duration"] or 0.0) for row in rows]

    def log_tail(self, dag_id: str, run_id: str, task_id: str, lines: int) -> list[str]:
        """Return the end of the log of a task's last try."""
        task = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        number = self._get(task)["try_number"]
        content = self._get(f"{task}/logs/{number}")["content"]
        texts = [entry["event"] if isinstance(entry, dict) else str(entry) for entry in content]
        return "\n".join(texts).splitlines()[-lines:]

    def _log_in(self) -> None:
        answer = httpx.post(f"{self.url}/auth/token", json={"username": "admin", "password": self._password})
        self._client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"

    def _until(self, condition: Callable[[str], None], dag_id: str) -> None:
        wait = Retrying(
            stop=stop_after_delay(DAG_DEADLINE_SECONDS),
            wait=wait_fixed(POLL_SECONDS),
            retry=retry_if_exception_type(NotYet),
        )
        try:
            wait(condition, dag_id)
        except RetryError:
            problems = [problem["stack_trace"] for problem in self._get("/importErrors")["import_errors"]]
            reason = (
                problems[0].strip().splitlines()[-1]
                if problems
                else "airflow-dag-processor has not read it (make status)"
            )
            raise DeployError(f"Airflow does not know the DAG {dag_id}: {reason}.") from None

    def _require_dag(self, dag_id: str) -> None:
        if self._client.get(f"/dags/{dag_id}").status_code == httpx.codes.NOT_FOUND:
            raise NotYet

    def _require_nothing_due(self, dag_id: str) -> None:
        """Raise NotYet while a run is due: if the DAG was paused then, it is dropped at the next parse."""
        dag = self._get(f"/dags/{dag_id}")
        due = dag["next_dagrun_run_after"]
        if dag["is_paused"] and due and datetime.fromisoformat(due) <= datetime.now(UTC):
            raise NotYet

    def _get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()
