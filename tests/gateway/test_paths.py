"""Other paths for SDKs and operators: configuration, flags, health, metrics; and pages of other origins."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from tests.gateway.asgi import TOKEN, Probe, batch


@pytest.mark.parametrize("slash", ["", "/"])
def test_posthog_js_gets_a_configuration_that_keeps_it_compressing(gateway: Probe, slash: str) -> None:
    answer = gateway.get(f"/array/{TOKEN}/config{slash}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["token"] == TOKEN
    assert answer.json["supportedCompression"] == ["gzip", "gzip-js"]
    assert answer.json["analytics"] == {"endpoint": "/i/v0/e/"}
    assert answer.json["hasFeatureFlags"] is False


def test_the_configuration_comes_as_a_script_too(gateway: Probe) -> None:
    answer = gateway.get(f"/array/{TOKEN}/config.js")
    assert answer.headers["content-type"].startswith("application/javascript")
    found = re.search(rb'_POSTHOG_REMOTE_CONFIG\["phc_test"\]=(\{.*\});\}\)\(\);$', answer.body)
    assert found
    assert json.loads(found[1]) == {
        "config": gateway.get(f"/array/{TOKEN}/config").json,
        "siteApps": [],
    }


@pytest.mark.parametrize("token", ["phc_other", '"];alert(1)//', "x" * 65, ""])
def test_a_stranger_gets_no_configuration(gateway: Probe, token: str) -> None:
    assert gateway.get(f"/array/{token}/config").status == 404
    assert gateway.get(f"/array/{token}/config.js").status == 404
    assert Probe(gateway_tokens="*").get('/array/"]/config.js').status == 404


@pytest.mark.parametrize("path", ["/flags", "/flags/"])
@pytest.mark.parametrize("query", ["v=2", "v=4", ""])
def test_there_are_no_flags(gateway: Probe, path: str, query: str) -> None:
    answer = gateway.post(path, {"distinct_id": "a", "api_key": TOKEN}, query=query)
    request_id = answer.json.pop("requestId", None)
    assert answer.status == 200
    assert {**answer.json, "requestId": request_id} != {}
    assert answer.json["flags"] == answer.json["featureFlags"] == answer.json["featureFlagPayloads"] == {}
    assert answer.json["errorsWhileComputingFlags"] is False


def test_old_sdks_get_flags_and_configuration_at_once(gateway: Probe) -> None:
    answer = gateway.post("/decide/", b"data=abc", query="v=3")
    assert answer.json["featureFlags"] == {}
    assert answer.json["supportedCompression"] == ["gzip", "gzip-js"]


def test_replays_are_thrown_away(gateway: Probe) -> None:
    assert gateway.post("/s/", b"anything").json == {"status": "Ok"}
    assert not gateway.sink.messages


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/array.js", 404),
        ("/static/1.2.3/recorder.js", 404),
        ("/nothing", 404),
        ("/array/phc_test/else", 404),
        ("/flags/definitions", 200),
        ("/api/surveys/", 200),
        ("/_liveness", 200),
    ],
)
def test_each_path_has_its_answer(gateway: Probe, path: str, status: int) -> None:
    assert gateway.get(path).status == status


def test_a_preflight_allows_what_is_asked_for(gateway: Probe) -> None:
    answer = gateway.post(
        "/e/",
        method="OPTIONS",
        headers={
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type, x-anything",
        },
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "content-type, x-anything"
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("path", ["/e/", "/nothing", f"/array/{TOKEN}/config"])
@pytest.mark.parametrize("body", [batch(), b"nonsense"])
def test_every_answer_can_be_read_by_the_page_that_asked(gateway: Probe, path: str, body: bytes) -> None:
    answer = gateway.post(path, body, headers={"origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in gateway.post(path, body).headers


@pytest.mark.parametrize("path", ["/", "/_readiness"])
def test_it_is_ready_when_kafka_has_the_topics(gateway: Probe, path: str) -> None:
    async def nothing() -> str | None:
        return None

    async def away() -> str | None:
        return "Kafka is away"

    gateway.sink.problem = nothing  # type: ignore[method-assign]
    gateway.app._fixed[path.rstrip("/")] = gateway.app._ready
    assert (gateway.get(path).status, gateway.get(path).body) == (200, b"capture")
    gateway.sink.problem = away  # type: ignore[method-assign]
    assert (gateway.get(path).status, gateway.get(path).body) == (503, b"Kafka is away")


def test_metrics_count_what_happened(gateway: Probe) -> None:
    def value(name: str) -> float:
        text = gateway.get("/metrics").body.decode()
        found = re.search(rf"^{re.escape(name)} (.*)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    names = {
        "gateway_events_total": 1,
        'gateway_dead_letters_total{reason="missing_distinct_id"}': 1,
        'gateway_requests_total{route="/e",status="200"}': 1,
        'gateway_requests_total{route="other",status="404"}': 1,
        'gateway_refused_total{reason="invalid_api_token"}': 1,
    }
    before = {name: value(name) for name in names}
    gateway.post("/e/", batch({"event": "a", "distinct_id": "u"}, {"event": "b"}))
    gateway.post("/e/", {"event": "a", "distinct_id": "u", "token": "phc_wrong"})
    gateway.post("/someone's/secret")
    assert {name: value(name) - before[name] for name in names} == names
    assert "secret" not in gateway.get("/metrics").body.decode()


def test_nothing_personal_is_logged(gateway: Probe, capsys: pytest.CaptureFixture[str]) -> None:
    person = {"event": "a", "distinct_id": "ann@example.org", "properties": {"$ip": "198.51.100.9"}}
    gateway.post("/e", {**person, "token": "phc_wrong"}, peer="198.51.100.9")
    gateway.post("/e", batch({**person, "uuid": "x"}), peer="198.51.100.9")
    said = capsys.readouterr()
    assert "invalid_api_token" in said.out
    assert "ann@" not in said.out + said.err
    assert "198.51.100.9" not in said.out + said.err


def test_a_server_that_hangs_up_costs_nothing(gateway: Probe) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        raise AssertionError("nobody listens")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/e",
        "query_string": b"",
        "headers": [],
        "client": None,
    }
    asyncio.run(gateway.app(scope, receive, send))  # type: ignore[arg-type]
    assert gateway.app._budget.used == 0
