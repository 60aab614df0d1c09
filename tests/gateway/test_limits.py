"""Limits on sizes and numbers: what is accepted, and that nothing larger is ever kept in memory."""

from __future__ import annotations

import asyncio
import gzip
import resource
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
import zstandard

from contracts.settings.gateway import MEBIBYTE
from tests.gateway.asgi import TOKEN, Probe, batch, dumps, event
from tests.gateway.lz import compress_to_base64
from tests.gateway.test_v1 import body as v1_body
from tests.gateway.test_v1 import post as v1_post

TOO_LARGE = 413


def padded(size: int) -> bytes:
    """A body of exactly so many bytes."""
    empty = dumps(batch(event(properties={"x": ""})))
    return dumps(batch(event(properties={"x": "y" * (size - len(empty))})))


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    gateway = Probe(gateway_max_body_bytes=5_000)
    assert gateway.post("/e", padded(5_000)).status == 200
    assert gateway.post("/e", padded(5_001)).status == TOO_LARGE


def test_a_body_without_a_length_is_counted_as_it_comes() -> None:
    gateway = Probe(gateway_max_body_bytes=5_000)
    read = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield b" " * 1_000

    assert gateway.post("/e", chunks=endless()).status == TOO_LARGE
    assert len(read) < 10


def test_v1_has_a_limit_of_its_own() -> None:
    gateway = Probe(gateway_max_v1_body_bytes=5_000)
    content = dumps(v1_body())
    assert v1_post(gateway, content + b" " * (5_000 - len(content))).status == 200
    answer = v1_post(gateway, content + b" " * (5_001 - len(content)))
    assert (answer.status, answer.json["error"]) == (TOO_LARGE, "payload_too_large")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data], ids=["gzip", "plain"])
def test_a_decoded_body_has_a_limit_too(pack: Any) -> None:
    gateway = Probe(gateway_max_decoded_bytes=50_000)
    assert gateway.post("/e", pack(padded(50_000))).status == 200
    assert gateway.post("/e", pack(padded(50_001))).status == TOO_LARGE


BOMB = 400 * MEBIBYTE


def repeated(compressor: Any) -> bytes:
    block = b"0" * MEBIBYTE
    return b"".join(compressor.compress(block) for _ in range(BOMB // MEBIBYTE)) + compressor.flush()


def brotli_bomb() -> bytes:
    compressor = brotli.Compressor(quality=1)
    block = b"0" * MEBIBYTE
    return b"".join(compressor.process(block) for _ in range(BOMB // MEBIBYTE)) + compressor.finish()


BOMBS = {
    "gzip": lambda: repeated(zlib.compressobj(9, zlib.DEFLATED, 31)),
    "deflate": lambda: repeated(zlib.compressobj(9)),
    "br": brotli_bomb,
    "zstd": lambda: repeated(zstandard.ZstdCompressor().compressobj()),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_decompression_bomb_is_refused_within_the_limit_of_memory(encoding: str) -> None:
    gateway, bomb = Probe(), BOMBS[encoding]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if encoding == "gzip":
        assert gateway.post("/e", bomb).status == TOO_LARGE
    assert v1_post(gateway, bomb, **{"content-encoding": encoding}).status == TOO_LARGE
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150 * 1024


def test_an_lz64_bomb_is_refused() -> None:
    gateway = Probe(gateway_max_decoded_bytes=100_000)
    bomb = compress_to_base64("0" * 100_001)
    assert len(bomb) < 2_000
    assert gateway.post("/e", bomb, query="compression=lz64").status == TOO_LARGE
    assert gateway.post("/e", b"A" * (MEBIBYTE + 4), query="compression=lz64").status == TOO_LARGE


def test_gzip_inside_gzip_ends_at_the_limit() -> None:
    gateway = Probe()
    inner = BOMBS["gzip"]()
    assert gateway.post("/e", gzip.compress(inner)).status == TOO_LARGE
    nested = dumps(batch())
    for _ in range(9):
        nested = gzip.compress(nested)
    assert gateway.post("/e", nested).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"0," * 5_000_000 + b"0]",
        b'{"api_key":"phc_test","batch":[' + b"{}," * 3_000_000 + b"{}]}",
        b"[" + b"[],[]," * 1_500_000 + b"[]]",
    ],
    ids=["numbers", "objects", "lists"],
)
def test_many_small_values_do_not_become_many_large_objects(body: bytes) -> None:
    gateway = Probe()
    tracemalloc.start()
    try:
        assert gateway.post("/e", body).status == TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 60 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_batch_has_a_largest_number_of_events() -> None:
    gateway = Probe(gateway_max_batch_events=3)
    assert gateway.post("/e", batch(*[event()] * 3)).status == 200
    assert gateway.post("/e", batch(*[event()] * 4)).status == TOO_LARGE


def test_a_form_and_a_query_are_small() -> None:
    gateway = Probe()
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert gateway.post("/e", b"data=" + b"%41" * MEBIBYTE, headers=form).status == TOO_LARGE
    assert gateway.get("/e", query="data=" + "A" * (2 * MEBIBYTE)).status == TOO_LARGE


@pytest.mark.parametrize("letter", ["y", '"', "\\", "\x01", "é", "😀"])
def test_the_largest_event_fits_into_a_message_however_it_is_written(letter: str) -> None:
    gateway = Probe()
    frame = len(dumps(event(properties={"x": ""})))
    cost = len(dumps(letter)) - 2
    sent = event(properties={"x": letter * ((1_000_000 - frame) // cost)})
    assert 999_000 < len(dumps(sent)) <= 1_000_000
    assert gateway.post("/e", batch(sent)).status == 200
    assert len(gateway.the_event().message.value) < 2_097_152 - 4_096


def test_a_name_that_is_too_long_for_a_message_makes_a_dead_letter(gateway: Probe) -> None:
    assert gateway.post("/e", batch(event(event="\\" * 499_000), event())).status == 200
    (dead,) = gateway.dead_letters()
    assert dead.headers["dlq_reason"] == "event_too_big"
    assert len(dead.message.value) < 2_097_152 - 4_096


def test_bytes_that_are_no_text_make_a_dead_letter_that_fits(gateway: Probe) -> None:
    raw = b'{"event":"a","distinct_id":"u","properties":{"x":"' + b"\xff" * 990_000 + b'"}}'
    body = b'{"api_key":"phc_test","batch":[' + dumps(event()) + b"," + raw + b"]}"
    assert gateway.post("/e", body).status == 200
    (dead,) = gateway.dead_letters()
    assert dead.headers["dlq_reason"] == "not_utf8"
    assert len(dead.message.value) < 2_097_152 - 4_096


def test_when_memory_is_short_the_answer_is_503_and_never_429() -> None:
    gateway = Probe(gateway_max_pending_bytes=4_000)
    answer = gateway.post("/e", padded(4_001))
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert gateway.post("/e", padded(4_000)).status == 200
    assert gateway.app._budget.used == 0


def test_a_body_that_never_ends_is_given_up() -> None:
    gateway = Probe(gateway_body_seconds=0.05)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/e",
        "query_string": b"",
        "headers": [],
        "client": None,
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0 if not sent_one else 60)
        sent_one.append(1)
        return {"type": "http.request", "body": b"{", "more_body": True}

    sent_one: list[int] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(gateway.app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert gateway.app._budget.used == 0


def test_a_token_is_needed_before_anything_is_written(gateway: Probe) -> None:
    assert gateway.post("/e", {"api_key": TOKEN + "x", "batch": [7]}).status == 401
    assert not gateway.sink.messages
