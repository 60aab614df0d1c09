from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from simulator.events.capture import BROKEN, Arrival, Event, Message, deliver, iso, message, to_millis
from simulator.events.visitors import HOST
from tests.unit.simulator.conftest import PLAN, Built

UNTIL = to_millis(PLAN.until)


@pytest.fixture(scope="module")
def arrivals(demo: Built) -> list[Arrival]:
    return list(deliver(demo.events, UNTIL, random.Random(3)))


@pytest.fixture(scope="module")
def messages(arrivals: list[Arrival]) -> list[Message]:
    return [message(arrival, "phc_test") for arrival in arrivals]


def valid(messages: list[Message]) -> list[dict[str, Any]]:
    found = []
    for each in messages:
        try:
            envelope = json.loads(each.value)
            found.append({**envelope, "data": json.loads(envelope["data"])})
        except (ValueError, KeyError, TypeError):
            continue
    return [envelope for envelope in found if "uuid" in envelope]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_every_event_arrives_and_nothing_else_is_valid(demo: Built, messages: list[Message]):
    assert {envelope["uuid"] for envelope in valid(messages)} == {event.uuid for event in demo.events}


def test_disturbances_come_at_their_rates(demo: Built, messages: list[Message]):
    total = len(demo.events)
    good = valid(messages)
    assert 0.0005 < (len(messages) - len(good)) / total < 0.004
    assert 0.008 < (len(good) - total) / total < 0.016
    late = [e for e in good if moment(e["now"]) - moment(e["timestamp"]) > timedelta(minutes=30)]
    assert 0.004 < len(late) / total < 0.016
    days = max(moment(e["now"]) - moment(e["timestamp"]) for e in good).days
    assert days >= 2


def test_messages_are_in_order_of_arrival_but_events_are_not_in_order(
    arrivals: list[Arrival], messages: list[Message]
):
    assert [arrival.at for arrival in arrivals] == sorted(arrival.at for arrival in arrivals)
    assert arrivals[-1].at <= UNTIL
    times = [envelope["timestamp"] for envelope in valid(messages)]
    assert times != sorted(times)


def test_the_envelope_carries_the_corrected_time(messages: list[Message]):
    skewed = 0
    for envelope in valid(messages):
        told = moment(envelope["data"]["timestamp"])
        corrected = told - (moment(envelope["sent_at"]) - moment(envelope["now"]))
        assert corrected == moment(envelope["timestamp"])
        skewed += abs(told - corrected) > timedelta(seconds=30)
    assert skewed


def test_a_message_is_what_capture_writes(messages: list[Message]):
    completed = next(m for m in messages if b"Order Completed" in m.value)
    envelope = json.loads(completed.value)
    assert list(envelope) == [
        "uuid",
        "distinct_id",
        "ip",
        "data",
        "now",
        "sent_at",
        "token",
        "event",
        "timestamp",
    ]
    assert completed.key == f"phc_test:{envelope['distinct_id']}".encode()
    headers = {name: value.decode() for name, value in completed.headers}
    assert {"token", "distinct_id", "timestamp", "event", "uuid", "now", "session_id"} == set(headers)
    assert iso(int(headers["timestamp"])) == envelope["timestamp"]
    inner = json.loads(envelope["data"])
    assert inner["uuid"] == envelope["uuid"]
    assert {
        "$device_id",
        "$session_id",
        "$current_url",
        "$referring_domain",
        "$raw_user_agent",
        "distinct_id",
        "token",
        "order_id",
        "total",
        "currency",
        "products",
    } <= set(inner["properties"])


def test_each_kind_of_broken_message_is_sent(messages: list[Message]):
    nobody = [m.value.decode() for m in messages if m.key == b"phc_test:nobody"]
    for kind in BROKEN:
        text = kind if isinstance(kind, str) else json.dumps(kind)[:-1]
        assert any(value.startswith(text) for value in nobody), kind


def test_most_web_orders_are_tracked_and_no_others(demo: Built):
    tracked: dict[int, Event] = {}
    for reported in purchases(demo, "web"):
        tracked.setdefault(int(reported.properties["order_id"]), reported)
    web = {p.order["id"]: p.order for _, p in demo.orders if p.order["sales_channel"] == "web"}
    assert set(tracked) < set(web)
    assert 0.88 < len(tracked) / len(web) < 0.98
    for order_id, event in tracked.items():
        assert event.at == to_millis(web[order_id]["placed_at"])
    wrong = sum(e.properties["total"] != str(web[i]["total_amount"]) for i, e in tracked.items())
    assert 0 < wrong / len(tracked) < 0.05


def test_some_orders_are_reported_again_by_a_reload_or_by_the_server(demo: Built):
    by_id = {str(placed.order["id"]): placed.order for _, placed in demo.orders}
    by_number = {placed.order["order_number"]: placed.order for _, placed in demo.orders}
    reports = Counter(event.properties["order_id"] for event in purchases(demo, "web"))
    assert 0.01 < sum(count == 2 for count in reports.values()) / len(reports) < 0.1
    assert max(reports.values()) == 2
    of_server = purchases(demo, "posthog-python")
    assert 0.01 < len(of_server) / len(reports) < 0.1
    for event in of_server:
        order = by_number[event.properties["order_id"]]
        assert str(order["id"]) in reports
        assert event.at > to_millis(order["placed_at"])
    assert not set(by_number) & set(by_id), "no id is another order's number"


def test_two_customers_order_one_after_the_other_at_one_device(demo: Built):
    buyers = {
        placed.order["id"]: (buyer.customer and buyer.customer["id"], buyer.email)
        for buyer, placed in demo.orders
    }
    found: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(purchases(demo, "web"), key=lambda event: event.at):
        found[event.properties["$device_id"]].append(event)
    shared = [
        (before, after)
        for events in found.values()
        for before, after in pairwise(events)
        if after.at - before.at <= 30 * 60_000
        and buyers[int(before.properties["order_id"])] != buyers[int(after.properties["order_id"])]
    ]
    assert shared


def purchases(demo: Built, library: str) -> list[Event]:
    return [e for e in demo.events if e.name == "Order Completed" and e.properties["$lib"] == library]


def test_people_log_in_and_their_device_stays(demo: Built):
    logins = [event for event in demo.events if event.name == "$identify"]
    assert logins
    for event in logins:
        assert event.distinct_id == event.properties["$user_id"]
        assert event.properties["$anon_distinct_id"] == event.properties["$device_id"]
    browsers = [event for event in demo.events if event.properties["$lib"] == "web"]
    devices = {(e.distinct_id, e.properties["$device_id"]) for e in browsers if "$user_id" in e.properties}
    assert Counter(user for user, _ in devices).most_common(1)[0][1] > 1
    assert len({device for _, device in devices}) < len(devices), "some devices are shared"


def test_only_the_first_page_says_where_a_visit_came_from(demo: Built):
    first: dict[str, int] = {}
    browsers = [event for event in demo.events if event.properties["$lib"] == "web"]
    for event in browsers:
        session = event.properties["$session_id"]
        first[session] = min(first.get(session, event.at), event.at)
    sources = Counter(event.properties["$referring_domain"] for event in browsers)
    assert sources[HOST] > 0
    landings = [e for e in browsers if e.at == first[e.properties["$session_id"]]]
    assert all(e.properties["$referring_domain"] != HOST for e in landings)
    assert {key for e in landings for key in e.properties} >= {
        "gclid",
        "msclkid",
        "fbclid",
        "ttclid",
        "utm_medium",
    }
