"""Events as PostHog's capture service writes them to Kafka: the envelope and its faults."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

DUPLICATE_SHARE = 0.012
LATE_SHARE = 0.008
DELAYED_SHARE = 0.05
BROKEN_SHARE = 0.0015
LONGEST_DELAY = timedelta(days=4)

_EPOCH = datetime(1970, 1, 1)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `at` is the true time, milliseconds UTC; `skew` is the error of the sender's clock."""

    uuid: str
    name: str
    distinct_id: str
    at: int
    properties: dict[str, Any]
    ip: str
    skew: int = 0
    person: dict[str, Any] | None = None  # `$set` of an `$identify`


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event on arrival at the shop's platform, or a broken sender's message (`event` is null).

    `at` is the time, milliseconds UTC; `latency` the delay in milliseconds.
    """

    at: int
    event: Event | None
    latency: int = 0
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One Kafka message."""

    key: bytes | None
    value: bytes
    headers: Headers


def to_millis(moment: datetime) -> int:
    """Return the milliseconds since 1970 of a naive UTC datetime."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def iso(millis: int) -> str:
    """Format a time like JavaScript: with milliseconds and `Z`."""
    return f"{_iso_second(millis // 1000)}.{millis % 1000:03d}Z"


@lru_cache(maxsize=10_000)
def _iso_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def message(arrival: Arrival, token: str) -> Message:
    """Return the capture service's message. `timestamp` is corrected by `sent_at - now`: it is `event.at`."""
    event = arrival.event
    if event is None:
        return Message(f"{token}:nobody".encode(), arrival.broken.encode(), [("token", token.encode())])
    sent = {
        "uuid": event.uuid,
        "event": event.name,
        "properties": {"token": token, "distinct_id": event.distinct_id, **event.properties},
        "timestamp": iso(event.at - arrival.latency + event.skew),
    }
    if event.person is not None:
        sent["$set"] = event.person
    now = iso(arrival.at)
    envelope = {
        "uuid": event.uuid,
        "distinct_id": event.distinct_id,
        "ip": event.ip,
        "data": _encode(sent),
        "now": now,
        "sent_at": iso(arrival.at - arrival.latency + event.skew),
        "token": token,
        "event": event.name,
        "timestamp": iso(event.at),
    }
    headers = [
        ("token", token),
        ("distinct_id", event.distinct_id),
        ("session_id", event.properties.get("$session_id", "")),
        ("timestamp", str(event.at)),
        ("event", event.name),
        ("uuid", event.uuid),
        ("now", now),
    ]
    return Message(
        f"{token}:{event.distinct_id}".encode(),
        _encode(envelope).encode(),
        [(name, value.encode()) for name, value in headers if value],
    )


def deliver(events: Sequence[Event], until: int, rng: random.Random) -> Iterator[Arrival]:
    """Return the events in order of arrival: some late, twice or broken; none after `until`."""
    arrivals: list[tuple[int, int, int, Event | None]] = []
    for number, event in enumerate(events):
        roll = rng.random()
        latency = rng.randint(20, 400)
        if roll < LATE_SHARE:
            delay = rng.randint(3_600_000, LONGEST_DELAY // timedelta(milliseconds=1))
        elif roll < LATE_SHARE + DELAYED_SHARE:
            delay = rng.randint(3_000, 90_000)
        else:
            delay = rng.randint(0, 3_000)
        arrived = min(event.at + latency + delay, until)
        arrivals.append((arrived, number, latency, event))
        if rng.random() < DUPLICATE_SHARE:
            retried = min(arrived + rng.randint(1_000, 600_000), until)
            arrivals.append((retried, number, rng.randint(20, 400), event))
        if rng.random() < BROKEN_SHARE:
            arrivals.append((arrived, number, rng.randint(0, len(BROKEN) - 1), None))
    arrivals.sort(key=lambda arrival: arrival[:3])
    for arrived, _, extra, arriving in arrivals:
        yield Arrival(arrived, arriving, extra) if arriving else _broken(arrived, BROKEN[extra])


# Messages of a broken sender or proxy on a topic. None of these is an event.
BROKEN: tuple[dict[str, Any] | str, ...] = (
    "<html><body>502 Bad Gateway</body></html>",
    '{"uuid":"01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1","distinct_id":"cut of',
    "",
    "[]",
    {"uuid": "01a206f0-dbec-7db3-bfb3-000000000001", "distinct_id": "nobody"},
    {"distinct_id": "nobody", "data": '{"event":"$pageview","properties":{}}'},
    {
        "uuid": "01a206f0-dbec-7db3-bfb3-000000000002",
        "distinct_id": "nobody",
        "data": "not JSON",
        "event": "$pageview",
    },
)


def _broken(arrived: int, kind: dict[str, Any] | str) -> Arrival:
    text = kind if isinstance(kind, str) else json.dumps({**kind, "token": "nobody's", "now": iso(arrived)})
    return Arrival(arrived, None, broken=text)
