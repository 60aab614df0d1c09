"""The newer protocol: its headers, its events, its answers."""

from __future__ import annotations

import gzip
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import KafkaError

from tests.gateway.asgi import TOKEN, Answer, Captured, Probe, dumps

PATH = "/i/v1/analytics/events"
UUID = "01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1"
SENT: dict[str, Any] = {
    "event": "Product Viewed",
    "uuid": UUID,
    "distinct_id": "user-1",
    "timestamp": "2026-01-01T10:00:00.000Z",
    "options": {},
    "properties": {"product_id": "7"},
}


def headers(**changes: str | None) -> dict[str, str]:
    found: dict[str, str | None] = {
        "authorization": f"Bearer {TOKEN}",
        "posthog-sdk-info": "posthog-python/7.91.1",
        "posthog-attempt": "1",
        "posthog-request-id": str(uuid4()),
        "posthog-request-timestamp": "2026-01-01T10:00:05Z",
        "content-type": "application/json",
        "user-agent": "posthog-python/7.91.1",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def body(*events: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"created_at": "2026-01-01T10:00:05Z", "batch": list(events or [SENT]), **others}


def post(gateway: Probe, content: Any, path: str = PATH, **changes: str | None) -> Answer:
    return gateway.post(path, content, headers=headers(**changes))


def sent(**changes: Any) -> dict[str, Any]:
    return {**SENT, **changes}


@pytest.mark.parametrize("path", [PATH, PATH + "/", "/i/v1/ai/events"])
def test_each_event_has_its_answer(gateway: Probe, path: str) -> None:
    other = "01a206f0-dbec-7db3-bfb3-5fc3e6ab33e2"
    answer = post(gateway, body(SENT, sent(uuid=other, event="")), path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "results": {UUID: {"result": "ok"}, other: {"result": "drop", "details": "missing_event_name"}}
    }
    assert [captured.headers["dlq_reason"] for captured in gateway.dead_letters()] == ["missing_event_name"]


def test_the_envelope_is_the_same_as_of_v0(gateway: Probe) -> None:
    event = sent(
        session_id="s-1",
        window_id="w-1",
        options={"cookieless_mode": "true", "product_tour_id": 7, "process_person_profile": 0},
        properties={"$set": {"a": 1}, "$lib": "said", "price": 1.5},
    )
    post(gateway, body(event, historical_migration=True))
    captured = gateway.the_event()
    assert captured.data == {
        "event": "Product Viewed",
        "distinct_id": "user-1",
        "uuid": UUID,
        "properties": {
            "$set": {"a": 1},
            "price": 1.5,
            "$cookieless_mode": True,
            "$process_person_profile": False,
            "$product_tour_id": "7",
            "$session_id": "s-1",
            "$window_id": "w-1",
            "$lib": "posthog-python",
            "$lib_version": "7.91.1",
        },
        "timestamp": "2026-01-01T10:00:00.000Z",
    }
    assert captured.envelope["sent_at"] == "2026-01-01T10:00:05.000Z"
    assert captured.envelope["is_cookieless_mode"] is True
    assert captured.headers["session_id"] == "s-1"
    assert captured.message.topic == "events_plugin_ingestion"
    assert captured.headers["historical_migration"] == "true"
    assert captured.message.key == b"phc_test:203.0.113.7"


def test_numbers_keep_every_digit(gateway: Probe) -> None:
    text = dumps(body()).replace(b'{"product_id":"7"}', b'{"price":1.10,"id":12345678901234567890123}')
    assert post(gateway, text).status == 200
    assert '"price":1.10,"id":12345678901234567890123' in gateway.the_event().envelope["data"]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"authorization": None}, 401, "missing_authorization"),
        ({"authorization": None, "user-agent": None}, 401, "missing_authorization"),
        ({"posthog-sdk-info": None}, 400, "missing_required_headers"),
        ({"posthog-attempt": None}, 400, "missing_required_headers"),
        ({"posthog-request-id": None}, 400, "missing_required_headers"),
        ({"posthog-request-timestamp": None}, 400, "missing_required_headers"),
        ({"content-type": None}, 400, "missing_required_headers"),
        ({"user-agent": None}, 400, "missing_required_headers"),
        ({"authorization": "Basic abc"}, 400, "invalid_header_value"),
        ({"authorization": "Bearer "}, 400, "invalid_header_value"),
        ({"authorization": "Bearer phc_unknown"}, 401, "invalid_api_token"),
        ({"authorization": "Bearer phx_personal"}, 401, "invalid_api_token"),
        ({"content-type": "text/plain"}, 415, "unsupported_content_type"),
        ({"content-encoding": "lz4"}, 415, "unsupported_encoding"),
        ({"posthog-request-id": "7"}, 400, "invalid_header_value"),
        ({"posthog-attempt": "0"}, 400, "invalid_header_value"),
        ({"posthog-attempt": "one"}, 400, "invalid_header_value"),
        ({"posthog-attempt": "-1"}, 400, "invalid_header_value"),
        ({"posthog-request-timestamp": "yesterday"}, 400, "invalid_header_value"),
        ({"posthog-request-timestamp": "2026-01-01 10:00"}, 400, "invalid_header_value"),
        ({"posthog-request-timestamp": "2026-13-01T10:00:00Z"}, 400, "invalid_header_value"),
    ],
)
def test_wrong_headers_are_named(
    gateway: Probe, changes: dict[str, str | None], status: int, error: str
) -> None:
    answer = post(gateway, body(), **changes)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert answer.json["error_description"]
    assert answer.json["error_uri"].startswith("https://")
    assert answer.headers["accept"] == "application/json"
    assert answer.headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert not gateway.sink.messages


@pytest.mark.parametrize(
    "changes",
    [
        {"authorization": f"bEaReR   {TOKEN} "},
        {"content-type": "Application/JSON; charset=utf-8"},
        {"content-encoding": "GZIP"},
        {"posthog-request-timestamp": "2026-01-01T12:00:05.123456+02:00"},
    ],
)
def test_headers_may_be_written_as_the_web_allows(gateway: Probe, changes: dict[str, str]) -> None:
    content = dumps(body())
    assert (
        post(gateway, gzip.compress(content) if "content-encoding" in changes else content, **changes).status
        == 200
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "empty_body"),
        (b"nonsense", "request_parsing_error"),
        ([], "request_parsing_error"),
        ({"batch": [SENT]}, "request_parsing_error"),
        ({"created_at": "2026-01-01T10:00:05Z"}, "request_parsing_error"),
        (body() | {"batch": [7]}, "request_parsing_error"),
        (body() | {"batch": []}, "empty_batch"),
        (body(sent(uuid="")), "missing_event_uuid"),
        (body(sent(uuid="7")), "missing_event_uuid"),
        (body(SENT, SENT), "duplicate_event_uuid"),
    ],
)
def test_a_request_that_no_answer_could_name_the_events_of_is_refused(
    gateway: Probe, content: Any, error: str
) -> None:
    answer = post(gateway, content)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert not gateway.sink.messages


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"event": " "}, "missing_event_name"),
        ({"event": None}, "missing_event_name"),
        ({"event": "x" * 201}, "event_name_too_long"),
        ({"distinct_id": " "}, "missing_distinct_id"),
        ({"distinct_id": 7}, "missing_distinct_id"),
        ({"distinct_id": "x" * 201}, "distinct_id_too_large"),
        *(
            ({"distinct_id": word}, "malformed_distinct_id")
            for word in (
                *(
                    "0",
                    "00000000-0000-0000-0000-000000000000",
                    "[Object Object]",
                    "anonymous",
                    "Anonymous-User",
                ),
                *("backend", "distinct_id", "distinctId", "email", "FALSE", "guest", "id", "NaN", "None"),
                *("not_authenticated", "null", "system", "true", "undefined", " user "),
            )
        ),
        ({"timestamp": "2026-01-01T10:00:00"}, "invalid_event_timestamp"),
        ({"timestamp": None}, "invalid_event_timestamp"),
        ({"properties": [1]}, "malformed_event_properties"),
        ({"properties": None}, "malformed_event_properties"),
        ({"options": []}, "invalid_options"),
        ({"options": {"cookieless_mode": "maybe"}}, "invalid_options"),
        ({"options": {"process_person_profile": [1]}}, "invalid_options"),
        ({"options": {"product_tour_id": True}}, "invalid_options"),
        ({"properties": {"x": "y" * 1_000_000}}, "event_too_big"),
    ],
)
def test_an_event_that_breaks_a_rule_is_dropped_with_its_reason(
    gateway: Probe, changes: dict[str, Any], details: str
) -> None:
    answer = post(gateway, body(sent(**changes)))
    assert (answer.status, answer.json["results"]) == (200, {UUID: {"result": "drop", "details": details}})
    assert not gateway.events()
    (dead,) = gateway.dead_letters()
    assert (dead.headers["dlq_reason"], dead.envelope["uuid"]) == (details, UUID)


def test_blanks_around_ids_are_taken_off(gateway: Probe) -> None:
    answer = post(gateway, body(sent(uuid=f" {UUID.upper()} ", distinct_id=" user-1\n")))
    assert answer.json["results"] == {UUID: {"result": "ok"}}
    assert gateway.the_event().envelope["distinct_id"] == "user-1"


@pytest.mark.parametrize("info", ["no-slash", "/1.0", "posthog-rs/", "x" * 200 + "/1"])
def test_an_unusable_sdk_name_is_left_out(gateway: Probe, info: str) -> None:
    assert post(gateway, body(), **{"posthog-sdk-info": info}).status == 200
    assert "$lib" not in gateway.the_event().data["properties"]


def test_a_server_that_sends_for_itself_has_no_clients_address(gateway: Probe) -> None:
    post(gateway, body(capture_internal=True))
    assert gateway.the_event().envelope["ip"] == "127.0.0.1"


def test_v1_is_posted_only(gateway: Probe) -> None:
    assert gateway.get(PATH, headers=headers()).status == 405


def test_without_an_acknowledgement_everything_is_to_be_sent_again(gateway: Probe) -> None:
    gateway.sink.error = KafkaError(KafkaError._MSG_TIMED_OUT)
    answer = post(gateway, body())
    assert (answer.status, answer.json["error"]) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "1"


def timestamp(gateway: Probe) -> str:
    captured: Captured = gateway.the_event()
    return str(captured.envelope["timestamp"])
