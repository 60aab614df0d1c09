"""A batch from parsed events to Kafka and a verdict on each event, without a wire format."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError
from msgspec import Raw

from gateway.batch import Batch, Event, Outcome, Rejected
from gateway.capture import SLICE
from gateway.errors import BadEvent, Refused
from tests.gateway.asgi import TOKEN, Probe

UUID = "01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1"


def event(**changes: Any) -> Event:
    stated = {"uuid": UUID, "name": "Product Viewed", "distinct_id": "user-1", "timestamp": None}
    return Event(raw=Raw(b"{}"), data="{}", **{**stated, **changes})


def publish(gateway: Probe, events: Iterable[Event | Rejected]) -> Outcome:
    batch = Batch(TOKEN, None, False, 1, events)
    return asyncio.run(gateway.app._capture.publish(batch, "203.0.113.7"))


def test_each_event_has_its_verdict_in_the_order_of_the_batch(gateway: Probe) -> None:
    too_big = event(uuid="too big", name="\\" * 1_500_000)
    refused = Rejected(Raw(b"7"), BadEvent("not_an_event"), "refused")
    outcome = publish(gateway, [too_big, event(), refused])
    reasons = [(each.uuid, each.rejection and each.rejection.reason) for each in outcome.verdicts]
    assert reasons == [("too big", "event_too_big"), (UUID, None), ("refused", "not_an_event")]
    assert [error.reason for error in outcome.rejections] == ["event_too_big", "not_an_event"]
    assert gateway.the_event().envelope["uuid"] == UUID
    dead = [(each.envelope["uuid"], each.headers["dlq_reason"]) for each in gateway.dead_letters()]
    assert dead == [("too big", "event_too_big"), ("refused", "not_an_event")]


def test_an_event_without_an_id_gets_one(gateway: Probe) -> None:
    publish(gateway, [event(uuid=None), event(uuid=None)])
    first, second = (each.envelope["uuid"] for each in gateway.events())
    assert len(first) == len(second) == len(UUID)
    assert first != second


def test_no_more_than_a_slice_of_messages_is_made_at_once(gateway: Probe) -> None:
    produced: list[int] = []

    def events() -> Iterator[Event]:
        for _ in range(2 * SLICE + 1):
            produced.append(len(gateway.sink.messages))
            yield event()

    publish(gateway, events())
    assert [produced[0], produced[SLICE - 1], produced[SLICE], produced[-1]] == [0, 0, SLICE, 2 * SLICE]
    assert len(gateway.events()) == 2 * SLICE + 1


def test_without_an_acknowledgement_there_is_no_outcome(gateway: Probe) -> None:
    gateway.sink.error = KafkaError(KafkaError._MSG_TIMED_OUT)
    with pytest.raises(Refused, match="please retry"):
        publish(gateway, [event()])
