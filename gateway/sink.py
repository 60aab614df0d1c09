"""Kafka, written so that an answer can wait for the brokers' acknowledgement and for nothing else.

Everything happens on the event loop: while messages wait, a timer polls the client every millisecond, and
acknowledgements arrive as callbacks on that same thread. No locks, no thread that fights for the interpreter.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from gateway import metrics
from gateway.envelope import MAX_MESSAGE_BYTES, Message
from gateway.errors import unavailable
from gateway.settings import GatewaySettings

log = structlog.get_logger("gateway.kafka")

BUSY_POLL_SECONDS = 0.001
IDLE_POLL_SECONDS = 0.25
READY_SECONDS = 2.0
GRACE_SECONDS = 2.0
# What a message costs in the client beside its value.
MESSAGE_OVERHEAD = 512


def producer_settings(settings: GatewaySettings) -> dict[str, str | int | bool]:
    """Of the Kafka client: every replica acknowledges, nothing doubled by its own retries."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": "shoplake-gateway",
        "enable.idempotence": True,
        "acks": "all",
        # The partitioner of PostHog and of Kafka's Java client: a person's events stay in one partition.
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": settings.kafka_linger_ms,
        "message.timeout.ms": round(settings.gateway_ack_seconds * 1000),
        "message.max.bytes": MAX_MESSAGE_BYTES,
        # Twice what we let wait, so that only our own limit is ever met.
        "queue.buffering.max.kbytes": max(2 * settings.gateway_max_queue_bytes // 1024, 4096),
        "queue.buffering.max.messages": 1_000_000,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "topic.metadata.refresh.interval.ms": 30_000,
        "topic.metadata.propagation.max.ms": 1_000,
    }


class Delivery:
    """The messages of one request on their way."""

    __slots__ = ("_began", "_future", "_open", "_sealed", "_sink", "error")

    def __init__(self, sink: Sink) -> None:
        self._sink, self._open, self._sealed, self._began = sink, 0, False, time.monotonic()
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.error: KafkaError | None = None

    async def send(self, messages: Sequence[Message]) -> None:
        """Hand messages to the client as soon as there is room.

        Raises:
            Refused: 503 when there is no room for too long.
        """
        if self._open:
            # A large request lets the others have their turn.
            await asyncio.sleep(0)
        size = sum(len(message.value) for message in messages) + MESSAGE_OVERHEAD * len(messages)
        await self._sink.room(size)
        self._sink.produce(messages, self)

    async def acknowledged(self) -> None:
        """Return when all brokers have everything.

        Raises:
            Refused: 503 when they have not, or not in time.
        """
        self._sealed = True
        if self._open:
            try:
                async with asyncio.timeout(self._sink.patience):
                    await self._future
            except TimeoutError:
                raise unavailable("transient error, please retry") from None
        if self.error is not None:
            raise unavailable("transient error, please retry")
        metrics.ACKNOWLEDGE_SECONDS.observe(time.monotonic() - self._began)

    def opened(self) -> None:
        """One more message is under way."""
        self._open += 1

    def closed(self, error: KafkaError | None) -> None:
        """One message less; `error` says why it did not arrive."""
        self._open -= 1
        if error is not None:
            self.error = error
        if self._sealed and not self._open and not self._future.done():
            self._future.set_result(None)


class Sink:
    """The Kafka client of one process."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._limit = settings.gateway_max_queue_bytes
        self._waiting_bytes = 0
        self._waiting = 0
        self._room = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._is_busy = False
        self._is_broken = False
        self._is_down = False
        self._ready_until = 0.0
        self._probe: asyncio.Task[str | None] | None = None
        self.patience = settings.gateway_ack_seconds + GRACE_SECONDS

    def start(self) -> None:
        """Begin; brokers may be away, they are looked for until they come."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._connect()
        self._pump()

    def _connect(self) -> Producer:
        return Producer({**producer_settings(self._settings), "error_cb": self._on_error}, logger=_CLIENT_LOG)

    @property
    def waiting(self) -> int:
        """Messages not yet acknowledged."""
        return self._waiting

    @property
    def waiting_bytes(self) -> int:
        """Their size."""
        return self._waiting_bytes

    async def room(self, size: int) -> None:
        """Return when `size` bytes may be added. One request alone always has room.

        Raises:
            Refused: 503 after the time in which Kafka must acknowledge.
        """
        if not self._waiting_bytes or self._waiting_bytes + size <= self._limit:
            return
        try:
            async with asyncio.timeout(self._settings.gateway_ack_seconds):
                while self._waiting_bytes and self._waiting_bytes + size > self._limit:
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise unavailable("too much is waiting for Kafka, please retry") from None

    def produce(self, messages: Sequence[Message], delivery: Delivery) -> None:
        """Hand messages to the client.

        Raises:
            Refused: 503 when it does not take them.
        """
        producer = self._producer
        for topic, key, value, headers in messages:
            size = len(value) + MESSAGE_OVERHEAD

            def done(error: KafkaError | None, _: object, size: int = size) -> None:
                self._waiting -= 1
                self._waiting_bytes -= size
                if error is None:
                    self._is_down = False
                delivery.closed(error)

            try:
                producer.produce(topic, value, key, on_delivery=done, headers=headers)
            except (BufferError, KafkaException) as error:
                log.warning("kafka_refused", error=str(error))
                raise unavailable("transient error, please retry") from None
            self._waiting += 1
            self._waiting_bytes += size
            delivery.opened()
        if not self._is_busy:
            self._schedule(BUSY_POLL_SECONDS)

    def _schedule(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._is_busy = seconds == BUSY_POLL_SECONDS
        self._timer = self._loop.call_later(seconds, self._pump)

    def _pump(self) -> None:
        if self._producer.poll(0) and not self._room.is_set():
            self._room.set()
        if self._is_broken:
            self._replace()
        self._schedule(BUSY_POLL_SECONDS if self._waiting else IDLE_POLL_SECONDS)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._is_broken = True
            log.error("kafka_client_failed", error=error.name())
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            if not self._is_down:
                log.warning("kafka_is_away", brokers=self._settings.kafka_bootstrap_servers)
            self._is_down = True
            self._ready_until = 0.0

    def _replace(self) -> None:
        """After a fatal error a client takes nothing more: what waits fails, a new one begins."""
        self._is_broken = False
        self._producer.purge()
        self._producer.poll(0)
        self._producer = self._connect()
        log.warning("kafka_client_replaced")

    async def problem(self) -> str | None:
        """Why events cannot be taken now; null when they can. Asked of the brokers every two seconds."""
        if time.monotonic() < self._ready_until:
            return None
        if self._probe is None or self._probe.done():
            self._probe = asyncio.ensure_future(asyncio.to_thread(self._look))
        found = await asyncio.shield(self._probe)
        if found is None:
            self._ready_until = time.monotonic() + READY_SECONDS
        return found

    def _look(self) -> str | None:
        try:
            present = self._producer.list_topics(timeout=READY_SECONDS).topics
        except KafkaException as error:
            return (
                f"Kafka at {self._settings.kafka_bootstrap_servers} does not answer: {error.args[0].name()}"
            )
        missing = [name for name in self._settings.topics if name not in present]
        return f"Kafka has no topic {', '.join(missing)}" if missing else None

    async def stop(self, seconds: float) -> int:
        """Wait until nothing waits any more, at most so long; returns how many messages are left."""
        deadline = time.monotonic() + seconds
        while self._waiting and time.monotonic() < deadline:
            await asyncio.sleep(BUSY_POLL_SECONDS * 5)
        if self._timer is not None:
            self._timer.cancel()
        return self._waiting


_CLIENT_LOG = metrics.client_logger()
