"""Every obstacle to `make up` is reported in one line with the next command."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.compose import backup, preflight, settings
from deploy.env.env_file import ensure_env_file, set_values
from deploy.errors import DeployError

Answer = tuple[int, str, str]
FINE: dict[str, Answer] = {"compose": (0, "2.26.1-4\n", ""), "version": (0, "20.10.24+dfsg1\n", "")}


def docker_that_says(**answers: Answer) -> Callable[[list[str]], subprocess.CompletedProcess[str]]:
    said = {**FINE, **answers}

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        code, out, err = said[command[1]]
        return subprocess.CompletedProcess(command, code, out, err)

    return run


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def test_a_docker_that_is_new_enough_and_answers_is_fine() -> None:
    preflight.require_docker(docker_that_says())


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"compose": (125, "", "unknown command")}, "none is installed. Next: follow https://docs.docker.com/compose"),
        ({"compose": (0, "2.20.1\n", "")}, "Compose 2.20.2 or newer is needed, 2.20.1 is installed"),
        ({"compose": (0, "1.29.2\n", "")}, "2.20.2 or newer is needed"),
        ({"version": (1, "", "Cannot connect")}, "does not answer. Next: sudo systemctl start docker"),
        ({"version": (1, "", "permission denied while trying")}, "may not use Docker. Next: sudo usermod"),
        ({"version": (0, "19.03.1", "")}, "Docker 20.10 or newer is needed, 19.03.1 runs"),
    ],
)  # fmt: skip
def test_a_docker_that_will_not_do_is_told(answers: dict[str, Answer], said: str) -> None:
    with pytest.raises(DeployError, match=said) as caught:
        preflight.require_docker(docker_that_says(**answers))
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_docker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DeployError, match=r"not installed\. Next: follow https://docs\.docker\.com"):
        preflight.require_docker(docker_that_says())


@pytest.mark.parametrize(
    ("text", "numbers"), [("v2.26.1-desktop.1", (2, 26, 1)), ("20.10.24+dfsg1", (20, 10, 24)), ("dev", (0,))]
)
def test_versions_are_compared_by_their_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert preflight.version(text) == numbers


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "docker", lambda *_: str(4 << 30))
    (said,) = preflight.check_memory()
    assert said.startswith("Docker has 4.0 GiB of memory, 7.5 are needed. Next: give it more")
    monkeypatch.setattr(preflight, "docker", lambda *_: str(8 << 30))
    assert list(preflight.check_memory()) == []


def test_a_taken_port_is_told_unless_we_have_it(tmp_path: Path) -> None:
    ensure_env_file(tmp_path / ".env")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        set_values(tmp_path / ".env", {"SUPERSET_PORT": str(port)})
        loaded = settings.load(tmp_path, {})
        ours = set(loaded.ports().values()) - {port}
        (said,) = preflight.check_ports(loaded, ours)
        assert f"Port {port} is taken. Next: set SUPERSET_PORT in {tmp_path}/.env to another" in said
        assert list(preflight.check_ports(loaded, {*ours, port})) == []


def fake_compose(volumes: dict[str, str], tmp_path: Path) -> Any:
    ensure_env_file(tmp_path / ".env")
    return SimpleNamespace(
        settings=settings.load(tmp_path, {}),
        volumes=lambda: volumes,
        declared=lambda: {"postgres": {"image": "postgres:17"}},
    )


@pytest.mark.parametrize(
    ("folders", "is_told"), [("16\ndata", True), ("17", False), ("16\n17", False), ("", False)]
)
def test_a_volume_of_an_older_version_is_told(
    folders: str, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "docker", lambda *_: folders)
    found = list(preflight.check_volumes(fake_compose({"postgres-data": "p_postgres-data"}, tmp_path)))
    assert bool(found) is is_told
    assert all("holds PostgreSQL 16, this version runs 17. Next: " in line for line in found)


def test_a_lost_env_file_is_told_before_databases_refuse_new_passwords(tmp_path: Path) -> None:
    with pytest.raises(
        DeployError, match=r"postgres-data are there, but the .env .* is gone. Next: put it back"
    ):
        preflight.require_no_databases(fake_compose({"postgres-data": "x"}, tmp_path))
    assert not (tmp_path / ".env").exists()
    preflight.require_no_databases(fake_compose({"lake": "x"}, tmp_path))


def test_a_damaged_backup_restores_nothing(tmp_path: Path) -> None:
    (tmp_path / "lake.tar.gz").write_bytes(b"lake")
    digest = backup._checksum(tmp_path / "lake.tar.gz")
    (tmp_path / "manifest.json").write_text(f'{{"volumes": {{"lake": {{"sha256": "{digest}"}}}}}}')
    assert set(backup.verify(tmp_path)["volumes"]) == {"lake"}
    (tmp_path / "lake.tar.gz").write_bytes(b"damaged")
    with pytest.raises(DeployError, match=r"lake.tar.gz is missing or damaged; nothing was restored"):
        backup.verify(tmp_path)
    with pytest.raises(DeployError, match="is no backup"):
        backup.verify(tmp_path / "other")


class StackThatRuns:
    """A stack of one container, which remembers what it was told."""

    def __init__(self, folder: Path) -> None:
        ensure_env_file(folder / ".env")
        self.settings = settings.load(folder, {})
        self.told: list[str] = []
        self.state = "running"

    def must(self, command: str, *_: str, every_profile: bool = False) -> None:
        self.told.append(command)
        self.state = {"stop": "exited", "up": "running"}[command]

    def services(self) -> list[dict[str, str]]:
        return [{"Service": "spark", "Image": "shoplake/platform:1", "State": self.state}]

    def volumes(self) -> dict[str, str]:
        return {"lake": "p_lake"}

    def project(self) -> str:
        return "p"


@pytest.mark.parametrize(
    ("resume", "can_read", "told"),
    [
        (True, True, ["stop", "up"]),
        (False, True, ["stop"]),
        (True, False, ["stop", "up"]),
        (False, False, ["stop", "up"]),
    ],
)
def test_what_a_backup_stopped_runs_again_unless_another_version_follows(
    resume: bool, can_read: bool, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(volume: str, image: str, target: Path) -> dict[str, int]:
        if not can_read:
            raise DeployError(f"The volume {volume} could not be read")
        return {"bytes": 0}

    monkeypatch.setattr(backup, "_save", save)
    monkeypatch.setattr(backup, "platform_image", lambda _: "shoplake/platform:1")
    stack: Any = StackThatRuns(tmp_path)
    if can_read:
        made = backup.backup(stack, tmp_path / "backups", resume)
        assert made.stat().st_mode & 0o077 == 0
        assert (made / "env").read_text() == (tmp_path / ".env").read_text()
    else:
        with pytest.raises(DeployError, match="p_lake could not be read"):
            backup.backup(stack, tmp_path / "backups", resume)
    assert stack.told == told


def test_a_backup_says_that_it_does_not_hold_a_lake_in_s3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backup, "_save", lambda volume, *_: {"bytes": 0})
    monkeypatch.setattr(backup, "platform_image", lambda _: "shoplake/platform:1")
    stack: Any = StackThatRuns(tmp_path)
    in_s3 = {"LAKE_URI": "s3a://bucket/lake", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    stack.settings = settings.Settings(tmp_path / ".env", {**stack.settings.values, **in_s3})
    stack.volumes = lambda: {"lake": "p_lake", "kafka-data": "p_kafka-data"}
    made = backup.backup(stack, tmp_path / "backups")
    assert json.loads((made / "manifest.json").read_text())["volumes"].keys() == {"kafka-data"}
    assert backup.lake_in_s3(made) == "s3a://bucket/lake"
    said = capsys.readouterr().out
    assert said.startswith("The lake is in S3 (s3a://bucket/lake) and not part of this backup. Next: ")


@pytest.mark.parametrize("answer", ["", "no", "y"])
def test_nothing_is_deleted_without_a_yes(answer: str) -> None:
    with pytest.raises(DeployError, match="Nothing was changed"):
        backup.confirm("This deletes everything.", lambda: answer)
    backup.confirm("This deletes everything.", lambda: "yes")
