"""Delivery of events: dead letters and the mirror's lag, queried from Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gateway.settings import GatewaySettings

SECONDS = 5.0


@dataclass(frozen=True)
class EventsReport:
    """Messages in the dead-letter topics, and the mirror's backlog; null if the mirror is off."""

    dead_letters: int
    mirror_lag: int | None
    mirror_dead_letters: int


def events_report(settings: GatewaySettings) -> EventsReport | None:
    """Return the present report; null when Kafka does not answer."""
    try:
        with _consumer(settings) as consumer:
            topics = consumer.list_topics(timeout=SECONDS).topics

            def places(name: str) -> list[TopicPartition]:
                return (
                    [TopicPartition(name, number) for number in topics[name].partitions]
                    if name in topics
                    else []
                )

            mirrored = [name for name in settings.topics if name != settings.kafka_dead_letter_topic]
            return EventsReport(
                _kept(consumer, places(settings.kafka_dead_letter_topic)),
                _lag(consumer, [place for name in mirrored for place in places(name)])
                if settings.mirrors
                else None,
                _kept(consumer, places(settings.mirror_dead_letter_topic)),
            )
    except KafkaException:
        return None


@contextmanager
def _consumer(settings: GatewaySettings) -> Iterator[Consumer]:
    # It reads the offsets that the mirror's group has committed, without joining the group.
    options = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "group.id": settings.mirror_group,
        "enable.auto.commit": False,
        "log_level": 0,
    }
    with closing(Consumer(options)) as consumer:
        yield consumer


def _kept(consumer: Consumer, places: list[TopicPartition]) -> int:
    ends = [consumer.get_watermark_offsets(place, SECONDS) for place in places]
    return sum(high - low for low, high in ends)


def _lag(consumer: Consumer, places: list[TopicPartition]) -> int:
    total = 0
    for place in consumer.committed(places, SECONDS):
        low, high = consumer.get_watermark_offsets(place, SECONDS)
        total += high - max(place.offset, low)
    return total
