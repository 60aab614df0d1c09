"""From the envelope on a topic to an event as a backend would send it to PostHog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.timestamps import parse

# Said once for the whole batch, or no longer true: the timestamp is corrected already.
_DROPPED = ("token", "api_key", "$token", "offset", "sent_at", "timestamp", "distinct_id", "$distinct_id")

_decode = msgspec.json.decode


class NotAnEvent(ValueError):
    """A message that is no captured event; it becomes a dead letter."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event to forward. `is_historical` events are sent as a migration, outside of PostHog's limits."""

    body: dict[str, Any]
    is_historical: bool


def forwarded(value: bytes | None, historical_before: datetime) -> Event:
    """The event of a message: its own uuid, its corrected timestamp, the address that it came from.

    Raises:
        NotAnEvent: when the message is none.
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
        # An address that the sender stated itself is its own affair.
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
    """Events before this moment are history."""
    return now - timedelta(hours=hours)
