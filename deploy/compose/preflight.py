"""Checks before `make up`: Docker, memory, disk, ports, volumes. Each finding is one line."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.compose.docker import Compose, docker
from deploy.compose.settings import Settings
from deploy.env.ports import port_is_free
from deploy.errors import DeployError

ENGINE_MINIMUM = (20, 10)
# The first version whose depends_on may name a service that is turned off.
COMPOSE_MINIMUM = (2, 20, 2)
MEMORY_NEEDED = 7.5
DISK_NEEDED = 15
GIB = 1 << 30
POSTGRES_VERSION = "17"
Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def require_docker(run: Run = _run) -> None:
    """Check that Docker and Compose are installed, new enough, and answer.

    Raises:
        DeployError: saying what to install or start.
    """
    if shutil.which("docker") is None:
        raise DeployError("Docker is not installed. Next: follow https://docs.docker.com/engine/install")
    plugin = run(["docker", "compose", "version", "--short"])
    found = plugin.stdout.strip()
    if plugin.returncode != 0 or version(found) < COMPOSE_MINIMUM:
        wanted = ".".join(map(str, COMPOSE_MINIMUM))
        raise DeployError(
            f"Docker Compose {wanted} or newer is needed, {found or 'none'} is installed."
            " Next: follow https://docs.docker.com/compose/install/linux"
        )
    daemon = run(["docker", "version", "--format", "{{.Server.Version}}"])
    if daemon.returncode != 0:
        if "permission denied" in daemon.stderr:
            raise DeployError(
                "This user may not use Docker. Next: sudo usermod -aG docker $USER, then log in again"
            )
        raise DeployError("The Docker daemon does not answer. Next: sudo systemctl start docker")
    if version(daemon.stdout) < ENGINE_MINIMUM:
        wanted = ".".join(map(str, ENGINE_MINIMUM))
        raise DeployError(
            f"Docker {wanted} or newer is needed, {daemon.stdout.strip()} runs."
            " Next: follow https://docs.docker.com/engine/install"
        )


def version(text: str) -> tuple[int, ...]:
    """Return the numbers at the beginning of a version: v2.26.1-desktop is (2, 26, 1)."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in match[1].split(".")) if match else (0,)


def require_machine(compose: Compose) -> None:
    """Check memory, disk and ports, and that no volume is of another version.

    Raises:
        DeployError: with one line per finding.
    """
    running = {each["Service"] for each in compose.services() if each["State"] == "running"}
    found = [*check_volumes(compose)]
    if not running:
        found += [*check_memory(), *check_disk()]
    found += check_ports(compose.settings, taken_by_us(compose))
    if found:
        raise DeployError("\n".join(found))


def check_memory(needed: float = MEMORY_NEEDED) -> Iterator[str]:
    """Check the memory that Docker may use: on a desktop less than the machine has."""
    total = int(docker("info", "--format", "{{.MemTotal}}")) / GIB
    if total < needed:
        yield (
            f"Docker has {total:.1f} GiB of memory, {needed} are needed. Next: give it more (Docker Desktop:"
            " Settings, Resources), or use a larger machine."
        )


def check_disk(needed: int = DISK_NEEDED) -> Iterator[str]:
    """Check the space for images and volumes, if Docker keeps them on this machine."""
    folder = Path(docker("info", "--format", "{{.DockerRootDir}}"))
    existing = next((path for path in (folder, *folder.parents) if _is_there(path)), Path("/"))
    free = shutil.disk_usage(existing).free / GIB
    if free < needed:
        yield f"{free:.0f} GiB are free at {existing}, {needed} are needed. Next: docker system prune"


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def taken_by_us(compose: Compose) -> set[int]:
    """Return the ports that containers of this project have published."""
    return {
        publisher["PublishedPort"]
        for each in compose.services()
        if each["State"] == "running"
        for publisher in each.get("Publishers") or []
    }


def check_ports(settings: Settings, ours: set[int]) -> Iterator[str]:
    """Check that every published port is free or ours."""
    for name, port in settings.ports().items():
        if port not in ours and not port_is_free(port):
            yield (
                f"Port {port} is taken. Next: set {name} in {settings.env_file} to another,"
                " then make up (local mode uses the same ports: make stop)."
            )


def check_volumes(compose: Compose) -> Iterator[str]:
    """Check that PostgreSQL's data match the compose file's version: it does not upgrade them itself."""
    volume = compose.volumes().get("postgres-data")
    if "postgres" not in compose.settings.profiles or not volume:
        return
    image = compose.declared()["postgres"]["image"]
    mount = f"{volume}:/data:ro"
    listing = docker(
        "run", "--rm", "--network", "none", "--entrypoint", "ls", "-v", mount, str(image), "/data"
    )
    versions = [name for name in listing.split() if name.isdigit()]
    if versions and POSTGRES_VERSION not in versions:
        yield (
            f"The volume {volume} holds PostgreSQL {versions[0]}, this version runs {POSTGRES_VERSION}."
            " Next: check out the version of Shoplake that made it and pg_dumpall there, or make clean."
        )


def require_no_databases(compose: Compose) -> None:
    """Check that no old volume exists: a new `.env` has other passwords. If one does, remove the new `.env`.

    Raises:
        DeployError: naming them.
    """
    databases = {"mysql-data", "postgres-data"} & compose.volumes().keys()
    if databases:
        compose.settings.env_file.unlink()
        raise DeployError(
            f"Volumes {', '.join(sorted(databases))} are there, but the .env with their passwords is gone."
            " Next: put it back (a backup holds it as `env`), or make clean"
        )
