"""`shoplake run`: the output during a run, and its end."""

import io
from types import SimpleNamespace

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from deploy.errors import DeployError
from deploy.servers.airflow_api import TaskState
from ops import installation, run
from ops.__main__ import app


class FakeAirflow:
    url = "http://127.0.0.1:8080"

    def __init__(self, *states):
        self.states = states

    def trigger(self, dag_id):
        return f"manual__{dag_id}"

    def follow(self, dag_id, run_id, again):
        assert again == "./shoplake run medallion"
        yield from self.states
        if any(task.state == "failed" for task in self.states):
            raise DeployError("The run of medallion failed in ingest_mysql.")

    def log_tail(self, dag_id, run_id, task_id, lines):
        return [f"MySQL at 127.0.0.1:13306 does not answer [{task_id}]"]


def followed(*states):
    screen = io.StringIO()
    console = Console(file=screen, width=120)
    try:
        run.follow(FakeAirflow(*states), "medallion", console)
    except DeployError as error:
        return screen.getvalue(), str(error)
    return screen.getvalue(), None


def test_each_finished_task_has_a_line():
    text, error = followed(
        TaskState("ingest_mysql", "running", 0.1), TaskState("ingest_mysql", "success", 3.21)
    )
    assert error is None
    assert text.splitlines()[1:] == ["  ✓ ingest_mysql 3.2 s"]


def test_a_failed_task_shows_the_end_of_its_log():
    text, error = followed(
        TaskState("ingest_mysql", "failed", 1), TaskState("build_silver", "upstream_failed", 0)
    )
    assert error == "The run of medallion failed in ingest_mysql."
    assert "✗ build_silver: upstream_failed" in text
    assert text.splitlines()[-1] == "MySQL at 127.0.0.1:13306 does not answer [ingest_mysql]"


def refused(status, text="nothing"):
    def trigger(*_):
        request = httpx.Request("POST", "http://127.0.0.1:8080")
        raise httpx.HTTPStatusError("refused", request=request, response=httpx.Response(status, text=text))

    return trigger


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (refused(401), "refuses the password of admin. Next: check AIRFLOW_ADMIN_PASSWORD"),
        (refused(409, "already running"), "answered 409: already running"),
    ],
)
def test_what_airflow_refuses_is_said(monkeypatch, trigger, words):
    monkeypatch.setattr(installation, "settings", lambda: SimpleNamespace(airflow_port=8080))
    monkeypatch.setattr(run, "AirflowApi", lambda settings: SimpleNamespace(trigger=trigger))
    result = CliRunner().invoke(app, ["run"])
    assert isinstance(result.exception, DeployError)
    assert words in str(result.exception)


def test_an_unreachable_airflow_is_named_with_its_setting(monkeypatch):
    def trigger(*_):
        raise httpx.ConnectError("Connection refused")

    monkeypatch.setattr(installation, "settings", lambda: SimpleNamespace(airflow_port=8080))
    monkeypatch.setattr(run, "AirflowApi", lambda settings: SimpleNamespace(trigger=trigger))
    result = CliRunner().invoke(app, ["run"])
    assert "127.0.0.1:8080 does not answer (Connection refused)" in str(result.exception)
    assert "AIRFLOW_PORT" in str(result.exception)
