"""The bundled servers that run follow from `.env`; each invalid value is one clear line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts import shops
from deploy.compose import settings
from deploy.env import env_file
from deploy.env.env_file import ensure_env_file, set_values
from deploy.errors import DeployError
from simulator.scenarios.shops import SHOPS
from spark_jobs.lake import object_store

OWN_MYSQL = {"SHOP_MYSQL_HOST": "db.example.com", "SHOP_MYSQL_PORT": "3306"}
OWN_POSTGRES = {"WAREHOUSE_HOST": "pg.example.com", "WAREHOUSE_PORT": "5432"}
LAKE = {"LAKE_URI": "s3a://bucket/lake", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    ensure_env_file(tmp_path / ".env")
    return tmp_path


def with_values(home: Path, **values: str) -> settings.Settings:
    set_values(home / ".env", values)
    return settings.load(home, {})


def test_a_newcomer_gets_every_bundled_server(home: Path) -> None:
    assert settings.load(home, {}).profiles == ("demo", "kafka", "postgres")


@pytest.mark.parametrize(
    ("own", "profiles"),
    [
        (OWN_MYSQL, ("kafka", "postgres")),
        ({"KAFKA_BOOTSTRAP_SERVERS": "k1:9092,k2:9092"}, ("demo", "postgres")),
        (OWN_POSTGRES, ("demo", "kafka")),
        ({**OWN_MYSQL, **OWN_POSTGRES, "KAFKA_BOOTSTRAP_SERVERS": "k:9092"}, ()),
        ({**OWN_MYSQL, "SHOP": "none"}, ("kafka", "postgres")),
        ({**OWN_MYSQL, "SHOP": "demo"}, ("kafka", "postgres")),
        ({"SPARK_WORKERS": "2"}, ("demo", "kafka", "postgres", "cluster")),
        (
            {"MIRROR_HOST": "https://eu.posthog.com", "MIRROR_TOKEN": "phc_x"},
            ("demo", "kafka", "postgres", "mirror"),
        ),
        ({"MIRROR_HOST": "https://eu.posthog.com"}, ("demo", "kafka", "postgres")),
        ({"SPARK_WORKERS": "0", "SHOP": "completejourney"}, ("demo", "kafka", "postgres")),
    ],
)
def test_ones_own_server_turns_the_bundled_one_off(
    home: Path, own: dict[str, str], profiles: tuple[str, ...]
) -> None:
    assert with_values(home, **own).profiles == profiles


def test_only_what_runs_is_published(home: Path) -> None:
    ports = with_values(home, **OWN_MYSQL, AIRFLOW_PORT="9000").ports()
    assert ports == {
        "KAFKA_LOCAL_PORT": 19092,
        "WAREHOUSE_PORT": 15432,
        "GATEWAY_PORT": 8090,
        "AIRFLOW_PORT": 9000,
        "SUPERSET_PORT": 8088,
    }


def test_the_environment_wins_over_the_file(home: Path) -> None:
    set_values(home / ".env", {"AIRFLOW_PORT": "9000"})
    loaded = settings.load(home, {"AIRFLOW_PORT": "9001", "UNRELATED": "x"})
    assert loaded.get("AIRFLOW_PORT") == "9001"
    assert "UNRELATED" not in loaded.values


def test_what_was_chosen_is_remembered_where_compose_reads_it(home: Path) -> None:
    settings.remember(settings.load(home, {}), "completejourney")
    loaded = settings.load(home, {})
    assert loaded.shop == "completejourney"
    assert loaded.get("COMPOSE_PROFILES") == "demo,kafka,postgres"
    assert (loaded.get("REPORTING_CURRENCY"), loaded.get("SPARK_MASTER")) == ("USD", "local[2]")
    settings.remember(with_values(home, SPARK_WORKERS="3"))
    assert settings.load(home, {}).get("SPARK_MASTER") == "spark://spark-master:7077"


def test_shops_are_those_of_the_simulator() -> None:
    assert {name: dict(shop.settings) for name, shop in SHOPS.items()} == shops.SHOPS


def test_a_lake_in_s3_is_meant_as_the_jobs_mean_it(home: Path) -> None:
    assert settings.BUCKET_ADDRESS == object_store.ADDRESS
    assert with_values(home).lake_in_s3 == ""
    assert with_values(home, LAKE_URI="/data/lake").lake_in_s3 == ""
    assert with_values(home, **LAKE).lake_in_s3 == "s3a://bucket/lake"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"PSEUDONYM_KEY": "", "POSTGRES_PASSWORD": ""}, r"half-written: PSEUDONYM_KEY, POSTGRES"),
        ({"AIRFLOW_DB_PASSWORD": "a@b"}, r"AIRFLOW_DB_PASSWORD .*: only letters.* Next: change it"),
        ({"AIRFLOW_PORT": "80x"}, r"AIRFLOW_PORT=80x is not a port from 1 to 65535. Next: correct it in /"),
        ({"SHOP_TIMEZONE": "Berlin"}, r"SHOP_TIMEZONE=Berlin is not an IANA time zone.* Next: correct it"),
        ({"REPORTING_CURRENCY": "eur"}, r"not an ISO 4217 currency; did you mean EUR\? Next: correct it"),
        ({"INGEST_MAX_LOST_SHARE": "20"}, r"INGEST_MAX_LOST_SHARE=20 is not a number from 0 to 1"),
        ({"ALERT_EMAIL_TO": "a@b"}, r"ALERT_EMAIL_TO needs ALERT_SMTP_HOST and ALERT_EMAIL_FROM beside it"),
        ({"AIRFLOW_PORT": "8088"}, r"AIRFLOW_PORT and SUPERSET_PORT are both 8088. Next: change one"),
        ({"SHOP": "amazon"}, r"no shop 'amazon'. Next: make up SHOP=demo\|completejourney\|none"),
        ({"SHOP": "none"}, r"must be one's own: set SHOP_MYSQL_HOST.* Next: make up"),
        ({"SHOP_MYSQL_HOST": "db"}, r"SHOP_MYSQL_HOST in .* needs SHOP_MYSQL_PORT beside it"),
        ({"WAREHOUSE_HOST": "127.0.0.1", "WAREHOUSE_PORT": "5432"}, r"Next: write host.docker.internal"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "k:9092,localhost:9092"}, r"the container itself"),
        ({"LAKE_URI": "/home/me/lake"}, r"the volume `lake` or s3a://bucket/prefix. Next: remove the line"),
        ({"LAKE_URI": "s3://bucket/lake"}, r"LAKE_URI=s3://bucket/lake in .*: the lake is the volume"),
        ({"LAKE_URI": "s3a://b"}, r"LAKE_URI=s3a://b in .*: the lake is the volume"),
        ({**LAKE, "AWS_SECRET_ACCESS_KEY": ""}, r"LAKE_URI in .* needs AWS_SECRET_ACCESS_KEY beside it"),
        ({**LAKE, "AWS_ENDPOINT_URL": "minio:9000"}, r"is no URL. Next: write it as https://host:port"),
        ({**LAKE, "AWS_ENDPOINT_URL": "http://localhost:9000"}, r"Next: write host.docker.internal"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_one_line_with_the_next_command(
    home: Path, values: dict[str, str], said: str
) -> None:
    with pytest.raises(DeployError) as caught:
        with_values(home, **values)
    assert re.search(said, str(caught.value))
    assert len(str(caught.value).splitlines()) == 1


def test_a_line_that_is_no_setting_is_named(home: Path) -> None:
    path = home / ".env"
    path.write_text(path.read_text() + "what is this\n")
    with pytest.raises(DeployError, match=r"line \d+: not NAME=value"):
        settings.load(home, {})


def test_without_a_file_the_next_command_makes_one(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="Next: make env"):
        settings.load(tmp_path, {})
    settings.make_env(tmp_path)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert settings.load(tmp_path, {}).shop == "demo"


def test_values_may_be_quoted_and_commented() -> None:
    text = "A='x # y'\nB=\"z\"\nC=v # why\nexport D=1\n\n# E=2\n"
    assert env_file.read(text) == ({"A": "x # y", "B": "z", "C": "v", "D": "1"}, [])
