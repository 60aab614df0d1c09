"""PostHog's newer wire format, which SDKs use on request: token in a header, a verdict on each event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from gateway import decoding
from gateway.batch import Batch, Event, Outcome, Rejected
from gateway.errors import BadEvent, Refused, no_token, unparseable
from gateway.http import Request, Response, retry_after
from gateway.json_body import UNREADABLE, Body, check_size, checked, decoded, split_body
from gateway.malformed_json import stated_uuid, with_whole_characters
from gateway.settings import GatewaySettings
from gateway.timestamps import parse_strict
from gateway.tokens import check_token
from gateway.uuids import canonical_uuid

PATHS = frozenset(("/i/v1/analytics/events", "/i/v1/ai/events"))
METHODS: tuple[str, ...] = ("POST",)
DOCUMENTATION = "https://posthog.com/docs/api"
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
# Ids that all visitors of a faulty page share.
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
    """An event. Only the id must be readable, because the answer names the event by it."""

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


class _Headers(Struct, frozen=True):
    token: str
    sent_at: datetime
    encoding: str
    library: tuple[str, str] | None


class _Identified(Struct, frozen=True):
    """An event with an id that an answer can name; `event` is None if the rest cannot be read."""

    json: bytes
    uuid: str
    event: _Event | None


def max_body_bytes(settings: GatewaySettings) -> int:
    """Return the size that a body may have on the wire."""
    return settings.gateway_max_v1_body_bytes


def read(request: Request, settings: GatewaySettings) -> Batch:
    """Parse a request.

    Raises:
        Refused: 401 without a valid token, 400 or 415 for other headers, 400 or 413 for the body, also if an
            event has no id of its own, because no answer could name it.
    """
    headers = _read_headers(request.headers, settings)
    if not request.body:
        raise Refused(400, "empty_body", "request body is empty")
    json = request.body
    if headers.encoding:
        json = decoding.DECODERS[headers.encoding](json, settings.gateway_max_decoded_bytes)
    body = split_body(
        json,
        _parse,
        settings.gateway_max_batch_events,
        unreadable="failed to parse request body",
        empty="request batch is empty",
    )
    identified = _identify(body.events)
    events = _accepted(identified, headers.library, body.is_internal, settings.gateway_max_event_bytes)
    return Batch(headers.token, headers.sent_at, body.is_historical, len(body.events), events)


def answer(_request: Request, _batch: Batch, outcome: Outcome) -> Response:
    """Render a verdict on each event."""
    results = {
        verdict.uuid: {"result": "drop", "details": verdict.rejection.reason}
        if verdict.rejection
        else {"result": "ok"}
        for verdict in outcome.verdicts
    }
    return Response(200, _encode({"results": results}))


def refusal(refused: Refused) -> Response:
    """Render a refusal as JSON, with the content types and encodings that are accepted."""
    body = {"error": refused.tag, "error_description": refused.text, "error_uri": DOCUMENTATION}
    headers = [
        *retry_after(refused),
        (b"accept", b"application/json"),
        (b"accept-encoding", b"gzip, deflate, br, zstd"),
    ]
    return Response(refused.status, _encode(body), headers=headers)


def _read_headers(headers: Mapping[str, str], settings: GatewaySettings) -> _Headers:
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
    return _Headers(token, sent_at, encoding, _library(headers["posthog-sdk-info"]))


def _invalid(text: str) -> Refused:
    return Refused(400, "invalid_header_value", text)


def _library(info: str) -> tuple[str, str] | None:
    name, _, version = info.rpartition("/")
    name, version = name.strip(), version.strip()
    return (name, version) if name and version and len(info) <= MAX_SDK_INFO else None


def _parse(json: bytes) -> Body:
    batch = _batch(json)
    return Body(
        batch.batch, is_historical=batch.historical_migration, is_internal=batch.capture_internal is True
    )


def _identify(raws: list[Raw]) -> list[_Identified]:
    identified: dict[str, _Identified] = {}
    for raw in raws:
        json = with_whole_characters(bytes(memoryview(raw)))
        event = decoded(_event, json)
        stated = event.uuid if event else stated_uuid(json)
        if stated is None:
            raise unparseable("an event is no object with a uuid")
        uuid = canonical_uuid(stated.strip())
        if uuid is None:
            raise Refused(400, "missing_event_uuid", "event submitted without a uuid")
        if uuid in identified:
            raise Refused(400, "duplicate_event_uuid", "duplicate event uuid")
        identified[uuid] = _Identified(json, uuid, event)
    return list(identified.values())


def _accepted(
    identified: list[_Identified], library: tuple[str, str] | None, is_internal: bool, max_bytes: int
) -> Iterator[Event | Rejected]:
    for each in identified:
        try:
            yield _to_event(each, library, is_internal, max_bytes)
        except BadEvent as error:
            yield Rejected(Raw(each.json), error, each.uuid)


def _to_event(
    identified: _Identified, library: tuple[str, str] | None, is_internal: bool, max_bytes: int
) -> Event:
    json, uuid = identified.json, identified.uuid
    check_size(len(json), max_bytes)
    event = checked(json, identified.event, otherwise="malformed_event")
    name = _checked_name(event.event)
    distinct_id = _checked_id(event.distinct_id)
    if not isinstance(event.timestamp, str) or parse_strict(event.timestamp) is None:
        raise BadEvent("invalid_event_timestamp")
    options = _options(event.options)
    try:
        data = _encode(
            {
                "event": name,
                "distinct_id": distinct_id,
                "uuid": uuid,
                "properties": {**_properties(event.properties), **_added(event, options, library)},
                "timestamp": event.timestamp,
            }
        ).decode()
    except UNREADABLE:
        raise BadEvent("malformed_event_properties") from None
    return Event(
        raw=Raw(json),
        uuid=uuid,
        name=name,
        distinct_id=distinct_id,
        timestamp=event.timestamp,
        data=data,
        ignores_sent_at=bool(options.get("$ignore_sent_at")),
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
    """Return the options under the names of the corresponding properties in v0."""
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
    """Return what v1 states outside of the properties and v0 inside of them."""
    added: dict[str, object] = dict(options)
    if isinstance(event.session_id, str):
        added["$session_id"] = event.session_id
    if isinstance(event.window_id, str):
        added["$window_id"] = event.window_id
    if library:
        added["$lib"], added["$lib_version"] = library
    return added
