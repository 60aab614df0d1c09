from __future__ import annotations

import copy
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.events.capture import Event, to_millis
from simulator.ledger.figures import Ledger
from simulator.record import Record
from simulator.scenarios.live import LiveShop
from simulator.state import Changes, State
from tests.unit.simulator.conftest import PLAN, Built

NOW = PLAN.until + timedelta(hours=5)
STEPS = 150


@pytest.fixture
def record(demo: Built, tmp_path: Path) -> Record:
    """What the simulator remembers after loading the small demo shop."""
    found = Record(tmp_path / "shop.sqlite")
    for name, rows in demo.shop.state.tables.items():
        found.apply({name: dict(rows)})
    found.add_events(demo.events)
    found.set_meta(last_ids=demo.shop.state.last_ids)
    found.commit()
    return found


def live(state: State, steps: int) -> tuple[list[Changes], list[Event]]:
    shop, changes, events = LiveShop(state, PLAN.seed), [], []
    for number in range(1, steps + 1):
        events += shop.step(number, NOW)
        changes.append(copy.deepcopy(shop.state.take_changes()))
    return changes, events


def figures(state: State, record: Record) -> Ledger:
    return Ledger(
        state, record.events(), timezone=PLAN.timezone, reporting_currency="EUR", pseudonym_key="key"
    )


def test_the_record_gives_back_the_shop_as_it_was(demo: Built, record: Record):
    restored = record.state()
    assert restored.tables == demo.shop.state.tables
    assert restored.last_ids == demo.shop.state.last_ids
    assert len(record.events()) == len(demo.events)


def test_steps_are_the_same_whether_or_not_the_simulator_was_restarted(record: Record):
    changes, events = live(record.state(), 6)
    again, events_again = [], []
    for number in range(1, 7):
        shop = LiveShop(record.state(), PLAN.seed)
        events_again += shop.step(number, NOW)
        step = shop.state.take_changes()
        again.append(copy.deepcopy(step))
        record.apply(step)
        record.set_meta(last_ids=shop.state.last_ids)
        record.commit()
    assert again == changes
    assert [event.uuid for event in events_again] == [event.uuid for event in events]


def test_everything_that_changed_is_dated_now_and_no_event_is_of_the_future(record: Record):
    changes, events = live(record.state(), STEPS)
    for step in changes:
        for name, rows in step.items():
            for row in rows.values():
                assert row is None or row["updated_at"] == NOW or name == "exchange_rates"
    assert max(event.at for event in events) <= to_millis(NOW)
    assert min(event.at for event in events) < to_millis(NOW - timedelta(hours=12)), "some come days late"


def test_all_kinds_of_change_happen_and_what_is_deleted_leaves_no_orphan(record: Record):
    state = record.state()
    changes, events = live(state, STEPS)
    gone = Counter(
        name for step in changes for name, rows in step.items() for row in rows.values() if row is None
    )
    assert set(gone) >= {"addresses", "coupons", "orders", "order_items"}
    assert any(event.name == "Order Completed" for event in events)
    touched = {name for step in changes for name in step}
    assert touched >= {
        "orders",
        "order_items",
        "payments",
        "shipments",
        "refunds",
        "refund_items",
        "customers",
        "products",
        "inventory_levels",
    }
    orders = {row["id"] for row in state.rows("orders")}
    for table in ("order_items", "payments", "refunds", "shipments"):
        assert {row["order_id"] for row in state.rows(table)} <= orders
    products = {row["id"] for row in state.rows("products")}
    for table in ("order_items", "product_costs", "inventory_levels"):
        assert {row["product_id"] for row in state.rows(table)} <= products


def test_a_deleted_id_is_never_given_out_again(record: Record):
    state = record.state()
    last = state.rows("orders")[-1]
    state.remove("orders", last)
    assert state.add("orders", updated_at=NOW)["id"] == last["id"] + 1


def test_the_ledger_follows_the_changes(record: Record):
    before = figures(record.state(), record).total("net_sales")
    state = record.state()
    changes, events = live(state, 20)
    for step in changes:
        record.apply(step)
    record.add_events(events)
    after = figures(record.state(), record)
    assert after.total("net_sales") == figures(state, record).total("net_sales") != before
    assert after.total("net_sales").as_tuple().exponent == Decimal("0.01").as_tuple().exponent


def test_money_of_all_marts_is_the_same_money(record: Record):
    ledger = figures(record.state(), record)
    net = ledger.total("net_sales")
    assert net == sum(row["net_sales"] for row in ledger.product_daily().values())
    assert net == sum(row["net_sales"] for row in ledger.customer_360().values())
    assert net == ledger.total("net_sales_by_order_date")
    purchases = sum(row["purchase_sessions"] for row in ledger.funnel_daily().values())
    assert 0 < purchases < ledger.total("orders")


def test_the_moment_is_kept_to_the_microsecond(tmp_path: Path):
    state, at = State(), datetime(2026, 1, 2, 3, 4, 5, 678901)
    state.add("coupons", code="A", value=Decimal("7.50"), created_at=at, updated_at=at)
    with Record(tmp_path / "one.sqlite") as record:
        record.apply(state.take_changes())
        record.commit()
        assert record.state().rows("coupons") == state.rows("coupons")
