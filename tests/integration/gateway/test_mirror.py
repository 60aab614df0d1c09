"""The mirror, to a PostHog that is sometimes down and never accepts certain events."""

from __future__ import annotations

import gzip
import http.server
import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.processes.stack import Stack
from gateway.settings import GatewaySettings
from ops.events_report import events_report
from tests.integration.gateway.processes import TOKEN, Service, service, wait_until

pytestmark = pytest.mark.stack
OLD = "2020-01-01T00:00:00.000Z"


@dataclass
class PostHog:
    """Takes batches at /batch/, but none with an event named `poison`, and none while it is away."""

    url: str = ""
    is_away: bool = False
    requests: int = 0
    batches: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, body: dict[str, Any]) -> int:
        self.requests += 1
        if self.is_away:
            return 503
        if any(event["event"] == "poison" for event in body["batch"]):
            return 400
        self.batches.append(body)
        return 200

    def events(self) -> dict[str, dict[str, Any]]:
        return {event["uuid"]: event for batch in self.batches for event in batch["batch"]}


@pytest.fixture
def posthog() -> Iterator[PostHog]:
    found = PostHog()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/batch/"
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(found.answer(json.loads(gzip.decompress(body))))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield found
        server.shutdown()


@pytest.fixture
def mirrored(broker: Stack, posthog: PostHog, tmp_path: Path) -> Iterator[Service]:
    settings = {"mirror_host": posthog.url, "mirror_token": "phc_real"}
    with service(broker.settings.kafka_bootstrap_servers, tmp_path, **settings) as running:
        yield running


def send(gateway: Service, *events: dict[str, Any], **others: Any) -> None:
    body = {"api_key": TOKEN, "batch": list(events), **others}
    assert httpx.post(f"{gateway.url}/batch/", json=body).status_code == 200


def event(number: int, name: str = "a", **changes: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": f"u{number}", "uuid": uuid_of(number), **changes}


def uuid_of(number: int) -> str:
    return f"01a206f0-dbec-7db3-bfb3-{number:012d}"


def require(fact: object) -> None:
    assert fact


def test_events_are_forwarded_as_a_backend_would_have_sent_them(mirrored: Service, posthog: PostHog) -> None:
    send(
        mirrored,
        event(1, properties={"token": TOKEN, "price": "9.99"}, **{"$set": {"plan": "pro"}}),
        event(2, timestamp=OLD),
        sent_at="2030-01-01T00:00:00Z",
    )
    send(mirrored, event(3), historical_migration=True)
    mirrored.start("mirror")
    wait_until(lambda: require(len(posthog.events()) == 3))
    kept = {envelope["uuid"]: envelope for envelope in mirrored.envelopes()}
    for uuid, forwarded in posthog.events().items():
        assert forwarded["timestamp"] == kept[uuid]["timestamp"]
        assert forwarded["distinct_id"] == kept[uuid]["distinct_id"]
        assert forwarded["properties"]["$ip"] == "127.0.0.1"
        assert not {"sent_at", "token", "offset"} & forwarded.keys()
    first = posthog.events()[uuid_of(1)]
    assert first["properties"] == {"$ip": "127.0.0.1", "price": "9.99"}
    assert first["$set"] == {"plan": "pro"}
    assert {batch["api_key"] for batch in posthog.batches} == {"phc_real"}
    assert not any("sent_at" in batch for batch in posthog.batches)
    historical = {
        event["uuid"]
        for batch in posthog.batches
        if batch["historical_migration"]
        for event in batch["batch"]
    }
    assert historical == {uuid_of(2), uuid_of(3)}


def test_a_posthog_that_is_away_is_waited_for_and_the_lag_is_told(
    mirrored: Service, posthog: PostHog
) -> None:
    posthog.is_away = True
    send(mirrored, *[event(number) for number in range(50)])
    mirrored.start("mirror")
    wait_until(lambda: require(posthog.requests >= 2))
    assert report(mirrored.settings) == (0, 50, 0)
    posthog.is_away = False
    wait_until(lambda: require(len(posthog.events()) == 50))
    wait_until(lambda: require(report(mirrored.settings) == (0, 0, 0)))
    metrics = httpx.get(f"http://127.0.0.1:{mirrored.settings.mirror_metrics_port}/metrics").text
    assert "mirror_events_total 50.0" in metrics
    assert mirrored.end(name="mirror") == 0


def test_what_posthog_refuses_is_found_and_laid_aside(mirrored: Service, posthog: PostHog) -> None:
    names = {7: "poison", 23: "poison"}
    send(mirrored, *[event(number, names.get(number, "a")) for number in range(40)])
    mirrored.start("mirror")
    wait_until(lambda: require(len(posthog.events()) == 38))
    wait_until(lambda: require(report(mirrored.settings) == (0, 0, 2)))
    dead = mirrored.messages(mirrored.settings.mirror_dead_letter_topic)
    assert {json.loads(message.value() or b"")["uuid"] for message in dead} == {uuid_of(7), uuid_of(23)}
    reasons = [dict(message.headers() or [])["dlq_reason"] for message in dead]
    assert reasons == [b"posthog_400", b"posthog_400"]


def test_a_mirror_that_is_killed_goes_on_where_it_was(mirrored: Service, posthog: PostHog) -> None:
    mirrored.start("mirror")
    for start in range(0, 300, 50):
        send(mirrored, *[event(number) for number in range(start, start + 50)])
        if start == 100:
            wait_until(lambda: require(len(posthog.events()) > 0))
            mirrored.end(signal.SIGKILL, "mirror")
            mirrored.start("mirror")
    wait_until(lambda: require(len(posthog.events()) == 300), 60)


def test_it_is_off_without_a_posthog(gateway: Service, capfd: pytest.CaptureFixture[str]) -> None:
    gateway.start("mirror")
    assert gateway.running.pop("mirror").wait(30) == 2
    assert "MIRROR_HOST and MIRROR_TOKEN" in gateway.log.read_text()
    assert report(gateway.settings) == (0, None, 0)


def report(settings: GatewaySettings) -> tuple[int, int | None, int]:
    found = events_report(settings)
    assert found
    return found.dead_letters, found.mirror_lag, found.mirror_dead_letters
