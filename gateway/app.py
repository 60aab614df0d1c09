"""The ASGI application: route a path to its handler, render answers and errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from gateway import decoding, metrics, sdk_stubs, v0, v1
from gateway.batch import Batch, Outcome
from gateway.capture import Capture
from gateway.client_ip import client_ip
from gateway.errors import Refused, unavailable
from gateway.http import (
    SCRIPT,
    TEXT,
    Budget,
    Gone,
    Held,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    cross_origin,
    headers_of,
    preflight,
    read_body,
    respond,
)
from gateway.settings import GatewaySettings
from gateway.sink import Sink
from gateway.tokens import is_allowed

log = structlog.get_logger("gateway")

STOP_SECONDS = 10.0

Handler = Callable[[], Awaitable[Response]]


class WireFormat(Protocol):
    """A protocol of PostHog's SDKs, as the modules v0 and v1 implement it: parsing and rendering only."""

    PATHS: frozenset[str]
    METHODS: tuple[str, ...]

    def max_body_bytes(self, settings: GatewaySettings, /) -> int:
        """Return the size that a body may have on the wire."""

    def read(self, request: Request, settings: GatewaySettings, /) -> Batch:
        """Parse a request into a batch."""

    def answer(self, request: Request, batch: Batch, outcome: Outcome, /) -> Response:
        """Render what became of a batch."""

    def refusal(self, refused: Refused, /) -> Response:
        """Render why a request is refused as a whole."""


_V0: WireFormat = v0
_V1: WireFormat = v1
WIRE_FORMATS = {path: wire_format for wire_format in (_V0, _V1) for path in wire_format.PATHS}


class Gateway:
    """The gateway of one process, as an ASGI application."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._sink = Sink(settings)
        self._capture = Capture(settings, self._sink)
        self._budget = Budget(settings.gateway_max_pending_bytes)
        metrics.PENDING_BYTES.set_function(lambda: self._budget.used)
        metrics.WAITING_MESSAGES.set_function(lambda: self._sink.waiting)
        metrics.WAITING_BYTES.set_function(lambda: self._sink.waiting_bytes)
        self._fixed: dict[str, Handler] = {
            "": self._ready,
            "/_readiness": self._ready,
            "/_liveness": self._alive,
            "/metrics": self._metrics,
            "/flags": self._flags,
            "/decide": self._decide,
            "/s": self._discard,
            "/flags/definitions": self._definitions,
            "/api/surveys": self._surveys,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._sink.start()
                log.info(
                    "started", topics=self._settings.topics, brokers=self._settings.kafka_bootstrap_servers
                )
                await send({"type": "lifespan.startup.complete"})
            else:
                left = await self._sink.stop(STOP_SECONDS)
                log.info("stopped", messages_not_acknowledged=left)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"].rstrip("/")
        headers = headers_of(scope)
        wire_format = WIRE_FORMATS.get(path)
        route = path if wire_format or path in self._fixed else "other"
        render = (wire_format or _V0).refusal
        try:
            response = await self._response(scope, receive, path, headers)
        except Refused as refused:
            metrics.REFUSED.labels(refused.tag).inc()
            # The sender stays out of the log, because it may be a person.
            log.info("refused", route=route, status=refused.status, reason=refused.tag)
            response = render(refused)
        except Gone:
            return
        except Exception:
            log.exception("failed", route=route)
            response = render(unavailable("transient error, please retry"))
        metrics.requests(route or "/", response.status).inc()
        await respond(send, response, cross_origin(headers))

    async def _response(self, scope: Scope, receive: Receive, path: str, headers: dict[str, str]) -> Response:
        if scope["method"] == "OPTIONS":
            return preflight(headers)
        if wire_format := WIRE_FORMATS.get(path):
            began = time.monotonic()
            response = await self._captured(wire_format, scope, receive, path, headers)
            metrics.REQUEST_SECONDS.observe(time.monotonic() - began)
            return response
        if fixed := self._fixed.get(path):
            return await fixed()
        if path.startswith("/array/"):
            return self._config(path)
        return Response(404, b"not found", TEXT)

    async def _captured(
        self, wire_format: WireFormat, scope: Scope, receive: Receive, path: str, headers: dict[str, str]
    ) -> Response:
        settings = self._settings
        if scope["method"] not in wire_format.METHODS:
            allowed = ", ".join(wire_format.METHODS).encode()
            return Response(405, b"method not allowed", TEXT, [(b"allow", allowed)])
        limit = wire_format.max_body_bytes(settings)
        with Held(self._budget) as held:
            body = await read_body(receive, headers, limit, held, settings.gateway_body_seconds)
            request = Request(path, headers, decoding.query_fields(scope["query_string"]), body, held)
            batch = wire_format.read(request, settings)
            outcome = await self._capture.publish(batch, self._client_ip(scope, headers))
            return wire_format.answer(request, batch, outcome)

    def _client_ip(self, scope: Scope, headers: dict[str, str]) -> str:
        peer, _ = scope.get("client") or ("", 0)
        forwarded = headers.get("x-forwarded-for", "")
        settings = self._settings
        return client_ip(peer, forwarded, settings.gateway_trusted_proxies, settings.gateway_truncate_ip)

    def _config(self, path: str) -> Response:
        _, _, token, *rest = path.split("/")
        if not sdk_stubs.is_name(token) or not is_allowed(token, self._settings.gateway_tokens):
            return Response(404, b"unknown project", TEXT)
        if rest == ["config"]:
            return Response(200, sdk_stubs.config_json(token))
        if rest == ["config.js"]:
            return Response(200, sdk_stubs.config_script(token), SCRIPT)
        return Response(404, b"not found", TEXT)

    async def _ready(self) -> Response:
        problem = await self._sink.problem()
        return Response(503, problem.encode(), TEXT) if problem else Response(200, b"capture", TEXT)

    async def _alive(self) -> Response:
        return Response(200, b"ok", TEXT)

    async def _metrics(self) -> Response:
        return Response(200, metrics.exposition(), metrics.CONTENT_TYPE.encode())

    async def _flags(self) -> Response:
        return Response(200, sdk_stubs.flags())

    async def _decide(self) -> Response:
        return Response(200, sdk_stubs.decide())

    async def _discard(self) -> Response:
        return Response(200, sdk_stubs.OK)

    async def _definitions(self) -> Response:
        return Response(200, sdk_stubs.FLAG_DEFINITIONS)

    async def _surveys(self) -> Response:
        return Response(200, sdk_stubs.SURVEYS)
