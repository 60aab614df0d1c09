"""PostHog's `CapturedEvent`, the one form in which events lie on a topic: value, key and headers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from gateway.errors import BadEvent
from gateway.settings import GatewaySettings
from gateway.timestamps import EPOCH, iso

# What the broker takes (kafka/server.properties), less room for key, headers and framing.
MAX_MESSAGE_BYTES = 2_097_152
MAX_VALUE_BYTES = MAX_MESSAGE_BYTES - 8_192
MAX_HEADER_CHARACTERS = 200

Headers = list[tuple[str, bytes | str | None]]
_encode = msgspec.json.Encoder().encode
_MILLISECOND = timedelta(milliseconds=1)


class Captured(msgspec.Struct):
    """The envelope. `data` is the event as it was sent, JSON inside a text."""

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
    """What goes to Kafka."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(slots=True)
class Context:
    """What the events of one request have in common; `sent_at` is the sender's clock, if stated."""

    settings: GatewaySettings
    token: str
    ip: str
    now: datetime
    sent_at: datetime | None = None
    is_historical: bool = False
    now_text: str = ""
    sent_at_text: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        self.now_text = iso(self.now)
        if self.sent_at is not None:
            self.sent_at_text = iso(self.sent_at)


def received_now() -> datetime:
    """The moment of receipt, UTC, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def message(  # noqa: PLR0913 - what an envelope holds
    context: Context,
    *,
    uuid: str,
    event: str,
    distinct_id: str,
    moment: datetime,
    data: str,
    session_id: object = None,
    is_cookieless: bool = False,
    is_internal: bool = False,
) -> Message:
    """An event as a Kafka message.

    Raises:
        BadEvent: when the message is larger than Kafka takes.
    """
    ip = "127.0.0.1" if is_internal else context.ip
    captured = Captured(
        uuid,
        distinct_id,
        ip,
        data,
        context.now_text,
        context.sent_at_text,
        context.token,
        event,
        iso(moment),
        True if is_cookieless else UNSET,
        True if context.is_historical else UNSET,
    )
    value = _encode(captured)
    if len(value) > MAX_VALUE_BYTES:
        raise BadEvent("event_too_big", 413)
    headers = _headers(context, captured, moment, session_id)
    key = f"{context.token}:{ip if is_cookieless else distinct_id}".encode()
    return Message(topic(context, event), key, value, headers)


def topic(context: Context, event: str) -> str:
    """Where an event goes by its name and its age."""
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


def dead_letter(context: Context, raw: bytes, reason: str, **known: str) -> Message:
    """What could not be kept as an event, in the same envelope as far as it is known, cut to Kafka's size."""
    text = raw[: context.settings.gateway_max_event_bytes].decode(errors="replace")
    captured = Captured(
        known.get("uuid", ""),
        known.get("distinct_id", "")[:MAX_HEADER_CHARACTERS],
        context.ip,
        text,
        context.now_text,
        context.sent_at_text,
        context.token,
        known.get("event", "")[:MAX_HEADER_CHARACTERS],
        context.now_text,
    )
    headers = _headers(context, captured, context.now, None)
    headers += [
        ("dlq_reason", reason),
        ("dlq_step", "capture"),
        ("dlq_timestamp", context.now_text),
        ("dlq_original_bytes", str(len(raw))),
    ]
    value = _encode(captured)
    if len(value) > MAX_VALUE_BYTES:
        # Escaped or replaced characters need more room than they came with.
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


def uuid7() -> str:
    """A UUID of version 7: milliseconds, then chance."""
    number = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
