"""The demo shop's history: everything from its first day up to a moment, from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulator.events.browsing import TRACKED_SHARE, Browsing
from simulator.events.capture import Event, to_millis
from simulator.events.visitors import SPEND
from simulator.schema import Row
from simulator.shop.catalogue import Catalogue
from simulator.shop.markets import add_rates
from simulator.shop.orders import RESERVING_METHODS, SALES_CHANNELS, SLOW_METHODS, OrderDesk, Placed
from simulator.shop.people import Buyer, People, registrations
from simulator.state import State

ORDERS_PER_CUSTOMER_DAY = 4 / 90
VISITS_PER_ORDER = 5.0  # sessions without an order, for each order of any channel
WEEKDAYS = (1.05, 0.95, 0.92, 0.96, 1.02, 1.02, 1.25)
HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 12, 14, 17, 18, 15, 9, 5)
TEST_SHARE = 0.008
# Of the orders paid by a method that authorises first: reviewed by a person before capture.
REVIEWED_SHARE = 0.06


@dataclass(frozen=True)
class DemoPlan:
    """The parameters that fully determine the demo shop."""

    seed: int
    until: datetime  # naive, in UTC
    days: int = 90
    customers: int = 2000
    timezone: str = "Europe/Berlin"

    @property
    def start(self) -> datetime:
        """Start of the period."""
        return self.until - timedelta(days=self.days)


class DemoShop:
    """A builder of the shop's rows and events. The same plan gives the same shop, byte for byte."""

    def __init__(self, plan: DemoPlan) -> None:
        self.plan = plan
        self.state = State()
        self.catalogue = Catalogue(self.state, self._rng("catalogue"))
        self.people = People(self.state, self._rng("people"))
        self.desk = OrderDesk(self.state, self.catalogue, self.people, self._rng("orders"))

    def build_rows(self) -> list[tuple[Buyer, Placed]]:
        """Build all tables; returns the orders with their buyers, for `build_events`."""
        plan = self.plan
        self.catalogue.build(plan.start, plan.until, products=max(60, plan.customers // 8))
        rng = self._rng("registrations")
        for at in registrations(rng, plan.start, plan.until, plan.customers):
            self.people.register(at, is_test=rng.random() < 0.004)
        self.people.index()
        first, last = (
            moment.date() for moment in (plan.start - timedelta(days=2), plan.until + timedelta(days=1))
        )
        add_rates(self.state, first, last, plan.until, self._rng("rates"))
        self._spend()
        return [self._order(at, channel) for at, channel in self._demand()]

    def build_events(self, orders: list[tuple[Buyer, Placed]]) -> list[Event]:
        """Return the visits of the period, in order of their start."""
        plan, rng = self.plan, self._rng("visits")
        browsing = Browsing(self.catalogue, self.people, plan.seed, self._rng("browsing"))
        tracked = [
            (placed.order["placed_at"], (buyer, placed))
            for buyer, placed in orders
            if placed.order["sales_channel"] == "web" and rng.random() < TRACKED_SHARE
        ]
        count = VISITS_PER_ORDER * len(orders)
        others = [(at, None) for at in moments(rng, plan, count) if at < plan.until - timedelta(minutes=40)]
        events: list[Event] = []
        for at, order in sorted([*tracked, *others], key=lambda planned: planned[0]):
            events += browsing.visit(at) if order is None else browsing.purchase(*order)
        return [event for event in events if event.at <= to_millis(plan.until)]

    def _demand(self) -> Iterator[tuple[datetime, str]]:
        rng = self._rng("demand")
        channels, weights = list(SALES_CHANNELS), list(SALES_CHANNELS.values())
        for at in moments(rng, self.plan, self.plan.customers * self.plan.days * ORDERS_PER_CUSTOMER_DAY):
            yield at, rng.choices(channels, weights)[0]

    def _order(self, at: datetime, channel: str) -> tuple[Buyer, Placed]:
        desk, rng = self.desk, self.desk.rng
        buyer = self.people.buyer_at(rng, at)
        if rng.random() < TEST_SHARE:
            buyer = self._test_buyer(buyer)
        products = self.catalogue.pick(rng, at, rng.choices((1, 2, 3, 4, 7), (34, 28, 20, 13, 5))[0])
        placed = desk.place(buyer, at, channel, products)
        self._life(placed.order)
        return buyer, placed

    def _test_buyer(self, buyer: Buyer) -> Buyer:
        # Half of the test orders are marked as such, half only by the account that placed them.
        staff = [row for row in self.state.rows("customers") if row["is_test"]]
        if staff and self.desk.rng.random() < 0.5:
            account = self.desk.rng.choice(staff)
            return Buyer(account, account["email"], buyer.market)
        return Buyer(buyer.customer, buyer.email, buyer.market, is_test=True)

    def _life(self, order: Row) -> None:
        """Move an order on until the end of the period."""
        desk, rng, until = self.desk, self.desk.rng, self.plan.until
        at, roll, method = order["placed_at"], rng.random(), desk.method()
        if roll < 0.05:
            unpaid = at + timedelta(minutes=2) if roll < 0.02 else at + timedelta(hours=rng.uniform(1, 40))
            if unpaid <= until:
                (desk.fail if roll < 0.02 else desk.cancel)(order, unpaid)
            return
        if method in SLOW_METHODS or (method in RESERVING_METHODS and roll > 1 - REVIEWED_SHARE):
            desk.await_payment(order, method, at)
            at += timedelta(hours=rng.uniform(6, 60))
        else:
            at += timedelta(seconds=rng.uniform(5, 90))
        if at > until:
            return
        desk.pay(order, method, at)
        if roll < 0.07:
            at += timedelta(hours=rng.uniform(1, 24))
            if at <= until:
                desk.cancel(order, at)
            return
        for move, fewest, most in ((desk.pack, 2, 30), (desk.ship, 4, 30), (desk.deliver, 20, 110)):
            at += timedelta(hours=rng.uniform(fewest, most))
            if at > until:
                return
            move(order, at)
        while rng.random() < 0.09:
            at += timedelta(days=rng.uniform(1, 32))
            if at > until:
                return
            desk.refund(order, at)

    def _spend(self) -> None:
        rng, plan = self._rng("spend"), self.plan
        for offset in range(plan.days + 1):
            day = (plan.start + timedelta(days=offset)).date()
            booked = min(datetime(day.year, day.month, day.day) + timedelta(hours=30), plan.until)
            for (channel, campaign), (currency, typical) in SPEND.items():
                clicks = round(typical * rng.uniform(1.2, 2.4))
                self.state.add(
                    "marketing_spend",
                    spend_date=day,
                    channel=channel,
                    campaign=campaign,
                    currency=currency,
                    amount=Decimal(str(round(typical * rng.uniform(0.6, 1.5), 2))).quantize(Decimal("0.01")),
                    impressions=clicks * rng.randint(20, 60),
                    clicks=clicks,
                    created_at=booked,
                    updated_at=booked,
                )

    def _rng(self, purpose: str) -> random.Random:
        # One stream per purpose: a change in one part does not reshuffle the others.
        return random.Random(f"{self.plan.seed}/{purpose}")


def moments(rng: random.Random, plan: DemoPlan, count: float) -> list[datetime]:
    """Return about `count` moments of the period, by trend, weekday and local hour; UTC, sorted."""
    zone = ZoneInfo(plan.timezone)
    first_day = plan.start.date()
    factors = [
        WEEKDAYS[(first_day + timedelta(days=offset)).weekday()]
        * (0.85 + 0.3 * offset / plan.days)
        * rng.gauss(1, 0.06)
        for offset in range(plan.days + 1)
    ]
    scale = count / (sum(factors) * plan.days / (plan.days + 1))
    found = []
    for offset, factor in enumerate(factors):
        day = first_day + timedelta(days=offset)
        for hour in rng.choices(range(24), HOURS, k=max(round(factor * scale), 0)):
            second = rng.uniform(0, 3600)
            local = datetime(day.year, day.month, day.day, hour, tzinfo=zone) + timedelta(seconds=second)
            at = (local - (local.utcoffset() or timedelta())).replace(tzinfo=None)
            if plan.start <= at <= plan.until:
                found.append(at)
    return sorted(found)
