"""Sources of events: our own topic and, optionally, topics of a self-hosted PostHog."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.sources.events import CAPTURED_EVENT, CLICKHOUSE_EVENT, FORMATS, PERSON_DISTINCT_ID
from spark_jobs.errors import UserError
from spark_jobs.settings import Settings

# Prefix of a topic's name in bronze: PostHog's Kafka and ours may have topics of the same name.
POSTHOG = "posthog:"
# PostHog's own topics, unless its administrator has renamed them.
KNOWN_FORMATS = {
    "events_plugin_ingestion": CAPTURED_EVENT,
    "events_plugin_ingestion_historical": CAPTURED_EVENT,
    "events_plugin_ingestion_overflow": CAPTURED_EVENT,
    "clickhouse_events_json": CLICKHOUSE_EVENT,
    "clickhouse_person_distinct_id": PERSON_DISTINCT_ID,
}


@dataclass(frozen=True)
class Topic:
    """A topic, the format of its messages, and its name in bronze."""

    name: str
    format: str
    in_bronze: str


@dataclass(frozen=True)
class Source:
    """Topics of one Kafka, and the settings that name both."""

    name: str
    servers: str
    topics: tuple[Topic, ...]
    servers_setting: str
    topics_setting: str


def event_sources(settings: Settings) -> tuple[Source, ...]:
    """Return our own topic, then PostHog's if its Kafka is configured.

    Raises:
        UserError: naming the setting, when it does not determine a topic's format.
    """
    name = settings.kafka_events_topic
    own = Source(
        "own",
        settings.kafka_bootstrap_servers,
        (Topic(name, CAPTURED_EVENT, name),),
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_EVENTS_TOPIC",
    )
    servers = settings.posthog_kafka_bootstrap_servers.strip()
    if not servers:
        return (own,)
    named = [part.strip() for part in settings.posthog_kafka_topics.split(",") if part.strip()]
    topics = tuple(map(_posthog_topic, dict.fromkeys(named)))
    if not topics:
        raise UserError("POSTHOG_KAFKA_TOPICS names no topic. Without a PostHog, leave its servers empty.")
    return (
        own,
        Source("posthog", servers, topics, "POSTHOG_KAFKA_BOOTSTRAP_SERVERS", "POSTHOG_KAFKA_TOPICS"),
    )


def _posthog_topic(text: str) -> Topic:
    """Parse a topic from the setting: `clickhouse_events_json`, or `<any name>:<format>`."""
    name, _, said = text.partition(":")
    kind = said or KNOWN_FORMATS.get(name, "")
    if kind not in FORMATS:
        raise UserError(
            f"POSTHOG_KAFKA_TOPICS does not say how {text!r} is written. Next: write it as"
            f" {name}:<format>, the format one of {', '.join(FORMATS)}."
        )
    return Topic(name, kind, f"{POSTHOG}{name}")
