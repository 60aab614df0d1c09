"""Writing messages to the events topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from kafka.errors import KafkaError

from kafka import KafkaProducer  # type: ignore[attr-defined]  # mypy takes the folder kafka/ for it
from simulator.capture import Message
from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError


class Topic:
    """The events topic of a broker."""

    def __init__(self, producer: KafkaProducer, settings: SimulatorSettings) -> None:
        self._producer, self._settings = producer, settings

    def send(self, messages: Iterable[Message]) -> int:
        """Send the messages in order; returns how many, once the broker has acknowledged them all."""
        topic = self._settings.kafka_events_topic
        failures: list[Exception] = []
        count = 0
        for message in messages:
            sent = self._producer.send(topic, key=message.key, value=message.value, headers=message.headers)
            sent.add_errback(failures.append)
            count += 1
        self._producer.flush(timeout=60)
        if failures:
            raise _failed(self._settings, failures[0])
        return count


@contextmanager
def events_topic(settings: SimulatorSettings) -> Iterator[Topic]:
    """The configured topic, open for writing.

    Raises:
        SimulatorError: when the broker cannot be reached or refuses, there or while sending.
    """
    try:
        producer = KafkaProducer(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            acks="all",
            linger_ms=50,
            batch_size=512 * 1024,
            compression_type="zstd",  # small batches matter: the client's checksum is plain Python
            max_block_ms=30_000,
        )
        try:
            yield Topic(producer, settings)
        finally:
            producer.close(timeout=10)
    except KafkaError as error:
        raise _failed(settings, error) from error


def _failed(settings: SimulatorSettings, error: Exception) -> SimulatorError:
    return SimulatorError(
        f"Kafka at {settings.kafka_bootstrap_servers} (KAFKA_BOOTSTRAP_SERVERS) took no events "
        f"into topic {settings.kafka_events_topic} (KAFKA_EVENTS_TOPIC): {type(error).__name__}. "
        "Is it running? Try: make status"
    )
