"""The two capture protocols: a request becomes messages, and an answer when Kafka has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from gateway import decoding, metrics, v0, v1
from gateway.clients import client_ip
from gateway.envelope import Context, Message, dead_letter, received_now
from gateway.errors import BadEvent, Refused
from gateway.http import TEXT, Held, Response
from gateway.settings import GatewaySettings
from gateway.sink import Delivery, Sink
from gateway.stubs import OK
from gateway.tokens import check_token

# Messages made at once; in between, other requests have their turn and memory stays bounded.
SLICE = 500
# Noise of old SDKs, which PostHog drops as well.
IGNORED = "$performance_event"

_encode = msgspec.json.encode
T = TypeVar("T")


@dataclass(slots=True)
class Incoming:
    """A request whose body has been read."""

    path: str
    headers: Mapping[str, str]
    fields: dict[str, str]
    body: bytes
    peer: str
    held: Held


class Capture:
    """Both protocols, on one sink."""

    def __init__(self, settings: GatewaySettings, sink: Sink) -> None:
        self._settings, self._sink = settings, sink

    async def v0(self, incoming: Incoming) -> Response:
        """Legacy: one verdict on the whole request. Bad events beside good ones become dead letters.

        Raises:
            Refused: when there is no good event, or Kafka did not acknowledge.
        """
        settings = self._settings
        json = decoding.payload(
            incoming.fields,
            incoming.body,
            incoming.headers.get("content-type", ""),
            incoming.headers.get("content-encoding", ""),
            settings.gateway_max_decoded_bytes,
        )
        if json is not incoming.body:
            incoming.held.add(len(json))
        request = v0.parse_request(
            json, incoming.fields, incoming.path == "/engage", settings.gateway_max_batch_events
        )
        parsed, bad = v0.read_events(request, settings.gateway_max_event_bytes)
        token = check_token(v0.token_of(request, parsed), settings.gateway_tokens)
        context = self._context(incoming, token, request.sent_at, request.is_historical)
        delivery = Delivery(self._sink)
        good = 0
        wanted = [each for each in parsed if each.event.event != IGNORED]
        for some in _slices(wanted):
            messages = []
            for each in some:
                try:
                    messages.append(v0.to_message(each, context, request.is_engage))
                except BadEvent as error:
                    bad.append((each.raw, error))
            good += len(messages)
            await delivery.send(messages)
        for some_bad in _slices(bad):
            await delivery.send([_dead_letter(context, raw, error) for raw, error in some_bad])
        await delivery.acknowledged()
        metrics.EVENTS.inc(good)
        if len(bad) == len(request.events):
            first = bad[0][1]
            raise Refused(first.status, first.reason, first.reason.replace("_", " "))
        return Response(204, b"", TEXT) if incoming.fields.get("beacon") == "1" else Response(200, OK)

    async def v1(self, incoming: Incoming) -> Response:
        """Newer: a verdict on each event.

        Raises:
            Refused: when the request as a whole is wrong, or Kafka did not acknowledge.
        """
        settings = self._settings
        request = v1.parse_headers(incoming.headers, settings)
        batch = v1.parse_batch(incoming.body, request, settings)
        context = self._context(incoming, request.token, request.sent_at, batch.is_historical)
        delivery = Delivery(self._sink)
        results: dict[str, dict[str, str]] = {}
        for some in _slices(list(batch.events.items())):
            messages = []
            for uuid, (raw, event) in some:
                try:
                    messages.append(
                        v1.to_message(uuid, raw, event, context, request.library, batch.is_internal)
                    )
                    results[uuid] = {"result": "ok"}
                except BadEvent as error:
                    messages.append(_dead_letter(context, raw, error, uuid=uuid))
                    results[uuid] = {"result": "drop", "details": error.reason}
            await delivery.send(messages)
        await delivery.acknowledged()
        metrics.EVENTS.inc(sum(1 for result in results.values() if result["result"] == "ok"))
        return Response(200, _encode({"results": results}))

    def _context(
        self, incoming: Incoming, token: str, sent_at: datetime | None, is_historical: bool
    ) -> Context:
        settings = self._settings
        ip = client_ip(
            incoming.peer,
            incoming.headers.get("x-forwarded-for", ""),
            settings.gateway_trusted_proxies,
            settings.gateway_truncate_ip,
        )
        return Context(settings, token, ip, received_now(), sent_at, is_historical)


def _slices(events: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(events), SLICE):
        yield events[start : start + SLICE]


def _dead_letter(context: Context, raw: msgspec.Raw, error: BadEvent, **known: str) -> Message:
    metrics.DEAD_LETTERS.labels(error.reason).inc()
    return dead_letter(context, bytes(memoryview(raw)), error.reason, **known)
