"""Turn an envelope from a topic into an event as a backend would send it to PostHog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.timestamps import parse

# Stated once for the whole batch, or no longer true because the timestamp is already corrected.
_DROPPED = ("token", "api_key", "$token", "offset", "sent_at", "timestamp", "distinct_id", "$distinct_id")

_decode = msgspec.json.decode


class NotAnEvent(ValueError):
    """A message that is not a captured event. It becomes a dead letter."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event to forward. Historical events are sent as a migration, which PostHog does not limit."""

    body: dict[str, Any]
    is_historical: bool


def forwarded(value: bytes | None, historical_before: datetime) -> Event:
    """Return the event of a message with its own uuid, its corrected timestamp and the sender's address.

    Events before `historical_before` are historical.

    Raises:
        NotAnEvent: if the message is not a captured event.
    """
    try:
        envelope = _decode(value or b"", type=dict[str, Any])
        data = _decode(envelope["data"], type=dict[str, Any])
        uuid, distinct_id = envelope["uuid"], envelope["distinct_id"]
        name = envelope.get("event") or data["event"]
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError) as error:
        raise NotAnEvent(str(error)) from None
    if not (isinstance(uuid, str) and isinstance(distinct_id, str) and isinstance(name, str)):
        raise NotAnEvent("uuid, distinct_id and event must be texts")
    stated = envelope.get("timestamp") or data.get("timestamp") or envelope.get("now")
    properties = data.get("properties")
    properties = {
        # An address that the sender has set takes precedence.
        "$ip": envelope.get("ip"),
        **(properties if isinstance(properties, dict) else {}),
    }
    properties.pop("token", None)
    body = {
        **{key: part for key, part in data.items() if key not in _DROPPED},
        "uuid": uuid,
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": stated,
        "properties": properties,
    }
    moment = parse(stated)
    is_old = moment is not None and moment < historical_before
    return Event(body, is_old or envelope.get("historical_migration") is True)


def historical_before(now: datetime, hours: float) -> datetime:
    """Return the time before which events are historical."""
    return now - timedelta(hours=hours)
