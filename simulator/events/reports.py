"""Further reports of an order: the thank-you page loaded again, and the shop's server besides the browser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from simulator.events.capture import Event
from simulator.events.visitors import random_uuid, time_uuid
from simulator.schema import Row

RELOADED_SHARE = 0.04  # of tracked orders: some within the session, some after its end
SERVER_SHARE = 0.04  # of tracked orders, under the number that the customer sees
_SERVER = {"$lib": "posthog-python", "$lib_version": "7.91.1", "$geoip_disable": True}
_MONEY = ("total", "revenue", "shipping", "tax", "discount", "currency", "affiliation")


def further_reports(first: Event, order: Row, seed: int) -> Iterator[Event]:
    """Return Order Completed events after the first; always the same for an order, whatever else happens."""
    rng = random.Random(f"{seed}/reports/{order['id']}")
    if rng.random() < RELOADED_SHARE:
        at = first.at + rng.randint(20, 4_000) * 1000
        yield replace(first, uuid=time_uuid(at, rng), at=at)
    if rng.random() < SERVER_SHARE:
        yield _of_server(first, order, rng)


def _of_server(first: Event, order: Row, rng: random.Random) -> Event:
    user = first.properties.get("$user_id")
    at, distinct_id = first.at + rng.randint(200, 2_000), user or random_uuid(rng)
    properties: dict[str, Any] = {**_SERVER, "$process_person_profile": user is not None}
    if user is not None:
        properties["$user_id"] = user
    properties |= {name: first.properties[name] for name in _MONEY}
    properties["order_id"] = order["order_number"]
    return Event(time_uuid(at, rng), first.name, distinct_id, at, properties, "192.0.2.10")
