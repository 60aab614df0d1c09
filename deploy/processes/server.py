"""Servers of local mode, and the folders of local mode."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy.env.env_file import write_private
from deploy.processes.settings import LocalSettings
from spark_jobs.settings import ROOT

# The longest path of a unix socket on Linux is 107 bytes.
SOCKET_PATH_LIMIT = 100


def _nothing() -> None:
    """Do nothing, for a server without this step."""


@dataclass(frozen=True)
class Server:
    """One process under the supervisor.

    `prepare` runs before the start, `is_ready` raises until the server answers in its own protocol, and
    `after_ready` creates what must exist inside it; all three can be repeated.
    """

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], None]
    port: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = ROOT
    prepare: Callable[[], None] = _nothing
    after_ready: Callable[[], None] = _nothing
    needs: tuple[str, ...] = ()
    user: str | None = None
    stop_signal: str = "TERM"
    deadline_seconds: int = 90


@dataclass(frozen=True)
class Home:
    """The folders of one stack: all its state is below `state`."""

    state: Path
    settings: LocalSettings
    java: Path

    @property
    def data(self) -> Path:
        """Data folders of the servers."""
        return self.state / "data"

    @property
    def logs(self) -> Path:
        """One log per server."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Rendered configuration and process ids; holds secrets, so nobody else may read it."""
        return self.state / "run"

    @property
    def ledger(self) -> Path:
        """The simulator's records of the shops that it loaded."""
        return self.data / "ledger"

    @property
    def cache(self) -> Path:
        """Downloads, shared by the checkouts of this user."""
        return self.settings.shoplake_cache.expanduser()

    @property
    def platform(self) -> Path:
        """The Python environment of Airflow and Spark: the one that runs this."""
        return Path(sys.prefix)

    @property
    def superset(self) -> Path:
        """The Python environment of Superset."""
        return ROOT / ".shoplake" / "envs" / "superset"

    @cached_property
    def sockets(self) -> Path:
        """Folder of unix sockets, whose paths must be short."""
        if len(str(self.run)) + 20 < SOCKET_PATH_LIMIT:
            return self.run
        digest = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"shoplake-{os.getuid()}-{digest}"

    def create(self) -> None:
        """Create the folders."""
        for folder in (self.data, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in {self.run, self.sockets}:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def environment(self) -> dict[str, str]:
        """Return every server's environment: this Python, the product importable, no setting, no secret."""
        return {
            "PATH": f"{self.platform / 'bin'}:{self.java.parent}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "HOME": os.environ.get("HOME", str(self.state)),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "JAVA_HOME": str(self.java.parents[1]),
            "PYTHONPATH": str(ROOT),
        }

    def write_private(self, name: str, text: str) -> Path:
        """Write a file into the run folder that only this user can read."""
        path = self.run / name
        write_private(path, text)
        return path
