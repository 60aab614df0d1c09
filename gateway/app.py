"""The ASGI application: paths, what is asked of the brokers, answers and errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from gateway import decoding, metrics, stubs
from gateway.capture import Capture, Incoming
from gateway.errors import Refused
from gateway.http import (
    RETRY_AFTER_SECONDS,
    SCRIPT,
    TEXT,
    Budget,
    Gone,
    Held,
    RawHeaders,
    Receive,
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

V0_PATHS = frozenset(
    ("/e", "/i/v0/e", "/batch", "/capture", "/track", "/engage", "/i/v0/ai", "/i/v0/ai/batch")
)
V1_PATHS = frozenset(("/i/v1/analytics/events", "/i/v1/ai/events"))
STOP_SECONDS = 10.0
DOCUMENTATION = "https://posthog.com/docs/api"

Handler = Callable[[], Awaitable[Response]]
_encode = msgspec.json.encode


class Gateway:
    """The service of one process."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._sink = Sink(settings)
        self._capture = Capture(settings, self._sink)
        self._budget = Budget(settings.gateway_max_pending_bytes)
        metrics.PENDING_BYTES.set_function(lambda: self._budget.used)
        metrics.WAITING_MESSAGES.set_function(lambda: self._sink.waiting)
        metrics.WAITING_BYTES.set_function(lambda: self._sink.waiting_bytes)
        self._fixed: dict[str, Callable[[], Awaitable[Response]]] = {
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
        """Answer one request, or begin and end with the server."""
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
        is_v1 = path in V1_PATHS
        route = path if is_v1 or path in V0_PATHS or path in self._fixed else "other"
        try:
            response = await self._response(scope, receive, path, headers)
        except Refused as refused:
            metrics.REFUSED.labels(refused.tag).inc()
            # Who sent it stays out of the log: it may be a person.
            log.info("refused", route=route, status=refused.status, reason=refused.tag)
            response = _refusal(refused, is_v1)
        except Gone:
            return
        except Exception:
            log.exception("failed", route=route)
            response = _refusal(Refused(503, "service_unavailable", "transient error, please retry"), is_v1)
        metrics.REQUESTS.labels(route or "/", response.status).inc()
        await respond(send, response, cross_origin(headers))

    async def _response(self, scope: Scope, receive: Receive, path: str, headers: dict[str, str]) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return preflight(headers)
        if path in V0_PATHS or path in V1_PATHS:
            began = time.monotonic()
            response = await self._captured(scope, receive, path, headers)
            metrics.REQUEST_SECONDS.observe(time.monotonic() - began)
            return response
        if fixed := self._fixed.get(path):
            return await fixed()
        if path.startswith("/array/"):
            return self._config(path)
        return Response(404, b"not found", TEXT)

    async def _captured(self, scope: Scope, receive: Receive, path: str, headers: dict[str, str]) -> Response:
        settings, method = self._settings, scope["method"]
        is_v1 = path in V1_PATHS
        if method != "POST" and (is_v1 or method != "GET"):
            return Response(
                405, b"method not allowed", TEXT, [(b"allow", b"POST" if is_v1 else b"GET, POST")]
            )
        limit = settings.gateway_max_v1_body_bytes if is_v1 else settings.gateway_max_body_bytes
        with Held(self._budget) as held:
            body = await read_body(receive, headers, limit, held, settings.gateway_body_seconds)
            client = scope.get("client")
            incoming = Incoming(
                path,
                headers,
                decoding.query_fields(scope["query_string"]),
                body,
                client[0] if client else "",
                held,
            )
            return await (self._capture.v1(incoming) if is_v1 else self._capture.v0(incoming))

    def _config(self, path: str) -> Response:
        _, _, token, *rest = path.split("/")
        if not stubs.is_name(token) or not is_allowed(token, self._settings.gateway_tokens):
            return Response(404, b"unknown project", TEXT)
        if rest == ["config"]:
            return Response(200, stubs.config_json(token))
        if rest == ["config.js"]:
            return Response(200, stubs.config_script(token), SCRIPT)
        return Response(404, b"not found", TEXT)

    async def _ready(self) -> Response:
        problem = await self._sink.problem()
        return Response(503, problem.encode(), TEXT) if problem else Response(200, b"capture", TEXT)

    async def _alive(self) -> Response:
        return Response(200, b"ok", TEXT)

    async def _metrics(self) -> Response:
        return Response(200, metrics.exposition(), metrics.CONTENT_TYPE.encode())

    async def _flags(self) -> Response:
        return Response(200, stubs.flags())

    async def _decide(self) -> Response:
        return Response(200, stubs.decide())

    async def _discard(self) -> Response:
        return Response(200, stubs.OK)

    async def _definitions(self) -> Response:
        return Response(200, stubs.FLAG_DEFINITIONS)

    async def _surveys(self) -> Response:
        return Response(200, stubs.SURVEYS)


def _refusal(refused: Refused, is_v1: bool) -> Response:
    headers: RawHeaders = [(b"retry-after", RETRY_AFTER_SECONDS)] if refused.status == 503 else []
    if not is_v1:
        return Response(refused.status, refused.text.encode(), TEXT, headers)
    headers += [(b"accept", b"application/json"), (b"accept-encoding", b"gzip, deflate, br, zstd")]
    body = {"error": refused.tag, "error_description": refused.text, "error_uri": DOCUMENTATION}
    return Response(refused.status, _encode(body), headers=headers)
