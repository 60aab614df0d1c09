"""Delivery of events from the simulator: by PostHog's own SDK and the gateway, or directly to Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
from posthog import Posthog

from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.events.capture import Arrival, Event, to_millis
from simulator.events.topic import Topic, events_topic

# The SDK drops what does not fit into its queue, so it is never given more at once.
QUEUE = 10_000
# Few large batches, as each waits for Kafka in turn.
BATCH = 2_000
# The capture protocol replaces a time further ahead with the present.
FURTHEST_AHEAD = 23 * 3_600_000


class Outlet(Protocol):
    """A destination of events."""

    def send(self, arrivals: Iterable[Arrival]) -> int:
        """Send events in order; returns how many, once all of them are in Kafka."""


@contextmanager
def open_outlet(settings: SimulatorSettings, *, direct: bool) -> Iterator[Outlet]:
    """Open Kafka itself if `direct`, else the gateway.

    Raises:
        SimulatorError: when either cannot be reached or refuses, on opening or while sending.
    """
    with events_topic(settings) as topic:
        if direct:
            yield topic
            return
        gateway = Gateway(settings, topic)
        try:
            gateway.require_readiness()
            yield gateway
        finally:
            gateway.close()


class Gateway:
    """The gateway, through PostHog's Python SDK.

    Messages that no SDK sends bypass it into the topic: broken ones, which the gateway would refuse (they
    come from other writers of the topic), and events of devices with a wrong clock, as the SDK has only this
    machine's.
    """

    def __init__(self, settings: SimulatorSettings, topic: Topic) -> None:
        self._address, self._topic = settings.gateway_address, topic
        self._refused: list[Exception] = []
        self._sending: Event | None = None
        self._client = Posthog(
            settings.project_token,
            host=self._address,
            flush_at=BATCH,
            max_queue_size=QUEUE,
            before_send=self._as_said,
            on_error=lambda error, _: self._refused.append(error),
        )

    def require_readiness(self) -> None:
        """Check that the gateway is ready; the SDK would only notice after its retries, batch by batch.

        Raises:
            SimulatorError: when the gateway does not answer or has no Kafka.
        """
        try:
            httpx.get(f"{self._address}/_readiness", timeout=10).raise_for_status()
        except httpx.HTTPError as error:
            raise self._failed(str(error)) from None

    def send(self, arrivals: Iterable[Arrival]) -> int:
        """Send events in order; returns how many, once all of them are in Kafka."""
        count = waiting = 0
        latest = to_millis(datetime.now(UTC).replace(tzinfo=None)) + FURTHEST_AHEAD
        for arrival in arrivals:
            count += 1
            event = arrival.event
            if event is None or event.skew or event.at > latest:
                self._topic.put(arrival)
                continue
            self._capture(event)
            waiting += 1
            if waiting == QUEUE:
                self._flush()
                waiting = 0
        self._flush()
        self._topic.flush()
        return count

    def close(self) -> None:
        """Flush and close it."""
        self._client.shutdown()

    def _capture(self, event: Event) -> None:
        self._sending = event
        taken = self._client.capture(
            event.name,
            distinct_id=event.distinct_id,
            # The time is already correct; a slow connection to the gateway must not be subtracted.
            properties={**event.properties, "$ignore_sent_at": True},
            timestamp=datetime.fromtimestamp(event.at / 1000, UTC),
            uuid=event.uuid,
        )
        if taken != event.uuid:
            raise self._failed("the SDK dropped an event")

    def _as_said(self, message: dict[str, Any]) -> dict[str, Any]:
        """Keep the visitor's own properties, which the SDK would overwrite with this machine's system."""
        if event := self._sending:
            message["properties"] |= event.properties
            if event.person is not None:
                message["$set"] = event.person
        return message

    def _flush(self) -> None:
        self._client.flush(timeout_seconds=None)
        if self._refused:
            raise self._failed(str(self._refused[0]))

    def _failed(self, cause: str) -> SimulatorError:
        return SimulatorError(
            f"The gateway at {self._address} (GATEWAY_URL, GATEWAY_PORT) took no events: {cause}. "
            "Is it running? Try: make status"
        )
