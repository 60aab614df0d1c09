"""Write to Kafka such that a response waits for the acknowledgement of the brokers and for nothing else.

Everything happens on the event loop: while messages wait, a timer polls the client every millisecond, and
acknowledgements arrive as callbacks on the same thread. This needs no locks and no second thread that
competes for the interpreter.
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
# The memory of a message in the client, in addition to its value.
MESSAGE_OVERHEAD = 512


def producer_settings(settings: GatewaySettings) -> dict[str, str | int | bool]:
    """Return the settings of the Kafka client: all replicas acknowledge, and retries write nothing twice."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": "shoplake-gateway",
        "enable.idempotence": True,
        "acks": "all",
        # As in PostHog and in Kafka's Java client: the events of a person stay in one partition.
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": settings.kafka_linger_ms,
        "message.timeout.ms": round(settings.gateway_ack_seconds * 1000),
        "message.max.bytes": MAX_MESSAGE_BYTES,
        # Twice our own limit, so that only ours is ever reached.
        "queue.buffering.max.kbytes": max(2 * settings.gateway_max_queue_bytes // 1024, 4096),
        "queue.buffering.max.messages": 1_000_000,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "topic.metadata.refresh.interval.ms": 30_000,
        "topic.metadata.propagation.max.ms": 1_000,
    }


class Delivery:
    """The messages of one request that are on their way to Kafka."""

    __slots__ = ("_began", "_future", "_open", "_sealed", "_sink", "error")

    def __init__(self, sink: Sink) -> None:
        self._sink, self._open, self._sealed, self._began = sink, 0, False, time.monotonic()
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.error: KafkaError | None = None

    async def send(self, messages: Sequence[Message]) -> None:
        """Hand messages to the client as soon as there is room.

        Raises:
            Refused: 503 if there is no room in time.
        """
        if self._open:
            # A large request gives others a turn.
            await asyncio.sleep(0)
        size = sum(len(message.value) for message in messages) + MESSAGE_OVERHEAD * len(messages)
        await self._sink.room(size)
        self._sink.produce(messages, self)

    async def acknowledged(self) -> None:
        """Wait until the brokers have acknowledged every message.

        Raises:
            Refused: 503 if they do not, or not in time.
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
        """Count a message that was handed to the client."""
        self._open += 1

    def closed(self, error: KafkaError | None) -> None:
        """Count a message that arrived, or that failed with `error`."""
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
        """Start the client. Brokers may be down: it keeps trying to reach them."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._connect()
        self._pump()

    def _connect(self) -> Producer:
        return Producer({**producer_settings(self._settings), "error_cb": self._on_error}, logger=_CLIENT_LOG)

    @property
    def waiting(self) -> int:
        """The number of messages not yet acknowledged."""
        return self._waiting

    @property
    def waiting_bytes(self) -> int:
        """The size of the messages not yet acknowledged."""
        return self._waiting_bytes

    async def room(self, size: int) -> None:
        """Wait until `size` bytes may be added. A request on its own always has room.

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
            Refused: 503 if the client does not accept them.
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
                log.warning("kafka_unreachable", brokers=self._settings.kafka_bootstrap_servers)
            self._is_down = True
            self._ready_until = 0.0

    def _replace(self) -> None:
        """Replace the client after a fatal error, after which it accepts nothing. Waiting messages fail."""
        self._is_broken = False
        self._producer.purge()
        self._producer.poll(0)
        self._producer = self._connect()
        log.warning("kafka_client_replaced")

    async def problem(self) -> str | None:
        """Return why events cannot be accepted now, or None. Brokers are asked every two seconds at most."""
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
        """Wait up to `seconds` for outstanding messages and stop; returns how many are left."""
        deadline = time.monotonic() + seconds
        while self._waiting and time.monotonic() < deadline:
            await asyncio.sleep(BUSY_POLL_SECONDS * 5)
        if self._timer is not None:
            self._timer.cancel()
        return self._waiting


_CLIENT_LOG = metrics.client_logger()
