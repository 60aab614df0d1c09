"""The newer protocol, which SDKs speak when told to: the token in a header, an answer for every event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from gateway import decoding, hostile
from gateway.envelope import Context, Message, message
from gateway.errors import BadEvent, Refused, no_token, too_large, unparseable
from gateway.settings import GatewaySettings
from gateway.timestamps import event_time, parse_strict
from gateway.tokens import canonical_uuid, check_token
from gateway.v0 import MAX_VALUES

REQUIRED = (
    "posthog-sdk-info",
    "posthog-attempt",
    "posthog-request-id",
    "posthog-request-timestamp",
    "content-type",
    "user-agent",
)
MAX_NAME = 200
MAX_SDK_INFO = 128
# Ids that every visitor of a badly written page shares.
ILLEGAL_IDS = frozenset(
    (
        *("0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous", "anonymous-user"),
        *("backend", "distinct_id", "distinctid", "email", "false", "guest", "id", "nan", "none"),
        *("not_authenticated", "null", "system", "true", "undefined", "user"),
    )
)
_WORDS = {"true": True, "1": True, "false": False, "0": False}


class _Batch(Struct):
    created_at: str
    batch: list[Raw]
    historical_migration: bool = False
    capture_internal: bool | None = None


class _Event(Struct):
    """An event; only the id must be readable, since it names the event in the answer."""

    uuid: str
    event: object = None
    distinct_id: object = None
    timestamp: object = None
    session_id: object = None
    window_id: object = None
    options: object = None
    properties: Raw = Raw(b"{}")


_batch = msgspec.json.Decoder(_Batch).decode
_event = msgspec.json.Decoder(_Event).decode
_properties = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


@dataclass(slots=True)
class Request:
    """The headers, read."""

    token: str
    sent_at: datetime
    encoding: str
    library: tuple[str, str] | None


@dataclass(slots=True)
class Batch:
    """The body, read: each event, or why it cannot be one, under its id."""

    events: dict[str, tuple[Raw, _Event | None]]
    is_historical: bool
    is_internal: bool


def parse_headers(headers: Mapping[str, str], settings: GatewaySettings) -> Request:
    """What a request says of itself.

    Raises:
        Refused: 401 without or with a wrong token, 400 and 415 for the other headers.
    """
    authorization = headers.get("authorization")
    if authorization is None:
        raise no_token()
    if missing := [name for name in REQUIRED if name not in headers]:
        raise Refused(
            400, "missing_required_headers", f"request is missing required headers: {', '.join(missing)}"
        )
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _invalid("Authorization must use Bearer scheme")
    token = check_token(token, settings.gateway_tokens)
    if headers["content-type"].partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "unsupported_content_type", "content type must be application/json")
    encoding = headers.get("content-encoding", "").lower()
    if encoding and encoding not in decoding.DECODERS:
        raise Refused(415, "unsupported_encoding", "unsupported content encoding")
    try:
        UUID(headers["posthog-request-id"])
    except ValueError:
        raise _invalid("PostHog-Request-Id is not a UUID") from None
    attempt = headers["posthog-attempt"]
    if not (attempt.isascii() and attempt.isdigit() and len(attempt) < 10 and int(attempt) >= 1):
        raise _invalid("PostHog-Attempt must be a positive integer")
    sent_at = parse_strict(headers["posthog-request-timestamp"])
    if sent_at is None:
        raise _invalid("PostHog-Request-Timestamp is not RFC 3339")
    return Request(token, sent_at, encoding, _library(headers["posthog-sdk-info"]))


def _invalid(text: str) -> Refused:
    return Refused(400, "invalid_header_value", text)


def _library(info: str) -> tuple[str, str] | None:
    name, _, version = info.rpartition("/")
    name, version = name.strip(), version.strip()
    return (name, version) if name and version and len(info) <= MAX_SDK_INFO else None


def parse_batch(body: bytes, request: Request, settings: GatewaySettings) -> Batch:
    """The events of a body.

    Raises:
        Refused: when there is none, or one without an id of its own, which no answer could name.
    """
    if not body:
        raise Refused(400, "empty_body", "request body is empty")
    limit = settings.gateway_max_decoded_bytes
    json = decoding.DECODERS[request.encoding](body, limit) if request.encoding else body
    if json.count(b",") > MAX_VALUES:
        raise too_large(f"payload holds more than {MAX_VALUES} values")
    try:
        batch = _batch(json)
    except _UNREADABLE:
        try:
            batch = _pieces(hostile.whole_characters(json))
        except _UNREADABLE:
            raise unparseable("failed to parse request body") from None
    if not batch.batch:
        raise Refused(400, "empty_batch", "request batch is empty")
    if len(batch.batch) > settings.gateway_max_batch_events:
        raise too_large(f"batch holds more than {settings.gateway_max_batch_events} events")
    return Batch(_by_id(batch.batch), batch.historical_migration, batch.capture_internal is True)


def _pieces(json: bytes) -> _Batch:
    """A body that is no JSON until it is mended, or cut into events of which some are none."""
    try:
        return _batch(json)
    except _UNREADABLE:
        found = hostile.cut(json)
        if found is None:
            raise
    batch = _batch(found.rest)
    batch.batch = [Raw(piece) for piece in found.pieces]
    return batch


def _by_id(raws: list[Raw]) -> dict[str, tuple[Raw, _Event | None]]:
    found: dict[str, tuple[Raw, _Event | None]] = {}
    for raw in raws:
        whole = hostile.whole_characters(bytes(memoryview(raw)))
        try:
            event: _Event | None = _event(whole)
            stated: str | None = event.uuid if event else None
        except _UNREADABLE:
            event, stated = None, hostile.stated_uuid(whole)
        if stated is None:
            raise unparseable("an event is no object with a uuid")
        uuid = canonical_uuid(stated.strip())
        if uuid is None:
            raise Refused(400, "missing_event_uuid", "event submitted without a uuid")
        if uuid in found:
            raise Refused(400, "duplicate_event_uuid", "duplicate event uuid")
        found[uuid] = Raw(whole), event
    return found


def to_message(
    uuid: str,
    raw: Raw,
    event: _Event | None,
    context: Context,
    library: tuple[str, str] | None,
    is_internal: bool,
) -> Message:
    """The event in its envelope.

    Raises:
        BadEvent: when it breaks a rule; its reason is the detail of the answer.
    """
    if len(memoryview(raw)) > context.settings.gateway_max_event_bytes:
        raise BadEvent("event_too_big", 413)
    hostile.check_limits(bytes(memoryview(raw)), is_json=event is not None)
    if event is None:
        raise BadEvent("malformed_event")
    name = _checked_name(event.event)
    distinct_id = _checked_id(event.distinct_id)
    if not isinstance(event.timestamp, str) or parse_strict(event.timestamp) is None:
        raise BadEvent("invalid_event_timestamp")
    options = _options(event.options)
    sent_at = None if options.get("$ignore_sent_at") else context.sent_at
    try:
        properties = _properties(event.properties)
        data = _encode(
            {
                "event": name,
                "distinct_id": distinct_id,
                "uuid": uuid,
                "properties": {**properties, **_added(event, options, library)},
                "timestamp": event.timestamp,
            }
        ).decode()
    except _UNREADABLE:
        raise BadEvent("malformed_event_properties") from None
    return message(
        context,
        uuid=uuid,
        event=name,
        distinct_id=distinct_id,
        moment=event_time(event.timestamp, None, sent_at, context.now),
        data=data,
        session_id=event.session_id,
        is_cookieless=options.get("$cookieless_mode") is True,
        is_internal=is_internal,
    )


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise BadEvent("missing_event_name")
    if len(name) > MAX_NAME:
        raise BadEvent("event_name_too_long")
    return name


def _checked_id(stated: object) -> str:
    text = stated.strip() if isinstance(stated, str) else ""
    if not text:
        raise BadEvent("missing_distinct_id")
    if len(text) > MAX_NAME:
        raise BadEvent("distinct_id_too_large")
    if text.lower() in ILLEGAL_IDS:
        raise BadEvent("malformed_distinct_id")
    return text.replace("\0", "\ufffd")


def _options(stated: object) -> dict[str, bool | str]:
    """Options under the names that their properties have in v0."""
    if stated is None:
        return {}
    if not isinstance(stated, dict):
        raise BadEvent("invalid_options")
    found: dict[str, bool | str] = {}
    for option, name in (
        ("cookieless_mode", "$cookieless_mode"),
        ("disable_skew_correction", "$ignore_sent_at"),
        ("process_person_profile", "$process_person_profile"),
    ):
        if (value := stated.get(option)) is not None:
            found[name] = _boolean(value)
    if (tour := stated.get("product_tour_id")) is not None:
        if isinstance(tour, bool) or not isinstance(tour, str | int):
            raise BadEvent("invalid_options")
        found["$product_tour_id"] = str(tour)
    return found


def _boolean(value: object) -> bool:
    if isinstance(value, str):
        found = _WORDS.get(value.strip().lower())
        if found is None:
            raise BadEvent("invalid_options")
        return found
    if not isinstance(value, bool | int | float):
        raise BadEvent("invalid_options")
    return bool(value)


def _added(
    event: _Event, options: Mapping[str, bool | str], library: tuple[str, str] | None
) -> dict[str, object]:
    """What v1 says beside the properties and v0 says in them."""
    added: dict[str, object] = dict(options)
    if isinstance(event.session_id, str):
        added["$session_id"] = event.session_id
    if isinstance(event.window_id, str):
        added["$window_id"] = event.window_id
    if library:
        added["$lib"], added["$lib_version"] = library
    return added
