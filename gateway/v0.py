"""PostHog's legacy wire format, the default of every SDK: token in the body, one verdict for all events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from gateway import decoding
from gateway.batch import Batch, Event, Outcome, Rejected
from gateway.errors import BadEvent, Refused, no_token, wrong_token
from gateway.http import TEXT, Request, Response, retry_after
from gateway.json_body import Body, check_size, checked, decoded, split_body
from gateway.malformed_json import with_whole_characters
from gateway.sdk_stubs import OK
from gateway.settings import GatewaySettings
from gateway.timestamps import from_query, parse
from gateway.tokens import check_token
from gateway.uuids import canonical_uuid

PATHS = frozenset(("/e", "/i/v0/e", "/batch", "/capture", "/track", "/engage", "/i/v0/ai", "/i/v0/ai/batch"))
METHODS: tuple[str, ...] = ("GET", "POST")
MAX_DISTINCT_ID = 200
# Noise from old SDKs. PostHog drops it as well.
IGNORED = "$performance_event"
_BLANK = re.compile(rb"[ \t\r\n]*")


class _Body(Struct):
    """A JSON object that may be a batch."""

    batch: Raw = Raw()
    token: object = None
    api_key: object = None
    dollar_token: object = msgspec.field(default=None, name="$token")
    sent_at: object = None
    historical_migration: object = None


class _Properties(Struct):
    token: object = None
    distinct_id: object = None
    session_id: object = msgspec.field(default=None, name="$session_id")
    ignore_sent_at: object = msgspec.field(default=None, name="$ignore_sent_at")
    cookieless_mode: object | UnsetType = msgspec.field(default=UNSET, name="$cookieless_mode")
    capture_internal: object | UnsetType = UNSET


class _Event(Struct):
    """The parts of an event that the envelope needs. Everything else is passed on unread."""

    event: object = None
    uuid: object = None
    token: object = None
    api_key: object = None
    dollar_token: object = msgspec.field(default=None, name="$token")
    distinct_id: object = None
    dollar_distinct_id: object = msgspec.field(default=None, name="$distinct_id")
    properties: _Properties | None = None
    timestamp: object = None
    offset: object = None


_body = msgspec.json.Decoder(_Body).decode
_event = msgspec.json.Decoder(_Event).decode
_list = msgspec.json.Decoder(list[Raw]).decode
_NO_PROPERTIES = _Properties()


class _Readable(Struct, frozen=True):
    """An event of which the JSON can be read."""

    raw: Raw
    event: _Event

    @property
    def properties(self) -> _Properties:
        return self.event.properties or _NO_PROPERTIES

    @property
    def token(self) -> str | None:
        event = self.event
        return _first_text(event.token, event.api_key, event.dollar_token, self.properties.token)


def max_body_bytes(settings: GatewaySettings) -> int:
    """Return the size that a body may have on the wire."""
    return settings.gateway_max_body_bytes


def read(request: Request, settings: GatewaySettings) -> Batch:
    """Parse a request: an array of events, a batch, or one event, encoded in any of several ways.

    Raises:
        Refused: 400 if the body cannot be read, 401 without one valid token, 413 if a limit is exceeded.
    """
    json = decoding.payload(
        request.query,
        request.body,
        request.headers.get("content-type", ""),
        request.headers.get("content-encoding", ""),
        settings.gateway_max_decoded_bytes,
    )
    if json is not request.body:
        request.held.add(len(json))
    body = split_body(
        json,
        _parse,
        settings.gateway_max_batch_events,
        unreadable="payload is not JSON of a known shape",
        empty="batch is empty",
    )
    readable, rejected = _read_events(body, settings.gateway_max_event_bytes)
    token = check_token(body.token or _common_token(readable), settings.gateway_tokens)
    sent_at = body.sent_at or from_query(request.query.get("sent_at") or request.query.get("_") or "")
    # What cannot be read comes first: its status is the answer if no event can be kept.
    events = chain(rejected, _accepted(readable, is_engage=request.path == "/engage"))
    return Batch(token, sent_at, body.is_historical, len(body.events), events)


def answer(request: Request, batch: Batch, outcome: Outcome) -> Response:
    """Render one verdict on the whole request; a rejected event does not spoil it for the others.

    Raises:
        Refused: if every event was rejected.
    """
    rejections = outcome.rejections
    if len(rejections) == batch.received:
        first = rejections[0]
        raise Refused(first.status, first.reason, first.reason.replace("_", " "))
    return Response(204, b"", TEXT) if request.query.get("beacon") == "1" else Response(200, OK)


def refusal(refused: Refused) -> Response:
    """Render a refusal as plain text."""
    return Response(refused.status, refused.text.encode(), TEXT, retry_after(refused))


def _parse(json: bytes) -> Body:
    start = _BLANK.match(json)
    first = json[start.end() : start.end() + 1] if start else b""
    if first == b"[":
        return Body(_list(json))
    body = _body(json)
    if bytes(memoryview(body.batch)[:1]) == b"[":
        token = _first_text(body.api_key, body.token, body.dollar_token)
        return Body(_list(body.batch), token, parse(body.sent_at), body.historical_migration is True)
    return Body([Raw(json)])


def _first_text(*values: object) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


def _read_events(body: Body, max_bytes: int) -> tuple[list[_Readable], list[Rejected]]:
    readable: list[_Readable] = []
    rejected: list[Rejected] = []
    for raw in body.events:
        try:
            readable.append(_read_event(raw, max_bytes))
        except BadEvent as error:
            rejected.append(Rejected(raw, error))
    return readable, rejected


def _read_event(raw: Raw, max_bytes: int) -> _Readable:
    check_size(len(memoryview(raw)), max_bytes)
    sent = bytes(memoryview(raw))
    json = with_whole_characters(sent)
    event = checked(json, decoded(_event, json), otherwise="not_an_event")
    return _Readable(raw if json is sent else Raw(json), event)


def _common_token(readable: list[_Readable]) -> str:
    found = {token for each in readable if (token := each.token)}
    if not found:
        raise no_token()
    if len(found) > 1:
        raise wrong_token("events of several projects in one request")
    return found.pop()


def _accepted(readable: list[_Readable], *, is_engage: bool) -> Iterator[Event | Rejected]:
    for each in readable:
        if each.event.event == IGNORED:
            continue
        try:
            yield _to_event(each, is_engage=is_engage)
        except BadEvent as error:
            yield Rejected(each.raw, error)


def _to_event(readable: _Readable, *, is_engage: bool) -> Event:
    event, properties = readable.event, readable.properties
    try:
        data = str(memoryview(readable.raw), "utf-8")
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
    return Event(
        raw=readable.raw,
        uuid=_uuid(event.uuid),
        name=name,
        distinct_id=_distinct_id(event, properties),
        timestamp=event.timestamp,
        data=data,
        offset=event.offset if type(event.offset) is int else None,
        ignores_sent_at=properties.ignore_sent_at is True,
        session_id=properties.session_id,
        is_cookieless=cookieless is True,
        is_internal=properties.capture_internal is not UNSET,
    )


def _uuid(stated: object) -> str | None:
    if stated is None or stated == "":
        return None
    uuid = canonical_uuid(stated) if isinstance(stated, str) else None
    if uuid is None:
        raise BadEvent("uuid_is_malformed")
    return uuid


def _distinct_id(event: _Event, properties: _Properties) -> str:
    for stated in (event.distinct_id, event.dollar_distinct_id, properties.distinct_id):
        if stated is not None:
            text = stated if isinstance(stated, str) else msgspec.json.encode(stated).decode()
            if text.strip():
                return text.replace("\0", "\ufffd")[:MAX_DISTINCT_ID]
            break
    raise BadEvent("missing_distinct_id")
