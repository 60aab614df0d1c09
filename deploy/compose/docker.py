"""Calls of `docker` and `docker compose`, for this checkout's compose file and `.env`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.compose.settings import ALL_PROFILES, ROOT, Settings
from deploy.errors import DeployError

LOG_LINES = 15


def docker(*arguments: str) -> str:
    """Return the output of a docker command.

    Raises:
        DeployError: with docker's own last line.
    """
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DeployError(f"docker {' '.join(arguments[:2])}: {_last_line(done)}")
    return done.stdout.strip()


class Compose:
    """`docker compose` with one `.env`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def command(self, *arguments: str) -> list[str]:
        """Return the command line; the compose file and a developer's override are found in the checkout."""
        return ["docker", "compose", "--env-file", str(self.settings.env_file), *arguments]

    def environment(self, every_profile: bool = False) -> dict[str, str]:
        """Return the caller's environment; `every_profile` includes servers that are turned off."""
        profiles = ALL_PROFILES if every_profile else self.settings.profiles
        return {**os.environ, "COMPOSE_PROFILES": ",".join(profiles)}

    def ask(self, *arguments: str) -> str:
        """Return the output of a command about all services."""
        done = self._run(arguments, every_profile=True, quiet=True)
        if done.returncode != 0:
            raise DeployError(f"docker compose {arguments[0]}: {_last_line(done)}")
        return done.stdout.strip()

    def show(self, *arguments: str, every_profile: bool = True) -> int:
        """Run a command in the user's terminal; returns its exit code."""
        return self._run(arguments, every_profile=every_profile, quiet=False).returncode

    def must(self, *arguments: str, every_profile: bool = False) -> None:
        """Run a command; show its output in a terminal, or when it fails.

        Raises:
            DeployError: with the last log lines of the unhealthy services.
        """
        quiet = not sys.stdout.isatty()
        done = self._run(arguments, every_profile=every_profile, quiet=quiet)
        if done.returncode != 0:
            said = (done.stderr or "").strip().splitlines()[-LOG_LINES:] if quiet else []
            raise DeployError(
                "\n".join([*said, self.complaint() or f"docker compose {arguments[0]} failed."])
            )

    def services(self) -> list[dict[str, Any]]:
        """Return the project's containers, including stopped ones."""
        lines = self.ask("ps", "--all", "--format", "json").splitlines()
        found = [json.loads(line) for line in lines if line.strip()]
        return found[0] if found and isinstance(found[0], list) else found

    def complaint(self) -> str:
        """Return the log lines of failed or unhealthy services, and the next command; empty if none."""
        bad = [
            each
            for each in self.services()
            if each.get("Health") == "unhealthy" or (each["State"] in ("exited", "dead") and each["ExitCode"])
        ]
        if not bad:
            return ""
        name = str(bad[0]["Service"])
        said = self.ask("logs", "--no-log-prefix", "--tail", str(LOG_LINES), name)
        others = "".join(f", {each['Service']}" for each in bad[1:])
        return f"{said}\n{name}{others}: not well. Next: make logs S={name}"

    def project(self) -> str:
        """Return the project's name, the prefix of its volumes' names."""
        return str(self._config()["name"])

    def declared(self) -> dict[str, dict[str, Any]]:
        """Return every service of the compose file, as Compose interprets it."""
        found: dict[str, dict[str, Any]] = self._config()["services"]
        return found

    def volumes(self) -> dict[str, str]:
        """Return the project's existing volumes: their name in the compose file, and in Docker."""
        label = "com.docker.compose.volume"
        form = f'{{{{.Name}}}}\t{{{{.Label "{label}"}}}}'
        project = f"label=com.docker.compose.project={self.project()}"
        lines = docker("volume", "ls", "--filter", project, "--format", form).splitlines()
        return {short: name for name, short in (line.split("\t") for line in lines)}

    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("config", "--format", "json"))
        return found

    def _run(
        self, arguments: Sequence[str], every_profile: bool, quiet: bool
    ) -> subprocess.CompletedProcess[str]:
        environment: Mapping[str, str] = self.environment(every_profile)
        return subprocess.run(
            self.command(*arguments), env=environment, cwd=ROOT, capture_output=quiet, text=True, check=False
        )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    said = (done.stderr or done.stdout or "no message").strip().splitlines()
    return said[-1] if said else "no message"
