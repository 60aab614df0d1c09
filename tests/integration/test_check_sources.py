"""Checks before a run: unreachable servers are named, and a stream that lags is reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kafka import KafkaProducer
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import settings
from tests.integration.servers import Environment, Shop

pytestmark = pytest.mark.stack
REFUSED, NO_ANSWER = 2, 75


@pytest.mark.parametrize(
    ("code", "changed", "words"),
    [
        (NO_ANSWER, {"SHOP_MYSQL_PORT": "1"}, ("MySQL at 127.0.0.1:1", "SHOP_MYSQL_PORT")),
        (NO_ANSWER, {"WAREHOUSE_PORT": "1"}, ("PostgreSQL at 127.0.0.1:1", "WAREHOUSE_PORT")),
        (REFUSED, {"WAREHOUSE_LOADER_PASSWORD": "wrong"}, ("wrong password", "WAREHOUSE_LOADER_PASSWORD")),
        (
            NO_ANSWER,
            {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
            ("Kafka at 127.0.0.1:1", "KAFKA_BOOTSTRAP_SERVERS"),
        ),
    ],
)
def test_a_server_that_does_not_answer_is_named(
    shop: Shop, environment: Environment, code: int, changed: dict[str, str], words: tuple[str, ...]
) -> None:
    refused = environment.run("check_sources", "--run-id", "1", **changed)
    assert refused.returncode == code
    assert refused.stderr.startswith("error: ")
    assert all(word in refused.stderr for word in words), refused.stderr


def test_a_stream_that_stays_behind_is_a_warning_with_the_lag(
    shop: Shop, environment: Environment, topic: str, warehouse_database: Callable[..., Any]
) -> None:
    producer = KafkaProducer(bootstrap_servers=settings().kafka_bootstrap_servers)
    for _ in range(3):
        producer.send(topic, b"{}")
    producer.flush()
    producer.close()
    output = environment.must_run("check_sources", "--run-id", "1", STREAM_CATCH_UP_SECONDS="2")
    assert "warning: the stream is 3 events behind" in output
    kept = json.loads(Lake().storage.read("runs/1/check_sources.json"))
    assert kept["tables"]["events.captured"]["details"]["lag"] == 3
