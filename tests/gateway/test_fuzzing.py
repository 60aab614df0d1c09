"""Whatever the request, the answer is a verdict and never an internal error."""

from __future__ import annotations

import base64
import gc
import gzip
import json
import random
import tracemalloc
import zlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.settings.gateway import MEBIBYTE
from tests.gateway.asgi import TOKEN, Probe, batch, dumps, event
from tests.gateway.test_v1 import body as v1_body
from tests.gateway.test_v1 import headers as v1_headers

VERDICTS = {200, 204, 400, 401, 405, 408, 413, 415}
PATHS = st.sampled_from(["/e/", "/i/v0/e", "/batch/", "/capture", "/track", "/engage"])
TYPES = st.sampled_from(
    [
        "",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ]
)
QUERIES = st.sampled_from(
    [
        "",
        "compression=gzip",
        "compression=lz64",
        "compression=base64",
        "beacon=1",
        "data=e30=",
        "data=%7B%7D",
        "_=9",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        [TOKEN, "", "\0", "2026-01-01T00:00:00Z", "01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1", "$identify"]
    ),
)
KEYS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(
        (
            *("event", "properties", "distinct_id", "$distinct_id", "token", "api_key", "$token", "uuid"),
            *("timestamp", "offset", "batch", "sent_at", "historical_migration", "$set", "$session_id"),
            *("$cookieless_mode", "$ignore_sent_at", "capture_internal", "options", "created_at"),
        )
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=8,
)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PACKERS = st.sampled_from(
    [
        lambda data: data,
        gzip.compress,
        zlib.compress,
        base64.b64encode,
        lambda data: base64.b64encode(gzip.compress(data)),
        lambda data: b"data=" + base64.b64encode(data),
        lambda data: gzip.compress(data)[:-4],
    ]
)


def check(gateway: Probe, answer: Any) -> None:
    assert answer.status in VERDICTS, (answer.status, answer.body)
    assert gateway.app._budget.used == 0
    for captured in gateway.events():
        assert isinstance(captured.data, dict)
        assert captured.envelope["uuid"]
        assert captured.envelope["distinct_id"]
        assert captured.envelope["event"]
        assert captured.envelope["token"] == TOKEN
    for captured in gateway.dead_letters():
        assert captured.headers["dlq_reason"]


@QUICK
@given(PATHS, st.binary(max_size=2_000), TYPES, QUERIES)
def test_random_bytes(path: str, body: bytes, kind: str, query: str) -> None:
    gateway = Probe()
    check(gateway, gateway.post(path, body, headers={"content-type": kind} if kind else {}, query=query))


@QUICK
@given(PATHS, VALUES, PACKERS, TYPES, QUERIES)
def test_any_json_in_any_packing(path: str, value: Any, pack: Any, kind: str, query: str) -> None:
    gateway = Probe()
    body = pack(json.dumps(value).encode())
    check(gateway, gateway.post(path, body, headers={"content-type": kind} if kind else {}, query=query))


@QUICK
@given(PATHS, st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=3))
def test_any_events_in_a_batch(path: str, events: list[Any]) -> None:
    gateway = Probe()
    check(gateway, gateway.post(path, json.dumps({"api_key": TOKEN, "batch": events}).encode()))


@QUICK
@given(VALUES, st.dictionaries(st.sampled_from(sorted(v1_headers())), st.text(max_size=20), max_size=3))
def test_any_v1_request(value: Any, changed: dict[str, str]) -> None:
    gateway = Probe()
    content = v1_body(*value) if isinstance(value, list) else value
    heads = v1_headers() | {
        name: text.encode("latin-1", "replace").decode("latin-1") for name, text in changed.items()
    }
    check(gateway, gateway.post("/i/v1/analytics/events", json.dumps(content).encode(), headers=heads))


def test_a_good_body_damaged_anywhere() -> None:
    chance = random.Random(7)
    good = [dumps(batch(event(), event(uuid=None))), gzip.compress(dumps(batch()))]
    for _ in range(1_000):
        body = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(len(body))
            match chance.randrange(3):
                case 0:
                    body[where] = chance.randrange(256)
                case 1:
                    del body[where : where + chance.randint(1, 9)]
                case _:
                    body[where:where] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 9)))
            body = body or bytearray(b"0")
        gateway = Probe()
        check(gateway, gateway.post("/batch", bytes(body)))


def test_nothing_of_a_request_is_kept() -> None:
    gateway = Probe()
    bodies = [b"x" * 100_000, gzip.compress(b"[" * 100_000), dumps(batch(*[7] * 500))]

    def send_all() -> None:
        for body in bodies * 4:
            gateway.post("/e", body)
        gateway.sink.messages.clear()
        gc.collect()

    send_all()
    tracemalloc.start()
    try:
        send_all()
        before = tracemalloc.get_traced_memory()[0]
        send_all()
        assert tracemalloc.get_traced_memory()[0] - before < MEBIBYTE
    finally:
        tracemalloc.stop()
