"""Services that stop when settings turn a bundled server off, and what `make clean` keeps."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose import lifecycle
from deploy.compose.__main__ import clean
from deploy.compose.settings import Settings
from tests.integration.servers import ROOT

DECLARED = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


class EverythingThere:
    """A stack in which every service of the compose file has a container."""

    def __init__(self, **values: str) -> None:
        self.settings = Settings(Path(".env"), values)
        self.told: list[tuple[str, ...]] = []

    def declared(self) -> dict[str, dict[str, Any]]:
        return dict(DECLARED)

    def services(self) -> list[dict[str, Any]]:
        return [{"Service": name} for name in DECLARED]

    def must(self, *arguments: str, every_profile: bool = False) -> None:
        self.told.append(arguments)


@pytest.mark.parametrize(
    ("given", "stopped"),
    [
        (
            {"SHOP_MYSQL_HOST": "db"},
            {"mysql", "simulator", "storefront", "spark-master", "spark-worker", "mirror"},
        ),
        (
            {
                "KAFKA_BOOTSTRAP_SERVERS": "k:9092",
                "SPARK_WORKERS": "2",
                "MIRROR_HOST": "m",
                "MIRROR_TOKEN": "t",
            },
            {"kafka"},
        ),
        (
            {"SHOP_MYSQL_HOST": "db", "KAFKA_BOOTSTRAP_SERVERS": "k:9092", "WAREHOUSE_HOST": "pg"},
            {name for name, each in DECLARED.items() if each.get("profiles")},
        ),
    ],
)
def test_what_is_turned_off_is_stopped_and_nothing_else(given: dict[str, str], stopped: set[str]) -> None:
    stack: Any = EverythingThere(**given)
    lifecycle.start(stack)
    assert stack.told == [
        ("rm", "--stop", "--force", *sorted(stopped)),
        ("up", "--detach", "--no-build", "--wait"),
    ]


@pytest.mark.parametrize(("has_local_data", "left"), [(False, ".env.before-clean"), (True, ".env")])
def test_clean_sets_the_passwords_aside_with_the_last_data_they_open(
    has_local_data: bool, left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPLAKE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda _: None)
    (tmp_path / ".env").write_text("A=b\n")
    if has_local_data:
        (tmp_path / ".shoplake" / "data").mkdir(parents=True)
    assert clean(argparse.Namespace(yes=False)) == 0
    assert [path.name for path in tmp_path.glob(".env*")] == [left]
