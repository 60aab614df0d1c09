"""Writing messages to the events topic."""

from __future__ import annotations

from collections.abc import Iterable

from kafka import KafkaProducer
from kafka.errors import KafkaError

from simulator.capture import Message
from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError


def produce(settings: SimulatorSettings, messages: Iterable[Message]) -> int:
    """Send the messages in their order; returns how many, once the broker has acknowledged all of them."""
    servers, topic = settings.kafka_bootstrap_servers, settings.kafka_events_topic
    failures: list[Exception] = []
    count = 0
    try:
        # Compressed batches are small, which matters more than it seems: the client's checksum is plain Python.
        producer = KafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=100, batch_size=512 * 1024,
                                 compression_type="gzip", max_block_ms=30_000)  # fmt: skip
        try:
            for message in messages:
                sent = producer.send(topic, key=message.key, value=message.value, headers=message.headers)
                sent.add_errback(failures.append)
                count += 1
            producer.flush(timeout=60)
        finally:
            producer.close(timeout=10)
    except KafkaError as error:
        raise _failed(servers, topic, error) from error
    if failures:
        raise _failed(servers, topic, failures[0])
    return count


def _failed(servers: str, topic: str, error: Exception) -> SimulatorError:
    return SimulatorError(
        f"Kafka at {servers} (KAFKA_BOOTSTRAP_SERVERS) did not take events into topic {topic} (KAFKA_EVENTS_TOPIC): "
        f"{type(error).__name__}. Is it running? Try: make status"
    )
