"""Events that no consumer can read, and the good ones beside them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from gateway.malformed_json import MAX_DEPTH, MAX_NAME
from tests.gateway.asgi import TOKEN, Probe, event
from tests.gateway.test_v1 import post as v1_post

GOOD = [f"01a206f0-dbec-7db3-bfb3-00000000000{n}" for n in range(2)]
BAD = "01a206f0-dbec-7db3-bfb3-00000000000b"


def with_load(load: str, uuid: str = BAD) -> str:
    """An event with a property in these very characters."""
    return json.dumps(event(uuid=uuid, properties={"load": "?"})).replace('"?"', load)


def body(*loads: str) -> bytes:
    """A batch: a good event, one with each of these loads, a good event."""
    first, last = (json.dumps(event(uuid=uuid)) for uuid in GOOD)
    return f'{{"api_key":"{TOKEN}","batch":[{", ".join([first, *map(with_load, loads), last])}]}}'.encode()


def nested(levels: int) -> str:
    """A load that makes its event so deep: the event and its properties are the first two levels."""
    return "[" * (levels - 2) + "]" * (levels - 2)


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        *((load, "not_an_event") for load in ("NaN", "-Infinity", "[NaN, 1]", "007", "'x'", "undefined")),
        *((nested(levels), "event_exceeds_json_limits") for levels in (MAX_DEPTH + 1, 900, 1_500, 40_000)),
        (f'{{"{"n" * (MAX_NAME + 1)}": 1}}', "event_exceeds_json_limits"),
    ],
    ids=lambda value: value[:20],
)
def test_a_hostile_event_costs_itself_only(gateway: Probe, load: str, reason: str) -> None:
    began = time.monotonic()
    assert gateway.post("/batch", body(load)).status == 200
    assert time.monotonic() - began < 5
    assert [each.envelope["uuid"] for each in gateway.events()] == GOOD
    (dead,) = gateway.dead_letters()
    assert dead.headers["dlq_reason"] == reason
    assert load[:1_000] in dead.envelope["data"]


@pytest.mark.parametrize(
    "load",
    [nested(MAX_DEPTH), "9" * 1_200, "1e-999999999", "1E400", f'{{"{"n" * MAX_NAME}": 1}}', '"[[[{"'],
    ids=lambda load: load[:20],
)
def test_what_is_only_unusual_is_kept_to_the_letter(gateway: Probe, load: str) -> None:
    assert gateway.post("/batch", body(load)).status == 200
    assert [each.envelope["uuid"] for each in gateway.events()] == [GOOD[0], BAD, GOOD[1]]
    assert load in json.loads(gateway.events()[1].message.value)["data"]


def test_an_array_without_a_batch_is_cut_as_well(gateway: Probe) -> None:
    sent = [with_load("NaN"), '7,"a, b"', json.dumps(event(token=TOKEN)), "null", "[1]"]
    assert gateway.post("/e", f"[{','.join(sent)}]".encode()).status == 200
    assert len(gateway.events()) == 1
    assert [each.envelope["data"] for each in gateway.dead_letters()] == [*sent[:2], *sent[3:]]


def test_a_body_that_brackets_do_not_tell_apart_is_refused(gateway: Probe) -> None:
    for broken in (body("NaN")[:-2], b'{"api_key":"phc_test","batch":[NaN', b'{"batch" [}', b'["', b"[{]"):
        assert gateway.post("/batch", broken).status in (400, 401)
    assert not gateway.events()


def test_the_newer_protocol_drops_a_hostile_event_and_keeps_the_others(gateway: Probe) -> None:
    def sent(uuid: str, load: str) -> str:
        whole: dict[str, Any] = event(uuid=uuid, timestamp="2026-01-01T00:00:00Z", properties={"load": "?"})
        return json.dumps(whole).replace('"?"', load)

    events = [sent(GOOD[0], "1"), sent(BAD, "NaN"), sent(GOOD[1], nested(1_500))]
    content = f'{{"created_at":"2026-01-01T00:00:00Z","batch":[{",".join(events)}]}}'.encode()
    answer = v1_post(gateway, content)
    assert answer.status == 200
    assert {uuid: result["result"] for uuid, result in answer.json["results"].items()} == {
        GOOD[0]: "ok",
        BAD: "drop",
        GOOD[1]: "drop",
    }
    assert [each.envelope["uuid"] for each in gateway.events()] == [GOOD[0]]


def test_no_text_of_an_event_holds_what_a_warehouse_cannot(gateway: Probe) -> None:
    text = '"a\\u0000b \\ud83d \\ud83d\\ude00 \\\\u0000"'
    properties = f'{{"$device_id": {text}, {text}: [{text}]}}'
    sent = f'{{"api_key":"{TOKEN}","event":{text},"distinct_id":{text},"properties":{properties}}}'
    assert gateway.post("/e", sent.encode()).status == 200
    kept, meant = gateway.the_event(), "a\ufffdb \ufffd \U0001f600 \\u0000"
    assert (kept.envelope["event"], kept.envelope["distinct_id"]) == (meant, meant)
    assert kept.data["properties"] == {"$device_id": meant, meant: [meant]}
