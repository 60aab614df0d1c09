"""An installation of the compose file for a test session: a folder with its `.env`, its own project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from deploy.compose.settings import PORTS
from deploy.env.env_file import ensure_env_file, set_values
from deploy.processes.settings import LocalSettings, load_settings
from deploy.servers.airflow_api import AirflowApi
from tests.conftest import far_from_midnight
from tests.integration.servers import ROOT, free_ports

# Limit of each step. A machine that does other work, too, is slow, which is not a failure.
DEADLINE = 1800
SECRET = re.compile(r"^(\w*(?:PASSWORD|SECRET|_KEY)\w*)=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Installation:
    """The stack of one folder; commands are those that a person types."""

    home: Path
    project: str

    @property
    def env_file(self) -> Path:
        return self.home / ".env"

    @cached_property
    def settings(self) -> LocalSettings:
        return load_settings(self.env_file)

    @cached_property
    def airflow(self) -> AirflowApi:
        return AirflowApi(self.settings)

    def secrets(self) -> dict[str, str]:
        return dict(SECRET.findall(self.env_file.read_text()))

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SHOPLAKE_HOME": str(self.home),
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": "docker-compose.yml",  # not a developer's override
        }

    def make(self, *arguments: str, answer: str = "", root: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=root,
            env=self.environment(),
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    def must_make(self, *arguments: str, answer: str = "") -> str:
        done = self.make(*arguments, answer=answer)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def compose(self, *arguments: str) -> str:
        command = ["docker", "compose", "--env-file", str(self.env_file), *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def containers(self, state: str = "running") -> list[str]:
        return self.compose("ps", "--all", "--status", state, "--services").split()

    def container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).strip()

    def file_of_volume(self, volume: str, path: str) -> bytes:
        mount = f"{self.project}_{volume}:/data/volume:ro"
        image = self.compose("config", "--images").split("\n")
        platform = next(name for name in image if "/platform:" in name)
        return docker(
            "run", "--rm", "--network", "none", "-v", mount, platform, "cat", f"/data/volume/{path}"
        )

    def stack(self, folder: Path) -> SimpleNamespace:
        """What the tests of local mode ask of a stack, with the simulator's record as it is now."""
        folder.mkdir(exist_ok=True)
        (folder / "shop.sqlite").write_bytes(self.file_of_volume("ledger", "shop.sqlite"))
        return SimpleNamespace(
            settings=self.settings, env_file=self.env_file, home=SimpleNamespace(ledger=folder)
        )

    def crash(self, service: str) -> None:
        """End a service's process as the kernel would; `docker kill` would count as a wish."""
        pid = docker("inspect", "--format", "{{.State.Pid}}", self.container(service)).decode().strip()
        limits = ("--user", "0", "--cap-drop", "ALL", "--cap-add", "KILL", "--network", "none")
        docker(
            "run", "--rm", "--pid", "host", *limits, "python:3.11-slim-bookworm", "sh", "-c", f"kill -9 {pid}"
        )

    def live(self) -> None:
        """The shop lives on: about a hundred rows change."""
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
        command = ("python", "-m", "simulator", "live", "--steps", "10", "--now", now)
        self.compose("run", "--rm", "--no-deps", "-T", "simulator", *command)

    @retry(
        retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(DEADLINE), wait=wait_fixed(2)
    )
    def follow(self, run_id: str) -> None:
        """Wait until a run has ended well; the API server itself may be away for a while."""
        self.airflow.has_run("medallion")  # logs in
        for _ in self.airflow.follow("medallion", run_id, deadline_seconds=DEADLINE):
            pass

    @retry(stop=stop_after_delay(DEADLINE), wait=wait_fixed(1), reraise=True)
    def wait_until_healthy(self) -> None:
        states = self.compose("ps", "--format", "{{.Service}} {{.Health}}").splitlines()
        assert all(state.endswith(" healthy") for state in states), states

    @retry(stop=stop_after_delay(DEADLINE), wait=wait_fixed(0.5), reraise=True)
    def wait_for_task(self, run_id: str, task_id: str, *states: str) -> None:
        tasks = {task.task_id: task.state for task in self.airflow.tasks("medallion", run_id)}
        assert tasks[task_id] in states, tasks


@contextmanager
def installed(home: Path, **settings: str) -> Iterator[Installation]:
    """An installation with ports of its own and a small shop; at the end nothing of it is left."""
    values = {name: str(port) for name, port in zip(PORTS, free_ports(), strict=False)}
    small = {"DEMO_DAYS": "40", "DEMO_CUSTOMERS": "400", "SHOP_TIMEZONE": far_from_midnight()}
    ensure_env_file(home / ".env")
    set_values(home / ".env", {**values, **small, "SHOPLAKE_VERSION": "0.1.0-test", **settings})
    installation = Installation(home, f"shoplake-test-{uuid.uuid4().hex[:6]}")
    yield installation
    installation.must_make("clean", answer="yes\n")
    shutil.rmtree(home)


def docker(*arguments: str) -> bytes:
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
