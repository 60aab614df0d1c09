"""Broker and gateway stopped, slowed and killed under load: events answered with 200 are on the topic."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from posthog import Posthog

from deploy.processes.stack import Stack
from tests.integration.gateway.load import load
from tests.integration.gateway.processes import TOKEN, Service, service, wait_until

pytestmark = pytest.mark.stack


def broker_process(broker: Stack) -> psutil.Process:
    return psutil.Process(next(status.pid for status in broker.status() if status.name == "kafka"))


def stopped_and_started(broker: Stack) -> None:
    broker.supervisor.stop_server("kafka")
    broker.up(only=("kafka",))


def killed(broker: Stack) -> None:
    broker_process(broker).kill()
    broker.up(only=("kafka",))


def frozen(broker: Stack) -> None:
    process = broker_process(broker)
    process.suspend()
    try:
        threading.Event().wait(4)  # the fault itself: a broker that does not answer for four seconds
    finally:
        process.resume()


@contextmanager
def sdks(gateway: Service) -> Iterator[list[str]]:
    """posthog-python in both protocols, capturing without end; yields what was captured and not given up."""
    given_up: set[str] = set()
    captured: list[str] = []
    stopping = threading.Event()

    def failed(_: Any, batch: list[dict[str, Any]]) -> None:
        given_up.update(event["uuid"] for event in batch)

    clients = [
        Posthog(TOKEN, host=gateway.url, on_error=failed, flush_interval=0.2, capture_mode=mode, gzip=True)
        for mode in ("v0", "v1")
    ]

    def capture() -> None:
        while not stopping.wait(0.01):
            captured.extend(str(client.capture("a", distinct_id="sdk")) for client in clients)

    thread = threading.Thread(target=capture)
    thread.start()
    found: list[str] = []
    try:
        yield found
    finally:
        stopping.set()
        thread.join()
        for client in clients:
            client.flush(timeout_seconds=None)
            client.shutdown()
        found.extend(uuid for uuid in captured if uuid not in given_up)


@pytest.mark.parametrize("fault", [stopped_and_started, killed, frozen])
def test_a_broker_that_fails_loses_nothing_that_was_answered_200(
    broker: Stack, gateway: Service, fault: Callable[[Stack], None]
) -> None:
    with sdks(gateway) as sent, load(gateway) as running:
        wait_until(lambda: running.accepted_more_than(400))
        fault(broker)
        before = len(running.accepted)
        wait_until(lambda: running.accepted_more_than(before + 400), 60)
    there = gateway.uuids()
    assert running.accepted <= there.keys()
    assert set(sent) <= there.keys()
    assert len(sent) > 100
    assert running.statuses.keys() <= {200, 503}
    # The same process continues; it was not restarted.
    assert gateway.running["gateway"].poll() is None


def test_a_gateway_that_is_killed_loses_nothing_that_was_answered_200(gateway: Service) -> None:
    with sdks(gateway) as sent, load(gateway) as running:
        for _ in range(3):
            before = len(running.accepted)
            wait_until(lambda before=before: running.accepted_more_than(before + 300))  # type: ignore[misc]
            gateway.end(signal.SIGKILL)
            gateway.start()
    there = gateway.uuids()
    assert running.accepted <= there.keys()
    assert set(sent) <= there.keys()


def test_a_graceful_stop_answers_everything_it_took(gateway: Service) -> None:
    with load(gateway) as running:
        wait_until(lambda: running.accepted_more_than(400))
        code = gateway.end(signal.SIGTERM)
    assert code == 0
    assert running.accepted <= gateway.uuids().keys()
    assert 'messages_not_acknowledged": 0' in gateway.log.read_text()
    assert running.statuses.keys() <= {200, 0}


def test_without_a_broker_it_says_503_in_bounded_memory_and_recovers(broker: Stack, tmp_path: Path) -> None:
    limits = {"gateway_ack_seconds": 2, "gateway_max_queue_bytes": 4 << 20}
    with service(broker.settings.kafka_bootstrap_servers, tmp_path, **limits) as gateway:
        process = psutil.Process(gateway.running["gateway"].pid)
        broker.supervisor.stop_server("kafka")
        try:
            before = process.memory_info().rss
            began = time.monotonic()
            with load(gateway) as running:
                wait_until(lambda: _require(running.statuses[503] > 30), 60)
            assert running.statuses.keys() == {503}
            assert process.memory_info().rss - before < 60 << 20
            # Each request waited for the configured time, not as long as a client would.
            assert time.monotonic() - began < 60
        finally:
            broker.up(only=("kafka",))
        with load(gateway) as running:
            wait_until(lambda: running.accepted_more_than(100), 60)
        assert running.accepted <= gateway.uuids().keys()


def _require(fact: object) -> None:
    assert fact
