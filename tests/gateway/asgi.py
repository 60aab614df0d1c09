"""A gateway in this process: a request in, an answer out, and the messages that Kafka would have received."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from confluent_kafka import KafkaError

from gateway.app import Gateway
from gateway.envelope import Message
from gateway.settings import GatewaySettings
from gateway.sink import Delivery, Sink

TOKEN = "phc_test"
EVENT: dict[str, Any] = {
    "event": "Product Viewed",
    "distinct_id": "user-1",
    "uuid": "01a206f0-dbec-7db3-bfb3-5fc3e6ab33e1",
    "properties": {"product_id": "7"},
}


class RecordingSink(Sink):
    """Takes every message; `error` is what Kafka says to each."""

    error: KafkaError | None = None

    def __init__(self, settings: GatewaySettings) -> None:
        super().__init__(settings)
        self.messages: list[Message] = []

    def produce(self, messages: Sequence[Message], delivery: Delivery) -> None:
        for message in messages:
            delivery.opened()
            if self.error is None:
                self.messages.append(message)
            asyncio.get_running_loop().call_soon(delivery.closed, self.error)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Captured:
    """A message, read back."""

    message: Message
    envelope: dict[str, Any] = field(init=False)
    data: Any = field(init=False)
    headers: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.envelope = json.loads(self.message.value)
        try:
            self.data = json.loads(self.envelope["data"])
        except (ValueError, RecursionError):
            self.data = self.envelope["data"]
        self.headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in self.message.headers
        }


class Probe:
    """A gateway to send requests to."""

    def __init__(self, **settings: Any) -> None:
        values = {"gateway_tokens": TOKEN, **settings}
        self.settings = GatewaySettings(_env_file=None, **values)  # type: ignore[call-arg]
        self.app = Gateway(self.settings)
        self.sink = RecordingSink(self.settings)
        self.app._sink = self.app._capture._sink = self.sink

    def events(self) -> list[Captured]:
        """What went to the topics of events."""
        dead = self.settings.kafka_dead_letter_topic
        return [Captured(message) for message in self.sink.messages if message.topic != dead]

    def dead_letters(self) -> list[Captured]:
        """What went to the topic of dead letters."""
        dead = self.settings.kafka_dead_letter_topic
        return [Captured(message) for message in self.sink.messages if message.topic == dead]

    def the_event(self) -> Captured:
        """The one event that was kept."""
        (only,) = self.events()
        return only

    def post(
        self,
        path: str,
        body: bytes | str | dict[str, Any] | list[Any] = b"",
        *,
        headers: Mapping[str, str] | None = None,
        query: str | Mapping[str, str] = "",
        peer: str = "203.0.113.7",
        chunks: Iterable[bytes] | None = None,
        method: str = "POST",
    ) -> Answer:
        content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else dumps(body)
        given = {"content-length": str(len(content))} if chunks is None else {}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": (query if isinstance(query, str) else urlencode(query)).encode(),
            "headers": [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in {**given, **(headers or {})}.items()
            ],
            "client": (peer, 40000),
        }
        return asyncio.run(self._call(scope, [content] if chunks is None else chunks))

    def get(self, path: str, **options: Any) -> Answer:
        return self.post(path, method="GET", **options)

    async def _call(self, scope: dict[str, Any], chunks: Iterable[bytes]) -> Answer:
        parts = iter(chunks)
        following = next(parts, b"")
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            nonlocal following
            current, following = following, next(parts, None)  # type: ignore[assignment]
            if current is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": current, "more_body": following is not None}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, content = sent
        headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], headers, content["body"])


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def batch(*events: Any, **others: Any) -> dict[str, Any]:
    return {"api_key": TOKEN, "batch": list(events or [EVENT]), **others}


def event(**changes: Any) -> dict[str, Any]:
    return {**EVENT, **changes}


def gzipped(value: Any) -> bytes:
    return gzip.compress(value if isinstance(value, bytes) else dumps(value))
