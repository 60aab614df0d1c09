"""The topics that are read, and the error of an ambiguous setting."""

from __future__ import annotations

import pytest

from contracts.sources.events import CAPTURED_EVENT, CLICKHOUSE_EVENT, PERSON_DISTINCT_ID
from spark_jobs.errors import UserError
from spark_jobs.settings import Settings
from spark_jobs.sources.event_topics import Topic, event_sources


def configured(**values: str) -> Settings:
    passwords = (f"{name}_password" for name in ("shop_mysql", "warehouse_loader", "warehouse_reader"))
    return Settings.model_validate(dict.fromkeys(("pseudonym_key", *passwords), "x") | values)


def test_without_a_posthog_there_is_our_own_topic_only() -> None:
    (own,) = event_sources(configured(kafka_events_topic="t", posthog_kafka_bootstrap_servers=" "))
    assert own.topics == (Topic("t", CAPTURED_EVENT, "t"),)


def test_posthogs_topics_are_told_from_ours_of_the_same_name() -> None:
    named = "events_plugin_ingestion, clickhouse_events_json,clickhouse_person_distinct_id,,"
    own, posthog = event_sources(
        configured(posthog_kafka_bootstrap_servers="ph:9092", posthog_kafka_topics=named)
    )
    assert own.topics[0].in_bronze == "events_plugin_ingestion"
    assert posthog.servers == "ph:9092"
    assert [(each.name, each.format, each.in_bronze) for each in posthog.topics] == [
        ("events_plugin_ingestion", CAPTURED_EVENT, "posthog:events_plugin_ingestion"),
        ("clickhouse_events_json", CLICKHOUSE_EVENT, "posthog:clickhouse_events_json"),
        ("clickhouse_person_distinct_id", PERSON_DISTINCT_ID, "posthog:clickhouse_person_distinct_id"),
    ]


def test_a_topic_of_any_name_is_written_with_its_format() -> None:
    named = "prod_clickhouse_events_json:clickhouse_event"
    _, posthog = event_sources(configured(posthog_kafka_bootstrap_servers="k:1", posthog_kafka_topics=named))
    assert [(each.name, each.format) for each in posthog.topics] == [
        ("prod_clickhouse_events_json", CLICKHOUSE_EVENT)
    ]


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ("prod_events", r"POSTHOG_KAFKA_TOPICS .*'prod_events'.*prod_events:<format>.*clickhouse_event"),
        ("prod_events:json", r"'prod_events:json'"),
        (" , ", r"POSTHOG_KAFKA_TOPICS names no topic"),
    ],
)
def test_a_topic_whose_format_nobody_knows_is_one_clear_line(topics: str, words: str) -> None:
    config = configured(posthog_kafka_bootstrap_servers="k:1", posthog_kafka_topics=topics)
    with pytest.raises(UserError, match=words) as caught:
        event_sources(config)
    assert "\n" not in str(caught.value)
