"""Buyers: customers with their addresses, and guests with or without an e-mail address."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.schema import Row
from simulator.shop.markets import MARKETS, Market, pick_market
from simulator.state import State

FIRST_NAMES = (
    "Anna",
    "Łukasz",
    "Zoë",
    "José",
    "Mia",
    "Noah",
    "Søren",
    "Chloé",
    "Olivia",
    "Jürgen",
    "Ayşe",
    "Bjørn",
    "李",
    "Наталья",
    "Seán",
    "Émilie",
    "Liam",
    "Ngọc",
    "D'Arcy",
    "Finn",
    "Inès",
    "Max 🚀",
    "Ida",
    "Tom",
)
LAST_NAMES = (
    "Müller",
    "Smith",
    "O'Brien",
    "Garcia",
    "Öztürk",
    "van der Berg",
    "Dubois",
    "Nguyễn",
    "Andersson",
    "Kowalski",
    "Brown",
    "Schmidt",
    "Ørsted",
    "Lefèvre",
    "Johnson",
    "小林",
    "Fischer",
    "Silva",
)
STREETS = (
    "Hauptstraße",
    "High Street",
    "Rue de l'Église",
    "Storgatan",
    "Keizersgracht",
    "Elm Street",
    "Weinbergweg",
)
PROVIDERS = ("example.com", "example.org", "mail.example.net", "post.example.de")


@dataclass(frozen=True)
class Buyer:
    """A buyer at the checkout: an account or a guest, and the delivery address."""

    customer: Row | None
    email: str | None
    market: Market
    is_test: bool = False


class People:
    """The shop's customers and guests."""

    def __init__(self, state: State, rng: random.Random) -> None:
        self.state, self.rng = state, rng
        self.guests: list[tuple[str, Market]] = []
        self._addresses: dict[int, list[Row]] = {}
        self._accounts: list[Row] = []
        for address in state.rows("addresses"):
            if address["customer_id"] is not None:
                self._addresses.setdefault(address["customer_id"], []).append(address)
        self.index()

    def index(self) -> None:
        """Index the accounts in order of creation, without test accounts."""
        accounts = [row for row in self.state.rows("customers") if not row["is_test"]]
        self._accounts = sorted(accounts, key=lambda row: (row["created_at"], row["id"]))

    def recall_guests(self, orders: list[Row]) -> None:
        """Remember the guests of these orders, who may return."""
        by_currency = {market.currency: market for market in reversed(MARKETS.values())}
        self.guests = [
            (order["email"].strip().lower(), by_currency[order["currency"]])
            for order in orders
            if order["customer_id"] is None and order["email"]
        ]

    def register(self, at: datetime, *, is_test: bool = False) -> Row:
        """Register a new customer with one or two addresses."""
        rng, market = self.rng, pick_market(self.rng)
        number = self.state.last_ids.get("customers", 0) + 1
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        email = f"staff+{number}@shoplake.example" if is_test else f"customer{number}@{rng.choice(PROVIDERS)}"
        customer = self.state.add(
            "customers",
            email=email if is_test or rng.random() > 0.01 else None,
            first_name=first if rng.random() > 0.02 else None,
            last_name=last if rng.random() > 0.02 else None,
            phone=f"{market.dial} {rng.randint(1000000, 99999999)}" if rng.random() < 0.5 else None,
            locale=market.locale,
            country_code=market.country if rng.random() > 0.01 else None,
            accepts_marketing=int(rng.random() < 0.4),
            is_test=int(is_test),
            created_at=at,
            updated_at=at,
        )
        for kind in ("shipping", "billing")[: rng.choice((1, 1, 2))]:
            self.add_address(customer["id"], f"{first} {last}", market, kind, at)
        return customer

    def add_address(self, customer_id: int | None, name: str, market: Market, kind: str, at: datetime) -> Row:
        """Add an address in the market's country; `customer_id` is null for a guest."""
        rng = self.rng
        city, postal_code, region = rng.choice(market.cities)
        address = self.state.add(
            "addresses",
            customer_id=customer_id,
            kind=kind,
            name=name,
            line1=f"{rng.choice(STREETS)} {rng.randint(1, 199)}",
            line2=rng.choice((None, None, None, "3. OG", "Apt. 4B")),
            postal_code=postal_code if rng.random() > 0.01 else None,
            city=city,
            region=region,
            country_code=market.country,
            created_at=at,
            updated_at=at,
        )
        if customer_id is not None:
            self._addresses.setdefault(customer_id, []).append(address)
        return address

    def addresses_of(self, customer: Row, kind: str) -> list[Row]:
        """Return the customer's existing addresses of a kind."""
        known = self._addresses.get(customer["id"], [])
        return [
            row for row in known if row["kind"] == kind and (row["id"],) in self.state.tables["addresses"]
        ]

    def customer_at(self, rng: random.Random, at: datetime) -> Row | None:
        """Pick a customer of that time, earlier ones more often; null before the first account."""
        for _ in range(20):
            customer = self._accounts[int(len(self._accounts) * rng.random() ** 1.5)]
            if customer["created_at"] <= at:
                return customer
        return None

    def buyer_at(self, rng: random.Random, at: datetime) -> Buyer:
        """Pick who places an order at that time: four times in five a customer."""
        customer = self.customer_at(rng, at) if rng.random() < 0.82 else None
        if customer is not None:
            return Buyer(customer, customer["email"], market_of(customer))
        return self._guest(rng, at)

    def _guest(self, rng: random.Random, at: datetime) -> Buyer:
        roll = rng.random()
        if roll < 0.05:
            return Buyer(None, None, pick_market(rng))
        if roll < 0.25 and self.guests:
            email, market = rng.choice(self.guests)
            return Buyer(None, rng.choice((email, email.upper(), f" {email} ")), market)
        customer = self.customer_at(rng, at) if roll < 0.40 else None
        if customer is not None and customer["email"]:
            return Buyer(
                None, rng.choice((customer["email"], customer["email"].title())), market_of(customer)
            )
        email, market = f"guest{rng.getrandbits(40):010x}@{rng.choice(PROVIDERS)}", pick_market(rng)
        self.guests.append((email, market))
        return Buyer(None, email, market)


def market_of(customer: Row) -> Market:
    """Return the market of a customer's country; the home market if the country is unknown."""
    return MARKETS.get(customer["country_code"] or "DE", MARKETS["DE"])


def registrations(rng: random.Random, start: datetime, until: datetime, count: int) -> list[datetime]:
    """Return creation times of accounts: three in five before the period, the others in it, with growth."""
    before, period = start - timedelta(days=365), until - start
    moments = [
        before + timedelta(days=365) * rng.random()
        if rng.random() < 0.6
        else start + period * rng.random() ** 0.8
        for _ in range(count)
    ]
    return sorted(moments)
