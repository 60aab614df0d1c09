"""The rules of settings: each name has one, and invalid values are explained in plain words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.settings import NEEDS, RULES, missing_beside, problem, secret, unknown_names
from deploy.processes.settings import LocalSettings
from gateway.settings import GatewaySettings

EXAMPLE = (Path(__file__).parents[3] / ".env.example").read_text()


def test_settings_with_a_rule_are_those_of_the_example() -> None:
    assert set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE)) == set(RULES)
    fields = {*LocalSettings.model_fields, *GatewaySettings.model_fields}
    assert {name.upper() for name in fields} <= set(RULES)
    assert {each for name, needs in NEEDS.items() for each in (name, *needs)} <= set(RULES)


def test_every_default_obeys_its_rule() -> None:
    shown = re.findall(r"^# ([A-Z][A-Z0-9_]+)=([^<\n]+)$", EXAMPLE, re.MULTILINE)
    assert len(shown) > 60
    assert [found for name, value in shown if (found := problem(name, value))] == []


def test_no_secret_is_ever_shown() -> None:
    hidden = [name for name in RULES if re.search(r"PASSWORD|SECRET|TOKEN|_KEY$|_KEY_ID$|WEBHOOK", name)]
    assert hidden
    for name in hidden:
        found = problem(name, "s3cret\n")
        assert found is None or "s3cret" not in found.what, name


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SHOP_TIMEZONE", "Europe/Berln", "not an IANA time zone; did you mean Europe/Berlin?"),
        ("SHOP_TIMEZONE", "europe/berlin", "not an IANA time zone; did you mean Europe/Berlin?"),
        ("SHOP_TIMEZONE", "+02:00", "not an IANA time zone"),
        ("SHOP_TIMEZONE", "../../etc/passwd", "not an IANA time zone"),
        ("SHOP_TIMEZONE", "Factory", "not an IANA time zone"),
        ("REPORTING_CURRENCY", "eur", "not an ISO 4217 currency; did you mean EUR?"),
        ("REPORTING_CURRENCY", "EURO", "not an ISO 4217 currency"),
        ("REPORTING_CURRENCY", "€", "not an ISO 4217 currency"),
        ("LATE_DATA_DAYS", "-1", "not a whole number from 0 to 36500"),
        ("LATE_DATA_DAYS", "3.5", "not a whole number from 0 to 36500"),
        ("LATE_DATA_DAYS", "9" * 5000, "not a whole number from 0 to 36500"),
        ("BRONZE_RETENTION_DAYS", "-0.1", "not a number from 0 to 36500"),
        ("BRONZE_RETENTION_DAYS", "inf", "not a number from 0 to 36500"),
        ("INGEST_MAX_LOST_SHARE", "nan", "not a number from 0 to 1"),
        ("INGEST_MAX_LOST_SHARE", "20", "not a number from 0 to 1"),
        ("INGEST_CONNECTIONS", "0", "not a whole number from 1 to 64"),
        ("AIRFLOW_PORT", "0", "not a port from 1 to 65535"),
        ("AIRFLOW_PORT", "65536", "not a port from 1 to 65535"),
        ("AIRFLOW_PORT", "8080 ", "not a port from 1 to 65535"),
        ("SHOP_MYSQL_HOST", "db.example.com:3306", "not a host name or address"),
        ("SHOP_MYSQL_HOST", "mysql://db", "not a host name or address"),
        ("KAFKA_BOOTSTRAP_SERVERS", "k1", "not host:port, or several by commas"),
        ("KAFKA_BOOTSTRAP_SERVERS", "k1:9092,k2:99999", "not host:port, or several by commas"),
        ("KAFKA_BOOTSTRAP_SERVERS", "k1:9092,", "not host:port, or several by commas"),
        ("KAFKA_EVENTS_TOPIC", "events plugin", "not the name of a Kafka topic"),
        ("SPARK_REMOTE", "sc://127.0.0.1", "not sc://host:port"),
        ("SPARK_REMOTE", "spark://127.0.0.1:7077", "not sc://host:port"),
        ("KAFKA_MEMORY", "512", "not a memory size such as 512m"),
        ("SPARK_DRIVER_MEMORY", "2GB", "not a memory size such as 512m"),
        ("POSTGRES_MEMORY", "128m", "not a memory size such as 128MB"),
        ("MIRROR_HOST", "eu.posthog.com", "not a URL that begins with https://"),
        ("MIRROR_HOST", "https://", "not a URL that begins with https://"),
        ("LAKE_URI", "data_lake", "neither an absolute folder nor s3a://bucket/prefix"),
        ("GATEWAY_LOG_LEVEL", "LOUD", "none of DEBUG, INFO"),
        ("GATEWAY_TRUNCATE_IP", "maybe", "neither true nor false"),
        ("GATEWAY_TRUSTED_PROXIES", "10.0.0.0/99", "not addresses or networks"),
        ("ALERT_EMAIL_TO", "ops", "not e-mail addresses by commas"),
        ("ALERT_EMAIL_TO", "a@example.com\nBcc: b@example.com", "not e-mail addresses by commas"),
        ("ALERT_WEBHOOK_URL", "ftp://example.com/hook", "not a URL that begins with https://"),
    ],
)
def test_what_cannot_be_meant_is_said(name: str, value: str, said: str) -> None:
    found = problem(name, value)
    assert found and said in found.what
    assert found.what.startswith(name)
    assert "\n" not in found.what and len(found.what) < 250


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_TIMEZONE", "America/Argentina/Buenos_Aires"),
        ("SHOP_TIMEZONE", "UTC"),
        ("REPORTING_CURRENCY", "JPY"),
        ("REPORTING_CURRENCY", "KWD"),
        ("SHOP_MYSQL_HOST", "host.docker.internal"),
        ("SHOP_MYSQL_HOST", "::1"),
        ("KAFKA_BOOTSTRAP_SERVERS", "k1:9092, [::1]:9093"),
        ("SPARK_REMOTE", "sc://127.0.0.1:25002/;x=1"),
        ("INGEST_MAX_LOST_SHARE", "1"),
        ("ALERT_WEBHOOK_URL", "http://127.0.0.1:9000/hook?a=b"),
        ("ALERT_EMAIL_TO", "a@example.com, b@example.com"),
        ("LAKE_URI", "s3a://bucket/lake"),
        ("SHOP_TIMEZONE", ""),
    ],
)
def test_what_can_be_meant_is_taken(name: str, value: str) -> None:
    assert problem(name, value) is None


def test_an_unknown_name_gets_the_nearest_one() -> None:
    said = [each.what for each in unknown_names(["SHOP_TIMZONE", "REPORTING_CURENCY", "ZZZ", "COMPOSE_FILE"])]
    assert said == [
        "SHOP_TIMZONE is not a setting; did you mean SHOP_TIMEZONE?",
        "REPORTING_CURENCY is not a setting; did you mean REPORTING_CURRENCY?",
        "ZZZ is not a setting",
    ]


def test_a_setting_names_what_it_needs_beside_it() -> None:
    (found,) = missing_beside({"ALERT_EMAIL_TO": "a@example.com", "ALERT_EMAIL_FROM": "b@example.com"})
    assert found.what == "ALERT_EMAIL_TO needs ALERT_SMTP_HOST beside it"
    assert missing_beside({"ALERT_WEBHOOK_URL": "https://example.com"}) == []


def test_passwords_take_any_text() -> None:
    assert all(RULES[name] is secret for name in RULES if name.endswith("_PASSWORD"))
