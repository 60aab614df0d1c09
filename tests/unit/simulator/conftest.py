from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest

from simulator.events.capture import Event
from simulator.scenarios.demo import DemoPlan, DemoShop
from simulator.shop.orders import Placed
from simulator.shop.people import Buyer

# Forty days around the end of daylight saving time and a month's end.
PLAN = DemoPlan(seed=11, until=datetime(2026, 11, 12, 9, 30), days=40, customers=400)


@dataclass(frozen=True)
class Built:
    shop: DemoShop
    orders: list[tuple[Buyer, Placed]]
    events: list[Event]


def build(plan: DemoPlan) -> Built:
    shop = DemoShop(plan)
    orders = shop.build_rows()
    return Built(shop, orders, shop.build_events(orders))


@pytest.fixture(scope="session")
def demo() -> Built:
    """One small demo shop; tests must not change it."""
    return build(PLAN)
