"""The common form of a capture request: what each wire format reads, and what becomes of it.

Frozen structs of msgspec rather than dataclasses, which take ten times as long to make.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Raw, Struct

from gateway.errors import BadEvent


class Event(Struct, frozen=True):
    """An event that its wire format accepts; `data` is the JSON text that goes into the envelope.

    `timestamp` and `session_id` are as sent, so they may be of any type. `offset` is in milliseconds.
    """

    raw: Raw
    uuid: str | None
    name: str
    distinct_id: str
    timestamp: object
    data: str
    offset: int | None = None
    ignores_sent_at: bool = False
    session_id: object = None
    is_cookieless: bool = False
    is_internal: bool = False


class Rejected(Struct, frozen=True):
    """An event that cannot be kept, and why. It becomes a dead letter."""

    raw: Raw
    error: BadEvent
    uuid: str | None = None


class Batch(Struct, frozen=True):
    """The events of one request and what the request states about all of them.

    `sent_at` is the sender's clock, if stated. `events` can be read once: they are made one by one, because
    the envelopes of a large request would not fit into memory together. `received` counts all events of the
    request, including those that are left out of `events` on purpose.
    """

    token: str
    sent_at: datetime | None
    is_historical: bool
    received: int
    events: Iterable[Event | Rejected]


class Verdict(Struct, frozen=True):
    """The result for one event: acknowledged by Kafka, or rejected with a reason."""

    uuid: str | None
    rejection: BadEvent | None


class Outcome(Struct, frozen=True):
    """The verdicts on a batch, in the order of its events."""

    verdicts: tuple[Verdict, ...]

    @property
    def rejections(self) -> list[BadEvent]:
        """The reasons of all rejected events."""
        return [verdict.rejection for verdict in self.verdicts if verdict.rejection]
