"""Checks of the machine: Java, memory, disk, ports. Also used by `./shoplake doctor`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.env.env_file import misspelt
from deploy.env.ports import port_is_free
from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings
from spark_jobs.errors import UserError
from spark_jobs.lake.object_store import require_bucket

JAVA_MINIMUM = 17
# Tried in this order, as a distribution may have only one of them; Spark runs on both.
APT_PACKAGES = ("openjdk-17-jre-headless", "openjdk-21-jre-headless")
MEMORY_NEEDED = 6 << 30
DISK_NEEDED = 5 << 30


@dataclass(frozen=True)
class Check:
    """One finding: what was checked, the result and, if it is bad, the next command."""

    name: str
    is_good: bool
    found: str
    next_step: str = ""


def checks(settings: LocalSettings, state: Path, running: bool = False) -> list[Check]:
    """Return all findings. For a running stack, ports and memory are not checked: it uses them itself."""
    found = [check_java(), check_disk(state)]
    return found if running else [*found, check_memory(), *check_ports(settings)]


def check_env_file(env_file: Path) -> Iterator[Check]:
    """Check that every line of `.env` has an effect."""
    for line in misspelt(env_file):
        found, _, next_step = line.partition(" Next: ")
        yield Check("Settings", False, found, next_step)


def check_lake(settings: LocalSettings) -> Check:
    """Check that the lake's folder is usable, or that the object store answers and has the bucket."""
    try:
        require_bucket(settings)
    except UserError as error:
        found, _, next_step = str(error).partition(" Next: ")
        return Check("Lake", False, found, next_step)
    return Check("Lake", True, f"at {settings.lake_uri}")


def require(found: list[Check]) -> None:
    """Raise one error that names every failed check."""
    if bad := [check for check in found if not check.is_good]:
        raise DeployError("\n".join(f"{check.name}: {check.found} Next: {check.next_step}" for check in bad))


def check_java() -> Check:
    """Check for a Java that Spark and Kafka can use."""
    java = find_java()
    if java:
        return Check("Java", True, f"{java_version(java)} at {java}")
    return Check(
        "Java", False, f"no Java {JAVA_MINIMUM} or newer in JAVA_HOME or PATH.", java_install_command()
    )


def check_memory(needed: int = MEMORY_NEEDED) -> Check:
    """Check the memory available to new processes."""
    available = psutil.virtual_memory().available
    return Check(
        "Memory",
        available >= needed,
        f"{available / 2**30:.1f} GiB free, {needed / 2**30:.0f} needed.",
        "end other programs, or lower SPARK_DRIVER_MEMORY in .env",
    )


def check_disk(folder: Path, needed: int = DISK_NEEDED) -> Check:
    """Check free disk space below a folder that may not exist yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    return Check(
        "Disk",
        free >= needed,
        f"{free / 2**30:.1f} GiB free at {existing}, {needed / 2**30:.0f} needed.",
        f"make room on the disk of {existing}",
    )


def check_ports(settings: LocalSettings) -> Iterator[Check]:
    """Check that every port is free, else name its user and the setting to change."""
    for name, (port, setting) in settings.ports().items():
        if port_is_free(port):
            yield Check(f"Port {port}", True, f"free for {name}")
        else:
            yield Check(
                f"Port {port}",
                False,
                f"{name} needs it and {_owner(port)} has it.",
                f"set {setting} in .env to another port, or end that process",
            )


def _owner(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "another user's process"


def find_java() -> Path | None:
    """Return the java program of JAVA_HOME or PATH, if it is new enough."""
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += [Path(found)] if (found := shutil.which("java")) else []
    for candidate in candidates:
        if java_version(candidate) >= JAVA_MINIMUM:
            return candidate.resolve()
    return None


def java_version(java: Path) -> int:
    """Return the major version of a java program; 0 if it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(match[1]) if match else 0


def java_install_command() -> str:
    """Return the command that installs Java on this machine."""
    if shutil.which("apt-get"):
        return f"sudo apt-get install -y {APT_PACKAGES[0]}"
    if shutil.which("dnf"):
        return "sudo dnf install -y java-21-openjdk-headless"
    return f"install a Java {JAVA_MINIMUM} runtime and set JAVA_HOME"


def ensure_java() -> Path:
    """Return the java program, installed with apt if there is none and this user may."""
    if java := find_java():
        return java
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], env=environment, capture_output=True, check=False)
        for package in APT_PACKAGES:
            command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
            done = subprocess.run(command, env=environment, capture_output=True, check=False)
            if done.returncode == 0 and (java := find_java()):
                return java
    raise DeployError(f"No Java {JAVA_MINIMUM} or newer in JAVA_HOME or PATH. Next: {java_install_command()}")
