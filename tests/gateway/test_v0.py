"""Legacy events: required fields, results and answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import KafkaError

from tests.gateway.asgi import EVENT, TOKEN, Probe, batch, dumps, event

OK = {"status": "Ok"}


def test_the_envelope_is_posthogs_own_field_for_field(gateway: Probe) -> None:
    sent = event(
        timestamp="2026-01-01T10:00:00.000Z",
        properties={"$session_id": "s-1", "$ignore_sent_at": True, "price": "9.99"},
        **{"$unset": ["x"]},
    )
    gateway.post("/batch/", batch(sent, sent_at="2026-01-01T10:00:05Z"))
    captured = gateway.the_event()
    assert list(captured.envelope) == [
        *("uuid", "distinct_id", "ip", "data", "now", "sent_at", "token", "event", "timestamp")
    ]
    assert captured.envelope | {"now": ""} == {
        "uuid": EVENT["uuid"],
        "distinct_id": "user-1",
        "ip": "203.0.113.7",
        "data": dumps(sent).decode(),
        "now": "",
        "sent_at": "2026-01-01T10:00:05.000Z",
        "token": TOKEN,
        "event": "Product Viewed",
        "timestamp": "2026-01-01T10:00:00.000Z",
    }
    assert captured.message.topic == "events_plugin_ingestion"
    assert captured.message.key == b"phc_test:user-1"
    assert captured.headers == {
        "token": TOKEN,
        "distinct_id": "user-1",
        "session_id": "s-1",
        "timestamp": "1767261600000",
        "event": "Product Viewed",
        "uuid": EVENT["uuid"],
        "now": captured.envelope["now"],
        "force_disable_person_processing": None,
        "historical_migration": None,
    }


@pytest.mark.parametrize("topic", ["", "apart"])
def test_imported_history_has_a_header_a_field_and_maybe_a_topic(topic: str) -> None:
    gateway = Probe(kafka_historical_topic=topic)
    gateway.post("/batch", batch(historical_migration=True))
    captured = gateway.the_event()
    assert captured.message.topic == (topic or "events_plugin_ingestion")
    assert captured.envelope["historical_migration"] is True
    assert captured.headers["historical_migration"] == "true"


def test_cookieless_events_are_keyed_by_address(gateway: Probe) -> None:
    gateway.post("/e", batch(event(distinct_id="$posthog_cookieless", properties={"$cookieless_mode": True})))
    captured = gateway.the_event()
    assert captured.envelope["is_cookieless_mode"] is True
    assert captured.message.key == b"phc_test:203.0.113.7"


def test_events_of_a_server_itself_have_no_clients_address(gateway: Probe) -> None:
    gateway.post("/e", batch(event(properties={"capture_internal": True})))
    assert gateway.the_event().envelope["ip"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "setting"),
    [("$exception", "exceptions"), ("$$heatmap", "heatmaps"), ("$ai_generation", "ai")],
)
def test_what_is_no_shop_event_may_have_a_topic_of_its_own(name: str, setting: str) -> None:
    for topic, expected in (("", "events_plugin_ingestion"), ("apart", "apart")):
        gateway = Probe(**{f"kafka_{setting}_topic": topic})
        gateway.post("/e", batch(event(event=name)))
        assert gateway.the_event().message.topic == expected


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("batch api_key", {"api_key": TOKEN, "batch": [EVENT]}),
        ("batch token", {"token": TOKEN, "batch": [EVENT]}),
        ("batch $token", {"$token": TOKEN, "batch": [EVENT]}),
        ("event api_key", event(api_key=TOKEN)),
        ("event token", event(token=TOKEN)),
        ("event $token", event(**{"$token": TOKEN})),
        ("event properties", [event(properties={"token": TOKEN})]),
        ("one of several events", [event(properties={"token": TOKEN}), EVENT]),
        ("events of a batch", {"batch": [event(token=TOKEN)]}),
        ("batch before event", {"api_key": TOKEN, "batch": [event(token="phc_other")]}),
        ("blanks around", {"api_key": f" {TOKEN}\n", "batch": [EVENT]}),
    ],
)
def test_the_token_is_found_wherever_sdks_put_it(gateway: Probe, place: str, body: Any) -> None:
    assert gateway.post("/batch", body).status == 200
    assert {captured.envelope["token"] for captured in gateway.events()} == {TOKEN}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"batch": [EVENT]}, b"no project token"),
        ([EVENT], b"no project token"),
        (event(token=""), b"no project token"),
        (event(token=7), b"no project token"),
        ([event(token=TOKEN), event(token="phc_b")], b"events of several projects in one request"),
        ({"api_key": "phc_unknown", "batch": [EVENT]}, b"project token is not on the allow list"),
        ({"api_key": "   ", "batch": [EVENT]}, b"project token is malformed"),
        ({"api_key": "x" * 65, "batch": [EVENT]}, b"project token is malformed"),
        ({"api_key": "phc_ü", "batch": [EVENT]}, b"project token is malformed"),
        ({"api_key": "phc\0x", "batch": [EVENT]}, b"project token is malformed"),
        ({"api_key": "phx_personal", "batch": [EVENT]}, b"a personal API key is no project token"),
    ],
)
def test_without_a_valid_token_the_answer_is_401(gateway: Probe, body: Any, text: bytes) -> None:
    answer = gateway.post("/batch", body)
    assert (answer.status, answer.body) == (401, text)
    assert not gateway.sink.messages


def test_any_token_is_taken_where_the_setting_says_so() -> None:
    gateway = Probe(gateway_tokens="*")
    assert gateway.post("/e", event(token="phc_whatever")).status == 200
    assert gateway.post("/e", event(token="phx_personal")).status == 401


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"distinct_id": "a"}, "a"),
        ({"$distinct_id": "a"}, "a"),
        ({"properties": {"distinct_id": "a"}}, "a"),
        ({"distinct_id": None, "properties": {"distinct_id": "a"}}, "a"),
        ({"distinct_id": "top", "properties": {"distinct_id": "inside"}}, "top"),
        ({"distinct_id": 42}, "42"),
        ({"distinct_id": 1.5}, "1.5"),
        ({"distinct_id": True}, "true"),
        ({"distinct_id": ["a", 1]}, '["a",1]'),
        ({"distinct_id": {"a": 1}}, '{"a":1}'),
        ({"distinct_id": " kept "}, " kept "),
        ({"distinct_id": "a\0b"}, "a\ufffdb"),
        ({"distinct_id": "ü" * 201}, "ü" * 200),
    ],
)
def test_the_distinct_id_is_found_and_made_text(gateway: Probe, sent: dict[str, Any], expected: str) -> None:
    assert gateway.post("/e", {"event": "a", "token": TOKEN, **sent}).status == 200
    assert gateway.the_event().envelope["distinct_id"] == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("01A206F0-DBEC-7DB3-BFB3-5FC3E6AB33E1", EVENT["uuid"]),
        ("01a206f0dbec7db3bfb35fc3e6ab33e1", EVENT["uuid"]),
        ("{01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1}", EVENT["uuid"]),
        ("urn:uuid:01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1", EVENT["uuid"]),
    ],
)
def test_a_uuid_is_written_in_its_usual_form(gateway: Probe, stated: str, expected: str) -> None:
    gateway.post("/e", batch(event(uuid=stated)))
    assert gateway.the_event().envelope["uuid"] == expected


@pytest.mark.parametrize("missing", [{"uuid": ""}, {"uuid": None}])
def test_an_event_without_a_uuid_gets_one_that_carries_the_time(gateway: Probe, missing: Any) -> None:
    gateway.post("/e", batch(event(**missing), event(**missing)))
    first, second = (UUID(captured.envelope["uuid"]) for captured in gateway.events())
    assert first != second
    assert first.version == 7
    assert first.variant == second.variant == UUID(EVENT["uuid"]).variant


BAD: dict[str, tuple[Any, str]] = {
    "no name": ({"distinct_id": "a"}, "missing_event_name"),
    "an empty name": (event(event=""), "missing_event_name"),
    "a name that is no text": (event(event=7), "missing_event_name"),
    "no distinct_id": ({"event": "a"}, "missing_distinct_id"),
    "a null distinct_id": (event(distinct_id=None), "missing_distinct_id"),
    "a blank distinct_id": (event(distinct_id=" \t"), "missing_distinct_id"),
    "a broken uuid": (event(uuid="01a206f0"), "uuid_is_malformed"),
    "a uuid that is no text": (event(uuid=7), "uuid_is_malformed"),
    "a cookieless mode in words": (
        event(properties={"$cookieless_mode": "yes"}),
        "cookieless_mode_is_not_boolean",
    ),
    "a null cookieless mode": (
        event(properties={"$cookieless_mode": None}),
        "cookieless_mode_is_not_boolean",
    ),
    "properties that are a list": (event(properties=[1]), "not_an_event"),
    "a number": (12, "not_an_event"),
    "a text": ("event", "not_an_event"),
    "null": (None, "not_an_event"),
    "a list": ([EVENT], "not_an_event"),
    "more than a megabyte": (event(properties={"x": "y" * 1_000_000}), "event_too_big"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_event_does_not_sink_its_batch(gateway: Probe, what: str) -> None:
    bad, reason = BAD[what]
    answer = gateway.post("/batch", batch(EVENT, bad, event(distinct_id="user-2")))
    assert (answer.status, answer.json) == (200, OK)
    assert [captured.envelope["distinct_id"] for captured in gateway.events()] == ["user-1", "user-2"]
    (dead,) = gateway.dead_letters()
    assert dead.headers["dlq_reason"] == reason
    assert dead.headers["dlq_step"] == "capture"
    assert dead.headers["dlq_timestamp"]
    assert dead.headers["dlq_original_bytes"] == str(len(dumps(bad)))
    assert dead.envelope["data"] == dumps(bad).decode()[:1_000_000]
    assert dead.envelope["token"] == TOKEN


@pytest.mark.parametrize("what", BAD)
def test_a_request_of_bad_events_only_is_refused_and_its_events_kept_apart(gateway: Probe, what: str) -> None:
    bad, reason = BAD[what]
    answer = gateway.post("/batch", batch(bad, bad))
    status = 413 if reason == "event_too_big" else 400
    assert (answer.status, answer.body) == (status, reason.replace("_", " ").encode())
    assert not gateway.events()
    assert [dead.headers["dlq_reason"] for dead in gateway.dead_letters()] == [reason, reason]


def test_properties_may_be_missing_or_null(gateway: Probe) -> None:
    bare = {"event": "a", "distinct_id": "u"}
    assert gateway.post("/batch", batch(bare, {**bare, "properties": None})).status == 200
    assert len(gateway.events()) == 2


def test_an_engage_without_a_name_is_an_identify(gateway: Probe) -> None:
    sent = {"$token": TOKEN, "$distinct_id": "u", "$set": {"plan": "pro"}}
    assert gateway.post("/engage/", sent).status == 200
    captured = gateway.the_event()
    assert captured.envelope["event"] == "$identify"
    assert captured.data == {"event": "$identify", **sent}


def test_only_an_engage_may_lack_a_name(gateway: Probe) -> None:
    assert gateway.post("/e/", {"$token": TOKEN, "$distinct_id": "u", "$set": {}}).status == 400


def test_performance_noise_is_dropped_without_a_word(gateway: Probe) -> None:
    noise = event(event="$performance_event")
    assert gateway.post("/e", batch(noise)).status == 200
    assert gateway.post("/e", batch(noise, EVENT)).status == 200
    assert [captured.envelope["event"] for captured in gateway.events()] == ["Product Viewed"]
    assert not gateway.dead_letters()


def test_noise_beside_a_bad_event_is_no_reason_to_refuse(gateway: Probe) -> None:
    assert gateway.post("/e", batch(event(event="$performance_event"), event(event=""))).status == 200
    assert [each.headers["dlq_reason"] for each in gateway.dead_letters()] == ["missing_event_name"]


def test_if_all_events_are_bad_one_that_cannot_be_read_decides_the_status(gateway: Probe) -> None:
    answer = gateway.post("/e", batch(event(event=""), event(properties={"x": "y" * 1_000_000})))
    assert (answer.status, answer.body) == (413, b"event too big")
    reasons = [each.headers["dlq_reason"] for each in gateway.dead_letters()]
    assert reasons == ["event_too_big", "missing_event_name"]


def test_a_beacon_is_answered_without_a_body(gateway: Probe) -> None:
    answer = gateway.post("/e/", batch(), query="beacon=1")
    assert (answer.status, answer.body) == (204, b"")
    assert gateway.post("/e/", batch(), query="beacon=0").status == 200
    assert gateway.post("/e/", b"nonsense", query="beacon=1").status == 400


@pytest.mark.parametrize("query", ["ip=1&ver=1.2.3&retry_count=4", "unknown=x", "&&&", "compression=foo"])
def test_other_parameters_change_nothing(gateway: Probe, query: str) -> None:
    assert gateway.post("/e/", batch(), query=query).status == 200
    assert len(gateway.events()) == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods_are_not_allowed(gateway: Probe, method: str) -> None:
    answer = gateway.post("/e", batch(), method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_without_an_acknowledgement_there_is_no_200(gateway: Probe) -> None:
    gateway.sink.error = KafkaError(KafkaError._MSG_TIMED_OUT)
    answer = gateway.post("/batch", batch())
    assert (answer.status, answer.body) == (503, b"transient error, please retry")
    assert answer.headers["retry-after"] == "1"


def test_a_large_batch_is_sent_whole_and_in_order(gateway: Probe) -> None:
    many = [event(distinct_id=f"u{number}", uuid=None) for number in range(1_750)]
    assert gateway.post("/batch", batch(*many)).status == 200
    assert [each.envelope["distinct_id"] for each in gateway.events()] == [f"u{n}" for n in range(1_750)]
