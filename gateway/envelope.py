"""PostHog's `CapturedEvent`, the form in which events are written to a topic: value, key and headers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from gateway.batch import Batch, Event, Rejected
from gateway.errors import BadEvent
from gateway.settings import GatewaySettings
from gateway.timestamps import EPOCH, event_time, iso
from gateway.uuids import uuid7

# The limit of the broker (kafka/server.properties), less room for key, headers and framing.
MAX_MESSAGE_BYTES = 2_097_152
MAX_VALUE_BYTES = MAX_MESSAGE_BYTES - 8_192
MAX_HEADER_CHARACTERS = 200

Headers = list[tuple[str, bytes | str | None]]
_encode = msgspec.json.Encoder().encode
_MILLISECOND = timedelta(milliseconds=1)


class Captured(msgspec.Struct):
    """The envelope. `data` is the event as sent: JSON inside a JSON string."""

    uuid: str
    distinct_id: str
    ip: str
    data: str
    now: str
    sent_at: str | UnsetType
    token: str
    event: str
    timestamp: str
    is_cookieless_mode: bool | UnsetType = UNSET
    historical_migration: bool | UnsetType = UNSET


class Message(NamedTuple):
    """A message for Kafka."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


class Context(msgspec.Struct, frozen=True):
    """The values that all messages of one request share; times also as text, for the envelope."""

    settings: GatewaySettings
    token: str
    ip: str
    now: datetime
    now_text: str
    sent_at: datetime | None
    sent_at_text: str | UnsetType
    is_historical: bool

    @classmethod
    def of(cls, batch: Batch, settings: GatewaySettings, ip: str, now: datetime) -> Context:
        """Return the context of a batch that came from the address `ip` and was received at `now`."""
        return cls(
            settings,
            batch.token,
            ip,
            now,
            iso(now),
            batch.sent_at,
            UNSET if batch.sent_at is None else iso(batch.sent_at),
            batch.is_historical,
        )


def message(context: Context, event: Event) -> Message:
    """Put an event into its envelope, with its uuid, its corrected time, its topic and its key.

    Raises:
        BadEvent: if the message is larger than Kafka accepts.
    """
    ip = "127.0.0.1" if event.is_internal else context.ip
    sent_at = None if event.ignores_sent_at else context.sent_at
    moment = event_time(event.timestamp, event.offset, sent_at, context.now)
    captured = Captured(
        event.uuid or uuid7(),
        event.distinct_id,
        ip,
        event.data,
        context.now_text,
        context.sent_at_text,
        context.token,
        event.name,
        iso(moment),
        True if event.is_cookieless else UNSET,
        True if context.is_historical else UNSET,
    )
    value = _encode(captured)
    if len(value) > MAX_VALUE_BYTES:
        raise BadEvent("event_too_big", 413)
    headers = _headers(context, captured, moment, event.session_id)
    key = f"{context.token}:{ip if event.is_cookieless else event.distinct_id}".encode()
    return Message(topic(context, event.name), key, value, headers)


def topic(context: Context, event: str) -> str:
    """Return the topic of an event, which depends on its name and on whether the batch is historical."""
    settings = context.settings
    if event.startswith("$"):
        special = (
            settings.kafka_exceptions_topic
            if event == "$exception"
            else settings.kafka_heatmaps_topic
            if event == "$$heatmap"
            else settings.kafka_ai_topic
            if event.startswith("$ai_")
            else ""
        )
        if special:
            return special
    return (context.is_historical and settings.kafka_historical_topic) or settings.kafka_events_topic


def dead_letter(context: Context, rejected: Rejected) -> Message:
    """Put an event that cannot be kept into an envelope, cut to the size that Kafka accepts."""
    raw = bytes(memoryview(rejected.raw))
    text = raw[: context.settings.gateway_max_event_bytes].decode(errors="replace")
    captured = Captured(
        uuid=rejected.uuid or "",
        distinct_id="",
        ip=context.ip,
        data=text,
        now=context.now_text,
        sent_at=context.sent_at_text,
        token=context.token,
        event="",
        timestamp=context.now_text,
    )
    headers = _headers(context, captured, context.now, None)
    headers += [
        ("dlq_reason", rejected.error.reason),
        ("dlq_step", "capture"),
        ("dlq_timestamp", context.now_text),
        ("dlq_original_bytes", str(len(raw))),
    ]
    value = _encode(captured)
    if len(value) > MAX_VALUE_BYTES:
        # Escaped or replaced characters take more room than they came with.
        captured.data = text[: len(text) // 4]
        value = _encode(captured)
    return Message(context.settings.kafka_dead_letter_topic, context.token.encode(), value, headers)


def _headers(context: Context, captured: Captured, moment: datetime, session_id: object) -> Headers:
    is_stated = isinstance(session_id, str) and 0 < len(session_id) <= MAX_HEADER_CHARACTERS
    return [
        ("token", context.token),
        ("distinct_id", captured.distinct_id),
        ("session_id", str(session_id) if is_stated else None),
        ("timestamp", str((moment - EPOCH) // _MILLISECOND)),
        ("event", captured.event[:MAX_HEADER_CHARACTERS]),
        ("uuid", captured.uuid),
        ("now", context.now_text),
        ("force_disable_person_processing", None),
        ("historical_migration", "true" if context.is_historical else None),
    ]
