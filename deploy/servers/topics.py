"""The Kafka topics of the platform: created explicitly, never by their first use."""

from __future__ import annotations

from contextlib import closing

from kafka.admin import KafkaAdminClient, NewTopic

from gateway.settings import GatewaySettings

EVENT_PARTITIONS = 3


def wanted_topics(settings: GatewaySettings) -> dict[str, int]:
    """Return every topic that the gateway and its mirror write, with its number of partitions."""
    single = (settings.kafka_dead_letter_topic, settings.mirror_dead_letter_topic)
    return dict.fromkeys(settings.topics, EVENT_PARTITIONS) | dict.fromkeys(single, 1)


def admin(servers: str) -> KafkaAdminClient:
    """Return a client of the brokers, which have answered: connecting fetches their metadata."""
    return KafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=5000)


def create_topics(settings: GatewaySettings) -> None:
    """Create missing topics; existing ones stay unchanged."""
    with closing(admin(settings.kafka_bootstrap_servers)) as client:
        present = set(client.list_topics())
        missing = [
            NewTopic(name=name, num_partitions=partitions, replication_factor=1)
            for name, partitions in wanted_topics(settings).items()
            if name not in present
        ]
        if missing:
            client.create_topics(missing)
