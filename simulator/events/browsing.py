"""Visits to the shop's pages, as events of the e-commerce spec."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator.events.capture import Event, to_millis
from simulator.events.reports import further_reports
from simulator.events.visitors import HOST, Device, landing, new_device, random_uuid, time_uuid
from simulator.schema import Row
from simulator.shop.catalogue import Catalogue
from simulator.shop.markets import cents, local_price, pick_market
from simulator.shop.orders import Placed, net_amounts
from simulator.shop.people import Buyer, People, market_of

TRACKED_SHARE = 0.93  # of web orders; blockers hide the rest
WRONG_AMOUNT_SHARE = 0.01  # of tracked orders: the page forgot the shipping
BOT_SHARE = 0.03
LONG_PAUSE_SHARE = 0.02  # visits with a break that splits them into two sessions
SHARED_SHARE = 0.04  # of tracked orders soon after another one: two customers on one device
SOON = timedelta(minutes=25)
SEARCHES = (
    "lamp",
    "gift",
    "blaue kissen",
    "kochbuch 🍳",
    "tee",
    "zelt",
    "notebook a5",
    "sale",
    "rug 200x300",
    "???",
)
FOUND = {"???": 0, "zelt": 0, "rug 200x300": 1}  # number of products a search finds, if not a full page
DEPTHS = {
    "bounce": 72,
    "list": 13,
    "view": 9,
    "cart": 4,
    "checkout": 2,
}  # how far a session without an order goes


@dataclass(frozen=True, slots=True)
class _Step:
    elapsed: int  # milliseconds since the visit was created
    name: str
    properties: dict[str, Any]
    user: str | None
    person: dict[str, Any] | None


class Visit:
    """A visit being built: steps and the pauses between them, turned into events at the end."""

    def __init__(self, device: Device, market_currency: str, rng: random.Random) -> None:
        self.device, self.currency, self.rng = device, market_currency, rng
        self.cart_id = f"cart_{rng.getrandbits(48):012x}"
        self._elapsed = 0
        self._page = "/"
        self._source: dict[str, str] = landing(rng)
        self._steps: list[_Step] = []

    def pause(self, low: int, high: int) -> None:
        """Let some seconds pass."""
        self._elapsed += self.rng.randint(low * 1000, high * 1000)

    def open(self, path: str) -> None:
        """Open a page; only the first has the properties of the landing."""
        if self._steps:
            self._source = {"$referrer": f"https://{HOST}{self._page}", "$referring_domain": HOST}
        self._page = path
        self.step("$pageview", {})

    def step(self, name: str, properties: dict[str, Any], person: dict[str, Any] | None = None) -> None:
        """Add a step on the current page, a few seconds after the previous one."""
        self._elapsed += self.rng.randint(300, 45_000)
        own = {
            "$current_url": f"https://{HOST}{self._page}",
            "$pathname": self._page,
            **self._source,
            **properties,
        }
        self._steps.append(_Step(self._elapsed, name, own, self.device.user, person))

    def events(self, *, start: int | None = None, end: int | None = None) -> list[Event]:
        """Return the events, the first at `start` or the last at `end` (milliseconds)."""
        offset = start - self._steps[0].elapsed if start is not None else (end or 0) - self._steps[-1].elapsed
        rng, device = self.rng, self.device
        session_id = time_uuid(offset + self._steps[0].elapsed, rng)
        made = []
        for step in self._steps:
            properties = {**device.properties, "$session_id": session_id, **step.properties}
            properties["$process_person_profile"] = step.user is not None
            if step.user is not None:
                properties["$user_id"] = step.user
            at, distinct_id = offset + step.elapsed, step.user or device.device_id
            made.append(
                Event(
                    time_uuid(at, rng),
                    step.name,
                    distinct_id,
                    at,
                    properties,
                    device.ip,
                    device.skew,
                    step.person,
                )
            )
        return made


class Browsing:
    """All visitors and their devices."""

    def __init__(self, catalogue: Catalogue, people: People, seed: int, rng: random.Random) -> None:
        self.catalogue, self.people, self.seed, self.rng = catalogue, people, seed, rng
        self._of_customer: dict[int, list[Device]] = defaultdict(list)
        self._of_guest: dict[str, Device] = {}
        self._anonymous: list[Device] = []
        self._last_purchase: tuple[Device, datetime] | None = None

    def purchase(self, buyer: Buyer, placed: Placed) -> list[Event]:
        """Return the visit that ends with this order, and any further reports of the order."""
        rng, order = self.rng, placed.order
        device = self._shared_device(buyer, order) or self._device_of(buyer)
        self._last_purchase = device, order["placed_at"]
        visit = Visit(device, order["currency"], rng)
        products = [
            self._line_properties(line, position) for position, line in enumerate(placed.lines, start=1)
        ]
        in_cart = {"cart_id": visit.cart_id, "currency": order["currency"]}
        self._arrive(visit, order["placed_at"])
        for properties in products:
            visit.open(f"/products/{properties['sku'].lower()}")
            visit.step("Product Viewed", {**properties, "currency": order["currency"]})
            visit.step("Product Added", {**in_cart, **properties})
        if rng.random() < 0.15:
            self._change_of_mind(visit, order["placed_at"])
        visit.open("/cart")
        if rng.random() < 0.6:
            visit.step("Cart Viewed", {"cart_id": visit.cart_id, "products": products})
        visit.open("/checkout")
        if buyer.customer is not None and device.user is None:
            self._log_in(visit, buyer.customer)
        money = self._order_properties(order, placed.lines)
        visit.step("Checkout Started", {**money, "products": products})
        if rng.random() < 0.9:
            visit.step(
                "Payment Info Entered", {"order_id": money["order_id"], "step": 2, "payment_method": "card"}
            )
        if rng.random() < WRONG_AMOUNT_SHARE:
            money["total"] = str(Decimal(money["total"]) - Decimal(money["shipping"]))
        visit.step("Order Completed", {**money, "products": products})
        events = visit.events(end=to_millis(order["placed_at"]))
        return [*events, *further_reports(events[-1], order, self.seed)]

    def visit(self, at: datetime, start: datetime | None = None) -> list[Event]:
        """Return a visit without an order, by a person or a bot; it may `start` before the prices it sees."""
        rng = self.rng
        device = self._some_device(at)
        visit = Visit(device, device.market.currency, rng)
        depth = "view" if device.is_bot else rng.choices(list(DEPTHS), list(DEPTHS.values()))[0]
        self._arrive(visit, at, is_bounce=depth == "bounce")
        if depth in ("view", "cart", "checkout"):
            self._look_around(visit, at, depth)
        return visit.events(start=to_millis(start or at))

    def _arrive(self, visit: Visit, at: datetime, *, is_bounce: bool = False) -> None:
        rng = self.rng
        visit.open(rng.choice(("/", "/", "/new", "/sale", "/blog/lamps")))
        if is_bounce:
            return
        roll = rng.random()
        if roll < 0.25:
            query = rng.choice(SEARCHES)
            visit.step("Products Searched", {"query": query, "result_count": FOUND.get(query, 12)})
        elif roll < 0.7:
            shown = [self._properties(product, visit, at) for product in self.catalogue.pick(rng, at, 4)]
            category = shown[0]["category"]
            visit.open(f"/categories/{category or 'all'}".lower())
            visit.step(
                "Product List Viewed",
                {
                    "list_id": "grid",
                    "category": category,
                    "products": [
                        {"product_id": product["product_id"], "position": position}
                        for position, product in enumerate(shown, 1)
                    ],
                },
            )
        if rng.random() < LONG_PAUSE_SHARE:
            visit.pause(1_900, 5_400)

    def _look_around(self, visit: Visit, at: datetime, depth: str) -> None:
        rng = self.rng
        shown = [
            self._properties(row, visit, at) for row in self.catalogue.pick(rng, at, rng.choice((1, 1, 2, 3)))
        ]
        for properties in shown:
            visit.open(f"/products/{properties['sku'].lower()}")
            visit.step("Product Viewed", {**properties, "currency": visit.currency})
        if depth == "view":
            return
        in_cart = {"cart_id": visit.cart_id, "currency": visit.currency}
        visit.step("Product Added", {**in_cart, **shown[-1]})
        if rng.random() < 0.5:
            visit.open("/cart")
            visit.step("Cart Viewed", {"cart_id": visit.cart_id, "products": shown[-1:]})
        if depth == "checkout":
            visit.open("/checkout")
            visit.step(
                "Checkout Started",
                {"cart_id": visit.cart_id, "currency": visit.currency, "products": shown[-1:]},
            )
        elif rng.random() < 0.25:
            visit.step("Product Removed", {**in_cart, **shown[-1]})

    def _change_of_mind(self, visit: Visit, at: datetime) -> None:
        extra = self._properties(self.catalogue.pick(self.rng, at, 1)[0], visit, at)
        visit.step("Product Viewed", {**extra, "currency": visit.currency})
        in_cart = {"cart_id": visit.cart_id, "currency": visit.currency}
        visit.step("Product Added", {**in_cart, **extra})
        visit.step("Product Removed", {**in_cart, **extra})

    def _log_in(self, visit: Visit, customer: Row) -> None:
        visit.device.user = str(customer["id"])
        person = {"locale": customer["locale"], "country": customer["country_code"]}
        visit.step("$identify", {"$anon_distinct_id": visit.device.device_id}, person)

    def _properties(self, product: Row, visit: Visit, at: datetime) -> dict[str, Any]:
        category = self.catalogue.category_of.get(product["category_id"])
        return {
            "product_id": str(product["id"]),
            "sku": product["sku"],
            "category": category and category["name"],
            "name": product["name"],
            "brand": product["brand"],
            "price": str(local_price(visit.device.market, self.catalogue.price_at(product, at))),
            "quantity": 1,
        }

    def _line_properties(self, line: Row, position: int) -> dict[str, Any]:
        product = self.catalogue.state.get("products", line["product_id"])
        category = self.catalogue.category_of.get(product["category_id"])
        return {
            "product_id": str(line["product_id"]),
            "sku": line["sku"],
            "category": category and category["name"],
            "name": line["product_name"],
            "brand": product["brand"],
            "price": str(line["unit_price"]),
            "quantity": line["quantity"],
            "position": position,
        }

    @staticmethod
    def _order_properties(order: Row, lines: Sequence[Row]) -> dict[str, Any]:
        net = sum(net_amounts(order, lines), Decimal(0))
        discount = order["discount_amount"] + sum((line["discount_amount"] for line in lines), Decimal(0))
        return {
            "order_id": str(order["id"]),
            "affiliation": HOST,
            "subtotal": str(cents(net)),
            "revenue": str(cents(net)),
            "shipping": str(order["shipping_amount"]),
            "tax": str(order["tax_amount"]),
            "discount": str(discount),
            "total": str(order["total_amount"]),
            "currency": order["currency"],
        }

    def _shared_device(self, buyer: Buyer, order: Row) -> Device | None:
        """Return, now and then, the device of the last order: the next customer sits beside the last one."""
        if self._last_purchase is None:
            return None
        device, before = self._last_purchase
        chance = random.Random(f"{self.seed}/shared/{order['id']}").random()
        if chance >= SHARED_SHARE or order["placed_at"] - before > SOON:
            return None
        if buyer.customer is None or device.user != str(buyer.customer["id"]):
            device.user = None  # logged out since
        return device

    def _device_of(self, buyer: Buyer) -> Device:
        rng, customer = self.rng, buyer.customer
        if customer is None:
            key = (buyer.email or random_uuid(rng)).strip().lower()
            return self._of_guest.setdefault(key, new_device(rng, buyer.market))
        own = self._of_customer[customer["id"]]
        if len(own) < 3 and rng.random() < (1.0, 0.15, 0.05)[len(own)]:
            # A customer's devices follow from the seed: they are the same whenever the shop is resumed.
            own.append(new_device(random.Random(f"{self.seed}/{customer['id']}/{len(own)}"), buyer.market))
        device = rng.choice(own)
        if rng.random() < 0.015 and self._of_customer:  # at a friend's, in someone else's browser
            device = rng.choice(rng.choice(list(self._of_customer.values())) or own)
        if device.user not in (None, str(customer["id"])) or rng.random() < 0.1:
            device.user = None  # logged out since
        return device

    def _some_device(self, at: datetime) -> Device:
        rng, roll = self.rng, self.rng.random()
        if roll < BOT_SHARE:
            return new_device(rng, pick_market(rng), is_bot=True)
        if roll < 0.25:
            customer = self.people.customer_at(rng, at)
            if customer is not None:
                return self._device_of(Buyer(customer, customer["email"], market_of(customer)))
        if roll < 0.4 and self._anonymous:
            return rng.choice(self._anonymous)
        device = new_device(rng, pick_market(rng))
        self._anonymous.append(device)
        return device
