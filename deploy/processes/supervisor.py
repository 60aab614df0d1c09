"""supervisord: it restarts crashed servers and keeps one log per server; controlled over its unix socket."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from supervisor.xmlrpc import SupervisorTransport
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from deploy.errors import DeployError
from deploy.processes.server import Home, Server

START_RETRIES = 3


@dataclass(frozen=True)
class Process:
    """The state of a server: supervisord's state name, process id and seconds since its start."""

    name: str
    state: str
    pid: int
    uptime_seconds: int
    message: str


class Supervisor:
    """The supervisor of one stack."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._socket = home.sockets / "supervisor.sock"

    def is_running(self) -> bool:
        """Return whether supervisord answers."""
        try:
            self._api().getState()
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def start(self, servers: Iterable[Server]) -> None:
        """Start supervisord, or make a running one apply changes of stopped servers."""
        config = self._home.write_private("supervisord.conf", self._render(servers))
        if self.is_running():
            self._reread()
            return
        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
        done = subprocess.run(
            command, env=self._home.environment(), cwd="/", capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DeployError(f"supervisord did not start: {done.stderr.strip()}")
        self._wait_until_it_answers()

    @retry(
        stop=stop_after_delay(20),
        wait=wait_fixed(0.1),
        retry=retry_if_exception_type((OSError, xmlrpc.client.Error)),
    )
    def _wait_until_it_answers(self) -> None:
        self._api().getState()

    def processes(self) -> dict[str, Process]:
        """Return every server that supervisord knows."""
        if not self.is_running():
            return {}
        return {
            info["name"]: Process(
                name=info["name"],
                state=info["statename"],
                pid=info["pid"],
                uptime_seconds=max(0, info["now"] - info["start"]) if info["pid"] else 0,
                message=info["spawnerr"] or info["description"],
            )
            for info in self._api().getAllProcessInfo()
        }

    def start_server(self, name: str) -> None:
        """Start one server; do nothing if it already runs."""
        if self.processes()[name].state not in ("RUNNING", "STARTING"):
            self._api().startProcess(name, False)

    def stop_server(self, name: str) -> None:
        """Stop one server and wait until it is gone."""
        try:
            self._api().stopProcess(name, True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise

    def shutdown(self) -> None:
        """Shut down supervisord itself; its servers must be stopped already."""
        self._api().shutdown()
        self._wait_until_it_is_gone()

    @retry(stop=stop_after_delay(30), wait=wait_fixed(0.1))
    def _wait_until_it_is_gone(self) -> None:
        if self.is_running():
            raise DeployError("supervisord still runs")

    def _reread(self) -> None:
        added, changed, removed = self._api().reloadConfig()[0]
        processes = self.processes()
        for name in [*changed, *removed]:
            if processes[name].state in ("RUNNING", "STARTING", "STOPPING"):
                continue
            self._api().removeProcessGroup(name)
            if name in changed:
                self._api().addProcessGroup(name)
        for name in added:
            self._api().addProcessGroup(name)

    def _api(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def _render(self, servers: Iterable[Server]) -> str:
        run, logs = self._home.run, self._home.logs
        sections: dict[str, dict[str, object]] = {
            "unix_http_server": {"file": self._socket, "chmod": "0700"},
            "supervisord": {
                "logfile": logs / "supervisord.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": 1,
                "pidfile": run / "supervisord.pid",
                "childlogdir": logs,
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
        }
        for server in servers:
            sections[f"program:{server.name}"] = {
                "command": shlex.join(server.command),
                "directory": server.directory,
                "environment": ",".join(
                    f"{name}={_quoted(value)}" for name, value in server.environment.items()
                ),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": 1,
                "startretries": START_RETRIES,
                "stopsignal": server.stop_signal,
                "stopwaitsecs": 30,
                "stopasgroup": "false",
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": logs / f"{server.name}.log",
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": 2,
                **({"user": server.user} if server.user else {}),
            }
        # supervisord expands %(…)s in every value.
        return "\n".join(
            f"[{section}]\n"
            + "".join(f"{key}={str(value).replace('%', '%%')}\n" for key, value in values.items())
            for section, values in sections.items()
        )


def _quoted(value: str) -> str:
    # supervisord supports both quotes, but no escapes.
    return f"'{value}'" if '"' in value else f'"{value}"'
