"""Decode the bytes of a request into JSON text, guided by the bytes more than by the headers.

SDKs and proxies lose headers and parameters, so gzip is recognized by its first bytes and base64 by its
alphabet. Nothing is decompressed beyond a limit.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import brotli
import zstandard

from gateway.errors import Refused, too_large, undecodable
from gateway.lz64 import TooLong, decompress

GZIP_MAGIC = b"\x1f\x8b\x08"
FORM = "application/x-www-form-urlencoded"
LZ = frozenset({"lz64", "lz-string"})
# Only old browser SDKs use them, and both cost far more time and memory per byte than gzip.
FORM_LIMIT = 2 << 20
LZ_LIMIT = 1 << 20
MAX_FIELDS = 64
_PEEK = 128
_LAYERS = 4
_CHUNK = 1 << 20
_BASE64 = re.compile(rb"[A-Za-z0-9+/= ]+")
_FORM_START = re.compile(rb"(?:^|&)(?:data|_|ip|compression)=")


def query_fields(query: bytes) -> dict[str, str]:
    """Return the parameters of a query by name; the last one of each name wins.

    Raises:
        Refused: 413 if the query is too long, 400 if it has too many parameters.
    """
    if not query:
        return {}
    if len(query) > FORM_LIMIT:
        raise too_large("query is too long")
    try:
        return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise undecodable("query has too many parameters") from None


def payload(
    fields: Mapping[str, str], body: bytes, content_type: str, content_encoding: str, limit: int
) -> bytes:
    """Return the JSON text of a v0 request, of at most `limit` bytes.

    Raises:
        Refused: 400 if it cannot be decoded, 413 if it is too large.
    """
    data = fields.get("data", "").encode() or body
    if not data:
        raise Refused(400, "empty_body", "empty payload")
    hint = _lz_hint(fields.get("compression"))
    if content_type.partition(";")[0].strip().lower() == FORM and not data.startswith(GZIP_MAGIC):
        form = _form(data)
        data = form.get("data", "").encode()
        hint = hint or _lz_hint(form.get("compression"))
        if not data:
            raise Refused(400, "empty_body", "empty payload")
    hint = hint or _lz_hint(content_encoding)
    return _unwrap(data, hint, limit)


def _lz_hint(text: str | None) -> bool:
    return text is not None and text.lower() in LZ


def _form(data: bytes) -> dict[str, str]:
    if len(data) > FORM_LIMIT:
        raise too_large("form is too large")
    if not _FORM_START.search(data, 0, _PEEK):
        data = _from_base64(data) or b""
        if not _FORM_START.search(data, 0, _PEEK):
            raise undecodable("expected form data in request payload")
    return query_fields(data)


def _unwrap(data: bytes, is_lz: bool, limit: int) -> bytes:
    """Undo compression and base64, in whatever order they were applied."""
    if is_lz:
        data = _lz(data, limit)
    for _ in range(_LAYERS):
        if data.startswith(GZIP_MAGIC):
            data = gunzip(data, limit)
        elif decoded := _from_base64(data):
            data = decoded
        else:
            break
    if len(data) > limit:
        raise too_large(f"decoded payload exceeds {limit} bytes")
    return data


def _from_base64(data: bytes) -> bytes | None:
    """Return the decoded bytes, or None if this is not base64. Decoding a form turns `+` into a space."""
    if not _BASE64.fullmatch(data, 0, min(len(data), _PEEK)):
        return None
    data = data.strip().replace(b" ", b"+")
    try:
        return base64.b64decode(data, validate=True) if len(data) % 4 == 0 else None
    except binascii.Error:
        return None


def _lz(data: bytes, limit: int) -> bytes:
    if len(data) > LZ_LIMIT:
        raise too_large("lz64 payload is too large")
    try:
        # Here, too, decoding a form has turned plus signs into spaces.
        return decompress(data.replace(b" ", b"+"), min(limit, 8 * LZ_LIMIT)).encode()
    except TooLong as error:
        raise too_large(f"lz64: {error}") from None
    except ValueError:
        raise undecodable("invalid lz64 data") from None


def gunzip(data: bytes, limit: int) -> bytes:
    """Decompress one gzip member of at most `limit` bytes.

    Raises:
        Refused: 413 if it is larger, 400 if it is not valid gzip.
    """
    return _inflate(data, limit, 31, "gzip")


def _inflate(data: bytes, limit: int, window: int, name: str) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        text = stream.decompress(data, limit + 1)
    except zlib.error:
        raise undecodable(f"invalid {name} data") from None
    if len(text) > limit:
        raise too_large(f"decompressed payload exceeds {limit} bytes")
    if not stream.eof:
        raise undecodable(f"{name} data ends too early")
    return text


def _deflate(data: bytes, limit: int) -> bytes:
    return _inflate(data, limit, 15, "deflate")


def _brotli(data: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    parts, length = [], 0
    try:
        part = stream.process(data, output_buffer_limit=_CHUNK)
        while True:
            parts.append(part)
            length += len(part)
            if length > limit:
                raise too_large(f"decompressed payload exceeds {limit} bytes")
            if stream.is_finished():
                return b"".join(parts)
            if stream.can_accept_more_data():
                raise undecodable("br data ends too early")
            part = stream.process(b"", output_buffer_limit=_CHUNK)
    except brotli.error:
        raise undecodable("invalid br data") from None


def _zstd(data: bytes, limit: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=8 << 20).stream_reader(data)
    try:
        text = reader.read(limit + 1)
    except zstandard.ZstdError:
        raise undecodable("invalid zstd data") from None
    if len(text) > limit:
        raise too_large(f"decompressed payload exceeds {limit} bytes")
    return text


# By `Content-Encoding`, which senders of v1 must set.
DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": gunzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
