"""Split a JSON body into events and check each one, the same way for both wire formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from gateway.errors import BadEvent, Refused, too_large, unparseable
from gateway.malformed_json import check_limits, split_by_brackets, with_whole_characters

# Bounds the memory that the values of one body can take up as Python objects.
MAX_VALUES = 2_000_000
# What msgspec raises for text that it cannot decode.
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

T = TypeVar("T")


class Body(Struct, frozen=True):
    """The events of a body as sent, and what the body states about all of them."""

    events: list[Raw]
    token: str | None = None
    sent_at: datetime | None = None
    is_historical: bool = False
    is_internal: bool = False


def split_body(
    json: bytes, parse: Callable[[bytes], Body], max_events: int, *, unreadable: str, empty: str
) -> Body:
    """Split a body into its 1 to `max_events` events, repairing it if necessary.

    `unreadable` and `empty` are the texts of the refusals.

    Raises:
        Refused: 400 if the body cannot be read or holds no event, 413 if it holds too many events or values.
    """
    if json.count(b",") > MAX_VALUES:
        raise too_large(f"payload holds more than {MAX_VALUES} values")
    body = decoded(parse, json)
    if body is None:
        body = _repaired(with_whole_characters(json), parse)
    if body is None:
        raise unparseable(unreadable)
    if not body.events:
        raise Refused(400, "empty_batch", empty)
    if len(body.events) > max_events:
        raise too_large(f"batch holds more than {max_events} events")
    return body


def _repaired(json: bytes, parse: Callable[[bytes], Body]) -> Body | None:
    body = decoded(parse, json)
    if body is not None:
        return body
    split = split_by_brackets(json)
    body = decoded(parse, split.rest) if split else None
    return replace(body, events=[Raw(event) for event in split.events]) if split and body else None


def decoded(decode: Callable[[bytes], T], json: bytes) -> T | None:
    """Return what `decode` makes of the text, or None if the text is not JSON of the expected shape."""
    try:
        return decode(json)
    except UNREADABLE:
        return None


def check_size(size: int, limit: int) -> None:
    """Check that an event of `size` bytes is not larger than the limit.

    Raises:
        BadEvent: if it is.
    """
    if size > limit:
        raise BadEvent("event_too_big", 413)


def checked(json: bytes, event: T | None, otherwise: str) -> T:
    """Return a decoded event if its text keeps the limits of nesting and names.

    Raises:
        BadEvent: if it does not, or with the reason `otherwise` if the text could not be decoded.
    """
    check_limits(json, is_json=event is not None)
    if event is None:
        raise BadEvent(otherwise)
    return event
