"""Take a batch to Kafka: one path for both wire formats, from parsed events to acknowledged messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from gateway import metrics
from gateway.batch import Batch, Event, Outcome, Rejected, Verdict
from gateway.envelope import Context, Message, dead_letter, message
from gateway.errors import BadEvent
from gateway.settings import GatewaySettings
from gateway.sink import Delivery, Sink

# Messages made in one go. Between slices other requests get their turn, and memory stays bounded.
SLICE = 500

T = TypeVar("T")


class Capture:
    """Publishes batches to one sink."""

    def __init__(self, settings: GatewaySettings, sink: Sink) -> None:
        self._settings, self._sink = settings, sink

    async def publish(self, batch: Batch, ip: str) -> Outcome:
        """Write every event of a batch to its topic, rejected ones as dead letters, and await Kafka.

        Raises:
            Refused: 503 if Kafka has not acknowledged all messages in time.
        """
        context = Context.of(batch, self._settings, ip, _received_now())
        delivery = Delivery(self._sink)
        verdicts: list[Verdict] = []
        for events in _slices(batch.events):
            messages = []
            for event in events:
                stamped, verdict = _stamped(context, event)
                messages.append(stamped)
                verdicts.append(verdict)
            await delivery.send(messages)
        await delivery.acknowledged()
        outcome = Outcome(tuple(verdicts))
        metrics.EVENTS.inc(len(verdicts) - len(outcome.rejections))
        return outcome


def _stamped(context: Context, event: Event | Rejected) -> tuple[Message, Verdict]:
    if isinstance(event, Event):
        try:
            return message(context, event), Verdict(event.uuid, None)
        except BadEvent as error:
            event = Rejected(event.raw, error, event.uuid)
    metrics.DEAD_LETTERS.labels(event.error.reason).inc()
    return dead_letter(context, event), Verdict(event.uuid, event.error)


def _slices(events: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(events)
    while some := list(islice(remaining, SLICE)):
        yield some


def _received_now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
