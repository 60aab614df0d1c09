"""The live demo shop: orders, sessions, status changes, refunds, new prices, people, deletions.

One step is a function of the record, the seed, the step's number and its time. It is announced in the record
before anything is written elsewhere: an interrupted step is repeated, with the same result.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.events.browsing import TRACKED_SHARE, Browsing
from simulator.events.capture import Event, deliver, to_millis
from simulator.events.outlet import Outlet, open_outlet
from simulator.record import Record, last_moment
from simulator.schema import Row
from simulator.shop import mysql
from simulator.shop.catalogue import LOCATIONS, Catalogue
from simulator.shop.markets import add_rates
from simulator.shop.orders import SALES_CHANNELS, OrderDesk
from simulator.shop.people import Buyer, People
from simulator.state import State

VISITS_PER_STEP = 3
LATE_VISIT_SHARE = 0.15  # of the steps also deliver a session from days ago, from a phone that was offline
RECENT_ORDERS = 400


@dataclass(frozen=True)
class Pace:
    """Duration and speed of a live run. With `now`, every step is at that time (UTC), without waiting."""

    steps: int | None = None
    seconds: float | None = None
    per_minute: float = 20
    now: datetime | None = None


@dataclass
class Lived:
    """The result of a live run."""

    steps: int = 0
    rows: int = 0
    events: int = 0


class LiveShop:
    """The shop restored from the record, ready for the next step."""

    def __init__(self, state: State, seed: int) -> None:
        rng = random.Random(seed)
        self.state, self.seed = state, seed
        self.catalogue = Catalogue(state, rng)
        self.people = People(state, rng)
        self.desk = OrderDesk(state, self.catalogue, self.people, rng)

    def step(self, number: int, now: datetime) -> list[Event]:
        """Change the state as of `now`; returns the resulting events."""
        rng = random.Random(f"{self.seed}/live/{number}")
        self.catalogue.rng = self.people.rng = self.desk.rng = rng
        self.people.recall_guests(self.state.rows("orders")[-RECENT_ORDERS:])
        browsing = Browsing(self.catalogue, self.people, self.seed, rng)
        add_rates(self.state, (now - timedelta(days=7)).date(), (now + timedelta(days=1)).date(), now, rng)
        events: list[Event] = []
        for _ in range(rng.choices((0, 1, 2), (20, 50, 30))[0]):
            events += self._order(browsing, now)
        for _ in range(VISITS_PER_STEP):
            events += browsing.visit(now, now - timedelta(minutes=rng.randint(1, 40)))
        if rng.random() < LATE_VISIT_SHARE:
            events += browsing.visit(now, now - timedelta(hours=rng.uniform(2, 72)))
        self._move_orders(now)
        self._sometimes(now)
        return [event for event in events if event.at <= to_millis(now)]

    def _order(self, browsing: Browsing, now: datetime) -> list[Event]:
        rng = self.desk.rng
        buyer = self.people.buyer_at(rng, now)
        buyer = Buyer(buyer.customer, buyer.email, buyer.market, is_test=rng.random() < 0.03)
        channel = rng.choices(list(SALES_CHANNELS), list(SALES_CHANNELS.values()))[0]
        placed = self.desk.place(buyer, now, channel, self.catalogue.pick(rng, now, rng.randint(1, 4)))
        for line in placed.lines:
            stock = self.state.tables["inventory_levels"][(line["product_id"], rng.choice(LOCATIONS))]
            self.state.update("inventory_levels", stock, now, on_hand=stock["on_hand"] - line["quantity"])
        return browsing.purchase(buyer, placed) if channel == "web" and rng.random() < TRACKED_SHARE else []

    def _move_orders(self, now: datetime) -> None:
        desk, rng = self.desk, self.desk.rng
        waiting = [row for row in self.state.rows("orders") if row["status"] in ("placed", "paid", "shipped")]
        for order in rng.sample(waiting, min(len(waiting), rng.randint(1, 3))):
            roll = rng.random()
            if order["status"] == "shipped":
                desk.deliver(order, now)
            elif roll < 0.05:
                desk.cancel(order, now)
            elif order["status"] == "paid":
                (desk.ship if order["id"] in desk.parcel_of else desk.pack)(order, now)
            elif roll < 0.09:
                desk.fail(order, now)
            else:
                desk.pay(order, desk.method(), now)

    def _sometimes(self, now: datetime) -> None:
        rng = self.desk.rng
        chances: tuple[tuple[float, Callable[[datetime], None]], ...] = (
            (0.30, self._refund),
            (0.15, lambda at: self.catalogue.change_price(rng.choice(self.state.rows("products")), at, rng)),
            (0.25, self._new_customer),
            (0.25, self._changed_customer),
            (0.08, lambda _: self._delete_address()),
            (0.02, lambda _: self._delete_product()),
            (0.05, lambda _: self._delete_coupon()),
            (0.04, lambda _: self._delete_test_order()),
        )
        for chance, happen in chances:
            if rng.random() < chance:
                happen(now)

    def _refund(self, now: datetime) -> None:
        delivered = [row for row in self.state.rows("orders") if row["status"] == "delivered"]
        if delivered:
            self.desk.refund(self.desk.rng.choice(delivered), now)

    def _new_customer(self, now: datetime) -> None:
        self.people.register(now)
        self.people.index()

    def _changed_customer(self, now: datetime) -> None:
        rng = self.desk.rng
        customer = rng.choice(self.state.rows("customers"))
        change = rng.choice(
            (
                {"email": f"moved{customer['id']}.{rng.getrandbits(16)}@example.org"},
                {"phone": None if customer["phone"] else f"+49 30 {rng.randint(100000, 999999)}"},
                {"accepts_marketing": 1 - customer["accepts_marketing"]},
            )
        )
        self.state.update("customers", customer, now, **change)

    def _delete_address(self) -> None:
        self.state.remove("addresses", self.desk.rng.choice(self.state.rows("addresses")))

    def _delete_product(self) -> None:
        sold = {line["product_id"] for line in self.state.rows("order_items")}
        unsold = [row for row in self.state.rows("products") if row["id"] not in sold]
        if unsold:
            product = self.desk.rng.choice(unsold)
            self._remove_all("product_costs", "product_id", product["id"])
            self._remove_all("inventory_levels", "product_id", product["id"])
            self.state.remove("products", product)
            self.catalogue.rank()

    def _delete_coupon(self) -> None:
        used = {order["coupon_id"] for order in self.state.rows("orders")}
        old = [
            row
            for row in self.state.rows("coupons")
            if row["id"] not in used and row["code"].startswith("NEWS-")
        ]
        if old:
            self.state.remove("coupons", self.desk.rng.choice(old))

    def _delete_test_order(self) -> None:
        tests = [row for row in self.state.rows("orders") if row["is_test"]]
        if not tests:
            return
        order: Row = self.desk.rng.choice(tests)
        for refund in [row for row in self.state.rows("refunds") if row["order_id"] == order["id"]]:
            self._remove_all("refund_items", "refund_id", refund["id"])
        for table in ("order_items", "payments", "refunds", "shipments"):
            self._remove_all(table, "order_id", order["id"])
        self.state.remove("orders", order)
        self.desk.forget(order)

    def _remove_all(self, table: str, column: str, value: Any) -> None:
        for row in self.state.rows(table):
            if row[column] == value:
                self.state.remove(table, row)


def live_on(settings: SimulatorSettings, pace: Pace, *, direct: bool = False) -> Lived:
    """Run the demo shop of the configured database until the pace ends it, or forever.

    Events go through the gateway, unless `direct`.

    Raises:
        SimulatorError: when there is no demo shop, or `pace.now` precedes what already happened.
    """
    lived, deadline = Lived(), time.monotonic() + pace.seconds if pace.seconds else None
    with Record(settings.record_path) as record, mysql.shop(settings) as connection:
        until = last_moment(record)
        if record.meta("shop") != "demo" or until is None:
            raise SimulatorError(
                f"No demo shop in {settings.shop_mysql_database} (SHOP_MYSQL_DATABASE): no other can live. "
                "Try: python -m simulator load --shop demo"
            )
        if pace.now is not None and pace.now < until:
            raise SimulatorError(
                f"The shop has lived until {until} UTC; --now must not be earlier than that."
            )
        shop = LiveShop(record.state(), record.meta("seed"))
        with open_outlet(settings, direct=direct) as outlet:
            while pace.steps is None or lived.steps < pace.steps:
                _take_step(settings, shop, record, connection, outlet, pace.now, lived)
                if deadline is not None and time.monotonic() >= deadline:
                    break
                if pace.now is None and (pace.steps is None or lived.steps < pace.steps):
                    threading.Event().wait(60 / pace.per_minute)
    return lived


def _take_step(
    settings: SimulatorSettings,
    shop: LiveShop,
    record: Record,
    connection: Any,
    outlet: Outlet,
    moment: datetime | None,
    lived: Lived,
) -> None:
    number = record.meta("steps") + 1
    begun = record.meta("step_begun")  # left by an interrupted step
    now = datetime.fromisoformat(begun) if begun else moment or datetime.now(UTC).replace(tzinfo=None)
    record.set_meta(step_begun=now.isoformat())
    record.commit()
    events = shop.step(number, now)
    changes = shop.state.take_changes()
    rng = random.Random(f"{shop.seed}/delivery/{number}")
    rows = mysql.write(connection, changes)
    outlet.send(deliver(events, to_millis(now), rng))
    connection.commit()
    record.apply(changes)
    record.add_events(events)
    record.set_meta(step_begun=None, steps=number, until=now.isoformat(), last_ids=shop.state.last_ids)
    record.commit()
    lived.steps, lived.rows, lived.events = lived.steps + 1, lived.rows + rows, lived.events + len(events)
