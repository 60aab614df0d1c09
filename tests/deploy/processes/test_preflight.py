from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.env.env_file import ensure_env_file
from deploy.env.ports import port_is_free
from deploy.errors import DeployError
from deploy.processes import preflight
from deploy.processes.settings import LocalSettings, load_settings


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def settings(tmp_path: Path, **overrides: str) -> LocalSettings:
    ensure_env_file(tmp_path / ".env")
    return load_settings(tmp_path / ".env", overrides)


def fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    java.chmod(0o755)
    return java


def test_a_taken_port_is_named_with_its_process_and_the_setting_to_change(
    tmp_path: Path, listener: int
) -> None:
    found = {
        check.name: check for check in preflight.check_ports(settings(tmp_path, SUPERSET_PORT=str(listener)))
    }
    taken = found[f"Port {listener}"]
    assert not taken.is_good
    assert f"process {os.getpid()} " in taken.found
    assert "SUPERSET_PORT" in taken.next_step


def test_a_port_taken_on_every_interface_is_taken() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not port_is_free(server.getsockname()[1])


def test_a_port_is_free_again_when_its_server_is_gone(listener: int) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    assert port_is_free(port)
    assert not port_is_free(listener)


@pytest.mark.parametrize(("version", "expected"), [("1.8.0_402", 8), ("17.0.15", 17), ("21", 21)])
def test_java_versions_of_both_numberings_are_read(tmp_path: Path, version: str, expected: int) -> None:
    assert preflight.java_version(fake_java(tmp_path, version)) == expected


def test_java_home_wins_and_an_old_java_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = fake_java(tmp_path / "old", "11.0.2"), fake_java(tmp_path / "new", "17.0.1")
    monkeypatch.setenv("PATH", str(new.parent))
    monkeypatch.setenv("JAVA_HOME", str(old.parents[1]))
    assert preflight.find_java() == new
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preflight.find_java() is None


def test_without_java_and_rights_the_command_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DeployError, match="sudo apt-get install -y openjdk-17-jre-headless"):
        preflight.ensure_java()


def test_too_little_memory_and_disk_say_how_much_is_missing(tmp_path: Path) -> None:
    bad = [preflight.check_memory(1 << 60), preflight.check_disk(tmp_path / "not" / "there", 1 << 60)]
    with pytest.raises(DeployError, match=r"Memory: .* GiB free(?s:.*)Disk: .* GiB free"):
        preflight.require(bad)
    preflight.require([preflight.check_memory(1), preflight.check_disk(tmp_path, 1)])


@pytest.mark.parametrize("place", ["/proc/nothing/lake", "a file"])
def test_a_lake_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch()
    uri = str(tmp_path / place)
    found = preflight.check_lake(settings(tmp_path, LAKE_URI=uri))
    assert not found.is_good
    assert found.found.startswith(f"The folder of LAKE_URI={uri} cannot be written (")
    assert preflight.check_lake(settings(tmp_path, LAKE_URI=str(tmp_path / "new" / "lake"))).is_good
