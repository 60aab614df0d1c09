"""Every encoding of a body."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any
from urllib.parse import quote, urlencode

import brotli
import pytest
import zstandard

from tests.gateway.asgi import EVENT, TOKEN, Probe, batch, dumps, event, gzipped
from tests.gateway.lz import compress_to_base64
from tests.gateway.test_v1 import body, post

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
PLAIN = {"content-type": "text/plain"}
SINGLE = {**EVENT, "api_key": TOKEN}
ARRAY = [{**EVENT, "properties": {**EVENT["properties"], "token": TOKEN}}]
PATHS = ("/e", "/i/v0/e", "/batch", "/capture", "/track", "/i/v0/ai/batch")


def encoded(value: Any) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else dumps(value)).decode()


@pytest.mark.parametrize("path", [each + slash for each in PATHS for slash in ("", "/")])
@pytest.mark.parametrize("body", [batch(), SINGLE, ARRAY], ids=["batch", "single", "array"])
def test_every_shape_is_taken_on_every_path(gateway: Probe, path: str, body: Any) -> None:
    answer = gateway.post(path, body, headers=JSON)
    assert (answer.status, answer.json) == (200, {"status": "Ok"})
    assert gateway.the_event().envelope["distinct_id"] == "user-1"


# The format of a body does not depend on its headers.
PACKED: dict[str, tuple[bytes | str, dict[str, str], str | dict[str, str]]] = {
    "no content type": (dumps(batch()), {}, ""),
    "an unknown content type": (dumps(batch()), {"content-type": "application/x-anything"}, ""),
    "blanks around": (b" \n\t" + dumps(batch()) + b"\n", JSON, ""),
    "gzip, named by its header": (gzipped(batch()), {**JSON, "content-encoding": "gzip"}, ""),
    "gzip, named by the query": (gzipped(batch()), PLAIN, "compression=gzip-js"),
    "gzip, named nowhere": (gzipped(batch()), PLAIN, ""),
    "gzip, called something else": (gzipped(batch()), PLAIN, "compression=lz4"),
    "gzip, called a form": (gzipped(batch()), FORM, ""),
    "plain, called gzip": (dumps(batch()), {**JSON, "content-encoding": "gzip"}, "compression=gzip"),
    "base64": (encoded(batch()), PLAIN, ""),
    "base64, named by the query": (encoded(batch()), PLAIN, "compression=base64"),
    "base64 of gzip": (encoded(gzipped(batch())), PLAIN, "compression=gzip"),
    "gzip of base64": (gzipped(encoded(batch()).encode()), PLAIN, ""),
    "a form": (urlencode({"data": dumps(batch()).decode(), "ver": "1.0"}), FORM, ""),
    "a form with a character set": (
        urlencode({"data": dumps(batch()).decode()}),
        {"content-type": "Application/x-www-form-urlencoded; charset=UTF-8"},
        "",
    ),
    "a form of base64": (urlencode({"data": encoded(batch()), "compression": "base64"}), FORM, ""),
    "a form whose plus signs became spaces": ("data=" + encoded(batch(event(event="~~~>>>???"))), FORM, ""),
    "a base64 form": (encoded(urlencode({"data": dumps(batch()).decode()}).encode()), FORM, ""),
    "lz64, named by the query": (compress_to_base64(dumps(batch()).decode()), PLAIN, "compression=lz64"),
    "lz64, named by its header": (
        compress_to_base64(dumps(batch()).decode()),
        {"content-encoding": "lz-string"},
        "",
    ),
    "lz64 in a form": (
        urlencode({"data": compress_to_base64(dumps(batch()).decode()), "compression": "lz64"}),
        FORM,
        "",
    ),
    "lz64 in a form, unescaped": (
        "compression=lz64&data=" + compress_to_base64(dumps(batch()).decode()),
        FORM,
        "",
    ),
}


@pytest.mark.parametrize("how", PACKED)
def test_a_body_is_unpacked_by_what_it_is(gateway: Probe, how: str) -> None:
    body, headers, query = PACKED[how]
    assert gateway.post("/e/", body, headers=headers, query=query).status == 200
    assert gateway.the_event().data["properties"] == EVENT["properties"]


@pytest.mark.parametrize(
    "query",
    [
        {"data": dumps(SINGLE).decode()},
        {"data": encoded(SINGLE)},
        {"data": encoded(event(api_key=TOKEN, event="~~~>>>???")), "compression": "base64"},
        {"data": compress_to_base64(dumps(SINGLE).decode()), "compression": "lz64"},
        {"data": encoded(gzipped(SINGLE)), "compression": "gzip"},
    ],
    ids=["json", "base64", "base64 with plus signs", "lz64", "gzip"],
)
def test_a_get_carries_its_payload_in_the_query(gateway: Probe, query: dict[str, str]) -> None:
    assert gateway.get("/e/", query=query).status == 200
    assert gateway.the_event().envelope["distinct_id"] == "user-1"


def test_a_get_whose_plus_signs_were_not_escaped_is_still_read(gateway: Probe) -> None:
    text = encoded(event(api_key=TOKEN, event="~~~>>>???"))
    assert "+" in text or "/" in text
    assert gateway.get("/e", query=f"data={quote(text, safe='+=')}").status == 200


@pytest.mark.parametrize(
    ("body", "headers", "query", "text"),
    [
        (b"", JSON, "", b"empty payload"),
        (b"data=", FORM, "", b"empty payload"),
        (b"{}", FORM, "", b"expected form data in request payload"),
        (b"compression=gzip&foo=1", FORM, "", b"empty payload"),
        (b"data=" + b"&a=1" * 100, FORM, "", b"query has too many parameters"),
        (b"not json", JSON, "", b"payload is not JSON of a known shape"),
        (b"{", JSON, "", b"payload is not JSON of a known shape"),
        (b"[1,", JSON, "", b"payload is not JSON of a known shape"),
        (b"12", JSON, "", b"payload is not JSON of a known shape"),
        (b"null", JSON, "", b"payload is not JSON of a known shape"),
        (b'"text"', JSON, "", b"payload is not JSON of a known shape"),
        (b"\xff\xfe{}", JSON, "", b"payload is not JSON of a known shape"),
        (b"[" * 200_000, JSON, "", b"payload is not JSON of a known shape"),
        (b"\x1f\x8b\x08garbage", PLAIN, "", b"invalid gzip data"),
        (gzip.compress(b"x" * 1000)[:-12], PLAIN, "", b"gzip data ends too early"),
        (b"!!!!", PLAIN, "compression=lz64", b"invalid lz64 data"),
        (b"AAAA", PLAIN, "compression=lz64", b"invalid lz64 data"),
        (dumps([]), JSON, "", b"batch is empty"),
        (dumps({"api_key": TOKEN, "batch": []}), JSON, "", b"batch is empty"),
    ],
)
def test_what_cannot_be_decoded_is_answered_400(
    gateway: Probe, body: bytes, headers: dict[str, str], query: str, text: bytes
) -> None:
    answer = gateway.post("/e", body, headers=headers, query=query)
    assert (answer.status, answer.body) == (400, text)
    assert answer.headers["content-type"].startswith("text/plain")
    assert not gateway.sink.messages


def test_half_of_an_emoji_is_replaced_and_the_rest_of_the_event_kept(gateway: Probe) -> None:
    body = (
        r'{"api_key":"phc_test","batch":[{"event":"a","distinct_id":"u",'
        r'"properties":{"cut":"x\ud83d","whole":"\ud83d\ude00","escaped":"\\ud83d"}}]}'
    )
    assert gateway.post("/batch", body).status == 200
    assert gateway.the_event().data["properties"] == {"cut": "x\ufffd", "whole": "😀", "escaped": r"\ud83d"}


def test_what_was_sent_goes_along_to_the_letter(gateway: Probe) -> None:
    raw = (
        '{"event": "a", "distinct_id": "ü", "properties": {"price": 1.10, "id": 12345678901234567890123,'
        ' "tiny": 1e-400, "deep": [[{}]]}, "$unset": ["x"], "anything": null}'
    )
    assert gateway.post("/batch", f'{{"token":"{TOKEN}","batch":[{raw}]}}').status == 200
    assert gateway.the_event().envelope["data"] == raw


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_v1_takes_each_encoding_it_names(gateway: Probe, encoding: str) -> None:
    pack = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }[encoding]
    assert post(gateway, pack(dumps(body())), **{"content-encoding": encoding}).status == 200
    assert gateway.the_event().envelope["distinct_id"] == "user-1"
    for broken in (b"garbage", pack(dumps(body()))[:-9]):
        answer = post(gateway, broken, **{"content-encoding": encoding})
        assert answer.status == 400
        assert answer.json["error"] in ("request_decoding_error", "request_parsing_error")


def test_json_in_the_data_is_json_again(gateway: Probe) -> None:
    nasty = event(properties={'quote"s': 'back\\slash "and" \u2028 \x7f é 😀', "nul": "\x00"})
    assert gateway.post("/batch", json.dumps(batch(nasty))).status == 200
    assert gateway.the_event().data["properties"] == {**nasty["properties"], "nul": "\ufffd"}
