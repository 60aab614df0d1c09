from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from deploy.env.env_file import ensure_env_file, misspelt, set_values
from deploy.errors import DeployError
from deploy.processes.settings import LocalSettings, UnusableSettings, load_settings
from spark_jobs.settings import ROOT

EXAMPLE = "# A comment\n# SHOP_TIMEZONE=Europe/Berlin\nPSEUDONYM_KEY=\nAIRFLOW_FERNET_KEY=\n"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "example"
    path.write_text(EXAMPLE)
    return path


def values(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_a_new_env_file_is_private_and_every_secret_in_it_is_its_own(example: Path, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    assert ensure_env_file(env, example) == ["PSEUDONYM_KEY", "AIRFLOW_FERNET_KEY"]
    assert env.stat().st_mode & 0o777 == 0o600
    drawn = values(env)
    assert len(drawn["PSEUDONYM_KEY"]) == 64
    assert len(drawn["AIRFLOW_FERNET_KEY"]) == 44
    assert ensure_env_file(tmp_path / "other", example)
    assert not set(values(tmp_path / "other").values()) & set(drawn.values())


def test_a_secret_is_never_drawn_again(example: Path, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("PSEUDONYM_KEY=kept\nMINE=1\n")
    assert ensure_env_file(env, example) == ["AIRFLOW_FERNET_KEY"]
    before = env.read_text()
    assert values(env)["PSEUDONYM_KEY"] == "kept"
    assert values(env)["MINE"] == "1"
    assert ensure_env_file(env, example) == []
    assert env.read_text() == before


def test_a_value_replaces_the_line_that_shows_its_default(example: Path, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env, example)
    assert set_values(env, {"SHOP_TIMEZONE": "America/New_York", "NEW_ONE": "x"})
    assert values(env)["SHOP_TIMEZONE"] == "America/New_York"
    assert values(env)["NEW_ONE"] == "x"
    assert "Europe/Berlin" not in env.read_text()
    assert not set_values(env, {"SHOP_TIMEZONE": "America/New_York"})
    assert env.stat().st_mode & 0o777 == 0o600


def test_a_missing_secret_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env)
    env.write_text(env.read_text().replace("WAREHOUSE_READER_PASSWORD=", "# "))
    monkeypatch.delenv("WAREHOUSE_READER_PASSWORD", raising=False)
    with pytest.raises(DeployError, match=r"WAREHOUSE_READER_PASSWORD is not set\. Next: make env"):
        load_settings(env)


def test_each_setting_that_cannot_be_meant_is_a_line_and_no_secret_is_in_it(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env)
    wrong = {
        "SHOP_TIMEZONE": "Europe/Berln",
        "REPORTING_CURRENCY": "eur",
        "GATEWAY_MAX_BODY_BYTES": "lots",
        "ALERT_WEBHOOK_URL": "hooks.example.com/secret",
    }
    with pytest.raises(UnusableSettings) as caught:
        load_settings(env, wrong)
    first, *lines = str(caught.value).splitlines()
    assert first == f"{env} cannot be used:"
    assert sorted(line.partition(" ")[0].partition("=")[0] for line in lines) == sorted(wrong)
    assert all(" Next: correct it in .env" in line for line in lines)
    assert "hooks" not in str(caught.value) and "pydantic" not in str(caught.value)
    assert "SHOP_TIMEZONE=Europe/Berln is not an IANA time zone; did you mean Europe/Berlin? Next" in str(
        caught.value
    )


def test_an_empty_value_stands_for_the_default(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env)
    settings = load_settings(env, {"SHOP_TIMEZONE": "", "AIRFLOW_PORT": "", "MIRROR_HOST": ""})
    assert (settings.shop_timezone, settings.airflow_port) == ("Europe/Berlin", 8080)


def test_a_job_says_in_a_line_which_setting_is_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spark_jobs.jobs.gate", "--run-id", "1"],
        env={**os.environ, **secrets(tmp_path), "SHOP_TIMEZONE": "Mars", "LATE_DATA_DAYS": "x"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first.startswith("error: SHOP_TIMEZONE=Mars is not an IANA time zone")
    assert second.startswith(
        "error: LATE_DATA_DAYS=x is not a whole number from 0 to 36500. Next: correct it"
    )


def secrets(tmp_path: Path) -> dict[str, str]:
    ensure_env_file(tmp_path / ".env")
    return values(tmp_path / ".env")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "SHOP_TIMZONE=UTC",
            ": SHOP_TIMZONE is not a setting; did you mean SHOP_TIMEZONE? Next: correct the",
        ),
        ("export WHATEVER=1", ": WHATEVER is not a setting. Next: correct the name, or remove the line."),
        ("SHOP_TIMEZONE: UTC", "line 5: not NAME=value. Next: correct it."),
    ],
)
def test_a_line_that_nobody_reads_is_named(example: Path, tmp_path: Path, line: str, said: str) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env, example)
    assert misspelt(env) == []
    env.write_text(env.read_text() + line + "\n")
    (found,) = misspelt(env)
    assert said in found


def test_what_an_override_of_the_compose_file_reads_may_be_in_the_file(example: Path, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env, example)
    env.write_text(env.read_text() + "MINE=1\n")
    (tmp_path / "docker-compose.override.yml").write_text(
        "services: {spark: {environment: {A: '${MINE:-2}'}}}"
    )
    assert misspelt(env) == []


def test_jobs_are_not_given_the_passwords_of_owners(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    ensure_env_file(env)
    settings = load_settings(
        env, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:29092", "SPARK_REMOTE": "sc://127.0.0.1:25002/;x=1"}
    )
    assert (settings.kafka_port, settings.spark_port) == (29092, 25002)
    given = settings.platform_environment()
    assert given["WAREHOUSE_LOADER_PASSWORD"] == settings.warehouse_loader_password.get_secret_value()
    assert not {"POSTGRES_PASSWORD", "SHOP_MYSQL_ADMIN_PASSWORD", "AIRFLOW_SECRET_KEY", "SPARK_REMOTE"} & set(
        given
    )


def test_the_example_shows_every_setting_with_its_default() -> None:
    lines = [
        line.removeprefix("# ")
        for line in (ROOT / ".env.example").read_text().split("# Docker Compose")[0].splitlines()
    ]
    shown = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z][A-Z0-9_]*=", line))
    fields = {name.upper(): field for name, field in LocalSettings.model_fields.items()}
    assert set(shown) == set(fields)
    for name, field in fields.items():
        if field.is_required():
            assert shown[name] == "", name
        elif name not in (
            "LAKE_URI",
            "STREAM_CHECKPOINT_DIR",
            "GATEWAY_TRUSTED_PROXIES",
        ):  # absolute paths; a list
            assert TypeAdapter(field.annotation).validate_python(shown[name]) == field.default, name
