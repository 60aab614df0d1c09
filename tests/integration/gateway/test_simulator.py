"""Events that the simulator sends through the SDK equal those it would write to Kafka itself."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.events.capture import Arrival, deliver, message, to_millis
from simulator.events.outlet import open_outlet
from simulator.scenarios.demo import DemoPlan, DemoShop
from tests.integration.gateway.processes import TOKEN, Service

pytestmark = pytest.mark.stack
SECRETS = dict.fromkeys(
    (
        *("pseudonym_key", "shop_mysql_password", "shop_mysql_admin_password"),
        *("warehouse_loader_password", "warehouse_reader_password"),
    ),
    "secret",
)


def settings_for(gateway: Service, **changed: Any) -> SimulatorSettings:
    values = {
        "gateway_tokens": f"{TOKEN},phc_other",
        "gateway_url": gateway.url,
        "kafka_bootstrap_servers": gateway.settings.kafka_bootstrap_servers,
        "kafka_events_topic": gateway.settings.kafka_events_topic,
        **SECRETS,
        **changed,
    }
    return SimulatorSettings(_env_file=None, **values)  # type: ignore[call-arg]


@pytest.fixture(scope="module")
def arrivals() -> list[Arrival]:
    plan = DemoPlan(5, datetime.now(UTC).replace(tzinfo=None), days=20, customers=60)
    shop = DemoShop(plan)
    return list(deliver(shop.build_events(shop.build_rows()), to_millis(plan.until), random.Random(5)))


def test_every_event_arrives_as_it_was_meant(gateway: Service, arrivals: list[Arrival]) -> None:
    events = [arrival.event for arrival in arrivals if arrival.event]
    assert len(events) < len(arrivals)
    assert any(event.skew for event in events)
    assert max(Counter(event.uuid for event in events).values()) == 2
    with open_outlet(settings_for(gateway), direct=False) as outlet:
        assert outlet.send(iter(arrivals)) == len(arrivals)
    found = Counter(meaning(each.value() or b"") for each in gateway.messages())
    meant = Counter(meaning(message(arrival, TOKEN).value) for arrival in arrivals)
    assert found == meant
    by_sdk = sum("$python_version" in (each.value() or b"").decode() for each in gateway.messages())
    assert by_sdk == sum(not event.skew for event in events)


def meaning(value: bytes) -> str:
    """What silver reads of a message; a broken one as it is, but for the moment at which it came."""
    try:
        envelope = json.loads(value)
        sent = json.loads(envelope["data"])
    except (ValueError, KeyError, TypeError):
        return value.decode().partition('"now"')[0]
    if "properties" not in sent or "uuid" not in sent:
        return value.decode().partition('"now"')[0]
    apart = {"token", "distinct_id", "$ignore_sent_at", "$geoip_disable", "$is_server"}
    properties = {
        name: said
        for name, said in sent["properties"].items()
        if name not in apart and not name.startswith(("$python", "$os_"))
    }
    told = [envelope[name] for name in ("uuid", "event", "distinct_id", "timestamp", "token")]
    return json.dumps([*told, properties, sent.get("$set")], sort_keys=True)


def test_events_far_ahead_keep_their_moment(gateway: Service, arrivals: list[Arrival]) -> None:
    """`--now` of next week: the capture protocol would make it now."""
    event = next(arrival.event for arrival in arrivals if arrival.event and not arrival.event.skew)
    ahead = to_millis(datetime.now(UTC).replace(tzinfo=None) + timedelta(days=7))
    changed = type(event)(event.uuid, event.name, event.distinct_id, ahead, event.properties, event.ip)
    with open_outlet(settings_for(gateway), direct=False) as outlet:
        outlet.send([Arrival(ahead, changed)])
    (envelope,) = gateway.envelopes()
    assert datetime.fromisoformat(envelope["timestamp"]).timestamp() * 1000 == ahead


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gateway_url": "http://127.0.0.1:9"}, "gateway at http://127.0.0.1:9 .* took no events: .*refused"),
        ({"gateway_tokens": "phc_stranger"}, "took no events: .*401"),
        ({"kafka_bootstrap_servers": "127.0.0.1:9"}, "Kafka at 127.0.0.1:9 .* took no events"),
    ],
)
def test_what_refuses_is_named_in_one_line(
    gateway: Service,
    arrivals: list[Arrival],
    changed: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simulator.events.topic.ANSWER_SECONDS", 2)
    with (
        pytest.raises(SimulatorError, match=said) as raised,
        open_outlet(settings_for(gateway, **changed), direct=False) as outlet,
    ):
        outlet.send(arrivals[:20])
    assert "\n" not in str(raised.value)
