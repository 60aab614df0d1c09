"""The compose file meets the design; it is read as YAML, without Docker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.settings import SETTINGS, Audience, default, read_by
from deploy import compose_file
from deploy.compose import settings
from deploy.container import health, spark
from deploy.env.env_file import EMPTY_SECRET
from deploy.processes.settings import LocalSettings
from deploy.servers import postgres
from gateway.settings import GatewaySettings
from spark_jobs.settings import Settings
from storefront.settings import StorefrontSettings

ROOT = Path(__file__).parents[4]
FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
ONCE = sorted(name for name, service in SERVICES.items() if service["restart"] == "no")
LASTING = sorted(SERVICES.keys() - ONCE)
BUNDLED = [name for name in LASTING if not {"cluster", "mirror"} & set(SERVICES[name].get("profiles", []))]
GIB = 1 << 30
UNITS = {"m": 1 << 20, "g": GIB}


def size(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["logging"]["options"]["max-size"]
    assert size(service["mem_limit"]) > 0
    assert not {"container_name", "privileged", "network_mode", "env_file"} & service.keys()
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_has_a_version(name: str) -> None:
    assert re.search(r":(\d|\$\{SHOPLAKE_VERSION:-\d)", SERVICES[name]["image"])


@pytest.mark.parametrize("name", LASTING)
def test_a_service_says_whether_it_is_well_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_is_waited_for_is_a_fact(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        done = needed in ONCE
        assert how["condition"] == ("service_completed_successfully" if done else "service_healthy")
        turned_off = SERVICES[needed].get("profiles") and not SERVICES[name].get("profiles")
        assert how.get("required", True) is not bool(turned_off)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_published_ports_are_those_that_preflight_looks_at() -> None:
    published = {
        match[1]: int(match[2])
        for service in SERVICES.values()
        for port in service.get("ports", [])
        for match in [re.match(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}:", port)]
        if match
    }
    assert published == {name: default(name) for name in settings.PORTS}


def test_what_stays_fits_into_ten_gibibytes() -> None:
    assert sum(size(SERVICES[name]["mem_limit"]) for name in BUNDLED) <= 10 * GIB


def test_no_secret_has_a_default_and_each_says_what_to_do() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = re.findall(r"\$\{(\w+)(:[^}]*)?\}", text)
    for name, rest in used:
        if re.search(r"PASSWORD|SECRET|_KEY$", name):
            assert rest == ":?run make env", name
    secrets = set(EMPTY_SECRET.findall((ROOT / ".env.example").read_text()))
    assert {name for name, rest in used if rest.startswith(":?")} == secrets


def test_every_setting_of_the_platform_reaches_its_jobs() -> None:
    wanted = {name.upper() for name in Settings.model_fields}
    for name in ("airflow-scheduler", "stream"):
        assert wanted <= SERVICES[name]["environment"].keys()
    assert wanted - set(FILE["x-lake"]) <= SERVICES["simulator"]["environment"].keys()


def test_keys_of_the_lake_reach_those_who_touch_it_and_no_other() -> None:
    told = {name for name in SERVICES if "AWS_SECRET_ACCESS_KEY" in SERVICES[name].get("environment", {})}
    assert told == {"spark", "spark-worker", "stream", "airflow-scheduler"}
    for name in told:
        assert FILE["x-lake"].items() <= SERVICES[name]["environment"].items()


def test_spark_is_told_of_a_lake_in_s3_without_its_keys() -> None:
    environment = {
        **{"SPARK_MASTER": "spark://spark-master:7077", "SPARK_DRIVER_MEMORY": "2g"},
        **{"LAKE_URI": "s3a://bucket/lake", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_REGION": "eu-west-1"},
        "AWS_ENDPOINT_URL": "http://minio:9000",
    }
    command = " ".join(spark.connect(environment))
    assert "--driver-class-path /opt/jars/spark/*:/opt/jars/s3/* " in command
    assert "--conf spark.executor.extraClassPath=/opt/jars/spark/*:/opt/jars/s3/* " in command
    assert "--conf spark.delta.logStore.s3a.impl=shoplake.S3LogStore " in command
    assert "--conf spark.hadoop.fs.s3a.endpoint=http://minio:9000 " in command
    assert "--conf spark.hadoop.fs.s3a.endpoint.region=eu-west-1 " in command
    assert "hidden" not in command
    in_volume = " ".join(spark.connect({**environment, "LAKE_URI": "/data/lake"}))
    assert not re.search(r"jars/s3|s3a", in_volume)


def test_every_setting_that_the_file_asks_for_is_explained() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    explained = set(
        re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )
    assert asked - explained <= {"SHOPLAKE_VERSION", "SPARK_MASTER", "WAREHOUSE_HOST", "SHOP_MYSQL_HOST"}


def test_every_default_in_the_file_is_the_declared_one() -> None:
    shown = re.findall(r"\$\{(\w+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text())
    declared = {name: each.in_containers or each.shown for name, each in SETTINGS.items()}
    assert len(shown) > 50
    # Without workers the profile is off; the services of every profile include one.
    assert {each for each in shown if each[0] in SETTINGS} - set(declared.items()) == {("SPARK_WORKERS", "1")}


def test_settings_are_read_by_those_who_declare_them() -> None:
    def names(*audience: Audience) -> set[str]:
        return {each.name.lower() for each in read_by(*audience)}

    assert names(Audience.JOBS, Audience.LAKE) == set(Settings.model_fields)
    assert names(Audience.GATEWAY) | {"mirror_metrics_port"} == set(GatewaySettings.model_fields)
    assert set(LocalSettings.model_fields) == {name.lower() for name in SETTINGS} - names(Audience.UP)
    shop = set(StorefrontSettings.model_fields) & {name.lower() for name in SETTINGS}
    assert names(Audience.STOREFRONT) == shop
    for name, field in StorefrontSettings.model_fields.items():
        assert name not in shop or field.is_required() or field.default == default(name.upper()), name


def test_no_setting_is_left_out_of_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    only_local = {each.name for each in SETTINGS.values() if each.audience == (Audience.DEMO,)}
    assert {name for name in SETTINGS if not re.search(rf"\b{name}\b", text)} == only_local


def test_what_kafka_is_told_wins_over_every_blank_of_local_modes_file() -> None:
    lines = (ROOT / "kafka" / "server.properties").read_text().splitlines()
    blanks = {line.split("=")[0] for line in lines if "${" in line}
    told = {
        name.removeprefix("KAFKA_").replace("_", ".").lower() for name in SERVICES["kafka"]["environment"]
    }
    assert blanks
    assert blanks <= told


def test_a_new_postgresql_is_made_as_in_local_mode() -> None:
    arguments = SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert {*arguments} - {*postgres.INITDB} == {"--auth-host=scram-sha-256", "--auth-local=peer"}
    assert {*postgres.INITDB} <= {*arguments}


def test_generated_parts_are_those_that_are_declared_and_nothing_else_changes() -> None:
    text = "a:\n  # generated: x\n  - old\n  # end\n# generated: y\n# end\nb: # by hand\n"
    new = compose_file.rendered(text, {"x": ["- new", "- two"], "y": []})
    assert new == "a:\n  # generated: x\n  - new\n  - two\n  # end\n# generated: y\n# end\nb: # by hand\n"
    with pytest.raises(ValueError, match="but not both: y"):
        compose_file.rendered(text, {"x": []})


def test_a_stale_file_is_told_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "docker-compose.yml"
    stale = (ROOT / "docker-compose.yml").read_text().replace("-cjit=off", "-cjit=on")
    file.write_text(stale)
    assert compose_file.main(["--check"], file) == 1
    assert "Next: make generate" in capsys.readouterr().err
    assert file.read_text() == stale
    assert compose_file.main([], file) == 0
    assert file.read_text() == (ROOT / "docker-compose.yml").read_text()


def test_the_override_mounts_the_code_where_images_have_it() -> None:
    override = yaml.safe_load((ROOT / "docker-compose.override.example.yml").read_text())
    assert override["services"].keys() <= SERVICES.keys()
    copied = set(
        re.findall(r"^COPY (\w+) \1$", (ROOT / "deploy/images/platform/Dockerfile").read_text(), re.MULTILINE)
    )
    mounted = {volume.split(":")[0].removeprefix("./") for volume in override["x-code"]}
    assert copied - mounted == {"kafka"}


def test_sparks_health_is_asked_in_sparks_own_words() -> None:
    from pyspark.sql.connect.proto.base_pb2 import AnalyzePlanRequest, UserContext  # noqa: PLC0415

    request = AnalyzePlanRequest(
        session_id="00000000-0000-0000-0000-000000000001",
        user_context=UserContext(user_id="shoplake-health"),
        spark_version=AnalyzePlanRequest.SparkVersion(),
    )
    assert request.SerializeToString() == health.SPARK_REQUEST


def test_a_cluster_calls_the_driver_by_its_service() -> None:
    environment = {"SPARK_MASTER": "spark://spark-master:7077", "SPARK_DRIVER_MEMORY": "2g"}
    command = " ".join(spark.connect(environment))
    assert "--conf spark.driver.host=spark " in command
    assert "--conf spark.executor.extraClassPath=/opt/jars/spark/*" in command
    alone = " ".join(spark.connect({**environment, "SPARK_MASTER": "local[2]"}))
    assert "--conf spark.driver.host=127.0.0.1" in alone
