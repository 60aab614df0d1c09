"""The shop's catalogue: categories, products with their price history, costs, stock, and coupons."""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from simulator.schema import Row
from simulator.shop.markets import CENT, SHOP_CURRENCY, cents
from simulator.state import State

CATEGORIES: dict[str, dict[str, tuple[int, int]]] = {  # department → category → price range in EUR
    "Living": {"Lamps": (29, 249), "Rugs": (49, 399), "Cushions": (12, 59), "Candles": (6, 39)},
    "Kitchen": {"Cookware": (19, 189), "Tableware": (8, 79), "Coffee & Tea": (6, 129), "Knives": (15, 199)},
    "Outdoor": {"Garden Tools": (9, 89), "Planters": (7, 119), "Camping": (15, 349)},
    "Books": {"Cookbooks": (14, 45), "Novels": (9, 28), "Children’s Books": (7, 24)},
    "Office": {"Notebooks": (4, 35), "Pens": (2, 89), "Desk Lighting": (25, 159)},
    "Kids": {"Toys": (8, 79), "Bedding": (19, 99), "Clothing": (9, 59)},
}
REDUCED_TAX_DEPARTMENT = "Books"
BRANDS = ("Nordlys", "Atelier Rué", "Kōbō", "Blåbær & Söner", "Hearth&Co", "Łąka", "Ωmega Home", None)
ADJECTIVES = ("Aurora", "Pico", "Grand", "Mini", "Olive", "Indigo", "Terra", "Weekend", "Classic", "Studio")
ODDITIES = (
    "🪴 ",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    " – Édition spéciale",
    " 限定版",
    ' 12" × 8"',
    " 🎁",
)
VARIANTS = ("blue", "sand", "olive", "walnut", "S", "M", "L", None)
LOCATIONS = ("berlin", "rotterdam")
ENDINGS = (Decimal("0.90"), Decimal("0.95"), Decimal("0.99"), Decimal("0.00"), Decimal("0.49"))


class Catalogue:
    """Products on sale, their popularity, and their price at any moment."""

    def __init__(self, state: State, rng: random.Random) -> None:
        self.state, self.rng = state, rng
        self.prices: dict[int, tuple[list[datetime], list[Decimal]]] = {}
        self.category_of: dict[int, Row] = {row["id"]: row for row in state.rows("categories")}
        self._ranked: list[Row] = []
        self._weights: list[float] = []
        for product in state.rows("products"):
            self.prices[product["id"]] = ([datetime.min], [product["price"]])
        self.rank()

    def rank(self) -> None:
        """Rank products by popularity (Zipf); only those on sale are bought."""
        self._ranked = [row for row in self.state.rows("products") if row["is_active"]]
        random.Random(7).shuffle(self._ranked)
        self._weights = list(accumulate(1 / (rank + 4) ** 0.85 for rank in range(len(self._ranked))))

    def pick(self, rng: random.Random, at: datetime, count: int) -> list[Row]:
        """Return distinct products on sale at that time, popular ones more often; at least one."""
        while True:
            drawn = rng.choices(self._ranked, cum_weights=self._weights, k=count)
            found = {row["id"]: row for row in drawn if row["created_at"] <= at}
            if found:
                return list(found.values())

    def price_at(self, product: Row, at: datetime) -> Decimal:
        """Return the list price in EUR at that time."""
        times, prices = self.prices[product["id"]]
        return prices[max(bisect_right(times, at) - 1, 0)]

    def department(self, product: Row) -> str | None:
        """Return the name of the top category; null for a product without a category."""
        category = self.category_of.get(product["category_id"])
        if category is None:
            return None
        parent = self.category_of.get(category["parent_id"], category)
        return str(parent["name"])

    def change_price(self, product: Row, at: datetime, rng: random.Random) -> None:
        """Set a new list price, often with a new cost; the old cost row ends at that time."""
        times, prices = self.prices[product["id"]]
        price = max(cents(prices[-1] * Decimal(str(round(rng.uniform(0.85, 1.18), 3)))), Decimal("1.00"))
        times.append(at)
        prices.append(price)
        self.state.update("products", product, at, price=price)
        if rng.random() < 0.6:
            current = next(
                row
                for row in reversed(self.state.rows("product_costs"))
                if row["product_id"] == product["id"] and row["valid_to"] is None
            )
            self.state.update("product_costs", current, at, valid_to=at)
            self._cost(product, at, rng)

    def build(self, start: datetime, until: datetime, products: int) -> None:
        """Fill an empty shop: categories, products and their changes up to `until`, stock, coupons."""
        opened = start - timedelta(days=400)
        leaves: list[tuple[Row, tuple[int, int]]] = []
        for department, children in CATEGORIES.items():
            parent = self._category(department, None, opened)
            leaves += [
                (self._category(name, parent["id"], opened), price) for name, price in children.items()
            ]
        for number in range(products):
            category, (low, high) = self.rng.choice(leaves)
            self._product(number, category, low, high, opened, start, until)
        for product in self.state.rows("products"):
            for at in sorted(
                _moments(self.rng, max(start, product["created_at"]), until, (0, 0, 1, 1, 2, 3))
            ):
                self.change_price(product, at, self.rng)
        self._stock(until)
        self._coupons(start, until)
        self.rank()

    def _category(self, name: str, parent: int | None, at: datetime) -> Row:
        slug = name.lower().replace(" & ", "-").replace(" ", "-").replace("’", "")
        row = self.state.add(
            "categories", parent_id=parent, name=name, slug=slug, created_at=at, updated_at=at
        )
        self.category_of[row["id"]] = row
        return row

    def _product(
        self,
        number: int,
        category: Row,
        low: int,
        high: int,
        opened: datetime,
        start: datetime,
        until: datetime,
    ) -> None:
        rng = self.rng
        is_new = rng.random() < 0.12
        created = _between(rng, start, until) if is_new else _between(rng, opened, start)
        price = Decimal(int(low + (high - low) * rng.random() ** 2.2)) + rng.choice(ENDINGS)
        prefix_or_suffix = rng.choice(ODDITIES)
        name = f"{rng.choice(ADJECTIVES)} {category['name'].rstrip('s')} {rng.randint(1, 99)}"
        name = prefix_or_suffix + name if prefix_or_suffix.endswith(" ") else name + prefix_or_suffix
        attributes = {"variant": rng.choice(VARIANTS), "weight_g": rng.randint(40, 9000)}
        product = self.state.add(
            "products",
            sku=f"SL-{category['id']:02d}-{number + 1:04d}",
            name=name,
            brand=rng.choice(BRANDS),
            category_id=category["id"] if rng.random() > 0.01 else None,
            price=price,
            currency=SHOP_CURRENCY,
            attributes=json.dumps(attributes) if rng.random() > 0.05 else None,
            is_active=int(rng.random() > 0.04),
            created_at=created,
            updated_at=created,
        )
        self.prices[product["id"]] = ([created], [price])
        self._cost(product, created, rng)

    def _cost(self, product: Row, at: datetime, rng: random.Random) -> None:
        share = Decimal(str(round(rng.uniform(0.32, 0.66), 4)))
        cost = (product["price"] / Decimal("1.19") * share).quantize(Decimal("0.0001"))
        self.state.add(
            "product_costs",
            product_id=product["id"],
            unit_cost=cost,
            currency=SHOP_CURRENCY,
            valid_from=at,
            valid_to=None,
            updated_at=at,
        )

    def _stock(self, until: datetime) -> None:
        for product in self.state.rows("products"):
            for location in LOCATIONS:
                self.state.add(
                    "inventory_levels",
                    product_id=product["id"],
                    location=location,
                    on_hand=self.rng.choice((-2, 0, 0, 7, 25, 60, 140, 300)),
                    reserved=self.rng.randint(0, 5),
                    updated_at=until - timedelta(minutes=self.rng.randint(1, 4000)),
                )

    def _coupons(self, start: datetime, until: datetime) -> None:
        offers = (
            ("WELCOME10", "percent", "10", None),
            ("SUMMER15", "percent", "15", None),
            ("TAKE5", "fixed", "5", "EUR"),
            ("TENOFF", "fixed", "10", "GBP"),
            ("SEK100", "fixed", "100", "SEK"),
            ("VIP20", "percent", "20", None),
            ("GRÜSSE", "percent", "7.5", None),
        )
        for code, kind, value, currency in offers:
            created = _between(self.rng, start - timedelta(days=60), start)
            self.state.add(
                "coupons",
                code=code,
                kind=kind,
                value=Decimal(value).quantize(CENT),
                currency=currency,
                usage_limit=self.rng.choice((None, 500)),
                valid_from=self.rng.choice((None, created)),
                valid_to=self.rng.choice((None, until + timedelta(days=90))),
                created_at=created,
                updated_at=created,
            )
        for number in range(40):  # rarely used newsletter codes
            created = _between(self.rng, start, until)
            self.state.add(
                "coupons",
                code=f"NEWS-{number:03d}",
                kind="percent",
                value=Decimal("5.00"),
                usage_limit=1,
                valid_from=created,
                valid_to=created + timedelta(days=14),
                created_at=created,
                updated_at=created,
            )


def _between(rng: random.Random, start: datetime, end: datetime) -> datetime:
    return start + (end - start) * rng.random()


def _moments(rng: random.Random, start: datetime, end: datetime, counts: tuple[int, ...]) -> list[datetime]:
    return [_between(rng, start, end) for _ in range(rng.choice(counts))]
