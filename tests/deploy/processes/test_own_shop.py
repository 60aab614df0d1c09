"""Your own shop in local mode: the servers that start, and the next steps that are printed."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from contracts.model import Layer
from contracts.registry import tables_of
from deploy.env.env_file import ensure_env_file, set_values
from deploy.errors import DeployError
from deploy.processes import own_shop
from deploy.processes.demo import run_demo
from deploy.processes.settings import load_settings
from deploy.processes.stack import Stack


def next_steps(env: Path) -> str:
    screen = io.StringIO()
    own_shop.show_next_steps(load_settings(env), env, Console(file=screen, width=80))
    return screen.getvalue()


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    ensure_env_file(path)
    set_values(path, {"SHOPLAKE_CACHE": str(tmp_path / "cache"), "LAKE_URI": str(tmp_path / "lake")})
    return path


def stack_of(env: Path) -> Stack:
    return Stack(env.parent / "state", env)


def test_ones_own_mysql_takes_the_place_of_the_bundled_one_and_its_storefront(env: Path) -> None:
    bundled = stack_of(env)
    assert {"mariadb", "storefront"} <= set(bundled.servers())
    set_values(env, {"SHOP_MYSQL_HOST": "localhost", "SHOP_MYSQL_PORT": "3306"})
    own = stack_of(env)
    assert set(bundled.servers()) - set(own.servers()) == {"mariadb", "storefront"}
    assert set(bundled.settings.ports()) - set(own.settings.ports()) == {"mariadb", "storefront"}


def test_no_demo_shop_is_written_into_ones_own(env: Path) -> None:
    set_values(env, {"SHOP_MYSQL_HOST": "db.example.com"})
    with pytest.raises(DeployError, match=r"is a shop of your own.* Next: make demo SHOP=none"):
        run_demo("demo", lambda: stack_of(env))


def test_a_misspelt_setting_stops_the_demo_before_anything_starts(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "up", lambda *_, **__: pytest.fail("servers were started"))
    with env.open("a") as file:
        file.write("SHOP_TIMZONE=UTC\n")
    with pytest.raises(DeployError, match="SHOP_TIMZONE is not a setting; did you mean SHOP_TIMEZONE"):
        run_demo("none", lambda: stack_of(env))
    assert not (env.parent / "state").exists()


def test_the_next_steps_name_tables_settings_and_command(env: Path) -> None:
    bundled = next_steps(env)
    set_values(env, {"SHOP_MYSQL_HOST": "db.example.com", "REPORTING_CURRENCY": "JPY"})
    own = next_steps(env)
    for text in (bundled, own):
        assert all(f" {table.name}" in text for table in tables_of(Layer.SHOP))
        assert "SHOP_TIMEZONE (now Europe/Berlin)" in text and "make demo SHOP=none" in text
        assert "./shoplake run: " in text.splitlines()[-1]
    assert "Or read your own MySQL" in bundled and "SHOP_MYSQL_PASSWORD" in bundled
    assert "db.example.com:13306" in own and "Fill the tables" not in own and "(now JPY)" in own


@pytest.mark.parametrize(
    ("line", "said"), [("SHOP_TIMEZONE=Mars\n", "Mars"), ("SHOP_TIMZONE=UTC\n", "TIMZONE")]
)
def test_the_doctor_names_each_setting_that_is_wrong(
    env: Path, line: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ops import doctor, installation  # noqa: PLC0415 - as the installation's folder is chosen below

    monkeypatch.delenv("SHOP_TIMEZONE", raising=False)
    monkeypatch.setattr(installation, "ENV_FILE", env)
    monkeypatch.setattr(installation, "FOLDER", env.parent)
    monkeypatch.setattr(doctor, "check_installation", lambda _: iter(()))
    assert [each.found for each in doctor.examine()] == [f"all of {env} is known and can be used"]
    with env.open("a") as file:
        file.write(line)
    (finding,) = doctor.examine()
    assert not finding.is_good and said in finding.found and finding.next_step.startswith("correct")
    assert os.environ.get("SHOP_TIMEZONE") is None
