"""PostHog's own SDKs, unmodified: every event that they report as sent is on the topic, once."""

from __future__ import annotations

import asyncio
import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from posthog import AsyncPosthog, Posthog

from tests.browser.chromium import ARGUMENTS, program
from tests.integration.gateway.processes import TOKEN, Service, wait_until

pytestmark = pytest.mark.stack
COUNT = 250

MODES: dict[str, dict[str, Any]] = {
    "async": {},
    "async, gzip": {"gzip": True},
    "sync": {"sync_mode": True},
    "sync, gzip": {"sync_mode": True, "gzip": True},
    "v1": {"capture_mode": "v1"},
    "v1, sync": {"capture_mode": "v1", "sync_mode": True},
    "v1, gzip": {"capture_mode": "v1", "capture_compression": "gzip"},
    "v1, deflate": {"capture_mode": "v1", "capture_compression": "deflate"},
    "v1, zstd": {"capture_mode": "v1", "capture_compression": "zstd"},
    "historical": {"historical_migration": True},
}


@pytest.mark.parametrize("mode", MODES)
def test_posthog_python(gateway: Service, mode: str) -> None:
    failures: list[Any] = []
    client = Posthog(
        TOKEN, host=gateway.url, on_error=lambda error, batch: failures.append(error), **MODES[mode]
    )
    said = [
        client.capture(
            "Product Viewed", distinct_id=f"py-{number % 9}", properties={"number": number, "$lib": "x"}
        )
        for number in range(COUNT)
    ]
    said += [
        client.set(distinct_id="py-1", properties={"plan": "pro"}),
        client.set_once(distinct_id="py-1", properties={"first": 1}),
        client.group_identify("company", "acme", {"size": 3}),
        client.alias("anonymous-7", "py-1"),
        client.capture("without a person"),
    ]
    client.flush()
    client.shutdown()
    assert failures == []
    assert gateway.uuids() == Counter(uuid for uuid in said if uuid)
    assert None not in said
    topics = {message.topic() for message in gateway.messages()}
    historical = gateway.settings.kafka_historical_topic
    assert topics == {historical if mode == "historical" else gateway.settings.kafka_events_topic}


def test_posthog_python_asked_for_flags_has_none(gateway: Service) -> None:
    client = Posthog(TOKEN, host=gateway.url)
    assert client.get_all_flags("py-1") == {}
    client.shutdown()


def test_the_asyncio_client(gateway: Service) -> None:
    async def send() -> list[Any]:
        async with AsyncPosthog(TOKEN, host=gateway.url) as client:
            said = [
                await result if asyncio.iscoroutine(result) else result
                for number in range(COUNT)
                for result in [client.capture("a", distinct_id=f"aio-{number}")]
            ]
            await client.flush()
            return said

    said = asyncio.run(send())
    assert gateway.uuids() == Counter(said)


@pytest.mark.parametrize(
    "changes", [{}, {"GZIP": "0"}, {"POSTHOG_CAPTURE_MODE": "v1"}], ids=["gzip", "plain", "v1"]
)
def test_posthog_node(gateway: Service, sdks: Path, changes: dict[str, str]) -> None:
    values = {"TOKEN": TOKEN, "HOST": gateway.url, "COUNT": str(COUNT), **changes}
    done = subprocess.run(
        ["node", "node_client.mjs"],
        cwd=sdks,
        env=os.environ | values,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["errors"], said["flags"]) == ([], {})
    assert len(said["sent"]) == COUNT + 3
    assert gateway.uuids() == Counter(event["uuid"] for event in said["sent"])
    names = Counter(envelope["event"] for envelope in gateway.envelopes())
    assert names == Counter(event["event"] for event in said["sent"])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(sdks: Path) -> Iterator[str]:
    """A web site of another origin than the gateway's."""
    shutil.copy(sdks / "node_modules/posthog-js/dist/module.full.no-external.js", sdks / "posthog.js")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=sdks)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.browser
def test_posthog_js(gateway: Service, site: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        page = browser.new_page()
        asked: list[tuple[str, str, int]] = []
        page.on("requestfinished", lambda request: asked.append(_told(request)))
        page.goto(f"{site}/page.html?token={TOKEN}&host={gateway.url}&utm_source=news&utm_medium=email")
        page.wait_for_function("window.isLoaded")
        page.click("#buy")
        page.evaluate("posthog.capture('Product Added', {product_id: '7', price: '9.99'})")
        page.evaluate("posthog.identify('4711', {plan: 'pro'})")
        page.evaluate("posthog.capture('Order Completed', {order_id: '9'})")
        page.evaluate("history.pushState({}, '', '/second')")
        page.evaluate("posthog.reset()")
        page.evaluate("posthog.capture('after reset')")
        # The queue is sent with sendBeacon while the page unloads.
        page.evaluate("posthog.capture('just before leaving')")
        page.goto(f"{site}/package.json")
        said = json.loads(page.evaluate("localStorage.getItem('sent')"))

        def all_arrived() -> None:
            assert gateway.uuids() == Counter(event["uuid"] for event in said)

        wait_until(all_arrived, 30)
        browser.close()
    names = Counter(event["event"] for event in said)
    assert names.keys() >= {
        *("$pageview", "$autocapture", "Product Added", "$identify", "Order Completed"),
        *("after reset", "just before leaving", "$pageleave"),
    }
    assert names["$pageview"] == 2
    paths = {path for _, path, _ in asked}
    assert f"/array/{TOKEN}/config" in paths or f"/array/{TOKEN}/config.js" in paths
    # The configuration switches it from the old path to the new one, compressed: no preflight is needed.
    assert "/i/v0/e/" in paths
    assert {status for _, path, status in asked if path.startswith(("/e/", "/i/", "/flags"))} == {200}
    assert not [path for method, path, _ in asked if method == "OPTIONS" and path.startswith(("/e/", "/i/"))]
    of_person = {envelope["event"]: envelope for envelope in gateway.envelopes()}
    assert of_person["Order Completed"]["distinct_id"] == "4711"
    assert json.loads(of_person["$identify"]["data"])["$set"] == {"plan": "pro"}
    assert of_person["after reset"]["distinct_id"] != "4711"


def _told(request: Any) -> tuple[str, str, int]:
    answer = request.response()
    path = "/" + request.url.split("/", 3)[3].partition("?")[0]
    return request.method, path, answer.status if answer else 0
