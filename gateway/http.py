"""The few parts of HTTP that a capture service needs, directly on ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from gateway import metrics
from gateway.errors import Refused, too_large, unavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
SCRIPT = b"application/javascript; charset=utf-8"
RETRY_AFTER_SECONDS = b"1"


@dataclass(slots=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: RawHeaders = field(default_factory=list)


def retry_after(refused: Refused) -> RawHeaders:
    """Return the header that asks the client to send again, if the refusal is not its fault."""
    return [(b"retry-after", RETRY_AFTER_SECONDS)] if refused.status == 503 else []


class Budget:
    """The number of bytes of request bodies that may be in memory at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Reserve bytes.

        Raises:
            Refused: 503 if the budget is used up; the client should try again.
        """
        if self.used + size > self._limit:
            raise unavailable("too many requests at once, please retry")
        self.used += size

    def give(self, size: int) -> None:
        """Release bytes."""
        self.used -= size


class Held:
    """The share of the budget that one request holds, released at the end of a `with` block."""

    __slots__ = ("_budget", "_size")

    def __init__(self, budget: Budget) -> None:
        self._budget, self._size = budget, 0

    def add(self, size: int) -> None:
        """Hold more bytes.

        Raises:
            Refused: 503 if the budget is used up.
        """
        self._budget.take(size)
        self._size += size

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.give(self._size)


class Request(Struct, frozen=True):
    """A capture request whose body has been read; `query` has the parameters of its address."""

    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    held: Held


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers by lower-case name; repeated ones are joined with commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def read_body(
    receive: Receive, headers: dict[str, str], limit: int, held: Held, seconds: float
) -> bytes:
    """Read a body of at most `limit` bytes.

    Raises:
        Refused: 413 if it is larger, 408 if it takes longer than `seconds`, 503 if memory is short.
        Gone: if the client hangs up.
    """
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(f"request body exceeds {limit} bytes")
    first = await _chunk(receive) if declared == "0" else None
    if first is None:
        try:
            async with asyncio.timeout(seconds):
                first = await _chunk(receive)
                if first[1]:
                    return await _rest(receive, first[0], limit, held)
        except TimeoutError:
            raise Refused(408, "request_timeout", "request timed out") from None
    body = first[0]
    _count(body, len(body), limit, held)
    return body


async def _rest(receive: Receive, first: bytes, limit: int, held: Held) -> bytes:
    parts, length, more = [first], len(first), True
    _count(first, length, limit, held)
    while more:
        part, more = await _chunk(receive)
        length += len(part)
        _count(part, length, limit, held)
        parts.append(part)
    return b"".join(parts)


def _count(part: bytes, length: int, limit: int, held: Held) -> None:
    if length > limit:
        raise too_large(f"request body exceeds {limit} bytes")
    held.add(len(part))
    metrics.BODY_BYTES.inc(len(part))


class Gone(Exception):
    """The client hung up."""


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


def cross_origin(headers: dict[str, str]) -> RawHeaders:
    """Return the headers that let a page of any origin read the answer.

    They repeat the origin, because `*` is not allowed with credentials.
    """
    origin = headers.get("origin")
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]


def preflight(headers: dict[str, str]) -> Response:
    """Answer a browser's preflight request."""
    asked = headers.get("access-control-request-headers", "")
    allowed = [
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", asked.encode("latin-1")),
    ]
    return Response(200, b"", TEXT, allowed)


async def respond(send: Send, response: Response, extra: Iterable[tuple[bytes, bytes]]) -> None:
    """Send a response with `extra` headers."""
    headers = [(b"content-length", str(len(response.body)).encode()), *response.headers, *extra]
    if response.body:
        headers.append((b"content-type", response.content_type))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
