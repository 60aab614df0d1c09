"""One running set of servers: started in the order of their health, stopped in the reverse order."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import psutil
from tenacity import RetryError, Retrying, retry_if_not_exception_type, stop_after_delay, wait_exponential

from deploy.env.env_file import ensure_env_file
from deploy.errors import DeployError
from deploy.processes import (
    airflow,
    gateway,
    jars,
    kafka,
    mariadb,
    postgres,
    preflight,
    spark,
    storefront,
    superset,
)
from deploy.processes.server import Home, Server
from deploy.processes.settings import LocalSettings, load_settings
from deploy.processes.supervisor import Supervisor
from spark_jobs.settings import ROOT

LOG_LINES = 15
Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Work:
    """Work to do as soon as the servers it needs are ready, while the others still start."""

    name: str
    needs: tuple[str, ...]
    do: Callable[[], None]


@dataclass(frozen=True)
class ServerStatus:
    """A server as shown by `make status`; memory is resident bytes of the process and its children."""

    name: str
    state: str
    pid: int
    uptime_seconds: int
    memory_bytes: int
    port: int | None


class Stack:
    """The servers of one state folder.

    Everything a stack writes is below `state`; `overrides` are settings by their environment names, so a
    second stack with its own ports runs beside the first.
    """

    def __init__(
        self,
        state: Path = ROOT / ".shoplake",
        env_file: Path = ROOT / ".env",
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        ensure_env_file(env_file)
        self.env_file = env_file
        self._overrides = dict(overrides or {})
        self.settings: LocalSettings = load_settings(env_file, overrides)
        self.home = Home(state=state.resolve(), settings=self.settings, java=preflight.ensure_java())
        self.supervisor = Supervisor(self.home)

    def servers(self) -> dict[str, Server]:
        """Every server, in the order in which they start."""
        home = self.home
        has_shop = not self.settings.has_own_shop
        servers = [mariadb.server(home)] if has_shop else []
        servers += [postgres.server(home), kafka.server(home), *gateway.servers(home)]
        servers += [storefront.server(home)] if has_shop else []
        servers += [spark.connect_server(home)] if self.settings.spark_engine == "spark" else []
        servers += [spark.stream(home), *airflow.servers(home), superset.server(home)]
        return {server.name: server for server in servers}

    def up(
        self,
        only: Iterable[str] | None = None,
        report: Report = lambda *_: None,
        work: Sequence[Work] = (),
    ) -> None:
        """Start servers (all, or `only` these) and return when each answers and all `work` is done.

        Servers that need each other start in that order, the others at once. `report` is called with the name
        and the seconds of each server that is ready.
        """
        self.home.create()
        servers = self.servers()
        self.supervisor.start(servers.values())
        chosen = [server for name, server in servers.items() if only is None or name in set(only)]
        given_up = threading.Event()
        futures: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=len(chosen) + len(work) + 1) as pool:
            futures[jars.NAME] = pool.submit(self._download, report)
            for server in chosen:
                needs = [futures[name] for name in server.needs if name in futures]
                futures[server.name] = pool.submit(self._bring_up, server, needs, report, given_up)
            for task in work:
                needs = [futures[name] for name in task.needs if name in futures]
                futures[task.name] = pool.submit(_do, task, needs, report)
            try:
                for future in as_completed(futures.values()):
                    future.result()
            except BaseException:
                given_up.set()
                raise

    def _download(self, report: Report) -> None:
        began = time.monotonic()
        if jars.resolve(self.home):
            report("downloads", time.monotonic() - began)

    def _bring_up(
        self, server: Server, needs: list[Future[None]], report: Report, given_up: threading.Event
    ) -> None:
        for need in needs:
            need.result()
        began = time.monotonic()
        if self.supervisor.processes()[server.name].state not in ("RUNNING", "STARTING"):
            server.prepare()
            self.supervisor.start_server(server.name)
        self._wait(server, given_up)
        server.after_ready()
        report(server.name, time.monotonic() - began)

    def down(self) -> None:
        """Stop all servers, the last started first, and the supervisor."""
        processes = self.supervisor.processes()
        if not processes:
            return
        for name in reversed(self.servers()):
            if name in processes and processes[name].state in ("RUNNING", "STARTING", "BACKOFF"):
                self.supervisor.stop_server(name)
        self.supervisor.shutdown()

    def folders(self) -> list[Path]:
        """Return every folder that the stack has written."""
        home = self.home
        wanted = {home.data, home.logs, home.run, home.sockets, postgres.data_folder(home)}
        return sorted(path for path in wanted if path.exists() and not wanted & set(path.parents))

    def delete(self) -> None:
        """Stop the servers and delete their data."""
        self.down()
        for folder in self.folders():
            shutil.rmtree(folder, ignore_errors=True)

    def status(self) -> list[ServerStatus]:
        """Return the status of each server."""
        processes = self.supervisor.processes()
        statuses = []
        for name, server in self.servers().items():
            process = processes.get(name)
            statuses.append(
                ServerStatus(
                    name=name,
                    state=process.state.lower() if process else "stopped",
                    pid=process.pid if process else 0,
                    uptime_seconds=process.uptime_seconds if process else 0,
                    memory_bytes=_resident_bytes(process.pid) if process and process.pid else 0,
                    port=server.port,
                )
            )
        return statuses

    def program_environment(self) -> dict[str, str]:
        """Return the environment of the owner's programs: the simulator, a manual job, a test."""
        return {
            **self.home.environment(),
            **self.settings.environment(),
            **self._overrides,
            "SIMULATOR_RECORD_DIR": str(self.home.ledger),
        }

    def log_tail(self, name: str, lines: int = LOG_LINES) -> str:
        """Return the end of a server's log."""
        log = self.home.logs / f"{name}.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def _wait(self, server: Server, given_up: threading.Event) -> None:
        wait = Retrying(
            stop=stop_after_delay(server.deadline_seconds),
            wait=wait_exponential(0.1, max=1, min=0.1),
            retry=retry_if_not_exception_type(ServerDied),
        )
        try:
            wait(self._check, server, given_up)
        except RetryError as error:
            cause = error.last_attempt.exception()
            raise DeployError(
                f"{server.name} did not answer within {server.deadline_seconds} s: {cause}\n"
                f"{self.log_tail(server.name)}\n"
                f"Next: read {self.home.logs / server.name}.log, then make demo."
            ) from None

    def _check(self, server: Server, given_up: threading.Event) -> None:
        if given_up.is_set():
            raise ServerDied(f"{server.name} was not waited for, as another server failed.")
        process = self.supervisor.processes()[server.name]
        if process.state == "FATAL":
            raise ServerDied(f"{server.name} ended at its start:\n{self.log_tail(server.name)}")
        server.is_ready()
        # The answer may come from another process on its port, while this one is still failing.
        if process.state != "RUNNING":
            raise DeployError(f"{server.name} is {process.state.lower()}")


def _do(work: Work, needs: list[Future[None]], report: Report) -> None:
    for need in needs:
        need.result()
    began = time.monotonic()
    work.do()
    report(work.name, time.monotonic() - began)


class ServerDied(DeployError):
    """A server gave up; waiting longer is useless."""


def _resident_bytes(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return int(sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]))
    except psutil.NoSuchProcess:
        return 0
