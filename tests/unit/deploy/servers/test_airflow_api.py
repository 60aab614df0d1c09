from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from deploy.env.env_file import ensure_env_file
from deploy.errors import DeployError
from deploy.processes.settings import load_settings
from deploy.servers import airflow_api
from deploy.servers.airflow_api import AirflowApi


class FakeAirflow:
    """Answers as Airflow's API does; a run goes through the given states, one per look."""

    def __init__(
        self, states: list[str], tasks: list[list[tuple[str, str]]], due: tuple[str, ...] = ()
    ) -> None:
        self.due = iter(due)
        self.states = iter(states)
        self.tasks = iter(tasks)
        self.log: list[str] = []
        self.calls: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - an answer per path
        path = request.url.path.removeprefix("/api/v2")
        self.calls.append((request.method, path))
        if path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        if path == "/importErrors":
            return httpx.Response(200, json={"import_errors": [{"stack_trace": "Traceback\nNameError: x"}]})
        if path.endswith("/taskInstances"):
            rows = [
                {"task_id": name, "state": state, "start_date": f"{number}", "duration": 1.0}
                for number, (name, state) in enumerate(next(self.tasks))
            ]
            return httpx.Response(200, json={"task_instances": rows})
        if request.method == "GET" and path.startswith("/dags/") and path.count("/") == 2:
            due = next(self.due, "2100-01-01T00:00:00Z")
            known = {"is_paused": True, "next_dagrun_run_after": due}
            return httpx.Response(404 if path.endswith("unknown") else 200, json=known)
        if "/taskInstances/" in path:
            log = [{"event": line} for line in self.log]
            return httpx.Response(200, json={"try_number": 1, "content": log})
        if "/dagRuns/" in path:
            return httpx.Response(200, json={"state": next(self.states)})
        return httpx.Response(200, json={"dag_run_id": "run-1", **json.loads(request.content or b"{}")})


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_api, "POLL_SECONDS", 0)
    monkeypatch.setattr(airflow_api, "DAG_DEADLINE_SECONDS", 0)


def api(fake: FakeAirflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AirflowApi:
    ensure_env_file(tmp_path / ".env")
    transport = httpx.MockTransport(fake)
    client = httpx.Client(transport=transport)
    monkeypatch.setattr(httpx, "post", client.post)
    airflow = AirflowApi(load_settings(tmp_path / ".env"))
    airflow._client = httpx.Client(transport=transport, base_url=airflow._client.base_url)
    return airflow


@pytest.mark.usefixtures("quick")
def test_a_run_is_started_before_the_schedule_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeAirflow([], [])
    assert api(fake, tmp_path, monkeypatch).trigger("medallion") == "run-1"
    changes = [call for call in fake.calls if call[0] != "GET"]
    assert changes[-2:] == [("POST", "/dags/medallion/dagRuns"), ("PATCH", "/dags/medallion")]


def test_a_run_that_came_due_in_the_pause_is_forgotten_before_the_pause_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_api, "POLL_SECONDS", 0)
    fake = FakeAirflow([], [], due=("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"))
    api(fake, tmp_path, monkeypatch).unpause("medallion")
    assert fake.calls == [("GET", "/dags/medallion")] * 3 + [("PATCH", "/dags/medallion")]


@pytest.mark.usefixtures("quick")
def test_an_unknown_dag_is_explained_by_its_import_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeployError, match="does not know the DAG unknown: NameError: x"):
        api(FakeAirflow([], []), tmp_path, monkeypatch).trigger("unknown")


@pytest.mark.usefixtures("quick")
def test_each_change_of_a_task_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [[("a", "running")], [("a", "running")], [("a", "success"), ("b", "success")]]
    airflow = api(FakeAirflow(["running", "running", "success"], looks), tmp_path, monkeypatch)
    told = [(task.task_id, task.state) for task in airflow.follow("medallion", "run-1", again="make demo")]
    assert told == [("a", "running"), ("a", "success"), ("b", "success")]


@pytest.mark.usefixtures("quick")
def test_a_failed_run_names_its_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [[("a", "success"), ("b", "failed"), ("c", "upstream_failed")]]
    airflow = api(FakeAirflow(["failed"], looks), tmp_path, monkeypatch)
    with pytest.raises(DeployError, match=r"failed in b\. Next: read its log at .*, then make demo\.$"):
        list(airflow.follow("medallion", "run-1", again="make demo"))


@pytest.mark.usefixtures("quick")
def test_a_failed_run_says_what_its_job_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeAirflow(["failed"], [[("gate", "failed")]])
    fake.log = ["a table", "error: silver is bad. Next: look.", "error: and more.", "Task failed"]
    with pytest.raises(DeployError) as caught:
        list(api(fake, tmp_path, monkeypatch).follow("medallion", "run-1"))
    first, second, last = str(caught.value).splitlines()
    assert first == "The run of medallion failed in gate: silver is bad. Next: look."
    assert second == "and more."
    assert last.endswith(
        "/dags/medallion/runs/run-1. When that is mended, ./shoplake run starts another run."
    )
