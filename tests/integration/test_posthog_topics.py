"""A self-hosted PostHog's topics on a real Kafka: through the stream to bronze, silver and persons."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from deltalake import DeltaTable
from kafka.admin import KafkaAdminClient, NewTopic
from tenacity import retry, stop_after_delay, wait_fixed

from contracts.registry import TABLES
from contracts.sources.events import CAPTURED, CAPTURED_EVENT, CLICKHOUSE_EVENT, PERSON_DISTINCT_ID
from kafka import KafkaProducer
from spark_jobs.jobs import build_silver
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.events import compare_events
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.settings import settings
from spark_jobs.sources.event_topics import event_sources
from spark_jobs.sources.kafka_offsets import lag, next_offsets, offered
from tests.integration.servers import Environment, streaming
from tests.unit.silver.test_posthog_formats import DEVICE, posthogs_person, sample

pytestmark = pytest.mark.stack
REFUSED = 2
WRONG = b'{"wrong": true}'
VIEWED, LOGIN = (str(json.loads(each["value"])["uuid"]) for each in sample("events_plugin_ingestion"))


@pytest.fixture
def posthog(stream_environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A topic of each format, by the format; the stream and this process are told to read them."""
    names = {
        kind: f"test_{uuid.uuid4().hex[:8]}"
        for kind in (CAPTURED_EVENT, CLICKHOUSE_EVENT, PERSON_DISTINCT_ID)
    }
    servers = settings().kafka_bootstrap_servers
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1) for name in names.values()])
    said = {
        "POSTHOG_KAFKA_BOOTSTRAP_SERVERS": servers,
        "POSTHOG_KAFKA_TOPICS": ",".join(f"{name}:{kind}" for kind, name in names.items()),
    }
    for name, value in said.items():
        stream_environment.values[name] = value
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield names
    admin.delete_topics(list(names.values()))
    admin.close()


def send(messages: Mapping[str, list[bytes]]) -> None:
    producer = KafkaProducer(bootstrap_servers=settings().kafka_bootstrap_servers, acks="all")
    for topic, values in messages.items():
        for value in values:
            producer.send(topic, value, partition=0)
    producer.flush()
    producer.close()


def values(topic: str) -> list[bytes]:
    return [each["value"].encode() for each in sample(topic)]


@retry(stop=stop_after_delay(600), wait=wait_fixed(0.5), reraise=True)
def wait_until_caught_up() -> None:
    lake = Lake()
    for source in event_sources(settings()):
        for topic, there in offered(source).items():
            assert lag(next_offsets(lake, topic.in_bronze), there) == 0, topic


def table(path: str, *columns: str) -> list[tuple[Any, ...]]:
    rows = DeltaTable(path).to_pyarrow_dataset().to_table(columns=list(columns)).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def silver(name: str, *columns: str) -> list[tuple[Any, ...]]:
    return table(Lake().path(TABLES[f"silver.{name}"]), *columns)


def test_all_three_formats_reach_bronze_and_silver_and_an_event_of_two_sources_counts_once(
    stream_environment: Environment, topic: str, posthog: dict[str, str]
) -> None:
    viewed, login = values("events_plugin_ingestion")
    moved = {"person_id": posthogs_person("42"), "team_id": 1, "distinct_id": "laptop"}
    statement = json.dumps({**moved, "version": 1, "is_deleted": 0}).encode()
    send(
        {
            topic: [viewed],  # through the gateway, and forwarded to PostHog
            posthog[CAPTURED_EVENT]: [viewed, WRONG],
            posthog[CLICKHOUSE_EVENT]: [*values("clickhouse_events_json"), login],
            posthog[PERSON_DISTINCT_ID]: [*values("clickhouse_person_distinct_id"), statement, WRONG],
        }
    )
    with streaming(stream_environment):
        wait_until_caught_up()
    in_bronze = table(Lake().path(CAPTURED), "topic", "format", "offset")
    assert len(in_bronze) == 11
    assert {(name, kind) for name, kind, _ in in_bronze} == {
        (topic, CAPTURED_EVENT),
        *((f"posthog:{name}", kind) for kind, name in posthog.items()),
    }
    assert build_silver.main(["--run-id", "first"]) == 0
    assert silver("events", "event_id", "_kafka_topic", "_kafka_offset") == [
        (VIEWED, topic, 0),
        (LOGIN, f"posthog:{posthog[CLICKHOUSE_EVENT]}", 1),
    ]
    assert silver("identity_merges", "distinct_id", "other_distinct_id", "method", "outcome") == [
        ("42", DEVICE, "$identify", "created"),
        ("42", DEVICE, "posthog_person", "already_one"),
        ("42", "laptop", "posthog_person", "attached"),
    ]
    assert {row[1:] for row in silver("identity_map", "distinct_id", "person_id", "customer_id")} == {
        (posthogs_person("42"), 42)
    }
    rejected = {
        name: table(Lake().quarantine_path(TABLES[f"silver.{name}"]), "position", "failed_checks")
        for name in ("events", "person_distinct_ids")
    }
    assert rejected == {
        "events": sorted(
            [
                (f"posthog:{posthog[CAPTURED_EVENT]}/0/1", ["value_is_not_json"]),
                (f"posthog:{posthog[CLICKHOUSE_EVENT]}/0/2", ["properties_are_missing"]),
            ]
        ),
        "person_distinct_ids": [
            (f"posthog:{posthog[PERSON_DISTINCT_ID]}/0/4", ["value_is_not_person_distinct_id"])
        ],
    }
    compared = compare_events(LakeTables(Lake()))
    assert [(each.left, each.right, each.unexplained) for each in compared] == [(6, 2, 0), (5, 4, 0)]


def test_a_topic_that_is_missing_is_named_within_a_minute(
    stream_environment: Environment, posthog: dict[str, str]
) -> None:
    began = time.monotonic()
    refused = stream_environment.run("stream_events", POSTHOG_KAFKA_TOPICS="nowhere:clickhouse_event")
    assert time.monotonic() - began < 60
    assert refused.returncode == REFUSED
    (line,) = refused.stderr.strip().splitlines()
    assert all(word in line for word in ("no topic 'nowhere'", "POSTHOG_KAFKA_TOPICS")), line
