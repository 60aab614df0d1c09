"""Read events from Kafka and send them to PostHog: at least once, in the order of each partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import httpx
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from gateway.mirror import metrics
from gateway.mirror.events import Event, NotAnEvent, forwarded, historical_before
from gateway.mirror.posthog import Interrupted, PostHog
from gateway.settings import GatewaySettings
from gateway.sink import producer_settings

log = structlog.get_logger("mirror")

POLL_SECONDS = 0.5
MAX_BATCH_BYTES = 5 << 20


class Mirror:
    """A consumer of the mirror's group. `pause` waits the given seconds; it returns False to stop."""

    def __init__(self, settings: GatewaySettings, pause: Callable[[float], bool]) -> None:
        self._settings, self._pause = settings, pause
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "group.id": settings.mirror_group,
                "client.id": "shoplake-mirror",
                "enable.auto.commit": False,
                # How long the partitions of a killed mirror stay unassigned.
                "session.timeout.ms": 10_000,
                "heartbeat.interval.ms": 3_000,
                "auto.offset.reset": "earliest",
            }
        )
        self._producer = Producer({**producer_settings(settings), "message.timeout.ms": 60_000})
        self._posthog = PostHog(settings.mirror_host, settings.mirror_token, self._wait, httpx.Client())

    def run(self) -> None:
        """Forward until `pause` returns False."""
        topics = [name for name in self._settings.topics if name != self._settings.kafka_dead_letter_topic]
        self._consumer.subscribe(topics)
        try:
            while self._pause(0):
                self._forward(self._consumer.consume(self._settings.mirror_batch_events, POLL_SECONDS))
        except Interrupted:
            log.info("interrupted")
        finally:
            self._consumer.close()

    def _forward(self, messages: Sequence[Message]) -> None:
        found = [message for message in messages if self._is_message(message)]
        for batch in _of_a_size(found):
            self._send(batch)
            self._commit(batch)
        metrics.LAG.set(self._lag())

    def _commit(self, batch: Sequence[Message]) -> None:
        newest = {(message.topic(), message.partition()): message for message in batch}
        for message in newest.values():
            self._consumer.commit(message=message, asynchronous=False)

    @staticmethod
    def _is_message(message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() != KafkaError._PARTITION_EOF:
            log.warning("kafka", error=error.name())
        return False

    def _send(self, batch: Sequence[Message]) -> None:
        before = historical_before(datetime.now(UTC), self._settings.mirror_historical_hours)
        read: list[tuple[Message, Event]] = []
        for message in batch:
            try:
                read.append((message, forwarded(message.value(), before)))
            except NotAnEvent:
                self._bury(message, "not_an_event")
        for is_historical in (True, False):
            some = [each for each in read if each[1].is_historical is is_historical]
            refusals = self._posthog.send([event.body for _, event in some], is_historical)
            for refusal in refusals:
                self._bury(some[refusal.place][0], f"posthog_{refusal.status}")
            metrics.EVENTS.inc(len(some) - len(refusals))
        if self._producer.flush(60):
            raise KafkaException("dead letters could not be written")

    def _bury(self, message: Message, reason: str) -> None:
        metrics.DEAD_LETTERS.labels(reason).inc()
        headers = [
            *(message.headers() or []),
            ("dlq_reason", reason),
            ("dlq_step", "mirror"),
            ("dlq_timestamp", datetime.now(UTC).isoformat()),
        ]
        self._producer.produce(
            self._settings.mirror_dead_letter_topic, message.value(), message.key(), headers=headers
        )

    def _wait(self, seconds: float) -> bool:
        """Wait but keep polling, because a consumer that does not poll is removed from its group."""
        assigned = self._consumer.assignment()
        self._consumer.pause(assigned)
        goes_on = True
        while seconds > 0 and goes_on:
            goes_on = self._pause(min(seconds, POLL_SECONDS))
            self._consumer.poll(0)
            seconds -= POLL_SECONDS
        if assigned:
            self._consumer.resume(self._consumer.assignment())
        return goes_on

    def _lag(self) -> int:
        total = 0
        for place in self._consumer.position(self._consumer.assignment()):
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            if end > 0:
                total += end - max(place.offset, 0)
        return total


def _of_a_size(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Split messages into batches that PostHog accepts in one request."""
    batch: list[Message] = []
    size = 0
    for message in messages:
        length = len(message)
        if batch and size + length > MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
