"""Write messages to the events topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException, Message, Producer

from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.events.capture import Arrival, message

ANSWER_SECONDS = 15.0


class Topic:
    """The events topic of a broker."""

    def __init__(self, producer: Producer, settings: SimulatorSettings) -> None:
        self._producer, self._settings = producer, settings
        self._failures: list[object] = []

    def put(self, arrival: Arrival) -> None:
        """Queue the message that the capture service would write."""
        made = message(arrival, self._settings.project_token)
        self._producer.poll(0)
        topic = self._settings.kafka_events_topic
        self._producer.produce(topic, made.value, made.key, headers=made.headers, on_delivery=self._note)

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything.

        Raises:
            SimulatorError: when it has not.
        """
        left = self._producer.flush(60)
        if left or self._failures:
            raise _failed(self._settings, self._failures[0] if self._failures else "no answer")

    def send(self, arrivals: Iterable[Arrival]) -> int:
        """Send events in order; returns how many, once the broker has acknowledged all of them."""
        count = 0
        for arrival in arrivals:
            self.put(arrival)
            count += 1
        self.flush()
        return count

    def _note(self, error: object, _: Message) -> None:
        if error:
            self._failures.append(error)


@contextmanager
def events_topic(settings: SimulatorSettings) -> Iterator[Topic]:
    """Open the configured topic for writing.

    Raises:
        SimulatorError: when the broker cannot be reached or refuses, on opening or while sending.
    """
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "enable.idempotence": True,
            "linger.ms": 50,
            "compression.type": "zstd",
            "partitioner": "murmur2_random",  # like the gateway and every other client: one partition per id
            "queue.buffering.max.messages": 1_000_000,
            "message.timeout.ms": 50_000,
            "log_level": 0,
        }
    )
    try:
        producer.list_topics(settings.kafka_events_topic, ANSWER_SECONDS)
        yield Topic(producer, settings)
    except KafkaException as error:
        raise _failed(settings, error.args[0]) from error


def _failed(settings: SimulatorSettings, cause: object) -> SimulatorError:
    return SimulatorError(
        f"Kafka at {settings.kafka_bootstrap_servers} (KAFKA_BOOTSTRAP_SERVERS) took no events "
        f"into topic {settings.kafka_events_topic} (KAFKA_EVENTS_TOPIC): {cause}. "
        "Is it running? Try: make status"
    )
