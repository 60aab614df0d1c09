"""Events of pages against the contract; and pages without posthog-js."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import re
import tarfile
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from contracts.sources.ecommerce import EVENTS
from storefront import money, posthog_js
from storefront.app import create_app
from storefront.settings import StorefrontSettings
from storefront.shop import Shop

FOLDER = Path(posthog_js.__file__).parent
LAMP = money.Product(7, "SL-07", "Lamp", "Kōbō", "Lamps", "Living", Decimal("19.90"), "EUR")


@pytest.fixture
def settings(tmp_path: Path) -> StorefrontSettings:
    (tmp_path / "posthog.js").write_text("export default {}")
    return StorefrontSettings(
        _env_file=None,  # type: ignore[call-arg]
        shop_mysql_admin_password="no",  # type: ignore[arg-type]
        gateway_tokens="phc_one,phc_two",
        storefront_posthog_js=tmp_path / "posthog.js",
    )


@pytest.fixture(autouse=True)
def one_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that sells a lamp; the real one is bought from in tests/browser."""

    async def categories(_: Shop) -> list[dict[str, object]]:
        return [{"id": 1, "parent_id": None, "name": "Living", "slug": "living"}]

    async def products(_: Shop, **__: object) -> tuple[list[money.Product], int]:
        return [LAMP], 1

    async def products_by_id(_: Shop, ids: list[int]) -> dict[int, money.Product]:
        return {LAMP.id: LAMP} if LAMP.id in ids else {}

    for ask in (categories, products, products_by_id):
        monkeypatch.setattr(Shop, ask.__name__, ask)


def told(page: str) -> list[tuple[str, dict[str, object]]]:
    found = re.search(r'id="tracking">(.*?)</script>', page)
    assert found
    return [(name, properties) for name, properties in json.loads(found[1])["events"]]


def test_every_event_has_the_contracts_name_and_properties(settings: StorefrontSettings) -> None:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as visitor:
        seen = told(visitor.get("/").text) + told(visitor.get("/search?q=lamp").text)
        seen += told(visitor.get("/products/7").text)
        seen += told(visitor.post("/cart", data={"product_id": 7, "action": "add", "quantity": 2}).text)
        seen += told(visitor.get("/checkout").text)
        assert told(visitor.get("/checkout").text) == []  # a reload is not a second checkout
        seen += told(visitor.post("/cart", data={"product_id": 7, "action": "remove"}).text)
    backend = money.order_properties(1, money.bill([(LAMP, 2)]), None)
    seen += [("Payment Info Entered", {"payment_method": "card"}), ("Order Completed", backend)]
    contract = {event.name: event for event in EVENTS}
    for name, properties in seen:
        required = {each.name for each in contract[name].properties if each.required}
        assert required <= properties.keys(), name
    assert {name for name, _ in seen} == {event.name for event in EVENTS} - {
        *("$pageview", "$identify", "$create_alias", "$merge_dangerously"),  # posthog-js creates its own
        *("Order Refunded", "Order Cancelled"),
    }
    assert '"Payment Info Entered"' in (FOLDER / "static" / "shop.js").read_text()


def test_without_posthog_js_pages_work_untracked_and_the_log_says_so_once(
    settings: StorefrontSettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.storefront_posthog_js.unlink()
    with (
        caplog.at_level(logging.WARNING),
        TestClient(create_app(settings), base_url="http://127.0.0.1") as visitor,
    ):
        pages = [visitor.get(path) for path in ("/", "/products/7", "/cart")]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert not any("tracking" in page.text or "shop.js" in page.text for page in pages)
    assert len(caplog.records) == 1 and "pages are not tracked" in caplog.text


def test_a_shop_that_does_not_answer_is_one_line(
    settings: StorefrontSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Shop) -> None:
        raise OSError("nobody listens")

    monkeypatch.setattr(Shop, "categories", away)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as visitor:
        answer = visitor.get("/")
    assert answer.status_code == 503 and "Next: make status" in answer.text


def test_another_sites_name_is_refused(settings: StorefrontSettings) -> None:
    with TestClient(create_app(settings), base_url="http://shop.example") as visitor:
        assert visitor.get("/").status_code == 400


@pytest.mark.parametrize("is_genuine", [True, False])
def test_what_npm_brings_is_held_against_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_genuine: bool
) -> None:
    with tarfile.open(tmp_path / "posthog-js-1.0.0.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo(posthog_js.MODULE)
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"js\n"))
    packed = (tmp_path / "posthog-js-1.0.0.tgz").read_bytes() + (b"" if is_genuine else b" ")
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode()
    lock = {"packages": {"node_modules/posthog-js": {"version": "1.0.0", "integrity": f"sha512-{digest}"}}}
    (tmp_path / "lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(posthog_js, "LOCK", tmp_path / "lock.json")
    npm = tmp_path / "npm"
    npm.write_text(f'#!/bin/sh\ncp {tmp_path}/*.tgz "$5"\n')
    npm.chmod(0o755)
    if is_genuine:
        posthog_js.fetch(tmp_path / "out" / "posthog.js", str(npm))
        assert (tmp_path / "out" / "posthog.js").read_text() == "js\n"
    else:
        with pytest.raises(OSError, match=r"posthog-js@1.0.0 is not what package-lock.json says"):
            posthog_js.fetch(tmp_path / "out" / "posthog.js", str(npm))
