"""The legacy protocol, still every SDK's default: events with their token inside the body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from gateway import hostile
from gateway.envelope import Context, Message, message, uuid7
from gateway.errors import BadEvent, Refused, no_token, too_large, unparseable, wrong_token
from gateway.timestamps import event_time, from_query, parse
from gateway.tokens import canonical_uuid

MAX_DISTINCT_ID = 200
# Of a body: what its parts can weigh as Python objects is bounded by their number.
MAX_VALUES = 2_000_000
_BLANK = re.compile(rb"[ \t\r\n]*")
_EMPTY_OBJECT = b"{}"


class _Body(Struct):
    """A JSON object that may be a batch."""

    batch: Raw = Raw()
    token: object = None
    api_key: object = None
    dollar_token: object = msgspec.field(default=None, name="$token")
    sent_at: object = None
    historical_migration: object = None


class _Event(Struct):
    """The parts of an event that the envelope needs; everything else goes along unread."""

    event: object = None
    uuid: object = None
    token: object = None
    api_key: object = None
    dollar_token: object = msgspec.field(default=None, name="$token")
    distinct_id: object = None
    dollar_distinct_id: object = msgspec.field(default=None, name="$distinct_id")
    properties: Raw = Raw()
    timestamp: object = None
    offset: object = None


class _Properties(Struct):
    token: object = None
    distinct_id: object = None
    session_id: object = msgspec.field(default=None, name="$session_id")
    ignore_sent_at: object = msgspec.field(default=None, name="$ignore_sent_at")
    cookieless_mode: object | UnsetType = msgspec.field(default=UNSET, name="$cookieless_mode")
    capture_internal: object | UnsetType = UNSET


_body = msgspec.json.Decoder(_Body).decode
_event = msgspec.json.Decoder(_Event).decode
_properties = msgspec.json.Decoder(_Properties).decode
_list = msgspec.json.Decoder(list[Raw]).decode
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


@dataclass(slots=True)
class Request:
    """A parsed body: events as they came, and what was said of all of them."""

    events: list[Raw]
    token: str | None
    sent_at: datetime | None
    is_historical: bool
    is_engage: bool


def parse_request(json: bytes, fields: dict[str, str], is_engage: bool, max_events: int) -> Request:
    """Tell the shapes of a body apart: an array, a batch, one event.

    Raises:
        Refused: when it is none of them.
    """
    if json.count(b",") > MAX_VALUES:
        raise too_large(f"payload holds more than {MAX_VALUES} values")
    try:
        request = _shape(json, is_engage)
    except _UNREADABLE:
        # Worth a second look only after the first has failed.
        try:
            request = _pieces(hostile.whole_characters(json), is_engage)
        except _UNREADABLE:
            raise unparseable("payload is not JSON of a known shape") from None
    if request.sent_at is None:
        request.sent_at = from_query(fields.get("sent_at") or fields.get("_") or "")
    if not request.events:
        raise Refused(400, "empty_batch", "batch is empty")
    if len(request.events) > max_events:
        raise too_large(f"batch holds more than {max_events} events")
    return request


def _shape(json: bytes, is_engage: bool) -> Request:
    start = _BLANK.match(json)
    first = json[start.end() : start.end() + 1] if start else b""
    if first == b"[":
        return Request(_list(json), None, None, False, is_engage)
    body = _body(json)
    if bytes(memoryview(body.batch)[:1]) == b"[":
        token = _first_text(body.api_key, body.token, body.dollar_token)
        historical = body.historical_migration is True
        return Request(_list(body.batch), token, parse(body.sent_at), historical, is_engage)
    return Request([Raw(json)], None, None, False, is_engage)


def _pieces(json: bytes, is_engage: bool) -> Request:
    """The same of a body that is no JSON until it is mended, or cut into events of which some are none."""
    try:
        return _shape(json, is_engage)
    except _UNREADABLE:
        found = hostile.cut(json)
        if found is None:
            raise
    request = _shape(found.rest, is_engage)
    request.events = [Raw(piece) for piece in found.pieces]
    return request


def _first_text(*values: object) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


@dataclass(slots=True)
class Parsed:
    """An event and the parts of it that are looked at."""

    raw: Raw
    event: _Event
    properties: _Properties


Bad = list[tuple[Raw, BadEvent]]


def read_events(request: Request, max_bytes: int) -> tuple[list[Parsed], Bad]:
    """The events of a request, and those that cannot be events, each with the reason."""
    parsed: list[Parsed] = []
    bad: Bad = []
    for raw in request.events:
        try:
            if len(memoryview(raw)) > max_bytes:
                raise BadEvent("event_too_big", 413)
            parsed.append(_read(raw))
        except BadEvent as error:
            bad.append((raw, error))
    return parsed, bad


def _read(raw: Raw) -> Parsed:
    sent = bytes(memoryview(raw))
    json = hostile.whole_characters(sent)
    raw = raw if json is sent else Raw(json)
    try:
        event = _event(raw)
        inside = bytes(memoryview(event.properties))
        properties = _properties(inside if inside not in (b"", b"null") else _EMPTY_OBJECT)
    except _UNREADABLE:
        hostile.check_limits(json, is_json=False)
        raise BadEvent("not_an_event") from None
    hostile.check_limits(json)
    return Parsed(raw, event, properties)


def token_of(request: Request, parsed: list[Parsed]) -> str:
    """The token of a request: the batch's, else the one that all events share."""
    if request.token is not None:
        return request.token
    found = {
        token
        for each in parsed
        if (
            token := _first_text(
                each.event.token, each.event.api_key, each.event.dollar_token, each.properties.token
            )
        )
    }
    if not found:
        raise no_token()
    if len(found) > 1:
        raise wrong_token("events of several projects in one request")
    return found.pop()


def to_message(parsed: Parsed, context: Context, is_engage: bool) -> Message:
    """The event in its envelope.

    Raises:
        BadEvent: when it lacks what an event must have.
    """
    event, properties = parsed.event, parsed.properties
    try:
        data = str(memoryview(parsed.raw), "utf-8")
    except UnicodeDecodeError:
        raise BadEvent("not_utf8") from None
    name = event.event
    if name is None and is_engage:
        name = "$identify"
        data = '{"event":"$identify",' + data.lstrip()[1:].lstrip()
    if not isinstance(name, str) or not name:
        raise BadEvent("missing_event_name")
    cookieless = properties.cookieless_mode
    if cookieless is not UNSET and not isinstance(cookieless, bool):
        raise BadEvent("cookieless_mode_is_not_boolean")
    sent_at = None if properties.ignore_sent_at is True else context.sent_at
    offset = event.offset if isinstance(event.offset, int) and not isinstance(event.offset, bool) else None
    return message(
        context,
        uuid=_uuid(event.uuid),
        event=name,
        distinct_id=_distinct_id(event, properties),
        moment=event_time(event.timestamp, offset, sent_at, context.now),
        data=data,
        session_id=properties.session_id,
        is_cookieless=cookieless is True,
        is_internal=properties.capture_internal is not UNSET,
    )


def _uuid(stated: object) -> str:
    if stated is None or stated == "":
        return uuid7()
    found = canonical_uuid(stated) if isinstance(stated, str) else None
    if found is None:
        raise BadEvent("uuid_is_malformed")
    return found


def _distinct_id(event: _Event, properties: _Properties) -> str:
    for stated in (event.distinct_id, event.dollar_distinct_id, properties.distinct_id):
        if stated is not None:
            text = stated if isinstance(stated, str) else msgspec.json.encode(stated).decode()
            if text.strip():
                return text.replace("\0", "\ufffd")[:MAX_DISTINCT_ID]
            break
    raise BadEvent("missing_distinct_id")
